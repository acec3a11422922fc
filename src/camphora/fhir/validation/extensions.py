"""Extensions: each is checked against its own definition, where that is known, and must stand where it may.

An unknown extension is said as information, an unknown modifier extension is an error: who does not know what it
means cannot read the rest (https://hl7.org/fhir/R4/extensibility.html#modifierExtension).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from camphora.errors import CamphoraError
from camphora.fhir import definitions, fhirpath
from camphora.fhir.primitives import Found
from camphora.fhir.validation.limits import address, numbers, said, slice_number
from camphora.fhir.validation.parts import BASE, Part
from camphora.fhir.validation.scope import Check, Scope
from camphora.fhir.validation.walking import no_array, safe

if TYPE_CHECKING:
    from camphora.fhir.validation.compiler import Compiler, Node

Parts = tuple[Part, ...]
_ALSO = {
    BASE + "structuredefinition-fhir-type": "ElementDefinition.type",
    BASE + "regex": "ElementDefinition.type",
    BASE + "structuredefinition-normative-version": "Element",
    BASE + "translation": "ValueSet.expansion.contains",
    BASE + "valueset-concept-comments": "CodeSystem.concept",
}
"""Where base R4's own definitions put extensions whose contexts forget the place (docs/rulings.md)."""


class Extensions:
    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self._asking: dict[str, tuple[str, ...]] = {}

    def check(self, parts: Parts, node: Node, *, modifier: bool) -> Check:
        """The check of the `extension` or `modifierExtension` array of a node."""
        here = _Here(self.compiler, parts, names_of(node), modifier=modifier)
        least, most, limits = numbers(parts)

        def check(value: Any, scope: Scope) -> list[Found] | None:
            if type(value) is not list or not value:
                return no_array(value)
            found: list[Found] | None = None
            for index, item in enumerate(value):
                faults = here.one(item, scope, value)
                if faults:
                    found = [*(found or ()), *(f._replace(path=f"[{index}]{f.path}") for f in faults)]
            if here.sliced:
                found = [*(found or ()), *here.numbers(value)] or None
            if len(value) < least or (most is not None and len(value) > most):
                found = [*(found or ()), *limits(len(value))]
            return found

        return check

    def owner(self, kind: str) -> Check:
        """What the extensions of an object of this type or path ask of it, by their `contextInvariant`."""

        def check(value: Any, scope: Scope) -> list[Found] | None:
            items = value["extension"]
            found: list[Found] = []
            for item in items if type(items) is list else ():
                url = item.get("url") if type(item) is dict else None
                for text in self._asked(url) if type(url) is str else ():
                    if not _holds(text, kind, value, item, scope):
                        facts: dict[str, object] = {"key": "contextInvariant", "human": text}
                        found.append(Found("", "validation-invariant", facts, "error", url or "", text))
            return found or None

        return check

    def _asked(self, url: str) -> tuple[str, ...]:
        if url in self._asking:
            return self._asking[url]
        definition = self.compiler.library.guides.find(url) if ":" in url else None
        if definition is None:
            return ()
        self._asking[url] = tuple(definition.get("contextInvariant", ()))
        return self._asking[url]


def _holds(text: str, kind: str, value: Any, item: Any, scope: Scope) -> bool:
    given = {"resource": scope.resource, "root": scope.root, "variables": {"extension": item}}
    try:
        return fhirpath.compile(text, kind).holds(value, **given) is not False
    except CamphoraError:
        scope.unknown("invariant", "contextInvariant")
        return True


