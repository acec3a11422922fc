"""HL7's tests of terminology servers: every test that is owed, one case each, and the state of all 920."""

from collections import Counter

import pytest

from terminology.operations import matching, suite

pytestmark = pytest.mark.conformance


@pytest.mark.parametrize("case", suite.owed(), ids=str)
def test_the_answer_is_that_of_the_suite(case):
    suite.check(case)


BY_LETTERS = {
    "errors/unknown-system2",
    "language/language-xform-en-multi-de-hard",
    "overload/expand-all-merged",
    "overload/expand-enum-bad",
    "overload/expand-enum-good",
    "overload/expand-exclude-versioned",
    "validation/validation-simple-coding-bad-system",
}
"""Tests whose expected text disagrees with the suite's own set-up, request or other answers (see the rulings)."""


def test_no_other_answer_rests_on_the_leniency_of_the_runner(monkeypatch):
    monkeypatch.setattr(matching, "_letters", lambda text: text)
    assert {str(case) for case in suite.owed() if suite.state(case)[0] != "passed"} == BY_LETTERS


IN_OTHER_ORDER = {
    "big/big-echo-fifty-fifty-limit", "big/big-echo-zero-fifty-limit",
    "exclude/exclude-1", "exclude/exclude-gender", "exclude/include-combo",
    *(f"notSelectable/notSelectable-{name}-all" for name in ("noprop", "prop", "reprop", "unprop")),
    "notSelectable/notSelectable-prop-out",
    "overload/expand-all", "overload/expand-all-sysver", "overload/expand-all-versioned",
    "overload/expand-enum-good", "overload/expand-exclude-enum", "overload/expand-mixed",
    *(f"parameters/parameters-expand-enum-{name}" for name in (
        "active", "definitions", "definitions2", "designations", "hierarchy", "inactive", "property")),
    "simple-cases/simple-expand-enum", "simple-cases/simple-expand-enum-bad",
    "tho/act-class", "tho/act-class-activeonly", "tho/act-exclusion",
}  # fmt: skip
"""Expansions that the suite gives sorted by code, and ours in the order of the value set and its code systems."""


def listed(value_set):
    """The codes of an expansion in order, each with those below it."""
    return [
        (row.get("code"), listed({"expansion": row})) for row in value_set["expansion"].get("contains", ())
    ]


def test_expansions_come_in_the_published_order_or_the_published_one_is_sorted():
    other = {}
    for case in (case for case in suite.owed() if case.test["operation"] == "expand"):
        found, published = suite.answer(case)[1], suite.load(case.test["response"])
        if found["resourceType"] == "ValueSet" and listed(found) != listed(published):
            other[str(case)] = [code for code, _ in listed(published)]
    assert set(other) == IN_OTHER_ORDER
    assert all(codes == sorted(codes) for codes in other.values())


def test_nothing_owed_is_left_out_and_the_rest_is_shown_with_its_reason():
    states = suite.states()
    counts = Counter(state for _, _, _, state, _ in states)
    assert len(states) == 920
    assert len(suite.owed()) == 600
    assert counts["passed"] >= 600
    assert counts["failed"] == 0
    assert all(reason for *_, state, reason in states if state != "passed")
