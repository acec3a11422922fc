"""Proposals ranked, two Patients side by side, and what was decided: identity alone, no record of care.

Numbers are shown in part: enough to hold them against a document, too little to carry away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import Invalid
from camphora.pages import Action, Block, Cell, Column, Link, Prose, Table
from camphora.pages.words import Words
from camphora.policy import Access, Purpose
from camphora.records.identity import (
    PRIOR,
    Borrowed,
    Duplicates,
    Proposal,
    Register,
    Traits,
    Weighed,
    percent,
    sought,
    traits,
    weigh,
)
from camphora.records.identity.lookup import FEW
from camphora.web.contexts import Case, Duty, Field, Form
from camphora.web.emergencies import moment
from camphora.web.reading.desk import Desk
from camphora.web.site import Site, see_other

AT_ONCE = 20
LIST = "/persons/duplicates"
SHOWN = 3
"""So many signs stand at each end of a number that is shown in part."""
SEXES = frozenset({"female", "male", "other"})
TONES = {"same": "good", "close": "notice", "differ": "alert", "unknown": "plain"}


class Shown(NamedTuple):
    """What a page of proposals, or of Patients who were looked for, shows below its form."""

    title: str
    cases: Sequence[Case]
    empty: str
    blocks: Sequence[Block]
    turns: Sequence[Action]


class PersonsPages(Desk):
    """The pages of a registrar. Each leaves a receipt for every person whom it names."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.register = Register(self.store)

    def page(self, request: Request) -> Response:
        """What is proposed, or whom a registrar looks for: `q` a number, birth date or name, `one` the Patient with
        whom another is to be compared."""
        access, words = self.registrar(request), self.site.words(request)
        text, one = (request.query_params.get(name, "").strip() for name in ("q", "one"))
        chosen = traits(self.register.of(access, one)) if one else None
        shown = self._sought(access, words, text, chosen) if text else self._proposed(request, access, chosen)
        context = Duty(
            why=self.why(request, Purpose.OPERATION),
            title=words("persons.title"),
            lead=words("persons.lead"),
            done=words("persons.done") if request.query_params.get("done") == "1" else "",
            before=[Prose(words("persons.find.chosen"), [_told(words, chosen, chosen.label)])]
            if chosen
            else [],
            form=_finding(words, text, chosen),
            form_title=words("persons.find.other" if chosen else "persons.find.title"),
            cases_title=shown.title,
            cases=shown.cases,
            empty=shown.empty,
            blocks=shown.blocks,
            actions=[*shown.turns, Action(words("persons.history"), "/persons/history")],
        )
        return self.site.page(request, context)

    def _proposed(self, request: Request, access: Access, chosen: Traits | None) -> Shown:
        words, start = self.site.words(request), _number(request.query_params.get("from", ""))
        found = self.register.duplicates(access)
        asked = [
            each for each in found.proposals if chosen is None or chosen.id in (each.one.id, each.other.id)
        ]
        shown = asked[start : start + AT_ONCE]
        lent = found.borrowed[:AT_ONCE] if chosen is None else ()
        self._attest(access, {one for each in shown for one in (each.one.id, each.other.id)} | _of(lent))
        return Shown(
            words("persons.waiting", n=len(asked)),
            [_case(words, each) for each in shown],
            words("persons.none"),
            [*([_borrowed(words, found, lent)] if lent else []), Prose("", list(_read(words, found)))],
            _turns(words, len(asked), start, chosen),
        )

    def _sought(self, access: Access, words: Words, text: str, chosen: Traits | None) -> Shown:
        found = sought(self.store, access, text)
        others = [each for each in found if chosen is None or each.id != chosen.id]
        title = words("persons.find.found_most" if len(found) == FEW else "persons.find.found", n=len(others))
        return Shown(
            title,
            [_picked(words, each, chosen) for each in others],
            words("persons.find.none"),
            [],
            [Action(words("persons.find.back"), LIST)],
        )

    def pair(self, request: Request) -> Response:
        """Two Patients side by side, with what may be decided about them."""
        access, words = self.registrar(request), self.site.words(request)
        names = [request.query_params.get(name, "") for name in ("one", "other")]
        if names[0] == names[1]:
            raise Invalid("persons-one-patient")
        one, other = (traits(self.register.of(access, name)) for name in names)
        self._attest(access, names)
        weighed, linked = weigh(one, other), other.id in one.linked or one.id in other.linked
        context = Duty(
            why=self.why(request, Purpose.OPERATION),
            title=words("persons.side.title"),
            lead=words("persons.side.lead"),
            before=[_side(words, one, other, weighed)],
            form=_splitting(words, names) if linked else _deciding(words, names),
            form_title=words("persons.act.split" if linked else "persons.act.title"),
            crumbs=[Link(words("persons.title"), LIST)],
        )
        return self.site.page(request, context)

    def history(self, request: Request) -> Response:
        """What was decided, newest first; of one Patient where the address names them."""
        access, words = self.registrar(request), self.site.words(request)
        person = request.query_params.get("person") or None
        found = self.register.history(access, person)
        self._attest(access, {name for each in found for name in each.pair})
        rows: list[dict[str, Cell]] = [
            {
                "when": moment(words, each.at),
                "who": words("persons.pair", one=each.pair[0], other=each.pair[1]),
                "pair": f"/persons/pair?{urlencode({'one': each.pair[0], 'other': each.pair[1]})}",
                "word": words(f"persons.word.{each.word}"),
                "by": each.by,
                "reason": each.reason,
            }
            for each in found
        ]
        columns = [
            Column(key, words(f"persons.past.{key}")) for key in ("when", "who", "word", "by", "reason")
        ]
        title = words("persons.past.title")
        context = Duty(
            why=self.why(request, Purpose.OPERATION),
            title=title,
            lead=words("persons.past.lead") if rows else words("persons.past.none"),
            blocks=[Table("decisions", title, columns, rows, link={"who": "pair"}, stacked=True)]
            if rows
            else (),
            crumbs=[Link(words("persons.title"), LIST)],
        )
        return self.site.page(request, context)

    def decide(self, request: Request, form: FormData) -> Response:
        access = self.registrar(request)
        one, other, word, reason = (str(form.get(key, "")) for key in ("one", "other", "word", "reason"))
        if word == "same_one":
            self.register.merge(access, one, other, reason)
        elif word == "same_other":
            self.register.merge(access, other, one, reason)
        elif word == "different":
            self.register.differ(access, one, other, reason)
        else:
            raise Invalid("persons-decision")
        return see_other(f"{LIST}?done=1")

    def split(self, request: Request, form: FormData) -> Response:
        access = self.registrar(request)
        one, other, reason = (str(form.get(key, "")) for key in ("one", "other", "reason"))
        self.register.split(access, one, other, reason)
        return see_other(f"{LIST}?done=1")

    def registrar(self, request: Request) -> Access:
        """The Access of a registrar; Forbidden for every other reader."""
        self.site.access(request, Purpose.OPERATION)
        return self.site.installation.gate.registrar(self.site.reader(request))

    def _attest(self, access: Access, persons: Iterable[str]) -> None:
        self.store.attest(access, "register", ["Patient"], sorted(set(persons)))


