"""One place of what is watched as if it were all of it: for the bulletin of a county.

Its signals are those that the nation's week showed, its forecasts those that were made of it among all; nothing is
judged anew, so that the county's bulletin and the nation's never say two things of one count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from camphora.engines.watch.evidence import Evidence
from camphora.engines.watch.forecasts import Forecasts
from camphora.engines.watch.series import Series
from camphora.engines.watch.sweep import Sweep
from camphora.engines.watch.watching import Edition, Rows, Watched
from camphora.methods.detection.many import Signals


def narrowed(watched: Watched, area: str) -> Watched:
    """What is watched, of one place alone; its forecasts where they have been made. Invalid `watch-no-series`."""
    series = watched.series
    series.row(area)
    rows = np.array([row for row, (each, _) in enumerate(series.keys) if each == area])
    keys = tuple(("", series.keys[row][1]) for row in rows)
    parent = np.where(np.arange(len(rows)) == 0, -1, 0)
    own = replace(series, keys=keys, parent=parent, counts=series.counts[rows])
    editions = tuple(
        Edition(each.version, _of(each.rows, watched.watch.area, area)) for each in watched.editions
    )
    found = Watched(
        watched.watch, own, watched.as_of, watched.source, watched.version, editions, beforehand=False
    )
    found.take(
        _sweep(watched.sweep, own, rows, area),
        _forecasts(watched.forecasts, area) if watched.is_foreseen else None,
    )
    return found


def _of(rows: Rows, column: str, area: str) -> Rows:
    def read() -> Iterable[Mapping[str, Any]]:
        return (row for row in rows() if str(row[column]) == area)

    return read


def _sweep(sweep: Sweep, series: Series, rows: np.ndarray[Any, Any], area: str) -> Sweep:
    evidence = tuple(_evidence(each, rows) for each in sweep.evidence)
    shown = sweep.shown
    own = Signals(shown.found[rows], shown.shown[rows], shown.rank[rows], shown.made)
    return replace(
        sweep, series=series, evidence=evidence, p=sweep.p[rows], by=sweep.by[rows], shown=own, whole=area
    )


def _evidence(one: Evidence, rows: np.ndarray[Any, Any]) -> Evidence:
    return replace(
        one, expected=one.expected[rows], upper=one.upper[rows], p=one.p[rows], alarm=one.alarm[rows]
    )


def _forecasts(made: Forecasts, area: str) -> Forecasts:
    at = [made.areas.index(area)]
    baselines = {name: values[at] for name, values in made.baselines.items()}
    return replace(made, areas=("",), quantiles=made.quantiles[at], came=made.came[at], baselines=baselines)
