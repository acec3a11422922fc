"""What a collection holds: elements of a resource that know their type and place, and values of FHIRPath's own.

Values of the namespace System are plain Python (bool, str, int, Decimal, Date, DateTime, Time, Quantity); an
element of a resource is an `Item`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from camphora.fhir.fhirpath import dates
from camphora.fhir.fhirpath.dates import Date, DateTime, Time
from camphora.fhir.fhirpath.quantities import FROM_UCUM, Quantity
from camphora.fhir.fhirpath.types import QUANTITIES, Field, Option, Shape, guessed, shape

UCUM = "http://unitsofmeasure.org"
Step = str | int


class Primitive(NamedTuple):
    """A primitive given as the item to evaluate on: its value, its `_name` object, its type."""

    value: Any
    beside: dict[str, Any] | None = None
    type: str = "string"


class Item:
    """One element. `value` is its JSON, `beside` the object that a primitive has under `_name`.

    `parent`, `key` and `index` say where it lies: under which property of its parent, and where in its list.
    """

    __slots__ = ("beside", "index", "key", "name", "parent", "shape", "value")

    def __init__(  # noqa: PLR0917 - made for every element; keywords would cost
        self,
        value: Any,
        of: Shape,
        beside: dict[str, Any] | None = None,
        parent: Item | None = None,
        name: str = "",
        key: str = "",
        index: int | None = None,
    ) -> None:
        self.value = value
        self.shape = of
        self.beside = beside
        self.parent = parent
        self.name = name
        self.key = key
        self.index = index

    @property
    def path(self) -> str:
        """Where it lies as FHIRPath says it: `Patient.name[0].given[1]`."""
        if self.parent is None:
            return self.name or self.shape.name
        index = "" if self.index is None else f"[{self.index}]"
        return f"{self.parent.path}.{self.name}{index}"

    @property
    def location(self) -> tuple[Step, ...]:
        """Where it lies as keys and indexes from the item that was evaluated on: `("name", 0, "given", 1)`."""
        if self.parent is None:
            return ()
        before = self.parent.location
        if self.parent.shape.primitive and before:
            *start, last = before
            before = (*start, f"_{last}") if isinstance(last, str) else (*start[:-1], f"_{start[-1]}", last)
        return (*before, self.key) if self.index is None else (*before, self.key, self.index)


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """What `type()` gives."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}"


Value = bool | str | int | Decimal | Date | DateTime | Time | Quantity | TypeInfo
Thing = Item | Value


def root(item: Any, of: Shape | None) -> Thing:
    """The item to evaluate on: JSON of a resource, an element or a primitive, or a value of FHIRPath's own."""
    if isinstance(item, Item):
        return item
    if isinstance(item, Primitive):
        return Item(item.value, shape(item.type), item.beside)
    if type(item) is dict and type(item.get("resourceType")) is str:
        return Item(item, guessed(item))
    if of is None and not isinstance(item, dict | list | float | None):
        return item  # type: ignore[no-any-return]
    return Item(item, of or guessed(item))


def children(item: Item) -> list[Item]:
    """Every child, in the order of the JSON."""
    owner = item.beside if item.shape.primitive else item.value
    if type(owner) is not dict:
        return []
    keys = item.shape.keys
    found: list[Item] = []
    for key in owner:
        known = keys.get(key)
        if known is None:
            found += _unknown(item, owner, key)
        elif known[1].key == key or known[1].key not in owner:
            found += _values(item, owner, *known)
    return found


def member(item: Item, name: str) -> list[Item]:
    """The children of one name."""
    owner = item.beside if item.shape.primitive else item.value
    if type(owner) is not dict:
        return []
    field = item.shape.fields.get(name)
    if field is None:
        return _unknown(item, owner, name) if name in owner and not item.shape.fields else []
    found: list[Item] = []
    for option in field.options:
        if option.key in owner or (option.beside and option.beside in owner):
            found += _values(item, owner, field, option)
    return found


def _values(item: Item, owner: dict[str, Any], field: Field, option: Option) -> list[Item]:
    key, near, of = option
    name = field.name
    value = owner.get(key)
    beside = owner.get(near) if near else None
    if beside is not None:
        return _with_beside(item, field, option, value, beside)
    if type(value) is list:
        return [
            Item(one, guessed(one) if of.open else of, None, item, name, key, index)
            for index, one in enumerate(value)
            if one is not None
        ]
    return [] if value is None else [Item(value, guessed(value) if of.open else of, None, item, name, key)]


