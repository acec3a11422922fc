"""Infections by days of device, with the mid-P interval of a Poisson count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, not_negative, numbers, one_of, within
from camphora.methods.made import Made

INTERVALS = ("mid-p", "exact")


@dataclass(frozen=True, slots=True)
class Limits:
    """`lower` and `upper` limit, in the shape of the counts."""

    lower: Floats
    upper: Floats
    made: Made


@dataclass(frozen=True, slots=True)
class Rate:
    """`rate` per `per` days with its interval `lower` to `upper`; `use`: device days over patient days, NaN where the
    patient days are not given. All of shape (units,)."""

    rate: Floats
    lower: Floats
    upper: Floats
    use: Floats
    made: Made


def device_rate(
    infections: ArrayLike,
    device_days: ArrayLike,
    patient_days: ArrayLike | None = None,
    *,
    per: float = 1000.0,
    level: float = 0.95,
    interval: str = "mid-p",
) -> Rate:
    """Device-associated infections per 1,000 days of device (NHSN Patient Safety Component Manual, chapters 4, 6 and 7)
    and the device utilisation ratio, by unit, shape (units,).

    The interval is that of a Poisson count over days that are known: "mid-p" (Rothman and Boice 1979) or "exact"
    (Garwood 1936, Biometrika 28:437-442). No infection gives rate 0 and lower limit 0. No device day, or NaN, gives
    NaN. Assumes that infections come one by one: an outbreak makes the interval too narrow.
    Invalid `methods-shape`, `methods-negative`, `methods-not-whole`, `methods-range`, `methods-choice`.
    """
    count, days = alike(infections, device_days, "infections", "device_days")
    stays = (
        np.full_like(days, np.nan)
        if patient_days is None
        else alike(count, patient_days, "infections", "patient_days")[1]
    )
    within(per, 1e-12, 1e12, "per")
    low, high = limits(count, level, interval)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(days > 0, per / days, np.nan)
        use = np.where(stays > 0, days / stays, np.nan)
    made = Made("infection.rates.device_rate", 1, {"per": per, "level": level, "interval": interval})
    return Rate(count * scale, low * scale, high * scale, use, made)


def poisson_limits(count: ArrayLike, *, level: float = 0.95, interval: str = "mid-p") -> Limits:
    """Lower and upper limit of the mean of Poisson counts. Mid-P: P(X > x) + P(X = x)/2 is (1 - level)/2 at the lower
    limit and 1 - (1 - level)/2 at the upper (Rothman and Boice 1979); "exact": Garwood (1936), Biometrika 28:437-442.
    At 0 the lower limit is 0. NaN gives NaN. Invalid `methods-negative`, `methods-not-whole`, `methods-choice`,
    `methods-range`."""
    found = not_negative(np.atleast_1d(numbers(count, "count")), "count")
    low, high = limits(cases(found, "count"), level, interval)
    return Limits(
        low, high, Made("infection.rates.poisson_limits", 1, {"level": level, "interval": interval})
    )


def limits(x: Floats, level: float, interval: str) -> tuple[Floats, Floats]:
    """`poisson_limits` of counts that were checked."""
    one_of(interval, INTERVALS, "interval")
    tail = (1 - within(level, 0.0, 1.0, "level")) / 2
    low, high = special.gammaincinv(np.maximum(x, 1e-300), tail), special.gammaincinv(x + 1, 1 - tail)
    low = np.where(x > 0, low, 0.0 * x)
    if interval == "exact":
        return low, high
    return np.where(x > 0, _solved(x, low, high, tail), 0.0 * x), _solved(x, low, high, 1 - tail)


def more(count: Floats, mean: Floats) -> Floats:
    """P(X > count) + P(X = count)/2 for a Poisson count."""
    at_least = np.where(count > 0, special.gammainc(np.maximum(count, 1e-300), mean), 1.0)
    return np.asarray((at_least + special.gammainc(count + 1, mean)) / 2)


def _solved(count: Floats, low: Floats, high: Floats, wanted: float) -> Floats:
    """The mean at which `more` is `wanted`, within the exact limits, by halving."""
    low, high = low.copy(), high.copy()
    for _ in range(80):
        middle = (low + high) / 2
        under = more(count, middle) < wanted
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.asarray((low + high) / 2)


def alike(first: ArrayLike, second: ArrayLike, counted: str, name: str) -> tuple[Floats, Floats]:
    """Infections, whole numbers, and what they are set against, of the same shape."""
    one, two = np.atleast_1d(numbers(first, counted)), np.atleast_1d(numbers(second, name))
    if one.shape != two.shape:
        raise Invalid("methods-shape", argument=name, wanted=str(one.shape), found=str(two.shape))
    for each, called in ((one, counted), (two, name)):
        not_negative(each, called)
    return cases(one, counted), two


def cases(given: Floats, name: str) -> Floats:
    """Counts without a fraction of a case, NaN among them. Invalid `methods-not-whole`."""
    if np.any(given != np.round(given), where=~np.isnan(given)):
        raise Invalid("methods-not-whole", argument=name)
    return given
