"""Camphora's FHIRPath beside fhirpathpy: R4's search parameters and invariants over records. Each disagreement is ruled
in fhirpath.tsv; where both have the same wrong idea this test is blind, and the official cases are not."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from differential import expressions

peer = pytest.importorskip("differential.peer")
RULINGS = Path(__file__).with_name("fhirpath.tsv")


def rulings():
    with RULINGS.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def ruling(trial, answer):
    """The number of the ruling that covers a disagreement; None without."""
    rows = enumerate(rulings())
    return next(
        (n for n, row in rows if row["in expression"] in trial.text and row["peer's answer"] == answer), None
    )


def compared(trials):
    """How many agree, how often each ruling was needed, and the disagreements without one."""
    agreed, ruled, unruled = 0, Counter(), []
    for trial in trials:
        ours, theirs = peer.ours(trial), peer.theirs(trial)
        number = None if ours == theirs else ruling(trial, theirs)
        if ours == theirs:
            agreed += 1
        elif number is not None:
            ruled[number] += 1
        else:
            unruled.append((trial.key, trial.type, trial.about, ours, theirs))
    return agreed, ruled, unruled


@pytest.fixture(scope="module")
def results():
    trials = {
        "searches": expressions.searches(),
        "invariants": expressions.invariants(),
        "broken": expressions.broken(),
    }
    return {name: compared(made) for name, made in trials.items()}


@pytest.mark.parametrize(("name", "least"), [("searches", 3_500), ("invariants", 1_500), ("broken", 800)])
def test_only_what_is_ruled_differs(results, name, least):
    agreed, _, unruled = results[name]
    assert unruled == []
    assert agreed >= least


def test_every_ruling_is_needed_and_gives_its_reason(results):
    needed = sum((ruled for _, ruled, _ in results.values()), Counter())
    assert set(needed) == set(range(len(rulings())))
    assert all(row["right"] in {"Camphora", "peer", "both"} and len(row["reason"]) > 20 for row in rulings())


def test_broken_invariants_are_told_by_both():
    """The comparison sees both answers of an invariant, not only yes."""
    answers = Counter(str(peer.theirs(trial)) for trial in expressions.broken())
    assert answers["['false']"] >= 200
    assert answers["['true']"] >= 500
