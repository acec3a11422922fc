"""`/me/choices`: stop and resume secondary use, whole or in part, restrict an institution, close a part or one record.

Each is asked first, with what it would have done in the past year, and each gives a 受理證明."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import Forbidden, NotFound
from camphora.fhir.search import parse_query
from camphora.pages import Link
from camphora.policy.choices import (
    Allows,
    Ruled,
    allowed,
    close_part,
    close_record,
    ended,
    restrict,
    secondary_tops,
    stop_part,
)
from camphora.policy.codes import categories, codes_of
from camphora.policy.compiling import compile as compiled
from camphora.web.citizen.acting import Acting, acting
from camphora.web.citizen.certificates import HERE as CERTIFICATES
from camphora.web.citizen.certificates import certified
from camphora.web.citizen.held import (
    HERE,
    Held,
    agreements,
    closed_records,
    closings,
    ending,
    held,
    lines,
    opened,
    part_name,
    part_of,
    partial_stops,
    project_id,
    restrictions,
    rows_in_words,
    stops,
)
from camphora.web.citizen.preview import rows_after, told, told_within
from camphora.web.contexts import Choices, Confirm, Context, Field, Form
from camphora.web.reading import Chart, Json, Reading, is_synthetic
from camphora.web.reading.chart import name_of, parsed, read
from camphora.web.reading.desk import Desk
from camphora.web.reading.titles import title
from camphora.web.site import see_other

OFFERED = ("PSY", "HIV", "STD", "SEX", "ETH", "SDV", "GDIS")
"""The sensitive parts that can be closed, in the order in which they are offered."""
DONE = frozenset({"stop", "part", "resume", "restrict", "lift", "close", "open", "withdraw"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A choice before it is made: what will follow, and what the form carries."""

    kind: str
    title: str
    effects: Sequence[str]
    fields: Sequence[Field]
    verb: str = ""
    """What the button says, where it is not the kind's own word."""


