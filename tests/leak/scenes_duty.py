"""Scenes of what a duty reaches: areas, institutions, wards, kinds of record, and work about nobody."""

import json
import re
import time
from unittest.mock import patch

from builders import NOW, observation
from camphora.fhir.search import parse_query
from camphora.lake.question import Measure, Question
from camphora.policy import Purpose, choices
from camphora.policy.asking import Scope
from camphora.policy.internal import deciding, loading
from camphora.records import Delete, Put
from consented import at_home, diagnosis
from leak.ground import OTHER, visit
from leak.scenarios import AREA, CLINIC, DAY, FHIR, QUESTIONS, exactly, reader, refused, scene


@scene(
    (
        "fhir.read",
        "fhir.search",
        "fhir.vread",
        "fhir.history",
        "fhir.search-post",
        "fhir.create",
        "clinic.record",
    ),
    "type",
    "purpose",
)
def a_type_is_refused_whosever_it_is(make):
    """Refused by type, of her who hides and of somebody who has chosen nothing alike."""
    world = make()
    refused = {
        "pharmacist": (
            "Observation/bo-1",
            "Condition/bo-2",
            "Encounter/bo-3",
            "Consent/cyd-closes",
            "Condition?patient=bo",
        ),
        "other": (
            "Consent/cyd-closes",
            "Consent/ada-restricts",
            "Consent?patient=cyd",
            "Consent/cyd-closes/_history/1",
        ),
        "analyst": ("Patient/bo", "Observation/bo-1/_history", "Observation?_summary=count"),
        "administrator": ("Patient/bo", "Observation/bo-1/_history/1", "Observation?_summary=count"),
    }
    for by, paths in refused.items():
        client = world.client(by)
        assert {client.get(f"/fhir/{path}").status_code for path in paths} == {403}, by
        assert client.post("/fhir/Consent/_search", data={"patient": "cyd"}).status_code == 403
        new = {"resourceType": "Consent", "status": "active", "patient": {"reference": "Patient/bo"}}
        assert client.post("/fhir/Consent", json=new).status_code in {400, 403, 422}
    assert world.client("pharmacist").get("/records/Observation/bo-1").status_code == 403
    assert world.client("pharmacist").get("/fhir/Patient/bo").status_code == 200


# The area of an officer


@scene(("fhir.read", "fhir.search", "fhir.vread", "fhir.history", "fhir.search-post"), "scope", "purpose")
def an_officer_opens_no_record_outside_the_area(make):
    """Surveillance reaches notifiable records of the own area alone; nobody here is either."""
    world = make()
    for by in ("officer", "manager", "analyst"):
        client = world.client(by)
        for path in (
            "Patient/ada",
            "Patient/bo",
            "Condition?_total=accurate",
            "Patient/bo/_history",
            "Patient/bo/_history/1",
        ):
            assert client.get(f"/fhir/{path}").status_code == 403
        assert client.post("/fhir/Patient/_search", data={"_id": "bo"}).status_code == 403


# Surveillance


ON_DUTY = {"purpose": "surveillance"}
CASES = (
    *("surveillance", "surveillance.case", "surveillance.lines", "surveillance.fhir"),
    "surveillance.lines.download",
)


