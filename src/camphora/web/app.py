"""The whole application over one installation: the FHIR API, the portal, static files, errors said in words."""

from __future__ import annotations

import logging
import secrets
from importlib.resources import as_file, files

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camphora.errors import CamphoraError, Fault, Forbidden, Lang, NotFound
from camphora.installation import Installation
from camphora.pages import Action
from camphora.web import citizen, clinic, plans, public, questions, signing, systems
from camphora.web.contexts import ErrorPage
from camphora.web.fhir import Api, fhir_routes
from camphora.web.render import CSP, Renderer
from camphora.web.site import Site, see_other

BUNDLE = "fhir.bundle"
"""A bundle is posted to the base itself, with or without a slash."""
log = logging.getLogger("camphora.web")
REMEMBERED = {"lang": {"zh-TW", "en"}, "theme": {"light", "dark", "auto"}, "size": {"large", "usual"}}
"""What the address may ask to be remembered about how pages look."""


def application(installation: Installation, *, lang: Lang = "zh-TW") -> Starlette:
    """The ASGI application. It does not close the installation."""
    site = Site(installation, Renderer(), lang)
    standard = installation.standard
    api = Api(
        store=installation.store, access=site.api_access, desk=standard.desk, validator=standard.validator
    )
    static = files("camphora.web").joinpath("static")
    with as_file(static) as folder:
        assets = StaticFiles(directory=folder)
    portal = [
        route
        for part in (signing, public, plans, systems, citizen, clinic, questions)
        for route in part.routes(site)
    ]
    errors = Errors(site)
    api_routes = fhir_routes(api)
    base = next(route.endpoint for route in api_routes if route.name == BUNDLE)
    return Starlette(
        routes=[
            Mount("/static", assets, name="static"),
            Route("/fhir", base, methods=["POST"], name=BUNDLE),
            Mount("/fhir", routes=api_routes, name="fhir"),
            *portal,
        ],
        middleware=[
            Middleware(Headers),
            Middleware(Calm, errors=errors),
            Middleware(GZipMiddleware, minimum_size=1000),
        ],
        exception_handlers={CamphoraError: errors.ours, HTTPException: errors.http},
    )


class Errors:
    """Turns an error once into a page: its code, its sentence, its remedy."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def ours(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, CamphoraError)
        if isinstance(error, Forbidden) and error.code == "web-sign-in-needed" and request.method == "GET":
            return see_other(f"/sign-in?next={request.url.path}")
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
        lang = self.site.lang(request)
        words = self.site.words(request)
        context = ErrorPage(
            status=status or error.status,
            code=error.code,
            text=error.text(lang),
            remedy=error.remedy(lang),
            place=str(error.place or ""),
            actions=[Action(words("go.home"), "/", primary=True)],
        )
        return self.site.page(request, context, status=status or error.status)


class Calm:
    """Answers our own mistakes in words, and lets none of them out into a server's log, which would print values."""

    def __init__(self, app: ASGIApp, errors: Errors) -> None:
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
        request = Request(scope)
        kept = {
            name: request.query_params[name]
            for name, values in REMEMBERED.items()
            if request.query_params.get(name) in values
        }

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_headers(request.url.path), *_cookies(kept)]
            await send(message)

        await self.app(scope, receive, answered)


def _headers(path: str) -> list[tuple[bytes, bytes]]:
    static = path.startswith("/static/")
    cached = b"public, max-age=31536000, immutable" if static else b"no-store"
    return [
        (b"content-security-policy", CSP.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cache-control", cached),
    ]


def _cookies(kept: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [
        (b"set-cookie", f"{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax".encode())
        for name, value in kept.items()
    ]
