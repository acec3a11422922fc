"""`/surveillance/enter`: an officer enters a case that was reported by telephone or on paper.

The person lives in the officer's areas. Who bears the number already, there and born that day, is the person of the
case; where nobody does, or somebody whom the law keeps from this officer, a person is written, so that the answer tells
nothing of who is kept elsewhere (docs/rulings.md).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import Invalid
from camphora.fhir.search import parse_query
from camphora.fhir.taiwan.places import towns
from camphora.formats.line_list import are_near
from camphora.formats.notification import About, Form, Report, check, records, response
from camphora.formats.notification import person as reported
from camphora.formats.notification.form import values
from camphora.formats.notification.person import FIELDS, NEEDED, PREFIX
from camphora.pages import Link
from camphora.pages.counties import COUNTIES
from camphora.policy import Access, Purpose, Reader
from camphora.policy.choices import TAIPEI
from camphora.records import Put
from camphora.web.clinic.notifying import (
    TOKEN,
    Notifying,
    clocks,
    field_of,
    notes,
    told_of,
)
from camphora.web.contexts import Duty, Field
from camphora.web.contexts import Form as Asked
from camphora.web.duties.surveillance import CASES, CHOSEN, HERE, SurveillancePages, _is_chosen
from camphora.web.reading import Json, Reading
from camphora.web.reading.chart import name_of, parsed
from camphora.web.site import see_other
from camphora.work.tasks import Person, reference

ENTER = f"{HERE}/enter"
AGAIN = f"{PREFIX}again"
KINDS = {"birth_date": "date", "notified": "date", "sex": "select", "way": "select", "town": "select"}
Town = tuple[str, str]
"""A county and a township of it."""


class _Filled(NamedTuple):
    """A form with the token of its one sending, what was written, and what is wrong: by field of the person, and by
    linkId."""

    form: Form
    token: str
    given: Mapping[str, str] = MappingProxyType({})
    person: Mapping[str, Invalid] = MappingProxyType({})
    case: Mapping[str, Invalid] = MappingProxyType({})


class _Case(NamedTuple):
    """What was entered, free of faults. `at`: now."""

    form: Form
    given: Mapping[str, str]
    said: Json
    town: Town
    id: str
    at: datetime

    @property
    def new(self) -> str:
        """The id of the person, where they are written."""
        return f"np-{self.id.removeprefix('nt-')}"


class EnterPages(SurveillancePages, Notifying):
    """The form, and the writing of the person and the case in one transaction."""

    def page(self, request: Request) -> Response:
        access = self.site.access(request, Purpose.SURVEILLANCE)
        if not _is_chosen(request):
            return self._choice(request, access)
        return self._shown(request, access, _Filled(self._form(access), secrets.token_hex(8)))

    def submit(self, request: Request, form: FormData) -> Response:
        """Keep the person and the case, all or nothing; once, however often it is sent."""
        access = self.site.access(request, Purpose.SURVEILLANCE)
        asked, token = self._form(access), str(form.get("case", ""))
        if not TOKEN.fullmatch(token):
            raise Invalid("notification-other")
        own = _id_of(access.reader, token)
        there = f"{HERE}/{CASES}/{quote(own)}?{CHOSEN}&done=entered"
        if self._stands(access, own):
            return see_other(there)
        given, at = {name: str(value) for name, value in form.multi_items()}, datetime.now(TAIPEI)
        known = _towns(access)
        said, wrong = reported.read(given, known, at.date())
        faults = check(asked, response(asked, given, About("", own, at)), at.date())
        wrong = wrong or (_too_early(asked, given, said, own, at) if not faults else {})
        if not wrong and not faults:
            case = _Case(asked, given, said, known[said["town"]], own, at)
            wrong = self._kept(access, case, reading=self.reading(request))
        if wrong or faults:
            return self._shown(request, access, _Filled(asked, token, given, wrong, faults))
        return see_other(there)

    def _kept(self, access: Access, case: _Case, reading: Reading) -> dict[str, Invalid]:
        """Write the case; the fault of one that may be kept already."""
        number = case.said.get("national_id", "")
        named = self._namesakes(access, case) if not number else frozenset()
        notifier = self.site.installation.gate.notifier(access.reader, number, named | {case.new})
        person = self._known(notifier, case)
        if person and AGAIN not in case.given and (day := self._near(notifier, person, case)):
            return {"again": Invalid("notification-again", day=reading.when(day))}
        made = [*([] if person else [reported.written(case.said, case.town, case.new)])]
        made += self._records(access, case, person or case.new, reading)
        self._require_sound(made)
        self.store.write(notifier, [Put(one) for one in made])
        return {}

    def _records(self, access: Access, case: _Case, person: str, reading: Reading) -> list[Json]:
        reader, said = access.reader, case.said
        report = Report(
            date.fromisoformat(said["notified"]),
            said["reporter"],
            reading.words(f"enter.way.{said['way']}"),
            reference(Person(reader.id, reader.name)),
        )
        about = About(person, case.id, case.at, report=report)
        answers = response(case.form, case.given, about)
        return [answers, *records(case.form, answers, about)]

    def _known(self, notifier: Access, case: _Case) -> str:
        """The person of the case as they are kept: born that day; of several the one kept first."""
        pairs = [("birthdate", case.said["birth_date"]), ("_sort", "_lastUpdated"), ("_count", "1")]
        found = self.store.search(notifier, parse_query("Patient", pairs, strict=True)).rows
        return found[0].id if found else ""

    def _namesakes(self, access: Access, case: _Case) -> frozenset[str]:
        """Who of the persons with notifiable records in the area has this name, sex and day of birth."""
        pairs = [("birthdate", case.said["birth_date"]), ("name", case.said["name"])]
        found = parsed(self.store.search(access, parse_query("Patient", pairs, strict=True)).rows)
        same = [
            one
            for one in found
            if name_of(one) == case.said["name"] and one.get("gender") == case.said["sex"]
        ]
        return frozenset(str(one["id"]) for one in same) if len(same) == 1 else frozenset()

    def _near(self, notifier: Access, person: str, case: _Case) -> str:
        """The day of a case of the person's same disease that may be this one; empty where there is none."""
        found = values(response(case.form, case.given, About(person, case.id, case.at)))
        disease, onset = case.form.of_part("disease"), case.form.of_part("onset")
        code = found[disease.link]["valueCoding"]["code"] if disease else ""
        day = found.get(onset.link, {}).get("valueDate", "") if onset else ""
        pairs = [("patient", person), ("code", str(code)), ("_sort", "-onset-date")]
        rows = parsed(self.store.search(notifier, parse_query(CASES, pairs, strict=True)).rows)
        days = (str(one.get("onsetDateTime") or one.get("recordedDate") or "")[:10] for one in rows)
        return next((each for each in days if each and are_near(each, day)), "")

    def _shown(self, request: Request, access: Access, filled: _Filled) -> Response:
        reading = self.reading(request)
        words, number = reading.words, len(filled.person) + len(filled.case)
        hidden = [
            Field("case", "", "hidden", value=filled.token),
            Field("purpose", "", "hidden", value=Purpose.SURVEILLANCE),
        ]
        own = list(_fields(reading, access, filled))
        asked = [
            field_of(reading, item, filled.given, filled.case.get(item.link)) for item in filled.form.items
        ]
        context = Duty(
            title=words("enter.title"),
            lead=words("enter.lead", area=self._area(request, access)),
            error=words("enter.faults", n=number) if number else "",
            form=Asked(ENTER, [*hidden, *own, *asked], words("enter.button")),
            form_title=words("enter.form"),
            blocks=[clocks(reading, filled.form), notes(reading, filled.form)],
            crumbs=[Link(words("surveillance.title"), f"{HERE}?{CHOSEN}")],
            why=self.why(request, Purpose.SURVEILLANCE),
        )
        return self.site.page(request, context, status=422 if number else 200)