def _of(lent: Iterable[Borrowed]) -> set[str]:
    return {one for each in lent for one in (each.child.id, each.holder.id)}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _grade(words: Words, weighed: Weighed) -> str:
    return words(f"persons.grade.{weighed.grade}", percent=percent(weighed.score))


def _case(words: Words, each: Proposal) -> Case:
    one, other = each.one, each.other
    said = words("mark.comma").join(
        words(
            "persons.evidence",
            field=words(f"persons.field.{found.field}"),
            level=words(f"persons.level.{found.level}"),
        )
        for found in each.weighed.evidence
        if found.level != "unknown"
    )
    fields = [Field("one", "", "hidden", value=one.id), Field("other", "", "hidden", value=other.id)]
    return Case(
        title=words("persons.pair", one=one.label or one.id, other=other.label or other.id),
        lines=[said, *(_told(words, who, who.label) for who in (one, other))],
        forms=[Form("/persons/pair", fields, words("persons.open"), post=False)],
        chip=_grade(words, each.weighed),
        tone="alert" if each.weighed.grade == "certain" else "notice",
    )


def _borrowed(words: Words, found: Duplicates, lent: Iterable[Borrowed]) -> Table:
    rows: list[dict[str, Cell]] = [
        {
            "child": each.child.label or each.child.id,
            "born": each.child.birth,
            "holder": each.holder.label or each.holder.id,
            "number": in_part(each.number.value),
        }
        for each in lent
    ]
    columns = [Column(key, words(f"persons.borrowed.{key}")) for key in ("child", "born", "holder", "number")]
    title = words("persons.borrowed.title", n=len(found.borrowed))
    return Table("borrowed", title, columns, rows, note=words("persons.borrowed.note"), stacked=True)


def _read(words: Words, found: Duplicates) -> Iterable[str]:
    yield words("persons.read", n=found.read)
    if found.crowded:
        yield words("persons.crowded", n=found.crowded)


