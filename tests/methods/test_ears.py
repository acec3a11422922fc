"""EARS is equal to R's answers, and C3 alarms as Hutwagner's definition says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from camphora.errors import Invalid
from camphora.methods.detection import ears
from methods.watch_answers import answers, counts

CONTROLS = {
    "C1": (ears.c1, {}),
    "C2": (ears.c2, {}),
    "C3": (ears.c3, {"like": "surveillance"}),
    "C1_b14_s1": (ears.c1, {"baseline": 14, "min_sigma": 1.0, "alpha": 0.01}),
    "C2_b14_s1": (ears.c2, {"baseline": 14, "min_sigma": 1.0, "alpha": 0.01}),
    "C3_s1": (ears.c3, {"min_sigma": 1.0, "alpha": 0.025, "like": "surveillance"}),
}
COUNTS = arrays(np.float64, st.tuples(st.just(2), st.integers(1, 30)), elements=st.integers(0, 9).map(float))


@pytest.mark.conformance
@pytest.mark.parametrize("control", CONTROLS)
def test_every_answer_of_r_is_met(control):
    table = answers("ears")
    method, parameters = CONTROLS[control]
    compared = 0
    for name, series in counts().items():
        chosen = (table["control_id"] == control) & (table["series_id"] == name)
        if not chosen.any():
            continue
        at = table["t"][chosen].astype(int) - 1
        found = method(series, **parameters)
        np.testing.assert_allclose(found.upper[0, at], table["upperbound"][chosen], rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(found.alarm[0, at], np.nan_to_num(table["alarm"][chosen]) == 1)
        compared += len(at)
    assert compared == (table["control_id"] == control).sum() > 3000


@settings(max_examples=30, deadline=None)
@given(COUNTS, st.floats(0.001, 0.4))
def test_bounds_are_those_of_a_loop(given_counts, alpha):
    z = stats.norm.isf(alpha)
    for method, gap in ((ears.c1, 0), (ears.c2, 2)):
        found = method(given_counts, alpha=alpha, min_sigma=0.5)
        for row, series in enumerate(given_counts):
            for t in range(len(series)):
                if t < 7 + gap:
                    assert np.isnan(found.upper[row, t])
                    continue
                past = series[t - gap - 7 : t - gap]
                bound = past.mean() + z * max(past.std(ddof=1), 0.5)
                assert found.upper[row, t] == pytest.approx(bound)
                assert found.alarm[row, t] == (series[t] > found.upper[row, t])


@settings(max_examples=40, deadline=None)
@given(COUNTS, st.sampled_from([0.0, 0.7]))
def test_c3_alarms_where_the_sum_over_three_days_is_above_its_limit(given_counts, least):
    limit = stats.norm.isf(0.025)
    found = ears.c3(given_counts, min_sigma=least)
    for row, series in enumerate(given_counts):
        for t in range(len(series)):
            if t < 11:
                assert np.isnan(found.upper[row, t])
                assert not found.alarm[row, t]
                continue
            brought = [_brought(series, day, least) for day in (t, t - 1, t - 2)]
            assert found.alarm[row, t] == (sum(brought) > limit)
            if sum(brought[1:]) <= limit and abs(series[t] - found.upper[row, t]) > 1e-9:
                assert found.alarm[row, t] == (series[t] > found.upper[row, t])


def _brought(series, day, least):
    past = series[day - 9 : day - 2]
    sigma = max(past.std(ddof=1), least)
    if sigma == 0:
        return np.inf if series[day] > past.mean() else 0.0
    return max(0.0, (series[day] - past.mean()) / sigma - 1)


def test_a_missing_day_gives_no_bound_while_it_is_in_the_baseline_and_no_alarm():
    series = np.array([1, 2, 1, 3, 1, 2, 1, np.nan, 2, 1, 2, 1, 3, 1, 2, 50.0])
    found = ears.c1(series)
    assert np.isnan(found.upper[0, 8:15]).all()
    assert not found.alarm[0, 7:15].any()
    assert found.alarm[0, 15]


def test_the_same_again_and_only_the_last():
    series = np.arange(40.0) % 5
    for method in (ears.c1, ears.c2, ears.c3):
        found = method(series, last=3, alpha=0.01)
        assert found.at.tolist() == [37, 38, 39]
        np.testing.assert_array_equal(found.made.again(series).upper, found.upper)


@pytest.mark.parametrize("wrong", [{"alpha": 0.0}, {"baseline": 1}, {"min_sigma": -1.0}, {"last": 0}])
def test_what_may_not_be_given(wrong):
    with pytest.raises(Invalid, match=next(iter(wrong))):
        ears.c2(np.ones(30), **wrong)