@scene(CASES, "scope", "purpose", "status", "error-text")
def an_officers_page_shows_notified_cases_of_the_area_alone(make):
    """Nothing before the purpose is chosen; then what must be notified in the area, whatever was stopped or restricted,
    each look with a receipt that the person sees. A county's officer sees the county, one without limits all."""
    world = make()
    world.write(
        at_home("in", "臺北市", "信義區"),
        diagnosis("in-tb", "in", "A15.0"),
        diagnosis("in-low", "in", "F32.9"),
    )
    world.write(at_home("out", "新北市", "板橋區"), diagnosis("out-tb", "out", "A15.0"))
    for name in ("in", "out"):
        world.choose(f"{name}-stops", choices.stop_secondary_use(name, NOW))
        world.choose(f"{name}-restricts", choices.restrict(name, OTHER, NOW))
    store, standings = world.installation.store, world.installation.gate.standings
    client, log = world.client("officer"), store.audit

    def listed():
        pages = [client.get(path, params=ON_DUTY).text for path in ("/surveillance", "/surveillance/cases")]
        first, second = (re.findall(r"/surveillance/Condition/([a-z-]+)\?", page) for page in pages)
        file = client.get("/surveillance/cases.csv", params=ON_DUTY).text
        assert (
            sorted(set(first)) == sorted(set(second)) == sorted(set(re.findall(r"\b(?:in|out)-[a-z]+", file)))
        )
        return first

    def opened(kind, name):
        status = client.get(f"/surveillance/{kind}/{name}", params=ON_DUTY).status_code
        if kind == "Condition":
            assert client.get(f"/surveillance/fhir/{name}", params=ON_DUTY).status_code == status
        return status

    standings.set("officer", "area", [AREA])
    before = len(log)
    paths = (
        "/surveillance",
        "/surveillance/Condition/in-tb",
        "/surveillance/cases",
        "/surveillance/cases.csv",
        "/surveillance/fhir/in-tb",
    )
    for path in paths:
        page = client.get(path)
        assert page.status_code == 200
        assert "臺北市" in page.text
        assert "A15" not in page.text
        assert client.get(path, params={"purpose": "care"}).status_code == 403
    assert len(log) == before
    assert listed() == ["in-tb"]
    cases = client.get("/surveillance/Condition/in-tb", params=ON_DUTY)
    assert cases.status_code == 200
    assert "林○同" in cases.text
    assert "in-low" not in cases.text
    absent = client.get("/surveillance/Condition/absent", params=ON_DUTY)
    for kind, name in (("Condition", "in-low"), ("Condition", "out-tb"), ("Observation", "bo-1")):
        hidden = client.get(f"/surveillance/{kind}/{name}", params=ON_DUTY)
        assert hidden.status_code == absent.status_code == 404
    assert opened("Patient", "in") == opened("Consent", "in-stops") == 404
    told = [look for look in store.looks(deciding("in"), "in") if look.purpose == Purpose.SURVEILLANCE]
    assert {look.reader for look in told} == {"officer"}
    assert {"read", "search"} <= {look.act for look in told}
    standings.set("officer", "area", ["65000"])
    assert (listed(), opened("Condition", "in-tb"), opened("Condition", "out-tb")) == (["out-tb"], 404, 200)
    standings.set("officer", "area", ["64000"])
    assert listed() == []
    standings.set("officer", "area", [])
    assert sorted(listed()) == ["in-tb", "out-tb"]
    for by in ("other", "pharmacist", "welcome", "stranger", "analyst", "manager", "administrator", "ada"):
        for path in paths:
            for params in ({}, ON_DUTY):
                assert world.client(by).get(path, params=params).status_code == 403, by


@scene(CASES, "scope")
def a_mask_holds_wherever_an_officer_looks(make):
    """List, case, file and FHIR hide the same of one person: the whole country reads no name, a county part of it; who
    has both a county and a township is masked as the county is."""
    world = make()
    person = at_home("in", "臺北市", "信義區")
    person["telecom"] = [{"system": "phone", "value": "0912-345-678"}]
    record = diagnosis("in-tb", "in", "A15.0")
    record["subject"]["display"] = "林大同"
    world.write(person, record)
    client, standings = world.client("officer"), world.installation.gate.standings
    paths = (
        *("/surveillance", "/surveillance/cases", "/surveillance/cases.csv"),
        *("/surveillance/Condition/in-tb", "/surveillance/fhir/in-tb"),
    )
    for areas, name in (([], ""), ([AREA[:5]], "林○同"), ([AREA[:5], f"{AREA[:5]}110"], "林○同")):
        standings.set("officer", "area", areas)
        told = {path: client.get(path, params=ON_DUTY).text for path in paths}
        assert all("in-tb" in text for text in told.values())
        for path, text in told.items():
            assert not [each for each in ("林大同", "0912-345-678", person["birthDate"]) if each in text], (
                path
            )
            assert ("林○同" in text) is (bool(name) and path != "/surveillance"), path


