"""Signing in and out; in the demo, signing in as one of its persons."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from camphora.errors import Busy, CamphoraError, Forbidden
from camphora.gate import Session
from camphora.policy import Role
from camphora.web.contexts import Field, Form, Persona, SignIn, SignInAs
from camphora.web.site import COOKIE, DOORS, Site, get, post, see_other


def routes(site: Site) -> list[BaseRoute]:
    """`/sign-in`, `/sign-out` and, in the demo only, `/sign-in/as`."""
    signing = Signing(site)
    made: list[BaseRoute] = [
        get("/sign-in", signing.page, "sign-in", "nothing"),
        post("/sign-in", signing.sign_in, "sign-in.post", site),
        post("/sign-out", signing.sign_out, "sign-out", site),
    ]
    if site.installation.demo:
        made.append(get("/sign-in/as", signing.persons, "sign-in-as", "nothing"))
        made.append(post("/sign-in/as", signing.sign_in_as, "sign-in-as.post", site))
    return made


class Signing:
    def __init__(self, site: Site) -> None:
        self.site = site

    def page(self, request: Request, error: CamphoraError | None = None) -> Response:
        words = self.site.words(request)
        fields = [
            Field("name", words("account.name"), required=True, autocomplete="username"),
            Field(
                "password",
                words("account.password"),
                "password",
                required=True,
                autocomplete="current-password",
            ),
            Field("next", "", "hidden", value=request.query_params.get("next", "")),
        ]
        lang = self.site.lang(request)
        said = f"{error.text(lang)}。{error.remedy(lang)}" if error and lang == "zh-TW" else ""
        said = said or (f"{error.text(lang)}: {error.remedy(lang)}" if error else "")
        context = SignIn(
            form=Form("/sign-in", fields, words("account.go")),
            error=said,
            as_href="/sign-in/as" if self.site.installation.demo else "",
        )
        return self.site.page(request, context, status=error.status if error else 200)

    def sign_in(self, request: Request, form: FormData) -> Response:
        identity = self.site.installation.gate.identity
        try:
            session = identity.sign_in(str(form.get("name", "")), str(form.get("password", "")))
        except (Forbidden, Busy) as error:
            return self.page(request, error)
        return self._signed_in(request, session, str(form.get("next", "")))

    def sign_out(self, request: Request, form: FormData) -> Response:  # noqa: ARG002
        self.site.installation.gate.identity.sign_out(request.cookies.get(COOKIE, ""))
        answer = see_other("/")
        answer.delete_cookie(COOKIE)
        return answer

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
        doors = DOORS.get(session.user.role, ())
        answer = see_other(following if following not in {"", "/"} else doors[0][1] if doors else "/")
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, session.token, httponly=True, samesite="lax", secure=secure, path="/")
        return answer
