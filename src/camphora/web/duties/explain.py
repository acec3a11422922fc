"""`/gate/explain`: the decision about one reader, purpose and record, for administrators; no clinical content."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import CamphoraError, Invalid
from camphora.gate.explaining import Explaining, Explanation
from camphora.pages import Block, Cell, Column, Prose, Table
from camphora.pages.words import Words
from camphora.policy import Access, Purpose, codes
from camphora.web.contexts import Duty, Field, Form
from camphora.web.duties.bases import use_of
from camphora.web.emergencies import moment
from camphora.web.reading.desk import Desk

ASKED = ("reader", "purpose", "record", "claim", "at")


class ExplainPages(Desk):
    """One question and its answer. A question leaves a receipt; the empty form leaves none."""

    def page(self, request: Request) -> Response:
        access, words = self.site.access(request, Purpose.OPERATION), self.site.words(request)
        given = {name: request.query_params.get(name, "").strip() for name in ASKED}
        told, error = None, None
        if all(given[name] for name in ("reader", "purpose", "record")):
            try:
                told = self._told(access, given)
            except CamphoraError as found:
                error = found
        context = Duty(
            why=self.why(request, Purpose.OPERATION),
            title=words("explain.title"),
            lead=words("explain.lead"),
            error=words("emergency.refused", text=error.text(words.lang), remedy=error.remedy(words.lang))
            if error
            else "",
            form=_form(words, given),
            blocks=self._blocks(words, told, moved=bool(given["at"])) if told else (),
        )
        return self.site.page(request, context, status=error.status if error else 200)

    def _told(self, access: Access, given: dict[str, str]) -> Explanation:
        explaining = Explaining(self.site.installation.gate, self.store)
        purposes = given["purpose"].split()
        return explaining.explain(
            access,
            given["reader"],
            purposes,
            given["record"],
            milliseconds(given["at"]),
            basis=_number(given["claim"]),
        )

    def _blocks(self, words: Words, told: Explanation, *, moved: bool) -> list[Block]:
        outcome = words("explain.permit" if told.decision.permitted else "explain.deny")
        asked = words(
            "explain.who", name=told.reader, role=words(f"role.{told.role}"), purposes=" ".join(told.purposes)
        )
        left = words("explain.left", number=str(told.number)) if told.number is not None else ""
        as_of = [words("explain.as_of")] if moved else []
        return [
            Prose(
                words("explain.outcome"),
                [
                    asked,
                    f"{outcome}{words('mark.colon')}{_said(words, told.deciding.code)}",
                    *as_of,
                    left or words("explain.left_none"),
                ],
                "good" if told.decision.permitted else "notice",
            ),
            self._path(words, told),
            *_obligations(words, told),
            _facts(words, told),
            *_sets(words, told),
            _receipt(words, told),
        ]

    def _path(self, words: Words, told: Explanation) -> Table:
        policy = self.site.installation.gate.policy
        keys = ("step", "said", "permits", "source", "consent", "provision", "code")
        rows: list[dict[str, Cell]] = [
            {
                "step": number,
                "code": each.code,
                "said": _said(words, each.code),
                "permits": words("explain.permit" if each.permits else "explain.deny"),
                "tone": "good" if each.permits else "notice",
                "source": policy.law(each.source, words.lang) or None,
                "consent": each.consent,
                "provision": each.provision,
            }
            for number, each in enumerate(told.decision.reasons, 1)
        ]
        return Table("path", words("explain.path"), _columns(words, *keys), rows, chip={"permits": "tone"})


def milliseconds(text: str) -> int | None:
    """A moment in ISO 8601 with a time zone; None where nothing is given."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("gate-explain-moment") from None
    if found.tzinfo is None:
        raise Invalid("gate-explain-moment")
    return int(found.timestamp() * 1000)


def _number(text: str) -> int | None:
    """The number of a legal basis; one that is none is that of no basis."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0


def _form(words: Words, given: dict[str, str]) -> Form:
    fields = [
        Field(
            name,
            words(f"explain.{name}"),
            value=given[name],
            options=_uses(words) if name == "purpose" else (),
            required=name not in {"at", "claim"},
            autocomplete="off",
        )
        for name in ASKED
    ]
    return Form("/gate/explain", fields, words("explain.button"), post=False)


def _uses(words: Words) -> list[tuple[str, str]]:
    """The codes of use, those that have a name here first."""
    named = [(code, use_of(words, code)) for code in sorted(codes.purposes())]
    return sorted(named, key=lambda each: each[0] == each[1])


def _said(words: Words, code: str) -> str:
    return words(f"explained.{code}") if f"explained.{code}" in words else code


def _columns(words: Words, *keys: str) -> list[Column]:
    return [
        Column(key, words(f"explain.column.{key}"), "integer" if key in {"step", "version"} else "text")
        for key in keys
    ]


def _obligations(words: Words, told: Explanation) -> list[Table]:
    rows: list[dict[str, Cell]] = [
        {"kind": words(f"explain.duty.{each.kind}"), "path": each.path} for each in told.decision.obligations
    ]
    columns = _columns(words, "kind", "path")
    return [Table("obligations", words("explain.obligations"), columns, rows)] if rows else []


def _facts(words: Words, told: Explanation) -> Table:
    facts = {
        "record": told.record,
        "at": moment(words, told.at),
        "policy": told.policy,
        "choices": str(told.choices),
    }
    rows: list[dict[str, Cell]] = [
        {"name": words(f"explain.fact.{key}"), "value": value} for key, value in facts.items()
    ]
    return Table("facts", words("explain.facts"), _columns(words, "name", "value"), rows)


def _sets(words: Words, told: Explanation) -> list[Table]:
    rows: list[dict[str, Cell]] = [{"name": name, "version": version} for name, version in told.sets]
    columns = _columns(words, "name", "version")
    note = words("explain.sets_note")
    return [Table("sets", words("explain.sets"), columns, rows, note=note)] if rows else []


def _receipt(words: Words, told: Explanation) -> Table:
    rows: list[dict[str, Cell]] = [
        {"name": name, "value": " ".join(value) if isinstance(value, list) else str(value)}
        for name, value in told.receipt.items()
        if value is not None
    ]
    note = words("explain.receipt_note")
    return Table("receipt", words("explain.receipt"), _columns(words, "name", "value"), rows, note=note)
