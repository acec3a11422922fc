"""One pass over all series and weeks: what every method says, and which signals a week shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from camphora import __version__
from camphora.engines.watch.declaration import Watch
from camphora.engines.watch.events import Lattice, Rises
from camphora.engines.watch.evidence import RECENT, Evidence, recent, weighed
from camphora.engines.watch.renewing import Renewing
from camphora.engines.watch.retuning import Retuning
from camphora.engines.watch.series import ALL_KEY, NATION_KEY, Series
from camphora.methods.detection import many

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Said:
    """What one method says of one count; None where it cannot say."""

    method: str
    label: Mapping[str, str]
    expected: float | None
    upper: float | None
    p: float | None
    alarm: bool
    made: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signal:
    """One count that is unusual. `rank`: from 1 among the week's; `said`: of every method, in the declaration's order;
    `lasted`: weeks up to this one in which the ranking method's bound was exceeded; `data`: digest of the counts of the
    place up to this week, `code`: the version that weighed them."""

    watch: str
    area: str
    group: str
    week: str
    rank: int
    observed: float
    expected: float
    upper: float
    p: float
    lasted: int
    said: tuple[Said, ...]
    data: str
    code: str = __version__

    @property
    def key(self) -> str:
        """Names it in addresses and in what is kept: the same place, group and week give the same key."""
        return "-".join((self.watch, self.week, self.area or NATION_KEY, self.group or ALL_KEY))

    @property
    def alarms(self) -> int:
        """How many methods find it unusual."""
        return sum(each.alarm for each in self.said)


@dataclass(frozen=True, slots=True)
class Sweep:
    """`evidence` in the declaration's order; `p` that by which counts are ranked; `shown`: what weeks show."""

    watch: Watch
    series: Series
    evidence: tuple[Evidence, ...]
    p: Floats
    by: NDArray[np.int64]
    """Which method ranks each count: the first that could weigh it."""
    shown: many.Signals
    whole: str = ""
    """The place that stands for all of them, where only one is looked at."""

    def signals(self, week: str) -> tuple[Signal, ...]:
        """What a week shows, by rank."""
        at = self.series.at(week)
        rows = np.flatnonzero(self.shown.shown[:, at])
        order = rows[np.argsort(self.shown.rank[rows, at])]
        return tuple(self.signal(int(row), at) for row in order)

    def signal(self, row: int, at: int) -> Signal:
        """The signal of one series in one week, whether it was shown or not."""
        area, group = self.series.keys[row]
        lead = self.evidence[self.by[row, at]]
        beyond = lead.alarm[row, : at + 1][::-1]
        return Signal(
            self.watch.name,
            area or self.whole,
            group,
            str(self.series.label[at]),
            int(self.shown.rank[row, at]),
            float(self.series.counts[row, at]),
            float(lead.expected[row, at]),
            float(lead.upper[row, at]),
            float(self.p[row, at]),
            int(np.argmin(beyond)) if not beyond.all() else len(beyond),
            tuple(self._said(number, row, at) for number in range(len(self.evidence))),
            digest(self.series.counts[row, : at + 1]),
        )

    def under(self, at: int) -> dict[int, int]:
        """Of the rows that are unusual in a week those that another accounts for, with that one."""
        watch = self.watch.as_in(str(self.series.label[at]))
        rising, score = ranked_by(self.series.counts, self.p, self.by, self.evidence, watch.budget.least)
        heard = np.flatnonzero(self.shown.found[:, at] & (rising[:, at] <= watch.budget.own))
        rises = rises_of(watch.budget.own, self.series, self.evidence, self.p, self.by)
        return rises.under(at, many.in_order(heard, rising[:, at], score[:, at]))

    def _said(self, number: int, row: int, at: int) -> Said:
        one, method = self.evidence[number], self.watch.methods[number]
        expected, upper, p = (_known(values[row, at]) for values in (one.expected, one.upper, one.p))
        return Said(method.name, method.label, expected, upper, p, bool(one.alarm[row, at]), one.made_at(at))


def swept(watch: Watch, series: Series, before: Sweep | None = None) -> Sweep:
    """Every method over every series and week, and the week's signals within the budget.

    Counts are ranked by the p-value of the first declared method that can weigh them, along the hierarchy, one signal
    of each event (`events`); so a rise of all of a county's ages is the county's one signal, and a rise of one age in
    all counties the nation's. A count of a place with
    fewer cases than the budget's `least` in the last four weeks is none. Where settings were changed by decision, each
    week is swept by those in force in it.

    `before`: a sweep of the same watch over other counts, of which is kept what stands: the same sweep results with
    less work."""
    found = _swept(watch.as_in(""), series, renewing=_renewing(watch, series, before))
    for week in sorted({each.week for each in watch.retunings}):
        at = int(np.searchsorted(series.label, week))
        if at < len(series.label):
            found = _followed(found, _swept(watch.as_in(week), series, found), at)
    return replace(found, watch=watch)


def tried(sweep: Sweep, decision: Retuning, weeks: int) -> Sweep:
    """The same sweep as it would have been, had a decision been in force in its last weeks: for who is to make it."""
    label = sweep.series.label
    at = max(len(label) - weeks, 0)
    last = sweep.watch.as_in(str(label[-1]))
    other = replace(last, retunings=(replace(decision, week=""),)).as_in(str(label[-1]))
    return _followed(sweep, _swept(other, sweep.series, replace(sweep, watch=last)), at)


