"""Scans at the size of the country: 368 townships, 52 weeks, 999 replicates. The peer of the spatial scan is the same
search written with whole numpy arrays; no maintained Python package has one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import line
from camphora.methods.scan.circles import Circles
from camphora.methods.scan.kulldorff import permutation, space_time, spatial

TOWNSHIPS, WEEKS, REPLICATES = 368, 52, 999
Floats = NDArray[np.float64]


def figures() -> Iterator[dict[str, Any]]:
    cases, population, places = country()
    runs: dict[str, tuple[int, Callable[[int], object]]] = {
        "space-time, alive": (REPLICATES, lambda n: space_time(cases, population, places, replicates=n)),
        "space-time, any": (
            REPLICATES,
            lambda n: space_time(cases, population, places, alive=False, replicates=n),
        ),
        "permutation, alive": (REPLICATES, lambda n: permutation(cases, places, replicates=n)),
        "permutation, any": (REPLICATES, lambda n: permutation(cases, places, alive=False, replicates=n)),
    }
    for name, (replicates, run) in runs.items():
        run(1)
        seconds = measured(lambda run=run, replicates=replicates: run(replicates))
        yield line(
            f"watch: scan, {name}", seconds, "CPU seconds", townships=TOWNSHIPS, weeks=WEEKS, replicates=replicates,
            goal="60 s on 2 cores: 120 CPU seconds", peer="none known in Python",
        )  # fmt: skip
    yearly = cases.sum(axis=1)
    spatial(yearly, population, places, replicates=1)
    ours = measured(lambda: spatial(yearly, population, places, replicates=REPLICATES))
    plain = measured(lambda: in_numpy(yearly, population, places, REPLICATES))
    yield line(
        "watch: scan, spatial", ours, "CPU seconds", townships=TOWNSHIPS, replicates=REPLICATES,
        numpy=round(plain, 2), ratio=round(plain / ours, 1),
    )  # fmt: skip


def country() -> tuple[Floats, Floats, Floats]:
    random = np.random.default_rng(0)
    population = random.lognormal(10, 1, TOWNSHIPS)
    places = random.uniform(0, 300, (TOWNSHIPS, 2))
    cases = random.poisson(3 * population[:, None] / population.mean(), (TOWNSHIPS, WEEKS)).astype(np.float64)
    return cases, population, places


def measured(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def in_numpy(cases: Floats, population: Floats, places: Floats, replicates: int) -> Floats:
    """The highest ratio of each replicate."""
    circles = Circles.around(places, population, most=0.5, geographic=False)
    total, random = cases.sum(), np.random.default_rng(0)
    expected = np.cumsum(population[circles.order], axis=1) * total / population.sum()
    found = np.zeros(replicates)
    for n in range(replicates):
        drawn = random.multinomial(int(total), population / population.sum())
        inside = np.cumsum(drawn[circles.order], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = inside * np.log(inside / expected)
            ratio += (total - inside) * np.log((total - inside) / (total - expected))
        found[n] = np.where(circles.ends & (inside > expected), ratio, 0).max()
    return found
