"""What a disk or another process refuses SQLite, in our own words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from camphora.errors import Busy, CamphoraError, Fault

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The disk is full, so is the account's share of it, or the file is as large as it may be."""
READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
UNREADABLE = (apsw.IOError, apsw.CorruptError, apsw.NotADBError, apsw.CantOpenError)


def said(error: Exception, number: int = 0) -> Exception:
    """An error of SQLite as one of ours; `number` is the errno behind it. Every other error as it is."""
    if isinstance(error, CamphoraError):
        return error
    if isinstance(error, apsw.FullError) or (isinstance(error, apsw.IOError) and number in FULL):
        return Busy("records-disk-full")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return Busy("records-locked")
    if isinstance(error, apsw.ReadOnlyError) or (isinstance(error, UNREADABLE) and number in READ_ONLY):
        return Busy("records-read-only")
    if isinstance(error, UNREADABLE):
        return Fault("records-disk-broken", kind=type(error).__name__)
    return error


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Says in our own words why a store's file cannot be opened."""
    try:
        path.touch(mode=0o600, exist_ok=True)
        yield
    except OSError as error:
        raise Busy("records-disk-full" if error.errno in FULL else "records-read-only") from error
    except apsw.Error as error:
        found = said(error)
        if found is error:
            raise
        raise found from error
