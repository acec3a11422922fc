"""What is watched, kept as long as its data are the same: series, signals, forecasts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from camphora.engines.watch.declaration import Watch
from camphora.engines.watch.forecasts import Forecasts, forecasts_of
from camphora.engines.watch.nowcasts import LEAST, MOST
from camphora.engines.watch.once import Once
from camphora.engines.watch.season.counts import Counts, counts_of
from camphora.engines.watch.season.counts import Rows as SeasonRows
from camphora.engines.watch.season.declaration import Season
from camphora.engines.watch.season.followed import Followed
from camphora.engines.watch.series import Series, changed, series_of
from camphora.engines.watch.sweep import Sweep, swept
from camphora.engines.watch.together import together
from camphora.engines.watch.workshop import Job, Workshop

KEPT = 16
READ = 0.25
"""Seconds that a page waits for an earlier edition to be read."""
Rows = Callable[[], Iterable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Edition:
    """The data as they stood when one batch was the last of them: `version` names it, `rows` reads it when asked."""

    version: str
    rows: Rows


@dataclass(frozen=True)
class Watched:
    """One watch over one state of its data. `as_of`: the last day that the data speak of; `source`: who published them;
    `version`: names the data; `editions`: all that were kept, oldest first, the present one last."""

    watch: Watch
    series: Series
    as_of: str
    source: Mapping[str, str]
    version: str
    editions: tuple[Edition, ...] = ()
    beforehand: bool = True
    """Forecasts are made in a thread as soon as somebody asks for them."""
    job: Job | None = field(default=None, compare=False, repr=False)
    """Where there is a workshop: what it makes of this, beforehand and for the next start too."""
    nation: Nation | None = field(default=None, compare=False, repr=False)
    """All that shares its budget of signals, itself among them."""
    _swept: Once[Sweep] = field(default_factory=Once, compare=False, repr=False)
    _revised: Once[int] = field(default_factory=Once, compare=False, repr=False)
    _vintages: Once[tuple[Series, ...]] = field(default_factory=Once, compare=False, repr=False)
    _ahead: Once[Forecasts] = field(default_factory=Once, compare=False, repr=False)

    def choices(self, kind: str) -> list[str]:
        """What an address may name, in order: weeks, places (the empty one is all), or groups."""
        match kind:
            case "week":
                return [str(label) for label in self.series.label]
            case "area":
                return list(dict.fromkeys(area for area, _ in self.series.keys))
            case "group":
                return ["", *self.watch.groups]
            case _:
                return []

    def take(self, sweep: Sweep | None = None, forecasts: Forecasts | None = None) -> None:
        """Have what was made of the same counts elsewhere."""
        if sweep is not None:
            self._swept.made = sweep
        if forecasts is not None:
            self._ahead.made = forecasts

    @property
    def sweep(self) -> Sweep:
        """Every method over every series and week, and what the nation's budget shows; waits until it is made."""
        return self.nation.sweeps[self.watch.name] if self.nation else self.alone

    @property
    def alone(self) -> Sweep:
        """The same by its own budget."""
        watch, series, job = self.watch, self.series, self.job
        return self._swept.waited(lambda: (job and job.sweep(watch, series)) or swept(watch, series))

    def ready(self, day: str) -> bool:  # noqa: ARG002
        """As `Followed.ready`."""
        return self.is_swept

    @property
    def is_swept(self) -> bool:
        """Whether a page need not wait: the sweeps have been made, or nobody makes them but who asks."""
        return all(each.is_weighed for each in self.sharing)

    @property
    def sharing(self) -> tuple[Watched, ...]:
        """All that share its budget of signals."""
        return tuple(self.nation.members.values()) if self.nation else (self,)

    def most(self, week: str) -> int:
        """So many signals of a week at most are shown of all that share the budget."""
        return max(one.watch.as_in(week).budget.weekly for one in self.sharing)

    @property
    def is_weighed(self) -> bool:
        """The same of what it says alone."""
        return self.job is None or self._swept.made is not None or self.job.is_done("sweep")

    @property
    def forecasts(self) -> Forecasts:
        """One to four weeks ahead of every past week, with what came to be; waits until they are made."""
        return self._ahead.waited(self._forecasts)

    @property
    def vintages(self) -> tuple[Series, ...]:
        """The series of the editions that were kept, oldest first, the newest of them that a nowcast reads; none but
        the present one where there are too few for it."""
        return self._vintages.waited(self._read) if len(self.editions) >= LEAST else (self.series,)

    def _read(self) -> tuple[Series, ...]:
        read = ([*each.rows()] for each in self.editions[-MOST:-1])
        return (*(series_of(self.watch, rows) for rows in read if rows), self.series)

    def revised(self) -> int | None:
        """How many counts of weeks that the edition before the last one held the last one changed; None where there is
        none before it, or while that is read, which begins now."""
        return self._revised.soon(self._changes, READ) if len(self.editions) > 1 else None

    def _changes(self) -> int:
        return changed(series_of(self.watch, self.editions[-2].rows()), self.series)

    @property
    def is_foreseen(self) -> bool:
        """Whether the forecasts have been made."""
        return self._ahead.made is not None or (self.job is not None and self.job.is_done("forecasts"))

    def foreseen(self) -> Forecasts | None:
        """The forecasts if they have been made; else None, and they are being made from now on, which takes about half
        a minute of work. Errors: those of `forecasts_of`."""
        if self.job is not None and self._ahead.made is None and self.job.is_done("forecasts"):
            return self.forecasts
        return self._ahead.soon(self._forecasts) if self.beforehand or self.is_foreseen else None

    @property
    def _forecasts(self) -> Callable[[], Forecasts]:
        series, job = self.series, self.job
        return lambda: (job and job.forecasts()) or forecasts_of(series)


