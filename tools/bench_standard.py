"""Figures of the standard's engines, in the lines of `tools/bench.py`; one function per engine.

The peers `fhirpathpy` and `fhir.resources` run the same work in the same run: trust the ratios.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import fhirpathpy
import orjson
from fhir.resources.R4B.observation import Observation

from bench import line
from camphora.fhir import fhirpath, structure, xml
from camphora.fhir.packages import Guides, package
from camphora.fhir.validation import Validator
from camphora.synth import Country, population

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
PEOPLE = 200
LABORATORY = "https://twcore.mohw.gov.tw/ig/twcore/StructureDefinition/Observation-laboratoryResult-twcore"
Json = dict[str, Any]


def figures() -> Iterator[Json]:
    yield from fhirpath_figures()
    yield from validation_figures()
    yield from form_figures()


def seconds(act: Callable[[], object], times: int = TIMES) -> list[float]:
    """The mean time of one call in each of several rounds."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(times):
            act()
        found.append((time.perf_counter() - start) / times)
    return found


def quickest(bench: str, times: list[float], **settings: Any) -> Json:
    """The mean of the quickest round in µs; p50 and p95 of the rounds in milliseconds, as everywhere."""
    row = line(bench, min(times) * 1e6, "µs", quickest_of=ROUNDS, **settings)
    ordered = sorted(times)
    spread = {"p50": ordered[ROUNDS // 2], "p95": ordered[int(ROUNDS * 0.95)]}
    return {**row, **{name: round(value * 1000, 6) for name, value in spread.items()}}


def fhirpath_figures() -> Iterator[Json]:
    """FHIRPath on a parsed resource: the expression compiled before, one evaluation; beside it the peer's."""
    for text, of, item, invariant in SHOWN:
        made = fhirpath.compile(text, of)
        act = (lambda m=made, i=item: m.holds(i)) if invariant else (lambda m=made, i=item: m(i))
        ours = seconds(act)
        yield quickest("standard.fhirpath", ours, expression=text, fhirpathpy=_peer(text, item, min(ours)))


def _peer(text: str, item: Json, ours: float) -> str:
    """How many times as long the peer takes, precompiled too; not all functions are known to it."""
    made = fhirpathpy.compile(text)
    try:
        made(item)
    except Exception as error:  # noqa: BLE001 - it raises nothing more particular
        return f"fails: {error}"
    return f"{min(seconds(lambda: made(item), TIMES // 20)) / ours:.1f} times as long"


def validation_figures() -> Iterator[Json]:
    """A laboratory Observation against Taiwan Core, and the synthetic Taiwan whole."""
    validator = Validator(Guides.bundled())
    lab = _laboratory()
    report = validator.report(lab)
    counts = {"nodes": report.nodes, "invariants": report.invariants, "findings": len(report.findings)}
    ours = seconds(lambda: validator.validate(lab))
    yield quickest("standard.validate", ours, profile=LABORATORY, bytes=len(orjson.dumps(lab)), **counts)
    base = {name: value for name, value in lab.items() if name != "meta"}
    yield quickest("standard.validate-base", seconds(lambda: validator.validate(base)))
    yield quickest("standard.structure", seconds(lambda: structure.check(lab)))
    theirs = seconds(lambda: Observation.model_validate(base), TIMES // 20)
    yield quickest("standard.peer-structure", theirs, peer="fhir.resources R4B")
    yield _whole(validator)


def _laboratory() -> Json:
    """A laboratory result of the synthetic Taiwan, with a narrative, so that all is well with it."""
    made = (
        one for house in population(Country.load(), 20, 1, date(2026, 11, 21)) for one in house.resources()
    )
    found = next(one for one in made if LABORATORY in one.get("meta", {}).get("profile", ()))
    narrative = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">檢驗結果</div>'}
    return {**found, "text": narrative}


def _whole(validator: Validator) -> Json:
    people = population(Country.load(), PEOPLE, 1, date(2026, 11, 21))
    every = [one for house in people for one in house.resources()]
    for one in every[: len(every) // 10]:
        validator.validate(one)
    start = time.process_time()
    wrong = sum(any(f.severity == "error" for f in validator.validate(one)) for one in every)
    took = time.process_time() - start
    settings = {"people": PEOPLE, "resources": len(every), "with_errors": wrong}
    return line("standard.validate-people", len(every) / took, "resources/CPU-s", **settings)


def form_figures() -> Iterator[Json]:
    """XML read and written."""
    lab = next(
        one for one in package("tw.gov.mohw.twcore").examples() if one["resourceType"] == "Observation"
    )
    text = xml.write(lab)
    yield quickest("standard.xml-read", seconds(lambda: xml.parse(text), 500), bytes=len(text))
    yield quickest("standard.xml-write", seconds(lambda: xml.write(lab), 500), bytes=len(text))


if __name__ == "__main__":
    for row in figures():
        print(orjson.dumps(row).decode())
