"""`/privacy`: readers whose reading is unusual, with the reasons in words and numbers, and what was judged of it.

Receipts are shown, never what was read; persons are numbered within one page and named nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import get_args
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from camphora.audit.unusual import Finding, Suspicion
from camphora.errors import Forbidden, NotFound
from camphora.gate.reviews import Judged, Verdict
from camphora.pages import Action, Cell, Column, Link, Prose, Table
from camphora.pages.words import Words
from camphora.policy import Access, Purpose, Role
from camphora.policy.choices import TAIPEI
from camphora.records.reviewing import since_days
from camphora.web.contexts import Case, Duty, Field, Form
from camphora.web.emergencies import moment
from camphora.web.reading import Reading
from camphora.web.reading.chart import names
from camphora.web.reading.desk import Desk
from camphora.web.reading.titles import kind
from camphora.web.site import see_other

DAYS = 30
"""So many days are looked at."""
MOST_RECEIPTS = 100


class UnusualPages(Desk):
    """The ranked list, one reader's receipts, judgements, and the register of well-known persons."""

    def page(self, request: Request) -> Response:
        access, words = self.officer(request), self.site.words(request)
        judged = self.site.installation.gate.reviews.judged()
        found = [one for one in self._found(access) if not _is_judged(one, judged)]
        self._attest(access, "review", ())
        reading = self._named(access, self.reading(request), found)
        context = Duty(
            why=self.why(request, Purpose.OPERATION),
            title=words("unusual.title"),
            lead=words("unusual.lead", days=DAYS),
            done=words("unusual.done") if request.query_params.get("done") == "1" else "",
            cases_title=words("unusual.waiting", n=len(found)),
            cases=[self._case(reading, one, place) for place, one in enumerate(found, 1)],
            empty=words("unusual.none"),
            blocks=[self._past(words, judged)] if judged else (),
            actions=[Action(words("unusual.register"), "/privacy/known")],
        )
        return self.site.page(request, context)

    def reader(self, request: Request) -> Response:
        """One reader's findings with the receipts on which they rest, and the form to judge them."""
        access = self.officer(request)
        found = self._of(access, request.path_params["reader"])
        self._attest(access, "review", {person for one in found.findings for person in one.persons})
        reading = self._named(access, self.reading(request), [found])
        words = reading.words
        context = Duty(
            why=self.why(request, Purpose.OPERATION),
            title=words("unusual.reader", who=self._who(reading, found)),
            lead=words("unusual.reader_lead"),
            before=[Prose(words("unusual.why"), list(_reasons(words, found)))],
            blocks=[self._receipts(reading, found)],
            form=_judging(words, found),
            crumbs=[Link(words("unusual.title"), "/privacy")],
        )
        return self.site.page(request, context)

    def judge(self, request: Request, form: FormData) -> Response:
        access = self.officer(request)
        found = self._of(access, str(form.get("reader", "")))
        receipts = sorted({number for one in found.findings for number in one.receipts})
        said = str(form.get("verdict", "")), str(form.get("note", ""))
        kinds = [one.kind for one in found.findings]
        self.site.installation.gate.reviews.judge(access.reader.id, found.reader, said, kinds, receipts)
        self._attest(access, "judge", {person for one in found.findings for person in one.persons})
        return see_other("/privacy?done=1")

    def known(self, request: Request) -> Response:
        """The register of well-known persons."""
        access, words = self.officer(request), self.site.words(request)
        entries = self.site.installation.gate.reviews.well_known()
        self.store.attest(access, "review", ["Patient"], [one.person for one in entries])
        fields = [
            Field("identifier", words("unusual.identifier"), required=True, autocomplete="off"),
            Field("why", words("unusual.entered_why"), required=True),
        ]
        context = Duty(
            why=self.why(request, Purpose.OPERATION),
            title=words("unusual.register"),
            lead=words("unusual.register_lead"),
            form=Form("/privacy/known/enter", fields, words("unusual.enter")),
            form_title=words("unusual.enter"),
            cases_title=words("unusual.entries", n=len(entries)),
            cases=[
                Case(
                    title=one.person,
                    lines=[one.why, words("unusual.entered", who=one.officer, when=moment(words, one.since))],
                    forms=[
                        Form(
                            "/privacy/known/end",
                            [Field("number", "", "hidden", value=str(one.no))],
                            words("unusual.end"),
                        )
                    ],
                )
                for one in entries
            ],
            empty=words("unusual.no_entries"),
            crumbs=[Link(words("unusual.title"), "/privacy")],
        )
        return self.site.page(request, context)

    def enter(self, request: Request, form: FormData) -> Response:
        access, gate = self.officer(request), self.site.installation.gate
        person = gate.patient_with(access, str(form.get("identifier", "")))
        gate.reviews.enter(access.reader.id, person, str(form.get("why", "")))
        self.store.attest(access, "judge", ["Patient"], [person])
        return see_other("/privacy/known")

    def end(self, request: Request, form: FormData) -> Response:
        access, number = self.officer(request), str(form.get("number", ""))
        known = number.isdecimal() and len(number) < 16
        ended = self.site.installation.gate.reviews.end(int(number) if known else 0)
        self.store.attest(access, "judge", ["Patient"], [ended.person])
        return see_other("/privacy/known")

    def officer(self, request: Request) -> Access:
        """The Access of a privacy officer; Forbidden for everybody else."""
        access = self.site.access(request, Purpose.OPERATION)
        if access.reader.role is not Role.PRIVACY:
            raise Forbidden("gate-role-lacks-purpose", role=access.reader.role)
        return access

    def _attest(self, access: Access, act: str, persons: set[int] | tuple[()]) -> None:
        """Reading the log leaves a receipt too, for each person whose receipts were opened."""
        self.store.leave(access, act, ["AuditEvent"], persons, always=True)

    def _found(self, access: Access) -> list[Suspicion]:
        return self.site.installation.gate.unusual(access, since_days(DAYS))

    def _of(self, access: Access, reader: str) -> Suspicion:
        found = next((one for one in self._found(access) if one.reader == reader), None)
        if found is None:
            raise NotFound("gate-not-unusual")
        return found

    def _named(self, access: Access, reading: Reading, found: Sequence[Suspicion]) -> Reading:
        wanted = {f"Organization/{one.institution}" for one in found if one.institution}
        return reading.named(names(self.store, access, wanted))

    def _who(self, reading: Reading, one: Suspicion) -> str:
        user = self.site.installation.gate.identity.user(one.reader)
        place = reading.names.get(f"Organization/{one.institution}", one.institution or "")
        role = reading.words(f"role.{one.role}")
        return reading.words(
            "emergency.review.who", name=user.display if user else one.reader, role=role, place=place
        )

    def _case(self, reading: Reading, one: Suspicion, place: int) -> Case:
        opening = Form(f"/privacy/readers/{quote(one.reader)}", (), reading.words("unusual.open"), post=False)
        return Case(
            title=reading.words("unusual.ranked", n=place, who=self._who(reading, one)),
            lines=list(_reasons(reading.words, one)),
            forms=[opening],
            chip=reading.words("unusual.weight", n=round(one.rank)),
            tone="alert" if one.rank >= 2 * 20 else "notice",
        )

    def _receipts(self, reading: Reading, one: Suspicion) -> Table:
        words, log = reading.words, self.store.audit
        reasons: dict[int, list[str]] = {}
        for finding in one.findings:
            for number in finding.receipts:
                reasons.setdefault(number, []).append(words(f"unusual.kind.{finding.kind}"))
        rows: list[dict[str, Cell]] = []
        for number in sorted(reasons, reverse=True)[:MOST_RECEIPTS]:
            fields = log.receipt(number)
            rows.append(
                {
                    "number": str(number),
                    "at": moment(words, fields["at"]),
                    "act": words(f"looked_act.{fields['act']}")
                    if f"looked_act.{fields['act']}" in words
                    else fields["act"],
                    "types": reading.join(kind(reading, name) for name in fields["types"]),
                    "decision": words(f"unusual.decision.{fields['decision']}"),
                    "why": reading.join(reasons[number]),
                }
            )
        columns = [
            Column(key, words(f"unusual.column.{key}"))
            for key in ("number", "at", "act", "types", "decision", "why")
        ]
        note = words("unusual.most", n=MOST_RECEIPTS) if len(reasons) > MOST_RECEIPTS else ""
        return Table("receipts", words("unusual.receipts", n=len(reasons)), columns, rows, note=note)

    def _past(self, words: Words, judged: Sequence[Judged]) -> Table:
        rows: list[dict[str, Cell]] = [
            {
                "reader": one.reader,
                "at": moment(words, one.at),
                "kinds": words("mark.comma").join(words(f"unusual.kind.{name}") for name in one.kinds),
                "verdict": words(f"unusual.verdict.{one.verdict}"),
                "tone": {"improper": "alert", "explain": "notice"}.get(one.verdict, "good"),
                "note": one.note or None,
                "officer": one.officer,
            }
            for one in judged
        ]
        keys = ("reader", "at", "kinds", "verdict", "note", "officer")
        columns = [Column(key, words(f"unusual.column.{key}")) for key in keys]
        return Table("judged", words("unusual.past"), columns, rows, chip={"verdict": "tone"})


