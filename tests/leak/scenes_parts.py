"""Scenarios of parts and lists: a part of a record that is closed, records made about what is closed, whom a search is
told of, and lists that a duty narrows."""

from functools import partial

from builders import NOW, condition, observation
from camphora.fhir.search import parse_query
from camphora.policy import Policy, Purpose, Reader, Request, Role, admit, choices
from camphora.policy.internal import deciding, loading
from camphora.records import Put, SQLiteStore
from consented import ACT, INLINE, at_home, diagnosis, labelled_part
from leak import attacks as fhir
from leak.ground import ADA, LOINC, OTHER
from leak.scenarios import AREA, FHIR, reader, refused, scene
from leak.scenes_access import access_of

PART_HIV = "HIV"


@scene((*FHIR, "fhir.update", "clinic.record"), "closed-part", "inside", "overwrite")
def a_closed_part_of_a_record_is_taken_out_for_care_alone(make):
    """The person and the copies of the store keep the whole; who sees less writes no version that would lose it."""
    world = make()
    store = world.installation.store
    world.write(labelled_part("bo-parts", "bo"))
    whole = store.read(loading("t"), "Observation", "bo-parts").body
    client = world.client("other")
    seen = client.get("/fhir/Observation/bo-parts").json()
    world.write(labelled_part("bo-open", "bo"))
    opened = client.get("/fhir/Observation/bo-open").json()
    amended = {**opened, "status": "amended"}
    assert client.put("/fhir/Observation/bo-open", json=amended).status_code == 200
    assert client.delete("/fhir/Observation/bo-open").status_code in {200, 204}
    assert client.put("/fhir/Observation/bo-open", json=opened).status_code in {404, 405, 410}
    world.choose("bo-closes", choices.close_part("bo", PART_HIV, NOW))
    left = client.get("/fhir/Observation/bo-parts").json()
    assert ("陽性" in str(seen), "陽性" in str(left)) == (True, False)
    assert store.rules_of(access_of(world, "other"), "Observation", "bo-parts") == []
    assert store.read(loading("t"), "Observation", "bo-parts").body == whole
    own = admit(Request(_citizen("bo"), Purpose.SELF)).access
    assert len(store.read(own, "Observation", "bo-parts").body) == len(whole)
    for status in ("final", "amended"):
        guessed = {**seen, "status": status}
        assert client.put("/fhir/Observation/bo-parts", json=guessed).status_code == 403
    assert client.get("/fhir/Observation/bo-parts").json()["meta"]["versionId"] == "1"
    assert len(world.client("other").get("/fhir/Observation?patient=bo").json()["entry"]) > 1
    labelled = {
        "extension": [{"url": INLINE, "valueCoding": {"system": ACT, "code": PART_HIV}}],
        "name": {"text": "窗口"},
    }
    world.write({"resourceType": "Organization", "id": "clinic", "name": "特別門診", "contact": [labelled]})
    assert client.get("/fhir/Organization/clinic").json()["contact"][0]["name"] == {"text": "窗口"}


@scene((*FHIR, "fhir.meta", "clinic.record"), "closed-part", "inside")
def what_a_closed_part_says_is_told_by_no_rule(make):
    """A part is closed as mental health and bears a code of HIV: that the record has the label by rule would tell what
    is in it. What the rest says is told."""
    world = make()
    made = labelled_part("bo-parts", "bo")
    made["component"][0]["extension"][0]["valueCoding"] = {"system": ACT, "code": "PSY"}
    made["component"][0]["code"] = {"coding": [{"system": LOINC, "code": "7917-8"}]}
    open_to_all = observation("bo-open", "bo", "58410-2", "2026-03-01")
    open_to_all["component"] = [
        {**made["component"][1], "code": {"coding": [{"system": LOINC, "code": "7917-8"}]}}
    ]
    world.write(made, open_to_all)
    store = world.installation.store

    def told(name):
        labels = [each.label for each in store.rules_of(access_of(world, "other"), "Observation", name)]
        meta = world.client("other").get(f"/fhir/Observation/{name}/$meta")
        page = world.client("other").get(f"/records/Observation/{name}")
        assert meta.status_code == page.status_code == 200
        return labels, "HIV" in meta.text

    assert told("bo-open") == (["HIV"], True)
    world.choose("bo-closes", choices.close_part("bo", "PSY", NOW))
    assert told("bo-open") == (["HIV"], True)
    assert told("bo-parts") == ([], False)
    world.write({**made, "id": "bo-points", "hasMember": [{"reference": "Observation/bo-open"}]})
    assert told("bo-points") == (["HIV"], True), "what it points to stands in the rest"


