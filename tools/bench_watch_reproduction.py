"""Reproduction numbers and nowcasts: windows and triangles per CPU-second, beside their peers.

The Python peer is what a user would write with numpy and scipy, one series and one window at a time. R's packages
EpiEstim and surveillance do the same work where Rscript finds them (`beside_r.py`); else the rate of the stored answers
stands beside, from another machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.stats import gamma

from bench import line
from beside_r import beside, cpu_seconds
from camphora.methods.nowcast.bayes import bayes
from camphora.methods.nowcast.conjugate import conjugate
from camphora.methods.nowcast.lawless import lawless
from camphora.methods.nowcast.triangle import triangle
from camphora.methods.reproduction import cori, serial_interval
from camphora.methods.reproduction.wallinga_teunis import cohort

# README of the answers, "Speed of R", windows per CPU-second.
R_STORED = {"certain": 4766.0, "uncertain": 25.0}
UNCERTAIN = {"mean": 16, "mean_sd": 2, "mean_range": (12, 20), "sd": 5, "sd_sd": 1, "sd_range": (3, 7)}


def figures() -> Iterator[dict[str, Any]]:
    cases = np.random.default_rng(1).negative_binomial(5, 0.2, size=(100, 365)).astype(float)
    yield _certain(cases)
    yield _uncertain(cases[0])
    yield _cohort(cases)
    yield from _nowcasts()


def _certain(cases: Any) -> dict[str, Any]:
    weight = serial_interval.discretised(mean=16, sd=5, days=364).probability
    run = _rates(
        {
            "ours": (cases.shape[0] * 358, lambda: cori.certain(cases, serial_interval=weight.tolist())),
            "peer": (358, lambda: _by_window(cases[0], weight)),
        }
    )
    return line(
        "watch: Cori's Rt, certain interval",
        run["ours"],
        "windows per CPU-second",
        numpy_and_scipy=round(run["peer"], 1),
        ratio=round(run["ours"] / run["peer"], 1),
        **beside(
            run["ours"], R_STORED["certain"], 5 * 358, cpu_seconds({"certain": cases[:5]}).get("certain")
        ),
    )


def _uncertain(cases: Any) -> dict[str, Any]:
    run = _rates(
        {
            "exact": (358, lambda: cori.uncertain(cases, **UNCERTAIN)),
            "drawn": (358, lambda: cori.uncertain(cases, **UNCERTAIN, draws=100)),
        }
    )
    took = cpu_seconds({"uncertain": cases}).get("uncertain")
    peer = beside(run["exact"], R_STORED["uncertain"], 358, took)
    return line(
        "watch: Cori's Rt, uncertain interval, 200 pairs",
        run["exact"],
        "windows per CPU-second",
        with_100_draws=round(run["drawn"], 1),
        **peer,
        drawn_ratio_to_r=round(run["drawn"] / peer["r"], 2),
        r_draws="200 x 100",
    )


def _cohort(cases: Any) -> dict[str, Any]:
    weight = serial_interval.discretised(mean=16, sd=5, days=60).probability
    run = _rates(
        {
            "ours": (cases.shape[0], lambda: cohort(cases, serial_interval=weight.tolist())),
            "peer": (1, lambda: _by_case(cases[0], weight)),
        }
    )
    return line(
        "watch: Wallinga-Teunis, 365 days",
        run["ours"],
        "series per CPU-second",
        numpy=round(run["peer"], 1),
        ratio=round(run["ours"] / run["peer"], 1),
    )


def _by_case(cases: Any, weight: Any) -> Any:
    """The number each day's cases infect, by the matrix of who infected whom, as a user would write it."""
    apart = np.subtract.outer(np.arange(cases.size), np.arange(cases.size))
    chance = (
        np.where((apart > 0) & (apart < weight.size), weight[np.clip(apart, 0, weight.size - 1)], 0) * cases
    )
    whole = chance.sum(axis=1, keepdims=True)
    share = np.divide(chance, whole, out=np.zeros_like(chance), where=whole > 0)
    infected = (cases[:, None] * share).sum(axis=0)
    return np.convolve(infected[1:], np.ones(7), "valid") / np.convolve(cases[1:], np.ones(7), "valid")


def _nowcasts() -> Iterator[dict[str, Any]]:
    random = np.random.default_rng(2)
    onset = np.concatenate([[0, 119], random.integers(0, 120, 2000)])
    report = onset + np.concatenate([[0, 0], random.negative_binomial(3, 0.4, 2000)])
    one = triangle(onset, report, now=119, first=0, longest=14).counts
    many = np.repeat(one[None], 200, axis=0)
    run = _rates(
        {
            "lawless": (200, lambda: lawless(many)),
            "bayes": (20, lambda: bayes(many[:20], draws=1000)),
            "closed": (20, lambda: conjugate(many[:20], largest=300)),
        }
    )
    took = cpu_seconds(dict.fromkeys(("lawless", "bayes.trunc"), np.stack([onset, report])))
    unit, shape = "triangles per CPU-second", {"days": 120, "delays": 15}
    peer = beside(run["lawless"], None, 1, took.get("lawless"))
    yield line("watch: Lawless nowcast", run["lawless"], unit, **shape, **peer)
    yield line("watch: Bayesian nowcast, 1,000 draws", run["bayes"], unit, **shape, peer="none of this model")
    peer = beside(run["closed"], None, 1, took.get("bayes.trunc"))
    yield line(
        "watch: nowcast in closed form, up to 300 cases", run["closed"], unit, **shape, r_draws=1000, **peer
    )


def _by_window(cases: Any, weight: Any) -> list[Any]:
    force = [np.dot(weight[1 : day + 1], cases[day - 1 :: -1][:day]) for day in range(1, cases.size)]
    found = []
    for start in range(1, cases.size - 6):
        shape = 1 + cases[start : start + 7].sum()
        scale = 1 / (1 / 5 + sum(force[start - 1 : start + 6]))
        found.append(gamma.ppf(cori.QUANTILES, shape, scale=scale))
    return found


def _rates(works: dict[str, tuple[int, Callable[[], Any]]]) -> dict[str, float]:
    """Per CPU-second, in rounds that take turns; the first of each is not counted."""
    spent = dict.fromkeys(works, 0.0)
    for turn in range(4):
        for name, (_, work) in works.items():
            began = time.process_time()
            work()
            spent[name] += (time.process_time() - began) if turn else 0.0
    return {name: 3 * size / max(spent[name], 1e-9) for name, (size, _) in works.items()}


if __name__ == "__main__":
    for row in figures():
        print(row)
