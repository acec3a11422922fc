from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import orjson
import pytest

from camphora.fhir import packages, structure
from camphora.synth import population

TODAY = "2026-11-21"
TAG = {"system": "urn:camphora:data-kind", "code": "synthetic", "display": "合成資料"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:00\+08:00)?")
PLANNED = {"validityPeriod"}


def walk(value, path=()) -> Iterator[tuple[tuple, object]]:
    yield path, value
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield from walk(child, (*path, key))


def pointed_at(resource) -> set[str]:
    return set(re.findall('"reference":"([^"]+)"', orjson.dumps(resource).decode()))


def test_every_resource_is_right_r4(resources, shared):
    faults = [str(fault) for r in [*shared, *resources] for fault in structure.check(r)]
    assert faults == []


def test_every_resource_is_tagged_synthetic(resources, shared):
    assert all(TAG in resource["meta"]["tag"] for resource in [*shared, *resources])


def test_ids_are_unique_short_and_safe_in_a_url(resources, shared):
    keys = [(r["resourceType"], r["id"]) for r in [*shared, *resources]]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch("[A-Za-z0-9-]{1,20}", key) for _, key in keys)


def test_every_reference_resolves_within_the_household_or_the_foundation(homes, shared):
    common = {f"{r['resourceType']}/{r['id']}" for r in shared}
    for home in homes:
        here = common | {f"{r['resourceType']}/{r['id']}" for r in home.resources}
        assert set().union(*map(pointed_at, home.resources)) <= here


def test_the_foundations_references_resolve(shared):
    here = {f"{r['resourceType']}/{r['id']}" for r in shared}
    assert set().union(*map(pointed_at, shared)) <= here


def test_nothing_happens_after_death_or_after_today_or_before_birth(homes):
    for home in homes:
        ends = {
            f"Patient/{p.id}": date.fromordinal(p.died).isoformat() for p in home.household.people if p.died
        }
        born = {f"Patient/{p.id}": date.fromordinal(p.born).isoformat() for p in home.household.people}
        for resource in home.resources:
            subject = (resource.get("subject") or resource.get("patient") or {}).get("reference")
            if resource["resourceType"] == "RelatedPerson" or not subject:
                continue
            for path, value in walk(resource):
                if isinstance(value, str) and MOMENT.fullmatch(value) and not PLANNED.intersection(path):
                    assert born[subject] <= value[:10] <= ends.get(subject, TODAY), (resource["id"], path)


def test_the_dead_are_marked_and_the_living_are_not(homes):
    for home in homes:
        patients = {r["id"]: r for r in home.resources if r["resourceType"] == "Patient"}
        for person in home.household.people:
            assert ("deceasedDateTime" in patients[person.id]) == bool(person.died)


def test_pregnancy_and_birth_are_of_women_of_the_age_for_it(homes):
    count = 0
    for home in homes:
        women = {f"Patient/{p.id}": p for p in home.household.people if p.sex == "f"}
        for resource in home.resources:
            if resource["resourceType"] == "Condition":
                code = resource["code"]["coding"][0]["code"]
                if code in {"Z34.90", "O80"}:
                    count += 1
                    assert (
                        18
                        <= women[resource["subject"]["reference"]].age(date(2026, 11, 21).toordinal())
                        <= 50
                    )
    assert count > 10


@pytest.mark.parametrize(("codes", "sex"), [("N40.1 C61", "m"), ("N76.0 N94.6 Z12.4 Z12.31", "f")])
def test_illnesses_of_one_sex_stay_with_it(homes, codes, sex):
    for home in homes:
        sexes = {f"Patient/{p.id}": p.sex for p in home.household.people}
        for r in home.resources:
            if r["resourceType"] == "Condition" and r["code"]["coding"][0]["code"] in codes.split():
                assert sexes[r["subject"]["reference"]] == sex


def test_sensitive_conditions_are_labelled_with_all_that_belongs_to_their_visits(resources):
    labels = {"F3": "PSY", "F4": "PSY", "F2": "PSY", "F1": "ETH", "B2": "HIV", "A5": "SEX", "T7": "SDV"}
    secret = {}
    for r in resources:
        if r["resourceType"] == "Condition":
            label = labels.get(r["code"]["coding"][0]["code"][:2])
            assert [s["code"] for s in r["meta"].get("security", [])] == (
                [label] if label else []
            ) or label is None
            if label:
                secret[f"Condition/{r['id']}"] = label
    visits = {f"Encounter/{r['id']}": r for r in resources if r["resourceType"] == "Encounter"}
    hidden = {key for key, r in visits.items() if r["diagnosis"][0]["condition"]["reference"] in secret}
    assert hidden
    for r in resources:
        if r.get("encounter", {}).get("reference") in hidden or f"Encounter/{r['id']}" in hidden:
            assert r["meta"]["security"][0]["system"].endswith("v3-ActCode")


def kin(owner: object, name: str) -> list:
    """Values of an element of R4 JSON; `value[x]` finds any of its choices."""
    if not isinstance(owner, dict):
        return []
    stem = name.removesuffix("[x]")
    keys = [k for k in owner if k == name or (stem != name and re.fullmatch(stem + "[A-Z].*", k))]
    return [v for k in keys for v in (owner[k] if isinstance(owner[k], list) else [owner[k]])]


def missing(resource: dict, snapshot: list[dict]) -> Iterator[str]:
    """Elements outside slices that the profile wants at least once, and plain patterns that do not match."""
    for element in snapshot:
        *parents, name = element["path"].split(".")
        if ":" in element["id"] or not parents or not element.get("min"):
            continue
        owners = [resource]
        for step in parents[1:]:
            owners = [child for owner in owners for child in kin(owner, step)]
        if any(
            not kin(owner, name) and f"_{name}" not in owner for owner in owners if isinstance(owner, dict)
        ):
            yield element["id"]


def test_what_taiwan_core_requires_is_there(resources, shared):
    guide = packages.package("tw.gov.mohw.twcore")
    profiles = {d["url"]: d for d in guide.definitions("StructureDefinition")}
    used = set()
    for resource in [*shared[::9], *resources[::3]]:
        for url in resource["meta"].get("profile", []):
            used.add(url)
            assert list(missing(resource, profiles[url]["snapshot"]["element"])) == [], resource["id"]
    assert len(used) >= 18


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 1, 31), date(2030, 12, 31)])
def test_any_day_may_be_today(country, today):
    for household in population(country, 60, seed=7, today=today):
        for resource in household.resources():
            faults = structure.check(resource)
            assert faults == []
            dates = [v[:10] for path, v in walk(resource) if isinstance(v, str) and MOMENT.fullmatch(v)]
            if resource["resourceType"] != "MedicationRequest":
                assert max(dates, default="") <= today.isoformat()


def test_clinics_are_closed_on_sundays(resources):
    days = {
        date.fromisoformat(r["period"]["start"][:10]).isoweekday() for r in resources
        if r["resourceType"] == "Encounter" and r["class"]["code"] == "AMB"
    }  # fmt: skip
    assert days == {1, 2, 3, 4, 5, 6}
