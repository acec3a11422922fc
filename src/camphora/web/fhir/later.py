"""An answer that waits for the store's commit.

Nobody stands by meanwhile: a thread that waited would be one less to make the next write ready, and as many writes as
there are threads would be all that share a commit and its disk sync.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

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
        done = asyncio.Event()

        def tell(_: Future[Any]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(done.set)

        self.committed.add_done_callback(tell)
        await done.wait()
