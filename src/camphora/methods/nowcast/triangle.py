"""The reporting triangle: cases by day of onset and by days until the report, as known on a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, numbers, one_of, whole, within
from camphora.methods.made import Made

VERSION = 1
LATE = ("last", "leave out")
FURTHEST = 10**12


@dataclass(frozen=True, slots=True)
class Triangle:
    """`counts` (days, delays), the delay from 0 to `longest`; NaN where the day of report lies after `now`. The last
    row is `now`. `unknown`: rows of the list without onset or report; `impossible`: those reported before onset;
    `outside`: those with an onset outside of the rows; `late`: those with more than the longest delay."""

    counts: Floats
    unknown: int
    impossible: int
    outside: int
    late: int
    made: Made


def triangle(
    onset: ArrayLike, report: ArrayLike, *, now: int, first: int, longest: int, late: str = "last"
) -> Triangle:
    """From a line list: days of onset and of report of each case as whole numbers of one scale (days since any date;
    weeks as well, where the last must be complete), NaN where unknown; both of shape (cases,).

    What is reported after `now` is not used: the triangle of an earlier day can be made from a later list. Delays
    beyond `longest` count as `longest` (`late="last"`, so that no known case is lost) or are left out. Nothing is
    dropped in silence: see Triangle. Invalid `methods-not-whole`, `methods-range`, `methods-shape`.
    """
    one_of(late, LATE, "late")
    longest = whole(longest, 1, 10_000, "longest")
    now, first = whole(now, -FURTHEST, FURTHEST, "now"), whole(first, -FURTHEST, FURTHEST, "first")
    within(now - first, longest, 1_000_000, "now - first")
    began = _whole(onset, "onset")
    told = _whole(report, "report", began.shape)
    made = Made(
        "nowcast.triangle.triangle",
        VERSION,
        {"now": now, "first": first, "longest": longest, "late": late},
    )
    unknown = np.isnan(began) | np.isnan(told)
    known = ~unknown & ~(told > now)
    impossible = known & (told < began)
    outside = known & ~impossible & ((began < first) | (began > now))
    used = known & ~impossible & ~outside
    day, delay = (began[used] - first).astype(np.int64), (told[used] - began[used]).astype(np.int64)
    over = delay > longest
    kept = np.ones_like(over) if late == "last" else ~over
    counts = np.zeros((now - first + 1, longest + 1))
    np.add.at(counts, (day[kept], np.minimum(delay[kept], longest)), 1)
    counts[hidden(*counts.shape)] = np.nan
    return Triangle(
        counts, int(unknown.sum()), int(impossible.sum()), int(outside.sum()), int(over.sum()), made
    )


def hidden(days: int, delays: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Which cells lie after the last day."""
    return np.arange(days)[:, None] + np.arange(delays)[None] > days - 1


def checked(given: ArrayLike) -> Floats:
    """Triangles as (series, days, delays); NaN in the corner that lies ahead and nowhere else. Invalid
    `methods-triangle`, `methods-shape`."""
    found = numbers(given, "triangle")
    found = found[None] if found.ndim == 2 else found
    if found.ndim != 3 or found.shape[1] < found.shape[2] or found.shape[2] < 2:
        raise Invalid(
            "methods-shape",
            argument="triangle",
            wanted="(series, days, delays), delays ≤ days",
            found=str(found.shape),
        )
    ahead = hidden(*found.shape[1:])
    if np.any(np.isnan(found) != ahead) or np.any(found < 0):
        raise Invalid("methods-triangle", argument="triangle")
    return found


def _whole(given: ArrayLike, name: str, shape: tuple[int, ...] | None = None) -> Floats:
    found = numbers(given, name)
    if found.ndim != 1 or (shape is not None and found.shape != shape):
        raise Invalid("methods-shape", argument=name, wanted=str(shape or "(cases,)"), found=str(found.shape))
    if np.any(found[~np.isnan(found)] % 1):
        raise Invalid("methods-not-whole", argument=name)
    return found
