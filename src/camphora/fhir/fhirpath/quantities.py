"""Quantities: a decimal with a UCUM unit or a calendar duration, compared where their units measure one thing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from camphora.fhir import ucum
from camphora.fhir.fhirpath.tree import UNITS, quoted

IN_UCUM = {"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms"}
"""Calendar durations that are as long as their UCUM unit."""
ALIKE = {**IN_UCUM, "year": "a", "month": "mo"}
FROM_UCUM = {code: word for word, code in ALIKE.items()}
_TEXT = re.compile(r"([+-]?\d{1,60}(?:\.\d{1,60})?)\s*(?:'([^']+)'|([a-z]+))?", re.ASCII)
_MONTHS = {"year": 12, "month": 1}


@dataclass(frozen=True, slots=True)
class Quantity:
    """`unit` is UCUM ('1' for a bare number), or where `calendar` the singular of a calendar duration."""

    value: Decimal
    unit: str = "1"
    calendar: bool = False

    def __str__(self) -> str:
        return f"{self.value:f} {self.unit if self.calendar else quoted(self.unit)}"

    @property
    def duration(self) -> str | None:
        """The singular of the calendar duration that this is or that its UCUM unit names."""
        return self.unit if self.calendar else FROM_UCUM.get(self.unit) or UNITS.get(self.unit)

    def comparable(self, other: Quantity) -> bool:
        """Whether both measure one kind of thing."""
        return _common(self, other, ALIKE) is not None


def quantity(text: str) -> Quantity | None:
    """A quantity such as 4, 4.5 'mg' or 2 days; None where the text is none."""
    found = _TEXT.fullmatch(text)
    if not found or (found[3] and found[3] not in UNITS):
        return None
    value = Decimal(found[1])
    return Quantity(value, UNITS[found[3]], calendar=True) if found[3] else Quantity(value, found[2] or "1")


def _common(left: Quantity, right: Quantity, alike: dict[str, str]) -> tuple[Decimal, Decimal] | None:
    """Both values in the coarser of the two units; None where they do not measure one thing."""
    if left.calendar and right.calendar and left.unit in _MONTHS and right.unit in _MONTHS:
        return left.value * _MONTHS[left.unit], right.value * _MONTHS[right.unit]
    a = alike.get(left.unit, "") if left.calendar else left.unit
    b = alike.get(right.unit, "") if right.calendar else right.unit
    if not a or not b:
        return (
            (left.value, right.value) if left.unit == right.unit and left.calendar == right.calendar else None
        )
    moved = ucum.convert(right.value, b, a)
    if moved is None:
        return None
    step = ucum.convert(Decimal(1), b, a)
    if step is None or step <= 1 or step == Decimal(1):
        return left.value, moved
    back = ucum.convert(left.value, a, b)
    return None if back is None else (back, right.value)


def compare(left: Quantity, right: Quantity) -> int | None:
    """-1, 0 or 1; None where the units do not measure one thing (a calendar year is no UCUM `a`)."""
    pair = _common(left, right, IN_UCUM)
    if pair is None:
        return None
    a, b = (ucum.EXACT.plus(value) for value in pair)
    a, b = _near(a, b)
    return (a > b) - (a < b)


def _near(a: Decimal, b: Decimal) -> tuple[Decimal, Decimal]:
    """Equal where they differ by no more than the rounding of a conversion."""
    if a != b and abs(a - b) <= abs(a).scaleb(-30):
        return a, a
    return a, b


def equivalent(left: Quantity, right: Quantity) -> bool:
    """Whether they are alike in the precision of the coarser one; a calendar year is alike to UCUM `a`."""
    pair = _common(left, right, ALIKE)
    return pair is not None and alike_decimals(*pair)


def alike_decimals(left: Decimal, right: Decimal) -> bool:
    """Whether two decimals are one when rounded to the fewer digits after the point of the two."""
    step = Decimal(1).scaleb(-min(digits(left), digits(right)))
    try:
        return left.quantize(step, ROUND_HALF_UP) == right.quantize(step, ROUND_HALF_UP)
    except ArithmeticError:
        return left == right


def digits(value: Decimal) -> int:
    """Digits after the point, trailing zeros not counted."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def product(left: Quantity, right: Quantity) -> Quantity:
    """The product; its unit is written from both."""
    a, b = _written(left), _written(right)
    unit = b if a == "1" else a if b == "1" else f"{_grouped(a)}.{_grouped(b)}"
    return Quantity(ucum.EXACT.multiply(left.value, right.value), unit)


def quotient(left: Quantity, right: Quantity) -> Quantity | None:
    """The quotient; None for a division by zero."""
    if not right.value:
        return None
    a, b = _written(left), _written(right)
    value = ucum.EXACT.divide(left.value, right.value)
    return Quantity(value, "1" if a == b else a if b == "1" else f"{_grouped(a)}/{_grouped(b)}")


def total(left: Quantity, right: Quantity, sign: int) -> Quantity | None:
    """Sum (1) or difference (-1) in the left one's unit; None where the units do not measure one thing."""
    if left.calendar and left == Quantity(left.value, right.unit, right.calendar):
        return Quantity(left.value + sign * right.value, left.unit, calendar=True)
    a, b = _written(left), _written(right)
    moved = ucum.convert(right.value, b, a)
    if moved is None:
        return None
    return Quantity(ucum.EXACT.add(left.value, sign * moved), left.unit, left.calendar)


def _written(value: Quantity) -> str:
    return ALIKE[value.unit] if value.calendar else value.unit


def _grouped(unit: str) -> str:
    return f"({unit})" if "/" in unit or "." in unit else unit
