"""What every handler of the portal needs: who reads, in which language, and how a page is answered."""

from __future__ import annotations

import hmac
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast
from urllib.parse import urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from camphora.catalogue import System
from camphora.errors import Forbidden, Lang
from camphora.gate import Gate, Session
from camphora.gate.gate import ANYBODY, NO_GROUNDS, Grounds
from camphora.gate.identity import Lapsed
from camphora.installation import Installation
from camphora.pages import Link, View
from camphora.pages.words import Words
from camphora.policy import Access, Purpose, Reader, Role
from camphora.policy.paths import PathKind, Reach, read_path
from camphora.web.contexts import Context, Standing
from camphora.web.drafts import Drafts
from camphora.web.emergencies import standing
from camphora.web.heads import ARRIVED, headers_of
from camphora.web.render import Chrome, Renderer, strings
from camphora.web.watching import Watches

COOKIE, DEVICE = "camphora_session", "camphora_device"
UNATTENDED = "x-unattended"
"""The header by which a page says that it asks by itself, which puts off no end of a session."""
DRAFT = "_draft"
"""The field by which a page says that its form is only to be kept, because its session will have ended."""
Nav = Literal["", "open", "systems", "uses"]

DOORS: dict[Role, tuple[tuple[str, str], ...]] = {
    Role.CITIZEN: (("own.record", "/me"), ("own.looked", "/me/looked"), ("own.choices", "/me/choices")),
    Role.CLINICIAN: (("own.patients", "/patients"), ("own.bases", "/bases")),
    Role.PHARMACIST: (("own.patients", "/patients"),),
    Role.ANALYST: (("own.ask", "/ask"), ("own.bases", "/bases")),
    Role.OFFICER: (
        ("own.work", "/tasks"),
        ("own.surveillance", "/surveillance"),
        ("own.ask", "/ask"),
        ("own.bases", "/bases"),
    ),
    Role.MANAGER: (("own.ask", "/ask"), ("own.bases", "/bases")),
    Role.PRIVACY: (("own.privacy", "/privacy"), ("own.emergencies", "/emergencies"), ("own.bases", "/bases")),
    Role.ADMINISTRATOR: (
        ("own.operation", "/operation"),
        ("own.emergencies", "/emergencies"),
        ("own.explain", "/gate/explain"),
        ("own.standings", "/gate/standings"),
        ("own.persons", "/persons/duplicates"),
        ("own.bases", "/bases"),
    ),
}
"""The reader's own pages by role: (word, address). The first is where signing in leads; before an officer's lie the
signals of what is watched."""
SIGNALS = "engine:watch.signals"


