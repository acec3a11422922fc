"""Single faults in valid examples: at least 2,000 of at least 20 kinds, 99 of 100 found at the right element."""

import pytest

from conformance import page
from mutation import measuring
from mutation.engine import mutants
from mutation.kinds import KINDS
from mutation.specimens import specimens

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def every():
    return list(mutants(specimens()))


def test_the_same_seed_gives_the_same_faults(every):
    again = mutants(specimens(), ["narrative", "slice-missing", "form-date"])
    named = {mutant.name: mutant for mutant in every}
    assert all(named[mutant.name].resource == mutant.resource for mutant in again)
    assert len(named) == len(every)


def test_there_are_enough_faults_of_enough_kinds(every):
    assert len(every) >= 3_700
    assert {mutant.kind for mutant in every} == set(KINDS)
    assert len(KINDS) >= 150


def test_each_fault_changes_one_specimen_and_no_other(every):
    assert not [one.name for one in specimens() if any(one.resource is mutant.resource for mutant in every)]


def test_a_validator_that_sees_nothing_finds_nothing(every):
    assert not any(outcome.found for outcome in measuring.outcomes(measuring.blind, every[:200]))


def test_a_validator_that_does_not_say_where_is_not_right(every):
    found = [outcome.found for outcome in measuring.outcomes(measuring.blunt, every)]
    assert sum(found) < 0.3 * len(found)


def test_ninety_nine_of_a_hundred_faults_are_found_at_the_right_element():
    found = measuring.measured()
    missed = [f"{one.mutant.name}: {', '.join(one.new[:3]) or 'nothing'}" for one in found if not one.found]
    assert len(missed) <= 0.01 * len(found), missed


def test_no_kind_of_fault_is_missed_often():
    rows = measuring.by_kind(measuring.measured())
    assert {name: row for name, row in rows.items() if row[0] < 0.9 * row[1]} == {}


def test_the_manual_shows_the_kinds_of_faults():
    assert page.part("faults") == page.faults(), "run: python tools/conformance.py --write"
