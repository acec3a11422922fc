"""What an installation holds, asked of its folder while another process may serve it."""

from __future__ import annotations

from pathlib import Path

import apsw


def holds(folder: Path, record_type: str, record_id: str) -> bool:
    """Whether a record of this type and id is kept; its content is not read."""
    connection = apsw.Connection(str(folder / "records.sqlite"), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        sql = "SELECT 1 FROM record r JOIN type t ON t.no = r.type WHERE t.name = ? AND r.id = ? AND r.deleted = 0"
        return next(connection.execute(sql, (record_type, record_id)), None) is not None
    finally:
        connection.close()
