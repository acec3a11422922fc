"""The valid examples that are mutated: of R4, Taiwan Core and Taiwan's long-term care."""

from __future__ import annotations

import json
from functools import cache

from camphora.fhir.packages import package
from conformance.corpora import Json, r4_examples, taiwan_ltc
from mutation import own
from mutation.engine import Specimen

DEFINITIONS = {
    "CapabilityStatement", "CodeSystem", "ConceptMap", "ImplementationGuide", "Library", "OperationDefinition",
    "SearchParameter", "StructureDefinition", "ValueSet",
}  # fmt: skip
LONGEST = 40_000
"""Characters of JSON: longer examples add time, not faults."""


def _short(resource: Json) -> bool:
    return len(json.dumps(resource, ensure_ascii=False)) < LONGEST


@cache
def specimens() -> tuple[Specimen, ...]:
    """Examples of records, and one definition of each type."""
    chosen = []
    for source, resources in (
        ("r4", r4_examples()),
        ("twcore", package("tw.gov.mohw.twcore").examples()),
        ("ltc", taiwan_ltc()),
    ):
        seen: set[str] = set()
        for resource in filter(_short, resources):
            kind = resource["resourceType"]
            if kind not in DEFINITIONS or (kind not in seen and source == "r4"):
                chosen.append(Specimen(f"{source} {kind}/{resource.get('id', '')}", resource))
            seen.add(kind)
    return (*chosen, *own.specimens())
