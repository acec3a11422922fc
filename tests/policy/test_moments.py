"""A settled request holds until the next moment: no answer changes by time alone between two of them."""

import json
from bisect import bisect_right
from dataclasses import replace
from random import Random

import pytest

from camphora.policy.compiling import compile as compile_policy
from camphora.policy.facts import INLINE, FactsOnDemand, facts_of, own_labels
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
