"""The manifest: which parts are true now. Its lines lie in the store, beside the follower's place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import apsw
from pyroaring import BitMap

from camphora.errors import Conflict

RECORDS = ""
"""The source of the parts that all views over records make together."""


@dataclass(frozen=True, slots=True)
class Part:
    """One immutable Parquet file: the rows of one view or table about one range of persons, on one side."""

    file: str
    source: str
    low: int
    name: str
    open: bool
    rows: int


@dataclass(frozen=True, slots=True)
class Range:
    """A range of persons as it was last made: up to which change or batch, and who in it was withheld."""

    source: str
    low: int
    through: int
    withheld: BitMap


@dataclass(frozen=True, slots=True)
class Manifest:
    ranges: Mapping[tuple[str, int], Range] = field(default_factory=dict)
    parts: Sequence[Part] = ()

    def files(self, name: str, *, open_only: bool = True) -> list[str]:
        return [part.file for part in self.parts if part.name == name and (part.open or not open_only)]

    def of(self, source: str, low: int) -> list[Part]:
        return [part for part in self.parts if part.source == source and part.low == low]


def read(connection: apsw.Connection) -> Manifest:
    ranges = connection.execute("SELECT source, low, through, withheld FROM lake_range")
    parts = connection.execute("SELECT file, source, low, name, open, rows FROM lake_part ORDER BY low, file")
    return Manifest(
        {(row[0], row[1]): Range(row[0], row[1], row[2], BitMap.deserialize(row[3])) for row in ranges},
        [Part(row[0], row[1], row[2], row[3], bool(row[4]), row[5]) for row in parts],
    )


def swap(
    connection: apsw.Connection,
    made: Range,
    parts: Iterable[Part],
    *,
    instead_of: Iterable[Part] | None = None,
) -> list[str]:
    """Put a range's new parts in the place of its old ones; returns the files that are no longer true.

    With `instead_of`, raises Conflict where the manifest has moved on since those parts were read.
    """
    sql = "SELECT file FROM lake_part WHERE source = ? AND low = ?"
    old = [file for (file,) in connection.execute(sql, (made.source, made.low))]
    if instead_of is not None and set(old) != {part.file for part in instead_of}:
        raise Conflict("lake-part-moved")
    connection.execute("DELETE FROM lake_part WHERE source = ? AND low = ?", (made.source, made.low))
    connection.executemany(
        "INSERT INTO lake_part VALUES (?, ?, ?, ?, ?, ?)",
        [(part.file, part.source, part.low, part.name, part.open, part.rows) for part in parts],
    )
    connection.execute(
        "INSERT OR REPLACE INTO lake_range VALUES (?, ?, ?, ?)",
        (made.source, made.low, made.through, made.withheld.serialize()),
    )
    return old


def form(connection: apsw.Connection) -> str | None:
    row = next(connection.execute("SELECT digest FROM lake_form"), None)
    return None if row is None else str(row[0])


def begin_anew(connection: apsw.Connection, digest: str) -> None:
    """Forget all parts: their views, tables or ranges have another form now."""
    connection.execute("DELETE FROM lake_part; DELETE FROM lake_range; DELETE FROM lake_form")
    connection.execute("INSERT INTO lake_form VALUES (?)", (digest,))
