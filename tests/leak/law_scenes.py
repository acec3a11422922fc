"""Scenarios of law and of lives: merged identities, surveillance, stops in part, projects, legal bases, majority,
emergencies of others, and the pages of those who watch over the reading."""

import time
from dataclasses import replace
from datetime import date

import pytest

from builders import NOW, condition, observation, patient
from camphora.errors import CamphoraError
from camphora.fhir.search import parse_query
from camphora.gate import User
from camphora.gate.gate import Grounds
from camphora.gate.projects import Project
from camphora.lake.question import Measure, Question
from camphora.policy import Policy, Purpose, Request, Role, admit, choices
from camphora.policy.internal import deciding
from camphora.records import Delete, Put
from camphora.records.derived import INCAPABLE, PERSON_STATUS
from consented import at_home, consent, diagnosis, treating
from leak import attacks as fhir
from leak import portal_attacks as portal
from leak.comparing import hold_no_secret, said
from leak.ground import ADA, OTHER, WRITTEN, visit
from leak.scenarios import CLINIC, READ, REASON, alike, exactly, figures, scene, sees

DAY = 86_400_000
FHIR = (*fhir.RECORD, "fhir.search", "fhir.search-post")
QUESTIONS = ("ask", "ask.download", "lake.ask")


def milliseconds():
    return int(time.time() * 1000)


def reader(world, name):
    return world.installation.gate.identity.user(name).reader()


# Merged identities


ZOE = replace(
    ADA,
    id="zoe",
    name="王曉明",
    number="Z123456780",
    chart="CH-0009999",
    born="1950-02-02",
    records=(("Patient", "zoe"), ("Observation", "zoe-value")),
    secrets=("王曉明", "Z123456780"),
)
"""The other identity of the one who hides, under which she was treated too."""


def zoe(*, merged):
    link = {"link": [{"other": {"reference": "Patient/ada"}, "type": "replaces"}]} if merged else {}
    return {**patient(ZOE.id, ZOE.name, ZOE.born, ZOE.number), **link}


def with_zoe(world):
    world.write(zoe(merged=False), observation("zoe-value", "zoe", "4548-4", "2026-01-05"))
    return world


@scene((*FHIR, *CLINIC), "merged")
def a_restriction_by_one_identity_holds_for_the_other(make):
    """Made before the merge or after it, by either; and nothing tells that two are one. Parted again, each stands under
    their own choices and those made meanwhile; the version that names the other stays hidden."""
    world, absent, beside = with_zoe(make()), make(there=False), with_zoe(make(there=False))
    assert sees(world, path="/fhir/Patient/zoe")
    world.write(zoe(merged=True))
    for her in (ADA, ZOE):
        alike(world, absent, READ, her)
    world.write(zoe(merged=False))
    for path in ("/fhir/Patient/zoe", "/fhir/Patient?identifier=Z123456780", "/fhir/Observation/zoe-value"):
        assert "zoe" in world.client("other").get(path).text, path
    assert not sees(world, path="/fhir/Patient/zoe/_history/2")
    alike(world, beside, (*READ[:4], *READ[5:7]))
    told = [
        world.client("other").get(f"/fhir/Patient/zoe{part}") for part in ("", "/_history", "/_history/2")
    ]
    assert not any("Patient/ada" in answer.text for answer in told)
    world.write(zoe(merged=True))
    world.choose("ada-restricts", choices.ended(choices.restrict("ada", OTHER, NOW)))
    assert sees(world)
    world.choose("zoe-restricts", choices.restrict("zoe", OTHER, NOW))
    for her in (ADA, ZOE):
        alike(world, absent, READ[:4], her)
    world.write(zoe(merged=False))
    for her in (ADA, ZOE):
        alike(world, absent, READ[:4], her)
    store = world.installation.store
    for kept in store.whom(deciding("ada"), "ada").consents:
        world.choose(kept["id"], choices.ended(kept))
    assert sees(world, path="/fhir/Observation/ada-last")
    assert not sees(world, path="/fhir/Patient/zoe")


