"""Attacks on receipts as AuditEvents: the leaves about her are her own and her stand-ins'."""

from leak.attacks import ALL, CLAIMS, attack

PATH = ("fhir.audit-events",)
NUMBERS = (0, 1, 2, 5, 999_999_999)


def asked(client, her, **more):
    for patient in (her.id, f"Patient/{her.id}", her.id.upper(), her.number, ""):
        for pairs in ({}, {"_count": "0"}, {"_summary": "count"}, {"_total": "accurate"}, {"_page": "3"}):
            yield client.get("/fhir/AuditEvent", params={"patient": patient, **pairs}, **more)


@attack(PATH, "status", "error-text", "claim", "receipt", by=("stranger",))
def by_asking_for_receipts_of_another(client, her):
    yield from asked(client, her)
    for headers in CLAIMS:
        yield from asked(client, her, headers=headers)
    for name in (
        "entity",
        "patient.identifier",
        "patient:Patient",
        "agent",
        "_has:Provenance:target:patient",
    ):
        yield client.get("/fhir/AuditEvent", params={name: her.id})


@attack(PATH, "purpose", "type", "as-typed", by=ALL)
def by_asking_for_receipts_on_duty(client, her):
    yield from asked(client, her)
    for number in NUMBERS:
        yield client.get(f"/fhir/AuditEvent/receipt-{number}")
        yield client.get(f"/fhir/AuditEvent/decision-{number}/_history/1")


@attack(PATH, "nobody", by=("nobody",))
def by_nobody_asking_for_receipts(client, her):
    yield from asked(client, her)
    yield client.get("/fhir/AuditEvent/receipt-0")


@attack(PATH, "status", "error-text", by=("stranger",))
def by_a_bundle_of_receipts(client, her):
    urls = [f"AuditEvent?patient={her.id}", *(f"AuditEvent/receipt-{number}" for number in NUMBERS)]
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    yield client.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": entries})
