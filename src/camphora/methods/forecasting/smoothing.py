"""Exponential smoothing with a damped trend around the season of earlier years."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from camphora.methods.arguments import Floats
from camphora.methods.compiling import njit
from camphora.methods.forecasting import past, spread
from camphora.methods.forecasting.forecast import LEVELS, Forecast, filled, given, groups_of
from camphora.methods.made import Made

VERSION = 1
GRID = tuple((alpha, beta) for alpha in (0.2, 0.4, 0.6, 0.8, 1.0) for beta in (0.0, 0.1, 0.3))
DAMPING = 0.9


def damped(
    counts: ArrayLike,
    *,
    origins: Sequence[int] | None = None,
    horizons: int = 4,
    levels: Sequence[float] = LEVELS,
    groups: Sequence[int] | None = None,
) -> Forecast:
    """Holt's smoothing with a damped trend of x = log(count + 1) - season, the season being what up to four earlier
    years had (their logarithms, smoothed over five weeks), back to counts with it.

    Level l = alpha x + (1-alpha)(l + phi b), trend b = beta (l - l before) + (1-beta) phi b; forecast l + b (phi + ...
    + phi^h), phi 0.9; alpha and beta at each origin the pair of a grid with the least squared errors of one step so
    far. Source: Gardner, McKenzie, Manage Sci 1985;31:1237-46. Quantiles by `spread.quantiles` within `groups`, which
    need half a year of earlier forecasts; a year of weekly counts is needed before. Missing counts are those before
    them. Weekly counts (series, weeks).
    """
    found = given(counts, origins, horizons, levels, 2)
    members = groups_of(groups, found.counts.shape[0])
    made = Made(
        "forecasting.smoothing.damped",
        VERSION,
        {
            "origins": None if origins is None else found.origins.tolist(),
            "horizons": horizons,
            "levels": found.levels.tolist(),
            "groups": None if groups is None else members.tolist(),
        },
    )
    z = np.log1p(filled(found.counts))
    middle = middles(z, horizons)
    out = np.empty((*z.shape, horizons, found.levels.size))
    for group in np.unique(members):
        chosen = members == group
        late = past.recent(found.counts[chosen])
        out[chosen] = spread.quantiles(z[chosen], middle[chosen], late, found.levels)
    counted = np.maximum(np.expm1(out[:, found.origins]), 0)
    return Forecast(counted, found.origins, made)


def middles(z: Floats, horizons: int) -> Floats:
    """The forecast of log counts at each origin (series, times, horizons)."""
    seasons = np.stack([past.season(z, step) for step in range(horizons + 1)], axis=2)
    off = _smoothed(np.ascontiguousarray(z - seasons[..., 0]), np.array(GRID), DAMPING, horizons)
    found: Floats = off + seasons[..., 1:]
    return found


@njit(cache=True)
def _smoothed(x: Floats, grid: Floats, damping: float, horizons: int) -> Floats:
    rows, times = x.shape
    found = np.full((rows, times, horizons), np.nan)
    for row in range(rows):
        level, trend = np.zeros(len(grid)), np.zeros(len(grid))
        squares = np.zeros(len(grid))
        begun = False
        for time in range(times):
            value = x[row, time]
            if np.isnan(value):
                continue
            for k in range(len(grid)):
                if not begun:
                    level[k] = value
                    continue
                ahead = level[k] + damping * trend[k]
                squares[k] += (value - ahead) ** 2
                fresh = grid[k, 0] * value + (1 - grid[k, 0]) * ahead
                trend[k] = grid[k, 1] * (fresh - level[k]) + (1 - grid[k, 1]) * damping * trend[k]
                level[k] = fresh
            begun = True
            best = np.argmin(squares)
            reach, power = 0.0, 1.0
            for step in range(horizons):
                power *= damping
                reach += power
                found[row, time, step] = level[best] + reach * trend[best]
    return found
