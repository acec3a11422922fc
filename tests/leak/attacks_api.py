"""The attacks on the interactions beyond one record and one type: conditional writes, patches, histories of types and
of everything, compartments, `$everything`, labels, and raw Binaries."""

from urllib.parse import quote

from leak.attacks import ALL, CLAIMS, attack, observation_of

SERVER = (
    "fhir.history-type", "fhir.history-all", "fhir.search-all", "fhir.compartment", "fhir.everything", "fhir.meta",
    "fhir.validate-record",
)  # fmt: skip
CHANGING = (
    "fhir.patch", "fhir.patch-where", "fhir.update-where", "fhir.delete-where", "fhir.meta-add", "fhir.meta-delete",
)  # fmt: skip
JSON_PATCH = {"content-type": "application/json-patch+json"}
TESTS = [
    {"op": "test", "path": "/status", "value": "final"},
    {"op": "replace", "path": "/status", "value": "amended"},
]
ALONE = {"resourceType": "Parameters", "parameter": [{"name": "mode", "valueCode": "delete"}]}
TAG = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "t"}]}}]}


@attack(("fhir.history-type", "fhir.history-all"), "status", "type", "unlinked", "named-beside", "closed-part",
    "ruled-part",
        "purpose", "pages", "inside", "everything", "whole-server", by=ALL)  # fmt: skip
def by_asking_what_has_changed(client, her):
    for path in (
        "_history?_count=5",
        "Patient/_history?_count=400",
        "Observation/_history?_count=5",
        "Consent/_history",
        "Condition/_history?_since=2020-01-01T00:00:00Z&_count=400",
        "Condition/_history?_at=2026-11&_count=400",
        "_history?_since=2099-01-01T00:00:00Z",
        "Observation/_history?_elements=id&_count=400",
        "Binary/_history",
        "_history?_list=listed&_count=400",
        "Patient/_history?_list=listed,both",
        "Condition/_history?_list=$current-problems",
    ):
        yield client.get(f"/fhir/{path}")
    address, turned = "/fhir/Patient/_history?_count=50", 0
    while address and turned < 20:
        answer = client.get(address)
        yield answer
        links = [link["url"] for link in answer.json().get("link", []) if link["relation"] == "next"]
        address, turned = (links[0] if links else None), turned + 1


@attack(("fhir.search-all",), "status", "type", "unlinked", "named-beside", "closed-part", "ruled-part",
    "purpose", "pages",
        "inside", "total", "count", "key", "everything", "whole-server", by=ALL)  # fmt: skip
def by_asking_all_types(client, her):
    for path in (
        f"?_id={her.id}",
        "?_type=Patient,Observation&_count=5",
        f"?_type=Patient&identifier={her.number}",
        f"?_type=Condition,Observation&patient={her.id}&_total=accurate",
        f"?_type=Condition,Observation&patient={her.id}&_summary=count",
        "?_type=Consent",
        "?_type=Nothing",
        "?_type=Patient,Observation&colour=red",
    ):
        yield client.get(f"/fhir{path}", headers={"prefer": "handling=strict"})
        yield client.get(f"/fhir/{path}")
    yield client.post("/fhir/_search", data={"_id": her.id})


@attack(("fhir.compartment", "fhir.everything", "fhir.meta", "fhir.validate-record"), "status", "type", "unlinked",
    "named-beside", "closed-part",
        "ruled-part", "purpose", "pages", "inside", "everything", "whole-server", by=ALL)  # fmt: skip
@attack(("fhir.compartment",), "total", "count")
def by_asking_for_everything(client, her):
    kind, name = her.records[-1]
    encounter = next((one for one in her.records if one[0] == "Encounter"), ("Encounter", "none"))[1]
    for path in (
        f"Patient/{her.id}/$everything",
        f"Patient/{her.id}/$everything?_since=2020-01-01",
        f"Patient/{her.id}/$everything?_type=Observation&_count=1",
        f"Patient/{her.id}/$everything?start=2000&end=2099",
        f"Patient/{her.id}/$everything?_page=2026.Observation.1.",
        f"Encounter/{encounter}/$everything",
        "Patient/bo/$everything?_count=400",
        "Patient/$everything",
        f"Patient/{her.id}/Observation",
        f"Patient/{her.id}/*",
        f"Patient/{her.id}/*?_summary=count",
        f"Patient/{her.id}/Condition?_total=accurate",
        f"Encounter/{encounter}/*",
        f"Practitioner/{her.id}/Observation",
        "Patient/bo/*?_count=400",
        f"{kind}/{name}/$meta",
        f"Patient/{her.id}/$meta",
        "Patient/bo/$meta",
        f"{kind}/{name}/$validate",
        f"{kind}/{name}/$validate?mode=delete",
        f"Patient/{her.id}/$validate",
        "Patient/bo/$validate",
    ):
        yield client.get(f"/fhir/{path}")
        yield client.head(f"/fhir/{path}")
    yield client.post(f"/fhir/Patient/{her.id}/$everything", json={"resourceType": "Parameters"})
    yield client.post(f"/fhir/Patient/{her.id}/Observation/_search", data={"_total": "accurate"})
    yield client.post("/fhir/Patient/bo/*/_search", data={"_summary": "count"})
    yield client.post(f"/fhir/{kind}/{name}/$validate", json=ALONE)
    yield client.post(f"/fhir/{kind}/{name}/$validate", json={"resourceType": kind, "id": name})


