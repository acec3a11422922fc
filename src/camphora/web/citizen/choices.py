"""`/me/choices`: stop and resume secondary use, restrict an institution, close a sensitive part; each asked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import NotFound
from camphora.fhir.search import parse_query
from camphora.pages import Link
from camphora.policy.choices import close_part, ended, restrict, stop_secondary_use
from camphora.records import Put
from camphora.web.citizen.held import (
    HERE,
    Held,
    closings,
    ending,
    held,
    lines,
    opened,
    restrictions,
    rows_in_words,
    stops,
)
from camphora.web.contexts import Choices, Confirm, Context, Field, Form
from camphora.web.reading import Chart, Reading, is_synthetic
from camphora.web.reading.chart import name_of, parsed, read
from camphora.web.reading.desk import Desk
from camphora.web.site import see_other

OFFERED = ("PSY", "HIV", "SEX", "ETH", "SDV")
"""The sensitive parts that can be closed, in the order in which they are offered."""
DONE = frozenset({"stop", "resume", "restrict", "lift", "close", "open"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A choice before it is made: what will follow, and what the form carries."""

    kind: str
    title: str
    effects: Sequence[str]
    fields: Sequence[Field]


class ChoicePages(Desk):
    """Every choice is confirmed on a page that says what will follow, then written with the person's own Access."""

    def page(self, request: Request) -> Response:
        chart, reading = self.own(request), self.reading(request)
        choices, seen = held(chart), _seen_at(chart)
        rows = opened(self.site.installation, chart)
        names = {f"Organization/{key}": name for key, name in seen.items()}
        wanted = [f"Organization/{key}" for key in restrictions(choices) if key not in seen]
        reading = reading.named({**names, **chart.names(wanted)})
        done = request.query_params.get("done", "")
        context = Choices(
            choices=lines(reading, choices, rows),
            restrict=_restrict_form(reading, seen, restrictions(choices)),
            done=_done(reading, done, rows),
        )
        return self._shown(request, chart, context)

    def _shown(self, request: Request, chart: Chart, context: Context, status: int = 200) -> Response:
        synthetic = is_synthetic([chart.patient()])
        return self.site.page(request, context, synthetic=synthetic, status=status)

    # Stop of secondary use

    def ask_stop(self, request: Request) -> Response:
        chart, reading = self.own(request), self.reading(request)
        rows = opened(self.site.installation, chart)
        effects_ = [
            reading.words("choice.stop.effect_rows", n=sum(rows.values()), rows=rows_in_words(reading, rows)),
            *(reading.words(f"choice.stop.effect_{key}") for key in ("released", "law", "back")),
        ]
        return self._confirm(
            request, chart, reading, Asked("stop", reading.words("choice.stop.title"), effects_, [])
        )

    def stop(self, request: Request, form: FormData) -> Response:  # noqa: ARG002
        chart = self.own(request)
        if not stops(held(chart)):
            self._write(chart, stop_secondary_use(chart.person, datetime.now(UTC)))
        return see_other(f"{HERE}?done=stop")

    # Restriction of an institution

    def ask_restrict(self, request: Request) -> Response:
        chart, reading = self.own(request), self.reading(request)
        sought = request.query_params.get("q", "").strip()
        chosen = request.query_params.get("organisation", "")
        if sought or not chosen:
            found = _found_by_name(chart, sought) if sought else _seen_at(chart)
            return self._choose(request, chart, reading, sought, found)
        name = name_of(read(self.store, chart.access, "Organization", chosen))
        fields = [Field("organisation", "", "hidden", value=chosen)]
        title = reading.words("choice.restrict.title_of", name=name)
        said = [
            reading.words(f"choice.restrict.effect_{key}") for key in ("absent", "looked", "care", "back")
        ]
        return self._confirm(request, chart, reading, Asked("restrict", title, said, fields))

    def _choose(
        self, request: Request, chart: Chart, reading: Reading, sought: str, found: dict[str, str]
    ) -> Response:
        """Which institution: by name, or among those that have seen the person."""
        words = reading.words
        again = "" if found or not sought else words("choice.restrict.none")
        fields = [Field("q", words("choice.restrict.search"), "search", value=sought, error=again)]
        if found:
            radio = Field(
                "organisation",
                words("choice.restrict.which"),
                "radio",
                options=list(found.items()),
                required=True,
            )
            fields = [radio]
        form = Form(f"{HERE}/restrict", fields, words("choice.next"), post=False)
        said = [words("choice.restrict.effect_absent"), words("choice.restrict.effect_back")]
        asked = Asked("restrict", words("choice.restrict.name"), said, fields)
        return self._shown(request, chart, _confirmation(reading, asked, form))

    def restrict(self, request: Request, form: FormData) -> Response:
        chart, chosen = self.own(request), str(form.get("organisation", ""))
        read(self.store, chart.access, "Organization", chosen)
        if chosen not in restrictions(held(chart)):
            self._write(chart, restrict(chart.person, chosen, datetime.now(UTC)))
        return see_other(f"{HERE}?done=restrict")

    # Closing a sensitive part

    def ask_close(self, request: Request) -> Response:
        chart, reading = self.own(request), self.reading(request)
        closed = closings(held(chart))
        options = [(label, reading.words(f"label.{label}")) for label in OFFERED if label not in closed]
        fields = [
            Field("label", reading.words("choice.close.which"), "radio", options=options, required=True)
        ]
        said = [reading.words(f"choice.close.effect_{key}") for key in ("named", "law", "back")]
        return self._confirm(
            request, chart, reading, Asked("close", reading.words("choice.close.title"), said, fields)
        )

    def close(self, request: Request, form: FormData) -> Response:
        chart, label = self.own(request), str(form.get("label", ""))
        if label not in OFFERED:
            raise NotFound("web-no-page")
        if label not in closings(held(chart)):
            self._write(chart, close_part(chart.person, label, datetime.now(UTC)))
        return see_other(f"{HERE}?done=close")

    # Ending a choice

    def ask_end(self, request: Request) -> Response:
        chart, reading = self.own(request), self.reading(request)
        choice = self._of(chart, request.query_params.get("consent", ""))
        kind = ending(choice)
        fields = [Field("consent", "", "hidden", value=choice.consent["id"])]
        said = [reading.words(f"choice.end.{kind}.effect")]
        title = reading.words(f"choice.end.{kind}.title")
        return self._confirm(request, chart, reading, Asked("end", title, said, fields))

    def end(self, request: Request, form: FormData) -> Response:
        chart = self.own(request)
        choice = self._of(chart, str(form.get("consent", "")))
        kind = ending(choice)
        alike = {each.consent["id"]: each for each in held(chart) if each.does_as(choice)}
        changes = [Put(ended(each.consent), expect="present") for each in alike.values()]
        self.store.write(chart.access, changes)
        return see_other("/me/family?done=end" if kind == "end" else f"{HERE}?done={kind}")

    def _of(self, chart: Chart, key: str) -> Held:
        for each in held(chart):
            if each.consent["id"] == key:
                return each
        raise NotFound("records-not-found", type="Consent")

    def _write(self, chart: Chart, consent: dict[str, Any]) -> None:
        self.store.write(chart.access, [Put(consent, expect="new")])

    def _confirm(self, request: Request, chart: Chart, reading: Reading, asked: Asked) -> Response:
        form = Form(f"{HERE}/{asked.kind}", asked.fields, reading.words(f"choice.button.{asked.kind}"))
        return self._shown(request, chart, _confirmation(reading, asked, form))


