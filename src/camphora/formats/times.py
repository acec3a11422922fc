"""Which time a row of a table is about, and the last day that a file speaks of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from camphora.errors import Invalid, Place

Typed = Mapping[str, Any]


class Span(NamedTuple):
    """The first and the last day of a day, a week or a month."""

    first: dt.date
    last: dt.date


@dataclass(frozen=True)
class Times:
    """`columns`: keys of the columns with the day or the month, or with the year and the week; `headers`: their names
    in the file; `weeks`: how weeks are numbered."""

    columns: Sequence[str]
    headers: Sequence[str]
    weeks: str = ""
    _known: dict[tuple[Any, ...], Span | None] = field(default_factory=dict, compare=False, repr=False)

    def fault(self, row: Typed, today: dt.date, place: Place) -> Invalid | None:
        """What is wrong with the time of a row: a week that its year does not have, or one that has not come."""
        span = self.span(row)
        if span is None:
            facts = {"week": row[self.columns[-1]], "year": row[self.columns[0]]}
            return Invalid("formats-no-week", place=self._at(place, -1), **facts)
        if span.first > today:
            return Invalid("formats-time-ahead", place=self._at(place, 0), today=today.isoformat())
        return None

    def _at(self, place: Place, number: int) -> Place:
        return Place(place.file, place.line, self.headers[number])

    def through(self, rows: Iterable[Typed], today: dt.date) -> dt.date | None:
        """The last day of the last of the rows' times that has ended; None where none has."""
        spans = {self.span(row) for row in rows}
        return max((span.last for span in spans if span and span.last < today), default=None)

    def span(self, row: Typed) -> Span | None:
        """The days that a row is about; None for a week that is none, or where nothing is said."""
        said = tuple(row[key] for key in self.columns)
        if said not in self._known:
            self._known[said] = None if None in said else self._span(said)
        return self._known[said]

    def _span(self, said: tuple[Any, ...]) -> Span | None:
        if len(said) == 2:
            return self._week(*said)
        if len(said[0]) == len("2026-01"):
            first = dt.date.fromisoformat(f"{said[0]}-01")
            return Span(first, (first + dt.timedelta(31)).replace(day=1) - dt.timedelta(1))
        day = dt.date.fromisoformat(said[0])
        return Span(day, day)

    def _week(self, year: int, week: int) -> Span | None:
        try:
            first = self._first_day(year, week, system=self.weeks).item()
        except Invalid:
            return None
        return Span(first, first + dt.timedelta(6))

    @cached_property
    def _first_day(self) -> Any:
        from camphora.methods.weeks import first_day  # imports compiled methods, which takes a second

        return first_day
