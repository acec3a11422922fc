"""Attacks that need time: something is chosen, ended, handed out or carried along, and must hold from then on.

A scenario is given a maker of small worlds, changes one and says with AssertionError what leaks. Each is registered
with its kinds and the read paths that it walks.
"""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from builders import NOW, condition, observation, patient
from camphora.errors import CamphoraError
from camphora.lake.disclosure import Rules
from camphora.policy import choices
from leak import attacks as fhir
from leak import portal_attacks as portal
from leak.attacks import Attack
from leak.comparing import compare, hold_no_secret, said
from leak.ground import ADA, HOSPITAL, OTHER, SHUT, WRITTEN, choices_of_all, labelled

SCENARIOS = []


@dataclass(frozen=True)
class Scene:
    name: str
    kinds: tuple[str, ...]
    paths: tuple[str, ...]
    run: object

    def __str__(self):
        return self.name


def scene(paths, *kinds):
    def registered(function):
        SCENARIOS.append(Scene(function.__name__, kinds, tuple(paths), function))
        return function

    return registered


CLINIC = (*portal.CHART, "clinic.record", "clinic.patients")
READ = (
    fhir.by_address,
    fhir.by_version,
    fhir.by_what_one_holds_already,
    fhir.by_reading_in_bundles,
    portal.by_looking_for_her,
    portal.by_opening_her,
    portal.by_opening_her_records,
    *(
        one.ask
        for kind in ("key", "about", "total", "named-beside")
        for one in fhir.ATTACKS[kind, "fhir.search"]
        if one.by == "other"
    ),
)


class Kept:
    """A world whose client was signed in before."""

    def __init__(self, world, client):
        self.world, self._client = world, client

    def client(self, name):
        return self._client


def alike(there, absent, asks, her=ADA, by="other"):
    for ask in asks:
        compare(Attack(ask.__name__, by, ask), (there, absent), her)


def restricts(world, name="later-restricts", organisation=OTHER):
    world.choose(name, choices.restrict("ada", organisation, NOW))


def sees(world, by="other", path="/fhir/Patient/ada"):
    return world.client(by).get(path).status_code == 200


# Writing


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


# A choice, and what was handed out before it


@scene((*fhir.RECORD, *fhir.SEARCH, *CLINIC), "cache", "old-token")
def a_choice_holds_for_who_was_signed_in_before(make):
    """The very session that has just read her, asking again with all that it was given."""
    world, absent = make(chosen=False), make(there=False)
    client, never = world.client("other"), absent.client("other")
    before, _ = ([answer for ask in READ for answer in ask(one, ADA)] for one in (client, never))
    assert sum("ada" in answer.text for answer in before if answer.status_code == 200) > 20
    assert {answer.headers["cache-control"] for answer in before} == {"no-store"}
    for name, consent in choices_of_all(there=True):
        world.choose(name, consent)
    alike(Kept(world, client), Kept(absent, never), READ)


@scene(("fhir.read", "fhir.search", "fhir.bundle"), "old-token", "claim")
def a_choice_holds_for_tokens_issued_before(make):
    world = make(chosen=False)
    identity = world.installation.gate.identity
    bearer = {"authorization": f"Bearer {identity.issue_token('other', 't', 9)}"}
    client = world.anybody()
    assert client.get("/fhir/Patient/ada", headers=bearer).status_code == 200
    restricts(world)
    assert client.get("/fhir/Patient/ada", headers=bearer).status_code == 404
    found = client.get("/fhir/Patient?identifier=A123456789&_total=accurate", headers=bearer).json()
    assert found["total"] == 0
    identity.revoke_tokens("other")
    assert client.get("/fhir/Patient/bo", headers=bearer).status_code == 401


def crowd(world):
    """So many of her family name that a page of the finder does not hold them."""
    world.write(
        *(patient(f"w{number}", f"王{number:02}", "1960-01-01", f"W12345{number:04}") for number in range(23))
    )


