"""What a method may be given: each argument that is wrong is named, with what would be right."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.errors import Invalid

Floats = NDArray[np.float64]


def series(given: ArrayLike, name: str = "counts", *, least: int = 1) -> Floats:
    """Series as rows, shape (series, times); one series becomes one row. NaN is a missing value. Invalid
    `methods-shape`, `methods-negative`, `methods-infinite`, `methods-short`."""
    found = np.atleast_2d(numbers(given, name))
    if found.ndim != 2:
        raise Invalid("methods-shape", argument=name, wanted="(series, times)", found=str(found.shape))
    if found.shape[1] < least:
        raise Invalid("methods-short", argument=name, least=least, found=found.shape[1])
    if np.any(found < 0):
        raise Invalid("methods-negative", argument=name)
    return found


def numbers(given: ArrayLike, name: str) -> Floats:
    """As floats; NaN is a missing value. Invalid `methods-not-numbers`, `methods-infinite`."""
    try:
        found = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise Invalid("methods-not-numbers", argument=name) from None
    if np.any(np.isinf(found)):
        raise Invalid("methods-infinite", argument=name)
    return found


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
    if not low <= value <= high:
        raise Invalid("methods-range", argument=name, low=low, high=high)
    return value


def one_of(value: Any, known: tuple[str, ...], name: str) -> str:
    """Invalid `methods-choice`."""
    if value not in known:
        raise Invalid("methods-choice", argument=name, known="、".join(known))
    return str(value)
