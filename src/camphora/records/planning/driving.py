"""Which list drives a statement: the rarest, by counts; the other conditions are asked of each row that it gives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from camphora.records.planning.conditions import UNCOUNTED, Condition
from camphora.records.planning.counting import COUNTED
from camphora.records.planning.work import Level


class Sql(NamedTuple):
    """A piece of a statement and its parameters."""

    sql: str
    values: tuple[object, ...] = ()


class Drive(NamedTuple):
    """What stands after FROM and WHERE. `by`: the condition whose list drives, None where the type's own rows do;
    `ascending`: rows come in the order of their numbers."""

    source: Sql
    where: Sql
    by: Condition | None
    tests: tuple[Condition, ...]
    ascending: bool = False


class Sought:
    """The records of a level of which all its conditions hold."""

    def __init__(self, level: Level, conditions: Sequence[Condition]) -> None:
        self.level = level
        self.conditions = sorted(conditions, key=lambda each: each.weight)

    @cached_property
    def weight(self) -> int:
        return min((each.weight for each in (*self.conditions, *self._resident)), default=UNCOUNTED)

    @cached_property
    def driver(self) -> Condition | None:
        """The rarest condition that can list its records, or is about one person."""
        listing = [each for each in self.conditions if each.listing or each.person is not None]
        return min((*listing, *self._resident), key=lambda each: each.weight, default=None)

    @property
    def _resident(self) -> tuple[Condition, ...]:
        return () if self.level.resident is None else (self.level.resident,)

    def tested(
        self,
        rows: int = UNCOUNTED,
        *,
        without: Condition | None = None,
        area: str | None = None,
        many: bool = False,
    ) -> tuple[Condition, ...]:
        """The tests of a row in their order: what its own indexes say, the law, what other records say."""
        row = self.level.row
        asked = [each.test(row, rows) for each in self.conditions if each is not without]
        early = [each for each in asked if not each.late]
        law = self.level.law if area is None and not many else self.level.law_by(area, many=many)
        return (*early, law, *(each for each in asked if each.late))

    def driven(self, *, whole: bool = False) -> Drive:
        """By the rarest list; by all rows of the type where no condition has one. `whole`: all of it is gone through,
        and not only until a page is full."""
        by = self.driver
        return self.through("record_by_type", many=whole) if by is None else self.driven_by(by, whole=whole)

    def driven_by(self, by: Condition, *, whole: bool = False) -> Drive:
        """By the list of a condition, or by the person whom it is about."""
        many = whole and by.weight >= COUNTED
        row = self.level.row
        if by.person is not None and (by.listing is None or by.person == 0 or self._is_rarer(by)):
            source = Sql(f"record {row} INDEXED BY record_by_person")
            person = Condition(f"{row}.person = ?", (by.person,))
            tests = (person, *self.tested(by.weight, many=many))
            return Drive(source, together(tests), by, tests)
        assert by.listing is not None
        if not (by.listing.ascending or by.listing.area):
            tests = self.tested(by.weight, without=by if by.listing.exact else None, many=many)
            return self._among(Sql(by.listing.sql, by.listing.values), by, tests)
        place = f"d{row[1:]}"
        joined = f"({by.listing.sql}) {place} CROSS JOIN record {row} ON {row}.no = {place}.record"
        area = f"{place}.area" if by.listing.area else None
        without = by if by.listing.exact or area else None
        tests = self.tested(by.weight, without=without, area=area, many=many)
        return Drive(Sql(joined, by.listing.values), together(tests), by, tests, by.listing.ascending)

    def listed(self, numbers: Sql) -> Drive:
        """By a list of some of the rows."""
        return self._among(numbers, None, self.tested())

    def _among(self, numbers: Sql, by: Condition | None, tests: tuple[Condition, ...]) -> Drive:
        """Rowids behind IN come in their order, so that a page is read off without sorting."""
        row = self.level.row
        tests = (Condition(f"{row}.no IN ({numbers.sql})", numbers.values), *tests)
        return Drive(Sql(f"record {row} NOT INDEXED"), together(tests), by, tests)

    def through(self, index: str, *, many: bool = False) -> Drive:
        """By all rows of the type, in the order of an index that begins with it."""
        tests = self.tested(many=many)
        return Drive(Sql(f"record {self.level.row} INDEXED BY {index}"), together(tests), None, tests)

    def _is_rarer(self, by: Condition) -> bool:
        """Whether the rows of the person are no more than what the list gives: they come in the order of dates."""
        return by.listing is None or self.level.counted(by.listing.sql, by.listing.values) >= by.weight


def together(tests: Sequence[Condition]) -> Sql:
    return Sql(
        " AND ".join([f"({each.sql})" for each in tests]),
        tuple(chain.from_iterable([each.values for each in tests])),
    )
