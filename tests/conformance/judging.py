"""What the validator says of a resource, as the suites compare it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from camphora.fhir.packages import Guides
from camphora.fhir.validation import Finding, Validator
from conformance.corpora import Json

ERRORS = ("error", "fatal")


class Report(NamedTuple):
    """One finding: its severity, where it lies, and what it says."""

    severity: str
    path: str
    text: str


@cache
def validator() -> Validator:
    """The validator of everything that Camphora carries."""
    return Validator(Guides.bundled())


def reports(resource: Json, profiles: tuple[str, ...] = ()) -> list[Report]:
    return [_report(finding) for finding in validator().validate(resource, profiles)]


def _report(finding: Finding) -> Report:
    return Report(finding.severity, finding.path, f"{finding.code} {finding}")


def errors(resource: Json, profiles: tuple[str, ...] = ()) -> list[Report]:
    return [report for report in reports(resource, profiles) if report.severity in ERRORS]


def faultless(resource: Json) -> str | None:
    """None where the validator finds no error, else the first three."""
    found = errors(resource)
    return None if not found else "; ".join(f"{e.path}: {e.text}" for e in found[:3])
