"""The table of forecasts as the hubs take it (hubverse): made, checked and written. Quantile tables only: of rows of
other output types (mean, median, cdf, pmf, sample) it is said that they are not looked at."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from camphora.errors import Invalid
from camphora.methods.arguments import day, names, numbers
from camphora.methods.made import Made

COLUMNS = (
    "reference_date",
    "target",
    "horizon",
    "location",
    "target_end_date",
    "output_type",
    "output_type_id",
    "value",
)
OTHER_TYPES = ("mean", "median", "cdf", "pmf", "sample")
LEVELS = (0.01, 0.025, *(round(0.05 * step, 2) for step in range(1, 20)), 0.975, 0.99)
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong with a row (from 1; 0 is the whole table) in `column`: a short `reason`."""

    row: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Tasks:
    """What a hub asks for: its `targets`, `locations`, `horizons` (in `days` each from the reference date) and quantile
    `levels`; whether values are counts, and so neither negative."""

    targets: tuple[str, ...]
    locations: tuple[str, ...]
    horizons: tuple[int, ...]
    levels: tuple[float, ...] = LEVELS
    days: int = 7
    counts: bool = True


class Table(list[Row]):
    """The rows of a table, and how it was `made`."""

    __slots__ = ("made",)

    def __init__(self, rows: Iterable[Row], made: Made) -> None:
        super().__init__(rows)
        self.made = made


FIELDS = tuple(each.name for each in fields(Tasks))


def table(
    quantiles: ArrayLike,
    *,
    reference: str,
    target: str,
    locations: Sequence[str],
    tasks: Tasks | Mapping[str, Any],
) -> Table:
    """Rows from quantiles (locations, horizons, levels) as forecast with the data up to `reference` (ISO date). `tasks`
    may also be given by the names of its fields, as JSON holds it. Invalid `methods-shape`, `methods-missing`,
    `methods-date`."""
    found, asked = numbers(quantiles, "quantiles"), _asked(tasks)
    if not isinstance(target, str) or target not in asked.targets:
        raise Invalid("methods-choice", argument="target", known="、".join(asked.targets))
    locations = [str(each) for each in names(locations, "locations")]
    wanted = (len(locations), len(asked.horizons), len(asked.levels))
    if found.shape != wanted:
        raise Invalid("methods-shape", argument="quantiles", wanted=str(wanted), found=str(found.shape))
    if np.isnan(found).any():
        raise Invalid("methods-missing", argument="quantiles")
    start = day(reference, "reference")
    rows = [
        {
            "reference_date": start.isoformat(),
            "target": target,
            "horizon": str(horizon),
            "location": location,
            "target_end_date": (start + timedelta(days=asked.days * horizon)).isoformat(),
            "output_type": "quantile",
            "output_type_id": f"{level:g}",
            "value": f"{found[i, j, k]:.10g}",
        }
        for i, location in enumerate(locations)
        for j, horizon in enumerate(asked.horizons)
        for k, level in enumerate(asked.levels)
    ]
    parameters = {"reference": reference, "target": target, "locations": locations, "tasks": asdict(asked)}
    return Table(rows, Made("scoring.hub.table", 1, parameters))


def check(rows: Sequence[Row], *, tasks: Tasks) -> list[Defect]:
    """Everything that a hub would refuse of quantiles: columns, dates, unknown targets, locations, horizons and levels,
    values that are no finite numbers or negative counts, keys that occur twice, quantiles that cross, and forecasts of
    which levels are missing. An empty list is a table without a defect, as far as it was looked at: quantile tables
    only. Rows of a hub's other output types are passed over, neither right nor wrong; `not_looked_at` gives them.
    Source: hubverse documentation, model output and tasks (hubdocs, 2024)."""
    _asked(tasks)
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        return [Defect(0, "", "no rows")]
    wrong = [Defect(0, name, "missing column") for name in COLUMNS if any(name not in row for row in rows)]
    if wrong or not rows:
        return wrong or [Defect(0, "", "no rows")]
    passed = set(not_looked_at(rows))
    looked = [(number, row) for number, row in enumerate(rows, 1) if number not in passed]
    for number, row in looked:
        wrong += [Defect(number, column, reason) for column, reason in _of_row(row, tasks)]
    return wrong or list(_of_forecasts(looked, tasks))


