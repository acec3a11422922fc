"""The wall around work: officers see the work of their areas and no person; everybody else sees none of it."""

import apsw
import orjson
import pytest

from camphora.errors import CamphoraError, Forbidden, Invalid, NotFound
from camphora.fhir.search import parse_query
from camphora.gate import Gate, Identity, User
from camphora.gate.state import State
from camphora.policy import Purpose, Reader, Request, Role, admit, work
from camphora.policy.asking import Scope
from camphora.policy.internal import following, loading, registering, working
from camphora.policy.policy import Policy
from camphora.records import Put
from camphora.records.store import Delete
from camphora.work import Asking, Ledger
from work.test_ledger import SOON
from work.working import COUNTY, KEY, OTHER, TOWNSHIP, Clock, at_work

TASK = {"resourceType": "Task", "status": "requested", "intent": "order"}


@pytest.fixture
def full(loaded):
    """Persons' records, a Task about nobody that was loaded, and work in one county and one of its townships."""
    loaded.write(loading("test"), [Put({**TASK, "id": "unlinked"})])
    ledger = Ledger(loaded, Clock())
    ann = at_work("ann", COUNTY)
    signal = ledger.take(ann, KEY)
    request = ledger.ask(ann, signal.id, 1, Asking(TOWNSHIP, "問", SOON))
    return loaded, ledger, signal.id, request.id


def seen(store, access, kind="Task"):
    return {row.id for row in store.search(access, parse_query(kind, [("_count", "100")], strict=True)).rows}


@pytest.mark.parametrize(
    ("areas", "signal", "request_"),
    [
        ((), True, True),
        ((COUNTY,), True, True),
        ((COUNTY, OTHER), True, True),
        ((TOWNSHIP,), False, True),
        (("65000020",), False, False),
        ((OTHER,), False, False),
    ],
)
def test_an_officer_sees_the_work_of_their_areas(full, areas, signal, request_):
    store, ledger, *ids = full
    access = at_work("eve", *areas)
    wanted = {name for name, sees in zip(ids, (signal, request_), strict=True) if sees}
    assert seen(store, access) == {each.id for each in ledger.open(access)} == wanted
    for name in ids:
        for read in (store.read, store.history):
            if name in wanted:
                assert read(access, "Task", name)
            else:
                with pytest.raises(NotFound):
                    read(access, "Task", name)
    provenances = seen(store, access, "Provenance")
    assert {name.rpartition(".")[0] for name in provenances} == wanted


@pytest.mark.parametrize(
    "scope", [Scope(institutions=frozenset({"h1"})), Scope(wards=frozenset({"Location/w"}))]
)
def test_who_is_limited_to_institutions_sees_no_work(full, scope):
    store, *_ = full
    assert seen(store, working(Reader("eve", "Eve", Role.OFFICER, scope=scope))) == set()


def test_work_sees_no_record_of_a_person_and_nothing_unlinked(full):
    store, _, signal, request = full
    access = at_work("nat")
    assert seen(store, access) == {signal, request}
    for kind in ("Patient", "Observation", "Condition", "Encounter", "Organization"):
        with pytest.raises(Forbidden):
            store.search(access, parse_query(kind, [], strict=True))
    for pairs in ([("patient", "ada")], [("patient.name", "x")], [("subject", "Patient/ada")]):
        assert store.search(access, parse_query("Task", pairs, strict=True)).rows == []
    with pytest.raises(NotFound):
        store.read(access, "Task", "unlinked")
    for inner in (lambda: store.changes(access, 0, 9), lambda: list(store.scan(access, 0, 9))):
        with pytest.raises(Forbidden):
            inner()


def everybody():
    """Every Access that admission mints, for every role and purpose."""
    for role in Role:
        for purpose in Purpose:
            reader = Reader("x", "X", role, organisation="h1", person="ada")
            access = admit(Request(reader, purpose)).access
            if access is not None:
                yield access


def test_nobody_else_sees_work_whatever_their_role_and_purpose(full):
    store, _, signal, _ = full
    tried = 0
    for access in everybody():
        for kind, name in (("Task", signal), ("Provenance", f"{signal}.1")):
            for read in (store.read, store.history):
                with pytest.raises((NotFound, Forbidden)):
                    read(access, kind, name)
                tried += 1
            try:
                assert seen(store, access, kind) == set()
            except Forbidden:
                tried += 1
    assert tried > 40


def test_a_follower_sees_all_of_it(full):
    store, _, signal, _ = full
    assert store.read(following("test"), "Task", signal).body


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (Put({**TASK, "id": "anything"}), Forbidden),
        (Put({**TASK, "id": "work.64000.x"}), Forbidden),
        (Put({**TASK, "id": "work.6500.x"}), Forbidden),
        (Put(TASK, expect="new"), Forbidden),
        (Put({**TASK, "id": "work.65000.x", "for": {"reference": "Patient/ada"}}), Invalid),
        (Put({**TASK, "id": "work.65000.x", "focus": {"reference": "Patient/ada"}}), Invalid),
        (
            Put({"resourceType": "Observation", "id": "work.65000.x", "status": "final", "code": {}}),
            CamphoraError,
        ),
    ],
)
def test_work_writes_about_nobody_and_in_its_own_areas(full, change, error):
    store, *_ = full
    with pytest.raises(error):
        store.write(at_work("ann", COUNTY), [change])


