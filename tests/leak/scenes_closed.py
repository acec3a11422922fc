"""Scenes of kinds that are closed: a label that comes later, and what the notice of a closed part tells."""

import json

from builders import NOW, condition, observation
from camphora.gate import User
from camphora.policy import Purpose, Role, choices
from leak import attacks as fhir
from leak.comparing import said
from leak.ground import OTHER, SHUT, labelled
from leak.scenarios import CLINIC, reader, scene, sees

ICD_10 = "http://hl7.org/fhir/sid/icd-10-cm"
JSON_PATCH = "application/json-patch+json"
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


def _beside(world, references):
    """A world in which a doctor of the other hospital has written a record about kim that points to these."""
    client = world.client("other")
    pointing = {**observation("own", "kim", "8867-4", "2026-06-06"), "focus": references}
    made = client.post("/fhir/Observation", json=pointing)
    assert made.status_code == 201
    return f"/fhir/Observation/{made.json()['id']}"


@scene(("fhir.create", "fhir.read", "fhir.search", "clinic.record"), "planted")
def what_points_where_its_writer_may_not_look_is_kept_for_who_may(make):
    """A colleague sees of it what its writer sees, in both worlds; she of whom it is reads it; nobody is told what the
    other bears; a load, which sees all, opens it by another version."""
    for there in (True, False):
        world = make(there=there)
        gate, store = world.installation.gate, world.installation.store
        for user in (
            User("colleague", "他院同事", Role.CLINICIAN, OTHER, None),
            User("kim", "趙心怡", Role.CITIZEN, None, "kim"),
        ):
            gate.identity.add_user(user, None)
        at = _beside(world, [{"reference": "Condition/kim-hiv"}])
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


@scene(("fhir.create", "fhir.patch", "fhir.read"), "planted")
def who_changes_what_points_already_closes_nothing(make):
    """A record keeps pointing as it did: whoever changes something else in it need not see where."""
    world = make()
    pointing = {
        **observation("old", "bo", "8867-4", "2026-06-06"),
        "focus": [{"reference": "Condition/ada-illness"}],
    }
    world.write(pointing)
    world.choose("bo-closes", choices.close_part("bo", "HIV", NOW))
    client = world.client("other")
    change = [{"op": "add", "path": "/note", "value": [{"text": "改"}]}]
    patched = client.patch("/fhir/Observation/old", json=change, headers={"content-type": JSON_PATCH})
    assert patched.status_code == 200
    assert client.get("/fhir/Observation/old").status_code == 200
    assert "ada-illness" not in client.get("/fhir/Observation/old/$meta").json()["parameter"][-1].get(
        "part", ""
    )


@scene(("fhir.create", "fhir.read"), "planted", "label-later")
def a_reference_that_was_planted_tells_nothing_later(make):
    """About another person: what is seen now and hidden then must not be told by what becomes of the writer's own."""
    told = []
    for code in ("I10", "B20"):
        world = make()
        client = world.client("other")
        world.choose("kim-shuts", choices.close_part("kim", "HIV", NOW))
        made = client.post(
            "/fhir/Observation",
            json={
                **observation("own", "kim", "8867-4", "2026-06-06"),
                "focus": [{"reference": "Condition/bo-2"}],
            },
        )
        world.choose("bo-restricts", choices.restrict("bo", OTHER, NOW))
        world.write(condition("bo-2", "bo", code, None))
        told.append(said(client.get(f"/fhir/Observation/{made.json()['id']}")))
    assert told[0] == told[1]
