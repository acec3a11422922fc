"""Lets nothing of an answer out before the leader has kept every receipt that it left.

The thread that reads goes on with other work meanwhile; so a worker needs no more threads at once than its leader, and
the leaves of several requests travel together.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camphora.records.looks import Leaf
from camphora.records.relay import GATHERED, Answer, Relay


class Post:
    """Sends leaves for all requests of an event loop, those of one turn together."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._leaves: list[Leaf] = []
        self._futures: list[asyncio.Future[Answer]] = []

    def send(self, leaves: list[Leaf]) -> list[asyncio.Future[Answer]]:
        """Futures of what the leader says of each."""
        loop = asyncio.get_running_loop()
        made: list[asyncio.Future[Answer]] = [loop.create_future() for _ in leaves]
        if not self._leaves:
            loop.call_soon(self._send)
        self._leaves += leaves
        self._futures += made
        return made

    def _send(self) -> None:
        leaves, futures = self._leaves, iter(self._futures)
        self._leaves, self._futures = [], []
        self._relay.send(leaves, lambda: next(futures))


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
