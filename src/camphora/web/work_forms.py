"""Work in words: titles of signals, states as chips, steps as rows, and a form for each act."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple, get_args
from urllib.parse import quote

from camphora.pages import Cell, Chip, Column, Table, Tone, dates
from camphora.pages.counties import BY_CODE
from camphora.pages.words import Words
from camphora.policy.choices import TAIPEI
from camphora.policy.work import NATION
from camphora.web.areas import townships
from camphora.web.contexts import Field, Form, Next
from camphora.web.emergencies import moment
from camphora.work import Act, Judgement, Step, Work
from camphora.work.attachments import ENDINGS, MIB, MOST, File
from camphora.work.states import Actor
from camphora.work.tasks import place_of

HERE = "/tasks"
TONES: Mapping[str, Tone] = {"sent": "notice", "answered": "good", "closed": "good", "judged": "notice"}
FILES = tuple((ending, ending) for several in ENDINGS.values() for ending in several)
WRITTEN: tuple[Act, ...] = ("close", "reopen", "withdraw", "answer", "comment")
"""Acts of which nothing is asked but a text."""
NEEDED: tuple[Act, ...] = ("answer", "comment")
ORDER: tuple[Act, ...] = (
    *("take", "close", "answer", "judge", "ask", "comment", "attach", "hand-over", "reopen", "withdraw"),
)
"""The first that can be done is what the state asks for, and stands open."""
COUNTY = 5
ASKED_DAYS = 3
"""What is offered as the last day of a request."""


class Offered(NamedTuple):
    """What may be chosen: places that can be asked and officers to whom work can go, as (value, label)."""

    places: Sequence[tuple[str, str]] = ()
    officers: Sequence[tuple[str, str]] = ()


class Naming(NamedTuple):
    """How signals are called: titles of watches by name, and names of townships by the codes that series have, which
    are those of the household register; accounts and requests have postcodes (`areas`). `english`: of townships, by
    county and name."""

    words: Words
    watches: Mapping[str, str]
    townships: Mapping[str, str]
    groups: Mapping[tuple[str, str], str]
    """Labels by watch and group."""
    english: Mapping[tuple[str, str], str] = MappingProxyType({})

    def place(self, code: str) -> str:
        """The area of an account or a request: a county, a township with its county, or the whole country."""
        return self._named(code, townships())

    def of_signal(self, code: str) -> str:
        """The place of a signal in the same way."""
        return self._named(code, self.townships)

    def _named(self, code: str, known: Mapping[str, str]) -> str:
        if code == NATION:
            return self.words("work.nation")
        one = BY_CODE.get(code[:COUNTY])
        county = one.name(self.words.lang) if one else code[:COUNTY]
        if len(code) <= COUNTY:
            return county
        town = known.get(code[:8], self.words("work.code", code=code))
        if self.words.lang == "en" and one:
            town = ", ".join(self.english.get((one.zh, each), each) for each in town.split("、"))
        return self.words("work.town", county=county, town=town)

    def signal(self, key: str) -> str:
        """Place, what is watched, its week and the group that is meant."""
        found = place_of(key)
        year, _, number = found.week.partition("-")
        if number.isdecimal():
            week = dates.week(int(year), int(number), self.words.lang)
        else:
            week = dates.day(found.week, self.words.lang)
        said = self.words(
            "work.signal",
            place=self.of_signal(found.area),
            what=self.watches.get(found.watch, found.watch),
            week=week,
        )
        group = self.groups.get((found.watch, found.group), found.group)
        return said if group == "all" else self.words("work.of_group", said=said, group=group)


def today() -> date:
    """The day in Taiwan."""
    return datetime.now(TAIPEI).date()


def chip(words: Words, work: Work | None) -> Chip:
    """The state of a signal; of one that nobody took as well."""
    if work is None:
        return Chip(words("work.state.new"))
    if work.overdue(today()):
        return Chip(words("work.overdue_state", state=words(f"work.state.{work.state}")), "alert")
    return Chip(words(f"work.state.{work.state}"), TONES.get(work.state, "plain"))


def titled(naming: Naming, work: Work) -> str:
    """A signal's name; of a request, of whom it was asked."""
    said = naming.signal(work.key)
    if work.kind == "signal":
        return said
    return naming.words("work.request_of", place=naming.place(work.place), signal=said)


