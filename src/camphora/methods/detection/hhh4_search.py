"""The search for the highest top of a likelihood: damped Newton steps from several places."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, numbers, one_of
from camphora.methods.compiling import njit
from camphora.methods.detection import hhh4_port
from camphora.methods.detection.hhh4_law import Counted, derivatives
from camphora.methods.detection.hhh4_law import value as height
from camphora.methods.detection.hhh4_model import Model

ROUNDS = 200
SMALL = 1e-3


@np.errstate(all="ignore")
def best(model: Model, p: dict[str, Any]) -> Floats:
    """The highest top found. Invalid `methods-no-fit`."""
    tried = [climb(model, each) for each in _starts(model, p)]
    fit, value = max(tried, key=lambda each: each[1])
    if not np.isfinite(value):
        raise Invalid("methods-no-fit", argument="counts" if p.get("start") is None else "start")
    return fit


def _starts(model: Model, p: dict[str, Any]) -> list[Floats]:
    given = p.get("start")
    if given is not None:
        fit = numbers(given, "start").copy()
        if fit.shape != (len(model.terms),):
            wanted = str((len(model.terms),))
            raise Invalid("methods-shape", argument="start", wanted=wanted, found=str(fit.shape))
        if np.any(np.isnan(fit)):
            raise Invalid("methods-not-numbers", argument="start")
        if model.data.sizes:
            if np.any(fit[-model.data.sizes :] <= 0):
                raise Invalid("methods-range", argument="start", low=0, high="∞")
            fit[-model.data.sizes :] = -np.log(fit[-model.data.sizes :])
        return [fit]
    if p.get("like") is not None:
        one_of(p["like"], ("surveillance",), "like")
        return [hhh4_port.search(model, _level(model, 0.0, 2.0))]
    starts = [_start(model, -0.7)]
    if len(model.data.spans) > 1:
        # a season in the endemic part so steep that it is an outbreak a year is found from flat levels only
        starts += [_level(model, -1.0, -1.0), _level(model, 0.0, 2.0)]
        starts.append(_trusted(model.data, _level(model, -1.0, 0.0)))
    return starts


def _start(model: Model, share: float) -> Floats:
    """Epidemic parts that together give exp(share) of the mean, the rest endemic, psi 0.1."""
    fit: list[float] = []
    parts = [piece for piece in model.pieces if piece is not None]
    epidemic = len(parts) - 1
    for number, piece in enumerate(parts):
        part = np.exp(share) / epidemic if number < epidemic else (1 - np.exp(share) if epidemic else 1.0)
        beta = np.zeros(piece.width())
        if piece.unit:
            number_of = np.bincount(model.where[0], minlength=len(piece.times))
            seen = np.bincount(model.where[0], model.data.y, len(piece.times)) / np.maximum(number_of, 1)
            beta[piece.columns.shape[1] :] = np.log(part * seen / (piece.times.mean(axis=1) + 1e-10) + 1e-10)
        elif piece.columns.shape[1] and np.all(piece.columns[:, 0] == 1):
            beta[0] = np.log(part * model.data.y.mean() / (piece.times.mean() + 1e-10) + 1e-10)
        fit += beta.tolist()
    return np.array(fit + [np.log(10.0)] * model.data.sizes)


def _level(model: Model, epidemic: float, size: float) -> Floats:
    """All 0 but the levels of the epidemic parts, and the sizes."""
    fit = np.zeros(len(model.terms))
    begin = 0
    for number, piece in enumerate(model.pieces):
        if piece is None:
            continue
        if number < 2:
            first = begin + piece.columns.shape[1] if piece.unit else begin
            fit[first : begin + piece.width() if piece.unit else begin + 1] = epidemic
        begin += piece.width()
    fit[len(fit) - model.data.sizes :] = size
    return fit


def climb(model: Model, fit: Floats) -> tuple[Floats, float]:
    """The top next to this place, and its height; minus infinity where the likelihood overflows."""
    found: tuple[Floats, float] = _climbed(model.data, fit)
    return found


@njit(cache=True, error_model="numpy")
def _climbed(data: Counted, fit: Floats) -> tuple[Floats, float]:
    """Newton's steps, damped until they rise; scaled so that trend and level weigh alike."""
    damping = 1e-3
    value, gradient, bend = derivatives(data, fit)
    if not _finite(value, gradient, bend):
        return fit, -np.inf
    for _ in range(ROUNDS):
        scale, roots, axes = _turned(bend)
        steep = axes.T @ (gradient / scale)
        if np.min(roots) > 0 and np.sum(steep * steep / roots) < 1e-9:
            break
        risen, tried = False, fit
        for _ in range(40):
            tried = fit + (axes @ (steep / (np.abs(roots) + damping))) / scale
            if height(data, tried) > value:
                risen = True
                break
            damping = max(damping, 1e-12) * 8
        if not risen:
            break
        damping = damping / 16 if damping > 1e-12 else 0.0
        there, by, bent = derivatives(data, tried)
        if not _finite(there, by, bent):
            break
        fit, value, gradient, bend = tried, there, by, bent
    return _settled(data, fit, value, gradient, bend)


