"""The 148 places where the converged fit is further from R's answers than their README says: R's stop is made there
again, and further steps of R's own kind end at ours."""

import numpy as np
import pytest

from methods.early_stopping import beyond, fitted, whole_bound

FIELD = {"expected": "expected", "phi": "phi", "upperbound": "upper"}


@pytest.fixture(scope="module")
def places():
    return [(place, *fitted(place)) for place in beyond()]


@pytest.mark.conformance
def test_the_places_are_those_of_the_manual(places):
    said = [place.quantity for place, *_ in places]
    assert {name: said.count(name) for name in FIELD} == {"expected": 3, "upperbound": 34, "phi": 111}


def test_the_same_steps_to_r_s_stop_give_r_s_answer_and_its_equations_are_not_solved(places):
    for place, stop, _, _ in places:
        if not whole_bound(place):
            assert getattr(stop, FIELD[place.quantity]) == pytest.approx(place.theirs, rel=2e-7)
        assert stop.behind > 1e-6, "the dispersion has the weights of the step before"
    assert sum(stop.score > 1e-10 for _, stop, _, _ in places) == 142
    assert min(stop.score for _, stop, _, _ in places) > 5e-12


def test_ours_solves_the_equations(places):
    for place, _, _, ours in places:
        assert ours.score < 1e-12
        assert ours.behind < 1e-14
        if not whole_bound(place):
            assert getattr(ours, FIELD[place.quantity]) == pytest.approx(place.ours, rel=1e-12)


def test_further_steps_of_r_s_own_kind_end_at_ours(places):
    for place, _, onwards, ours in places:
        assert onwards.score < 1e-12
        for name in ("expected", "phi"):
            assert getattr(onwards, name) == pytest.approx(getattr(ours, name), rel=1e-10)
        if not whole_bound(place):
            assert getattr(onwards, FIELD[place.quantity]) == pytest.approx(place.ours, rel=1e-10)
        np.testing.assert_allclose(onwards.mean, ours.mean, rtol=1e-10)