def _fields(reading: Reading, access: Access, filled: _Filled) -> Iterator[Field]:
    """What is asked of the person and of the report."""
    words, given = reading.words, filled.given
    first = {"notified": reading.day.isoformat()}
    for name in FIELDS:
        label = words(f"enter.field.{name}")
        key = f"{PREFIX}{name}"
        yield Field(
            key,
            label if name in NEEDED else words("notify.optional", label=label),
            KINDS.get(name, "text"),  # type: ignore[arg-type]
            given.get(key, first.get(name, "")),
            _options(reading, access, name),
            hint=words(f"enter.hint.{name}") if f"enter.hint.{name}" in words else "",
            error=told_of(reading, filled.person.get(name)),
            required=name in NEEDED,
        )
    if "again" in filled.person:
        yield Field(AGAIN, words("enter.again"), "checkbox", error=told_of(reading, filled.person["again"]))


def _options(reading: Reading, access: Access, name: str) -> list[tuple[str, str]]:
    words = reading.words
    match name:
        case "town":
            options = [(key, key) for key in _towns(access)]
        case "sex" | "way":
            options = [(one, words(f"enter.{name}.{one}")) for one in reported.CHOSEN[name]]
        case _:
            return []
    return [("", words("notify.choose")), *options]


def _towns(access: Access) -> dict[str, Town]:
    """The townships of the officer's areas, by county and name as they are written."""
    areas = access.scope.areas
    return {
        f"{county.zh}{town.name}": (county.zh, town.name)
        for county in COUNTIES
        for town in towns()[county.zh]
        if not areas or county.code in areas or f"{county.code}{town.postcode}" in areas
    }


def _too_early(
    form: Form, given: Mapping[str, str], said: Json, own: str, at: datetime
) -> dict[str, Invalid]:
    """A report before the diagnosis that it is of."""
    item = form.of_part("diagnosed")
    found = values(response(form, given, About("", own, at)))
    day = found[item.link]["valueDate"] if item else ""
    return {"notified": Invalid("notification-before-diagnosis")} if said["notified"] < day else {}


def _id_of(reader: Reader, token: str) -> str:
    """The id hangs on who writes and on the form that was opened: nobody else's form can come to it."""
    digest = hashlib.blake2b(f"{reader.id}\n{ENTER}\n{token}".encode(), digest_size=12)
    return f"nt-{digest.hexdigest()}"
