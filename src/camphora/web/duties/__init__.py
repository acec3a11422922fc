"""Pages of duties about the gate: emergencies reviewed, legal bases applied for and approved, decisions explained,
standings given, and what is read for surveillance."""

from __future__ import annotations

from starlette.routing import BaseRoute

from camphora.web.duties.bases import BasesPages
from camphora.web.duties.entering import EnterPages
from camphora.web.duties.explain import ExplainPages
from camphora.web.duties.line_list import LineListPages
from camphora.web.duties.review import ReviewPages
from camphora.web.duties.standings import StandingPages
from camphora.web.duties.surveillance import SurveillancePages
from camphora.web.duties.unusual import UnusualPages
from camphora.web.site import Site, get, post


def routes(site: Site) -> list[BaseRoute]:
    """`/emergencies`, `/bases`, `/gate/explain`, `/gate/standings`, `/privacy` and `/surveillance`."""
    review, unusual = ReviewPages(site), UnusualPages(site)
    explain, bases, surveillance = ExplainPages(site), BasesPages(site), SurveillancePages(site)
    lines, entering, standings = LineListPages(site), EnterPages(site), StandingPages(site)
    return [
        get("/emergencies", review.page, "emergencies", "persons"),
        post("/emergencies/judge", review.judge, "emergencies.judge", site),
        get("/bases", bases.page, "bases", "nothing"),
        post("/bases", bases.apply, "bases.apply", site),
        post("/bases/decide", bases.decide, "bases.decide", site),
        post("/bases/end", bases.end, "bases.end", site),
        get("/gate/explain", explain.page, "gate.explain", "persons"),
        get("/gate/standings", standings.page, "gate.standings", "nothing"),
        post("/gate/standings", standings.give, "gate.standings.give", site),
        post("/gate/standings/end", standings.end, "gate.standings.end", site),
        get("/surveillance", surveillance.page, "surveillance", "persons"),
        get("/surveillance/cases", lines.page, "surveillance.lines", "persons"),
        get("/surveillance/cases.{form}", lines.file, "surveillance.lines.download", "persons", "download"),
        get("/surveillance/enter", entering.page, "surveillance.enter", "persons"),
        post("/surveillance/enter", entering.submit, "surveillance.enter.post", site),
        get("/surveillance/fhir/{id}", lines.fhir, "surveillance.fhir", "persons"),
        get("/surveillance/{type}/{id}", surveillance.case, "surveillance.case", "persons"),
        get("/privacy", unusual.page, "privacy", "persons"),
        get("/privacy/readers/{reader}", unusual.reader, "privacy.reader", "persons"),
        post("/privacy/judge", unusual.judge, "privacy.judge", site),
        get("/privacy/known", unusual.known, "privacy.known", "persons"),
        post("/privacy/known/enter", unusual.enter, "privacy.enter", site),
        post("/privacy/known/end", unusual.end, "privacy.end", site),
    ]
