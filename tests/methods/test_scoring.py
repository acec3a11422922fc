"""Scores beside those of scoringrules, tables beside those of a hub, and both by their definitions."""

import csv
import gzip
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest
import scoringrules
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, norm, poisson

from camphora.errors import Invalid
from camphora.methods.scoring import calibration, comparison, hub, scores

TWO = hub.Tasks(("t",), ("a",), (1,), (0.25, 0.75))
OPEN = Path(__file__).with_name("data") / "open"
LEVELS = hub.LEVELS
SEASON = hub.Tasks(
    targets=("wk inc flu hosp",), locations=("06", "12", "36", "42", "48", "US"), horizons=(0, 1, 2, 3)
)


def rows(name):
    with gzip.open(OPEN / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def season():
    """Quantiles and what came, by (model, date, location, horizon); the stored scores."""
    found = {}
    for row in rows("flusight_forecasts"):
        key = tuple(row[name] for name in ("model", "reference_date", "location", "horizon"))
        found.setdefault(key, []).append((float(row["q"]), float(row["value"])))
    stored = rows("flusight_wis")
    keys = [tuple(row[name] for name in ("model", "reference_date", "location", "horizon")) for row in stored]
    quantiles = np.array([[value for _, value in sorted(found[key])] for key in keys])
    return keys, quantiles, stored


def test_wis_and_coverage_equal_the_stored_season(season):
    _, quantiles, stored = season
    assert quantiles.shape == (3192, 23)  # all that are stored: 6 models, 6 places
    observed = np.array([float(row["y"]) for row in stored])
    found = scores.wis(observed, quantiles, levels=LEVELS)
    np.testing.assert_allclose(found.value, [float(row["wis"]) for row in stored], atol=6e-6)
    np.testing.assert_allclose(found.spread + found.over + found.under, found.value)
    covered = calibration.coverage(observed, quantiles, levels=LEVELS)
    by_level = dict(zip(covered.level.round(3), covered.share, strict=True))
    assert by_level[0.95] == pytest.approx(np.mean([row["c95"] == "True" for row in stored]))
    assert by_level[0.5] == pytest.approx(np.mean([row["c50"] == "True" for row in stored]))


def test_wis_equals_scoringrules_and_is_twice_the_pinball_loss(season):
    _, quantiles, stored = season
    observed = np.array([float(row["y"]) for row in stored])
    ours = scores.wis(observed, quantiles, levels=LEVELS).value
    alpha = 2 * np.array(LEVELS[:11])
    theirs = scoringrules.weighted_interval_score(
        observed, quantiles[:, 11], quantiles[:, :11], quantiles[:, :11:-1], alpha
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    loss = scores.pinball(observed, quantiles, levels=LEVELS).value
    np.testing.assert_allclose(ours, 2 * loss.mean(axis=1), rtol=1e-12)
    alone = scores.crps_quantiles(observed, quantiles, levels=LEVELS).value
    np.testing.assert_allclose(alone, ours, rtol=1e-12)
    some = scores.crps_quantiles(
        observed, quantiles[:, [2, 3, 20]], levels=np.array(LEVELS)[[2, 3, 20]]
    ).value
    theirs = scoringrules.crps_quantile(observed, quantiles[:, [2, 3, 20]], np.array(LEVELS)[[2, 3, 20]])
    np.testing.assert_allclose(some, theirs, rtol=1e-12)
    peer = scoringrules.quantile_score(observed[:, None], quantiles, np.array(LEVELS)[None])
    np.testing.assert_allclose(loss, peer, rtol=1e-12)
    one = scores.interval(observed, quantiles[:, 1], quantiles[:, -2], alpha=0.05).value
    np.testing.assert_allclose(
        one, scoringrules.interval_score(observed, quantiles[:, 1], quantiles[:, -2], 0.05), rtol=1e-12
    )


def drawn():
    random = np.random.default_rng(7)
    return (
        random.integers(0, 60, 300).astype(float),
        random.uniform(0.1, 60, 300),
        random.uniform(0.3, 50, 300),
    )


def test_scores_of_distributions_equal_scoringrules():
    y, mean, size = drawn()
    with np.errstate(divide="ignore", invalid="ignore"):
        pairs = [
            (scores.crps_normal(y, mean, size), scoringrules.crps_normal(y, mean, size)),
            (scores.crps_poisson(y, mean), scoringrules.crps_poisson(y, mean)),
            (scores.crps_negative_binomial(y, mean, size), scoringrules.crps_negbinom(y, size, mu=mean)),
            (scores.log_normal_density(y, mean, size), scoringrules.logs_normal(y, mean, size)),
            (scores.log_poisson(y, mean), scoringrules.logs_poisson(y, mean)),
            (scores.log_negative_binomial(y, mean, size), scoringrules.logs_negbinom(y, size, mu=mean)),
        ]
    for ours, theirs in pairs:
        # The peer takes the logarithm of a probability that has become 0; ours stays finite.
        kept = np.isfinite(theirs)
        assert kept.mean() > 0.7
        assert np.isfinite(ours.value).all()
        np.testing.assert_allclose(ours.value[kept], theirs[kept], rtol=1e-9, atol=1e-12)


def test_crps_of_counts_by_its_definition():
    support = np.arange(0, 3000)
    for y, mean, size in zip(*(each[:12] for each in drawn()), strict=True):
        step = support >= y
        by_sum = np.sum((nbinom.cdf(support, size, size / (size + mean)) - step) ** 2)
        assert scores.crps_negative_binomial(y, mean, size).value == pytest.approx(by_sum)
        by_sum = np.sum((poisson.cdf(support, mean) - step) ** 2)
        assert scores.crps_poisson(y, mean).value == pytest.approx(by_sum)
    assert scores.crps_poisson(0.0, 0.3).value == pytest.approx(np.sum((poisson.cdf(support, 0.3) - 1) ** 2))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=2, max_size=15), st.floats(-50, 50))
