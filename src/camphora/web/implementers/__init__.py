"""`/implementers`: the FHIR API for those who connect to it, as pages: types, searches, histories, validation."""

from __future__ import annotations

from starlette.routing import BaseRoute

from camphora.web.fhir.call import Api
from camphora.web.implementers.catalogue import CataloguePages
from camphora.web.implementers.histories import HistoryPages
from camphora.web.implementers.searches import SearchPages
from camphora.web.implementers.validation import ValidationPages
from camphora.web.site import Site, get, post


def routes(site: Site, api: Api) -> list[BaseRoute]:
    """Types and parameters for all; searches and histories by the reader's own Access; validation for the signed in."""
    catalogue, searches = CataloguePages(site), SearchPages(site, api)
    histories, validation = HistoryPages(site), ValidationPages(site, api)
    return [
        get("/implementers", catalogue.types, "implementers", "nothing"),
        get("/implementers/types/{type}", catalogue.one, "implementers.type", "nothing"),
        get("/implementers/search/{type}", searches.page, "implementers.search", "persons"),
        get("/implementers/history/{type}/{id}", histories.page, "implementers.history", "persons"),
        get("/implementers/validate", validation.page, "implementers.validate", "nothing"),
        post("/implementers/validate", validation.checked, "implementers.validate.post", site, drafts=False),
    ]
