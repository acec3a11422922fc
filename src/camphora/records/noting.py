"""Whom receipts name that are not indexed yet, in a file beside the log: after a crash they are found by it.

The file is mapped into memory. A line is kept from the moment that it is copied there, as by a write, which a killed
process cannot take back; but no call gives the interpreter's lock away, to be won back from a busy event loop: that
took more of a read over HTTP than the making of its receipt.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

ROOM = 1 << 18
"""Bytes that the file has at least; twice as many wherever they do not suffice."""


class Notes:
    """Lines, one behind the other, and zeros behind the last. Not for several threads at once."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._map: mmap.mmap | None = None
        self._end = 0
        size = os.fstat(self._file).st_size
        if size:
            self._map = mmap.mmap(self._file, size)
            found = self._map.find(b"\0")
            self._end = size if found < 0 else found
            self._map[self._end :] = bytes(size - self._end)

    def read(self) -> bytes:
        """Every line that is kept; the last may be torn."""
        return self._map[: self._end] if self._map is not None else b""

    def add(self, lines: bytes) -> None:
        """Keep lines. Raises OSError where the disk has no room: what is mapped has its place on it."""
        end = self._end + len(lines)
        if self._map is None or end > len(self._map):
            self._grow(end)
        assert self._map is not None
        self._map[self._end : end] = lines
        self._end = end

    def clear(self) -> None:
        """Forget all lines."""
        if self._map is not None and self._end:
            self._map[: self._end] = bytes(self._end)
        self._end = 0

    def close(self) -> None:
        if self._map is not None:
            self._map.close()
        os.close(self._file)

    def _grow(self, needed: int) -> None:
        size = max(ROOM, 2 * len(self._map or b""))
        while size < needed:
            size *= 2
        os.posix_fallocate(self._file, 0, size)  # a page without a place on the disk would end the process
        if self._map is None:
            self._map = mmap.mmap(self._file, size)
        else:
            self._map.resize(size)
