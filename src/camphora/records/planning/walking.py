"""Walking an index that holds records in the order asked for, so that a page is full long before its list is read.

Of a date not every record has its value in its own row. What has one is walked; the few others are read beside it, and
both are brought into one order. An officer's areas have an index of their own (sql/0016-local-dates.sql): a county's
newest lie as near as the nation's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from camphora.fhir.search.asking import Sort
from camphora.records.paging import Value
from camphora.records.planning.conditions import Condition, among
from camphora.records.planning.counting import COUNTED, COUNTS
from camphora.records.planning.driving import Drive, Sought, Sql
from camphora.records.planning.work import NO_DATE, alone_leading
from camphora.records.spans import main_parameter

WINDOW = 10_000
"""So many rows of an index are tried before a list drives."""
FEW = 1_000
"""So many records whose value lies elsewhere are read beside a walk; of more it is not known where they would come."""
SOME, SHARE = 1_000, 4
"""A list in an officer's areas of so many, and of no less than one in so many of the records there, is walked too."""
INDEXES = {"_lastUpdated": ("record_by_update", "updated"), "_id": ("sqlite_autoindex_record_1", "id"),
           "": ("record_by_type", "no")}  # fmt: skip
"""By what a sort begins with, "" where none is asked: the index of that order, and its column."""


@dataclass(frozen=True, slots=True)
class Walk:
    """`index` gives rows in the order of its `column`, the first key, as `key` of the statement; `heads`: what of the
    index is walked, each by itself; `drive`: the rows through it; `own`: of which rows alone the column is the key, and
    `beside` lists the others; `local`: it is of the areas' own
    index, and may be gone to its end."""

    index: str
    column: str
    key: str
    heads: tuple[Sql, ...]
    drive: Drive
    own: Condition | None = None
    beside: Drive | None = None
    local: bool = False

    def edge(self, connection: apsw.Connection, start: Value, *, down: bool) -> Value:
        """The value of the column at the end of the window; None where one ends before that is not local."""
        sign, way = ("<=", "DESC") if down else (">=", "ASC")
        begun = f" AND {self.column} " + ("IS NOT NULL" if start is None else f"{sign} ?")
        begun += f" AND {self.column} > {NO_DATE}" if self.local else ""
        found = []
        for head in self.heads:
            sql = (
                f"SELECT {self.column} FROM {head.sql}{begun}"
                f" ORDER BY {self.column} {way} LIMIT 1 OFFSET {WINDOW // len(self.heads)}"
            )
            found.append(COUNTS.edge(connection, sql, (*head.values, *([] if start is None else [start]))))
        edges = [each for each in found if each is not None]
        if not edges and self.local:
            return NO_DATE + 1 if down else -NO_DATE
        return (max(edges) if down else min(edges)) if edges else None

    def bounds(self, start: Value, edge: Value, *, down: bool) -> list[Condition]:
        first, last = ("<=", ">=") if down else (">=", "<=")
        begun = [] if start is None else [Condition(f"{self.key} {first} ?", (start,))]
        floor = [Condition(f"{self.key} > {NO_DATE}")] if self.local and not down and start is None else []
        return [*begun, *floor, Condition(f"{self.key} {last} ?", (edge,)), *([self.own] if self.own else [])]


def walk_of(found: Sought, sort: Sequence[Sort], drive: Drive) -> Walk | None:
    """The index to be walked before a list drives: where every list is long, or of much of an officer's areas."""
    first = sort[0].param if sort else ""
    local = drive.by is not None and _is_much(drive.by, found.level.resident)
    long = drive.by is None or (drive.by.weight >= COUNTED and not (drive.ascending and not sort))
    if first and first == main_parameter(found.level.type):
        return _by_date(found, first) if long or local else None
    return _through(found, *INDEXES[first]) if long and first in INDEXES else None


def _is_much(by: Condition, resident: Condition | None) -> bool:
    """Whether a list holds so many of the records in an officer's areas that walking these soon fills a page."""
    if resident is None or by is resident:
        return by is resident
    there = by.listing is not None and by.listing.area and by.weight >= SOME
    return there and resident.weight <= SHARE * by.weight


def _through(found: Sought, index: str, column: str) -> Walk:
    level = found.level
    head = Sql(f"record INDEXED BY {index} WHERE type = ?", (level.number,))
    return Walk(index, column, f"{level.row}.{column}", (head,), found.through(index))


def _by_date(found: Sought, param: str) -> Walk | None:
    """By the main date: where another parameter may have given it, those alone whose own row tells this one."""
    level = found.level
    own = beside = None
    if param != alone_leading(level.type):
        codes = level.codes(param)
        if codes is None:
            return None
        params, numbers = among(codes.params)
        sql = f"SELECT DISTINCT record FROM span WHERE param IN {params}"
        if level.counted(sql, numbers) >= FEW:
            return None
        own, beside = Condition(f"{level.row}.main_length >= 0"), found.listed(Sql(sql, numbers))
    resident = level.resident
    if resident is None:
        walk = _through(found, "record_by_date", "main_date")
        return Walk(walk.index, walk.column, walk.key, walk.heads, walk.drive, own, beside)
    heads = tuple(Sql("local_date WHERE type = ? AND area = ?", (level.number, area)) for area in level.areas)
    drive = found.driven_by(resident)
    return Walk(
        "local_date", "main_date", f"d{level.row[1:]}.main_date", heads, drive, own, beside, local=True
    )
