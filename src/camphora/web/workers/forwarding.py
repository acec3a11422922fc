"""Passes a request on to the leader as HTTP, and its answer back, each as it comes, within bounds.

Each connection of a client has one of its own to the leader, opened when it is first needed: a pair of sockets, of
which one end is handed to the leader with the client's address. So the address is never said in a header, where a
client could say another.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress

import httptools
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from camphora.errors import Busy
from camphora.web.fhir.routes import SECONDS_OF_BUSY, refused

PIECE = 64 * 1024
"""Bytes that are held of a body at once, on either way."""
OF_THE_CONNECTION = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
"""Headers that speak of one connection alone (RFC 9110 section 7.6.1)."""
NOT_ASKED = OF_THE_CONNECTION | {b"expect"}
NOT_ANSWERED = (OF_THE_CONNECTION | {b"date"}) - {b"connection"}
"""Each server says its own date; that a connection is to be closed is passed on."""
Open = Callable[[], socket.socket]
"""Opens a connection to the leader for one client; raises OSError where it is gone."""


class Way:
    """The way from one client's connection to the leader."""

    def __init__(self, opened: Open) -> None:
        self._open = opened
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(sock=self._open(), limit=PIECE)
        return self._streams

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def forward(scope: Scope, receive: Receive, send: Send) -> None:
    """The application that passes on. The way lies in the connection's state."""
    if scope["type"] != "http":
        return
    way: Way = scope["state"]["way"]
    begun, whole = False, False

    async def noted(message: Message) -> None:
        nonlocal begun
        begun = True
        await send(message)

    try:
        whole = await _passed(way, scope, receive, noted)
    except (OSError, EOFError, httptools.HttpParserError):
        if not begun:
            await _gone(scope)(scope, receive, send)
    finally:
        if not whole:
            way.close()


async def _passed(way: Way, scope: Scope, receive: Receive, send: Send) -> bool:
    """Whether the connection may be used again."""
    reader, writer = await way.streams()
    writer.write(_head(scope))
    sent = asyncio.Event()
    sending = asyncio.ensure_future(_send_body(scope, receive, writer, sent))
    try:
        answer = _Answer(with_body=scope["method"] != "HEAD")
        async for message in answer.messages(reader):
            await send(message)
        return answer.keeps and sent.is_set()
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await sending


def _head(scope: Scope) -> bytes:
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    lines = [scope["method"].encode() + b" " + target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in scope["headers"] if name not in NOT_ASKED]
    if _is_chunked(scope["headers"]):
        lines.append(b"transfer-encoding: chunked")
    return b"\r\n".join([*lines, b"", b""])


def _is_chunked(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"transfer-encoding" for name, _ in headers)


async def _send_body(
    scope: Scope, receive: Receive, writer: asyncio.StreamWriter, sent: asyncio.Event
) -> None:
    """Send the body, then watch whether the client goes: with it goes whoever would read the answer."""
    chunked = _is_chunked(scope["headers"])
    more = True
    while (message := await receive())["type"] == "http.request" and more:
        body, more = message.get("body", b""), message.get("more_body", False)
        for at in range(0, len(body), PIECE):
            piece = body[at : at + PIECE]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
        if not more:
            if chunked:
                writer.write(b"0\r\n\r\n")
            await writer.drain()
            sent.set()
    writer.transport.abort()


class _Answer:
    """One answer of the leader as it is read, told on as ASGI messages."""

    def __init__(self, *, with_body: bool) -> None:
        self._with_body = with_body
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._told: list[Message] = []
        self._ended = False
        self.keeps = True
        """Whether the connection stays open behind it."""

    async def messages(self, reader: asyncio.StreamReader) -> AsyncIterator[Message]:
        while not self._ended:
            data = await reader.read(PIECE)
            if not data:
                raise EOFError
            self._parser.feed_data(data)
            told, self._told = self._told, []
            for message in told:
                yield message

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"connection" and value.strip().lower() == b"close":
            self.keeps = False
        if name not in NOT_ANSWERED:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._told.append({"type": "http.response.start", "status": status, "headers": self._headers})
        if not self._with_body:
            self._end()

    def on_body(self, body: bytes) -> None:
        if not self._ended:
            self._told.append({"type": "http.response.body", "body": body, "more_body": True})

    def on_message_complete(self) -> None:
        self._end()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._told.append({"type": "http.response.body", "body": b"", "more_body": False})


def _gone(scope: Scope) -> Response:
    """The leader does not answer."""
    request, error = Request(scope), Busy("workers-leader-gone")
    if scope["path"].startswith("/fhir"):
        return refused(request, error)
    said = "\n".join((error.text("zh-TW"), error.remedy("zh-TW"), error.text("en"), error.remedy("en")))
    return PlainTextResponse(f"{said}\n", 503, {"retry-after": str(SECONDS_OF_BUSY)})
