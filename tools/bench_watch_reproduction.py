"""Reproduction numbers and nowcasts: windows and triangles per CPU-second, beside their peers.

The Python peer is what a user would write with numpy and scipy, one series and one window at a time. R's package
EpiEstim is run where Rscript finds it; else the rate of the stored answers stands beside, from another machine.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from scipy.stats import gamma

from bench import line
from camphora.methods.nowcast.bayes import bayes
from camphora.methods.nowcast.conjugate import conjugate
from camphora.methods.nowcast.lawless import lawless
from camphora.methods.nowcast.triangle import triangle
from camphora.methods.reproduction import cori, serial_interval
from camphora.methods.reproduction.wallinga_teunis import cohort

# README of the answers, "Speed of R", windows per CPU-second.
R_STORED = {"certain": 4766.0, "uncertain": 25.0}
UNCERTAIN = {"mean": 16, "mean_sd": 2, "mean_range": (12, 20), "sd": 5, "sd_sd": 1, "sd_range": (3, 7)}
R = """
suppressMessages(library(EpiEstim))
set.seed(1); i <- rnbinom(365, mu = 20, size = 5); s <- 2:359
config <- make_config(list(mean_si = 16, std_si = 5, t_start = s, t_end = s + 6))
cat(5 * 358 / system.time(for (k in 1:5) estimate_R(i, method = "parametric_si", config = config))[["user.self"]])
"""


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
    r = _r()
    return line(
        "watch: Cori's Rt, certain interval",
        run["ours"],
        "windows per CPU-second",
        numpy_and_scipy=round(run["peer"], 1),
        ratio=round(run["ours"] / run["peer"], 1),
        r=round(r or R_STORED["certain"], 1),
        ratio_to_r=round(run["ours"] / (r or R_STORED["certain"]), 1),
        r_is="run here" if r else "stored, from another machine: Rscript with EpiEstim was not found",
    )


def _uncertain(cases: Any) -> dict[str, Any]:
    run = _rates(
        {
            "exact": (358, lambda: cori.uncertain(cases, **UNCERTAIN)),
            "drawn": (358, lambda: cori.uncertain(cases, **UNCERTAIN, draws=100)),
        }
    )
    return line(
        "watch: Cori's Rt, uncertain interval, 200 pairs",
        run["exact"],
        "windows per CPU-second",
        with_100_draws=round(run["drawn"], 1),
        r_stored=R_STORED["uncertain"],
        ratio_to_r=round(run["exact"] / R_STORED["uncertain"], 1),
        drawn_ratio_to_r=round(run["drawn"] / R_STORED["uncertain"], 1),
        r_is="stored, from another machine, 200 x 100 draws",
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
    onset = random.integers(0, 120, 2000)
    one = triangle(onset, onset + random.negative_binomial(3, 0.4, 2000), now=119, first=0, longest=14).counts
    many = np.repeat(one[None], 200, axis=0)
    run = _rates(
        {
            "lawless": (200, lambda: lawless(many)),
            "bayes": (20, lambda: bayes(many[:20], draws=1000)),
            "closed": (20, lambda: conjugate(many[:20], largest=300)),
        }
    )
    why = "no Python peer; R's was not timed for the stored answers"
    yield line(
        "watch: Lawless nowcast", run["lawless"], "triangles per CPU-second", days=120, delays=15, peer=why
    )
    yield line(
        "watch: Bayesian nowcast, 1,000 draws", run["bayes"], "triangles per CPU-second", days=120, peer=why
    )
    yield line(
        "watch: nowcast in closed form, up to 300 cases",
        run["closed"],
        "triangles per CPU-second",
        days=120,
        peer=why,
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


@cache
def _r() -> float | None:
    if not shutil.which("Rscript"):
        return None
    done = subprocess.run(["Rscript", "-e", R], capture_output=True, text=True, check=False)
    try:
        return float(done.stdout)
    except ValueError:
        return None


if __name__ == "__main__":
    for row in figures():
        print(row)
