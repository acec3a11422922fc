"""What is watched, kept as long as its data are the same: series, signals, forecasts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from camphora.engines.watch.declaration import Watch
from camphora.engines.watch.forecasts import Forecasts, forecasts_of
from camphora.engines.watch.nowcasts import LEAST, MOST
from camphora.engines.watch.once import Once
from camphora.engines.watch.season.counts import Counts, counts_of
from camphora.engines.watch.season.counts import Rows as SeasonRows
from camphora.engines.watch.season.declaration import Season
from camphora.engines.watch.season.followed import Followed
from camphora.engines.watch.series import Series, series_of
from camphora.engines.watch.sweep import Sweep, swept
from camphora.engines.watch.workshop import Job, Workshop

KEPT = 16
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
    _swept: Once[Sweep] = field(default_factory=Once, compare=False, repr=False)
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
        """Every method over every series and week; waits until it is made."""
        watch, series, job = self.watch, self.series, self.job
        return self._swept.waited(lambda: (job and job.sweep(watch, series)) or swept(watch, series))

    @property
    def is_swept(self) -> bool:
        """Whether a page need not wait: the sweep has been made, or nobody makes it but who asks."""
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


class Watching:
    """Makes what is watched once for each state of the data, whoever asks; several may ask at once. `workshop`: where
    sweeps and forecasts are made beforehand; without one, who asks waits for them."""

    def __init__(self, workshop: Workshop | None = None) -> None:
        self._workshop = workshop
        self._kept: OrderedDict[tuple[str, ...], Watched | Followed] = OrderedDict()
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
