"""Moving percentile and weighted average, beside their definitions worked out plainly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.methods.detection.ewma import ewma
from camphora.methods.detection.moving import moving_percentile

SERIES = st.lists(st.one_of(st.integers(0, 60), st.none()), min_size=45, max_size=70).map(
    lambda found: np.array([[np.nan if each is None else each for each in found]], dtype=float)
)


@settings(max_examples=25, deadline=None)
@given(SERIES, st.sampled_from([0, 25, 80, 97.5, 100]), st.integers(0, 2), st.integers(1, 3))
def test_the_percentile_is_that_of_the_same_weeks_of_earlier_years(series, percentile, w, over):
    found = moving_percentile(series, percentile=percentile, b=2, w=w, over=over, frequency=12, last=6)
    row = series[0]
    for column, t in enumerate(found.at):
        known = [
            row[s - over + 1 : s + 1].sum() for y in (1, 2) for s in range(t - 12 * y - w, t - 12 * y + w + 1)
        ]
        known = [each for each in known if not np.isnan(each)]
        if not known:
            assert np.isnan(found.upper[0, column])
            continue
        wanted = np.percentile(known, percentile)
        assert found.upper[0, column] == pytest.approx(wanted, rel=1e-12)
        now = row[t - over + 1 : t + 1].sum()
        assert found.alarm[0, column] == (now > found.upper[0, column] and now >= 1)


@settings(max_examples=25, deadline=None)
@given(SERIES, st.floats(0.05, 1), st.integers(2, 9), st.integers(0, 3))
def test_the_average_and_its_bound_are_as_defined(series, weight, baseline, guard):
    found = ewma(series, weight=weight, baseline=baseline, guard=guard, limit=2.5)
    z = None
    for t, y in enumerate(series[0]):
        past = [
            each for each in series[0][max(0, t - guard - baseline) : max(0, t - guard)] if not np.isnan(each)
        ]
        enough = t >= baseline + guard and len(past) >= 2
        if enough:
            mean, spread = np.mean(past), max(np.std(past, ddof=1), 0.5)
            z = mean if z is None else z
        if z is not None and not np.isnan(y):
            z = weight * y + (1 - weight) * z
        if not enough:
            assert np.isnan(found.upper[0, t])
            assert not found.alarm[0, t]
            continue
        upper = mean + 2.5 * spread * np.sqrt(weight / (2 - weight))
        assert found.upper[0, t] == pytest.approx(upper, rel=1e-10)
        assert found.average[0, t] == pytest.approx(z, rel=1e-10, abs=1e-12)
        assert found.alarm[0, t] == (not np.isnan(y) and found.average[0, t] > found.upper[0, t])


def test_with_weight_one_the_average_is_the_count_and_a_lasting_rise_is_seen_sooner_with_less():
    rise = np.concatenate([np.random.default_rng(5).poisson(10, 60), np.full(8, 16)])[None].astype(float)
    plain = ewma(rise, weight=1.0, limit=3, baseline=28)
    np.testing.assert_array_equal(plain.average[0, 30:], rise[0, 30:])
    slow = ewma(rise, weight=0.3, limit=3, baseline=28)
    assert slow.alarm[0, 60:64].any()
    assert not plain.alarm[0, 60:64].any()


def test_results_can_be_made_again_and_faults_are_named():
    series = np.random.default_rng(1).poisson(3, (2, 200)).astype(float)
    for found in (moving_percentile(series, last=4), ewma(series, last=4)):
        np.testing.assert_array_equal(found.made.again(series).upper, found.upper)
    with pytest.raises(Invalid, match="percentile"):
        moving_percentile(series, percentile=101)
    with pytest.raises(Invalid, match="weight"):
        ewma(series, weight=0)
    with pytest.raises(Invalid, match="counts"):
        ewma([-1.0, 2])
