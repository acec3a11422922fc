"""From a middle forecast and how it failed before to quantiles, and their calibration: conformal prediction."""

from __future__ import annotations

import numpy as np

from camphora.methods.arguments import Floats
from camphora.methods.forecasting.forecast import Times

# Residuals of so many times are used, of a series no fewer than LEAST origins, of a group no fewer than GROUP errors.
YEARS, YEAR = 4, 52.18
LEAST, GROUP = 26, 200
# Times in which the weight of an error is halved: what a series is like, and how troubled the present is.
SERIES_MEMORY, RECENT_MEMORY = 104.0, 8.0
SERIES_PRIOR, RECENT_PRIOR = 20.0, 6.0
# An error counts as no more than this many variances, lest one week rules for years.
MOST = 9.0
# No scale is wider than a factor e: where a series leaps between none and some, its own errors say nothing of more.
WIDEST = 1.0


def quantiles(z: Floats, middle: Floats, recent: Floats, levels: Floats) -> Floats:
    """On the logarithmic scale (series, times, horizons, levels), at each origin from what was known then.

    `z` log counts (series, times); `middle` (series, times, horizons) the forecast at each origin; `recent` the mean
    count of late, for the part of the variance that is chance of counting, a + b / (recent + 1). The scale of a series
    at an origin follows its own errors, weighted by age and season, and those of the last weeks; the quantiles are
    those of the group's errors divided by their scales, over the last four years (split conformal prediction: Vovk,
    Gammerman, Shafer, Algorithmic Learning in a Random World, 2005; scaled errors: Lei et al., J Am Stat Assoc
    2018;113:1094-111).
    """
    found = np.full((*middle.shape, levels.size), np.nan)
    for step in range(middle.shape[2]):
        error = errors(z, middle[..., step], step + 1)
        scale = scales(error, recent, step + 1)
        shape = _standard(error / scale, levels, step + 1)
        found[:, :, step] = middle[..., step, None] + scale[..., None] * shape[None]
    return found


def errors(z: Floats, middle: Floats, step: int) -> Floats:
    """What came less what was forecast at each origin; NaN where it has not come."""
    found = np.full_like(z, np.nan)
    found[:, :-step] = z[:, step:] - middle[:, :-step]
    return found


def scales(error: Floats, recent: Floats, step: int) -> Floats:
    """The standard deviation to expect at each origin (series, times), from errors known by then."""
    square, times = error**2, error.shape[1]
    chance = 1 / (recent + 1)
    found = np.full_like(error, np.nan)
    curve: Floats = np.array([0.05, 1.0])
    for now in range(LEAST, times):
        past = np.arange(max(0, now - step + 1 - int(YEARS * 52)), now - step + 1)
        if past.size < LEAST:
            continue
        if now % 13 == 0 or found[:, now - 1].size == np.isnan(found[:, now - 1]).sum():
            curve = _curve(square[:, past].ravel(), chance[:, past].ravel(), curve)
        base = curve[0] + curve[1] * chance
        ratio = np.minimum(square[:, past] / base[:, past], MOST)
        age = now - past
        season = np.exp(np.cos(2 * np.pi * age / YEAR) - 1)
        own = _towards_one(ratio, 0.5 ** (age / SERIES_MEMORY) * season, SERIES_PRIOR)
        late = _towards_one(ratio, 0.5 ** (age / RECENT_MEMORY), RECENT_PRIOR)
        found[:, now] = np.minimum(np.sqrt(base[:, now] * np.sqrt(own * late)), WIDEST)
    return found


def calibrated(z: Floats, given: Floats, levels: Floats, wanted: Times) -> Floats:
    """Quantiles (series, times, horizons, levels), each moved by what it was off before, in widths of the middle half:
    at every origin the level's own quantile of (what came - quantile) / width over the group's last four years
    (conformalised quantile regression: Romano, Patterson, Candès, NeurIPS 2019). Made to rise again. Only at
    the origins that are `wanted`."""
    found = given.copy()
    high, low = np.abs(levels - 0.75).argmin(), np.abs(levels - 0.25).argmin()
    for step in range(given.shape[2]):
        width = np.maximum(given[:, :, step, high] - given[:, :, step, low], 1e-9)
        off = np.stack([errors(z, given[:, :, step, at], step + 1) for at in range(levels.size)], axis=-1)
        off /= width[..., None]
        for now in wanted:
            past = slice(max(0, now - step - int(YEARS * 52)), max(0, now - step))
            known = off[:, past].reshape(-1, levels.size)
            known = known[~np.isnan(known).any(axis=1)]
            if known.shape[0] >= GROUP:
                move = _own_quantiles(known, levels)
                found[:, now, step] += width[:, now, None] * move
    return np.sort(found, axis=-1)


def _own_quantiles(known: Floats, levels: Floats) -> Floats:
    """Of each column, the quantile of its own level."""
    ordered = np.sort(known, axis=0)
    at = levels * (known.shape[0] - 1)
    below = np.floor(at).astype(np.int64)
    above = np.minimum(below + 1, known.shape[0] - 1)
    column = np.arange(levels.size)
    found: Floats = ordered[below, column] + (at - below) * (ordered[above, column] - ordered[below, column])
    return found


def _curve(square: Floats, chance: Floats, before: Floats) -> Floats:
    """The variance as a + b * chance by weighted least squares; a and b have a floor."""
    kept = np.isfinite(square) & np.isfinite(chance)
    if kept.sum() < GROUP:
        return before
    design = np.column_stack([np.ones(kept.sum()), chance[kept]])
    weight = 1 / (0.03 + chance[kept]) ** 2
    normal = (design * weight[:, None]).T @ design + 1e-9 * np.eye(2)
    solved: Floats = np.linalg.solve(normal, (design * weight[:, None]).T @ square[kept])
    floored: Floats = np.maximum(solved, [0.002, 0.3])
    return floored


def _towards_one(ratio: Floats, weight: Floats, prior: float) -> Floats:
    known = np.isfinite(ratio)
    total: Floats = np.where(known, ratio * weight, 0).sum(axis=1) + prior
    found: Floats = total / ((known * weight).sum(axis=1) + prior)
    return found


def _standard(error: Floats, levels: Floats, step: int) -> Floats:
    """The quantiles of scaled errors by origin (times, levels), of the group's last four years."""
    found = np.full((error.shape[1], levels.size), np.nan)
    for now in range(error.shape[1]):
        past = error[:, max(0, now - step + 1 - int(YEARS * 52)) : max(0, now - step + 1)]
        known = past[np.isfinite(past)]
        if known.size >= GROUP:
            found[now] = np.quantile(known, levels)
        elif known.size >= LEAST:
            # Too few for tails: symmetrised, so that each counts twice.
            found[now] = np.quantile(np.concatenate([known, -known]), levels)
    return found
