"""Nowcasts beside R's answers, and on a line list whose end is known."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom, nbinom, poisson

from camphora.errors import Invalid
from camphora.methods.nowcast.bayes import bayes
from camphora.methods.nowcast.conjugate import conjugate
from camphora.methods.nowcast.delays import hazards, reported_by
from camphora.methods.nowcast.lawless import lawless
from camphora.methods.nowcast.triangle import hidden, triangle
from methods.watch_answers import rows

START = date(2024, 1, 1).toordinal()


def day(text):
    return date.fromisoformat(text).toordinal() - START


@pytest.fixture(scope="module")
def cases():
    found = rows("inputs/synthetic_linelist")
    return np.array([day(each["onset"]) for each in found]), np.array([day(each["report"]) for each in found])


@pytest.fixture(scope="module")
def now(cases):
    return triangle(*cases, now=day("2024-03-20"), first=0, longest=14)


def stored(method):
    columns = ("reported", "estimate", "lower", "upper")
    found = [
        [int(row[name]) for name in columns] for row in rows("expected/nowcast") if row["method"] == method
    ]
    return np.array(found)


def test_lawless_equals_surveillance(now):
    found = lawless(now.counts, like="surveillance", largest=300)
    ours = np.stack([found.reported[0], found.estimate[0], found.lower[0], found.upper[0]], axis=1)
    np.testing.assert_array_equal(ours, stored("lawless"))
    np.testing.assert_array_equal(found.made.again(now.counts).upper, found.upper)


def test_the_default_differs_only_where_much_is_unreported(now):
    ours, theirs = lawless(now.counts), stored("lawless")
    early = ours.share[0] > 0.8
    assert early.sum() == 9
    assert np.abs(ours.estimate[0] - theirs[:, 1])[early].max() <= 1
    assert np.abs(ours.upper[0] - theirs[:, 3])[early].max() <= 1
    assert ours.upper[0, -1] > theirs[-1, 3]
    assert np.all(ours.lower >= ours.reported)


# The three stored numbers of which ours differ, by one case: R draws the delays 1,000 times.
@pytest.mark.conformance
@pytest.mark.parametrize(
    ("method", "delays", "apart"),
    [("bayes.trunc", "truncated", {(14, 3): -1}), ("bayes.notrunc", "whole", {(11, 3): 1, (14, 3): -1})],
)
def test_the_closed_form_equals_surveillance_but_for_its_draws(now, method, delays, apart):
    found = conjugate(now.counts, delays=delays, largest=300)
    ours = np.column_stack([found.reported[0], found.quantiles[0][:, [3, 0, 6]]])
    differ = {
        tuple(map(int, at)): int((ours - stored(method))[tuple(at)])
        for at in np.argwhere(ours != stored(method))
    }
    assert differ == apart
    # At each of the three R's number and ours lie on both sides of the level by no more than 1,000 draws leave open.
    for day, column in apart:
        levels = np.linspace(0.96, 0.99, 301)
        near = conjugate(now.counts, delays=delays, largest=300, levels=levels).quantiles[0, day]
        theirs = stored(method)[day, column]
        reached = levels[(near >= min(theirs, ours[day, column])) & (near <= max(theirs, ours[day, column]))]
        assert np.abs(reached - 0.975).min() <= 0.004
    np.testing.assert_array_equal(found.made.again(now.counts).quantiles, found.quantiles)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["truncated", "whole"]))
def test_the_closed_form_is_what_drawing_tends_to(seed, delays):
    random = np.random.default_rng(seed)
    counts = np.where(np.add.outer(np.arange(9), np.arange(4)) > 8, np.nan, random.poisson(2, (9, 4)))
    found = conjugate(counts, delays=delays, prior_mean=6, prior_sd=5, kappa=0.7, levels=(0.1, 0.5, 0.9))
    known = np.nan_to_num(counts)
    if delays == "whole":
        share = np.cumsum(random.dirichlet(known.sum(axis=0) + 0.7, 40_000), axis=1)
    else:
        seen = hazards(counts[None], None)
        late = random.beta(seen.reported[0] + 0.7, seen.exposed[0] - seen.reported[0] + 0.7, (40_000, 3))
        share = reported_by(late)
    number = np.arange(400)
    prior = nbinom.pmf(number, 36 / 19, 6 / 25)
    for age in range(4):
        told = found.reported[0, 3 - age]
        drawn = share[:2000, age][:, None]
        weight = prior * binom.pmf(told, number, np.clip(drawn, 0, 1)).mean(axis=0)
        weight /= weight.sum()
        assert found.mean[0, 3 - age] == pytest.approx(weight @ number, rel=0.08, abs=0.05)


@pytest.mark.parametrize(
    ("prior", "chance"), [("poisson", poisson.pmf(np.arange(201), 12.5)), ("uniform", np.ones(201))]
)
def test_other_priors_are_weighed_by_bayes_rule(now, prior, chance):
    """What R's `pois` and `unif` stand for. The negative binomial posterior over its prior is the likelihood."""
    given = {"largest": 200, "levels": np.arange(1, 400) / 400}
    found = conjugate(now.counts, prior=prior, prior_mean=12.5, **given)
    wide = conjugate(now.counts, prior_mean=1e4, prior_sd=1e5, **given)
    flat = nbinom.pmf(np.arange(201), 1e8 / (1e10 - 1e4), 1e4 / 1e10)
    known = now.counts[-5, :5].sum()
    assert found.reported[0, -5] == known
    likelihood = _posterior(now.counts, day=-5, kappa=0.1, most=200)
    for result, before in ((found, chance), (wide, flat)):
        weight = likelihood * before
        weight /= weight.sum()
        assert result.mean[0, -5] == pytest.approx(weight @ np.arange(201), rel=1e-8)
        np.testing.assert_array_equal(
            result.quantiles[0, -5], np.searchsorted(np.cumsum(weight), given["levels"])
        )