def _is_judged(one: Suspicion, judged: Sequence[Judged]) -> bool:
    """Whether everything that is found stood before somebody who judged it; a new receipt brings it back."""
    seen = {number for each in judged if each.reader == one.reader for number in each.receipts}
    return all(set(finding.receipts) <= seen for finding in one.findings)


def _reasons(words: Words, one: Suspicion) -> Iterator[str]:
    """Each finding as a sentence, the weightiest first."""
    for finding in one.findings:
        yield words(f"unusual.said.{finding.kind}", **_numbers(finding))


def _numbers(finding: Finding) -> Mapping[str, object]:
    said: dict[str, object] = {key: f"{value:g}" for key, value in finding.numbers.items() if key != "at"}
    if "at" in finding.numbers:
        said["day"] = datetime.fromtimestamp(finding.numbers["at"] / 1000, TAIPEI).date().isoformat()
    return {**said, "bits": round(finding.bits)}


def _judging(words: Words, one: Suspicion) -> Form:
    options = [(value, words(f"unusual.verdict.{value}")) for value in get_args(Verdict)]
    fields = [
        Field("reader", "", "hidden", value=one.reader),
        Field("verdict", words("unusual.judgement"), "radio", options=options, required=True),
        Field("note", words("unusual.note"), "long", hint=words("unusual.note_hint")),
    ]
    return Form("/privacy/judge", fields, words("unusual.button"))
