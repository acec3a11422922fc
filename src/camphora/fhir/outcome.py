"""Errors as an OperationOutcome (https://hl7.org/fhir/R4/operationoutcome.html)."""

from __future__ import annotations

from typing import Any

from camphora.errors import CamphoraError, Faults, Lang

SYSTEM = "urn:camphora:error"
ISSUE_TYPES = {
    "invalid": "invalid",
    "forbidden": "forbidden",
    "not found": "not-found",
    "conflict": "conflict",
    "too large": "too-long",
    "busy": "transient",
    "fault": "exception",
}
"""By category of error: a code of http://hl7.org/fhir/issue-type."""
FINER = {
    "fhir-missing": "required", "fhir-unknown-element": "structure", "fhir-no-resource-type": "structure",
    "fhir-resource-type": "structure", "fhir-too-many": "structure", "fhir-not-array": "structure",
    "fhir-type": "structure", "fhir-choice": "structure", "fhir-empty": "structure", "fhir-null": "structure",
    "fhir-pair": "structure", "fhir-nested-contained": "structure", "fhir-format": "value",
    "fhir-character": "value", "fhir-json-control": "structure", "fhir-json-surrogate": "structure",
    "fhir-code": "code-invalid", "fhir-too-long": "too-long", "fhir-json-object": "structure",
    "fhir-json-broken": "structure", "fhir-json-truncated": "incomplete", "fhir-json-deep": "too-costly",
    "fhir-search-unknown": "not-supported", "fhir-search-unsupported": "not-supported",
    "fhir-search-modifier": "not-supported", "fhir-search-sort": "not-supported", "fhir-search-value": "value",
    "fhir-search-many": "too-costly", "fhir-search-deep": "too-costly", "fhir-search-wide": "too-costly",
    "fhir-search-filter-large": "too-costly", "fhir-search-chain": "not-supported", "fhir-search-has": "not-supported",
    "fhir-search-include": "not-supported", "fhir-search-contained": "not-supported",
    "validation-invariant": "invariant", "validation-advice": "business-rule", "validation-performer": "business-rule",
    "validation-code": "code-invalid", "validation-code-extensible": "code-invalid",
    "validation-code-unknown": "code-invalid", "validation-uncoded": "code-invalid",
    "validation-display": "code-invalid", "validation-system-unknown": "not-found",
    "validation-profile-unknown": "not-found", "validation-contained-missing": "not-found",
    "validation-bundle-unreached": "not-found", "validation-address": "not-found",
    "validation-extension-unknown": "informational", "validation-modifier-unknown": "extension",
    "validation-extension-place": "extension", "validation-extension-inner": "extension",
    "validation-fixed": "value", "validation-pattern": "value", "validation-small": "value",
    "validation-great": "value", "validation-long": "too-long", "validation-prohibited": "structure",
    "validation-type": "structure", "validation-few": "required", "validation-many": "structure",
    "validation-slice-few": "required", "validation-slice-many": "structure", "validation-slice-none": "structure",
    "validation-slice-order": "structure", "validation-no-profile": "structure", "validation-target": "structure",
    "validation-target-profile": "structure", "validation-element-id": "duplicate",
    "validation-contained-id": "duplicate",
}  # fmt: skip
"""By code, where the category would say too little."""


def outcome(error: CamphoraError, lang: Lang = "zh-TW") -> dict[str, Any]:
    """The OperationOutcome of an error: one issue per fault, its sentence, code, remedy and FHIRPath."""
    faults = error.faults if isinstance(error, Faults) else [error]
    return {"resourceType": "OperationOutcome", "issue": [_issue(fault, lang) for fault in faults]}


def information(text: str) -> dict[str, Any]:
    """An OperationOutcome that says that all went well, in a sentence already in one language."""
    issue = {"severity": "information", "code": "informational", "details": {"text": text}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _issue(error: CamphoraError, lang: Lang) -> dict[str, Any]:
    place = error.place
    issue: dict[str, Any] = {
        "severity": "fatal" if error.category == "fault" else "error",
        "code": FINER.get(error.code, ISSUE_TYPES[error.category]),
        "details": {"coding": [{"system": SYSTEM, "code": error.code}], "text": error.text(lang)},
        "diagnostics": error.remedy(lang),
    }
    if place and place.path:
        issue["expression"] = [place.path]
    elif place and place.line is not None:
        issue["diagnostics"] = f"{place}: {error.remedy(lang)}"
    return issue
