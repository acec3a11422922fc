"""The synthetic Taiwan is right as a whole: base R4 and the Taiwan Core profiles that each resource declares."""

import csv
import gzip
import io
from datetime import date
from pathlib import Path

import pytest

from camphora.fhir.packages import Guides
from camphora.fhir.validation import Policy, Validator
from camphora.synth import population

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 21)
ADVICE = {"validation-advice", "validation-code-extensible", "taiwan-id-checksum", "taiwan-resident-checksum"}


class Held:
    """Resolves references among the resources that it was given."""

    def __init__(self, resources):
        self.held = {f"{one['resourceType']}/{one['id']}": one for one in resources}

    def resolve(self, reference):
        return self.held.get(reference)


def codes(node, system):
    """Codes and identifiers of a system, anywhere below."""
    if isinstance(node, dict):
        if str(node.get("system", "")).endswith(f"/{system}"):
            yield node.get("code") or node.get("value")
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from codes(one, system)


@pytest.fixture(scope="module")
def people(country):
    return [one for home in population(country, 30, seed=5, today=TODAY) for one in home.resources()]


@pytest.fixture(scope="module")
def validator(people, shared):
    return Validator(Guides.bundled(), resolver=Held([*shared, *people]))


def test_thirty_people_and_everything_about_them_are_without_an_error(validator, people):
    assert len({one["resourceType"] for one in people}) >= 10
    found = [
        (one["resourceType"], fault.path, fault.code) for one in people for fault in validator.validate(one)
    ]
    assert {fault for fault in found if fault[2] not in ADVICE} == set()


def test_those_who_treat_them_are_without_an_error(validator, shared):
    found = [
        (one["resourceType"], fault.path, fault.code) for one in shared for fault in validator.validate(one)
    ]
    assert {fault for fault in found if fault[2] not in ADVICE} == set()


def test_every_resource_of_a_person_declares_a_profile_that_is_known(validator, people):
    for one in people:
        report = validator.report(one)
        assert [profile.partition("|")[0] for profile in report.profiles if "twcore" in profile], one[
            "resourceType"
        ]


@pytest.mark.parametrize(
    ("kind", "lacking"),
    [("Patient", "gender"), ("Patient", "identifier"), ("Condition", "clinicalStatus"), ("Observation", "category"),
     ("Encounter", "status"), ("Procedure", "code"), ("DiagnosticReport", "subject"), ("MedicationRequest", "intent")],
)  # fmt: skip
def test_what_a_profile_asks_for_is_missed_where_it_is_taken_away(validator, people, kind, lacking):
    one = next(one for one in people if one["resourceType"] == kind)
    faults = validator.validate({name: value for name, value in one.items() if name != lacking})
    assert any(fault.severity == "error" and lacking in f"{fault.path} {fault.rule}" for fault in faults)


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ("medication-nhi-tw", "nhi_drug"),
        ("medical-service-payment-tw", "nhi_fee"),
        ("organization-identifier-tw", "nhi_facility"),
    ],
)
def test_every_code_of_the_health_insurance_is_on_its_list(people, shared, system, name):
    (path,) = (ROOT / "src/camphora/terminology").rglob(f"{name}.csv.gz")
    listed = {row["code"] for row in csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode()))}
    used = set(codes([*people, *shared], system))
    assert len(used) >= 10
    assert used <= listed


def test_a_demonstration_may_turn_the_check_digits_off(people):
    policy = Policy(rules={"taiwan-id-checksum": "off", "taiwan-resident-checksum": "off"})
    patient = next(one for one in people if one["resourceType"] == "Patient")
    codes = [
        {fault.code for fault in Validator(Guides.bundled(), policy=said).validate(patient)}
        for said in (None, policy)
    ]
    assert any(code.endswith("-checksum") for code in codes[0])
    assert not any(code.endswith("-checksum") for code in codes[1])
