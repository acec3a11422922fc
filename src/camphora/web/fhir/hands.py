"""Threads that stay, for work that may block, without keeping the event loop waiting.

`asyncio`'s own way, a ThreadPoolExecutor, wakes the thread that has been idle longest, whose caches are the coldest,
and passes an answer through two futures and their locks. Here the thread that became idle last is woken, and its
answer goes to the loop at once: a FHIR read takes a sixth less of the processor so.

Short work is done in turn by one thread, as long as it comes along: eight at once would only take the interpreter's
lock from one another at each query, which made a read half as dear again. Where a turn takes longer than `PATIENCE`,
the next thread takes over those that wait, so that a slow one holds up nobody. For the same reason answers of turns go
to the loop together, those of `TOGETHER` seconds; one that waits for a slow turn behind it goes after `PATIENCE`.
The receipts of such turns are made and written together too, before any of their answers goes.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar

from camphora.records.leaving import Draft, Leaf
from camphora.records.looks import GATHERED

P = ParamSpec("P")
T = TypeVar("T")
PATIENCE = 0.003
"""Seconds that others wait for one turn; then they go on without it."""
TOGETHER = 0.0005
"""For so long an answer may wait for the next ones, where their turns are waiting already."""


class Keeping(Protocol):
    """Where leaves are kept: many by one write, all or none (OSError), or one with all the waiting of its kind."""

    def keep_all(self, left: Sequence[Leaf | Draft]) -> int: ...

    def keep(self, left: Leaf | Draft) -> int | None: ...


class Hands:
    """Up to so many threads, each begun when it is first needed. They end with this object, or at `shutdown`.
    `keeping`: where the receipts of turns are written together; without it each writes its own."""

    def __init__(self, most: int, name: str, keeping: Keeping | None = None) -> None:
        self._shared = _Shared(most, name, keeping)
        self._end = weakref.finalize(self, self._shared.close)

    def do(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Begin `act` in a thread, in the caller's context; the future belongs to the running loop. Raises
        RuntimeError after `shutdown`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._shared.take(_Job(loop, future, copy_context(), act, args, kwargs, time.monotonic()))
        return future

    def do_in_turn(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """The same for work that is short as a rule: one after another, while none takes longer than `PATIENCE`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        context = copy_context()
        leaves: list[Leaf | Draft] | None = None
        if self._shared.keeping is not None and context.get(GATHERED) is None:
            context.run(GATHERED.set, leaves := [])
        self._shared.take_turn(_Job(loop, future, context, act, args, kwargs, time.monotonic(), leaves))
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
    at: float
    """When it came."""
    leaves: list[Leaf | Draft] | None = None
    """What it leaves to be kept before its answer goes."""

    def do(self) -> _Done | None:
        """What came of it; None where nobody waits for it any more. Nothing of it is kept in this frame, which an error
        holds."""
        if self.future.cancelled():
            return None
        try:
            answer = self.context.run(self.act, *self.args, **self.kwargs)
            return _Done(self.loop, self.future, answer, None, self.leaves)
        except StopIteration:  # no future takes it (PEP 479), and those told beside it would never be
            wrong = RuntimeError("the work raised StopIteration")
            return _Done(self.loop, self.future, None, wrong, self.leaves)
        except BaseException as caught:  # noqa: BLE001 - it is the caller's
            return _Done(self.loop, self.future, None, caught, self.leaves)


class _Done(NamedTuple):
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    answer: Any
    error: BaseException | None
    leaves: list[Leaf | Draft] | None = None


def _tell(done: Sequence[_Done]) -> None:
    """Bring answers to the loops that wait for them."""
    for loop in dict.fromkeys(each.loop for each in done):
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(_told, [each for each in done if each.loop is loop])


def _told(done: Sequence[_Done]) -> None:
    for each in done:
        if each.future.cancelled():
            continue
        if each.error is None:
            each.future.set_result(each.answer)
        else:
            each.future.set_exception(each.error)


