"""The moving percentile: the count of today beside the same days of earlier years."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from camphora.methods.arguments import Floats, series, within
from camphora.methods.detection.bounds import Bounds, evaluated, references, whole
from camphora.methods.made import Made


def moving_percentile(
    counts: ArrayLike,
    *,
    percentile: float = 80,
    b: int = 3,
    w: int = 2,
    over: int = 1,
    least: int = 1,
    frequency: int = 52,
    last: int | None = None,
) -> Bounds:
    """A percentile of the same periods of the last `b` years, `w` points to either side; a count above it alarms.

    `counts`: cases a period, shape (series, times); `percentile` from 0 to 100, between two references in proportion;
    `over`: the count is the sum of so many points up to now (7 for days), and so is each reference; `least`: counts
    below it never alarm; `frequency`: points a year; `last`: how many of the last points are evaluated (all by
    default).

    Makes no assumption on the distribution; a trend over the years shifts it. A sum over a missing point is missing;
    missing references are left out; where the series had not begun `b` years and `w` points before, or every reference
    is missing, the bound is NaN and nothing alarms. All references zero: the bound is 0 and `least` decides.

    Source: W. Yang et al., A nationwide web-based automated system for early outbreak detection and rapid response in
    China, Western Pacific Surveillance and Response 2011;2:10-15; J. Kuang et al., Epidemic features affecting the
    performance of outbreak detection algorithms, BMC Public Health 2012;12:418. Errors: Invalid `methods-range`,
    `methods-shape`, `methods-negative`, `methods-short`.
    """
    found = series(counts)
    within(percentile, 0, 100, "percentile")
    b, w, over = whole(b, 1, "b"), whole(w, 0, "w"), whole(over, 1, "over", found.shape[1])
    parameters: dict[str, Any] = {
        "percentile": percentile,
        "b": b,
        "w": w,
        "over": over,
        "least": whole(least, 0, "least"),
        "frequency": whole(frequency, 1, "frequency"),
        "last": last,
    }
    at = evaluated(found.shape[1], last)
    sums = sums_over(found, over)
    known = references(sums, at, b=b, w=w, current=False, frequency=frequency)
    known[:, at < b * frequency + w + over - 1] = np.nan
    upper = percentiles(known, percentile)
    alarm = (sums[:, at] > upper) & (sums[:, at] >= least)
    return Bounds(at, upper, alarm, Made("detection.moving.moving_percentile", 1, parameters))


def sums_over(counts: Floats, over: int) -> Floats:
    """Each point as the sum of the last `over` points; NaN before there are so many, and over a missing one."""
    if over == 1:
        return counts
    windows = np.lib.stride_tricks.sliding_window_view(counts, over, axis=1).sum(axis=2)
    return np.concatenate([np.full((counts.shape[0], over - 1), np.nan), windows], axis=1)


def percentiles(known: Floats, percentile: float) -> Floats:
    """A percentile along the last axis without the missing values, linear between two of them; NaN where all miss."""
    ordered = np.sort(known, axis=-1)  # NaN last
    number = np.sum(~np.isnan(known), axis=-1)
    place = np.maximum(number - 1, 0) * (percentile / 100)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(number - 1, 0))
    below = np.take_along_axis(ordered, low[..., None], -1)[..., 0]
    above = np.take_along_axis(ordered, high[..., None], -1)[..., 0]
    answer: Floats = below + (above - below) * (place - low)
    return answer
