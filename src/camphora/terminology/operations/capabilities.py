"""What a server with these operations says of itself: CapabilityStatement and TerminologyCapabilities (R4 4.0.1)."""

from __future__ import annotations

from typing import Any

from camphora.terminology.systems import Library

FEATURE = "http://hl7.org/fhir/uv/application-feature/StructureDefinition/feature"
TEST_VERSION = ("http://hl7.org/fhir/uv/tx-tests/FeatureDefinition/test-version", "1.9.0")
"""The edition of HL7's tests that the operations are held to."""
AS_PARAMETER = (
    "http://hl7.org/fhir/uv/tx-ecosystem/FeatureDefinition/CodeSystemAsParameter",
    "true",
)
DEFINITION = "http://hl7.org/fhir/OperationDefinition/"
RESOURCES = {
    "CodeSystem": ("lookup", "validate-code", "subsumes"),
    "ValueSet": ("expand", "validate-code"),
    "ConceptMap": ("translate",),
}
EXPANSION_PARAMETERS = (
    "activeOnly", "check-system-version", "count", "default-valueset-version", "designation", "displayLanguage",
    "exclude-system", "excludeNested", "filter", "force-system-version", "includeDefinition", "includeDesignations",
    "offset", "property", "system-version", "tx-resource", "useSupplement",
)  # fmt: skip


def features() -> list[dict[str, Any]]:
    """Extensions of the capability statement that name the features of HL7's terminology ecosystem."""
    return [
        {
            "url": FEATURE,
            "extension": [
                {"url": "definition", "valueCanonical": definition},
                {"url": "value", "valueCode": value},
            ],
        }
        for definition, value in (TEST_VERSION, AS_PARAMETER)
    ]


def rest_resources() -> list[dict[str, Any]]:
    """The resources of the capability statement, with their interactions and operations."""
    return [
        {
            "type": kind,
            "interaction": [{"code": "read"}, {"code": "search-type"}],
            "operation": [{"name": name, "definition": f"{DEFINITION}{kind}-{name}"} for name in operations],
        }
        for kind, operations in RESOURCES.items()
    ]


def capability_statement(url: str, *, version: str, release_date: str) -> dict[str, Any]:
    """The statement of a terminology server at `url`; a server that does more adds its own resources."""
    return {
        "resourceType": "CapabilityStatement",
        "extension": features(),
        "url": f"{url}/CapabilityStatement/terminology",
        "version": version,
        "name": "CamphoraTerminology",
        "title": "Camphora 樟: terminology",
        "status": "active",
        "date": release_date,
        "kind": "instance",
        "instantiates": ["http://hl7.org/fhir/CapabilityStatement/terminology-server"],
        "software": {"name": "Camphora", "version": version, "releaseDate": release_date},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "resource": rest_resources(),
                "operation": [{"name": "versions", "definition": f"{DEFINITION}-s-versions"}],
            }
        ],
    }


def terminology_capabilities(library: Library, *, version: str, date: str) -> dict[str, Any]:
    """What is held and which parameters an expansion takes."""
    return {
        "resourceType": "TerminologyCapabilities",
        "version": version,
        "name": "CamphoraTerminologyCapabilities",
        "title": "Camphora 樟: terminology",
        "status": "active",
        "date": date,
        "kind": "instance",
        "codeSystem": [
            {"uri": url, "version": [{"code": one} for one in versions if one] or [{"isDefault": True}]}
            for url, versions in library.code_systems()
        ],
        "expansion": {
            "hierarchical": True,
            "paging": True,
            "parameter": [{"name": name} for name in EXPANSION_PARAMETERS],
        },
        "codeSearch": "all",
        "validateCode": {"translations": True},
        "translation": {"needsMap": True},
    }
