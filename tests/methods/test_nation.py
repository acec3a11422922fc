"""A simulated nation, evidence of two weeks, signals that stand apart; and, with the same few signals a week, no fewer
outbreaks found than by improved Farrington cut by score."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from camphora.errors import Invalid
from camphora.methods.detection import farrington, many
from camphora.methods.detection.lasting import lasting
from camphora.methods.simulation.evaluation import highest
from camphora.methods.simulation.nation import found_by, nation

SMALL = {"sets": [1, 4], "counties": 5, "townships": 40, "share": 0.2, "wide": 3}
SUITE = settings(max_examples=40, deadline=None)


def test_parents_are_sums_and_the_seed_is_all():
    made = nation(**SMALL, seed=3)
    assert made.counts.shape == (2 * 46, 624)
    for row in np.flatnonzero(made.level < 2):
        np.testing.assert_array_equal(made.counts[row], made.counts[made.parent == row].sum(axis=0))
    assert (made.level[made.parent[made.level > 0]] == made.level[made.level > 0] - 1).all()
    np.testing.assert_array_equal(made.made.again().counts, made.counts)
    assert (nation(**SMALL, seed=4).counts != made.counts).any()


def test_outbreaks_are_of_their_places():
    made = nation(**SMALL, seed=3)
    opens = made.counts.shape[1] - made.evaluated
    assert (made.level[made.place] == 2).sum() == 2 * 8
    assert (made.level[made.place] == 1).sum() == 2 * 3
    assert (made.start >= opens).all()
    assert (made.size >= 1).all()
    for outbreak, series, week in made.touched:
        place = made.place[outbreak]
        assert made.start[outbreak] <= week + opens <= made.end[outbreak]
        assert series == place or made.parent[series] == place
    for outbreak, place in enumerate(made.place):
        own = made.touched[(made.touched[:, 0] == outbreak) & (made.touched[:, 1] == place)]
        assert len(own) == made.end[outbreak] - made.start[outbreak] + 1


def test_what_is_found_is_counted_as_by_hand():
    made = nation(**SMALL, seed=3)
    draw = np.random.default_rng(0)
    shown = draw.uniform(size=(len(made.counts), made.evaluated)) < 0.1
    opens = made.counts.shape[1] - made.evaluated
    waits, true = [], set()
    for outbreak, start in enumerate(made.start):
        weeks = []
        for other, series, week in made.touched.tolist():
            if other == outbreak and shown[series, week]:
                weeks.append(week)
                true.add((series, week))
        waits.append(min(weeks) - (start - opens) if weeks else -1)
    found = found_by(made, shown)
    assert found.waits.tolist() == waits
    assert found.precision == pytest.approx(len(true) / shown.sum())
    assert found.detected == pytest.approx(np.mean(np.array(waits) >= 0))
    assert found.signals_a_week == pytest.approx(shown.sum() / made.evaluated)
    assert np.isnan(found_by(made, np.zeros_like(shown)).precision)
    with pytest.raises(Invalid, match="methods-shape"):
        found_by(made, shown[:, 1:])


@pytest.mark.parametrize("wrong", [{"sets": []}, {"sets": [8]}, {"counties": 50}, {"share": 2}, {"wide": -1}])
def test_no_nation_of_nothing(wrong):
    with pytest.raises(Invalid, match="methods-range"):
        nation(**(SMALL | wrong))


def test_two_weeks_together_are_a_negative_binomial():
    counts, mean, phi = np.array([[3.0, 7, 9]]), np.array([[2.0, 3, 4]]), np.array([[1.5, 2, 3]])
    made = lasting(counts, mean, phi, share=0.8)
    size = mean / (phi - 1)
    np.testing.assert_allclose(made.single, stats.nbinom.sf(counts - 1, size, 1 / phi), rtol=1e-9)
    total, over = np.array([5.0, 7]), np.array([(3 + 6) / 5, (6 + 12) / 7])
    expected = stats.nbinom.sf(np.array([10, 16]) - 1, total / (over - 1), 1 / over)
    np.testing.assert_allclose(made.together[0, 1:], expected, rtol=1e-9)
    np.testing.assert_allclose(made.p[0, 0], made.single[0, 0] / 0.8)
    np.testing.assert_allclose(
        made.p[0, 1:], np.minimum(np.minimum(made.single[0, 1:] / 0.8, expected / 0.2), 1)
    )
    np.testing.assert_array_equal(made.made.again(counts, mean, phi).p, made.p)


def test_a_rise_by_chance_is_as_rare_as_p_says_and_missing_weeks_say_nothing():
    draw = np.random.default_rng(2)
    counts = draw.poisson(6.0, (4000, 3)).astype(float)
    made = lasting(counts, np.full((4000, 3), 6.0), np.ones((4000, 3)))
    for level in (0.01, 0.05, 0.2):
        assert (made.p <= level).mean() <= level + 0.005
    counts[0, 1] = np.nan
    gap = lasting(counts, np.full((4000, 3), 6.0), np.ones((4000, 3)))
    assert np.isnan(gap.p[0, 1])
    assert gap.p[0, 2] == min(1, gap.single[0, 2] / 0.8)
    for wrong in ({"weeks": 1}, {"share": 1}):
        with pytest.raises(Invalid, match="methods-range"):
            lasting([1.0], [1.0], [1.0], **wrong)
    with pytest.raises(Invalid, match="methods-range"):
        lasting([1.0], [1.0], [0.5])
    with pytest.raises(Invalid, match="methods-negative"):
        lasting([1.0], [-1.0], [1.0])


def line(row, parent):
    held = []
    while row >= 0:
        held.append(row)
        row = parent[row]
    return held


@SUITE
@given(st.integers(0, 10**6), st.sampled_from([0.05, 0.5, 1.0]), st.integers(1, 9))
def test_signals_apart_are_one_of_each_line_and_the_least_first(seed, q, budget):
    draw = np.random.default_rng(seed)
    parent = np.array([-1, *[draw.integers(-1, row) for row in range(1, 20)]])
    p = draw.uniform(size=(20, 2)) ** draw.choice([1, 6])
    made = many.signals(p, -p, parent, q=q, budget=budget, apart=True)
    for week in range(2):
        allowed = many.tree(p[:, week], parent, q=q).found
        expected = []
        for row in np.argsort(p[:, week], kind="stable").tolist():
            apart = all(row not in line(one, parent) and one not in line(row, parent) for one in expected)
            if allowed[row] and apart:
                expected.append(row)
        ranked = np.flatnonzero(made.rank[:, week])
        assert ranked[np.argsort(made.rank[ranked, week])].tolist() == expected
        assert set(np.flatnonzero(made.shown[:, week])) == set(expected[:budget])


def both(seed):
    """Found by improved Farrington's five highest scores of each week, and by five of ours."""
    truth = nation(sets=[1, 2, 4], townships=150, wide=6, seed=seed)
    fitted = farrington.flexible(
        truth.counts, last=truth.evaluated + 1, alpha=0.01, fit_all=False, **farrington.IMPROVED
    )
    enough = fitted.enough[:, 1:]
    score = np.where(enough, fitted.score[:, 1:], np.nan)
    either = lasting(truth.counts[:, fitted.at], fitted.bound_mean, fitted.phi, share=0.5).p[:, 1:]
    p = np.where(enough & ~np.isnan(either), either, 1.0)
    shown = many.signals(p, score, truth.parent, q=1, silence=2, louder=0.6, budget=5, apart=True).shown
    return found_by(truth, highest(score, 5)), found_by(truth, shown)


def test_not_fewer_outbreaks_than_farrington_cut_to_the_same_signals():
    """The settings were chosen on seeds 1 to 3 of the whole nation; docs/methods/national.md has the whole. These are
    three small nations that had no part in it."""
    cut, ours = zip(*map(both, (24, 25, 26)), strict=True)
    assert max(each.signals_a_week for each in (*cut, *ours)) <= 5
    assert sum(each.detected for each in ours) >= sum(each.detected for each in cut)
    assert sum(each.timeliness for each in ours) <= sum(each.timeliness for each in cut)
    assert sum(each.precision for each in ours) >= sum(each.precision for each in cut)
