"""Search parameters compiled once per resource type: one walk over a resource gives its index values.

Source: https://hl7.org/fhir/R4/searchparameter-registry.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

from camphora.fhir import definitions
from camphora.fhir.composites import FORMLESS, Part, Plan
from camphora.fhir.dates import EARLIEST
from camphora.fhir.definitions import SearchParameter
from camphora.fhir.emit import Emit, IndexValues
from camphora.fhir.evaluated import evaluated
from camphora.fhir.laying import Node, ends, lay, properties
from camphora.fhir.paths import branches, root
from camphora.fhir.readings import BOOLEANS
from camphora.fhir.references import parse_reference
from camphora.fhir.registry import HL7, Registry

OWN_COLUMNS = frozenset({"_id", "_lastUpdated"})
"""Parameters that a store answers from a record's own row."""
ELSEWHERE = {
    "_text": "full text of the narrative (camphora.fhir.words)",
    "_content": "full text of the whole resource (camphora.fhir.words)",
    "_query": "names a query of the server, of which there are none",
}
"""R4's parameters without an expression, and who answers them."""
CROSSED = {f"{HL7}DocumentReference-relationship": ("target", "code")}
"""Composites whose components' expressions R4 gives in another order than their definitions, with the right one."""
PRESENCE = re.compile(r"(\w+)\.(\w+)\.exists\(\) and \1\.\2 != false")
LEADING = {"Condition": ("onset-date", "recorded-date"), "AllergyIntolerance": ("date", "onset")}
"""The date parameters that give the main date, where it is not the first of `USUAL` that the type has."""
USUAL = ("date", "effective", "authoredon", "authored-on", "authored", "occurrence", "onset-date", "performed",
         "period", "created", "started", "whenhandedover", "whenprepared", "issued", "recorded", "received", "sent",
         "start-date", "collected", "request", "entered-date")  # fmt: skip
FIRST_NAMES = ("patient", "subject", "individual", "beneficiary")
"""Among the parameters that put a resource into the Patient compartment, those that say whom it is about."""


