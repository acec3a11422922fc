"""What a server with these operations says of itself: TerminologyCapabilities (R4 4.0.1), and its features."""

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
SERVER = "http://hl7.org/fhir/CapabilityStatement/terminology-server"
"""What a server with these operations instantiates."""
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
