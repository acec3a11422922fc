"""Receipts that are not in the log yet or not in its index, in files beside it: after a crash they are found by them.

A file is mapped into memory. A line is kept from the moment that it is copied there, as by a write, which a killed
process cannot take back; but no call gives the interpreter's lock away, to be won back from a busy event loop: that
took more of a read over HTTP than the making of its receipt.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

ROOM = 1 << 18
"""Bytes that a file has at least; twice as many wherever they do not suffice."""
MOST = 1 << 26
"""Bytes that it has at most: some 120,000 receipts."""
NAMES = ("looks.pending", "looks.passing")


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

    def __bool__(self) -> bool:
        return self._end > 0

    def clear(self) -> None:
        """Forget all lines."""
        if self._map is not None and self._end:
            self._map[: self._end] = bytes(self._end)
        self._end = 0

    def close(self) -> None:
        if self._map is not None:
            self._map.close()
        os.close(self._file)

    def flush(self) -> None:
        """Force it to disk as it is, beside whoever adds: `mmap.flush` would keep the interpreter's lock."""
        os.fdatasync(self._file)

    def _grow(self, needed: int) -> None:
        if needed > MOST:
            raise OSError(errno.ENOSPC, "as much as may wait")
        size = max(ROOM, 2 * len(self._map or b""))
        while size < needed:
            size *= 2
        os.posix_fallocate(self._file, 0, size)  # a page without a place on the disk would end the process
        if self._map is None:
            self._map = mmap.mmap(self._file, size)
        else:
            self._map.resize(size)


class Kept(NamedTuple):
    """A receipt as it is kept: the number that it was given, whom it names, and its line."""

    number: int
    persons: tuple[int, ...]
    line: bytes


def record_of(number: int, persons: Iterable[int], line: bytes) -> bytes:
    """As a receipt stands in the file: behind a sum over it, since a crash may tear it and a power cut mix it."""
    head = b"%d %b " % (number, b",".join([b"%d" % each for each in persons]) or b"-")
    return b"%08x %b%b\n" % (crc32(line, crc32(head)), head, line)


def kept_of(record: bytes) -> Kept | None:
    """What a record holds; None where it is not whole."""
    checksum, _, said = record.partition(b" ")
    if checksum != b"%08x" % crc32(said):
        return None
    number, persons, line = said.split(b" ", 2)
    return Kept(int(number), tuple(map(int, persons.split(b","))) if persons != b"-" else (), line)


class Journal:
    """Records in two files by turns: one is written to while what stands in the other is indexed and forgotten. Not for
    several threads at once."""

    def __init__(self, folder: Path) -> None:
        self._notes, self._passing = (Notes(folder / name) for name in NAMES)

    def add(self, records: bytes) -> None:
        """Keep records. Raises OSError where there is no room."""
        self._notes.add(records)

    def turn(self) -> bool:
        """Let what is kept pass, where nothing is passing already; whether it does."""
        if self._passing:
            return False
        self._notes, self._passing = self._passing, self._notes
        return True

    def forget_passing(self) -> None:
        self._passing.clear()

    def read(self) -> list[Kept]:
        """All that is kept, whole, in its order."""
        found = [
            kept_of(each) for notes in (self._notes, self._passing) for each in notes.read().split(b"\n")
        ]
        return sorted({each for each in found if each is not None})

    def flush(self) -> None:
        """Force what is kept to disk, beside whoever adds."""
        for notes in (self._notes, self._passing):
            if notes:
                notes.flush()

    def clear(self) -> None:
        """Forget all, on disk too."""
        for notes in (self._notes, self._passing):
            if notes:
                notes.clear()
                notes.flush()

    def close(self) -> None:
        self._notes.close()
        self._passing.close()
