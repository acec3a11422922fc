"""Elements of a parsed resource as a patch sees them: a value with what lies beside it, one name for all types of a
choice, and lists in which the two arrays of a repeating primitive stay aligned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from camphora.fhir import definitions
from camphora.fhir.primitives import INTEGERS, primitive
from camphora.fhir.xml.tables import Field, Form, table

Pair = tuple[Any, Any]
"""The value of an element and the object beside it (`_name`), each None where there is none."""
_NUMBERS = {*INTEGERS, "decimal"}


class Values(NamedTuple):
    """A value for an element: under which property it goes, and the value itself."""

    field: Field
    one: Pair


class One(NamedTuple):
    """One element: the element that holds it, its property, and at which index of a list it lies."""

    owner: Element
    field: Field
    at: int | None


@dataclass(frozen=True, slots=True)
class Element:
    """An element that holds others. `location` are the keys and indexes that lead to it in `resource`; the object
    beside a primitive is made when something is put into it."""

    resource: dict[str, Any]
    location: tuple[str | int, ...]
    type: str

    @property
    def _object(self) -> dict[str, Any]:
        found = _at(self.resource, self.location)
        return found if type(found) is dict else {}

    def field(self, key: str) -> Field:
        """The field of a JSON property that the element has. KeyError where R4 does not know it."""
        return table(self.type).properties[key]

    def field_of(self, name: str) -> Field | None:
        """A field of an element's name (`value`, of a choice any one); None where the type has no such element."""
        return next(
            (field for field in table(self.type).properties.values() if name in {field.said, field.label}),
            None,
        )

    def has(self, field: Field) -> bool:
        """Whether the element is there, under whichever type of its choice."""
        known = table(self.type).properties
        return any(known[key].said == field.said for key in self._object if key in known)

    def values(self, field: Field) -> list[Pair]:
        """The repetitions of an element."""
        values = _list(self._object.get(field.label))
        beside = _list(self._object.get(field.beside)) if field.form is Form.PRIMITIVE else []
        size = max(len(values), len(beside))
        return list(zip(_filled(values, size), _filled(beside, size), strict=True))

    def set_values(self, field: Field, values: list[Pair]) -> None:
        self._set(field.label, [value for value, _ in values])
        if field.form is Form.PRIMITIVE:
            self._set(field.beside, [beside for _, beside in values])

    def set_one(self, field: Field, one: Pair) -> None:
        self._set(field.label, one[0])
        if field.form is Form.PRIMITIVE:
            self._set(field.beside, one[1])

    def exchange(self, old: Field, new: Field, one: Pair) -> None:
        """Put a value where another stood, also under the name of another type of the choice."""
        held = self._object
        names = {old.label: new.label, old.beside: new.beside}
        kept = [(names.get(key, key), value) for key, value in held.items()]
        held.clear()
        held.update(kept)
        self.set_one(new, one)

    def remove(self, field: Field, index: int | None) -> None:
        """Take an element away, and each element around it that is empty then."""
        if index is None:
            self.set_one(field, (None, None))
        else:
            values = self.values(field)
            del values[index]
            self.set_values(field, values)
        _prune(self.resource, self.location)

    def _set(self, key: str, value: Any) -> None:
        """A property, or none where there is nothing to hold: no value, or a list of nulls."""
        nothing = value is None or (type(value) is list and all(item is None for item in value))
        if not nothing:
            _made(self.resource, self.location)[key] = value
        else:
            self._object.pop(key, None)


def at_place(resource: dict[str, Any], location: tuple[str | int, ...]) -> Element:
    """The element at a location, from the keys and indexes that lead to it. Of a primitive, what holds its id and
    extensions. KeyError where a type or property on the way, the last too, is not one of R4."""
    kind, field = str(resource["resourceType"]), None
    at: Any = resource
    for step in location:
        at = at[step] if isinstance(step, int) else at.get(step)
        if isinstance(step, str):
            field = table(kind).properties[step]
            kind = "Element" if field.form is Form.PRIMITIVE else field.inside
        if field is not None and field.form is Form.RESOURCE and type(at) is dict:
            kind = str(at["resourceType"])
    if field is not None and field.form is Form.PRIMITIVE:
        location = _beside(location, field)
    table(kind)
    return Element(resource, location, kind)


