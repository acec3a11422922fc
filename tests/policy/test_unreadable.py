"""A denial whose criterion cannot be read holds without it; a permit counts for nothing. Nobody's words are lost."""

import pytest

from camphora.policy import Policy, Role
from camphora.policy.asking import Asked, Asker, Whom
from camphora.policy.choices import Ruled, effects
from camphora.policy.compiling import compile as compile_policy
from camphora.policy.facts import facts_of
from policy.universes import VAGUE

NOW = 1_780_000_000_000
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
LIN = Asker("Practitioner/lin", Role.CLINICIAN, organisation="Organization/h1")
CASES = [(name, vague) for name, several in VAGUE.items() for vague in several]


def consent(kind, **criteria):
    return {
        "resourceType": "Consent",
        "id": "c",
        "status": "active",
        "patient": {"reference": "Patient/ada"},
        "provision": {"type": kind, **criteria},
    }


def permitted(*consents, defaults="permit"):
    policy = Policy.taiwan().set({"defaults.care": defaults})
    compiled = compile_policy(Whom("Patient/ada", consents=consents), policy)
    coded = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F32.9"}]}
    facts = facts_of({"resourceType": "Condition", "id": "x", "code": coded})
    return compiled.permits(Asked(LIN, ("TREAT",), "access", NOW))(facts)


@pytest.mark.parametrize(("name", "vague"), CASES)
def test_a_denial_holds_without_what_cannot_be_read(name, vague):
    assert not permitted(consent("deny", **{name: [vague]}))
    assert any(isinstance(each, Ruled) for each in effects(consent("deny", **{name: [vague]})))


@pytest.mark.parametrize(("name", "vague"), CASES)
def test_a_permit_counts_for_nothing_by_what_cannot_be_read(name, vague):
    assert not permitted(consent("permit", **{name: [vague]}), defaults="deny")
    assert permitted(consent("permit"), defaults="deny")


def test_beside_what_can_be_read_a_denial_holds_for_all_and_a_permit_for_what_is_named():
    named = {"reference": {"reference": "Practitioner/other"}}
    own = {"reference": {"reference": "Practitioner/lin"}}
    vague = VAGUE["actor"][0]
    assert permitted(consent("deny", actor=[named]))
    assert not permitted(consent("deny", actor=[named, vague]))
    assert permitted(consent("permit", actor=[own, vague]), defaults="deny")
    assert not permitted(consent("permit", actor=[named, vague]), defaults="deny")


@pytest.mark.parametrize(
    "criteria",
    [
        {"actor": [{"reference": {"reference": "Practitioner/lin/_history/3"}}]},
        {"actor": [{"reference": {"reference": "Organization/h1/_history/1"}}]},
        {"data": [{"meaning": "instance", "reference": {"reference": "Condition/x/_history/1"}}]},
    ],
)
def test_a_reference_with_a_version_names_the_same(criteria):
    assert not permitted(consent("deny", **criteria))
    assert permitted(consent("permit", **criteria), defaults="deny")
