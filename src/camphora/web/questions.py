"""`/ask`: one question over the records of persons, by fixed choices, answered with small-number protection.

The address is the question: `/ask?view=condition&measure=persons&by=sex`. Each asking leaves a receipt, the
asking for a file too.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from camphora.errors import Invalid
from camphora.gate.bases import Claim
from camphora.gate.gate import NO_GROUNDS
from camphora.lake import Answer
from camphora.lake.question import Value
from camphora.pages import Bars, Block, Cell, Column, Figure, Figures, Kind, Table, View, dates
from camphora.pages.counties import COUNTIES
from camphora.pages.words import Words
from camphora.policy import Purpose
from camphora.terminology import Terminology
from camphora.web.asked import (
    DECADE,
    GROUPS,
    ICD,
    MEASURES,
    SEXES,
    SUBJECTS,
    Asked,
    codes_of,
    name,
    question_of,
    read,
)
from camphora.web.contexts import Ask, Field, Form
from camphora.web.reading.desk import Desk
from camphora.web.showing import Shown, as_file, require_form
from camphora.web.site import Site, get
from camphora.web.uses import today
from camphora.web.using import Using

MOST_BARS = 40


def routes(site: Site) -> list[BaseRoute]:
    """`/ask` and its files, for analysts, officers and managers."""
    questions = Questions(site)
    return [
        get("/ask.{form}", questions.file, "ask.download", "persons", "download"),
        get("/ask", questions.page, "ask", "persons"),
    ]


class Questions:
    def __init__(self, site: Site) -> None:
        self.site = site

    def page(self, request: Request) -> Response:
        words, asked = self.site.words(request), read(request.query_params)
        using = self._using(request, words)
        form = question_form(asked, words, using.fields(asked, words))
        if not asked.view:
            return self.site.page(request, Ask(form=form))
        answer = self._answer(request, using, asked)
        context = Ask(
            form=form,
            answer=self._view(
                asked, answer, words, self._why(request, answer, words, using.noted(asked, answer))
            ),
            notes=self._notes(asked, answer, words),
            certificate={
                **using.told(asked, answer, words),
                **certificate(answer, words, self._mark(answer)),
            },
        )
        return self.site.page(request, context, synthetic=False)

    def file(self, request: Request) -> Response:
        """The answer as a file: asked anew, under a receipt of its own."""
        form = str(request.path_params["form"])
        require_form(form)
        words, asked = self.site.words(request), read(request.query_params)
        using = self._using(request, words)
        if not asked.view:
            raise Invalid("web-question-empty")
        answer = self._answer(request, using, asked)
        shown = Shown(
            self._view(asked, answer, words, ""),
            today().isoformat(),
            parameters=asked.choices(),
            name="answer",
        )
        return as_file(self.site, request, shown, form)

    def _using(self, request: Request, words: Words) -> Using:
        """What the reader may name; Forbidden for who may ask nothing at all."""
        access = self.site.access(request, Purpose.SECONDARY, grounds=NO_GROUNDS)
        return Using.of(self.site.installation.gate, access.reader, words)

    def _answer(self, request: Request, using: Using, asked: Asked) -> Answer:
        access = self.site.access(request, Purpose.SECONDARY, grounds=using.grounds(asked))
        question = question_of(asked, self.site.installation.terminology)
        return self.site.installation.lake.ask(access, question)

    def _mark(self, answer: Answer) -> str:
        return self.site.installation.store.mark(answer.data_version, answer.choices_version)

    def _why(self, request: Request, answer: Answer, words: Words, noted: Claim | None) -> str:
        """Why the reader may ask and who is left out; on a basis that stands above choices, by which law nobody is."""
        policy = self.site.installation.gate.policy
        basis = policy.bases.get(noted.basis if noted else answer.basis or "")
        reasons = "" if basis and not noted else Desk(self.site).why(request, Purpose.SECONDARY)
        if basis:
            text = words("reason.basis-noted" if noted else "reason.legal-basis")
            on = words("reason.sourced", text=text, source=policy.law(basis.law, words.lang))
            reasons = words("mark.reason").join(each for each in (reasons, on) if each)
        return f"{words('ask.why')} {reasons}" if words.lang == "en" else f"{words('ask.why')}{reasons}"

    def _view(self, asked: Asked, answer: Answer, words: Words, why: str) -> View:
        table = answer_table(asked, answer, words, self.site.installation.terminology)
        blocks: list[Block] = [
            picture(asked, table, words) if asked.groups else _figure(asked, table, words),
            table,
        ]
        return View(
            "answer",
            title(asked, words),
            blocks,
            badge="synthetic" if self.site.installation.demo else None,
            as_of=dates.day(today(), words.lang),
            source=words("ask.source"),
            why=why,
            downloads="answer",
        )

    def _notes(self, asked: Asked, answer: Answer, words: Words) -> list[str]:
        """Who is not counted, what is withheld, and which codes were meant."""
        notes = [answer.withheld_note[words.lang] + words("mark.end")] if answer.withheld_note else []
        notes.append(answer.certificate.sentence(words.lang))
        terms = self.site.installation.terminology
        for key, systems in (("code", SUBJECTS[asked.view].systems), ("having", (ICD,))):
            if text := getattr(asked, key):
                named = [
                    f"{code} {name(terms, code, systems, words.lang)}"
                    for code in codes_of(terms, text, systems)
                ]
                notes.append(words("ask.codes", text=text, codes=words("mark.comma").join(named)))
        return notes


# The answer in words


def answer_table(asked: Asked, answer: Answer, words: Words, terms: Terminology) -> Table:
    """The cells of an answer, counties and codes by size; a withheld one is empty and named as such."""
    groups = asked.groups
    rows: list[dict[str, Cell]] = []
    for row in answer.rows:
        keys = {
            group: said(asked, group, value, words, terms) for group, value in zip(groups, row, strict=False)
        }
        rows.append({**keys, "figure": row[len(groups)]})
    if groups in (("county",), ("code",)):
        rows.sort(key=lambda row: -_number(row["figure"] or 0))
    kind: Kind = "decimal" if asked.measure == "mean" else "integer"
    columns = [
        *(Column(group, words(f"ask.by.{group}")) for group in groups),
        Column("figure", words(f"ask.measure.{asked.measure}"), kind),
    ]
    return Table("answer", words("ask.table"), columns, rows, absent=words("ask.withheld"))


def said(asked: Asked, group: str, value: Value, words: Words, terms: Terminology) -> str:
    """A value of a dimension in words."""
    if value is None:
        return words("ask.missing")
    match group:
        case "sex":
            key = f"ask.sex.{value}"
            return words(key) if key in words else str(value)
        case "birth":
            low = int(value)
            years = [dates.year(str(year), words.lang) for year in (low, low + DECADE - 1)]
            return words("ask.born", low=years[0], high=years[1])
        case "county":
            county = next((one for one in COUNTIES if one.zh == value), None)
            return county.name(words.lang) if county else str(value)
        case "code":
            named = name(terms, str(value), SUBJECTS[asked.view].systems, words.lang)
            return (
                f"{named}（{value}）"
                if named and words.lang == "zh-TW"
                else f"{named} ({value})"
                if named
                else str(value)
            )
        case _:
            return dates.year(str(value), words.lang)


def picture(asked: Asked, table: Table, words: Words) -> Block:
    """Bars of the released cells, the first forty; what they show in a sentence."""
    shown = [row for row in table.rows if row["figure"] is not None]
    withheld = len(table.rows) - len(shown)
    keys = [column.key for column in table.columns[:-1]]
    labels = [words("mark.dot").join(str(row[key]) for key in keys) for row in shown[:MOST_BARS]]
    values = [_number(row["figure"]) for row in shown[:MOST_BARS]]
    sentence = words("ask.none", withheld=withheld)
    if values:
        most = max(range(len(values)), key=values.__getitem__)
        sentence = words(
            "ask.sentence", label=labels[most], value=_written(values[most], asked), withheld=withheld
        )
    kind: Kind = "decimal" if asked.measure == "mean" else "integer"
    return Bars("answer_bars", words(f"ask.measure.{asked.measure}"), labels, values, sentence, table, kind)


def _number(value: Cell) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _written(value: float, asked: Asked) -> str:
    return f"{value:g}" if asked.measure == "mean" else f"{value:,.0f}"


def _figure(asked: Asked, table: Table, words: Words) -> Figures:
    value = table.rows[0]["figure"] if table.rows else None
    text = words("ask.withheld") if value is None else _written(_number(value), asked)
    return Figures([Figure(words(f"ask.measure.{asked.measure}"), text)])


def title(asked: Asked, words: Words) -> str:
    """What was asked, in a line: 診斷：人數，依性別."""
    subject, measure = words(f"ask.view.{asked.view}"), words(f"ask.measure.{asked.measure}")
    by = words("mark.comma").join(words(f"ask.by.{group}") for group in asked.groups)
    return words("ask.line_by" if by else "ask.line", subject=subject, measure=measure, by=by)


def certificate(answer: Answer, words: Words, mark: str) -> dict[str, str]:
    """Rules and versions by which the same answer can be had again."""
    held = answer.certificate
    return {
        words("ask.least"): f"{held.least:,}",
        words("ask.base"): f"{held.base:,}",
        words("ask.cells"): f"{held.cells:,}",
        words("ask.suppressed"): f"{held.suppressed:,}",
        words("ask.data_version"): mark,
        words("ask.code_version"): answer.code_version,
    }


def question_form(asked: Asked, words: Words, using: Sequence[Field]) -> Form:
    """The form, filled with the choices made; `using` are the fields for use and basis."""

    def select(key: str, values: Sequence[str], empty: str = "") -> Field:
        options = [(value, words(f"ask.{key}.{value}")) for value in values]
        listed = [("", words(empty)), *options] if empty else options
        return Field(key, words(f"ask.label.{key}"), "select", getattr(asked, key), listed)

    def text(key: str) -> Field:
        return Field(key, words(f"ask.label.{key}"), value=getattr(asked, key), hint=words(f"ask.hint.{key}"))

    groups = [(group, words(f"ask.by.{group}")) for group in GROUPS]
    counties = [(county.zh, county.name(words.lang)) for county in COUNTIES]
    fields = [
        select("view", tuple(SUBJECTS)),
        select("measure", MEASURES),
        select("by", GROUPS, "ask.no_group"),
        Field("then", words("ask.label.then"), "select", asked.then, [("", words("ask.no_group")), *groups]),
        text("code"),
        text("having"),
        select("sex", SEXES, "filter.all"),
        Field(
            "county",
            words("ask.label.county"),
            "select",
            asked.county,
            [("", words("filter.all")), *counties],
        ),
        text("since"),
        text("until"),
        *using,
    ]
    return Form("/ask", fields, words("ask.go"), post=False)
