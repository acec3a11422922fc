"""Scenes of writing: nothing about whom one may not see, nothing that decides about another, no choice that
is not one's own."""

from dataclasses import replace

from builders import NOW, condition, observation, patient
from camphora.gate import User
from camphora.policy import Purpose, Role, choices
from camphora.records import Delete, Put
from camphora.records.derived import INCAPABLE, PERSON_STATUS
from consented import consent, treating
from leak.comparing import said
from leak.ground import OTHER
from leak.scenarios import MOTHER, reader, refused, scene


@scene(("fhir.create", "fhir.bundle"), "write-about")
def nothing_is_written_about_whom_one_may_not_see(make):
    """Of the hidden and of nobody alike: no record of theirs comes to be."""
    client = make().client("other")
    for name in ("ada", "nobody"):
        new = {**observation("new", name, "8480-6", "2026-01-01"), "id": "new"}
        assert client.post("/fhir/Observation", json=new).status_code == 422, name
    assert (
        client.post("/fhir/Observation", json=observation("new", "bo", "8480-6", "2026-01-01")).status_code
        == 201
    )
    absent = make(there=False).client("other")
    taken = observation("ada-last", "bo", "8480-6", "2026-01-01")
    there, never = (one.put("/fhir/Observation/ada-last", json=taken) for one in (client, absent))
    assert said(there) == said(never)
    assert there.status_code in {404, 405}


@scene(("fhir.create", "fhir.update", "fhir.delete"), "overwrite", "write-about")
def nobody_writes_what_decides_about_another(make):
    """Choices, identities, who acts for whom, institutions: written by loads or by the person; a Patient is deleted by
    nobody; a pharmacist writes nothing."""
    world = make()
    world.write(patient("kid", "張小寶", "2020-01-01", "A199999999"), MOTHER)
    linked = {"link": [{"other": {"reference": "Patient/dan"}, "type": "replaces"}]}
    bo = patient("bo", "陳美玲", "1990-07-15", "B223456780")
    unnamed = {name: value for name, value in MOTHER.items() if name != "id"}
    refused = [
        ("pharmacist", "PUT", "Observation/bo-1", observation("bo-1", "bo", "8480-6", "2026-03-01")),
        ("pharmacist", "DELETE", "Observation/bo-1", None),
        ("other", "DELETE", "Patient/bo", None),
        ("other", "PUT", "Patient/bo", {**bo, **linked}),
        ("other", "PUT", "RelatedPerson/mother", {**MOTHER, "active": False}),
        ("other", "DELETE", "RelatedPerson/mother", None),
        ("other", "POST", "RelatedPerson", unnamed),
        ("other", "PUT", "Organization/h1", {"resourceType": "Organization", "id": "h1", "name": "無"}),
        ("other", "DELETE", "Organization/h1", None),
        ("other", "DELETE", "Consent/cyd-closes", None),
    ]
    for by, method, path, body in refused:
        answer = world.client(by).request(method, f"/fhir/{path}", json=body)
        assert answer.status_code in {403, 405}, (by, method, path, answer.status_code)
    client = world.client("other")
    new = patient("x", "新來者", "1999-09-09", "F299999999")
    assert client.post("/fhir/Patient", json=new).status_code == 201
    world.remove("RelatedPerson", "mother")
    flag = {
        "resourceType": "Flag",
        "status": "active",
        "code": {"text": "跌倒風險"},
        "subject": {"reference": "Patient/bo"},
    }
    made = client.post("/fhir/Flag", json=flag)
    assert made.status_code == 201
    at = f"/fhir/Flag/{made.json()['id']}"
    assert client.delete(at).status_code in {200, 204}
    assert client.delete(at).status_code in {200, 204}
    assert client.put(at, json={**flag, "id": made.json()["id"]}).status_code in {404, 405, 410}
    no_flag = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "code": {"coding": [{"system": PERSON_STATUS, "code": INCAPABLE}]},
        "subject": {"reference": "Patient/bo"},
    }
    ordered = client.post("/fhir/ServiceRequest", json=no_flag)
    assert ordered.status_code == 201
    at = f"/fhir/ServiceRequest/{ordered.json()['id']}"
    assert client.put(at, json={**ordered.json(), "priority": "urgent"}).status_code == 200
    reading = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentaction", "code": "access"}]
    }
    world.choose("dan-denies", consent("x", "dan", treating(action=[reading])))
    theirs = {**condition("dan-1", "dan", "I10", None), "note": [{"text": "改"}]}
    assert client.put("/fhir/Condition/dan-1", json=theirs).status_code in {404, 405}
    assert client.put("/fhir/Patient/bo", json=bo).status_code == 200
    assert client.delete("/fhir/Observation/bo-1").status_code in {200, 204}
    assert client.get("/fhir/Observation/bo-1").status_code == 410
    world.write(condition("bo-kept", "bo", "I10", None))
    world.choose(
        "bo-keeps",
        consent("x", "bo", treating(action=[{"coding": [{**reading["coding"][0], "code": "correct"}]}])),
    )
    kept = client.get("/fhir/Condition/bo-kept")
    assert kept.status_code == 200
    assert client.put(
        "/fhir/Condition/bo-kept", json={**kept.json(), "note": [{"text": "改"}]}
    ).status_code in {404, 405}


