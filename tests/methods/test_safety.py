"""Pairs counted, PRR, ROR, IC and EBGM against published numbers, statsmodels, and oracles of our own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats
from statsmodels.stats.contingency_tables import StratifiedTable

from camphora.errors import Invalid
from camphora.methods.safety import disproportionality as ratios
from camphora.methods.safety import pairs, shrinkage

CAERS = (3.2538, 0.3999, 2.0261, 1.9081, 0.0653)
"""openEBGM 0.9.1's prior on the FDA's CAERS extract, to the four decimals that are known."""
TABLES = np.array([[[16, 40], [5, 30]], [[190, 200], [2000, 9000]], [[28, 9], [17, 33]]], dtype=float)


def cells(tables):
    return tables[:, 0, 0], tables[:, 0, 1], tables[:, 1, 0], tables[:, 1, 1]


def simulated(size=3000, seed=1):
    generator = np.random.default_rng(seed)
    expected = generator.gamma(0.3, 1, size) + 0.01
    first = generator.random(size) < 0.2
    ratio = np.where(first, generator.gamma(2.0, 2.0, size), generator.gamma(3.0, 1 / 3, size))
    return generator.poisson(ratio * expected).astype(float), expected


# --- pairs ------------------------------------------------------------------------------------------------------------


def test_pairs_are_counted_as_by_hand_and_a_drug_named_twice_counts_once():
    found = pairs.count(
        [1, 1, 1, 2, 3, 4], ["A", "A", "B", "A", "B", "A"], [1, 2, 3, 3, 5], ["x", "x", "x", "y", "y"]
    )
    assert list(zip(found.drug, found.event, found.n, strict=True)) == [
        ("A", "x", 2), ("B", "x", 2), ("B", "y", 1)
    ]  # fmt: skip
    # reports 1 to 5: A in 1, 2, 4; x in 1, 2, 3
    assert [found.a[0, 0], found.b[0, 0], found.c[0, 0], found.d[0, 0]] == [2, 1, 1, 1]
    np.testing.assert_allclose(found.expected, [3 * 3 / 5, 2 * 3 / 5, 2 * 2 / 5])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_pairs_equal_a_count_by_sets(seed):
    generator = np.random.default_rng(seed)
    reports, drugs = generator.integers(0, 15, 30), generator.integers(0, 4, 30)
    event_reports, events = generator.integers(0, 15, 25), generator.integers(0, 3, 25)
    stratum = generator.integers(0, 2, 15)
    found = pairs.count(reports, drugs, event_reports, events, np.arange(15), stratum)
    all_reports = set(reports.tolist()) | set(event_reports.tolist())
    for at, (drug, event) in enumerate(zip(found.drug, found.event, strict=True)):
        expected = 0.0
        for row, name in enumerate(found.strata):
            inside = {each for each in all_reports if stratum[each] == name}
            with_drug = inside & set(reports[drugs == drug].tolist())
            with_event = inside & set(event_reports[events == event].tolist())
            assert found.a[row, at] == len(with_drug & with_event)
            assert found.b[row, at] == len(with_drug - with_event)
            assert found.c[row, at] == len(with_event - with_drug)
            assert found.d[row, at] == len(inside - with_drug - with_event)
            expected += len(with_drug) * len(with_event) / max(len(inside), 1)
        assert found.expected[at] == pytest.approx(expected)
    assert len(found.drug) == len(
        {
            (d, e)
            for r, d in zip(reports, drugs, strict=True)
            for s, e in zip(event_reports, events, strict=True)
            if r == s
        }
    )


def test_a_report_without_stratum_is_left_out():
    found = pairs.count([1, 2], ["A", "A"], [1, 2], ["x", "x"], [1, 9], ["old", "young"])
    assert found.n.tolist() == [1.0]


def test_fewer_than_least_and_wrong_shapes():
    assert pairs.count([1, 2, 3], list("AAB"), [1, 2, 3], list("xxx"), least=2).drug.tolist() == ["A"]
    with pytest.raises(Invalid, match="methods-shape"):
        pairs.count([1, 2], ["A"], [1], ["x"])


@pytest.mark.parametrize(
    "tables",
    [
        ([], [], [], []),
        ([1], ["A"], [], []),
        ([], [], [1], ["x"]),
        ([1], ["A"], [2], ["x"]),  # never in one report
        ([1], ["A"], [1], ["x"], [], []),  # no report has a stratum
        ([], [], [], [], [1, 2], ["old", "young"]),
        ([1], ["A"], [2], ["x"], [1, 2], ["old", "young"]),
    ],
)
def test_without_a_pair_there_are_no_rows(tables):
    found = pairs.count(*tables)
    assert (found.drug.shape, found.event.shape, found.n.shape, found.expected.shape) == ((0,),) * 4
    assert {each.shape for each in (found.a, found.b, found.c, found.d)} == {(len(found.strata), 0)}
    assert pairs.count([1], ["A"], [1], ["x"], least=2).n.shape == (0,)


# --- PRR and ROR ------------------------------------------------------------------------------------------------------


def test_rifabutin_and_uveitis_as_published():
    """41 of 55 reports of rifabutin, 754 of the rest, 591,958 without either: PRR 586 (Evans in Mann and Andrews,
    Pharmacovigilance, table 20.2, which gives chi-square 22 736)."""
    found = ratios.prr([41], [14], [754], [591_958], yates=False)
    assert round(found.estimate[0]) == 586
    assert found.chi_square[0] == pytest.approx(22_736, rel=2e-4)


def test_chi_square_equals_scipy_with_and_without_yates():
    for table in TABLES:
        a, b, c, d = table.ravel()
        for yates in (True, False):
            ours = ratios.prr([a], [b], [c], [d], yates=yates).chi_square[0]
            assert ours == pytest.approx(stats.chi2_contingency(table, correction=yates).statistic, rel=1e-12)


def test_relative_risk_and_odds_ratio_equal_scipy():
    prr, ror = ratios.prr(*cells(TABLES)), ratios.ror(*cells(TABLES))
    for at, table in enumerate(TABLES):
        risk = stats.contingency.relative_risk(
            int(table[0, 0]), int(table[0].sum()), int(table[1, 0]), int(table[1].sum())
        )
        interval = risk.confidence_interval(0.95)
        ours = (prr.estimate[at], prr.lower[at], prr.upper[at])
        assert ours == pytest.approx((risk.relative_risk, *interval), rel=1e-10)
        odds = stats.contingency.odds_ratio(table.astype(int), kind="sample")
        interval = odds.confidence_interval(0.95)
        ours = (ror.estimate[at], ror.lower[at], ror.upper[at])
        assert ours == pytest.approx((odds.statistic, *interval), rel=1e-10)


def test_strata_equal_statsmodels():
    peer = StratifiedTable(list(TABLES))
    strata = [each[:, None] for each in cells(TABLES)]
    prr, ror = ratios.prr(*strata), ratios.ror(*strata)
    assert prr.estimate[0] == pytest.approx(peer.riskratio_pooled, rel=1e-12)
    assert ror.estimate[0] == pytest.approx(peer.oddsratio_pooled, rel=1e-12)
    assert (ror.lower[0], ror.upper[0]) == pytest.approx(peer.oddsratio_pooled_confint(), rel=1e-10)
    assert prr.chi_square[0] == pytest.approx(peer.test_null_odds(correction=True).statistic, rel=1e-10)
    # Greenland and Robins, by their formula over the strata one at a time
    top = sum(
        (t[:, 0].sum() * t[0].sum() * t[1].sum() - t[0, 0] * t[1, 0] * t.sum()) / t.sum() ** 2 for t in TABLES
    )
    over = sum(t[0, 0] * t[1].sum() / t.sum() for t in TABLES)
    under = sum(t[1, 0] * t[0].sum() / t.sum() for t in TABLES)
    wide = 1.959963984540054 * np.sqrt(top / (over * under))
    assert np.log(prr.upper[0] / prr.estimate[0]) == pytest.approx(wide, rel=1e-12)


def test_a_stratum_without_reports_adds_nothing():
    strata = [each[:, None] for each in cells(TABLES)]
    more = [np.concatenate([each, np.zeros((1, 1))]) for each in strata]
    for which in (ratios.prr, ratios.ror):
        assert which(*more).upper[0] == pytest.approx(which(*strata).upper[0], rel=1e-14)
        assert which(*more).chi_square[0] == pytest.approx(which(*strata).chi_square[0], rel=1e-14)


def test_one_stratum_is_no_stratum():
    flat, one = ratios.ror(*cells(TABLES)), ratios.ror(*(each[None] for each in cells(TABLES)))
    np.testing.assert_array_equal(flat.lower, one.lower)


@pytest.mark.parametrize("which", [ratios.prr, ratios.ror])
def test_zero_cells_are_as_said(which):
    none_else = ([6.0], [3.0], [0.0], [500.0])
    half, limit, missing = (which(*none_else, zero=zero) for zero in ("half", "limit", "missing"))
    plain = which([6.5], [3.5], [0.5], [500.5])
    assert half.corrected.all()
    assert half.estimate[0] == pytest.approx(plain.estimate[0])
    assert half.lower[0] == pytest.approx(plain.lower[0])
    assert limit.estimate[0] == np.inf
    assert np.isnan([limit.lower[0], limit.upper[0], missing.estimate[0], missing.lower[0]]).all()
    assert which([0.0], [3.0], [5.0], [500.0], zero="limit").estimate[0] == 0.0
    for empty in (([0.0], [0.0], [5.0], [9.0]), ([5.0], [9.0], [0.0], [0.0])):
        assert np.isnan([which(*empty, zero=zero).estimate[0] for zero in ("half", "limit", "missing")]).all()


def test_a_zero_among_b_and_d_leaves_the_prr_alone():
    assert not ratios.prr([3.0], [0.0], [5.0], [9.0]).corrected.any()
    assert ratios.ror([3.0], [0.0], [5.0], [9.0]).corrected.all()


def test_missing_cells_stay_missing_and_faults_are_named():
    assert np.isnan(ratios.prr([np.nan, 3], [1, 1], [2, 2], [9, 9]).estimate).tolist() == [True, False]
    strata = [
        np.array([[each], [np.nan if at == 2 else each]]) for at, each in enumerate((9.0, 30.0, 40.0, 500.0))
    ]
    for found in (ratios.prr(*strata), ratios.ror(*strata)):
        assert np.isnan([found.estimate[0], found.lower[0], found.upper[0], found.chi_square[0]]).all()
    with pytest.raises(Invalid, match="methods-negative"):
        ratios.prr([-1.0], [1.0], [1.0], [1.0])
    with pytest.raises(Invalid, match="methods-choice"):
        ratios.prr([1.0], [1.0], [1.0], [1.0], zero="nought")
    with pytest.raises(Invalid, match="methods-shape"):
        ratios.prr([1.0, 2.0], [1.0], [1.0], [1.0])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=4, max_size=4))
def test_turning_the_table_turns_the_odds(four):
    a, b, c, d = ([float(each)] for each in four)
    one, other = ratios.ror(a, b, c, d), ratios.ror(c, d, a, b)
    assert one.estimate[0] == pytest.approx(1 / other.estimate[0])
    assert one.lower[0] == pytest.approx(1 / other.upper[0])


# --- IC ---------------------------------------------------------------------------------------------------------------


def test_information_component_is_the_posterior_gamma():
    n, expected = np.array([0.0, 1, 16, 300]), np.array([0.3, 0.0, 0.406436, 250])
    found = ratios.information_component(n, expected)
    for at in range(4):
        posterior = stats.gamma(n[at] + 0.5, scale=1 / (expected[at] + 0.5))
        assert found.ic[at] == pytest.approx(np.log2(posterior.mean()))
        assert posterior.cdf(2 ** found.lower[at]) == pytest.approx(0.025)
        assert posterior.sf(2 ** found.upper[at]) == pytest.approx(0.025)


def test_bcpnn_is_zero_before_data_and_its_moments_are_those_of_the_betas():
    nothing = ratios.bcpnn([0.0], [0.0], [0.0], [0.0], moments="delta")
    assert nothing.ic[0] == pytest.approx(0.0, abs=1e-12)
    a, b, c, d = 12.0, 30.0, 40.0, 900.0
    found = ratios.bcpnn([a], [b], [c], [d])
    total, gamma = a + b + c + d, (a + b + c + d + 2) ** 2 / ((a + b + 1) * (a + c + 1))
    generator = np.random.default_rng(4)
    draws = np.log2(generator.beta(a + 1, total + gamma - a - 1, 400_000))
    draws -= np.log2(generator.beta(a + b + 1, total + 1 - a - b, 400_000))
    draws -= np.log2(generator.beta(a + c + 1, total + 1 - a - c, 400_000))
    assert found.ic[0] == pytest.approx(draws.mean(), abs=4e-3)
    assert (found.upper[0] - found.lower[0]) / (2 * 1.959964) == pytest.approx(draws.std(), rel=5e-3)


def test_the_printed_approximation_of_1998_is_close_and_by_its_formula():
    exact = ratios.bcpnn([200.0], [300.0], [400.0], [9000.0])
    delta = ratios.bcpnn([200.0], [300.0], [400.0], [9000.0], moments="delta")
    assert delta.ic[0] == pytest.approx(exact.ic[0], abs=0.01)
    gamma = 9902**2 / (501 * 601)
    assert delta.ic[0] == pytest.approx(np.log2(201 * 9902**2 / ((9900 + gamma) * 501 * 601)))


# --- EBGM -------------------------------------------------------------------------------------------------------------


def test_openebgm_on_caers_given_its_prior():
    found = shrinkage.ebgm([16, 6, 19], [0.406436, 0.0786651, 0.896901], theta=CAERS)
    np.testing.assert_allclose(found.ebgm, [23.2611, 18.2765, 16.7765], rtol=3e-5)
    np.testing.assert_allclose(found.lower, [15.6856, 10.1617, 11.6462], rtol=3e-5)
    np.testing.assert_allclose(found.upper, [33.4774, 30.8361, 23.5496], rtol=3e-5)


def test_ebgm_equals_its_integrals():
    n, expected = np.array([0.0, 1, 4, 40]), np.array([0.4, 0.2, 1.0, 11.0])
    found = shrinkage.ebgm(n, expected, theta=CAERS)
    a1, b1, a2, b2, share = CAERS
    for at in range(4):

        def posterior(x, at=at):
            prior = share * stats.gamma.pdf(x, a1, scale=1 / b1) + (1 - share) * stats.gamma.pdf(
                x, a2, scale=1 / b2
            )
            return prior * stats.poisson.pmf(n[at], x * expected[at])

        def upto(x, by=posterior):
            return integrate.quad(by, 0, x, limit=300, epsabs=0, epsrel=1e-10)[0]

        whole = upto(10.0) + integrate.quad(posterior, 10.0, np.inf, limit=300, epsabs=0, epsrel=1e-10)[0]
        mean = (
            integrate.quad(lambda x: np.log(x) * posterior(x), 0, 10, limit=300)[0]
            + integrate.quad(lambda x: np.log(x) * posterior(x), 10, 200, limit=300)[0]
        ) / whole
        assert found.ebgm[at] == pytest.approx(np.exp(mean), rel=1e-6)
        assert upto(found.lower[at]) / whole == pytest.approx(0.05, rel=1e-6)
        assert upto(found.upper[at]) / whole == pytest.approx(0.95, rel=1e-6)


def test_pairs_without_expected_reports_have_no_ebgm():
    assert np.isnan(shrinkage.ebgm([3.0], [0.0], theta=CAERS).ebgm).all()


@pytest.mark.parametrize("zeros", [True, False])
def test_both_ways_of_fitting_reach_the_same_likelihood_and_no_search_finds_better(zeros):
    n, expected = simulated(700)
    direct = shrinkage.fit(n, expected, zeros=zeros)
    steps = shrinkage.fit(
        n, expected, zeros=zeros, method="em", start=(*direct.theta[:4], 0.5), tolerance=1e-9
    )
    assert direct.converged
    assert steps.log_likelihood == pytest.approx(direct.log_likelihood, abs=0.01)
    kept = slice(None) if zeros else n > 0

    def loss(free):
        theta = (*np.exp(free[:4]), 1 / (1 + np.exp(-free[4])))
        return -shrinkage.log_likelihood(n[kept], expected[kept], theta=theta, zeros=zeros).value

    start = [*np.log(direct.theta[:4]), np.log(direct.theta[4] / (1 - direct.theta[4]))]
    better = optimize.minimize(loss, start, method="Nelder-Mead", options={"maxfev": 250})
    assert -better.fun <= direct.log_likelihood + 1e-3


@pytest.mark.parametrize("truncation", ["mixture", "component"])
def test_the_likelihood_is_that_of_scipys_negative_binomials(truncation):
    n, expected = np.array([1.0, 2, 7]), np.array([0.5, 1.0, 0.2])
    a1, b1, a2, b2, share = CAERS
    sides = [stats.nbinom(a, b / (b + expected)) for a, b in ((a1, b1), (a2, b2))]
    if truncation == "component":
        dense = sum(p * s.pmf(n) / s.sf(0) for p, s in zip((share, 1 - share), sides, strict=True))
    else:
        dense = sum(p * s.pmf(n) for p, s in zip((share, 1 - share), sides, strict=True))
        dense = dense / sum(p * s.sf(0) for p, s in zip((share, 1 - share), sides, strict=True))
    weights = np.array([2.0, 1.0, 3.0])
    ours = shrinkage.log_likelihood(n, expected, weights, theta=CAERS, truncation=truncation).value
    assert ours == pytest.approx(float(np.sum(weights * np.log(dense))), rel=1e-10)


def test_the_prior_that_made_the_data_is_found_again():
    generator = np.random.default_rng(8)
    expected = generator.gamma(1.0, 3.0, 20_000) + 0.5
    first = generator.random(20_000) < 0.3
    ratio = np.where(first, generator.gamma(8.0, 1.0, 20_000), generator.gamma(4.0, 0.25, 20_000))
    found = shrinkage.fit(generator.poisson(ratio * expected), expected, zeros=True, start=(5, 1, 5, 5, 0.4))
    np.testing.assert_allclose(found.theta, (8.0, 1.0, 4.0, 4.0, 0.3), rtol=0.12)


def test_squashing_keeps_pairs_expected_counts_and_nearly_the_likelihood():
    n, expected = simulated(4000)
    seen = n > 0
    small = shrinkage.squash(n[seen], expected[seen], bin_size=10, keep=30)
    assert len(small.n) < seen.sum() / 2
    assert small.weights.sum() == seen.sum()
    assert np.sum(small.weights * small.expected) == pytest.approx(expected[seen].sum())
    assert np.sum(small.weights * small.n) == n[seen].sum()
    whole = shrinkage.fit(n[seen], expected[seen])
    quick = shrinkage.fit(small.n, small.expected, small.weights)
    reached = shrinkage.log_likelihood(n[seen], expected[seen], theta=quick.theta).value
    assert reached == pytest.approx(whole.log_likelihood, abs=1.5)


def test_squashing_as_by_hand():
    found = shrinkage.squash([1, 1, 1, 1, 1, 2], [5.0, 1, 2, 3, 4, 9], bin_size=2, keep=1)
    assert found.n.tolist() == [1, 1, 1, 2]
    assert found.expected.tolist() == [1.5, 3.5, 5.0, 9.0]
    assert found.weights.tolist() == [2, 2, 1, 1]


def test_results_are_made_again():
    n, expected = simulated(300)
    prior = shrinkage.fit(n, expected)
    assert prior.made.again(n, expected) == prior
    shrunk = shrinkage.ebgm(n, expected, theta=prior.theta)
    np.testing.assert_array_equal(shrunk.made.again(n, expected).ebgm, shrunk.ebgm)
    found = ratios.prr(*cells(TABLES), level=0.9)
    np.testing.assert_array_equal(found.made.again(*cells(TABLES)).lower, found.lower)


def test_nothing_to_fit_and_wrong_priors_are_named():
    with pytest.raises(Invalid, match="methods-too-few"):
        shrinkage.fit([0.0], [1.0])
    with pytest.raises(Invalid, match="methods-shape"):
        shrinkage.ebgm([1.0], [1.0], theta=(1, 1, 1, 1))
    with pytest.raises(Invalid, match="methods-choice"):
        shrinkage.fit([1.0], [1.0], method="em", truncation="component")


def test_from_reports_to_the_pair_that_harms():
    generator = np.random.default_rng(2)
    reports = np.arange(6000)
    drugs, events = generator.integers(0, 30, 6000), generator.integers(0, 25, 6000)
    ages = generator.integers(0, 3, 6000)
    events[(drugs == 7) & (generator.random(6000) < 0.3)] = 3
    found = pairs.count(reports, drugs, reports, events, reports, ages)
    prior = shrinkage.fit(found.n, found.expected)
    shrunk = shrinkage.ebgm(found.n, found.expected, theta=prior.theta)
    top = int(np.argmax(shrunk.lower))
    assert (found.drug[top], found.event[top]) == (7, 3)
    others = np.delete(shrunk.lower, top)
    assert shrunk.lower[top] > 2 > others.max()
    ratio = ratios.prr(found.a, found.b, found.c, found.d)
    assert int(np.argmax(ratio.lower)) == top
    information = ratios.information_component(found.n, found.expected)
    assert int(np.argmax(information.lower)) == top
