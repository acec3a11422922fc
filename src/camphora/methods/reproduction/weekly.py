"""The reproduction number from weekly (or other) totals: daily cases are rebuilt between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.methods.arguments import Floats, series, whole
from camphora.methods.made import Made
from camphora.methods.reproduction import cori
from camphora.methods.reproduction import serial_interval as intervals

VERSION = 1


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """As `cori.Reproduction`, and `daily` (series, days), the cases as rebuilt; they add up to the totals."""

    mean: Floats
    sd: Floats
    quantiles: Floats
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    daily: Floats
    made: Made


def rebuilt(
    totals: ArrayLike,
    *,
    serial_interval: Sequence[float],
    days: int = 7,
    window: int = 7,
    rounds: int = 10,
    prior_mean: float = 5.0,
    prior_sd: float = 5.0,
) -> Rebuilt:
    """R over sliding windows of `window` days from totals of `days` days each (series, totals).

    Expectation-maximisation of Nash, Bhatt, Cori, Nouvellet, PLoS Comput Biol 2023;19:e1011439: begin with equal days;
    estimate R of each period by Cori; take the growth rate r that belongs to it, 1 = R * sum of w(k) exp(-r k);
    spread the period's total over its days in proportion to exp(r day); `rounds` times. The first period has no past
    and keeps equal days; windows begin after it. What is rebuilt carries no uncertainty of its own, so intervals are
    somewhat narrow. An incomplete last period must be left off. A missing total gives NaN in every window that it
    bears on. Invalid `methods-short` below two periods.
    """
    weight = intervals.checked(serial_interval)
    given = series(totals, "totals", least=2)
    days, rounds = whole(days, 2, 366, "days"), whole(rounds, 1, 1000, "rounds")
    window = whole(window, 1, given.shape[1] * days - days, "window")
    made = Made(
        "reproduction.weekly.rebuilt",
        VERSION,
        {
            "serial_interval": weight.tolist(),
            "days": days,
            "window": window,
            "rounds": rounds,
            "prior_mean": prior_mean,
            "prior_sd": prior_sd,
        },
    )
    daily = np.repeat(given / days, days, axis=1)
    starts = np.arange(days, given.shape[1] * days, days)
    prior = {"prior_mean": prior_mean, "prior_sd": prior_sd, "first_imported": False}
    for _ in range(rounds):
        r = cori.certain(
            daily,
            serial_interval=weight.tolist(),
            starts=starts.tolist(),
            ends=(starts + days - 1).tolist(),
            **prior,  # type: ignore[arg-type]
        ).mean
        daily = _spread(given, growth(r, weight), days)
    first = np.arange(days, daily.shape[1] - window + 1)
    last = first + window - 1
    found = cori.certain(
        daily,
        serial_interval=weight.tolist(),
        starts=first.tolist(),
        ends=last.tolist(),
        **prior,  # type: ignore[arg-type]
    )
    return Rebuilt(found.mean, found.sd, found.quantiles, first, last, daily, made)


def growth(reproduction: Floats, weight: Floats) -> Floats:
    """The daily growth rate that belongs to each R, by bisection of 1 = R * sum of w(k) exp(-r k) (Wallinga, Lipsitch,
    Proc R Soc B 2007;274:599-604). NaN where R is."""
    day = np.flatnonzero(weight)
    share = weight[day]
    low, high = np.full(reproduction.shape, -5.0), np.full(reproduction.shape, 5.0)
    for _ in range(60):
        middle = (low + high) / 2
        over = reproduction * (share * np.exp(-np.clip(middle[..., None] * day, -700, 700))).sum(axis=-1) > 1
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return np.where(np.isnan(reproduction), np.nan, (low + high) / 2)


def _spread(totals: Floats, rate: Floats, days: int) -> Floats:
    """The totals by day: the first period equally, as those without a rate; others by their growth."""
    known = np.column_stack([np.zeros(totals.shape[0]), np.where(np.isnan(rate), 0, rate)])
    shape = np.exp(np.clip(known[..., None] * np.arange(days), -700, 700))
    daily: Floats = totals[..., None] * shape / shape.sum(axis=-1, keepdims=True)
    return daily.reshape(totals.shape[0], totals.shape[1] * days)