def test_crps_of_samples(samples, y):
    near = np.array(samples)
    pairs = np.abs(near[:, None] - near[None])
    first = np.abs(near - y).mean()
    plain = scores.crps_samples(y, near).value
    assert plain == pytest.approx(first - pairs.mean() / 2, abs=1e-9)
    assert plain == pytest.approx(scoringrules.crps_ensemble(y, near, estimator="nrg"), abs=1e-9)
    fair = scores.crps_samples(y, near, estimator="fair").value
    assert fair == pytest.approx(first - pairs.sum() / (near.size * (near.size - 1)) / 2, abs=1e-9)
    assert fair == pytest.approx(scoringrules.crps_ensemble(y, near, estimator="fair"), abs=1e-9)


def test_a_mean_of_0_is_a_point_at_0():
    y = np.array([0.0, 1, 3, 5000, -1, np.nan])
    for crps, theirs in (
        (scores.crps_poisson(y, 0.0).value, scoringrules.crps_poisson(y[:3], 0.0)),
        (scores.crps_negative_binomial(y, 0.0, 2.0).value, scoringrules.crps_negbinom(y[:3], 2.0, mu=0.0)),
        (scores.crps_negative_binomial(y, 0.0, 1e9).value, y[:3]),
    ):
        np.testing.assert_array_equal(crps, np.abs(y))
        np.testing.assert_array_equal(crps[:3], theirs)
    for log in (scores.log_poisson(y, 0.0).value, scores.log_negative_binomial(y, 0.0, 2.0).value):
        np.testing.assert_array_equal(log, [0, np.inf, np.inf, np.inf, np.nan, np.nan])
    near = scores.crps_poisson(y, 1e-12).value, scores.crps_negative_binomial(y, 1e-12, 2.0).value
    np.testing.assert_allclose(near, [np.abs(y)] * 2, atol=1e-11)
    between = scores.crps_poisson(1.5, 0.0).value, scores.crps_negative_binomial(1.5, 0.0, 2.0).value
    assert np.isnan(between).all()
    assert np.isnan(scores.crps_negative_binomial(0.0, 0.0, 0.0).value)
    assert np.isnan([scores.crps_poisson(0, -1).value, scores.crps_negative_binomial(0, -1, 2).value]).all()


