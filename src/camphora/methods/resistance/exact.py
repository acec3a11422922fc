"""Clopper and Pearson's limits of whole numbers, each pair of a call worked out once."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from camphora.methods.arguments import Floats
from camphora.methods.compiling import njit

MOST = 1000.0  # isolates up to which the tail is soon added up, and its logarithms keep their digits
LEAST_TAIL = 1e-9
NEAR = 1e-5  # a step whose cube is below the last digit


def exact(x: Floats, n: Floats, level: float) -> tuple[Floats, Floats]:
    """Lower and upper limit of the share of `x` among `n`; NaN where `n` is 0 or either is NaN."""
    tail, n = (1 - level) / 2, np.where(n > 0, n, np.nan)
    low, high = _both(x.ravel(), n.ravel(), tail, -float(special.ndtri(tail)))
    low, high = low.reshape(x.shape), high.reshape(x.shape)
    far = np.isnan(low) & ~np.isnan(x + n)
    if far.any():
        low[far], high[far] = _inverse_beta(x[far], n[far], tail)
    return low, high


def _inverse_beta(x: Floats, n: Floats, tail: float) -> tuple[Floats, Floats]:
    low = special.betaincinv(np.maximum(x, 1e-300), n - x + 1, tail)
    high = special.betainccinv(x + 1, np.maximum(n - x, 1e-300), tail)
    return np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)


@njit(cache=True, error_model="numpy")
def _both(x: Floats, n: Floats, tail: float, z: float) -> tuple[Floats, Floats]:
    """NaN where another way serves. The upper limit of k is 1 less the lower one of n - k."""
    low, high = np.full(x.size, np.nan), np.full(x.size, np.nan)
    top = 0
    for each in n:
        if each <= MOST and each > top:
            top = math.ceil(each)
    logs = np.array([math.lgamma(k + 1.0) for k in range(top + 2)])
    kept = np.full((top + 1) * (top + 2) // 2, np.nan)
    for i in range(x.size):
        if tail > LEAST_TAIL and n[i] <= MOST and x[i] == math.floor(x[i]) and n[i] == math.floor(n[i]):
            k, of = int(x[i]), int(n[i])
            low[i] = _kept(k, of, tail, z, logs, kept)
            high[i] = 1.0 - _kept(of - k, of, tail, z, logs, kept)
            if math.isnan(high[i]):
                low[i] = np.nan
    return low, high


@njit(cache=True, error_model="numpy")
def _kept(  # noqa: PLR0917 - compiled code takes no keywords
    k: int, n: int, tail: float, z: float, logs: Floats, kept: Floats
) -> float:
    at = n * (n + 1) // 2 + k
    if math.isnan(kept[at]):
        kept[at] = _lower(k, n, tail, z, logs) if k else 0.0
    return float(kept[at])


@njit(cache=True, error_model="numpy")
def _lower(k: int, n: int, tail: float, z: float, logs: Floats) -> float:
    """The p at which k or more of n have the chance `tail`, by Halley's steps from a normal approximation (Abramowitz,
    Stegun 26.5.22); NaN where they do not settle."""
    a, b = float(k), n - k + 1.0
    curve, wide = (z * z - 3) / 6, 2 / (1 / (2 * a - 1) + 1 / (2 * b - 1))
    w = z * math.sqrt(wide + curve) / wide - (1 / (2 * b - 1) - 1 / (2 * a - 1)) * (
        curve + 5 / 6 - 2 / (3 * wide)
    )
    p = a / (a + b * math.exp(2 * w))
    ways = logs[n] - logs[k] - logs[n - k]
    for _ in range(20):
        if not 0.0 < p < 1.0:
            return np.nan
        first = math.exp(ways + a * math.log(p) + (b - 1) * math.log1p(-p))  # the chance of k
        slope = first * a / p
        away = (first * _more(k, n, p / (1 - p)) - tail) / slope
        bend = (a - 1) / p - (b - 1) / (1 - p)
        step = away / (1 - 0.5 * min(1.0, away * bend))
        before = p
        p = before - step
        p = before / 2 if p <= 0 else (before + 1) / 2 if p >= 1 else p
        if abs(step) <= NEAR * min(before, 1 - before):
            return p
    return np.nan


@njit(cache=True, error_model="numpy")
def _more(k: int, n: int, odds: float) -> float:
    """The chance of k or more in that of k."""
    term = total = 1.0
    for j in range(k, n):
        term *= (n - j) * odds / (j + 1.0)
        total += term
        if term < 1e-17 * total:
            break
    return total
