"""`/me` and `/family/PERSON`: the record as what matters now and a timeline in plain words."""

from __future__ import annotations

import time
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from camphora.pages import Action, Link, Timeline, View
from camphora.policy import Purpose
from camphora.web.citizen.held import summary
from camphora.web.citizen.looked import acts, notices, shown, unseen
from camphora.web.contexts import MyRecord, Now
from camphora.web.reading import Chart, Json, Reading, is_synthetic, medicines, moments, people, screening
from camphora.web.reading.chart import name_of
from camphora.web.reading.desk import Desk

FIRST, MORE, MOST_DUE = 8, 40, 3


class RecordPages(Desk):
    """The person's own record, and that of those who let them in."""

    def page(self, request: Request) -> Response:
        chart, reading = self.own(request), self.reading(request)
        patient, told, reading = _opened(chart, reading, FIRST)
        others = acts(self.store, chart.access, 3, of_records=True) or acts(self.store, chart.access, 3)
        number = people.number_of(patient)
        context = MyRecord(
            now=now(chart, reading, patient),
            recent=_timeline(reading, told, ""),
            looks=shown(chart, reading, others, basis=False),
            choices=summary(chart, reading, self.site.installation),
            told=notices(chart, reading, unseen(self.store, chart.access, int(time.time() * 1000))),
            number=people.masked(number),
            full_number=number,
            more="/me/timeline" if told.next else "",
            why=self.why(request, Purpose.SELF),
        )
        return self.site.page(request, context, synthetic=is_synthetic([patient]))

    def relative(self, request: Request) -> Response:
        person = request.path_params["person"]
        chart, suffix = self.of_relative(request, person), f"?for={quote(person)}"
        patient, told, reading = _opened(chart, self.reading(request), FIRST)
        context = MyRecord(
            now=now(chart, reading, patient, suffix),
            recent=_timeline(reading, told, suffix),
            looks=(),
            choices=(),
            subject=name_of(patient),
            more=f"/family/{quote(person)}/timeline" if told.next else "",
            looked="",
            download="",
            why=self.why(request, Purpose.SELF, person),
        )
        return self.site.page(request, context, synthetic=is_synthetic([patient]))

    def timeline(self, request: Request) -> Response:
        words = self.site.words(request)
        return self._timeline(request, self.own(request), Link(words("citizen.record"), "/me"), "")

    def relative_timeline(self, request: Request) -> Response:
        person = request.path_params["person"]
        chart, words = self.of_relative(request, person), self.site.words(request)
        back = Link(words("citizen.relative"), f"/family/{quote(person)}")
        return self._timeline(request, chart, back, f"?for={quote(person)}")

    def _timeline(self, request: Request, chart: Chart, back: Link, suffix: str) -> Response:
        told = moments.story(chart, MORE, request.query_params.get("page", ""))
        reading = self.reading(request).named(chart.names(told.institutions()))
        following = f"{request.url.path}?page={quote(told.next)}" if told.next else ""
        view = View(
            name="timeline",
            title=reading.words("citizen.timeline"),
            blocks=[_timeline(reading, told, suffix)],
            badge="synthetic" if is_synthetic(told.everything()) else None,
            why=self.why(request, Purpose.SELF, chart.person),
            crumbs=[back],
            actions=[Action(reading.words("citizen.earlier"), following, primary=True)] if following else (),
        )
        return self.site.view(request, view)


def _opened(chart: Chart, reading: Reading, count: int) -> tuple[Json, moments.Story, Reading]:
    patient, told = chart.patient(), moments.story(chart, count)
    return patient, told, reading.named(chart.names(told.institutions()))


def _timeline(reading: Reading, told: moments.Story, suffix: str) -> Timeline:
    title, empty = reading.words("citizen.recent"), reading.words("citizen.nothing")
    return Timeline("recent", title, moments.moments(reading, told, suffix), empty)


def now(chart: Chart, reading: Reading, patient: Json, suffix: str = "") -> list[Now]:
    """The next refill, then the screenings that are due."""
    prescriptions = chart.ask("MedicationRequest", ("status", "active")).rows
    dispenses = chart.ask("MedicationDispense", ("_sort", "-whenhandedover")).rows if prescriptions else []
    refill = medicines.next_refill(reading, medicines.refills(prescriptions, dispenses, reading.day), suffix)
    done = chart.ask("Procedure", count=400).rows + _tests(chart)
    due = screening.due(patient, done, reading.day)
    return [*([refill] if refill else []), *(screening.as_now(reading, each) for each in due[:MOST_DUE])]


def _tests(chart: Chart) -> list[Json]:
    """The results that show that a screening was done."""
    codes = sorted({f"{system}|{code}" for known in screening.EVIDENCE.values() for system, code in known})
    return chart.ask("Observation", ("code", ",".join(codes)), count=100).rows
