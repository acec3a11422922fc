"""A type's search parameters as people read them: kind, targets, what they look at, and an example of the kind's form.

No example comes from a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from camphora.fhir import definitions
from camphora.fhir.extract import extract
from camphora.fhir.packages import package
from camphora.fhir.registry import GUIDES, Registry
from camphora.fhir.search import EVERYWHERE, UNDECLARED, parameters
from camphora.fhir.search.asking import Kind, Parameter

EXAMPLES: dict[str, str] = {
    "token": "http://example.org/codes|A1",
    "date": "ge2024-01-01",
    "string": "an",
    "number": "gt5",
    "quantity": "lt6.5",
    "uri": "http://example.org/one",
    "special": "25.04|121.56|5|km",
    "_id": "example",
    "_text": "an",
    "_content": "an",
    "_list": "List/example",
    "_has": "example",
    "_filter": "_id eq example",
}
"""By kind, or by the name of a parameter that has a form of its own."""
WRITTEN = {"_has": "_has:Provenance:target:_id"}
"""Parameters whose names are longer than their codes, as one is asked by in the example."""


@dataclass(frozen=True, slots=True)
class Told:
    """One parameter: its name, kind, the types that it may name, the FHIRPath of what it looks at, an example."""

    code: str
    kind: Kind
    targets: tuple[str, ...]
    expression: str
    example: str
    written: str
    description: str = ""
    """What its definition says of itself, in the language of the definition."""

    @property
    def how(self) -> str:
        """What the form of its values is told under: its kind, or its own code."""
        return self.code if self.code in UNDECLARED else self.kind


def told(
    record_type: str, registry: Registry, described: Mapping[str, str] = MappingProxyType({})
) -> list[Told]:
    """Every parameter that can be searched, by name. `described`: what definitions that were brought say of themselves,
    by their addresses. KeyError for a type that R4 does not have."""
    declared = extract(record_type, registry).parameters
    own = (Parameter(code, kind) for code, kind in (EVERYWHERE | UNDECLARED).items())
    rows = [*own, *parameters(record_type, registry).values()]
    return [
        Told(
            each.code,
            each.kind,
            each.targets,
            _of_type(declared[each.code].expression, record_type) if each.code in declared else "",
            example(each),
            WRITTEN.get(each.code, each.code),
            _description(declared[each.code].url, record_type, described) if each.code in declared else "",
        )
        for each in rows
    ]


def _description(url: str, record_type: str, described: Mapping[str, str]) -> str:
    return definitions.description(url, record_type) or described.get(url, "") or _of_guides().get(url, "")


@cache
def _of_guides() -> dict[str, str]:
    rows = (row for name in GUIDES for row in package(name).definitions("SearchParameter"))
    return {row["url"]: row.get("description", "") for row in rows}


def example(parameter: Parameter) -> str:
    """A value in the form that the kind asks for."""
    if parameter.code in EXAMPLES:
        return EXAMPLES[parameter.code]
    if parameter.kind == "reference":
        return f"{next(iter(sorted(parameter.targets)), 'Patient')}/example"
    if parameter.kind == "composite":
        return "$".join(example(each) for each in parameter.components)
    return EXAMPLES[parameter.kind]


def _of_type(expression: str, record_type: str) -> str:
    """The branches of an expression that begin at a type, where it has branches for several."""
    branches = [each.strip() for each in expression.split("|")]
    return " | ".join(_starting(branches, record_type)) or expression


def _starting(branches: Iterable[str], record_type: str) -> list[str]:
    return [each for each in branches if each.lstrip("(").startswith(f"{record_type}.")]
