"""The clinician's part of the portal: find a patient, the summary, any record opened, a disease notified."""

from __future__ import annotations

from starlette.routing import BaseRoute

from camphora.web.clinic.emergency import EmergencyPages
from camphora.web.clinic.item import ItemPages
from camphora.web.clinic.notifying import NotifyPages
from camphora.web.clinic.patients import PatientPages
from camphora.web.site import Site, get, post


def routes(site: Site) -> list[BaseRoute]:
    """`/patients…` and `/emergency` for care; `/records/TYPE/ID` for care, for the person herself and for those she
    let in."""
    patients, items, emergency = PatientPages(site), ItemPages(site), EmergencyPages(site)
    notify = NotifyPages(site)
    return [
        get("/patients", patients.search, "clinic.patients", "persons"),
        get("/patients/{person}", patients.summary, "clinic.patient", "persons"),
        get("/patients/{person}/results", patients.results, "clinic.results", "persons"),
        get("/patients/{person}/timeline", patients.timeline, "clinic.timeline", "persons"),
        get("/patients/{person}/notify", notify.page, "clinic.notify", "persons"),
        post("/patients/{person}/notify", notify.submit, "clinic.notify.post", site),
        get("/notification/questionnaire", notify.questionnaire, "clinic.questionnaire", "nothing"),
        get("/emergency", emergency.page, "clinic.emergency", "persons"),
        post("/emergency", emergency.declare, "clinic.emergency.post", site),
        post("/emergency/end", emergency.end, "clinic.emergency.end", site),
        get("/records/{type}/{id}", items.page, "clinic.record", "persons"),
    ]
