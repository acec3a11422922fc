"""The attacks on what points to a closed record: whoever may not see it learns of it from no other record, and no
search by the reference, along it or back from it tells that it is there."""

from leak.attacks import ATTACKS, attack
from leak.attacks_bulk import made
from leak.attacks_search import followed

SEARCHES = (
    "Encounter?diagnosis=Condition/{0}-hiv&_total=accurate",
    "Encounter?patient={0}&diagnosis:missing=false",
    "Encounter?diagnosis:Condition.code=B20",
    "Encounter?diagnosis:Condition.patient={0}&_summary=count",
    "Encounter?patient={0}&_include=Encounter:diagnosis",
    "Encounter?patient={0}&_elements=diagnosis",
    "Encounter?patient={0}&_sort=diagnosis",
    "Encounter?_filter=diagnosis%20re%20Condition/{0}-hiv",
    "Condition?_has:Encounter:diagnosis:class=AMB&patient={0}",
    "Condition?_has:List:item:_id={0}-list",
    "Patient?_has:Encounter:subject:diagnosis=Condition/{0}-hiv",
    "Patient?_has:DiagnosticReport:subject:result=Observation/{0}-value&_summary=count",
    "DiagnosticReport?result=Observation/{0}-value",
    "DiagnosticReport?result.code=20447-9&_total=accurate",
    "DiagnosticReport?patient={0}&_include=*",
    "Observation?has-member=Observation/{0}-value",
    "Observation?_id={0}-value&_revinclude=DiagnosticReport:result&_revinclude=Observation:has-member",
    "MedicationRequest?medication=Medication/hiv-medicine",
    "MedicationRequest?medication.code=J05AF01&_summary=count",
    "Medication?_has:MedicationRequest:medication:patient={0}",
    "Medication?_id=hiv-medicine&_revinclude=MedicationRequest:medication",
    "CarePlan?condition=Condition/{0}-hiv",
    "Goal?patient={0}&_total=accurate",
    "List?item=Condition/{0}-hiv",
    "List?item:Condition.code=B20",
    "Condition?_list={0}-list",
    "Composition?entry=DiagnosticReport/{0}-report",
    "Composition?entry:DiagnosticReport.result.code=20447-9",
    "DocumentReference?related=Condition/{0}-hiv",
    "ServiceRequest?patient={0}",
    "Task?focus=ServiceRequest/{0}-order",
    "Task?focus:ServiceRequest.patient={0}",
    "Provenance?target=Condition/{0}-hiv",
    "?_type=Encounter,DiagnosticReport,CarePlan,Goal,List,Task&_summary=count",
)


def asked(her):
    return [each.format(her.id) for each in SEARCHES]


@attack(("fhir.search",), "pointing", by=("other", "pharmacist"))
def by_a_reference(client, her):
    for each in asked(her):
        yield from followed(client, f"/fhir/{each}")


@attack(("fhir.search-post",), "pointing")
def by_a_reference_that_is_posted(client, her):
    for each in asked(her):
        kind, _, pairs = each.partition("?")
        if kind:
            headers = {"content-type": "application/x-www-form-urlencoded"}
            yield client.post(f"/fhir/{kind}/_search", content=pairs.encode(), headers=headers)


@attack(("fhir.bundle",), "pointing")
def by_references_in_a_bundle(client, her):
    gets = [each for each in asked(her) if each[0] != "?"]
    gets += (f"{kind}/{name}" for kind, name in her.records)
    entry = [{"request": {"method": "GET", "url": each}} for each in gets]
    yield client.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": entry})


@attack(
    ("fhir.read", "fhir.vread", "fhir.history", "fhir.meta", "fhir.validate-record"),
    "pointing",
    by=("other", "pharmacist"),
)
def by_who_points(client, her):
    for kind, name in her.records:
        for rest in ("", "?_format=xml", "?_elements=diagnosis,result", "?_summary=true", "/_history",
                     "/_history/1", "/$meta", "/$validate"):  # fmt: skip
            yield client.get(f"/fhir/{kind}/{name}{rest}")


