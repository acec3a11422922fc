"""The attacks on files of many records: who is hidden must be missing from a file as if she had never been, the counts
of a manifest must not tell of her, and no filter may be asked about her."""

import time
from urllib.parse import quote

from leak.attacks import ALL, CLAIMS, attack

BULK = ("fhir.export", "fhir.export.status", "fhir.export.file")
ASYNC = {"prefer": "respond-async"}
PATIENCE = 60


def made(client, address, headers=ASYNC):
    """The kick-off, and where it was taken on: the manifest and every file, once the job is done."""
    begun = client.get(f"/fhir/{address}", headers=headers)
    yield begun
    place = begun.headers.get("content-location")
    if place is None:
        return
    until = time.monotonic() + PATIENCE
    while (told := client.get(place)).status_code == 202 and time.monotonic() < until:
        time.sleep(0.02)
    yield told
    for file in (*told.json().get("output", ()), *told.json().get("deleted", ())):
        yield client.get(file["url"])
    client.delete(place)


@attack(BULK, "total", "named-beside", "unlinked", "closed-part", "ruled-part", "purpose", "type", "inside", "status",
        by=ALL)  # fmt: skip
def by_exporting(client, her):
    for address in (
        "$export",
        "Patient/$export",
        f"Patient/$export?patient=Patient/{her.id}",
        "Patient/$export?patient=Patient/bo",
        "Patient/$export?patient=Patient/bo&_since=2020-01-01",
        f"Patient/$export?patient=Patient/{her.id}&patient=Patient/bo",
        "Patient/$export?patient=Patient/bo&_type=Consent",
        "Group/none/$export",
    ):
        yield from made(client, address)
    for kind, name in her.records[:3]:
        yield from made(client, f"Group/{name}/$export")
        yield from made(client, f"{kind}/{name}/$export")


@attack(BULK, "export", by=("other", "analyst", "administrator"))
def by_every_door_of_an_export(client, her):
    for path in ("$export", "Patient/$export", "Group/both/$export", f"Patient/{her.id}/$export"):
        yield from made(client, f"{path}?_type=Patient,Observation" if "Group" not in path else path)
        yield client.post(f"/fhir/{path}", json={"resourceType": "Parameters", "parameter": 1}, headers=ASYNC)
    patient = {"name": "patient", "valueReference": {"reference": f"Patient/{her.id}"}}
    body = {"resourceType": "Parameters", "parameter": [patient]}
    yield client.post("/fhir/Patient/$export", json=body, headers=ASYNC)


@attack(BULK, "filter", "closed-part", "ruled-part")
def by_filters_that_ask_of_her(client, her):
    for kind, asked in (
        ("Patient", f"identifier={her.number}"),
        ("Patient", f"link:Patient.name={her.name}"),
        ("Observation", f"subject=Patient/{her.id}"),
        ("Observation", f"subject=Patient/bo,Patient/{her.id},Patient/nobody"),
        ("Observation", f"subject:Patient.identifier={her.number}"),
        ("Observation", f"performer:Patient.name={her.name}"),
        ("Condition", f"encounter.subject:Patient._id={her.id}"),
        ("Patient", f"_has:Observation:subject:code={her.code}"),
        ("Patient", f"_has:Provenance:target:agent:Patient.identifier={her.number}"),
    ):
        text = quote(f"{kind}?{asked}", safe="")
        yield from made(client, f"Patient/$export?patient=Patient/bo&_type={kind}&_typeFilter={text}")


@attack(BULK, "claim")
def by_claiming_an_export(client, her):
    for headers in CLAIMS:
        yield from made(client, f"Patient/$export?patient=Patient/{her.id}", {**ASYNC, **headers})
        yield client.get("/fhir/$export-job/aaaaaaaaaaaaaaaaaaaaaaaa", headers=headers)
        yield client.get("/fhir/$export-job/aaaaaaaaaaaaaaaaaaaaaaaa/1", headers=headers)


@attack(BULK, "error-text")
def by_faults_of_an_export(client, her):
    for asked in (
        f"patient={quote(her.name)}",
        f"patient=Patient/bo&_type={quote(her.name)}",
        f"patient=Patient/bo&_since={her.number}",
        f"patient=Patient/bo&{her.number}=1",
        f"patient=Patient/bo&_typeFilter={quote(f'Patient?{her.name}=1')}",
    ):
        yield client.get(f"/fhir/Patient/$export?{asked}", headers=ASYNC)
    yield client.get(f"/fhir/$export-job/{quote(her.name)}")
    yield client.get(f"/fhir/$export-job/{her.id}/{her.number}")


@attack(BULK, "nobody", by=("nobody",))
def by_nobody_in_bulk(client, her):
    yield from made(client, "$export")
    yield from made(client, f"Patient/$export?patient=Patient/{her.id}")
    yield client.get("/fhir/$export-job/aaaaaaaaaaaaaaaaaaaaaaaa")
    yield client.get("/fhir/$export-job/aaaaaaaaaaaaaaaaaaaaaaaa/1")
