"""Signals of harm, resistance, infection ratios and the simulator: ours, a plain way with the same answer, the ratio.

No maintained Python library has EBGM, MaxSPRT or first isolates, so the peer is what one writes with scipy or
statsmodels, one pair at a time; R's openEBGM, Sequential and AMR are named where R is installed, and else the line says
so. All is CPU time of this process, one thread; ours and the peer's take turns and the ratio is of their medians.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import numpy as np
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import proportion_confint

from bench import line
from camphora.methods.infection import sir
from camphora.methods.resistance import antibiogram, first_isolates
from camphora.methods.safety import disproportionality, maxsprt, pairs, shrinkage
from camphora.methods.simulation import evaluation, outbreaks

ROUNDS = 3
THETA = (3.2538, 0.3999, 2.0261, 1.9081, 0.0653)


def figures() -> Iterator[dict[str, Any]]:
    if not shutil.which("Rscript"):
        yield line(
            "watch_safety_peer_R", 0, "installed", note="Rscript not found: openEBGM, Sequential, AMR not run"
        )
    for figure in (shrunk, fitted, stratified, counted, boundary, isolates, shares, infections, simulated):
        yield from figure()


def shrunk() -> Iterator[dict[str, Any]]:
    """EBGM, EB05 and EB95 of 20,000 pairs; the peer solves each pair's quantiles by scipy's brentq."""
    n, expected = _table(20_000)
    few = 100

    def peer() -> None:
        for at in range(few):
            _plain_ebgm(n[at], expected[at])

    yield from _paired(
        "watch_ebgm", "pairs/CPU-s", lambda: shrinkage.ebgm(n, expected, theta=THETA), len(n), peer, few,
        peer_name="scipy brentq, one pair at a time",
    )  # fmt: skip


def fitted() -> Iterator[dict[str, Any]]:
    """The prior of 17,000 pairs, squashed, by its likelihood; the peer is Nelder-Mead on scipy's distributions."""
    n, expected = _table(60_000)
    n, expected = n[n > 0], expected[n > 0]
    small = shrinkage.squash(n, expected, bin_size=10, keep=50)
    settings = {"pairs": len(n), "points": len(small.n)}

    def peer() -> None:
        optimize.minimize(
            _plain_loss, [np.log(0.2), np.log(0.1), np.log(2), np.log(4), -0.7],
            args=(small.n, small.expected, small.weights), method="Nelder-Mead", options={"maxfev": 600},
        )  # fmt: skip

    def ours() -> None:
        shrinkage.fit(small.n, small.expected, small.weights)

    yield from _paired(
        "watch_ebgm_fit", "fits/CPU-s", ours, 1, peer, 1, peer_name="Nelder-Mead, 600 looks", **settings
    )


def stratified() -> Iterator[dict[str, Any]]:
    """Mantel-Haenszel odds ratios with intervals, 20,000 pairs in 12 strata; the peer is statsmodels."""
    generator = np.random.default_rng(3)
    cells = generator.poisson(np.array([3.0, 40, 60, 4000])[:, None, None], (4, 12, 20_000)) + 1.0
    few = 50

    def peer() -> None:
        for at in range(few):
            table = StratifiedTable([cells[:, row, at].reshape(2, 2) for row in range(12)])
            table.oddsratio_pooled_confint()

    yield from _paired(
        "watch_ror_strata", "pairs/CPU-s", lambda: disproportionality.ror(*cells), 20_000, peer, few,
        peer_name="statsmodels StratifiedTable",
    )  # fmt: skip


def counted() -> Iterator[dict[str, Any]]:
    """Pairs of 100,000 reports with three drugs and two events each in four strata; the peer counts by a dict."""
    generator = np.random.default_rng(5)
    size = 100_000
    reports, drugs = np.repeat(np.arange(size), 3), generator.zipf(1.4, 3 * size) % 500
    others, events = np.repeat(np.arange(size), 2), generator.zipf(1.4, 2 * size) % 300
    stratum = generator.integers(0, 4, size)

    def peer() -> None:
        found: dict[tuple[int, int, int], int] = {}
        for report in range(size):
            for drug in set(drugs[3 * report : 3 * report + 3].tolist()):
                for event in set(events[2 * report : 2 * report + 2].tolist()):
                    key = (int(stratum[report]), drug, event)
                    found[key] = found.get(key, 0) + 1

    def ours() -> None:
        pairs.count(reports, drugs, others, events, np.arange(size), stratum)

    name = "dict, only the reports of the pair"
    yield from _paired("watch_pairs", "reports/CPU-s", ours, size, peer, size, peer_name=name)


def boundary() -> Iterator[dict[str, Any]]:
    """The exact critical value of Poisson MaxSPRT until 1,000 expected cases, and until 10; no peer in Python."""
    for upper in (10.0, 1000.0):
        maxsprt.poisson_critical(upper=upper)
        spent = median(_cpu(lambda upper=upper: maxsprt.poisson_critical(upper=upper)) for _ in range(ROUNDS))
        yield line("watch_maxsprt", 1 / spent, "critical values/CPU-s", upper=upper, peer="none in Python")


def isolates() -> Iterator[dict[str, Any]]:
    """First isolates by phenotype, 200,000 isolates and 12 drugs; no peer in Python."""
    generator = np.random.default_rng(7)
    size = 200_000
    data = (
        generator.integers(0, 60_000, size), generator.integers(0, 20, size), generator.integers(0, 1500, size),
        generator.choice(["S", "I", "R", ""], (size, 12)),
    )  # fmt: skip
    spent = _cpu(lambda: first_isolates.first_isolates(*data, rule="phenotype"), 2)
    yield line("watch_first_isolates", size / spent, "isolates/CPU-s", peer="none in Python")


