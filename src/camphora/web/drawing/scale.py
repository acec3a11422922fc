"""Where things stand: round ticks, few dates, labels that keep off one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

STEPS_OF_DATES = (1, 2, 3, 4, 6, 12, 13, 24, 26, 52, 104)


class Scale(NamedTuple):
    """A value's range and its round ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """0 at the low end, 1 at the high end."""
        return (value - self.low) / (self.high - self.low)


def scale(
    values: Sequence[float], low: float | None = None, high: float | None = None, about: int = 4
) -> Scale:
    """A round range that holds all values (and zero, unless `low` says otherwise), with about `about` steps."""
    least = min([*values, 0.0]) if low is None else min([low, *values])
    most = max(values, default=1.0) if high is None else max([high, *values])
    if most - least < 1e-12:
        most = least + 1
    step = _round_step((most - least) / about)
    first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    return Scale(first * step, last * step, tuple(round(k * step, 10) for k in range(first, last + 1)))


def _round_step(raw: float) -> float:
    power = 10 ** math.floor(math.log10(raw))
    return next(float(power * unit) for unit in (1, 2, 2.5, 5, 10) if power * unit >= raw * (1 - 1e-9))


def date_ticks(count: int, most: int = 7) -> list[int]:
    """Positions that bear a label: the first, then at even steps, at most `most`."""
    if count <= 0:
        return []
    step = next((s for s in STEPS_OF_DATES if math.ceil(count / s) <= most), math.ceil(count / most))
    return list(range(0, count, step))


def keep_apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places nearest to those wanted, each at least `gap` from the next, all within low..high where they fit.

    Pools that touch share the move between them, so that no label is pushed further than it must be."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    pools: list[list[float]] = []  # [centre of the first label, number of labels]
    for rank, index in enumerate(order):
        pools.append([wanted[index] - rank * gap, 1])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            start, size = pools.pop()
            pools[-1] = [
                (pools[-1][0] * pools[-1][1] + start * size) / (pools[-1][1] + size),
                pools[-1][1] + size,
            ]
    starts = [start for start, size in pools for _ in range(int(size))]
    top = max(low, high - gap * (len(wanted) - 1))
    placed = [0.0] * len(wanted)
    for rank, index in enumerate(order):
        placed[index] = min(max(starts[rank], low), top) + rank * gap
    return placed


def rows(spans: Sequence[tuple[float, float]]) -> list[int]:
    """The first row of each span in which it meets no other: 0 is the lowest."""
    taken: list[list[tuple[float, float]]] = []
    answer = []
    for start, end in spans:
        free = (k for k, row in enumerate(taken) if all(end <= a or b <= start for a, b in row))
        row = next(free, len(taken))
        if row == len(taken):
            taken.append([])
        taken[row].append((start, end))
        answer.append(row)
    return answer
