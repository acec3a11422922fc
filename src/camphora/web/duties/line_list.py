"""`/surveillance/cases`: the line list of the own area, by disease and day of onset, and that behind a signal.

The store answers with notifiable records of the area alone; here a list shows of each person no more than `masks.toml`
says. A case opens as FHIR, as far as the same Access reaches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import CamphoraError, Invalid, NotFound, TooLarge
from camphora.fhir.search import parse_query
from camphora.formats.line_list.fields import diseases
from camphora.pages import Action, Cell, Column, Kind, Link, Prose, Table
from camphora.pages.words import Words
from camphora.policy import Access, Purpose
from camphora.policy.choices import TAIPEI
from camphora.policy.work import NATION
from camphora.web.contexts import Duty, Field, Form
from camphora.web.downloads import MEDIA, Origin, encode
from camphora.web.duties.homes import home
from camphora.web.duties.masks import Mask, level_of, mask_of
from camphora.web.duties.surveillance import CASES, CHOSEN, HERE, SurveillancePages, _is_chosen, disease
from camphora.web.reading import Json, Reading, is_synthetic, people
from camphora.web.reading.chart import name_of, parsed, read
from camphora.web.reading.plain import day_of, references_of
from camphora.web.showing import require_form
from camphora.web.site import handlers_words
from camphora.web.work_forms import Naming
from camphora.work.notifying import clock
from camphora.work.tasks import place_of

PART = 50
WEEK = timedelta(days=6)
ASSERTED = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
TONES = {"late": "alert", "overdue": "alert"}
LIST = f"{HERE}/cases"
DAYS = ("onset", "birth", "notified")
MOST_LINES = 5000
"""Cases in one file."""
Written = Callable[[Reading, str | None], str | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for: codes of diseases (all where none), the area, the days of onset; `signal` in words."""

    codes: tuple[str, ...] = ()
    area: str = ""
    since: str = ""
    until: str = ""
    signal: str = ""

    def query(self, names: tuple[str, ...], token: str) -> list[tuple[str, str]]:
        """The search for its cases, with whom they are about. `names`: of the area, the county's first."""
        pairs = [("_sort", "-onset-date"), ("_count", str(PART)), ("_include", "Condition:subject")]
        pairs += [("code", ",".join(self.codes))] if self.codes else []
        pairs += [("onset-date", f"ge{self.since}")] if self.since else []
        pairs += [("onset-date", f"le{self.until}")] if self.until else []
        pairs += [("patient.address", name) for name in names]
        return [*pairs, ("_page", token)] if token else pairs


class _Part(NamedTuple):
    """Cases, the Patients of them by reference, and the token of the next page."""

    rows: list[Json]
    persons: dict[str, Json]
    next: str | None


