"""Which rises of one week are one event: what another rise accounts for is told under it, not beside it.

Counts lie in a lattice: a county's age is below its county and below the nation's same age. The strongest rise of a
week is taken first; or the highest one above it of which the rest rose as much, so that a rise of many places is told
as one though each of them has the stronger evidence. It accounts for as much of the others as they share with it:

- a place below it is expected to rise in proportion: by the ratio of observed to expected above;
- from a place above or across it the cells that both have are taken.

What is left of a rise is as unlikely as the tail of a normal distribution has it: log p falls with the square of how
far the count lies beyond what was expected. A rise of which too little is left is under the one that accounts for most
of it; the strongest of the others is taken next.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
LEAST = 1e-9
"""A smaller expected count is none."""


@dataclass(frozen=True)
class Lattice:
    """`parent`: the row above each, -1 for the topmost; `across`: the other row above it, as the nation's same age
    above a county's, -1 where there is none."""

    parent: Whole
    across: Whole
    _above: dict[int, frozenset[int]] = field(default_factory=dict, compare=False, repr=False)

    def above(self, row: int) -> frozenset[int]:
        """All rows above one, by either way."""
        if row not in self._above:
            found: set[int] = set()
            for each in (int(self.parent[row]), int(self.across[row])):
                if each >= 0:
                    found |= {each, *self.above(each)}
            self._above[row] = frozenset(found)
        return self._above[row]

    @cached_property
    def _cells(self) -> Mapping[tuple[int, int], int]:
        both = np.flatnonzero((self.parent >= 0) & (self.across >= 0))
        return {(int(self.parent[row]), int(self.across[row])): int(row) for row in both}

    def common(self, one: int, other: int) -> int | None:
        """The row of what two have in common."""
        if one == other or other in self.above(one):
            return one
        if one in self.above(other):
            return other
        return self._cells.get((one, other), self._cells.get((other, one)))


@dataclass(frozen=True)
class Rises:
    """Counts, what was expected and the probability of each count, shape (series, weeks), by the method that ranks it.
    `own`: how unlikely an event must be."""

    lattice: Lattice
    counts: Floats
    expected: Floats
    p: Floats
    own: float

    def apart(self, week: int, order: Whole) -> Whole:
        """The rows of an order that are events of their own, in that order."""
        under = self.under(week, order)
        return np.array([row for row in order.tolist() if row not in under], dtype=np.int64)

    def under(self, week: int, order: Whole) -> dict[int, int]:
        """Of the rows of an order those that another accounts for, with that one."""
        least = _log(self.own)
        waiting = {row: _log(float(self.p[row, week])) for row in order.tolist()}
        taken: list[int] = []
        found: dict[int, int] = {}
        while waiting:
            strongest = self._topmost(week, min(waiting, key=waiting.__getitem__), waiting, least)
            del waiting[strongest]
            taken.append(strongest)
            for row in [each for each in waiting if self.lattice.common(each, strongest) is not None]:
                waiting[row], lead = self._left(week, row, taken)
                if waiting[row] > least:
                    found[row] = lead
                    del waiting[row]
        return found

    def _topmost(self, week: int, row: int, waiting: Mapping[int, float], least: float) -> int:
        """The highest of those waiting above a row whose rest, without the row, rose as much as it did."""
        while True:
            above = [each for each in waiting if each in self.lattice.above(row)]
            left = {each: self._beyond(week, row, self._rest(week, each, row)) for each in above}
            over = max(left, key=left.__getitem__) if left else None
            if over is None or left[over] <= least:
                return row
            row = over

    def _rest(self, week: int, whole: int, part: int) -> float:
        """The ratio of observed to expected of a series without one below it."""
        expected = float(self.expected[whole, week] - self.expected[part, week])
        return max(1.0, float(self.counts[whole, week] - self.counts[part, week]) / max(expected, LEAST))

    def _beyond(self, week: int, row: int, ratio: float, held: float = 0.0) -> float:
        """The logarithm of how unlikely what a rise is beyond a ratio is."""
        first = float(self.counts[row, week] - self.expected[row, week])
        left = (float(self.counts[row, week]) - ratio * float(self.expected[row, week]) - held) / ratio
        share = min(1.0, left / first) if first > 0 and left > 0 else 0.0
        return _log(float(self.p[row, week])) * share**2

    def _left(self, week: int, row: int, taken: list[int]) -> tuple[float, int]:
        """The logarithm of how unlikely what is left of a rise is, and the row that accounts for most of it."""
        ratios = {each: self._ratio(week, each) for each in taken if each in self.lattice.above(row)}
        ratio = max([1.0, *ratios.values()])
        held = self._held(week, row, taken, ratio)
        lead = max(ratios, key=ratios.__getitem__) if ratios else max(held, key=held.__getitem__)
        return self._beyond(week, row, ratio, sum(held.values())), lead

    def _ratio(self, week: int, row: int) -> float:
        return float(self.counts[row, week]) / max(float(self.expected[row, week]), LEAST)

    def _held(self, week: int, row: int, taken: list[int], ratio: float) -> dict[int, float]:
        """How much of a rise lies in the cells that it has in common with those taken beside or below it, each cell
        counted once."""
        above = self.lattice.above(row)
        common = {self.lattice.common(row, each): each for each in reversed(taken) if each not in above}
        return {
            each: self._excess(week, cell, ratio)
            for cell, each in common.items()
            if cell is not None and not self.lattice.above(cell) & common.keys()
        }

    def _excess(self, week: int, row: int, ratio: float) -> float:
        """None of it where nothing is known of what was expected."""
        found = float(self.counts[row, week]) - ratio * float(self.expected[row, week])
        return found if found > 0 else 0.0


def _log(p: float) -> float:
    """Of a probability that may be too small for a number."""
    return math.log(max(p, 1e-300))