def shares() -> Iterator[dict[str, Any]]:
    """Limits of 50,000 cells as antibiograms have them, many of them alike, and of as many pairs that all differ; the
    peer is statsmodels, which has arrays too."""
    generator = np.random.default_rng(9)
    of = generator.integers(1, 400, 50_000).astype(float)
    hit = generator.binomial(of.astype(int), 0.6).astype(float)
    apart = np.array([(k, n) for n in range(1, 316) for k in range(n + 1)], dtype=float)
    generator.shuffle(apart)
    for ours, theirs, cells, (x, n) in (
        ("wilson", "wilson", "many alike", (hit, of)),
        ("clopper-pearson", "beta", "many alike", (hit, of)),
        ("clopper-pearson", "beta", "all distinct", apart.T.copy()),
    ):
        yield from _paired(
            "watch_proportion", "cells/CPU-s",
            lambda x=x, n=n, ours=ours: antibiogram.proportion_limits(x, n, interval=ours), len(n),
            lambda x=x, n=n, theirs=theirs: proportion_confint(x, n, method=theirs), len(n),
            interval=ours, cells=cells, peer_name="statsmodels",
        )  # fmt: skip


def infections() -> Iterator[dict[str, Any]]:
    """Infection ratios with mid-P intervals and tests, 5,000 units; the peer solves each by scipy's brentq."""
    generator = np.random.default_rng(11)
    predicted = generator.gamma(2.0, 4.0, 5000) + 1
    observed = generator.poisson(predicted) + 1.0
    few = 40

    def peer() -> None:
        for at in range(few):
            for tail in (0.025, 0.975):
                optimize.brentq(_plain_mid_p, 1e-9, 30 + 4 * observed[at], args=(observed[at], tail))

    yield from _paired(
        "watch_sir", "units/CPU-s", lambda: sir.sir(observed, predicted), 5000, peer, few,
        peer_name="scipy brentq, one unit at a time",
    )  # fmt: skip


def simulated() -> Iterator[dict[str, Any]]:
    """The 42 scenarios, ten series each, made and evaluated."""
    spent = median(_cpu(lambda: outbreaks.noufaily(replicates=10)) for _ in range(ROUNDS))
    yield line("watch_simulated", 420 / spent, "series/CPU-s", weeks=624)
    found = outbreaks.noufaily(replicates=10)
    scores = np.random.default_rng(1).random((420, 49))
    spent = median(_cpu(lambda: evaluation.at_budget(found, scores)) for _ in range(ROUNDS))
    yield line("watch_evaluated", 420 * 49 / spent, "series-weeks/CPU-s")


def _paired(  # noqa: PLR0917 - ours and the peer, each with how many it does
    name: str,
    unit: str,
    ours: Callable[[], object],
    many: int,
    peer: Callable[[], object],
    few: int,
    **settings: Any,
) -> Iterator[dict[str, Any]]:
    ours()
    peer()
    taken: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        taken[0].append(_cpu(ours) / many)
        taken[1].append(_cpu(peer) / few)
    one, other = (1 / median(each) for each in taken)
    yield line(name, one, unit, peer=round(other, 3), ratio=round(one / other, 2), **settings)


def _cpu(act: Callable[[], object], warm: int = 1) -> float:
    for _ in range(warm - 1):
        act()
    start = time.process_time()
    act()
    return max(time.process_time() - start, 1e-9)


def _table(size: int) -> tuple[Any, Any]:
    generator = np.random.default_rng(1)
    expected = generator.gamma(0.3, 1.0, size) + 0.01
    first = generator.random(size) < 0.1
    ratio = np.where(first, generator.gamma(3.0, 2.0, size), generator.gamma(2.0, 0.5, size))
    return generator.poisson(ratio * expected).astype(float), expected


def _plain_ebgm(n: float, expected: float) -> list[float]:
    a1, b1, a2, b2, share = THETA
    weights = [
        p * stats.nbinom.pmf(n, a, b / (b + expected)) for p, a, b in ((share, a1, b1), (1 - share, a2, b2))
    ]
    q = weights[0] / sum(weights)
    sides = (stats.gamma(a1 + n, scale=1 / (b1 + expected)), stats.gamma(a2 + n, scale=1 / (b2 + expected)))
    return [
        optimize.brentq(lambda x, w=w: q * sides[0].cdf(x) + (1 - q) * sides[1].cdf(x) - w, 0, 1000)
        for w in (0.05, 0.95)
    ]


def _plain_loss(free: Any, n: Any, expected: Any, weights: Any) -> float:
    a1, b1, a2, b2 = np.exp(np.clip(free[:4], -10, 10))
    share = 1 / (1 + np.exp(-free[4]))
    sides = [stats.nbinom(a, b / (b + expected)) for a, b in ((a1, b1), (a2, b2))]
    dense = share * sides[0].pmf(n) + (1 - share) * sides[1].pmf(n)
    seen = share * sides[0].sf(0) + (1 - share) * sides[1].sf(0)
    return -float(np.sum(weights * np.log(dense / seen)))


def _plain_mid_p(mean: float, count: float, wanted: float) -> float:
    return float(stats.poisson.sf(count, mean) + stats.poisson.pmf(count, mean) / 2 - wanted)
