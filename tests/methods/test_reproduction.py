"""Reproduction numbers beside EpiEstim's answers, by the definition case by case, and on epidemics of a known R."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.methods.reproduction import cori, serial_interval, wallinga_teunis, weekly
from methods.watch_answers import answers, counts

COLUMNS = ("mean", "sd", "q0025", "q005", "q025", "median", "q075", "q095", "q0975")
INTERVAL = serial_interval.discretised(mean=4, sd=2, days=20).probability
WEIGHT = (INTERVAL / INTERVAL.sum()).tolist()


def dengue():
    return counts()["dengue_daily_67000"]


def stored(control):
    found = answers("epiestim_R")
    chosen = found["control_id"] == control
    windows = {name: (found[name][chosen] - 1).astype(int).tolist() for name in ("t_start", "t_end")}
    answer = np.column_stack([found[name][chosen] for name in COLUMNS])
    return answer, {"starts": windows["t_start"], "ends": windows["t_end"]}


def interval_of(control):
    found = answers("epiestim_si")
    return found["probability"][found["control_id"] == control].tolist()


def table(found):
    return np.column_stack([found.mean[0], found.sd[0], *found.quantiles[0].T])


CERTAIN = {
    "parametric_weekly": {"mean": 16, "sd": 5},
    "parametric_14day": {"mean": 16, "sd": 5},
    "parametric_prior": {"mean": 16, "sd": 5, "prior_mean": 2, "prior_sd": 2},
    "nonparametric_weekly": {},
}


@pytest.mark.parametrize("control", CERTAIN)
def test_cori_equals_epiestim(control):
    expected, windows = stored(control)
    settings_of = dict(CERTAIN[control])
    if not settings_of:
        settings_of["serial_interval"] = interval_of(control)
    found = cori.certain(dengue(), **settings_of, **windows)
    np.testing.assert_allclose(table(found), expected, rtol=1e-9)
    np.testing.assert_array_equal(found.made.again(dengue()).mean, found.mean)


def test_infectivity_and_the_serial_interval_equal_epiestim():
    expected = answers("epiestim_infectivity")["lambda"]
    found = cori.infectivity(dengue(), serial_interval=interval_of("nonparametric_weekly"))
    np.testing.assert_allclose(found.value[0], expected, rtol=1e-12)
    ours = serial_interval.discretised(mean=16, sd=5, days=365)
    np.testing.assert_allclose(ours.probability, interval_of("parametric_weekly"), atol=1e-13)
    published = [0, 0.233172125, 0.358579400, 0.198110829, 0.103342655, 0.052905175, 0.026821462]
    flu = serial_interval.discretised(mean=2.6, sd=1.5, days=10).probability
    np.testing.assert_allclose(flu[:7], published, atol=5e-10)


@pytest.mark.parametrize("draws", [None, 100])
def test_an_uncertain_interval_gives_the_answers_of_the_stored_pairs(draws):
    pairs = answers("epiestim_uncertain_si_samples")
    expected, windows = stored("uncertain_weekly")
    expected, windows = expected[::4], {name: days[::4] for name, days in windows.items()}
    given_pairs = np.column_stack([pairs["Mean"], pairs["Std"]]).tolist()
    found = cori.uncertain(dengue(), pairs=given_pairs, draws=draws, **windows)
    ours = table(found)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(expected))
    cases = np.array(
        [dengue()[a : b + 1].sum() for a, b in zip(windows["starts"], windows["ends"], strict=True)]
    )
    off = np.abs(ours / expected - 1)
    # The stored answers are read off 20,000 draws a window: the fewer the cases, the wider the noise of the tails.
    assert off[cases >= 20].max() < 0.03
    assert off[cases >= 20, 0].max() < 0.006
    assert np.nanmax(off[cases >= 1]) < 0.1
    assert off[cases >= 20].mean() < 0.003


def test_own_pairs_by_the_same_recipe_lie_in_the_band():
    expected, windows = stored("uncertain_weekly")
    recipe = {"mean": 16, "mean_sd": 2, "mean_range": (12, 20), "sd": 5, "sd_sd": 1, "sd_range": (3, 7)}
    found = cori.uncertain(dengue(), **recipe, draws=50, seed=5, **windows)
    many = np.array(windows["ends"]) >= 150
    assert np.all(found.sds < found.means)
    assert found.means.min() >= 12
    assert found.means.max() <= 20
    assert abs(np.mean(table(found)[many, 0] / expected[many, 0]) - 1) < 0.05
    again = found.made.again(dengue())
    np.testing.assert_array_equal(again.quantiles, found.quantiles)


def test_one_certain_pair_is_the_certain_answer():
    pair = cori.uncertain(dengue(), pairs=[[16, 5]])
    sure = cori.certain(dengue(), mean=16, sd=5)
    np.testing.assert_allclose(table(pair), table(sure), rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=10, max_size=30), st.integers(1, 5), st.booleans())
def test_cori_by_its_definition(cases, window, first):
    found = cori.certain(cases, serial_interval=WEIGHT, window=window, first_imported=first)
    for at, (start, end) in enumerate(zip(found.starts, found.ends, strict=True)):
        force = sum(
            WEIGHT[t - s] * cases[s] for t in range(start, end + 1) for s in range(t) if t - s < len(WEIGHT)
        )
        if end + 1 <= np.arange(len(WEIGHT)) @ WEIGHT:
            assert np.isnan(found.mean[0, at])
        else:
            expected = (1 + sum(cases[start : end + 1])) / (1 / 5 + force)
            assert found.mean[0, at] == pytest.approx(expected)


def test_rows_are_alone_and_imported_cases_infect_without_being_infected():
    two = np.stack([dengue(), dengue()[::-1]])
    both = cori.certain(two, mean=16, sd=5)
    np.testing.assert_allclose(both.mean[0], cori.certain(two[0], mean=16, sd=5).mean[0], rtol=1e-12)
    came = np.minimum(dengue(), 3)
    fewer = cori.certain(dengue() - came, came, mean=16, sd=5)
    assert np.all(fewer.mean[0, 20:] <= both.mean[0, 20:])
    assert np.any(fewer.mean[0, 20:] < both.mean[0, 20:])


def test_a_missing_day_is_no_zero():
    cases = np.full(60, 10.0)
    cases[30] = np.nan
    found = cori.certain(cases, serial_interval=WEIGHT, window=3)
    touched = np.isnan(found.mean[0])
    assert touched[28:31].all()
    assert touched[31:35].all()
    assert not touched[:27][4:].any()
    assert not touched[50:].any()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=9, max_size=16), st.integers(1, 4))
def test_wallinga_teunis_case_by_case(cases, window):
    days = [day for day, size in enumerate(cases) for _ in range(size)]
    infected = np.zeros(len(days))
    for day in days:
        weights = np.array([WEIGHT[day - other] if 0 < day - other < 21 else 0.0 for other in days])
        if weights.sum() > 0:
            infected += weights / weights.sum()
    found = wallinga_teunis.cohort(cases, serial_interval=WEIGHT, window=window)
    for at, (start, end) in enumerate(zip(found.starts, found.ends, strict=True)):
        of_window = [infected[i] for i, day in enumerate(days) if start <= day <= end]
        if of_window:
            assert found.mean[0, at] == pytest.approx(np.mean(of_window), abs=1e-12)
        else:
            assert np.isnan(found.mean[0, at])


def test_wallinga_teunis_bands_and_its_end():
    cases = epidemic(1.6, 45)
    plain = wallinga_teunis.cohort(cases, serial_interval=WEIGHT, simulations=200, seed=3)
    assert np.all((plain.lower <= plain.mean + 1e-9) & (plain.mean - 1e-9 <= plain.upper))
    middle = slice(15, 28)
    assert np.mean(np.abs(plain.mean[0, middle] - 1.6)) < 0.1
    mended = wallinga_teunis.cohort(cases, serial_interval=WEIGHT, at_end="cauchemez")
    late = plain.ends == 41
    assert plain.mean[0, late] < 1.3 < mended.mean[0, late]
    assert np.isnan(mended.by_day[0, -1])
    with pytest.raises(Invalid) as refused:
        wallinga_teunis.cohort([1, np.nan, 3, 4, 5, 6, 7, 8, 9], serial_interval=WEIGHT)
    assert refused.value.code == "methods-missing"


def epidemic(r, days, first=40.0):
    cases = [first] * 5
    for day in range(5, days):
        cases.append(r * sum(WEIGHT[k] * cases[day - k] for k in range(1, min(day, 20) + 1)))
    return np.round(cases)


@pytest.mark.parametrize("r", [0.8, 1.0, 1.5])
def test_weekly_totals_give_the_r_of_the_days(r):
    daily = epidemic(r, 70, 5000.0)
    found = weekly.rebuilt(daily.reshape(10, 7).sum(axis=1), serial_interval=WEIGHT)
    np.testing.assert_allclose(found.daily.reshape(10, 7).sum(axis=1), daily.reshape(10, 7).sum(axis=1))
    late = found.starts >= 28
    assert np.abs(found.mean[0, late] - r).max() < 0.05
    direct = cori.certain(daily, serial_interval=WEIGHT)
    assert np.abs(found.mean[0, late] - direct.mean[0, -late.sum() :]).max() < 0.05


def test_growth_and_r_are_one_thing():
    weight = np.array(WEIGHT)
    rate = weekly.growth(np.array([[0.5, 1.0, 2.0, np.nan]]), weight)
    assert rate[0, 1] == pytest.approx(0, abs=1e-9)
    assert np.isnan(rate[0, 3])
    back = 1 / (weight * np.exp(-rate[0, :3, None] * np.arange(21))).sum(axis=1)
    np.testing.assert_allclose(back, [0.5, 1.0, 2.0], rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: cori.certain([1, 2, 3], mean=4, sd=2), "methods-range"),
        (lambda: cori.certain(range(20)), "methods-serial-interval"),
        (lambda: cori.certain(range(20), serial_interval=[0.5, 0.5]), "methods-serial-interval"),
        (lambda: cori.certain(range(20), mean=4, sd=2, starts=[0], ends=[3]), "methods-window"),
        (lambda: cori.certain(range(20), mean=4, sd=2, starts=[2], ends=[30]), "methods-window"),
        (lambda: cori.certain(range(20), mean=4, sd=2, starts=[2]), "methods-window"),
        (lambda: cori.certain([1, -1, 2], mean=4, sd=2, window=1), "methods-negative"),
        (lambda: serial_interval.discretised(mean=0.5, sd=1, days=5), "methods-range"),
        (lambda: cori.uncertain(range(20), pairs=[1, 2]), "methods-shape"),
        (lambda: weekly.rebuilt([5], serial_interval=WEIGHT), "methods-short"),
    ],
)
def test_what_is_wrong_is_named(call, code):
    with pytest.raises(Invalid) as refused:
        call()
    assert refused.value.code == code


def test_trees_are_of_whole_cases():
    """A tree has no half case: with fractions there is a mean, and no interval."""
    half = np.full((1, 60), 0.5)
    assert np.isfinite(wallinga_teunis.cohort(half, serial_interval=[0, 0.3, 0.4, 0.3]).mean).any()
    with pytest.raises(Invalid) as found:
        wallinga_teunis.cohort(half, serial_interval=[0, 0.3, 0.4, 0.3], simulations=10)
    assert found.value.code == "methods-not-whole"