def lines(naming: Naming, work: Work) -> list[str]:
    """What stands of it in a few lines: what is asked, whose it is, by when, what it was judged."""
    words = naming.words
    who = work.owner.name or work.owner.account if work.owner else ""
    asker = work.asker.name or work.asker.account if work.asker else ""
    said = [
        words("work.asked", text=work.asked) if work.asked else "",
        words("work.asked_by", who=asker) if work.kind == "request" and asker else "",
        words("work.owned_by", who=who) if who else words("work.owned_by_nobody"),
        words("work.due", day=dates.day(work.due, words.lang)) if work.due and not work.ended else "",
        words("work.judged_as", judgement=words(f"work.judgement.{work.judgement}"))
        if work.judgement
        else "",
    ]
    return [line for line in said if line]


def address(work: Work) -> str:
    """The page of one piece of work."""
    return f"{HERE}/{quote(work.id)}"


def ledger_table(naming: Naming, steps: Iterable[Step]) -> Table:
    """The ledger (處置紀錄), the first step first; steps of a request name of whom it was asked."""
    words = naming.words
    rows: list[dict[str, Cell]] = [
        {
            "at": moment(words, each.at),
            "who": each.who.name or each.who.account,
            "act": _act(naming, each),
            "state": words(f"work.state.{each.state}"),
            "tone": TONES.get(each.state, "plain"),
            "text": _said(words, each),
        }
        for each in steps
    ]
    columns = [Column(key, words(f"work.column.{key}")) for key in ("at", "who", "act", "state", "text")]
    title = words("work.ledger", n=len(rows))
    return Table("ledger", title, columns, rows, chip={"state": "tone"}, stacked=True)


def _act(naming: Naming, step: Step) -> str:
    act = naming.words(f"work.act.{step.act}")
    return naming.words("work.act_of", place=naming.place(step.of.place), act=act) if step.of else act


def _said(words: Words, step: Step) -> str | None:
    parts = [words(f"work.judgement.{step.judgement}")] if step.judgement else []
    if step.act == "hand-over" and step.owner:
        parts.append(words("work.handed_to", who=step.owner.name or step.owner.account))
    return words("mark.comma").join([*parts, *([step.text] if step.text else [])]) or None


def files_table(words: Words, work: Work, files: Iterable[File]) -> Table:
    """The files beside a piece of work, each with its digest."""
    rows: list[dict[str, Cell]] = [
        {
            "name": each.name,
            "href": f"{address(work)}/files/{quote(each.id)}",
            "kind": words(f"work.kind.{each.kind.rpartition('/')[2].rpartition('.')[2]}"),
            "size": math.ceil(each.size / 1024),
            "digest": each.digest,
        }
        for each in files
    ]
    columns = [
        Column("name", words("work.column.name")),
        Column("kind", words("work.column.kind")),
        Column("size", words("work.column.size"), "integer", "KiB"),
        Column("digest", "SHA-256"),
    ]
    return Table(
        "files", words("work.files", n=len(rows)), columns, rows, link={"name": "href"}, stacked=True
    )


def requests_table(naming: Naming, asked: Iterable[Work], steps: Iterable[Step]) -> Table:
    """What was asked about a signal, with the answers."""
    table = works_table(naming, "requests", naming.words("work.requests"), asked)
    answers = {address(each.of): each.text for each in steps if each.of and each.act == "answer"}
    rows = [{**row, "answer": answers.get(str(row["href"]))} for row in table.rows]
    return replace(table, columns=[*table.columns, Column("answer", naming.words("work.answer"))], rows=rows)


