"""A rise of one week, or one of several weeks together: an outbreak that is too small for any one week's test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, numbers, same_shape, series, within
from camphora.methods.detection import tails
from camphora.methods.detection.bounds import whole
from camphora.methods.made import Made


@dataclass(frozen=True, slots=True)
class Lasting:
    """All of shape (series, times): `p` of either, `single` of the week alone, `together` of the last weeks' sum."""

    p: Floats
    single: Floats
    together: Floats
    made: Made


def lasting(
    counts: ArrayLike, mean: ArrayLike, phi: ArrayLike, *, weeks: int = 2, share: float = 0.8
) -> Lasting:
    """The probability of so many cases or more in this week, or in the last `weeks` together.

    `counts`, and the `mean` foreseen and the dispersion `phi` of each, shape (series, times), as of
    `farrington.flexible` (`bound_mean`, `phi`). Both tests are of a negative binomial with variance phi times the mean
    (Poisson where phi is 1); the sum has the sum of the means, and the sum of the variances: weeks are taken as
    independent. p = min(1, single / `share`, together / (1 - `share`)), Bonferroni's with weights, which holds however
    the two depend on each other. A missing value leaves out the tests that hold it; p is NaN without the week's own.
    The first `weeks` - 1 have their own test alone, at their share.

    Source: weighted Bonferroni: C. R. Genovese, K. Roeder and L. Wasserman, Biometrika 2006;93:509-524. Errors:
    Invalid `methods-range`, `methods-shape`, `methods-negative`.
    """
    found = series(counts)
    middle = same_shape(np.atleast_2d(numbers(mean, "mean")), found, "mean")
    spread = same_shape(np.atleast_2d(numbers(phi, "phi")), found, "phi")
    if np.any(middle < 0):
        raise Invalid("methods-negative", argument="mean")
    if np.any(spread < 1):
        raise Invalid("methods-range", argument="phi", low=1, high=np.inf)
    whole(weeks, 2, "weeks")
    within(share, 0.001, 0.999, "share")
    single = tails.at_least(found, middle, spread)
    sums = [_summed(each, weeks) for each in (found, middle, middle * spread)]
    with np.errstate(invalid="ignore", divide="ignore"):
        over = np.where(sums[1] > 0, sums[2] / sums[1], 1.0 + 0 * sums[1])
    together = tails.at_least(sums[0], sums[1], np.maximum(over, 1.0))
    p = np.minimum(np.fmin(single / share, together / (1 - share)), 1.0)
    p = np.where(np.isnan(single), np.nan, p)
    return Lasting(
        p, single, together, Made("detection.lasting.lasting", 1, {"weeks": weeks, "share": share})
    )


def _summed(values: Floats, weeks: int) -> Floats:
    found = np.full(values.shape, np.nan)
    if values.shape[1] >= weeks:
        windows = np.lib.stride_tricks.sliding_window_view(values, weeks, axis=1)
        found[:, weeks - 1 :] = windows.sum(axis=2)
    return found
