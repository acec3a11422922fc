"""Likelihood-ratio charts: equal to every stored answer, baselines too; the mended search finds the true maximum."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar

from camphora.errors import Invalid
from camphora.methods.detection import baseline
from camphora.methods.detection.glr import glr
from methods.ed_visits import visits
from methods.watch_answers import answers, calls, counts

CONTROLS = {
    "glr_nb_S1_trend": {},
    "glr_nb_S2_refit": {"seasons": 2, "trend": False, "refit": True},
    "glr_pois_S1_trend": {"alpha": 0.0},
    "lr_nb_theta1.5": {"theta": 1.5},
    "lr_pois_theta1.5": {"theta": 1.5, "alpha": 0.0},
    "glr_nb_window26": {"window": 26, "least_window": 2},
    "glr_nb_epi": {"change": "epidemic"},
    "glr_nb_dec": {"direction": "dec"},
}
CHANGED_BY_MENDING = {("glr_nb_epi", "ev_10002"), ("glr_nb_epi", "syn_08"), ("glr_nb_dec", "ev_10002")}


def test_every_stored_call_is_held_to():
    assert set(CONTROLS) == {control for method, control in calls() if method == "glrnb"}


@pytest.mark.conformance
@pytest.mark.parametrize("name", ["ev_10002", "syn_08"])
@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_charts_and_baselines_equal_the_stored_answers(control, name):
    stored, models = answers("glrnb"), answers("glrnb_mu0_models")
    rows = (stored["control_id"] == control) & (stored["series_id"] == name)
    found = glr(counts()[name], last=104, like="surveillance", **CONTROLS[control])
    np.testing.assert_allclose(found.mean[0], stored["mu0"][rows], rtol=1e-6)
    np.testing.assert_allclose(found.alpha[0], stored["alpha"][rows][0], rtol=1e-6)
    np.testing.assert_allclose(found.statistic[0], stored["glr"][rows], rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(found.alarm[0], stored["alarm"][rows] == 1)
    fitted = (models["control_id"] == control) & (models["series_id"] == name)
    for number, fit in enumerate(found.fits[0], 1):
        wanted = models["estimate"][fitted & (models["fit"] == number)]
        np.testing.assert_allclose(fit.coefficients, wanted[:-1], rtol=1e-6)
        if not np.isnan(wanted[-1]):
            np.testing.assert_allclose(fit.theta, wanted[-1], rtol=1e-6)
    assert len(found.fits[0]) == models["fit"][fitted].max()
    mended = glr(counts()[name], last=104, **CONTROLS[control])
    if (control, name) not in CHANGED_BY_MENDING:
        np.testing.assert_allclose(mended.statistic, found.statistic, rtol=1e-3, atol=1e-5)
        np.testing.assert_array_equal(mended.alarm, found.alarm)


def largest_ratio(y, m, alpha, change, direction, before):  # noqa: PLR0917
    def law(mean):
        return (
            stats.poisson.logpmf(y, mean).sum()
            if alpha == 0
            else stats.nbinom.logpmf(y, 1 / alpha, 1 / (1 + alpha * mean)).sum()
        )

    if change == "intercept":
        bounds = (0, 8) if direction == "inc" else (-40, 0)
        found = minimize_scalar(
            lambda k: -law(m * np.exp(k)), bounds=bounds, method="bounded", options={"xatol": 1e-10}
        )
    else:
        found = minimize_scalar(
            lambda k: -law(m + k * before), bounds=(0, 60), method="bounded", options={"xatol": 1e-10}
        )
    return max(0.0, -found.fun - law(m))


@pytest.mark.parametrize("alpha", [0.0, 0.4])
@pytest.mark.parametrize(
    ("change", "direction"), [("intercept", "inc"), ("intercept", "dec"), ("epidemic", "inc")]
)
def test_the_statistic_is_the_largest_ratio_over_every_beginning(alpha, change, direction):
    random = np.random.default_rng(11)
    y = random.negative_binomial(2, 0.25, 18).astype(float)
    mean = random.uniform(2, 9, 12)
    found = glr(y, mean, alpha=alpha, change=change, direction=direction, last=12, limit=1e6)
    for n in range(12):
        wanted = max(
            largest_ratio(y[6 + k : 7 + n], mean[k : n + 1], alpha, change, direction, y[5 + k : 6 + n])
            for k in range(n + 1)
        )
        assert found.statistic[0, n] == pytest.approx(wanted, rel=1e-5, abs=1e-6)


def on_a_grid(y, m, before, alpha):
    """The greatest ratio over a dense grid of lambda: the places where one term peaks, and steps from 1e-6 up."""
    factors = [0.0, *np.geomspace(1e-6, 1e3, 4000)]
    factors += [
        (each - mean) / rise
        for each, mean, rise in zip(y, m, before, strict=True)
        if rise > 0 and each > mean
    ]
    factor = np.array(factors)[:, None]
    raised = m + factor * before
    ratio = y * np.log(raised / m)
    if alpha > 0:
        ratio -= (y + 1 / alpha) * np.log((1 + alpha * raised) / (1 + alpha * m))
    else:
        ratio -= raised - m
    return max(0.0, ratio.sum(axis=1).max())


COUNTS = st.lists(st.integers(0, 60), min_size=2, max_size=9)


@settings(max_examples=150, deadline=None)
@given(COUNTS, st.floats(0.2, 12), st.sampled_from([0.0, 0.1, 0.8, 5.0]), st.integers(0, 1000))
@example([0, 1, 0, 40, 200], 4.0, 2.0, 0)  # two tops, the second far out
@example([9, 0, 1, 30, 0, 0], 3.0, 5.0, 0)  # the likelihood falls at 0 and rises beyond
def test_the_epidemic_chart_gives_the_greatest_of_all_tops(series, level, alpha, seed):
    y = np.array(series, dtype=float)
    mean = level * np.random.default_rng(seed).uniform(0.5, 2, len(y) - 1)
    found = glr(y, mean, alpha=alpha, change="epidemic", last=len(mean), limit=1e9)
    for n in range(len(mean)):
        grid = max(on_a_grid(y[1 + k : n + 2], mean[k : n + 1], y[k : n + 1], alpha) for k in range(n + 1))
        assert found.statistic[0, n] >= grid - 1e-9
        assert found.statistic[0, n] <= grid + 1e-3 * (1 + grid)


def test_an_epidemic_has_no_fall():
    with pytest.raises(Invalid, match="direction"):
        glr(np.full(40, 5.0), last=5, change="epidemic", direction="dec")


@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("change", ["intercept", "epidemic"])
@pytest.mark.parametrize("theta", [None, 0.7])
def test_where_no_case_is_expected_a_case_alarms_and_none_adds_nothing(alpha, change, theta):
    past = np.full(10, 3.0)
    expected = np.array([3.0, 0, 0, 3])
    y = np.array([0.0, 0, 1, 3])
    found = glr([*past, *y], expected, alpha=alpha, change=change, theta=theta, last=4, cases=True)
    assert found.alarm[0].tolist() == [False, False, True, False]
    assert found.statistic[0, 2] == np.inf
    assert np.isfinite(found.statistic[0, [0, 1, 3]]).all()
    assert found.cases[0, 2] == 1
    fewer = glr([*past, *y], expected, alpha=alpha, direction="dec", last=4)
    assert np.isfinite(fewer.statistic).all()
    assert fewer.statistic[0, 2] == fewer.statistic[0, 1]
    nothing = glr([*past, 0.0, 0, 0], np.zeros(3), alpha=alpha, change=change, theta=theta, last=3)
    np.testing.assert_array_equal(nothing.statistic, 0)


def test_an_unknown_mean_adds_nothing_as_an_unknown_count():
    past, y, mean = np.full(9, 5.0), np.array([9.0, 9, 9]), np.array([5.0, 5, 5])
    unknown = glr([*past, *y], np.where([False, True, False], np.nan, mean), alpha=0.2, last=3, limit=99)
    missing = glr([*past, 9, np.nan, 9], mean, alpha=0.2, last=3, limit=99)
    np.testing.assert_array_equal(unknown.statistic, missing.statistic)
    assert np.isnan(glr([*past, *y], np.full(3, np.nan), alpha=0.2, last=3).statistic).all()


@pytest.mark.parametrize(
    "given_", [{}, {"alpha": 0.0}, {"theta": 0.5}, {"change": "epidemic"}, {"like": "surveillance"}]
)
def test_the_cases_needed_are_the_least_that_alarm(given_):
    y = np.random.default_rng(4).poisson(5, 80).astype(float)
    given_ = {"alpha": 0.2, **given_}
    found = glr(y, np.full(10, 5.0), last=10, limit=3, cases=True, **given_)
    for n in (0, 4, 9):
        if found.alarm[0, :n].any():
            continue
        for more, alarms in ((0, True), (-1, False)):
            tried = y.copy()
            tried[70 + n] = found.cases[0, n] + more
            if tried[70 + n] >= 0:
                assert glr(tried, np.full(10, 5.0), last=10, limit=3, **given_).alarm[0, n] == alarms


def test_the_converged_negative_binomial_fit_has_no_slope_left():
    y = counts()["ev_10002"][:649]
    rows = baseline.design(np.arange(1, 650), seasons=2, trend=True, frequency=52)
    beta, theta, converged = baseline.fit(y, rows, theta=None)
    mu = np.exp(rows @ beta)
    slope = rows.T @ ((y - mu) / (1 + mu / theta))
    assert converged
    assert np.abs(slope / np.abs(rows).sum(axis=0)).max() < 1e-10


def test_counts_no_more_spread_than_poisson_are_fitted_as_poisson():
    y = np.tile([4.0, 5, 5, 6, 5], 30)
    found = glr(y, last=10, seasons=0, trend=False)
    assert found.alpha[0] <= 1e-6
    assert found.mean[0, 0] == pytest.approx(5, rel=1e-6)
    assert not found.alarm.any()


def test_missing_counts_add_nothing_and_an_empty_past_says_nothing():
    y = np.array([5.0] * 10 + [9, np.nan, 9])
    holes = glr(y, np.full(3, 5.0), alpha=0.0, last=3, limit=99)
    plain = glr([5.0] * 10 + [9, 9], np.full(2, 5.0), alpha=0.0, last=2, limit=99)
    assert holes.statistic[0, 2] == pytest.approx(plain.statistic[0, 1])
    assert not holes.alarm[0, 1]
    empty = glr(np.zeros(80), last=5)
    assert np.isnan(empty.statistic).all()
    assert not empty.alarm.any()


def test_a_result_can_be_made_again_and_faults_are_named():
    series = np.random.default_rng(8).poisson(6, (2, 160)).astype(float)
    found = glr(series, last=20, cases=True)
    np.testing.assert_array_equal(found.made.again(series).statistic, found.statistic)
    for wrong in (
        {"change": "x"},
        {"direction": "up"},
        {"limit": 0},
        {"alpha": -1.0},
        {"last": 160},
        {"like": "R"},
    ):
        with pytest.raises(Invalid, match=next(iter(wrong))):
            glr(series, **wrong)
    with pytest.raises(Invalid, match="alpha"):
        glr(series, np.full(20, 6.0), last=20)
    with pytest.raises(Invalid, match="expected"):
        glr(series, np.full(7, 6.0), alpha=0.0, last=20)


ALIKE = np.full(60, 6.0)


@pytest.mark.parametrize(
    ("y", "how", "theirs"),
    [
        ([20, 20, 5, 30], {"alpha": 0.2, "change": "epidemic"}, [0.0, 1.019194, 0.0, 7.770004]),
        ([5, 20], {"alpha": 0.2, "change": "epidemic", "theta": 0.6}, [0.0, 3.52439279]),
        (
            [5, 60, 70, 9, 8, 20, 7, 8],
            {"alpha": 0.2, "change": "epidemic", "window": 2},
            [0.0, 22.671925, 45.41026, 31.129301, 8.823428, 3.119908, 0.0, 0.0],
        ),
        ([3, 7, 7, 5], {"alpha": 0, "least_window": 2}, [0.0, 0.079055, 0.15811, 0.027277]),
        ([3, 7, 7, 5], {"alpha": 0, "least_window": 4}, [0.0, 0.0, 0.0, 0.027277]),
        ([3, 7, 7, 5], {"alpha": 0, "window": 5}, [0.0, 0.0, 0.15811, 0.027277]),
    ],
)
def test_the_named_mode_answers_as_r_does(y, how, theirs):
    """What R answered to these counts after 60 of a mean of 6 (`tools/compare_r.R`): where its chart begins, which
    beginnings it looks at, and that it leaves theta aside in the epidemic chart."""
    found = glr([*ALIKE, *y], np.full(len(y), 6.0), limit=1e6, last=len(y), like="surveillance", **how)
    np.testing.assert_allclose(found.statistic[0], theirs, atol=5e-6)


def test_a_fall_to_nothing_is_no_fall_in_the_poisson_chart_of_r():
    how = {"limit": 1e6, "alpha": 0, "direction": "dec", "last": 3}
    y = [*ALIKE, 0, 0, 0]
    assert glr(y, np.full(3, 6.0), like="surveillance", **how).statistic[0].tolist() == [0, 0, 0]
    np.testing.assert_allclose(glr(y, np.full(3, 6.0), **how).statistic[0], [6, 12, 18])


@pytest.mark.parametrize(
    ("topic", "county", "weeks", "theirs"),
    [
        ("ili", "台中市", 757, [10.394338225259441, 7.0740727767267844, 0.00019924137949796987, 0.080774247991292611,
                             0.16998806213962311]),
        ("ili", "屏東縣", 757, [7.1938607094330749, 6.1603511198019634, 0.00014280835056708851, 0.059058675548912684,
                             0.16712372661840466]),
        ("ili", "金門縣", 757, [1.8967763455831617, 4.518434685355909, -0.00083882360136884062, 0.01040873967930356,
                             0.1944553886471917]),
        ("enterovirus", "嘉義市", 649, [1.7993367950792851, 2.1220317656810326, 0.0016878768607656352,
                                     -0.60171928215674042, -0.3480900148530427]),
    ],
)  # fmt: skip
def test_the_early_baseline_ends_where_glm_nb_ends(topic, county, weeks, theirs):
    """theta and coefficients of MASS's glm.nb(y ~ 1 + t + cos + sin), R 4.2.2, on weekly visits of Taiwan CDC."""
    found = visits(topic)
    y = np.nan_to_num(found.counts[found.counties.index(county), :weeks])
    rows = baseline.design(np.arange(1, weeks + 1), seasons=1, trend=True, frequency=52)
    beta, theta, converged = baseline.fit(y, rows, theta=None, early=True)
    assert converged
    np.testing.assert_allclose([theta, *beta], theirs, rtol=1e-11)
