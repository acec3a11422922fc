"""Signing in and out; in the demo, signing in as one of its persons."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from camphora.errors import CamphoraError, Forbidden, TooMany
from camphora.gate import Session
from camphora.gate.identity import DEVICE_DAYS
from camphora.policy import Role
from camphora.web.contexts import DraftKept, Field, Form, Persona, SignIn, SignInAs
from camphora.web.drafts import Draft
from camphora.web.front import place_of
from camphora.web.site import COOKIE, DEVICE, Site, cookie_name, get, keep_cookie, post, see_other


def routes(site: Site) -> list[BaseRoute]:
    """`/sign-in`, `/sign-in/drop`, `/sign-out` and, in the demo only, `/sign-in/as`."""
    signing = Signing(site)
    made: list[BaseRoute] = [
        get("/sign-in", signing.page, "sign-in", "nothing"),
        post("/sign-in", signing.sign_in, "sign-in.post", site, drafts=False),
        post("/sign-in/drop", signing.drop, "sign-in.drop", site, drafts=False),
        post("/sign-out", signing.sign_out, "sign-out", site, drafts=False),
    ]
    if site.installation.demo:
        made.append(get("/sign-in/as", signing.persons, "sign-in-as", "nothing"))
        made.append(post("/sign-in/as", signing.sign_in_as, "sign-in-as.post", site, drafts=False))
    return made


class Signing:
    def __init__(self, site: Site) -> None:
        self.site = site

    def page(self, request: Request) -> Response:
        """The form; to whom is signed in, what they did not send yet, or the page that they were on their way to."""
        session, following = self.site.session(request), request.query_params.get("next", "")
        if session is None:
            return self._form(request, following)
        if draft := self.site.drafts.of(session.user.name):
            return self._kept(request, draft)
        return see_other(following) if following else self._form(request, "")

    def _kept(self, request: Request, draft: Draft) -> Response:
        fields = [Field(name, "", "hidden", value=value) for name, value in draft.fields]
        form = Form(draft.path, fields, self.site.words(request)("account.send"))
        drop = Form("/sign-in/drop", (), self.site.words(request)("account.drop"))
        return self.site.page(request, DraftKept(draft.written, form, drop))

    def drop(self, request: Request, form: FormData) -> Response:  # noqa: ARG002
        """What was not sent is not to be sent: back to the page where it was written."""
        session = self.site.session(request)
        draft = self.site.drafts.of(session.user.name) if session else None
        if session is None or draft is None:
            return see_other("/")
        self.site.drafts.drop(session.user.name)
        return see_other(draft.back or "/")

    def _form(
        self, request: Request, following: str, name: str = "", error: CamphoraError | None = None
    ) -> Response:
        words = self.site.words(request)
        fields = [
            Field("name", words("account.name"), value=name, required=True, autocomplete="username"),
            Field(
                "password",
                words("account.password"),
                "password",
                required=True,
                autocomplete="current-password",
            ),
            Field("next", "", "hidden", value=following),
        ]
        lang = self.site.lang(request)
        said = f"{error.text(lang)}。{error.remedy(lang)}" if error and lang == "zh-TW" else ""
        said = said or (f"{error.text(lang)}: {error.remedy(lang)}" if error else "")
        others = f"/sign-in/as?{urlencode({'next': following})}" if following else "/sign-in/as"
        context = SignIn(
            form=Form("/sign-in", fields, words("account.go")),
            error=said,
            ended=self._ended(request, following),
            as_href=others if self.site.installation.demo else "",
        )
        answer = self.site.page(request, context, status=error.status if error else 200)
        if isinstance(error, TooMany):
            answer.headers["retry-after"] = str(error.facts["seconds"])
        return answer

    def _ended(self, request: Request, following: str) -> list[str]:
        """That idleness ended the session of this browser, and what signing in again leads to."""
        lapsed, words = self.site.lapsed(request), self.site.words(request)
        if lapsed is None:
            return []
        kept = self.site.drafts.of(lapsed.reader) is not None
        leads = "account.kept" if kept else "account.back" if following else ""
        return [words("account.ended"), *([words(leads)] if leads else [])]

    def sign_in(self, request: Request, form: FormData) -> Response:
        identity = self.site.installation.gate.identity
        name, following = str(form.get("name", "")), str(form.get("next", ""))
        try:
            session = identity.sign_in(
                name,
                str(form.get("password", "")),
                place=place_of(request.scope),
                device=request.cookies.get(cookie_name(request, DEVICE), ""),
            )
        except (Forbidden, TooMany) as error:
            return self._form(request, following, name, error)
        return self._signed_in(request, session, following)

    def sign_out(self, request: Request, form: FormData) -> Response:  # noqa: ARG002
        self._end(request)
        answer = see_other("/")
        keep_cookie(request, answer, COOKIE, "")
        return answer

    def _end(self, request: Request) -> None:
        """End the session that this browser had."""
        token = request.cookies.get(cookie_name(request, COOKIE), "")
        self.site.installation.gate.identity.sign_out(token)

    def persons(self, request: Request) -> Response:
        words = self.site.words(request)
        users = self.site.installation.gate.identity.users()
        personas = [
            Persona(user.name, user.display, words(f"role.{user.role}"), words(f"persona.{user.name}"))
            for user in sorted(users, key=lambda user: list(Role).index(user.role))
            if f"persona.{user.name}" in words
        ]
        following = request.query_params.get("next", "")
        return self.site.page(request, SignInAs(action="/sign-in/as", personas=personas, next=following))

    def sign_in_as(self, request: Request, form: FormData) -> Response:
        identity = self.site.installation.gate.identity
        user = identity.user(str(form.get("person", "")))
        if user is None or f"persona.{user.name}" not in self.site.words(request):
            raise Forbidden("gate-sign-in-failed")
        return self._signed_in(request, identity.open_session(user), str(form.get("next", "")))

    def _signed_in(self, request: Request, session: Session, following: str) -> Response:
        """Into the new session, which no earlier cookie can name; the one before it ends."""
        self._end(request)
        doors = self.site.doors(session.user.role)
        if self.site.drafts.of(session.user.name):
            answer = see_other("/sign-in")
        else:
            answer = see_other(following if following not in {"", "/"} else doors[0][1] if doors else "/")
        keep_cookie(request, answer, COOKIE, session.token)
        if session.device:
            keep_cookie(request, answer, DEVICE, session.device, DEVICE_DAYS)
        return answer