def test_below_zero_the_crps_of_counts_grows_by_the_distance():
    for crps, more in ((scores.crps_poisson, ()), (scores.crps_negative_binomial, (2.0,))):
        at = crps([0.0, -1, -7], 2.5, *more).value
        np.testing.assert_allclose(at - at[0], [0, 1, 7], atol=1e-12)


def test_one_sample_is_a_point():
    found = scores.crps_samples([3.0, -2, np.nan], [[1.0], [1], [1]]).value
    np.testing.assert_array_equal(found, [2, 3, np.nan])
    theirs = scoringrules.crps_ensemble(np.array([3.0, -2]), np.array([[1.0], [1]]), estimator="nrg")
    np.testing.assert_array_equal(found[:2], theirs)


def test_too_few_samples_are_not_called_points_in_time():
    with pytest.raises(Invalid) as refused:
        scores.crps_samples([1], [[1]], estimator="fair")
    text = refused.value.text("en") + refused.value.text("zh-TW")
    assert "points in time" not in text
    assert "時間點" not in text


@pytest.mark.parametrize("z", [0.0, 0.015624, 0.5, 1.7, 4.2, 8.99, 9.0, 9.01, 40.0, 1e30])
def test_crps_of_a_normal_by_its_formula(z):
    phi = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    wanted = z * (2 * norm.cdf(z) - 1) + 2 * phi - 1 / np.sqrt(np.pi)
    assert float(scores.crps_normal(3 - 2.5 * z, 3.0, 2.5).value) == pytest.approx(2.5 * wanted, rel=4e-15)
    assert float(scores.crps_normal(3 + 2.5 * z, 3.0, 2.5).value) == pytest.approx(2.5 * wanted, rel=4e-15)


@pytest.mark.parametrize("y", [0.0, 1, 7, 60, 900, 999, 1000, 1001, 5000])
@pytest.mark.parametrize("mean", [1e-3, 0.7, 30.0, 1000.0, 4800.0])
def test_crps_of_counts_is_the_same_added_up_or_by_incomplete_functions(y, mean):
    for size in (1e-3, 0.4, 12.0, 1e4, 1e20):
        chance = size / (size + mean)
        below = poisson.cdf(y, mean) if size > 1e15 else nbinom.cdf(y, size, chance)
        above = poisson.cdf(y - 1, mean) if size > 1e15 else nbinom.cdf(y - 1, size + 1, chance)
        ours = scores._both(*(np.array([each]) for each in (y, mean, size)))
        np.testing.assert_allclose(np.ravel(ours), [below, above], atol=2e-13)


def test_what_is_missing_is_not_scored():
    value = scores.wis([np.nan, 1.0], [[0, 1, 2], [0, 1, 2]], levels=[0.25, 0.5, 0.75]).value
    assert np.isnan(value[0])
    gaps = scores.wis([1.0] * 3, [[np.nan, 1, 2], [0, np.nan, 2], [0, 1, np.nan]], levels=[0.25, 0.5, 0.75])
    assert np.isnan(np.stack([gaps.value, gaps.spread, gaps.over, gaps.under])[:, 1]).all()
    assert np.isnan(gaps.value).all()
    assert value[1] == pytest.approx(2 * 0.25 / 1.5)
    found = calibration.coverage([np.nan, 1.0], [[0, 1, 2], [0, 1, 2]], levels=[0.25, 0.5, 0.75])
    assert (found.count, found.share[0]) == (1, 1.0)
    assert np.isnan(calibration.coverage([np.nan], [[0, 1, 2]], levels=[0.25, 0.5, 0.75]).share[0])
    assert np.isnan(scores.crps_poisson(1.5, 2.0).value)


