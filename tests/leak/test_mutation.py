"""A few mutants of the planner at every run; all of them by `python -m leak.mutation` from the folder tests."""

import pytest

from leak.mutants import found, mutants
from leak.mutation import caught_by, recorded
from leak.noticing import notices
from leak.targets import EXCUSED, TARGETS

FEW = (
    "records.visible.require_type#0",
    "records.visible._Planner._hidden#",
    "records.visible._Planner._closed#",
    "records.writing.Writer._check_patient#",
)
"""One predicate each: secondary use reads no record, hidden sets, closed parts, writing about the hidden."""


def _few():
    for start in FEW:
        yield next(mutant for mutant in mutants() if mutant.name.startswith(start))


@pytest.mark.parametrize("mutant", list(_few()), ids=lambda one: f"{one.function}-{one.number}")
def test_a_predicate_taken_away_is_noticed(mutant):
    first = recorded()[mutant.name]["test"]
    assert caught_by(mutant, [first, *notices()])


def test_every_target_is_there_and_has_mutants():
    for module, names in TARGETS.items():
        for name in names:
            assert found(module, name)
    there = {(mutant.module, mutant.function) for mutant in mutants()}
    assert len(there) > len({name for names in TARGETS.values() for name in names}) // 2


def test_what_is_excused_is_a_mutant_with_a_reason():
    names = {mutant.name for mutant in mutants()}
    assert EXCUSED.keys() <= names
    assert all(EXCUSED.values())
