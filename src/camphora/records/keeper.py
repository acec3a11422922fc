"""The keeper: one thread that owns the write connection and commits in groups.

Jobs are functions over the connection. All that wait are run inside one transaction, so that one disk sync pays for
many. A refused job takes nothing else with it: each runs in a savepoint of its own, or, where all may be repeated,
without one (SQLite copies every page that is changed inside a savepoint, a fifth of what a write takes), and all begin
anew with savepoints where one is refused behind its first change. Those that run without may leave work that is done
for all of them at once, behind the last (`settle`). A job's answer is given only after the commit, with the receipt log
synced beside it.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import apsw

from camphora.errors import Busy, CamphoraError
from camphora.records.disk import said

log = logging.getLogger("camphora.records")
T = TypeVar("T")
Job = Callable[[apsw.Connection], Any]
Answered = tuple[Any, Exception | None]
GROUP = 1024
PATIENCE = 0.25
"""Seconds that a job for which nobody waits may lie."""
TRIAL = 1.0
"""Seconds that `takes_writes` waits for a trial."""
BROKEN = (apsw.FullError, apsw.IOError, apsw.CorruptError, apsw.ReadOnlyError)
"""Errors of the file or the disk, which no job is to blame for."""


class Waiting(NamedTuple):
    """A job in the line. `patient`: nobody waits for it; `repeatable`: see `Keeper.submit`."""

    job: Job
    future: Future[Any]
    patient: bool
    repeatable: bool


class Keeper:
    """`submit` a job and wait for its future; `after_commit` is called once per group, `on_rollback` on failure.
    While jobs run `as_one`, each may leave work for `settle`, which is called behind the last of them; where that
    fails, all are done anew, each by itself. `between` is called when a group is answered. `commits` counts the groups
    that were committed, `done` the jobs in them."""

    def __init__(
        self,
        connection: apsw.Connection,
        after_commit: Callable[[], None],
        on_rollback: Callable[[], None],
        settle: Callable[[], None] = lambda: None,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._after_commit = after_commit
        self._on_rollback = on_rollback
        self._settle = settle
        self._between = between
        self.as_one = False
        self._jobs: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._closed = False
        self.commits = self.done = 0
        self._failed = False
        self._trial: Future[None] | None = None
        self._door = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def submit(
        self, job: Callable[[apsw.Connection], T], *, patient: bool = False, repeatable: bool = False
    ) -> Future[T]:
        """Queue a job; its future answers after the commit that holds it, or with the job's error. A `patient` job,
        for which nobody waits, may lie some milliseconds until others share its commit. A `repeatable` one changes
        nothing but through the connection, so that it may be rolled back and run again."""
        future: Future[T] = Future()
        with self._door:
            if self._closed:
                raise Busy("records-closing")
            self._jobs.put(Waiting(job, future, patient, repeatable))
        return future

    @property
    def waiting(self) -> int:
        """Jobs that wait for their turn."""
        return self._jobs.qsize()

    @property
    def alive(self) -> bool:
        """Whether jobs are still taken and done."""
        return not self._closed and self._thread.is_alive()

    def takes_writes(self) -> bool:
        """Whether what is written is kept now. After a group that the disk or a lock kept out a trial tells: those who
        ask before they write would otherwise never hear that it is over."""
        if not self.alive or not self._failed:
            return self.alive
        try:
            if self._trial is None or self._trial.done():
                self._trial = self.submit(_same_version)
            self._trial.result(TRIAL)
        except (CamphoraError, apsw.Error, TimeoutError):
            return False
        return True

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._door:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            group, closing = self._gather(first)
            self._commit(group)
            self._between()
            if closing:
                return

    def _gather(self, first: Waiting) -> tuple[list[Waiting], bool]:
        """All that waits with the first job, and whether the keeper is closing. While only patient jobs wait, more
        are awaited for a moment."""
        group = [first]
        until = time.monotonic() + PATIENCE if first.patient else 0.0
        while len(group) < GROUP:
            wait = until - time.monotonic()
            try:
                item = self._jobs.get(timeout=wait) if wait > 0 else self._jobs.get_nowait()
            except queue.Empty:
                return group, False
            if item is None:
                return group, True
            if not item.patient:
                until = 0.0
            group.append(item)
        return group, False

    def _commit(self, group: list[Waiting]) -> None:
        try:
            answers = self._attempted(group)
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - every waiting caller must hear of it
            told = said(error, self._connection.system_errno)
            self._failed = True
            self._undo()
            for each in group:
                each.future.set_exception(told)
            return
        self._failed = False
        self.commits, self.done = self.commits + 1, self.done + len(group)
        self._tell_of_commit()
        for each, (answer, refused) in zip(group, answers, strict=True):
            if refused is None:
                each.future.set_result(answer)
            else:
                each.future.set_exception(refused)

    def _attempted(self, group: list[Waiting]) -> list[Answered]:
        """The answers of all jobs, inside one transaction that is open behind them."""
        self._connection.execute("BEGIN IMMEDIATE")
        if all(each.repeatable for each in group):
            with contextlib.suppress(_HalfDone):
                return self._as_one(group)
            self._undo()
            self._connection.execute("BEGIN IMMEDIATE")
            return [self._attempt(each) for each in group]
        answers: list[Answered] = []
        for repeatable, stretch in groupby(group, key=attrgetter("repeatable")):
            jobs = list(stretch)
            answers += self._stretch(jobs) if repeatable else [self._attempt(each) for each in jobs]
        return answers

    def _stretch(self, group: list[Waiting]) -> list[Answered]:
        """Jobs that may be repeated between others that may not: in one savepoint, where all go well."""
        self._connection.execute("SAVEPOINT stretch")
        try:
            answers = self._as_one(group)
        except _HalfDone:
            self._on_rollback()
            if not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK TO stretch")
            answers = [self._attempt(each) for each in group]
        self._connection.execute("RELEASE stretch")
        return answers

    def _as_one(self, group: list[Waiting]) -> list[Answered]:
        self.as_one = True
        try:
            answers = [self._plainly(each.job) for each in group]
            self._settle()
        except (_HalfDone, *BROKEN):
            raise
        except Exception:  # noqa: BLE001 - whose it is shows when each is done by itself
            raise _HalfDone from None
        finally:
            self.as_one = False
        return answers

    def _tell_of_commit(self) -> None:
        """What is committed stays answered, whatever fails behind it: that is logged, and secondary use hears of it
        when it waits for its own sync."""
        try:
            self._after_commit()
        except Exception as error:  # noqa: BLE001 - the commit holds
            log.error("after a commit: %s", type(error).__name__)  # noqa: TRY400 - a traceback could hold values

    def _plainly(self, job: Job) -> Answered:
        """A job without a savepoint: one that is refused may have changed nothing before."""
        before = self._connection.total_changes()
        try:
            return job(self._connection), None
        except BROKEN:
            raise
        except Exception as error:  # noqa: BLE001 - given to its own caller
            if self._connection.total_changes() != before or not self._connection.in_transaction:
                raise _HalfDone from None
            return None, error

    def _attempt(self, waiting: Waiting) -> Answered:
        self._connection.execute("SAVEPOINT job")
        try:
            answer = waiting.job(self._connection)
        except BROKEN:
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


def _same_version(connection: apsw.Connection) -> None:
    """A write that changes nothing."""
    (version,) = next(connection.execute("PRAGMA user_version"))
    connection.execute(f"PRAGMA user_version = {version}")


class _HalfDone(Exception):
    """A job was refused behind its first change."""
