"""What a forecast looks back on: at each origin, only what was known by then."""

from __future__ import annotations

import numpy as np

from camphora.methods.arguments import Floats

# The same season of up to four earlier years; 209 weeks are four years.
YEARS_AGO = (52, 104, 156, 209)


def ago(values: Floats, times: int) -> Floats:
    """As it was `times` before; NaN where there was nothing."""
    if times == 0:
        return values
    found = np.full_like(values, np.nan)
    found[:, times:] = values[:, :-times] if times < values.shape[1] else values[:, :0]
    return found


def smoothed(z: Floats) -> Floats:
    """The mean of two times before to two after, of those that are known. Look back on it by three times or more."""
    known = (~np.isnan(z)).astype(float)
    total, count = _five(np.nan_to_num(z)), _five(known)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def season(z: Floats, ahead: int) -> Floats:
    """What earlier years had at this season, `ahead` times later than each origin (not more than 26); NaN before a
    year has passed."""
    even = smoothed(z)
    return mean([ago(even, years - ahead) for years in YEARS_AGO])


def mean(given: list[Floats]) -> Floats:
    """Over those that are known; NaN where none is."""
    stack = np.stack(given)
    known = ~np.isnan(stack)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, stack, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def recent(counts: Floats, times: int = 8) -> Floats:
    """The mean count of the last times."""
    return mean([ago(counts, back) for back in range(times)])


def _five(values: Floats) -> Floats:
    total = np.cumsum(np.pad(values, ((0, 0), (3, 2))), axis=1)
    found: Floats = total[:, 5:] - total[:, :-5]
    return found
