"""The weekly bulletin in figures: what one week was, from nothing but the counts up to it.

    found = bulletin_of(watched, "2019-05")
    found.nation.now, found.digest

What it says is in `bulletin_sentences`, what a page shows of it in `pages.bulletin`. A bulletin of a past week is the
same whenever it is made: nothing later enters it but by a revision of the counts, and then its digest is another one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import orjson
from numpy.typing import NDArray

from camphora import __version__
from camphora.engines.watch.declaration import Watch
from camphora.engines.watch.forecasts import Ahead
from camphora.engines.watch.series import NATION, Series, series_of
from camphora.engines.watch.sweep import Signal
from camphora.engines.watch.watching import Edition, Watched
from camphora.errors import CamphoraError, Invalid
from camphora.methods.forecasting.holidays import by_week

Floats = NDArray[np.float64]
YEARS = 5
"""A week is held against the same week of so many earlier years."""
RARE = 26
"""A count is a high only where none of so many weeks before had as many."""
YEAR = 52
"""So many weeks must be known before a count can be the highest of all."""
RISE, LEAST = 0.1, 10
"""A county rises where it has a tenth and ten cases more than the week before."""
FEW = 10
"""A county whose earlier years had fewer in the middle is not held against them."""
QUIET, USUAL = 8, 10
"""No case at all where the weeks before had so many in the middle is taken for a report that has not come."""
NOT_SAID = ("title", "ended", "conditions", "retunings")
"""What is declared and moves nothing that a bulletin says; decisions do by the settings in force."""
BACK = 8
"""Late reports are shown for so many weeks."""


@dataclass(frozen=True, slots=True)
class Past:
    """The same week of an earlier year."""

    week: str
    count: float


@dataclass(frozen=True, slots=True)
class High:
    """A count that had not been reached for long: not since the week `since`, or never where that is empty, since the
    first week known, `first`."""

    since: str
    first: str


@dataclass(frozen=True, slots=True)
class Level:
    """One place and group in the week. `now`, `last`: its count and the week before's, None where unknown; `past`:
    newest first; `run`: so many weeks in a row it has risen, fallen if below 0."""

    area: str
    group: str
    now: float | None
    last: float | None
    past: tuple[Past, ...] = ()
    run: int = 0
    high: High | None = None

    @property
    def usual(self) -> float | None:
        """The middle of the earlier years."""
        return float(np.median([each.count for each in self.past])) if self.past else None

    @property
    def more(self) -> float | None:
        """Cases more than the week before."""
        return None if self.now is None or self.last is None else self.now - self.last

    @property
    def change(self) -> float | None:
        """The same as a share of the week before."""
        return self.more / self.last if self.more is not None and self.last else None

    @property
    def against(self) -> float | None:
        """How many times the middle of the earlier years, where these were not few."""
        usual = self.usual
        return self.now / usual if self.now is not None and usual is not None and usual >= FEW else None

    @property
    def rising(self) -> bool:
        more, change = self.more, self.change
        return more is not None and more >= LEAST and (change is None or change >= RISE)


@dataclass(frozen=True, slots=True)
class Late:
    """What was known of the week when an edition first held it, and now. `editions`: how many are kept; `through`: the
    last week of that edition, `behind` so many weeks after this one; `then`, `now`: in all; `areas`, `weeks`: those
    that changed, as (place or week, then, now)."""

    editions: int
    through: str
    behind: int
    latest: bool
    then: float | None
    now: float | None
    areas: tuple[tuple[str, float | None, float | None], ...] = ()
    weeks: tuple[tuple[str, float | None, float | None], ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.areas or self.weeks) or self.then != self.now


@dataclass(frozen=True)
class Bulletin:
    """One watch in one week. `nation`, `areas`, `groups`: their levels, in the series' order; `signals` by rank;
    `ahead`: empty where too little is known, None while it is being made; `holiday`: the lunar new year falls in the
    week; `holiday_past`: in the same week of a year it is held against; `silent`: places whose report has perhaps not
    come; `judged`: whether any method could tell of any count; `last`: the last week that is known by now; `digest`:
    names the counts up to the week, the declaration and the code, from which all the rest follows."""

    watch: Watch
    week: str
    first: dt.date
    nation: Level
    areas: tuple[Level, ...]
    groups: tuple[Level, ...]
    signals: tuple[Signal, ...]
    ahead: tuple[Ahead, ...] | None
    holiday: bool
    holiday_past: bool
    silent: tuple[str, ...]
    last: str
    digest: str
    late: Late | None = None
    judged: bool = True

    @property
    def until(self) -> dt.date:
        """The last day of the week."""
        return self.first + dt.timedelta(days=6)

    @property
    def known(self) -> bool:
        """Whether anything is known of the week."""
        return self.nation.now is not None

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Places without a count."""
        return tuple(each.area for each in self.areas if each.now is None)

    @cached_property
    def highest(self) -> tuple[Level, ...]:
        """Places with cases, most first."""
        return tuple(sorted((each for each in self.areas if each.now), key=lambda one: -(one.now or 0.0)))

    @cached_property
    def rising(self) -> tuple[Level, ...]:
        """Places that rise, those that gained most first."""
        return tuple(sorted((each for each in self.areas if each.rising), key=lambda one: -(one.more or 0.0)))

    @cached_property
    def unusual(self) -> tuple[Level, ...]:
        """Places above the middle of their earlier years, furthest first."""
        found = [each for each in self.areas if (each.against or 0.0) > 1]
        return tuple(sorted(found, key=lambda one: -(one.against or 0.0)))