@attack(
    ("fhir.history-type", "fhir.history-all", "fhir.search-all", "fhir.compartment", "fhir.everything"),
    "pointing",
)
def by_all_of_hers(client, her):
    for kind in ("Encounter", "DiagnosticReport", "CarePlan", "Goal", "List", "Task"):
        yield client.get(f"/fhir/{kind}/_history?_count=50")
        yield client.get(f"/fhir/Patient/{her.id}/{kind}")
    for each in (
        f"Patient/{her.id}/$everything",
        f"Patient/{her.id}/$everything?_type=Encounter,DiagnosticReport,CarePlan&_since=2020-01-01",
        f"Patient/{her.id}/*",
        f"Encounter/{her.id}-visit/$everything",
        f"Encounter/{her.id}-visit/Condition",
        "_history?_count=50",
        "?_type=Encounter,CarePlan,Goal&_count=50",
    ):
        yield client.get(f"/fhir/{each}")


@attack(("fhir.export", "fhir.export.status", "fhir.export.file"), "pointing")
def by_exporting_who_points(client, her):
    hers = f"Patient/$export?patient=Patient/{her.id}"
    for each in ("Patient/$export", hers, f"{hers}&_type=Encounter,DiagnosticReport,CarePlan,Goal"):
        yield from made(client, each)


@attack(
    (
        "fhir.patch", "fhir.patch-where", "fhir.update-where", "fhir.delete-where", "fhir.meta-add",
        "fhir.meta-delete", "fhir.create", "fhir.update", "fhir.delete",
    ),
    "pointing",
)  # fmt: skip
def by_changing_who_points(client, her):
    """Nothing of it is changed, as nothing of it is there."""
    change = [{"op": "replace", "path": "/status", "value": "cancelled"}]
    patch = {"content-type": "application/json-patch+json"}
    for kind, name in her.records:
        yield client.patch(f"/fhir/{kind}/{name}", json=change, headers=patch)
        yield client.delete(f"/fhir/{kind}/{name}")
        for operation in ("$meta-add", "$meta-delete"):
            meta = {"parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "x"}]}}]}
            yield client.post(f"/fhir/{kind}/{name}/{operation}", json={"resourceType": "Parameters", **meta})
    where = f"Encounter?diagnosis=Condition/{her.id}-hiv"
    yield client.patch(f"/fhir/{where}", json=change, headers=patch)
    yield client.delete(f"/fhir/{where}")
    visit = {"resourceType": "Encounter", "id": f"{her.id}-visit", "status": "finished"}
    visit |= {"class": {"code": "AMB"}, "subject": {"reference": "Patient/nobody"}}
    yield client.put(f"/fhir/{where}", json=visit)
    yield client.put(f"/fhir/Encounter/{her.id}-visit", json=visit)
    yield client.post("/fhir/Encounter", json=visit, headers={"if-none-exist": where.partition("?")[2]})


@attack(("clinic.patient", "clinic.timeline", "clinic.results", "clinic.record"), "pointing",
        by=("other", "pharmacist"))  # fmt: skip
def by_pages_that_name(client, her):
    for page in ("", "/timeline", "/results"):
        yield client.get(f"/patients/{her.id}{page}")
    for kind, name in (*her.records, ("Encounter", f"{her.id}-open"), ("Medication", "hiv-medicine")):
        yield client.get(f"/records/{kind}/{name}")
        yield client.get(f"/records/{kind}/{name}?as=table")


@attack(("implementers.search", "implementers.history"), "pointing")
def by_pages_of_implementers(client, her):
    for each in asked(her):
        yield client.get(f"/implementers/search/{each}")
    for kind, name in her.records:
        yield client.get(f"/implementers/history/{kind}/{name}")


POINTING = sorted(
    {one for (kind, _), several in ATTACKS.items() if kind == "pointing" for one in several}, key=str
)
