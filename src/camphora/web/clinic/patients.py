"""`/patients`: finding a patient by name or number, and the summary for reading in a minute."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from camphora.fhir.search import parse_query
from camphora.pages import Action, Cell, Column, Link, Table, Timeline, View
from camphora.policy import Access, Purpose
from camphora.records import Page
from camphora.web.contexts import Item, Patient, PatientRow, Patients
from camphora.web.reading import Chart, Json, Reading, is_synthetic, medicines, moments, people, results
from camphora.web.reading.chart import name_of, parsed
from camphora.web.reading.desk import Desk
from camphora.web.reading.titles import date_of, title
from camphora.web.site import wants_fragment

PART, SHORTEST, RECENT, MORE, FEW_RESULTS = 20, 2, 6, 40, 10
LASTING = "problem-list-item"


class PatientPages(Desk):
    """A patient whom a choice hides is absent here as if she did not exist: the store's own plan leaves her out."""

    def search(self, request: Request) -> Response:
        access, reading = self.site.access(request, Purpose.CARE), self.reading(request)
        sought = request.query_params.get("q", "").strip()
        token = request.query_params.get("page", "")
        found = self._found(access, sought, token) if len(sought) >= SHORTEST else None
        rows = parsed(found.rows) if found else []
        listed = None if found is None else [_row(reading, patient) for patient in rows]
        following = found.next if found else None
        more = f"/patients?{urlencode({'q': sought, 'page': following})}" if following else ""
        opened = [] if token else self._opened(access)
        if wants_fragment(request):
            rows_of = {"results": listed, "more": more, "opened": opened}
            return self.site.fragment(request, "patients_rows.html", rows_of)
        context = Patients(
            query=sought,
            results=listed,
            more=more,
            opened=opened,
            emergency=self._emergency(access),
            why=self.why(request, Purpose.CARE),
        )
        return self.site.page(request, context, synthetic=is_synthetic(rows))

    def _emergency(self, access: Access) -> str:
        """Where the reader declares an emergency; empty for those who may not."""
        may = access.reader.role in self.site.installation.gate.emergencies.rules.roles
        return "/emergency" if may else ""

    def _opened(self, access: Access) -> list[Link]:
        """Whom the reader has opened in an emergency, by the masked number: the record itself is not read for it."""
        declared = self.site.installation.gate.emergencies.open_of(access.reader.id)
        numbers = {str(each.person): each.identifier.rpartition("|")[2] for each in declared}
        return [
            Link(people.masked(number), f"/patients/{quote(person)}") for person, number in numbers.items()
        ]

    def _found(self, access: Access, sought: str, token: str) -> Page:
        """By the whole number where the text has a digit, by the beginning of the name otherwise."""
        value = "".join(f"\\{sign}" if sign in "\\,|$" else sign for sign in sought)
        numbered = any(sign.isdigit() for sign in sought)
        by = ("identifier", value.upper()) if numbered else ("name", value)
        pairs = [by, ("_count", str(PART)), *([("_page", token)] if token else [])]
        return self.store.search(access, parse_query("Patient", pairs, strict=True))

    def summary(self, request: Request) -> Response:
        chart, reading = self._chart(request), self.reading(request)
        patient, words = chart.patient(), reading.words
        told = moments.story(chart, RECENT)
        reading = reading.named(chart.names(told.institutions()))
        observations = chart.ask("Observation", ("_sort", "-date"), count=400).rows
        prescriptions = chart.ask("MedicationRequest", ("status", "active"), count=200).rows
        context = Patient(
            person=_row(reading, patient),
            problems=_problems(reading, chart.ask("Condition", ("_sort", "-recorded-date"), count=300).rows),
            medicines=medicines.current(reading, prescriptions),
            allergies=_allergies(reading, chart.ask("AllergyIntolerance").rows),
            results=results.latest(reading, observations)[:FEW_RESULTS],
            recent=Timeline(
                "recent", words("clinic.recent"), moments.moments(reading, told), words("clinic.nothing")
            ),
            closed=words("clinic.closed") if self.store.has_closed_part(chart.access, chart.person) else "",
            emergency=self._emergency(chart.access),
            actions=[
                Action(words(f"clinic.{part}"), f"/patients/{quote(chart.person)}/{part}")
                for part in (
                    "results",
                    "timeline",
                    *(("notify",) if chart.access.may_write("Condition") else ()),
                )
            ],
            why=self.why(request, Purpose.CARE, chart.person),
        )
        return self.site.page(request, context, synthetic=is_synthetic([patient]))

    def timeline(self, request: Request) -> Response:
        """All visits, newest first, in parts."""
        chart, reading = self._chart(request), self.reading(request)
        patient, words = chart.patient(), reading.words
        told = moments.story(chart, MORE, request.query_params.get("page", ""))
        reading = reading.named(chart.names(told.institutions()))
        name, following = name_of(patient), f"{request.url.path}?page={quote(told.next)}" if told.next else ""
        found = moments.moments(reading, told)
        view = View(
            name="timeline",
            title=words("clinic.timeline_of", name=name),
            blocks=[Timeline("recent", words("clinic.visits"), found, words("clinic.nothing"))],
            badge="synthetic" if is_synthetic([patient]) else None,
            why=self.why(request, Purpose.CARE, chart.person),
            crumbs=[
                Link(words("clinic.patients"), "/patients"),
                Link(name, f"/patients/{quote(chart.person)}"),
            ],
            actions=[Action(words("clinic.earlier"), following, primary=True)] if following else (),
        )
        return self.site.view(request, view)

    def results(self, request: Request) -> Response:
        """The latest of every result, as a table."""
        chart, reading = self._chart(request), self.reading(request)
        patient, words = chart.patient(), reading.words
        observations = chart.ask("Observation", ("_sort", "-date"), count=1000).rows
        name = name_of(patient)
        view = View(
            name="results",
            title=words("clinic.results_of", name=name),
            blocks=[_results(reading, observations)],
            badge="synthetic" if is_synthetic([patient]) else None,
            why=self.why(request, Purpose.CARE, chart.person),
            crumbs=[
                Link(words("clinic.patients"), "/patients"),
                Link(name, f"/patients/{quote(chart.person)}"),
            ],
        )
        return self.site.view(request, view)

    def _chart(self, request: Request) -> Chart:
        """The chart for care; opened further where the reader has declared an emergency for this person."""
        person = request.path_params["person"]
        return self.chart(self.site.access(request, Purpose.CARE, person), person)


