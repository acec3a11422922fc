"""Which parameters a type has, and what several types have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import cast

from camphora.fhir import definitions
from camphora.fhir.definitions import SearchParameter
from camphora.fhir.extract import OWN_COLUMNS, Extractor, extract
from camphora.fhir.search.asking import Kind, Parameter

RESULT_NAMES = frozenset({
    "_sort", "_count", "_page", "_total", "_summary", "_elements", "_include", "_revinclude", "_contained",
    "_containedType",
})  # fmt: skip
"""Parameters that say what comes back, and how."""
ELSEWHERE = frozenset({"_format", "_pretty"})
"""Parameters that the edge answers."""
REFUSED = frozenset({"_query", "_containedType"})
"""Parameters of R4 that this server does not have: named queries and the form of contained resources."""
HIERARCHIES = {"Location": "partof", "Organization": "partof", "Encounter": "part-of", "CarePlan": "part-of",
               "Task": "part-of", "ResearchStudy": "partof"}  # fmt: skip
"""The parameter by which records of a type name the one above them, where all above are of the same type
(search.html#recursive)."""
FUNCTIONAL_LISTS = frozenset(
    {"$current-problems", "$current-medications", "$current-allergies", "$current-drug-allergies"}
)
"""The Lists that `_list` names by what they are for (lifecycle.html#current)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The types that are searched at once, and how they are called in an error."""

    types: tuple[str, ...]
    shown: str

    @property
    def known(self) -> dict[str, Parameter]:
        return parameters(self.types[0]) if len(self.types) == 1 else common(self.types)

    def declares(self, code: str) -> bool:
        """Whether R4 has a parameter of this name for all the types, searchable here or not."""
        return all(code in definitions.search_parameters(each) for each in self.types)


def scope(resource_type: str) -> Scope:
    return Scope((resource_type,), resource_type)


@cache
def parameters(resource_type: str) -> dict[str, Parameter]:
    """The parameters of a type that can be searched, by code, without `_id`, `_lastUpdated` and those that no type
    declares (`_has`, `_list`, `_filter`, `_text`, `_content`).

    KeyError for a type that R4 does not have.
    """
    extractor = extract(resource_type)
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


@cache
def common(types: tuple[str, ...]) -> dict[str, Parameter]:
    """The parameters that all the types have under one name and of one kind; a reference may name what it may in any
    of them."""
    first, *others = (parameters(each) for each in types)
    found = {}
    for code, parameter in first.items():
        same = [parameter, *(other[code] for other in others if code in other)]
        if len(same) == len(types) and len({_shape(each) for each in same}) == 1:
            targets = dict.fromkeys(target for each in same for target in each.targets)
            found[code] = replace(parameter, targets=tuple(targets))
    return found


def _shape(parameter: Parameter) -> tuple[str, ...]:
    return parameter.kind, *(each.kind for each in parameter.components)
