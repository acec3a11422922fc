"""The structure of a resource against R4: each type's element tree compiled once into closures.

Checked: resource types, unknown elements, cardinality, JSON types, the forms of primitives, one choice of
`value[x]`, extensions of primitives, arrays, nulls, emptiness, and the codes of required value sets that list
them. Source: https://hl7.org/fhir/R4/json.html and the StructureDefinitions. Profiles and invariants are not
checked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from threading import Lock
from typing import Any

from camphora.errors import Faults, Invalid, Place
from camphora.fhir import definitions
from camphora.fhir.definitions import Element
from camphora.fhir.primitives import Check, Found, primitive, wrong_type

_compiled: dict[str, Check] = {}
_compiling = Lock()


def check(resource: Any) -> list[Invalid]:
    """Every fault of a parsed resource, each with its code and FHIRPath; empty where it is right."""
    found = _resource(resource, {})
    if not found:
        return []
    root = resource["resourceType"] if _known(resource) else ""
    # a null in both arrays of a repeating primitive is one fault
    once = {(fault.path, fault.code): fault.facts for fault in found}
    return [
        Invalid(code, place=Place(path=(root + path) or None), **facts)
        for (path, code), facts in once.items()
    ]


def require(resource: Any) -> None:
    """Raises `Faults` with every fault of a parsed resource."""
    faults = check(resource)
    if faults:
        raise Faults(faults)


def _known(value: Any) -> bool:
    kind = value.get("resourceType") if isinstance(value, dict) else None
    return isinstance(kind, str) and kind in definitions.resource_types()


def _resource(value: Any, owner: Mapping[str, Any]) -> list[Found] | None:
    if type(value) is not dict:
        return wrong_type(value, "object")
    kind = value.get("resourceType")
    if type(kind) is str and kind in definitions.resource_types():
        return (_compiled.get(kind) or _compile(kind))(value, owner)
    code = "fhir-resource-type" if "resourceType" in value else "fhir-no-resource-type"
    return [Found("", code, {})]


def _contained(value: Any, owner: Mapping[str, Any]) -> list[Found] | None:
    found = _resource(value, owner)
    if type(value) is dict and "contained" in value:
        return [*(found or ()), Found(".contained", "fhir-nested-contained", {})]
    return found


def _compile(name: str) -> Check:
    """The check of a type, compiled with all that it reaches; seen by others only when complete."""
    with _compiling:
        if name not in _compiled:
            fresh = _Compiler()
            fresh.content(name)
            _compiled.update(fresh.made)
        return _compiled[name]


class _Compiler:
    """Compiles types and the types that they reach. Each object's table is known before it is filled, so that
    a type may hold itself."""

    def __init__(self) -> None:
        self.made: dict[str, Check] = {}

    def content(self, owner: str) -> Check:
        """The check of an object whose elements are those of a type or path."""
        if owner in _compiled:
            return _compiled[owner]
        if owner not in self.made:
            fields: dict[str, Check] = {}
            elements = definitions.children(owner)
            labels = {name: e.name.removesuffix("[x]") for e in elements for name, _ in e.properties}
            self.made[owner] = _object(owner, fields, labels, elements)
            if owner in definitions.resource_types():
                fields["resourceType"] = _right
            for element in elements:
                fields.update(self.fields(element))
            labels |= {"_" + name: label for name, label in labels.items() if "_" + name in fields}
        return self.made[owner]

    def fields(self, element: Element) -> dict[str, Check]:
        """The checks of an element's JSON properties."""
        found: dict[str, Check] = {}
        for name, code in element.properties:
            kind = definitions.types().get(code)
            if kind is not None and kind.kind == "primitive":
                one = primitive(code, element.values if code == "code" else None)
                beside = self.content("Element")
                found[name] = _many(one, "_" + name) if element.many else one
                found["_" + name] = _paired(beside, name) if element.many else beside
            else:
                one = self.complex(element, code)
                found[name] = _many(one, "") if element.many else one
        return found

    def complex(self, element: Element, code: str) -> Check:
        if code == "Resource":
            return _contained if element.name == "contained" else _resource
        return self.content(element.content(code))


