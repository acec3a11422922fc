"""One to four weeks ahead of every past week, from what was known in it; and each of them scored by what came to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camphora.engines.watch.series import Series
from camphora.errors import Invalid
from camphora.methods.forecasting import ensemble, holidays, naive
from camphora.methods.forecasting.forecast import LEVELS
from camphora.methods.scoring.scores import wis

Floats = NDArray[np.float64]
HORIZONS = 4
YEAR = 52
"""A forecast is made once a year of counts is known."""
MIDDLE = LEVELS.index(0.5)
BASELINES = ("flat", "seasonal")


@dataclass(frozen=True, slots=True)
class Ahead:
    """A forecast of one week: the median, and the 50 % and 95 % intervals; `came` what came to be, None if unknown."""

    week: str
    horizon: int
    median: float
    half: tuple[float, float]
    most: tuple[float, float]
    came: float | None


@dataclass(frozen=True, slots=True)
class Score:
    """Over the forecasts of a place and horizon (both None: all): the mean weighted interval score, its ratio to those
    of doing nothing (`flat`) and of last year's season (`seasonal`), and how often the 50 % and 95 % intervals held."""

    area: str | None
    horizon: int | None
    number: int
    wis: float
    against: Mapping[str, float]
    half: float
    most: float


@dataclass(frozen=True, slots=True)
class Forecasts:
    """`areas` in the order of `quantiles` (places, weeks, horizons, levels): from the counts up to and with that week.
    `came` (places, weeks, horizons): what came to be, NaN if not known yet; `baselines` the quantiles of the two naive
    forecasts."""

    areas: tuple[str, ...]
    label: NDArray[np.str_]
    quantiles: Floats
    came: Floats
    baselines: Mapping[str, Floats]
    made: Mapping[str, Any]

    def ahead(self, area: str, week: str) -> tuple[Ahead, ...]:
        """What was foreseen in a week; empty before there was a year of counts. Invalid `watch-no-series`,
        `watch-no-week`."""
        place, at = self._place(area), self._at(week)
        values = self.quantiles[place, at]
        if np.isnan(values).any():
            return ()
        return tuple(
            Ahead(
                self._later(at, step),
                step,
                float(values[step - 1, MIDDLE]),
                self._between(values[step - 1], 0.25),
                self._between(values[step - 1], 0.025),
                None if np.isnan(came := self.came[place, at, step - 1]) else float(came),
            )
            for step in range(1, HORIZONS + 1)
        )

    def scores(self, first: str, last: str) -> tuple[Score, ...]:
        """Of all forecasts made from one week to another: all together, by horizon, and by place and horizon."""
        weeks = slice(self._at(first), self._at(last) + 1)
        made = [self._score(weeks, None, None)]
        made += [self._score(weeks, None, step) for step in range(1, HORIZONS + 1)]
        made += [
            self._score(weeks, place, step)
            for place in range(len(self.areas))
            for step in range(1, HORIZONS + 1)
        ]
        return tuple(made)

    def _score(self, weeks: slice, place: int | None, step: int | None) -> Score:
        where = (
            slice(None) if place is None else slice(place, place + 1),
            weeks,
            slice(None) if step is None else slice(step - 1, step),
        )
        came, values = self.came[where], self.quantiles[where]
        scores = {
            name: np.asarray(wis(came, each, levels=LEVELS).value)
            for name, each in {
                "": values,
                **{name: self.baselines[name][where] for name in BASELINES},
            }.items()
        }
        known = np.logical_and.reduce([~np.isnan(each) for each in scores.values()])
        mean = {
            name: float(each[known].mean()) if known.any() else float("nan") for name, each in scores.items()
        }
        against = {name: mean[""] / mean[name] if mean[name] else float("nan") for name in BASELINES}
        held = (
            {level: float(self._held(came, values, level)[known].mean()) for level in (0.25, 0.025)}
            if known.any()
            else {}
        )
        area = None if place is None else self.areas[place]
        none = float("nan")
        return Score(
            area, step, int(known.sum()), mean[""], against, held.get(0.25, none), held.get(0.025, none)
        )

    @staticmethod
    def _held(came: Floats, values: Floats, level: float) -> NDArray[np.bool_]:
        low, high = LEVELS.index(level), LEVELS.index(1 - level)
        return np.asarray((values[..., low] <= came) & (came <= values[..., high]))

    @staticmethod
    def _between(values: Floats, level: float) -> tuple[float, float]:
        return float(values[LEVELS.index(level)]), float(values[LEVELS.index(1 - level)])

    def _place(self, area: str) -> int:
        if area not in self.areas:
            raise Invalid("watch-no-series")
        return self.areas.index(area)

    def _at(self, week: str) -> int:
        found = np.flatnonzero(self.label[: self.quantiles.shape[1]] == week)
        if not len(found):
            raise Invalid("watch-no-week", first=str(self.label[0]), last=str(self.label[-1 - HORIZONS]))
        return int(found[0])

    def _later(self, at: int, step: int) -> str:
        return str(self.label[at + step])


def forecasts_of(series: Series) -> Forecasts:
    """Of the nation and each place in all, by the ensemble, with the Lunar New Year known in advance."""
    rows = [row for row, (_, group) in enumerate(series.keys) if not group]
    counts, times = series.counts[rows], series.counts.shape[1]
    origins = list(range(times))
    known = holidays.by_week(start=str(series.first[0]), weeks=times + HORIZONS).known
    found = ensemble.ensemble(counts, known, origins=origins, horizons=HORIZONS)
    began = np.cumsum(~np.isnan(counts), axis=1) >= YEAR
    quantiles = np.where(began[:, :, None, None], found.quantiles, np.nan)
    came = np.full((len(rows), times, HORIZONS), np.nan)
    for step in range(1, HORIZONS + 1):
        came[:, : times - step, step - 1] = counts[:, step:]
    baselines = {
        "flat": naive.flat(counts, origins=origins, horizons=HORIZONS).quantiles,
        "seasonal": naive.seasonal(counts, origins=origins, horizons=HORIZONS).quantiles,
    }
    made = {**found.made.plain(), "parameters": {**found.made.parameters, "origins": None}}
    areas = tuple(series.keys[row][0] for row in rows)
    return Forecasts(areas, series.labels(HORIZONS), quantiles, came, baselines, made)
