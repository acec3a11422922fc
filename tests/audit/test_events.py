"""AuditEvents from receipts, held to the published text of the BALP profiles and to FHIR R4."""

import copy

import orjson
import pytest

from audit.balp import faults, instances
from audit.leaves import receipt
from camphora.audit.events import Place, audit_events
from camphora.audit.receipt import FIRST_FORM, fields_of
from camphora.fhir.validation import Validator
from mutation import own

VALIDATOR = Validator(own.guides())
PLACE = Place("camphora/0123456789abcdef", "https://example.tw/fhir")
CASES = [
    ({"act": "read"}, "Read"),
    ({"act": "vread"}, "Read"),
    ({"act": "history"}, "Read"),
    ({"act": "search", "types": ("Observation", "Patient")}, "Query"),
    ({"act": "ask", "purpose": "secondary", "purposes": ("HRESCH",), "role": "analyst"}, "Query"),
]


def _events(patient="ada", **more):
    return audit_events(7, fields_of(receipt(7, **more).line()), PLACE, patient)


@pytest.mark.parametrize(("more", "profile"), CASES)
@pytest.mark.parametrize("patient", ["ada", None])
def test_an_act_keeps_the_rules_of_its_profile(more, profile, patient):
    (event,) = _events(patient, **more)
    wanted = f"Patient{profile}" if patient else profile
    assert event["meta"]["profile"] == [
        f"https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.{wanted}"
    ]
    assert faults(event, wanted) == []


@pytest.mark.parametrize("decision", ["deny", "emergency", "override"])
def test_a_decision_keeps_the_rules_of_the_authorisation_profile(decision):
    event, decided = _events(decision=decision, basis="communicable-disease", choices="a3")
    assert faults(decided, "AuthZconsent") == []
    assert decided["outcome"] == ("8" if decision == "deny" else "0")
    assert ("meta" in event) is (decision != "deny")


@pytest.mark.parametrize("drop", ["agent", "entity", "subtype", "outcome", "recorded"])
def test_the_rules_miss_what_is_taken_away(drop):
    (event,) = _events()
    broken = copy.deepcopy(event)
    if isinstance(broken[drop], list):
        broken[drop].pop(0)
    else:
        del broken[drop]
    assert faults(broken, "PatientRead")


def test_the_rules_tell_a_wrong_code_and_a_forbidden_element():
    (event,) = _events()
    wrong = copy.deepcopy(event)
    wrong["action"] = "C"
    assert any(fault.startswith("action") for fault in faults(wrong, "PatientRead"))
    wrong = copy.deepcopy(event)
    wrong["agent"][2]["network"] = {"address": "x"}
    assert any("agent[user].network" in fault for fault in faults(wrong, "PatientRead"))


@pytest.mark.parametrize(("more", "_profile"), [*CASES, ({"decision": "emergency"}, "")])
def test_events_are_valid_r4(more, _profile):
    for event in _events(**more):
        found = VALIDATOR.validate({key: value for key, value in event.items() if key != "meta"})
        assert [one for one in found if one.severity in {"error", "fatal"}] == []


def test_an_event_names_nobody_where_nobody_may_be_named():
    (event,) = _events(None)
    assert "Patient/" not in str(event)
    assert "ada" not in str(event)


def test_an_old_receipt_becomes_an_event_too():
    fields = fields_of(receipt(0).line())
    line = orjson.dumps({key: value for key, value in fields.items() if key not in FIRST_FORM})
    (event,) = audit_events(0, fields_of(line), PLACE, "ada")
    assert faults(event, "PatientRead") == []
    assert event["purposeOfEvent"][0]["coding"][0]["code"] == "care"


@pytest.mark.parametrize(("name", "profile", "event"), list(instances()))
def test_the_published_examples_keep_the_rules_as_ours_do(name, profile, event):
    assert faults(event, profile) == [], name


def test_there_are_published_examples():
    assert {profile for _, profile, _ in instances()} >= {"PatientRead", "Read", "PatientQuery"}
