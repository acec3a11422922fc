"""An answer that waits for the store's commit.

Nobody stands by meanwhile: a thread that waited would be one less to make the next write ready, and as many writes as
there are threads would be all that share a commit and its disk sync. Those of one commit are told by one call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from camphora.web.fhir.call import Answer


@dataclass(frozen=True, slots=True)
class Later:
    """`committed` is done once all is durable or refused; `answer` may be called then, and raises what refused it."""

    committed: Future[Any]
    answer: Callable[[], Answer]

    def now(self) -> Answer:
        """The answer, waited for in this thread."""
        return self.answer()

    async def wait(self) -> None:
        """Wait on the event loop. A reader who goes away while it waits changes nothing of what was handed in."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        bell = _bell(loop)
        self.committed.add_done_callback(lambda _: bell.ring(waiter))
        await waiter


class _Bell:
    """Tells those who wait on one loop: each call of the loop tells all who are due by then."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call = loop.call_soon_threadsafe
        self._due: deque[asyncio.Future[None]] = deque()
        self._called = False

    def ring(self, waiter: asyncio.Future[None]) -> None:
        """From any thread. What is put in line before `_tell` takes its mark away is told by it."""
        self._due.append(waiter)
        if not self._called:
            self._called = True
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                self._call(self._tell)

    def _tell(self) -> None:
        self._called = False
        while self._due:
            waiter = self._due.popleft()
            if not waiter.done():
                waiter.set_result(None)


_BELLS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Bell] = WeakKeyDictionary()


def _bell(loop: asyncio.AbstractEventLoop) -> _Bell:
    bell = _BELLS.get(loop)
    if bell is None:
        bell = _BELLS[loop] = _Bell(loop)
    return bell