@scene((*QUESTIONS, "lake.follower"), "merged", "stopped")
def a_stop_by_one_identity_counts_neither(make):
    world, absent = exactly(with_zoe(make(chosen=False))), exactly(make(there=False, parts=True))
    never = figures(absent)
    world.installation.lake.catch_up()
    assert figures(world) != never
    world.write(zoe(merged=True))
    world.choose("ada-stops", choices.stop_secondary_use("ada", NOW))
    assert figures(world) == never
    world.installation.lake.catch_up()
    assert figures(world) == never
    world.write(zoe(merged=False))
    for _ in range(2):
        assert figures(world) == never, "stopped while they were one: both keep it"
        world.installation.lake.catch_up()
    (kept,) = world.installation.store.whom(deciding("zoe"), "zoe").consents
    world.choose(kept["id"], choices.ended(kept))
    world.installation.lake.catch_up()
    alone = exactly(with_zoe(make(there=False, parts=True)))
    alone.installation.lake.catch_up()
    assert figures(world) == figures(alone)


# Surveillance


AREA = "63000"


@scene(FHIR, "scope", "purpose")
def surveillance_reaches_notifiable_records_of_the_area_alone(make):
    """In the area, outside it, and of somebody in it without such a record; her restriction and stop do not matter,
    and a diagnosis that is put right takes her out again, with all its versions."""
    world = make()
    world.write(
        at_home("in", "臺北市", "信義區"),
        diagnosis("in-tb", "in", "A15.0"),
        diagnosis("in-low", "in", "F32.9"),
    )
    world.write(at_home("out", "新北市", "板橋區"), diagnosis("out-tb", "out", "A15.0"))
    world.write(at_home("well", "臺北市", "中正區"), diagnosis("well-low", "well", "F32.9"))
    world.installation.gate.standings.set("officer", "area", [AREA])
    store, gate = world.installation.store, world.installation.gate

    def found(kind, pairs=()):
        access = gate.access(reader(world, "officer"), Purpose.SURVEILLANCE)
        page = store.search(access, parse_query(kind, [*pairs, ("_total", "accurate")], strict=True))
        assert page.total == len(page.rows)
        return {row.id for row in page.rows}

    def reads(kind, name, version=None):
        access = gate.access(reader(world, "officer"), Purpose.SURVEILLANCE)
        asked = [lambda: store.read(access, kind, name, version), lambda: store.history(access, kind, name)]
        codes = [_code(ask) for ask in asked]
        assert codes[0] == codes[1]
        return codes[0] == ""

    assert found("Patient") == {"in"}
    assert found("Condition") == {"in-tb"}
    for person in ("out", "well", "ada", "nobody"):
        assert found("Condition", [("patient", person)]) == found("Patient", [("_id", person)]) == set()
    assert reads("Patient", "in")
    assert reads("Condition", "in-tb")
    for kind, name in (
        ("Condition", "in-low"),
        ("Patient", "out"),
        ("Condition", "out-tb"),
        ("Patient", "well"),
        ("Condition", "well-low"),
        ("Patient", "ada"),
        ("Condition", "ada-illness"),
    ):
        assert not reads(kind, name), name
        assert not reads(kind, name, 1), name
    world.write(diagnosis("in-tb", "in", "J06.9"))
    assert found("Patient") == found("Condition") == set()
    assert not reads("Patient", "in")
    assert not reads("Condition", "in-tb")
    world.write(diagnosis("in-tb", "in", "A15.0"), at_home("in", "高雄市", "三民區"))
    assert found("Patient") == found("Condition") == set()


def _code(ask):
    try:
        ask()
    except CamphoraError as error:
        return error.code
    return ""


# Stops in part, and projects


def rows(world, view, by="analyst"):
    client = world.client(by)
    answers = [
        client.get(path, params={"view": view, "measure": measure})
        for path in ("/ask", "/ask.json", "/ask.csv")
        for measure in ("rows", "persons")
        if (view, measure) != ("person", "rows")
    ]
    return [said(answer) for answer in answers]


@scene((*QUESTIONS, "lake.follower"), "stopped", "aggregate")
def a_stop_in_part_holds_for_its_category_and_purpose_alone(make):
    """Laboratory values for research: an analyst counts none of hers, a manager's quality work does, and diagnoses are
    counted by both; then another purpose, then all of a category."""
    world, absent = exactly(make(chosen=False)), exactly(make(there=False, parts=True))
    catch_up = world.installation.lake.catch_up
    catch_up()
    views = ("observation", "condition")
    open_to = {(by, view): rows(world, view, by) for by in ("analyst", "manager") for view in views}
    never = {key: rows(absent, key[1], key[0]) for key in open_to}
    assert all(open_to[key] != never[key] for key in open_to)
    for category, purpose, hidden in (
        ("laboratory", "HRESCH", {("analyst", "observation")}),
        ("diagnoses", "HQUALIMP", {("manager", "condition")}),
        (None, "HRESCH", {("analyst", "observation"), ("analyst", "condition")}),
        ("laboratory", None, {("analyst", "observation"), ("manager", "observation")}),
    ):
        stop = choices.stop_part("ada", NOW, category, purpose)
        world.choose("ada-part", stop)
        for _ in range(2):
            for by, view in open_to:
                expected = never if (by, view) in hidden else open_to
                assert rows(world, view, by) == expected[by, view], (category, purpose, by, view)
            catch_up()
        world.choose("ada-part", choices.ended(stop))
    assert {key: rows(world, key[1], key[0]) for key in open_to} == open_to