def test_pit_is_flat_for_the_truth_and_bent_for_too_narrow():
    random = np.random.default_rng(2)
    mean = random.uniform(0.5, 8, 4000)
    y = random.poisson(mean)
    flat = calibration.pit(poisson.cdf(y - 1, mean), poisson.cdf(y, mean)).share
    assert flat.sum() == pytest.approx(1)
    assert np.abs(flat - 0.1).max() < 0.015
    z = random.normal(size=4000)
    narrow = calibration.pit(norm.cdf(z, scale=0.5)).share
    assert min(narrow[0], narrow[-1]) > 0.13
    draws = random.poisson(mean[:500, None], size=(500, 200))
    assert np.abs(calibration.pit_samples(y[:500], draws, bins=5).share - 0.2).max() < 0.06
    assert calibration.pit([0.0, 1.0, np.nan], bins=4).share.tolist() == [0.5, 0, 0, 0.5]


def test_pairwise_skill_by_hand():
    nan = np.nan
    found = comparison.pairwise([[1, 2, 3], [2, 4, nan], [4, nan, 3]], baseline=0)
    np.testing.assert_allclose(found.ratio, [[1, 0.5, 4 / 7], [2, 1, 0.5], [7 / 4, 2, 1]])
    np.testing.assert_array_equal(found.shared, [[3, 2, 2], [2, 2, 1], [2, 1, 2]])
    theta = np.cbrt([0.5 * 4 / 7, 2 * 0.5, 7 / 4 * 2])
    np.testing.assert_allclose(found.relative, theta / theta[0])
    apart = comparison.pairwise([[1, nan], [nan, 1]], baseline=0)
    assert np.isnan(apart.ratio[0, 1])
    assert comparison.pairwise([[0, 0], [0, 0]], baseline=0).relative.tolist() == [1, 1]


def test_pairwise_skill_of_the_season(season):
    keys, _, stored = season
    models = sorted({key[0] for key in keys})
    tasks = sorted({key[1:] for key in keys})
    table = np.full((len(models), len(tasks)), np.nan)
    for key, row in zip(keys, stored, strict=True):
        table[models.index(key[0]), tasks.index(key[1:])] = float(row["wis"])
    found = comparison.pairwise(table, baseline=models.index("FluSight-baseline"))
    skill = dict(zip(models, found.relative, strict=True))
    assert skill["FluSight-baseline"] == 1
    assert skill["FluSight-ensemble"] < 1


def forecasts(season):
    keys, quantiles, _ = season
    chosen = [at for at, key in enumerate(keys) if key[0] == "FluSight-ensemble" and key[1] == "2025-02-01"]
    places = sorted({keys[at][2] for at in chosen})
    shaped = np.empty((len(places), 4, 23))
    for at in chosen:
        shaped[places.index(keys[at][2]), int(keys[at][3])] = quantiles[at]
    return places, shaped


def test_a_hub_table_goes_out_and_comes_back(season):
    places, shaped = forecasts(season)
    made = hub.table(shaped, reference="2025-02-01", target="wk inc flu hosp", locations=places, tasks=SEASON)
    assert hub.check(made, tasks=SEASON) == []
    text = hub.write(made, tasks=SEASON)
    assert text.startswith(",".join(hub.COLUMNS) + "\n")
    back = hub.read(text)
    assert len(back) == len(places) * 4 * 23
    again = np.array([float(row["value"]) for row in back]).reshape(shaped.shape)
    np.testing.assert_allclose(again, shaped, rtol=1e-9)
    assert back[-1]["target_end_date"] == "2025-02-22"


SPOILED = {
    "reference_date": ("2025-13-01", "reference_date"),
    "horizon": ("9", "horizon"),
    "location": ("99", "location"),
    "target": ("deaths", "target"),
    "target_end_date": ("2025-02-02", "target_end_date"),
    "output_type": ("means", "output_type"),
    "output_type_id": ("0.33", "output_type_id"),
    "value": ("nan", "value"),
}


