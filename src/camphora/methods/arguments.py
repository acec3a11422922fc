"""What a method may be given: each argument that is wrong is named, with what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.errors import Invalid

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
MOST = 1e50
"""Nothing that is counted or measured is larger; powers and products of such numbers stay finite."""
SEEDS = 2**63 - 1
HUGE = 10**300


def series(given: ArrayLike, name: str = "counts", *, least: int = 1) -> Floats:
    """Series as rows, shape (series, times); one series becomes one row. NaN is a missing value. Invalid
    `methods-shape`, `methods-negative`, `methods-infinite`, `methods-short`."""
    found = np.atleast_2d(numbers(given, name))
    if found.ndim != 2:
        raise Invalid("methods-shape", argument=name, wanted="(series, times)", found=str(found.shape))
    if found.shape[1] < least:
        raise Invalid("methods-short", argument=name, least=least, found=found.shape[1])
    return not_negative(found, name)


def numbers(given: ArrayLike, name: str) -> Floats:
    """As floats; NaN, and None in a list, are missing values. Text, dates and complex numbers are no numbers. Invalid
    `methods-not-numbers`, `methods-masked`, `methods-infinite`, `methods-range` (beyond 1e50)."""
    if _masked(given):
        raise Invalid("methods-masked", argument=name)
    try:
        found = _floats(given)
    except (TypeError, ValueError, OverflowError):
        raise Invalid("methods-not-numbers", argument=name) from None
    furthest = _furthest(found.ravel())
    if furthest == np.inf:
        raise Invalid("methods-infinite", argument=name)
    if furthest > MOST:
        raise Invalid("methods-range", argument=name, low=-MOST, high=MOST)
    return found


def scores_of(given: ArrayLike, name: str) -> Floats:
    """As `numbers`; infinity is a score too."""
    if _masked(given):
        raise Invalid("methods-masked", argument=name)
    try:
        found = _floats(given)
    except (TypeError, ValueError, OverflowError):
        raise Invalid("methods-not-numbers", argument=name) from None
    numbers(np.where(np.isinf(found), 0.0, found), name)
    return found


def _furthest(values: Floats) -> float:
    """The largest absolute value, NaN left out."""
    return float(max(np.fmax.reduce(values, initial=0.0), -np.fmin.reduce(values, initial=0.0)))


def not_negative(given: Floats, name: str) -> Floats:
    """Invalid `methods-negative`."""
    if np.any(given < 0):
        raise Invalid("methods-negative", argument=name)
    return given


def same_shape(given: Floats, other: Floats, name: str) -> Floats:
    """`given` as wide as `other`. Invalid `methods-shape`."""
    try:
        return np.broadcast_to(given, other.shape)
    except ValueError:
        raise Invalid(
            "methods-shape", argument=name, wanted=str(other.shape), found=str(given.shape)
        ) from None


def within(value: float, low: float, high: float, name: str) -> float:
    """A number of an interval, its ends included. Invalid `methods-range`."""
    if not _is_number(value) or not low <= value <= high:
        raise Invalid("methods-range", argument=name, low=low, high=high)
    return value


def inside(value: float, low: float, high: float, name: str) -> float:
    """A number of an interval without its ends. Invalid `methods-range`."""
    if not _is_number(value) or not low < value < high:
        raise Invalid("methods-range", argument=name, low=low, high=high)
    return value


def whole(value: int, low: float, high: float, name: str) -> int:
    """A whole number of an interval, its ends included. Invalid `methods-range`; `methods-not-whole`, also for what is
    no number at all: an interval would not say what is wrong with a date."""
    if not _is_real(value):
        raise Invalid("methods-not-whole", argument=name)
    within(value, low, high, name)
    if value != int(value):
        raise Invalid("methods-not-whole", argument=name)
    return int(value)


def seeded(value: int, name: str = "seed") -> int:
    """A seed: a whole number, not negative. Invalid `methods-range`, `methods-not-whole`."""
    return whole(value, 0, SEEDS, name)


def flag(value: bool, name: str) -> bool:
    """True or False, and nothing that only counts as one. Invalid `methods-choice`."""
    if not isinstance(value, bool | np.bool_):
        raise Invalid("methods-choice", argument=name, known="True、False")
    return bool(value)


def flags(**given: bool) -> None:
    """Each of them by its name. Invalid `methods-choice`."""
    for name, value in given.items():
        flag(value, name)


def one_of(value: Any, known: tuple[str, ...], name: str) -> str:
    """Invalid `methods-choice`."""
    if not isinstance(value, str) or value not in known:
        raise Invalid("methods-choice", argument=name, known="、".join(known))
    return str(value)


def positions(given: Sequence[int], name: str) -> Whole:
    """Whole numbers in a row, shape (positions,). Invalid `methods-not-numbers`, `methods-not-whole`,
    `methods-shape`, `methods-range`."""
    found = numbers(given, name)
    if found.ndim != 1:
        raise Invalid("methods-shape", argument=name, wanted="(positions,)", found=str(found.shape))
    if not np.all(found == np.round(found)):
        raise Invalid("methods-not-whole", argument=name)
    if np.any(np.abs(found) > SEEDS):
        raise Invalid("methods-range", argument=name, low=-SEEDS, high=SEEDS)
    return found.astype(np.int64)


def chances(given: Sequence[float], name: str) -> Floats:
    """Probabilities in a row, 0 and 1 included, at least one. Invalid `methods-range`, `methods-shape`."""
    found = numbers(given, name)
    if found.ndim != 1 or not found.size:
        raise Invalid("methods-shape", argument=name, wanted="(1+,)", found=str(found.shape))
    if not np.all((found >= 0) & (found <= 1)):
        raise Invalid("methods-range", argument=name, low=0, high=1)
    return found


def names(given: ArrayLike, name: str, shape: tuple[int, ...] | None = None) -> NDArray[Any]:
    """Names or codes in a row that can be told apart and sorted: text, or numbers, none of them missing. Invalid
    `methods-shape`, `methods-names`, `methods-missing`, `methods-masked`."""
    found = texts(given, name, shape)
    if found.ndim != 1:
        raise Invalid("methods-shape", argument=name, wanted="(rows,)", found=str(found.shape))
    missing = found != found if found.dtype.kind != "O" else [each is None or each != each for each in found]  # noqa: PLR0124 - NaN
    if np.any(missing):
        raise Invalid("methods-missing", argument=name)
    if np.issubdtype(found.dtype, np.inexact) and np.any(np.isinf(found)):
        raise Invalid("methods-infinite", argument=name)
    kind(found, name)
    return found


def kind(found: NDArray[Any], name: str = "names") -> str:
    """Of what sort names are: text, number or date, and all of them the same. Invalid `methods-names`."""
    if found.dtype.kind != "O":
        return {"U": "text", "S": "bytes", "M": "date"}.get(found.dtype.kind, "number")
    sorts = {"text": str, "date": date, "number": Real}
    fits = [sort for sort, types in sorts.items() if all(isinstance(each, types) for each in found)]
    if not fits:
        raise Invalid("methods-names", argument=name)
    return fits[0]


def texts(given: ArrayLike, name: str, shape: tuple[int, ...] | None = None) -> NDArray[Any]:
    """Names or codes as an array, of `shape` where that is given. Invalid `methods-shape`, `methods-names`,
    `methods-masked`."""
    if _masked(given):
        raise Invalid("methods-masked", argument=name)
    try:
        found = np.asarray(given)
    except (TypeError, ValueError):
        raise Invalid("methods-names", argument=name) from None
    if found.dtype.kind in "cV":
        raise Invalid("methods-names", argument=name)
    if found.ndim == 0 or (shape is not None and found.shape != shape):
        raise Invalid("methods-shape", argument=name, wanted=str(shape or "(...)"), found=str(found.shape))
    return found


def day(given: str, name: str) -> date:
    """A day as ISO 8601 writes it. Invalid `methods-date`."""
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        raise Invalid("methods-date", argument=name) from None


def _is_number(value: Any) -> bool:
    return _is_real(value) and not (isinstance(value, int) and abs(value) >= HUGE)


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _floats(given: Any) -> Floats:
    if given is None:
        raise TypeError
    found = np.asarray(given)
    if found.dtype.kind not in "fiubO":
        raise TypeError
    if found.dtype.kind == "O" and any(isinstance(each, str | bytes) for each in found.flat):
        raise TypeError
    with np.errstate(over="ignore"):
        return found.astype(np.float64, copy=False)


def _masked(given: Any) -> bool:
    if isinstance(given, list | tuple):
        return any(isinstance(each, np.ma.MaskedArray) for each in given)  # the masked constant too
    return isinstance(given, np.ma.MaskedArray)