class LineListPages(SurveillancePages):
    """The list of cases, and one case as FHIR."""

    def page(self, request: Request) -> Response:
        """The cases that the address asks for; before the purpose is chosen, what choosing it means."""
        access = self.site.access(request, Purpose.SURVEILLANCE)
        if not _is_chosen(request):
            return self._choice(request, access)
        reading, asked = self.reading(request), self._asked(request)
        token = request.query_params.get("page", "")
        found = self._part(request, access, asked, token)
        rows, persons, words = found.rows, found.persons, reading.words
        told = _Told(reading, self._work.naming(request), mask_of(access))
        following = {**dict(request.query_params), "page": found.next or ""}
        kept = [(key, text) for key, text in request.query_params.multi_items() if key != "page"]
        files = [
            Action(words(f"lines.file.{form}"), f"{LIST}.{form}?{urlencode(kept)}")
            for form in ("csv", "xlsx")
        ]
        notes = [
            words(f"lines.mask.{level_of(access.scope)}"),
            words("lines.mask.open"),
            words("lines.law"),
            words("lines.load"),
        ]
        context = Duty(
            title=words("lines.title"),
            lead=words("lines.signal", what=asked.signal)
            if asked.signal
            else words("lines.lead", area=self._area(request, access)),
            form=_form(reading, asked),
            form_title=words("lines.filter"),
            blocks=[_table(told, rows, persons), Prose(words("lines.about"), notes)],
            actions=[
                *(
                    [Action(words("lines.more"), f"{LIST}?{urlencode(following)}", primary=True)]
                    if found.next
                    else ()
                ),
                *(files if rows else ()),
            ],
            crumbs=[Link(words("surveillance.title"), f"{HERE}?{CHOSEN}")],
            why=self.why(request, Purpose.SURVEILLANCE),
        )
        return self.site.page(request, context, synthetic=is_synthetic([*rows, *persons.values()]))

    def file(self, request: Request) -> Response:
        """The whole list that the address asks for as a file, masked as the page is: it says who took it, for which
        purpose, when, and by which mask, and every person in it has a receipt. TooLarge `work-lines-many` above
        `MOST_LINES` cases."""
        form = str(request.path_params["form"])
        require_form(form)
        access = self.site.access(request, Purpose.SURVEILLANCE)
        if not _is_chosen(request):
            return self._choice(request, access)
        reading, asked, mask = self.reading(request), self._asked(request), mask_of(access)
        told = _Told(reading, self._work.naming(request), mask, _iso)
        rows: list[dict[str, Cell]] = []
        every: list[Json] = []
        token: str | None = ""
        while token is not None:
            found = self._part(request, access, asked, token)
            if len(rows) + len(found.rows) > MOST_LINES:
                raise TooLarge("work-lines-many", most=MOST_LINES)
            rows += _rows(told, found.rows, found.persons)
            every += [*found.rows, *found.persons.values()]
            token = found.next
        words, reader = reading.words, access.reader
        at = datetime.now(TAIPEI).isoformat(timespec="seconds")
        note = words(f"lines.mask.{level_of(access.scope)}")
        source = words("lines.taken", who=reader.name or reader.id, at=at, mask=note)
        synthetic = is_synthetic(every)
        origin = Origin(
            title=words("lines.title"),
            badge="synthetic" if synthetic else None,
            source=source,
            note=words("lines.law"),
        )
        columns = [Column("case", words("lines.column.case")), *_columns(words, mask, dated="date")]
        body = encode(form, Table("lines", words("lines.cases"), columns, rows), origin, reading.lang)
        name = f"line-list{'-synthetic' if synthetic else ''}.{form}"
        return Response(
            body, media_type=MEDIA[form], headers={"content-disposition": f'attachment; filename="{name}"'}
        )

    def _part(self, request: Request, access: Access, asked: Asked, token: str) -> _Part:
        """The cases of one page, with whom they are about."""
        query = parse_query(CASES, asked.query(self._names(request, asked.area), token), strict=True)
        found = self.store.search(access, query)
        persons = {f"Patient/{row['id']}": row for row in parsed(found.included)}
        return _Part(parsed(found.rows), persons, found.next)

    def fhir(self, request: Request) -> Response:
        """A case as a Bundle: the diagnosis and what it refers to, as far as the Access reaches, masked as the list
        is."""
        access = self.site.access(request, Purpose.SURVEILLANCE)
        if not _is_chosen(request):
            return self._choice(request, access)
        mask, found = mask_of(access), [read(self.store, access, CASES, request.path_params["id"])]
        for reference in references_of(found[0]):
            kind, _, name = reference.partition("/")
            try:
                found.append(read(self.store, access, kind, name))
            except CamphoraError:  # what is closed to this Access is not named
                continue
        shown = [mask.over(each) if each["resourceType"] == "Patient" else mask.about(each) for each in found]
        entries = [{"resource": each} for each in shown]
        bundle = orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
        return Response(bundle, media_type="application/fhir+json")

    def _asked(self, request: Request) -> Asked:
        """What the address says. Invalid for a day that is none, NotFound for a signal that no watch has cases of."""
        given = request.query_params
        if key := given.get("signal", ""):
            return self._behind(request, key)
        code = given.get("disease", "")
        known = {one.code for one in diseases().values()}
        if code and code not in known:
            raise NotFound("web-no-page")
        days = {name: _day(given.get(name, "")) for name in ("since", "until")}
        return Asked((code,) if code else (), "", days["since"], days["until"])

    def _behind(self, request: Request, key: str) -> Asked:
        """The cases behind a signal: of the diseases that its watch names, of its place and its week."""
        from camphora.methods.weeks import of_labels

        place, naming = place_of(key), self._work.naming(request)
        watch = self._work.with_cases(place.watch)
        if watch is None:
            raise NotFound("web-no-page")
        first: date = of_labels([place.week], system=watch.weeks)[0].item()
        area = "" if place.area == NATION else place.place
        last = (first + WEEK).isoformat()
        return Asked(watch.conditions, area, first.isoformat(), last, naming.signal(key))

    def _names(self, request: Request, area: str) -> tuple[str, ...]:
        """The names of a county and a township as addresses bear them, in whichever language they are asked for."""
        if not area:
            return ()
        naming = self._work.naming(request)._replace(words=handlers_words("zh-TW"))
        county = naming.of_signal(area[:5])
        town = naming.of_signal(area).removeprefix(county) if len(area) > len("67000") else ""
        return (county, town) if town else (county,)


