"""Whom an actor of a Consent means: told by the store's records, in the version that is read."""

import subprocess
import sys
import time
from dataclasses import replace
from datetime import date

import apsw
import pytest

from builders import NOW, citizen, clinician, observation, patient, people
from camphora.errors import NotFound
from camphora.fhir.search import parse_query
from camphora.policy import Policy, Purpose, Reader, Request, Role, admit, choices
from camphora.policy.internal import deciding
from camphora.records import Delete, Put, SQLiteStore
from camphora.records.registers import Readers, StoreRegister
from consented import LOAD, REASON, consent, treating

LICENCE, CODE = "urn:licence", "urn:nhi-code"
ELSEWHERE = """
import sys
from pathlib import Path
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
store = SQLiteStore(Path(sys.argv[1]))
members = [{"member": {"reference": name}} for name in sys.argv[2:]]
team = {"resourceType": "CareTeam", "id": "t", "status": "active", "participant": members}
store.write(loading("elsewhere"), [Put(team)])
store.close()
"""


def ids(store, access, patient="ada"):
    query = parse_query("Observation", [("patient", patient), ("_count", "100")], strict=True)
    return [row.id for row in store.search(access, query).rows]


def put(store, *resources):
    store.write(LOAD, [Put(one) for one in resources])


def numbered(kind, key, number, **more):
    system, value = number.split("|")
    return {"resourceType": kind, "id": key, "identifier": [{"system": system, "value": value}], **more}


def named(reference):
    return {"reference": reference}


def actor(reference):
    meant = named(reference) if isinstance(reference, str) else reference
    return {"actor": [{"role": choices.RECIPIENT, "reference": meant}]}


def identifier(number):
    system, value = number.split("|")
    return {"identifier": {"system": system, "value": value}}


def team(*members, key="t", **more):
    given = [one if isinstance(one, dict) else {"member": named(one)} for one in members]
    return {"resourceType": "CareTeam", "id": key, "status": "active", "participant": given, **more}


def dr(**standing):
    """A clinician of h1, of whose account this is kept."""
    kept = {name: frozenset(value) if isinstance(value, list) else value for name, value in standing.items()}
    reader = Reader("lin", "林醫師", Role.CLINICIAN, **{"organisation": "h1", **kept})
    return admit(Request(reader, Purpose.CARE)).access


def refuses(reference, *inner):
    return consent("k", "ada", treating(**actor(reference), **({"provision": list(inner)} if inner else {})))


def only(reference):
    """Everybody is refused but this actor."""
    return consent("k", "ada", treating(provision=[{"type": "permit", **actor(reference)}]))


ALL = ["o1", "o2", "o3"]


def test_the_practitioner_for_whom_an_account_stands_is_refused(loaded):
    put(loaded, {"resourceType": "Practitioner", "id": "p7"}, refuses("Practitioner/p7"))
    assert ids(loaded, dr(reference="Practitioner/p7")) == []
    assert ids(loaded, dr(reference="Practitioner/p8")) == ALL
    assert ids(loaded, dr()) == ALL


def test_an_account_that_stands_for_somebody_is_not_who_bears_its_name(loaded):
    put(loaded, refuses("Practitioner/lin"))
    assert ids(loaded, dr()) == []
    assert ids(loaded, dr(reference="Practitioner/p7")) == ALL


def test_a_practitioner_is_known_by_the_number_of_the_account(loaded):
    put(loaded, numbered("Practitioner", "p7", f"{LICENCE}|A1"), refuses("Practitioner/p7"))
    assert ids(loaded, dr(identifiers=[f"{LICENCE}|A1"])) == []
    assert ids(loaded, dr(identifiers=[f"{LICENCE}|A2"])) == ALL
    put(loaded, refuses("Practitioner/lin"))
    assert ids(loaded, dr(identifiers=[f"{LICENCE}|A1"])) == ALL


def test_a_practitioner_named_by_number_is_who_stands_for_the_record_that_bears_it(loaded):
    put(loaded, numbered("Practitioner", "p7", f"{LICENCE}|A1"), refuses(identifier(f"{LICENCE}|A1")))
    assert ids(loaded, dr(reference="Practitioner/p7")) == []
    assert ids(loaded, dr()) == ALL
    put(loaded, numbered("Practitioner", "p7", f"{LICENCE}|A2"))
    assert ids(loaded, dr(reference="Practitioner/p7")) == ALL


