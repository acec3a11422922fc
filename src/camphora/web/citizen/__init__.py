"""The citizen's part of the portal: my record, who looked, my choices, my family, take it all away."""

from __future__ import annotations

from starlette.routing import BaseRoute

from camphora.web.citizen.certificates import CertificatePages
from camphora.web.citizen.choices import ChoicePages
from camphora.web.citizen.download import Downloads
from camphora.web.citizen.family import FamilyPages
from camphora.web.citizen.looked import LookedPages
from camphora.web.citizen.record import RecordPages
from camphora.web.site import Site, get, post


def routes(site: Site) -> list[BaseRoute]:
    """`/me…` for the signed-in person and `/family/PERSON` for those who let her in."""
    record, looked, choices = RecordPages(site), LookedPages(site), ChoicePages(site)
    family, downloads, certificates = FamilyPages(site), Downloads(site), CertificatePages(site)
    return [
        get("/me", record.page, "citizen.record", "persons"),
        get("/me/timeline", record.timeline, "citizen.timeline", "persons"),
        get("/me/looked", looked.page, "citizen.looked", "persons"),
        get("/me/looked/events.json", looked.events, "citizen.events", "persons", "download"),
        get("/me/looked/{number:int}", looked.receipt, "citizen.receipt", "persons"),
        get("/me/looked/{number:int}/proof.json", looked.proof, "citizen.proof", "persons", "download"),
        get("/me/choices", choices.page, "citizen.choices", "persons"),
        get("/me/choices/stop", choices.ask_stop, "citizen.stop", "persons"),
        post("/me/choices/stop", choices.stop, "citizen.stop.post", site),
        get("/me/choices/restrict", choices.ask_restrict, "citizen.restrict", "persons"),
        post("/me/choices/restrict", choices.restrict, "citizen.restrict.post", site),
        get("/me/choices/close", choices.ask_close, "citizen.close", "persons"),
        post("/me/choices/close", choices.close, "citizen.close.post", site),
        get("/me/choices/end", choices.ask_end, "citizen.end", "persons"),
        post("/me/choices/end", choices.end, "citizen.end.post", site),
        get("/me/certificates", certificates.page, "citizen.certificates", "persons"),
        get("/me/certificates/{number:int}", certificates.one, "citizen.certificate", "persons"),
        get(
            "/me/certificates/{number:int}/proof.json",
            certificates.proof,
            "citizen.certificate.proof",
            "persons",
            "download",
        ),
        get("/me/family", family.page, "citizen.family", "persons"),
        get("/me/family/let-in", family.ask_let_in, "citizen.let-in", "persons"),
        post("/me/family/let-in", family.let_in, "citizen.let-in.post", site),
        get("/me/download", downloads.page, "citizen.download", "persons"),
        get("/me/download/record.json", downloads.bundle, "citizen.bundle", "persons", "download"),
        get("/me/download/record.csv", downloads.rows, "citizen.csv", "persons", "download"),
        get("/family/{person}", record.relative, "citizen.relative", "persons"),
        get("/family/{person}/timeline", record.relative_timeline, "citizen.relative.timeline", "persons"),
    ]
