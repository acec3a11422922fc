"""Security headers on every answer, and cookies for how pages should look."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camphora.web.render import CSP

Pairs = list[tuple[bytes, bytes]]
REMEMBERED = {"lang": {"zh-TW", "en"}, "theme": {"light", "dark", "auto"}, "size": {"large", "usual"}}
"""What the address may ask to be remembered about how pages look."""
NAMES = frozenset(name.encode() for name in REMEMBERED)
STATIC = b"public, max-age=31536000, immutable"
"""Addresses of static files bear a mark of their content."""
OFF = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "serial", "usb")
SECURITY = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", ", ".join(f"{name}=()" for name in OFF).encode()),
    (b"x-permitted-cross-domain-policies", b"none"),
)
"""Headers of every answer. The policy's frame-ancestors stands for X-Frame-Options."""
HTTPS = ((b"strict-transport-security", b"max-age=31536000; includeSubDomains"),)
"""Of an answer that goes out over TLS alone (RFC 6797 section 7.2)."""
NOT_KEPT = ((b"cache-control", b"no-store"), *SECURITY)
KEPT_LONG = ((b"cache-control", STATIC), *SECURITY)


class Headers:
    """Adds them to what an application answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")
        secure, query = scope["scheme"] == "https", scope["query_string"]

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                long = static and message["status"] in {200, 304}
                message["headers"] = secured(message["headers"], query, secure=secure, kept_long=long)
            await send(message)

        await self.app(scope, receive, answered)


def secured(
    given: Iterable[tuple[bytes, bytes]], query: bytes, *, secure: bool, kept_long: bool = False
) -> Pairs:
    """The headers of an answer with those that every answer has, in place of what was said about keeping it."""
    made = [pair for pair in given if pair[0].lower() != b"cache-control"]
    made += KEPT_LONG if kept_long else NOT_KEPT
    if secure:
        made += HTTPS
    if query:
        made += _cookies(_to_remember(query), secure=secure)
    return made


def on_the_wire(given: Iterable[tuple[bytes, bytes]], query: bytes, *, secure: bool) -> bytes:
    """What `secured` makes of headers that say nothing about keeping, as lines."""
    more = [*(HTTPS if secure else ()), *(_cookies(_to_remember(query), secure=secure) if query else ())]
    return b"".join([_lines(given), NOT_KEPT_LINES, _lines(more)])


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%b: %b\r\n" % pair for pair in headers])


NOT_KEPT_LINES = _lines(NOT_KEPT)


def _to_remember(query: bytes) -> dict[str, str]:
    names = (part.partition(b"=")[0] for part in query.split(b"&"))
    if not any(name in NAMES or b"%" in name for name in names):
        return {}
    asked = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    return {name: asked[name] for name, values in REMEMBERED.items() if asked.get(name) in values}


def _cookies(kept: dict[str, str], *, secure: bool) -> Pairs:
    more = "; Secure" if secure else ""
    return [
        (b"set-cookie", f"{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax{more}".encode())
        for name, value in kept.items()
    ]