@pytest.mark.parametrize("reference", ["CareTeam/t", "CareTeam/t/_history/1"])
def test_who_is_in_a_team_is_told_by_the_store_at_each_reading(loaded, reference):
    put(loaded, team("Practitioner/p7"), refuses(reference))
    access = dr(reference="Practitioner/p7")
    assert ids(loaded, access) == []
    assert ids(loaded, dr(reference="Practitioner/p8")) == ALL
    put(loaded, team("Practitioner/p8"))
    assert ids(loaded, access) == ALL
    put(loaded, team("Practitioner/p8", "Practitioner/p7"))
    assert ids(loaded, access) == []


def test_only_a_team_may_read_and_its_members_change(loaded):
    put(loaded, team("Practitioner/p7"), only("CareTeam/t"))
    access = dr(reference="Practitioner/p7")
    assert ids(loaded, access) == ALL
    put(loaded, team("Practitioner/p8"))
    assert ids(loaded, access) == []


def test_a_team_holds_by_organisation_role_number_and_team_in_it(loaded):
    role = {
        "resourceType": "PractitionerRole", "id": "r", "practitioner": named("Practitioner/p7"),
        "organization": named("Organization/h1"),
    }  # fmt: skip
    put(loaded, role, numbered("Practitioner", "p7", f"{LICENCE}|A1"), refuses("CareTeam/t"))
    access = dr(reference="Practitioner/p7")
    inner = team("Practitioner/p7", key="inner")
    number = {"member": {"type": "Practitioner", **identifier(f"{LICENCE}|A1")}}
    for member in ("Organization/h1", "PractitionerRole/r", "CareTeam/inner", number):
        put(loaded, inner, team("Practitioner/x"))
        assert ids(loaded, access) == ALL
        put(loaded, inner, team(member))
        assert ids(loaded, access) == [], member


def test_a_membership_that_is_over_is_none(loaded):
    past = {"member": named("Practitioner/p7"), "period": {"end": "2025-12-31"}}
    put(loaded, team("Practitioner/x", past), refuses("CareTeam/t"))
    assert ids(loaded, dr(reference="Practitioner/p7")) == ALL
    put(loaded, team("Practitioner/p7", period={"end": "2025-12-31"}))
    assert ids(loaded, dr(reference="Practitioner/p7")) == ALL
    put(loaded, {**team("Practitioner/p7"), "status": "inactive"})
    assert ids(loaded, dr(reference="Practitioner/p7")) == ALL


def test_a_membership_begins_by_time_alone(loaded):
    soon = time.time() + 1.2
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(soon))
    begins = {"member": named("Practitioner/p7"), "period": {"start": text}}
    put(loaded, team("Practitioner/x", begins), refuses("CareTeam/t"))
    access = dr(reference="Practitioner/p7")
    if time.time() < int(soon):
        assert ids(loaded, access) == ALL
    time.sleep(max(0.0, int(soon) - time.time()) + 0.01)
    assert ids(loaded, access) == []


def test_a_team_that_is_not_there_is_denied_for_all_and_permits_nobody(loaded):
    put(loaded, refuses("CareTeam/t"))
    assert ids(loaded, dr(reference="Practitioner/p7")) == []
    put(loaded, only("CareTeam/t"))
    assert ids(loaded, dr(reference="Practitioner/p7")) == []
    put(loaded, team("Practitioner/p7"))
    assert ids(loaded, dr(reference="Practitioner/p7")) == ALL
    loaded.write(LOAD, [Delete("CareTeam", "t")])
    assert ids(loaded, dr(reference="Practitioner/p7")) == []


def test_a_member_told_in_words_alone_may_be_anybody(loaded):
    put(loaded, team("Practitioner/x", {"member": {"display": "王護理師"}}), refuses("CareTeam/t"))
    assert ids(loaded, dr(reference="Practitioner/p7")) == []
    put(loaded, only("CareTeam/t"))
    assert ids(loaded, dr(reference="Practitioner/p7")) == []
    assert ids(loaded, dr(reference="Practitioner/x")) == ALL


def test_a_team_of_another_patient_lets_nobody_in(loaded):
    put(loaded, team("Practitioner/p7", subject=named("Patient/bo")), only("CareTeam/t"))
    assert ids(loaded, dr(reference="Practitioner/p7")) == []
    put(loaded, team("Practitioner/p7", subject=named("Patient/ada")))
    assert ids(loaded, dr(reference="Practitioner/p7")) == ALL
    put(loaded, team("Practitioner/p7", subject=named("Patient/bo")), refuses("CareTeam/t"))
    assert ids(loaded, dr(reference="Practitioner/p7")) == []
    assert ids(loaded, dr(reference="Practitioner/p8")) == ALL


