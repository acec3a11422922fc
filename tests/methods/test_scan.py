"""Scans: every cylinder counted out plainly on small maps; p values that keep their promise."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from camphora.errors import Invalid
from camphora.methods.scan import search
from camphora.methods.scan.circles import Circles
from camphora.methods.scan.kulldorff import permutation, space_time, spatial


def circles_of(places, population, most):
    """Sets of places, by brute force: all within each distance from each centre."""
    found = set()
    for centre in places:
        apart = np.hypot(*(places - centre).T)
        for radius in apart:
            inside = tuple(np.nonzero(apart <= radius * (1 + 1e-9))[0].tolist())
            if population[list(inside)].sum() <= most * population.sum():
                found.add(inside)
    return found


def poisson_ratio(c, e, total):
    if c <= e or e <= 0:
        return 0.0
    law = stats.poisson.logpmf
    rest = (law(total - c, total - c) - law(total - c, total - e)) if total > c else total - e
    return law(c, c) - law(c, e) + rest


def a_map(seed, places=9, times=1):
    random = np.random.default_rng(seed)
    at = random.integers(0, 4, (places, 2)).astype(
        float
    )  # a lattice: places at one distance, even at one point
    population = random.integers(20, 90, places).astype(float)
    cases = random.poisson(population[:, None] / 20, (places, times)).astype(float)
    return random, at, population, cases


@pytest.mark.parametrize("seed", range(6))
def test_the_spatial_scan_finds_the_best_of_all_circles(seed):
    _, at, population, cases = a_map(seed)
    cases = cases[:, 0]
    cases[seed] += 6
    total = cases.sum()
    found = spatial(cases, population, at, replicates=9)
    every = {
        inside: poisson_ratio(
            cases[list(inside)].sum(), total * population[list(inside)].sum() / population.sum(), total
        )
        for inside in circles_of(at, population, 0.5)
    }
    assert found.ratio[0] == pytest.approx(max(every.values()), rel=1e-9)
    assert every[tuple(sorted(found.places[0]))] == pytest.approx(found.ratio[0])
    apart = [each for each in every if not set(each) & set(found.places[0])]
    if len(found.ratio) > 1:
        assert found.ratio[1] == pytest.approx(max(every[each] for each in apart), rel=1e-9)
    for one, other in itertools.combinations(found.places, 2):
        assert not set(one) & set(other)


@pytest.mark.parametrize("seed", range(3))
def test_the_bernoulli_scan_finds_the_best_of_all_circles(seed):
    random, at, population, _ = a_map(seed)
    cases = random.binomial(population.astype(int), 0.2).astype(float)
    law = stats.binom.logpmf
    total, people = cases.sum(), population.sum()

    def ratio(inside):
        c, n = cases[list(inside)].sum(), population[list(inside)].sum()
        if c / n <= (total - c) / (people - n):
            return 0.0
        split = law(c, n, c / n) + law(total - c, people - n, (total - c) / (people - n))
        return split - law(c, n, total / people) - law(total - c, people - n, total / people)

    found = spatial(cases, population, at, model="bernoulli", replicates=9)
    assert found.ratio[0] == pytest.approx(max(map(ratio, circles_of(at, population, 0.5))), rel=1e-9)
    with pytest.raises(Invalid, match="population"):
        spatial(cases, population + 0.5, at, model="bernoulli")


@pytest.mark.parametrize("alive", [True, False])
@pytest.mark.parametrize("kind", ["steady", "moving", "permutation"])
def test_the_space_time_scans_find_the_best_of_all_cylinders(kind, alive):
    random, at, population, cases = a_map(3, places=7, times=8)
    cases[2, 5:] += 4
    weight = population[:, None] * (random.uniform(0.5, 2, (7, 8)) if kind == "moving" else np.ones((7, 8)))
    weight = np.outer(cases.sum(axis=1), cases.sum(axis=0)) if kind == "permutation" else weight
    total = cases.sum()
    every = {}
    for inside in circles_of(at, weight.sum(axis=1), 0.5):
        for a, b in itertools.combinations(range(9), 2):
            if b - a <= 3 and (b == 8 or not alive):
                rows = list(inside)
                e = total * weight[rows, a:b].sum() / weight.sum()
                every[inside, a, b - 1] = poisson_ratio(cases[rows, a:b].sum(), e, total)
    settings = {"longest": 3, "alive": alive, "replicates": 5}
    found = permutation(cases, at, **settings) if kind == "permutation" else None
    found = found or space_time(cases, population if kind == "steady" else weight, at, **settings)
    assert found.ratio[0] == pytest.approx(max(every.values()), rel=1e-9)
    mine = tuple(sorted(found.places[0])), int(found.begin[0]), int(found.end[0])
    assert every[mine] == pytest.approx(found.ratio[0])
    rows = list(found.places[0])
    assert found.cases[0] == cases[rows, mine[1] : mine[2] + 1].sum()
    assert found.expected[0] == pytest.approx(
        total * weight[rows, mine[1] : mine[2] + 1].sum() / weight.sum()
    )


@pytest.mark.parametrize("alive", [True, False])
def test_replicates_are_searched_as_the_observed_are(alive):
    """With a weight that moves by next to nothing the plain search runs, and finds what the quick one finds."""
    _, at, population, cases = a_map(5, places=8, times=10)
    quick = space_time(cases, population, at, alive=alive, replicates=40, seed=7)
    moved = np.repeat(population[:, None], 10, axis=1) * (1 + 1e-9 * np.arange(10))
    plain = space_time(cases, moved, at, alive=alive, replicates=40, seed=7)
    np.testing.assert_allclose(np.sort(quick.simulated), np.sort(plain.simulated), rtol=0.2)
    assert quick.simulated.mean() == pytest.approx(plain.simulated.mean(), rel=0.05)
    alone = space_time(cases, population, at, alive=alive, replicates=7, seed=7)
    np.testing.assert_array_equal(alone.simulated.shape, (7,))


@pytest.mark.parametrize("longest", [1, 5, 12])
@pytest.mark.parametrize("season", ["even", "wave", "silent"])
def test_what_is_passed_over_unweighed_is_never_the_highest(season, longest):
    """The highest of each replicate is that of the plain search, which weighs every interval of every circle."""
    random = np.random.default_rng(longest)
    at, places, times = random.uniform(0, 9, (14, 2)), 14, 12
    wave = {
        "even": np.ones(times),
        "wave": 1.1 + np.sin(np.arange(times)),
        "silent": np.arange(times) % 3 > 0,
    }
    weight = np.outer(random.lognormal(0, 1, places), wave[season])
    drawn = random.multinomial(900, weight.ravel() / weight.sum(), 60).reshape(60, places, times)
    # An outbreak in half of them, so that the highest comes from every length, early in the search and late.
    drawn[::2, 3:5, 2 : 2 + longest] += 3 * (weight[3:5, 2 : 2 + longest] > 0)
    drawn[1::4, :] = random.permutation(drawn[1::4, :], axis=2) * (weight > 0)
    circles = Circles.around(at, weight.sum(axis=1), most=0.5, geographic=False)
    for cases in drawn:
        expected = search.cumulated(weight * (cases.sum() / weight.sum()), np.float64)
        looked = (expected, circles.order, circles.ends, longest, False)
        plain, _, _ = search.every(
            search.cumulated(cases, np.int64), *looked, search.POISSON, float(weight.sum())
        )
        quick = search.highest(
            search.cumulated(cases[None], np.int32), *looked, False, search.POISSON, float(weight.sum())
        )
        assert quick[0] == pytest.approx(plain.max(), rel=1e-12)


def test_under_chance_alone_p_is_even():
    random = np.random.default_rng(0)
    at, population = random.uniform(0, 1, (12, 2)), np.full(12, 100.0)
    ps = [
        spatial(random.multinomial(60, np.full(12, 1 / 12)), population, at, replicates=19, seed=n).p[0]
        for n in range(120)
    ]
    below = np.mean(np.array(ps) <= 0.25)
    assert abs(below - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 120)


def test_a_strong_cluster_is_found_with_the_least_p():
    random = np.random.default_rng(1)
    at = np.stack(np.meshgrid(np.arange(6.0), np.arange(6.0)), -1).reshape(-1, 2)
    cases = random.poisson(2, (36, 20)).astype(float)
    cases[[14, 15, 20, 21], 17:] += 8
    for found in (space_time(cases, np.ones(36), at, replicates=99), permutation(cases, at, replicates=99)):
        assert len({14, 15, 20, 21} & set(found.places[0])) >= 3
        assert (found.begin[0], found.end[0]) == (17, 19)
        assert found.p[0] == 0.01


def test_ties_enter_together_and_distance_may_go_round_the_earth():
    at = np.array([[0.0, 0], [1, 0], [-1, 0], [5, 0]])
    circles = Circles.around(at, np.ones(4), most=1, geographic=False)
    assert circles.ends[0].tolist() == [True, False, True, True]
    earth = Circles.around(np.array([[25.03, 121.56], [22.63, 120.30]]), np.ones(2), most=1, geographic=True)
    assert earth.distance[0, 1] == pytest.approx(296, abs=3)


def test_what_is_missing_is_taken_out_and_no_cases_are_no_cluster():
    _, at, population, cases = a_map(4, places=8, times=6)
    holes, less = cases.copy(), np.repeat(population[:, None], 6, axis=1)
    holes[3, 2] = np.nan
    without = cases.copy()
    without[3, 2], less[3, 2] = 0, 0
    one, other = space_time(holes, population, at, replicates=9), space_time(without, less, at, replicates=9)
    assert one.ratio[0] == pytest.approx(other.ratio[0])
    empty = space_time(np.zeros((8, 6)), population, at, replicates=9)
    assert empty.places == ()
    assert empty.p.shape == (0,)


def test_a_result_can_be_made_again_and_faults_are_named():
    _, at, population, cases = a_map(2, times=6)
    found = space_time(cases, population, at, replicates=20, seed=3)
    np.testing.assert_array_equal(found.made.again(cases, population, at).simulated, found.simulated)
    other = space_time(cases, population, at, replicates=20, seed=4)
    assert not np.array_equal(other.simulated, found.simulated)
    for wrong in ({"most": 0}, {"longest": 7}, {"replicates": -1}):
        with pytest.raises(Invalid, match=next(iter(wrong))):
            space_time(cases, population, at, **wrong)
    with pytest.raises(Invalid, match="places"):
        space_time(cases, population, at[:3])
    with pytest.raises(Invalid, match="population"):
        space_time(cases, population[:3], at)
    with pytest.raises(Invalid, match="cases"):
        spatial(cases[:, 0] + 0.5, population, at)


def test_more_cases_than_a_replicate_can_count_are_refused():
    with pytest.raises(Invalid) as found:
        spatial([6e9, 1, 1, 1], [3, 1, 1, 1], [[0, 0], [0, 1], [1, 0], [1, 1]], replicates=3)
    assert found.value.code == "methods-range"
