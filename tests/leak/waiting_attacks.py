"""Attacks on paths that do not exist yet: refused in every world alike, until the path comes and must be tried."""

from leak.attacks import RECORD, attack

REFUSED = frozenset({400, 401, 403, 404, 405, 406, 415, 422, 501})


@attack(RECORD[:1], "summary", waits=True)
def by_operations_on_her(client, her):
    for path in (
        f"Patient/{her.id}/$summary",
        f"Patient/$summary?identifier={her.number}",
        f"Composition/{her.records[-1][1]}/$document",
        f"Observation/$lastn?patient={her.id}",
        f"DocumentReference/$docref?patient={her.id}",
        f"Observation/$stats?subject=Patient/{her.id}&code=4548-4&statistic=count",
        f"Patient/{her.id}/$diff",
    ):
        yield client.get(f"/fhir/{path}")
    match = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "resource",
                "resource": {"resourceType": "Patient", "identifier": [{"value": her.number}]},
            }
        ],
    }
    for path in ("Patient/$member-match", "Patient/$merge"):
        yield client.post(f"/fhir/{path}", json=match)


@attack(("fhir.search",), "graphql", waits=True)
def by_graphql(client, her):
    asked = f'{{Patient(id:"{her.id}"){{name{{text}}}}}}'
    for path in ("/fhir/$graphql", f"/fhir/Patient/{her.id}/$graphql", "/graphql"):
        yield client.get(path, params={"query": asked})
        yield client.post(path, json={"query": asked})


@attack(("fhir.create",), "subscription", waits=True)
def by_subscribing(client, her):
    subscription = {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "t",
        "criteria": f"Observation?patient={her.id}",
        "channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1:9"},
    }
    yield client.post("/fhir/Subscription", json=subscription)
    for path in ("Subscription/s/$status", "Subscription/$status", "Subscription/s/$events"):
        yield client.get(f"/fhir/{path}")


@attack(("fhir.search",), "view", by=("other", "analyst"), waits=True)
def by_views(client, her):
    asked = {
        "resourceType": "Parameters",
        "parameter": [{"name": "patient", "valueReference": {"reference": f"Patient/{her.id}"}}],
    }
    for path in (
        "ViewDefinition/$run",
        "ViewDefinition/patient/$run",
        "$viewdefinition-run",
        "$sqlquery-run",
        "ViewDefinition/$export",
    ):
        yield client.post(f"/fhir/{path}", json=asked)
        yield client.get(f"/fhir/{path}?patient=Patient/{her.id}")


@attack(("fhir.search",), "hook", waits=True)
def by_hooks(client, her):
    yield client.get("/cds-services")
    asked = {
        "hook": "patient-view",
        "hookInstance": "i",
        "context": {"patientId": her.id, "userId": "Practitioner/p1"},
        "prefetch": {"patient": {"resourceType": "Patient", "id": her.id}},
    }
    for path in ("/cds-services/any", "/fhir/cds-services/any"):
        yield client.post(path, json=asked)


@attack(("fhir.search",), "smart", waits=True)
def by_scopes_of_smart(client, her):
    for path in (
        "/.well-known/smart-configuration",
        "/fhir/.well-known/smart-configuration",
        "/auth/authorize?scope=patient/Observation.rs",
    ):
        yield client.get(path)
    asked = {"grant_type": "client_credentials", "scope": "system/*.read", "patient": her.id}
    for path in ("/auth/token", "/auth/introspect", "/fhir/auth/token"):
        yield client.post(path, data=asked)


@attack(("fhir.read", "fhir.search"), "merged", waits=True)
@attack(
    (
        "clinic.patient",
        "clinic.timeline",
        "clinic.results",
        "clinic.notify",
        "clinic.record",
        "fhir.vread",
        "fhir.history",
        "fhir.search-post",
    ),
    "merged",
    waits=True,
)
def by_merging(client, her):
    """Until identities can be merged nothing links the other one: the operation is refused."""
    for path in ("Patient/$merge", "Patient/$link"):
        yield client.post(f"/fhir/{path}", json={"resourceType": "Parameters"})
