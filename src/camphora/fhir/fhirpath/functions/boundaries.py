"""The least and greatest value that a value of limited precision may stand for, and that precision.

Source: https://build.fhir.org/ig/HL7/FHIRPath/ (functions for trial use), and HL7's test cases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from camphora.fhir import ucum
from camphora.fhir.fhirpath import dates
from camphora.fhir.fhirpath.dates import Date, DateTime, Part, Time
from camphora.fhir.fhirpath.functions.registry import function
from camphora.fhir.fhirpath.functions.taking import integer, valued, wrong
from camphora.fhir.fhirpath.items import Thing, value_of
from camphora.fhir.fhirpath.quantities import Quantity
from camphora.fhir.fhirpath.running import Collection, Frame

FINEST = 31
"""Digits after the point; asked for more, a boundary is empty."""
USUAL = 8
DATE_PARTS = {4: 1, 6: 2, 8: 3, 10: 4, 12: 5, 14: 6, 17: 6}
"""Precision in digits to parts."""
TIME_PARTS = {2: 1, 4: 2, 6: 3, 9: 3}
LOW_ZONE, HIGH_ZONE = 14 * 60, -12 * 60


@function("lowBoundary", (0, 1), gives="?")
def low_boundary(_: Frame, source: Collection, precision: Collection | None = None) -> Collection:
    return _boundary(source, precision, -1)


@function("highBoundary", (0, 1), gives="?")
def high_boundary(_: Frame, source: Collection, precision: Collection | None = None) -> Collection:
    return _boundary(source, precision, 1)


def _boundary(source: Collection, precision: Collection | None, side: int) -> Collection:
    thing = valued(source)
    if thing is None:
        return []
    value, digits = value_of(thing), None if precision is None else integer(precision)
    if isinstance(value, Quantity):
        found = _decimal(value.value, USUAL if digits is None else digits, side)
        return [Quantity(bound, value.unit, value.calendar) for bound in found]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return [*_decimal(Decimal(value), USUAL if digits is None else digits, side)]
    if isinstance(value, Date | DateTime | Time):
        return _moment(value, digits, side)
    raise wrong("Decimal", value)


def _decimal(value: Decimal, digits: int, side: int) -> list[Decimal]:
    """Half a unit of the last digit away, rounded outwards.

    Where none of the value's digits stands at that precision it is zero, as the test cases ask.
    """
    if not 0 <= digits <= FINEST:
        return []
    step, said = Decimal(1).scaleb(-digits), _exponent(value)
    if (
        value
        and digits < said
        and not value.quantize(step, ROUND_DOWN, ucum.EXACT)
        and value.adjusted() < -digits
    ):
        return [value.quantize(step, ROUND_DOWN, ucum.EXACT)]
    bound = value + side * Decimal(5).scaleb(-said - 1)
    try:
        return [bound.quantize(step, ROUND_CEILING if side > 0 else ROUND_FLOOR, ucum.EXACT)]
    except ArithmeticError:
        return []


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _moment(value: dates.Temporal, digits: int | None, side: int) -> Collection:
    if isinstance(value, Time):
        size = TIME_PARTS.get(9 if digits is None else digits)
        return [Time(_to_millisecond(_clock(value.parts, side)[:size], 2, side))] if size else []
    usual = 8 if isinstance(value, Date) else 17
    size = DATE_PARTS.get(usual if digits is None else digits)
    if size is None or (isinstance(value, Date) and size > 3):
        return []
    if size <= 3:
        bounds = (dates.low if side < 0 else dates.high)(value.parts[:3], 3)[:size]
        return [Date(tuple(int(part) for part in bounds))]
    return [_date_time(value, size, side)]


def _date_time(value: Date | DateTime, size: int, side: int) -> DateTime:
    parts: Sequence[Part] = value.parts
    if len(parts) == 4:
        parts = (*parts, 0)
    fill: Callable[..., tuple[Part, ...]] = dates.low if side < 0 else dates.high
    offset = value.offset if isinstance(value, DateTime) else None
    if offset is None:
        offset = LOW_ZONE if side < 0 else HIGH_ZONE
    return DateTime(_to_millisecond(fill(parts)[:size], 5, side), offset)


def _to_millisecond(parts: tuple[Part, ...], at: int, side: int) -> tuple[Part, ...]:
    """Seconds, which stand at `at`, as the first or last millisecond that they cover."""
    if len(parts) <= at:
        return parts
    seconds = Decimal(parts[at])
    said = min(_exponent(seconds), 3)
    rest = Decimal(1).scaleb(-said) - Decimal("0.001") if side > 0 else Decimal("0.000")
    return (*parts[:at], seconds + rest)


def _clock(parts: Sequence[Part], side: int) -> tuple[Part, ...]:
    rest: tuple[Part, ...] = (0, 0, Decimal("0.000")) if side < 0 else (23, 59, Decimal("59.999"))
    return (*parts, *rest[len(parts) :])


@function("precision", gives="Integer")
def precision(_: Frame, source: Collection) -> Collection:
    """Digits: after the point of a decimal, of all parts of a date or time."""
    thing = valued(source)
    return [] if thing is None else [_precision(value_of(thing))]


def _precision(value: Thing) -> int:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _exponent(Decimal(value))
    if not isinstance(value, Date | DateTime | Time):
        raise wrong("Decimal", value)
    parts = value.parts
    fraction = isinstance(parts[-1], Decimal) and _exponent(parts[-1]) > 0
    return 2 * len(parts) + (0 if isinstance(value, Time) else 2) + (3 if fraction else 0)
