"""A few mutants of the planner at every run; all of them by `python -m leak.mutation` from the folder tests."""

import pytest

from leak.mutants import found, mutants
from leak.mutation import caught_by, recorded
from leak.targets import EXCUSED, TARGETS

FEW = {
    "records.visible.require_type#0": "scenario a_type_is_refused_whosever_it_is",
    "records.visible._Planner._hidden#": "by_address-other on ada",
    "records.visible._Planner._closed#": "by_address-other on cyd",
    "records.writing.Writer._check_patient#1": "scenario nothing_is_written_about_whom_one_may_not_see",
}
"""One predicate each: secondary use reads no record, hidden sets, closed parts, writing about the hidden."""


def _few():
    for start, test in FEW.items():
        yield next(mutant for mutant in mutants() if mutant.name.startswith(start)), test


@pytest.mark.parametrize(("mutant", "test"), list(_few()), ids=lambda one: getattr(one, "function", ""))
def test_a_predicate_taken_away_is_noticed(mutant, test):
    assert caught_by(mutant, [test])


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


def test_the_record_names_the_mutants_of_the_modules_as_they_are():
    """What was changed since the last run stands in the record as not tried, and in the leak suite's page as such:
    `python -m leak.mutation --resume` tries it."""
    names, rows = {mutant.name for mutant in mutants()}, recorded()
    assert sorted(rows.keys() - names) == []
    assert sorted(names - rows.keys()) == []
    tried = [row for row in rows.values() if row["caught by"]]
    assert all(row["source"] for row in tried)
    assert tried