def _confirmation(reading: Reading, asked: Asked, form: Form) -> Confirm:
    return Confirm(
        title=asked.title,
        text=reading.words(f"choice.confirm.{asked.kind}"),
        effects=asked.effects,
        form=form,
        back=Link(reading.words("choice.back"), HERE),
    )


def _restrict_form(reading: Reading, seen: dict[str, str], already: dict[str, Held]) -> Form:
    words = reading.words
    options = [
        ("", words("choice.restrict.pick")),
        *((key, name) for key, name in seen.items() if key not in already),
    ]
    fields = [
        Field("organisation", words("choice.restrict.seen"), "select", options=options),
        Field("q", words("choice.restrict.search"), "search", hint=words("choice.restrict.hint")),
    ]
    return Form(f"{HERE}/restrict", fields, words("choice.next"), post=False)


def _done(reading: Reading, done: str, rows: dict[str, int]) -> str:
    """What was just changed; for secondary use with the rows that are open now."""
    if done not in DONE:
        return ""
    said = reading.words(f"choice.done.{done}")
    return (
        said + reading.words("choice.stop.rows", n=sum(rows.values())) if done in {"stop", "resume"} else said
    )


def _seen_at(chart: Chart) -> dict[str, str]:
    """Institutions that have seen the person, by Organization id, the latest first."""
    visits = chart.ask("Encounter", ("_sort", "-date"), count=1000).rows
    keys = dict.fromkeys(str(visit.get("serviceProvider", {}).get("reference", "")) for visit in visits)
    names = chart.names(keys)
    return {key.partition("/")[2]: names[key] for key in keys if key in names}


def _found_by_name(chart: Chart, text: str) -> dict[str, str]:
    escaped = _escaped(text)
    query = parse_query("Organization", [("name:contains", escaped), ("_count", "30")], strict=True)
    return {row["id"]: name_of(row) for row in parsed(chart.store.search(chart.access, query).rows)}


def _escaped(text: str) -> str:
    r"""A value of a search parameter, its signs that mean something there escaped (R4 search, 3.1.1.4.4)."""
    return "".join(f"\\{sign}" if sign in "\\,|$" else sign for sign in text)
