"""Control charts and hhh4 on series like the stored ones; no Python package has them, so the peer is R's surveillance.

R is run where Rscript and surveillance are found; else the rate of the stored answers stands beside, from another
machine (README of the answers, "Speed of R"). For hhh4 that of the same models and series: the negative binomial fits
of timing.csv, 11 of one county in 0.267 s and one of all eleven in 0.194 s.
"""

from __future__ import annotations

import csv
import gzip
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench import line
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
    "glr": 3_756.0,
    "hhh4": 41.2,
    "hhh4 of 11": 5.15,
}
R = """
suppressMessages(library(surveillance))
set.seed(1); n <- 753; range <- (n - 103):n
y <- rnbinom(n, mu = 12 * exp(0.5 * cos(2 * pi * seq_len(n) / 52)), size = 3)
s <- sts(observed = matrix(y), start = c(1, 1), freq = 52); d <- sts2disProg(s)
per <- function(f, k, one) k * one / system.time(for (i in seq_len(k)) f())[["user.self"]]
cat(per(function() bayes(s, control = list(range = range, b = 2, w = 4, actY = FALSE, alpha = 0.05)), 10, 104),
  per(function() rki(s, control = list(range = range, b = 2, w = 4, actY = FALSE)), 10, 104),
  per(function() algo.cusum(d, control = list(range = range, k = 1.04, h = 2.26, m = "glm", trans = "rossi")), 20, 104),
  per(function() algo.glrnb(d, control = list(range = range, c.ARL = 5, Mtilde = 1, M = -1, change = "intercept",
    mu0 = list(S = 1, trend = TRUE))), 10, 104))
y <- as.matrix(read.csv(file("stdin"), header = FALSE)); many <- sts(observed = y, start = c(1, 1), freq = 52)
season <- function(f) addSeason2formula(f, S = 1, period = 52)
fit <- function(of, f) hhh4(of, list(ar = list(f = ~1), end = list(f = season(f)), family = "NegBin1"))
cat("", per(function() fit(many[, 1], ~1 + t), 10, 1),
  per(function() fit(many, ~-1 + fe(1, unitSpecific = TRUE)), 3, 1))
"""
NAMES = ("bayes", "rki", "cusum", "glr", "hhh4", "hhh4 of 11")


def figures() -> Iterator[dict[str, Any]]:
    y, visits = series(40), influenza()
    peers = _r(visits)
    charts: dict[str, Callable[[], object]] = {
        "bayes": lambda: bayes(y, b=2, w=4, current=False, last=LAST),
        "rki": lambda: rki(y, b=2, w=4, current=False, last=LAST),
        "cusum": lambda: cusum(y, mean="glm", transform="rossi", last=LAST),
        "glr": lambda: glr(y, last=LAST),
    }
    for name, run in charts.items():
        rate = y.shape[0] * LAST / cpu(run)
        yield line(
            f"watch: {name}", rate, "series-weeks per CPU-second", **_beside(name, rate, peers.get(name))
        )
    for name, run in (
        ("moving percentile", lambda: moving_percentile(y, last=LAST)),
        ("ewma", lambda: ewma(y, last=LAST)),
    ):
        yield line(
            f"watch: {name}", y.shape[0] * LAST / cpu(run), "series-weeks per CPU-second", peer="none known"
        )
    for name, units in (("hhh4", visits[:1]), ("hhh4 of 11", visits)):
        model: dict[str, Any] = {"endemic": "unit"} if len(units) > 1 else {"trend": True}
        for like in ("surveillance", None):
            rate = 1 / cpu(lambda units=units, model=model, like=like: hhh4(units, like=like, **model))
            beside = _beside(name, rate, peers.get(name))
            yield line(f"watch: {name}", rate, "fits per CPU-second", search=like or "highest top", **beside)


def influenza() -> np.ndarray[Any, np.dtype[np.float64]]:
    """The counties that the stored fits are of: weeks 262 to 861."""
    found: dict[str, list[float]] = {}
    with gzip.open(INPUTS / "weekly_ili.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["series_id"], []).append(float(row["count"]))
    return np.array([each[261:861] for each in found.values()])


def series(number: int) -> np.ndarray[Any, np.dtype[np.float64]]:
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


def _beside(name: str, rate: float, here: float | None) -> dict[str, Any]:
    peer = here or R_STORED[name]
    said = (
        "run here"
        if here
        else "stored, from another machine: Rscript with surveillance was not found or not run"
    )
    return {"r": round(peer, 1), "ratio_to_r": round(rate / peer, 1), "r_is": said}


def _r(visits: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    """By name, what R does on this machine; nothing where it is not installed. hhh4 is given the same series."""
    program = shutil.which("Rscript")
    if program is None:
        return {}
    weeks = "\n".join(",".join(f"{count:.0f}" for count in week) for week in visits.T)
    found = subprocess.run([program, "-e", R], input=weeks, capture_output=True, text=True, check=False)
    if found.returncode:
        return {}
    return dict(zip(NAMES, map(float, found.stdout.split()), strict=True))
