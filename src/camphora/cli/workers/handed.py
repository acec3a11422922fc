"""Connections that come by hand instead of by a listening socket, each under a protocol of uvicorn's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from camphora.cli.workers.doors import Address

WAY_SECONDS = 3600
"""So long an idle way between processes stays: longer than any client's connection, with which it ends."""


@dataclass
class Handed:
    """What is known of a connection that is handed over. `client` and `server`: addresses that are not the socket's
    own; `full`: whether it is one too many and is only told so."""

    lost: Callable[[], None] = lambda: None
    client: Address | None = None
    server: Address | None = None
    is_way: bool = False
    full: bool = False
    state: dict[str, Any] = field(default_factory=dict)


class Connections:
    """Takes connections for a running server, so that it ends them in order with its own."""

    def __init__(self, server: uvicorn.Server) -> None:
        self._server = server
        self._protocol = _watched(server.config)
        self._under_way: set[asyncio.Task[Any]] = set()

    def take(self, connection: socket.socket, handed: Handed) -> None:
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        coming = loop.create_task(self._take(loop, connection, handed))
        self._under_way.add(coming)
        coming.add_done_callback(self._under_way.discard)

    async def _take(self, loop: asyncio.AbstractEventLoop, connection: socket.socket, handed: Handed) -> None:
        try:
            await loop.connect_accepted_socket(lambda: self._made(handed), connection)
        except OSError:  # gone before it was here
            connection.close()
            handed.lost()

    def _made(self, handed: Handed) -> asyncio.Protocol:
        protocol = self._protocol(
            config=self._server.config, server_state=self._server.server_state, app_state=handed.state
        )
        protocol.handed = handed
        protocol.limit_concurrency = 0 if handed.full else None
        if handed.is_way:
            protocol.timeout_keep_alive = WAY_SECONDS
        made: asyncio.Protocol = protocol
        return made


def _watched(config: uvicorn.Config) -> Any:
    """The protocol of a server, which tells when a connection is lost."""
    if not config.loaded:
        config.load()
    base: Any = config.http_protocol_class

    class Watched(base):  # type: ignore[misc]
        handed: Handed

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            if self.handed.is_way:
                self.client, self.server = self.handed.client, self.handed.server

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self.handed.lost()

    return Watched
