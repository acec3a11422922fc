"""How well a detector finds the outbreaks that were put in: how many, how early, and among how many false alarms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import MOST, Floats, scores_of, whole, within
from camphora.methods.made import Made
from camphora.methods.simulation.outbreaks import Simulated

Detector = Callable[[Floats, int], Floats]
"""Counts (series, weeks) and how many last weeks to judge; scores (series, last weeks), above 1 is an alarm, NaN none.
A judgement of week t must use no count after t."""


@dataclass(frozen=True, slots=True)
class Performance:
    """Over all series and evaluated weeks. `false_positive_rate`: alarms among weeks without outbreak cases;
    `sensitivity`, `specificity`, `precision` (positive predictive value), `negative_value`, `f1`: by week;
    `detected`: the share of outbreaks with an alarm between their start and end, `detected_at_once`: in their first
    week; `delay`: mean weeks from start to the first alarm, of those detected; `timeliness`: mean of (delay / length),
    1 where not detected; `signals_a_week`: alarms per evaluated week over all series; `detections`: by outbreak, weeks
    to the alarm, -1 where none."""

    false_positive_rate: float
    sensitivity: float
    specificity: float
    precision: float
    negative_value: float
    f1: float
    detected: float
    detected_at_once: float
    delay: float
    timeliness: float
    signals_a_week: float
    detections: NDArray[np.int64]
    made: Made


def run(simulated: Simulated, detector: Detector, *, threshold: float = 1.0) -> Performance:
    """The detector on these series: `performance` of its scores, which is what `made` names, as a function cannot be
    written down. Invalid `methods-shape` where its scores do not fit."""
    _refuse(simulated, threshold)
    if not callable(detector):
        raise Invalid("methods-choice", argument="detector", known="simulation.evaluation.Detector")
    scores = detector(simulated.counts, simulated.evaluated)
    return performance(simulated, scores, threshold=threshold)


def performance(simulated: Simulated, scores: Floats, *, threshold: float = 1.0) -> Performance:
    """Of scores (series, evaluated weeks): an alarm is a score above `threshold`; NaN is none. Measures as in Bedubourg
    and Le Strat (2017), PLoS ONE 12(7):e0181227: a week is positive where an outbreak has a case in it; an outbreak is
    detected by an alarm in any week from its start to its end. Rates over nothing are NaN. Infinity is a score."""
    _refuse(simulated, threshold)
    made = Made("simulation.evaluation.performance", 1, {"threshold": threshold})
    return _measured(simulated, _fitting(simulated, scores) > threshold, made)


def at_budget(
    simulated: Simulated, scores: Floats, *, budget: int = 20, threshold: float | None = None
) -> Performance:
    """The same where only the `budget` highest scores of each week, over all series, become signals (and only those
    above `threshold`): what a team that can look at so many sees. Ties at the edge go to the series given first. How
    precise the budget is, is `precision`. Invalid `methods-shape`, `methods-range`."""
    _refuse(simulated, 0.0 if threshold is None else threshold)
    budget = whole(budget, 1, 1_000_000_000, "budget")
    alarms = highest(_fitting(simulated, scores), budget, -np.inf if threshold is None else threshold)
    made = Made("simulation.evaluation.at_budget", 1, {"budget": budget, "threshold": threshold})
    return _measured(simulated, alarms, made)


def highest(scores: Floats, budget: int, threshold: float = -np.inf) -> NDArray[np.bool_]:
    """Which are among the `budget` highest of their week and above `threshold`; scores (series, weeks), NaN none. Ties
    go to the series given first."""
    found = np.where(np.isnan(scores), -np.inf, scores)
    rank = np.argsort(np.argsort(-found, axis=0, kind="stable"), axis=0, kind="stable")
    return np.asarray((rank < budget) & (found > threshold))


def _fitting(simulated: Simulated, scores: Floats) -> Floats:
    wanted = (len(simulated.counts), simulated.evaluated)
    found = scores_of(scores, "scores")
    if found.shape != wanted:
        raise Invalid("methods-shape", argument="scores", wanted=str(wanted), found=str(found.shape))
    return found


def _refuse(simulated: Simulated, threshold: float) -> None:
    if not isinstance(simulated, Simulated):
        raise Invalid("methods-choice", argument="simulated", known="simulation.outbreaks.Simulated")
    within(threshold, -MOST, MOST, "threshold")


def _measured(simulated: Simulated, alarms: NDArray[np.bool_], made: Made) -> Performance:
    weeks = simulated.counts.shape[1]
    opens = weeks - simulated.evaluated
    ill = simulated.cases[:, opens:] > 0
    hit, false = int((alarms & ill).sum()), int((alarms & ~ill).sum())
    missed, quiet = int((~alarms & ill).sum()), int((~alarms & ~ill).sum())
    sensitivity, precision = _share(hit, hit + missed), _share(hit, hit + false)
    waits, lengths = _waits(simulated, alarms, opens)
    found = waits >= 0
    late = np.where(found, waits / lengths, 1.0)
    return Performance(
        false_positive_rate=_share(false, false + quiet),
        sensitivity=sensitivity,
        specificity=_share(quiet, false + quiet),
        precision=precision,
        negative_value=_share(quiet, quiet + missed),
        f1=_share(2 * hit, 2 * hit + false + missed),
        detected=_share(int(found.sum()), len(waits)),
        detected_at_once=_share(int((waits == 0).sum()), len(waits)),
        delay=float(waits[found].mean()) if found.any() else float("nan"),
        timeliness=float(late.mean()) if len(waits) else float("nan"),
        signals_a_week=float(alarms.sum() / max(simulated.evaluated, 1)),
        detections=waits,
        made=made,
    )


def _waits(simulated: Simulated, alarms: NDArray[np.bool_], opens: int) -> tuple[NDArray[np.int64], Floats]:
    """Weeks to the first alarm of each current outbreak, -1 where there is none, and its length."""
    outbreaks = simulated.outbreaks
    current = np.flatnonzero(outbreaks.current)
    waits = np.full(len(current), -1, dtype=np.int64)
    for row, at in enumerate(current):
        start, end = outbreaks.start[at] - opens, outbreaks.end[at] - opens
        seen = alarms[outbreaks.series[at], start : end + 1]
        if seen.any():
            waits[row] = int(np.argmax(seen))
    return waits, (outbreaks.end[current] - outbreaks.start[current] + 1).astype(np.float64)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
