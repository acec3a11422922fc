"""Records and tables: versions, index, search plans, change log, persons, batches. Every call takes an Access."""

from camphora.records.conditional import MOST_MATCHES, Given
from camphora.records.histories import Versions
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
    "MOST_MATCHES",
    "Batch",
    "Change",
    "Delete",
    "Followed",
    "Given",
    "Look",
    "Page",
    "Prepared",
    "Put",
    "SQLiteStore",
    "Store",
    "Version",
    "Versions",
    "Written",
    "prepare",
]
