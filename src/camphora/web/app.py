"""The whole application over one installation: the FHIR API, the portal, static files, errors said in words."""

from __future__ import annotations

import logging
import secrets
from importlib.resources import as_file, files
from typing import Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camphora.errors import Busy, CamphoraError, Fault, Forbidden, Lang, NotFound, TooMany
from camphora.installation import Installation
from camphora.installation.service import Service
from camphora.pages import Action
from camphora.web import (
    citizen,
    clinic,
    duties,
    implementers,
    monitoring,
    persons,
    plans,
    public,
    questions,
    signing,
    systems,
)
from camphora.web.compressing import Compressed
from camphora.web.contexts import ErrorPage
from camphora.web.fhir import Api, fhir_routes
from camphora.web.fhir.addresses import Addresses
from camphora.web.fhir.outcomes import SERVICE_STATUS
from camphora.web.fhir.routes import SECONDS_OF_BUSY, refused
from camphora.web.front import Arrival, Bounded
from camphora.web.monitoring import Measured, Measures
from camphora.web.render import CSP, Renderer
from camphora.web.site import Site, sign_in_needed

log = logging.getLogger("camphora.web")
REMEMBERED = {"lang": {"zh-TW", "en"}, "theme": {"light", "dark", "auto"}, "size": {"large", "usual"}}
"""What the address may ask to be remembered about how pages look."""
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


def application(
    installation: Installation,
    *,
    lang: Lang = "zh-TW",
    service: Service | None = None,
    hosts: frozenset[str] = frozenset(),
    measures: Measures | None = None,
) -> Starlette:
    """The ASGI application. It does not close the installation.

    `service` limits what comes from the network; without it, for callers of the same process, nothing is limited.
    `hosts` are the host names that are answered, any where there is none. `measures`: where its figures are counted."""
    site = Site(installation, Renderer(), lang)
    standard = installation.standard
    api = Api(
        store=installation.store,
        access=site.api_access,
        stood_for=installation.gate.stood_for,
        desk=standard.desk,
        validator=standard.validator,
        exports=installation.exports,
        imports=installation.imports,
    )
    installation.exports.resume()
    installation.imports.resume()
    static = files("camphora.web").joinpath("static")
    with as_file(static) as folder:
        assets = StaticFiles(directory=folder)
    portal = [
        route
        for part in (signing, public, plans, systems, citizen, clinic, duties, persons, questions)
        for route in part.routes(site)
    ]
    portal += implementers.routes(site, api)
    measures = measures or Measures()
    portal += monitoring.routes(site, service, measures)
    errors = Errors(site)
    api_routes = fhir_routes(api)
    # The base itself is asked with or without a slash.
    bases = [
        Route("/fhir", one.endpoint, methods=[*(one.methods or ())], name=one.name)
        for one in api_routes
        if one.path == "/"
    ]
    return Starlette(
        routes=[
            Mount("/fhir", Addresses(api_routes), name="fhir"),
            *bases,
            Mount("/static", assets, name="static"),
            *portal,
        ],
        middleware=[
            Middleware(Measured, measures=measures),
            *([Middleware(Arrival, service=service)] if service else []),
            Middleware(Headers),
            Middleware(Calm, errors=errors),
            *([_bounded(installation, service, hosts)] if service else []),
            Middleware(Compressed, minimum_size=1000),
        ],
        exception_handlers={CamphoraError: errors.ours, HTTPException: errors.http},
    )


def _bounded(installation: Installation, service: Service, hosts: frozenset[str]) -> Middleware:
    identity = installation.gate.identity
    identity.allow(service.limits.tries)
    identity.idleness = service.sessions.idleness
    return Middleware(Bounded, service=service, identity=identity, hosts=hosts)


class Errors:
    """Turns an error once into a page: its code, its sentence, its remedy."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def ours(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, CamphoraError)
        if isinstance(error, Forbidden) and error.code == "web-sign-in-needed" and request.method == "GET":
            return sign_in_needed(request)
        return await run_in_threadpool(self._page, request, error)

    async def edge(self, request: Request, error: CamphoraError) -> Response:
        """What is refused before any handler: at the FHIR API as an OperationOutcome, elsewhere as a page."""
        if request.scope["path"].startswith("/fhir"):
            return refused(request, error)
        return await run_in_threadpool(self._page, request, error)

    async def http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = "web-method" if error.status_code == 405 else "web-no-page"
        return await run_in_threadpool(self._page, request, NotFound(code), error.status_code)

    async def unexpected(self, request: Request, error: Exception) -> Response:
        number = secrets.token_hex(4)
        last = error.__traceback__
        while last and last.tb_next:
            last = last.tb_next
        where = f"{last.tb_frame.f_code.co_qualname}:{last.tb_lineno}" if last else "?"
        log.error("fault %s: %s at %s", number, type(error).__name__, where)
        return await run_in_threadpool(self._page, request, Fault("web-fault", number=number))

    def _page(self, request: Request, error: CamphoraError, status: int | None = None) -> Response:
        status = status or SERVICE_STATUS.get(error.code, error.status)
        lang = self.site.lang(request)
        words = self.site.words(request)
        context = ErrorPage(
            status=status,
            code=error.code,
            text=error.text(lang),
            remedy=error.remedy(lang),
            place=str(error.place or ""),
            actions=[Action(words("go.home"), "/", primary=True)],
        )
        answer = self.site.page(request, context, status=status)
        if isinstance(error, Busy):
            seconds = error.facts["seconds"] if isinstance(error, TooMany) else SECONDS_OF_BUSY
            answer.headers["retry-after"] = str(seconds)
        return answer


class Said(Protocol):
    """How an error is answered that no handler answers."""

    async def edge(self, request: Request, error: CamphoraError) -> Response: ...

    async def unexpected(self, request: Request, error: Exception) -> Response: ...


class Calm:
    """Answers our own mistakes in words, and lets none of them out into a server's log, which would print values."""

    def __init__(self, app: ASGIApp, errors: Said) -> None:
        self.app = app
        self.errors = errors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except CamphoraError as error:
            answer = await self.errors.edge(Request(scope), error)
            if not begun:
                await answer(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the edge: nothing passes it unsaid
            answer = await self.errors.unexpected(Request(scope), error)
            if not begun:
                await answer(scope, receive, send)


class Headers:
    """Security headers on every answer, and cookies for how pages should look."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        secure = scope["scheme"] == "https"
        static = scope["path"].startswith("/static/")
        cookies = _cookies(_to_remember(scope), secure=secure) if scope["query_string"] else ()

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept_long = static and message["status"] in {200, 304}
                message["headers"] = [
                    *(pair for pair in message["headers"] if pair[0].lower() != b"cache-control"),
                    (b"cache-control", STATIC if kept_long else b"no-store"),
                    *SECURITY,
                    *(HTTPS if secure else ()),
                    *cookies,
                ]
            await send(message)

        await self.app(scope, receive, answered)


def _to_remember(scope: Scope) -> dict[str, str]:
    asked = Request(scope).query_params
    return {name: asked[name] for name, values in REMEMBERED.items() if asked.get(name) in values}


def _cookies(kept: dict[str, str], *, secure: bool) -> list[tuple[bytes, bytes]]:
    more = "; Secure" if secure else ""
    return [
        (b"set-cookie", f"{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax{more}".encode())
        for name, value in kept.items()
    ]