@attack(("fhir.bundle",), "everything", "status", by=("other", "pharmacist"))
def by_operations_in_a_batch(client, her):
    kind, name = her.records[-1]
    asked = [
        {"request": {"method": "GET", "url": url}}
        for url in (
            f"Patient/{her.id}/$everything",
            f"Patient/{her.id}/$meta",
            f"{kind}/{name}/$validate",
            "Patient/bo/$everything?_count=400",
        )
    ]
    validated = {"request": {"method": "POST", "url": f"{kind}/{name}/$validate"}, "resource": ALONE}
    for several, way in ((asked, "transaction"), ([*asked, validated], "batch")):
        yield client.post("/fhir", json={"resourceType": "Bundle", "type": way, "entry": several})


@attack(("fhir.read", "fhir.vread"), "inside")
def by_asking_for_content(client, her):
    """A Binary of hers, raw and as FHIR, and what an Accept header tells of what is there."""
    for kind, name in (*her.records, ("Binary", "none")):
        if kind in {"Binary", "DocumentReference"}:
            for accept in ("*/*", "application/pdf", "image/png", "application/fhir+xml", "text/html"):
                yield client.get(f"/fhir/Binary/{name}", headers={"accept": accept})
                yield client.get(f"/fhir/Binary/{name}/_history/1", headers={"accept": accept})


@attack(CHANGING, "status", "overwrite", "conditional-write", "closed-part", "ruled-part", "purpose", "error-text",
        "write-about", "patch", by=ALL)  # fmt: skip
@attack(("fhir.update",), "patch")
def by_changing_parts_of_her(client, her):
    for kind, name in (her.records[0], her.records[-1]):
        for held in ({}, {"if-match": 'W/"1"'}, {"if-match": 'W/"7"'}, {"prefer": "return=OperationOutcome"}):
            yield client.patch(f"/fhir/{kind}/{name}", json=TESTS, headers=JSON_PATCH | held)
        yield client.patch(f"/fhir/{kind}/{name}", json={"resourceType": "Parameters"})
        yield client.patch(f"/fhir/{kind}/{name}", json=[], headers=JSON_PATCH)
        yield client.patch(f"/fhir/{kind}?_id={name}", json=TESTS, headers=JSON_PATCH)
        yield client.patch(f"/fhir/{kind}?identifier={her.number}", json=TESTS, headers=JSON_PATCH)
        yield client.post(f"/fhir/{kind}/{name}/$meta-add", json=TAG)
        yield client.post(f"/fhir/{kind}/{name}/$meta-delete", json=TAG)
        yield client.delete(f"/fhir/{kind}?_id={name}")
        yield client.delete(f"/fhir/{kind}?_id={name}", headers={"if-match": 'W/"1"'})
        yield client.put(
            f"/fhir/{kind}?_id={name}", json={**observation_of(her, id=name), "resourceType": kind}
        )
    yield client.patch(f"/fhir/Observation?subject=Patient/{her.id}", json=TESTS, headers=JSON_PATCH)
    yield client.delete(f"/fhir/Observation?subject=Patient/{her.id}&code=never")
    yield client.put(f"/fhir/Patient?identifier={her.number}", json={"resourceType": "Patient", "id": her.id})
    yield client.put(f"/fhir/Observation?subject=Patient/{her.id}", json=observation_of(her, id="mine"))


@attack(
    ("fhir.create", "fhir.bundle"),
    "conditional-write",
    "ruled-part",
    "closed-part",
    by=("other", "pharmacist"),
)
def by_conditions_that_she_would_meet(client, her):
    """What is created is another Patient, under a number of its own: whether she was met is what must not be told."""
    other = {"resourceType": "Patient", "identifier": [{"value": f"other-{her.id}"}]}
    for condition in (
        f"identifier={her.number}",
        f"_id={her.id}",
        f"name={quote(her.name)}&birthdate={her.born}",
    ):
        for said in ("minimal", "representation", "OperationOutcome"):
            headers = {"if-none-exist": condition, "prefer": f"return={said}"}
            yield client.post("/fhir/Patient", json=other, headers=headers)
        entries = [
            {
                "fullUrl": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
                "resource": other,
                "request": {"method": "POST", "url": "Patient", "ifNoneExist": condition},
            },
            {
                "resource": observation_of(her, subject={"reference": f"Patient?{condition}"}),
                "request": {"method": "POST", "url": "Observation"},
            },
        ]
        for kind in ("batch", "transaction"):
            for sent in (entries, entries[:1], entries[1:]):
                yield client.post("/fhir/", json={"resourceType": "Bundle", "type": kind, "entry": sent})


