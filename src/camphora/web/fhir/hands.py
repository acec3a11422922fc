"""Threads that stay, for work that may block, without keeping the event loop waiting.

`asyncio`'s own way, a ThreadPoolExecutor, wakes the thread that has been idle longest, whose caches are the coldest,
and passes an answer through two futures and their locks. Here the thread that became idle last is woken, and its
answer goes to the loop at once: a FHIR read takes a sixth less of the processor so.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Hands:
    """Up to so many threads, each begun when it is first needed. They end with this object, or at `shutdown`."""

    def __init__(self, most: int, name: str) -> None:
        self._shared = _Shared(most, name)
        self._end = weakref.finalize(self, self._shared.close)

    def do(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Begin `act` in a thread, in the caller's context; the future belongs to the running loop. Raises
        RuntimeError after `shutdown`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._shared.take(_Job(loop, future, copy_context(), act, args, kwargs))
        return future

    def shutdown(self) -> None:
        """Let the work end that was taken, and take no more."""
        self._end()


class _Job(NamedTuple):
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    context: Context
    act: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def do(self) -> None:
        if self.future.cancelled():
            return
        try:
            answer, error = self.context.run(self.act, *self.args, **self.kwargs), None
        except BaseException as caught:  # noqa: BLE001 - it is the caller's
            answer, error = None, caught
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self.loop.call_soon_threadsafe(_told, self.future, answer, error)
        del answer, error  # an error holds this frame, which holds the request


def _told(future: asyncio.Future[Any], answer: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(answer)
    else:
        future.set_exception(error)


@dataclass(eq=False)
class _Shared:
    """What the threads share; `lock` guards all of it."""

    most: int
    name: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: deque[_Job] = field(default_factory=deque)
    idle: list[_Hand] = field(default_factory=list)
    hands: list[_Hand] = field(default_factory=list)
    closed: bool = False

    def take(self, job: _Job) -> None:
        with self.lock:
            if self.closed:
                raise RuntimeError("no more work is taken")
            if self.idle:
                self.idle.pop().wake(job)
            elif len(self.hands) < self.most:
                hand = _Hand(self, job)
                hand.start()
                self.hands.append(hand)
            else:
                self.waiting.append(job)

    def close(self) -> None:
        with self.lock:
            self.closed = True
            for hand in self.idle:
                hand.wake(None)
            self.idle.clear()
        for hand in self.hands:
            if hand is not threading.current_thread():
                hand.join()


class _Hand(threading.Thread):
    def __init__(self, shared: _Shared, job: _Job) -> None:
        super().__init__(name=f"{shared.name}_{len(shared.hands)}", daemon=True)
        self._shared = shared
        self._job: _Job | None = job
        self._turn = threading.Lock()
        self._turn.acquire()

    def wake(self, job: _Job | None) -> None:
        """Give an idle hand its next work; None: it ends."""
        self._job = job
        self._turn.release()

    def run(self) -> None:
        while (job := self._job) is not None:
            self._job = None
            job.do()
            del job  # nothing of it is held while the hand is idle
            self._await_next()

    def _await_next(self) -> None:
        with self._shared.lock:
            if self._shared.waiting:
                self._job = self._shared.waiting.popleft()
                return
            if self._shared.closed:
                return
            self._shared.idle.append(self)
        self._turn.acquire()
