"""The order of findings: as the document goes, the resource as a whole first."""

from camphora.fhir.primitives import Found
from camphora.fhir.validation import Policy, Validator
from camphora.fhir.validation.finding import findings

RESOURCE = {"resourceType": "Patient", "name": [{"text": "a"}], "gender": "x", "contact": [{}]}


def said(*paths):
    found = [Found(path, code, {}, "error") for path, code in paths]
    return [(one.path, one.code) for one in findings(RESOURCE, "Patient", found)]


def test_the_whole_comes_first_then_one_element_by_code():
    assert said((".gender", "b"), (".gender", "a"), ("", "z")) == [
        ("Patient", "z"), ("Patient.gender", "a"), ("Patient.gender", "b")]  # fmt: skip


def test_elements_come_as_they_stand_in_the_document():
    assert said((".contact[0]", "a"), (".gender", "a"), (".name[0].text", "a"), ("", "a")) == [
        ("Patient", "a"), ("Patient.name[0].text", "a"), ("Patient.gender", "a"),
        ("Patient.contact[0]", "a")]  # fmt: skip


def test_one_fault_of_the_whole_is_the_same_for_each_resource_and_the_callers_list_its_own(guides):
    validator = Validator(guides)
    first, second = (
        validator.validate({"resourceType": "Patient", "gender": one}) for one in ("male", "female")
    )
    assert [one.rule for one in first] == ["dom-6"] == [one.rule for one in second]
    first.clear()
    assert validator.validate({"resourceType": "Patient", "gender": "male"}) == second
    basic = validator.validate({"resourceType": "Basic", "code": {"text": "a"}})
    assert [(one.path, one.rule) for one in basic] == [("Basic", "dom-6")]


def test_a_policy_is_asked_for_it_too(guides):
    validator = Validator(guides, policy=Policy(rules={"dom-6": "off"}))
    assert [validator.validate({"resourceType": "Patient", "gender": "male"}) for _ in range(2)] == [[], []]
