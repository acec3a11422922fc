"""What an operation remarks: each kind with its sentence in both languages, its tx-issue-type and FHIR's message id.

Codes of tx-issue-type: https://hl7.org/fhir/tools/CodeSystem/tx-issue-type; message ids are those of HL7's validator,
so that its users see the same name for the same remark; a remark that it does not know has none. The English sentences
are those of the tx-ecosystem suite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from camphora.errors import CamphoraError, Lang, catalogue
from camphora.errors.sentences import filled


class Kind(NamedTuple):
    """`code` is of http://hl7.org/fhir/issue-type; `spoken` remarks are part of the answer's one-line message."""

    message_id: str
    code: str
    tx: str
    severity: str = "error"
    spoken: bool = True


KINDS = {
    "terminology-value-set-unknown": Kind("Unable_to_resolve_value_Set_", "not-found", "not-found"),
    "terminology-import-unknown": Kind("VS_EXP_IMPORT_UNK", "not-found", "not-found"),
    "terminology-import-pinned-unknown": Kind("VS_EXP_IMPORT_UNK_PINNED", "not-found", "not-found"),
    "terminology-value-set-circular": Kind("VALUESET_CIRCULAR_REFERENCE", "processing", "vs-invalid"),
    "terminology-imports-too-deep": Kind("VALUESET_TOO_COSTLY", "too-costly", ""),
    "terminology-filter-without-value": Kind(
        "UNABLE_TO_HANDLE_SYSTEM_FILTER_WITH_NO_VALUE", "invalid", "vs-invalid"
    ),
    "terminology-clause-empty": Kind("", "invalid", "vs-invalid"),
    "terminology-filter": Kind("", "not-supported", "vs-invalid"),
    "terminology-regex": Kind("", "invalid", "vs-invalid"),
    "terminology-too-costly": Kind("VALUESET_TOO_COSTLY", "too-costly", ""),
    "terminology-too-many-steps": Kind("VALUESET_TOO_COSTLY", "too-costly", ""),
    "terminology-supplement-unknown": Kind("VALUESET_SUPPLEMENT_MISSING", "not-found", "not-found"),
    "terminology-display-language": Kind("INVALID_DISPLAY_NAME", "processing", "invalid-display"),
    "terminology-code-missing": Kind("", "invalid", ""),
    "terminology-value-set-missing": Kind("", "invalid", ""),
    "terminology-systems-differ": Kind("", "invalid", ""),
    "terminology-parameter": Kind("", "invalid", ""),
    "terminology-resource-shape": Kind("", "structure", "invalid-data"),
    "terminology-map-unknown": Kind("", "not-found", "not-found"),
    "terminology-system-unknown": Kind("UNKNOWN_CODESYSTEM", "not-found", "not-found"),
    "terminology-version-unknown": Kind("UNKNOWN_CODESYSTEM_VERSION", "not-found", "not-found"),
    "terminology-version-none": Kind("UNKNOWN_CODESYSTEM_VERSION_NONE", "not-found", "not-found"),
    "terminology-expansion-system-unknown": Kind("UNKNOWN_CODESYSTEM_EXP", "not-found", "not-found"),
    "terminology-expansion-version-unknown": Kind("UNKNOWN_CODESYSTEM_VERSION_EXP", "not-found", "not-found"),
    "terminology-expansion-version-none": Kind(
        "UNKNOWN_CODESYSTEM_VERSION_EXP_NONE", "not-found", "not-found"
    ),
    "terminology-version-refused": Kind("VALUESET_VERSION_CHECK", "exception", "version-error"),
    "terminology-version-mismatch": Kind("VALUESET_VALUE_MISMATCH", "invalid", "vs-invalid"),
    "terminology-version-mismatch-changed": Kind("VALUESET_VALUE_MISMATCH_CHANGED", "invalid", "vs-invalid"),
    "terminology-version-mismatch-default": Kind(
        "VALUESET_VALUE_MISMATCH_DEFAULT", "invalid", "vs-invalid", "warning", spoken=False
    ),
    "terminology-not-in-value-set": Kind(
        "None_of_the_provided_codes_are_in_the_value_set_one", "code-invalid", "not-in-vs"
    ),
    "terminology-coding-not-in-value-set": Kind(
        "None_of_the_provided_codes_are_in_the_value_set_one",
        "code-invalid",
        "this-code-not-in-vs",
        "information",
        spoken=False,
    ),
    "terminology-no-coding-in-value-set": Kind("TX_GENERAL_CC_ERROR_MESSAGE", "code-invalid", "not-in-vs"),
    "terminology-code-unknown": Kind("Unknown_Code_in_Version", "code-invalid", "invalid-code"),
    "terminology-code-unknown-unversioned": Kind("Unknown_Code_in", "code-invalid", "invalid-code"),
    "terminology-code-not-in-fragment": Kind(
        "UNKNOWN_CODE_IN_FRAGMENT", "code-invalid", "invalid-code", "warning", spoken=False
    ),
    "terminology-system-not-inferred": Kind("UNABLE_TO_INFER_CODESYSTEM", "not-found", "cannot-infer"),
    "terminology-system-ambiguous": Kind(
        "Unable_to_resolve_system__value_set_has_multiple_matches", "not-found", "cannot-infer"
    ),
    "terminology-system-missing": Kind(
        "Coding_has_no_system__cannot_validate", "invalid", "invalid-data", "warning"
    ),
    "terminology-system-relative": Kind("Terminology_TX_System_Relative", "invalid", "invalid-data"),
    "terminology-system-value-set": Kind("Terminology_TX_System_ValueSet2", "invalid", "invalid-data"),
    "terminology-system-supplement": Kind("CODESYSTEM_CS_NO_SUPPLEMENT", "invalid", "invalid-data"),
    "terminology-code-abstract": Kind("ABSTRACT_CODE_NOT_ALLOWED", "business-rule", "code-rule"),
    "terminology-code-not-active": Kind("STATUS_CODE_WARNING_CODE", "business-rule", "code-rule"),
    "terminology-code-inactive": Kind("INACTIVE_CONCEPT_FOUND", "business-rule", "code-comment", "warning"),
    "terminology-code-deprecated": Kind(
        "DEPRECATED_CONCEPT_FOUND", "business-rule", "code-comment", "warning"
    ),
    "terminology-code-deprecated-here": Kind(
        "CONCEPT_DEPRECATED_IN_VALUESET", "business-rule", "code-comment", "warning", spoken=False
    ),
    "terminology-code-case": Kind(
        "CODE_CASE_DIFFERENCE", "business-rule", "code-rule", "information", spoken=False
    ),
    "terminology-display-wrong": Kind(
        "Display_Name_for__should_be_one_of__instead_of", "invalid", "invalid-display"
    ),
    "terminology-display-wrong-choices": Kind(
        "Display_Name_for__should_be_one_of__instead_of", "invalid", "invalid-display"
    ),
    "terminology-display-space": Kind(
        "Display_Name_WS_for__should_be_one_of__instead_of", "invalid", "invalid-display"
    ),
    "terminology-display-space-choices": Kind(
        "Display_Name_WS_for__should_be_one_of__instead_of", "invalid", "invalid-display"
    ),
    "terminology-display-no-language": Kind(
        "NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_ERR", "invalid", "invalid-display"
    ),
    "terminology-display-other-language": Kind(
        "NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_OK", "invalid", "invalid-display", "information"
    ),
    "terminology-display-withdrawn": Kind(
        "INACTIVE_DISPLAY_FOUND", "invalid", "display-comment", "warning", spoken=False
    ),
    "terminology-resource-deprecated": Kind(
        "MSG_DEPRECATED", "business-rule", "status-check", "information", spoken=False
    ),
    "terminology-resource-withdrawn": Kind(
        "MSG_WITHDRAWN", "business-rule", "status-check", "information", spoken=False
    ),
    "terminology-resource-retired": Kind(
        "MSG_RETIRED", "business-rule", "status-check", "information", spoken=False
    ),
    "terminology-resource-experimental": Kind(
        "MSG_EXPERIMENTAL", "business-rule", "status-check", "information", spoken=False
    ),
    "terminology-resource-draft": Kind(
        "MSG_DRAFT", "business-rule", "status-check", "information", spoken=False
    ),
}
"""By code of the catalogue."""


