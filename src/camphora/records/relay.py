"""Leaves on their way from a worker, which reads, to the one process that writes the log.

A worker makes the leaf and sends it over a socket that both were born with; the leader appends what has arrived by one
write, indexes it as its own, and acknowledges. A worker answers after the acknowledgement alone, and refuses where the
leader is gone. Frames are a length, a number of the worker's, and the leaf; acknowledgements are of fixed size.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import apsw
import msgspec
from pyroaring import BitMap

from camphora.errors import Busy
from camphora.policy import Access
from camphora.records.leaving import Act, Draft, Leaf, Leaves
from camphora.records.looks import GATHERED, Looks, is_awaited

told = logging.getLogger("camphora.records")
HEAD, ACKNOWLEDGED = struct.Struct("<IQ"), struct.Struct("<QqB")
ONE_READ = 1 << 18
LARGEST = 1 << 28
"""Bytes of one leaf: a set of every person of a country is 3 MB."""
SIDE_BY_SIDE = 4
"""Leaves that are awaited at once; each holds a thread until its commit."""
KEPT, UNWRITABLE, REFUSED = range(3)
NOT_NUMBERED = -1


class _Frame(NamedTuple):
    """A leaf as it travels."""

    line: bytes
    members: bytes
    salt: bytes
    secondary: bool


_FRAMES = msgspec.msgpack.Decoder(_Frame)


def frame(number: int, leaf: Leaf) -> bytes:
    """A leaf as it travels, under a number of the sender's."""
    said = _Frame(leaf.line, BitMap(leaf.members).serialize(), leaf.salt, leaf.secondary)
    body = msgspec.msgpack.encode(said)
    return HEAD.pack(len(body), number) + body


class Arrived(NamedTuple):
    number: int
    leaf: Leaf


def arrived(buffer: bytearray) -> Iterator[Arrived]:
    """The leaves that are whole in a buffer, which keeps the rest. Raises ValueError for what no worker sends."""
    at = 0
    while len(buffer) - at >= HEAD.size:
        size, number = HEAD.unpack_from(buffer, at)
        if size > LARGEST:
            raise ValueError(size)
        end = at + HEAD.size + size
        if len(buffer) < end:
            break
        said = _FRAMES.decode(memoryview(buffer)[at + HEAD.size : end])
        if b"\n" in said.line or not said.line.startswith(b"{"):
            raise ValueError(number)
        members = BitMap.deserialize(said.members)
        yield Arrived(number, Leaf(said.line, members, said.salt, said.secondary))
        at = end
    del buffer[:at]


class Reception:
    """The leader's end of one worker's socket."""

    def __init__(self, looks: Looks, end: socket.socket) -> None:
        self._looks = looks
        self.end = end
        self._buffer = bytearray()
        self._sending = threading.Lock()
        self._awaiting = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="reception")

    def take(self) -> bool:
        """Keep what has arrived, waiting only where nothing has; False once there is nothing more to come: then
        `close`. What is awaited is kept in threads of its own."""
        try:
            data = self.end.recv(ONE_READ)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        self._buffer += data
        try:
            self._keep_all(list(arrived(self._buffer)))
        except (ValueError, msgspec.MsgspecError):
            told.error("a worker sent what is no leaf; its socket is closed")
            return False
        return bool(data)

    def close(self) -> None:
        self._awaiting.shutdown(wait=False)
        with self._sending:
            self.end.close()

    def _keep_all(self, found: list[Arrived]) -> None:
        plain = [each for each in found if not is_awaited(each.leaf)]
        if plain:
            try:
                first = self._looks.keep_all([each.leaf for each in plain])
            except OSError:
                for each in plain:
                    self._awaiting.submit(self._keep, each)
            else:
                said = (ACKNOWLEDGED.pack(each.number, first + at, KEPT) for at, each in enumerate(plain))
                self._send(b"".join(said))
        for each in found:
            if is_awaited(each.leaf):
                self._awaiting.submit(self._keep, each)

    def _keep(self, each: Arrived) -> None:
        """Keep one leaf as the leader keeps its own, with all the waiting of its kind."""
        number, state = None, KEPT
        try:
            number = self._looks.keep(each.leaf)
        except Busy as error:
            state = UNWRITABLE if error.code == "audit-unwritable" else REFUSED
        except Exception as error:  # noqa: BLE001 - the worker must hear of it
            told.error("a leaf of a worker was not kept: %s", type(error).__name__)
            state = REFUSED
        given = NOT_NUMBERED if number is None else number
        self._send(ACKNOWLEDGED.pack(each.number, given, state))

    def _send(self, said: bytes) -> None:
        with self._sending, contextlib.suppress(OSError):  # a worker that is gone answers nobody
            try:
                self.end.sendall(said)
            except BlockingIOError:  # nor does one that listens no more, and half of this is sent
                self.end.shutdown(socket.SHUT_RDWR)


