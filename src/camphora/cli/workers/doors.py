"""What the leader and a worker say to one another, and the connections that they hand over, through one pair of sockets
that only they have. When the leader ends, however it ends, the other end reads that nobody is there."""

from __future__ import annotations

import array
import socket
from typing import NamedTuple

import msgspec

from camphora.web.monitoring import Figures

LARGEST = 128 * 1024
Address = tuple[str, int]


class Take(msgspec.Struct, tag="take", frozen=True):
    """To a worker, with a connection: it is yours, under this number."""

    number: int


class Stop(msgspec.Struct, tag="stop", frozen=True):
    """To a worker: end in order."""


class Ready(msgspec.Struct, tag="ready", frozen=True):
    """Of a worker: it answers."""


class Closed(msgspec.Struct, tag="closed", frozen=True):
    """Of a worker: this connection is closed."""

    number: int


class Way(msgspec.Struct, tag="way", frozen=True):
    """Of a worker, with a connection: requests of this client come by it. `client` and `server` are addresses."""

    client: Address | None
    server: Address | None


class Counted(msgspec.Struct, tag="counted", frozen=True):
    """Of a worker: all that it has answered so far."""

    figures: Figures


Said = Take | Stop | Ready | Closed | Way | Counted
_DECODER = msgspec.msgpack.Decoder(Said)


class Heard(NamedTuple):
    said: Said
    connection: socket.socket | None


class Door:
    """One end. Messages are whole; `handed` is closed here once it is sent."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        end.setblocking(False)

    @staticmethod
    def pair() -> tuple[socket.socket, socket.socket]:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def say(self, said: Said, handed: socket.socket | None = None) -> None:
        """Raises OSError where the other is gone, or does not listen."""
        beside = []
        if handed is not None:
            beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [handed.fileno()]))]
        self.end.sendmsg([msgspec.msgpack.encode(said)], beside)
        if handed is not None:
            handed.close()

    def hear(self) -> Heard | None:
        """The next message; None at the end. Raises BlockingIOError where there is none now."""
        size = array.array("i").itemsize
        try:
            data, beside, _, _ = self.end.recvmsg(LARGEST, socket.CMSG_SPACE(size), socket.MSG_CMSG_CLOEXEC)
        except ConnectionError:
            return None
        if not data:
            return None
        held = [array.array("i", content[:size])[0] for _, _, content in beside]
        connection = socket.socket(fileno=held[0]) if held else None
        return Heard(_DECODER.decode(data), connection)

    def close(self) -> None:
        self.end.close()