class Extractor:
    """Index values of one resource type.

    `parameters` are all that the type has, `compiled` names those that are indexed or answered from the record's own
    row, `uncompiled` the others and why; `targets` gives the types that a reference parameter's elements may name,
    `components` the parameters of a composite in order, `visit` by property what its value alone gives.
    """

    __slots__ = (
        "_always",
        "_dates",
        "_people",
        "compiled",
        "components",
        "parameters",
        "resource_type",
        "targets",
        "uncompiled",
        "visit",
    )

    def __init__(self, resource_type: str, registry: Registry) -> None:
        self.resource_type = resource_type
        self.parameters = registry.of(resource_type)
        self.uncompiled: dict[str, str] = {}
        self.targets: dict[str, frozenset[str]] = {}
        self.components: dict[str, tuple[SearchParameter, ...]] = {}
        self._always: list[Emit] = []
        tree, plan = Node(), Plan(resource_type)
        for parameter in self.parameters.values():
            if parameter.type == "composite":
                reason = self._composed(parameter, plan, registry)
            else:
                reason = self._laid(parameter, tree)
            if reason:
                self.uncompiled[parameter.code] = reason
        self.compiled = frozenset(self.parameters) - self.uncompiled.keys()
        self.visit = properties(tree)
        composites = plan.emit()
        self._always += [composites] if composites else []
        own = definitions.search_parameters(resource_type)
        self._dates = _ranks(name for name in LEADING.get(resource_type, USUAL) if name in own)
        self._people = _ranks(_about(definitions.compartment("Patient").get(resource_type, ())))

    def __call__(self, resource: dict[str, Any]) -> IndexValues:
        """The index values of a resource that `structure.check` found right."""
        out = IndexValues()
        visit = self.visit
        for name, value in resource.items():
            found = visit.get(name)
            if found is not None:
                found(value, out)
        return self.whole(resource, out)

    def whole(self, resource: dict[str, Any], out: IndexValues) -> IndexValues:
        """The values with what hangs on more than one property, added to those that each property gave (`visit`)."""
        for emit in self._always:
            emit(resource, out)
        self._person_of(resource, out)
        if out.dates:
            out.main_date = self._main_date(out)
        meta = resource.get("meta")
        if meta is not None and "security" in meta:
            out.labels = tuple(label["code"] for label in meta["security"] if "code" in label)
        return out

    def _laid(self, parameter: SearchParameter, tree: Node) -> str | None:
        """Lay one parameter into the tree, or have the FHIRPath engine evaluate it; the reason where neither can be."""
        code, expression = parameter.code, parameter.expression
        if code in OWN_COLUMNS:
            return None
        if code in ELSEWHERE:
            return ELSEWHERE[code]
        presence = PRESENCE.fullmatch(expression)
        if presence and presence[1] == self.resource_type:
            self._always.append(_presence(code, self.resource_type, presence[2]))
            return None
        kind = "phonetic" if code == "phonetic" else parameter.type
        split, bases = branches(expression), {self.resource_type, "Resource", "DomainResource", ""}
        paths = [path for path in split.read if path.root in bases]
        if any(root(text) in bases for text in split.unread) or not all(
            ends(path, self.resource_type) for path in paths
        ):
            emit = evaluated(kind, expression, self.resource_type, code, parameter.target)
            self._always.append(emit)
            self.targets[code] = frozenset(parameter.target)
            return None
        laid = [target for path in paths for target in lay(path, code, kind, self.resource_type, tree)]
        self.targets[code] = frozenset[str]().union(*laid)
        return None if laid else FORMLESS

    def _composed(self, parameter: SearchParameter, plan: Plan, registry: Registry) -> str | None:
        found = [registry.by_url(each.definition) for each in parameter.components]
        known = tuple(part for part in found if part)
        if len(known) < len(found) or not known:
            return "a component without a definition"
        self.components[parameter.code] = known
        said = CROSSED.get(parameter.url) or [each.expression for each in parameter.components]
        parts = tuple(Part(part.type, text) for part, text in zip(known, said, strict=True))
        return plan.lay(parameter, parts)

    def _person_of(self, resource: dict[str, Any], out: IndexValues) -> None:
        if self.resource_type == "Patient":
            if "id" in resource:
                out.person = ("Patient", resource["id"])
            return
        if self.resource_type == "Binary":
            out.person = security_context(resource)
            return
        best = len(self._people)
        for name, kind, key in out.references:
            if kind == "Patient":
                rank = self._people.get(name, best)
                if rank < best:
                    best, out.person = rank, (kind, key)

    def _main_date(self, out: IndexValues) -> int | None:
        best, found = len(self._dates), None
        for name, low, high in out.dates:
            rank = self._dates.get(name, best)
            if rank < best:
                best, found = rank, low if low != EARLIEST else high
        return found


@cache
def extract(resource_type: str, registry: Registry | None = None) -> Extractor:
    """The extractor of a resource type with R4's parameters and those of a registry (`Registry.bundled()` where none is
    given), compiled at the first call; KeyError for a type that R4 lacks."""
    return _extractor(resource_type, registry or Registry.bundled())


@lru_cache(maxsize=1024)
def _extractor(resource_type: str, registry: Registry) -> Extractor:
    return Extractor(resource_type, registry)


def security_context(binary: dict[str, Any]) -> tuple[str, str] | None:
    """The Patient by whom a Binary is to be guarded (binary.html#rest); no other resource says whose it is."""
    found = parse_reference(binary.get("securityContext", {}).get("reference", ""))
    return ("Patient", found.id) if (found.kind, found.type) == ("local", "Patient") else None


def _presence(code: str, resource_type: str, name: str) -> Emit:
    """`X.exists() and X != false` as a boolean token, false where the element is absent."""
    of = {e.name.removesuffix("[x]"): e for e in definitions.children(resource_type)}
    names = tuple(name for name, _ in of[name].properties)

    def visit(resource: Any, out: IndexValues) -> None:
        found = any(resource.get(name, False) is not False for name in names)
        out.tokens.append((code, BOOLEANS, "true" if found else "false"))

    return visit


def _ranks(names: Iterable[str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(names)}


def _about(parameters: tuple[str, ...]) -> list[str]:
    return sorted(parameters, key=lambda name: name not in FIRST_NAMES)
