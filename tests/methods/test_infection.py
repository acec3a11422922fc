"""Rates and standardised infection ratios against scipy's Poisson and binomial, and the rules of not telling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from camphora.errors import Invalid
from camphora.methods.infection import rates, sir


def ends(limits):
    return limits.lower, limits.upper


def mid_p(count, mean):
    """P(X > count) + P(X = count)/2."""
    return stats.poisson.sf(count, mean) + stats.poisson.pmf(count, mean) / 2


def by_roots(count, level=0.95):
    tail = (1 - level) / 2
    high = optimize.brentq(lambda mean: mid_p(count, mean) - (1 - tail), 1e-9, 20 + 3 * count, xtol=1e-13)
    low = (
        0.0
        if count == 0
        else optimize.brentq(lambda mean: mid_p(count, mean) - tail, 1e-9, count, xtol=1e-13)
    )
    return low, high


@pytest.mark.parametrize("count", [0, 1, 4, 11, 87])
def test_mid_p_limits_are_the_roots(count):
    low, high = ends(rates.poisson_limits([count]))
    assert (low[0], high[0]) == pytest.approx(by_roots(count), rel=1e-9)


def test_four_observed_and_3_3_predicted():
    """OpenEpi's page on the SMR (from memory): mid-P 0.385 to 2.92, exact 0.330 to 3.10."""
    found, exact = sir.sir([4], [3.3]), sir.sir([4], [3.3], interval="exact")
    assert found.ratio[0] == pytest.approx(1.2121, abs=5e-5)
    assert (found.lower[0], found.upper[0]) == pytest.approx((0.385, 2.924), abs=1e-3)
    assert (exact.lower[0], exact.upper[0]) == pytest.approx((0.330, 3.104), abs=1e-3)


@pytest.mark.parametrize("count", [1, 5, 40])
def test_exact_limits_are_garwoods(count):
    low, high = ends(rates.poisson_limits([count], interval="exact"))
    assert low[0] == pytest.approx(stats.chi2.ppf(0.025, 2 * count) / 2)
    assert high[0] == pytest.approx(stats.chi2.ppf(0.975, 2 * count + 2) / 2)


def test_rates_by_thousand_days_and_use_of_devices():
    found = rates.device_rate([3, 0, 2, np.nan], [1500, 400, 0, 100], [3000, 0, 10, 50])
    assert found.rate[:2].tolist() == [2.0, 0.0]
    assert np.isnan(found.rate[2:]).all()
    assert found.lower[1] == 0.0
    assert found.upper[1] == pytest.approx(-np.log(0.05) / 0.4)  # mid-P of none: P(0)/2 is 0.025
    assert found.use[0] == 0.5
    assert np.isnan(found.use[1])
    np.testing.assert_array_equal(
        found.made.again([3.0], [1500.0]).upper, rates.device_rate([3], [1500]).upper
    )


def test_a_ratio_is_not_told_below_one_predicted():
    found = sir.sir([2, 2, 0, np.nan], [0.99, 1.0, 3.0, 2.0])
    assert found.why.tolist() == ["predicted-below-least", "told", "told", "missing"]
    assert np.isnan([found.ratio[0], found.lower[0], found.upper[0], found.p[0]]).all()
    assert found.ratio[1:3].tolist() == [2.0, 0.0]
    assert np.isnan(found.lower[2])
    assert found.upper[2] == pytest.approx(-np.log(0.05) / 3)
    assert not np.isnan(found.p[2])
    assert np.isnan(found.ratio[3])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.floats(1.0, 60.0))
def test_the_p_value_and_the_interval_agree(observed, predicted):
    found = sir.sir([observed], [predicted])
    over = mid_p(observed, predicted)
    assert found.p[0] == pytest.approx(min(2 * min(over, 1 - over), 1.0), abs=1e-12)
    low, high = ends(rates.poisson_limits([observed]))
    outside = predicted < low[0] - 1e-9 or predicted > high[0] + 1e-9
    inside = low[0] + 1e-9 < predicted < high[0] - 1e-9
    assert not (outside and found.p[0] > 0.05 + 1e-9)
    assert not (inside and found.p[0] < 0.05 - 1e-9)
    exact = sir.sir([observed], [predicted], interval="exact")
    assert exact.p[0] >= found.p[0] - 1e-12


def test_two_ratios_are_compared_by_the_binomial():
    observed, predicted, other, other_predicted = 6.0, 10.0, 15.0, 12.0
    found = sir.compare([observed], [predicted], [other], [other_predicted])
    assert found.relative[0] == pytest.approx((15 / 12) / (6 / 10))
    share = other_predicted / (predicted + other_predicted)
    over = stats.binom.sf(15, 21, share) + stats.binom.pmf(15, 21, share) / 2
    assert found.p[0] == pytest.approx(2 * min(over, 1 - over))

    def limit(tail):
        root = optimize.brentq(
            lambda p: stats.binom.sf(15, 21, p) + stats.binom.pmf(15, 21, p) / 2 - tail,
            1e-9,
            1 - 1e-9,
            xtol=1e-14,
        )
        return root / (1 - root) * predicted / other_predicted

    assert (found.lower[0], found.upper[0]) == pytest.approx((limit(0.025), limit(0.975)), rel=1e-8)


def test_comparing_with_none_observed():
    found = sir.compare([0, 3, 0], [2.0, 2, 2], [3, 0, 0], [2.0, 2, 2])
    assert found.relative[:2].tolist() == [np.inf, 0.0]
    assert np.isnan(found.relative[2])
    assert found.upper[0] == np.inf
    assert found.lower[1] == 0.0
    assert np.isnan(found.p[2])


def test_faults_are_named():
    with pytest.raises(Invalid, match="methods-shape"):
        sir.sir([1, 2], [1.0])
    with pytest.raises(Invalid, match="methods-negative"):
        rates.device_rate([-1], [10])
    with pytest.raises(Invalid, match="methods-choice"):
        sir.sir([1], [2.0], interval="byar")


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: sir.sir([2, 2.5], [1.0, 2.0]), "observed"),
        (lambda: sir.compare([2.5], [2.0], [3], [2.0]), "observed"),
        (lambda: sir.compare([2], [2.0], [3.5], [2.0]), "other_observed"),
        (lambda: rates.device_rate([0.5], [100]), "infections"),
        (lambda: rates.poisson_limits([np.nan, 0.5]), "count"),
    ],
)
def test_a_fraction_of_an_infection_is_refused_by_name(call, name):
    with pytest.raises(Invalid) as refused:
        call()
    assert (refused.value.code, refused.value.facts["argument"]) == ("methods-not-whole", name)