@scene(("fhir.search", "fhir.search-post", "clinic.patients"), "cursor", "pages")
def a_cursor_does_not_carry_her_over_a_choice(make):
    """Tokens handed out while she was seen: whatever page comes next, she is on none. Ended, the same token goes on."""
    world, absent = make(chosen=False), make(there=False)
    for one in (world, absent):
        crowd(one)
    clients = [one.client("other") for one in (world, absent)]
    starts = (
        "/fhir/Patient?_count=3&_sort=-birthdate",
        "/fhir/Patient?_count=2&_sort=birthdate",
        "/fhir/Observation?_count=1&_sort=date",
        "/fhir/Observation?_count=1",
        "/fhir/Observation?patient=ada&_count=1",
        "/fhir/Condition?_count=1",
    )
    held = {start: _next(clients[0].get(start)) for start in starts}
    assert all(held.values())
    finder = clients[0].get("/patients", params={"q": "王"}).text
    more = finder.partition("page=")[2].partition('"')[0].replace("&amp;", "&")
    restricts(world)
    for start, first in held.items():
        address = first
        while address:
            answer = clients[0].get(address)
            assert answer.status_code in {200, 400}
            hold_no_secret([answer], ADA)
            assert '"ada' not in answer.text, start
            address = _next(answer)
    assert '"total":0' not in clients[0].get(held["/fhir/Observation?patient=ada&_count=1"]).text
    pages = [clients[0].get(f"/patients?q=王&page={more}").text, clients[0].get("/patients?q=王").text]
    assert not any(ADA.name in page for page in pages)
    assert said(clients[0].get("/patients?q=王")) == said(clients[1].get("/patients?q=王"))
    world.choose("later-restricts", choices.ended(choices.restrict("ada", OTHER, NOW)))
    address = held["/fhir/Observation?patient=ada&_count=1"]
    assert clients[0].get(address).status_code in {200, 400}


def _next(answer):
    links = answer.json().get("link", []) if answer.status_code == 200 else []
    return next((link["url"] for link in links if link["relation"] == "next"), None)


@scene(("fhir.search",), "cursor", "error-text", "claim")
def a_cursor_serves_only_whom_it_was_given(make):
    """A page of the hospital that may see her, carried to the one that may not; and to another question."""
    world = make()
    address = _next(world.client("welcome").get("/fhir/Observation?patient=ada&_count=1"))
    assert address
    for by in ("other", "pharmacist", "stranger", "analyst"):
        answer = world.client(by).get(address)
        assert answer.status_code in {400, 403}
        assert "ada-" not in answer.text
    carried = address.replace("patient=ada", "patient=bo")
    assert world.client("welcome").get(carried).status_code == 400
    token = address.partition("_page=")[2].partition("&")[0].partition(".")[2]
    body = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert b"[" not in body[:1]
    assert b"ada" not in body


# Choices that end, come back, or are not yet


@scene((*fhir.RECORD, "fhir.search", "fhir.search-post", "fhir.bundle", *CLINIC), "ended-choice")
def an_ended_choice_may_be_made_again(make):
    """Ended, deleted, written to another institution, and made again under the same name."""
    world, absent = make(), make(there=False)
    consent = choices.restrict("ada", OTHER, NOW)
    world.choose("ada-restricts", choices.ended(consent))
    assert sees(world)
    world.choose("ada-restricts", consent)
    alike(world, absent, READ)
    world.remove("Consent", "ada-restricts")
    assert sees(world)
    world.choose("ada-restricts", consent)
    alike(world, absent, READ[:4])
    restricts(world, "ada-restricts", HOSPITAL)
    assert sees(world)
    assert not sees(world, "welcome")
    world.choose("ada-restricts", consent)
    restricts(world, "twice")
    world.remove("Consent", "twice")
    assert not sees(world), "one of two equal choices ended, the other holds"
    assert sees(world, "welcome")


@scene((*fhir.RECORD, "fhir.search", "fhir.search-post", *CLINIC[:-1]), "clock")
def a_choice_holds_in_its_period_alone(make):
    world, absent = make(), make(there=False)
    now = datetime.now(UTC)

    def during(start=None, end=None):
        consent = choices.restrict("ada", OTHER, NOW)
        period = {"start": start and start.isoformat(), "end": end and end.isoformat()}
        consent["provision"]["period"] = {key: value for key, value in period.items() if value}
        world.choose("ada-restricts", consent)

    during(start=now + timedelta(days=1))
    assert sees(world)
    during(end=now - timedelta(days=1))
    assert sees(world)
    during(start=now - timedelta(seconds=1), end=now + timedelta(hours=1))
    alike(world, absent, READ[:4])
    during(start=now - timedelta(days=1))
    alike(world, absent, READ)
    closing = choices.close_part("cyd", "PSY", NOW)
    closing["provision"]["period"] = {"end": (now - timedelta(days=1)).isoformat()}
    world.choose("cyd-closes", closing)
    assert sees(world, path="/fhir/Condition/cyd-shut")
    closing["provision"]["period"] = {"start": (now + timedelta(days=1)).isoformat()}
    world.choose("cyd-closes", closing)
    assert sees(world, path="/fhir/Condition/cyd-shut")