def _when(reading: Reading, text: str | None) -> str | None:
    return reading.when(text) if text else None


class _Told(NamedTuple):
    """In which words cases are listed, under which mask, and how a day is written."""

    reading: Reading
    naming: Naming
    mask: Mask
    written: Written = _when


def _form(reading: Reading, asked: Asked) -> Form | None:
    if asked.signal:
        return None
    words = reading.words
    named = {one.code: one.zh if reading.lang == "zh-TW" else one.en for one in diseases().values()}
    options = [("", words("lines.all")), *sorted(named.items(), key=lambda pair: pair[0])]
    return Form(
        LIST,
        [
            Field("purpose", "", "hidden", value=Purpose.SURVEILLANCE),
            Field("disease", words("lines.disease"), "select", "".join(asked.codes), options),
            Field("since", words("lines.since"), "date", asked.since),
            Field("until", words("lines.until"), "date", asked.until),
        ],
        words("lines.button"),
        post=False,
    )


def _table(told: _Told, rows: list[Json], persons: Mapping[str, Json]) -> Table:
    words = told.reading.words
    said = "" if rows else words("lines.none")
    links, columns = {"what": "href"}, _columns(words, told.mask)
    listed, chips = _rows(told, rows, persons), {"clock": "tone"}
    return Table("lines", words("lines.cases"), columns, listed, links, chips, note=said, stacked=True)


def _columns(words: Words, mask: Mask, dated: Kind = "text") -> list[Column]:
    """What a list shows under a mask; `dated`: the kind of its days."""
    keys = ["onset", "what", "status", "who", "sex", "birth" if mask.birth == "day" else "age", "where"]
    keys += ["notified", "clock"]
    if mask.name == "none":
        keys.remove("who")
    return [Column(key, words(f"lines.column.{key}"), dated if key in DAYS else "text") for key in keys]


def _rows(told: _Told, rows: list[Json], persons: Mapping[str, Json]) -> list[dict[str, Cell]]:
    """The cases as a mask shows them."""
    return [_row(told, row, persons.get(row["subject"].get("reference", ""), {})) for row in rows]


def _row(told: _Told, row: Json, patient: Json) -> dict[str, Cell]:
    reading, written, shown = told.reading, told.written, told.mask.over(patient)
    words, status = reading.words, _code(row.get("verificationStatus"))
    notified = day_of(row.get("recordedDate"))
    return {
        "case": str(row["id"]),
        "onset": written(reading, row.get("onsetDateTime")),
        "what": disease(reading, row),
        "href": f"{HERE}/{CASES}/{quote(row['id'])}?{CHOSEN}",
        "status": words(f"lines.status.{status}") if f"lines.status.{status}" in words else None,
        "who": name_of(shown) or None,
        "sex": reading.word(str(patient["gender"])) if "gender" in patient else None,
        "age": people.age_of(reading, patient, day_of(row.get("onsetDateTime"))) or None,
        "birth": written(reading, shown.get("birthDate")),
        "where": home(told.naming, shown) or None,
        "notified": written(reading, row.get("recordedDate")),
        **_clock(reading, row, notified),
    }


def _clock(reading: Reading, row: Json, notified: date | None) -> dict[str, Cell]:
    """How the notification stands to the law's deadline; nothing where the rows or the record do not say."""
    words, diagnosed = reading.words, _diagnosed(row) or day_of(row.get("onsetDateTime"))
    found = (clock(code, diagnosed) for code in _codes(row)) if diagnosed else iter(())
    held = next((one for one in found if one), None)
    state = held.state(notified, reading.day) if held else None
    if not state:
        return {"clock": None, "tone": None}
    return {"clock": words(f"lines.clock.{state}"), "tone": TONES.get(state, "plain")}


def _diagnosed(row: Json) -> date | None:
    said = (each.get("valueDateTime") for each in row.get("extension", ()) if each.get("url") == ASSERTED)
    return next((day for each in said if (day := day_of(each))), None)


def _codes(row: Json) -> Iterator[str]:
    return (str(each.get("code", "")) for each in row.get("code", {}).get("coding", ()))


def _code(concept: Json | None) -> str:
    return next((str(each.get("code", "")) for each in (concept or {}).get("coding", ())), "")


def _iso(_reading: Reading, text: str | None) -> str | None:
    """The day of a date as files have it."""
    day = day_of(text)
    return day.isoformat() if day else None


def _day(text: str) -> str:
    """A day of the form as ISO text, or nothing."""
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise Invalid("formats-date", shape="") from None