@dataclass(eq=False)
class _Shared:
    """What the threads share; `lock` guards all of it."""

    most: int
    name: str
    keeping: Keeping | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: deque[_Job] = field(default_factory=deque)
    turns: deque[_Job] = field(default_factory=deque)
    done: list[_Done] = field(default_factory=list)
    """Answers of turns that wait for the next one's."""
    oldest: float = 0.0
    """When the first of them came."""
    leading: _Hand | None = None
    """The hand that takes the turns, one after another; one that is too slow is replaced while it works."""
    watching: asyncio.AbstractEventLoop | None = None
    """The loop that will look after the turns soon."""
    idle: list[_Hand] = field(default_factory=list)
    hands: list[_Hand] = field(default_factory=list)
    closed: bool = False

    def take(self, job: _Job) -> None:
        with self.lock:
            self._require_open()
            if self._give(job) is None:
                self.waiting.append(job)

    def take_turn(self, job: _Job) -> None:
        with self.lock:
            self._require_open()
            self.turns.append(job)
            self._lead_on()
            if self.turns and self.watching is not job.loop:
                self.watching = job.loop
                job.loop.call_later(PATIENCE, self._look, job.loop)

    def next_for(self, hand: _Hand) -> _Job | None:
        """What a hand that has done its work does next, what came first of it; None where it is idle now. Call it under
        the lock."""
        comes_along = self.leading is hand
        if comes_along:
            self.leading = None
        if self.turns and (comes_along or not self._is_led()) and not self._waits_longer():
            self.leading, hand.since = hand, time.monotonic()
            return self.turns.popleft()
        return self.waiting.popleft() if self.waiting else None

    def to_tell(self, hand: _Hand, done: _Done | None) -> list[_Done]:
        """What goes to the loops now that a hand has done its work and knows its next. Call it under the lock."""
        if done is not None:
            if not self.done:
                self.oldest = time.monotonic()
            self.done.append(done)
        if not self.done or (self.leading is hand and time.monotonic() - self.oldest < TOGETHER):
            return []
        telling, self.done = self.done, []
        return telling

    def tell(self, done: Sequence[_Done]) -> None:
        """Keep what these have left, then bring their answers to the loops."""
        leaves = [leaf for each in done for leaf in each.leaves or ()]
        if leaves and self.keeping is not None:
            try:
                self.keeping.keep_all(leaves)
            except OSError:
                done = [self._kept_alone(each) for each in done]
            except BaseException as caught:  # noqa: BLE001 - what may not be kept may not be told
                done = [each._replace(answer=None, error=caught) if each.leaves else each for each in done]
        _tell(done)

    def _kept_alone(self, done: _Done) -> _Done:
        """The same with its own leaves kept one by one; where one cannot be, that is its answer."""
        assert self.keeping is not None
        try:
            for leaf in done.leaves or ():
                self.keeping.keep(leaf)
        except BaseException as caught:  # noqa: BLE001 - it is the caller's
            return done._replace(answer=None, error=caught)
        return done

    def _waits_longer(self) -> bool:
        """Whether other work came before the first of the turns."""
        return bool(self.waiting) and self.waiting[0].at < self.turns[0].at

    def _require_open(self) -> None:
        if self.closed:
            raise RuntimeError("no more work is taken")

    def _give(self, job: _Job) -> _Hand | None:
        """The hand that does a job now; None where all are busy."""
        if self.idle:
            hand = self.idle.pop()
            hand.wake(job)
            return hand
        if len(self.hands) < self.most and not self.closed:
            hand = _Hand(self, job)
            hand.start()
            self.hands.append(hand)
            return hand
        return None

    def _is_led(self) -> bool:
        """Whether some hand comes along with the turns."""
        return self.leading is not None and time.monotonic() - self.leading.since <= PATIENCE

    def _lead_on(self) -> None:
        """See to it that a hand comes along with the turns, where one is free."""
        if self.turns and not self._is_led():
            hand = self._give(self.turns[0])
            if hand is not None:
                self.turns.popleft()
                self.leading, hand.since = hand, time.monotonic()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look after the turns, from a loop that waits for some, as long as there are any."""
        with self.lock:
            telling, self.done = self.done, []
            self._lead_on()
            if self.watching is loop:
                self.watching = None
                if self.turns:
                    self.watching = loop
                    loop.call_later(PATIENCE, self._look, loop)
        if any(each.leaves for each in telling):
            threading.Thread(target=self.tell, args=(telling,), name=f"{self.name}_keeping").start()
        else:
            _tell(telling)

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
        self.since = 0.0
        """When the present turn began."""
        self._turn = threading.Lock()
        self._turn.acquire()

    def wake(self, job: _Job | None) -> None:
        """Give an idle hand its next work; None: it ends."""
        self._job = job
        self._turn.release()

    def run(self) -> None:
        while (job := self._job) is not None:
            self._job = None
            done = job.do()
            del job
            self._go_on(done)
            del done  # nothing of the work is held while the hand is idle

    def _go_on(self, done: _Done | None) -> None:
        """Give the answer, and take the next work."""
        shared = self._shared
        with shared.lock:
            self._job = shared.next_for(self)
            telling = shared.to_tell(self, done)
            del done
            idle = self._job is None and not shared.closed
            if idle:
                shared.idle.append(self)
        if telling:
            shared.tell(telling)
        del telling
        if idle:
            self._turn.acquire()