@pytest.mark.parametrize("column", SPOILED)
def test_a_hub_table_with_a_defect_is_refused(season, column):
    places, shaped = forecasts(season)
    made = [
        dict(row)
        for row in hub.table(
            shaped, reference="2025-02-01", target="wk inc flu hosp", locations=places, tasks=SEASON
        )
    ]
    text, blamed = SPOILED[column]
    made[5][column] = text
    assert (6, blamed) in {(each.row, each.column) for each in hub.check(made, tasks=SEASON)}
    with pytest.raises(Invalid) as refused:
        hub.write(made, tasks=SEASON)
    assert refused.value.code == "methods-hub"


@pytest.mark.parametrize("other", ["mean", "median", "cdf", "pmf", "sample"])
def test_rows_of_other_output_types_are_not_looked_at_and_not_written(other):
    good = hub.table([[[1, 2]]], reference="2025-02-01", target="t", locations=["a"], tasks=TWO)
    both = [good[0], {**good[0], "output_type": other, "output_type_id": "NA", "value": "?"}, good[1]]
    assert hub.not_looked_at(good) == []
    assert hub.check(both, tasks=TWO) == []
    assert hub.not_looked_at(both) == [2]
    with pytest.raises(Invalid, match="not looked at") as refused:
        hub.write(both, tasks=TWO)
    assert (refused.value.facts["defects"], refused.value.facts["row"]) == (1, 2)
    crossed = [*both[:2], {**good[1], "value": "0"}]
    assert [(each.row, each.reason) for each in hub.check(crossed, tasks=TWO)] == [(1, "quantiles cross")]


def test_quantiles_that_cross_are_missing_or_twice_are_refused():
    tasks = hub.Tasks(targets=("x",), locations=("a",), horizons=(1,), levels=(0.25, 0.5, 0.75))
    good = hub.table([[[1, 2, 3]]], reference="2025-02-01", target="x", locations=["a"], tasks=tasks)

    def reasons(spoiled):
        return [each.reason for each in hub.check(spoiled, tasks=tasks)]

    assert reasons(good) == []
    assert reasons(good[:2]) == ["levels are missing"]
    assert reasons([*good, good[0]]) == ["level occurs twice"]
    assert reasons([{**good[0], "value": "9"}, *good[1:]]) == ["quantiles cross"]
    assert reasons([{**good[0], "value": "-1"}, *good[1:]]) == ["negative"]
    assert reasons([]) == ["no rows"]
    assert reasons([{"value": "1"}])[0] == "missing column"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: scores.wis([1], [[1, 2]], levels=[0.5, 0.75]), "methods-levels"),
        (lambda: scores.wis([1], [[1, 2]], levels=[0.25, 0.5, 0.75]), "methods-shape"),
        (lambda: scores.wis([1], np.array([[0, 1, np.inf]]), levels=[0.25, 0.5, 0.75]), "methods-infinite"),
        (
            lambda: scores.crps_quantiles([1], np.array([[0, 1, np.inf]]), levels=[0.2, 0.5, 0.6]),
            "methods-infinite",
        ),
        (lambda: scores.crps_normal(np.array([np.inf]), 1.0, 2.0), "methods-infinite"),
        (lambda: scores.interval(1.0, np.array([1e60]), np.array([1e60]), alpha=0.1), "methods-range"),
        (lambda: scores.log_normal_density(1.0, np.array([np.inf]), np.array([2.0])), "methods-infinite"),
        (lambda: scores.wis([1], [[-np.inf, 1, 2]], levels=[0.25, 0.5, 0.75]), "methods-infinite"),
        (lambda: scores.crps_samples([1], [[1]], estimator="fair"), "methods-too-few"),
        (lambda: scores.crps_samples([1], np.empty((1, 0))), "methods-too-few"),
        (lambda: calibration.pit_samples([1], np.empty((1, 0))), "methods-too-few"),
        (lambda: comparison.pairwise([1, 2], baseline=0), "methods-shape"),
        (lambda: comparison.pairwise([[1, 2]], baseline=1), "methods-range"),
    ],
)
def test_what_is_wrong_is_named(call, code):
    with pytest.raises(Invalid) as refused:
        call()
    assert refused.value.code == code