# Parts that are closed

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


# Relatives


@scene(
    (
        *portal.RELATIVE,
        "clinic.record",
        *portal.CHART,
        *portal.FILES,
        *fhir.RECORD,
        "fhir.search",
        "fhir.search-post",
    ),
    "delegated",
    "cache",
    "old-token",
)
def a_relative_sees_nothing_after_the_end(make):
    """The session, the addresses and the programs' token of a relative who was let in, after she has ended it."""
    world, absent = make(), make(there=False)
    identity = world.installation.gate.identity
    session, token = (
        identity.open_session(identity.user("stranger")).token,
        identity.issue_token("stranger", "t", 9),
    )
    client, never = world.with_token(session), absent.client("stranger")
    letting = choices.let_in("ada", "dan", date(2099, 1, 1), NOW)
    world.choose("ada-lets-in", letting)
    pages = (
        "/family/ada",
        "/family/ada/timeline",
        "/records/Observation/ada-last?for=ada",
        "/records/Patient/ada?for=ada",
        "/records/Observation/ada-value?for=ada&as=timeline",
    )
    other = (
        "/me/download/record.json",
        "/me/download/record.csv",
        "/patients/ada",
        "/patients/ada/timeline",
        "/patients/ada/results",
        "/records/Observation/ada-last",
        "/fhir/Patient/ada",
        "/fhir/Patient/ada/_history",
        "/fhir/Patient/ada/_history/1",
        "/fhir/Observation?patient=ada&_total=accurate",
        "/me/family",
    )
    for path in pages:
        assert client.get(path).status_code == 200, path
    assert client.get("/records/Consent/ada-restricts?for=ada").status_code in {403, 404}
    hold_no_secret([client.get(path) for path in other if path != "/me/family"], ADA)
    assert world.client("analyst").get("/family/ada").status_code == never.get("/family/ada").status_code
    for end in (lambda: world.choose("ada-lets-in", choices.ended(letting)), lambda: _lapse(world, letting)):
        world.choose("ada-lets-in", letting)
        assert client.get("/family/ada").status_code == 200
        end()
        for path in (*pages, *other):
            assert said(client.get(path)) == said(never.get(path)), path
        posted = [one.post("/fhir/Patient/_search", data={"_id": "ada"}) for one in (client, never)]
        assert said(posted[0]) == said(posted[1])
        bearer = world.anybody().get("/fhir/Patient/ada", headers={"authorization": f"Bearer {token}"})
        assert bearer.status_code == 404


def _lapse(world, letting):
    world.choose(
        "ada-lets-in", {**letting, "provision": {**letting["provision"], "period": {"end": "2026-01-01"}}}
    )


@scene((*portal.RELATIVE, "clinic.record"), "delegated", "purpose")
def a_relative_of_one_is_none_of_another(make):
    world = make()
    world.choose("bo-lets-in", choices.let_in("bo", "dan", date(2099, 1, 1), NOW))
    client = world.client("stranger")
    assert client.get("/family/bo").status_code == 200
    for path in (
        "/family/ada",
        "/records/Observation/ada-last?for=bo",
        "/records/Observation/ada-last?for=ada",
        "/records/Patient/ada?for=bo",
    ):
        answer = client.get(path)
        assert answer.status_code in {403, 404}, path
        hold_no_secret([answer], ADA)


# Receipts


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


# Secondary use


EXACT = Rules(least=1, base=1)


def exactly(world):
    """Without protection of small numbers, so that one person is a difference."""
    world.installation.lake._rules = EXACT
    return world


def figures(world, by="analyst"):
    client, found = world.client(by), []
    for question in (
        {"view": "person", "measure": "persons"},
        {"view": "person", "measure": "persons", "by": "sex"},
        {"view": "condition", "measure": "rows"},
        {"view": "condition", "measure": "persons", "code": "F32.9"},
        {"view": "observation", "measure": "rows"},
        {"view": "encounter", "measure": "persons"},
    ):
        answers = (client.get(path, params=question) for path in ("/ask", "/ask.json", "/ask.csv"))
        found.extend(said(answer) for answer in answers)
    return found