class ChoicePages(Desk):
    """Every choice is confirmed on a page that says what will follow, then written with the Access of whoever acts."""

    def page(self, request: Request) -> Response:
        by, reading = acting(self, request), self.reading(request)
        chart = by.chart
        choices, seen = self._counting(chart), _seen_at(chart)
        rows = opened(self.site.installation, chart)
        names = {f"Organization/{key}": name for key, name in seen.items()}
        names |= self._projects()
        wanted = [f"Organization/{key}" for key in restrictions(choices) if key not in seen]
        reading = reading.named({**names, **chart.names(wanted)})
        reading = reading.named(
            {record: self._titled(chart, reading, record) for record in closed_records(choices)}
        )
        done, number = request.query_params.get("done", ""), request.query_params.get("certificate", "")
        words = reading.words
        context = Choices(
            choices=lines(reading, choices, rows, by),
            restrict=_restrict_form(reading, seen, restrictions(choices), by),
            done=_done(reading, done, rows),
            certificate=Link(words("certificate.see"), by.href(f"{CERTIFICATES}/{number}"))
            if number.isdecimal()
            else None,
            certificates=Link(words("certificate.all"), by.href(CERTIFICATES)),
            subject=self._subject(by, reading),
            person=name_of(by.chart.patient()) if by.for_another else "",
        )
        return self._shown(request, chart, context)

    def _subject(self, by: Acting, reading: Reading) -> str:
        """For whom somebody acts and how long; for oneself, that one is too young or unable to act, or that choices of
        another identity hold as well."""
        gate = self.site.installation.gate
        whom = self.store.whom(by.chart.access, by.chart.person)
        if by.for_another:
            key, age = f"choice.for_another.{by.chart.access.ground}", gate.policy["ages.majority"]
            return reading.words(key, name=name_of(by.chart.patient()), age=age)
        if not gate.may_choose(whom):
            return reading.words("choice.too_young", age=gate.policy["ages.own_act"])
        own = f"Patient/{by.chart.person}"
        elsewhere = any(each.get("patient", {}).get("reference", own) != own for each in whom.consents)
        return reading.words("choice.merged") if elsewhere else ""

    def _counting(self, chart: Chart) -> list[Held]:
        """The choices that hold, without agreements that count no more: a guardian's lapses at majority."""
        choices, now = held(chart), int(datetime.now(UTC).timestamp() * 1000)
        whom = self.store.whom(chart.access, chart.person)
        permitting = compiled(whom, self.site.installation.gate.policy).permitting(now)
        return [
            each
            for each in choices
            if not isinstance(each.effect, Allows) or each.consent["id"] in permitting
        ]

    def _projects(self) -> dict[str, str]:
        """The titles of the projects here, by the names of their sets."""
        return {allowed(each.code): each.title for each in self.site.installation.gate.projects.all()}

    def _titled(self, chart: Chart, reading: Reading, record: str) -> str:
        kind, _, key = record.partition("/")
        try:
            return title(reading, read(self.store, chart.access, kind, key))
        except NotFound:
            return record

    def _shown(self, request: Request, chart: Chart, context: Context, status: int = 200) -> Response:
        synthetic = is_synthetic([chart.patient()])
        return self.site.page(request, context, synthetic=synthetic, status=status)

    # Stop of secondary use, whole or in part

    def ask_stop(self, request: Request) -> Response:
        by, reading = acting(self, request), self.reading(request)
        given = {name: request.query_params.get(name, "") for name in ("category", "purpose")}
        if request.query_params.get("part") == "1" and not any(given.values()):
            return self._choose_part(request, by, reading)
        category, purpose = _part(given)
        words, consent = reading.words, self._stopping(by, category, purpose)
        if category or purpose:
            purposes = [purpose] if purpose else secondary_tops()
            rows = rows_after(self.site.installation, by.chart, reading, consent, purposes)
            said = [rows, words("choice.part.effect_rest")]
            heading = words("choice.part.title", part=part_name(reading, category, purpose))
        else:
            counts = opened(self.site.installation, by.chart)
            named = rows_in_words(reading, counts)
            said = [words("choice.stop.effect_rows", n=sum(counts.values()), rows=named)] if counts else []
            heading = words("choice.stop.title")
        said += self._past(by, reading, consent)
        said += [words(f"choice.stop.effect_{key}") for key in ("released", "law", "back")]
        fields = [Field(key, "", "hidden", value=value) for key, value in given.items() if value]
        return self._confirm(request, by, reading, Asked("stop", heading, said, fields))

    def _choose_part(self, request: Request, by: Acting, reading: Reading) -> Response:
        """Which data, and for which use: one of both at least."""
        words = reading.words
        every = sorted(set(categories().values()), key=list(categories().values()).index)
        uses = [code for code in _offered_uses() if f"use.{code}" in words]
        fields = [
            Field(
                "category", words("choice.part.category"), "select",
                options=[
                    ("", words("choice.part.every_category")),
                    *((each, words(f"data_category.{each}")) for each in every),
                ],
            ),
            Field(
                "purpose", words("choice.part.purpose"), "select",
                options=[
                    ("", words("choice.part.every_purpose")),
                    *((code, words(f"use.{code}")) for code in uses),
                ],
            ),
            Field("part", "", "hidden", value="1"),
            *by.fields(),
        ]  # fmt: skip
        said = [
            words("choice.part.effect_choose"),
            words("choice.part.effect_rest"),
            words("choice.stop.effect_back"),
        ]
        form = Form(f"{HERE}/stop", fields, words("choice.next"), post=False)
        asked = Asked("stop", words("choice.part.do"), said, fields)
        return self._shown(request, by.chart, _confirmation(reading, asked, form, by))

    def stop(self, request: Request, form: FormData) -> Response:
        by = acting(self, request, form)
        category, purpose = _part({name: str(form.get(name, "")) for name in ("category", "purpose")})
        choices = held(by.chart)
        parts = {part_of(each) for each in partial_stops(choices)}
        done = "part" if category or purpose else "stop"
        if stops(choices) or (category, purpose) in parts:
            return see_other(by.href(HERE, done=done))
        return self._written(by, self._stopping(by, category, purpose), done)

    def _stopping(self, by: Acting, category: str, purpose: str) -> Json:
        return by.given(stop_part(by.chart.person, datetime.now(UTC), category or None, purpose or None))

    # Restriction of an institution

    def ask_restrict(self, request: Request) -> Response:
        by, reading = acting(self, request), self.reading(request)
        chart = by.chart
        sought = request.query_params.get("q", "").strip()
        chosen = request.query_params.get("organisation", "")
        if sought or not chosen:
            found = _found_by_name(chart, sought) if sought else _seen_at(chart)
            return self._choose(request, by, reading, sought, found)
        name = name_of(read(self.store, chart.access, "Organization", chosen))
        fields = [Field("organisation", "", "hidden", value=chosen)]
        heading = reading.words("choice.restrict.title_of", name=name)
        consent = by.given(restrict(chart.person, chosen, datetime.now(UTC)))
        said = [
            reading.words("choice.restrict.effect_absent"),
            *self._past(by, reading, consent),
            *(reading.words(f"choice.restrict.effect_{key}") for key in ("looked", "care", "back")),
        ]
        return self._confirm(request, by, reading, Asked("restrict", heading, said, fields))

    def _choose(
        self, request: Request, by: Acting, reading: Reading, sought: str, found: dict[str, str]
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
        fields += by.fields()
        form = Form(f"{HERE}/restrict", fields, words("choice.next"), post=False)
        said = [words("choice.restrict.effect_absent"), words("choice.restrict.effect_back")]
        asked = Asked("restrict", words("choice.restrict.name"), said, fields)
        return self._shown(request, by.chart, _confirmation(reading, asked, form, by))

    def restrict(self, request: Request, form: FormData) -> Response:
        by, chosen = acting(self, request, form), str(form.get("organisation", ""))
        read(self.store, by.chart.access, "Organization", chosen)
        if chosen in restrictions(held(by.chart)):
            return see_other(by.href(HERE, done="restrict"))
        return self._written(by, by.given(restrict(by.chart.person, chosen, datetime.now(UTC))), "restrict")

    # Closing a sensitive part, or one record

    def ask_close(self, request: Request) -> Response:
        by, reading = acting(self, request), self.reading(request)
        record, label = (request.query_params.get(name, "") for name in ("record", "label"))
        if not record and label not in OFFERED:
            return self._choose_label(request, by, reading)
        words, said = reading.words, []
        if record:
            heading = words("choice.record.title", title=title(reading, self._own_record(by, record)))
            field = Field("record", "", "hidden", value=record)
        else:
            heading = words("choice.close.title_of", part=words(f"label.{label}"))
            field = Field("label", "", "hidden", value=label)
        said = told_within(self.site.installation, by.chart, reading, self._closing(by, record, label))
        named = ("record_named", "record_alone") if record else ("named", "found")
        said += [words(f"choice.close.effect_{key}") for key in (*named, "law", "back")]
        return self._confirm(request, by, reading, Asked("close", heading, said, [field]))

    def _choose_label(self, request: Request, by: Acting, reading: Reading) -> Response:
        closed, words = closings(held(by.chart)), reading.words
        options = [(label, words(f"label.{label}")) for label in OFFERED if label not in closed]
        fields = [
            Field("label", words("choice.close.which"), "radio", options=options, required=True),
            *by.fields(),
        ]
        said = [words(f"choice.close.effect_{key}") for key in ("named", "found", "law", "back")]
        form = Form(f"{HERE}/close", fields, words("choice.next"), post=False)
        asked = Asked("close", words("choice.close.title"), said, fields)
        return self._shown(request, by.chart, _confirmation(reading, asked, form, by))

    def close(self, request: Request, form: FormData) -> Response:
        by = acting(self, request, form)
        record, label = str(form.get("record", "")), str(form.get("label", ""))
        if record:
            self._own_record(by, record)
        elif label not in OFFERED:
            raise NotFound("web-no-page")
        choices = held(by.chart)
        if record in closed_records(choices) or (not record and label in closings(choices)):
            return see_other(by.href(HERE, done="close"))
        return self._written(by, self._closing(by, record, label), "close")

    def _closing(self, by: Acting, record: str, label: str) -> Json:
        person, now = by.chart.person, datetime.now(UTC)
        return by.given(close_record(person, record, now) if record else close_part(person, label, now))

    def _own_record(self, by: Acting, record: str) -> Json:
        """A record about the person; NotFound for any other, and for what cannot be closed."""
        kind, _, key = record.partition("/")
        if kind in {"Patient", "Consent"} or kind not in categories():
            raise NotFound("web-no-page")
        return read(self.store, by.chart.access, kind, key)

    # Ending a choice

    def ask_end(self, request: Request) -> Response:
        by, reading = acting(self, request), self.reading(request)
        choice = self._of(by.chart, request.query_params.get("consent", ""))
        kind = ending(choice)
        fields = [Field("consent", "", "hidden", value=choice.consent["id"])]
        about = "record" if choice in closed_records([choice]).values() else kind
        said = [reading.words(f"choice.end.{about}.effect")]
        heading = self._end_title(by.chart, reading, choice, about)
        return self._confirm(request, by, reading, Asked("end", heading, said, fields, kind))

    def _end_title(self, chart: Chart, reading: Reading, choice: Held, about: str) -> str:
        """What ending a choice is called; of a restriction with the institution, of an agreement the project."""
        for project in agreements([choice]):
            named = self._projects().get(project, project_id(project))
            return reading.words("choice.end.withdraw.title_of", project=named)
        keys = [f"Organization/{key}" for key in restrictions([choice])]
        name = next(iter(chart.names(keys).values()), "") if keys else ""
        if name:
            return reading.words("choice.end.lift.title_of", name=name)
        return reading.words(f"choice.end.{about}.title")

    def end(self, request: Request, form: FormData) -> Response:
        by = acting(self, request, form)
        choice = self._of(by.chart, str(form.get("consent", "")))
        self._require_able(by)
        kind = ending(choice)
        alike = {
            each.consent["id"]: each
            for each in held(by.chart)
            if each.does_as(choice) and each.performers == choice.performers
        }
        if isinstance(choice.effect, Ruled):
            alike = {choice.consent["id"]: choice}
        number = certified(by.chart, [ended(each.consent) for each in alike.values()], new=False)
        if kind == "end":
            return see_other("/me/family?done=end")
        return self._received(by, kind, number)

    def _of(self, chart: Chart, key: str) -> Held:
        for each in held(chart):
            if each.consent["id"] == key:
                return each
        raise NotFound("records-not-found", type="Consent")

    # What all have in common

    def _past(self, by: Acting, reading: Reading, consent: Json) -> list[str]:
        return told(self.site.installation, by.chart, reading, consent)

    def _written(self, by: Acting, consent: Json, done: str) -> Response:
        self._require_able(by)
        return self._received(by, done, certified(by.chart, [consent], new=True))

    def _received(self, by: Acting, done: str, number: int | None) -> Response:
        more = {} if number is None else {"certificate": str(number)}
        return see_other(by.href(HERE, done=done, **more))

    def _require_able(self, by: Acting) -> None:
        """One's own choice needs the age for it; below it a guardian chooses."""
        gate = self.site.installation.gate
        if not by.for_another and not gate.may_choose(self.store.whom(by.chart.access, by.chart.person)):
            raise Forbidden("gate-too-young", age=gate.policy["ages.own_act"])

    def _confirm(self, request: Request, by: Acting, reading: Reading, asked: Asked) -> Response:
        fields = [*asked.fields, *by.fields()]
        form = Form(
            f"{HERE}/{asked.kind}", fields, reading.words(f"choice.button.{asked.verb or asked.kind}")
        )
        return self._shown(request, by.chart, _confirmation(reading, asked, form, by))


def _offered_uses() -> list[str]:
    """The codes of secondary use, the broad ones first."""
    tops = secondary_tops()
    return [*tops, *sorted(codes_of("secondary") - set(tops))]


def _part(given: dict[str, str]) -> tuple[str, str]:
    """The category and the purpose of a stop, empty for all; NotFound for what is none."""
    category, purpose = given["category"], given["purpose"]
    if category and category not in {*categories().values(), "other"}:
        raise NotFound("web-no-page")
    if purpose and purpose not in codes_of("secondary"):
        raise NotFound("web-no-page")
    return category, purpose


def _confirmation(reading: Reading, asked: Asked, form: Form, by: Acting) -> Confirm:
    words, step = reading.words, "close" if form.post else "close_which"
    name = name_of(by.chart.patient()) if by.for_another else ""
    return Confirm(
        title=asked.title,
        text=words(f"choice.confirm.{step if asked.kind == 'close' else asked.kind}"),
        subject=words("choice.for_another.whose", name=name) if name else "",
        effects=asked.effects,
        form=form,
        back=Link(words("choice.back"), by.href(HERE)),
    )


def _restrict_form(reading: Reading, seen: dict[str, str], already: dict[str, Held], by: Acting) -> Form:
    words = reading.words
    options = [
        ("", words("choice.restrict.pick")),
        *((key, name) for key, name in seen.items() if key not in already),
    ]
    fields = [
        Field("organisation", words("choice.restrict.seen"), "select", options=options),
        Field("q", words("choice.restrict.search"), "search", hint=words("choice.restrict.hint")),
        *by.fields(),
    ]
    return Form(f"{HERE}/restrict", fields, words("choice.next"), post=False)


def _done(reading: Reading, done: str, rows: dict[str, int]) -> str:
    """What was just changed; for secondary use with the rows that are open now."""
    if done not in DONE:
        return ""
    said = reading.words(f"choice.done.{done}")
    return (
        said + reading.words("choice.stop.rows", n=sum(rows.values()))
        if done in {"stop", "part", "resume"}
        else said
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