@dataclass(frozen=True, slots=True)
class Site:
    """The portal over one installation."""

    installation: Installation
    renderer: Renderer
    default_lang: Lang = "zh-TW"
    drafts: Drafts = field(default_factory=Drafts)
    watching: Watches = field(default_factory=Watches)

    def lang(self, request: Request) -> Lang:
        """The language asked for in the address, then the reader's own, then the browser's, then the site's."""
        asked = request.query_params.get("lang") or request.cookies.get("lang")
        if asked in {"zh-TW", "en"}:
            return cast("Lang", asked)
        accepted = request.headers.get("accept-language", "").lower()
        for part in accepted.split(","):
            name = part.split(";")[0].strip()
            if name.startswith("zh"):
                return "zh-TW"
            if name.startswith("en"):
                return "en"
        return self.default_lang

    def words(self, request: Request) -> Words:
        """The words of handlers: `words/LANG/*.toml`, over those of the templates."""
        return handlers_words(self.lang(request))

    def session(self, request: Request) -> Session | None:
        token = request.cookies.get(cookie_name(request, COOKIE))
        use = UNATTENDED not in request.headers
        return self.installation.gate.identity.session(token, use=use) if token else None

    def lapsed(self, request: Request) -> Lapsed | None:
        """The session of this browser, where idleness ended it."""
        token = request.cookies.get(cookie_name(request, COOKIE))
        return self.installation.gate.identity.lapsed(token) if token else None

    def reader(self, request: Request) -> Reader:
        session = self.session(request)
        return session.user.reader() if session else ANYBODY

    def access(
        self,
        request: Request,
        purpose: Purpose | None = None,
        person: str | None = None,
        grounds: Grounds | None = None,
    ) -> Access:
        """The Access of the signed-in reader for a purpose; `Forbidden web-sign-in-needed` where nobody is. `person`:
        for whom a relative reads, or whom a clinician may have opened in an emergency. `grounds`: instead of those
        that the address names."""
        reader = self.reader(request)
        if reader is ANYBODY and purpose is not Purpose.OPEN:
            raise Forbidden("web-sign-in-needed")
        claimed = _grounds(request) if grounds is None else grounds
        return self.installation.gate.access(reader, purpose, person, claimed)

    def open_access(self) -> Access:
        """What anybody may see."""
        return self.installation.gate.access(ANYBODY, Purpose.OPEN)

    def api_access(self, request: Request) -> Access:
        """The Access of a program's bearer token, or of the signed-in reader."""
        found = bearer_access(self.installation.gate, request)
        if found is not None:
            return found
        if request.method not in {"GET", "HEAD"} and not _from_here(request):
            raise Forbidden("web-form-expired")
        return self.access(request)

    def doors(self, role: Role) -> list[tuple[str, str]]:
        """The own pages of a role, those of its day's beginning first."""
        own = list(DOORS.get(role, ()))
        if role is Role.OFFICER and (system := self._watching()):
            own.insert(0, ("own.signals", self.opening(system)))
        return own

    def _watching(self) -> System | None:
        """The first system that has the signals of a week on its first page."""
        systems = self.installation.catalogue.systems.values()
        return next((one for one in systems if one.pages and one.pages[0].function == SIGNALS), None)

    def opening(self, system: System) -> str:
        """The first page of a system; in a demo what it shows first: of a feed that has ended, a week of then."""
        shown = system.demo.links if self.installation.demo else ()
        return shown[0].href if shown else f"/systems/{system.name}"

    def chrome(self, request: Request, *, nav: Nav = "", synthetic: bool = False) -> Chrome:
        session = self.session(request)
        words = self.words(request)
        query = f"?{request.url.query}" if request.url.query else ""
        theme = request.query_params.get("theme") or request.cookies.get("theme", "")
        size = request.query_params.get("size") or request.cookies.get("size", "")
        doors = self.doors(session.user.role) if session else ()
        return Chrome(
            lang=self.lang(request),
            path=request.url.path + query,
            nav=nav,
            reader=session.user.display if session else "",
            role=words(f"role.{session.user.role}") if session else "",
            demo=self.installation.demo,
            synthetic=synthetic,
            csrf=session.csrf if session else "",
            idle=session.idle if session else 0,
            links=[Link(words(key), href) for key, href in doors],
            theme=cast("Any", theme if theme in {"light", "dark"} else ""),
            size="large" if size == "large" else "",
            standing=self._standing(session, words),
        )

    def _standing(self, session: Session | None, words: Words) -> list[Standing]:
        """The reader's open emergencies."""
        emergencies = self.installation.gate.emergencies
        if session is None or session.user.role not in emergencies.rules.roles:
            return []
        return [standing(words, each) for each in emergencies.open_of(session.user.name)]

    def page(
        self, request: Request, context: Context, *, nav: Nav = "", synthetic: bool = False, status: int = 200
    ) -> Response:
        """A whole page from its context."""
        chrome = self.chrome(request, nav=nav, synthetic=synthetic)
        return HTMLResponse(self.renderer.show(context, chrome), status_code=status)

    def view(self, request: Request, view: View, *, nav: Nav = "") -> Response:
        """A page from a `View`; the band of synthetic persons follows from its badge."""
        return HTMLResponse(self.renderer.view(view, self.chrome(request, nav=nav)))

    def fragment(self, request: Request, template: str, values: Mapping[str, object]) -> Response:
        """A part of a page, for htmx."""
        return HTMLResponse(self.renderer.page(template, lang=self.lang(request), **values))


def bearer_access(gate: Gate, request: Request) -> Access | None:
    """The Access of a program's bearer token; None where the request brings none. Forbidden web-token-refused where
    the token is nobody's now, whatever the reason."""
    scheme, _, token = headers_of(request.scope).get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    found = gate.of_bearer(token.strip(), request.scope.get(ARRIVED))
    if found is None:
        raise Forbidden("web-token-refused")
    return found


def _grounds(request: Request) -> Grounds:
    """The legal basis that the address names by its number (`basis=3`); it must be in force and the reader's own."""
    number = request.query_params.get("basis", "")
    return Grounds(basis=int(number)) if number.isdecimal() and len(number) < 16 else NO_GROUNDS


def cookie_name(request: Request, name: str) -> str:
    """The name that a cookie bears. Over TLS no other host of the same domain can set it (RFC 6265bis, `__Host-`)."""
    return named_cookie(name, secure=request.url.scheme == "https")


def named_cookie(name: str, *, secure: bool) -> str:
    return f"__Host-{name}" if secure else name


