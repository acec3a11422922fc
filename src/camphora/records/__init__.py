"""Records and tables: versions, index, search plans, change log, persons, batches. Every call takes an Access."""

from camphora.records.prepare import Prepared, prepare
from camphora.records.sqlite import SQLiteStore
from camphora.records.store import (
    Batch,
    Change,
    Delete,
    Followed,
    Look,
    Page,
    Put,
    Store,
    Version,
    Written,
)

__all__ = [
    "Batch",
    "Change",
    "Delete",
    "Followed",
    "Look",
    "Page",
    "Prepared",
    "Put",
    "SQLiteStore",
    "Store",
    "Version",
    "Written",
    "prepare",
]
