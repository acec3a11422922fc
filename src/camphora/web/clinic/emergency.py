"""`/emergency`: a clinician declares an emergency for one person by a full identifier and a reason, and ends it."""

from __future__ import annotations

from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import CamphoraError
from camphora.pages import Link, Prose
from camphora.policy import Purpose
from camphora.web.contexts import Duty, Field, Form
from camphora.web.reading.desk import Desk
from camphora.web.site import see_other


class EmergencyPages(Desk):
    """The answer to an identifier that is nobody's and to one mistyped is the same, and so is its cost."""

    def page(self, request: Request) -> Response:
        self.site.access(request, Purpose.CARE)
        return self._asked(request, {}, None)

    def declare(self, request: Request, form: FormData) -> Response:
        gate, reader = self.site.installation.gate, self.site.reader(request)
        given = {name: str(form.get(name, "")).strip() for name in ("identifier", "reason")}
        try:
            declared = gate.declare(reader, given["identifier"], given["reason"])
        except CamphoraError as error:
            return self._asked(request, given, error)
        return see_other(f"/patients/{quote(str(declared.person))}")

    def end(self, request: Request, form: FormData) -> Response:
        reader, number = self.site.reader(request), str(form.get("number", ""))
        emergencies = self.site.installation.gate.emergencies
        emergencies.end(int(number) if number.isdecimal() and len(number) < 16 else 0, reader.id)
        return see_other("/patients")

    def _asked(self, request: Request, given: dict[str, str], error: CamphoraError | None) -> Response:
        words, rules = self.site.words(request), self.site.installation.gate.emergencies.rules
        fields = [
            Field(
                "identifier", words("emergency.identifier"), value=given.get("identifier", ""), required=True,
                hint=words("emergency.identifier_hint"), autocomplete="off",
            ),
            Field(
                "reason", words("emergency.reason"), "long", value=given.get("reason", ""), required=True,
                hint=words("emergency.reason_hint", least=rules.least_reason),
            ),
        ]  # fmt: skip
        said = [
            words(f"emergency.follows_{key}", hours=round(rules.hours))
            for key in ("one", "ends", "told", "judged")
        ]
        context = Duty(
            title=words("emergency.title"),
            lead=words("emergency.lead"),
            error=words("emergency.refused", text=error.text(words.lang), remedy=error.remedy(words.lang))
            if error
            else "",
            before=[Prose(words("emergency.follows"), said)],
            form=Form("/emergency", fields, words("emergency.button")),
            crumbs=[Link(words("clinic.patients"), "/patients")],
        )
        return self.site.page(request, context, status=error.status if error else 200)