def _posterior(counts, *, day, kappa, most):
    """The chance of what a day has reported given N, by delays one after another, as the definition says."""
    seen = hazards(counts[None], None)
    told = int(np.nansum(counts[day]))
    chance = (np.arange(most + 1) == told).astype(float)
    for delay in range(-day - 1, seen.reported.shape[1]):
        late = seen.reported[0, delay] + kappa
        on_time = seen.exposed[0, delay] - seen.reported[0, delay] + kappa
        chance = np.array(
            [betabinom.pmf(np.arange(n + 1), n, on_time, late) @ chance[: n + 1] for n in range(most + 1)]
        )
    return chance


def test_a_prior_without_an_end_needs_the_largest_number(now):
    with pytest.raises(Invalid) as refused:
        conjugate(now.counts, prior="uniform")
    assert refused.value.code == "methods-range"
    assert "largest" in str(refused.value)
    with pytest.raises(Invalid):
        conjugate(now.counts, prior="normal")
    assert conjugate(now.counts, prior="poisson", prior_mean=12.0).mean[0, -1] > 0


def test_bayes_lies_by_the_closed_form_with_its_prior(now):
    found = bayes(now.counts, discount=0.0, prior_mean=10, prior_sd=290**0.5, draws=4000)
    exact = conjugate(now.counts)
    assert np.abs(found.quantiles - exact.quantiles)[..., :-1, :].max() <= 1
    assert np.abs(found.quantiles - exact.quantiles).max() <= 4
    np.testing.assert_allclose(found.mean, exact.mean, rtol=0.03)


def test_bayes_is_calibrated_on_the_line_list(cases):
    onset, report = cases
    final = np.bincount(onset, minlength=120)
    inside, error, plain = np.zeros(3), 0.0, 0.0
    looks = range(40, 100, 3)
    for today in looks:
        seen = triangle(onset, report, now=today, first=0, longest=14).counts
        found = bayes(seen, draws=400).quantiles[0][-8:]
        truth = final[today - 7 : today + 1]
        for at, (low, high) in enumerate(((0, 6), (1, 5), (2, 4))):
            inside[at] += np.sum((found[:, low] <= truth) & (truth <= found[:, high]))
        error += np.abs(found[:, 3] - truth).sum()
        plain += np.abs(lawless(seen).estimate[0, -8:] - truth).sum()
    share = inside / (8 * len(looks))
    assert 0.92 <= share[0] <= 1
    assert 0.86 <= share[1] <= 0.98
    # Whole numbers: an interval of 50 % holds at least as much.
    assert 0.48 <= share[2] <= 0.70
    assert error < 0.7 * plain


def test_a_triangle_uses_only_what_was_known(cases):
    onset, report = cases
    early = triangle(onset, report, now=50, first=0, longest=9)
    known = report <= 50
    np.testing.assert_array_equal(
        early.counts, triangle(onset[known], report[known], now=50, first=0, longest=9).counts
    )
    assert np.nansum(early.counts) == known.sum()
    assert early.late == (report - onset > 9)[known].sum() > 0
    left = triangle(onset, report, now=50, first=0, longest=9, late="leave out")
    assert np.nansum(left.counts) == known.sum() - early.late


def test_what_is_odd_is_counted():
    found = triangle([0, 1, np.nan, 3, 4, -2], [1, 0, 2, np.nan, 4, 1], now=5, first=0, longest=3)
    assert (found.unknown, found.impossible, found.outside) == (2, 1, 1)
    assert np.nansum(found.counts) == 2
    assert np.isnan(found.counts[5, 1:]).all()
    assert not np.isnan(found.counts[2]).any()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 4)), min_size=1, max_size=60))
