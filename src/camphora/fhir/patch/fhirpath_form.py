"""FHIRPath Patch (https://hl7.org/fhir/R4/fhirpatch.html): operations in a Parameters resource on a parsed resource."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from camphora.errors import Invalid
from camphora.fhir import fhirpath
from camphora.fhir.fhirpath import Located
from camphora.fhir.fhirpath.lexer import LONGEST
from camphora.fhir.patch.elements import Element, One, Values, at_place, value_of
from camphora.fhir.patch.limits import Growth, duplicate, refuse, require_few, require_same

NEEDED = {
    "add": ("path", "name", "value"),
    "insert": ("path", "index", "value"),
    "delete": ("path",),
    "replace": ("path", "value"),
    "move": ("path", "source", "destination"),
}
_DIV = re.compile(r"('(?:[^'\\]|\\.)*')|\.div\b(?!`)", re.DOTALL)
"""The narrative's element `div` has the name of an operator; the published cases write it without backticks."""


def fhirpath_patch(resource: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The resource after all operations of a Parameters resource; neither is changed, and properties keep their order.

    Raises Invalid (patch-…) that names the operation and its path where one cannot be done or where `id` or
    `resourceType` would change; TooLarge patch-large.
    """
    operations = _operations(parameters)
    patched: dict[str, Any] = duplicate(resource)
    growth = Growth()
    for at, operation in enumerate(operations):
        _Doing(patched, at, operation, growth).apply()
    require_same(resource, patched)
    return patched


def _operations(parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of each operation by name."""
    given = parameters.get("parameter", [])
    if parameters.get("resourceType") != "Parameters" or type(given) is not list:
        raise Invalid("patch-parameters")
    require_few(len(given))
    found: list[dict[str, Any]] = []
    for at, parameter in enumerate(given):
        parts = parameter.get("part") if type(parameter) is dict else None
        if type(parts) is not list or parameter.get("name") != "operation":
            refuse("patch-operation", at)
        found.append(
            {part["name"]: part for part in parts if type(part) is dict and type(part.get("name")) is str}
        )
    return found


def _as_name(match: re.Match[str]) -> str:
    return match[0] if match[1] else ".`div`"


class _List(NamedTuple):
    """Where the elements of one repeating element lie."""

    owner: Element
    name: str


class _Doing:
    """One operation on the resource."""

    def __init__(self, resource: dict[str, Any], at: int, parts: dict[str, Any], growth: Growth) -> None:
        self._resource, self._at, self._parts, self._growth = resource, at, parts, growth
        self._path = ""

    def apply(self) -> None:
        kinds = {
            "add": self._add, "insert": self._insert, "delete": self._delete, "replace": self._replace,
            "move": self._move,
        }  # fmt: skip
        kind = self._given("type", str)
        if kind not in kinds:
            self._refuse("patch-operation")
        for part in NEEDED[kind]:
            if part not in self._parts:
                self._refuse("patch-lacks", member=part)
        self._path = self._given("path", str)
        kinds[kind]()

    def _refuse(self, code: str, **facts: object) -> NoReturn:
        refuse(code, self._at, self._path, **facts)

    def _given(self, name: str, kind: type) -> Any:
        """The value of a part that is a text or a number."""
        part = self._parts.get(name, {})
        value = next((part[key] for key in part if key.startswith("value")), None)
        if type(value) is not kind:
            self._refuse("patch-lacks", member=name)
        return value

    # operations

    def _add(self) -> None:
        owner, name = self._one(), self._given("name", str)
        field = owner.field_of(name)
        if field is None:
            self._refuse("patch-element", element=name[:64], type=owner.type)
        value = self._value(owner, name)
        if field.many:
            values = owner.values(value.field)
            owner.set_values(value.field, [*values, value.one])
        elif owner.has(field):
            self._refuse("patch-present")
        else:
            owner.set_one(value.field, value.one)

    def _insert(self) -> None:
        owner, name = self._list()
        value, index = self._value(owner, name), self._given("index", int)
        values = owner.values(value.field)
        if not 0 <= index <= len(values):
            self._refuse("patch-index")
        values.insert(index, value.one)
        owner.set_values(value.field, values)

    def _delete(self) -> None:
        found = self._located()
        if not found:
            return
        place = self._place(self._only(found))
        place.owner.remove(place.field, place.at)

    def _replace(self) -> None:
        place = self._place(self._only(self._located()))
        value = self._value(place.owner, place.field.said)
        if place.at is None:
            place.owner.exchange(place.field, value.field, value.one)
            return
        values = place.owner.values(place.field)
        values[place.at] = value.one
        place.owner.set_values(place.field, values)

    def _move(self) -> None:
        owner, name = self._list()
        field = owner.field_of(name)
        assert field is not None
        values = owner.values(field)
        source, destination = self._given("source", int), self._given("destination", int)
        if not (0 <= source < len(values) and 0 <= destination < len(values)):
            self._refuse("patch-index")
        values.insert(destination, values.pop(source))
        owner.set_values(field, values)

    # places and values

    def _located(self) -> list[Located]:
        path = _DIV.sub(_as_name, self._path) if len(self._path) <= LONGEST else self._path
        try:
            found = fhirpath.compile(path, self._resource.get("resourceType")).located(self._resource)
        except Invalid:
            self._refuse("patch-expression")
        if any(one.location is None for one in found):
            self._refuse("patch-expression")
        return found

    def _only(self, found: list[Located]) -> Located:
        if len(found) != 1:
            self._refuse("patch-several" if found else "patch-absent", count=len(found))
        return found[0]

    def _one(self) -> Element:
        location = self._location(self._only(self._located()))
        try:
            return at_place(self._resource, location)
        except KeyError:
            self._refuse("patch-expression")

    def _location(self, found: Located) -> tuple[str | int, ...]:
        assert found.location is not None
        return found.location

    def _place(self, found: Located) -> One:
        location = self._location(found)
        if not location:
            self._refuse("patch-target")
        *before, key = location
        index = key if isinstance(key, int) else None
        if isinstance(key, int):
            *before, key = before
        try:
            owner = at_place(self._resource, tuple(before))
            return One(owner, owner.field(str(key)), index)
        except KeyError:
            self._refuse("patch-expression")

    def _list(self) -> _List:
        """The list that the path names: all of its elements, and nothing else."""
        places = [self._place(one) for one in self._located()]
        if not places:
            self._refuse("patch-absent")
        first = places[0]
        if not first.field.many or len({(place.owner.location, place.field) for place in places}) != 1:
            self._refuse("patch-target")
        if [place.at for place in places] != list(range(len(first.owner.values(first.field)))):
            self._refuse("patch-target")
        return _List(first.owner, first.field.said)

    def _value(self, owner: Element, name: str) -> Values:
        value = value_of(self._parts["value"], owner, name)
        if value is None:
            self._refuse("patch-value", element=name[:64])
        level = len(owner.location) + 1
        one = (
            self._growth.duplicate(value.one[0], self._at, level),
            self._growth.duplicate(value.one[1], self._at, level),
        )
        return Values(value.field, one)
