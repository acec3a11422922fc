"""Whatever a record holds or lacks, every reading of it can be drawn: HL7's own examples, each element left out."""

import copy
import json
import lzma
import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from camphora.fhir.packages import package
from camphora.web.reading import (
    Reading,
    course,
    elements,
    is_synthetic,
    medicines,
    moments,
    people,
    results,
    screening,
)
from camphora.web.reading.chart import name_of
from camphora.web.reading.titles import date_of, kind, place, title
from camphora.web.site import handlers_words

TODAY = date(2026, 11, 21)
PACKED = Path(__file__).parents[2] / "fhir" / "data" / "examples-r4.json.xz"
EXAMPLES = [
    *json.loads(lzma.decompress(PACKED.read_bytes())).values(),
    *package("tw.gov.mohw.twcore").examples(),
]
ODD_DATES = [
    "2026", "2026-02", "0001-01-01", "9999-12-31", "2026-06-30T23:59:60Z", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2026-01-01T00:00:00.123456789Z", "2026-01-01T24:00:00Z",
]  # fmt: skip
INSIDE = [
    row for row in EXAMPLES if row["resourceType"] in {"Observation", "MedicationRequest", "Procedure"}
][:12]
VISIT = {"resourceType": "Encounter", "id": "v"}
ODD_NUMBERS = [0, -1, 1e300, 10**18, 0.1]


class NoTerms:
    """A terminology that holds nothing: what the words alone must say."""

    def plain(self, system, code):
        return None

    def lookup(self, system, code):
        return None


@cache
def reading(lang):
    return Reading(handlers_words(lang), NoTerms(), TODAY)


def draw(reading, resource):
    """Every reading of one record, by itself and beside another of its kind."""
    two = [resource, {**resource, "id": "other", "effectiveDateTime": "2020-01-01"}]
    elements.readable(reading, resource)
    elements.flat(reading, resource)
    elements.changed_between(reading, resource, {})
    assert title(reading, resource)
    assert kind(reading, resource["resourceType"])
    place(reading, resource)
    reading.value(resource)
    is_synthetic(two)
    if date_of(resource):
        reading.when(date_of(resource))
        reading.near(date_of(resource))
        reading.moment(date_of(resource))
    moments.moments(reading, moments.Story([], two))
    if resource["resourceType"] in AS_KIND:
        AS_KIND[resource["resourceType"]](reading, two)


def draw_visit(reading, rows):
    told = moments.Story(rows, [], {f"Encounter/{row['id']}": INSIDE for row in rows})
    moments.moments(reading, told)
    told.institutions()


def draw_result(reading, rows):
    results.latest(reading, rows)
    before = moments.earlier(rows)
    moments.moments(reading, moments.Story([VISIT], [], {"Encounter/v": rows}, before))
    for row in rows:
        course.figure(reading, row)
        course.chart(reading, [row, *rows])


def draw_medicine(reading, rows):
    given = [{"whenHandedOver": row["authoredOn"]} for row in rows if "authoredOn" in row]
    for row in ({**row, "status": "active"} for row in rows):
        medicines.current(reading, [row])
        medicines.next_refill(reading, medicines.refills([row], [], TODAY))
        medicines.refill(row, given, TODAY)


def draw_supply(reading, rows):
    medicines.refills([{"resourceType": "MedicationRequest", "id": "m"}], rows, TODAY)


def draw_person(reading, rows):
    for row in rows:
        people.row(reading, row, "/x")
        name_of(row)
        for due in screening.due({**row, "deceasedBoolean": False}, rows, TODAY):
            screening.as_now(reading, due)


def draw_act(reading, rows):
    done = [{"system": screening.OURS, "code": name} for name in screening.EVIDENCE]
    rows = [{**row, "status": "final", "code": {"coding": done}} for row in rows]
    screening.due({"birthDate": "1960-02-29", "gender": "female"}, rows, TODAY)


AS_KIND = {
    "Encounter": draw_visit, "Observation": draw_result, "MedicationRequest": draw_medicine,
    "MedicationDispense": draw_supply,
    "Patient": draw_person, "Procedure": draw_act, "DiagnosticReport": draw_act,
}  # fmt: skip


def spots(node, path=""):
    """Every object with one of its keys and the element's path, once for each path."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        here = f"{path}.{key}" if isinstance(key, str) else path
        if isinstance(key, str):
            yield node, key, here
        if isinstance(value, dict | list):
            yield from spots(value, here)


def elements_of(resource):
    """One object and key for each element of the resource."""
    found = {path: (holder, key) for holder, key, path in spots(resource)}
    return [where for path, where in found.items() if path not in {".resourceType", ".id"}]


def without(resource):
    """The resource without each of its elements, and with an extension in its place."""
    for holder, key in elements_of(resource):
        before, masked = holder.pop(key), f"_{key}"
        yield resource
        if not key.startswith("_") and masked not in holder:
            holder[masked] = {"extension": [{"url": "urn:x", "valueCode": "masked"}]}
            yield resource
            del holder[masked]
        holder[key] = before


def oddly(resource):
    """The resource with each of its dates and numbers in odd forms."""
    for holder, key in elements_of(resource):
        before = holder[key]
        for value in odd(before):
            holder[key] = value
            yield resource
        holder[key] = before


def odd(value):
    if isinstance(value, str) and re.match(r"\d{4}(-\d\d)*(T|$)", value):
        return ODD_DATES
    return ODD_NUMBERS if isinstance(value, int | float) and not isinstance(value, bool) else ()


LANGUAGES = ("zh-TW", "en")
named = pytest.mark.parametrize("example", EXAMPLES, ids=lambda row: f"{row['resourceType']}-{row['id']}")


@named
def test_every_example_is_drawn_whole_and_without_any_of_its_elements(example):
    for lang in LANGUAGES:
        draw(reading(lang), example)
    for form in without(copy.deepcopy(example)):
        draw(reading("zh-TW"), form)


@named
def test_every_example_is_drawn_with_odd_dates_and_numbers(example):
    for number, form in enumerate(oddly(copy.deepcopy(example))):
        draw(reading(LANGUAGES[number % 2]), form)