def test_a_group_names_its_members(loaded):
    group = {"resourceType": "Group", "id": "g", "type": "practitioner", "actual": True}
    put(loaded, {**group, "member": [{"entity": named("Practitioner/p7")}]}, refuses("Group/g"))
    assert ids(loaded, dr(reference="Practitioner/p7")) == []
    assert ids(loaded, dr(reference="Practitioner/p8")) == ALL
    put(loaded, {**group, "member": [{"entity": named("Practitioner/p7"), "inactive": True}]})
    assert ids(loaded, dr(reference="Practitioner/p7")) == ALL


@pytest.mark.parametrize("by", ["set", "rule", "number"])
def test_who_refuses_a_hospital_refuses_its_departments(loaded, by):
    department = {"resourceType": "Organization", "id": "icu", "partOf": named("Organization/ward")}
    ward = {"resourceType": "Organization", "id": "ward", "partOf": named("Organization/h9")}
    put(loaded, department, ward, numbered("Organization", "h9", f"{CODE}|0421040011"))
    said = {
        "set": {**choices.restrict("ada", "h9", NOW), "id": "k"},
        "rule": refuses("Organization/h9/_history/1"),
        "number": refuses(identifier(f"{CODE}|0421040011")),
    }
    put(loaded, said[by])
    assert ids(loaded, dr(organisation="icu")) == []
    assert ids(loaded, dr(organisation="h1")) == ALL
    put(loaded, {"resourceType": "Organization", "id": "icu"})
    assert ids(loaded, dr(organisation="icu")) == ALL


def test_a_department_is_refused_by_the_role_that_is_held_in_it(loaded):
    department = {"resourceType": "Organization", "id": "icu", "partOf": named("Organization/h1")}
    role = {
        "resourceType": "PractitionerRole", "id": "r", "practitioner": named("Practitioner/p7"),
        "organization": named("Organization/icu"),
    }  # fmt: skip
    put(loaded, department, role, {**choices.restrict("ada", "icu", NOW), "id": "k"})
    access = dr(reference="Practitioner/p7")
    assert ids(loaded, access) == []
    assert ids(loaded, dr(reference="Practitioner/p8")) == ALL
    put(loaded, {**role, "active": False})
    assert ids(loaded, access) == ALL
    put(loaded, {**role, "period": {"end": "2025"}})
    assert ids(loaded, access) == ALL
    elsewhere = {"resourceType": "Organization", "id": "icu", "partOf": named("Organization/h2")}
    put(loaded, role, elsewhere)
    assert ids(loaded, access) == ALL


def test_an_organisation_is_known_by_the_code_of_the_account(loaded):
    put(
        loaded,
        numbered("Organization", "h9", f"{CODE}|0421040011"),
        {**choices.restrict("ada", "h9", NOW), "id": "k"},
    )
    assert ids(loaded, dr(identifiers=[f"{CODE}|0421040011"])) == []
    assert ids(loaded, dr()) == ALL


def test_a_device_is_who_the_account_says(loaded):
    put(loaded, refuses("Device/d"))
    assert ids(loaded, dr(device="Device/d")) == []
    assert ids(loaded, dr()) == ALL
    put(loaded, numbered("Device", "d", "urn:udi|1"), refuses(identifier("urn:udi|1")))
    assert ids(loaded, dr(device="Device/d")) == []


def test_a_number_that_who_treats_may_write_into_a_device_of_a_patient_names_nobody(loaded):
    put(
        loaded,
        numbered("Device", "d", "urn:udi|1", patient=named("Patient/ada")),
        only(identifier("urn:udi|1")),
    )
    assert ids(loaded, dr(device="Device/d")) == []


def test_a_relative_is_let_in_as_a_related_person(loaded):
    link = {"type": "seealso", "other": named("RelatedPerson/daughter")}
    related = {"resourceType": "RelatedPerson", "id": "daughter", "patient": named("Patient/ada")}
    permit = {
        "type": "permit", "period": {"end": date(2030, 1, 1).isoformat()},
        "purpose": [{"system": REASON, "code": "FAMRQT"}], **actor("RelatedPerson/daughter"),
    }  # fmt: skip
    put(loaded, related, consent("k", "ada", permit))
    assert loaded.letting_in(deciding("bo"), "bo") == frozenset()
    put(loaded, {**patient("bo", "陳美玲", "1990-07-15", "B223456780"), "link": [link]})
    assert loaded.letting_in(deciding("bo"), "bo") == {"ada"}
    reader = Reader("bo", "陳美玲", Role.CITIZEN, person="bo")
    relative = admit(Request(reader, Purpose.SELF, "ada", frozenset({"ada"}))).access
    assert ids(loaded, relative) == ALL
    put(loaded, consent("no", "ada", {**permit, "type": "deny"}))
    assert loaded.letting_in(deciding("bo"), "bo") == frozenset()
    assert ids(loaded, citizen("ada")) == ALL


