"""What officers found signals to be, held against what the watch showed: fired, right, late, missed.

Judgements come from the ledger of work, by the key of the signal, as far as the reader's areas reach. Nothing here is
fed back by itself: a threshold is changed by a recorded decision alone (`retuning`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from camphora.engines.watch.series import ALL_KEY, NATION_KEY
from camphora.engines.watch.sweep import Sweep

FOUND = ("real", "known", "artefact", "watch")
"""What a signal may be judged: real, an artefact of the data, known already, or still to be watched."""
NEAR = 4
"""A signal of the place within so many weeks belongs to the same event."""
ALIKE = 10.0
"""Signals of other places are alike where their p-values lie within this factor of one another."""
LEAST = 1e-6
"""Smaller p-values are alike."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One count that somebody judged: its place in the sweep, what it was found to be, whether its week showed it."""

    row: int
    at: int
    found: str
    shown: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the signals of a span did. `fired`: shown; `by`: of these, how many were judged each of `FOUND`; `late`: of
    the real ones those whose place had been above its bound for a week or more before anything of it was shown, with
    `weeks`, how long in all; `missed`: real, by judgement, without a signal of the place near it."""

    fired: int
    by: Mapping[str, int] = field(default_factory=dict)
    late: int = 0
    weeks: int = 0
    missed: int = 0

    @property
    def judged(self) -> int:
        return sum(self.by.values())

    @property
    def right(self) -> int:
        return self.by.get("real", 0)

    @property
    def share(self) -> float | None:
        """The real ones of those judged for good; None where none is."""
        final = self.judged - self.by.get("watch", 0)
        return self.right / final if final else None


@dataclass(frozen=True, slots=True)
class Alike:
    """What earlier signals like one were judged: `here` of the same place, `elsewhere` of others about as unusual."""

    here: Mapping[str, int]
    elsewhere: Mapping[str, int]

    @property
    def number(self) -> int:
        return sum(self.here.values()) + sum(self.elsewhere.values())

    @property
    def by(self) -> Mapping[str, int]:
        return Counter(self.here) + Counter(self.elsewhere)


def judged_of(sweep: Sweep, judgements: Mapping[str, str]) -> tuple[Judged, ...]:
    """The judgements that are of this sweep's watch, series and weeks, the earliest first."""
    rows = {
        f"{area or NATION_KEY}-{group or ALL_KEY}": row for row, (area, group) in enumerate(sweep.series.keys)
    }
    weeks = {str(label): at for at, label in enumerate(sweep.series.label)}
    found = []
    for key, judgement in judgements.items():
        name, year, week, rest = ([*key.split("-", 3), "", "", ""])[:4]
        row, at = rows.get(rest), weeks.get(f"{year}-{week}")
        if name == sweep.watch.name and row is not None and at is not None and judgement in FOUND:
            found.append(Judged(row, at, judgement, bool(sweep.shown.shown[row, at])))
    return tuple(sorted(found, key=lambda one: (one.at, one.row)))


def outcome(
    sweep: Sweep,
    judgements: Mapping[str, str],
    areas: Collection[str] | None = None,
    *,
    last: int | None = None,
) -> Outcome:
    """How the signals up to a week did (all weeks without `last`), of these areas, the nation's being "" (all of them
    without `areas`)."""
    end = len(sweep.series.label) if last is None else last + 1
    own = np.array([areas is None or area in areas for area, _ in sweep.series.keys])
    found = [one for one in judged_of(sweep, judgements) if one.at < end and own[one.row]]
    shown = [one for one in found if one.shown]
    waited = [_waited(sweep, one) for one in shown if one.found == "real"]
    late = [weeks for weeks in waited if weeks > 0]
    missed = [one for one in found if not one.shown and one.found == "real" and not _near(sweep, one)]
    return Outcome(
        int(sweep.shown.shown[own, :end].sum()),
        {name: number for name in FOUND if (number := sum(one.found == name for one in shown))},
        len(late),
        sum(late),
        len({(sweep.series.keys[one.row][0], one.at) for one in missed}),
    )


def alike(sweep: Sweep, row: int, at: int, judgements: Mapping[str, str]) -> Alike:
    """What signals of earlier weeks like this one were judged: those of the same place, and of other places those of
    the same group that were about as unusual. Later weeks say nothing of it, so that a replay says what could be
    known of its past."""
    area, group = sweep.series.keys[row]
    here, elsewhere = Counter[str](), Counter[str]()
    for one in judged_of(sweep, judgements):
        if one.at >= at:
            break
        other_area, other_group = sweep.series.keys[one.row]
        if other_area == area:
            here[one.found] += 1
        elif other_group == group and _as_unusual(float(sweep.p[row, at]), float(sweep.p[one.row, one.at])):
            elsewhere[one.found] += 1
    return Alike(here, elsewhere)


def _as_unusual(one: float, other: float) -> bool:
    if np.isnan(one) or np.isnan(other):
        return False
    one, other = max(one, LEAST), max(other, LEAST)
    return max(one, other) <= ALIKE * min(one, other)


def _rows(sweep: Sweep, row: int) -> list[int]:
    """Those of the same place; of the nation only its own."""
    area = sweep.series.keys[row][0]
    return [
        other for other, (each, _) in enumerate(sweep.series.keys) if each == area and (area or other == row)
    ]


def _run(sweep: Sweep, row: int, at: int) -> Iterator[int]:
    """The weeks up to this one in which the bound that ranks the count was exceeded without a break."""
    alarm = sweep.evidence[int(sweep.by[row, at])].alarm[row]
    while at >= 0 and alarm[at]:
        yield at
        at -= 1


def _waited(sweep: Sweep, one: Judged) -> int:
    """For how many weeks the bound had been exceeded when the place's first signal of the run was shown."""
    began = min(_run(sweep, one.row, one.at), default=one.at)
    weeks = np.flatnonzero(sweep.shown.shown[_rows(sweep, one.row), began : one.at + 1].any(axis=0))
    return int(weeks[0])


def _near(sweep: Sweep, one: Judged) -> bool:
    """Whether something of the place was shown about that time."""
    rows = _rows(sweep, one.row)
    return bool(sweep.shown.shown[rows, max(0, one.at - NEAR) : one.at + NEAR + 1].any())
