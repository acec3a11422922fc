"""`/me/family`: who may look for me, whom I look for; letting a relative in until a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import Forbidden
from camphora.gate import User
from camphora.pages import Action, Link
from camphora.policy import Role
from camphora.policy.choices import LetsIn, let_in
from camphora.web.citizen.acting import STAND_INS
from camphora.web.citizen.certificates import certified
from camphora.web.citizen.held import Held, held, relatives
from camphora.web.contexts import Confirm, Family, Field, Form, Relative
from camphora.web.reading import Chart, Json, Reading, is_synthetic
from camphora.web.reading.chart import name_of
from camphora.web.reading.desk import Desk
from camphora.web.reading.plain import moment_of
from camphora.web.site import see_other

HERE = "/me/family"


class FamilyPages(Desk):
    """Trust between relatives: a relative is named by the account with which they sign in."""

    def page(self, request: Request, faults: dict[str, str] | None = None) -> Response:
        chart, reading = self.own(request), self.reading(request)
        done = request.query_params.get("done", "")
        context = Family(
            trusted=self._trusted(chart, reading),
            trusting=self._trusting(request, reading),
            invite=_invitation(reading, request, faults or {}),
            done=reading.words(f"family_is.done.{done}") if done in {"let-in", "end"} else "",
        )
        synthetic = is_synthetic([chart.patient()])
        return self.site.page(request, context, synthetic=synthetic, status=400 if faults else 200)

    def _trusted(self, chart: Chart, reading: Reading) -> list[Relative]:
        accounts = {user.person: user for user in self._users() if user.person}
        known = {name_of(row): row for row in chart.ask("RelatedPerson").rows}
        return [
            _relative(reading, accounts.get(key), known, each) for key, each in relatives(held(chart)).items()
        ]

    def _trusting(self, request: Request, reading: Reading) -> list[Relative]:
        found = []
        for person in sorted(self.site.installation.gate.letting_in(self.site.reader(request))):
            chart, words = self.of_relative(request, person), reading.words
            name, href, ground = name_of(chart.patient()), f"/family/{quote(person)}", chart.access.ground
            if ground not in STAND_INS:
                found.append(Relative(name, words("family_is.trusting"), words("family_is.agreed"), href))
                continue
            choose = Action(words("family_is.choose"), f"/me/choices?{urlencode({'for': person})}")
            age = self.site.installation.gate.policy["ages.majority"]
            until = words(f"family_is.{ground}_until", age=age)
            found.append(Relative(name, words(f"family_is.{ground}"), until, href, choose))
        return found

    def ask_let_in(self, request: Request) -> Response:
        chart, reading = self.own(request), self.reading(request)
        given = {name: request.query_params.get(name, "").strip() for name in ("account", "until")}
        faults = self._faults(reading, chart, given)
        if faults:
            return self.page(request, faults)
        words, until = reading.words, reading.when(given["until"])
        name = self._account(given["account"]).display
        fields = [Field(key, "", "hidden", value=value) for key, value in given.items()]
        context = Confirm(
            title=words("family_is.title", name=name),
            text=words("family_is.confirm"),
            effects=[
                words(f"family_is.effect_{key}", name=name, until=until) for key in ("sees", "not", "end")
            ],
            form=Form(f"{HERE}/let-in", fields, words("family_is.button")),
            back=Link(words("family_is.back"), HERE),
        )
        return self.site.page(request, context, synthetic=is_synthetic([chart.patient()]))

    def let_in(self, request: Request, form: FormData) -> Response:
        chart, reading = self.own(request), self.reading(request)
        given = {name: str(form.get(name, "")).strip() for name in ("account", "until")}
        if self._faults(reading, chart, given):
            return see_other(f"{HERE}/let-in?{urlencode(given)}")
        relative, until = str(self._account(given["account"]).person), date.fromisoformat(given["until"])
        consent = let_in(chart.person, relative, until, datetime.now(UTC))
        certified(chart, [consent], new=True)
        return see_other(f"{HERE}?done=let-in")

    def _faults(self, reading: Reading, chart: Chart, given: dict[str, str]) -> dict[str, str]:
        """What is wrong with the invitation, by field. An unknown account and one of staff are said alike."""
        faults, user = {}, self.site.installation.gate.identity.user(given["account"])
        if user is None or user.role is not Role.CITIZEN or not user.person:
            faults["account"] = reading.words("family_is.no_account")
        elif user.person == chart.person:
            faults["account"] = reading.words("family_is.oneself")
        try:
            if date.fromisoformat(given["until"]) < reading.day:
                faults["until"] = reading.words("family_is.past")
        except ValueError:
            faults["until"] = reading.words("family_is.no_day")
        return faults

    def _account(self, name: str) -> User:
        user = self.site.installation.gate.identity.user(name)
        if user is None:
            raise Forbidden("gate-no-user", name=name)
        return user

    def _users(self) -> list[User]:
        return self.site.installation.gate.identity.users()


def _relative(reading: Reading, user: User | None, known: dict[str, Json], each: Held) -> Relative:
    words = reading.words
    name = user.display if user else words("family_is.somebody")
    relation = reading.join(reading.concepts(known.get(name, {}).get("relationship", ())))
    until = each.effect.until if isinstance(each.effect, LetsIn) else None
    last = reading.when(moment_of(until - 1)[:10]) if until else ""
    return Relative(
        name,
        relation or words("family_is.trusted"),
        words("family_is.until", date=last) if last else words("family_is.open_end"),
        action=Action(words("choice.button.end"), each.end_href),
    )


def _invitation(reading: Reading, request: Request, faults: dict[str, str]) -> Form:
    words, given = reading.words, request.query_params
    account, until = given.get("account", ""), given.get("until", "")
    fields = [
        Field(
            "account", words("family_is.account"), value=account, required=True,
            hint=words("family_is.account_hint"), error=faults.get("account", ""),
        ),
        Field(
            "until", words("family_is.until_field"), "date", value=until, required=True,
            error=faults.get("until", ""),
        ),
    ]  # fmt: skip
    return Form(f"{HERE}/let-in", fields, words("choice.next"), post=False)
