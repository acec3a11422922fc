"""The manual's page of the suites says what they are today."""

import pytest

from conformance import page
from conformance.registry import SUITES
from conformance.suite import EXCUSED, Case, Excuse, Suite, excuses, judge

WHY = Excuse("理由", "a reason")


@pytest.mark.parametrize("name", ["suites", "reasons"])
def test_the_page_says_what_the_suites_are(name):
    assert page.part(name) == page.PARTS[name](), "run: python tools/run_conformance.py --write"


def test_every_suite_is_named_once():
    names = [suite.name for suite in SUITES]
    assert len(set(names)) == len(names)


def test_every_file_of_excuses_is_that_of_a_suite():
    assert {path.stem for path in EXCUSED.glob("*")} <= {suite.name for suite in SUITES}


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_every_excuse_says_why_in_both_languages(suite):
    assert all(len(one.zh) > 4 and len(one.en) > 10 for one in excuses(suite).values())


def _suite(total=3, share=None):
    cases = [
        Case("right", lambda: None),
        Case("wrong", lambda: "another answer"),
        Case("broken", lambda: 1 // 0),
    ]
    return Suite("no such file", "", "", "", total, lambda: cases, share)


def test_a_failed_case_without_an_excuse_makes_a_suite_wrong():
    verdict = judge(_suite())
    assert (verdict.passed, verdict.total, verdict.excused, verdict.right) == (1, 3, 0, False)
    assert verdict.wrong == {
        "wrong": "another answer",
        "broken": "ZeroDivisionError: integer division or modulo by zero",
    }


def test_an_excused_case_counts_beside_those_that_pass(monkeypatch):
    monkeypatch.setattr("conformance.suite.excuses", lambda _: {"wrong": WHY, "broken": WHY})
    assert judge(_suite()).right


def test_an_excuse_of_a_case_that_passes_is_stale(monkeypatch):
    monkeypatch.setattr("conformance.suite.excuses", lambda _: {"wrong": WHY, "broken": WHY, "right": WHY})
    verdict = judge(_suite())
    assert (verdict.stale, verdict.right) == (("right",), False)


def test_lost_cases_make_a_suite_wrong(monkeypatch):
    monkeypatch.setattr("conformance.suite.excuses", lambda _: {"wrong": WHY, "broken": WHY})
    assert not judge(_suite(total=4)).right


def test_a_measured_suite_may_miss_its_share():
    assert judge(_suite(share=0.3)).right
    assert not judge(_suite(share=0.5)).right
