"""The simulator has the moments that it claims, and the harness counts as by hand; published ranges are met."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.methods.detection.farrington import flexible
from camphora.methods.simulation import evaluation, outbreaks
from camphora.methods.simulation.scenarios import SCENARIOS, scenario


def ears_like(counts, last, *, z=2.326, weeks=7, lag=0):
    """Mean and deviation of the weeks before; no deviation below 0.5."""
    scores, length = np.full((len(counts), last), np.nan), counts.shape[1]
    for at, week in enumerate(range(length - last, length)):
        before = counts[:, week - weeks - lag : week - lag]
        spread = np.maximum(before.std(axis=1, ddof=1), 0.5)
        scores[:, at] = (counts[:, week] - before.mean(axis=1)) / spread / z
    return scores


def test_the_42_scenarios_as_published():
    """Noufaily et al. (2013); 8, 10, 12 and 17 are drawn in their figure 2."""
    assert len(set(SCENARIOS)) == 42
    assert scenario(1).plain() == {
        "theta": 0.1,
        "beta": 0.0,
        "gamma1": 0.0,
        "gamma2": 0.0,
        "phi": 1.5,
        "m": 0,
    }
    assert scenario(8).plain() == {
        "theta": -2.0,
        "beta": 0.0,
        "gamma1": 0.1,
        "gamma2": 0.3,
        "phi": 2.0,
        "m": 1,
    }
    assert scenario(10).plain() == {
        "theta": -2.0,
        "beta": 0.005,
        "gamma1": 0.0,
        "gamma2": 0.0,
        "phi": 2.0,
        "m": 0,
    }
    assert (scenario(12).m, scenario(12).beta) == (2, 0.005)
    assert scenario(17).plain() == {
        "theta": 1.5,
        "beta": 0.003,
        "gamma1": 0.2,
        "gamma2": -0.4,
        "phi": 1.0,
        "m": 1,
    }
    with pytest.raises(Invalid, match="methods-range"):
        scenario(43)


def test_the_mean_is_the_formula():
    found = outbreaks.noufaily(scenarios=[6], replicates=1)
    t = 137
    waves = sum(0.6 * np.cos(2 * np.pi * j * t / 52) + 0.6 * np.sin(2 * np.pi * j * t / 52) for j in (1, 2))
    assert found.mean[0, t - 1] == pytest.approx(np.exp(0.1 + 0.0025 * t + waves))


@pytest.mark.parametrize(("number", "phi"), [(1, 1.5), (13, 1.0), (19, 5.0), (37, 1.2)])
def test_baselines_have_their_mean_and_variance(number, phi):
    found = outbreaks.noufaily(scenarios=[number], replicates=60, seed=5)
    baseline = found.counts - found.cases
    mean = found.mean[0, 0]
    assert baseline.mean() == pytest.approx(mean, rel=0.05)
    assert baseline.var() == pytest.approx(phi * mean, rel=0.07)


def test_outbreaks_are_where_they_are_said_to_be():
    found = outbreaks.noufaily(scenarios=[1, 16, 40], replicates=30, seed=2)
    rows = found.outbreaks
    assert len(rows.series) == 90 * 5
    assert rows.current.sum() == 90
    assert (rows.start[rows.current] >= 575).all()
    assert (rows.start[~rows.current] >= 312).all()
    assert (rows.end[~rows.current] < 575).all()
    assert (rows.end >= rows.start).all()
    assert (rows.end < 624).all()
    assert (rows.size >= 1).all()
    assert found.cases.sum() == rows.size.sum()
    assert set(rows.times[~rows.current].tolist()) <= {2.0, 3.0, 5.0, 10.0}
    inside = np.zeros_like(found.cases, dtype=bool)
    for series, start, end in zip(rows.series, rows.start, rows.end, strict=True):
        inside[series, start : end + 1] = True
    assert found.cases[~inside].sum() == 0
    assert (found.counts >= found.cases).all()


def test_sizes_are_poisson_with_k_deviations():
    found = outbreaks.noufaily(scenarios=[37], replicates=300, past=0, current_times=[4], seed=9)
    spread = np.sqrt(1.2 * np.exp(5.0))
    assert found.outbreaks.size.mean() == pytest.approx(4 * spread, rel=0.01)
    assert found.outbreaks.size.var() == pytest.approx(4 * spread, rel=0.3)


def test_a_week_of_an_outbreak_is_lognormal():
    found = outbreaks.noufaily(
        scenarios=[37], replicates=200, past=0, evaluated=49, current_times=[10], seed=3
    )
    first = sum(
        found.cases[series, start]
        for series, start in zip(found.outbreaks.series, found.outbreaks.start, strict=True)
        if start < 600
    )
    early = found.outbreaks.start < 600
    # half of a lognormal(0, 0.5) lies below 1
    assert first / found.outbreaks.size[early].sum() == pytest.approx(0.5, abs=0.02)


def test_the_seed_is_all():
    one, same = outbreaks.noufaily(replicates=1, seed=4), outbreaks.noufaily(replicates=1, seed=4)
    np.testing.assert_array_equal(one.counts, same.counts)
    np.testing.assert_array_equal(one.made.again().counts, one.counts)
    assert (outbreaks.noufaily(replicates=1, seed=6).counts != one.counts).any()


def test_the_recipe_of_our_own_series():
    kinds = [
        {"level": 5.0, "ratio": 2.0, "trend": 1, "season": 1, "times": 5.0},
        {"level": 100.0, "ratio": 4.0, "trend": 0, "season": 0, "times": 8.0},
    ]
    found = outbreaks.recipe(series=kinds)
    assert found.counts.shape == (2, 522)
    assert found.outbreaks.current.tolist() == [False] * 3 + [True] * 3 + [False] * 3 + [True] * 3
    assert (found.outbreaks.size >= 2).all()
    np.testing.assert_allclose(found.mean[1], 100.0)
    assert found.mean[0, -1] / found.mean[0, 0] == pytest.approx(2.0, rel=0.7)
    flat = outbreaks.recipe(series=[{**kinds[0], "season": 0}])
    assert flat.mean[0, -1] / flat.mean[0, 0] == pytest.approx(2.0)
    assert np.sqrt(flat.mean[0, -1] * flat.mean[0, 0]) == pytest.approx(5.0)


# --- evaluation -------------------------------------------------------------------------------------------------------


def by_hand():
    """Two series of six weeks, the last four judged; outbreaks in weeks 2-3 and 4-5."""
    cases = np.array([[0, 0, 1, 2, 0, 0], [0, 0, 0, 0, 3, 1]], dtype=float)
    rows = outbreaks.Outbreaks(
        np.array([0, 1]),
        np.array([2, 4]),
        np.array([3, 5]),
        np.array([3, 4]),
        np.ones(2),
        np.ones(2, dtype=bool),
    )
    kind = np.zeros(2, dtype=np.int64)
    return outbreaks.Simulated(cases + 1, np.ones((2, 6)), cases, kind, rows, 4, None)


def test_performance_as_by_hand():
    scores = np.array([[0.5, 2.0, 0.1, np.nan], [3.0, 0.0, 1.0, 0.9]])
    found = evaluation.performance(by_hand(), scores)
    assert found.detections.tolist() == [1, -1]
    assert (found.detected, found.detected_at_once, found.delay) == (0.5, 0.0, 1.0)
    assert found.timeliness == pytest.approx((1 / 2 + 1) / 2)
    assert (found.sensitivity, found.precision) == (1 / 4, 1 / 2)
    assert (found.false_positive_rate, found.specificity) == (1 / 4, 3 / 4)
    assert found.negative_value == pytest.approx(3 / 6)
    assert found.f1 == pytest.approx(2 * 1 / (2 + 1 + 3))
    assert found.signals_a_week == 0.5


def test_a_budget_keeps_the_highest_of_each_week():
    scores = np.array([[5.0, 1.0, 0.1, np.nan], [3.0, 2.0, 4.0, 0.9]])
    found = evaluation.at_budget(by_hand(), scores, budget=1)
    # week 2: series 0; week 3: series 1; weeks 4 and 5: series 1
    assert found.detections.tolist() == [0, 0]
    assert found.precision == pytest.approx(3 / 4)
    assert found.signals_a_week == 1.0
    few = evaluation.at_budget(by_hand(), scores, budget=1, threshold=4.5)
    assert few.detections.tolist() == [0, -1]
    assert few.made.again(by_hand(), scores).detections.tolist() == [0, -1]


def test_missing_scores_fill_no_budget():
    found = evaluation.at_budget(by_hand(), np.full((2, 4), np.nan), budget=2)
    assert found.signals_a_week == 0.0
    assert np.isnan(found.precision)


def test_scores_of_another_shape_are_refused():
    with pytest.raises(Invalid, match="methods-shape"):
        evaluation.performance(by_hand(), np.zeros((2, 5)))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 12))
def test_a_larger_budget_never_finds_less(seed, budget):
    found = outbreaks.noufaily(scenarios=[7, 15, 22], replicates=4, past=0, seed=seed)
    scores = ears_like(found.counts, found.evaluated)
    one = evaluation.at_budget(found, scores, budget=budget)
    more = evaluation.at_budget(found, scores, budget=budget + 1)
    assert more.detected >= one.detected
    assert more.false_positive_rate >= one.false_positive_rate
    assert one.signals_a_week <= budget


def test_published_ranges_are_met():
    """Bedubourg and Le Strat (2017), abstract: over 21 algorithms the false positive rate lies in 0.7-59.9 %, the
    probability of detection in 43.3-88.7 %, the positive predictive value in 6.5-68.4 %, the negative above 94 %."""
    found = outbreaks.noufaily(replicates=12, seed=2017)
    for z in (1.645, 2.326):
        result = evaluation.run(found, lambda counts, last, z=z: ears_like(counts, last, z=z))
        assert 0.007 <= result.false_positive_rate <= 0.599
        assert 0.433 <= result.detected <= 0.887
        assert 0.065 <= result.precision <= 0.684
        assert result.negative_value > 0.94


def test_published_ranges_are_met_by_farrington_original_and_improved():
    found = outbreaks.noufaily(replicates=10, seed=2017)
    original = {
        "no_periods": 1,
        "past_weeks_not_included": 3,
        "weights_threshold": 1.0,
        "p_threshold_trend": 0.05,
    }
    improved = {"no_periods": 10, "past_weeks_not_included": 26, "p_threshold_trend": 1.0}
    improved |= {"threshold_method": "nbPlugin"}
    first, second = (
        flexible(found.counts, last=found.evaluated, b=5, alpha=0.01, **each).score
        for each in (original, improved)
    )
    for scores in (first, second):
        result = evaluation.performance(found, scores)
        assert 0.007 <= result.false_positive_rate <= 0.599
        assert 0.433 <= result.detected <= 0.887
        assert 0.065 <= result.precision <= 0.684
        assert result.negative_value > 0.94
    # what the improvement was made for: fewer false alarms; and at one budget it finds no less
    one, other = (evaluation.performance(found, scores).false_positive_rate for scores in (first, second))
    assert other < one / 2
    one, other = (evaluation.at_budget(found, scores) for scores in (first, second))
    assert one.signals_a_week == other.signals_a_week == 20.0
    assert other.detected >= one.detected


def test_the_oracle_is_perfect_and_the_blind_is_not():
    found = outbreaks.noufaily(scenarios=[1, 2], replicates=10, seed=1)
    truth = found.cases[:, -found.evaluated :] * 2
    perfect = evaluation.performance(found, truth)
    assert (perfect.sensitivity, perfect.precision, perfect.detected) == (1.0, 1.0, 1.0)
    assert perfect.false_positive_rate == 0.0
    blind = evaluation.performance(found, np.zeros_like(truth))
    assert (blind.detected, blind.timeliness) == (0.0, 1.0)
    assert np.isnan(blind.delay)