@scene(("surveillance.enter",), "scope", "purpose", "status", "error-text")
def an_officer_enters_a_case_of_the_area_and_opens_nobody_elsewhere(make):
    """A case is entered by a number that somebody bears in another county, and by one that nobody bears: both are
    answered alike, whoever bears it stays as they are, and their own records stay out of reach. By a number that is
    borne in the area the case stands with its bearer, of whom nothing else is opened."""
    world = make()
    world.installation.gate.standings.set("officer", "area", [AREA])
    numbers = {"in": "D123456781", "out": "E123456780", "none": "F123456788"}
    for name, county, town in (("in", "臺北市", "信義區"), ("out", "新北市", "板橋區")):
        number = [{"system": "http://www.moi.gov.tw", "value": numbers[name]}]
        world.write(
            {**at_home(name, county, town), "identifier": number, "birthDate": "1960-01-01"},
            diagnosis(f"{name}-low", name, "F32.9"),
        )
    client, about = world.client("officer"), {}
    for name, number in numbers.items():
        answer = client.post("/surveillance/enter", data=_reported(client, number))
        assert answer.status_code == 303, name
        case = answer.headers["location"].partition("?")[0].rpartition("/")[2]
        body = world.installation.store.read(loading("t"), "Condition", case).body
        about[name] = json.loads(body)["subject"]["reference"].removeprefix("Patient/")
    assert about["in"] == "in"
    assert not {about["out"], about["none"]} & {"in", "out"}
    for kind, name in (("Patient", "out"), ("Condition", "out-low"), ("Condition", "in-low")):
        assert client.get(f"/fhir/{kind}/{name}").status_code in {403, 404}, name
        assert client.get(f"/surveillance/{kind}/{name}", params=ON_DUTY).status_code == 404, name
    kept = world.installation.store.read(loading("t"), "Patient", "out")
    assert (kept.version, "新北市" in (kept.body or b"").decode()) == (1, True)
    for by in ("other", "pharmacist", "stranger", "analyst", "manager", "administrator"):
        assert world.client(by).get("/surveillance/enter", params=ON_DUTY).status_code == 403, by


@scene(("surveillance.enter",), "scope", "purpose")
def who_enters_a_case_reads_of_its_person_what_is_notifiable_alone(make):
    """The person is found by the number, also where nothing of theirs must be notified; of their records only what must
    be is found and opened, by whatever way. Of who lives elsewhere nothing is, whoever is named beside."""
    world = make()
    world.installation.gate.standings.set("officer", "area", [AREA])
    numbers = {"in": "D123456781", "well": "E223456789", "out": "E123456780"}
    for name, county in (("in", "臺北市"), ("well", "臺北市"), ("out", "新北市")):
        number = [{"system": "http://www.moi.gov.tw", "value": numbers[name]}]
        world.write(
            {**at_home(name, county, "信義區" if county == "臺北市" else "板橋區"), "identifier": number},
            diagnosis(f"{name}-low", name, "F32.9"),
            observation(f"{name}-value", name, "4548-4", "2024-01-01"),
        )
    world.write(diagnosis("in-tb", "in", "A15.0"), diagnosis("out-tb", "out", "A15.0"))
    store, gate = world.installation.store, world.installation.gate

    def opened(name):
        access = gate.notifier(reader(world, "officer"), numbers[name], frozenset({"out", "ada"}))
        found = set()
        for kind in ("Patient", "Condition", "Observation"):
            pages = [
                store.search(access, parse_query(kind, [*pairs, ("_total", "accurate")], strict=True))
                for pairs in ([], [("_id" if kind == "Patient" else "patient", name)])
            ]
            rows = [{row.id for row in page.rows} for page in pages]
            assert [page.total for page in pages] == [len(rows[0])] * 2
            assert rows[0] == rows[1]
            found |= rows[0]
        for kind, kept in (("Condition", "low"), ("Condition", "tb"), ("Observation", "value")):
            seen = f"{name}-{kept}" in found
            assert (refused(lambda k=kind, n=kept: store.read(access, k, f"{name}-{n}")) == "") is seen
        return found

    assert opened("in") == {"in", "in-tb"}
    assert opened("well") == {"well"}
    assert opened("out") == set()


