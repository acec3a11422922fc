"""A bound for each point of a series, and the earlier points that it is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import Floats
from camphora.methods.made import Made


@dataclass(frozen=True, slots=True)
class Bounds:
    """`at`: which points were evaluated, counted from 0, shape (evaluated,); `upper`: the bound of each, shape (series,
    evaluated), NaN where the reference points do not suffice; `alarm`: whether the count lies above it, never for a
    missing count."""

    at: NDArray[np.int64]
    upper: Floats
    alarm: NDArray[np.bool_]
    made: Made


def evaluated(times: int, last: int | None) -> NDArray[np.int64]:
    """The positions of the last so many points, or of all. Invalid `methods-range`."""
    if last is None:
        return np.arange(times)
    return np.arange(times - whole(last, 1, "last", times), times)


def references(
    counts: Floats, at: NDArray[np.int64], *, b: int, w: int, current: bool, frequency: int
) -> Floats:
    """The counts that a point is compared with, shape (series, evaluated, references): of this year (`current`) the `w`
    points before it, of each of the last `b` years the same point and `w` points to either side. NaN where the series
    had not begun."""
    back = list(range(1, w + 1)) if current else []
    back += [year * frequency + side for year in range(1, b + 1) for side in range(-w, w + 1)]
    if not back:
        raise Invalid("methods-range", argument="b", low=1, high=counts.shape[1] // frequency)
    if min(back) <= 0:  # a window of last year that reaches into now
        raise Invalid("methods-range", argument="w", low=0, high=frequency - 1)
    where = at[:, None] - np.array(back)
    return np.where(where >= 0, counts[:, np.maximum(where, 0)], np.nan)


def whole(value: Any, least: int, name: str, high: int = 10_000) -> int:
    """A whole number of at least so much. Invalid `methods-range`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= high:
        raise Invalid("methods-range", argument=name, low=least, high=high)
    return int(value)
