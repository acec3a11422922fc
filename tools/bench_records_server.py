"""A server in a process of its own, asked by many clients at once; its processor time is told apart from theirs."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from started import started

LIMITS = """[limits]
reader_burst = 1000000
reader_per_second = 1000000
place_burst = 1000000
place_per_second = 1000000
connections = 2000
connections_per_place = 2000
"""
"""Of one reader from one place, who asks as a thousand would."""
QUIET_WITHIN = 1800.0
QUIET_SECONDS = 5
Make = Callable[[random.Random], bytes]
"""The bytes of a request, one for each call."""


@dataclass(frozen=True)
class Server:
    port: int
    process: int
    token: str

    @property
    def processes(self) -> list[int]:
        """The leader, and its workers where there are some."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return [self.process, *map(int, children)]

    @property
    def cpus(self) -> list[float]:
        """Processor seconds of each process so far, in all its threads."""
        return [_cpu(each) for each in self.processes]

    @property
    def cpu(self) -> float:
        """Processor seconds of the server so far."""
        return sum(self.cpus)

    @property
    def memory(self) -> float:
        """Resident megabytes."""
        return self._status("VmRSS")

    @property
    def most_memory(self) -> float:
        return self._status("VmHWM")

    def _status(self, name: str) -> float:
        for line in Path(f"/proc/{self.process}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
        raise KeyError(name)

    def get(self, path: str) -> bytes:
        return self.request("GET", path)

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        kind = "Content-Type: application/fhir+json\r\n" if body else ""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Accept: application/fhir+json\r\n{kind}Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def _cpu(process: int) -> float:
    """By the scheduler's own count, in nanoseconds, of all threads that live. Those that do the work stay while a
    server is asked; a timer's may end meanwhile."""
    spent = 0
    for each in Path(f"/proc/{process}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            spent += int((each / "schedstat").read_text().split()[0])
    return spent / 1e9


class Client:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb", 1 << 16)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        self._socket.sendall(request)
        status = int(self._file.readline().split()[1])
        length, closing = 0, False
        while (line := self._file.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line[15:])
            closing = closing or line == b"connection: close"
        body = self._file.read(length)
        if closing:
            self.close()
            self._connect()
        return status, body

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@dataclass
class Run:
    """What many clients found: seconds of each answer, statuses, wall and processor seconds."""

    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wall: float = 0.0
    cpu: float = 0.0
    cpus: list[float] = field(default_factory=list)

    @property
    def errors(self) -> int:
        return sum(count for status, count in self.statuses.items() if status >= 400 or status == 0)

    def at(self, share: float) -> float:
        """The time, in seconds, below which this share of answers lies."""
        return sorted(self.times)[min(len(self.times) - 1, int(len(self.times) * share))]


@contextmanager
def serving(folder: Path, token: str, workers: int = 1) -> Iterator[Server]:
    """Serve until the end, by so many workers and their leader; 1: by one process."""
    (folder / "service.toml").write_text(LIMITS)
    with started(folder, "--workers", str(workers)) as process:
        server = Server(process.port, process.process, token)
        quiet(server)
        yield server


def quiet(server: Server) -> None:
    """Wait until what a server does at its start is done: tables, the lake, which waits for pauses itself."""
    until, still = time.monotonic() + QUIET_WITHIN, 0
    while still < QUIET_SECONDS and time.monotonic() < until:
        before = server.cpu
        time.sleep(1.0)
        still = still + 1 if server.cpu - before < 0.05 else 0


def asked(
    server: Server, make: Make, clients: int, seconds: float, *, pace: float = 0.0, seed: int = 1
) -> Run:
    """Ask for so long. With a `pace`, so many requests a second are begun whether earlier ones are answered or not,
    and a time counts from when its request was due; else each client asks as soon as it has its answer."""
    run, lock = Run(), threading.Lock()
    begun, before = time.monotonic(), server.cpus
    until = begun + seconds

    def work(number: int) -> None:
        chance, client = random.Random(seed * 10_000 + number), Client(server.port)
        times: list[float] = []
        statuses: Counter[int] = Counter()
        due = begun + (number / pace if pace else 0.0)
        while (now := time.monotonic()) < until:
            if pace:
                if due >= until:
                    break
                time.sleep(max(0.0, due - now))
            start = due if pace else time.monotonic()
            try:
                status, _ = client.ask(make(chance))
            except (OSError, IndexError, ValueError):
                status, client = 0, Client(server.port)
            times.append(time.monotonic() - start)
            statuses[status] += 1
            due += clients / pace if pace else 0.0
        client.close()
        with lock:
            run.times += times
            run.statuses += statuses

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.wall = time.monotonic() - begun
    run.cpus = [after - now for after, now in zip(server.cpus, before, strict=True)]
    run.cpu = sum(run.cpus)
    return run