@njit(cache=True, error_model="numpy")
def _settled(
    data: Counted, fit: Floats, value: float, gradient: Floats, bend: Floats
) -> tuple[Floats, float]:
    """After two last full steps: their gain is below what the likelihood can show, their use for the digits is not."""
    for _ in range(2):
        scale, roots, axes = _turned(bend)
        if not np.min(roots) > 0:
            break
        last = fit + (axes @ ((axes.T @ (gradient / scale)) / roots)) / scale
        if not np.all(np.isfinite(last)) or not height(data, last) >= value - 1e-9 * abs(value):
            break  # NaN is no rise
        there, by, bent = derivatives(data, last)
        if not _finite(there, by, bent) or np.abs(by).max() > np.abs(gradient).max():
            break
        fit, value, gradient, bend = last, there, by, bent
    return fit, value


@njit(cache=True, error_model="numpy")
def _turned(bend: Floats) -> tuple[Floats, Floats, Floats]:
    """The scale of each coefficient, and the roots and axes of the second derivatives in it."""
    scale = np.sqrt(np.maximum(np.abs(np.diag(bend)), 1e-12))
    roots, axes = np.linalg.eigh(bend / scale.reshape(-1, 1) / scale)
    return scale, roots, axes


@njit(cache=True, error_model="numpy")
def _trusted(data: Counted, begin: Floats) -> Floats:
    """Steps in a region of trust of radius 1 at first (Conn, Gould, Toint, Trust-Region Methods, 2000, algorithm
    6.1.1), to where the gradient is small; `begin` again where the derivatives overflow."""
    fit, radius = begin, 1.0
    value, gradient, bend = derivatives(data, fit)
    for _ in range(500):
        if not _finite(value, gradient, bend):
            return begin
        if np.sqrt(np.sum(gradient * gradient)) < SMALL:
            break
        step, at_edge = _within(gradient, bend, radius)
        promised = np.sum(gradient * step) - np.sum(step * (bend @ step)) / 2
        if not promised > 0:
            break
        after = height(data, fit + step)
        kept = (after - value) / promised
        if not kept >= 0.25:  # NaN too
            radius /= 4
        elif kept > 0.75 and at_edge:
            radius = min(2 * radius, 1000.0)
        if kept > 0.15:
            fit = fit + step
            value, gradient, bend = derivatives(data, fit)
    return fit


@njit(cache=True, error_model="numpy")
def _within(gradient: Floats, bend: Floats, radius: float) -> tuple[Floats, bool]:
    """The step of at most `radius` to the highest point of the parabola, and whether it lies at the edge."""
    roots, axes = np.linalg.eigh(bend)
    steep = axes.T @ gradient
    if roots[0] > 0 and np.sum((steep / roots) ** 2) <= radius * radius:
        return axes @ (steep / roots), False
    low = max(0.0, -roots[0])
    high = low + np.sqrt(np.sum(gradient * gradient)) / radius
    for _ in range(60):
        more = (low + high) / 2
        if np.sum((steep / (roots + more)) ** 2) > radius * radius:
            low = more
        else:
            high = more
    step = steep / (roots + high)
    # where no slope leads along the lowest axis the step ends inside: the rest of the way goes along it
    step[0] += np.copysign(np.sqrt(max(radius * radius - np.sum(step * step), 0.0)), steep[0])
    return axes @ step, True


@njit(cache=True, error_model="numpy")
def _finite(value: float, gradient: Floats, bend: Floats) -> bool:
    return bool(np.isfinite(value) and np.isfinite(gradient).all() and np.isfinite(bend).all())


def inverse(bend: Floats) -> tuple[Floats, bool]:
    """The inverse, and whether the matrix was positive definite."""
    scale = np.sqrt(np.maximum(np.abs(np.diag(bend)), 1e-300))
    turned = bend / scale[:, None] / scale[None]
    try:
        factor = linalg.cho_factor(turned)
    except (ValueError, linalg.LinAlgError):  # not finite, or not positive definite
        return np.full_like(bend, np.nan), False
    answer: Floats = linalg.cho_solve(factor, np.eye(len(bend))) / scale[:, None] / scale[None]
    return answer, True