def _citizen(person):
    return Reader(person, person, Role.CITIZEN, person=person)


@scene(("fhir.create", "fhir.read"), "closed-part", "write-about")
def who_treats_records_also_what_is_closed(make):
    """And does not read it after; unless the policy says that what is closed is not recorded either."""
    world = make()
    client = world.client("other")
    made = client.post("/fhir/Condition", json=condition("x", "cyd", "F20.0", "PSY"))
    assert made.status_code == 201
    assert client.get(made.headers["location"]).status_code == 404
    strict = SQLiteStore(world.folder / "strict", Policy.taiwan().set({"consents.recording": False}))
    try:
        shut = choices.close_part("ada", "PSY", NOW)
        strict.write(loading("t"), [Put({"resourceType": "Patient", "id": "ada"}), Put({**shut, "id": "c"})])
        access = access_of(world, "other")
        new = Put(condition("x", "ada", "F20.0", "PSY"))
        assert refused(lambda: strict.write(access, [new])) == "records-no-person"
        strict.write(access, [Put(condition("y", "ada", "I10", None))])
    finally:
        strict.close()


@scene((*fhir.RECORD, "fhir.search"), "purpose", "ended-choice")
def what_a_policy_weighs_is_weighed_for_each_record(make):
    """Where only a permit opens, nobody is open who gave none; where no consent is weighed for care, none closes."""
    world = make()
    reads = {}
    for name, changes in {
        "permits": {"combining.care": "deny-unless-permit"},
        "none": {"consents.classes": ["secondary", "family"]},
        "taiwan": {},
    }.items():
        policy = Policy.taiwan().set(changes)
        store = SQLiteStore(world.folder / name, policy)
        try:
            shut = choices.restrict("ada", OTHER, NOW)
            persons = [Put({"resourceType": "Patient", "id": one}) for one in ("ada", "bo")]
            store.write(loading("t"), [*persons, Put({**shut, "id": "c"})])
            access = admit(Request(reader(world, "other"), Purpose.CARE), policy).access
            read = partial(store.read, access, "Patient")
            reads[name] = [not refused(partial(read, one)) for one in ("ada", "bo")]
        finally:
            store.close()
    assert reads == {"permits": [False, False], "none": [True, True], "taiwan": [False, True]}


