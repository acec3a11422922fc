"""The parts of the endemic-epidemic model, put together from what is given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, flags, inside, numbers, one_of, same_shape, series, texts
from camphora.methods.detection import hhh4_law as law
from camphora.methods.detection.bounds import whole

FAMILIES = ("Poisson", "NegBin1", "NegBinM")
LEVELS = ("none", "common", "unit")
DEFAULTS: dict[str, Any] = {
    "endemic": "common",
    "trend": False,
    "seasons": 1,
    "ar": "common",
    "ar_trend": False,
    "ar_seasons": 0,
    "ne": "none",
    "ne_trend": False,
    "ne_seasons": 0,
    "family": "NegBin1",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the mean: `columns` of time, shape (times - 1, n), a level for each unit where `unit`, and what it is
    multiplied with, shape (units, times - 1)."""

    columns: Floats
    unit: bool
    times: Floats

    def width(self) -> int:
        common: int = self.columns.shape[1]
        return common + (len(self.times) if self.unit else 0)

    def mean(self, beta: Floats) -> Floats:
        """Shape (units, times - 1)."""
        wave = self.columns @ beta[: self.columns.shape[1]]
        level = beta[self.columns.shape[1] :, None] if self.unit else 0.0
        return self.times * np.exp(np.minimum(wave[None] + level, law.STEEPEST))


@dataclass(frozen=True, slots=True)
class Model:
    data: law.Counted
    where: tuple[NDArray[np.int64], NDArray[np.int64]]
    pieces: tuple[Part | None, ...]
    terms: tuple[str, ...]

    @classmethod
    def of(
        cls, counts: ArrayLike, neighbours: ArrayLike | None, offset: ArrayLike | None, p: dict[str, Any]
    ) -> Model:
        found = series(counts, least=3)
        refuse(p)
        if (p["ne"] != "none") != (neighbours is not None):
            raise Invalid(
                "methods-choice", argument="ne", known="none" if neighbours is None else "common、unit"
            )
        if not np.nansum(found[:, 1:]) > 0:
            raise Invalid("methods-no-cases", argument="counts")
        names = [str(n) for n in range(1, len(found) + 1)]
        if p["units"] is not None:
            names = [str(each) for each in texts(p["units"], "units", (len(found),))]
        factors = (found[:, :-1], _arriving(found[:, :-1], neighbours), spread(offset, found)[:, 1:])
        pieces, terms, known = _pieces(found, factors, names, p)
        sizes = {"Poisson": 0, "NegBin1": 1, "NegBinM": len(found)}[p["family"]]
        terms += ["overdisp"] if sizes == 1 and p["family"] == "NegBin1" else []
        terms += [f"overdisp.{name}" for name in names] if p["family"] == "NegBinM" else []
        rows_of, times_of = np.nonzero(_explained(found[:, 1:], known, pieces))
        where = rows_of.astype(np.int64), times_of.astype(np.int64)
        y = found[:, 1:][where]
        if len(y) <= len(terms):
            raise Invalid("methods-short", argument="counts", least=len(terms) + 2, found=len(y))
        of_counts = float(special.gammaln(y + 1).sum())
        data = law.Counted(y, of_counts, *where, **_beside(pieces), sizes=sizes)
        return cls(data, where, tuple(pieces), tuple(terms))

    def parts(self, fit: Floats) -> tuple[Floats, Floats, Floats]:
        """The means of the endemic, the autoregressive and the neighbours' part."""
        found, begin = [], 0
        shape = next(piece for piece in self.pieces if piece is not None).times.shape
        for piece in self.pieces:
            if piece is None:
                found.append(np.zeros(shape))
                continue
            found.append(piece.mean(fit[begin : begin + piece.width()]))
            begin += piece.width()
        return found[2], found[0], found[1]

    def value(self, fit: Floats) -> float:
        """The log likelihood; minus infinity where a mean is none."""
        return float(law.value(self.data, fit))

    def derivatives(self, fit: Floats) -> tuple[float, Floats, Floats]:
        """The log likelihood, its gradient and its negated second derivatives."""
        found: tuple[float, Floats, Floats] = law.derivatives(self.data, fit)
        return found


def refuse(p: dict[str, Any]) -> None:
    one_of(p["family"], FAMILIES, "family")
    for name in ("endemic", "ar", "ne"):
        one_of(p[name], LEVELS, name)
    flags(trend=p["trend"], ar_trend=p["ar_trend"], ne_trend=p["ne_trend"])
    # the sine of half the frequency is 0 at every point
    most = math.ceil(inside(p["frequency"], 1, 100_000, "frequency") / 2) - 1
    for name in ("seasons", "ar_seasons", "ne_seasons"):
        whole(p[name], 0, name, most)


