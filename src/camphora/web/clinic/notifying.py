"""`/patients/ID/notify`: a notifiable disease is notified by a form that a Questionnaire asks for.

What was answered is kept as a QuestionnaireResponse, and from it Encounter, Observation and Condition are written, all
four in one transaction, with the clinician's own Access.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote, urlencode

import orjson
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import CamphoraError, Faults, Forbidden, Invalid, NotFound
from camphora.fhir.search import parse_query
from camphora.formats.notification import URL, About, Form, Item, check, records, response
from camphora.formats.notification.form import values
from camphora.pages import Action, Cell, Column, Link, Prose, Table
from camphora.policy import Access, Purpose
from camphora.policy.choices import TAIPEI
from camphora.records import Put
from camphora.web.contexts import Duty, Field
from camphora.web.contexts import Form as Asked
from camphora.web.reading import Chart, Json, Reading, is_synthetic
from camphora.web.reading.chart import name_of, parsed, read
from camphora.web.reading.desk import Desk
from camphora.web.reading.plain import day_of
from camphora.web.site import see_other
from camphora.work.notifying import Clock, clock

MADE = ("Encounter", "Observation", "Condition", "QuestionnaireResponse")
TOKEN = re.compile(r"[0-9a-f]{16}")
FEW = 4
"""So many options stand beside one another; more are a list."""
ASSERTED = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"


class _Filled(NamedTuple):
    """A form with the token of its one sending, what was written in it, and what is wrong with that, by linkId."""

    form: Form
    token: str
    given: Mapping[str, str] = MappingProxyType({})
    faults: Mapping[str, Invalid] = MappingProxyType({})


class Notifying(Desk):
    """What notifying stands on, whoever does it."""

    def _form(self, access: Access) -> Form:
        """The newest active Questionnaire of the known address; the bundled one where none was loaded."""
        pairs = [("url", URL), ("status", "active"), ("_sort", "-_lastUpdated"), ("_count", "1")]
        found = parsed(self.store.search(access, parse_query("Questionnaire", pairs, strict=True)).rows)
        return Form.of(found[0]) if found else Form.bundled()

    def _stands(self, access: Access, name: str, kind: str = "Condition") -> bool:
        try:
            self.store.read(access, kind, name)
        except CamphoraError:
            return False
        return True

    def _require_sound(self, made: Iterable[Json]) -> None:
        """Refuse what the site's validator refuses."""
        validator = self.site.installation.standard.validator
        found = (one for each in made for one in validator.validate(each))
        if refused := [one.fault() for one in found if one.severity == "error"]:
            raise Faults(refused)