def _row(reading: Reading, patient: Json) -> PatientRow:
    return people.row(reading, patient, f"/patients/{quote(patient['id'])}")


def _results(reading: Reading, observations: list[Json]) -> Table:
    words = reading.words
    columns = [
        Column("name", words("item.name")),
        Column("value", words("item.newest")),
        Column("flag", words("item.flag")),
        Column("range", words("clinic.range")),
        Column("when", words("item.when")),
    ]
    rows: list[dict[str, Cell]] = [
        {
            "name": each.name,
            "href": each.href,
            "value": each.value,
            "flag": each.flag or None,
            "tone": "notice",
            "range": each.range or None,
            "when": each.when,
        }
        for each in results.latest(reading, observations)
    ]
    title, link, chip = words("clinic.results_table"), {"name": "href"}, {"flag": "tone"}
    return Table("results", title, columns, rows, link=link, chip=chip, absent="")


def _problems(reading: Reading, conditions: Iterable[Json]) -> list[Item]:
    """Lasting problems first, then what is active from recent visits; each name once."""
    active = [row for row in conditions if _clinical(row) in {"active", "recurrence", "relapse"}]
    ordered = sorted(active, key=lambda row: (LASTING not in _categories(row), title(reading, row)))
    found: dict[str, Item] = {}
    for row in ordered:
        found.setdefault(title(reading, row), _problem(reading, row))
    return list(found.values())


def _problem(reading: Reading, row: Json) -> Item:
    since = date_of(row)
    codes = [str(coding["code"]) for coding in row.get("code", {}).get("coding", ()) if "code" in coding]
    return Item(
        title=title(reading, row),
        href=f"/records/Condition/{row['id']}",
        text=codes[0] if codes else "",
        when=reading.words("reading.since", date=reading.when(since)) if since else "",
        chip="" if LASTING in _categories(row) else reading.words("clinic.passing"),
    )


def _allergies(reading: Reading, rows: Iterable[Json]) -> list[Item]:
    kept = (row for row in rows if _clinical(row) in {"active", ""})
    return [_allergy(reading, row) for row in kept]


def _allergy(reading: Reading, row: Json) -> Item:
    shown = (symptom for reaction in row.get("reaction", ()) for symptom in reaction.get("manifestation", ()))
    severe = row.get("criticality") == "high"
    return Item(
        title=title(reading, row),
        href=f"/records/AllergyIntolerance/{row['id']}",
        text=reading.join(reading.concepts(shown)),
        chip=reading.words("clinic.severe") if severe else "",
        tone="alert" if severe else "plain",
    )


def _clinical(row: Json) -> str:
    codings = row.get("clinicalStatus", {}).get("coding", ())
    return next((str(coding.get("code", "")) for coding in codings), "")


def _categories(row: Json) -> set[str]:
    return {
        str(each.get("code")) for category in row.get("category", ()) for each in category.get("coding", ())
    }
