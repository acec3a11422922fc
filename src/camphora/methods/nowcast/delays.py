"""The distribution of the delay where long delays cannot have been seen yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camphora.methods.arguments import Floats


@dataclass(frozen=True, slots=True)
class Hazards:
    """By series and delay x = 1..D: `reported` with delay x among the `exposed`, those with delay <= x, of the days
    whose delay x has passed."""

    reported: Floats
    exposed: Floats


def hazards(triangles: Floats, window: int | None) -> Hazards:
    """In reverse time (Kalbfleisch, Lawless 1991): the chance g(x) of delay x among those with delay <= x can be
    estimated without what is still to come. With `window`, only reports of the last `window` days count."""
    series, days, delays = triangles.shape
    known = np.nan_to_num(triangles)
    upto = np.cumsum(known, axis=2)
    reported, exposed = np.zeros((series, delays - 1)), np.zeros((series, delays - 1))
    for delay in range(1, delays):
        last = days - delay
        first = 0 if window is None else max(0, last - window)
        reported[:, delay - 1] = known[:, first:last, delay].sum(axis=1)
        exposed[:, delay - 1] = upto[:, first:last, delay].sum(axis=1)
    return Hazards(reported, exposed)


def reported_by(hazard: Floats) -> Floats:
    """F(x), the share reported within x days, x = 0..D: the product of 1 - g(y) over y > x. Last axis: delay."""
    rest = np.cumprod((1 - hazard)[..., ::-1], axis=-1)[..., ::-1]
    found: Floats = np.concatenate([rest, np.ones((*hazard.shape[:-1], 1))], axis=-1)
    return found
