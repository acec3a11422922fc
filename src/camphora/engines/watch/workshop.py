"""Sweeps and forecasts worked out beforehand: each in a process of its own, one after another, at low priority.

A sweep takes seconds and forecasts half a minute of work that holds the interpreter's lock for long stretches; in the
serving process every other request would wait for them. What is done lies in a folder (`keeping`), so that a second
start finds it there.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from pathlib import Path

from camphora.engines.watch.declaration import Watch
from camphora.engines.watch.forecasts import Forecasts
from camphora.engines.watch.keeping import (
    KINDS,
    Kind,
    kept_forecasts,
    kept_season,
    kept_sweep,
    name_of,
    path_of,
)
from camphora.engines.watch.season.counts import Counts
from camphora.engines.watch.season.declaration import Season
from camphora.engines.watch.season.scanned import Scanned
from camphora.engines.watch.series import Series
from camphora.engines.watch.sweep import Sweep

Place = tuple[int, int, Kind, str, bytes]
"""One piece of work in the queue: sweeps before forecasts, then in the order asked."""
THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Workshop:
    """Does one piece of work at a time. `close` ends what is being done; it is begun anew by the next start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._queue: queue.PriorityQueue[Place] = queue.PriorityQueue()
        self._asked: dict[tuple[Kind, str], threading.Event] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def ask(self, kind: Kind, job: Job) -> None:
        """Have it made, unless it is there or has been asked for; returns at once."""
        with self._lock:
            if self._closed or (kind, job.name) in self._asked:
                return
            done = self._asked[kind, job.name] = threading.Event()
            if path_of(self.folder, kind, job.name).exists():
                done.set()
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="workshop", daemon=True)
                self._thread.start()
            self._queue.put((KINDS.index(kind), len(self._asked), kind, job.name, job.packed()))

    def is_done(self, kind: Kind, name: str) -> bool:
        """Whether nothing more is to be waited for: it was made, or could not be."""
        done = self._asked.get((kind, name))
        return done is not None and done.is_set()

    def wait(self, kind: Kind, name: str) -> None:
        """Until it has been made or could not be."""
        if done := self._asked.get((kind, name)):
            done.wait()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()
            for done in self._asked.values():
                done.set()

    def _work(self) -> None:
        while True:
            _, _, kind, name, packed = self._queue.get()
            if not self._closed:
                with contextlib.suppress(OSError):
                    self._made(kind, packed)
            self._asked[kind, name].set()

    def _made(self, kind: Kind, packed: bytes) -> None:
        environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
        command = [sys.executable, "-m", "camphora.engines.watch.making", kind, str(self.folder)]
        with self._lock:
            if self._closed:
                return
            process = self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        process.communicate(packed)
        with self._lock:
            self._process = None


class Job:
    """One watch, or season, over one state of its counts, in a workshop."""

    def __init__(self, workshop: Workshop, watch: Watch | Season, counted: Series | Counts) -> None:
        self._workshop, self._watch, self._counted = workshop, watch, counted
        self.name = name_of(watch, counted)

    def packed(self) -> bytes:
        return pickle.dumps((self._watch, self._counted, self.name))

    def begin(self) -> None:
        """Have all of it made."""
        kinds: tuple[Kind, ...] = ("sweep", "forecasts") if isinstance(self._counted, Series) else ("season",)
        for kind in kinds:
            self._workshop.ask(kind, self)

    def is_done(self, kind: Kind) -> bool:
        return self._workshop.is_done(kind, self.name)

    def sweep(self, watch: Watch, series: Series) -> Sweep | None:
        """The sweep once it is made; None where it could not be."""
        return kept_sweep(self._awaited("sweep"), self.name, watch, series)

    def forecasts(self) -> Forecasts | None:
        """The forecasts once they are made; None where they could not be."""
        return kept_forecasts(self._awaited("forecasts"), self.name)

    def season(self) -> Scanned | None:
        """The clusters of every day once they are made; None where they could not be."""
        return kept_season(self._awaited("season"), self.name)

    def _awaited(self, kind: Kind) -> Path:
        self._workshop.ask(kind, self)
        self._workshop.wait(kind, self.name)
        return self._workshop.folder
