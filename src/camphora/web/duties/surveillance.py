"""`/surveillance`: an officer chooses the purpose of surveillance, and reads the notifiable records of the own area.

Nothing is read before the purpose is chosen, and the address of every page says it. What lies outside the area, or need
not be notified, is not in the store's answer: it is absent here, as it is at the FHIR API.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import Forbidden, NotFound
from camphora.fhir.search import parse_query
from camphora.formats.line_list.fields import diseases, same
from camphora.pages import Action, Cell, Column, Link, Table, View
from camphora.policy import Access, Purpose
from camphora.policy.work import NATION, is_place
from camphora.web.clinic.notifying import clock_of
from camphora.web.contexts import Duty, Field, Form
from camphora.web.duties.homes import home
from camphora.web.duties.masks import level_of, mask_of
from camphora.web.reading import Chart, Json, Reading, elements, is_synthetic, people
from camphora.web.reading.chart import name_of, names, parsed, read
from camphora.web.reading.desk import Desk
from camphora.web.reading.plain import references_of
from camphora.web.reading.titles import date_of, kind, place, title
from camphora.web.site import Site
from camphora.web.work import WorkPages
from camphora.web.work_forms import Naming

HERE = "/surveillance"
CHOSEN = urlencode({"purpose": Purpose.SURVEILLANCE})
CASES = "Condition"
KINDS = (CASES, "Encounter", "Observation", "DiagnosticReport", "Procedure", "ServiceRequest", "Specimen")
"""What of somebody's notifiable records is shown beside the diagnosis, and may be opened."""
PART, MOST = 20, 50


