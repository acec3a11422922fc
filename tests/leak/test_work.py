"""What an answer costs says nothing: hidden and absent take the same steps in the store.

Wall clocks flake; SQLite counts the steps of its virtual machine for each statement, so that is what is compared: for
what is hidden, for what never was, and for what is hidden and has very many records.
"""

from contextlib import contextmanager

import apsw
import pytest

from builders import NOW, observation, patient
from camphora.policy import choices
from camphora.records.judging import Judge
from leak.ground import OTHER

SLACK = 400
"""Steps by which an answer may differ: looking one row up, and refusing it, is not nothing."""
MANY = 300
ABSENT, FEW, LOADED = "zed", "few", "big"
DENIED_ONE, DENIED_MANY = "dee", "dot"
ASKED = (
    "/fhir/Patient/{id}",
    "/fhir/Patient/{id}/_history",
    "/fhir/Patient/{id}/_history/1",
    "/fhir/Observation/{id}-0",
    "/fhir/Patient?_id={id}&_total=accurate",
    "/fhir/Patient?identifier={number}",
    "/fhir/Observation?patient={id}",
    "/fhir/Observation?patient={id}&_total=accurate",
    "/fhir/Observation?patient={id}&_sort=-date",
    "/fhir/Observation?subject=Patient/{id}&_summary=count",
    "/fhir/Observation?subject=Patient/{id}&code=8480-6",
    "/patients?q={number}",
    "/patients/{id}",
    "/patients/{id}/timeline",
    "/patients/{id}/results",
    "/patients/{id}/notify",
    "/records/Patient/{id}",
    "/records/Observation/{id}-0",
)
COVERS = {
    ("work", path)
    for path in (
        *("fhir.read", "fhir.vread", "fhir.history", "fhir.search", "fhir.search-post", "clinic.patients"),
        *("clinic.patient", "clinic.timeline", "clinic.results", "clinic.notify", "clinic.record"),
    )
}
"""A posted search is the same call of the store."""
NUMBERS = {
    ABSENT: "Z123456789",
    FEW: "K123456789",
    LOADED: "L123456789",
    DENIED_ONE: "M123456789",
    DENIED_MANY: "N123456789",
}
MOST_JUDGED = 3
"""Rows of a person that an answer may look at before it knows that all are denied."""
JUDGING = 2600
"""Steps of weighing the Consents of one person: those that no set can tell."""


DENYING = {
    "type": "deny",
    "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}],
    "action": [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentaction", "code": "access"}]}
    ],
}
"""A denial of all care that is no set: its person is judged."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Two who restricted the hospital: one with a record, one with very many; and two such whose Consent is judged."""
    from leak import ground

    made = ground.world(tmp_path_factory.mktemp("work") / "world")
    for name, count in ((FEW, 1), (LOADED, MANY)):
        made.write(patient(name, f"{name}名", "1960-01-01", NUMBERS[name]))
        made.write(
            *(observation(f"{name}-{number}", name, "8480-6", "2026-01-01") for number in range(count))
        )
        made.choose(f"{name}-restricts", choices.restrict(name, OTHER, NOW))
    for name, count in ((DENIED_ONE, 1), (DENIED_MANY, MANY)):
        made.write(patient(name, f"{name}名", "1960-01-01", NUMBERS[name]))
        made.write(
            *(observation(f"{name}-{number}", name, "8480-6", "2026-01-01") for number in range(count))
        )
        made.choose(f"{name}-denies", {**choices.restrict(name, OTHER, NOW), "provision": DENYING})
    yield made
    made.close()


@contextmanager
def steps_of(world):
    """The steps of all statements that the store's readers finish meanwhile."""
    counted, connections, watched = [], world.installation.store._connections, set()
    reader = connections.reader

    def counting():
        connection = reader()
        if id(connection) not in watched:
            watched.add(id(connection))
            connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, count)
        return connection

    def count(event):
        counted.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])

    connections.reader = counting
    try:
        yield counted
    finally:
        del connections.reader


def cost(world, asked, name):
    client, path = world.client("other"), asked.format(id=name, number=NUMBERS.get(name, ""))
    client.get(path)
    with steps_of(world) as counted:
        client.get(path)
    return sum(counted)


@pytest.mark.parametrize("asked", ASKED)
def test_hidden_costs_what_absent_costs(loaded, asked):
    absent, few, many = (cost(loaded, asked, name) for name in (ABSENT, FEW, LOADED))
    assert absent > 0
    assert abs(few - absent) <= SLACK
    assert abs(many - absent) <= SLACK, f"{many} steps for {MANY} hidden records, {absent} for none"


@pytest.mark.parametrize("asked", ASKED)
def test_of_whom_a_judged_consent_denies_wholly_nobody_learns_how_much_there_is(loaded, asked, monkeypatch):
    """Neither by the steps nor by how often a row is judged; that there is a Consent costs its weighing, once."""
    judged, said = [], Judge.said
    monkeypatch.setattr(Judge, "said", lambda *given: judged.append(1) or said(*given))
    costs = {name: _work(loaded, asked, name, judged) for name in (ABSENT, DENIED_ONE, DENIED_MANY)}
    (absent, never), (one, of_one), (many, of_many) = costs.values()
    assert never == 0
    assert of_many == of_one <= 2 * MOST_JUDGED
    assert abs(many - one) <= SLACK, f"{many} steps for {MANY} denied records, {one} for one"
    assert one - absent <= JUDGING


def _work(world, asked, name, judged):
    judged.clear()
    return cost(world, asked, name), len(judged)


BESIDE = (
    "/fhir/Observation?patient={id},zz",
    "/fhir/Observation?subject=Patient/{id},Patient/zz&_total=accurate",
)


@pytest.mark.parametrize("asked", BESIDE)
def test_hidden_beside_another_costs_what_absent_costs(loaded, asked):
    absent, few, many = (cost(loaded, asked, name) for name in (ABSENT, FEW, LOADED))
    assert absent > 0
    assert abs(few - absent) <= SLACK
    assert abs(many - absent) <= SLACK, f"{many} steps for {MANY} hidden records, {absent} for none"


def test_what_may_be_seen_costs_more(loaded):
    """The measure can fail: many records that are seen take many steps."""
    client = loaded.client("welcome")
    client.get("/fhir/Observation?patient=big")
    with steps_of(loaded) as counted:
        client.get("/fhir/Observation?patient=big&_total=accurate")
    assert sum(counted) > MANY
