"""A person who may not be seen is as one who does not exist: the whole answer is the same in both worlds.

In one world Ada is there and has chosen; in the other she, or the closed part of her record, never was. Each
request goes to both; status, headers and body must not differ. Of page tokens, which are sealed with each store's
own secret, the length is compared.
"""

import hashlib
import re
import sys
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from builders import NOW, clinician, condition, observation, patient, people
from camphora.policy import Purpose, Reader, Request, Role, admit
from camphora.policy.choices import close_part, restrict, stop_secondary_use
from camphora.policy.internal import following, loading
from camphora.policy.paths import declared
from camphora.records import Delete, Put, SQLiteStore
from camphora.terminology.operations.requests import Desk
from camphora.terminology.operations.resources import ResourceLibrary
from camphora.web.fhir import Api, fhir_routes
from web.fhir.asking import FHIR, bundle, entry, get, ids, links, post

LOAD = loading("test")
FORM = {"content-type": "application/x-www-form-urlencoded"}
ADA = patient("ada", "王大明", "1950-02-01", "A123456780")
HERS = observation("o1", "ada", "8480-6", "2026-01-05")
MOVED = observation("o4", "ada", "8480-6", "2026-03-01")
PART = condition("c1", "ada", "F32.9", "PSY")
PLAIN = condition("c1", "ada", "I10", None)
PROBLEMS = [
    {
        "resourceType": "List", "id": f"problems-{person}", "status": "current", "mode": "working",
        "code": {"coding": [{"system": "http://loinc.org", "code": "11450-4"}]},
        "subject": {"reference": f"Patient/{person}"},
        "entry": [{"item": {"reference": f"Condition/{name}"}} for name in names],
    }
    for person, names in {"ada": ["c1"], "bo": ["c2"]}.items()
]  # fmt: skip
"""Current problems, which a search names by what they are for."""


def _officer():
    return admit(Request(Reader("officer", "陳技士", Role.OFFICER), Purpose.SECONDARY)).access


SCENARIOS = {
    "restricted": (clinician(), restrict("ada", "h1", NOW)),
    "stopped": (_officer(), stop_secondary_use("ada", NOW)),
    "closed": (clinician(), close_part("ada", "PSY", NOW)),
}


class _Ids:
    """New ids, the same for the same request to both worlds and for no other."""

    def __init__(self):
        self.request, self.count = "", 0

    def of(self, *request):
        self.request, self.count = hashlib.sha256(repr(request).encode()).hexdigest()[:12], 0

    def next(self):
        self.count += 1
        return f"new-{self.request}-{self.count}"


NEW = _Ids()


def _of_ada(resource):
    reference = resource.get("subject", {}).get("reference", "")
    return resource["id"] == "ada" or reference == "Patient/ada"


def _absent(name, resource):
    """What is hidden: of a closed part also the list that points into it, which bears its label."""
    return resource["id"] in {"c1", "problems-ada"} if name == "closed" else _of_ada(resource)


def _world(folder, name, *, present):
    access, choice = SCENARIOS[name]
    store = SQLiteStore(folder)
    kept = [row for row in (*people(), *PROBLEMS) if present or not _absent(name, row)]
    store.write(LOAD, [Put(row) for row in kept])
    if present:
        store.write(LOAD, [Put(choice), *([Delete("Observation", "o2")] if name != "closed" else [])])
    api = Api(store, lambda _: access, base="http://camphora.test/fhir")
    client = TestClient(Starlette(routes=[Mount("/fhir", routes=fhir_routes(api))]))
    return SimpleNamespace(store=store, client=client, close=lambda: (store.close(), api.calls.shutdown()))