class Answer(NamedTuple):
    """What the leader says of a leaf: its number, None where it waits for the log, or that it is not kept."""

    number: int
    state: int

    def required(self) -> int | None:
        """Raises Busy `audit-unwritable`, or `workers-leader-gone` where nobody can tell whether it is kept."""
        if self.state != KEPT:
            raise Busy("audit-unwritable" if self.state == UNWRITABLE else "workers-leader-gone")
        return None if self.number == NOT_NUMBERED else self.number


class Awaiting(Protocol):
    """A future, of whichever kind."""

    def done(self) -> bool: ...

    def set_result(self, result: Any) -> None: ...


GONE = Answer(NOT_NUMBERED, REFUSED)


class Relay:
    """A worker's end, for all its threads. Somebody must call `hear` while anybody waits."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self._lock = threading.Lock()
        self._last = 0
        self._waiting: dict[int, Awaiting] = {}
        self._gone = False
        self._buffer = b""

    def keep(self, leaf: Leaf) -> int | None:
        """Have the leader keep a leaf; its number, None where it waits for the log or is gathered for later. Raises as
        `Answer.required`."""
        gathered = GATHERED.get()
        if gathered is not None:
            gathered.append(leaf)
            return None
        waiting: Future[Answer] = Future()
        self.send([leaf], lambda: waiting)
        return waiting.result().required()

    def send(self, leaves: Sequence[Leaf], future: Callable[[], Awaiting]) -> None:
        """Send leaves at once; the answer to each is set in a future, made for it, by whoever hears."""
        with self._lock:
            made = [future() for _ in leaves]
            if self._gone:
                return _tell(made)
            frames = []
            for leaf, waiting in zip(leaves, made, strict=True):
                self._last += 1
                self._waiting[self._last] = waiting
                frames.append(frame(self._last, leaf))
            try:
                self.end.sendall(b"".join(frames))
            except OSError:
                self._end_all()

    def hear(self) -> bool:
        """Tell those who wait what the leader has said, waiting only where it has said nothing; False once it is gone,
        which all who wait are told too: nobody knows what it kept."""
        try:
            data = self.end.recv(ONE_READ)
        except OSError:
            data = b""
        with self._lock:
            self._buffer += data
            whole = len(self._buffer) // ACKNOWLEDGED.size * ACKNOWLEDGED.size
            for number, given, state in ACKNOWLEDGED.iter_unpack(self._buffer[:whole]):
                _tell([self._waiting.pop(number)], Answer(given, state))
            self._buffer = self._buffer[whole:]
            if not data:
                self._end_all()
        return bool(data)

    def _end_all(self) -> None:
        self._gone = True
        _tell(list(self._waiting.values()))
        self._waiting.clear()

    def close(self) -> None:
        self.end.close()


def _tell(waiting: Sequence[Awaiting], answer: Answer = GONE) -> None:
    for each in waiting:
        if not each.done():
            each.set_result(answer)


class RelayedLooks(Looks):
    """Leaves receipts as `Looks` does, in the log of the leader."""

    def __init__(self, relay: Relay, secret: bytes) -> None:
        self._relay = relay
        self._leaves = Leaves(secret)

    def leave(self, access: Access, act: Act, persons: Iterable[int], reader: apsw.Connection) -> int | None:
        leaf = self._leaves.of(access, act, persons, reader)
        return None if leaf is None else self._relay.keep(leaf)

    def keep(self, left: Leaf | Draft) -> int | None:
        return self._relay.keep(self._finished(left))

    def keep_all(self, left: Sequence[Leaf | Draft]) -> int:
        for each in left:
            self.keep(each)
        return NOT_NUMBERED

    def close(self) -> None:
        self._relay.close()