def bulletin_of(watched: Watched, week: str) -> Bulletin:
    """The bulletin of a week. Signals are made where nobody asked for them before; forecasts are begun.
    Invalid `watch-no-week`."""
    series, at = watched.series, watched.series.at(week)
    levels = {key: level(series, row, at) for row, key in enumerate(series.keys)}
    share = by_week(start=str(series.first[0]), weeks=len(series.label)).known[:, 0] > 0
    nation = levels[NATION, ""]
    return Bulletin(
        watched.watch,
        week,
        dt.date.fromisoformat(str(series.first[at])),
        nation,
        tuple(one for (area, group), one in levels.items() if area and not group),
        tuple(one for (area, group), one in levels.items() if not area and group),
        watched.sweep.signals(week),
        _ahead(watched, week),
        bool(share[at]),
        any(share[series.at(each.week)] for each in nation.past),
        silent(series, at),
        str(series.label[-1]),
        digest_of(watched.watch, series, at, cut(watched, week)),
        late_of(watched, week),
        any(bool(np.isfinite(one.upper[:, at]).any()) for one in watched.sweep.evidence),
    )


def _ahead(watched: Watched, week: str) -> tuple[Ahead, ...] | None:
    try:
        foreseen = watched.foreseen()
    except CamphoraError:  # of a series too short for it, which is no fault of the bulletin
        return ()
    return None if foreseen is None else foreseen.ahead(NATION, week)


def level(series: Series, row: int, at: int) -> Level:
    """One series in one week, against the week before and the same week of earlier years."""
    counts = series.counts[row]
    area, group = series.keys[row]
    now, last = _known(counts, at), _known(counts, at - 1)
    past = same_week(series, row, at)
    return Level(area, group, now, last, past, run(counts[: at + 1]), high(series, row, at))


def same_week(series: Series, row: int, at: int) -> tuple[Past, ...]:
    """The weeks of the same number of earlier years, newest first; week 53 has few."""
    year, number = str(series.label[at]).split("-")
    wanted = [f"{int(year) - back:04d}-{number}" for back in range(1, YEARS + 1)]
    places = {str(label): place for place, label in enumerate(series.label[:at])}
    found = [(label, _known(series.counts[row], places[label])) for label in wanted if label in places]
    return tuple(Past(label, count) for label, count in found if count is not None)


def run(counts: Floats) -> int:
    """How many weeks in a row up to the last one counts have risen, or fallen (below 0); 0 where neither."""
    steps = np.sign(np.diff(counts))[::-1]
    if not len(steps) or np.isnan(steps[0]) or steps[0] == 0:
        return 0
    other = np.flatnonzero(steps != steps[0])
    return int(steps[0]) * (int(other[0]) if len(other) else len(steps))


def high(series: Series, row: int, at: int) -> High | None:
    """Where a count had not been reached for half a year or more."""
    counts = series.counts[row, : at + 1]
    known = np.flatnonzero(~np.isnan(counts[:-1]))
    if np.isnan(counts[-1]) or not counts[-1] or not len(known):
        return None
    first = str(series.label[known[0]])
    reached = np.flatnonzero(counts[:-1] >= counts[-1])
    if not len(reached):
        return High("", first) if len(known) >= YEAR else None
    return High(str(series.label[reached[-1]]), first) if at - reached[-1] > RARE else None