@pytest.fixture(scope="module", params=SCENARIOS)
def worlds(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("camphora.records.writing._now", lambda _: 1_790_000_000_000)
        for module in ("camphora.records.prepare", "camphora.web.fhir.resolving"):
            patch.setattr(sys.modules[module], "new_id", NEW.next)
        folder = tmp_path_factory.mktemp(request.param)
        there = _world(folder / "there", request.param, present=True)
        never = _world(folder / "never", request.param, present=False)
        yield SimpleNamespace(there=there, never=never, name=request.param)
        there.close()
        never.close()


TEST = [{"op": "test", "path": "/id", "value": "ada"}]
TAG = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "t"}]}}]}
BY_SEARCH = observation("x", "ada", "8480-6", "2026-05-01") | {
    "subject": {"reference": "Patient?identifier=A123456780"}
}

GETS = {
    "fhir.audit-events": ["/AuditEvent?patient=ada", "/AuditEvent?patient=Patient/ada&_count=1", "/AuditEvent/0"],
    "fhir.read": [
        "/Patient/ada", "/Observation/o1", "/Observation/o2", "/Condition/c1", "/Patient/ada?_summary=true",
        "/Condition/c1?_elements=code", "/Patient/ada?_pretty=true",
    ],
    "fhir.vread": [
        "/Patient/ada/_history/1", "/Patient/ada/_history/2", "/Observation/o2/_history/1",
        "/Condition/c1/_history/1",
    ],
    "fhir.history": [
        "/Patient/ada/_history", "/Observation/o2/_history", "/Condition/c1/_history",
        "/Patient/ada/_history?_since=2020-01-01T00:00:00Z", "/Patient/ada/_history?_count=1",
        "/Observation/o1/_history?_at=2026",
        "/Patient/ada/_history?_since=2099-01-01T00:00:00Z",
    ],
    "fhir.history-type": [
        "/Patient/_history", "/Observation/_history?_count=2", "/Condition/_history?_at=2026", "/Consent/_history",
        "/Observation/_history?_since=2020-01-01T00:00:00Z&_elements=id",
    ],
    "fhir.history-all": ["/_history", "/_history?_count=3", "/_history?_since=2020-01-01T00:00:00Z",
        "/_history?_at=2026"],
    "fhir.search-all": [
        "/?_type=Patient,Observation", "/?_id=ada", "/?_type=Patient,Condition&_summary=count",
        "/?_lastUpdated=ge2000&_count=2",
        "/?_type=Condition&code=F32.9&_total=accurate",
    ],
    "fhir.compartment": [
        "/Patient/ada/Observation", "/Patient/ada/*", "/Patient/ada/Condition?_total=accurate",
        "/Patient/bo/*?_summary=count", "/Patient/ada/Condition?_list=$current-problems",
    ],
    "fhir.everything": ["/Patient/ada/$everything", "/Patient/bo/$everything",
        "/Patient/ada/$everything?_type=Condition",
                        "/Encounter/ada/$everything"],
    "fhir.validate-record": ["/Patient/ada/$validate", "/Condition/c1/$validate?mode=delete",
        "/Observation/o4/$validate"],
    "fhir.meta": ["/Patient/ada/$meta", "/Condition/c1/$meta", "/Observation/o1/$meta", "/Observation/o4/$meta"],
    "fhir.search": [
        "/Patient?_id=ada", "/Patient?name=王", "/Patient?identifier=A123456780", "/Patient?_total=accurate",
        "/Patient?_id=ada&_summary=count", "/Patient?birthdate=1950-02-01", "/Patient?_sort=birthdate",
        "/Observation?patient=ada", "/Observation?subject=Patient/ada&_total=accurate", "/Observation?_sort=-date",
        "/Observation?_count=1", "/Observation?_summary=count", "/Observation?code=4548-4&_total=accurate",
        "/Observation?_sort=-_lastUpdated&_total=accurate", "/Observation?_lastUpdated=ge2000-01-01",
        "/Observation?patient:missing=false&_summary=count", "/Observation?date=2026-02&_count=0",
        "/Condition?patient=ada", "/Condition?code=F32.9&_total=accurate", "/Condition?_summary=count",
        "/Condition?_security=PSY", "/Condition?_security:missing=true&_summary=count", "/Consent?patient=ada",
        "/Condition?patient=ada&_list=$current-problems", "/Condition?patient=bo&_list=$current-problems",
        "/Condition?patient=ada,bo&_list=$current-problems&_total=accurate", "/Condition?_list=problems-ada",
        "/Patient?_id=ada&_elements=name", "/Condition?patient=ada&_summary=true", "/Patient?near=1&_id=ada",
    ],
}  # fmt: skip
BODIES = {
    "fhir.search-post": [("POST", "/Observation/_search", "patient=ada"), ("POST", "/Patient/_search?_id=ada", "")],
    "fhir.create": [
        ("POST", "/Observation", observation("", "ada", "8480-6", "2026-05-01") | {"id": "x"}),
        ("POST", "/Observation", observation("x", "ada", "8480-6", "2026-13-01")),
    ],
    "fhir.update": [("PUT", "/Patient/ada", ADA), ("PUT", "/Observation/o1", HERS), ("PUT", "/Observation/o4", MOVED),
                    ("PUT", "/Observation/o2", HERS | {"id": "o2"}), ("PUT", "/Condition/c1", PART)],
    "fhir.update-where": [("PUT", "/Patient?identifier=A123456780", {k: v for k, v in ADA.items() if k != "id"}),
                          ("PUT", "/Observation?_id=o1", HERS)],
    "fhir.patch": [("PATCH", "/Patient/ada", TEST), ("PATCH", "/Condition/c1", TEST), ("PATCH",
        "/Observation/o1", [])],
    "fhir.patch-where": [("PATCH", "/Patient?identifier=A123456780", TEST), ("PATCH", "/Condition?code=F32.9", [])],
    "fhir.delete-where": [("DELETE", "/Observation?_id=o1", None), ("DELETE", "/Condition?code=F32.9", None)],
    "fhir.meta-add": [("POST", "/Patient/ada/$meta-add", TAG), ("POST", "/Condition/c1/$meta-add", TAG)],
    "fhir.meta-delete": [("POST", "/Patient/ada/$meta-delete", TAG), ("POST", "/Condition/c1/$meta-delete", TAG)],
    "fhir.match": [
        ("POST", "/Patient/$match",
         {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": each}]})
        for each in (ADA, {"resourceType": "Patient", "identifier": ADA["identifier"]})
    ],
    "fhir.delete": [("DELETE", "/Patient/ada", None), ("DELETE", "/Observation/o1", None),
                    ("DELETE", "/Condition/c1", None)],
    "fhir.bundle": [
        ("POST", "/", bundle(kind, *entries))
        for kind in ("transaction", "batch")
        for entries in (
            [entry("GET", "Patient/ada")],
            [entry("GET", "Condition/c1"), entry("GET", "Observation?patient=ada&_total=accurate")],
            [entry("PUT", "Patient/ada", ADA, "urn:uuid:1")],
            [entry("PUT", "Condition/c1", PART), entry("GET", "Patient?_summary=count")],
            [entry("POST", "Observation", HERS)],
            [entry("POST", "Patient", ADA, "urn:uuid:1", ifNoneExist="identifier=A123456780")],
            [entry("PUT", "Condition?_id=c1", {k: v for k, v in PLAIN.items() if k != "id"})],
            [entry("DELETE", "Observation?patient=ada&code=8480-6")],
            [entry("POST", "Observation", BY_SEARCH)],
            [entry("GET", "Patient/ada/$everything"), entry("GET", "Patient/ada/*"), entry("GET", "_history")],
            [entry("DELETE", "Observation/o1"), entry("DELETE", "Condition/c1")],
            [entry("DELETE", "Observation/o1", ifMatch='W/"9"'), entry("GET", "Patient/ada/_history")],
        )
    ],
}  # fmt: skip
BY_JOBS = {"fhir.export", "fhir.export.status", "fhir.export.file"}
"""Answered by jobs of an installation: tests/web/fhir/test_export.py, tests/leak/attacks_bulk.py."""
HELD = [
    {},
    {"if-none-match": 'W/"1"'},
    {"if-match": 'W/"1"'},
    {"if-match": 'W/"7"'},
    {"prefer": "handling=strict"},
]

REQUESTS = [("GET", path, None) for paths in GETS.values() for path in paths]
REQUESTS += [row for rows in BODIES.values() for row in rows]


def _told(world, method, path, body, headers):
    NEW.of(method, path, body, headers)
    if method == "PATCH":
        headers = headers | {"content-type": "application/json-patch+json"}
    sent = (
        {"content": body, "headers": FORM | headers}
        if isinstance(body, str)
        else {"json": body, "headers": FHIR | headers}
    )
    answer = world.client.request(
        method, f"/fhir{path}", **(sent if body is not None else {"headers": headers})
    )
    text = re.sub(r'_page=[^"&]+', lambda token: "*" * len(token[0]), answer.text)
    return answer.status_code, dict(answer.headers), text


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_hidden_is_absent(worlds, method, path, body):
    for headers in HELD:
        there = _told(worlds.there, method, path, body, headers)
        never = _told(worlds.never, method, path, body, headers)
        assert there == never


def test_the_two_worlds_differ_for_who_may_see(worlds):
    """What is compared above is not empty in both."""
    api = Api(worlds.there.store, lambda _: LOAD)
    client = TestClient(Starlette(routes=[Mount("/fhir", routes=fhir_routes(api))]))
    assert get(client, "/Condition/c1").status_code == 200
    assert get(client, "/Condition?_security=PSY&_id=c1&_summary=count").json()["total"] == 1
    current = get(client, "/Condition?patient=ada&_list=$current-problems")
    assert ids(current) == ["c1"]
    seen = get(worlds.never.client, "/Condition?_id=c1,c2&_summary=count")
    if worlds.name == "stopped":
        assert seen.status_code == 403
    else:
        assert seen.json()["total"] == (worlds.name == "closed")
    api.calls.shutdown()


def test_nothing_hidden_was_changed_by_asking(worlds):
    if worlds.name != "closed":
        assert worlds.there.store.read(following("t"), "Patient", "ada").version == 1
        assert worlds.there.store.read(following("t"), "Observation", "o1").version == 1
    assert worlds.there.store.read(following("t"), "Condition", "c1").version == 1


def test_every_path_that_reaches_persons_is_asked(loaded):
    reaching = {path.name for path in declared() if path.name.startswith("fhir.") and path.reach == "persons"}
    api = Api(loaded, lambda _: clinician(), desk=Desk(ResourceLibrary([])))
    routes = {route.name for route in fhir_routes(api)}
    assert reaching - BY_JOBS == GETS.keys() | BODIES.keys()
    assert routes | {"fhir.audit-events"} == {
        path.name for path in declared() if path.name.startswith("fhir.")
    }


def test_a_choice_made_between_two_pages_holds_on_the_second(doctor, loaded):
    first = get(doctor, "/Observation?_count=1&_sort=-date")
    loaded.write(LOAD, [Put(restrict("ada", "h1", NOW))])
    second = doctor.get(links(first)["next"])
    assert ids(second) == (["o4"] if ids(first) != ["o4"] else [])


def test_a_version_held_before_a_choice_says_nothing_after_it(doctor, loaded):
    tag = get(doctor, "/Patient/ada").headers["etag"]
    assert get(doctor, "/Patient/ada", if_none_match=tag).status_code == 304
    loaded.write(LOAD, [Put(restrict("ada", "h1", NOW))])
    assert get(doctor, "/Patient/ada", if_none_match=tag).status_code == 404


def test_a_withdrawn_choice_opens_the_record_again(doctor, loaded):
    choice = restrict("ada", "h1", NOW) | {"id": "choice"}
    loaded.write(LOAD, [Put(choice)])
    assert get(doctor, "/Patient/ada").status_code == 404
    loaded.write(LOAD, [Put(choice | {"status": "inactive"})])
    assert get(doctor, "/Patient/ada").status_code == 200


def test_a_record_that_names_nobody_cannot_be_brought_in(doctor):
    nameless = {key: value for key, value in HERS.items() if key != "subject"}
    assert post(doctor, "/Observation", nameless).status_code == 422
