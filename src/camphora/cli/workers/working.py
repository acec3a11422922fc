"""The process of a worker: `python -m camphora.cli.workers.working DOOR LEAVES`, begun by a leader alone, which hands
it two sockets by their numbers and the rest through its standard input. It ends with its leader."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from camphora.cli.collecting import set_apart, take_back
from camphora.cli.serving import config_of
from camphora.cli.workers.doors import Closed, Counted, Door, Ready, Said, Stop, Take
from camphora.cli.workers.doors import Way as OfClient
from camphora.cli.workers.handed import Connections, Handed
from camphora.cli.workers.leading import Handover
from camphora.installation.packages import with_added
from camphora.installation.reading import Reading
from camphora.records.relay import Relay
from camphora.web.monitoring import Measures
from camphora.web.workers.answering import answering
from camphora.web.workers.forwarding import Way

COUNT_SECONDS = 1.0


class Worker(uvicorn.Server):
    """Serves the connections that come through the door."""

    def __init__(self, config: uvicorn.Config, door: Door, relay: Relay, measures: Measures) -> None:
        super().__init__(config)
        self._door, self._relay = door, relay
        self._measures = measures
        self._unsaid: deque[Said] = deque()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The leader alone says when to end; Ctrl-C and a service manager's signal reach it too."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._loop = asyncio.get_running_loop()
        self._connections = Connections(self)
        self._loop.add_reader(self._door.end, self._hear)
        self._loop.add_reader(self._relay.end, self._listen)
        set_apart()
        self._say(Ready())
        self._count()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        take_back()
        self._say(Counted(self._measures.figures()))

    def _hear(self) -> None:
        try:
            while (heard := self._door.hear()) is not None:
                if isinstance(heard.said, Stop):
                    self.should_exit = True
                elif isinstance(heard.said, Take) and heard.connection is not None:
                    self._take(heard.said.number, heard.connection)
        except BlockingIOError:
            return
        os._exit(1)  # the leader is gone: nothing may be answered any more

    def _listen(self) -> None:
        if not self._relay.hear():
            self._loop.remove_reader(self._relay.end)
            self.should_exit = True  # it could answer no read any more: the leader begins another

    def _take(self, number: int, connection: socket.socket) -> None:
        try:
            of_client = OfClient(connection.getpeername()[:2], connection.getsockname()[:2])
        except OSError:  # the client is gone already
            connection.close()
            self._say(Closed(number))
            return
        way = Way(lambda: self._opened(of_client))

        def lost() -> None:
            way.close()
            self._say(Closed(number))

        self._connections.take(connection, Handed(lost=lost, state={"way": way}))

    def _opened(self, of_client: OfClient) -> socket.socket:
        """A connection to the leader for this client."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._door.say(of_client, theirs)
        except OSError:
            ours.close()
            theirs.close()
            raise
        ours.setblocking(False)
        return ours

    def _say(self, said: Said) -> None:
        """At once, or when the leader listens again."""
        self._unsaid.append(said)
        try:
            while self._unsaid:
                self._door.say(self._unsaid[0])
                self._unsaid.popleft()
        except OSError:
            return

    def _count(self) -> None:
        self._say(Counted(self._measures.figures()))
        self._loop.call_later(COUNT_SECONDS, self._count)


def main(door: int, leaves: int) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    told: Handover = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that began this one
    relay = Relay(socket.socket(fileno=leaves))
    reading = Reading.open(told.folder, told.policy, relay, with_added(told.packages))
    measures = Measures()
    app = answering(reading, told.service, told.hosts, measures, relay)
    server = Worker(config_of(app, told.service), Door(socket.socket(fileno=door)), relay, measures)
    try:
        server.run(sockets=[])
    finally:
        reading.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