def silent(series: Series, at: int) -> tuple[str, ...]:
    """Places with no case at all though the weeks before had many: perhaps their report has not come."""
    before = series.counts[:, max(at - QUIET, 0) : at]
    found = []
    for row, (area, group) in enumerate(series.keys):
        known = before[row][~np.isnan(before[row])]
        none = series.counts[row, at] == 0
        if area and not group and none and len(known) and float(np.median(known)) >= USUAL:
            found.append(area)
    return tuple(found)


def late_of(watched: Watched, week: str) -> Late | None:
    """The week as its first edition had it, against the present one; None where no editions are told of.

    Which edition first held the week is found by its rows, by halves: those of one are never before those of the
    next."""
    editions = watched.editions
    if not editions:
        return None
    now, number = watched.series, len(editions)
    if number == 1:
        return _compared(now, now, week, number, latest=True)
    read: dict[int, Series | None] = {number - 1: now}
    low, up = 0, number - 1
    while low < up:
        middle = (low + up) // 2
        read[middle] = _edition(watched.watch, editions[middle])
        low, up = (low, middle) if _holds(read[middle], week) else (middle + 1, up)
    then = read.get(low) or now
    return _compared(then, now, week, number, latest=low == number - 1)


def _edition(watch: Watch, edition: Edition) -> Series | None:
    rows = list(edition.rows())
    return series_of(watch, rows) if rows else None


def _holds(series: Series | None, week: str) -> bool:
    if series is None or week not in series.label:
        return False
    return bool(~np.isnan(series.counts[0, series.at(week)]))


def _compared(then: Series, now: Series, week: str, editions: int, *, latest: bool) -> Late:
    at = now.at(week)
    pairs = [
        (area, _count(then, area, week), _count(now, area, week))
        for area, group in now.keys
        if area and not group
    ]
    labels = [str(label) for label in now.label[max(at - BACK + 1, 0) : at + 1]]
    weeks = [(label, _count(then, NATION, label), _count(now, NATION, label)) for label in labels]
    through = str(then.label[-1])
    behind = int((then.first[-1] - now.first[at]).astype(np.int64)) // 7
    return Late(
        editions,
        through,
        behind,
        latest,
        _count(then, NATION, week),
        _count(now, NATION, week),
        tuple(each for each in pairs if each[1] != each[2]),
        tuple(each for each in weeks if each[1] != each[2]),
    )


def _count(series: Series, area: str, week: str) -> float | None:
    try:
        return _known(series.counts[series.row(area)], series.at(week))
    except Invalid:
        return None


def cut(watched: Watched, week: str) -> list[str]:
    """The keys of the week's signals where the nation's budget shows others than the watch's own would."""
    own, shown = ([each.key for each in one.signals(week)] for one in (watched.alone, watched.sweep))
    return shown if shown != own else []


def digest_of(watch: Watch, series: Series, at: int, shown: Sequence[str] = ()) -> str:
    """Names all that a bulletin follows from: the counts up to its week, what is declared, the code, and the signals
    where others have moved them (`cut`)."""
    week = str(series.label[at])
    declared = {key: value for key, value in asdict(watch.as_in(week)).items() if key not in NOT_SAID}
    counts = series.counts[:, : at + 1]
    said = orjson.dumps(
        [__version__, declared, series.keys, [str(label) for label in series.label[: at + 1]]],
        option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS,
    )
    values = np.where(np.isnan(counts), -1.0, counts).astype("<f8")
    made = hashlib.blake2b(said, digest_size=12)
    made.update(values.tobytes())
    made.update(" ".join(shown).encode())
    return made.hexdigest()


def weeks_of(watches: Mapping[str, Watched]) -> list[str]:
    """Every week that any of them knows, in order."""
    return sorted({str(label) for each in watches.values() for label in each.series.label})


def neighbours(week: str, weeks: Sequence[str]) -> tuple[str, str]:
    """The weeks before and after it, empty where there is none."""
    at = weeks.index(week)
    return (weeks[at - 1] if at else ""), (weeks[at + 1] if at + 1 < len(weeks) else "")


def _known(counts: Floats, at: int) -> float | None:
    if at < 0 or np.isnan(counts[at]):
        return None
    return float(counts[at])