def count(world, by, *purposes, basis=None):
    """How many persons a question counts, asked by this account for these purposes."""
    gate = world.installation.gate
    access = gate.access(reader(world, by), Purpose.SECONDARY, grounds=Grounds(purposes, basis))
    answer = world.installation.lake.ask(access, Question("person", Measure("persons")))
    return answer.rows[0][-1]


@scene(QUESTIONS, "stopped", "ended-choice", "purpose")
def who_agreed_to_a_project_is_counted_for_it_alone(make):
    world = exactly(make(chosen=False))
    world.installation.lake.catch_up()
    at = milliseconds()
    heart = Project("heart", "心臟研究", "HRESCH", "privacy", at - DAY, at + DAY)
    lung = replace(heart, id="lung", title="肺部研究")
    for project in (heart, lung):
        world.installation.gate.projects.add(project, ["analyst"])
    everybody = count(world, "analyst")
    world.choose("ada-stops", choices.stop_secondary_use("ada", NOW))
    agreed = choices.agree_to_project("ada", heart.code, date(2099, 1, 1), NOW)
    assert count(world, "analyst", heart.code) == everybody - 1
    world.choose("ada-agrees", agreed)
    assert count(world, "analyst", heart.code) == everybody
    assert count(world, "analyst", lung.code) == everybody - 1
    assert count(world, "analyst") == everybody - 1
    assert count(world, "analyst", heart.code, "HRESCH") == everybody - 1
    with pytest.raises(CamphoraError):
        count(world, "manager", heart.code)
    world.choose("ada-agrees", choices.ended(agreed))
    assert count(world, "analyst", heart.code) == everybody - 1
    world.choose("ada-agrees", agreed)
    sides = world.installation.lake._sides
    kept, sides._policy = sides._policy, Policy.taiwan().set({"secondary.consent_types": ["Patient"]})
    assert count(world, "analyst", heart.code) == 1
    sides._policy = kept
    world.installation.gate.projects.end("heart")
    with pytest.raises(CamphoraError):
        count(world, "analyst", heart.code)


# Legal bases


@scene((*QUESTIONS, *FHIR), "stopped", "purpose", "claim")
def a_legal_basis_serves_its_applicant_until_its_end(make):
    """It lets an officer count her who stopped, while it is in force; it opens no record and no other's question."""
    world = exactly(make())
    world.installation.lake.catch_up()
    gate, at = world.installation.gate, milliseconds()
    gate.standings.set("officer", "organisation-kind", ["government"])
    without = count(world, "officer", "GOV")
    claim = gate.bases.apply(
        "officer",
        "legal-duty-to-provide",
        "依法律規定有提供資料之義務，函文在卷",
        purposes=["GOV"],
        since=at - 1000,
        until=at + DAY,
        least_reason=4,
    )
    with pytest.raises(CamphoraError):
        count(world, "officer", "GOV", basis=claim.no)
    gate.bases.decide(claim.no, "administrator", approved=True)
    assert count(world, "officer", "GOV", basis=claim.no) == without + 1
    for by, purpose in (("officer", "HRESCH"), ("manager", "GOV"), ("analyst", "GOV")):
        with pytest.raises(CamphoraError):
            count(world, by, purpose, basis=claim.no)
    for path in ("/fhir/Patient/ada", "/fhir/Patient/bo", "/fhir/Condition?patient=ada"):
        for by in ("officer", "other", "analyst"):
            answer = world.client(by).get(path, params={"basis": str(claim.no)})
            assert answer.status_code in {403, 404}, (by, path)
            hold_no_secret([answer], ADA)
    gate.bases.end(claim.no)
    with pytest.raises(CamphoraError):
        count(world, "officer", "GOV", basis=claim.no)
    assert count(world, "officer", "GOV") == without


