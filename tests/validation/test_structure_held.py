"""What the validator finds no error in needs no second look at its structure."""

import copy
import random

import pytest

from camphora.fhir import structure
from camphora.fhir.validation import Policy, Validator

POLICIES = (
    Policy(),
    Policy(default="warn"),
    Policy(default="off", unknown="off", rules={"dom-6": "off", "ele-1": "warn"}),
)
TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/StructureDefinition/"
SEEDS = (
    {"resourceType": "Patient", "meta": {"profile": [f"{TWCORE}Patient-twcore"]}, "active": True, "gender": "male",
     "identifier": [{"use": "official", "system": "urn:x", "value": "1"}], "birthDate": "1970-01-02",
     "name": [{"text": "王小明", "given": ["小明"]}], "contact": [{"name": {"family": "a", "given": ["b"]}}],
     "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'}},
    {"resourceType": "Observation", "meta": {"profile": [f"{TWCORE}Observation-vitalSigns-twcore"]}, "status": "final",
     "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}], "text": "a"},
     "subject": {"reference": "Patient/1"}, "effectiveDateTime": "2024-01-02",
     "valueQuantity": {"value": 37.5, "unit": "Cel", "system": "http://unitsofmeasure.org", "code": "Cel"}},
    {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}, "contained":
     [{"resourceType": "Patient", "id": "a"}], "subject": {"reference": "#a"}, "period": {"start": "2024-01-01"},
     "extension": [{"url": "urn:x:y", "valueCoding": {"code": "a"}}]},
)  # fmt: skip
VALUES = ("x", "", None, [], {}, [None], 1, 1.5, True, ["x"], "2024-13", [{}], {"extension": [{"url": "u"}]},
          {"extension": [{"url": "u", "valueString": "s"}]}, "\x00", 2**40)  # fmt: skip
NAMES = (
    "x",
    "_status",
    "_id",
    "id",
    "extension",
    "modifierExtension",
    "contained",
    "value",
    "url",
    "display",
)


@pytest.fixture(scope="module", params=POLICIES)
def held(request, guides):
    made = Validator(guides, policy=request.param)
    assert made.holds_structure
    return made


def nodes(value):
    found = [value]
    for one in value.values() if isinstance(value, dict) else value:
        found += nodes(one) if isinstance(one, (dict, list)) else ()
    return found


def mutant(chance, resource):
    """A copy with one thing that is likely to be wrong."""
    changed = copy.deepcopy(resource)
    node, value = chance.choice(nodes(changed)), copy.deepcopy(chance.choice(VALUES))
    if isinstance(node, list):
        node[chance.randrange(len(node))] = value
        return changed
    name = chance.choice(list(node))
    act = chance.randrange(4)
    if act == 0:
        del node[name]
    else:
        node[(name, f"_{name}", chance.choice(NAMES))[act - 1]] = value
    return changed


def test_whatever_is_wrong_in_structure_is_an_error(held):
    chance, wrong = random.Random(7), 0
    for _ in range(600):
        resource = mutant(chance, chance.choice(SEEDS))
        if structure.check(resource):
            wrong += 1
            assert "error" in [one.severity for one in held.validate(resource)], resource
    assert wrong > 300


@pytest.mark.parametrize("rule", ["fhir-code", "fhir-unknown-element", "Patient.gender", "validation-type"])
def test_a_policy_that_softens_more_than_invariants_vouches_for_nothing(guides, rule):
    assert not Validator(guides, policy=Policy(rules={rule: "warn"})).holds_structure
