"""Scenes of kinds that are closed: a label that comes later, and what the notice of a closed part tells."""

from builders import NOW, condition, observation
from camphora.policy import choices
from leak import attacks as fhir
from leak.comparing import said
from leak.ground import SHUT, labelled
from leak.scenarios import CLINIC, scene, sees

ICD_10 = "http://hl7.org/fhir/sid/icd-10-cm"
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
