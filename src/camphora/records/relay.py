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
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import msgspec
from pyroaring import BitMap

from camphora.audit.receipt import from_line
from camphora.errors import Busy
from camphora.policy.vocabulary import Purpose
from camphora.records.looks import Leaf, Looks

told = logging.getLogger("camphora.records")
HEAD, ACKNOWLEDGED = struct.Struct("<IQ"), struct.Struct("<QqB")
ONE_READ = 1 << 18
LARGEST = 1 << 28
"""Bytes of one leaf: a set of every person of a country is 3 MB."""
SIDE_BY_SIDE = 4
"""Leaves that are awaited at once; each holds a thread until its commit."""
KEPT, UNWRITABLE, REFUSED = range(3)
NOT_NUMBERED = -1


def frame(number: int, leaf: Leaf) -> bytes:
    """A leaf as it travels, under a number of the sender's."""
    body = msgspec.msgpack.encode((leaf.receipt.line(), leaf.members.serialize(), leaf.salt))
    return HEAD.pack(len(body), number) + body


class Arrived(NamedTuple):
    number: int
    leaf: Leaf

    @property
    def awaited(self) -> bool:
        """Whether the answer waits for more than the write: secondary use, and sets."""
        receipt = self.leaf.receipt
        return receipt.purpose == Purpose.SECONDARY or receipt.members is not None


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
        body = bytes(buffer[at + HEAD.size : end])
        line, members, salt = msgspec.msgpack.decode(body, type=tuple[bytes, bytes, bytes])
        yield Arrived(number, Leaf(from_line(line), BitMap.deserialize(members), salt))
        at = end
    del buffer[:at]


class Reception(threading.Thread):
    """The leader's end of one worker's socket: takes leaves until the other end closes."""

    def __init__(self, looks: Looks, end: socket.socket) -> None:
        super().__init__(name="reception", daemon=True)
        self._looks = looks
        self._end = end
        self._sending = threading.Lock()
        self._awaiting = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="reception")

    def run(self) -> None:
        buffer = bytearray()
        with contextlib.suppress(ConnectionError), self._end:
            while data := self._end.recv(ONE_READ):
                buffer += data
                try:
                    found = list(arrived(buffer))
                except (ValueError, msgspec.MsgspecError):
                    told.error("a worker sent what is no leaf; its socket is closed")
                    break
                self._take(found)
            self._awaiting.shutdown()

    def _take(self, found: list[Arrived]) -> None:
        plain = [each for each in found if not each.awaited]
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
            if each.awaited:
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
            self._end.sendall(said)


class _Waiting:
    """One leaf under way. Its lock is released when its answer is there, or when it is its turn to read for all."""

    def __init__(self) -> None:
        self.answer: tuple[int, int] | None = None
        self.turn = threading.Lock()
        self.turn.acquire()


class Relay:
    """A worker's end, for all its threads. One of those that wait reads for all; when it has its own answer, another
    that waits goes on."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._sending, self._lock = threading.Lock(), threading.Lock()
        self._last = 0
        self._waiting: dict[int, _Waiting] = {}
        self._is_read = self._gone = False
        self._buffer = b""

    def keep(self, leaf: Leaf) -> int | None:
        """Have the leader keep a leaf; its number, None where it waits for the log. Raises Busy `audit-unwritable`, or
        `workers-leader-gone` where nobody can tell whether it is kept."""
        mine = _Waiting()
        with self._lock:
            if self._gone:
                raise Busy("workers-leader-gone")
            self._last += 1
            number = self._last
            self._waiting[number] = mine
        try:
            with self._sending:
                self._end.sendall(frame(number, leaf))
        except OSError:
            self._end_all()
        with self._lock:
            reads = mine.answer is None and not self._is_read
            self._is_read = self._is_read or reads
        if not reads:
            mine.turn.acquire()
        if mine.answer is None:
            self._read_until(mine)
        given, state = mine.answer or (NOT_NUMBERED, REFUSED)
        if state != KEPT:
            raise Busy("audit-unwritable" if state == UNWRITABLE else "workers-leader-gone")
        return None if given == NOT_NUMBERED else given

    def _read_until(self, mine: _Waiting) -> None:
        """Read answers until one's own is there, then let another go on."""
        while mine.answer is None:
            try:
                data = self._end.recv(ONE_READ)
            except OSError:
                data = b""
            if data:
                self._note(data)
            else:
                self._end_all()
        with self._lock:
            following = next(iter(self._waiting.values()), None)
            self._is_read = following is not None
            if following is not None:
                following.turn.release()

    def _note(self, data: bytes) -> None:
        self._buffer += data
        whole = len(self._buffer) // ACKNOWLEDGED.size * ACKNOWLEDGED.size
        with self._lock:
            for number, given, state in ACKNOWLEDGED.iter_unpack(self._buffer[:whole]):
                self._answer(number, (given, state))
        self._buffer = self._buffer[whole:]

    def _answer(self, number: int, answer: tuple[int, int]) -> None:
        found = self._waiting.pop(number, None)
        if found is not None:
            found.answer = answer
            with contextlib.suppress(RuntimeError):  # it is awake already, to read for all
                found.turn.release()

    def _end_all(self) -> None:
        """The leader is gone: nobody can tell any more what it kept."""
        with self._lock:
            self._gone = True
            for number in list(self._waiting):
                self._answer(number, (NOT_NUMBERED, REFUSED))

    def close(self) -> None:
        self._end.close()


class RelayedLooks(Looks):
    """Leaves receipts as `Looks` does, in the log of the leader."""

    def __init__(self, relay: Relay, secret: bytes) -> None:
        self._relay = relay
        self._secret = secret
        self._salts = {}

    def keep(self, leaf: Leaf) -> int | None:
        return self._relay.keep(leaf)

    def close(self) -> None:
        self._relay.close()