class Choices(tuple[str, ...]):
    """Several words as a fact of a sentence; the sentence says what stands before the last: `{versions: or }`."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        if spec != " or " or len(self) < 3:
            return spec.join(self)
        return f"{', '.join(self[:-1])}{spec}{self[-1]}"


@dataclass(frozen=True, slots=True)
class Issue:
    """One remark: its code in the catalogue, the FHIRPath it is about (or empty), and its facts."""

    code: str
    at: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    severity: str = ""
    """Instead of the severity of its kind."""

    @property
    def kind(self) -> Kind:
        return KINDS[self.code]

    @property
    def weight(self) -> str:
        return self.severity or self.kind.severity

    @property
    def spoken(self) -> bool:
        return self.kind.spoken

    def text(self, lang: Lang = "en") -> str:
        return filled(catalogue()[self.code].text[lang], self.facts)

    def remedy(self, lang: Lang = "en") -> str:
        return filled(catalogue()[self.code].remedy[lang], self.facts)


def of(error: CamphoraError) -> Issue | None:
    """An error of an operation as the issue that it is; None for errors of other kinds."""
    if error.code not in KINDS:
        return None
    at = error.place.path if error.place and error.place.path else ""
    return Issue(error.code, at, error.facts)


def message(issues: Sequence[Issue], lang: Lang = "en") -> str:
    """The spoken sentences in one line, each once; empty where there is none."""
    return "; ".join(dict.fromkeys(issue.text(lang) for issue in issues if issue.spoken))
