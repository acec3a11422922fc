"""Which parameters a type has, and what several types have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

from camphora.fhir.definitions import SearchParameter
from camphora.fhir.extract import OWN_COLUMNS, Extractor, extract
from camphora.fhir.registry import Registry
from camphora.fhir.search.asking import Kind, Parameter

RESULT_NAMES = frozenset({
    "_sort", "_count", "_page", "_total", "_summary", "_elements", "_include", "_revinclude", "_contained",
    "_containedType",
})  # fmt: skip
"""Parameters that say what comes back, and how."""
EVERYWHERE: dict[str, Kind] = {
    "_id": "token", "_lastUpdated": "date", "_text": "string", "_content": "string",
}  # fmt: skip
"""Parameters of every type with their kind, that are no index of an element."""
UNDECLARED: dict[str, Kind] = {"_list": "string", "_has": "string", "_filter": "special"}
"""Parameters of every type for which R4 has no SearchParameter (search.html#all)."""
ELSEWHERE = frozenset({"_format", "_pretty"})
"""Parameters that the edge answers."""
REFUSED = frozenset({"_query", "_containedType"})
"""Parameters of R4 that this server does not have: named queries and the form of contained resources."""
HIERARCHIES = {"Location": "partof", "Organization": "partof", "Encounter": "part-of", "CarePlan": "part-of",
               "Task": "part-of", "ResearchStudy": "partof"}  # fmt: skip
"""The parameter by which records of a type name the one above them, where all above are of the same type
(search.html#recursive)."""
LOINC, USES = "http://loinc.org", "http://terminology.hl7.org/CodeSystem/list-example-use-codes"
FUNCTIONAL_LISTS: dict[str, frozenset[tuple[str, str]]] = {
    "$current-problems": frozenset({(LOINC, "46105-3"), (LOINC, "11450-4"), (USES, "problems")}),
    "$current-medications": frozenset({(LOINC, "57828-6"), (LOINC, "10160-0"), (USES, "medications")}),
    "$current-allergies": frozenset(
        {(LOINC, "18716-1"), (LOINC, "52472-8"), (LOINC, "48765-2"), (USES, "allergies")}
    ),
}
"""The Lists that `_list` names by what they are for (lifecycle.html#current), each with the codes that say so."""
DRUG_ALLERGIES = "$current-drug-allergies"
"""The part of the current allergies that concerns medication; R4 has no code for a List of it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The types that are searched at once, how they are called in an error, and the parameters beside R4's own."""

    types: tuple[str, ...]
    shown: str
    registry: Registry

    @property
    def known(self) -> dict[str, Parameter]:
        if len(self.types) == 1:
            return parameters(self.types[0], self.registry)
        return common(self.types, self.registry)

    def of(self, resource_type: str) -> Scope:
        """Another type, to which a reference leads."""
        return Scope((resource_type,), resource_type, self.registry)

    def declares(self, code: str) -> bool:
        """Whether all the types have a parameter of this name, searchable here or not."""
        return all(code in self.registry.of(each) for each in self.types)


def parameters(resource_type: str, registry: Registry | None = None) -> dict[str, Parameter]:
    """The parameters of a type that can be searched, by code: R4's and those of a registry (`Registry.bundled()` where
    none is given), without `_id`, `_lastUpdated` and those that no type declares (`_has`, `_list`, `_filter`, `_text`,
    `_content`).

    KeyError for a type that R4 does not have.
    """
    return _parameters(resource_type, registry or Registry.bundled())


@lru_cache(maxsize=1024)
def _parameters(resource_type: str, registry: Registry) -> dict[str, Parameter]:
    extractor = extract(resource_type, registry)
    found = {}
    for code in sorted(extractor.compiled - OWN_COLUMNS):
        components = tuple(_parameter(each, extractor) for each in extractor.components.get(code, ()))
        found[code] = replace(_parameter(extractor.parameters[code], extractor), components=components)
    return found


def _parameter(row: SearchParameter, extractor: Extractor) -> Parameter:
    reached = extractor.targets.get(row.code, frozenset())
    named = row.target or sorted(reached)
    targets = tuple(each for each in named if each in reached or "Resource" in reached)
    return Parameter(row.code, cast("Kind", row.type), row.url, targets)


@lru_cache(maxsize=1024)
def common(types: tuple[str, ...], registry: Registry) -> dict[str, Parameter]:
    """The parameters that all the types have under one name and of one kind; a reference may name what it may in any
    of them."""
    first, *others = (parameters(each, registry) for each in types)
    found = {}
    for code, parameter in first.items():
        same = [parameter, *(other[code] for other in others if code in other)]
        if len(same) == len(types) and len({_shape(each) for each in same}) == 1:
            targets = dict.fromkeys(target for each in same for target in each.targets)
            found[code] = replace(parameter, targets=tuple(targets))
    return found


def _shape(parameter: Parameter) -> tuple[str, ...]:
    return parameter.kind, *(each.kind for each in parameter.components)