def nearly_poisson(y, mean, size):
    """log p(y) with 60 digits."""
    with localcontext() as precise:
        precise.prec = 60
        m, r = Decimal(mean), Decimal(size)
        found, chance = r * (r / (r + m)).ln(), m / (r + m)
        return float(found + sum(((r + k) / (k + 1) * chance).ln() for k in range(y)))


@pytest.mark.parametrize("y", [0, 1, 3, 200])
@pytest.mark.parametrize("mean", [1e-6, 0.5, 77.0])
@pytest.mark.parametrize("size", [1e-8, 0.7, 30.0, 1e5, 1e8, 1e12, 1e16, 1e19])
def test_the_log_score_keeps_its_digits_however_near_to_poisson(y, mean, size):
    expected = -nearly_poisson(y, mean, size)
    assert scores.log_negative_binomial(y, mean, size).value == pytest.approx(expected, rel=1e-12)
    if size == 1e19:
        assert scores.log_poisson(y, mean).value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("mean", [0.3, 5.0, 900.0])
@pytest.mark.parametrize("size", [0.5, 499.0, 501.0, 1e5, 1e7, 1e12])
def test_the_crps_of_counts_keeps_its_digits_however_near_to_poisson(mean, size):
    for y in (0, int(mean) + 1, int(3 * mean)):
        found = float(scores.crps_negative_binomial(y, mean, size).value)
        with localcontext() as precise:
            precise.prec = 40
            m, r = Decimal(mean), Decimal(size)
            term, chance = (r * (r / (r + m)).ln()).exp(), m / (r + m)
            below = by_sum = Decimal(0)
            for k in range(200_000):
                below += term
                by_sum += (below - (k >= y)) ** 2
                term *= (r + k) / (k + 1) * chance
                if k > y and 1 - below < Decimal("1e-16"):
                    break
        assert found == pytest.approx(float(by_sum), rel=1e-9)


def test_the_crps_tends_to_that_of_poisson_and_spans_all_sizes():
    y = np.arange(40.0)
    near = scores.crps_negative_binomial(y, 11.0, 1e15).value
    np.testing.assert_allclose(near, scores.crps_poisson(y, 11.0).value, rtol=1e-9)
    wide = scores.crps_negative_binomial(3.0, np.geomspace(1e-3, 1e9, 60), 0.01).value
    assert np.isfinite(wide).all()
    assert np.all(np.diff(wide[30:]) > 0)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: scores.interval(1.0, 0.0, 2.0, alpha=0), "methods-range"),
        (lambda: scores.interval([1.0, 2], [0.0, 1, 2], 2.0, alpha=0.1), "methods-shape"),
        (lambda: scores.pinball([1.0], [[1.0]], levels=[2]), "methods-range"),
        (lambda: calibration.pit([1.5]), "methods-range"),
        (lambda: calibration.pit([0.5], [0.2]), "methods-range"),
        (lambda: calibration.pit([0.5], bins=1.5), "methods-not-whole"),
        (lambda: hub.table([[[1, 2]]], reference="2026/01/03", target="t", locations=["a"], tasks=TWO), "methods-date"),
        (lambda: hub.table([[[1, np.nan]]], reference="2026-01-03", target="t", locations=["a"], tasks=TWO),
         "methods-missing"),
    ],
)  # fmt: skip
def test_what_is_no_forecast_is_named(call, code):
    with pytest.raises(Invalid) as refused:
        call()
    assert refused.value.code == code
