"""`/emergencies`: each declared emergency is judged by somebody else; no clinical content is shown."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import get_args

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import Forbidden
from camphora.gate.emergencies import Declared, Judgement
from camphora.pages import Cell, Column, Table
from camphora.pages.words import Words
from camphora.policy import Access, Purpose
from camphora.web.contexts import Case, Duty, Field, Form
from camphora.web.emergencies import moment
from camphora.web.reading import Reading
from camphora.web.reading.chart import names
from camphora.web.reading.desk import Desk
from camphora.web.reading.titles import kind
from camphora.web.site import see_other

REVIEWERS = frozenset({"administrator", "privacy"})
"""Roles that review emergencies and approve legal bases."""


class ReviewPages(Desk):
    """The queue of emergencies and what was judged before. Opening it leaves a receipt for each person named."""

    def page(self, request: Request) -> Response:
        access = self.reviewing(request)
        emergencies, words = self.site.installation.gate.emergencies, self.site.words(request)
        waiting, past = emergencies.to_review(), emergencies.reviewed()
        named = {str(each.person) for each in (*waiting, *past) if each.person}
        self.store.attest(access, "review-emergency", ["Patient"], sorted(named))
        reading = self._named(access, self.reading(request), [*waiting, *past])
        context = Duty(
            why=self.why(request, Purpose.OPERATION),
            title=words("emergency.review.title"),
            lead=words("emergency.review.lead"),
            done=words("emergency.review.done") if request.query_params.get("done") == "1" else "",
            cases_title=words("emergency.review.waiting"),
            cases=[self._case(reading, each, access.reader.id) for each in waiting],
            empty=words("emergency.review.none"),
            blocks=[self._past(reading, past)] if past else (),
        )
        return self.site.page(request, context)

    def judge(self, request: Request, form: FormData) -> Response:
        access = self.reviewing(request)
        number, emergencies = str(form.get("number", "")), self.site.installation.gate.emergencies
        judged = emergencies.judge(
            int(number) if number.isdecimal() and len(number) < 16 else 0,
            access.reader.id,
            str(form.get("judgement", "")),
            str(form.get("note", "")),
        )
        if judged.person:
            self.store.attest(access, "judge-emergency", ["Patient"], [judged.person])
        return see_other("/emergencies?done=1")

    def reviewing(self, request: Request) -> Access:
        """The Access of a reader whose duty this is."""
        access = self.site.access(request)
        if access.reader.role not in REVIEWERS:
            raise Forbidden("gate-role-lacks-purpose", role=access.reader.role)
        return access

    def _named(self, access: Access, reading: Reading, found: Sequence[Declared]) -> Reading:
        """The names of the institutions of those who declared."""
        users = (self.site.installation.gate.identity.user(each.reader) for each in found)
        wanted = {f"Organization/{user.organisation}" for user in users if user and user.organisation}
        return reading.named(names(self.store, access, wanted))

    def _case(self, reading: Reading, declared: Declared, reviewer: str) -> Case:
        words, looks = reading.words, self.site.installation.gate.read_in(declared)
        kinds = reading.join(dict.fromkeys(kind(reading, name) for look in looks for name in look.types))
        if declared.person is None:
            read = words("emergency.review.nobody")
        elif looks:
            read = words("emergency.review.read", n=len(looks), kinds=kinds)
        else:
            read = words("emergency.review.read_none")
        state = _state(declared)
        return Case(
            title=self._who(reading, declared),
            lines=[*self._lines(words, declared), read, *self._judged_before(words, declared)],
            forms=() if declared.reader == reviewer else [_judging(words, declared)],
            chip=words(f"emergency.state.{state}"),
            tone="alert" if state == "open" else "plain",
        )

    def _lines(self, words: Words, declared: Declared) -> list[str]:
        about = words("emergency.review.about", person=declared.person) if declared.person else ""
        when = words(
            "emergency.review.when",
            since=moment(words, declared.declared),
            until=moment(words, declared.over),
        )
        why = words("emergency.review.why", reason=declared.reason)
        return [line for line in (about, when, why) if line]

    def _who(self, reading: Reading, declared: Declared) -> str:
        user = self.site.installation.gate.identity.user(declared.reader)
        if user is None:
            return declared.reader
        place = reading.names.get(f"Organization/{user.organisation}", "")
        role = reading.words(f"role.{user.role}")
        return reading.words("emergency.review.who", name=user.display, role=role, place=place)

    def _name(self, account: str | None) -> str:
        user = self.site.installation.gate.identity.user(account or "")
        return user.display if user else account or ""

    def _judged_before(self, words: Words, declared: Declared) -> list[str]:
        """What a reviewer said who asked for further inquiry."""
        if declared.judgement is None:
            return []
        said, who = words(f"emergency.judged.{declared.judgement}"), self._name(declared.reviewer)
        return [words("emergency.review.before", judgement=said, note=declared.note or "", who=who)]

    def _past(self, reading: Reading, past: Sequence[Declared]) -> Table:
        words = reading.words
        keys = ("reader", "since", "reason", "judgement", "note", "reviewer", "reviewed")
        rows: list[dict[str, Cell]] = [
            {
                "reader": self._who(reading, each),
                "since": moment(words, each.declared),
                "reason": each.reason,
                "judgement": words(f"emergency.judged.{each.judgement}"),
                "tone": "alert" if each.judgement == "unjustified" else "plain",
                "note": each.note or None,
                "reviewer": self._name(each.reviewer),
                "reviewed": moment(words, each.reviewed or 0),
            }
            for each in past
        ]
        columns = [Column(key, words(f"emergency.column.{key}")) for key in keys]
        return Table("judged", words("emergency.review.past"), columns, rows, chip={"judgement": "tone"})


def _state(declared: Declared) -> str:
    if declared.person is None:
        return "nobody"
    return "open" if declared.holds(int(time.time() * 1000)) else "over"


def _judging(words: Words, declared: Declared) -> Form:
    options = [(value, words(f"emergency.judged.{value}")) for value in get_args(Judgement)]
    fields = [
        Field("number", "", "hidden", value=str(declared.no)),
        Field("judgement", words("emergency.review.judgement"), "radio", options=options, required=True),
        Field("note", words("emergency.review.note"), "long"),
    ]
    return Form("/emergencies/judge", fields, words("emergency.review.button"))