@scene((*FHIR, "clinic.patient", "clinic.record"), "claim")
def a_basis_that_overrides_no_choice_opens_nobody(make):
    """A referral, approved and in force: who restricted the institution is as absent as without it."""
    world, absent = make(), make(there=False)
    at, pages = milliseconds(), ("/fhir/Patient/{}", "/fhir/Observation?patient={}", "/patients/{}")
    for made in (world, absent):
        bases = made.installation.gate.bases
        claim = bases.apply(
            "other",
            "medical-care-referral",
            "轉診，需前院之病歷摘要",
            purposes=["TREAT"],
            since=at - 1000,
            until=at + DAY,
            least_reason=4,
        )
        bases.decide(claim.no, "administrator", approved=True)
    for path in pages:
        there, never = (
            made.client("other").get(path.format("ada"), params={"basis": str(claim.no)})
            for made in (world, absent)
        )
        assert said(there) == said(never), path
        for name in ("bo", "cyd"):
            answer = world.client("other").get(path.format(name), params={"basis": str(claim.no)})
            assert answer.status_code == 200, (name, path)
    gate, seen = world.installation.gate, parse_query("Observation", [("patient", "ada")], strict=True)
    access = gate.access(reader(world, "other"), Purpose.CARE, grounds=Grounds(basis=claim.no))
    assert access.basis is not None
    assert world.installation.store.search(access, seen).rows == []
    assert world.installation.store.read(access, "Patient", "bo").id == "bo"
    codes = {
        _code(lambda n=name: world.installation.store.read(access, "Patient", n)) for name in ("ada", "zed")
    }
    assert len(codes) == 1


# Scopes and shares


@scene((*FHIR, *CLINIC), "scope")
def a_reader_of_one_institution_or_ward_sees_who_was_there(make):
    world = make()
    standings = world.installation.gate.standings
    world.write(
        {
            **visit("dan-visit", "dan", "2026-02-04"),
            "location": [{"location": {"reference": "Location/w7"}}],
            "serviceProvider": {"reference": "Organization/h3"},
        }
    )

    def seen():
        client = world.client("other")
        opened = {
            name
            for name in ("bo", "dan", "cyd", "ada")
            if client.get(f"/fhir/Patient/{name}").status_code == 200
        }
        found = client.get("/fhir/Patient?_total=accurate").json()
        assert {entry["resource"]["id"] for entry in found.get("entry", [])} == opened
        assert found["total"] == len(opened)
        return opened

    standings.set("other", "institution", ["h1"])
    assert seen() == {"bo", "cyd"}
    standings.set("other", "institution", ["h9"])
    assert seen() == set()
    standings.set("other", "institution", [])
    standings.set("other", "ward", ["Location/w7"])
    assert seen() == {"dan"}


@scene((*portal.RELATIVE, "clinic.record"), "delegated", "type")
def a_relative_let_in_for_one_kind_reads_only_that(make):
    world = make()
    letting = choices.let_in("ada", "dan", date(2099, 1, 1), NOW)
    kind = [{"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}]
    world.choose("ada-lets-in", {**letting, "provision": {**letting["provision"], "class": kind}})
    asked = Request(reader(world, "stranger"), Purpose.SELF, person="ada", lets_in=frozenset({"ada"}))
    access, store = admit(asked).access, world.installation.store
    assert store.read(access, "Observation", "ada-last").id == "ada-last"
    for kind, name in (("Condition", "ada-illness"), ("Encounter", "ada-visit"), ("Observation", "bo-1")):
        codes = {_code(lambda k=kind, n=each: store.read(access, k, n)) for each in (name, "zed")}
        assert len(codes) == 1
        assert "" not in codes
    found = [
        store.search(access, parse_query(kind, [("patient", "ada")], strict=True)).rows
        for kind in ("Condition", "Encounter", "Observation")
    ]
    assert [len(each) for each in found] == [0, 0, 2]


# Receipts


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


# Minors


MOTHER = {
    "resourceType": "RelatedPerson",
    "id": "mother",
    "active": True,
    "patient": {"reference": "Patient/kid"},
    "relationship": [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}]}
    ],
    "extension": [
        {
            "url": "https://camphora.tw/StructureDefinition/stand-in-patient",
            "valueReference": {"reference": "Patient/dan"},
        }
    ],
}


