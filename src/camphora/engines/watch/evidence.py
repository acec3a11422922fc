"""What each method says of every count: what was expected, the bound, how unusual the count is.

Methods differ in what they return; here each is brought to the same five arrays. A p-value is the probability of so
many cases or more if nothing unusual is going on, by the method's own assumptions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from camphora.methods.detection import ears, ewma, farrington, moving
from camphora.methods.detection.bounds import Bounds
from camphora.methods.detection.lasting import lasting

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
LEAST = 100
"""Fewer series for each core are weighed at once."""
ARRAYS = ("expected", "upper", "p", "alarm")
P = "p"
"""Where it is said how the p-value was made, if by another method than the bound."""
RECENT = 4
"""Weeks in which the cases are counted that a place must have to be weighed at all."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of shape (series, weeks), over all weeks: NaN and False where the method could not say. `made`: how, with
    every parameter; `before`: how in the weeks before one (its place, then how), where that was decided otherwise;
    `over`: how far the count lies beyond the expected one, 1 at the bound."""

    method: str
    made: Mapping[str, Any]
    expected: Floats
    upper: Floats
    p: Floats
    alarm: Flags
    before: tuple[tuple[int, Mapping[str, Any]], ...] = ()

    def made_at(self, at: int) -> Mapping[str, Any]:
        """How the count of a week was weighed."""
        return next((made for until, made in self.before if at < until), self.made)

    def followed(self, other: Evidence, at: int) -> Evidence:
        """This one in the weeks before a place, the other from it on."""

        def joined(one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
            return np.concatenate([one[:, :at], two[:, at:]], axis=1)

        return Evidence(
            other.method,
            other.made,
            joined(self.expected, other.expected),
            joined(self.upper, other.upper),
            joined(self.p, other.p),
            joined(self.alarm, other.alarm),
            (*self.before, (at, self.made)),
        )

    def over(self, counts: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((counts - self.expected) / (self.upper - self.expected))


def weighed(method: str, parameters: Mapping[str, Any], counts: Floats, *, since: int = 0) -> Evidence:
    """What a method says of all counts; of the weeks before `since` it need say nothing. Errors: those of the method,
    for parameters that it does not take.

    A method says of a series what it says of it alone, so many series are weighed in parts, one on each core: the
    regressions are made without the interpreter's lock."""
    weigh = WEIGHED[method]
    parts = min(_cores(), len(counts) // LEAST)
    if parts < 2:
        return weigh(counts, since=since, **parameters)
    with ThreadPoolExecutor(parts) as pool:
        found = list(
            pool.map(lambda part: weigh(part, since=since, **parameters), np.array_split(counts, parts))
        )
    expected, upper, p, alarm = (np.concatenate([getattr(one, name) for one in found]) for name in ARRAYS)
    return replace(found[0], expected=expected, upper=upper, p=p, alarm=alarm)


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def recent(counts: Floats, weeks: int = RECENT) -> Floats:
    """Cases of the last weeks together, of which a missing one has none."""
    known = np.cumsum(np.nan_to_num(counts), axis=1)
    known[:, weeks:] -= known[:, :-weeks].copy()
    return known


def _farrington(counts: Floats, *, since: int = 0, share: float = 0.8, **parameters: Any) -> Evidence:
    """Its mean and dispersion foreseen, by which a rise of one week, or of two together, is weighed: `share` is the
    week's own (`lasting`). Weeks with too few cases of late, of which nothing is said, are not fitted."""
    made = {**farrington.IMPROVED, "fit_all": False, **parameters}
    back = 52 * int(made.get("b", 5)) + int(made.get("w", 3))
    times = counts.shape[1]
    if times <= back:
        return _silent("detection.farrington.flexible", made, counts.shape)
    last = times - max(back, since - 1)  # two weeks are weighed together
    found = farrington.flexible(counts, last=last, **made)
    enough = found.enough & np.isfinite(found.bound_mean)
    mean = np.where(enough, found.bound_mean, np.nan)
    weighed_so = lasting(counts[:, found.at], mean, np.where(enough, found.phi, 1.0), share=share)
    whole = _whole(times, found.at)
    # What is said of a week is made again from the counts up to it, of which it is the last one.
    alone = replace(found.made, parameters={**found.made.parameters, "last": 1})
    return Evidence(
        "detection.farrington.flexible",
        {**alone.plain(), P: weighed_so.made.plain()},
        whole(np.where(enough, found.expected, np.nan)),
        whole(np.where(enough, found.upper, np.nan)),
        whole(weighed_so.p),
        whole(found.alarm, False),
    )


def _ears(which: str) -> Callable[..., Evidence]:
    """The mean of the last weeks and their spread: the bound at one half is the mean itself."""

    def say(counts: Floats, *, since: int = 0, **parameters: Any) -> Evidence:  # noqa: ARG001 - is quick
        method = {"c1": ears.c1, "c2": ears.c2}[which]
        bound = method(counts, **parameters)
        middle = method(counts, **{**parameters, "alpha": 0.5}).upper
        spread = (bound.upper - middle) / -ndtri(float(bound.made.parameters["alpha"]))
        with np.errstate(invalid="ignore", divide="ignore"):
            p = ndtr(-(counts[:, bound.at] - middle) / np.where(spread > 0, spread, np.nan))
        return _evidence(bound, counts.shape[1], middle, p)

    return say


def _moving(counts: Floats, *, since: int = 0, **parameters: Any) -> Evidence:  # noqa: ARG001 - is quick
    """A percentile of past counts, which gives a bound and no probability."""
    bound = moving.moving_percentile(counts, **parameters)
    return _evidence(bound, counts.shape[1])


def _evidence(bound: Bounds, times: int, middle: Floats | None = None, p: Floats | None = None) -> Evidence:
    whole = _whole(times, bound.at)
    none = np.full(bound.upper.shape, np.nan)
    return Evidence(
        bound.made.method,
        bound.made.plain(),
        whole(none if middle is None else middle),
        whole(bound.upper),
        whole(none if p is None else p),
        whole(bound.alarm, False),
    )


def _ewma(counts: Floats, *, since: int = 0, **parameters: Any) -> Evidence:  # noqa: ARG001 - is quick
    found = ewma.ewma(counts, **parameters)
    whole = _whole(counts.shape[1], found.at)
    none = np.full(found.upper.shape, np.nan)
    return Evidence(
        found.made.method,
        found.made.plain(),
        whole(found.mean),
        whole(found.upper),
        whole(none),
        whole(found.alarm, False),
    )


def _silent(method: str, parameters: Mapping[str, Any], shape: tuple[int, ...]) -> Evidence:
    """Of series that are too short for the method."""
    none = np.full(shape, np.nan)
    made = {"method": method, "version": 0, "parameters": dict(parameters)}
    return Evidence(method, made, none, none, none, np.zeros(shape, dtype=bool))


def _whole(times: int, at: NDArray[np.int64]) -> Callable[..., Any]:
    """Puts values of the evaluated weeks among all weeks."""

    def put(values: NDArray[Any], absent: Any = np.nan) -> NDArray[Any]:
        found = np.full((values.shape[0], times), absent, dtype=values.dtype)
        found[:, at] = values
        return found

    return put


WEIGHED: Mapping[str, Callable[..., Evidence]] = {
    "detection.farrington.flexible": _farrington,
    "detection.ears.c1": _ears("c1"),
    "detection.ears.c2": _ears("c2"),
    "detection.ewma.ewma": _ewma,
    "detection.moving.moving_percentile": _moving,
}
"""The methods that can be declared. Farrington's is the improved one unless its parameters say otherwise."""
