"""From one System type to another; what cannot be converted is empty (https://hl7.org/fhirpath/N1/#conversion)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from camphora.fhir import ucum
from camphora.fhir.fhirpath import dates
from camphora.fhir.fhirpath.dates import Date, DateTime, Time
from camphora.fhir.fhirpath.functions.mathematics import whole
from camphora.fhir.fhirpath.functions.registry import function
from camphora.fhir.fhirpath.functions.taking import one, text
from camphora.fhir.fhirpath.items import Item, Thing, Value, carried, value_of
from camphora.fhir.fhirpath.quantities import IN_UCUM, Quantity, quantity
from camphora.fhir.fhirpath.running import Collection, Frame
from camphora.fhir.fhirpath.tree import UNITS

TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})
_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,60}(\.\d{1,60})?", re.ASCII)


def to_boolean(value: Thing) -> Collection:
    if isinstance(value, bool):
        return [value]
    if isinstance(value, str):
        word = value.lower()
        return [True] if word in TRUE else [False] if word in FALSE else []
    return [value == 1] if isinstance(value, int | Decimal) and value in {0, 1} else []


def to_integer(value: Thing) -> Collection:
    if isinstance(value, int):
        return [int(value)]
    return whole(Decimal(value)) if isinstance(value, str) and _INTEGER.fullmatch(value) else []


def to_decimal(value: Thing) -> Collection:
    if isinstance(value, Decimal):
        return [value]
    if isinstance(value, int):
        return [Decimal(value)]
    return [Decimal(value)] if isinstance(value, str) and _DECIMAL.fullmatch(value) else []


def to_string(value: Thing) -> Collection:
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, Decimal):
        return [f"{value:f}"]
    return [] if isinstance(value, Item) else [str(value)]


def to_date(value: Thing) -> Collection:
    if isinstance(value, DateTime):
        return [Date(tuple(int(part) for part in value.parts[:3]))]
    found = (
        dates.date(value.partition("T")[0]) if isinstance(value, str) and dates.date_time(value) else value
    )
    return [found] if isinstance(found, Date) else []


def to_date_time(value: Thing) -> Collection:
    if isinstance(value, Date):
        return [DateTime(value.parts)]
    found = dates.date_time(value) if isinstance(value, str) else value
    return [found] if isinstance(found, DateTime) else []


def to_time(value: Thing) -> Collection:
    found = dates.time(value) if isinstance(value, str) else value
    return [found] if isinstance(found, Time) else []


def to_quantity(value: Thing) -> Collection:
    if isinstance(value, int | Decimal):
        return [Quantity(Decimal(value))]
    found = quantity(value) if isinstance(value, str) else value
    return [found] if isinstance(found, Quantity) else []


CONVERTED: dict[str, Callable[[Thing], Collection]] = {
    "Boolean": to_boolean, "Integer": to_integer, "Decimal": to_decimal, "String": to_string,
    "Date": to_date, "DateTime": to_date_time, "Time": to_time,
}  # fmt: skip


def _register(name: str, convert: Callable[[Thing], Collection]) -> None:
    @function(f"to{name}", gives=name)
    def to(_: Frame, source: Collection) -> Collection:
        thing = one(source)
        return [] if thing is None else convert(_plain(thing, name))

    @function(f"convertsTo{name}", gives="Boolean")
    def converts(_: Frame, source: Collection) -> Collection:
        thing = one(source)
        return [] if thing is None else [bool(convert(_plain(thing, name)))]


for _name, _convert in CONVERTED.items():
    _register(_name, _convert)


def _plain(thing: Thing, target: str) -> Thing:
    """The value to convert; of a date in a resource its text where a string is wanted."""
    if target == "String" and isinstance(thing, Item) and thing.shape.primitive:
        found: Value | None = thing.value if isinstance(thing.value, str) else carried(
            thing.shape.carries or "", thing.value
        )  # fmt: skip
        return thing if found is None else found
    return value_of(thing)


@function("toQuantity", (0, 1), gives="Quantity")
def quantity_of(_: Frame, source: Collection, unit: Collection | None = None) -> Collection:
    """The source as a quantity; with a unit converted to it."""
    thing = one(source)
    found = [] if thing is None else to_quantity(value_of(thing))
    target = None if unit is None else text(unit)
    if not found or target is None:
        return found
    value = found[0]
    return [] if not isinstance(value, Quantity) else in_unit(value, target)


@function("convertsToQuantity", (0, 1), gives="Boolean")
def converts_to_quantity(frame: Frame, source: Collection, unit: Collection | None = None) -> Collection:
    return [bool(quantity_of(frame, source, unit))] if source else []


def in_unit(value: Quantity, unit: str) -> Collection:
    """A quantity in another unit, empty where it measures something else."""
    if value.calendar and UNITS.get(unit) == value.unit:
        return [value]
    source = value.duration if value.calendar else value.unit
    moved = ucum.convert(value.value, _code(source or ""), _code(unit))
    if moved is None:
        return []
    return [Quantity(moved, UNITS[unit], calendar=True) if unit in UNITS else Quantity(moved, unit)]


def _code(unit: str) -> str:
    return IN_UCUM.get(UNITS.get(unit, unit), unit)
