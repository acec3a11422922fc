"""A store opened for reading beside the one that writes, and receipts on their way between them."""

import socket
import threading
import time
from contextlib import suppress

import pytest
from pyroaring import BitMap

from builders import analyst, citizen, clinician, cohort, people
from camphora.audit import Receipt
from camphora.errors import Busy, Fault, Forbidden, Invalid, NotFound
from camphora.fhir.search import parse_query
from camphora.policy.internal import loading
from camphora.policy.policy import Policy
from camphora.records import Delete, Put
from camphora.records.looks import Act, Leaf
from camphora.records.reading import ReadingStore
from camphora.records.relay import ACKNOWLEDGED, HEAD, Relay, arrived, frame

LOAD = loading("test")
LEAF = Leaf(
    Receipt(1, "lin", "林醫師", "clinician", None, "care", "read", ("Patient",), ("ab",), None, "00").line(),
    BitMap([3]),
)
ADA, ANALYST = citizen(), analyst()


@pytest.fixture
def both(store):
    """The store that writes, with some people, and one that reads beside it; the leader's end of what lies between."""
    store.write(LOAD, [Put(each) for each in people()])
    ours, theirs = socket.socketpair()
    relay, reception = Relay(theirs), store.reception(ours)
    threads = [threading.Thread(target=going_on, args=(each,)) for each in (reception.take, relay.hear)]
    for each in threads:
        each.start()
    reading = ReadingStore(store.folder, Policy.taiwan(), relay)
    yield store, reading, ours
    with suppress(OSError):
        theirs.shutdown(socket.SHUT_RDWR)
    for each in threads:
        each.join()
    reception.close()
    reading.close()


def going_on(step):
    while step():
        pass


def search(store, kind, *pairs):
    query = parse_query(kind, pairs, strict=True, registry=store.registry)
    return store.search(clinician(), query)


def test_what_is_written_is_read_at_once_and_leaves_its_receipt_in_the_one_log(both):
    store, reading, _ = both
    for number in range(3):
        store.write(LOAD, [Put({**people()[2], "birthDate": f"195{number}-01-01"})])
        assert (
            reading.read(clinician(), "Patient", "ada").body == store.read(clinician(), "Patient", "ada").body
        )
    assert len(store.audit) == 6
    with pytest.raises(NotFound):
        reading.read(clinician(), "Patient", "nobody")
    assert store.audit.receipt(6)["decision"] == "deny"
    assert len(store.looks(ADA, "ada")) == 6, "the person finds those of the reader too"


def test_a_receipt_of_many_names_a_set_that_is_indexed_before_the_answer(both):
    store, reading, _ = both
    store.write(LOAD, [Put(each) for each in cohort(201)])
    search(reading, "Patient", ("_count", "1000"))
    reader = store._connections.reader()
    assert store.audit.receipt(0)["members"] is not None
    assert list(reader.execute("SELECT receipt FROM person_set")) == [(0,)]


def test_search_parameters_that_are_declared_or_taken_away_hold_at_the_next_search(both):
    store, reading, _ = both
    declared = {
        "resourceType": "SearchParameter", "id": "unit", "url": "https://example.org/SearchParameter/unit",
        "name": "Unit", "status": "active", "description": "a unit", "code": "unit", "base": ["Observation"],
        "type": "string", "expression": "Observation.value.unit",
    }  # fmt: skip
    with pytest.raises(Invalid):
        search(reading, "Observation", ("unit", "%"))
    store.write(LOAD, [Put(declared)])
    until = time.monotonic() + 30
    while store.indexing() is not None and time.monotonic() < until:
        time.sleep(0.02)
    assert {row.id for row in search(reading, "Observation", ("unit", "%")).rows} == {"o1", "o2", "o3", "o4"}
    store.write(LOAD, [Delete("SearchParameter", "unit")])
    with pytest.raises(Invalid):
        search(reading, "Observation", ("unit", "%"))


def test_pages_are_sealed_by_the_installation_not_by_the_process(both):
    store, reading, _ = both
    for first, second in ((store, reading), (reading, store)):
        token = search(first, "Observation", ("patient", "ada"), ("_count", "1")).next
        assert (
            len(search(second, "Observation", ("patient", "ada"), ("_count", "1"), ("_page", token)).rows)
            == 1
        )


