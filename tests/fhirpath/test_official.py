"""The 935 official cases; none is skipped."""

from collections import Counter

import pytest

from fhirpath.official import cases, excused, fault

CASES = [pytest.param(case, id=f"{case.group}-{case.name}-{at}") for at, case in enumerate(cases())]


@pytest.mark.conformance
@pytest.mark.parametrize("case", CASES)
def test_an_official_case_comes_out_as_the_suite_says(case):
    wrong = fault(case)
    assert wrong is None or case.name in excused(), wrong


@pytest.mark.conformance
def test_the_suite_is_whole_and_nothing_is_excused():
    assert len(cases()) == 935
    assert not excused()
    assert Counter(case.invalid for case in cases())["semantic"] == 12