def not_looked_at(rows: Sequence[Row]) -> list[int]:
    """The rows (from 1) that `check` passes over: those of the output types mean, median, cdf, pmf and sample."""
    if not isinstance(rows, list | tuple):
        return []
    return [
        number
        for number, row in enumerate(rows, 1)
        if isinstance(row, Mapping) and row.get("output_type") in OTHER_TYPES
    ]


def write(rows: Sequence[Row], *, tasks: Tasks) -> str:
    """As CSV with the hub's columns in order. Invalid `methods-hub` (how many defects, and the first) unless valid, and
    for rows that `check` does not look at: what is written was checked."""
    wrong = check(rows, tasks=tasks)
    wrong += [Defect(number, "output_type", "not looked at") for number in not_looked_at(rows)]
    if wrong:
        raise Invalid(
            "methods-hub",
            defects=len(wrong),
            row=wrong[0].row,
            column=wrong[0].column,
            reason=wrong[0].reason,
        )
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read(text: str) -> list[dict[str, str]]:
    """The rows of such a CSV, unchecked. Invalid `methods-hub` unless it is text."""
    if not isinstance(text, str):
        raise Invalid("methods-hub", defects=1, row=0, column="", reason="no text")
    return list(csv.DictReader(io.StringIO(text)))


def _asked(tasks: Tasks | Mapping[str, Any]) -> Tasks:
    if isinstance(tasks, Mapping) and {"targets", "locations", "horizons"} <= set(tasks) <= set(FIELDS):
        lists = {name: tuple(each) for name, each in tasks.items() if isinstance(each, list | tuple)}
        tasks = Tasks(**{**tasks, **lists})
    if not isinstance(tasks, Tasks):
        raise Invalid("methods-choice", argument="tasks", known="scoring.hub.Tasks")
    return tasks


def _of_row(row: Row, tasks: Tasks) -> Iterator[tuple[str, str]]:
    horizon, reference, end = (
        _whole(row["horizon"]),
        _day(row["reference_date"]),
        _day(row["target_end_date"]),
    )
    if reference is None:
        yield "reference_date", "not a date"
    if horizon is None or horizon not in tasks.horizons:
        yield "horizon", "not asked for"
    elif end is None or (reference is not None and end != reference + timedelta(days=tasks.days * horizon)):
        yield "target_end_date", "does not follow from reference_date and horizon"
    for column, known in (
        ("target", tasks.targets),
        ("location", tasks.locations),
        ("output_type", ("quantile",)),
    ):
        if row[column] not in known:
            yield column, "not asked for"
    level = _number(row["output_type_id"])
    if level is None or not any(abs(level - each) < 1e-9 for each in tasks.levels):
        yield "output_type_id", "not asked for"
    value = _number(row["value"])
    if value is None:
        yield "value", "not a finite number"
    elif tasks.counts and value < 0:
        yield "value", "negative"


def _of_forecasts(rows: Sequence[tuple[int, Row]], tasks: Tasks) -> Iterator[Defect]:
    forecasts: dict[tuple[str, ...], list[tuple[float, float, int]]] = defaultdict(list)
    for number, row in rows:
        key = tuple(row[name] for name in COLUMNS[:5])
        forecasts[key].append((float(row["output_type_id"]), float(row["value"]), number))
    for found in forecasts.values():
        levels = Counter(round(level, 9) for level, _, _ in found)
        ordered = sorted(found)
        if any(count > 1 for count in levels.values()):
            yield Defect(ordered[0][2], "output_type_id", "level occurs twice")
        elif len(levels) < len(tasks.levels):
            yield Defect(ordered[0][2], "output_type_id", "levels are missing")
        elif any(later[1] < earlier[1] for earlier, later in pairwise(ordered)):
            yield Defect(ordered[0][2], "value", "quantiles cross")


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found) else None


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except (TypeError, ValueError):
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None