class SurveillancePages(Desk):
    """The list of notifiable diagnoses, and one record of a case with whom it is about."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._work = WorkPages(site)

    def page(self, request: Request) -> Response:
        """The newest notifiable diagnoses; before the purpose is chosen, what choosing it means."""
        access = self.site.access(request, Purpose.SURVEILLANCE)
        if not _is_chosen(request):
            return self._choice(request, access)
        token, reading = request.query_params.get("page", ""), self.reading(request)
        pairs = [("_sort", "-recorded-date"), ("_count", str(PART)), *([("_page", token)] if token else [])]
        found = self.store.search(access, parse_query(CASES, pairs, strict=True))
        rows, words = parsed(found.rows), reading.words
        reading = reading.named(
            names(self.store, access, (one for row in rows for one in references_of(row)))
        )
        following = f"{HERE}?{CHOSEN}&{urlencode({'page': found.next})}" if found.next else ""
        view = View(
            name="surveillance",
            title=words("surveillance.title"),
            lead=words("surveillance.lead", area=self._area(request, access)),
            blocks=[_table(reading, "cases", words("surveillance.cases"), rows)],
            badge="synthetic" if is_synthetic(rows) else None,
            why=self.why(request, Purpose.SURVEILLANCE),
            actions=[
                Action(words("enter.action"), f"{HERE}/enter?{CHOSEN}"),
                *([Action(words("surveillance.more"), following, primary=True)] if following else ()),
                Action(words("lines.title"), f"{HERE}/cases?{CHOSEN}"),
            ],
        )
        return self.site.view(request, view)

    def case(self, request: Request) -> Response:
        """One notifiable record, whom it is about, and their other notifiable records."""
        access = self.site.access(request, Purpose.SURVEILLANCE)
        record_type, key = request.path_params["type"], request.path_params["id"]
        if record_type not in KINDS:
            raise NotFound("web-no-page")
        if not _is_chosen(request):
            return self._choice(request, access)
        mask = mask_of(access)
        resource = mask.about(read(self.store, access, record_type, key))
        reading = self.reading(request).named(names(self.store, access, references_of(resource)))
        chart = self.chart(access, str(resource["subject"]["reference"]).removeprefix("Patient/"))
        patient, words, naming = chart.patient(), reading.words, self._work.naming(request)
        reading = reading.named({f"Patient/{chart.person}": name_of(mask.over(patient))})
        view = View(
            name="case",
            title=disease(reading, resource),
            lead=words("enter.done")
            if request.query_params.get("done") == "entered"
            else words("surveillance.one", kind=kind(reading, record_type)),
            blocks=[block for block in self._blocks(reading, naming, chart, patient, resource) if block.rows],
            badge="synthetic" if is_synthetic([resource]) else None,
            source=place(reading, resource),
            why=self.why(request, Purpose.SURVEILLANCE),
            crumbs=[Link(words("surveillance.title"), f"{HERE}?{CHOSEN}")],
            actions=[Action(words("surveillance.fhir"), f"{HERE}/fhir/{quote(key)}?{CHOSEN}")]
            if record_type == CASES
            else (),
        )
        return self.site.view(request, view)

    def _blocks(
        self, reading: Reading, naming: Naming, chart: Chart, patient: Json, resource: Json
    ) -> Iterator[Table]:
        words = reading.words
        yield _person(reading, naming, chart.access, patient)
        if resource["resourceType"] == CASES:
            yield clock_of(reading, resource)
        yield elements.readable(reading, resource)
        others = [row for row in _all(chart) if _address(row) != _address(resource)]
        yield _table(reading, "others", words("surveillance.others"), others)

    def _choice(self, request: Request, access: Access) -> Response:
        """What the purpose opens, on which law, before anything is read."""
        words = self.site.words(request)
        kept = [(name, text) for name, text in request.query_params.multi_items() if name != "purpose"]
        hidden = [
            Field(name, "", "hidden", value=text) for name, text in [("purpose", Purpose.SURVEILLANCE), *kept]
        ]
        context = Duty(
            title=words("surveillance.title"),
            lead=words("surveillance.choose"),
            form=Form(request.url.path, hidden, words("surveillance.button"), post=False),
            form_title=words("surveillance.area", area=self._area(request, access)),
            why=self.why(request, Purpose.SURVEILLANCE),
        )
        return self.site.page(request, context)

    def _area(self, request: Request, access: Access) -> str:
        """The areas of the account by name; who has no limit reads for the whole country."""
        naming, areas = self._work.naming(request), sorted(access.scope.areas) or [NATION]
        return naming.words("mark.comma").join(
            naming.place(code) if is_place(code) else code for code in areas
        )


def _is_chosen(request: Request) -> bool:
    """Whether the address names the purpose; Forbidden where it names another, which opens nothing here."""
    named = request.query_params.get("purpose", "")
    if named not in {"", Purpose.SURVEILLANCE}:
        raise Forbidden("gate-purpose-of-another-class")
    return bool(named)


def _all(chart: Chart) -> Iterator[Json]:
    for name in KINDS:
        yield from chart.ask(name, count=MOST).rows


def _address(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def disease(reading: Reading, resource: Json) -> str:
    """What a record is called; a disease of the line lists by the name that it has there, where the record's own is
    in Chinese alone."""
    if reading.lang == "en":
        for each in resource.get("code", {}).get("coding", ()):
            if known := diseases().get(same(str(each.get("code", "")))):
                return known.en
    return title(reading, resource)


def _person(reading: Reading, naming: Naming, access: Access, patient: Json) -> Table:
    """Whom the case is about, as far as the mask of the Access shows; the number is masked as on every page."""
    shown, words = mask_of(access).over(patient), reading.words
    row = people.row(reading, shown, "")
    facts = {"name": row.name, "sex": row.sex, "birth": row.birth, "number": row.number}
    told = [
        *facts.items(),
        ("age", people.age_of(reading, patient)),
        ("address", home(naming, shown)),
        ("phone", _phone(shown)),
        ("died", row.text),
    ]
    columns = [Column("name", words("item.name")), Column("value", words("item.value"))]
    rows: list[dict[str, Cell]] = [
        {"name": words(f"surveillance.person.{key}"), "value": value} for key, value in told if value
    ]
    note = words(f"lines.mask.{level_of(access.scope)}")
    return Table("person", words("surveillance.person.title"), columns, rows, note=note)


def _phone(patient: Json) -> str:
    values = (
        str(each.get("value", "")) for each in patient.get("telecom", ()) if each.get("system") == "phone"
    )
    return next(values, "")


def _table(reading: Reading, name: str, heading: str, found: list[Json]) -> Table:
    words = reading.words
    rows: list[dict[str, Cell]] = [
        {
            "what": disease(reading, row),
            "href": f"{HERE}/{row['resourceType']}/{quote(row['id'])}?{CHOSEN}",
            "when": reading.when(day) if (day := date_of(row)) else None,
            "kind": kind(reading, row["resourceType"]),
            "where": place(reading, row) or None,
        }
        for row in found
    ]
    keys = ("what", "when", "kind", "where")
    columns = [Column(key, words(f"surveillance.column.{key}")) for key in keys]
    note = "" if rows else words("surveillance.none")
    return Table(name, heading, columns, rows, link={"what": "href"}, note=note, stacked=True)