class NotifyPages(Notifying):
    """The form, what became of it, and the Questionnaire in force."""

    def page(self, request: Request) -> Response:
        """The form; with `case`, the notification that was made."""
        chart = self._chart(request)
        if case := request.query_params.get("case", ""):
            return self._made(request, chart, case)
        return self._shown(request, chart, _Filled(self._form(chart.access), secrets.token_hex(8)))

    def questionnaire(self, request: Request) -> Response:
        """The Questionnaire in force as FHIR, to be changed and loaded again."""
        access = self._writer(request)
        body = orjson.dumps(self._form(access).resource, option=orjson.OPT_INDENT_2)
        return Response(body, media_type="application/fhir+json")

    def submit(self, request: Request, form: FormData) -> Response:
        """Keep the answers and write the records of the case, all or nothing; once, however often it is sent."""
        chart = self._chart(request)
        chart.patient()
        asked, token = self._form(chart.access), str(form.get("case", ""))
        if not TOKEN.fullmatch(token):
            raise Invalid("notification-other")
        about = _about(chart, token)
        here = f"/patients/{quote(chart.person)}/notify?{urlencode({'case': about.id})}"
        if self._stands(chart.access, about.id):
            return see_other(here)
        given = {name: str(value) for name, value in form.multi_items()}
        answers = response(asked, given, about)
        faults = check(asked, answers, about.at.date())
        if faults:
            return self._shown(request, chart, _Filled(asked, token, given, faults))
        made = [answers, *records(asked, answers, about)]
        self._require_sound(made)
        self.store.write(chart.access, [Put(one) for one in made])
        return see_other(here)

    # What is shown

    def _shown(self, request: Request, chart: Chart, filled: _Filled) -> Response:
        asked, token, given, faults = filled
        reading, patient = self.reading(request), chart.patient()
        words, name = reading.words, name_of(patient)
        hidden = Field("case", "", "hidden", value=token)
        fields = [field_of(reading, item, given, faults.get(item.link)) for item in asked.items]
        href = f"/patients/{quote(chart.person)}"
        context = Duty(
            title=words("notify.title_of", what=asked.title[reading.lang], name=name),
            lead=words("notify.lead"),
            error=words("notify.faults", n=len(faults)) if faults else "",
            form=Asked(f"{href}/notify", [hidden, *fields], words("notify.button")),
            form_title=words("notify.form"),
            blocks=[clocks(reading, asked), notes(reading, asked)],
            crumbs=[Link(words("clinic.patients"), "/patients"), Link(name, href)],
            actions=[Action(words("notify.as_fhir"), "/notification/questionnaire")],
            why=self.why(request, Purpose.CARE, chart.person),
        )
        synthetic = is_synthetic([patient])
        return self.site.page(request, context, synthetic=synthetic, status=422 if faults else 200)

    def _made(self, request: Request, chart: Chart, case: str) -> Response:
        """What was notified, by when the law wanted it, and its records."""
        reading, patient = self.reading(request), chart.patient()
        words, name = reading.words, name_of(patient)
        found = read(self.store, chart.access, "Condition", case)
        answers = read(self.store, chart.access, "QuestionnaireResponse", case)
        if found["subject"].get("reference") != f"Patient/{chart.person}":
            raise NotFound("records-not-found", type="Condition")
        kinds = [kind for kind in MADE if kind != "Observation" or self._stands(chart.access, case, kind)]
        href = f"/patients/{quote(chart.person)}"
        context = Duty(
            title=words("notify.made_of", name=name),
            done=words("notify.done"),
            blocks=[
                clock_of(reading, found),
                _answered(reading, self._form(chart.access), answers),
                _records(reading, kinds, case),
            ],
            crumbs=[Link(words("clinic.patients"), "/patients"), Link(name, href)],
            actions=[
                Action(words("notify.case_fhir"), f"/records/Condition/{quote(case)}?as=json"),
                Action(words("notify.another"), f"{href}/notify"),
            ],
            why=self.why(request, Purpose.CARE, chart.person),
        )
        return self.site.page(request, context, synthetic=is_synthetic([patient]))

    # What it stands on

    def _chart(self, request: Request) -> Chart:
        person = request.path_params["person"]
        return self.chart(self._writer(request, person), person)

    def _writer(self, request: Request, person: str | None = None) -> Access:
        """The Access for care of somebody who may write a diagnosis; `Forbidden` for who may not."""
        access = self.site.access(request, Purpose.CARE, person)
        if not access.may_write("Condition"):
            raise Forbidden("gate-role-lacks-purpose", role=access.reader.role)
        return access


def _about(chart: Chart, token: str) -> About:
    """The id hangs on who writes, of whom, and on the form that was opened: nobody else's form can come to it."""
    reader = chart.access.reader
    digest = hashlib.blake2b(f"{reader.id}\n{chart.person}\n{token}".encode(), digest_size=12)
    return About(chart.person, f"nt-{digest.hexdigest()}", datetime.now(TAIPEI), reader.organisation)


def field_of(reading: Reading, item: Item, given: Mapping[str, str], fault: Invalid | None) -> Field:
    """An item of the form as a field of a page, with what was written and what is wrong with it."""
    lang, words = reading.lang, reading.words
    label = item.label[lang]
    if item.group:
        label = words("notify.in_group", group=item.group[lang], label=label)
    first = next((each.code for each in item.options if each.first), "")
    value = given.get(item.link, first)
    options = [(each.code, each.label[lang]) for each in item.options]
    radio = item.kind == "choice" and item.required and len(options) <= FEW
    kind = {"choice": "radio" if radio else "select", "text": "long", "string": "text", "date": "date"}[
        item.kind
    ]
    if kind == "select":
        options = [("", words("notify.choose")), *options]
    return Field(
        item.link,
        label if item.required else words("notify.optional", label=label),
        kind,  # type: ignore[arg-type]
        value,
        options,
        error=told_of(reading, fault),
        required=item.required,
    )


def told_of(reading: Reading, fault: Invalid | None) -> str:
    """A fault in the reader's language; nothing where there is none."""
    if fault is None:
        return ""
    return reading.words("notify.fault", text=fault.text(reading.lang), remedy=fault.remedy(reading.lang))


