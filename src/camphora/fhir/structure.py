"""The structure of a resource against R4: the validator's walk over the distilled definitions, and nothing more.

Checked: resource types, unknown elements, cardinality, JSON types, the forms of primitives, one choice of
`value[x]`, extensions of primitives, arrays, nulls, emptiness, and the codes of required value sets that list
them. Source: https://hl7.org/fhir/R4/json.html and the StructureDefinitions. Profiles and invariants are not
checked here: `fhir.validation` does that, by the same closures.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from camphora.errors import Faults, Invalid, Place
from camphora.fhir import definitions
from camphora.fhir.definitions import Element
from camphora.fhir.packages import Guides
from camphora.fhir.primitives import primitive
from camphora.fhir.validation.compiler import Compiler, Node, Parts, is_primitive
from camphora.fhir.validation.extensions import Extensions
from camphora.fhir.validation.limits import numbers
from camphora.fhir.validation.parts import BASE, Library, Part
from camphora.fhir.validation.references import no_resource
from camphora.fhir.validation.scope import Check, Scope
from camphora.fhir.validation.terms import GuideTerms
from camphora.fhir.validation.walking import array_check, remembered


def check(resource: Any) -> list[Invalid]:
    """Every fault of a parsed resource, each with its code and FHIRPath; empty where it is right."""
    kind = resource.get("resourceType") if type(resource) is dict else None
    root = kind if type(kind) is str and kind in definitions.resource_types() else ""
    found = _compiled(root)(resource, Scope(resource)) if root else no_resource(resource)
    # a null in both arrays of a repeating primitive is one fault
    once = {(fault.path, fault.code): fault.facts for fault in found or ()}
    return [
        Invalid(code, place=Place(path=(root + path) or None), **facts)
        for (path, code), facts in once.items()
    ]


def require(resource: Any) -> None:
    """Raises `Faults` with every fault of a parsed resource."""
    faults = check(resource)
    if faults:
        raise Faults(faults)


@cache
def _compiler() -> _Structure:
    return _Structure()


@cache
def _compiled(kind: str) -> Check:
    return _compiler().resource(kind)


class _Structure(Compiler):
    """The validator's compiler, asked for structure alone: what the distilled definitions say, and no more."""

    def __init__(self) -> None:
        none = Guides([])
        super().__init__(_Distilled(none), GuideTerms(none))
        self.extensions = _Plain(self)

    def _value(self, parts: Parts, code: str) -> Check:
        if code in {"Resource", "DomainResource"}:
            return self.references.inner(parts)
        if is_primitive(code):
            values = parts[0].definition.get("values") if code == "code" else None
            return cast("Check", primitive(code, values))
        check = self.content(self.typed(parts, code), code)
        return remembered(check) if code == "Coding" else check

    def whole(self, present: frozenset[str], kind: str) -> list[Check]:  # noqa: ARG002
        return []


class _Plain(Extensions):
    """Extensions as elements like any other: their definitions are not looked at."""

    def check(self, parts: Parts, node: Node, *, modifier: bool) -> Check:  # noqa: ARG002
        return array_check(self.compiler.value(parts, "Extension"), *numbers(parts))


class _Distilled(Library):
    """The types of `definitions` as parts."""

    def root(self, canonical: str) -> Part | None:
        code = canonical.removeprefix(BASE)
        return self.type(code) if canonical != code and code in definitions.types() else None

    def type(self, code: str) -> Part:
        return _type(code)


@cache
def _type(code: str) -> Part:
    """A type's root part; a primitive has what every element has."""
    root = Part({"path": code}, BASE + code, None)
    inside = "Element" if is_primitive(code) else code
    known = {inside: root}
    for element in definitions.types()[inside].elements:
        part = known[element.path] = Part(_row(element), BASE + code, root)
        owner = known.get(element.path.rpartition(".")[0])
        if owner is not None:
            owner.children[part.name] = part
    return root


def _row(element: Element) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": element.path,
        "path": element.path,
        "min": element.min,
        "max": element.max,
        "type": [{"code": code} for code in element.types],
    }
    if element.same_as:
        row["contentReference"] = f"#{element.same_as}"
    return {**row, "values": element.values} if element.values else row