def test_reverse_hazards_by_their_definition(pairs):
    onset, delay = np.array(pairs).T
    counts = triangle(onset, onset + delay, now=11, first=0, longest=4).counts
    found = hazards(counts[None], None)
    for x in range(1, 5):
        passed = onset + x <= 11
        assert found.reported[0, x - 1] == np.sum(passed & (delay == x))
        assert found.exposed[0, x - 1] == np.sum(passed & (delay <= x))


def test_the_share_reported_is_that_of_complete_days():
    share = reported_by(np.array([0.5, 0.25]))
    np.testing.assert_allclose(share, [0.375, 0.75, 1.0])


def test_days_without_reports_and_rows_of_their_own(now):
    none = now.counts.copy()
    none[-1, 0] = 0
    assert lawless(none).upper[0, -1] == 0
    found = bayes(none, draws=300)
    assert found.quantiles[0, -1, 6] > found.quantiles[0, -1, 0]
    assert found.mean[0, -1] > 5
    both = lawless(np.stack([none, now.counts]))
    np.testing.assert_array_equal(both.upper[1], lawless(now.counts).upper[0])
    empty = lawless(np.where(np.isnan(now.counts), np.nan, 0.0))
    assert np.all(empty.upper == 0)


def test_the_window_forgets_old_delays():
    onset = np.repeat(np.arange(100), 20)
    delay = np.where(onset < 70, 5, 1)
    counts = triangle(onset, onset + delay, now=99, first=0, longest=6).counts
    recent = lawless(counts, window=20)
    assert recent.share[0, -2] == 1
    assert lawless(counts).share[0, -2] < 0.5


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: triangle([0.5], [1], now=5, first=0, longest=3), "methods-not-whole"),
        (lambda: triangle([0], [1], now=2, first=0, longest=3), "methods-range"),
        (lambda: triangle([0], [1, 2], now=5, first=0, longest=3), "methods-shape"),
        (lambda: triangle([1, 2, 3], [3], now=3, first=0, longest=3), "methods-shape"),
        (lambda: triangle([[1, 2]], [[3, 3]], now=3, first=0, longest=3), "methods-shape"),
        (lambda: triangle([1, 2], [[3, 3]], now=3, first=0, longest=3), "methods-shape"),
        (lambda: triangle(1, 3, now=3, first=0, longest=3), "methods-shape"),
        (lambda: triangle([0], [1], now="2024-01-03", first=0, longest=3), "methods-not-whole"),
        (lambda: triangle([0], [1], now=date(2024, 1, 3), first=0, longest=3), "methods-not-whole"),
        (lambda: triangle([0], [1], now=5, first=None, longest=3), "methods-not-whole"),
        (lambda: triangle([0], [1], now=np.nan, first=0, longest=3), "methods-range"),
        (lambda: triangle([0], [1], now=10**400, first=0, longest=3), "methods-range"),
        (lambda: triangle([0], [1], now=5, first=0, longest=3, late="no"), "methods-choice"),
        (lambda: lawless(np.ones((5, 3))), "methods-triangle"),
        (lambda: lawless(np.ones(5)), "methods-shape"),
        (lambda: lawless(np.ones((5, 3)), like="x"), "methods-choice"),
        (lambda: bayes(np.ones((5, 3)), discount=2), "methods-range"),
        (lambda: bayes(np.ones((5, 3)), levels=[2]), "methods-range"),
        (lambda: bayes(np.ones((5, 3)), draws=2.5), "methods-not-whole"),
        (lambda: bayes(np.ones((5, 3)), window=1.5), "methods-not-whole"),
        (lambda: bayes(np.ones((5, 3)), seed=-1), "methods-range"),
        (lambda: conjugate(np.ones((5, 3)), prior_mean=10, prior_sd=3), "methods-range"),
        (lambda: conjugate(np.where(hidden(5, 3), np.nan, 0.5)), "methods-not-whole"),
        (lambda: lawless(np.where(hidden(5, 3), np.nan, 4.0), largest=1), "methods-range"),
        (lambda: conjugate(np.where(hidden(5, 3), np.nan, 4.0), largest=1), "methods-range"),
    ],
)
def test_what_is_wrong_is_named(call, code):
    with pytest.raises(Invalid) as refused:
        call()
    assert refused.value.code == code


@pytest.mark.parametrize("window", [0, -5])
def test_a_window_has_days(now, window):
    for method in (bayes, lawless):
        with pytest.raises(Invalid) as found:
            method(now.counts, window=window)
        assert found.value.code == "methods-range"
