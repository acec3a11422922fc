"""The type model: what lies inside each FHIR type, and how types derive from one another.

A `Shape` is a type (`Patient`, `string`) or the inside of a backbone element (`Patient.contact`).
Source: `camphora.fhir.definitions` (R4).
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache, cached_property
from typing import Any, NamedTuple

from camphora.fhir import definitions
from camphora.fhir.definitions import Element

SYSTEM = frozenset({"Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity", "Any"})
"""The names in the namespace System."""
CARRIED = {
    "boolean": "Boolean", "integer": "Integer", "unsignedInt": "Integer", "positiveInt": "Integer",
    "decimal": "Decimal", "date": "Date", "dateTime": "DateTime", "instant": "DateTime", "time": "Time",
}  # fmt: skip
"""The System type that a FHIR primitive's value has; the others are strings."""
QUANTITIES = frozenset(
    {"Quantity", "Age", "Count", "Distance", "Duration", "Money", "SimpleQuantity", "MoneyQuantity"}
)
_GUESSED = {bool: "boolean", int: "integer", float: "decimal", str: "string"}


class Option(NamedTuple):
    """A property in JSON that an element may have, the one with its extensions ("": none), and its values' shape."""

    key: str
    beside: str
    shape: Shape


class Field(NamedTuple):
    """An element inside a shape: its name as FHIRPath says it (`value` for `value[x]`)."""

    name: str
    many: bool
    options: tuple[Option, ...]


class Shape:
    """One type or backbone. `code` is the type's name as `type()` says it, `ancestors` it and all above it."""

    def __init__(self, name: str, code: str) -> None:
        self.name = name
        self.code = code
        self.known = code in definitions.types()
        self.ancestors = frozenset(_lineage(code))
        kind = definitions.types()[code].kind if self.known else "complex"
        self.primitive = kind == "primitive"
        self.resource = kind == "resource"
        self.open = name == "Resource"
        """Whether each value says by itself what it is."""
        self.carries = CARRIED.get(code, "String") if self.primitive else None

    def __repr__(self) -> str:
        return f"Shape({self.name})"

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The elements inside by the name that FHIRPath gives them."""
        if self.primitive:
            return {name: _field(element) for name, element in _of_primitives().items()}
        return {field.name: field for field in map(_field, definitions.children(self.name))}

    @cached_property
    def keys(self) -> dict[str, tuple[Field, Option]]:
        """The elements inside by their properties in JSON, `_name` among them."""
        both = [(field, option) for field in self.fields.values() for option in field.options]
        return {key: pair for pair in both for key in (pair[1].key, pair[1].beside) if key}


@cache
def shape(name: str) -> Shape:
    """The shape of a type or of a backbone's path; one that R4 does not have knows no elements."""
    if name in definitions.types() or "." not in name:
        return Shape(name, name)
    for element in definitions.types()[name.partition(".")[0]].elements:
        if element.path == name:
            return Shape(name, element.types[0] if element.types else "Element")
    raise KeyError(name)


def has(name: str) -> bool:
    """Whether FHIR R4 has a type of this name."""
    return name in definitions.types()


def is_resource(name: str) -> bool:
    """Whether FHIR R4 has a resource type of this name."""
    return name in definitions.resource_types()


def element(path: str) -> Shape | None:
    """The shape at an element's path such as `Observation.component.value[x]`; None where R4 has none.

    A choice has the shape of its only type, or none."""
    head, *rest = path.split(".")
    if not has(head):
        return None
    at = shape(head)
    for name in rest:
        field = at.fields.get(name.removesuffix("[x]"))
        if field is None or len(field.options) != 1:
            return None
        at = field.options[0].shape
    return at


def guessed(value: Any) -> Shape:
    """The shape of a value of which no definition is known."""
    if type(value) is dict and type(value.get("resourceType")) is str and has(value["resourceType"]):
        return shape(value["resourceType"])
    if isinstance(value, Decimal):
        return shape("decimal")
    return shape(_GUESSED.get(type(value), "Element"))


def _lineage(code: str) -> list[str]:
    found: list[str] = []
    at: str | None = code
    while at is not None:
        found.append(at)
        known = definitions.types().get(at)
        at = known.base if known else None
    return found


@cache
def _of_primitives() -> dict[str, Element]:
    return {element.name: element for element in definitions.children("Element")}


def _field(element: Element) -> Field:
    name = element.name.removesuffix("[x]")
    return Field(
        name, element.many, tuple(_option(key, element.content(code)) for key, code in element.properties)
    )


def _option(key: str, content: str) -> Option:
    inside = shape(content)
    return Option(key, f"_{key}" if inside.primitive else "", inside)
