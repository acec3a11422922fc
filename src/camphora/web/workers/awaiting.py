"""Lets nothing of an answer out before the leader has kept every receipt that it left.

The thread that reads goes on with other work meanwhile; so a worker needs no more threads at once than its leader, and
the leaves of several requests travel together.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from camphora.records.leaving import Draft, Leaf
from camphora.records.looks import GATHERED, is_awaited
from camphora.records.relay import Answer, Relay
from camphora.web.door import Door

KEPT = "camphora.kept"
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


class Kept:
    """The leaves of one request. Made in the request's own task: whatever reads for it afterwards leaves them here."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._leaves: list[Leaf] = []
        GATHERED.set(cast("list[Leaf | Draft]", self._leaves))  # a worker finishes each of its own

    async def all(self) -> None:
        """Wait until every leaf that was left so far is kept. Raises Busy where one is not."""
        while self._leaves:
            gathered = self._leaves[:]
            self._leaves.clear()
            for each in self._post.send(gathered):
                (await each).required()

    def before(self, send: Send) -> Send:
        """Sends nothing before that."""

        async def sent(message: Message) -> None:
            await self.all()
            await send(message)

        return sent

    def rest(self) -> None:
        """Nobody was answered, but somebody may have read."""
        if self._leaves:
            self._post.send(self._leaves[:])


class AwaitingDoor(Door):
    """The door of a worker's own reads."""

    def __init__(self, *given: Any, post: Post) -> None:
        super().__init__(*given)
        self._post = post

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept = Kept(self._post)
        scope[KEPT] = kept
        try:
            await super().__call__(scope, receive, kept.before(send))
        finally:
            kept.rest()

    async def _routed(self, scope: Scope, receive: Receive) -> Response:
        """Before anything of the answer is begun, so that what cannot be kept is said in its place."""
        answer = await super()._routed(scope, receive)
        kept: Kept = scope[KEPT]
        await kept.all()
        return answer