def _beside(location: tuple[str | int, ...], field: Field) -> tuple[str | int, ...]:
    return tuple(field.beside if step == field.label and at >= len(location) - 2 else step
                 for at, step in enumerate(location))  # fmt: skip


def _list(value: Any) -> list[Any]:
    return value if type(value) is list else []


def _filled(values: list[Any], size: int) -> list[Any]:
    return values + [None] * (size - len(values))


def _at(resource: dict[str, Any], location: tuple[str | int, ...]) -> Any:
    found: Any = resource
    for step in location:
        if isinstance(step, int):
            found = found[step] if type(found) is list and step < len(found) else None
        else:
            found = found.get(step) if type(found) is dict else None
    return found


def _made(resource: dict[str, Any], location: tuple[str | int, ...]) -> dict[str, Any]:
    """The object at a location; the one beside a primitive is made where it is missing."""
    found: Any = resource
    for at, step in enumerate(location):
        inner: Any = [] if at + 1 < len(location) and isinstance(location[at + 1], int) else {}
        if isinstance(step, str):
            found = found.setdefault(step, inner)
            continue
        found.extend([None] * (step + 1 - len(found)))
        if found[step] is None:
            found[step] = inner
        found = found[step]
    made: dict[str, Any] = found
    return made


def _prune(resource: dict[str, Any], location: tuple[str | int, ...]) -> None:
    """Take away what is empty, from a location upwards."""
    while location and not _at(resource, location):
        *before, last = location
        owner = _at(resource, tuple(before))
        if isinstance(last, int) and str(before[-1]).startswith("_"):
            owner[last] = None
            if any(item is not None for item in owner):
                return
            owner.clear()
        else:
            del owner[last]
        location = tuple(before)


def value_of(part: Any, owner: Element, name: str) -> Values | None:
    """What a part of the Parameters gives for an element: `value[x]`, a `resource`, or parts of their own for a type
    without a name. None where the element does not take it, or it is no value of that type."""
    found = _given(part, owner, name) if type(part) is dict else None
    return found if found and _fits(*found) else None


def _given(part: dict[str, Any], owner: Element, name: str) -> Values | None:
    options = [f for f in dict.fromkeys(table(owner.type).properties.values()) if name in {f.said, f.label}]
    if "resource" in part:
        return next((Values(f, (part["resource"], None)) for f in options if f.form is Form.RESOURCE), None)
    if "part" in part:
        return next((_assembled(part["part"], f) for f in options if f.form is Form.COMPLEX), None)
    given = table("Parameters.parameter").properties
    key = next((key for key in part if key.startswith(("value", "_value")) and key in given), None)
    if key is None:
        return None
    kind = given[key]
    field = next((f for f in options if f.type == kind.type), None)
    if field is None and len(options) == 1 and _alike(kind.type, options[0].type):
        field = options[0]
    return Values(field, (part.get(kind.label), part.get(kind.beside))) if field else None


def _fits(field: Field, one: Pair) -> bool:
    value, beside = one
    if field.form is Form.RESOURCE:
        kind = value.get("resourceType") if type(value) is dict else None
        return type(kind) is str and kind in definitions.resource_types()
    if field.form is Form.COMPLEX:
        return type(value) is dict and bool(value)
    if beside is not None and (type(beside) is not dict or not beside):
        return False
    return beside is not None if value is None else primitive(field.type)(value, {}) is None


def _alike(given: str, wanted: str) -> bool:
    """Whether values of a primitive type can be those of another: both numbers, both texts."""
    known = definitions.types()
    if given not in known or wanted not in known or {known[given].kind, known[wanted].kind} != {"primitive"}:
        return False
    if "boolean" in {given, wanted} or (given in _NUMBERS) != (wanted in _NUMBERS):
        return False
    return given != "decimal"


def _assembled(parts: Any, field: Field) -> Values | None:
    """An object put together from parts, each an element by its name."""
    owner = Element({}, (), field.inside)
    for part in parts if type(parts) is list else ():
        name = part.get("name") if type(part) is dict else None
        value = value_of(part, owner, name) if type(name) is str else None
        if value is None:
            return None
        if value.field.many:
            owner.set_values(value.field, [*owner.values(value.field), value.one])
        else:
            owner.set_one(value.field, value.one)
    return Values(field, (owner.resource, None)) if owner.resource else None