@scene((*FHIR, "citizen.looked"), "receipt", "key", "about")
def a_receipt_says_whether_somebody_could_be_known(make):
    """Of a search that names her in vain it is told to her as refused; of one that found something, as permitted."""
    world = make()
    store, client = world.installation.store, world.client("other")

    def told(person, path):
        before = {look.receipt for look in store.looks(deciding(person), person)}
        assert client.get(path).status_code == 200, path
        store.settle()
        return [look.decision for look in store.looks(deciding(person), person) if look.receipt not in before]

    for person, path, decisions in (
        ("ada", "/fhir/Observation?patient=ada", ["deny"]),
        ("ada", "/fhir/Observation?patient=ada&_summary=count", ["deny"]),
        ("ada", "/fhir/Observation?subject=Patient/ada&code=4548-4", ["deny"]),
        ("ada", "/fhir/Condition?patient.identifier=A123456789", ["deny"]),
        ("ada", "/fhir/Condition?patient:Patient._id=ada", ["deny"]),
        ("ada", "/fhir/Patient?_has:Observation:patient:subject=Patient/ada", ["deny"]),
        ("ada", "/fhir/Observation?_filter=not (patient eq Patient/ada)", ["permit"]),
        ("ada", "/fhir/Observation?_filter=not (patient eq Patient/ada)&_summary=count", ["permit"]),
        ("bo", "/fhir/Observation?patient=bo", ["permit"]),
        ("bo", "/fhir/Observation?patient=bo&code=none", ["permit"]),
        ("bo", "/fhir/Condition?patient.identifier=B223456780&code=none", ["permit"]),
        ("bo", "/fhir/Patient?_summary=count", ["permit"]),
        ("bo", "/fhir/Patient/bo/Observation?code=none", ["permit"]),
        ("ada", "/fhir/Patient/ada/Observation?_total=accurate", ["deny"]),
        ("ada", "/fhir/Condition?_filter=patient.identifier eq A123456789", ["deny"]),
        ("ada", "/fhir/Condition?_filter=not (patient.identifier eq A123456789)", ["permit"]),
        ("ada", "/fhir/Patient?_id=ada", ["deny"]),
        ("ada", "/fhir/Patient?identifier=A123456789", ["deny"]),
        ("ada", "/fhir/Patient?_filter=identifier eq A123456789", ["deny"]),
        ("ada", "/fhir/Observation?_id=ada-last", ["deny"]),
        ("ada", "/fhir/?_type=Patient,Observation&_id=ada-last", ["deny"]),
        ("bo", "/fhir/Observation?_id=bo-1&code=none", ["permit"]),
        ("cyd", "/fhir/Condition?_id=cyd-open&code=none", ["permit"]),
        ("cyd", "/fhir/Condition?_id=cyd-shut", ["deny"]),
        ("bo", "/fhir/Observation?_id=bo-1,ada-last&code=none", ["permit"]),
        ("bo", "/fhir/Organization?_id=bo", []),
        ("bo", "/fhir/Observation?encounter:Encounter._id=bo", []),
        ("bo", "/fhir/Observation?performer=Practitioner/bo", []),
        ("bo", "/fhir/Observation?encounter:Encounter.identifier=B223456780", []),
        ("bo", "/fhir/Condition?patient.gender=female&code=none", []),
        ("bo", "/fhir/Encounter/bo/Observation", []),
    ):
        assert told(person, path) == decisions, path


