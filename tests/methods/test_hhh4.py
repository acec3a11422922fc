"""The endemic-epidemic model: equal to every stored fit; its derivatives and its forecasts as defined."""

import csv
import gzip
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from camphora.errors import Invalid
from camphora.methods.detection import hhh4_law, hhh4_model
from camphora.methods.detection.hhh4 import hhh4, one_step
from methods.watch_answers import answers, counts

COUNTIES = [name for name in counts() if name.startswith("ili")]
MODELS = {
    "uni_S1_trend_ar_NegBin1": {"trend": True},
    "uni_S1_trend_Poisson": {"trend": True, "ar": "none", "family": "Poisson"},
    "multi_S1_ar_NegBin1": {"endemic": "unit", "units": COUNTIES},
    "multi_S2_ar_unit_NegBinM": {
        "endemic": "unit",
        "ar": "unit",
        "seasons": 2,
        "family": "NegBinM",
        "units": COUNTIES,
    },
}
FITS = list(
    zip(answers("hhh4_fit")["model"].tolist(), answers("hhh4_fit")["series_id"].tolist(), strict=True)
)
HIGHER = {"ili_10002", "ili_10005", "ili_10010", "ili_63000", "ili_65000"}  # than the top that R stopped at


def given(name):
    return np.array([counts()[each][261:861] for each in (COUNTIES if name == "all_ili" else [name])])


@pytest.mark.conformance
@pytest.mark.parametrize(("model", "name"), FITS)
def test_fits_equal_the_stored_answers(model, name):
    held_to(hhh4(given(name), like="surveillance", **MODELS[model]), model, name)


VISITS = Path(hhh4_law.__file__).parents[2] / "systems/smart_epidemic_prevention/data/ili_visits.csv.gz"


def stopped_at():
    """Where R surveillance 1.20.3 stops in each county alone (data/r/README.md)."""
    with (Path(__file__).with_name("data") / "r" / "hhh4_counties.csv").open(encoding="utf-8") as file:
        return {row.pop("county"): list(map(float, row.values())) for row in csv.DictReader(file)}


