"""A settled request holds until the next moment: no answer changes by time alone between two of them."""

import json
from bisect import bisect_right
from dataclasses import replace
from random import Random

import pytest

from camphora.policy.asking import Asked, Asker, Whom
from camphora.policy.compiling import compile as compile_policy
from camphora.policy.facts import INLINE, FactsOnDemand, facts_of, own_labels
from camphora.policy.policy import Policy
from camphora.policy.vocabulary import Role
from policy.comparing import policy_of
from policy.universes import DAY, NOW, Universe

FIELDS = (
    "type", "id", "category", "labels", "codes", "authors", "organisation", "period", "references", "parts",
    "notifiable",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_between_two_moments_no_answer_changes(seed):
    universe, dice, changed = Universe(7000 + seed), Random(seed), 0
    for _ in range(120):
        case = universe.case()
        asked = replace(case.asked, basis=None, emergency=None)
        compiled = compile_policy(case.whom, policy_of(case.settings))
        moments = compiled.moments()
        times = [NOW + dice.randrange(-20 * 365 * DAY, 20 * 365 * DAY) for _ in range(6)]
        for each in dice.sample(moments, min(3, len(moments))):
            times += [each - 1, each, each + 1]
        answers = {}
        for at in times:
            stretch = bisect_right(moments, at)
            found = [compiled.permits(replace(asked, at=at))(facts) for facts in (case.facts, None)]
            assert answers.setdefault(stretch, found) == found, (at, moments)
        changed += len({tuple(found) for found in answers.values()}) > 1
    assert changed, "time alone changes some answers"


@pytest.mark.parametrize("seed", range(4))
def test_the_bare_answer_is_that_of_the_decision(seed):
    universe = Universe(8000 + seed)
    for _ in range(200):
        case = universe.case()
        compiled = compile_policy(case.whom, policy_of(case.settings))
        assert compiled.permits(case.asked)(case.facts) == compiled.judge(case.asked)(case.facts).permitted


@pytest.mark.parametrize("wanted", FIELDS)
def test_each_fact_on_demand_is_the_one_that_is_read_at_once(wanted):
    label = {"url": INLINE, "valueCoding": {"code": "HIV"}}
    made = {
        "resourceType": "Observation",
        "id": "o1",
        "meta": {"security": [{"code": "PSY"}]},
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
        "subject": {"reference": "Patient/ada"},
        "performer": [{"reference": "Organization/h1"}, {"reference": "Practitioner/dr"}],
        "effectiveDateTime": "2026-03-01",
        "component": [{"extension": [label], "code": {"coding": [{"system": "urn:t", "code": "x"}]}}],
    }
    read = FactsOnDemand(
        "Observation", json.dumps(made).encode(), lambda row: own_labels(row.resource), lambda: True
    )
    at_once = facts_of(made, notifiable=True)
    assert getattr(at_once, wanted)
    assert getattr(read, wanted) == getattr(at_once, wanted)


def _stored(body):
    return FactsOnDemand("Observation", body, lambda _: frozenset(), lambda: False)


@pytest.mark.parametrize(
    ("body", "may"),
    [
        (b'{"code":{"coding":[{"system":"urn:t","code":"B20"}]}}', True),
        (b'{"code":{"coding":[{"system":"urn:t","code":"\\u004220"}]}}', True),
        (b'{"code":{"coding":[{"system":"urn:t","code":"B201"}]}}', False),
        ('{"code":{"coding":[{"system":"urn:t","code":"愛"}]}}'.encode(), False),
    ],
    ids=["there", "escaped", "longer", "another"],
)
def test_a_code_is_looked_for_in_the_bytes_before_they_are_read(body, may):
    row = _stored(body)
    assert row.may_have((b'"B20"',)) is may
    assert ("urn:t|B20" in row.codes) is may


def test_many_codes_are_not_looked_for_one_by_one():
    row = _stored(b'{"code":{"coding":[{"system":"urn:t","code":"x"}]}}')
    assert row.may_have(tuple(b'"%d"' % number for number in range(100)))


NAMED = {
    "itself": {"data": [{"meaning": "instance", "reference": {"reference": "Observation/o1"}}]},
    "of the visit": {"data": [{"meaning": "related", "reference": {"reference": "Encounter/e1"}}]},
    "what hangs on it": {"data": [{"meaning": "dependents", "reference": {"reference": "Encounter/e1"}}]},
    "by an author": {"data": [{"meaning": "authoredby", "reference": {"reference": "Practitioner/d1"}}]},
    "kept there": {
        "actor": [{"role": {"coding": [{"code": "CST"}]}, "reference": {"reference": "Organization/h1"}}]
    },
    "written by": {
        "actor": [{"role": {"coding": [{"code": "AUT"}]}, "reference": {"reference": "Practitioner/d1"}}]
    },
}


@pytest.mark.parametrize("criterion", NAMED.values(), ids=NAMED)
@pytest.mark.parametrize(
    "form", ["{}", "https://other.tw/fhir/{}", "{}/_history/3", "escaped", "{}1", "no{}"]
)
@pytest.mark.parametrize("record", ["o1", "o11"])
def test_what_is_named_is_found_in_the_bytes_however_it_is_written(criterion, form, record):
    """The answer on demand is that of a record that was read whole."""
    resource = {"resourceType": "Observation", "id": record}
    for element, name in (
        ("encounter", "Encounter/e1"),
        ("performer", "Practitioner/d1"),
        ("custodian", "Organization/h1"),
    ):
        text = name if form == "escaped" else form.format(name)
        resource[element] = [{"reference": text}] if element == "performer" else {"reference": text}
    body = json.dumps(resource).encode()
    body = body.replace(b"/", b"\\/") if form == "escaped" else body
    consent = {
        "resourceType": "Consent", "id": "k", "status": "active", "patient": {"reference": "Patient/ada"},
        "provision": {"type": "deny", **criterion},
    }  # fmt: skip
    compiled = compile_policy(Whom("Patient/ada", consents=(consent,)), Policy.taiwan())
    reader = Asker("Practitioner/lin", Role.CLINICIAN, organisation="Organization/h2")
    permits = compiled.permits(Asked(reader, ("TREAT",), "access", NOW))
    assert permits(_stored(body)) == permits(facts_of(json.loads(body)))
    if form in {"{}", "escaped"} and record == "o1":
        assert not permits(_stored(body))
