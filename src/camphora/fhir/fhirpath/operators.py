"""What operators do with two collections (https://hl7.org/fhirpath/N1/#operations)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal, DecimalException

from camphora.errors import Invalid
from camphora.fhir.fhirpath import dates, quantities
from camphora.fhir.fhirpath.comparing import equal, equivalent, key, order
from camphora.fhir.fhirpath.dates import Date, DateTime, Part, Time
from camphora.fhir.fhirpath.functions.combining import union
from camphora.fhir.fhirpath.functions.mathematics import INTEGERS, USUAL, whole
from camphora.fhir.fhirpath.functions.taking import amount, number, one, text, valued
from camphora.fhir.fhirpath.items import Thing, type_of, value_of
from camphora.fhir.fhirpath.quantities import Quantity
from camphora.fhir.fhirpath.running import Collection, Frame

Operator = Callable[[Frame, Collection, Collection], Collection]
Number = int | Decimal
SECONDS = {"week": 604_800, "day": 86_400, "hour": 3600, "minute": 60, "second": 1}
FINE = {"second": Decimal(1), "millisecond": Decimal("0.001")}
FARTHEST = 10**15
"""A duration beyond so many of any unit leads off the calendar."""


def _equals(_: Frame, left: Collection, right: Collection) -> Collection:
    found = equal(left, right)
    return [] if found is None else [found]


def _differs(_: Frame, left: Collection, right: Collection) -> Collection:
    found = equal(left, right)
    return [] if found is None else [not found]


def _alike(frame: Frame, left: Collection, right: Collection) -> Collection:
    return [equivalent(left, right, frame.run.spend)]


def _unlike(frame: Frame, left: Collection, right: Collection) -> Collection:
    return [not equivalent(left, right, frame.run.spend)]


def _ordered(fits: Callable[[int], bool]) -> Operator:
    def run(_: Frame, left: Collection, right: Collection) -> Collection:
        a, b = valued(left), valued(right)
        found = None if a is None or b is None else order(a, b)
        return [] if found is None else [fits(found)]

    return run


def _member(frame: Frame, left: Collection, right: Collection) -> Collection:
    thing = one(left)
    frame.run.spend(len(right))
    if thing is None:
        return []
    mark = key(thing)
    return [any(key(other) == mark for other in right)]


def _contains(frame: Frame, left: Collection, right: Collection) -> Collection:
    return _member(frame, right, left)


def _joined(frame: Frame, left: Collection, right: Collection) -> Collection:
    a, b = text(left) or "", text(right) or ""
    frame.run.length(len(a) + len(b))
    return [a + b]


def _plus(frame: Frame, left: Collection, right: Collection) -> Collection:
    a, b = valued(left), valued(right)
    if a is None or b is None:
        return []
    first, second = value_of(a), value_of(b)
    if isinstance(first, str) and isinstance(second, str):
        return _joined(frame, left, right)
    if isinstance(first, Date | DateTime | Time):
        return _later(first, second, 1)
    return _sum(left, right, 1)


def _minus(_: Frame, left: Collection, right: Collection) -> Collection:
    a, b = valued(left), valued(right)
    if a is None or b is None:
        return []
    first = value_of(a)
    return (
        _later(first, value_of(b), -1) if isinstance(first, Date | DateTime | Time) else _sum(left, right, -1)
    )


def _sum(left: Collection, right: Collection, sign: int) -> Collection:
    a, b = amount(left), amount(right)
    if isinstance(a, Quantity) and isinstance(b, Quantity):
        found = quantities.total(a, b, sign)
        return [] if found is None else [found]
    x, y = number(left), number(right)
    return (
        []
        if x is None or y is None
        else counted(lambda: x + sign * y if _whole(x, y) else USUAL.add(x, sign * y))
    )


def _times(_: Frame, left: Collection, right: Collection) -> Collection:
    a, b = amount(left), amount(right)
    if a is None or b is None:
        return []
    if isinstance(a, Quantity) or isinstance(b, Quantity):
        return _of_quantities(lambda: quantities.product(_quantity(a), _quantity(b)))
    return counted(lambda: a * b if _whole(a, b) else USUAL.multiply(a, b))


def _over(_: Frame, left: Collection, right: Collection) -> Collection:
    a, b = amount(left), amount(right)
    if a is None or b is None:
        return []
    if isinstance(a, Quantity) or isinstance(b, Quantity):
        return _of_quantities(lambda: quantities.quotient(_quantity(a), _quantity(b)))
    return counted(lambda: USUAL.divide(Decimal(a), Decimal(b)))


def _divided(left: Collection, right: Collection) -> tuple[Decimal, Decimal, bool] | None:
    a, b = number(left), number(right)
    return None if a is None or not b else (Decimal(a), Decimal(b), _whole(a, b))


def _div(_: Frame, left: Collection, right: Collection) -> Collection:
    pair = _divided(left, right)
    if pair is None:
        return []
    found = counted(lambda: (pair[0] / pair[1]).to_integral_value(ROUND_DOWN))
    return whole(found[0]) if found and isinstance(found[0], Decimal) else []


def _mod(_: Frame, left: Collection, right: Collection) -> Collection:
    pair = _divided(left, right)
    if pair is None:
        return []
    return counted(lambda: int(pair[0] % pair[1]) if pair[2] else pair[0] % pair[1])


def _whole(a: Number, b: Number) -> bool:
    return isinstance(a, int) and isinstance(b, int)


def counted(compute: Callable[[], Number]) -> Collection:
    """A number; empty where it cannot be computed or has more than 32 bits."""
    try:
        found = compute()
    except DecimalException:
        return []
    return [found] if isinstance(found, Decimal) or found in INTEGERS else []


def _of_quantities(compute: Callable[[], Quantity | None]) -> Collection:
    try:
        found = compute()
    except DecimalException:
        return []
    return [] if found is None else [found]


def _quantity(value: Number | Quantity) -> Quantity:
    return value if isinstance(value, Quantity) else Quantity(Decimal(value))


def _later(moment: dates.Temporal, by: Thing, sign: int) -> Collection:
    """A date or time moved by a duration; empty where that leaves the calendar.

    UCUM's year and month are of a fixed length and do not move a date.
    """
    duration = by.duration if isinstance(by, Quantity) else None
    if not isinstance(by, Quantity) or duration is None or (not by.calendar and by.unit in {"a", "mo"}):
        raise Invalid("fhirpath-duration", left=str(type_of(moment)), right=str(type_of(by)))
    ucum_second = by.unit == "s" and not by.calendar
    value = sign * (by.value.to_integral_value(ROUND_DOWN) if ucum_second else by.value)
    if abs(value) > FARTHEST:
        return []
    if isinstance(moment, Time):
        return _clock_later(moment, value, duration)
    parts = _moved(moment.parts, value, duration)
    if parts is None:
        return []
    return [Date(tuple(map(int, parts))) if isinstance(moment, Date) else DateTime(parts, moment.offset)]


def _clock_later(moment: Time, value: Decimal, duration: str) -> Collection:
    """Round the clock."""
    if duration in {"year", "month", "week", "day"}:
        return [moment]
    parts = dates.shifted(
        (2000, 1, 1, *moment.parts), _seconds(value % 86_400_000, duration, len(moment.parts) + 3)
    )
    return [] if parts is None else [Time(parts[3:])]


def _moved(parts: tuple[Part, ...], value: Decimal, duration: str) -> tuple[Part, ...] | None:
    if duration in {"year", "month"}:
        return dates.months_later(parts, int(value) * (12 if duration == "year" else 1)) if len(parts) > 1 else (
            dates.months_later(parts, int(value if duration == "year" else int(value) / 12) * 12)
        )  # fmt: skip
    seconds = _seconds(value, duration, len(parts))
    if len(parts) >= 3:
        return dates.shifted(parts, seconds)
    days = int(seconds / 86_400)
    return dates.months_later(parts, int(days / 30) if len(parts) == 2 else int(days / 365) * 12)


def _seconds(value: Decimal, duration: str, size: int) -> Decimal:
    """The duration in seconds, cut to the finest part that the moment has."""
    seconds = value * FINE[duration] if duration in FINE else Decimal(int(value) * SECONDS[duration])
    unit = {3: 86_400, 4: 3600, 5: 60}.get(size)
    return Decimal(int(seconds / unit) * unit) if unit else seconds


OPERATORS: dict[str, Operator] = {
    "=": _equals, "!=": _differs, "~": _alike, "!~": _unlike,
    "<": _ordered(lambda found: found < 0), ">": _ordered(lambda found: found > 0),
    "<=": _ordered(lambda found: found <= 0), ">=": _ordered(lambda found: found >= 0),
    "in": _member, "contains": _contains, "|": union, "&": _joined,
    "+": _plus, "-": _minus, "*": _times, "/": _over, "div": _div, "mod": _mod,
}  # fmt: skip
"""The operators that need both sides; the logical ones stop early and lie in the compiler."""
