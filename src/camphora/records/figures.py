"""What an operator's monitor is told of a store: sizes and counts of work, no person and no type of record."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import apsw

from camphora.audit import Log
from camphora.records.keeper import Keeper
from camphora.records.looks import Looks

FILES = ("records.sqlite", "records.sqlite-wal")


class Working(NamedTuple):
    """`ready`: whether the store takes writes. Sizes in bytes; `changes` lines of the change log, `receipts` in the
    log and `waiting` for it or for its index, `commits` groups and `jobs` in them since the start, `queued` jobs."""

    ready: bool
    database: int
    log: int
    changes: int
    receipts: int
    waiting: int
    commits: int
    jobs: int
    queued: int


def working(folder: Path, audit: Log, keeper: Keeper, looks: Looks, reader: apsw.Connection) -> Working:
    """The figures of this moment."""
    (changes,) = next(reader.execute("SELECT coalesce(max(no), 0) FROM change"))
    (stored,) = next(reader.execute("SELECT count(*) FROM waiting_receipt"))
    return Working(
        ready=keeper.takes_writes() and audit.in_place(),
        database=sum(_size(folder / name) for name in FILES),
        log=sum(_size(file) for file in audit.folder.rglob("*") if file.is_file()),
        changes=int(changes),
        receipts=len(audit),
        waiting=int(stored) + looks.due,
        commits=keeper.commits,
        jobs=keeper.done,
        queued=keeper.waiting,
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