@scene(("ask", "ask.download", "lake.ask", "lake.follower"), "stopped", "aggregate", "cache", "ended-choice")
def a_stop_holds_in_the_next_answer(make):
    """Asked, stopped, asked again by the same account; resumed; stopped again, with the copies made anew between."""
    world, absent = exactly(make(chosen=False)), exactly(make(there=False, parts=True))
    world.installation.lake.catch_up()
    before, never = figures(world), figures(absent)
    assert before != never
    stop = choices.stop_secondary_use("ada", NOW)
    world.choose("ada-stops", stop)
    assert figures(world) == never
    world.installation.lake.catch_up()
    assert figures(world) == never
    world.choose("ada-stops", choices.ended(stop))
    assert figures(world) == before
    world.installation.lake.catch_up()
    assert figures(world) == before
    world.write(observation("ada-new", "ada", "4548-4", "2026-11-21"))
    world.choose("ada-stops", stop)
    assert figures(world) == never
    world.installation.lake.catch_up()
    assert figures(world) == never


@scene(("lake.follower",), "parts", "stopped")
def no_open_file_holds_her_rows(make):
    """What lies on the disk on the open side, after a stop and a catching-up: nothing of hers; nor any file that the
    manifest no longer names."""
    world = make(chosen=False)
    lake = world.installation.lake
    lake.catch_up()
    assert _of(world, "ada", "open")
    world.choose("ada-stops", choices.stop_secondary_use("ada", NOW))
    lake.catch_up()
    assert _of(world, "bo", "open")
    assert not _of(world, "ada", "open")
    assert _of(world, "ada", "withheld")
    world.write(observation("ada-new", "ada", "4548-4", "2026-11-21"))
    lake.catch_up()
    assert not _of(world, "ada", "open")


def _of(world, person, side):
    """The part files on one side that hold a row of this person."""
    number = world.installation.lake._follower.numbers({person})[person]
    files = (world.folder / "lake/parts").glob(f"*.{side}.*.parquet")
    return [path.name for path in files if _holds(path, number)]


def _holds(path, number):
    columns = {row[0] for row in duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()}
    asked = f"SELECT count(*) FROM '{path}' WHERE person = {number}"
    return "person" in columns and duckdb.sql(asked).fetchall()[0][0] > 0


# Emergencies


REASON = "昏迷送醫，需查過敏與用藥"


@scene((*fhir.RECORD, "fhir.search", "fhir.search-post", *CLINIC[:-1]), "emergency")
def an_emergency_opens_one_person_for_a_while(make):
    world, absent = make(), make(there=False)
    world.write(
        patient("ivy", "黃雅婷", "1981-01-01", "E223456789"),
        observation("ivy-1", "ivy", "8480-6", "2026-01-01"),
    )
    world.choose("ivy-restricts", choices.restrict("ivy", OTHER, NOW))
    client = world.client("other")
    gate, reader = world.installation.gate, world.installation.gate.identity.user("other").reader()
    refusals = []
    for number in ("A12345678", "A999999999", "王小明", "ada"):
        try:
            gate.declare(reader, number, REASON)
        except CamphoraError as error:
            refusals.append((error.code, error.text("zh-TW")))
    assert len(refusals) == 4
    assert len(set(refusals)) == 1, "a wrong number and nobody's are refused alike"
    alike(world, absent, READ[:4])
    declared = gate.declare(reader, ADA.number, REASON)
    assert client.get("/patients/ada").status_code == 200
    for path in (
        "/patients/ivy",
        "/fhir/Patient/ivy",
        "/fhir/Observation/ivy-1",
        "/records/Observation/ivy-1",
    ):
        assert client.get(path).status_code == 404, path
    for by in ("pharmacist", "analyst", "stranger"):
        assert world.client(by).get("/patients/ada").status_code in {403, 404}
    assert client.get("/fhir/Observation?patient=ivy&_total=accurate").json()["total"] == 0
    gate.emergencies.end(declared.no, reader.id)
    alike(world, absent, READ)


# A table with a person column is asked through the same sides as a view: tests/lake/test_tables.py holds what it counts


@scene(("ask", "ask.download", "lake.ask", "lake.follower"), "person-table")
def rows_of_a_table_about_persons_are_given_to_nobody(make):
    """No table that is about persons can be read row by row, by any account."""
    world = make()
    lake = world.installation.lake
    about = [name for name, source in lake.tables().items() if source.about_persons]
    assert about
    for by in ("analyst", "officer", "manager", "other", "administrator"):
        access = world.installation.gate.access(world.installation.gate.identity.user(by).reader())
        for name in about:
            with pytest.raises(CamphoraError) as caught:
                lake.rows(access, name)
            assert caught.value.code in {
                "lake-rows-of-persons",
                "records-table-refused",
                "records-type-refused",
            }


# Types


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