def _reported(client, number):
    page = client.get("/surveillance/enter", params=ON_DUTY).text
    named = {name: re.search(f'name="{name}" value="([^"]+)"', page)[1] for name in ("csrf", "case")}
    person = {"p-name": "甲", "p-sex": "male", "p-birth_date": "1960-01-01", "p-national_id": number}
    report = {"p-town": "臺北市信義區", "p-reporter": "x", "p-way": "paper", "p-notified": "2024-01-03"}
    case = {"disease": "A90", "status": "confirmed", "visit": "AMB", "diagnosed": "2024-01-02"}
    return {**ON_DUTY, **named, **person, **report, **case}


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
        codes = [refused(ask) for ask in asked]
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


@scene((*CASES, *QUESTIONS, "surveillance.enter"), "scope", "old-token", "cache", "delegated")
def a_limit_whose_days_are_over_opens_nothing_at_all(make):
    """An officer who stood in for a county: with the last day her reach is none, not the whole country, by page, by
    question and for what was handed out before. It is lifted by an administrator alone."""
    world = make()
    world.write(at_home("in", "臺北市", "信義區"), diagnosis("in-tb", "in", "A15.0"))
    world.write(at_home("out", "新北市", "板橋區"), diagnosis("out-tb", "out", "A15.0"))
    gate, client, now = world.installation.gate, world.client("officer"), int(time.time() * 1000)
    old = gate.access(reader(world, "officer"), Purpose.SURVEILLANCE)
    exactly(world).installation.lake.catch_up()
    question, counted = Question("person", Measure("persons")), []

    def seen():
        page = client.get("/surveillance", params=ON_DUTY).text
        access = gate.access(reader(world, "officer"), Purpose.SURVEILLANCE)
        found = world.installation.store.search(access, parse_query("Condition", [], strict=True))
        asked = gate.access(reader(world, "officer"), Purpose.SECONDARY)
        counted.append(world.installation.lake.ask(asked, question).rows)
        ids = re.findall(r"/surveillance/Condition/([a-z-]+)\?", page)
        assert set(ids) == {row.id for row in found.rows}
        return set(ids)

    assert old.scope == Scope()
    assert seen() == {"in-tb", "out-tb"}
    gate.standings.give("officer", "area", AREA, by="administrator", until=now + DAY)
    assert seen() == {"in-tb"}
    with patch("camphora.gate.standing.now", lambda: now + DAY):
        assert seen() == set()
        assert counted[-1] not in counted[:-1]
        for path in ("/surveillance/Condition/in-tb", "/surveillance/Condition/out-tb"):
            assert client.get(path, params=ON_DUTY).status_code == 404
        for by in ("officer", "other", "analyst", "stranger", "pharmacist"):
            asking = world.client(by)
            number = gate.standings.all("officer")[0].no
            asked = {"csrf": asking.csrf, "account": by, "kind": "area", "value": AREA, "number": str(number)}
            codes = {asking.post(f"/gate/standings{part}", data=asked).status_code for part in ("", "/end")}
            assert codes | {asking.get("/gate/standings", params=asked).status_code} == {403}, by
        assert seen() == set()
        gate.standings.end(gate.standings.all("officer")[0].no, "administrator")
        assert seen() == {"in-tb", "out-tb"}


