"""Equality, equivalence and order of things and of collections (https://hl7.org/fhirpath/N1/#operations)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from typing import Any

from camphora.errors import Invalid
from camphora.fhir import ucum
from camphora.fhir.fhirpath import dates, quantities
from camphora.fhir.fhirpath.dates import Date, DateTime, Time
from camphora.fhir.fhirpath.items import Item, Thing, type_of, value_of
from camphora.fhir.fhirpath.quantities import Quantity

TEMPORAL = (Date, DateTime, Time)
NUMBER = (int, Decimal)


def equal(left: Sequence[Thing], right: Sequence[Thing]) -> bool | None:
    """`=`; None where a side is empty or two dates leave it open."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    answers = [equal_things(a, b) for a, b in zip(left, right, strict=True)]
    return False if False in answers else None if None in answers else True


def equal_things(left: Thing, right: Thing) -> bool | None:
    a, b = value_of(left), value_of(right)
    if type(a) is str or type(b) is str or type(a) is bool or type(b) is bool:
        return type(a) is type(b) and a == b
    if isinstance(a, NUMBER) and isinstance(b, NUMBER):
        return a == b
    if isinstance(a, TEMPORAL) and isinstance(b, TEMPORAL):
        return _same_moment(a, b)
    if isinstance(a, Item) and isinstance(b, Item):
        return bool(a.value == b.value and a.beside == b.beside)
    pair = _quantities(a, b)
    if pair:
        found = quantities.compare(*pair)
        return None if found is None else found == 0
    return a == b


def _same_moment(a: dates.Temporal, b: dates.Temporal) -> bool | None:
    if isinstance(a, Time) is not isinstance(b, Time):
        return False
    found = dates.compare(a, b)
    return None if found is None else found == 0


def _quantities(a: Thing, b: Thing) -> tuple[Quantity, Quantity] | None:
    """Both as quantities where one is and the other is one or a number."""
    if not isinstance(a, Quantity) and not isinstance(b, Quantity):
        return None
    x, y = _as_quantity(a), _as_quantity(b)
    return (x, y) if x and y else None


def _as_quantity(value: Thing) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    return Quantity(Decimal(value)) if isinstance(value, NUMBER) and not isinstance(value, bool) else None


def equivalent(left: Sequence[Thing], right: Sequence[Thing], spend: Callable[[int], None]) -> bool:
    """`~`: the same things in any order, each alike."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for one in left:
        spend(len(rest))
        at = next((at for at, other in enumerate(rest) if equivalent_things(one, other)), None)
        if at is None:
            return False
        rest.pop(at)
    return True


def equivalent_things(left: Thing, right: Thing) -> bool:
    a, b = value_of(left), value_of(right)
    if isinstance(a, str) and isinstance(b, str):
        return _folded(a) == _folded(b)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, NUMBER) and isinstance(b, NUMBER):
        return a == b or quantities.alike_decimals(Decimal(a), Decimal(b))
    if isinstance(a, TEMPORAL) and isinstance(b, TEMPORAL):
        return _same_moment(a, b) is True
    if isinstance(a, Item) and isinstance(b, Item):
        return _alike(a.value) == _alike(b.value)
    pair = _quantities(a, b)
    return quantities.equivalent(*pair) if pair else a == b


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _alike(value: Any) -> Hashable:
    """JSON so that alike things are equal: without ids, order and case of text not counted."""
    if type(value) is dict:
        return frozenset((key, _alike(inner)) for key, inner in value.items() if key != "id")
    if type(value) is list:
        return tuple(sorted((_alike(inner) for inner in value), key=repr))
    return _folded(value) if type(value) is str else value


def order(left: Thing, right: Thing) -> int | None:
    """-1, 0 or 1; None where precision or units leave it open.

    Raises `Invalid` for things that have no order between them.
    """
    a, b = value_of(left), value_of(right)
    if type(a) is str and type(b) is str:
        return (a > b) - (a < b)
    if _is_number(a) and _is_number(b):
        return (a > b) - (a < b)  # type: ignore[operator]
    if isinstance(a, TEMPORAL) and isinstance(b, TEMPORAL) and isinstance(a, Time) is isinstance(b, Time):
        return dates.compare(a, b)
    pair = _quantities(a, b)
    if pair:
        return quantities.compare(*pair)
    raise Invalid("fhirpath-order", left=str(type_of(a)), right=str(type_of(b)))


def _is_number(value: Thing) -> bool:
    return isinstance(value, NUMBER) and not isinstance(value, bool)


def key(thing: Thing) -> Hashable:
    """Equal for things that `=` says are equal, so that sets of things can be made."""
    value = value_of(thing)
    if type(value) is str:
        return value
    if isinstance(value, Item):
        return "element", _frozen(value.value), _frozen(value.beside)
    if isinstance(value, bool):
        return "boolean", value
    if isinstance(value, NUMBER):
        return "number", value
    if isinstance(value, TEMPORAL):
        return _moment_key(value)
    if isinstance(value, Quantity):
        return _quantity_key(value)
    return value


def _moment_key(value: dates.Temporal) -> Hashable:
    if isinstance(value, DateTime) and value.offset is not None:
        return "zoned", dates.at_utc(value.parts, value.offset)
    return isinstance(value, Time), value.parts


def _quantity_key(value: Quantity) -> Hashable:
    if value.calendar and value.unit in {"year", "month"}:
        return "months", value.value * (12 if value.unit == "year" else 1)
    unit = ucum.unit(quantities.IN_UCUM[value.unit] if value.calendar else value.unit)
    if unit is None:
        return value.unit, value.value
    return unit.powers, ucum.EXACT.multiply(value.value, unit.factor)


def _frozen(value: Any) -> Hashable:
    if type(value) is dict:
        return frozenset((name, _frozen(inner)) for name, inner in value.items())
    if type(value) is list:
        return tuple(_frozen(inner) for inner in value)
    return (type(value) is bool, value)
