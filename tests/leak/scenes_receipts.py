"""Scenes of receipts: each reading leaves one, which tells nobody else; and those who watch over the reading."""

import re

from camphora.gate import User
from camphora.policy import Role
from camphora.policy.internal import deciding
from leak import portal_attacks as portal
from leak.comparing import hold_no_secret
from leak.ground import ADA, WRITTEN
from leak.scenarios import FHIR, reader, scene


@scene(portal.RECEIPTS, "receipt")
def receipts_of_others_are_as_if_they_were_not(make):
    """One that there is, of somebody else's reading, and one that there is not."""
    world = make()
    for path in ("/fhir/Patient/ada", "/fhir/Observation?patient=ada", "/fhir/Patient/bo"):
        assert world.client("welcome").get(path).status_code == 200
    world.installation.store.settle()
    own, stranger = world.client("ada"), world.client("stranger")
    hers = [number for number in range(12) if own.get(f"/me/looked/{number}").status_code == 200]
    assert hers
    for number in hers:
        for path in ("", "/proof.json"):
            there, never = (stranger.get(f"/me/looked/{one}{path}") for one in (number, 999))
            assert there.status_code == never.status_code == 404
            assert re.sub(rf"(looked/|編號 ){number}\b", "N", there.text) == re.sub(
                r"(looked/|編號 )999\b", "N", never.text
            )
    assert "主治醫師" in own.get("/me/looked").text
    assert "主治醫師" not in stranger.get("/me/looked").text
    proof = own.get(f"/me/looked/{hers[0]}/proof.json").text
    assert not any(secret in proof for secret in (ADA.number, ADA.name, "ada-", WRITTEN))


@scene((*FHIR, "citizen.looked"), "receipt")
def each_reading_leaves_its_receipt(make):
    """Of what was found, and of what was not because it is hidden."""
    world = make()
    store = world.installation.store

    def looks(path, by):
        before = len(store.looks(deciding("ada"), "ada"))
        world.client(by).get(path)
        store.settle()
        return len(store.looks(deciding("ada"), "ada")) - before

    for path in (
        "/fhir/Patient/ada",
        "/fhir/Patient/ada/_history",
        "/fhir/Patient/ada/_history/1",
        "/fhir/Observation?patient=ada",
    ):
        assert looks(path, "welcome") == 1, path
        assert looks(path, "other") >= 1, path
    before = len(store.looks(deciding("ada"), "ada"))
    store.history(world.installation.gate.access(reader(world, "welcome"), None), "Patient", "ada")
    assert len(store.looks(deciding("ada"), "ada")) == before + 1
    client = world.client("other")
    assert client.get("/fhir/Device/_history").status_code == 200
    told = client.get("/fhir/Patient/_history").json()["entry"]
    assert {each["request"]["url"].partition("/")[0] for each in told} == {"Patient"}


# Those who watch


WATCHED = ("/privacy", "/privacy/known", "/emergencies")


@scene(("privacy", "privacy.reader", "privacy.known", "emergencies"), "purpose", "status", "inside")
def who_watches_over_the_reading_reads_no_record(make):
    """The privacy officer's pages say who read, never what; records stay closed to that account, and to all others the
    pages are refused whether or not there is something on them."""
    world = make()
    identity = world.installation.gate.identity
    identity.add_user(User("privacy", "個資保護人員", Role.PRIVACY, None, None), None)
    welcome = world.client("welcome")
    for path in ("/patients/ada", "/fhir/Observation?patient=ada", "/fhir/Condition/ada-illness"):
        assert welcome.get(path).status_code == 200
    world.installation.store.settle()
    client = world.client("privacy")
    shown = [client.get(path) for path in WATCHED]
    assert [answer.status_code for answer in shown] == [200] * len(WATCHED)
    for answer in (*shown, client.get("/privacy/readers/welcome")):
        assert not any(text in answer.text for text in (WRITTEN, "F32.9", "4548-4", "ada-", ADA.number))
    for path in ("/fhir/Patient/ada", "/fhir/Observation?patient=ada", "/patients/ada", "/family/ada"):
        answer = client.get(path)
        assert answer.status_code in {403, 404}
        hold_no_secret([answer], ADA)
    for by in ("other", "pharmacist", "analyst", "officer", "manager", "stranger"):
        there, never = (
            world.client(by).get(f"/privacy/readers/{name}").status_code for name in ("welcome", "no-one")
        )
        assert there == never == 403
