"""Pages of duties about the gate: emergencies reviewed, legal bases applied for and approved, decisions explained."""

from __future__ import annotations

from starlette.routing import BaseRoute

from camphora.web.duties.review import ReviewPages
from camphora.web.site import Site, get, post


def routes(site: Site) -> list[BaseRoute]:
    """`/emergencies`."""
    review = ReviewPages(site)
    return [
        get("/emergencies", review.page, "emergencies", "persons"),
        post("/emergencies/judge", review.judge, "emergencies.judge", site),
    ]
