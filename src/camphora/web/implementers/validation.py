"""`/implementers/validate`: a pasted resource held to the validator, with each fault beside its line. Nothing is kept,
and no record is looked at."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import Forbidden, NotFound
from camphora.gate.gate import ANYBODY
from camphora.pages import Link
from camphora.pages.words import Words
from camphora.web.contexts import Field, ForImplementers, Form
from camphora.web.fhir.capability import profiles
from camphora.web.implementers.desk import HOME, Asking, ways
from camphora.web.implementers.faults import Checked, beside, check

ADDRESS = f"{HOME}/validate"


class ValidationPages(Asking):
    """For those who have signed in: a validation costs work."""

    def page(self, request: Request) -> Response:
        self._require_reader(request)
        return self._shown(request, "", "")

    def checked(self, request: Request, form: FormData) -> Response:
        self._require_reader(request)
        text = str(form.get("resource", "")).replace("\r\n", "\n")
        profile = str(form.get("profile", "")).strip()
        validator = self.api.validator
        if validator is None:
            raise NotFound("web-fhir-no-route")
        asked = [profile] if profile in _known() else []
        found = check(validator, text, asked, self.site.words(request).lang) if text.strip() else None
        return self._shown(request, text, profile, found)

    def _require_reader(self, request: Request) -> None:
        if self.site.reader(request) is ANYBODY:
            raise Forbidden("web-sign-in-needed")

    def _shown(self, request: Request, text: str, profile: str, found: Checked | None = None) -> Response:
        words = self.site.words(request)
        context = ForImplementers(
            title=words("implementers.validate"),
            lead=words("implementers.validate_lead"),
            ways=ways(words),
            way=2,
            crumbs=[Link(words("implementers.title"), HOME)],
            form=Form(ADDRESS, _fields(words, text, profile), words("implementers.check")),
            verdict=_verdict(words, found) if found else "",
            verdict_tone="alert" if found and any(_wrong(found)) else "good",
            faults=found.faults if found else (),
            lines=beside(text, found.faults) if found else (),
        )
        return self.site.page(request, context)


def _fields(words: Words, text: str, profile: str) -> Sequence[Field]:
    options = [("", words("implementers.own_profiles")), *((url, url.rpartition("/")[2]) for url in _known())]
    return [
        Field(
            "resource",
            words("implementers.paste"),
            "long",
            text,
            hint=words("implementers.paste_hint"),
            required=True,
        ),
        Field("profile", words("implementers.profile"), "select", profile, options=options),
    ]


def _known() -> list[str]:
    return sorted(url for urls in profiles().values() for url in urls)


def _wrong(found: Checked) -> list[bool]:
    return [each.severity in {"error", "fatal"} for each in found.faults]


def _verdict(words: Words, found: Checked) -> str:
    said = found.said or words("implementers.unread", form=found.form.upper())
    return f"{said} {words('implementers.more_faults', n=found.more)}" if found.more else said
