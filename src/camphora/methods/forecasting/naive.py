"""The two forecasts that any other must beat: nothing changes, and as it was a year ago."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from camphora.methods.arguments import Floats, whole
from camphora.methods.forecasting.forecast import LEVELS, Forecast, filled, given
from camphora.methods.made import Made

VERSION = 1


def flat(
    counts: ArrayLike,
    *,
    origins: Sequence[int] | None = None,
    horizons: int = 4,
    levels: Sequence[float] = LEVELS,
) -> Forecast:
    """The last count, with the spread of all earlier changes over as many times, in both directions alike.

    Median y(t); quantiles y(t) + those of the changes y(s) - y(s-h), s <= t, and their negatives; cut at 0. Source: the
    baseline of the COVID-19 and FluSight hubs (Cramer et al., PNAS 2022;119:e2113561119), with the changes over h times
    themselves instead of sums of drawn ones. Counts (series, times), any unit of time; a missing count is skipped in
    the changes, a missing last one is the one before it. NaN before two counts. Ties and zeros are data.
    """
    found = given(counts, origins, horizons, levels, 2)
    made = _made("flat", found.origins, origins, horizons, found.levels)
    last = filled(found.counts)
    out = np.full((found.counts.shape[0], found.origins.size, horizons, found.levels.size), np.nan)
    for at, origin in enumerate(found.origins):
        for step in range(1, min(horizons, int(origin)) + 1):
            change = found.counts[:, step : origin + 1] - found.counts[:, : origin + 1 - step]
            out[:, at, step - 1] = last[:, origin, None] + _both_ways(change, found.levels)
    return Forecast(np.maximum(out, 0), found.origins, made)


def seasonal(
    counts: ArrayLike,
    *,
    origins: Sequence[int] | None = None,
    horizons: int = 4,
    period: int = 52,
    levels: Sequence[float] = LEVELS,
) -> Forecast:
    """The count of one `period` before, with the spread of all earlier changes over a period, in both directions alike.

    Median y(t+h-period); quantiles as in `flat`. Source: Hyndman, Athanasopoulos, Forecasting: principles and practice,
    3rd ed., 5.2. NaN until a period and one more count are there. A missing count a period ago is the one before it.
    """
    found = given(counts, origins, horizons, levels, 2)
    period = whole(period, horizons, 100_000, "period")
    made = _made("seasonal", found.origins, origins, horizons, found.levels)
    made.parameters["period"] = period  # type: ignore[index]
    last = filled(found.counts)
    out = np.full((found.counts.shape[0], found.origins.size, horizons, found.levels.size), np.nan)
    for at, origin in enumerate(found.origins):
        if origin < period:
            continue
        change = found.counts[:, period : origin + 1] - found.counts[:, : origin + 1 - period]
        spread = _both_ways(change, found.levels)
        for step in range(1, horizons + 1):
            out[:, at, step - 1] = last[:, origin + step - period, None] + spread
    return Forecast(np.maximum(out, 0), found.origins, made)


def _made(name: str, at: np.ndarray, origins: Sequence[int] | None, horizons: int, levels: Floats) -> Made:
    return Made(
        f"forecasting.naive.{name}",
        VERSION,
        {
            "origins": None if origins is None else at.tolist(),
            "horizons": horizons,
            "levels": levels.tolist(),
        },
    )


def _both_ways(change: Floats, levels: Floats) -> Floats:
    """Quantiles of the changes and their negatives (series, levels); NaN of a series without any."""
    found = np.full((change.shape[0], levels.size), np.nan)
    some = ~np.isnan(change).all(axis=1)
    if some.any():
        found[some] = np.nanquantile(np.concatenate([change, -change], axis=1)[some], levels, axis=1).T
    return found
