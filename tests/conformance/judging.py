"""What the validator says of a resource, as the suites compare it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from camphora.fhir.packages import Guides
from camphora.fhir.validation import Finding, Validator
from camphora.fhir.validation.guides import PUBLISHING, Guide
from conformance.corpora import Json


class Report(NamedTuple):
    """One finding: where it lies, and what it says."""

    path: str
    text: str


@cache
def validator() -> Validator:
    """The validator of everything that Camphora carries."""
    return Validator(Guides.bundled())


@cache
def publisher() -> Validator:
    """The same, as publishers of guides ask it."""
    return Validator(Guides.bundled(), policy=PUBLISHING)


def published(resource: Json, guide: Guide) -> dict[str, list[Report]]:
    """What a publisher says of one of the resources of a guide: errors and warnings."""
    found = [*publisher().validate(resource), *guide.check(resource)]
    return {kind: [_report(one) for one in found if one.severity == kind] for kind in ("error", "warning")}


def errors(resource: Json) -> list[Report]:
    return [_report(one) for one in validator().validate(resource) if one.severity == "error"]


def faultless(resource: Json) -> str | None:
    """None where the validator finds no error, else the first three."""
    found = errors(resource)
    return None if not found else "; ".join(f"{e.path}: {e.text}" for e in found[:3])


def _report(finding: Finding) -> Report:
    return Report(finding.path, f"{finding.code} {finding.rule} {finding.text()}")