def _pieces(
    found: Floats, factors: tuple[Floats, Floats, Floats], names: list[str], p: dict[str, Any]
) -> tuple[list[Part | None], list[str], NDArray[np.bool_]]:
    """The autoregressive, the neighbours' and the endemic part, the terms, and which counts are known."""
    known = ~np.isnan(found[:, 1:])
    pieces: list[Part | None] = []
    terms: list[str] = []
    settings = (
        ("ar", p["ar"], p["ar_trend"], p["ar_seasons"]),
        ("ne", p["ne"], p["ne_trend"], p["ne_seasons"]),
        ("end", p["endemic"], p["trend"], p["seasons"]),
    )
    for (part, level, trend, seasons), factor in zip(settings, factors, strict=True):
        if part != "end" and level == "none":
            pieces.append(None)
            continue
        known &= ~np.isnan(factor)
        columns, labels = _columns(found.shape[1], level == "common", trend, seasons, p["frequency"])
        pieces.append(Part(columns, level == "unit", np.nan_to_num(factor)))
        terms += [f"{part}.{label}" for label in labels]
        terms += [f"{part}.1.{name}" for name in names] if level == "unit" else []
    return pieces, terms, known


def _beside(pieces: list[Part | None]) -> dict[str, Any]:
    """Columns, spans and factors as `law.Counted` has them."""
    held = [piece for piece in pieces if piece is not None]
    spans, first, begin = [], 0, 0
    for piece in held:
        last = first + piece.columns.shape[1]
        spans.append((first, last, begin, int(piece.unit)))
        first, begin = last, begin + piece.width()
    columns = np.ascontiguousarray(np.concatenate([piece.columns for piece in held], axis=1))
    factors = np.array([piece.times for piece in held])
    return {"columns": columns, "spans": np.array(spans, dtype=np.int64), "factors": factors}


def _explained(y: Floats, known: NDArray[np.bool_], pieces: list[Part | None]) -> NDArray[np.bool_]:
    """Which known counts the parts can explain. A count of 0 where all parts are 0 tells nothing and is left out."""
    some = np.zeros_like(known)
    for name, piece in zip(("ar", "neighbours", "offset"), pieces, strict=True):
        if piece is not None:
            here = piece.times > 0
            if known.any() and not np.any(here & known):
                raise Invalid("methods-no-part", argument=name)
            some |= here
    if np.any(known & ~some & (y > 0)):
        raise Invalid("methods-impossible", argument="offset")
    return known & some


def _columns(
    times: int, level: bool, trend: bool, seasons: int, frequency: float
) -> tuple[Floats, list[str]]:
    t = np.arange(1, times, dtype=np.float64)
    columns, labels = ([np.ones(times - 1)], ["1"]) if level else ([], [])
    if trend:
        columns.append(t)
        labels.append("t")
    period = f"{frequency:g}"
    for harmonic in range(1, seasons + 1):
        angle = 2 * harmonic * np.pi * t / frequency
        columns += [np.sin(angle), np.cos(angle)]
        labels += [f"sin({2 * harmonic} * pi * t/{period})", f"cos({2 * harmonic} * pi * t/{period})"]
    return np.stack(columns, axis=1) if columns else np.zeros((times - 1, 0)), labels


def _arriving(before: Floats, neighbours: ArrayLike | None) -> Floats:
    if neighbours is None:
        return np.zeros_like(before)
    weights = numbers(neighbours, "neighbours")
    if weights.shape != (len(before), len(before)):
        wanted = str((len(before), len(before)))
        raise Invalid("methods-shape", argument="neighbours", wanted=wanted, found=str(weights.shape))
    if np.isnan(weights).any() or np.any(weights < 0):
        raise Invalid("methods-negative", argument="neighbours")
    away = weights * (1 - np.eye(len(before)))
    missing = (away > 0).T.astype(np.float64) @ np.isnan(before) > 0
    arriving = away.T @ np.nan_to_num(before)
    return np.where(missing, np.nan, arriving)


def spread(offset: ArrayLike | None, counts: Floats) -> Floats:
    if offset is None:
        return np.ones_like(counts)
    given = numbers(offset, "offset")
    if np.any(given < 0):
        raise Invalid("methods-negative", argument="offset")
    return same_shape(
        given[:, None] if given.ndim == 1 and len(given) == len(counts) else given, counts, "offset"
    )
