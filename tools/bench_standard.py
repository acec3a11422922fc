"""Figures of the standard's engines, in the lines of `tools/bench.py`; one function per engine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from camphora.fhir import fhirpath

PATIENT = {
    "resourceType": "Patient",
    "id": "example",
    "name": [
        {"use": "official", "family": "Chalmers", "given": ["Peter", "James"]},
        {"use": "usual", "given": ["Jim"]},
        {"use": "maiden", "family": "Windsor", "given": ["Peter", "James"]},
    ],
    "telecom": [
        {"use": "home"},
        {"system": "phone", "value": "(03) 5555 6473", "use": "work", "rank": 1},
        {"system": "phone", "value": "(03) 3410 5613", "use": "mobile", "rank": 2},
        {"system": "phone", "value": "(03) 5555 8834", "use": "old"},
    ],
    "birthDate": "1974-12-25",
}
PERIOD = {"start": "2012-03-01", "end": "2013-04-05"}
ELEMENT = "hasValue() or (children().count() > id.count())"
SHOWN: tuple[tuple[str, str | None, dict[str, Any], bool], ...] = (
    ("Patient.name.family", None, PATIENT, False),
    ("Patient.telecom.where(system='phone').value", None, PATIENT, False),
    ("name.given | name.family", None, PATIENT, False),
    (ELEMENT, "HumanName", PATIENT["name"][0], True),
    ("start.hasValue().not() or end.hasValue().not() or (start <= end)", "Period", PERIOD, True),
    ("extension.exists() != value.exists()", "Extension", {"url": "urn:x", "valueString": "y"}, True),
)
ROUNDS, TIMES = 15, 2_000


def microseconds(act: Callable[[], object]) -> list[float]:
    """The mean time of one call in each of several rounds."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(TIMES):
            act()
        found.append((time.perf_counter() - start) / TIMES * 1e6)
    return found


def fhirpath_figures() -> Iterator[dict[str, Any]]:
    """FHIRPath on a parsed resource: the expression compiled before, one evaluation."""
    for text, of, item, invariant in SHOWN:
        made = fhirpath.compile(text, of)
        act = (lambda m=made, i=item: m.holds(i)) if invariant else (lambda m=made, i=item: m(i))
        times = sorted(microseconds(act))
        yield {
            "bench": "standard-fhirpath",
            "value": round(times[0], 3),
            "unit": "µs",
            "p50": round(statistics.median(times) / 1000, 6),
            "p95": round(times[int(len(times) * 0.95)] / 1000, 6),
            "settings": {"expression": text, "quickest_of": ROUNDS},
        }