class _Here:
    """The extensions that may stand at one node; by address, since each is sliced by its `url`."""

    def __init__(self, compiler: Compiler, parts: Parts, names: frozenset[str], *, modifier: bool) -> None:
        self.compiler, self.parts, self.names, self.modifier = compiler, parts, names, modifier
        self.slices: dict[str, list[Part]] = {}
        for part in parts:
            for one in part.slices.values():
                self.slices.setdefault(_address(compiler, one), []).append(one)
        self.sliced = [
            (url, one) for url, ones in self.slices.items() for one in ones if one.min or one.max is not None
        ]
        self.nested = "Extension" in names
        self._known: dict[str, tuple[Check, list[dict[str, Any]]]] = {}

    def one(self, item: Any, scope: Scope, whole: list[Any]) -> list[Found] | None:
        url = item.get("url") if type(item) is dict else None
        if type(url) is not str or not url:
            return self.compiler.value(self.parts, "Extension")(item, scope)
        known = self._known.get(url) or self._learn(url)
        if known is None:
            return [*(self.compiler.value(self.parts, "Extension")(item, scope) or ()), *self._unknown(url)]
        check, contexts = known
        found = check(item, scope)
        if contexts and not any(self._allowed(row, scope, whole) for row in contexts):
            found = [*(found or ()), self._misplaced(url, contexts)]
        return found

    def _learn(self, url: str) -> tuple[Check, list[dict[str, Any]]] | None:
        ones = self.slices.get(url, [])
        root = self.compiler.library.root(url) if ":" in url else None
        if not ones and root is None:
            return None
        definition = self.compiler.library.guides.find(url) if root else None
        rows = (definition or {}).get("context", [])
        parts = (*self.parts, *ones, *([root] if root else []))
        stands = any(map(self._stands, rows)) or _ALSO.get(url) in self.names
        contexts = [] if stands else rows
        self._known[url] = (self.compiler.value(parts, "Extension"), contexts)
        return self._known[url]

    def _stands(self, row: dict[str, Any]) -> bool:
        """Whether a context allows this node wherever it is found."""
        return row.get("type") != "fhirpath" and row.get("expression") in self.names

    def _allowed(self, row: dict[str, Any], scope: Scope, whole: list[Any]) -> bool:
        """Whether a context allows this very place: one that it reaches from the resource."""
        name = "modifierExtension" if self.modifier else "extension"
        expression = str(row.get("expression", ""))
        if row.get("type") == "element":
            return any(owner.get(name) is whole for owner in reached(scope.resource, expression))
        if row.get("type") != "fhirpath":
            return False
        try:
            owners = fhirpath.compile(expression)(scope.resource, resource=scope.resource)
        except CamphoraError:
            return True
        return any(type(owner) is dict and owner.get(name) is whole for owner in owners)

    def _misplaced(self, url: str, contexts: list[dict[str, Any]]) -> Found:
        allowed = ", ".join(str(row.get("expression", "")) for row in contexts)
        return Found("", "validation-extension-place", {"found": url, "expected": allowed}, "error", url)

    def _unknown(self, url: str) -> list[Found]:
        facts: dict[str, object] = {"found": address(url)}
        if self.modifier:
            return [Found("", "validation-modifier-unknown", facts, "error")]
        if ":" in url:
            return [Found("", "validation-extension-unknown", facts, "information")]
        owner = next((part for part in self.parts if part.slices), None) if self.nested else None
        return [] if owner is None else [said(owner, "", "validation-extension-inner", found=safe(url))]

    def numbers(self, value: list[Any]) -> list[Found]:
        found: list[Found] = []
        for url, one in self.sliced:
            number = sum(1 for item in value if type(item) is dict and item.get("url") == url)
            found += slice_number(one, number)
        return found


def reached(resource: Any, path: str) -> list[dict[str, Any]]:
    """The objects at a path of names from a resource: elements, and what lies beside primitives."""
    kind, *names = path.split(".")
    at = [resource] if type(resource) is dict and resource.get("resourceType") == kind and names else []
    for name in names:
        choice = name.removesuffix("[x]")
        inner = [
            value
            for owner in at
            for key, value in owner.items()
            if key.lstrip("_") == name or (choice != name and key.lstrip("_").startswith(choice))
        ]
        every = [one for value in inner for one in (value if type(value) is list else [value])]
        at = [one for one in every if type(one) is dict]
    return at


def _address(compiler: Compiler, one: Part) -> str:
    """The `url` of the extensions that a slice is about."""
    for profile in one.types.get("Extension", {}).get("profile", ()):
        root = compiler.library.root(profile)
        return _fixed_url(root) or str(profile).partition("|")[0] if root else str(profile).partition("|")[0]
    return _fixed_url(one) or one.slice


def _fixed_url(part: Part) -> str:
    url = part.children.get("url")
    fixed = (url.value("fixed") or url.value("pattern")) if url else None
    return str(fixed[1]) if fixed else ""


def names_of(node: Node) -> frozenset[str]:
    """What the contexts of extensions may call a node: its type and what that derives from, its paths, its url."""
    names: set[str] = {"Element"}
    at: str | None = node.code
    while at is not None:
        names.add(at)
        known = definitions.types().get(at)
        at = known.base if known else None
    names.update(_paths((*node.parts, *node.owners)))
    return frozenset(names)


def _paths(parts: Iterable[Part]) -> Iterable[str]:
    for part in parts:
        yield part.path
        yield part.id
        yield str((part.definition.get("base") or {}).get("path", ""))
        if part.path == "Extension":
            yield part.profile.partition("|")[0]
