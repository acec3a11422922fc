"""Keys and databases are for the account that serves alone; one that others could read is not served."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from camphora.errors import Invalid

KEYS = ("secret.key", "audit/heads.key")
DATABASES = ("records.sqlite", "gate.sqlite")
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def require_private(folder: Path) -> None:
    """Raises `Invalid installation-key-open` for a key that its mode opens to a group or to others, and for a
    database that they could read since the folder lets them in too. Windows has no such modes."""
    if os.name == "nt":
        return
    let_in = _mode(folder) & OTHERS
    for name in (*KEYS, *(DATABASES if let_in else ())):
        file = folder / name
        if file.exists() and _mode(file) & OTHERS:
            raise Invalid("installation-key-open", file=name)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
