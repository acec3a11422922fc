"""The folder of parts: new files get names of their own, old ones go when nobody reads them any more."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
ORPHAN_AGE = 3600
"""Seconds after which a file that no manifest names is what a killed process left."""


class PartFolder:
    """Files by name. A question pins the files that it reads; `drop` waits for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pinned: Counter[str] = Counter()
        self._doomed: set[str] = set()
        self._lock = threading.Lock()

    def path(self, file: str) -> Path:
        return self.folder / file

    def new(self, name: str, low: int, *, is_open: bool) -> str:
        """A file name that was never used: parts are never written twice."""
        side = "open" if is_open else "withheld"
        return f"{name}.{low}.{side}.{secrets.token_hex(6)}.parquet"

    @contextmanager
    def pinned(self, read: Callable[[], T], files: Callable[[T], Iterable[str]]) -> Iterator[T]:
        """What `read` says, with its files kept in place as long as the context is open."""
        with self._lock:
            found = read()
            mine = tuple(files(found))
            self._pinned.update(mine)
        try:
            yield found
        finally:
            with self._lock:
                self._pinned.subtract(mine)
                self._remove(file for file in mine if file in self._doomed)

    def drop(self, files: Iterable[str]) -> None:
        """Remove files that the manifest no longer names, each once its last reader is done."""
        with self._lock:
            self._doomed.update(files)
            self._remove(tuple(self._doomed))

    def sweep(self, named: Iterable[str]) -> None:
        """Remove what killed processes left: old files that the manifest does not name."""
        known = set(named)
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):
                if (
                    path.is_file()
                    and path.name not in known
                    and time.time() - path.stat().st_mtime > ORPHAN_AGE
                ):
                    path.unlink()

    def _remove(self, files: Iterable[str]) -> None:
        for file in files:
            if self._pinned[file] <= 0:
                del self._pinned[file]
                self.path(file).unlink(missing_ok=True)
                self._doomed.discard(file)
