"""How the tests send and read FHIR."""

import orjson

FHIR = {"content-type": "application/fhir+json"}


def post(client, path, resource, **headers):
    return client.post(f"/fhir{path}", content=_bytes(resource), headers=FHIR | _named(headers))


def put(client, path, resource, **headers):
    return client.put(f"/fhir{path}", content=_bytes(resource), headers=FHIR | _named(headers))


def get(client, path, **headers):
    return client.get(f"/fhir{path}", headers=_named(headers))


def codes(answer):
    """The stable error codes of an OperationOutcome."""
    said = answer if isinstance(answer, dict) else answer.json()
    assert said["resourceType"] == "OperationOutcome"
    return [issue["details"]["coding"][0]["code"] for issue in said["issue"]]


def ids(answer):
    return [
        entry["resource"]["id"]
        for entry in answer.json().get("entry", [])
        if entry["search"]["mode"] == "match"
    ]


def links(answer):
    return {link["relation"]: link["url"] for link in answer.json()["link"]}


def bundle(kind, *entries):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method, url, resource=None, full_url=None, **request):
    made = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        made["resource"] = resource
    if full_url is not None:
        made["fullUrl"] = full_url
    return made


def statuses(answer):
    return [entry["response"]["status"][:3] for entry in answer.json()["entry"]]


def _named(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _bytes(resource):
    return resource if isinstance(resource, bytes) else orjson.dumps(resource)
