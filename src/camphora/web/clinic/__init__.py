"""The clinician's part of the portal: find a patient, the summary, and any record opened."""

from __future__ import annotations

from starlette.routing import BaseRoute

from camphora.web.clinic.item import ItemPages
from camphora.web.clinic.patients import PatientPages
from camphora.web.site import Site, get


def routes(site: Site) -> list[BaseRoute]:
    """`/patients…` for care; `/records/TYPE/ID` for care, for the person herself and for those she let in."""
    patients, items = PatientPages(site), ItemPages(site)
    return [
        get("/patients", patients.search, "clinic.patients", "persons"),
        get("/patients/{person}", patients.summary, "clinic.patient", "persons"),
        get("/patients/{person}/results", patients.results, "clinic.results", "persons"),
        get("/patients/{person}/timeline", patients.timeline, "clinic.timeline", "persons"),
        get("/records/{type}/{id}", items.page, "clinic.record", "persons"),
    ]
