"""What a forecast is: quantiles by series, origin and horizon; and what goes into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, numbers, positions, series, whole
from camphora.methods.made import Made
from camphora.methods.scoring.hub import LEVELS
from camphora.methods.scoring.scores import checked_levels

Times = NDArray[np.int64]

__all__ = ["LEVELS", "Forecast", "Given", "filled", "given", "groups_of", "known_of"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """`quantiles` (series, origins, horizons, levels): with the data up to and with time `origins[i]`, of the counts
    1, 2, ... times later. They rise and are not negative; NaN where nothing can be said."""

    quantiles: Floats
    origins: Times
    made: Made


@dataclass(frozen=True, slots=True)
class Given:
    """What was given, checked."""

    counts: Floats
    origins: Times
    levels: Floats


def given(
    counts: ArrayLike, origins: Sequence[int] | None, horizons: int, levels: Sequence[float], least: int
) -> Given:
    """Series as (series, times); `origins` the last of the data unless given. Invalid `methods-origins`,
    `methods-levels`, `methods-range`, and those of `arguments.series`."""
    found = series(counts, least=least)
    whole(horizons, 1, 26, "horizons")
    at = positions([found.shape[1] - 1] if origins is None else origins, "origins")
    if not at.size or np.any(at < 0) or np.any(at >= found.shape[1]):
        raise Invalid("methods-origins", times=found.shape[1])
    return Given(found, at, checked_levels(levels))


def groups_of(groups: Sequence[int] | None, size: int) -> NDArray[np.int64]:
    """Which series are pooled: one number each, all together by default. Invalid `methods-shape`."""
    found = np.zeros(size, dtype=np.int64) if groups is None else positions(groups, "groups")
    if found.shape != (size,):
        raise Invalid("methods-shape", argument="groups", wanted=f"({size},)", found=str(found.shape))
    return found


def known_of(known: ArrayLike | None, least: int) -> Floats:
    """What is known in advance (times, features), `horizons` further than the counts. Invalid `methods-known`."""
    if known is None:
        return np.zeros((least, 0))
    found = numbers(known, "known")
    if found.ndim != 2 or found.shape[0] < least or np.isnan(found).any():
        raise Invalid("methods-known", least=least)
    return found


def filled(counts: Floats) -> Floats:
    """A missing count becomes the one before it; those before the first stay missing. So nothing later is used."""
    at = np.where(np.isnan(counts), -1, np.arange(counts.shape[1])[None])
    last = np.maximum.accumulate(at, axis=1)
    found: Floats = np.where(last >= 0, np.take_along_axis(counts, np.maximum(last, 0), axis=1), np.nan)
    return found
