"""False discoveries along a tree, weeks of silence, and the budget."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from camphora.errors import Invalid
from camphora.methods.detection import many

SUITE = settings(max_examples=60, deadline=None)
P = st.one_of(
    st.just(np.nan),
    st.floats(0, 1, allow_subnormal=False),
    st.sampled_from([0.0, 1e-9, 1e-4, 0.01, 0.5, 1.0]),
)


@st.composite
def trees(draw):
    size = draw(st.integers(1, 25))
    parent = [draw(st.integers(-1, row - 1)) for row in range(size)]
    renamed = draw(st.permutations(range(size)))
    moved = np.empty(size, dtype=int)
    for row, above in enumerate(parent):
        moved[renamed[row]] = -1 if above < 0 else renamed[above]
    return moved, np.array([draw(P) for _ in range(size)])


def bh(values, q):
    """The step-up rule by its definition: how many of the smallest are found."""
    ordered = sorted(values)
    return max((i for i, p in enumerate(ordered, 1) if p <= i * q / len(ordered)), default=0)


def simes(node, parent, p):
    own = [] if np.isnan(p[node]) else [p[node]]
    below = [simes(child, parent, p) for child in np.flatnonzero(parent == node)]
    values = sorted(own + [each for each in below if not np.isnan(each)])
    return min((len(values) * each / i for i, each in enumerate(values, 1)), default=np.nan)


def by_recursion(node, parent, p, q, found):
    family = [each for each in np.flatnonzero(parent == node) if not np.isnan(simes(each, parent, p))]
    if not family:
        return
    values = [simes(each, parent, p) for each in family]
    number = bh(values, q)
    limit = sorted(values)[number - 1] if number else -1
    for each, value in zip(family, values, strict=True):
        if value <= limit:
            found.add(int(each))
            by_recursion(each, parent, p, q * number / len(family), found)


@SUITE
@given(trees(), st.sampled_from([0.01, 0.05, 0.3]))
def test_a_tree_is_searched_as_its_definition_says(drawn, q):
    parent, p = drawn
    made = many.tree(p, parent, q=q)
    expected = set()
    by_recursion(-1, parent, p, q, expected)
    assert set(np.flatnonzero(made.found)) == expected
    for node in range(len(p)):
        below = [child for child in expected if parent[child] == node]
        assert made.specific[node] == (node in expected and not below)
        if not np.isnan(made.q[node]):
            assert made.q[node] == pytest.approx(simes(node, parent, p))


@SUITE
@given(st.lists(P, min_size=1, max_size=40), st.sampled_from([0.01, 0.1]))
def test_flat_control_is_that_of_scipy(values, q):
    known = [each for each in values if not np.isnan(each)]
    for method in ("bh", "by"):
        made = many.flat(values, q=q, method=method)
        assert np.isnan(made.q).sum() == len(values) - len(known)
        if known:
            expected = stats.false_discovery_control(known, method=method)
            np.testing.assert_allclose(made.q[~np.isnan(made.q)], expected, atol=1e-290)
    assert many.flat(values, q=q).found.sum() == (bh(known, q) if known else 0)


def taiwan(draw):
    """One nation, 22 counties, 368 townships, 18 ages in each."""
    county = np.zeros(22, dtype=int)
    township = 1 + draw.integers(0, 22, 368)
    age = np.repeat(23 + np.arange(368), 18)
    return np.concatenate([[-1], county, township, age])


def test_false_signals_are_held_and_a_local_outbreak_is_found():
    draw = np.random.default_rng(8)
    parent = taiwan(draw)
    false = [many.tree(draw.uniform(size=len(parent)), parent, q=0.05).found.any() for _ in range(60)]
    assert np.mean(false) <= 0.12  # 0.05 and three standard errors
    p = draw.uniform(0.01, 1, len(parent))
    place = 500
    p[place] = 1e-9  # one age of one township, and nothing seen above it
    made = many.tree(p, parent)
    assert np.flatnonzero(made.specific).tolist() == [place]
    assert made.found[[parent[place], parent[parent[place]], 0]].all()


def test_the_budget_the_silence_and_what_breaks_it():
    p = np.full((4, 6), 1e-6)
    p[3] = 1e-9
    score = np.array([[3.0] * 6, [2.0] * 6, [9.0] * 6, [1, 1, 1, 5, 5, 5]])
    plain = many.signals(p, score)
    assert plain.shown.all()
    assert plain.rank[:, 0].tolist() == [3, 4, 2, 1]
    cut = many.signals(p, score, budget=2, silence=2)
    assert cut.shown.astype(int).tolist() == [
        [0, 1, 0, 0, 1, 0],
        [0, 1, 0, 0, 1, 0],
        [1, 0, 0, 1, 0, 0],
        [1, 0, 0, 1, 0, 0],
    ]
    loud = many.signals(p, score, silence=9, louder=2.0)
    assert loud.shown.astype(int).tolist() == [[1, 0, 0, 0, 0, 0]] * 3 + [[1, 0, 0, 1, 0, 0]]


@SUITE
@given(trees(), st.integers(0, 4), st.integers(0, 5), st.integers(0, 99))
def test_no_week_shows_more_than_its_budget_nor_a_silent_series(drawn, silence, budget, seed):
    parent, p = drawn
    draw = np.random.default_rng(seed)
    weeks = np.where(draw.uniform(size=(len(p), 8)) < 0.5, p[:, None] / 50, p[:, None])
    made = many.signals(weeks, draw.uniform(size=weeks.shape), parent, q=0.2, silence=silence, budget=budget)
    assert (made.shown.sum(axis=0) <= budget).all()
    assert not (made.shown & ~made.found).any()
    for row in made.shown:
        assert (np.diff(np.flatnonzero(row)) > silence).all()
    for week in range(8):
        ranks = made.rank[:, week]
        assert sorted(ranks[ranks > 0]) == list(range(1, (ranks > 0).sum() + 1))
        assert made.shown[:, week].tolist() == ((ranks > 0) & (ranks <= budget)).tolist()


def test_the_same_again():
    draw = np.random.default_rng(1)
    parent = taiwan(draw)
    p, score = draw.uniform(size=(len(parent), 2)) ** 4, draw.uniform(size=(len(parent), 2))
    made = many.signals(p, score, parent, q=0.2, budget=20, silence=1)
    np.testing.assert_array_equal(made.made.again(p, score, parent).shown, made.shown)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: many.flat([0.5, 1.2]), "methods-range"),
        (lambda: many.flat([[0.5]]), "methods-shape"),
        (lambda: many.flat([0.5], method="bonferroni"), "methods-choice"),
        (lambda: many.tree([0.5, 0.5], [-1]), "methods-shape"),
        (lambda: many.tree([0.5, 0.5], [1, 0]), "methods-tree"),
        (lambda: many.tree([0.5, 0.5], [-1, 7]), "methods-tree"),
        (lambda: many.tree([0.5], [-1], q=2), "methods-range"),
        (lambda: many.signals([[0.5]], [[1.0]], budget=-1), "methods-range"),
    ],
)
def test_what_may_not_be_given(call, code):
    with pytest.raises(Invalid) as found:
        call()
    assert found.value.code == code
