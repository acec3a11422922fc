"""What a request passes before any handler sees it: from whom and under which name it came, how often such come,
how large and how slow its body may be, and until when its work may go on.

Forwarded addresses are believed of configured proxies alone. A limit is counted for the signed-in reader or the
program's token, else for the network address; so nobody can use up what belongs to another.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camphora.errors import Invalid, TooLarge, TooMany, deadline
from camphora.formats.limits import MEGABYTE, megabytes
from camphora.gate.allowance import Allowance, whole_seconds
from camphora.gate.identity import Identity
from camphora.installation.service import Service
from camphora.web.heads import headers_of
from camphora.web.site import COOKIE, UNATTENDED, named_cookie

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
PORT = re.compile(r":\d{1,5}\Z")
MONITORED = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
LARGEST_FORM = MEGABYTE
REMEMBERED, REMEMBERED_SECONDS = 10_000, 30.0


class Arrival:
    """Puts the reader's own address and the scheme that they used in place of the proxy's, where it may be believed."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            arrive(scope, self.service)
        await self.app(scope, receive, send)


def arrive(scope: Scope, service: Service) -> None:
    """Believe a proxy of ours of whom and how it was asked."""
    if service.trusts((scope.get("client") or ("",))[0]):
        scope["scheme"] = _scheme(scope)
        scope["client"] = (_client(scope, service), 0)


def _client(scope: Scope, service: Service) -> str:
    """The last address of X-Forwarded-For that is no proxy of ours; what is no address ends the search."""
    said = ",".join(_values(scope, b"x-forwarded-for"))
    found: str = scope["client"][0]
    for one in reversed(said.split(",")[-20:]):
        try:
            found = str(ipaddress.ip_address(one.strip()))
        except ValueError:
            break
        if not service.trusts(found):
            break
    return found


def _values(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]


def _scheme(scope: Scope) -> str:
    said = _values(scope, b"x-forwarded-proto")
    return said[-1] if said and said[-1] in {"http", "https"} else scope["scheme"]


def place_of(scope: Scope) -> str:
    """The network address that a request is counted for; of IPv6 the /64 that one subscriber holds."""
    host: str = (scope.get("client") or ("",))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host


class Known:
    """Whom a cookie or a bearer token belongs to, remembered for seconds, only to count requests by."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._kept: OrderedDict[bytes, tuple[str, float]] = OrderedDict()

    async def key(self, scope: Scope) -> str:
        """A key of the signed-in reader, or of the token; empty where there is none that is valid."""
        headers = headers_of(scope)
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        token = bearer.strip() if kind.lower() == "bearer" else ""
        cookie = "" if token else _cookie(scope, headers)
        if not token and not cookie:
            return ""
        digest = hashlib.sha256(f"{bool(token)}{token or cookie}".encode()).digest()
        held = self._kept.get(digest)
        if held and held[1] > time.monotonic():
            return held[0]
        found = await run_in_threadpool(self._ask, token, cookie, UNATTENDED not in headers)
        if found:
            self._kept[digest] = (found, time.monotonic() + REMEMBERED_SECONDS)
            if len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)
        return found

    def _ask(self, token: str, cookie: str, use: bool) -> str:
        if token:
            return (
                f"token {hashlib.sha256(token.encode()).hexdigest()}" if self._identity.bearer(token) else ""
            )
        session = self._identity.session(cookie, use=use)
        return f"reader {session.user.name}" if session else ""


def _cookie(scope: Scope, headers: Mapping[str, str]) -> str:
    """The cookie of a session, wherever it stands among several headers of cookies."""
    if "cookie" not in headers:
        return ""
    name, found = named_cookie(COOKIE, secure=scope["scheme"] == "https"), ""
    for header in _values(scope, b"cookie"):
        found = cookie_parser(header).get(name, found)
    return found


class Entrance:
    """Refuses other host names and what comes too often; bounds the body of forms, its time, and the time of work."""

    def __init__(self, service: Service, identity: Identity, hosts: frozenset[str]) -> None:
        self.service = service
        self.known = Known(identity)
        self.hosts = hosts
        self.readers = Allowance(service.limits.reader)
        self.places = Allowance(service.limits.place)

        self._loopback = self.hosts & LOOPBACK_NAMES

    async def admit(self, scope: Scope) -> None:
        """Raises `Invalid web-other-host` and `TooMany web-too-often`; counts what it lets in."""
        self._require_host(scope)
        key = await self.known.key(scope)
        wait = self.readers.take(key) if key else self.places.take(place_of(scope))
        if wait:
            raise TooMany("web-too-often", seconds=whole_seconds(wait))

    def seconds(self, scope: Scope) -> int:
        """How long the work of a request may take, which begins when its body is there."""
        limits = self.service.limits
        return limits.work_seconds + (0 if scope["method"] in {"GET", "HEAD"} else limits.body_seconds)

    def _require_host(self, scope: Scope) -> None:
        """Links are made from the host that was asked, so it must be one of ours; of this machine's own names any
        port is, since a port may be forwarded. What monitors ask is asked under whatever name."""
        if not self.hosts or scope["path"] in MONITORED:
            return
        host = headers_of(scope).get("host", "").lower()
        if host not in self.hosts and not (self._loopback and PORT.sub("", host) in self._loopback):
            raise Invalid("web-other-host")

    def body(self, scope: Scope, receive: Receive) -> Receive:
        """The body, counted and timed while it is read; the FHIR API counts by its own, larger measure."""
        most = None if scope["path"].startswith("/fhir") else LARGEST_FORM
        seconds = self.service.limits.body_seconds
        end = time.monotonic() + seconds
        size, whole = 0, False

        async def received() -> Message:
            nonlocal size, whole
            if whole:
                return await receive()
            try:
                async with asyncio.timeout(max(0.001, end - time.monotonic())):
                    message: Message = await receive()
            except TimeoutError:
                raise Invalid("web-body-slow", seconds=seconds) from None
            size += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if most is not None and size > most:
                raise TooLarge("web-body-large", most=megabytes(most))
            return message

        return received


class Bounded:
    """Lets in what the entrance lets in, and bounds it."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self.app = app
        self.entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await self.entrance.admit(scope)
        with deadline.within(self.entrance.seconds(scope), anew=True):
            await self.app(scope, self.entrance.body(scope, receive), send)
