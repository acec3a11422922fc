"""Single faults in valid examples: at least 2,000 of at least 20 kinds, 99 of 100 found at the right element."""

import json

import pytest

from conformance import page
from mutation import measuring
from mutation.engine import mutants
from mutation.kinds import KINDS
from mutation.specimens import specimens

pytestmark = pytest.mark.conformance


def test_the_same_seed_gives_the_same_faults():
    some = ["narrative", "slice-missing", "form-date", "obs-6 Observation"]
    first, second = (list(mutants(specimens(), some)) for _ in range(2))
    assert [(one.name, one.resource) for one in first] == [(one.name, one.resource) for one in second]


def test_there_are_enough_faults_of_enough_kinds():
    found = measuring.measured()
    assert len({one.name for one in found}) == len(found) >= 3_700
    assert {one.kind for one in found} == set(KINDS)
    assert len(KINDS) >= 150


def test_a_fault_leaves_its_specimen_as_it_was():
    before = [json.dumps(one.resource) for one in specimens()]
    assert len(list(mutants(specimens(), ["unknown-element", "null", "que-2 Questionnaire"]))) > 100
    assert [json.dumps(one.resource) for one in specimens()] == before


def test_a_validator_that_sees_nothing_finds_nothing():
    some = mutants(specimens(), ["unknown-element", "too-many", "narrative"])
    assert not any(outcome.found for outcome in measuring.outcomes(measuring.blind, some))


def test_a_validator_that_does_not_say_where_is_not_right():
    """Only where the resource itself is at fault is a report on the resource right."""
    found = measuring.outcomes(
        measuring.blunt, mutants(specimens(), ["json-type", "null", "code-not-in-set", "too-many"])
    )
    assert not any(outcome.found for outcome in found)


def test_ninety_nine_of_a_hundred_faults_are_found_at_the_right_element():
    found = measuring.measured()
    missed = [f"{one.name}: {', '.join(one.new[:3]) or 'nothing'}" for one in found if not one.found]
    assert len(missed) <= 0.01 * len(found), missed


def test_no_kind_of_fault_is_missed_often():
    rows = measuring.by_kind(measuring.measured())
    assert {name: row for name, row in rows.items() if row[0] < 0.9 * row[1]} == {}


def test_the_manual_shows_the_kinds_of_faults():
    assert page.part("faults") == page.faults(), "run: python tools/run_conformance.py --write"
