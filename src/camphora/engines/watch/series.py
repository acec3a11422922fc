"""The counts of a table's rows as series: one a place and group, with their sums above them, by week without gaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camphora.engines.watch.declaration import Watch
from camphora.errors import Invalid
from camphora.methods.weeks import first_day, labels, week_begins

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]
NATION = ""
"""The place of all places, and the group of all groups."""
NATION_KEY, ALL_KEY = "tw", "all"
"""How these two are called in the key of a signal."""


@dataclass(frozen=True, slots=True)
class Series:
    """`keys`: (place, group) of each row of `counts`, the empty name being all; `parent`: the row above each, -1 for
    the nation; `counts`: shape (series, weeks), NaN before a place first reported; `first`: the first day of each week;
    `label`: its number as "2019-03", in `system`."""

    keys: tuple[tuple[str, str], ...]
    parent: NDArray[np.int64]
    counts: Floats
    first: Days
    label: NDArray[np.str_]
    system: str

    @property
    def across(self) -> NDArray[np.int64]:
        """The row of the nation's same group above each place's group, -1 for the others."""
        rows = {group: row for row, (area, group) in enumerate(self.keys) if area == NATION and group}
        found = [rows.get(group, -1) if area else -1 for area, group in self.keys]
        return np.array(found, dtype=np.int64)

    def labels(self, more: int) -> NDArray[np.str_]:
        """The numbers of the weeks, and of so many after them."""
        later = self.first[-1] + (7 * np.arange(1, more + 1)).astype("timedelta64[D]")
        return np.concatenate([self.label, labels(later, system=self.system)])

    def row(self, area: str = NATION, group: str = "") -> int:
        """Where a place's series is. Invalid `watch-no-series`."""
        try:
            return self.keys.index((area, group))
        except ValueError:
            raise Invalid("watch-no-series") from None

    def at(self, label: str) -> int:
        """Where a week is. Invalid `watch-no-week`."""
        found = np.flatnonzero(self.label == label)
        if not len(found):
            raise Invalid("watch-no-week", first=str(self.label[0]), last=str(self.label[-1]))
        return int(found[0])


def series_of(watch: Watch, rows: Iterable[Mapping[str, Any]]) -> Series:
    """The series of rows of the watch's table: each place by group, each place, and all places by group and in all.

    Weeks run from the first row's to the last row's. A place's weeks before its first row are missing, since it had not
    begun to report; later ones without a row are 0, or missing where the declaration says so. A sum counts the places
    that report, and is missing while none does. Invalid `watch-no-rows`, `watch-group` for a group that is not
    declared."""
    taken = list(rows)
    if not taken:
        raise Invalid("watch-no-rows", table=watch.table)
    begins = _weeks(watch, taken)
    at = (begins - begins.min()).astype(np.int64) // 7
    places = sorted({str(row[watch.area]) for row in taken})
    groups = list(watch.groups) or [""]
    place = {name: number for number, name in enumerate(places)}
    group = {name: number for number, name in enumerate(groups)}
    cells = np.full((len(places), len(groups), int(at.max()) + 1), np.nan)
    where = (
        np.array([place[str(row[watch.area])] for row in taken]),
        np.array([_group(watch, group, row) for row in taken]),
        at,
    )
    np.put(cells, np.ravel_multi_index(where, cells.shape), 0.0)
    np.add.at(cells, where, [float(row[watch.count] or 0) for row in taken])
    _filled(cells, watch.absent)
    first: Days = begins.min() + (7 * np.arange(cells.shape[2])).astype("timedelta64[D]")
    keys, parent, counts = _tree(places, groups, cells)
    return Series(keys, parent, counts, first, labels(first, system=watch.weeks), watch.weeks)


def _weeks(watch: Watch, rows: list[Mapping[str, Any]]) -> Days:
    """The first day of the week of each row."""
    if watch.day:
        return week_begins([str(row[watch.day]) for row in rows], system=watch.weeks)
    years, weeks = (np.array([int(row[key]) for row in rows]) for key in (watch.year, watch.week))
    return first_day(years, weeks, system=watch.weeks)


def _group(watch: Watch, group: Mapping[str, int], row: Mapping[str, Any]) -> int:
    if not watch.group:
        return 0
    name = str(row[watch.group])
    if name not in group:
        raise Invalid("watch-group", column=watch.group, known="、".join(group))
    return group[name]


def _filled(cells: Floats, absent: str) -> None:
    """Put 0 for the weeks without a row since a place first reported."""
    if absent != "zero":
        return
    reported = np.logical_or.accumulate(~np.isnan(cells).all(axis=1), axis=1)
    cells[np.isnan(cells) & reported[:, None, :]] = 0.0


def _tree(
    places: list[str], groups: list[str], cells: Floats
) -> tuple[tuple[tuple[str, str], ...], NDArray[np.int64], Floats]:
    """The nation, its groups, the places, and each place's groups, with the row above each."""
    parted = len(groups) > 1 or bool(groups[0])
    keys, parent, counts = [(NATION, "")], [-1], [_sum(cells, (0, 1))]
    if parted:
        keys += [(NATION, name) for name in groups]
        parent += [0] * len(groups)
        counts += [_sum(cells[:, number], (0,)) for number in range(len(groups))]
    for number, name in enumerate(places):
        own = len(keys)
        keys.append((name, ""))
        parent.append(0)
        counts.append(_sum(cells[number], (0,)))
        if parted:
            keys += [(name, each) for each in groups]
            parent += [own] * len(groups)
            counts += list(cells[number])
    return tuple(keys), np.array(parent, dtype=np.int64), np.array(counts)


def _sum(values: Floats, axes: tuple[int, ...]) -> Floats:
    """Of what is known; missing where nothing is."""
    total: Floats = np.nansum(values, axis=axes)
    return np.where(np.isnan(values).all(axis=axes), np.nan, total)


def changed(before: Series, after: Series) -> int:
    """How many counts of a place, group and week that both know differ, without the sums over places and groups."""
    rows = {key: row for row, key in enumerate(after.keys)}
    at = {str(label): place for place, label in enumerate(after.label)}
    parents = set(before.parent.tolist())
    same = [(row, rows[key]) for row, key in enumerate(before.keys) if key in rows and row not in parents]
    weeks = [(place, at[str(label)]) for place, label in enumerate(before.label) if str(label) in at]
    if not same or not weeks:
        return 0
    (old, new), (then, now) = (np.array(each).T for each in (same, weeks))
    was, stands = before.counts[np.ix_(old, then)], after.counts[np.ix_(new, now)]
    return int(((was != stands) & ~(np.isnan(was) & np.isnan(stands))).sum())
