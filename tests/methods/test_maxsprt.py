"""MaxSPRT against the printed tables, a peer's long answers, and every path counted by hand."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from camphora.errors import Invalid
from camphora.methods.safety import maxsprt

TABLE_1 = {
    0.1: (2.044069, 4.119293, 6.579669), 0.5: (2.637928, 4.483740, 7.034472), 1: (2.853937, 4.670428, 7.172614),
    2: (3.046977, 4.862223, 7.341453), 5: (3.297183, 5.091907, 7.569312), 10: (3.467952, 5.260513, 7.724863),
    20: (3.628123, 5.414770, 7.877573), 50: (3.819903, 5.605972, 8.067072), 100: (3.952321, 5.738974, 8.199403),
}  # fmt: skip
"""Kulldorff et al. (2011), Sequential Analysis 30:58-78, table 1: the critical value for alpha 0.05, 0.01, 0.001."""
LEAST = {
    (5, 2): 3.01290868171239, (5, 4): 2.62366847225542, (10, 3): 3.06424796686384, (10, 10): 2.2814406139523,
    (100, 6): 3.52008147061398,
}  # fmt: skip
"""Kulldorff and Silva (2015), arXiv 1503.01978, table 1 (with the further digits that R package Sequential holds)."""
FIRST = {(10, 1): 2.799333, (10, 3): 2.484834, (20, 4): 2.717137, (100, 10): 3.109251}
"""The same, table 2: no look before D cases are expected."""
POWER = {(1, 2): 0.185, (5, 3): 0.876, (10, 2): 0.685, (20, 1.5): 0.450, (50, 1.5): 0.803, (100, 1.2): 0.368}
"""Kulldorff et al. (2011), table 2."""
WAITS = {(10, 2): (4.13, 5.98), (20, 1.5): (8.68, 14.91), (50, 1): (8.06, 47.90), (100, 3): (2.92, 2.92)}
"""The same, table 3: mean time to a signal, and of surveillance."""


@pytest.mark.parametrize("upper", TABLE_1)
def test_critical_values_as_printed(upper):
    for alpha, printed in zip((0.05, 0.01, 0.001), TABLE_1[upper], strict=True):
        found = maxsprt.poisson_critical(upper=upper, alpha=alpha)
        assert found.value == pytest.approx(printed, abs=2e-6)
        assert found.alpha == pytest.approx(alpha, rel=1e-6)


@pytest.mark.parametrize(("upper", "least"), LEAST)
def test_a_least_number_of_cases(upper, least):
    assert maxsprt.poisson_critical(upper=upper, least=least).value == pytest.approx(
        LEAST[upper, least], abs=1e-7
    )


@pytest.mark.parametrize(("upper", "first"), FIRST)
def test_a_late_first_look(upper, first):
    found = maxsprt.poisson_critical(upper=upper, first=first)
    assert found.value == pytest.approx(FIRST[upper, first], abs=2e-6)
    assert found.alpha <= 0.05


@pytest.mark.parametrize(("upper", "risk"), POWER)
def test_power_as_printed(upper, risk):
    found = maxsprt.poisson_performance(upper=upper, critical=TABLE_1[upper][0], risk=risk)
    assert found.power == pytest.approx(POWER[upper, risk], abs=6e-4)


@pytest.mark.parametrize(("upper", "risk"), WAITS)
def test_waits_as_printed(upper, risk):
    found = maxsprt.poisson_performance(upper=upper, critical=TABLE_1[upper][0], risk=risk)
    assert (found.time_to_signal, found.time) == pytest.approx(WAITS[upper, risk], abs=0.006)


def test_the_error_is_that_of_a_simulation():
    generator = np.random.default_rng(11)
    parameters = {"upper": 4.0, "least": 2, "first": 1.0}
    critical = maxsprt.poisson_critical(**parameters)
    hits, waits, runs = 0, [], 20_000
    for _ in range(runs):
        times = np.cumsum(generator.exponential(1.0, 40))
        cases = np.arange(1, 41)
        good = (times <= 4.0) & (cases >= 2)
        # with a first look at 1, events before it count then
        at = np.maximum(times, 1.0)
        over = good & (maxsprt.poisson_ratio(cases, at).value >= critical.value)
        if over.any():
            hits += 1
            waits.append(at[np.argmax(over)])
    found = maxsprt.poisson_performance(critical=critical.value, **parameters)
    assert found.power == pytest.approx(critical.alpha)
    assert hits / runs == pytest.approx(critical.alpha, abs=4 * np.sqrt(0.05 / runs))
    assert found.time_to_signal == pytest.approx(np.mean(waits), abs=5 * np.std(waits) / np.sqrt(hits))


def test_looks_at_intervals_are_counted_by_brute_force():
    looks = [1.0, 2.5, 4.0]
    critical = maxsprt.poisson_critical(upper=4.0, looks=looks)

    def error(value):
        alive, total, before = {0: 1.0}, 0.0, 0.0
        for look in looks:
            after = {}
            for cases, chance in alive.items():
                for more in range(40):
                    mean = look - before
                    term = chance * np.exp(-mean) * mean**more / np.prod(np.arange(1.0, more + 1))
                    if maxsprt.poisson_ratio(cases + more, look).value >= value:
                        total += term
                    else:
                        after[cases + more] = after.get(cases + more, 0.0) + term
            alive, before = after, look
        return total

    assert critical.alpha == pytest.approx(error(critical.value - 1e-12), rel=1e-9)
    assert error(critical.value - 1e-6) > 0.05
    assert critical.value < maxsprt.poisson_critical(upper=4.0).value


@pytest.mark.parametrize(("controls", "least"), [(1.0, 1), (1.1, 3), (4.0, 2)])
def test_binomial_error_by_every_path(controls, least):
    upper, p = 11, 1 / (1 + controls)
    found = maxsprt.binomial_critical(upper=upper, controls=controls, least=least, alpha=0.1)

    def error(value, share):
        total, moment = 0.0, 0.0
        for path in product((0, 1), repeat=upper):
            cases = np.cumsum(path)
            events = np.arange(1, upper + 1)
            over = (maxsprt.binomial_ratio(cases, events, controls=controls).value >= value - 1e-9) & (
                cases >= least
            )
            if over.any():
                chance = share ** cases[-1] * (1 - share) ** (upper - cases[-1])
                total += chance
                moment += chance * events[np.argmax(over)]
        return total, moment

    assert found.alpha == pytest.approx(error(found.value, p)[0])
    assert found.alpha <= 0.1
    values = {
        round(float(maxsprt.binomial_ratio(c, n, controls=controls).value), 10)
        for n in range(1, 12)
        for c in range(1, n + 1)
    }
    lower = [value for value in values if 0 < value < found.value - 1e-9]
    assert not lower or error(max(lower), p)[0] > 0.1
    better = maxsprt.binomial_performance(
        upper=upper, controls=controls, critical=found.value, risk=3.0, least=least
    )
    power, moment = error(found.value, 3 / (3 + controls))
    assert (better.power, better.time_to_signal) == pytest.approx((power, moment / power))
    assert better.time == pytest.approx(moment + (1 - power) * upper)


def test_no_boundary_fits_where_even_all_cases_are_too_likely():
    found = maxsprt.binomial_critical(upper=3, controls=1.0, alpha=0.05)
    assert found.value == np.inf
    assert found.alpha == 0.0


def test_any_excess_is_a_signal_where_the_least_cases_are_rare():
    found = maxsprt.poisson_critical(upper=1.0, least=5)
    assert found.value == 1e-6
    assert found.alpha == pytest.approx(stats.poisson.sf(4, 1.0))


def test_watching_finds_the_first_look_with_a_signal():
    expected = np.array([0.5, 1.0, 2.0, 3.0, 4.0, 12.0])
    found = maxsprt.poisson_watch([0, 1, 3, 9, 12, 40], expected, upper=10.0)
    assert found.signal == 3
    assert found.ratio[3] == pytest.approx(3 - 9 + 9 * np.log(3))
    assert maxsprt.poisson_watch([0, 0, 1, 1, 2, 40], expected, upper=10.0).signal == -1
    np.testing.assert_array_equal(found.made.again([0, 1, 3, 9, 12, 40], expected).ratio, found.ratio)


def test_ratios_at_the_edges():
    assert maxsprt.poisson_ratio([0.0, 2.0, 2.0], [1.0, 2.0, 0.0]).value.tolist() == [0.0, 0.0, np.inf]
    assert maxsprt.binomial_ratio([0.0, 3.0], [0.0, 3.0], controls=2.0).value.tolist() == pytest.approx(
        [0.0, 3 * np.log(3)]
    )


@settings(max_examples=15, deadline=None)
@given(st.floats(0.3, 30), st.integers(1, 4))
def test_a_longer_watch_needs_a_higher_boundary(upper, least):
    short = maxsprt.poisson_critical(upper=upper, least=least)
    longer = maxsprt.poisson_critical(upper=upper * 1.5, least=least)
    assert short.alpha <= 0.05 + 1e-9
    assert longer.value >= short.value - 1e-9


def test_faults_are_named():
    with pytest.raises(Invalid, match="methods-range"):
        maxsprt.poisson_critical(upper=-1.0)
    with pytest.raises(Invalid, match="methods-range"):
        maxsprt.poisson_critical(upper=1.0, first=2.0)
    with pytest.raises(Invalid, match="methods-rising"):
        maxsprt.poisson_critical(upper=3.0, looks=[1.0, 1.0, 3.0])
    with pytest.raises(Invalid, match="methods-shape"):
        maxsprt.poisson_watch([1, 2], [1.0], upper=3.0)