@attack(("fhir.bundle",), "conditional-write", "overwrite", "everything", by=ALL)
def by_new_kinds_of_entries(client, her):
    kind, name = her.records[-1]
    for request, resource in (
        ({"method": "PATCH", "url": f"{kind}/{name}"}, {"resourceType": "Parameters"}),
        ({"method": "PATCH", "url": f"{kind}?_id={name}"}, {"resourceType": "Parameters"}),
        (
            {"method": "PUT", "url": f"{kind}?_id={name}"},
            {**observation_of(her, id=name), "resourceType": kind},
        ),
        ({"method": "DELETE", "url": f"{kind}?_id={name}"}, None),
        ({"method": "GET", "url": f"Patient/{her.id}/$everything"}, None),
        ({"method": "GET", "url": f"Patient/{her.id}/*"}, None),
        ({"method": "GET", "url": "Condition/_history?_count=400"}, None),
        ({"method": "HEAD", "url": f"{kind}/{name}"}, None),
    ):
        entry = {"request": request} | ({"resource": resource} if resource else {})
        for bundle in ("batch", "transaction"):
            yield client.post("/fhir/", json={"resourceType": "Bundle", "type": bundle, "entry": [entry]})


@attack((*SERVER, *CHANGING), "claim")
def by_claims_beyond_one_record(client, her):
    for headers in CLAIMS:
        yield client.get("/fhir/Patient/_history?_count=400", headers=headers)
        yield client.get(f"/fhir/Patient/{her.id}/*", headers=headers)
        yield client.patch(f"/fhir/Patient/{her.id}", json=TESTS, headers=JSON_PATCH | headers)


@attack(SERVER, "error-text")
def by_faults_beyond_one_record(client, her):
    for path in (
        f"Patient/_history?_since={her.name}",
        f"_history?_at={her.number}",
        f"?_type={her.name}",
        f"Patient/{her.id}/$everything?start={her.name}",
        f"Patient/{her.id}/{her.name}",
        f"Patient/{her.id}/$meta?{her.name}=1",
        f"Patient/{her.id}/$validate?mode={her.name}",
    ):
        yield client.get(f"/fhir/{path}")


@attack((*SERVER, *CHANGING), "nobody", by=("nobody",))
def by_nobody_beyond_one_record(client, her):
    for path in (
        "_history",
        "Patient/_history",
        f"Patient/{her.id}/*",
        f"Patient/{her.id}/$everything",
        f"Patient/{her.id}/$validate",
        "?_type=Patient",
    ):
        yield client.get(f"/fhir/{path}")
    yield client.patch(f"/fhir/Patient/{her.id}", json=TESTS, headers=JSON_PATCH)
    yield client.delete(f"/fhir/Patient?identifier={her.number}")
    yield client.post(f"/fhir/Patient/{her.id}/$meta-add", json=TAG)


@attack(
    ("fhir.match",), "match", "key", "total", "count", "status", "inside", "purpose", "everything", by=ALL
)
def by_describing_her(client, her):
    """By all that is known of her, by parts of it, nearly right, and beside others."""
    whole = {
        "resourceType": "Patient",
        "identifier": [{"value": her.number}],
        "name": [{"text": her.name}],
        "birthDate": her.born,
    }
    parts = [{"resourceType": "Patient", key: whole[key]} for key in ("identifier", "name", "birthDate")]
    near = {**whole, "identifier": [{"value": her.number[:-1]}], "birthDate": f"{her.born[:4]}-01-01"}
    lower = {**whole, "identifier": [{"value": her.number.lower()}]}
    for described in (whole, *parts, near, lower, {**whole, "multipleBirthBoolean": True}):
        for only in (False, True):
            rows = [
                {"name": "resource", "resource": described},
                {"name": "onlyCertainMatches", "valueBoolean": only},
                {"name": "count", "valueInteger": 1 if only else 100},
            ]
            yield client.post("/fhir/Patient/$match", json={"resourceType": "Parameters", "parameter": rows})
    yield client.post(f"/fhir/Patient/{her.id}/$match", json={"resourceType": "Parameters"})
    yield client.get("/fhir/Patient/$match", params={"identifier": her.number})
