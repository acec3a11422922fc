"""Models beside each other, though not all forecast the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, numbers, whole
from camphora.methods.made import Made

VERSION = 1


@dataclass(frozen=True, slots=True)
class Skill:
    """`ratio[i, j]`: the mean score of model i over that of j on what both forecast (NaN where they share nothing);
    `relative[i]`, the geometric mean of its ratios, divided by that of the baseline; `shared[i, j]` how many."""

    ratio: Floats
    relative: Floats
    shared: Floats
    made: Made


def pairwise(scores: ArrayLike, *, baseline: int) -> Skill:
    """From scores (models, forecasts) with NaN where a model did not forecast; lower is better.

    Source: Cramer et al., PNAS 2022;119:e2113561119 (pairwise relative WIS). The geometric mean is over all models that
    share forecasts with it, itself included (ratio 1). Two mean scores of 0 have the ratio 1. Invalid `methods-shape`,
    `methods-range` for a baseline that is not among the models.
    """
    found = numbers(scores, "scores")
    if found.ndim != 2:
        raise Invalid(
            "methods-shape", argument="scores", wanted="(models, forecasts)", found=str(found.shape)
        )
    baseline = whole(baseline, 0, found.shape[0] - 1, "baseline")
    if np.any(found < 0):
        raise Invalid("methods-negative", argument="scores")
    known = ~np.isnan(found)
    value = np.where(known, found, 0.0)
    shared = known.astype(float) @ known.T.astype(float)
    mean = value @ known.T.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(shared > 0, np.where((mean == 0) & (mean.T == 0), 1.0, mean / mean.T), np.nan)
        logs = np.log(ratio)
    counted = ~np.isnan(logs)
    with np.errstate(divide="ignore", invalid="ignore"):
        theta = np.exp(np.where(counted, logs, 0).sum(axis=1) / counted.sum(axis=1))
    relative = theta / theta[baseline]
    return Skill(
        ratio, relative, shared, Made("scoring.comparison.pairwise", VERSION, {"baseline": baseline})
    )
