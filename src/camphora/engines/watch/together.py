"""One budget of signals over all that a nation watches: whichever watch they are of, the first of a week are shown.

Each watch alone says which counts are unusual and in which order. Their signals of one week are ranked together by the
same probability by which each watch ranks its own, and what lies beyond the budget is not shown; so it is not silent
the week after. The budget is the greatest of those that the watches declare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from camphora.engines.watch.declaration import Budget
from camphora.engines.watch.events import Rises
from camphora.engines.watch.sweep import Floats, Sweep, ranked_by, rises_of
from camphora.methods.detection import many


def together(sweeps: Mapping[str, Sweep]) -> dict[str, Sweep]:
    """The same sweeps, each with what the common budget leaves of its signals."""
    lines = [_Line(each) for each in sweeps.values()]
    for week in sorted({week for line in lines for week in line.at}):
        there = [line for line in lines if week in line.at]
        told = {number: line.told(week) for number, line in enumerate(there)}
        most = max(line.budget(week).weekly for line in there)
        if sum(map(len, told.values())) > most:
            told = _first(there, week, told, most)
        for number, line in enumerate(there):
            line.tell(week, told[number])
    return {name: line.left() for name, line in zip(sweeps, lines, strict=True)}


def _first(
    lines: Sequence[_Line], week: str, told: Mapping[int, Sequence[int]], most: int
) -> dict[int, Sequence[int]]:
    """The first of all that several watches would show: by probability, then by how far beyond the expected count."""
    every = sorted(
        (*lines[number].place(week, row), number, place, row)
        for number, rows in told.items()
        for place, row in enumerate(rows)
    )[:most]
    return {number: [row for *_, one, _, row in every if one == number] for number in told}


class _Line:
    """One watch, week by week: what it would show after what the budget left of its earlier weeks."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self.at = {str(week): at for at, week in enumerate(sweep.series.label)}
        self._number = sweep.shown.shown.sum(axis=0).tolist()
        self._changed: int | None = None
        self._shown, self._rank = sweep.shown.shown, sweep.shown.rank
        self._budgets: dict[int, Budget] = {}
        self._ranked: dict[int, tuple[Floats, Floats]] = {}
        self._apart: dict[float, Rises] = {}

    def budget(self, week: str) -> Budget:
        """The settings in force in a week."""
        watch = self._sweep.watch
        decided = len(watch.decided(week))
        if decided not in self._budgets:
            self._budgets[decided] = watch.as_in(week).budget
        return self._budgets[decided]

    def told(self, week: str) -> Sequence[int]:
        """The rows that it would show by its own budget, by rank."""
        at, silence = self.at[week], self.budget(week).silence
        if self._changed is not None and at - self._changed <= silence:
            return self._heard(week, at, silence)
        if not self._number[at]:
            return ()
        rows = np.flatnonzero(self._sweep.shown.shown[:, at])
        return [int(row) for row in rows[np.argsort(self._sweep.shown.rank[rows, at])]]

    def _heard(self, week: str, at: int, silence: int) -> list[int]:
        """As a sweep finds them, silent after what was shown indeed."""
        p, score = self._measures(week)
        heard = self._sweep.shown.found[:, at] & (p[:, at] <= self.budget(week).own)
        order = self._rises(week).apart(at, many.in_order(np.flatnonzero(heard), p[:, at], score[:, at]))
        silent = np.flatnonzero(self._shown[:, max(0, at - silence) : at].any(axis=1))
        order = order[~np.isin(order, silent)]
        self._own()
        self._rank[:, at] = 0
        self._rank[order, at] = np.arange(1, len(order) + 1)
        return [int(row) for row in order[: self.budget(week).weekly]]

    def _rises(self, week: str) -> Rises:
        own, one = self.budget(week).own, self._sweep
        if own not in self._apart:
            self._apart[own] = rises_of(own, one.series, one.evidence, one.p, one.by)
        return self._apart[own]

    def place(self, week: str, row: int) -> tuple[float, float]:
        """By what a signal is ranked among those of other watches."""
        p, score = (float(each[row, self.at[week]]) for each in self._measures(week))
        return p, np.inf if np.isnan(score) else -score

    def _measures(self, week: str) -> tuple[Floats, Floats]:
        one, least = self._sweep, self.budget(week).least
        if least not in self._ranked:
            self._ranked[least] = ranked_by(one.series.counts, one.p, one.by, one.evidence, least)
        return self._ranked[least]

    def tell(self, week: str, rows: Sequence[int]) -> None:
        """Show these."""
        at = self.at[week]
        was = np.flatnonzero(self._sweep.shown.shown[:, at]) if self._number[at] else ()
        if len(rows) != len(was) or set(rows) != set(was):
            self._own()
            self._shown[:, at] = False
            self._shown[list(rows), at] = True
            self._changed = at

    def _own(self) -> None:
        """Write to arrays of one's own."""
        if self._shown is self._sweep.shown.shown:
            self._shown, self._rank = self._shown.copy(), self._rank.copy()

    def left(self) -> Sweep:
        if self._changed is None:
            return self._sweep
        shown = replace(self._sweep.shown, shown=self._shown, rank=self._rank)
        return replace(self._sweep, shown=shown)
