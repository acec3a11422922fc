"""The order of a search: its keys as expressions over a row, and where a page goes on.

What has no value comes last either way. The last key is always the record's number, so that pages neither lose nor
repeat a record. A date sorts by its start in both directions; the main date of a type by `main_date`, so that the
order can be read off an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from camphora.errors import Invalid
from camphora.fhir.search.asking import Sort
from camphora.records.paging import Value
from camphora.records.planning.conditions import Condition, among
from camphora.records.planning.measures import GENERAL
from camphora.records.planning.work import Level, alone_leading, held
from camphora.records.registering import require_ready
from camphora.records.spans import main_parameter
from camphora.records.unions import asked


class Key(NamedTuple):
    """An expression and its parameters. `empty`: it may be NULL, which comes last."""

    sql: str
    values: tuple[object, ...] = ()
    down: bool = False
    empty: bool = False

    @property
    def ordered(self) -> str:
        """As it stands after ORDER BY; the expression is bound once, as a column of this name."""
        return f"{'DESC' if self.down else 'ASC'}{' NULLS LAST' if self.empty else ''}"


def keys(level: Level, sort: Sequence[Sort]) -> tuple[Key, ...]:
    """The keys of a sort, the record's number last."""
    found = [_key(level, each) for each in sort]
    return (*found, Key(f"{level.row}.no", down=bool(found) and found[-1].down))


def _key(level: Level, sort: Sort) -> Key:
    row, down = level.row, sort.down
    require_ready(level.work.unready, level.type, sort.param)
    if sort.param == "_id":
        return Key(f"{row}.id", down=down)
    if sort.param == "_lastUpdated":
        return Key(f"{row}.updated", down=down)
    if sort.param == alone_leading(level.type):
        return Key(f"{row}.main_date", down=down, empty=True)
    codes = level.codes(sort.param)
    if codes is None:
        return Key("NULL", down=down, empty=True)
    edge = "max" if down else "min"
    params, numbers = among(codes.params)
    match sort.kind:
        case "date":
            sql = f"SELECT {edge}(s.low) FROM span s WHERE s.record = {row}.no AND s.param IN {params}"
            return Key(_dated(level, sort, sql), numbers, down, empty=True)
        case "number" | "quantity":
            units, given = among(_as_given(level, sort))
            sql = f"SELECT {edge}(a.low) FROM amount a WHERE a.record = {row}.no AND a.param IN {params}"
            sql, numbers = f"{sql} AND a.unit IN {units}", (*numbers, *given)
        case "token" | "uri" | "reference" | "string":
            sql = f"SELECT {edge}(t.code) FROM {held(row)} AND t.param IN {params}"
            if codes.kind is not None:
                sql, numbers = f"{sql} AND t.system = ?", (*numbers, codes.kind)
        case _:
            raise Invalid("records-sort-refused", param=sort.param)
    return Key(f"({sql})", numbers, down, empty=True)


def _as_given(level: Level, sort: Sort) -> tuple[int, ...]:
    """The units under which amounts lie as they were written: numbers in canonical units are no order beside others."""
    if sort.kind == "number":
        return (GENERAL,)
    codes = asked(level.type, sort.param).codes
    found = (each for code in codes for each in level.work.names.units(level.number, code, ""))
    return tuple(dict.fromkeys(found))


def _dated(level: Level, sort: Sort, spans: str) -> str:
    """The start of a date: of the main one by the record's row, where it stands there."""
    if main_parameter(level.type) != sort.param:
        return f"({spans})"
    row = level.row
    return f"CASE WHEN {row}.main_length >= 0 THEN {row}.main_date ELSE ({spans}) END"


def after(order: Sequence[Key], place: Sequence[Value]) -> Condition:
    """Rows behind a place: equal in all earlier keys and beyond in one."""
    parts: list[str] = []
    values: list[object] = []
    for number, key in enumerate(order):
        if place[number] is None:
            continue  # what has no value comes last: nothing lies beyond but by later keys
        tests: list[str] = []
        for earlier, value in zip(order[:number], place, strict=False):
            tests.append(f"{earlier.sql} IS ?")
            values += [*earlier.values, value]
        beyond = f"{key.sql} {'<' if key.down else '>'} ?"
        values += [*key.values, place[number]]
        if key.empty:
            beyond = f"({beyond} OR {key.sql} IS NULL)"
            values += key.values
        parts.append(" AND ".join([*tests, beyond]))
    return Condition(" OR ".join(f"({part})" for part in parts) or "0", tuple(values))
