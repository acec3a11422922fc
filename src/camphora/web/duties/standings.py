"""`/gate/standings`: what accounts are limited to and belong to; given and ended here, with who did it and when.

An account is chosen first; its page has what it was given with a way to end each, a form to add, and everything that
was. Each act leaves a receipt, and stays in the list of acts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import get_args
from urllib.parse import urlencode

import orjson
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import CamphoraError, Forbidden, Invalid, NotFound
from camphora.gate import User
from camphora.gate.standing import LIMITS, NOWHERE, Given, Kind, Standing
from camphora.gate.state import now
from camphora.pages import Cell, Column, Link, Table, dates
from camphora.pages.counties import BY_CODE, COUNTIES
from camphora.policy import Access, Purpose, Role
from camphora.policy.choices import TAIPEI
from camphora.web.contexts import Case, Duty, Field, Form
from camphora.web.duties.bases import day_of
from camphora.web.emergencies import moment
from camphora.web.reading import Reading
from camphora.web.reading.chart import names
from camphora.web.reading.desk import Desk
from camphora.web.site import see_other

HERE = "/gate/standings"
ASKED = ("kind", "value", "since", "until")
MOST = 200
"""So many rows of a list are shown."""


class StandingPages(Desk):
    """For administrators, who open no record of a person: what they give opens something to others alone."""

    def page(self, request: Request) -> Response:
        account = request.query_params.get("account", "")
        return self._of(request, account, {}, None) if account else self._all(request)

    def give(self, request: Request, form: FormData) -> Response:
        access = self._keeper(request)
        user = self._user(str(form.get("account", "")))
        given = {name: str(form.get(name, "")).strip() for name in ASKED}
        try:
            made = self.site.installation.gate.standings.give(
                user.name,
                given["kind"],
                given["value"],
                by=access.reader.id,
                since=_moment(given["since"]) or 0,
                until=_moment(given["until"], days=1),
            )
        except CamphoraError as error:
            return self._of(request, user.name, given, error)
        self._attest(access, made)
        return see_other(f"{HERE}?{urlencode({'account': user.name, 'done': 'given'})}")

    def end(self, request: Request, form: FormData) -> Response:
        access, number = self._keeper(request), str(form.get("number", ""))
        known = number.isascii() and number.isdecimal() and len(number) < 16
        ended = self.site.installation.gate.standings.end(int(number) if known else 0, access.reader.id)
        self._attest(access, ended)
        return see_other(f"{HERE}?{urlencode({'account': ended.user, 'done': 'ended'})}")

    def _keeper(self, request: Request) -> Access:
        access = self.site.access(request, Purpose.OPERATION)
        if access.reader.role is not Role.ADMINISTRATOR:
            raise Forbidden("gate-role-lacks-purpose", role=access.reader.role)
        return access

    def _user(self, name: str) -> User:
        user = self.site.installation.gate.identity.user(name)
        if user is None:
            raise NotFound("gate-no-user", name=name)
        return user

    def _attest(self, access: Access, given: Given) -> None:
        """The receipt tells that an account's standing was changed; its digest covers which, and how."""
        said = [given.no, given.user, given.kind, given.value, given.since, given.until, given.ended]
        self.store.attest(access, "standing", [], [], [orjson.dumps(said)])

    def _all(self, request: Request) -> Response:
        """Which account, and what all of them have."""
        access, reading = self._keeper(request), self.reading(request)
        words, gate = reading.words, self.site.installation.gate
        at = now()
        given = [each for each in gate.standings.all() if not each.over(at)]
        users = sorted(gate.identity.users(), key=lambda each: each.name)
        options = [
            (
                each.name,
                words("standings.who", name=each.display, role=words(f"role.{each.role}"), id=each.name),
            )
            for each in users
        ]
        choice = Field("account", words("standings.account"), "select", options=options, required=True)
        context = Duty(
            title=words("standings.title"),
            lead=words("standings.lead"),
            form=Form(HERE, [choice], words("standings.open"), post=False),
            form_title=words("standings.choose"),
            blocks=[_table(self._named(access, reading, given), "kept", given, ("user", *KEPT))]
            if given
            else (),
            why=self.why(request, Purpose.OPERATION),
        )
        return self.site.page(request, context)

    def _of(
        self, request: Request, account: str, filled: dict[str, str], error: CamphoraError | None
    ) -> Response:
        access, user = self._keeper(request), self._user(account)
        standings = self.site.installation.gate.standings
        given, at = standings.all(user.name), now()
        reading = self._named(access, self.reading(request), given)
        words, done = reading.words, request.query_params.get("done", "")
        who = words("standings.account_is", role=words(f"role.{user.role}"), id=user.name)
        context = Duty(
            title=words("standings.of", name=user.display),
            lead=f"{who}{_limited(reading, standings.of(user.name))}",
            done=words(f"standings.done.{done}") if done in {"given", "ended"} else "",
            error=words("emergency.refused", text=error.text(words.lang), remedy=error.remedy(words.lang))
            if error
            else "",
            form=_form(reading, user.name, filled),
            form_title=words("standings.add"),
            cases_title=words("standings.now"),
            cases=[_case(reading, each, at) for each in given if each.ended is None],
            empty=words("standings.none"),
            blocks=[_table(reading, "acts", given, (*KEPT, "ender", "ended"))] if given else (),
            crumbs=[Link(words("standings.title"), HERE)],
            why=self.why(request, Purpose.OPERATION),
        )
        return self.site.page(request, context, status=error.status if error else 200)

    def _named(self, access: Access, reading: Reading, given: Iterable[Given]) -> Reading:
        """The names of the institutions, places and staff that are spoken of."""
        return reading.named(names(self.store, access, {_reference(each) for each in given}))