class Nation:
    """What shares one budget of signals, by name."""

    def __init__(self, members: Mapping[str, Watched]) -> None:
        self.members = members
        self._together: Once[dict[str, Sweep]] = Once()

    @property
    def sweeps(self) -> Mapping[str, Sweep]:
        """What the common budget shows of each; waits until all are swept."""
        return self._together.waited(
            lambda: together({name: one.alone for name, one in self.members.items()})
        )


def nation_of(found: Mapping[str, Watched]) -> dict[str, Watched]:
    """The same, sharing one budget of signals."""
    nation = Nation(found)
    return {name: replace(one, nation=nation) for name, one in found.items()}


class Watching:
    """Makes what is watched once for each state of the data, whoever asks; several may ask at once. `workshop`: where
    sweeps and forecasts are made beforehand; without one, who asks waits for them."""

    def __init__(self, workshop: Workshop | None = None) -> None:
        self._workshop = workshop
        self._kept: OrderedDict[tuple[str, ...], Watched | Followed] = OrderedDict()
        self._nations: OrderedDict[tuple[tuple[str, ...], ...], dict[str, Watched]] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[tuple[str, ...], threading.Lock] = {}

    def known(self, watch: Watch | Season, digests: Sequence[str]) -> Watched | Followed | None:
        """What has been made of these batches, if anything has."""
        with self._lock:
            return self._kept.get(_key(watch, digests))

    def watched(
        self,
        watch: Watch,
        digests: Sequence[str],
        as_of: str,
        source: Mapping[str, str],
        rows: Rows,
        *,
        editions: Sequence[Edition] = (),
    ) -> Watched:
        """`digests` name the batches of the watch's table that the reader may see; `rows` are read where nobody has
        asked for these before, `editions` where a page compares them. Errors: those of `series_of`."""

        def make() -> Watched:
            series = series_of(watch, rows())
            job = self._begun(watch, series)
            return Watched(watch, series, as_of, source, "-".join(digests), tuple(editions), job=job)

        return cast("Watched", self._once(_key(watch, digests), make))

    def followed(
        self,
        season: Season,
        digests: Sequence[str],
        as_of: str,
        source: Mapping[str, str],
        rows: Callable[[], SeasonRows],
    ) -> Followed:
        """As `watched`, of a season; `digests` name the batches of all its tables. Errors: those of `counts_of`."""

        def make() -> Followed:
            counts = counts_of(season, rows())
            job = self._begun(season, counts)
            return Followed(season, counts, as_of, source, "-".join(digests), job)

        return cast("Followed", self._once(_key(season, digests), make))

    def sharing(self, found: Mapping[str, Watched]) -> dict[str, Watched]:
        """What a system watches by week, sharing one budget of signals; the same again while all is the same."""
        key = tuple((name, repr(one.watch), one.version) for name, one in found.items())
        with self._lock:
            known = self._nations.get(key)
            if known is None or any(known[name].series is not one.series for name, one in found.items()):
                known = self._nations[key] = nation_of(found)
                while len(self._nations) > KEPT:
                    self._nations.popitem(last=False)
            return known

    def _begun(self, watch: Watch | Season, counted: Series | Counts) -> Job | None:
        """All that the workshop makes of it, begun."""
        if self._workshop is None:
            return None
        job = Job(self._workshop, watch, counted)
        job.begin()
        return job

    def _once(self, key: tuple[str, ...], make: Callable[[], Watched | Followed]) -> Watched | Followed:
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if found := self._kept.get(key):
                    self._kept.move_to_end(key)
                    return found
            made = make()
            with self._lock:
                self._kept[key] = made
                self._making.pop(key, None)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            return made


def _key(watch: Watch | Season, digests: Sequence[str]) -> tuple[str, ...]:
    """Two systems may watch the same table, each by its own declaration."""
    return (repr(watch), *digests)