def test_another_process_changes_a_team_and_the_next_read_decides_anew(store_with):
    store = store_with(None)
    put(store, *people(), team("Practitioner/x"), refuses("CareTeam/t"))
    access = dr(reference="Practitioner/p7")
    assert ids(store, access) == ALL
    subprocess.run([sys.executable, "-c", ELSEWHERE, str(store.folder), "Practitioner/p7"], check=True)
    assert ids(store, access) == []


def test_a_read_by_id_asks_once_for_the_last_change_and_decides_anew_after_it(loaded):
    put(loaded, team("Practitioner/x"), refuses("CareTeam/t"))
    put(loaded, observation("of-bob", "bob", "8480-6", "2026-02-05"))
    access, key, asked = dr(reference="Practitioner/p7"), ALL[0], []
    first = loaded.read(access, "Observation", key)
    reader = loaded._connections.reader()
    reader.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: asked.append(event["sql"]))
    assert loaded.read(access, "Observation", "of-bob")
    assert len([sql for sql in asked if "FROM change" in sql]) == 1
    reader.trace_v2(0, None)
    put(loaded, observation("other", "ada", "8480-6", "2026-02-05"))
    assert loaded.read(access, "Observation", key) == first
    put(loaded, team("Practitioner/p7"))
    with pytest.raises(NotFound):
        loaded.read(access, "Observation", key)
    put(loaded, team("Practitioner/x"))
    assert loaded.read(access, "Observation", key) == first


def test_names_are_asked_for_once_and_not_for_each_record(loaded, monkeypatch):
    put(loaded, team("Practitioner/x"), refuses("CareTeam/t"))
    put(loaded, *(observation(f"n{number}", "ada", "8480-6", "2026-02-05") for number in range(60)))
    asked = []
    record = StoreRegister.record
    monkeypatch.setattr(StoreRegister, "record", lambda self, name: asked.append(name) or record(self, name))
    access = dr(reference="Practitioner/p7")
    assert len(ids(loaded, access)) > 40
    first = len(asked)
    assert first < 12
    assert len(ids(loaded, access)) > 40
    put(loaded, observation("later", "ada", "8480-6", "2026-02-05"))
    assert len(ids(loaded, access)) > 40
    assert len(asked) <= first + 2  # one team for each reading


def test_a_write_is_refused_as_a_reading_is(loaded):
    put(loaded, team("Practitioner/p7"), refuses("CareTeam/t"))
    made = observation("new", "ada", "8480-6", "2026-02-05")
    with pytest.raises(Exception, match="records-") as refused:
        loaded.write(dr(reference="Practitioner/p7"), [Put(made)])
    assert refused.value.code.startswith("records-")
    loaded.write(dr(reference="Practitioner/p8"), [Put(made)])


def test_what_a_refused_write_would_have_made_known_is_forgotten(loaded, monkeypatch):
    """A team that is written with a refused record is not there: the keeper knows it no more."""
    put(loaded, team("Practitioner/p7", subject=named("Patient/ada")), only("CareTeam/t"))
    access = dr(reference="Practitioner/p7")
    changed = Put(team("Practitioner/x", subject=named("Patient/ada")))
    new = Put(observation("late", "ada", "8480-6", "2026-02-05"))
    forgotten = []
    forget = Readers.forget
    monkeypatch.setattr(Readers, "forget", lambda self, one: forgotten.append(one) or forget(self, one))
    with pytest.raises(Exception, match="records-"):
        loaded.write(access, [changed, new])
    assert forgotten
    assert ids(loaded, access) == ALL
    loaded.write(access, [new])
    assert ids(loaded, access) == [*ALL, "late"]


def test_names_follow_in_a_policy_that_opens_nothing_by_itself(store_with):
    store = store_with(Policy.taiwan().set({"defaults.care": "deny"}))
    put(
        store,
        *[
            patient("ada", "王小明", "1950-02-01", "A123456780"),
            observation("o1", "ada", "8480-6", "2026-01-05"),
        ],
    )
    put(store, team("Practitioner/p7"), consent("k", "ada", {"type": "permit", **actor("CareTeam/t")}))
    assert ids(store, dr(reference="Practitioner/p7")) == ["o1"]
    assert ids(store, dr(reference="Practitioner/p8")) == []
    assert ids(store, replace(clinician("h1"), reader=dr().reader)) == []


@pytest.fixture
def store_with(tmp_path):
    made = []

    def store(policy):
        made.append(SQLiteStore(tmp_path / f"s{len(made)}", policy=policy))
        return made[-1]

    yield store
    for each in made:
        each.close()
