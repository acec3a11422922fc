"""The forecasts of several methods as one, calibrated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from camphora.methods.arguments import Floats, within
from camphora.methods.forecasting import naive, past, pooled, smoothing, spread
from camphora.methods.forecasting.forecast import LEVELS, Forecast, filled, given, groups_of, known_of
from camphora.methods.made import Made
from camphora.methods.scoring.scores import wis

VERSION = 1


def ensemble(
    counts: ArrayLike,
    known: ArrayLike | None = None,
    *,
    origins: Sequence[int] | None = None,
    horizons: int = 4,
    levels: Sequence[float] = LEVELS,
    groups: Sequence[int] | None = None,
    ridge: float = 0.01,
    favour: float = 16.0,
) -> Forecast:
    """Pooled autoregression, exponential smoothing, no change and the season of earlier years: their quantiles averaged
    level by level (Vincent, Psychol Rev 1912; Busetti, Oxf Bull Econ Stat 2017;79:495-512) as log counts, weighted by
    (mean WIS so far in the group and horizon) ^ -`favour`, then calibrated by `spread.calibrated` within the group.

    All at each origin from what was known then. A member without a forecast there has no weight; where none has one
    (a series' first half year) the forecast is `naive.flat`. Data, shapes and errors as `pooled.autoregression`.
    """
    found = given(counts, origins, horizons, levels, 2)
    within(favour, 0, 100, "favour")
    within(ridge, 1e-9, 1e6, "ridge")
    members = groups_of(groups, found.counts.shape[0])
    ahead = known_of(known, found.counts.shape[1] + horizons)
    made = Made(
        "forecasting.ensemble.ensemble",
        VERSION,
        {
            "origins": None if origins is None else found.origins.tolist(),
            "horizons": horizons,
            "levels": found.levels.tolist(),
            "groups": None if groups is None else members.tolist(),
            "ridge": ridge,
            "favour": favour,
        },
    )
    z = np.log1p(filled(found.counts))
    out = np.empty((*z.shape, horizons, found.levels.size))
    for group in np.unique(members):
        chosen = members == group
        late = past.recent(found.counts[chosen])
        middles = _middles(z[chosen], late, ahead, horizons, ridge)
        parts = [spread.quantiles(z[chosen], middle, late, found.levels) for middle in middles]
        mixed = _averaged(z[chosen], parts, found.levels, favour)
        out[chosen] = spread.calibrated(z[chosen], mixed, found.levels, found.origins)
    counted = np.maximum(np.expm1(out[:, found.origins]), 0)
    bare = np.asarray(np.isnan(counted).any(axis=(2, 3)))
    if bare.any():
        flat = naive.flat(
            found.counts, origins=found.origins.tolist(), horizons=horizons, levels=levels
        ).quantiles
        counted = np.where(bare[..., None, None], flat, counted)
    return Forecast(counted, found.origins, made)


def _middles(z: Floats, late: Floats, known: Floats, horizons: int, ridge: float) -> list[Floats]:
    still = np.repeat(z[..., None], horizons, axis=2)
    seasons = np.stack([past.season(z, step) for step in range(1, horizons + 1)], axis=2)
    regressed = pooled.middles(z, late, known, horizons, ridge)
    return [regressed, smoothing.middles(z, horizons), still, seasons]


def _averaged(z: Floats, parts: list[Floats], levels: Floats, favour: float) -> Floats:
    """Averaged at each origin by how the members did in the group until then."""
    shape = parts[0].shape
    found = np.full(shape, np.nan)
    for step in range(shape[2]):
        came = np.full(z.shape, np.nan)
        came[:, : -step - 1] = z[:, step + 1 :]
        scored = np.stack([wis(came, part[:, :, step], levels=levels.tolist()).value for part in parts])
        # Members are compared where all of them forecast.
        alike = ~np.isnan(scored).any(axis=0)
        totals = np.cumsum(np.where(alike, scored, 0).sum(axis=1), axis=1)
        count = np.cumsum(alike.sum(axis=0))
        known = np.roll(totals, step + 1, axis=1)
        known[:, : step + 1] = 0
        counted = np.roll(count, step + 1)
        counted[: step + 1] = 0
        mean = np.where(counted > 0, known / np.maximum(counted, 1), 1.0)
        weight = np.maximum(mean, 1e-9) ** -favour
        here = np.stack([part[:, :, step] for part in parts])
        has = ~np.isnan(here).any(axis=-1)
        share = np.where(has, (weight / weight.max(axis=0))[:, None], 0)
        total = share.sum(axis=0)
        value = (np.nan_to_num(here) * share[..., None]).sum(axis=0) / np.maximum(total, 1e-300)[..., None]
        found[:, :, step] = np.where(total[..., None] > 0, value, np.nan)
    return found