def _renewing(watch: Watch, series: Series, before: Sweep | None) -> tuple[Renewing, Sweep] | None:
    """What can be kept of an earlier sweep; nothing of one by other settings, or by settings that were changed in its
    time."""
    if before is None or before.watch != watch or watch.retunings:
        return None
    found = Renewing.of(before.series, series)
    return (found, before) if found else None


def _swept(
    watch: Watch,
    series: Series,
    known: Sweep | None = None,
    *,
    renewing: tuple[Renewing, Sweep] | None = None,
) -> Sweep:
    """By settings that do not change. `known`: a sweep whose evidence is taken where the methods are the same."""
    counts = series.counts
    evidence = (
        renewing[0].evidence(watch.methods, renewing[1].evidence)
        if renewing
        else _weighed(watch, series, known)
    )
    p = np.full(counts.shape, np.nan)
    by = np.zeros(counts.shape, dtype=np.int64)
    for number, one in reversed(list(enumerate(evidence))):
        said = ~np.isnan(one.p)
        p[said], by[said] = one.p[said], number
    p = np.where(np.isnan(counts), np.nan, p)
    rising, score = ranked_by(counts, p, by, evidence, watch.budget.least)
    rises = rises_of(watch.budget.own, series, evidence, p, by)
    kept = (renewing[0].at, renewing[1].shown) if renewing and renewing[0].at else None
    shown = _shown(watch, series, (rising, score), rises, kept)
    return Sweep(watch, series, evidence, p, by, shown)


def _shown(
    watch: Watch,
    series: Series,
    ranked: tuple[Floats, Floats],
    rises: Rises,
    kept: tuple[int, many.Signals] | None,
) -> many.Signals:
    """What weeks show. `kept`: a week, and what those before it showed."""
    budget, at = watch.budget, kept[0] if kept else 0
    p, score = (each[:, at:] for each in ranked)
    made = many.signals(
        p,
        score,
        series.parent,
        q=budget.q,
        silence=budget.silence,
        budget=budget.weekly,
        apart=lambda week, order: rises.apart(week + at, order),
        own=budget.own,
        heard=kept[1].shown[:, :at] if kept else None,
    )
    if not kept:
        return made

    def joined(before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([before[:, :at], after], axis=1)

    was = kept[1]
    found, rank = joined(was.found, made.found), joined(was.rank, made.rank)
    return many.Signals(found, joined(was.shown, made.shown), rank, made.made)


def rises_of(
    own: float, series: Series, evidence: tuple[Evidence, ...], p: Floats, by: NDArray[np.int64]
) -> Rises:
    """What tells which rises are one event."""
    expected = np.choose(by, [one.expected for one in evidence])
    return Rises(Lattice(series.parent, series.across), series.counts, expected, p, own)


def ranked_by(
    counts: Floats, p: Floats, by: NDArray[np.int64], evidence: tuple[Evidence, ...], least: int
) -> tuple[Floats, Floats]:
    """By what counts are ranked: p, which is 1 where there are too few cases or no more than expected; and how far each
    lies beyond what was expected."""
    few = recent(counts, RECENT) < least
    tried = np.where(few & ~np.isnan(counts), 1.0, p)
    lead = np.choose(by, [one.over(counts) for one in evidence])
    rise = np.where(np.isnan(lead) | (lead > 0), tried, 1.0)
    return np.where(np.isnan(rise), 1.0, rise), np.where(np.isfinite(lead), lead, np.nan)


def _weighed(watch: Watch, series: Series, known: Sweep | None) -> tuple[Evidence, ...]:
    """What each method says; the very evidence of the known sweep where nothing was decided about any of them."""
    if known is not None and known.watch.methods == watch.methods:
        return known.evidence
    held = list(zip(known.watch.methods, known.evidence, strict=True)) if known else []
    return tuple(
        next((one for method, one in held if method == each), None)
        or weighed(each.name, each.parameters, series.counts)
        for each in watch.methods
    )


def _followed(before: Sweep, after: Sweep, at: int) -> Sweep:
    """One sweep in the weeks before a place, another from it on. What was shown before stays silent for so long as the
    new settings say."""

    def joined(one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([one[:, :at], two[:, at:]], axis=1)

    shown = joined(before.shown.shown, after.shown.shown)
    silence = after.watch.budget.silence
    for week in range(at, min(at + silence, shown.shape[1])):
        shown[before.shown.shown[:, max(0, week - silence) : at].any(axis=1), week] = False
    signals = many.Signals(
        joined(before.shown.found, after.shown.found),
        shown,
        joined(before.shown.rank, after.shown.rank),
        after.shown.made,
    )
    same = before.evidence is after.evidence
    evidence = (
        before.evidence
        if same
        else tuple(
            one if one is two else one.followed(two, at)
            for one, two in zip(before.evidence, after.evidence, strict=True)
        )
    )
    return Sweep(
        after.watch, after.series, evidence, joined(before.p, after.p), joined(before.by, after.by), signals
    )


def digest(counts: Floats) -> str:
    """Names the counts that a signal was made from."""
    values = [None if np.isnan(each) else float(each) for each in counts]
    return hashlib.blake2b(orjson.dumps(values), digest_size=12).hexdigest()


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
