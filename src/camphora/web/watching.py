"""What the systems of an installation watch, made once for each state of the data and shared by all pages."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from camphora.catalogue import System
from camphora.errors import CamphoraError
from camphora.gate.gate import ANYBODY
from camphora.installation import Installation
from camphora.policy import Access, Purpose

if TYPE_CHECKING:
    from camphora.engines.watch import Followed, Season, Watch, Watched, Watching
    from camphora.engines.watch.retuning import Retuning
    from camphora.engines.watch.workshop import Workshop


FOLDER = "watched"
"""Where, in an installation's folder, what was worked out lies; it may be thrown away."""
LOOKED = 5.0
"""Seconds between two looks at whether new rows have come."""


class Watches:
    """The engine of watch is imported when first asked for: its compiled methods take seconds.

    `folder`: where sweeps and forecasts are worked out beforehand, in processes of their own; without one, who asks
    first waits for them."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._kept: Watching | None = None
        self._workshop: Workshop | None = None
        self._decided: tuple[tuple[str, ...], tuple[Retuning, ...]] | None = None
        self._looking = False
        self._tried: dict[tuple[str, str], tuple[str, ...]] = {}

    @property
    def kept(self) -> Watching:
        with self._lock:
            if self._kept is None:
                from camphora.engines.watch import Watching
                from camphora.engines.watch.workshop import Workshop

                self._workshop = Workshop(self._folder) if self._folder else None
                self._kept = Watching(self._workshop)
            return self._kept

    @contextmanager
    def beforehand(self, installation: Installation) -> Iterator[None]:
        """While serving: has all that the public systems watch worked out, now and whenever new rows have come."""
        ended, self._looking = threading.Event(), True
        thread = threading.Thread(
            target=self._looked, args=(installation, ended), name="watching", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            ended.set()
            self._looking = False
            thread.join()
            self.close()

    def close(self) -> None:
        """End what is being worked out."""
        if self._workshop:
            self._workshop.close()

    def _looked(self, installation: Installation, ended: threading.Event) -> None:
        while not ended.is_set():
            with suppress(CamphoraError):  # a store that is busy is asked again
                self.begin(installation)
            ended.wait(LOOKED)

    def begin(self, installation: Installation) -> None:
        """Have all that the public systems watch worked out, as far as it has rows; what is known is passed over."""
        access = installation.gate.access(ANYBODY, Purpose.OPEN)
        for system in installation.catalogue.systems.values():
            if system.public and system.watches:
                for name in sorted(system.watches, key=lambda name: name not in system.weekly):
                    digests = _digests(installation, system, access, name)
                    with suppress(CamphoraError):  # of rows that cannot be watched their page tells
                        self.of(installation, system, access, [name])
                    self._tried[system.name, name] = digests

    def is_read(
        self, installation: Installation, system: System, access: Access, names: Iterable[str]
    ) -> bool:
        """Whether a page need not wait for rows: they have been read, or nobody reads them but who asks."""
        return not (self._looking and system.public) or all(
            self._tried.get((system.name, name)) == _digests(installation, system, access, name)
            for name in _with_nation(system, names)
        )

    def of(
        self, installation: Installation, system: System, access: Access, names: Iterable[str]
    ) -> dict[str, Watched | Followed]:
        """What a system watches, by name, from the rows that the Access may see; without those that have no rows yet.

        The first call for a state of the data reads its rows (about a second); sweeps and forecasts follow when a page
        asks for them. With one watch by week all of the system's are made, since they share one budget of signals; of
        one that was not asked for and whose rows cannot be watched, its own page tells. Errors: those of `lake.rows`
        and `series_of`."""
        asked = list(names)
        found: dict[str, Watched | Followed] = {}
        for name in _with_nation(system, asked):
            if all(installation.store.batches(access, each) for each in system.watched_tables[name]):
                with suppress(*(() if name in asked else (CamphoraError,))):
                    found[name] = self._one(installation, system, access, name)
        return self._sharing(system, found, asked)

    def made(
        self, installation: Installation, system: System, access: Access, names: Sequence[str]
    ) -> dict[str, Watched | Followed]:
        """What of it has been made already; nothing is made."""
        if self._kept is None:
            return {}
        found: dict[str, Watched | Followed] = {}
        for name in _with_nation(system, names):
            digests = _digests(installation, system, access, name)
            if one := self.kept.known(self._declared(installation, system, access, name), digests):
                found[name] = one
        return self._sharing(system, found, names)

    def _sharing(
        self, system: System, found: Mapping[str, Watched | Followed], names: Sequence[str]
    ) -> dict[str, Watched | Followed]:
        """Those of the names, what is watched by week with the budget that all of it shares."""
        weekly = {name: cast("Watched", one) for name, one in found.items() if name in system.weekly}
        every = {**found, **(self.kept.sharing(weekly) if weekly else {})}
        return {name: every[name] for name in names if name in every}

    def _declared(
        self, installation: Installation, system: System, access: Access, name: str
    ) -> Watch | Season:
        """A watch with what was decided about its thresholds since."""
        from camphora.engines.watch import Watch, retunings_of
        from camphora.engines.watch.retuning import TABLE

        watch = system.watches[name]
        digests = tuple(batch.digest for batch in installation.store.batches(access, TABLE))
        if not isinstance(watch, Watch) or not digests:
            return watch
        known = self._decided
        if known is None or known[0] != digests:
            known = self._decided = (digests, retunings_of(installation.lake.rows(access, TABLE).rows))
        return watch.retuned(known[1])

    def _one(
        self, installation: Installation, system: System, access: Access, name: str
    ) -> Watched | Followed:
        from camphora.engines.watch import Season
        from camphora.engines.watch.watching import Edition

        watch, lake = self._declared(installation, system, access, name), installation.lake
        batches = installation.store.batches(access, watch.table)
        whole = system.tables[watch.table].whole
        as_of = batches[-1].as_of if whole else max(batch.as_of for batch in batches)
        if ended := getattr(
            watch, "ended", None
        ):  # days of the last week after its publisher's last bring nothing
            as_of = min(as_of, ended.isoformat())
        source, digests = system.tables[watch.table].source, _digests(installation, system, access, name)
        if isinstance(watch, Season):
            names = watch.tables
            return self.kept.followed(
                watch, digests, as_of, source, lambda: {each: lake.rows(access, each).rows for each in names}
            )

        def edition(number: int, digest: str) -> Edition:
            return Edition(digest, lambda: lake.rows_at(access, watch.table, number).rows)

        return self.kept.watched(
            watch,
            digests,
            as_of,
            source,
            lambda: lake.rows(access, watch.table).rows,
            editions=[edition(batch.no, batch.digest) for batch in batches],
        )


def _with_nation(system: System, names: Iterable[str]) -> list[str]:
    """The names, and where one of them is watched by week all that are, in the order of the system."""
    asked = list(names)
    shared = system.weekly if any(name in system.weekly for name in asked) else ()
    return list(dict.fromkeys([*shared, *asked]))


def _digests(installation: Installation, system: System, access: Access, name: str) -> tuple[str, ...]:
    """The batches of all tables that a watch stands on."""
    tables = system.watched_tables[name]
    return tuple(batch.digest for each in tables for batch in installation.store.batches(access, each))
