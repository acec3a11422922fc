"""A query as statements: which rows are found, in which order, page by page; whom a total counts; what is shown.

The rarest list drives. Where every list is long and the order can be read off an index, that index drives for a
window first: most pages end within it, and what does not is found by the list after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import apsw
import orjson
from pyroaring import BitMap

from camphora.fhir.search.asking import Query, Sort
from camphora.records.bodies import plain
from camphora.records.paging import Value
from camphora.records.planning.compiling import sought
from camphora.records.planning.conditions import Condition
from camphora.records.planning.counting import COUNTED
from camphora.records.planning.driving import Drive, Sought, Sql, together
from camphora.records.planning.linking import compartment
from camphora.records.planning.measures import LONG_ONES
from camphora.records.planning.ordering import Key, after, keys
from camphora.records.planning.walking import Walk, walk_of
from camphora.records.planning.work import Work
from camphora.records.store import Version
from camphora.records.visible import shown

STEP = 1_000_000
"""Record numbers that one statement of a total goes over."""
ESTIMATED = 1_000
"""So far an estimated total counts; beyond, it is not known."""


class Row(NamedTuple):
    """A found record: its number, person and type, and its place in the order."""

    no: int
    person: int | None
    type: str
    place: tuple[Value, ...]


class Part:
    """The records of one of the types that are searched."""

    def __init__(self, found: Sought, order: tuple[Key, ...], walk: Walk | None, narrowed: Drive) -> None:
        self.sought = found
        self.order = order
        self.walk = walk
        self.drive = narrowed

    @property
    def type(self) -> str:
        return self.sought.level.type

    def rows(self, connection: apsw.Connection, place: Sequence[Value] | None, limit: int) -> list[Row]:
        """At most so many rows after a place. Where an index of the order is walked, by a window of it first."""
        walk = self.walk
        if walk is None or (place is not None and place[0] is None):
            return self._read(connection, self.statement(self.drive, place, limit))
        found = self._walked(connection, walk, place, limit)
        if len(found) >= limit:
            return found[:limit]
        drive = walk.drive if self.drive.by is None else self.drive
        return self._read(connection, self.statement(drive, place, limit))

    def _walked(
        self, connection: apsw.Connection, walk: Walk, place: Sequence[Value] | None, limit: int
    ) -> list[Row]:
        """The rows of a window, with those beside it where it fills the page: only then is nothing left between."""
        earlier, start = self._start(connection, walk, place, limit)
        edge = walk.edge(connection, start, down=self.order[0].down)
        if edge is None:
            return []
        found = earlier + self._read(connection, self.walking(walk, place, limit, (start, edge)))
        if walk.beside is not None and len(found) >= limit:
            found += self._read(connection, self.statement(walk.beside, place, limit))
            _sort(found, self.order)
        return found

    def _start(
        self, connection: apsw.Connection, walk: Walk, place: Sequence[Value] | None, limit: int
    ) -> tuple[list[Row], Value]:
        """Where the walk begins, and what of its order lies before: where a date is asked from a moment on, of all that
        began earlier only what is long can reach it; where up to a moment, nothing is later whose own row tells it."""
        begun, down = place[0] if place else None, self.order[0].down
        ends = [each.until for each in self.sought.conditions if each.until is not None]
        begins = max((each.since for each in self.sought.conditions if each.since is not None), default=None)
        if down and walk.own and ends:
            return [], min([*ends, *([begun] if isinstance(begun, int) else [])])
        if walk.column != "main_date" or down or begins is None:
            return [], begun
        if isinstance(begun, int) and begun >= begins:
            return [], begun
        row = self.sought.level.row
        long = LONG_ONES.partition(" WHERE ")[2].replace("main_", f"{row}.main_")
        before = [Condition(long), Condition(f"{row}.main_date < ?", (begins,))]
        before += [walk.own] if walk.own else []
        drive = self.sought.through("record_long")
        return self._read(connection, self.statement(drive, place, limit, before)), begins

    def walking(
        self, walk: Walk, place: Sequence[Value] | None, limit: int, window: tuple[Value, Value]
    ) -> Sql:
        """The rows of a window of the walk, from its start to its edge."""
        start, edge = window
        bounds = walk.bounds(start, edge, down=self.order[0].down)
        return self.statement(walk.drive, place, limit, bounds, walk.key)

    def statement(
        self,
        drive: Drive,
        place: Sequence[Value] | None,
        limit: int,
        bounds: Sequence[Condition] = (),
        first: str = "",
    ) -> Sql:
        """`bounds`: within which the first key lies, which none is without; `first`: as what of an index it is read."""
        row = self.sought.level.row
        order = list(self.order)
        if drive.by is not None and drive.source.sql.startswith("("):
            order[-1] = order[-1]._replace(sql=f"d{row[1:]}.record")
        if first:
            order[0] = order[0]._replace(sql=first, values=())
        if bounds:
            order[0] = order[0]._replace(empty=False)
        beyond = [*bounds, *([after(self.order, place)] if place else [])]
        where = together([Condition(*drive.where), *beyond]) if beyond else drive.where
        columns = "".join(f", {key.sql} AS k{number}" for number, key in enumerate(order))
        ordered = ", ".join(f"k{number} {key.ordered}" for number, key in enumerate(order))
        sql = (
            f"SELECT {row}.no, {row}.person{columns} FROM {drive.source.sql} WHERE {where.sql}"
            f" ORDER BY {ordered} LIMIT ?"
        )
        keyed = [value for key in order for value in key.values]
        return Sql(sql, (*keyed, *drive.source.values, *where.values, limit))

    def _read(self, connection: apsw.Connection, statement: Sql) -> list[Row]:
        rows = connection.execute(*statement)
        return [Row(no, person, self.type, tuple(place)) for no, person, *place in rows]

    def persons(self, connection: apsw.Connection, most: int | None = None) -> Iterator[int | None]:
        """The person of each match; None for a record of nobody. At most so many."""
        for statement in self.counting(connection, most):
            (listed,) = next(connection.execute(*statement))
            yield from orjson.loads(listed)

    def counting(self, connection: apsw.Connection, most: int | None = None) -> Iterator[Sql]:
        """Statements that together give the persons of all matches, each as one JSON array: long lists in steps."""
        row, drive = self.sought.level.row, self.drive
        if most is None and (drive.by is None or drive.by.weight >= COUNTED):
            drive = self.sought.driven(whole=True)
        if most is not None:
            inner = f"SELECT {row}.person FROM {drive.source.sql} WHERE {drive.where.sql} LIMIT {most:d}"
            yield Sql(
                f"SELECT json_group_array(person) FROM ({inner})", (*drive.source.values, *drive.where.values)
            )
            return
        column, source = f"d{row[1:]}.record", drive.source
        if drive.by is None:
            column, source = f"{row}.no", Sql(f"record {row} NOT INDEXED")
        sql = f"SELECT json_group_array({row}.person) FROM {source.sql} WHERE {drive.where.sql}"
        values = (*source.values, *drive.where.values)
        if drive.by is not None and not (drive.ascending and drive.by.weight >= COUNTED):
            yield Sql(sql, values)
            return
        (last,) = next(connection.execute("SELECT coalesce(max(no), 0) FROM record"))
        for start in range(0, last + 1, STEP):
            yield Sql(f"{sql} AND {column} >= ? AND {column} < ?", (*values, start, start + STEP))


@dataclass(frozen=True)
class Plan:
    """One query for one Access on one connection, in whose snapshot its numbers stand."""

    work: Work
    query: Query
    parts: tuple[Part, ...]

    def page(self, place: Sequence[Value] | None, limit: int) -> list[Row]:
        """At most so many rows after a place, of all types together in the order asked for."""
        found = [row for part in self.parts for row in part.rows(self.work.connection, place, limit)]
        if len(self.parts) > 1:
            _sort(found, self.parts[0].order)
        return found[:limit]

    def total(self) -> tuple[BitMap, int]:
        """The persons whose records a total counts, and the total: a count is a reading."""
        return _counted(person for part in self.parts for person in part.persons(self.work.connection))

    def estimate(self) -> tuple[BitMap, int | None]:
        """The same, counted up to `ESTIMATED`; beyond it the total is None. It counts only what the Access may see."""
        people: list[int | None] = []
        for part in self.parts:
            people += part.persons(self.work.connection, ESTIMATED + 1 - len(people))
        persons, total = _counted(people)
        return persons, total if total <= ESTIMATED else None

    def shown(self, rows: Sequence[Row]) -> list[Version]:
        """What the Access may see of found rows, in their order. They were found under the law, in this snapshot."""
        return bodies(self.work, rows)


def bodies(work: Work, rows: Sequence[Row]) -> list[Version]:
    """The records of rows that a level's law has let through."""
    found: dict[int, Version] = {}
    for kind in dict.fromkeys(row.type for row in rows):
        body = shown(work.access, kind, work.connection, judge=work.judge(kind))
        sql = (
            f"SELECT r.no, r.id, r.version, r.updated, {body.sql}"
            " FROM json_each(?) j CROSS JOIN record r ON r.no = j.value"
        )
        numbers = orjson.dumps([row.no for row in rows if row.type == kind]).decode()
        for no, name, version, updated, stored in work.connection.execute(sql, (*body.values, numbers)):
            found[no] = Version(kind, name, version, updated, plain(stored))
    return [found[row.no] for row in rows]


