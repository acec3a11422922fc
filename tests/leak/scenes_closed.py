"""Scenes of kinds that are closed: a label that comes later, and what the notice of a closed part tells."""

import json

from builders import NOW, condition, observation
from camphora.gate import User
from camphora.policy import Purpose, Role, choices
from camphora.records import Put
from leak import attacks as fhir
from leak.comparing import said
from leak.ground import OTHER, SHUT, labelled
from leak.scenarios import CLINIC, reader, scene, sees

ICD_10 = "http://hl7.org/fhir/sid/icd-10-cm"
JSON_PATCH = "application/json-patch+json"
FRESH = "urn:uuid:5a2f1d0e-7a51-4c1f-9a55-0d7f4f1f2c11"
CLOSED = "未顯示"
"""Stands in the notice that a part is closed, and nowhere else."""


@scene((*fhir.RECORD, "fhir.search", "fhir.search-post", *CLINIC[:-1]), "label-later", "closed-part")
def a_label_that_comes_later_takes_the_past_along(make):
    world = make(there=False)
    client = world.client("other")
    plain = {**observation("late", "cyd", "8480-6", "2026-05-05"), "note": [{"text": SHUT}]}
    world.write(plain)
    assert sees(world, path="/fhir/Observation/late")
    world.write(labelled(plain))
    for path in ("", "/_history", "/_history/1", "/_history/2"):
        assert client.get(f"/fhir/Observation/late{path}").status_code == 404
    assert SHUT not in client.get("/fhir/Observation?patient=cyd").text
    assert client.get("/records/Observation/late").status_code == 404
    for part in ("", "/timeline", "/results"):
        assert SHUT not in client.get(f"/patients/cyd{part}").text
    world.write({**plain, "note": [{"text": "無"}]})
    assert SHUT in client.get("/fhir/Observation/late/_history/1").text, "what was never closed is seen again"
    assert client.get("/fhir/Observation/late/_history/2").status_code == 404
    assert client.get("/fhir/Observation/late/_history/3").status_code == 200
    told = client.get("/fhir/Observation/late/_history").json()
    assert [entry["resource"]["meta"]["versionId"] for entry in told["entry"]] == ["3", "1"]


@scene(("clinic.patient", "clinic.record", "fhir.search"), "closed-part")
def a_closed_part_is_named_whether_or_not_it_holds_anything(make):
    """Nothing, one or many: the page that names the closed part is the same page."""
    pages = []
    for number in (0, 1, 7):
        world = make(there=False)
        world.write(*(condition(f"shut-{one}", "cyd", "F20.0", "PSY") for one in range(number)))
        client = world.client("other")
        pages.append(
            [
                said(client.get(path))
                for path in (
                    "/patients/cyd",
                    "/records/Condition/cyd-open",
                    "/fhir/Condition?patient=cyd&_total=accurate",
                )
            ]
        )
        assert CLOSED in client.get("/patients/cyd").text
        assert CLOSED in client.get("/records/Condition/cyd-open").text
    assert pages[0] == pages[1] == pages[2]
    assert CLOSED not in client.get("/patients/bo").text


@scene(("clinic.patient", "clinic.record", "fhir.search"), "ruled-part", "closed-part")
def a_code_that_is_closed_is_named_whether_or_not_it_holds_anything(make):
    """As with a kind: nothing, one or many records under a closed code are one page, which says so."""
    closing = choices.close_part("bo", "PSY", NOW)
    del closing["provision"]["securityLabel"]
    closing["provision"]["code"] = [{"coding": [{"code": "F20.0", "system": ICD_10}]}]
    pages = []
    for number in (0, 1, 7):
        world = make(there=False)
        world.write(*(condition(f"coded-{one}", "bo", "F20.0", None) for one in range(number)))
        world.choose("bo-closes", closing)
        client = world.client("other")
        asked = ("/patients/bo", "/fhir/Condition?patient=bo&_total=accurate")
        pages.append([said(client.get(path)) for path in asked])
        assert CLOSED in client.get("/patients/bo").text
    assert pages[0] == pages[1] == pages[2]


def _own(about, *references, **said):
    """A record of the writer's own that points to these."""
    return {**observation("own", about, "8867-4", "2026-06-06"), "focus": [{"reference": each} for each in references],
            **said}  # fmt: skip


def _posted(world, resource):
    """The address at which a doctor of the other hospital has written a record."""
    kind = resource["resourceType"]
    made = world.client("other").post(f"/fhir/{kind}", json=resource)
    assert made.status_code == 201
    return f"/fhir/{kind}/{made.json()['id']}"


