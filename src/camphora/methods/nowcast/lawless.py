"""Lawless's nowcast: what is reported, divided by the share that should be reported by now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from camphora.methods.arguments import Floats, one_of, whole, within
from camphora.methods.made import Made
from camphora.methods.nowcast.delays import hazards, reported_by
from camphora.methods.nowcast.triangle import checked

VERSION = 2
LIKE = ("", "surveillance")


@dataclass(frozen=True, slots=True)
class Nowcast:
    """By series and day, the last `delays` days (the last is now): `reported` so far, `estimate` (the median), `lower`
    and `upper` of all cases with onset on that day; `share`, the part that should be reported by now."""

    reported: Floats
    estimate: Floats
    lower: Floats
    upper: Floats
    share: Floats
    made: Made


def lawless(
    triangle: ArrayLike,
    *,
    level: float = 0.95,
    window: int | None = None,
    largest: float | None = None,
    like: str = "",
) -> Nowcast:
    """Cases by day of onset when all are reported, from triangles (series, days, delays) or one of them.

    With F(a) the share reported within a days (`delays.hazards`, of the last `window` days of report), a day a days
    ago with n reported has N about n / F(a), normal with variance n (1-F)/F^2 + (n/F)^2 sum over x > a of
    g(x) / (exposed(x) (1 - g(x))): what chance leaves unreported, and what is not known about the delays. N is whole
    and not below n. Source: Lawless, Can J Stat 1994;22:15-31; Kalbfleisch, Lawless, Stat Sin 1991;1:19-32.

    The default takes the median and the quantiles of that normal given N >= n, with a correction for whole numbers.
    `like="surveillance"` follows R's surveillance 1.20.3: there delays count as known, so that the sum is left out of
    the variance, and the distribution function is divided by 1 - P(N <= n) but what lies below n is not taken off
    first, so that lower limits are nearly always n and upper ones too low where few are reported. (R's window `m` is
    of days of onset: give the last m + 1 rows; `window` is R's `lawless1994`, of m + 1 days.) `largest` bounds N, and
    is not below what is reported. A day with none reported has N = 0: the method knows nothing of the level, `bayes`
    does. A delay of which nobody was exposed has g = 0. Assumes that delays do not change within the window. Invalid
    `methods-triangle`, `methods-range`, `methods-choice`.
    """
    one_of(like, LIKE, "like")
    within(level, 0.01, 0.9999, "level")
    window = None if window is None else whole(window, 1, 100_000, "window")
    counts = checked(triangle)
    reported = np.nansum(counts[:, -counts.shape[2] :], axis=2)
    if largest is not None:
        within(largest, float(reported.max(initial=0)), 1e15, "largest")
    made = Made(
        "nowcast.lawless.lawless",
        VERSION,
        {"level": level, "window": window, "largest": largest, "like": like},
    )
    seen = hazards(counts, window)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(seen.exposed > 0, seen.reported / seen.exposed, 0.0)
        unsure = np.where(hazard < 1, hazard / (seen.exposed * (1 - hazard)), np.inf)
    unsure = np.nan_to_num(unsure, nan=0.0, posinf=np.inf)
    after = np.cumsum(unsure[:, ::-1], axis=1)[:, ::-1]
    share = reported_by(hazard)[:, ::-1]
    after = np.concatenate([after, np.zeros((after.shape[0], 1))], axis=1)[:, ::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(reported > 0, reported / share, 0.0)
        of_delays = 0.0 if like == "surveillance" else mean**2 * after
        variance = np.where(reported > 0, mean * (1 - share) / share + of_delays, 0.0)
    outside = (1 - level) / 2
    found = [
        _quantile(reported, mean, np.sqrt(variance), at, like == "surveillance")
        for at in (0.5, outside, 1 - outside)
    ]
    if largest is not None:
        found = [np.minimum(each, largest) for each in found]
    return Nowcast(reported, found[0], found[1], found[2], share, made)


def _quantile(least: Floats, mean: Floats, sd: Floats, level: float, as_surveillance: bool) -> Floats:
    known = (sd > 0) & np.isfinite(sd)
    wide = np.where(known, sd, 1.0)
    half = 0.0 if as_surveillance else 0.5
    below = ndtr((least - half - mean) / wide)
    # The share of the normal below the quantile.
    at = level * (1 - below) + (0.0 if as_surveillance else below)
    value = np.ceil(mean + wide * ndtri(np.minimum(at, 1 - 1e-16)) - half - 1e-9)
    found: Floats = np.maximum(np.where(known, value, np.where(np.isinf(sd), np.nan, np.round(mean))), least)
    return found