# One institution or ward


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


# Work about nobody


TASK = {"resourceType": "Task", "status": "requested", "intent": "order"}


@scene(FHIR, "scope", "purpose")
def work_on_signals_opens_no_person_and_no_other_reader_opens_work(make):
    """An officer at work sees the Tasks of the own area that name nobody: not hers, and none that forgot its patient;
    by no address and no search does anybody else see them, nor does she stand in them."""
    world = make()
    about = {"reference": "Patient/ada"}
    world.write(
        {**TASK, "id": "hers", "for": about},
        {**TASK, "id": "forgot"},
        {**TASK, "id": f"work.{AREA}.hers", "for": about},
        {**TASK, "id": f"work.{AREA}.named", "focus": about},
    )
    store, gate = world.installation.store, world.installation.gate
    gate.standings.set("officer", "area", [AREA])
    at_work = gate.worker(reader(world, "officer"))
    signal = {**TASK, "id": f"work.{AREA}.signal", "status": "accepted"}
    store.write(at_work, [Put(signal)])

    def found(access, *pairs):
        asked = parse_query("Task", [*pairs, ("_total", "accurate")], strict=True)
        page = store.search(access, asked)
        assert page.total == len(page.rows)
        return {row.id for row in page.rows}

    assert found(at_work) == {signal["id"]}
    for pairs in (
        [("patient", "ada")],
        [("subject", "Patient/ada")],
        [("focus", "Patient/ada")],
        [("patient.identifier", "A123456789")],
    ):
        assert found(at_work, *pairs) == set()
    for name in ("hers", "forgot", f"work.{AREA}.hers", f"work.{AREA}.named"):
        assert refused(lambda name=name: store.read(at_work, "Task", name)) == "records-not-found"
        assert refused(lambda name=name: store.history(at_work, "Task", name)) == "records-not-found"
    for kind in ("Patient", "Observation", "Condition", "Consent", "AuditEvent"):
        assert refused(lambda kind=kind: store.read(at_work, kind, "ada")) == "records-type-refused"
    new = {**TASK, "id": f"work.{AREA}.new", "status": "accepted"}
    step = {
        "resourceType": "Provenance",
        "id": f"work.{AREA}.step",
        "recorded": "2026-01-01T00:00:00Z",
        "agent": [{"who": {"display": "officer"}}],
        "target": [{"reference": "Patient/bo"}],
    }
    for refusal, change in (
        ("records-work-names-patient", Put(step)),
        ("records-write-refused", Delete("Task", signal["id"])),
        ("records-write-refused", Put({**new, "id": "new"})),
        ("records-write-refused", Put({**new, "id": "work.64000.new"})),
        ("records-work-names-patient", Put({**new, "for": {"reference": "Patient/bo"}})),
        ("records-work-names-patient", Put({**new, "requester": {"reference": "Patient/bo"}})),
    ):
        assert refused(lambda change=change: store.write(at_work, [change])) == refusal
    gate.standings.set("officer", "area", ["64000"])
    assert found(gate.worker(reader(world, "officer"))) == set()
    gate.standings.set("officer", "area", [])
    everywhere = gate.worker(reader(world, "officer"))
    assert found(everywhere) == {signal["id"]}
    assert refused(lambda: store.write(everywhere, [Put({**new, "id": "new"})])) == "records-write-refused"
    for by in ("other", "welcome", "stranger", "analyst", "officer", "manager", "administrator", "ada"):
        client = world.client(by)
        for path in (
            f"Task/{signal['id']}",
            f"Task/{signal['id']}/_history",
            f"Task/{signal['id']}/_history/1",
        ):
            assert client.get(f"/fhir/{path}").status_code in {403, 404}
        for asked in (f"Task?_id={signal['id']}", "Task?status=accepted"):
            assert not client.get(f"/fhir/{asked}").json().get("entry")
        assert client.get("/tasks").status_code == (200 if by == "officer" else 403)
