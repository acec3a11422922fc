"""Whatever is brought: an answer, the same each time, in the same order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.fhir.definitions import resource_types
from fhir_strategies import resources

ORDER = ["error", "warning", "information"]
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
names = st.sampled_from(
    ["id", "meta", "text", "div", "extension", "url", "valueString", "code", "coding", "system", "contained",
     "subject", "reference", "entry", "resource", "fullUrl", "identifier", "status", "_status", "resourceType"]
) | st.text(max_size=4)  # fmt: skip
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(names, v, max_size=5), max_leaves=20
)


def seen(validator, resource):
    return [(one.severity, one.code, one.path, one.rule) for one in validator.validate(resource)]


@settings(max_examples=300, deadline=None)
@given(value=values)
def test_no_json_makes_it_fail(validator, value):
    assert seen(validator, value)


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(sorted(resource_types())), value=st.dictionaries(names, values, max_size=6))
def test_no_content_of_a_resource_makes_it_fail(validator, kind, value):
    resource = {**value, "resourceType": kind}
    assert seen(validator, resource) == seen(validator, resource)


@settings(max_examples=100, deadline=None)
@given(resource=resources())
def test_what_is_right_in_structure_has_no_fault_of_structure(validator, resource):
    faults = [
        row for row in seen(validator, resource) if row[1].startswith("fhir-") and row[1] != "fhir-code"
    ]
    assert faults == []


@settings(max_examples=60, deadline=None)
@given(resource=resources("Patient"))
def test_a_count_changes_no_verdict(validator, resource):
    report = validator.report(resource)
    assert report.findings == validator.validate(resource)
    assert report.nodes > 0


SECRET = "王小明A123456789"
PLACES = [
    {"gender": SECRET}, {"meta": {"profile": [SECRET], "security": [{"system": SECRET, "code": SECRET}]}},
    {"maritalStatus": {"coding": [{"system": "http://hl7.org/fhir/administrative-gender", "code": SECRET}]}},
    {"extension": [{"url": SECRET, "valueString": SECRET}]}, {SECRET: SECRET}, {"birthDate": SECRET},
    {"identifier": [{"system": "http://www.moi.gov.tw", "value": SECRET, "use": SECRET}]},
    {"managingOrganization": {"reference": SECRET, "type": SECRET}}, {"implicitRules": SECRET, "language": SECRET},
    {"contact": [{"relationship": [{"coding": [{"system": SECRET, "code": SECRET, "display": SECRET}]}]}]},
    {"contained": [{"resourceType": SECRET}, {"resourceType": "Patient", "id": SECRET}]},
    {"communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": SECRET}]}}]},
    {"text": {"status": SECRET, "div": SECRET}}, {"modifierExtension": [{"url": SECRET}]},
]  # fmt: skip


@pytest.mark.parametrize("content", PLACES)
def test_no_finding_repeats_what_may_be_a_persons(validator, content):
    resource = {"resourceType": "Patient", **content}
    report = validator.report(resource)
    assert report.findings
    said = [one.text(lang) + one.remedy(lang) for one in report.findings for lang in ("zh-TW", "en")]
    assert "王小明" not in repr(report) + "".join(said)


def test_a_hundred_thousand_faults_are_told_in_one_pass(validator):
    found = validator.validate({"resourceType": "Patient"} | {f"x{number}": 1 for number in range(100_000)})
    assert [one.path for one in found if one.code == "fhir-unknown-element"][99_999] == "Patient.x99999"


def test_a_long_chain_of_references_ends(validator):
    profile = "https://twcore.mohw.gov.tw/ig/twcore/StructureDefinition/Observation-laboratoryResult-twcore"
    link = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "a"},
        "meta": {"profile": [profile]},
    }
    entries = [
        {
            "fullUrl": f"urn:uuid:{number}",
            "resource": {**link, "hasMember": [{"reference": f"urn:uuid:{number + 1}"}]},
        }
        for number in range(1_500)
    ]
    found = validator.validate({"resourceType": "Bundle", "type": "collection", "entry": entries})
    assert any(one.path.startswith("Bundle.entry[1499]") for one in found)
