"""Bayes and RKI rules: equal to every stored answer, to the definition, and safe on what is missing."""

import numpy as np
import pytest
from scipy import stats

from camphora.errors import Invalid
from camphora.methods.detection.bayes import bayes
from camphora.methods.detection.rki import CROW_GARDNER, rki
from methods.watch_answers import answers, counts

SETTINGS = {
    "1": {"b": 0, "w": 6, "current": True},
    "2": {"b": 1, "w": 6, "current": True},
    "3": {"b": 2, "w": 4, "current": False},
}


@pytest.mark.conformance
@pytest.mark.parametrize("control", ["bayes1", "bayes2", "bayes3", "rki1", "rki2", "rki3"])
def test_bounds_and_alarms_equal_the_stored_answers(control):
    stored = answers("bayes_rki")
    method = bayes if control.startswith("bayes") else rki
    mine = stored["control_id"] == control
    for name in np.unique(stored["series_id"][mine]):
        rows = mine & (stored["series_id"] == name)
        found = method(counts()[name], last=104, **SETTINGS[control[-1]])
        np.testing.assert_array_equal(found.at + 1, stored["t"][rows])
        np.testing.assert_allclose(found.upper[0], stored["upperbound"][rows], rtol=1e-12)
        np.testing.assert_array_equal(found.alarm[0], stored["alarm"][rows] == 1)


@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.5])
def test_the_bayes_bound_is_the_quantile_of_the_predictive_distribution(alpha):
    given = np.random.default_rng(3).poisson([[0.2], [4], [3000]], (3, 40)).astype(float)
    found = bayes(given, alpha=alpha, b=1, w=3, frequency=12, last=5)
    for row, series in enumerate(given):
        for column, t in enumerate(found.at):
            known = [*series[t - 3 : t], *series[t - 15 : t - 8]]
            wanted = stats.nbinom.ppf(1 - alpha, sum(known) + 0.5, len(known) / (len(known) + 1))
            assert found.upper[row, column] == wanted


def test_missing_references_are_left_out_and_a_missing_count_never_alarms():
    whole = np.array([[3.0, 5, 4, 6, 2, 90]])
    holes = np.array([[3.0, np.nan, 4, 6, 2, 90]])
    assert bayes(holes, w=5, last=1).upper[0, 0] == stats.nbinom.ppf(0.95, 15.5, 4 / 5)
    assert rki(holes, w=5, last=1).upper[0, 0] == CROW_GARDNER[3]
    assert bayes(whole, w=5, last=1).alarm[0, 0]
    for method in (bayes, rki):
        assert not method(np.array([[3.0, 5, 4, 6, 2, np.nan]]), w=5, last=1).alarm.any()
        assert np.isnan(method(np.array([[np.nan] * 5 + [9.0]]), w=5, last=1).upper).all()


def test_before_there_are_references_enough_nothing_is_said():
    for method in (bayes, rki):
        found = method(np.full((2, 60), 4.0), b=1, w=2, frequency=52)
        assert np.isnan(found.upper[:, :54]).all()
        assert not np.isnan(found.upper[:, 54:]).any()
        assert not found.alarm.any()


def test_the_intervals_of_crow_and_gardner_cover_what_they_say():
    """A mean just inside the interval for c cases is one that 95 % of the time gives counts whose intervals hold it."""
    for mean in (0.5, 3.3, 7.9, 15.2):
        seen = np.arange(200)
        refused = seen[(seen < 21) & (CROW_GARDNER[np.minimum(seen, 20)] < mean)]
        assert stats.poisson.pmf(refused, mean).sum() <= 0.05


def test_a_result_can_be_made_again_and_faults_are_named():
    given = np.arange(30.0)
    for method in (bayes, rki):
        found = method(given, w=4, last=3)
        again = found.made.again(given)
        np.testing.assert_array_equal(again.upper, found.upper)
    with pytest.raises(Invalid, match="alpha"):
        bayes(given, alpha=0)
    with pytest.raises(Invalid, match="b should"):
        rki(given, b=0, current=False)
    with pytest.raises(Invalid, match="last"):
        bayes(given, last=31)