def _turns(words: Words, many: int, start: int, chosen: Traits | None) -> list[Action]:
    left, kept = many - start - AT_ONCE, {"one": chosen.id} if chosen else {}
    turns = [Action(words("persons.first"), LIST)] if start or chosen else []
    if left > 0:
        href = f"{LIST}?{urlencode({**kept, 'from': start + AT_ONCE})}"
        turns.append(Action(words("persons.more", n=min(left, AT_ONCE)), href))
    return turns


def _finding(words: Words, text: str, chosen: Traits | None) -> Form:
    kept = [Field("one", "", "hidden", value=chosen.id)] if chosen else []
    hint = words("persons.find.hint")
    asked = Field("q", words("persons.find.label"), value=text, hint=hint, required=True, autocomplete="off")
    return Form(LIST, [asked, *kept], words("search.go"), post=False)


def _picked(words: Words, found: Traits, chosen: Traits | None) -> Case:
    """A Patient who was found: to be compared with the chosen one, or to be chosen."""
    names = {"one": chosen.id, "other": found.id} if chosen else {"one": found.id}
    fields = [Field(name, "", "hidden", value=value) for name, value in names.items()]
    form = (
        Form("/persons/pair", fields, words("persons.open"), post=False)
        if chosen
        else Form(LIST, fields, words("persons.find.choose"), post=False)
    )
    return Case(title=found.label or found.id, lines=[_told(words, found)], forms=[form])


def _told(words: Words, one: Traits, *more: str) -> str:
    """Who a Patient is, in a line, after what stands before."""
    shown = (*more, *(_shown(words, one, field) for field in ("birth", "sex", "number")))
    return words("mark.comma").join(filter(None, (*shown, words("persons.find.id", id=one.id))))


def _side(words: Words, one: Traits, other: Traits, weighed: Weighed) -> Table:
    rows: list[dict[str, Cell]] = [
        {
            "field": words(f"persons.field.{found.field}"),
            "one": _shown(words, one, found.field) or "–",
            "other": _shown(words, other, found.field) or "–",
            "said": words(f"persons.level.{found.level}"),
            "tone": TONES[found.level],
            "bits": f"{found.bits:+.1f}",
        }
        for found in weighed.evidence
    ]
    if not weighed.rule:
        rows.append({"field": words("persons.side.prior"), "bits": f"{PRIOR:+.1f}"})
        rows.append({"field": words("persons.side.together"), "bits": f"{weighed.bits:+.1f}"})
    columns = [
        Column("field", words("persons.side.field")),
        Column("said", words("persons.side.said")),
        Column("one", words("persons.side.one", id=one.id)),
        Column("other", words("persons.side.other", id=other.id)),
        Column("bits", words("persons.side.bits")),
    ]
    note = (
        words(f"persons.side.rule.{weighed.rule}")
        if weighed.rule
        else words("persons.side.note", bits=f"{weighed.bits:+.1f}", percent=percent(weighed.score))
    )
    title = words("persons.side.compared")
    return Table("side", title, columns, rows, chip={"said": "tone"}, absent="", note=note, stacked=True)


def _shown(words: Words, one: Traits, field: str) -> str:
    values: dict[str, Iterable[str]] = {
        "number": (in_part(each.value) for each in sorted(one.numbers)),
        "name": one.names or one.spelled,
        "birth": (one.birth,),
        "sex": (words(f"persons.sex.{one.sex}") if one.sex in SEXES else "",),
        "contact": map(in_part, sorted(one.contacts)),
    }
    return " ".join(values[field])


def in_part(value: str) -> str:
    """A value with its middle left out; a short one with nothing but its last signs."""
    if len(value) <= 2 * SHOWN:
        return f"…{value[-SHOWN + 1 :]}"
    return f"{value[:SHOWN]}…{value[-SHOWN:]}"


def _hidden(names: list[str]) -> list[Field]:
    return [Field(key, "", "hidden", value=name) for key, name in zip(("one", "other"), names, strict=True)]


def _reason(words: Words, hint: str) -> Field:
    return Field(
        "reason",
        words("persons.act.reason"),
        "long",
        hint=f"{words('persons.act.reason_hint')} {hint}",
        required=True,
    )


def _deciding(words: Words, names: list[str]) -> Form:
    options = [(value, words(f"persons.act.{value}")) for value in ("same_one", "same_other", "different")]
    fields = [
        *_hidden(names),
        Field("word", words("persons.act.word"), "radio", options=options, required=True),
        _reason(words, words("persons.act.note")),
    ]
    return Form("/persons/decide", fields, words("persons.act.button"))


def _splitting(words: Words, names: list[str]) -> Form:
    fields = [*_hidden(names), _reason(words, words("persons.act.split_note"))]
    return Form("/persons/split", fields, words("persons.split.button"))
