"""Pages of duties about the gate: emergencies reviewed, legal bases applied for and approved, decisions explained."""

from __future__ import annotations

from starlette.routing import BaseRoute

from camphora.web.duties.bases import BasesPages
from camphora.web.duties.explain import ExplainPages
from camphora.web.duties.review import ReviewPages
from camphora.web.duties.unusual import UnusualPages
from camphora.web.site import Site, get, post


def routes(site: Site) -> list[BaseRoute]:
    """`/emergencies`, `/bases`, `/gate/explain` and `/privacy`."""
    review, unusual = ReviewPages(site), UnusualPages(site)
    explain, bases = ExplainPages(site), BasesPages(site)
    return [
        get("/emergencies", review.page, "emergencies", "persons"),
        post("/emergencies/judge", review.judge, "emergencies.judge", site),
        get("/bases", bases.page, "bases", "nothing"),
        post("/bases", bases.apply, "bases.apply", site),
        post("/bases/decide", bases.decide, "bases.decide", site),
        post("/bases/end", bases.end, "bases.end", site),
        get("/gate/explain", explain.page, "gate.explain", "persons"),
        get("/privacy", unusual.page, "privacy", "persons"),
        get("/privacy/readers/{reader}", unusual.reader, "privacy.reader", "persons"),
        post("/privacy/judge", unusual.judge, "privacy.judge", site),
        get("/privacy/known", unusual.known, "privacy.known", "persons"),
        post("/privacy/known/enter", unusual.enter, "privacy.enter", site),
        post("/privacy/known/end", unusual.end, "privacy.end", site),
    ]
