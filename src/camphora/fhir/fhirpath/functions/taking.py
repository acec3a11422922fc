"""The one value that a function or an operator takes out of a collection, by the rules of singletons."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from camphora.errors import Invalid
from camphora.fhir.fhirpath.items import Item, Thing, type_of, value_of, valueless
from camphora.fhir.fhirpath.quantities import Quantity


def one(things: Sequence[Thing]) -> Thing | None:
    """The only thing, None where there is none. Raises `Invalid` where there are several."""
    if len(things) > 1:
        raise Invalid("fhirpath-several", count=len(things))
    return things[0] if things else None


def valued(things: Sequence[Thing]) -> Thing | None:
    """The only thing, None where there is none or it has no value. Raises `Invalid` where there are several."""
    found = one(things)
    return None if found is None or valueless(found) else found


def truth(things: Sequence[Thing]) -> bool | None:
    """The only thing as a boolean: one that is no boolean counts as true. None where there is none, or a primitive
    without a value."""
    found = one(things)
    if found is None or found is True or found is False:
        return found
    value = value_of(found)
    if isinstance(value, bool):
        return value
    return None if isinstance(value, Item) and value.shape.primitive and value.value is None else True


def boolean(things: Sequence[Thing]) -> list[bool]:
    """Every thing that has a value as the boolean that it must be."""
    values = [value_of(thing) for thing in things if not valueless(thing)]
    for value in values:
        if not isinstance(value, bool):
            raise wrong("Boolean", value)
    return [value for value in values if isinstance(value, bool)]


def text(things: Sequence[Thing]) -> str | None:
    """The only thing as a string; of an element also the text of a date, as it is written."""
    found = one(things)
    if found is None:
        return None
    if isinstance(found, Item) and found.shape.primitive:
        found = found.value if isinstance(found.value, str) else value_of(found)
        if isinstance(found, Item):
            return None
    if isinstance(found, str):
        return found
    raise wrong("String", found)


def integer(things: Sequence[Thing]) -> int | None:
    found = number(things)
    if found is None or isinstance(found, int):
        return found
    raise wrong("Integer", found)


def number(things: Sequence[Thing]) -> int | Decimal | None:
    """The only thing as an int or a Decimal."""
    found = valued(things)
    if found is None:
        return None
    value = value_of(found)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    raise wrong("Decimal", value)


def amount(things: Sequence[Thing]) -> int | Decimal | Quantity | None:
    """The only thing as a number or a quantity."""
    found = valued(things)
    value = None if found is None else value_of(found)
    return value if isinstance(value, Quantity) else number(things)


def wrong(expected: str, found: Thing) -> Invalid:
    return Invalid("fhirpath-type", expected=expected, found=str(type_of(found)))