@scene(("fhir.create", "fhir.update", "fhir.delete"), "overwrite", "delegated")
def a_choice_is_given_by_whose_act_it_is(make):
    """Nobody gives one in the name of another; a child neither gives one nor ends what was given for it."""
    world = make()
    store, gate = world.installation.store, world.installation.gate
    world.write(patient("kid", "張小寶", "2020-01-01", "A199999999"))
    gate.identity.add_user(User("kid", "張小寶", Role.CITIZEN, None, "kid"), None)
    world.choose("kid-restricts", choices.restrict("kid", OTHER, NOW))
    dan, kid = (gate.access(reader(world, name), Purpose.SELF) for name in ("stranger", "kid"))
    own = consent("x", "dan", treating())
    for access, change, code in (
        (
            dan,
            Put({**own, "performer": [{"reference": "Patient/bo"}]}, expect="new"),
            "records-act-of-another",
        ),
        (dan, Put(own, expect="new"), ""),
        (kid, Put(consent("y", "kid", treating()), expect="new"), "records-act-not-able"),
        (kid, Delete("Consent", "kid-restricts"), "records-act-not-able"),
    ):
        assert refused(lambda a=access, c=change: store.write(a, [c])) == code, change
    of_nobody = {
        key: value for key, value in consent("of-nobody", "dan", treating()).items() if key != "patient"
    }
    assert refused(lambda: world.write(of_nobody)) == "records-no-person"


@scene(("fhir.delete", "fhir.bundle"), "overwrite", "write-about", "status")
def nothing_is_deleted_that_one_may_not_see_or_change(make):
    """Of her who hides, of nobody, and of whoever lets nobody put right what stands there, alike; nor another version
    than was meant."""
    world = make()
    store = world.installation.store
    access = world.installation.gate.access(reader(world, "other"))
    correct = {"system": "http://terminology.hl7.org/CodeSystem/consentaction", "code": "correct"}
    world.choose("dan-keeps", consent("x", "dan", treating(action=[{"coding": [correct]}])))
    assert store.read(access, "Condition", "dan-1").version == 1
    for kind, name in (
        ("Observation", "ada-last"),
        ("Observation", "never"),
        ("Condition", "cyd-shut"),
        ("Condition", "dan-1"),
    ):
        assert refused(lambda k=kind, n=name: store.write(access, [Delete(k, n)])) == "records-not-found", (
            name
        )
    meant = Delete("Observation", "bo-1", if_match=9)
    assert refused(lambda: store.write(access, [meant])) == "records-version-conflict"
    assert refused(lambda: store.write(access, [replace(meant, if_match=1)])) == ""
