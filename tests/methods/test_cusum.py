"""CUSUM: equal to every stored answer; its bounds bring the sum exactly to the limit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from camphora.errors import Invalid
from camphora.methods.detection.cusum import TRANSFORMATIONS, cusum
from methods.watch_answers import answers, calls, counts

CONTROLS = sorted(control for method, control in calls() if method == "cusum")


@pytest.mark.conformance
@pytest.mark.parametrize("control", CONTROLS)
def test_all_equals_the_stored_answers(control):
    stored = answers("cusum")
    transform, mean = control.rsplit("_", 1)
    for name in ("ev_10002", "syn_08"):
        rows = (stored["control_id"] == control) & (stored["series_id"] == name)
        assert rows.sum() == 104
        found = cusum(counts()[name], mean=mean, transform=transform, last=104, like="surveillance")
        np.testing.assert_array_equal(found.at + 1, stored["t"][rows])
        for mine, theirs in (("mean", "m"), ("cusum", "cusum"), ("upper", "upperbound")):
            np.testing.assert_allclose(getattr(found, mine)[0], stored[theirs][rows], rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(found.alarm[0], stored["alarm"][rows] == 1)
        mended = cusum(counts()[name], mean=mean, transform=transform, last=104)
        np.testing.assert_allclose(mended.cusum, found.cusum, rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(mended.alarm, found.alarm)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(TRANSFORMATIONS),
    st.floats(0.3, 200),
    st.lists(st.integers(0, 300), min_size=1, max_size=6),
)
def test_the_upper_count_brings_the_sum_to_the_limit(transform, mean, series):
    past = np.ones(3)
    found = cusum([*past, *series], mean=mean, transform=transform, last=len(series))
    upper = found.upper[0, -1]
    if upper > 1e-9:
        there = cusum([*past, *series[:-1], upper], mean=mean, transform=transform, last=len(series))
        assert there.cusum[0, -1] == pytest.approx(2.26, abs=1e-7)
    none = cusum([*past, *series[:-1], 0], mean=mean, transform=transform, last=len(series))
    assert (none.cusum[0, -1] >= 2.26 - 1e-9) or upper > 0


def test_the_anscombe_transformation_of_the_negative_binomial_is_its_integral():
    y, m, alpha = 17.0, 5.0, 0.3
    area = quad(lambda u: (u + alpha * u * u) ** (-1 / 3), m, y)[0]
    found = cusum([1, y], mean=m, transform="anscombeNegBin", alpha=alpha, last=1, k=0)
    assert found.cusum[0, 0] == pytest.approx(area / (m + alpha * m * m) ** (1 / 6), rel=1e-10)
    plain = cusum([1, y], mean=m, transform="anscombe", last=1)
    none = cusum([1, y], mean=m, transform="anscombeNegBin", alpha=0, last=1)
    assert none.cusum[0, 0] == pytest.approx(plain.cusum[0, 0], rel=1e-12)


def test_the_sum_may_begin_anew_after_an_alarm():
    series = [5.0] * 20 + [30, 5, 5, 30]
    on = cusum(series, last=4)
    anew = cusum(series, last=4, reset=True)
    assert on.alarm[0].tolist() == [True] * 4
    assert anew.alarm[0].tolist() == [True, False, False, True]
    assert anew.upper[0, 1] > 0


def test_missing_counts_stand_still_and_an_empty_past_says_nothing():
    whole = cusum([4.0, 4, 4, 9, 9], last=2)
    holes = cusum([4.0, np.nan, 4, 9, np.nan, 9], last=3)
    assert holes.cusum[0, 2] == whole.cusum[0, 1]
    assert not holes.alarm[0, 1]
    for mean in ("mean", "glm"):
        empty = cusum(np.zeros((1, 60)), mean=mean, last=3)
        assert np.isnan(empty.mean).all()
        assert not empty.alarm.any()


def test_a_result_can_be_made_again_and_faults_are_named():
    series = np.random.default_rng(2).poisson(6, (3, 150)).astype(float)
    found = cusum(series, mean="glm", transform="rossi", last=20)
    np.testing.assert_array_equal(found.made.again(series).cusum, found.cusum)
    for wrong in ({"transform": "log"}, {"mean": "median"}, {"k": -1}, {"last": 150}, {"like": "R"}):
        with pytest.raises(Invalid, match=next(iter(wrong))):
            cusum(series, **wrong)


def test_raw_counts_are_bounded_as_r_has_it_and_a_sum_of_just_h_alarms_there():
    """R's answers, of `tools/compare_r.R`."""
    y = [1, 2, 0, 3, 1, 2, 4, 0, 1, 2, 2, 0, 3, 1, 0]
    given = {"k": 0.75, "h": 3.0, "transform": "none", "last": 5}
    found = cusum(y, like="surveillance", **given)
    assert found.cusum[0].tolist() == [1.25, 0.5, 2.75, 3, 2.25]
    assert found.upper[0].tolist() == [1.75, 2.5, 0.25, 0, 0.75]
    assert found.alarm[0].tolist() == [False, False, False, True, False]
    assert not cusum(y, **given).alarm.any()