def _right(_value: Any, _owner: Mapping[str, Any]) -> None:
    return None


def _object(
    owner: str, fields: dict[str, Check], labels: dict[str, str], elements: tuple[Element, ...]
) -> Check:
    get = fields.get
    repeats = {mark + name for e in elements if e.many for name, _ in e.properties for mark in ("", "_")}
    required = tuple(e.name for e in elements if e.min and not e.name.endswith("[x]"))
    choices = tuple(_names(e) for e in elements if e.name.endswith("[x]"))
    needed = tuple(_names(e) for e in elements if e.min and e.name.endswith("[x]"))

    def check(value: Any, _: Mapping[str, Any]) -> list[Found] | None:
        if type(value) is not dict or not value:
            return wrong_type(value, "object")
        found: list[Found] | None = None
        for name, item in value.items():
            field = get(name)
            faults = _unknown(name, owner) if field is None else field(item, value)
            if faults is not None:
                if type(item) is list and name not in repeats and name in labels:
                    faults = [Found("", "fhir-too-many", {"most": 1})]
                prefix = "." + labels.get(name, _safe(name))
                found = [] if found is None else found
                found.extend(fault.under(prefix) for fault in faults)
        for name in required:
            if name not in value and "_" + name not in value:
                found = [*(found or ()), _missing(name, owner)]
        for names in choices:
            if not names.isdisjoint(value):
                found = _chosen(found, names, value, labels)
        for names in needed:
            if names.isdisjoint(value):
                found = [*(found or ()), _missing(labels[min(names)], owner)]
        return found

    return check


def _names(element: Element) -> frozenset[str]:
    return frozenset(chain.from_iterable((name, "_" + name) for name, _ in element.properties))


def _chosen(
    found: list[Found] | None, names: frozenset[str], value: dict[str, Any], labels: dict[str, str]
) -> list[Found] | None:
    given = {name.removeprefix("_") for name in names if name in value}
    if len(given) < 2:
        return found
    label = labels[min(given)]
    return [*(found or ()), Found("." + label, "fhir-choice", {"element": label})]


def _missing(name: str, owner: str) -> Found:
    return Found("." + name, "fhir-missing", {"element": name, "type": owner})


def _unknown(name: str, owner: str) -> list[Found]:
    return [Found("", "fhir-unknown-element", {"element": _safe(name), "type": owner})]


def _safe(name: str) -> str:
    """A property's name as far as it can be one: text of another kind may be a person's."""
    return name if len(name) <= 64 and name.isascii() and name.lstrip("_").isalnum() else "?"


def _many(one: Check, beside: str) -> Check:
    """The check of an array; a null stands only where the array `beside` it has something."""

    def check(value: Any, owner: Mapping[str, Any]) -> list[Found] | None:
        if type(value) is not list or not value:
            return _no_array(value)
        found: list[Found] | None = None
        for index, item in enumerate(value):
            faults = one(item, owner)
            if faults is not None and not (item is None and _given(owner.get(beside), index)):
                found = [] if found is None else found
                found.extend(fault.under(f"[{index}]") for fault in faults)
        return found

    return check


def _given(values: Any, index: int) -> bool:
    return isinstance(values, list) and index < len(values) and values[index] is not None


def _paired(one: Check, beside: str) -> Check:
    """The check of the array of a repeating primitive's ids and extensions."""
    every = _many(one, beside)

    def check(value: Any, owner: Mapping[str, Any]) -> list[Found] | None:
        values = owner.get(beside)
        if type(value) is list and type(values) is list and len(value) != len(values):
            return [Found("", "fhir-pair", {"element": _safe(beside)})]
        return every(value, owner)

    return check


def _no_array(value: Any) -> list[Found]:
    if isinstance(value, list) or value is None:
        return wrong_type(value, "array")
    return [Found("", "fhir-not-array", {})]