@scene((*portal.RELATIVE, "clinic.record"), "delegated", "old-token", "cache")
def a_guardian_reads_nothing_from_majority_on(make):
    """Whose session is as old as the child was; and what the guardian restricted for a child stands when it has grown
    up."""
    world, year = make(), NOW.year
    world.write(patient("kid", "張小寶", f"{year - 9}-01-01", "A199999999"), MOTHER)
    world.write(observation("kid-1", "kid", "8480-6", f"{year - 1}-01-01"))
    client = world.client("stranger")
    pages = ("/family/kid", "/family/kid/timeline", "/records/Observation/kid-1?for=kid")
    assert [client.get(path).status_code for path in pages] == [200, 200, 200]
    gate = world.installation.gate
    access = gate.access(reader(world, "stranger"), Purpose.SELF, person="kid")
    assert (access.ground, access.may_write("Consent")) == ("guardian", True)
    world.write(patient("kid", "張小寶", f"{year - 19}-01-01", "A199999999"))
    for path in pages:
        answer, never = client.get(path), client.get(path.replace("kid", "never"))
        assert answer.status_code == never.status_code != 200, path
        assert "張小寶" not in answer.text
    assert sees(world, path="/fhir/Observation/kid-1")
    then = choices.restrict("kid", OTHER, NOW.replace(year=year - 5))
    world.choose("kid-restricts", choices.given_by(then, "Patient/dan"))
    assert not sees(world, path="/fhir/Observation/kid-1")


# Emergencies of others


@scene((*FHIR, *CLINIC[:-1]), "emergency")
def an_emergency_of_one_opens_nothing_to_a_colleague(make):
    """Not of the same house and role, not by the same page, and not what the colleague declared of somebody else."""
    world, absent = make(), make(there=False)
    for made in (world, absent):
        made.installation.gate.identity.add_user(
            User("colleague", "同院醫師", Role.CLINICIAN, OTHER, None), None
        )
    for made, number in ((world, ADA.number), (absent, "C223456789")):
        made.installation.gate.declare(reader(made, "other"), number, REASON)
    assert world.client("other").get("/patients/ada").status_code == 200
    for made in (world, absent):
        made.installation.gate.declare(reader(made, "colleague"), "D123456789", REASON)
    alike(world, absent, READ[:7], by="colleague")


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


# Writing


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


@scene((*FHIR, *CLINIC), "merged", "ended-choice")
def who_are_parted_keep_what_denied_once(make):
    """Of what one chose while they were one the other keeps what denies and may concern them, once; a permit, a choice
    that had ended and one about records of the first alone go."""
    world = with_zoe(make(chosen=False))
    store = world.installation.store

    def about(*records):
        data = [{"meaning": "instance", "reference": {"reference": name}} for name in records]
        return consent("x", "ada", treating(data=data))

    world.write(zoe(merged=True))
    for name, choice in {
        "permits": choices.let_in("ada", "dan", date(2099, 1, 1), NOW),
        "ended": choices.ended(choices.restrict("ada", "h8", NOW)),
        "ones-own": about("Observation/ada-last"),
        "the-others": about("Observation/zoe-value"),
        "elsewhere": about("https://elsewhere.test/fhir/Observation/1"),
        "denies": choices.restrict("ada", OTHER, NOW),
    }.items():
        world.choose(f"ada-{name}", choice)
    for _ in range(2):
        world.write(zoe(merged=False))
        kept = store.whom(deciding("zoe"), "zoe").consents
        assert len(kept) == 3
        assert {each["provision"]["type"] for each in kept} == {"deny"}
        assert not sees(world, path="/fhir/Observation/zoe-value")
        world.write(zoe(merged=True))


@scene((*FHIR, *CLINIC, "lake.ask"), "ended-choice", "cache")
def a_choice_that_was_anothers_weighs_for_whom_it_is(make):
    """A load that finds a Consent to be somebody else's moves it: it no longer holds for the first, at once."""
    world = exactly(make(chosen=False))
    world.choose("moved", consent("x", "dan", treating()))
    assert sees(world)
    assert not sees(world, path="/fhir/Condition/dan-1")
    world.choose("moved", consent("x", "ada", treating()))
    assert not sees(world)
    assert sees(world, path="/fhir/Condition/dan-1")
    found = [figures(world)]
    for person in ("dan", "bo", "dan"):
        world.choose("stops", choices.stop_secondary_use(person, NOW))
        found.append(figures(world))
    open_to_all, without_dan, without_bo, again = found
    assert again == without_dan
    assert len({str(each) for each in (open_to_all, without_dan, without_bo)}) == 3


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
        assert _code(lambda a=access, c=change: store.write(a, [c])) == code, change
    of_nobody = {
        key: value for key, value in consent("of-nobody", "dan", treating()).items() if key != "patient"
    }
    assert _code(lambda: world.write(of_nobody)) == "records-no-person"
