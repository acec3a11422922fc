"""Farrington on drawn designs, missing weeks and populations, beside dense matrices, however the fits stop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from camphora.methods.detection import farrington
from camphora.methods.detection.reference_weeks import by_rows, references

DESIGNS = st.fixed_dictionaries(
    {
        "b": st.integers(2, 5),
        "w": st.integers(1, 4),
        "no_periods": st.sampled_from([1, 2, 5, 10]),
        "past_weeks_not_included": st.sampled_from([3, 10, 26]),
        "reweight": st.booleans(),
        "weights_threshold": st.sampled_from([1.0, 2.58]),
        "trend": st.booleans(),
        "p_threshold_trend": st.sampled_from([0.05, 1.0]),
    }
)


class Unfit(Exception):
    """The regression did not converge."""


def steps(x, y, omega, offset, early):
    """Fisher scoring: (coefficients, mean, weights of the last step)."""
    mean = y + 0.1
    eta, before = np.log(mean), np.inf
    for step in range(25 if early else 300):
        weight = omega * mean
        root = np.sqrt(weight)[:, None]
        params = np.linalg.lstsq(x * root, (eta - offset + y / mean - 1) * root[:, 0], rcond=None)[0]
        start = deviance(y, mean, omega) if step == 0 else before
        eta = x @ params + offset
        mean = np.exp(eta)
        before = deviance(y, mean, omega)
        if abs(before - start) / (abs(before) + 0.1) < (1e-8 if early else 1e-15):
            return params, mean, weight if early else omega * mean
    if early:
        raise Unfit
    return params, mean, omega * mean


def deviance(y, mean, omega):
    return 2 * np.sum(omega * (np.where(y > 0, y * np.log(np.maximum(y, 1) / mean), 0) - (y - mean)))


def regression(y, t, period, offset, *, given_, early):
    """(log mean, standard error, phi, trend kept), all by the definitions."""
    for trend in (True, False) if given_["trend"] and given_["b"] >= 3 else (False,):
        columns = [np.ones(len(t))] + [(period == each).astype(float) for each in np.unique(period)[1:]]
        x = np.stack(columns + ([t] if trend else []), axis=1)
        df = len(y) - x.shape[1]
        omega = np.ones(len(y))
        params, mean, weight = steps(x, y, omega, offset, early)
        pearson = np.sum(weight * (y / mean - 1) ** 2) / df
        covariance = np.linalg.inv((x * weight[:, None]).T @ x)
        spread = pearson
        if given_["reweight"]:
            leverage = weight * np.einsum("ij,jk,ik->i", x, covariance, x)
            s = 1.5 * (y ** (2 / 3) * mean ** (-1 / 6) - np.sqrt(mean))
            s = s / np.sqrt(max(pearson, 1) * (1 - leverage))
            omega = np.where(s > given_["weights_threshold"], np.maximum(s, 1e-9) ** -2.0, 1.0)
            omega *= len(y) / omega.sum()
            params, mean, weight = steps(x, y, omega, offset, early)
            covariance = np.linalg.inv((x * weight[:, None]).T @ x)
            spread = pearson = np.sum(weight * (y / mean - 1) ** 2) / df
            if early:
                spread = np.sum(omega * (y / mean - 1) ** 2) / df
        if not early:
            spread = max(spread, 1)
        se = np.sqrt(spread * covariance[0, 0])
        if trend:
            p = 2 * stats.t.sf(abs(params[-1]) / np.sqrt(spread * covariance[-1, -1]), df)
            if given_["p_threshold_trend"] < 1 and not p < given_["p_threshold_trend"]:
                continue
            if np.exp(params[0]) > y.max():
                continue
        return params[0], se, max(pearson, 1), trend
    return None


@settings(max_examples=25, deadline=None)
@given(DESIGNS, st.booleans(), st.booleans(), st.integers(0, 10**6))
def test_every_design_is_that_of_a_dense_matrix(design, early, exposed, seed):
    draw = np.random.default_rng(seed)
    t = np.arange(300)
    mean = 6 * np.exp(0.4 * np.cos(t / 8.3) + draw.normal(0, 0.002) * t)
    y = draw.negative_binomial(mean, 0.4).astype(float) + 1
    y[draw.integers(0, 299, 6)] = np.nan
    y[draw.integers(0, 299, 2)] = 90
    population = np.exp(draw.normal(0, 0.2, 300)) if exposed else None
    like = references(
        299,
        by_rows(design["b"], 52),
        w=design["w"],
        no_periods=design["no_periods"],
        left_out=design["past_weeks_not_included"],
    )
    known = ~np.isnan(y[like.rows])
    rows, period = like.rows[known], like.period[known]
    offset = np.log(population[rows] / population[299]) if exposed else np.zeros(len(rows))
    eta, se, phi, trend = regression(y[rows], rows - 299.0, period, offset, given_=design, early=early)
    found = farrington.flexible(
        y, population, threshold_method="muan", like="surveillance" if early else None, **design
    )
    assert found.trend[0, 0] == trend
    np.testing.assert_allclose(found.phi[0, 0], phi, rtol=1e-7)
    np.testing.assert_allclose(found.expected[0, 0], np.exp(eta), rtol=1e-7)
    upper = np.exp(eta + stats.norm.ppf(0.95) * se)
    np.testing.assert_allclose(found.bound_mean[0, 0], upper, rtol=1e-7)
    quantile = (
        stats.nbinom.ppf(0.95, upper / (phi - 1), 1 / phi) if phi > 1 else stats.poisson.ppf(0.95, upper)
    )
    assert found.upper[0, 0] == quantile
    if not np.isnan(y[299]):
        assert found.alarm[0, 0] == (y[299] > quantile)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 3))
def test_a_flat_series_alarms_about_as_often_as_alpha_says(seed, level):
    """Not above it by more than chance: the quantile of a discrete distribution keeps below alpha."""
    draw = np.random.default_rng(seed)
    y = draw.poisson(level, (400, 330)).astype(float)
    found = farrington.flexible(y, **{**farrington.IMPROVED, "trend": False, "limit54": (0, 4)})
    assert found.converged.all()
    assert found.alarm.mean() < 0.05 * 1.4 + 3 * np.sqrt(0.05 / 400)
    assert (found.p[found.alarm] <= 0.05).all()
    assert (found.p[~found.alarm] > 0.05).all()


@pytest.mark.parametrize(
    ("frequency", "w", "periods", "sizes"),
    [
        (52, 0, 10, [6, 6, 6, 6, 6, 6, 5, 5, 5]),
        (52, 3, 7, [8, 8, 8, 7, 7, 7]),
        (52, 3, 10, [5] * 9),
        (26, 2, 20, [2, 2] + [1] * 17),
        (365, 1, 5, [91, 91, 90, 90]),
    ],
)
def test_of_uneven_parts_of_the_year_the_earlier_are_the_longer(frequency, w, periods, sizes):
    """As R cuts them: from its dispersions of series that step up at one week after another (`tools/compare_r.R`)."""
    row = 2 * frequency + w
    like = references(row, by_rows(2, frequency), w=w, no_periods=periods, left_out=0)
    for year in (1, 2):
        of_year = (like.rows > row - year * frequency) & (like.rows <= row - (year - 1) * frequency)
        period = like.period[of_year & (like.period > 0)]
        assert np.bincount(period)[1:].tolist() == sizes
        assert (np.diff(period) >= 0).all()
