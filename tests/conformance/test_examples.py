"""Every published example without an error, or excused; the other suites have their tests in their own rooms."""

import pytest

from conformance.examples import SUITES
from conformance.suite import judge

pytestmark = pytest.mark.conformance


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_the_suite_comes_out_right(suite):
    verdict = judge(suite)
    assert (verdict.wrong, verdict.stale) == ({}, ())
    assert verdict.right
