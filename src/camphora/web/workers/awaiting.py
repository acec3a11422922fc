"""Lets nothing of an answer out before the leader has kept every receipt that it left.

The thread that reads goes on with other work meanwhile; so a worker needs no more threads at once than its leader, and
the leaves of several requests travel together.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camphora.records.looks import Leaf
from camphora.records.relay import GATHERED, Answer, Relay, is_awaited

Future = asyncio.Future[Answer]


class Post:
    """Sends leaves for all requests of an event loop. While some are under way, others gather and go together when the
    leader has answered: one by one where few come, and many by one where many do."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._gathered: list[tuple[Leaf, Future]] = []
        self._under_way = False

    def send(self, leaves: list[Leaf]) -> list[Future]:
        """Futures of what the leader says of each. What it answers only after a commit keeps nothing else waiting."""
        loop = asyncio.get_running_loop()
        made = [(leaf, loop.create_future()) for leaf in leaves]
        slow = [each for each in made if is_awaited(each[0])]
        if slow:
            self._post(slow)
        self._gathered += [each for each in made if not is_awaited(each[0])]
        if self._gathered and not self._under_way:
            self._under_way = True
            loop.call_soon(self._go_on)
        return [future for _, future in made]

    def _go_on(self, _: Future | None = None) -> None:
        gathered, self._gathered = self._gathered, []
        self._under_way = bool(gathered)
        if gathered:
            gathered[-1][1].add_done_callback(self._go_on)
            self._post(gathered)

    def _post(self, sent: list[tuple[Leaf, Future]]) -> None:
        futures = iter([future for _, future in sent])
        self._relay.send([leaf for leaf, _ in sent], lambda: next(futures))


class Awaited:
    """The middleware. Raises Busy where a receipt is not kept."""

    def __init__(self, app: ASGIApp, post: Post) -> None:
        self._app, self._post = app, post

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        leaves: list[Leaf] = []

        async def sent(message: Message) -> None:
            while leaves:
                gathered = leaves[:]
                leaves.clear()
                for each in self._post.send(gathered):
                    (await each).required()
            await send(message)

        GATHERED.set(leaves)
        try:
            await self._app(scope, receive, sent)
        finally:
            if leaves:  # nobody was answered, but somebody read
                self._post.send(leaves[:])
