"""Nowcasts beside R's answers, and on a line list whose end is known."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.methods.nowcast.bayes import bayes
from camphora.methods.nowcast.delays import hazards, reported_by
from camphora.methods.nowcast.lawless import lawless
from camphora.methods.nowcast.triangle import triangle
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


def test_bayes_lies_by_surveillance_with_its_prior(now):
    found = bayes(now.counts, discount=0.0, prior_mean=10, prior_sd=300**0.5)
    ours, theirs = found.quantiles[0][:, [3, 0, 6]], stored("bayes.trunc")[:, 1:]
    assert np.abs(ours - theirs).max() <= 3
    assert np.abs(ours - theirs)[:-1].max() <= 1


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
        (lambda: triangle([0], [1], now=5, first=0, longest=3, late="no"), "methods-choice"),
        (lambda: lawless(np.ones((5, 3))), "methods-triangle"),
        (lambda: lawless(np.ones(5)), "methods-shape"),
        (lambda: lawless(np.ones((5, 3)), like="x"), "methods-choice"),
        (lambda: bayes(np.ones((5, 3)), discount=2), "methods-range"),
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