def test_without_its_leader_it_answers_nobody(both):
    store, reading, ours = both
    assert reading.read(clinician(), "Patient", "ada")
    ours.shutdown(socket.SHUT_RDWR)
    for _ in range(2):
        with pytest.raises(Busy) as refused:
            reading.read(clinician(), "Patient", "ada")
        assert refused.value.code == "workers-leader-gone"
    assert len(store.audit) == 1


def test_all_who_wait_are_told_when_the_leader_goes():
    ours, theirs = socket.socketpair()
    relay, refused = Relay(theirs), []

    def keep():
        try:
            relay.keep(LEAF)
        except Busy as error:
            refused.append(error.code)

    threads = [threading.Thread(target=keep) for _ in range(5)]
    for each in threads:
        each.start()
    buffer = bytearray()
    while len(list(arrived(bytearray(buffer)))) < 5:
        buffer += ours.recv(1 << 16)
    ours.close()
    going_on(relay.hear)
    for each in threads:
        each.join(30)
    assert refused == ["workers-leader-gone"] * 5
    relay.close()


def test_many_threads_each_get_the_number_of_their_own_receipt(both):
    store, reading, _ = both
    found, lock = [], threading.Lock()

    def read(number):
        for at in range(25):
            act = Act("read", [f"T{number}.{at}"])
            left = reading._looks.leave(clinician(), act, [1], reading._connections.reader())
            with lock:
                found.append((left, f"T{number}.{at}"))

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(number for number, _ in found) == list(range(200))
    assert all(store.audit.receipt(number)["types"] == [name] for number, name in found)


def test_where_the_log_cannot_be_written_care_goes_on_and_other_use_stops(both, monkeypatch):
    store, reading, _ = both

    def full(_):
        raise OSError(28, "full")

    monkeypatch.setattr(store.audit, "_write", full)
    store.audit.give_way()
    assert reading.read(clinician(), "Patient", "ada")
    assert store.working().waiting == 1
    with pytest.raises(Busy) as refused:
        reading.leave(ANALYST, "ask", ["Patient"], ())
    assert refused.value.code == "audit-unwritable"
    monkeypatch.undo()
    assert reading.read(clinician(), "Patient", "ada")
    store.settle()
    assert len(store.looks(ADA, "ada")) == 2, "the one that waited is there too"


def test_other_use_is_answered_when_its_receipt_is_on_disk(both):
    store, reading, _ = both
    number = reading.leave(ANALYST, "ask", ["Patient"], ())
    assert store.audit.durable > number


@pytest.mark.parametrize("said", [HEAD.pack(1 << 30, 1), HEAD.pack(3, 1) + b"xyz"])
def test_what_is_no_leaf_ends_the_reception(both, said):
    store, _, _ = both
    ours, theirs = socket.socketpair()
    reception = store.reception(ours)
    theirs.sendall(said)
    theirs.settimeout(30)
    assert not reception.take()
    reception.close()
    assert theirs.recv(1) == b""
    theirs.close()
    assert len(store.audit) == 0


def test_leaves_arrive_whole_however_they_are_cut():
    content, buffer, found = frame(1, LEAF) + frame(2, LEAF), bytearray(), []
    for byte in content:
        buffer.append(byte)
        found += arrived(buffer)
    assert [(each.number, each.leaf.line, each.leaf.members) for each in found] == [
        (1, LEAF.line, LEAF.members), (2, LEAF.line, LEAF.members),
    ]  # fmt: skip
    assert ACKNOWLEDGED.size == 17


def test_it_writes_nothing(both):
    _, reading, _ = both
    with pytest.raises(Fault):
        reading.write(LOAD, [Delete("Patient", "ada")])
    with pytest.raises(Fault):
        reading.hand_in(LOAD, [Delete("Patient", "ada")])
    with pytest.raises((Fault, Forbidden)):
        reading.add_batch(LOAD, "t", [], source="", as_of="2026-01-01", public=True)