def _moment(text: str, *, days: int = 0) -> int | None:
    """The first moment of a day in Taiwan, some days on; None where none is given."""
    try:
        return day_of(text, days=days) if text else None
    except Invalid:
        raise Invalid("gate-standing-time") from None


def _reference(given: Given) -> str:
    bare = given.kind == "institution" and "/" not in given.value
    return f"Organization/{given.value}" if bare else given.value


def _said(reading: Reading, given: Given) -> str:
    """A value with its name, where it has one."""
    county = BY_CODE.get(given.value[:5]) if given.kind == "area" else None
    called = reading.names.get(_reference(given), "")
    if county is not None:
        called = county.name(reading.lang)
    return reading.words("standings.named", value=given.value, name=called) if called else given.value


def _limited(reading: Reading, standing: Standing) -> str:
    """That the time of all limits of a kind is over, so that nothing is reached."""
    scope, words = standing.scope, reading.words
    held = zip(LIMITS, (scope.areas, scope.institutions, scope.wards), strict=True)
    over = [words(f"standings.kind.{kind}") for kind, values in held if NOWHERE in values]
    return words("standings.nowhere", kinds=words("mark.comma").join(over)) if over else ""


def _state(given: Given, at: int) -> str:
    if given.ended is not None:
        return "ended"
    if given.over(at):
        return "over"
    return "holds" if given.holds(at) else "waits"


def _time(reading: Reading, given: Given) -> str:
    """From which day until which, both included."""
    first = _day(reading, given.since) if given.since else ""
    last = _day(reading, given.until - 1) if given.until else ""
    key = "both" if first and last else "since" if first else "until" if last else "always"
    return reading.words(f"standings.time.{key}", since=first, until=last)


def _day(reading: Reading, at: int) -> str:
    return dates.day(datetime.fromtimestamp(at / 1000, TAIPEI), reading.lang)


def _giver(reading: Reading, name: str | None) -> str | None:
    return reading.words("standings.machine") if name == "" else name


def _case(reading: Reading, given: Given, at: int) -> Case:
    words, state = reading.words, _state(given, at)
    number = Field("number", "", "hidden", value=str(given.no))
    effect = "limit" if given.kind in LIMITS else "other"
    return Case(
        title=words(
            "standings.case", kind=words(f"standings.kind.{given.kind}"), value=_said(reading, given)
        ),
        lines=[_time(reading, given), words(f"standings.end_{effect}")],
        forms=[Form(f"{HERE}/end", [number], words("standings.end"))],
        chip=words(f"standings.state.{state}"),
        tone={"holds": "good", "over": "alert"}.get(state, "plain"),  # type: ignore[arg-type]
    )


def _form(reading: Reading, account: str, filled: dict[str, str]) -> Form:
    words = reading.words
    kinds = [(kind, words(f"standings.kind.{kind}")) for kind in get_args(Kind)]
    counties = [(each.code, each.name(reading.lang)) for each in COUNTIES]
    fields = [
        Field("account", "", "hidden", value=account),
        Field("kind", words("standings.what"), "select", filled.get("kind", ""), kinds, required=True),
        Field(
            "value", words("standings.value"), "text", filled.get("value", ""), counties,
            hint=words("standings.value_hint"), required=True, autocomplete="off",
        ),
        Field("since", words("standings.since"), "date", filled.get("since", "")),
        Field("until", words("standings.until"), "date", filled.get("until", ""), hint=words("standings.until_hint")),
    ]  # fmt: skip
    return Form(HERE, fields, words("standings.button"))


KEPT = ("kind", "value", "time", "state", "giver", "given")


def _table(reading: Reading, name: str, given: list[Given], keys: tuple[str, ...]) -> Table:
    words, at = reading.words, now()
    rows: list[dict[str, Cell]] = [
        {
            "user": each.user,
            "kind": words(f"standings.kind.{each.kind}"),
            "value": _said(reading, each),
            "time": _time(reading, each),
            "state": words(f"standings.state.{_state(each, at)}"),
            "giver": _giver(reading, each.giver),
            "given": moment(words, each.given) if each.given else None,
            "ender": _giver(reading, each.ender),
            "ended": moment(words, each.ended) if each.ended else None,
        }
        for each in given[:MOST]
    ]
    columns = [Column(key, words(f"standings.column.{key}")) for key in keys]
    note = words("standings.most", n=MOST, all=len(given)) if len(given) > MOST else ""
    return Table(name, words(f"standings.table.{name}"), columns, rows, note=note, stacked=True)