def test_work_deletes_nothing_and_a_person_is_not_put_into_it_later(full):
    store, _, signal, _ = full
    ann = at_work("ann", COUNTY)
    with pytest.raises(Forbidden):
        store.write(ann, [Delete("Task", signal)])
    body = orjson.loads(store.read(ann, "Task", signal).body)
    with pytest.raises(Invalid):
        store.write(ann, [Put({**body, "for": {"reference": "Patient/ada"}})])
    assert store.read(ann, "Task", signal).body


@pytest.mark.parametrize("purpose", [Purpose.CARE, Purpose.SURVEILLANCE])
def test_nobody_else_writes_work(full, purpose):
    store, _, signal, _ = full
    role = Role.CLINICIAN if purpose is Purpose.CARE else Role.OFFICER
    access = admit(Request(Reader("x", "X", role, organisation="h1"), purpose)).access
    with pytest.raises(CamphoraError):
        store.write(access, [Put({**TASK, "id": signal})])
    with pytest.raises(CamphoraError):
        store.write(access, [Put({**TASK, "id": "work.65000.y"})])


@pytest.mark.parametrize(
    "named",
    [
        {**TASK, "for": {"reference": "Patient/ada"}},
        {**TASK, "focus": {"reference": "Patient/ada"}},
        {**TASK, "for": {"reference": "Patient/ada"}, "focus": {"reference": "Patient/bo"}},
        {"resourceType": "Provenance", "target": [{"reference": "Patient/ada"}], "recorded": "2026-01-01T00:00:00Z",
         "agent": [{"who": {"display": "x"}}]},
    ],
)  # fmt: skip
def test_what_names_a_patient_though_it_was_loaded_as_work_is_not_seen(full, named):
    store, *_ = full
    store.write(loading("test"), [Put({**named, "id": "work.65000.z"})])
    assert "work.65000.z" not in seen(store, at_work("nat"), named["resourceType"])
    with pytest.raises(NotFound):
        store.read(at_work("nat"), named["resourceType"], "work.65000.z")


def test_what_is_about_a_person_is_not_seen_whatever_else_it_says(full):
    """By the person of the row alone: a mark of other patients does not stand for it."""
    store, _, signal, _ = full
    connection = apsw.Connection(str(store.folder / "records.sqlite"))
    connection.execute("UPDATE record SET person = 1 WHERE id = ?", (signal,))
    connection.close()
    assert signal not in seen(store, at_work("nat"))


def test_a_registrar_is_not_at_work(full):
    store, _, signal, _ = full
    registrar = registering(Reader("r", "R", Role.ADMINISTRATOR))
    with pytest.raises(Forbidden):
        store.read(registrar, "Task", signal)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("work.65000.x", "65000"), ("work.65000010.x.1", "65000010"), ("work.tw.x", "tw"), ("work.6500.x", None),
        ("work.65000", None), ("works.65000.x", None), ("x", None), ("work..x", None),
    ],
)  # fmt: skip
def test_the_place_stands_in_the_id(text, place):
    assert work.place_of(text) == place


def test_a_county_holds_its_townships_and_no_other():
    assert work.reaches(Scope(frozenset({COUNTY})), TOWNSHIP)
    assert not work.reaches(Scope(frozenset({TOWNSHIP})), COUNTY)
    assert not work.reaches(Scope(frozenset({COUNTY})), "tw")
    assert work.reaches(Scope(), "tw")
    with pytest.raises(ValueError, match="6500"):
        work.work_id("6500", "x")


class TestGate:
    """The gate mints the Access of work for officers, with the areas of their account, and for nobody else."""

    @pytest.fixture
    def gate(self, store, tmp_path):
        opened = Gate(
            Identity(tmp_path / "gate.sqlite"), store, State(tmp_path / "state.sqlite"), Policy.taiwan()
        )
        yield opened
        opened.close()

    def test_officers_and_nobody_else(self, gate):
        for role in Role:
            reader = Reader("x", "X", role, organisation="h1", person="ada")
            if role is Role.OFFICER:
                assert gate.worker(reader).ground == "working"
            else:
                with pytest.raises(Forbidden):
                    gate.worker(reader)

    def test_with_the_areas_of_the_account(self, gate):
        gate.identity.add_user(User("ann", "Ann", Role.OFFICER), "correct horse battery")
        gate.standings.set("ann", "area", [COUNTY])
        access = gate.worker(gate.identity.user("ann").reader())
        assert access.scope.areas == {COUNTY}
        assert access.persons == frozenset()