def _counted(people: Iterable[int | None]) -> tuple[BitMap, int]:
    listed = list(people)
    return BitMap(person for person in listed if person is not None), len(listed)


def _sort(rows: list[Row], order: Sequence[Key]) -> None:
    """As the statements sort: what has no value last, texts by their code points."""
    for number, key in reversed(list(enumerate(order))):
        rows.sort(key=lambda row, at=number: _sortable(row.place[at]), reverse=key.down)  # type: ignore[misc]
        if key.empty:
            rows.sort(key=lambda row, at=number: row.place[at] is None)  # type: ignore[misc]


def _sortable(value: Value) -> tuple[bool, float | int, str]:
    return (True, 0, value) if isinstance(value, str) else (False, value or 0, "")


def planned(work: Work, query: Query) -> Plan:
    """The plan of a query. Where no order is asked for it is that in which records came: it hangs on no count, since
    counts are of hidden records too."""
    found = [each for each in _types(work, query) if each is not None]
    if query.compartment is not None:
        found = [_inside(each, query.compartment) for each in found]
    return Plan(work, query, tuple(_part(each, query.sort) for each in found))


def _types(work: Work, query: Query) -> Iterator[Sought | None]:
    """Of each type that is searched what is sought of it; of several, those of which some record was ever kept."""
    for kind in query.types or (query.type,):
        if not query.types or work.names.type(kind) is not None:
            work.before = work.levels
            yield sought(work, kind, query.clauses)


def _inside(found: Sought, owner: tuple[str, str]) -> Sought:
    return Sought(found.level, [*found.conditions, compartment(found.level, *owner)])


def _part(found: Sought, sort: Sequence[Sort]) -> Part:
    drive = found.driven()
    return Part(found, keys(found.level, sort), walk_of(found, sort, drive), drive)