def _with_beside(item: Item, field: Field, option: Option, value: Any, beside: Any) -> list[Item]:
    """Primitives of which some have extensions."""
    name, (key, _, of) = field.name, option
    if type(value) is not list and type(beside) is not list:
        near = _object(beside)
        return [] if value is None and near is None else [Item(value, of, near, item, name, key)]
    values, besides, found = _list(value), _list(beside), []
    for index in range(max(len(values), len(besides))):
        one = values[index] if index < len(values) else None
        near = _object(besides[index]) if index < len(besides) else None
        if one is not None or near is not None:
            found.append(Item(one, of, near, item, name, key, index))
    return found


def _unknown(item: Item, owner: dict[str, Any], key: str) -> list[Item]:
    """Of a property that no definition names."""
    if key == "resourceType" or (key.startswith("_") and key[1:] in owner):
        return []
    value = owner[key]
    rows = enumerate(value) if type(value) is list else [(None, value)]
    return [Item(one, guessed(one), None, item, key, key, index) for index, one in rows if one is not None]


def _list(value: Any) -> list[Any]:
    if type(value) is list:
        return value
    return [] if value is None else [value]


def _object(value: Any) -> dict[str, Any] | None:
    return value if type(value) is dict else None


def value_of(thing: Thing) -> Thing:
    """The System value that a primitive or a quantity carries; other elements, and empty ones, as they are."""
    if type(thing) is not Item:
        return thing
    if thing.shape.carries is not None:
        found = carried(thing.shape.carries, thing.value)
        return thing if found is None else found
    if thing.shape.code in QUANTITIES and type(thing.value) is dict:
        return _quantity(thing.value) or thing
    return thing


def valueless(thing: Thing) -> bool:
    """Whether an element stands for a value and has none: a primitive with extensions alone, a quantity of nothing.

    Operators and functions on values take such an element for an empty collection.
    """
    if type(thing) is not Item:
        return False
    if thing.shape.primitive:
        return thing.value is None
    quantity = thing.shape.code in QUANTITIES and type(thing.value) is dict
    return quantity and thing.value.get("value") is None


def carried(name: str, value: Any) -> Value | None:
    """The value of a primitive in JSON as the System type `name`; None where there is none."""
    if type(value) is str:
        if name == "String":
            return value
        read = {"Date": dates.date, "DateTime": dates.date_time, "Time": dates.time}.get(name)
        return (read(value) if read else None) or value
    if type(value) is int and name == "Decimal":
        return Decimal(value)
    if type(value) is float:
        return Decimal(repr(value))
    if isinstance(value, Decimal):
        return Decimal(value)
    return value if isinstance(value, bool | int) else None


def _quantity(value: dict[str, Any]) -> Quantity | None:
    """A FHIR quantity as a System one; its UCUM code is its unit, of time the calendar duration.

    None where it has no value or a comparator (https://hl7.org/fhir/R4/fhirpath.html#quantity).
    """
    number = carried("Decimal", value.get("value"))
    if not isinstance(number, Decimal) or "comparator" in value:
        return None
    if "currency" in value:
        return Quantity(number, str(value["currency"]))
    code = value.get("code") if value.get("system") == UCUM else value.get("unit", value.get("code"))
    unit = str(code) if code is not None else "1"
    if value.get("system") == UCUM and unit in FROM_UCUM:
        return Quantity(number, FROM_UCUM[unit], calendar=True)
    return Quantity(number, unit)


def system_type(value: Value) -> str:
    """The name in the namespace System of a value that is no element."""
    names = {bool: "Boolean", str: "String", int: "Integer", Decimal: "Decimal"}
    return names.get(type(value)) or type(value).__name__


def type_of(thing: Thing) -> TypeInfo:
    if isinstance(thing, Item):
        return TypeInfo("FHIR", thing.shape.code)
    if isinstance(thing, TypeInfo):
        return TypeInfo("System", "SimpleTypeInfo")
    return TypeInfo("System", system_type(thing))
