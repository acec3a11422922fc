"""The whole application over one installation: the FHIR API, the portal, static files, errors said in words."""

from __future__ import annotations

import logging
import secrets
import sys
from http import HTTPStatus
from importlib.resources import as_file, files
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount
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
    retuning,
    signing,
    systems,
    work,
)
from camphora.web.compressing import Compressed
from camphora.web.contexts import ErrorPage
from camphora.web.door import PATH, SMALLEST_COMPRESSED, Application, Door
from camphora.web.fhir import Api, fhir_routes
from camphora.web.fhir.addresses import Addresses
from camphora.web.fhir.bodies import Bodies
from camphora.web.fhir.call import MIB
from camphora.web.fhir.outcomes import SERVICE_STATUS
from camphora.web.fhir.routes import CHALLENGE, SECONDS_OF_BUSY, refused
from camphora.web.front import Arrival, Bounded, Entrance
from camphora.web.monitoring import Measured, Measures
from camphora.web.render import Renderer
from camphora.web.securing import Headers
from camphora.web.site import Site, sign_in_needed
from camphora.web.watching import Watches

log = logging.getLogger("camphora.web")


def application(
    installation: Installation,
    *,
    lang: Lang = "zh-TW",
    service: Service | None = None,
    hosts: frozenset[str] = frozenset(),
    measures: Measures | None = None,
    watches: Watches | None = None,
) -> Application:
    """The ASGI application. It does not close the installation.

    `service` limits what comes from the network; without it, for callers of the same process, nothing is limited.
    `hosts` are the host names that are answered, any where there is none. `measures`: where its figures are counted.
    `watches`: what is watched, where it is worked out beforehand."""
    site = Site(installation, Renderer(), lang, watching=watches or Watches())
    standard = installation.standard
    api = Api(
        store=installation.store,
        access=site.api_access,
        stood_for=installation.gate.stood_for,
        desk=standard.desk,
        validator=standard.validator,
        exports=installation.exports,
        imports=installation.imports,
        bodies=Bodies(service.limits.bodies_mib * MIB if service else sys.maxsize),
    )
    installation.exports.resume()
    installation.imports.resume()
    static = files("camphora.web").joinpath("static")
    with as_file(static) as folder:
        assets = StaticFiles(directory=folder)
    portal = [
        route
        for part in (
            signing,
            public,
            plans,
            systems,
            citizen,
            clinic,
            duties,
            work,
            retuning,
            persons,
            questions,
        )
        for route in part.routes(site)
    ]
    portal += implementers.routes(site, api)
    measures = measures or Measures()
    portal += monitoring.routes(site, service, measures)
    errors = Errors(site)
    addresses = Addresses(fhir_routes(api))
    entrance = _entrance(installation, service, hosts) if service else None
    made = Application(
        routes=[
            Mount("/fhir", addresses, name="fhir"),
            Base(addresses),
            Mount("/static", assets, name="static"),
            *portal,
        ],
        middleware=[
            Middleware(Measured, measures=measures),
            *([Middleware(Arrival, service=service)] if service else []),
            Middleware(Headers),
            Middleware(Calm, errors=errors),
            *([Middleware(Bounded, entrance=entrance)] if entrance else []),
            Middleware(Compressed, minimum_size=SMALLEST_COMPRESSED),
        ],
        exception_handlers={CamphoraError: errors.ours, HTTPException: errors.http},
    )
    made.door = Door(addresses, errors, measures, entrance)
    return made


def _entrance(installation: Installation, service: Service, hosts: frozenset[str]) -> Entrance:
    identity = installation.gate.identity
    identity.allow(service.limits.tries)
    identity.idleness = service.sessions.idleness
    return Entrance(service, identity, hosts)


class Base(BaseRoute):
    """The base of the API, asked without the slash at its end: as it is with one."""

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found = scope["type"] == "http" and scope["path"] == scope.get("root_path", "") + PATH
        return Match.FULL if found else Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app_root_path"] = scope.get("app_root_path", scope.get("root_path", ""))
        scope["root_path"], scope["path"] = scope["path"], f"{scope['path']}/"
        await self.addresses(scope, receive, send)


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
        if status == HTTPStatus.UNAUTHORIZED:
            answer.headers["www-authenticate"] = CHALLENGE
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
