"""Forecasts and their scores: forecasts of 23 quantiles and four horizons per CPU-second, beside their peers.

The peer of the damped smoothing is statsmodels' (one series, one origin at a time, its own intervals not even asked
for); that of the scores is scoringrules, the better of its forms by numpy and by numba. The other forecasts have none
that does the same: no ratio is given.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from bench import line
from camphora.methods.forecasting import ensemble, naive, pooled, smoothing
from camphora.methods.scoring import calibration, scores
from camphora.methods.scoring.hub import LEVELS

FORECASTS, RUNS = 50_000, 5


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
    yield from _scores(random)


def _scores(random: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Each score in a pair with each form that the peer has; memory is that of the pair alone."""
    given = np.sort(random.gamma(5, 20, (FORECASTS, 23)), axis=1)
    came = random.gamma(5, 20, FORECASTS)
    samples = random.gamma(5, 20, (FORECASTS // 10, 100))
    mean, size = random.uniform(0.5, 60, FORECASTS), random.uniform(0.3, 50, FORECASTS)
    law = random.poisson(mean).astype(float), mean, size
    for name, ours, peer, many in (*_of_quantiles(came, given), *_of_laws(*law), *_of_samples(came, samples)):
        yield _beside(name, ours, peer, many)
    rate = FORECASTS / min(
        _cpu(lambda: calibration.coverage(came, given, levels=LEVELS)) for _ in range(RUNS)
    )
    yield line(
        "watch: coverage of 11 intervals",
        rate,
        "forecasts per CPU-second",
        peer="none that does the same",
    )


Pair = tuple[str, Callable[[], Any], Callable[[str], Any], int]


def _of_quantiles(came: Any, given: Any) -> Iterator[Pair]:
    import scoringrules as peer

    alpha, levels = 2 * np.array(LEVELS[:11]), np.array(LEVELS)
    sides = given[:, 11], given[:, :11], given[:, :11:-1]

    def weighted(backend: str) -> Any:
        return peer.weighted_interval_score(came, *sides, alpha, backend=backend)

    yield (
        "weighted interval score, with its parts",
        lambda: scores.wis(came, given, levels=LEVELS),
        weighted,
        len(came),
    )
    alone = partial(scores.crps_quantiles, came, given, levels=LEVELS)
    yield "weighted interval score, the total alone", alone, weighted, len(came)
    crps = partial(peer.crps_quantile, came, given, levels)
    yield "CRPS of quantiles", alone, lambda each: crps(backend=each), len(came)
    loss = partial(peer.quantile_score, came[:, None], given, levels[None])
    yield (
        "pinball loss",
        lambda: scores.pinball(came, given, levels=LEVELS),
        lambda each: loss(backend=each),
        len(came),
    )
    low, high = given[:, 1], given[:, -2]
    one = partial(peer.interval_score, came, low, high, 0.05)
    yield (
        "interval score",
        lambda: scores.interval(came, low, high, alpha=0.05),
        lambda each: one(backend=each),
        len(came),
    )


def _of_laws(y: Any, mean: Any, size: Any) -> Iterator[Pair]:
    import scoringrules as peer

    overspread = partial(peer.crps_negbinom, y, size, mu=mean), partial(peer.logs_negbinom, y, size, mu=mean)
    for name, ours, theirs in (
        (
            "CRPS of a normal",
            partial(scores.crps_normal, y, mean, size),
            partial(peer.crps_normal, y, mean, size),
        ),
        ("CRPS of Poisson", partial(scores.crps_poisson, y, mean), partial(peer.crps_poisson, y, mean)),
        ("CRPS of a negative binomial", partial(scores.crps_negative_binomial, y, mean, size), overspread[0]),
        (
            "log score of a normal",
            partial(scores.log_normal_density, y, mean, size),
            partial(peer.logs_normal, y, mean, size),
        ),
        ("log score of Poisson", partial(scores.log_poisson, y, mean), partial(peer.logs_poisson, y, mean)),
        (
            "log score of a negative binomial",
            partial(scores.log_negative_binomial, y, mean, size),
            overspread[1],
        ),
    ):
        yield name, ours, lambda each, theirs=theirs: theirs(backend=each), len(y)


def _of_samples(came: Any, samples: Any) -> Iterator[Pair]:
    """The peer's quickest estimator of the same number: "qd" for all pairs, "pwm" for the fair one."""
    import scoringrules as peer

    few = came[: len(samples)]
    for ours, theirs in (("quantiles", "qd"), ("fair", "pwm")):
        act = partial(peer.crps_ensemble, few, samples, estimator=theirs)
        own = partial(scores.crps_samples, few, samples, estimator=ours)
        yield f"CRPS of 100 samples, {ours}", own, lambda each, act=act: act(backend=each), len(few)


def _beside(name: str, ours: Callable[[], Any], peer: Callable[[str], Any], many: int) -> dict[str, Any]:
    """Five paired runs with each form of the peer, of four turns each after one that is not counted."""
    rates, ratios = {}, {}
    for backend in ("numpy", "numba"):
        spent = [_turns(ours, partial(peer, backend)) for _ in range(RUNS)]
        rates[backend] = many / median(each[1] for each in spent)
        ratios[backend] = [each[1] / each[0] for each in spent]
        own = many / median(each[0] for each in spent)
    best = min(ratios, key=lambda each: median(ratios[each]))
    return line(
        f"watch: {name}",
        own,
        "forecasts per CPU-second",
        scoringrules_numpy=round(rates["numpy"], 1),
        scoringrules_numba=round(rates["numba"], 1),
        best=best,
        ratio_to_best=round(median(ratios[best]), 2),
        ratio=round(median(ratios["numpy"]), 2),
        ratio_to_compiled=round(median(ratios["numba"]), 2),
        worst_of_five=round(min(ratios[best]), 2),
    )


def _turns(one: Callable[[], Any], other: Callable[[], Any]) -> tuple[float, float]:
    """CPU seconds of each, the two taking turns."""
    spent = [[_cpu(one), _cpu(other)] for _ in range(5)][1:]
    return sum(each[0] for each in spent) / 4, sum(each[1] for each in spent) / 4


def _cpu(act: Callable[[], Any]) -> float:
    began = time.process_time()
    act()
    return max(time.process_time() - began, 1e-9)


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
