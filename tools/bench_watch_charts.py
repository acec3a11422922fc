"""Control charts and hhh4 on series like the stored ones; no Python package has them, so the peer is R's surveillance.

R does the same on the same series where Rscript and surveillance are found (`beside_r.py`); else the rate of the stored
answers stands beside, from another machine (README of the answers, "Speed of R"). For hhh4 that of the same models and
series: the negative binomial fits of timing.csv, 11 of one county in 0.267 s and one of all eleven in 0.194 s.
"""

from __future__ import annotations

import csv
import gzip
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench import line
from beside_r import beside, cpu_seconds
from camphora.methods.detection.bayes import bayes
from camphora.methods.detection.cusum import cusum
from camphora.methods.detection.ewma import ewma
from camphora.methods.detection.glr import glr
from camphora.methods.detection.hhh4 import hhh4
from camphora.methods.detection.moving import moving_percentile
from camphora.methods.detection.rki import rki

WEEKS, LAST = 753, 104
INPUTS = Path(__file__).resolve().parent.parent / "tests/methods/data/watch/inputs"
R_STORED = {
    "bayes": 34_403.0,
    "rki": 26_394.0,
    "cusum": 58_868.0,
    "glrnb": 3_756.0,
    "hhh4": 41.2,
    "hhh4_of_many": 5.15,
}
NAMES = {"glrnb": "glr", "glrpois": "glr, Poisson"}
Counts = np.ndarray[Any, np.dtype[np.float64]]


def figures() -> Iterator[dict[str, Any]]:
    y, visits = series(40), influenza()
    works = dict.fromkeys(("bayes", "rki", "cusum", "glrnb", "glrpois"), y)
    took = cpu_seconds({**works, "hhh4": visits, "hhh4_of_many": visits})
    charts: dict[str, Callable[[], object]] = {
        "bayes": lambda: bayes(y, b=2, w=4, current=False, last=LAST),
        "rki": lambda: rki(y, b=2, w=4, current=False, last=LAST),
        "cusum": lambda: cusum(y, mean="glm", transform="rossi", last=LAST),
        "glrnb": lambda: glr(y, last=LAST),
        "glrpois": lambda: glr(y, alpha=0, last=LAST),
    }
    for job, run in charts.items():
        rate = y.shape[0] * LAST / cpu(run)
        peer = beside(rate, R_STORED.get(job), y.shape[0] * LAST, took.get(job))
        yield line(f"watch: {NAMES.get(job, job)}", rate, "series-weeks per CPU-second", **peer)
    for name, run in (
        ("moving percentile", lambda: moving_percentile(y, last=LAST)),
        ("ewma", lambda: ewma(y, last=LAST)),
    ):
        yield line(
            f"watch: {name}", y.shape[0] * LAST / cpu(run), "series-weeks per CPU-second", peer="none known"
        )
    yield from _fits(visits, took)


def _fits(visits: Counts, took: dict[str, float]) -> Iterator[dict[str, Any]]:
    """Each county by itself with a trend, and all of them at once; the default's search and that which follows R's."""
    for like in ("surveillance", None):
        search = like or "highest top"
        single = len(visits) / cpu(lambda like=like: [hhh4(one, like=like, trend=True) for one in visits])
        peer = beside(single, R_STORED["hhh4"], len(visits), took.get("hhh4"))
        yield line("watch: hhh4", single, "fits per CPU-second", search=search, **peer)
        of_many = 1 / cpu(lambda like=like: hhh4(visits, like=like, endemic="unit"))
        peer = beside(of_many, R_STORED["hhh4_of_many"], 1, took.get("hhh4_of_many"))
        yield line("watch: hhh4 of 11", of_many, "fits per CPU-second", search=search, **peer)


def influenza() -> Counts:
    """The counties that the stored fits are of: weeks 262 to 861."""
    found: dict[str, list[float]] = {}
    with gzip.open(INPUTS / "weekly_ili.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["series_id"], []).append(float(row["count"]))
    return np.array([each[261:861] for each in found.values()])


def series(number: int) -> Counts:
    mean = 12 * np.exp(0.5 * np.cos(2 * np.pi * np.arange(WEEKS) / 52))
    return np.random.default_rng(1).negative_binomial(3, 3 / (3 + mean), (number, WEEKS)).astype(np.float64)


def cpu(run: Callable[[], object]) -> float:
    """CPU seconds of one run, the least of several: machines are shared."""
    run()
    best, until = np.inf, time.process_time() + 0.5
    while time.process_time() < until:
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return float(best)
