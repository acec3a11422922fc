"""Forecasts walked forward on the real county series: what they promise, and that they see no future."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.methods.forecasting import ensemble, holidays, naive, past, pooled, smoothing, spread
from camphora.methods.forecasting.forecast import LEVELS, filled
from camphora.methods.scoring import hub
from camphora.methods.scoring.calibration import coverage
from camphora.methods.scoring.scores import wis
from methods.ed_visits import visits

METHODS = {
    "flat": naive.flat,
    "seasonal": naive.seasonal,
    "damped": smoothing.damped,
    "pooled": pooled.autoregression,
    "ensemble": ensemble.ensemble,
}
FEW = [1, 8, 11, 15, 18, 20]


def series(weeks=220, rows=4, seed=3):
    random = np.random.default_rng(seed)
    level = np.array([2, 20, 200, 60])[:rows, None]
    season = np.exp(0.8 * np.cos(2 * np.pi * np.arange(weeks) / 52.18))[None]
    return random.negative_binomial(5, 5 / (5 + level * season)).astype(float)


def truth(counts, origins, horizons=4):
    return np.stack([counts[:, np.asarray(origins) + step] for step in range(1, horizons + 1)], axis=2)


def by_horizon(value):
    return np.nanmean(value, axis=(0, 1))


@pytest.mark.parametrize("topic", ["ili", "enterovirus"])
def test_the_ensemble_keeps_its_promise_on_real_series(topic):
    """Six counties, every ninth week of 2012 to 2019; tools/scorecard.py does all. One vintage of the data exists."""
    found = visits(topic)
    last = found.between("2020-01-01", "2020-02-01")[0]
    counts, known = found.counts[FEW, :last], found.known()[: last + 4]
    origins = [week for week in found.between("2012-01-01", "2020-01-01") if week < last - 4][::9]
    came = truth(counts, origins)
    ours = ensemble.ensemble(counts, known, origins=origins).quantiles
    flat = naive.flat(counts, origins=origins).quantiles
    seasonal = naive.seasonal(counts, origins=origins).quantiles
    kept = ~np.isnan(seasonal).any(axis=-1)
    score = [
        by_horizon(np.where(kept, wis(came, each, levels=LEVELS).value, np.nan))
        for each in (ours, flat, seasonal)
    ]
    assert np.mean(score[0] / score[1]) <= 0.90
    assert np.mean(score[0] / score[2]) <= 0.50
    inside = coverage(came, ours, levels=LEVELS)
    assert 0.90 <= inside.share[1] <= 0.97
    assert np.isfinite(ours).all()


@pytest.mark.parametrize("name", METHODS)
def test_no_forecast_sees_the_future(name):
    counts = series()
    origins = [150, 170, 200]
    whole = METHODS[name](counts, origins=origins).quantiles
    spoiled = counts.copy()
    spoiled[:, 171:] = 9999
    after = METHODS[name](spoiled, origins=origins).quantiles
    np.testing.assert_array_equal(after[:, :2], whole[:, :2])
    assert not np.array_equal(after[:, 2], whole[:, 2])
    cut = METHODS[name](counts[:, :171]).quantiles
    np.testing.assert_allclose(cut[:, 0], whole[:, 1], rtol=1e-9)


@pytest.mark.parametrize("name", METHODS)
def test_forecasts_are_quantiles_and_can_be_made_again(name):
    counts = series()
    found = METHODS[name](counts, origins=[180, 219], horizons=3)
    assert found.quantiles.shape == (4, 2, 3, 23)
    assert np.all(np.diff(found.quantiles, axis=-1) >= 0)
    assert np.all(found.quantiles >= 0)
    assert found.made.method.startswith("forecasting.")
    np.testing.assert_array_equal(found.made.again(counts).quantiles, found.quantiles)


@pytest.mark.parametrize("name", METHODS)
def test_missing_zero_and_short_series(name):
    counts = series()
    counts[0] = 0
    counts[1, :205] = np.nan
    counts[2, 100:140] = np.nan
    counts[3, -1] = np.nan
    found = METHODS[name](counts).quantiles[:, 0]
    assert np.isfinite(found[[0, 2, 3]]).all()
    assert found[0, :, 11].max() < 0.5
    whole_year = name in ("seasonal", "damped")
    assert np.isnan(found[1]).all() == whole_year


def test_the_groups_are_pooled_apart():
    counts = series()
    both = pooled.autoregression(counts, groups=[0, 0, 7, 7]).quantiles
    first = pooled.autoregression(counts[:2]).quantiles
    np.testing.assert_allclose(both[:2], first, rtol=1e-8)


def test_the_flat_forecast_by_hand():
    found = naive.flat([[1, 4, 2, 7]], levels=[0.25, 0.5, 0.75], horizons=2).quantiles[0, 0]
    changes = [3, -2, 5, -3, 2, -5]
    np.testing.assert_allclose(found[0], 7 + np.quantile(changes, [0.25, 0.5, 0.75]))
    np.testing.assert_allclose(found[1], 7 + np.quantile([1, 3, -1, -3], [0.25, 0.5, 0.75]))
    year = naive.seasonal([[1, 4, 2, 7]], levels=[0.25, 0.5, 0.75], horizons=2, period=2).quantiles[0, 0]
    np.testing.assert_allclose(year[:, 1], [2, 7])


def test_smoothing_by_hand_and_the_pooled_regression_finds_its_terms():
    x = np.array([[1.0, 2.0, 4.0]])
    found = smoothing._smoothed(x, np.array([[0.5, 0.1]]), 0.9, 2)[0]
    level, trend = 1.0, 0.0
    for value in (2.0, 4.0):
        ahead = level + 0.9 * trend
        fresh = 0.5 * value + 0.5 * ahead
        trend = 0.1 * (fresh - level) + 0.9 * 0.9 * trend
        level = fresh
    np.testing.assert_allclose(found[-1], [level + 0.9 * trend, level + 1.71 * trend])
    random = np.random.default_rng(1)
    design, slope = random.normal(size=(5, 300, 3)), np.array([0.5, -1.0, 2.0])
    target = design @ slope
    target[:, -2:] = np.nan
    fitted = pooled._fitted(design, target, np.ones((5, 300)), 2, 1e-9)
    np.testing.assert_allclose(fitted[:, 50:], (design @ slope)[:, 50:], rtol=1e-5, atol=1e-5)


def test_calibration_widens_what_is_too_narrow():
    random = np.random.default_rng(5)
    z = random.normal(size=(6, 300))
    normal = np.array([-2.326, -1.96, -0.674, 0.0, 0.674, 1.96, 2.326])
    levels = np.array([0.01, 0.025, 0.25, 0.5, 0.75, 0.975, 0.99])
    narrow = np.broadcast_to(0.3 * normal, (6, 300, 1, 7)).copy()
    wide = spread.calibrated(z, narrow, levels, np.arange(300))
    np.testing.assert_allclose(wide[:, -1, 0].mean(axis=0), normal, atol=0.35)
    np.testing.assert_array_equal(wide[:, 20], narrow[:, 20])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 50)), min_size=3, max_size=20))
def test_what_is_missing_is_what_came_before(cells):
    counts = np.array([[np.nan if cell is None else float(cell) for cell in cells]])
    found = filled(counts)[0]
    last = np.nan
    for cell, value in zip(counts[0], found, strict=True):
        last = cell if np.isfinite(cell) else last
        np.testing.assert_equal(value, last)


def test_looking_back_by_hand():
    z = np.arange(12.0)[None]
    np.testing.assert_allclose(past.smoothed(z)[0, 2:-2], z[0, 2:-2])
    assert np.isnan(past.ago(z, 3)[0, :3]).all()
    assert past.ago(z, 3)[0, 3] == 0
    assert np.isnan(past.ago(z, 30)).all()


def test_holidays_by_week():
    found = holidays.by_week(start="2011-12-25", weeks=8).known
    # 23 January 2012 is a Monday: 22 to 27 January lie in the week of the 22nd.
    np.testing.assert_allclose(found[:, 0], [0, 0, 0, 0, 1, 0, 0, 0])
    assert found[2:7, 1:].argmax(axis=1).tolist() == [0, 1, 0, 2, 3]
    assert found[4, 1:].sum() == 0


def test_forecasts_leave_as_a_hub_table():
    counts = series()
    names = ("a", "b", "c", "d")
    tasks = hub.Tasks(targets=("wk ed visits",), locations=names, horizons=(1, 2, 3, 4))
    found = ensemble.ensemble(counts).quantiles[:, 0]
    made = hub.table(found, reference="2020-03-15", target="wk ed visits", locations=names, tasks=tasks)
    rows = list(csv.DictReader(io.StringIO(hub.write(made, tasks=tasks))))
    assert len(rows) == 4 * 4 * 23
    assert {row["target_end_date"] for row in rows} >= {"2020-03-22", "2020-04-12"}


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: naive.flat([[1, 2, 3]], origins=[3]), "methods-origins"),
        (lambda: naive.flat([[1, 2, 3]], levels=[0.1, 0.5]), "methods-levels"),
        (lambda: naive.flat([[1]]), "methods-short"),
        (lambda: naive.seasonal([[1, 2, 3]], period=2), "methods-range"),
        (lambda: pooled.autoregression(np.ones((2, 9)), np.ones((9, 1))), "methods-known"),
        (lambda: pooled.autoregression(np.ones((2, 9)), groups=[1]), "methods-shape"),
        (lambda: ensemble.ensemble(-np.ones((2, 9))), "methods-negative"),
        (lambda: smoothing.damped(np.ones((2, 9)), horizons=60), "methods-range"),
    ],
)
def test_what_is_wrong_is_named(call, code):
    with pytest.raises(Invalid) as refused:
        call()
    assert refused.value.code == code