@cache
def visits_of_counties():
    weeks, found = set(), Counter()
    with gzip.open(VISITS, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            week = int(row["年"]), int(row["週"])
            weeks.add(week)
            found[row["縣市"], week] += int(row["類流感急診就診人次"])
    return {county: [found[county, week] for week in sorted(weeks)][261:861] for county in stopped_at()}


@pytest.mark.conformance
@pytest.mark.parametrize("county", stopped_at())
def test_each_county_alone_ends_where_r_ends(county):
    loglik, *numbers = stopped_at()[county]
    estimate, se = np.array(numbers[:6]), np.array(numbers[6:])
    se[5] *= estimate[5]  # R tells that of -log psi
    found = hhh4(visits_of_counties()[county], trend=True, like="surveillance")
    assert found.converged
    assert found.loglik == pytest.approx(loglik, rel=1e-9)
    apart = np.abs(found.estimate - estimate) / np.maximum(np.abs(estimate), se)
    assert apart.max() < 1e-6
    np.testing.assert_allclose(found.se, se, rtol=1e-6)


@pytest.mark.parametrize("times", range(20, 160, 7))
def test_the_search_ends_where_all_counts_are_alike(times):
    """No step rises there, however short; the answer says that it is none."""
    same = np.full((2, times), 7.0)
    found = hhh4(same, trend=True, seasons=2, ar="unit", like="surveillance")
    assert not found.converged


def test_the_default_goes_on_to_a_higher_top():
    county = visits_of_counties()["苗栗縣"]
    stopped, ours = hhh4(county, trend=True, like="surveillance"), hhh4(county, trend=True)
    assert ours.converged
    assert ours.loglik - stopped.loglik == pytest.approx(3.5135, abs=1e-3)
    again = hhh4(county, trend=True, start=stopped.estimate.tolist())
    np.testing.assert_allclose(again.estimate, stopped.estimate, rtol=1e-6)


def held_to(found, model, name):
    stored, fits = answers("hhh4_coefficients"), answers("hhh4_fit")
    rows = (stored["model"] == model) & (stored["series_id"] == name)
    fit = (fits["model"] == model) & (fits["series_id"] == name)
    assert list(found.terms) == stored["term"][rows].tolist()
    np.testing.assert_allclose(found.estimate, stored["estimate"][rows], rtol=1e-6)
    np.testing.assert_allclose(found.se, stored["se"][rows], rtol=1e-6)
    for number in ("loglik", "aic", "bic", "nobs"):
        assert getattr(found, number) == pytest.approx(fits[number][fit][0], rel=1e-9)
    assert found.converged


@pytest.mark.parametrize("name", COUNTIES)
def test_the_default_is_no_lower_than_the_stored_top(name):
    fits = answers("hhh4_fit")
    stored = fits["loglik"][(fits["model"] == "uni_S1_trend_ar_NegBin1") & (fits["series_id"] == name)][0]
    found = hhh4(given(name), trend=True)
    assert found.converged
    assert found.loglik >= stored - 1e-6
    assert (found.loglik > stored + 1e-3) == (name in HIGHER)


def little(seed=1, units=3, times=80):
    random = np.random.default_rng(seed)
    ring = np.roll(np.eye(units), 1, axis=1) * 0.5 + np.roll(np.eye(units), -1, axis=1) * 0.5
    y = np.zeros((units, times))
    y[:, 0] = 5
    for t in range(1, times):
        mean = 3 * np.exp(0.4 * np.sin(2 * np.pi * t / 26)) + 0.4 * y[:, t - 1] + 0.2 * ring.T @ y[:, t - 1]
        y[:, t] = random.negative_binomial(8, 8 / (8 + mean))
    return y, ring


EVERY = {
    "endemic": "unit",
    "trend": True,
    "ar": "unit",
    "ar_seasons": 1,
    "ne": "common",
    "ne_trend": True,
    "family": "NegBinM",
    "frequency": 26,
}


def test_the_derivatives_are_those_of_the_likelihood():
    y, ring = little()
    model = hhh4_model.Model.of(
        y, ring, np.linspace(0.5, 2, 3), {**hhh4_model.DEFAULTS, **EVERY, "units": None}
    )
    fit = np.random.default_rng(2).normal(0, 0.2, len(model.terms)) - 0.5
    value, gradient, bend = model.derivatives(fit)
    assert value == pytest.approx(model.value(fit))
    steps = np.eye(len(fit)) * 1e-5
    slopes = [(model.value(fit + step) - model.value(fit - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-4)
    bends = [(model.derivatives(fit + step)[1] - model.derivatives(fit - step)[1]) / 2e-5 for step in steps]
    np.testing.assert_allclose(-bend, bends, rtol=1e-5, atol=1e-3)


def test_the_mean_and_its_parts_are_as_defined():
    y, ring = little()
    found = hhh4(y, ring, ne="common", frequency=26)
    by = dict(zip(found.terms, found.estimate, strict=True))
    before = y[:, :-1]
    np.testing.assert_allclose(found.autoregressive, np.exp(by["ar.1"]) * before)
    np.testing.assert_allclose(found.neighbourhood, np.exp(by["ne.1"]) * (ring.T @ before))
    law = stats.nbinom.logpmf(y[:, 1:], 1 / by["overdisp"], 1 / (1 + by["overdisp"] * found.mean)).sum()
    assert found.loglik == pytest.approx(law)
    assert found.aic == pytest.approx(2 * len(found.terms) - 2 * law)
    assert np.exp(by["ar.1"]) == pytest.approx(0.4, abs=0.15)


def test_one_step_forecasts_use_only_what_came_before():
    y, ring = little()
    plain = one_step(y, ring, last=3, ne="common", frequency=26)
    later = y.copy()
    later[:, -1] += 50
    changed = one_step(later, ring, last=3, ne="common", frequency=26)
    np.testing.assert_allclose(changed.mean, plain.mean, rtol=1e-9)
    law = stats.nbinom.logpmf(y[:, -3:], plain.size, plain.size / (plain.size + plain.mean))
    np.testing.assert_allclose(plain.log_score, -law)
    final = one_step(y, ring, last=3, refit=False, ne="common", frequency=26)
    np.testing.assert_allclose(final.mean, hhh4(y, ring, ne="common", frequency=26).mean[:, -3:])
    again = plain.made.again(y, ring)
    np.testing.assert_array_equal(again.mean, plain.mean)


@pytest.mark.filterwarnings("error")
def test_counts_no_more_spread_than_poisson_are_settled():
    """Newton's last steps may leap to a size of 0, where the likelihood is no number."""
    random, y = np.random.default_rng(1), np.full((2, 208), 10.0)
    for t in range(1, 208):
        y[:, t] = random.poisson(5 + 2 * np.sin(t / 8.28) + 0.4 * y[:, t - 1] + 0.2 * y[::-1, t - 1])
    beside = [[0, 1], [1, 0]]
    found = hhh4(y, beside, endemic="unit", ne="common")
    plain = hhh4(y, beside, endemic="unit", ne="common", family="Poisson")
    assert found.loglik == pytest.approx(plain.loglik, abs=0.01)
    np.testing.assert_allclose(found.mean, plain.mean, rtol=1e-3)


def test_a_missing_count_is_not_fitted_and_neither_is_the_next():
    y, ring = little()
    holes = y.copy()
    holes[1, 40] = np.nan
    assert hhh4(y, frequency=26).nobs == 3 * 79
    assert hhh4(holes, frequency=26).nobs == 3 * 79 - 2
    assert hhh4(holes, ring, ne="common", frequency=26).nobs == 3 * 79 - 4


def test_a_coefficient_that_runs_off_is_said_not_to_converge():
    alternating = hhh4(np.tile([2.0, 9], 60), seasons=0)
    assert not alternating.converged
    assert alternating.loglik >= hhh4(np.tile([2.0, 9], 60), seasons=0, ar="none").loglik - 1e-4
    y = np.random.default_rng(0).poisson(5, (2, 90)).astype(float)
    plain = {"seasons": 0, "endemic": "unit", "ar": "none", "family": "Poisson"}
    assert hhh4(y, **plain).converged
    y[1] = 0
    assert not hhh4(y, **plain).converged


def test_a_result_can_be_made_again_and_faults_are_named():
    y, ring = little()
    found = hhh4(y, ring, ne="common", frequency=26)
    np.testing.assert_array_equal(found.made.again(y, ring).estimate, found.estimate)
    near = hhh4(y, ring, ne="common", frequency=26, start=found.estimate.tolist())
    np.testing.assert_allclose(near.estimate, found.estimate, rtol=1e-7)
    for wrong in (
        {"family": "NegBin"},
        {"ar": "some"},
        {"ne": "common"},
        {"units": ["a"]},
        {"start": [0.0]},
        {"frequency": 0},
        {"like": "R"},
        {"seasons": -1},
    ):
        with pytest.raises(Invalid, match=next(iter(wrong))):
            hhh4(y, **wrong)
    with pytest.raises(Invalid, match="neighbours"):
        hhh4(y, np.eye(2), ne="common")
    with pytest.raises(Invalid, match="counts"):
        hhh4(y[:, :4], endemic="unit", ar="unit")


def without(unit):
    y = np.random.default_rng(0).poisson(5, (3, 90)).astype(float)
    y[unit] = 0
    return y


@pytest.mark.parametrize(
    ("given_", "wrong", "code", "argument"),
    [
        ((little()[0], None, 0.0), {}, "methods-no-part", "offset"),
        ((little()[0], np.zeros((3, 3))), {"ne": "common"}, "methods-no-part", "neighbours"),
        ((little()[0][:1], np.ones((1, 1))), {"ne": "unit"}, "methods-no-part", "neighbours"),
        ((np.r_[np.zeros(89), 1],), {}, "methods-no-part", "ar"),
        ((np.zeros((2, 90)),), {}, "methods-no-cases", "counts"),
        ((np.full((2, 90), np.nan),), {}, "methods-no-cases", "counts"),
        (
            (little()[0], None, np.where(np.arange(80) == 40, 0.0, 1)),
            {"ar": "none"},
            "methods-impossible",
            "offset",
        ),
        ((little()[0],), {"start": [np.nan] * 5}, "methods-not-numbers", "start"),
        ((little()[0],), {"start": [0, 0, 0, 0, 1e-300]}, "methods-no-fit", "start"),
        ((little()[0],), {"start": ["a"] * 5}, "methods-not-numbers", "start"),
        ((little()[0],), {"seasons": 26}, "methods-range", "seasons"),
        ((little()[0],), {"frequency": "52"}, "methods-range", "frequency"),
        ((little()[0],), {"units": 3}, "methods-shape", "units"),
        ((little()[0],), {"trend": "no"}, "methods-choice", "trend"),
        ((little()[0], None, np.nan), {}, "methods-short", "counts"),
    ],
)
def test_what_cannot_be_fitted_is_named(given_, wrong, code, argument):
    with pytest.raises(Invalid, match=argument) as found:
        hhh4(*given_, **wrong)
    assert found.value.code == code


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "model",
    [
        {"endemic": "unit"},
        {"endemic": "unit", "ar": "unit"},
        {"endemic": "unit", "family": "NegBinM"},
        {"endemic": "unit", "like": "surveillance"},
        {"endemic": "unit", "start": [500.0, 0, 0, 1, 1, 1, 0.1]},
    ],
)
def test_a_unit_without_a_case_says_that_it_did_not_converge(model):
    found = hhh4(without(1), **model)
    assert not found.converged
    assert np.isfinite(found.loglik)
    assert found.loglik <= 0
    assert found.mean[1].max() < 1


def test_the_likelihood_keeps_its_digits_where_the_size_runs_off():
    y, mean = np.array([0.0, 3, 40]), np.array([0.5, 2.0, 30])
    wanted = stats.poisson.logpmf(y, mean)
    for size in (1e5, 1e7, 1e12, 1e17, 1e30):
        law = hhh4_law.log_law(y, mean, np.full(3, size))
        np.testing.assert_allclose(law, wanted, rtol=3e3 / size + 1e-9)


def test_a_count_of_none_where_none_can_come_is_left_out():
    y = np.random.default_rng(3).poisson(5, (2, 90)).astype(float)
    y[:, 40] = 0
    offset = np.where(np.arange(90) == 40, 0.0, 1)
    held = hhh4(y, None, offset, ar="none", seasons=0)
    missing = hhh4(np.where(np.arange(90) == 40, np.nan, y), ar="none", seasons=0)
    assert held.nobs == missing.nobs == 2 * 88
    np.testing.assert_allclose(held.estimate, missing.estimate, rtol=1e-6, atol=1e-6)
