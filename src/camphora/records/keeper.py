"""The keeper: one thread that owns the write connection and commits in groups.

Jobs are functions over the connection. All that wait are run inside one transaction, each in its own
savepoint, so that one disk sync pays for many and a refused job takes nothing else with it. A job's answer is
given only after the commit, with the receipt log synced beside it.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import apsw

from camphora.errors import Busy
from camphora.records.disk import said

log = logging.getLogger("camphora.records")
T = TypeVar("T")
Job = Callable[[apsw.Connection], Any]
GROUP = 1024
PATIENCE = 0.25
"""Seconds that a job for which nobody waits may lie."""


class Keeper:
    """`submit` a job and wait for its future; `after_commit` is called once per group, `on_rollback` on failure.
    `commits` counts the groups that were committed, `done` the jobs in them."""

    def __init__(
        self, connection: apsw.Connection, after_commit: Callable[[], None], on_rollback: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._after_commit = after_commit
        self._on_rollback = on_rollback
        self._jobs: queue.SimpleQueue[tuple[Job, Future[Any], bool] | None] = queue.SimpleQueue()
        self._closed = False
        self.commits = self.done = 0
        self._door = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[apsw.Connection], T], *, patient: bool = False) -> Future[T]:
        """Queue a job; its future answers after the commit that holds it, or with the job's error. A `patient` job,
        for which nobody waits, may lie some milliseconds until others share its commit."""
        future: Future[T] = Future()
        with self._door:
            if self._closed:
                raise Busy("records-closing")
            self._jobs.put((job, future, patient))
        return future

    @property
    def waiting(self) -> int:
        """Jobs that wait for their turn."""
        return self._jobs.qsize()

    @property
    def alive(self) -> bool:
        """Whether jobs are still taken and done."""
        return not self._closed and self._thread.is_alive()

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._door:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            group, closing = self._gather(first)
            self._commit([(job, future) for job, future, _ in group])
            if closing:
                return

    def _gather(
        self, first: tuple[Job, Future[Any], bool]
    ) -> tuple[list[tuple[Job, Future[Any], bool]], bool]:
        """All that waits with the first job, and whether the keeper is closing. While only patient jobs wait, more
        are awaited for a moment."""
        group = [first]
        until = time.monotonic() + PATIENCE if first[2] else 0.0
        while len(group) < GROUP:
            wait = until - time.monotonic()
            try:
                item = self._jobs.get(timeout=wait) if wait > 0 else self._jobs.get_nowait()
            except queue.Empty:
                return group, False
            if item is None:
                return group, True
            if not item[2]:
                until = 0.0
            group.append(item)
        return group, False

    def _commit(self, group: list[tuple[Job, Future[Any]]]) -> None:
        answers: list[tuple[Future[Any], Any, Exception | None]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for job, future in group:
                answers.append((future, *self._attempt(job)))
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - every waiting caller must hear of it
            told = said(error, self._connection.system_errno)
            self._undo()
            for _, future in group:
                future.set_exception(told)
            return
        self.commits, self.done = self.commits + 1, self.done + len(group)
        self._tell_of_commit()
        for future, answer, refused in answers:
            if refused is None:
                future.set_result(answer)
            else:
                future.set_exception(refused)

    def _tell_of_commit(self) -> None:
        """What is committed stays answered, whatever fails behind it: that is logged, and secondary use hears of it
        when it waits for its own sync."""
        try:
            self._after_commit()
        except Exception as error:  # noqa: BLE001 - the commit holds
            log.error("after a commit: %s", type(error).__name__)  # noqa: TRY400 - a traceback could hold values

    def _attempt(self, job: Job) -> tuple[Any, Exception | None]:
        self._connection.execute("SAVEPOINT job")
        try:
            answer = job(self._connection)
        except (apsw.FullError, apsw.IOError, apsw.CorruptError, apsw.ReadOnlyError):
            raise
        except Exception as error:  # noqa: BLE001 - given to its own caller
            self._connection.execute("ROLLBACK TO job; RELEASE job")
            self._on_rollback()
            return None, error
        self._connection.execute("RELEASE job")
        return answer, None

    def _undo(self) -> None:
        self._on_rollback()
        if self._connection.in_transaction:
            with contextlib.suppress(apsw.Error):
                self._connection.execute("ROLLBACK")
