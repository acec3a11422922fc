"""Errors on their way out: their HTTP status, and what an OperationOutcome says beyond `camphora.fhir.outcome`."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from typing import Any

import orjson

from camphora.errors import CamphoraError, Fault, Faults, Invalid, Lang, Place, catalogue
from camphora.fhir.outcome import information, outcome
from camphora.fhir.validation import Finding, Report

log = logging.getLogger("camphora.web.fhir")
LINE = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line"
MOST_FAULTS = 200
RULES = "urn:camphora:rule"
"""The system of rules that belong to no profile."""
"""So many faults are told in one answer, and how many more there are."""
COLUMN = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col"

SERVICE_STATUS = {"web-other-host": 421, "web-body-slow": 408, "web-token-refused": 401}
"""HTTP statuses of what is refused before any handler, at pages too (RFC 9110)."""
STATUS = {
    **SERVICE_STATUS,
    "web-sign-in-needed": 401,
    "web-fhir-no-type": 404,
    "web-fhir-method": 405,
    "web-fhir-update-absent": 405,
    "web-fhir-format": 406,
    "web-fhir-media-type": 415,
    "web-fhir-encoding": 415,
    "records-gone": 410,
    "web-fhir-media-of-patch": 415,
    "web-fhir-many-matches": 412,
    "web-fhir-nothing-matched": 412,
    "web-fhir-reference-unresolved": 412,
    "web-fhir-conditional": 412,
    "records-version-conflict": 412,
    "records-no-person": 422,
}
"""HTTP statuses that R4 asks for, where they are not those of the error's category."""

ISSUE = {
    "web-sign-in-needed": "login",
    "web-token-refused": "login",
    "web-fhir-value": "value",
    "web-fhir-same-record": "duplicate",
    "web-fhir-many-matches": "multiple-matches",
    "web-fhir-reference-unresolved": "not-found",
    "records-moved-on": "transient",
    "web-fhir-more-faults": "informational",
    "web-fhir-many-entries": "too-costly",
    "web-fhir-long-answer": "too-costly",
    "web-too-often": "throttled",
    "service-time-over": "timeout",
    "web-body-slow": "timeout",
    "records-gone": "deleted",
    "records-no-person": "business-rule",
    **dict.fromkeys(
        (
            "web-fhir-media-of-patch", "web-fhir-ignored", "web-fhir-parameter", "web-fhir-method",
            "web-fhir-no-route", "web-fhir-no-type", "web-fhir-format", "web-fhir-media-type",
            "web-fhir-encoding",
        ),
        "not-supported",
    ),
}  # fmt: skip
"""Codes of http://hl7.org/fhir/issue-type for the errors that belong to the edge."""


def status_of(error: CamphoraError) -> int:
    return STATUS.get(error.code, error.status)


def outcome_bytes(error: CamphoraError, lang: Lang, severity: str | None = None) -> bytes:
    """The OperationOutcome of an error in the reader's language, with line and column where they are known."""
    faults = _told(error)
    issues = [_edged(outcome(fault, lang)["issue"][0], fault, severity) for fault in faults]
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": issues})


def done(lang: Lang, findings: Sequence[Finding] = ()) -> bytes:
    """The OperationOutcome of what went well, for those who prefer one, with what the validator says of it."""
    outcome = information(catalogue()["web-fhir-done"].text[lang])
    outcome["issue"] += told(findings, lang)
    return orjson.dumps(outcome)


def validated(report: Report, lang: Lang) -> bytes:
    """The OperationOutcome of $validate: one sentence about what was checked, and every finding."""
    outcome = information(report.sentence(lang))
    outcome["issue"] = [*told(report.findings, lang), *outcome["issue"]]
    return orjson.dumps(outcome)


def told(findings: Sequence[Finding], lang: Lang) -> list[dict[str, Any]]:
    """Findings as issues, so many as are told in one answer."""
    more = len(findings) - MOST_FAULTS
    issues = [_ruled(found, lang) for found in findings[:MOST_FAULTS]]
    return issues if more <= 0 else [*issues, *_more(more, lang)]


def _ruled(found: Finding, lang: Lang) -> dict[str, Any]:
    """A finding as an issue that names the profile and the rule which ask for it."""
    issue = _edged(outcome(found.fault(), lang)["issue"][0], found.fault(), found.severity)
    told = {"system": found.profile or RULES, "code": found.rule}
    coding = issue["details"]["coding"]
    return {**issue, "details": {**issue["details"], "coding": [*coding, told]}} if found.rule else issue


def _more(more: int, lang: Lang) -> list[dict[str, Any]]:
    issues: list[dict[str, Any]] = outcome(Invalid("web-fhir-more-faults", more=more), lang)["issue"]
    return [{**issue, "severity": "information", "code": "informational"} for issue in issues]


def _told(error: CamphoraError) -> list[CamphoraError]:
    """The faults that are told: what is wrong everywhere in a large body would be many times that body's size."""
    faults: list[CamphoraError] = [*error.faults] if isinstance(error, Faults) else [error]
    more = len(faults) - MOST_FAULTS
    return faults if more <= 0 else [*faults[:MOST_FAULTS], Invalid("web-fhir-more-faults", more=more)]


def _edged(issue: dict[str, Any], error: CamphoraError, severity: str | None) -> dict[str, Any]:
    issue["code"] = ISSUE.get(error.code, issue["code"])
    issue["severity"] = severity or issue["severity"]
    place = error.place or Place()
    spots = ((LINE, place.line), (COLUMN, place.column))
    extensions = [{"url": url, "valueInteger": spot} for url, spot in spots if isinstance(spot, int)]
    return {"extension": extensions, **issue} if extensions else issue


def ours(error: Exception) -> CamphoraError:
    """The error itself where it is one of ours; a mistake of ours as a Fault whose number stands in the log, with
    its type and the place in the code, and no value."""
    if isinstance(error, CamphoraError):
        return error
    number = secrets.token_hex(4)
    last = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    where = f"{last.tb_frame.f_globals.get('__name__')}:{last.tb_lineno}" if last else "?"
    log.error("fault %s: %s at %s", number, type(error).__name__, where)
    return Fault("web-fhir-fault", number=number)
