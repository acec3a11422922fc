"""HTTP/1.1 with bounds that uvicorn has none for: how long a request's head may be, how long it may take to arrive,
and how many connections one network address may hold."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import ClassVar
from urllib.parse import quote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from camphora.errors import Busy, Invalid, TooLarge
from camphora.installation.service import Service
from camphora.web.fhir.outcomes import outcome_bytes

LONGEST_ADDRESS, LARGEST_HEAD, MOST_HEADERS = 8 * 1024, 32 * 1024, 100
ONE_READ = 256 * 1024
"""The most that the event loop brings at once, in which a body may follow the head."""
HEAD_SECONDS = 20.0
ASCII = "".join(map(chr, range(128)))
API = b"/fhir"
STATUS = {
    400: b"HTTP/1.1 400 Bad Request",
    408: b"HTTP/1.1 408 Request Timeout",
    414: b"HTTP/1.1 414 URI Too Long",
    431: b"HTTP/1.1 431 Request Header Fields Too Large",
}


REFUSALS = {
    400: Invalid("web-head-broken"),
    408: Busy("web-head-slow"),
    414: TooLarge("web-address-long", most=LONGEST_ADDRESS),
    431: TooLarge("web-head-large", most=LARGEST_HEAD),
}
"""What programs are told that ask the API."""


class _TooLarge(Exception):
    """Ends the parsing of a head; the parser turns it into its own error."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Subclassed by `bounded`, so that each server has its own settings and counts."""

    service: ClassVar[Service]
    held: ClassVar[Counter[str]]
    head_seconds: ClassVar[float] = HEAD_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._status, self._begun, self._between = 400, b"", True
        self._size = self._brought = 0
        self._timer: asyncio.TimerHandle | None = None
        self._place = "" if self.client is None or self.service.trusts(self.client[0]) else self.client[0]
        self._await_head()
        if self._place:
            self.held[self._place] += 1
            if self.held[self._place] > self.service.limits.connections_per_place:
                transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        if self._place:
            self.held[self._place] -= 1
            if self.held[self._place] <= 0:
                del self.held[self._place]
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._size, self._begun = 0, b""
        self._await_head()

    def on_url(self, url: bytes) -> None:
        self._begun = (self._begun + url)[: len(API)]
        self._count(len(url), LONGEST_ADDRESS, 414)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value), LARGEST_HEAD, 431)
        if len(self.headers) >= MOST_HEADERS:
            self._count(LARGEST_HEAD, LARGEST_HEAD, 431)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_is_here()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """A header that goes on and on reaches no callback, so what came for one head is counted here too."""
        if self._timer is not None:
            self._brought += len(data)
            if self._brought > LARGEST_HEAD + ONE_READ:
                self._status = 431
                self.send_400_response("")
                return
        between, self._between = self._between, False
        super().data_received(_escaped(data) if between and not data.isascii() else data)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._between = True

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """The refusal of a head, without a word of what was in it."""
        self._head_is_here()
        if self.transport.is_closing():
            return
        body, kind = b"", b""
        if self._begun == API:
            body, kind = (
                outcome_bytes(REFUSALS[self._status], "zh-TW"),
                b"content-type: application/fhir+json\r\n",
            )
        head = STATUS[self._status] + b"\r\n" + kind + b"content-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(head % len(body) + body)
        self.transport.close()

    def _count(self, size: int, most: int, status: int) -> None:
        self._size += size
        if self._size > most:
            self._status = status
            raise _TooLarge

    def _await_head(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def _head_is_here(self) -> None:
        self._brought = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer, self._status = None, 408
        self.send_400_response("")


def _escaped(data: bytes) -> bytes:
    """A request whose address holds text as it is, without percent signs: the same with them."""
    line, end, rest = data.partition(b"\n")
    return quote(line, safe=ASCII).encode() + end + rest


def bounded(service: Service) -> type[BoundedProtocol]:
    """The protocol of one server."""
    return type("Bounded", (BoundedProtocol,), {"service": service, "held": Counter()})
