"""What a loader reads from: an edition, and its rows from the start as often as they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from camphora.errors import Faults, Invalid, Place
from camphora.terminology.writing import Edition, Entry

MOST_FAULTS = 1_000
"""So many faults of a file are told; reading stops behind them."""
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What whoever loads says beyond the file: the kind of table, and the url, version, names, licence and source that
    the edition is to bear, where the file does not say so or says something else."""

    kind: str = ""
    system: str = ""
    version: str = ""
    title: str = ""
    licence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """An edition that can be read. `rows` gives each concept, or the fault of its row."""

    edition: Edition
    rows: Callable[[], Iterator[Entry | Invalid]]

    def checked(self) -> int:
        """Read all of it once; how many concepts there are. Raises Faults with every fault, up to a thousand."""
        faults, count = list[Invalid](), 0
        for row in self.rows():
            if isinstance(row, Invalid):
                faults.append(row)
            count += 1
            if len(faults) == MOST_FAULTS:
                break
        if faults:
            raise Faults(faults)
        if not count:
            raise Invalid("terminology-no-codes", place=Place(self.edition.file))
        return count

    def entries(self) -> Iterator[Entry]:
        """The concepts of a source that was checked."""
        return (row for row in self.rows() if isinstance(row, Entry))


def digest_of(path: Path, *more: str) -> str:
    """Of a file's bytes and of what was asked for it."""
    digest = hashlib.sha256("\0".join(more).encode())
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


class Once:
    """Tells codes that stand twice; remembers the line of each."""

    def __init__(self, file: str, column: str | None = None) -> None:
        self._file, self._column = file, column
        self._lines: dict[str, int] = {}

    def fault(self, code: str, line: int) -> Invalid | None:
        first = self._lines.setdefault(code, line)
        if first == line:
            return None
        place = Place(self._file, line, self._column)
        return Invalid("terminology-row-twice", place=place, concept=code, first=first)
