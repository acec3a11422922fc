"""The way of PORT's search for a minimum with given second derivatives, to the top at which it stops.

Where a likelihood has several tops the way decides at which one a search ends, so that R's answers (its `nlminb` is
PORT's search) are met only on its way: a region of trust whose steps may miss its radius by a tenth, that is widened
within a step while the likelihood keeps what the parabola promised, and is narrowed by the parabola through what came.

Source: D. M. Gay, Computing optimal locally constrained steps, SIAM Journal on Scientific and Statistical Computing
1981;2:186-197, and Subroutines for unconstrained minimization using a model/trust-region approach, ACM Transactions on
Mathematical Software 1983;9:503-524; J. E. Dennis, D. M. Gay and R. E. Welsch, An adaptive nonlinear least-squares
algorithm, ACM Transactions on Mathematical Software 1981;7:348-368; J. J. Moré and D. C. Sorensen, Computing a trust
region step, SIAM Journal on Scientific and Statistical Computing 1983;4:553-572. What these leave open (how a step is
begun anew in the same parabola, when an indefinite one is left early) is as R's `nlminb` was seen to do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from camphora.methods.arguments import Floats
from camphora.methods.detection.hhh4_model import Model

FIRST = 1.0
SLACK = 0.1
"""A step may be so much longer or shorter than the radius."""
KEPT_NONE, KEPT_LITTLE, KEPT_WELL = 1e-4, 0.1, 0.75
"""Of what was promised (the last: of what the slope alone promised): a step is refused, narrows, widens."""
NARROWEST, NARROWER, WIDER, WIDEST = 0.1, 0.5, 2.0, 4.0
NEARLY = 0.1
STEPS, TRIALS = 100, 50
SMALL, NO_STEP = 1e-10, 1e-14


@dataclass(slots=True)
class Step:
    """A step, what the slope and what the parabola say that it lowers, and the height that was found there."""

    by: Floats
    slope: float
    promised: float
    height: float = np.inf

    @property
    def length(self) -> float:
        return _length(self.by)


@dataclass(slots=True)
class Parabola:
    """What lies around a place, with height counted downwards: slope and roots of the bend along its axes."""

    gradient: Floats
    bend: Floats
    roots: Floats = field(init=False)
    axes: Floats = field(init=False)
    slope: Floats = field(init=False)
    lowest: float = field(init=False)
    highest: float = field(init=False)

    def __post_init__(self) -> None:
        self.roots, self.axes = np.linalg.eigh(self.bend)
        self.slope = self.axes.T @ self.gradient
        self.lowest, self.highest = _bound(self.bend, -1), _bound(self.bend, 1)

    def along(self, more: float) -> Floats:
        """The step, told along the axes, to the lowest point with so much added to the roots."""
        return -self.slope / (self.roots + more)

    def nearer(self, more: float, radius: float) -> float:
        """A step of Newton, on 1 over the length, for the `more` that gives a step of this length."""
        along = self.along(more)
        length = _length(along)
        return more + (length - radius) / radius / float(np.sum((along / length) ** 2 / (self.roots + more)))

    def brought(self, along: Floats, more: float) -> float:
        return float(np.sum(along * (self.roots + more) * along))

    def step(self, along: Floats) -> Step:
        by = self.axes @ along
        slope = float(self.gradient @ by)
        return Step(by, slope, -(slope + float(by @ self.bend @ by) / 2))


@dataclass(slots=True)
class Trust:
    """How far a parabola is trusted: the radius, the one before, and what was added to the roots for it."""

    radius: float = FIRST / (1 + SLACK)
    before: float = 0.0
    more: float = 0.0

    def step(self, parabola: Parabola, *, fresh: bool) -> Step:
        """The step to the lowest point of the parabola within about the radius; `fresh`: the first in this parabola."""
        along, self.more = self._within(parabola, fresh=fresh)
        self.before = self.radius
        return parabola.step(along)

    def _within(self, parabola: Parabola, *, fresh: bool) -> tuple[Floats, float]:
        definite = bool(parabola.roots[0] > 0)
        along = parabola.along(0.0)
        length = _length(along)
        if definite and length <= self.radius * (1 + SLACK):
            return along, 0.0
        if definite:
            failed = 0.0
            low = (length - self.radius) / length / float(np.sum((along / length) ** 2 / parabola.roots))
        else:
            failed = low = _failing(parabola.bend, 0.0)
        steep = _length(parabola.gradient) / self.radius
        least, high = max(0.0, steep - parabola.highest), steep - parabola.lowest
        low = max(low, least)
        more = min(max(self.more * self.before / self.radius, least), high)
        if not fresh and parabola.roots[0] + self.more > 0:
            more = max(low, parabola.nearer(self.more, self.radius))
        for _ in range(TRIALS):
            if not low <= more < high:
                more = high * max(1e-3, math.sqrt(max(low / high, 0.0)))
            if parabola.roots[0] + more <= 0:
                failed = max(failed, more + _failing(parabola.bend, more))
                low = max(low, failed)
                continue
            along = parabola.along(more)
            length = _length(along)
            if abs(length - self.radius) <= SLACK * self.radius:
                break
            if length > self.radius:
                low = max(low, more)
            else:
                high = min(high, more)
                brought = parabola.brought(along, more) + more * self.radius**2
                if not definite and (more - failed) * self.radius**2 <= NEARLY / 6 * brought:
                    return self._carried_on(parabola, along, more), more
            more = parabola.nearer(more, self.radius)
        return along, more

    def _carried_on(self, parabola: Parabola, along: Floats, more: float) -> Floats:
        """A step where the roots are nearly singular, along the lowest axis to the radius if that is worth it."""
        length, lowest = _length(along), -float(along[0])
        left = (self.radius + length) * (self.radius - length)
        on = left / (lowest + math.copysign(math.sqrt(lowest * lowest + left), lowest))
        gained = on * (-more * lowest - on * float(parabola.roots[0]) / 2)
        if gained < NEARLY / 6 * (more * length**2 + parabola.brought(along, more)):
            return along
        along = along.copy()
        along[0] -= on
        return along


def search(model: Model, begin: Floats) -> Floats:
    """The place where PORT's search for the top of the model's likelihood ends that begins at `begin`, near to a top;
    the last place where all is finite, should the derivatives overflow."""
    place, height, trust = begin, _depth(model, begin), Trust()
    _, gradient, bend = model.derivatives(place)
    for _ in range(STEPS):
        if not (np.isfinite(height) and np.isfinite(gradient).all() and np.isfinite(bend).all()):
            break
        parabola = Parabola(-gradient, bend)
        step, factor = _taken(model, place, height, parabola, trust)
        if step is None:
            break
        place, height = place + step.by, step.height
        _, gradient, bend = model.derivatives(place)
        if factor is None:
            factor = WIDER if _as_told(parabola, step, -gradient) else 1.0
        trust.radius = factor * step.length
        if step.promised < SMALL * abs(height):
            break
    return place


def _taken(
    model: Model, place: Floats, height: float, parabola: Parabola, trust: Trust
) -> tuple[Step | None, float | None]:
    """The step to go, and by what the radius changes then; None: as the slope there tells."""
    good: Step | None = None
    refused = False
    for _ in range(TRIALS):
        step = trust.step(parabola, fresh=good is None and not refused)
        if not step.length > NO_STEP:  # NaN too
            break
        step.height = _depth(model, place + step.by)
        too_wide = good is not None and not step.height < good.height
        if good is not None and too_wide:
            step = good
        lowered = height - step.height
        if good is None and not lowered > KEPT_NONE * step.promised:
            refused, trust.radius = True, _narrower(step, lowered) * step.length
        elif lowered <= KEPT_LITTLE * step.promised:
            return step, _narrower(step, lowered)
        elif too_wide or refused or lowered < -KEPT_WELL * step.slope:
            return step, None
        elif trust.more == 0:
            return step, _wider(step, lowered)
        else:
            good, trust.radius = step, _wider(step, lowered) * step.length
    return None, None


def _narrower(step: Step, lowered: float) -> float:
    """To the lowest point of the parabola through both heights with the slope at the first."""
    through = step.slope + lowered
    return max(NARROWEST, step.slope / through / 2) if through < step.slope else NARROWER


def _wider(step: Step, lowered: float) -> float:
    if lowered < (0.5 / WIDEST - 1) * step.slope:
        return max(WIDER, step.slope / (step.slope + lowered) / 2)
    return WIDEST


def _as_told(parabola: Parabola, step: Step, there: Floats) -> bool:
    """Whether the gradient came out as the parabola told, or still points on along the step."""
    apart = parabola.bend @ step.by - (there - parabola.gradient)
    return bool(_length(apart) < 0.5 * _length(there) or there @ step.by < 0.75 * step.slope)


def _depth(model: Model, place: Floats) -> float:
    value = model.value(place)
    return -value if np.isfinite(value) else np.inf


def _length(along: Floats) -> float:
    return float(np.linalg.norm(along))


def _bound(bend: Floats, sign: int) -> float:
    """A bound of the lowest (-1) or highest (1) root by Gerschgorin's circles, two rows weighed against each other."""
    middle = np.diag(bend)
    beside = np.abs(bend).sum(axis=1) - np.abs(middle)
    row = int(np.argmax(sign * middle + beside))
    others = np.arange(len(middle)) != row
    shared = np.abs(bend[others, row])
    half = (sign * (middle[others] - middle[row]) + beside[others] - shared) / 2
    far = np.max(half + np.sqrt(half * half + beside[row] * shared), initial=0.0)
    return float(middle[row] + sign * max(far, 0.0))


def _failing(bend: Floats, more: float) -> float:
    """How much at least must be added yet, from the leading block at which Cholesky's factor fails."""
    moved = bend + more * np.eye(len(bend))
    for size in range(1, len(bend) + 1):
        beside = moved[: size - 1, size - 1]
        solved = np.linalg.solve(moved[: size - 1, : size - 1], beside) if size > 1 else beside
        pivot = float(moved[size - 1, size - 1] - beside @ solved)
        if not pivot > 0:
            return -pivot / (1 + float(solved @ solved))
    return 0.0