@scene((*FHIR, "fhir.search-all", "fhir.compartment", "clinic.patients"), "receipt", "total", "key")
def that_there_is_a_receipt_says_nothing(make):
    """Of her who hides, of nobody and of who is found each search leaves one, in the public totals too; what is about
    no person leaves none."""
    world = make()
    log, client = world.installation.store.audit, world.client("other")

    def left(path):
        before, counted = len(log), _public(world)
        assert client.get(path).status_code == 200
        assert _public(world) - counted == len(log) - before
        return [log.receipt(number) for number in range(before, len(log))]

    for path, secret, nobody, found in (
        ("/fhir/Patient?name={}", ADA.name, "查無此人", "陳美玲"),
        ("/fhir/Patient?name={}&_summary=count", ADA.name, "查無此人", "陳美玲"),
        ("/fhir/Patient?birthdate={}&_total=accurate", ADA.born, "1911-01-01", "1990-07-15"),
        ("/fhir/Patient?identifier={}", ADA.number, "Z999999999", "B223456780"),
        ("/fhir/Patient?_id={}", "ada", "nobody", "bo"),
        ("/fhir/Condition?code={}&_count=0", ADA.code, "none", "I10"),
        ("/fhir/Condition?patient.name={}", ADA.name, "查無此人", "陳美玲"),
        ("/fhir/Observation?_id={}", "ada-last", "nobody", "bo-1"),
        ("/fhir/?_type=Condition,Observation&_id={}", "ada-last", "nobody", "bo-1"),
        ("/fhir/Patient/{}/Observation", "ada", "nobody", "bo"),
        ("/fhir/Organization?_has:Patient:organization:name={}", ADA.name, "查無此人", "陳美玲"),
        ("/patients?q={}", ADA.name, "查無此人", "陳美玲"),
        ("/patients?q={}", ADA.number, "Z999999999", "B223456780"),
    ):
        lines = [left(path.format(one)) for one in (secret, nobody, found)]
        assert [len(each) for each in lines] == [1, 1, 1], path
        assert len({tuple(each[0]["types"]) for each in lines}) == 1, path
        hidden, absent, _ = (each[0] for each in lines)
        told = ("decision", "act", "purposes", "ground", "members")
        assert [hidden[name] for name in told] == [absent[name] for name in told], path
        assert len(hidden["persons"]) == len(absent["persons"]) == 1, path
    store, gate = world.installation.store, world.installation.gate
    before = len(log)
    assert refused(lambda: access_of(world, "analyst", Purpose.CARE)) == "gate-role-lacks-purpose"
    asking = access_of(world, "analyst")
    store.leave(asking, "ask", (), ())
    assert [(log.receipt(each)["decision"], log.receipt(each)["act"]) for each in (before, before + 1)] == [
        ("deny", "admit"),
        ("permit", "ask"),
    ], "a refusal, and a question over a table, which holds no kind of record"
    assert (
        store.search(gate.worker(reader(world, "officer")), parse_query("Task", [], strict=True)).rows == []
    )
    assert len(log) == before + 2, "who can reach nobody leaves none"
    assert [each["decision"] for each in left("/fhir/Observation?code=none")] == ["permit"], "it names nobody"
    assert left("/fhir/Organization?name=none") == []
    assert left("/fhir/Organization") == []
    assert left("/") == []


def _public(world):
    """How many acts of reading the public log counts."""
    return sum(row["count"] for row in world.anybody().get("/uses.json").json()["rows"])


@scene(FHIR, "scope", "key", "purpose")
def what_a_duty_reaches_is_found_by_every_key(make):
    """By identifier, by code and by types that are nobody's; what it does not reach by none of them. A clinician of the
    area finds more than what is notifiable."""
    world = make()
    home = at_home("in", "臺北市", "信義區")
    world.write(home, diagnosis("in-tb", "in", "A15.0"), diagnosis("in-low", "in", "I10"))
    world.write(observation("in-value", "in", "8480-6", "2026-01-01"))
    standings = world.installation.gate.standings
    for by in ("officer", "other"):
        standings.set(by, "area", [AREA])
    store, number = world.installation.store, home["identifier"][0]["value"]

    def found(by, purpose, kind, *pairs):
        access = access_of(world, by, purpose)
        return {row.id for row in store.search(access, parse_query(kind, pairs, strict=True)).rows}

    duty = ("officer", Purpose.SURVEILLANCE)
    assert found(*duty, "Patient", ("identifier", number)) == {"in"}
    assert found(*duty, "Condition", ("code", "A15.0")) == {"in-tb"}
    assert found(*duty, "Condition", ("code", "A15.0,I10")) == {"in-tb"}
    assert found(*duty, "Condition", ("code", "I10")) == set()
    assert found(*duty, "Condition", ("code:not", "I10")) == {"in-tb"}
    assert found(*duty, "Organization", ("name", "仁愛")) == {"h1"}
    care = ("other", Purpose.CARE)
    assert found(*care, "Condition", ("code", "A15.0,I10")) == {"in-tb", "in-low"}
    assert found(*care, "Observation", ("code", "8480-6")) == {"in-value"}
    assert found(*care, "Patient", ("identifier", "B223456780")) == set()
    standings.set("officer", "area", [AREA, "63000070"])
    assert found(*duty, "Condition", ("code", "A15.0")) == {"in-tb"}
