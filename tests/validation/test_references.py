"""References into bundles, through a resolver and to contained resources, and the profiles of their targets."""

import pytest

from camphora.fhir.validation import Validator

TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/StructureDefinition/"
OWN = ("urn:own",)
URN = "urn:uuid:0a1b2c3d-0000-4000-8000-00000000000{}"
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "a"}}
FITTING = {
    "resourceType": "Patient",
    "id": "1",
    "identifier": [{"use": "official", "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                    "code": "MR"}]}, "system": "https://www.tph.mohw.gov.tw", "value": "1"}],
    "name": [{"use": "official", "text": "王小明"}],
    "gender": "male",
    "birthDate": "1990-01-01",
}  # fmt: skip


def subject(**more):
    row = {"code": "Reference", "targetProfile": [TWCORE + "Patient-twcore"], **more}
    return {"id": "Observation.subject", "type": [row]}


def said(validator, resource, profiles=()):
    found = validator.validate(resource, profiles)
    return [(one.code.removeprefix("validation-"), one.path) for one in found if one.severity == "error"]


class Shelf(dict):
    def resolve(self, reference):
        return self.get(reference)


@pytest.mark.parametrize(
    ("target", "expected"),
    [(FITTING, []), ({**FITTING, "birthDate": "1990-13"}, [("target-profile", "Observation.subject")]),
     ({"resourceType": "Group", "type": "person", "actual": True}, [("target", "Observation.subject")]), (None, [])],
)  # fmt: skip
def test_what_the_resolver_knows_is_held_to_the_targets_profile(profiled, target, expected):
    shelf = Shelf({"urn:uuid:0": target} if target else {})
    validator = profiled("Observation", subject(), resolver=shelf)
    observation = {**OBSERVATION, "subject": {"reference": "urn:uuid:0"}}
    assert said(validator, observation, OWN) == expected


@pytest.mark.parametrize("address", [URN.format(1), "https://example.org/fhir/Patient/1"])
@pytest.mark.parametrize("right", [True, False])
def test_what_the_bundle_holds_is_held_to_the_targets_profile(profiled, address, right):
    patient = FITTING if right else {**FITTING, "gender": "nope"}
    reference = "Patient/1" if right and "example" in address else address
    entries = [
        {
            "fullUrl": URN.format(2),
            "resource": {
                **OBSERVATION,
                "meta": {"profile": ["urn:own"]},
                "subject": {"reference": reference},
            },
        },
        {"fullUrl": address, "resource": patient},
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    found = said(profiled("Observation", subject()), bundle)
    fault = ("target-profile", "Bundle.entry[0].resource.subject")
    assert (fault in found) is not right


@pytest.mark.parametrize(
    ("aggregation", "reference", "expected"),
    [("contained", "#1", []), ("bundled", "#1", [("aggregation", "Observation.subject")]),
     ("contained", "urn:uuid:0", [("aggregation", "Observation.subject")]), ("referenced", "urn:uuid:0", [])],
)  # fmt: skip
def test_where_a_target_may_lie(profiled, aggregation, reference, expected):
    validator = profiled(
        "Observation", subject(aggregation=[aggregation]), resolver=Shelf({"urn:uuid:0": FITTING})
    )
    contained = {"contained": [FITTING]} if reference == "#1" else {}
    observation = {**OBSERVATION, **contained, "subject": {"reference": reference}}
    assert said(validator, observation, OWN) == expected


def test_references_in_a_circle_end(guides):
    one = {**OBSERVATION, "id": "1", "meta": {"profile": [TWCORE + "Observation-laboratoryResult-twcore"]},
           "hasMember": [{"reference": "Observation/2"}]}  # fmt: skip
    two = {**one, "id": "2", "hasMember": [{"reference": "Observation/1"}]}
    shelf = Shelf({"Observation/1": one, "Observation/2": two})
    found = said(Validator(guides, resolver=shelf), one)
    assert ("target-profile", "Observation.hasMember[0]") in found


def test_what_cannot_be_reached_is_counted_and_not_judged(validator):
    observation = {**OBSERVATION, "subject": {"reference": "Patient/1"}}
    assert ("reference", "Patient") in validator.report(observation).unchecked
    assert said(validator, observation) == []


def test_invariants_resolve_within_their_bundle(profiled):
    rule = {"key": "own-1", "severity": "error", "human": "the subject is a man",
            "expression": "subject.resolve().gender = 'male'"}  # fmt: skip
    validator = profiled("Observation", {"id": "Observation", "constraint": [rule]})
    for gender, expected in (("male", []), ("female", [("invariant", "Bundle.entry[0].resource")])):
        entries = [
            {
                "fullUrl": URN.format(2),
                "resource": {
                    **OBSERVATION,
                    "meta": {"profile": ["urn:own"]},
                    "subject": {"reference": URN.format(1)},
                },
            },
            {"fullUrl": URN.format(1), "resource": {**FITTING, "gender": gender}},
        ]
        assert said(validator, {"resourceType": "Bundle", "type": "collection", "entry": entries}) == expected


def test_a_canonical_leads_to_what_it_may(validator):
    response = {"resourceType": "QuestionnaireResponse", "status": "completed"}
    wrong = {**response, "questionnaire": "http://hl7.org/fhir/ValueSet/observation-status"}
    assert said(validator, wrong) == [("target", "QuestionnaireResponse.questionnaire")]
    assert said(validator, {**response, "questionnaire": "urn:not:here"}) == []


def test_an_extension_may_ask_its_owner(validator):
    item = {
        "linkId": "1",
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/questionnaire-sliderStepValue",
                "valueInteger": 1,
            }
        ],
    }
    form = {"resourceType": "Questionnaire", "status": "draft"}
    assert said(validator, {**form, "item": [{**item, "type": "integer"}]}) == []
    assert said(validator, {**form, "item": [{**item, "type": "string"}]}) == [
        ("invariant", "Questionnaire.item[0]")
    ]
