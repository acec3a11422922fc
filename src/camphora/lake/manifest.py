"""The manifest: which parts are true now, and who lies on their withheld side. Its lines lie in the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import apsw
from pyroaring import BitMap

from camphora.errors import Conflict
from camphora.lake.cutting import wide

RECORDS = ""
"""The source of the parts that all views over records make together."""


@dataclass(frozen=True, slots=True)
class Part:
    """One immutable Parquet file: the rows of one view or table on one side, of one range of persons where it is open,
    of many together (`cutting.wide`) where it is withheld."""

    file: str
    source: str
    low: int
    name: str
    open: bool
    rows: int


@dataclass(frozen=True, slots=True)
class Range:
    """A range of persons as it was last made: up to which change or batch, and by name who in it was withheld."""

    source: str
    low: int
    through: int
    withheld: Mapping[str, BitMap] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All parts at one version. `through`: by source and range, up to where it was made; `withheld`: by name, the
    persons on its withheld side; `parts`: by name."""

    version: int
    through: Mapping[tuple[str, int], int] = field(default_factory=dict)
    withheld: Mapping[str, BitMap] = field(default_factory=dict)
    parts: Mapping[str, Sequence[Part]] = field(default_factory=dict)

    def files(self) -> Iterable[str]:
        return (part.file for parts in self.parts.values() for part in parts)

    def of(self, name: str) -> Sequence[Part]:
        return self.parts.get(name, ())


def version(connection: apsw.Connection) -> int:
    """Grows with every change of the manifest."""
    row = next(connection.execute("SELECT version FROM lake_form"), None)
    return int(row[0]) if row else 0


def read(connection: apsw.Connection) -> Manifest:
    ranges = connection.execute("SELECT source, low, through FROM lake_range")
    through = {(source, low): change for source, low, change in ranges}
    withheld: dict[str, BitMap] = {}
    for name, persons in connection.execute("SELECT name, withheld FROM lake_side"):
        withheld.setdefault(name, BitMap()).update(BitMap.deserialize(persons))
    parts: dict[str, list[Part]] = {}
    for row in connection.execute(
        "SELECT file, source, low, name, open, rows FROM lake_part ORDER BY low, file"
    ):
        parts.setdefault(row[3], []).append(Part(row[0], row[1], row[2], row[3], bool(row[4]), row[5]))
    return Manifest(version(connection), through, withheld, parts)


def swap(
    connection: apsw.Connection, made: Sequence[Range], parts: Iterable[Part], instead_of: Iterable[Part]
) -> None:
    """Put new parts of ranges that share their withheld parts in the place of those that were read.

    Raises Conflict where the manifest has moved on since then.
    """
    old = {part.file for part in instead_of}
    if old != {file for each in made for file in _files_of(connection, each)}:
        raise Conflict("lake-part-moved")
    connection.executemany("DELETE FROM lake_part WHERE file = ?", [(file,) for file in old])
    connection.executemany(
        "INSERT INTO lake_part VALUES (?, ?, ?, ?, ?, ?)",
        [(part.file, part.source, part.low, part.name, part.open, part.rows) for part in parts],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO lake_range VALUES (?, ?, ?)",
        [(each.source, each.low, each.through) for each in made],
    )
    sides = [(name, each.low, persons) for each in made for name, persons in each.withheld.items()]
    connection.executemany("DELETE FROM lake_side WHERE name = ? AND low = ?", [side[:2] for side in sides])
    connection.executemany(
        "INSERT INTO lake_side VALUES (?, ?, ?)",
        [(name, low, persons.serialize()) for name, low, persons in sides if persons],
    )
    connection.execute("UPDATE lake_form SET version = version + 1")


def parts_of(present: Manifest, name: str, low: int) -> list[Part]:
    """The parts in which rows of a range may lie: its open one, and the withheld one that it shares."""
    return [part for part in present.of(name) if part.low == (low if part.open else wide(low))]


def _files_of(connection: apsw.Connection, made: Range) -> Iterator[str]:
    sql = "SELECT file, name FROM lake_part WHERE source = ? AND (low = ? AND open OR low = ? AND NOT open)"
    for file, name in connection.execute(sql, (made.source, made.low, wide(made.low))):
        if name in made.withheld:
            yield str(file)


def form(connection: apsw.Connection) -> str | None:
    row = next(connection.execute("SELECT digest FROM lake_form"), None)
    return None if row is None else str(row[0])


def begin_anew(connection: apsw.Connection, digest: str) -> None:
    """Forget all parts: their views, tables or ranges have another form now."""
    present = version(connection)
    connection.execute(
        "DELETE FROM lake_part; DELETE FROM lake_range; DELETE FROM lake_side; DELETE FROM lake_form"
    )
    connection.execute("INSERT INTO lake_form VALUES (?, ?)", (digest, present + 1))
