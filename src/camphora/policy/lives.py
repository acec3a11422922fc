"""A person's life as far as it decides who may act for them: minority, incapacity, death, stand-ins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from camphora.fhir.dates import DAY, ZONE, span
from camphora.policy.asking import Span, StandIn, Whom

_EPOCH = date(1970, 1, 1)


def holds(span_: Span, at: int) -> bool:
    """Whether a span with open ends holds a moment."""
    first, last = span_
    return (first is None or first <= at) and (last is None or at <= last)


@dataclass(frozen=True, slots=True)
class Life:
    """Moments in milliseconds UTC, None where they are unknown.

    `surely_of` tells when an age is surely reached: counted from the last day that a partial date of birth covers.
    """

    born: tuple[int, int] | None
    died: int | None
    incapable: tuple[Span, ...]
    stand_ins: tuple[StandIn, ...]

    @classmethod
    def of(cls, whom: Whom) -> Life:
        born, died = _span(whom.born), _span(whom.died)
        return cls(born, died[1] if died else None, whom.incapable, whom.stand_ins)

    def may_be_of(self, age: int, at: int) -> bool:
        """Whether the age may be reached, by the first day that the date of birth covers; unknown birth: yes."""
        return self.born is None or at >= birthday(self.born[0], age)

    def surely_of(self, age: int, at: int) -> bool:
        return self.born is None or at >= birthday(self.born[1], age)

    def minor(self, majority: int, at: int) -> bool:
        """From birth until the start of the day on which majority is surely reached; unknown birth: never."""
        return self.born is not None and self.born[0] <= at and not self.surely_of(majority, at)

    def unable(self, at: int) -> bool:
        """Incapable (無行為能力) at that moment."""
        return any(holds(each, at) for each in self.incapable)

    def dead(self, at: int) -> bool:
        """After the last moment that the date of death covers."""
        return self.died is not None and at > self.died

    def moments(self, ages: Iterable[int]) -> Iterator[int]:
        """The moments from which something of all this is otherwise, without order; `ages` are those that count."""
        if self.born is not None:
            yield self.born[0]
            yield from (birthday(edge, age) for age in ages for edge in self.born)
        spans = (*self.incapable, *(each.period for each in self.stand_ins), (None, self.died))
        for first, last in spans:
            yield from () if first is None else (first,)
            yield from () if last is None else (last + 1,)

    def acting(self, kind: str, who: Iterable[str], at: int) -> list[StandIn]:
        """The stand-ins of a kind among these references whose period holds the moment."""
        names = set(who)
        return [
            each
            for each in self.stand_ins
            if each.kind == kind and each.who in names and holds(each.period, at)
        ]


def birthday(born: int, age: int) -> int:
    """The first moment, in Taiwan, of the day on which somebody born then reaches an age; 29 February: 1 March."""
    day = _EPOCH + timedelta(days=(born + ZONE) // DAY)
    if day.year + age > date.max.year:
        return span("9999-12-31")[1] + 1
    try:
        reached = day.replace(year=day.year + age)
    except ValueError:
        reached = date(day.year + age, 3, 1)
    return (reached - _EPOCH).days * DAY - ZONE


def _span(text: str | None) -> tuple[int, int] | None:
    """What an R4 date covers; a date that cannot be read is unknown."""
    try:
        return span(text) if text else None
    except ValueError:
        return None
