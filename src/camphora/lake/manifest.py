"""The manifest: which parts are true now, and who lies on their withheld side. Its lines lie in the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import apsw
from pyroaring import BitMap

from camphora.errors import Conflict
from camphora.lake import cutting
from camphora.lake.cutting import wide

RECORDS = ""
"""The source of the parts that all views over records make together."""
SWAPS = 1024
"""So many of the last swaps are remembered, for whoever looked before them."""


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


def moved(
    present: Manifest, made: Sequence[Range], parts: Sequence[Part], instead_of: Sequence[Part]
) -> Manifest:
    """What a manifest is after a `swap` of these: to read its lines again takes a second where they are a nation's."""
    old = {part.file for part in instead_of}
    through = {**present.through, **{(each.source, each.low): each.through for each in made}}
    withheld, listed = dict(present.withheld), dict(present.parts)
    for name in {name for each in made for name in each.withheld}:
        members = BitMap(withheld.pop(name, BitMap()))
        for each in made:
            if name in each.withheld:
                members.remove_range(each.low, each.low + cutting.SPAN)
                members |= each.withheld[name]
        if members:
            withheld[name] = members
    for name in {part.name for part in (*parts, *instead_of)}:
        found = [part for part in listed.pop(name, ()) if part.file not in old]
        found += [part for part in parts if part.name == name]
        if found:
            listed[name] = sorted(found, key=lambda part: (part.low, part.file))
    return Manifest(present.version + 1, through, withheld, listed)


class Kept:
    """The manifest in memory, brought up to date by the swaps of this process; read where these do not lead there."""

    def __init__(self) -> None:
        self._present = Manifest(-1)
        self._swapped: dict[int, tuple[Sequence[Range], Sequence[Part], Sequence[Part]]] = {}

    def present(self, connection: apsw.Connection) -> Manifest:
        """The manifest in the snapshot of a connection."""
        kept, last = self._present, version(connection)
        while kept.version < last and (swapped := self._swapped.get(kept.version + 1)):
            kept = moved(kept, *swapped)
        if kept.version != last:
            kept = read(connection)
        self._present = kept
        return kept

    def swap(
        self,
        connection: apsw.Connection,
        made: Sequence[Range],
        parts: Sequence[Part],
        instead_of: Sequence[Part],
    ) -> None:
        """`swap`, remembered. One that is rolled back gives its number to the next, which then stands in its place."""
        swap(connection, made, parts, instead_of)
        last = version(connection)
        self._swapped[last] = made, parts, instead_of
        self._swapped.pop(last - SWAPS, None)
