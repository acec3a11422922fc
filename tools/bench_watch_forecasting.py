"""Forecasts and their scores: forecasts of 23 quantiles and four horizons per CPU-second, beside their peers.

The peer of the damped smoothing is statsmodels' (one series, one origin at a time, its own intervals not even asked
for); that of the scores is scoringrules. The other forecasts have none that does the same: no ratio is given.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench import line
from camphora.methods.forecasting import ensemble, naive, pooled, smoothing
from camphora.methods.scoring import scores
from camphora.methods.scoring.hub import LEVELS


def figures() -> Iterator[dict[str, Any]]:
    random = np.random.default_rng(1)
    season = np.exp(0.8 * np.cos(2 * np.pi * np.arange(420) / 52.18))
    counts = random.negative_binomial(5, 5 / (5 + random.uniform(5, 500, (22, 1)) * season)).astype(float)
    origins = list(range(312, 416))
    size = counts.shape[0] * len(origins)
    run = _rates(
        {
            "flat": (size, lambda: naive.flat(counts, origins=origins)),
            "damped": (size, lambda: smoothing.damped(counts, origins=origins)),
            "pooled": (size, lambda: pooled.autoregression(counts, origins=origins)),
            "ensemble": (size, lambda: ensemble.ensemble(counts, origins=origins)),
            "peer": (3, lambda: [_statsmodels(row) for row in counts[:3]]),
        }
    )
    like = {"statsmodels_damped": round(run["peer"], 1), "ratio": round(run["damped"] / run["peer"], 1)}
    for name in ("flat", "damped", "pooled", "ensemble"):
        beside = like if name == "damped" else {"peer": "none that does the same"}
        yield line(
            f"watch: forecast, {name}",
            run[name],
            "forecasts per CPU-second",
            series=counts.shape[0],
            origins=len(origins),
            walked="forward, refitted at every origin",
            **beside,
        )
    yield _scores(random)


def _scores(random: np.random.Generator) -> dict[str, Any]:
    import scoringrules

    given = np.sort(random.gamma(5, 20, (50_000, 23)), axis=1)
    came = random.gamma(5, 20, 50_000)
    alpha = 2 * np.array(LEVELS[:11])
    run = _rates(
        {
            "ours": (50_000, lambda: scores.wis(came, given, levels=LEVELS)),
            "peer": (
                50_000,
                lambda: scoringrules.weighted_interval_score(
                    came, given[:, 11], given[:, :11], given[:, :11:-1], alpha, backend="numpy"
                ),
            ),
            "peer, compiled": (
                50_000,
                lambda: scoringrules.weighted_interval_score(
                    came, given[:, 11], given[:, :11], given[:, :11:-1], alpha, backend="numba"
                ),
            ),
        }
    )
    return line(
        "watch: weighted interval score, with its parts",
        run["ours"],
        "forecasts per CPU-second",
        scoringrules_numpy=round(run["peer"], 1),
        scoringrules_numba=round(run["peer, compiled"], 1),
        ratio=round(run["ours"] / run["peer"], 2),
        ratio_to_compiled=round(run["ours"] / run["peer, compiled"], 2),
    )


def _statsmodels(row: Any) -> Any:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    model = ExponentialSmoothing(
        np.log1p(row[:400]), trend="add", damped_trend=True, seasonal="add", seasonal_periods=52
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit().forecast(4)


def _rates(works: dict[str, tuple[int, Callable[[], Any]]]) -> dict[str, float]:
    """Per CPU-second, in rounds that take turns; the first of each is not counted."""
    spent = dict.fromkeys(works, 0.0)
    for turn in range(3):
        for name, (_, work) in works.items():
            began = time.process_time()
            work()
            spent[name] += (time.process_time() - began) if turn else 0.0
    return {name: 2 * size / max(spent[name], 1e-9) for name, (size, _) in works.items()}


if __name__ == "__main__":
    for row in figures():
        print(row)
