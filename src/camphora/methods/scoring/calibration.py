"""Whether forecasts came true as often as they said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, numbers, same_shape, whole
from camphora.methods.made import Made
from camphora.methods.scoring import passes
from camphora.methods.scoring.scores import checked_levels

VERSION = 1


@dataclass(frozen=True, slots=True)
class Coverage:
    """`share` of what was observed that lay in the central interval of each `level`; of `count` observations."""

    level: Floats
    share: Floats
    count: int
    made: Made


@dataclass(frozen=True, slots=True)
class Histogram:
    """`share` of each of equally wide bins of 0..1 that probability integral transforms fill; all equal: calibrated."""

    share: Floats
    count: int
    made: Made


def coverage(observed: ArrayLike, quantiles: ArrayLike, *, levels: Sequence[float]) -> Coverage:
    """Of quantiles (..., levels) for what was observed (...). Ends count as inside. Where what was observed or an end
    is missing, it does not count; without any the share is NaN. Invalid `methods-levels`, `methods-shape`."""
    at = checked_levels(levels)
    forecast = numbers(quantiles, "quantiles")
    if not forecast.ndim or forecast.shape[-1] != at.size:
        raise Invalid(
            "methods-shape", argument="quantiles", wanted=f"(..., {at.size})", found=str(forecast.shape)
        )
    given = same_shape(numbers(observed, "observed"), forecast[..., 0], "observed")
    half = at.size // 2
    rows = np.ascontiguousarray(forecast.reshape(-1, at.size))
    hits, count = passes.inside(np.ascontiguousarray(given).reshape(-1), rows)
    share = hits / count if count else np.full(half, np.nan)
    made = Made("scoring.calibration.coverage", VERSION, {"levels": at.tolist()})
    return Coverage(1 - 2 * at[:half], share, int(count), made)


def pit(below: ArrayLike, upto: ArrayLike | None = None, *, bins: int = 10) -> Histogram:
    """The histogram of probability integral transforms, not randomised.

    `upto` is F(y) of each forecast at what was observed and `below` F(y - 1); for a continuous forecast F(y) alone,
    `below`, is given. Each observation spreads evenly over below..upto. Source: Czado, Gneiting, Held, Biometrics
    2009;65:1254-61. Missing ones do not count. Invalid `methods-range` unless 0 <= below <= upto <= 1, `methods-shape`.
    """
    bins = whole(bins, 1, 10_000, "bins")
    low = numbers(below, "below").ravel()
    high = low if upto is None else same_shape(numbers(upto, "upto").ravel(), low, "upto")
    kept = ~np.isnan(low) & ~np.isnan(high)
    low, high = low[kept][:, None], high[kept][:, None]
    if np.any((low < 0) | (high > 1) | (low > high)):
        raise Invalid("methods-range", argument="below, upto", low=0, high=1)
    edge = np.linspace(0, 1, bins + 1)[None]
    wide = high - low
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.clip((edge - low) / wide, 0, 1)
    # A transform of 0 lies in the first bin, one on an edge in the bin below it.
    step = np.where(edge == 0, 0.0, (low <= edge).astype(float))
    reached = np.where(wide > 0, spread, step)
    share = np.diff(reached.mean(axis=0)) if low.size else np.full(bins, np.nan)
    return Histogram(share, int(kept.sum()), Made("scoring.calibration.pit", VERSION, {"bins": bins}))


def pit_samples(observed: ArrayLike, samples: ArrayLike, *, bins: int = 10) -> Histogram:
    """As `pit`, with F the distribution of samples (..., samples) of counts or of a continuous quantity."""
    drawn = numbers(samples, "samples")
    if not drawn.ndim or not drawn.shape[-1]:
        raise Invalid("methods-too-few", argument="samples", least=1, found=0)
    y = same_shape(numbers(observed, "observed"), drawn[..., 0], "observed")[..., None]
    missing = np.isnan(y[..., 0]) | np.isnan(drawn).any(axis=-1)
    below = np.where(missing, np.nan, (drawn < y).mean(axis=-1))
    upto = np.where(missing, np.nan, (drawn <= y).mean(axis=-1))
    found = pit(below, upto, bins=bins)
    return Histogram(
        found.share, found.count, Made("scoring.calibration.pit_samples", VERSION, {"bins": bins})
    )
