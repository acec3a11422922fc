"""An autoregression with season that many series share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from camphora.methods.arguments import Floats, within
from camphora.methods.forecasting import past, spread
from camphora.methods.forecasting.forecast import LEVELS, Forecast, filled, given, groups_of, known_of
from camphora.methods.made import Made

VERSION = 1


def autoregression(
    counts: ArrayLike,
    known: ArrayLike | None = None,
    *,
    origins: Sequence[int] | None = None,
    horizons: int = 4,
    levels: Sequence[float] = LEVELS,
    groups: Sequence[int] | None = None,
    ridge: float = 0.01,
) -> Forecast:
    """For each horizon h, a regression of z(t+h) - z(t), z = log(count + 1), that all series of a group share.

    On: the last four changes of z; z against its means of four weeks and of a year; the change from t to t+h in up to
    four earlier years, and in the last; z against the season of earlier years; the changes of the group's mean and z
    against it; three harmonics of the year at t+h; and what is known in advance (`known`, times and `horizons` more by
    features, as holidays) at t+h, t and t-1. Weighted least squares with weight 1 / (0.03 + 1/(recent mean + 1)), for
    that is how the variance of z falls with the count, and a `ridge` share on the diagonal of the scaled equations.
    Refitted at every origin on all that had come by then. Sources: direct multi-step regression, Marcellino, Stock,
    Watson, J Econom 2006;135:499-526; pooling, Montero-Manso, Hyndman, Int J Forecast 2021;37:1632-53. Quantiles by
    `spread.quantiles`, which need half a year of earlier forecasts. Weekly counts (series, weeks); missing counts are
    those before them; a series younger than five weeks gets no forecast. Invalid `methods-known`, `methods-shape`.
    """
    found = given(counts, origins, horizons, levels, 2)
    within(ridge, 1e-9, 1e6, "ridge")
    members = groups_of(groups, found.counts.shape[0])
    ahead = known_of(known, found.counts.shape[1] + horizons)
    made = Made(
        "forecasting.pooled.autoregression",
        VERSION,
        {
            "origins": None if origins is None else found.origins.tolist(),
            "horizons": horizons,
            "levels": found.levels.tolist(),
            "groups": None if groups is None else members.tolist(),
            "ridge": ridge,
        },
    )
    z = np.log1p(filled(found.counts))
    out = np.empty((*z.shape, horizons, found.levels.size))
    for group in np.unique(members):
        chosen = members == group
        late = past.recent(found.counts[chosen])
        middle = middles(z[chosen], late, ahead, horizons, ridge)
        out[chosen] = spread.quantiles(z[chosen], middle, late, found.levels)
    return Forecast(np.maximum(np.expm1(out[:, found.origins]), 0), found.origins, made)


def middles(z: Floats, recent: Floats, known: Floats, horizons: int, ridge: float) -> Floats:
    """The forecast of log counts at each origin (series, times, horizons), of one group."""
    found = np.full((*z.shape, horizons), np.nan)
    common = _present(z)
    weight = 1 / (0.03 + 1 / (np.nan_to_num(recent) + 1))
    for step in range(1, horizons + 1):
        design = np.stack([*common, *_ahead(z, step), *_calendar(z.shape, known, step)], axis=-1)
        target = spread.errors(z, z, step)
        found[..., step - 1] = z + _fitted(design, target, weight, step, ridge)
    return found


def _present(z: Floats) -> list[Floats]:
    """What is known of the present: changes, and the level against means of its own and of the group."""
    mean = np.broadcast_to(past.mean([row[None] for row in z]), z.shape)
    change, common = z - past.ago(z, 1), mean - past.ago(mean, 1)
    return [
        *(past.ago(change, back) for back in range(4)),
        z - past.mean([past.ago(z, back) for back in range(4)]),
        np.nan_to_num(z - past.mean([past.ago(z, back) for back in range(1, 53)])),
        *(np.nan_to_num(past.ago(common, back)) for back in range(3)),
        z - mean,
    ]


def _ahead(z: Floats, step: int) -> list[Floats]:
    """What earlier years say of the target; 0 before there are any."""
    even = past.smoothed(z)
    changes = [past.ago(even, years - step) - past.ago(even, years) for years in past.YEARS_AGO]
    return [
        np.nan_to_num(past.mean(changes)),
        np.nan_to_num(changes[0]),
        np.nan_to_num(z - past.season(z, step)),
    ]


def _calendar(shape: tuple[int, ...], known: Floats, step: int) -> list[Floats]:
    time = np.arange(shape[1])
    turn = 2 * np.pi * (time + step) / spread.YEAR
    waves = [wave(k * turn) for k in (1, 2, 3) for wave in (np.sin, np.cos)]
    told = [column[at] for column in known.T for at in (time + step, time, np.maximum(time - 1, 0))]
    return [np.broadcast_to(each, shape) for each in (*waves, *told, np.ones(shape[1]))]


def _fitted(design: Floats, target: Floats, weight: Floats, step: int, ridge: float) -> Floats:
    """The regression's answer at each origin, fitted on targets that had come by then; 0 (no change) before there are
    as many as it has terms, NaN where the series has no past."""
    usable = np.isfinite(design).all(axis=-1)
    size = design.shape[-1]
    trained = usable & np.isfinite(target)
    terms = np.where(trained[..., None], design, 0.0)
    weighted = terms * np.where(trained, weight, 0.0)[..., None]
    # (times, size, size): the normal equations of each time, summed up to it.
    normal = np.cumsum(np.einsum("stp,stq->tpq", weighted, terms, optimize=True), axis=0)
    right = np.cumsum(
        np.einsum("stp,st->tp", weighted, np.where(trained, target, 0.0), optimize=True), axis=0
    )
    seen = np.cumsum(trained.sum(axis=0))
    found = np.zeros(target.shape)
    for now in range(step, target.shape[1]):
        if seen[now - step] < size:
            continue
        scale = np.sqrt(np.diagonal(normal[now - step]) + 1e-9)
        equations = normal[now - step] / scale / scale[:, None] + ridge * np.eye(size)
        found[:, now] = np.nan_to_num(design[:, now]) @ (
            np.linalg.solve(equations, right[now - step] / scale) / scale
        )
    return np.where(usable, found, np.nan)