def keep_cookie(request: Request, answer: Response, name: str, value: str, days: int = 0) -> None:
    """Set a cookie that no script can read; without days it ends with the browser, without a value it is taken away."""
    secure = request.url.scheme == "https"
    seconds = (days * 86_400 or None) if value else 0
    answer.set_cookie(
        cookie_name(request, name), value, max_age=seconds, httponly=True, samesite="lax", secure=secure
    )


@cache
def handlers_words(lang: Lang) -> Words:
    folder = files("camphora.web").joinpath("words", lang)
    parts = [
        tomllib.loads(part.read_text("utf-8")) for part in folder.iterdir() if part.name.endswith(".toml")
    ]
    return Words(lang, strings(lang), *parts)


def wants_fragment(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def get(
    path: str, handler: Callable[[Request], Response], name: str, reach: Reach, kind: PathKind = "route"
) -> Route:
    """A route that declares itself as a read path. Handlers are plain functions and run in a thread."""
    read_path(name, kind, reach)
    return Route(path, handler, name=name)


def post(
    path: str,
    handler: Callable[[Request, FormData], Response],
    name: str,
    site: Site,
    *,
    drafts: bool = True,
    files: int = 0,
) -> Route:
    """A route that takes a form. The form's CSRF token must be the session's; without a session, the browser's own
    word (Sec-Fetch-Site, Origin) must say that the form came from here. With `drafts`, a form whose session has ended
    by idleness is kept for its reader instead, who signs in again. `files`: how many it may bring."""
    read_path(name, "route", "nothing")

    def handled(request: Request, form: FormData) -> Response:
        kept = _kept_as_draft(site, request, form) if drafts else None
        if kept:
            return kept
        _check_form(site, request, form)
        session = site.session(request)
        if session and drafts:
            site.drafts.forget(session.user.name, _address(request))
        return handler(request, form)

    async def answered(request: Request) -> Response:
        async with request.form(max_files=files, max_fields=50) as form:
            return await run_in_threadpool(handled, request, form)

    return Route(path, answered, methods=["POST"], name=name)


def _kept_as_draft(site: Site, request: Request, form: FormData) -> Response | None:
    """The way to sign in again, where the form belongs to a session that has ended or is said to; else None. The form
    must carry the token of that very session, and nothing is done with it."""
    session, lapsed = site.session(request), site.lapsed(request)
    back = _page_of(request.headers.get("referer", ""), request)
    reader, csrf = (lapsed.reader, lapsed.csrf) if lapsed else ("", "")
    if session and DRAFT in form:
        reader, csrf = session.user.name, session.csrf
    if not reader or not hmac.compare_digest(csrf.encode(), str(form.get("csrf", "")).encode()):
        return to_sign_in(back) if DRAFT in form else None
    fields = [(name, str(value)) for name, value in form.multi_items() if name not in {"csrf", DRAFT}]
    site.drafts.keep(reader, _address(request), back, fields)
    return to_sign_in(back)


def to_sign_in(following: str) -> Response:
    """To the page of signing in, and from there on to an address of this site."""
    return see_other(f"/sign-in?{urlencode({'next': following})}" if following else "/sign-in")


def _address(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _page_of(address: str, request: Request) -> str:
    """Path and query of an address of this very site; empty for any other."""
    parts = urlsplit(address)
    if parts.netloc != request.headers.get("host"):
        return ""
    found = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return found if _is_ours(found) else ""


def sign_in_needed(request: Request) -> Response:
    """To the page of signing in and back here; a part of a page that htmx asked for leads its whole page there."""
    if not wants_fragment(request):
        return to_sign_in(_address(request))
    asked = to_sign_in(_page_of(request.headers.get("hx-current-url", ""), request))
    return Response(status_code=200, headers={"hx-redirect": asked.headers["location"]})


def _check_form(site: Site, request: Request, form: FormData) -> None:
    session = site.session(request)
    given = str(form.get("csrf", ""))
    if session is not None:
        if not hmac.compare_digest(session.csrf.encode(), given.encode()):
            raise Forbidden("web-form-expired")
    elif not _from_here(request):
        raise Forbidden("web-form-expired")


def _from_here(request: Request) -> bool:
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def see_other(address: str) -> Response:
    """Go on to an address of this site; an address elsewhere is replaced by the first page."""
    return RedirectResponse(address if _is_ours(address) else "/", status_code=303)


def _is_ours(address: str) -> bool:
    parts = urlsplit(address)
    safe = not parts.scheme and not parts.netloc and address.startswith("/") and not address.startswith("//")
    return safe and "\\" not in address
