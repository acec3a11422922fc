"""HL7's tests of terminology servers: every test that is owed, one case each, and the state of all 920."""

from collections import Counter

import pytest

from terminology.operations import suite

pytestmark = pytest.mark.conformance


@pytest.mark.parametrize("case", suite.owed(), ids=str)
def test_the_answer_is_that_of_the_suite(case):
    suite.check(case)


def test_nothing_owed_is_left_out_and_the_rest_is_shown_with_its_reason():
    states = suite.states()
    counts = Counter(state for _, _, _, state, _ in states)
    assert len(states) == 920
    assert len(suite.owed()) == 600
    assert counts["passed"] >= 600
    assert counts["failed"] == 0
    assert all(reason for *_, state, reason in states if state != "passed")