def works_table(naming: Naming, name: str, title: str, works: Iterable[Work]) -> Table:
    """Several pieces of work, each with its link."""
    words = naming.words
    rows: list[dict[str, Cell]] = []
    for each in works:
        state = chip(words, each)
        rows.append(
            {
                "what": titled(naming, each) if each.kind == "signal" else each.asked,
                "href": address(each),
                "place": naming.of_signal(each.place) if each.kind == "signal" else naming.place(each.place),
                "state": state.text,
                "tone": state.tone,
                "owner": (each.owner.name or each.owner.account) if each.owner else None,
                "due": dates.day(each.due, words.lang) if each.due else None,
            }
        )
    columns = [Column(key, words(f"work.column.{key}")) for key in ("what", "place", "state", "owner", "due")]
    return Table(name, title, columns, rows, link={"what": "href"}, chip={"state": "tone"}, stacked=True)


def acts(
    words: Words, work: Work, actor: Actor, offered: Offered, written: Mapping[str, Mapping[str, str]]
) -> list[Next]:
    """A form for each act that this officer may do now, what the state asks for first. `written`: what was
    written for an act that was refused."""
    made: list[Next] = []
    for act in sorted(work.acts(actor), key=ORDER.index):
        fields = _fields(words, act, offered, written.get(act, {}))
        if fields is None:
            continue
        form = Form(f"{HERE}/{act}", [*_hidden(work), *fields], words(f"work.button.{act}"))
        made.append(Next(words(f"work.act.{act}"), words(f"work.about.{act}"), form))
    return made


def _fields(words: Words, act: Act, offered: Offered, given: Mapping[str, str]) -> list[Field] | None:
    """None where there is nothing to choose from."""
    text = Field(
        "text", words("work.text"), "long", given.get("text", ""), hint=words("work.text_hint"),
        required=act in NEEDED,
    )  # fmt: skip
    match act:
        case "take":
            return []
        case "judge":
            options = [(one, words(f"work.judgement.{one}")) for one in get_args(Judgement)]
            chosen = given.get("judgement", "")
            return [
                Field("judgement", words("work.judge_as"), "radio", chosen, options=options, required=True),
                text,
            ]
        case "ask":
            return _asking(words, offered, given)
        case "attach":
            endings = words("mark.comma").join(ending for ending, _ in FILES)
            hint = words("work.file_hint", most=MOST // MIB, endings=endings)
            return [Field("file", words("work.file"), "file", options=FILES, hint=hint, required=True), text]
        case "hand-over":
            return [officer_field(words, offered, given.get("to", "")), text] if offered.officers else None
        case _:
            return [text] if act in WRITTEN else None


def _asking(words: Words, offered: Offered, given: Mapping[str, str]) -> list[Field]:
    day = given.get("due") or (today() + timedelta(ASKED_DAYS)).isoformat()
    places = list(offered.places)
    return [
        Field("place", words("work.place"), "select", given.get("place", ""), places, required=True),
        Field(
            "organisation", words("work.organisation"), value=given.get("organisation", ""),
            hint=words("work.organisation_hint"),
        ),
        Field("due", words("work.by_day"), "date", day, required=True),
        Field(
            "text", words("work.question"), "long", given.get("text", ""), required=True,
            hint=words("work.text_hint"),
        ),
    ]  # fmt: skip


def officer_field(words: Words, offered: Offered, chosen: str = "") -> Field:
    """To whom work goes."""
    return Field("to", words("work.to"), "select", chosen, list(offered.officers), required=True)


def all_over(words: Words, offered: Offered) -> Next:
    """All open work goes to another officer at the end of a shift."""
    text = Field("text", words("work.text"), "long", hint=words("work.text_hint"))
    form = Form(f"{HERE}/hand-over-all", [officer_field(words, offered), text], words("work.button.all"))
    return Next(words("work.shift"), words("work.shift_about"), form)


def _hidden(work: Work) -> list[Field]:
    return [
        Field("id", "", "hidden", value=work.id),
        Field("version", "", "hidden", value=str(work.version)),
    ]
