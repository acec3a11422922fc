"""A pasted resource and what is wrong with it, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from camphora.errors import Faults, Invalid, Lang
from camphora.fhir.distinct import require_distinct
from camphora.fhir.json import parse
from camphora.fhir.validation import Validator
from camphora.web.contexts import FaultTold, LineTold
from camphora.web.fhir import places, places_xml
from camphora.web.fhir.forms import as_json, placed
from camphora.web.fhir.negotiation import Form
from camphora.web.fhir.outcomes import MOST_FAULTS

ALL_LINES = 300
"""Longer texts show the lines near their faults."""
NEAR = 3


@dataclass(frozen=True, slots=True)
class Checked:
    """What a validation says: one sentence (empty where the text could not be read), the faults that are told, and how
    many more there are."""

    form: Form
    said: str
    faults: Sequence[FaultTold]
    more: int = 0


def form_of(text: str) -> Form:
    return "xml" if text.lstrip("\ufeff \t\r\n").startswith("<") else "json"


def check(validator: Validator, text: str, profiles: Sequence[str], lang: Lang) -> Checked:
    """Read and validate a text. Nothing is kept, and no record is looked at."""
    body, form = text.encode(), form_of(text)
    try:
        plain = as_json(body, form)
        resource = parse(plain)
        require_distinct(plain, resource)
        report = validator.report(resource, list(profiles))
    except Invalid as error:
        found_at = placed(error, body, form)
        several = found_at.faults if isinstance(found_at, Faults) else [found_at]
        return Checked(form, "", [_of_error(each, lang) for each in several[:MOST_FAULTS]])
    found = report.findings[:MOST_FAULTS]
    lines = _lines(body, form, [each.path for each in found])
    faults = [
        FaultTold(each.severity, line, each.path, each.text(lang), each.remedy(lang))
        for each, line in zip(found, lines, strict=True)
    ]
    faults.sort(key=lambda each: each.line)
    return Checked(form, report.sentence(lang), faults, max(0, len(report.findings) - MOST_FAULTS))


def _of_error(error: Invalid, lang: Lang) -> FaultTold:
    place = error.place
    line = place.line if place is not None and isinstance(place.line, int) else 0
    path = (place.path or "") if place is not None else ""
    return FaultTold("error", line, path, error.text(lang), error.remedy(lang))


def _lines(body: bytes, form: Form, paths: Sequence[str]) -> list[int]:
    """The line of each path; 0 in texts that are too long to be searched."""
    if len(body) > places.LONGEST or not paths:
        return [0] * len(paths)
    locate = places.in_json if form == "json" else places_xml.locate_all
    return [line for line, _ in locate(body, paths)]


def beside(text: str, faults: Sequence[FaultTold]) -> list[LineTold]:
    """The lines of the text that are shown, each with its faults."""
    lines = text.splitlines()
    wanted = {near for each in faults for near in range(each.line - NEAR, each.line + NEAR + 1)}
    shown = [number for number in range(1, len(lines) + 1) if len(lines) <= ALL_LINES or number in wanted]
    return [
        LineTold(
            number,
            lines[number - 1],
            [each for each in faults if each.line == number],
            after_gap=number - 1 != before,
        )
        for before, number in zip([0, *shown], shown, strict=False)
    ]