def clocks(reading: Reading, asked: Form) -> Table:
    """By when each disease of the form must be notified where it is diagnosed today."""
    words, item = reading.words, asked.of_part("disease")
    rows: list[dict[str, Cell]] = []
    for option in item.options if item else ():
        held = clock(option.code, reading.day)
        rows.append(
            {
                "disease": option.label[reading.lang],
                "code": option.code,
                "category": words("notify.category", n=held.category) if held else words("notify.unknown"),
                "hours": _hours(reading, held),
                "source": held.source if held else None,
            }
        )
    columns = [
        Column(key, words(f"notify.column.{key}"))
        for key in ("disease", "code", "category", "hours", "source")
    ]
    return Table(
        "clocks",
        words("notify.clocks"),
        columns,
        rows,
        note=words("notify.confirm"),
        stacked=True,
        folded=True,
    )


def _hours(reading: Reading, held: Clock | None) -> str:
    if held is None or held.hours is None:
        return reading.words("notify.announced")
    return reading.words("notify.hours", n=held.hours)


def notes(reading: Reading, asked: Form) -> Prose:
    """What is to be known of the form."""
    words = reading.words
    return Prose(words("notify.about"), [words("notify.confirm"), words("notify.kept", form=asked.canonical)])


def clock_of(reading: Reading, condition: Json) -> Table:
    """The law's clock of one case."""
    words = reading.words
    said = (
        each.get("valueDateTime") for each in condition.get("extension", ()) if each.get("url") == ASSERTED
    )
    day = next((found for each in said if (found := day_of(each))), None)
    code = next(
        (str(each["code"]) for each in condition.get("code", {}).get("coding", ()) if "code" in each), ""
    )
    held, notified = clock(code, day) if day else None, day_of(condition.get("recordedDate"))
    state = held.state(notified, reading.day) if held else None
    due = reading.when(held.due.isoformat()) if held and held.due else words("notify.announced")
    told: list[tuple[str, str, str]] = [
        ("number", str(condition["id"]), "plain"),
        ("category", words("notify.category", n=held.category) if held else words("notify.unknown"), "plain"),
        ("due", due, "plain"),
    ]
    if recorded := condition.get("recordedDate"):
        told.append(("notified", reading.when(recorded), "plain"))
    if state:
        told.append(("state", words(f"lines.clock.{state}"), "alert" if state == "late" else "good"))
    rows: list[dict[str, Cell]] = [
        {"name": words(f"notify.told.{key}"), "value": value, "tone": tone} for key, value, tone in told
    ]
    columns = [Column("name", words("item.name")), Column("value", words("item.value"))]
    return Table("clock", words("notify.clock"), columns, rows, note=words("notify.confirm"))


def _answered(reading: Reading, asked: Form, answers: Json) -> Table:
    """What was answered, in the form's words of the reader's language while that form is in force."""
    words, same = reading.words, answers.get("questionnaire") == asked.canonical
    items = {each.link: each for each in asked.items if same}
    texts = {
        str(one["linkId"]): str(one.get("text", one["linkId"])) for one in _every(answers.get("item", ()))
    }
    rows: list[dict[str, Cell]] = [
        {
            "name": items[link].label[reading.lang] if link in items else texts[link],
            "value": _value(reading, items.get(link), answer),
        }
        for link, answer in values(answers).items()
    ]
    columns = [Column("name", words("item.name")), Column("value", words("item.value"))]
    return Table("answers", words("notify.answers"), columns, rows)


def _every(items: Iterable[Json]) -> list[Json]:
    return [one for item in items for one in (item, *_every(item.get("item", ())))]


def _value(reading: Reading, item: Item | None, answer: Json) -> str:
    if coding := answer.get("valueCoding"):
        option = item.option(str(coding.get("code", ""))) if item else None
        return option.label[reading.lang] if option else str(coding.get("display", coding.get("code", "")))
    if "valueDate" in answer:
        return reading.when(answer["valueDate"])
    return str(answer.get("valueString", ""))


def _records(reading: Reading, kinds: Iterable[str], case: str) -> Table:
    words = reading.words
    rows: list[dict[str, Cell]] = [
        {
            "name": words(f"notify.record.{kind}"),
            "id": f"{kind}/{case}",
            "href": f"/records/{kind}/{quote(case)}",
        }
        for kind in kinds
    ]
    columns = [Column("name", words("item.name")), Column("id", words("notify.column.code"))]
    return Table("records", words("notify.records"), columns, rows, link={"name": "href"})