@scene(("fhir.create", "fhir.read", "clinic.record"), "planted")
def what_points_where_its_writer_may_not_look_is_kept_for_who_may(make):
    """A colleague sees of it what its writer sees, in both worlds; she of whom it is reads it, and nobody is told what
    the other bears; a load, which sees all, opens it by another version."""
    for there in (True, False):
        world = make(there=there)
        gate, store = world.installation.gate, world.installation.store
        for user in (
            User("colleague", "他院同事", Role.CLINICIAN, OTHER, None),
            User("kim", "趙心怡", Role.CITIZEN, None, "kim"),
        ):
            gate.identity.add_user(user, None)
        at = _posted(world, _own("kim", "Condition/kim-hiv"))
        name = at.rpartition("/")[2]
        for by in ("other", "colleague"):
            assert world.client(by).get(at).status_code == 404
        own = gate.access(reader(world, "kim"), Purpose.SELF)
        kept = json.loads(store.read(own, "Observation", name).body)
        assert kept["focus"] == [{"reference": "Condition/kim-hiv"}]
        assert store.rules_of(own, "Observation", name) == [("*", "points:unseen")]
        world.write({**kept, "focus": [{"reference": "Encounter/kim-open"}]})
        assert world.client("other").get(at).status_code == 200
        assert world.client("other").get(f"{at}/_history/1").status_code == 404


@scene(("fhir.create", "fhir.patch", "fhir.read", "fhir.meta", "fhir.bundle"), "planted")
def who_sees_where_a_record_points_closes_nothing(make):
    """Nor who changes something else in what points already; nor who names what is nobody's; nor who writes both."""
    world = make()
    store, gate, client = world.installation.store, world.installation.gate, world.client("other")
    for references in (("Encounter/kim-open",), ("Medication/hiv-medicine-never",), ("Device/never",)):
        assert client.get(_posted(world, _own("kim", *references))).status_code == 200
    world.write({**_own("bo", "Condition/ada-illness"), "id": "old"})
    world.choose("bo-closes", choices.close_part("bo", "HIV", NOW))
    change = [{"op": "add", "path": "/note", "value": [{"text": "改"}]}]
    patched = client.patch("/fhir/Observation/old", json=change, headers={"content-type": JSON_PATCH})
    assert patched.status_code == 200
    assert client.get("/fhir/Observation/old").status_code == 200
    assert "ada-illness" not in client.get("/fhir/Observation/old/$meta").text, "what she bears is told"
    assert "ada-illness" in world.client("welcome").get("/fhir/Observation/old/$meta").text
    gate.identity.add_user(User("kim", "趙心怡", Role.CITIZEN, None, "kim"), None)
    entry = [
        {"fullUrl": FRESH, "resource": condition("new", "kim", "B20", None)},
        {"resource": _own("kim", FRESH)},
    ]
    sent = [{**one, "request": {"method": "POST", "url": one["resource"]["resourceType"]}} for one in entry]
    answer = client.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": sent})
    assert answer.status_code == 200
    named, own = (one["response"]["location"].split("/")[-3] for one in answer.json()["entry"])
    told = store.rules_of(gate.access(reader(world, "kim"), Purpose.SELF), "Observation", own)
    assert told == [("HIV", f"points:Condition/{named}")]


@scene(("fhir.create", "fhir.update", "fhir.read", "fhir.history"), "planted", "label-later")
def a_reference_that_was_planted_tells_nothing_later(make):
    """What is seen now and hidden then, about somebody else; what was never seen, when another closes a part; and what
    one transaction writes twice."""
    told = []
    for code in ("I10", "B20"):
        world = make()
        client, store = world.client("other"), world.installation.store
        seen = _posted(world, _own("kim", "Condition/bo-2"))
        twice = _posted(world, _own("dan", "Condition/kim-later"))
        again = _own("dan", "Condition/kim-later", id=twice.rpartition("/")[2], note=[{"text": "改"}])
        assert client.put(twice, json=again).status_code == 200
        both = _posted(world, observation("own", "dan", "8867-4", "2026-06-06"))
        access = world.installation.gate.access(reader(world, "other"))
        versions = (
            _own("dan", one, id=both.rpartition("/")[2]) for one in ("Condition/kim-later", "Condition/dan-1")
        )
        store.write(access, [Put(one) for one in versions])
        world.choose("bo-restricts", choices.restrict("bo", OTHER, NOW))
        world.choose("dan-closes", choices.close_part("dan", "HIV", NOW))
        world.write(condition("bo-2", "bo", code, None), condition("kim-later", "kim", code, None))
        told.append([said(client.get(f"{at}{rest}")) for at in (seen, twice, both)
                     for rest in ("", "/_history/1", "/_history/2", "/_history")])  # fmt: skip
        assert client.get(both).status_code == 200
    assert told[0] == told[1]
