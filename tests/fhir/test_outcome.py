import pytest

from camphora import errors
from camphora.errors import Faults, Invalid, NotFound, Place
from camphora.fhir import definitions
from camphora.fhir.outcome import FINER, ISSUE_TYPES, information, outcome
from camphora.fhir.structure import check


def test_each_fault_becomes_an_issue_in_the_readers_language(patient):
    faults = check(patient | {"gender": "M", "foo": 1})
    made = outcome(Faults(faults), "zh-TW")
    assert [issue["expression"] for issue in made["issue"]] == [["Patient.gender"], ["Patient.foo"]]
    assert [issue["code"] for issue in made["issue"]] == ["code-invalid", "structure"]
    assert made["issue"][1]["details"]["text"] == "「foo」不是 Patient 的欄位"
    assert made["issue"][1]["details"]["coding"][0]["code"] == "fhir-unknown-element"


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_an_outcome_is_itself_right(patient, lang):
    assert check(outcome(Faults(check(patient | {"gender": "M"})), lang)) == []
    assert check(outcome(NotFound("fhir-no-package", name="x", known="y"), lang)) == []
    assert check(information("完成")) == []


def test_a_place_in_a_file_is_told_with_the_remedy():
    made = outcome(Invalid("fhir-json-broken", place=Place(file="a.json", line=2, column=5)), "en")
    assert made["issue"][0]["diagnostics"].startswith("a.json:2:5: ")


def test_issue_types_are_those_of_fhir():
    issue_types = definitions.value_sets()["http://hl7.org/fhir/ValueSet/issue-type"]
    assert {*FINER.values(), *ISSUE_TYPES.values(), "informational"} <= {
        c for codes in issue_types.values() for c in codes
    }


def test_finer_codes_are_in_the_catalogue():
    assert FINER.keys() <= errors.catalogue().keys()
