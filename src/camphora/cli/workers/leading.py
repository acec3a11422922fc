"""The leader: accepts every connection and gives it to the worker that holds fewest, keeps what they read in the one
log, answers what they pass on, and begins one anew that ends."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import pickle
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import camphora
from camphora.cli.serving import SHUTDOWN_SECONDS, Server, configured, hosts_of
from camphora.cli.workers.doors import Closed, Counted, Door, Ready, Said, Stop, Take, Way
from camphora.cli.workers.handed import Connections, Handed
from camphora.errors import Busy, Invalid, Lang
from camphora.installation import Installation
from camphora.installation.packages import added_to
from camphora.installation.service import Service
from camphora.policy.policy import Policy
from camphora.records.relay import Reception
from camphora.web.monitoring import Measures
from camphora.web.watching import Watches

log = logging.getLogger("camphora.cli")
AT_ONCE = 16
"""Connections accepted before anything else is done."""
START_SECONDS = 60.0
"""So long the leader waits at its start until its workers answer; then it says that it answers without them."""
WITHIN, SOONEST, LATEST = 60.0, 0.2, 30.0
"""A worker that ends is begun anew after 0.2 seconds; each end within a minute doubles that, up to half a minute."""
REST = 1.0
"""Seconds without accepting where the process can open no more."""


class Handover(NamedTuple):
    """What a worker is told at its beginning, so that it goes by what its leader goes by."""

    folder: Path
    policy: Policy
    service: Service
    hosts: frozenset[str]
    packages: tuple[bytes, ...]


@dataclass(eq=False)
class Worker:
    """A worker as its leader sees it."""

    place: int
    number: int
    process: subprocess.Popen[bytes]
    door: Door
    reception: Reception
    ready: bool = False
    held: set[int] = field(default_factory=set)


class Leader(Server):
    """The server of the leading process."""

    def __init__(
        self,
        installation: Installation,
        service: Service,
        workers: int,
        *,
        host: str,
        lang: Lang,
        ready: Callable[[], None],
        watches: Watches | None = None,
    ) -> None:
        """Raises Invalid `workers-only-linux` where connections cannot be handed over."""
        if sys.platform != "linux":
            raise Invalid("workers-only-linux")
        self.measures = Measures()
        super().__init__(configured(installation, service, host, lang, self.measures, watches), ready)
        self._store, self._lang = installation.store, lang
        hosts = hosts_of(service, host)
        added = added_to(installation.standard.guides)
        self._handover = Handover(installation.folder, installation.gate.policy, service, hosts, added)
        self._readers = workers
        self._workers: dict[int, Worker] = {}
        self._own: set[int] = set()
        self._places: Counter[str] = Counter()
        self._place_of: dict[int, str] = {}
        self._number = 0
        self._ends: deque[float] = deque()
        self._settled = asyncio.Event()
        self._background: set[asyncio.Future[object]] = set()

    # Beginning and ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super(Server, self).startup(sockets=[])
        assert sockets
        self._loop = asyncio.get_running_loop()
        self._connections = Connections(self)
        self._listening = sockets[0]
        self._listening.setblocking(False)
        for place in range(self._readers):
            self._begin(place)
        self._loop.add_reader(self._listening, self._accept)
        self._keep(self._loop.create_task(self._tell()))

    async def _tell(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), START_SECONDS)
        if not self.should_exit:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Workers first: what they still answer needs their leader."""
        self._loop.remove_reader(self._listening)
        workers = list(self._workers.values())
        await asyncio.gather(*(asyncio.to_thread(_stop, each) for each in workers))
        for worker in workers:
            self._close(worker.reception)
            if self._workers.get(worker.place) is worker:
                self._forget(worker)
        await super().shutdown(sockets)

    def _begin_again(self, place: int) -> None:
        """Where the machine has no room for a process or a socket now, it may have later."""
        if self.should_exit:
            return
        try:
            self._begin(place)
        except OSError as error:
            why = errno.errorcode.get(error.errno or 0, "?")
            self._say(Busy("workers-not-begun", why=why, seconds=_seconds(LATEST)))
            self._loop.call_later(LATEST, self._begin_again, place)

    def _begin(self, place: int) -> None:
        with contextlib.ExitStack() as opened:
            door = tuple(map(opened.enter_context, Door.pair()))
            pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            leaves = tuple(map(opened.enter_context, pair))
            theirs = (door[1].fileno(), leaves[1].fileno())
            command = [sys.executable, "-P", "-m", "camphora.cli.workers.working", *map(str, theirs)]
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=theirs, env=_environment()
            )
            opened.pop_all()
        door[1].close()
        leaves[1].close()
        assert process.stdin
        with contextlib.suppress(BrokenPipeError), process.stdin as told:
            told.write(pickle.dumps(self._handover))
        leaves[0].setblocking(False)
        worker = Worker(place, self._next(), process, Door(door[0]), self._store.reception(leaves[0]))
        self._workers[place] = worker
        self._loop.add_reader(worker.door.end, self._hear, worker)
        self._loop.add_reader(leaves[0], self._receive, worker.reception)

    def _ended(self, worker: Worker) -> None:
        """Begin another in its place."""
        self._forget(worker)
        worker.process.kill()
        self._keep(self._loop.run_in_executor(None, worker.process.wait))
        self._settled.set()
        if self.should_exit:
            return
        now = time.monotonic()
        while self._ends and self._ends[0] < now - WITHIN:
            self._ends.popleft()
        delay = min(LATEST, SOONEST * 2 ** len(self._ends))
        self._ends.append(now)
        self._say(Busy("workers-ended", seconds=_seconds(delay)))
        self._loop.call_later(delay, self._begin_again, worker.place)

    def _say(self, notice: Busy) -> None:
        log.error("%s [%s]\n  → %s", notice.text(self._lang), notice.code, notice.remedy(self._lang))

    def _forget(self, worker: Worker) -> None:
        self.measures.forget(worker.number)
        self._loop.remove_reader(worker.door.end)
        worker.door.close()
        del self._workers[worker.place]
        for number in list(worker.held):
            self._release(worker.held, number)

    # Connections

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, (client, *_) = self._listening.accept()
            except BlockingIOError:
                return
            except ConnectionError:
                continue
            except OSError:
                self._loop.remove_reader(self._listening)
                self._loop.call_later(REST, self._accept_again)
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._assign(connection, client)

    def _accept_again(self) -> None:
        if not self.should_exit:
            self._loop.add_reader(self._listening, self._accept)

    def _assign(self, connection: socket.socket, client: str) -> None:
        """To the worker that holds fewest. The leader has the log, the writes and the pages to do, and its threads
        would wait for one another: it takes a connection only where no worker answers."""
        limits = self._handover.service.limits
        place = "" if self._handover.service.trusts(client) else client
        if place and self._places[place] >= limits.connections_per_place:
            connection.close()
            return
        number = self._next()
        if place:
            self._place_of[number] = place
            self._places[place] += 1
        full = len(self._own) + sum(len(each.held) for each in self._workers.values()) >= limits.connections
        chosen = None if full else self._chosen(client)
        if chosen is not None:
            with contextlib.suppress(OSError):
                chosen.door.say(Take(number), connection)
                chosen.held.add(number)
                return
        self._own.add(number)
        self._connections.take(connection, Handed(lost=lambda: self._release(self._own, number), full=full))

    def _chosen(self, client: str) -> Worker | None:  # noqa: ARG002 - a test chooses by it
        ready = (each for each in self._workers.values() if each.ready)
        return min(ready, key=lambda each: len(each.held), default=None)

    def _release(self, held: set[int], number: int) -> None:
        held.discard(number)
        place = self._place_of.pop(number, "")
        if place:
            self._places[place] -= 1
            if self._places[place] <= 0:
                del self._places[place]

    # What workers say

    def _receive(self, reception: Reception) -> None:
        if not reception.take():
            self._close(reception)

    def _close(self, reception: Reception) -> None:
        if reception.end.fileno() >= 0:
            self._loop.remove_reader(reception.end)
            reception.close()

    def _hear(self, worker: Worker) -> None:
        try:
            while (heard := worker.door.hear()) is not None:
                self._take(worker, heard.said, heard.connection)
        except BlockingIOError:
            return
        self._ended(worker)

    def _take(self, worker: Worker, said: Said, connection: socket.socket | None) -> None:
        match said:
            case Ready():
                worker.ready = True
                if all(each.ready for each in self._workers.values()):
                    self._settled.set()
            case Closed(number):
                self._release(worker.held, number)
            case Counted(figures):
                self.measures.take(worker.number, figures)
            case Way(client, server) if connection is not None:
                self._connections.take(connection, Handed(client=client, server=server, is_way=True))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _keep(self, task: asyncio.Future[object]) -> None:
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}".removesuffix(".0")


def _stop(worker: Worker) -> None:
    """Let a worker end in order, within the time that all have."""
    with contextlib.suppress(OSError):
        worker.door.say(Stop())
    try:
        worker.process.wait(SHUTDOWN_SECONDS)
    except subprocess.TimeoutExpired:
        worker.process.kill()
        worker.process.wait()


def _environment() -> dict[str, str]:
    """This process's own, with the place of this very package first."""
    here = str(Path(camphora.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))}
