"""HTTP/1.1 with bounds that uvicorn has none for: how long a request's head may be, how long it may take to arrive,
and how many connections one network address may hold."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, cast
from urllib.parse import quote

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from camphora.errors import Busy, CamphoraError, Invalid, Lang, TooLarge
from camphora.installation.service import Service
from camphora.web.fhir.outcomes import outcome_bytes
from camphora.web.heads import EXTENSIONS, WHOLE

LONGEST_ADDRESS, LARGEST_HEAD, MOST_HEADERS = 8 * 1024, 32 * 1024, 100
ONE_READ = 256 * 1024
"""The most that the event loop brings at once, in which a body may follow the head."""
HEAD_SECONDS = 20.0
LINGER_SECONDS = 5.0
"""So long what still comes behind a refusal is taken in and thrown away. A connection that is closed on bytes that
nobody read is reset, and the answer is lost to a client, or a proxy, that was still sending."""
ASCII = "".join(map(chr, range(128)))
API = b"/fhir"
ENOUGH = 64
"""So much of a request's first line tells whether it asks the API."""
LANGS: tuple[Lang, ...] = ("zh-TW", "en")
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


class _Lingering:
    """A transport that, where its client is still sending, says that nothing more comes and closes a while later."""

    def __init__(self, transport: asyncio.Transport, still_comes: Callable[[], bool]) -> None:
        self._transport, self._still_comes = transport, still_comes
        self.write = transport.write
        self.lingers = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self.lingers or self._transport.is_closing()

    def close(self) -> None:
        if self.is_closing():
            return
        if not (self._still_comes() and self._transport.can_write_eof()):
            self._transport.close()
            return
        self.lingers = True
        self._transport.write_eof()
        self._transport.resume_reading()
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.close)


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Subclassed by `bounded`, so that each server has its own settings and counts."""

    service: ClassVar[Service]
    held: ClassVar[Counter[str]]
    head_seconds: ClassVar[float] = HEAD_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._lingering = _Lingering(transport, self._still_comes)
        super().connection_made(self._lingering)  # type: ignore[arg-type]
        self._status, self._refused = 400, False
        self._line, self._in_line = b"", True
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
        self._size = 0
        self._await_head()

    def on_url(self, url: bytes) -> None:
        self._count(len(url), LONGEST_ADDRESS, 414)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value), LARGEST_HEAD, 431)
        if len(self.headers) >= MOST_HEADERS:
            self._count(LARGEST_HEAD, LARGEST_HEAD, 431)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_is_here()
        self._in_line = False
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.scope is self.scope:
            cast("dict[str, Any]", self.scope)[EXTENSIONS] = {WHOLE: partial(_whole, self.cycle)}

    def data_received(self, data: bytes) -> None:
        """A header that goes on and on reaches no callback, so what came for one head is counted here too."""
        if self._lingering.lingers:
            return
        if self._timer is not None:
            self._brought += len(data)
            if self._brought > LARGEST_HEAD + ONE_READ:
                self._status = 431
                self.send_400_response("")
                return
        super().data_received(self._of_line(data) if self._in_line else data)

    def _of_line(self, data: bytes) -> bytes:
        """What came while a request's first line is awaited: text that stands in the address as it is has percent
        signs afterwards, wherever the network cuts it."""
        data = data if self._line else data.lstrip(b"\r\n")
        line, end, rest = data.partition(b"\n")
        self._line = (self._line + line)[:ENOUGH]
        self._in_line = not end
        return data if line.isascii() else quote(line, safe=ASCII).encode() + end + rest

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._line, self._in_line = b"", True

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """The refusal of a head, without a word of what was in it: an OperationOutcome to whoever asks the API,
        otherwise text in both languages."""
        self._head_is_here()
        if self.transport.is_closing():
            return
        refusal = REFUSALS[self._status]
        if self._is_for_api():
            body, kind = outcome_bytes(refusal, "zh-TW"), b"application/fhir+json"
        else:
            body, kind = _in_words(refusal), b"text/plain; charset=utf-8"
        head = (
            STATUS[self._status] + b"\r\ncontent-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head % (kind, len(body)) + body)
        self._refused = True
        self.transport.close()

    def on_response_complete(self) -> None:
        """Who was answered may send the rest of a body for a while, not for ever."""
        super().on_response_complete()
        if self.cycle is not None and self.cycle.more_body:
            self.loop.call_later(LINGER_SECONDS, self._give_up, self.cycle)

    def _give_up(self, cycle: RequestResponseCycle) -> None:
        if self.cycle is cycle and cycle.more_body:
            self.transport.abort()

    def _still_comes(self) -> bool:
        """Whether the client has not sent all of a request: its head, or the body that the head announced."""
        return self._timer is not None or self._refused or (self.cycle is not None and self.cycle.more_body)

    def _is_for_api(self) -> bool:
        """By the address as it came: a line that cannot be read has no other."""
        method, _, address = self._line.lstrip().partition(b" ")
        return (address.lstrip() or method).startswith(API)

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


def _whole(cycle: RequestResponseCycle, status: int, lines: bytes, body: bytes) -> bool:
    """Send a whole answer by one write, as two messages would; False where that cannot be done now. `lines`: its
    headers as they stand on the wire, the length among them, made by ourselves: nothing in them is looked at."""
    if cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
        return False
    cycle.response_started = cycle.response_complete = True
    usual = b"".join([b"%b: %b\r\n" % pair for pair in cycle.default_headers])
    close = b"" if cycle.keep_alive else b"connection: close\r\n"
    shown = b"" if cycle.scope["method"] == "HEAD" else body
    cycle.transport.write(b"".join([STATUS_LINE[status], usual, lines, close, b"\r\n", shown]))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


def _in_words(refusal: CamphoraError) -> bytes:
    return "".join(f"{refusal.text(lang)}\n→ {refusal.remedy(lang)}\n" for lang in LANGS).encode()


def bounded(service: Service) -> type[BoundedProtocol]:
    """The protocol of one server."""
    return type("Bounded", (BoundedProtocol,), {"service": service, "held": Counter()})
