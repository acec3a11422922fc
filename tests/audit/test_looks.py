"""Receipts and the index of them: they agree after a power cut; waiting receipts are appended while running."""

import os
import shutil
from dataclasses import replace

import apsw
import orjson
import pytest
from pyroaring import BitMap

from builders import analyst, citizen, clinician, patient, people
from camphora.audit import Log, commitment, verify
from camphora.audit.events import BALP, Place, audit_events
from camphora.audit.log import lines_of
from camphora.audit.receipt import salt_of, salted_digest
from camphora.errors import Busy
from camphora.fhir.search import parse_query
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from camphora.records.histories import Versions
from camphora.records.noting import Notes, record_of


def _full(*_):
    raise OSError(28, "No space left on device")


def _on_disk_were(folder, count):
    """As if no more receipts had been forced to disk before the power was cut."""
    connection = apsw.Connection(str(folder / "records.sqlite"))
    connection.execute("UPDATE place SET change = ? WHERE follower = 'receipts-on-disk'", (count,))
    connection.close()


@pytest.fixture
def store(tmp_path):
    made = SQLiteStore(tmp_path)
    made.write(loading("t"), [Put(one) for one in people()])
    yield made
    made.close()


def test_after_a_power_cut_nobody_is_shown_the_receipt_of_another(tmp_path):
    store = SQLiteStore(tmp_path)
    store.write(loading("t"), [Put(one) for one in people()])
    store.read(clinician(), "Patient", "bo")
    store.settle()
    kept = (tmp_path / "audit" / "receipts.log").stat().st_size
    heads = (tmp_path / "audit" / "heads.log").read_bytes()
    for _ in range(3):
        store.read(clinician(), "Patient", "ada")
    store.close()
    os.truncate(tmp_path / "audit" / "receipts.log", kept)
    (tmp_path / "audit" / "heads.log").write_bytes(heads)
    _on_disk_were(tmp_path, lines_of(tmp_path / "audit" / "receipts.log"))
    again = SQLiteStore(tmp_path)
    assert again.looks(citizen(), "ada") == []
    again.read(clinician(), "Patient", "bo")
    again.settle()
    assert again.looks(citizen(), "ada") == []
    assert len(again.looks(citizen("bo"), "bo")) == 2
    again.close()
    assert verify(tmp_path / "audit").sound


@pytest.mark.parametrize("known", [False, True])
def test_waiting_receipts_are_appended_while_running(store, monkeypatch, known):
    """Where it is not known yet that the log cannot be written they wait in the journal, then in the store."""
    with monkeypatch.context() as patched:
        patched.setattr(Log, "_write", _full)
        patched.setattr(store.audit, "failing", known)
        for _ in range(3):
            assert store.read(clinician(), "Patient", "ada").id == "ada"
        with pytest.raises(Busy, match="audit-unwritable"):
            store.leave(analyst(), "ask", ["Patient"], [1])
        assert store.looks(citizen(), "ada") == []
    store.read(clinician(), "Patient", "bo")
    store.settle()
    store.settle()
    assert [look.act for look in store.looks(citizen(), "ada")] == ["read"] * 3
    assert len(store.looks(citizen("bo"), "bo")) == 1


def test_notes_that_cannot_be_written_are_told_once_and_the_receipt_stands(store, monkeypatch, caplog):
    added = Notes.add
    for reading in range(3):
        if reading != 1:
            monkeypatch.setattr(Notes, "add", _full)
        store.read(clinician(), "Patient", "ada")
        store.read(clinician(), "Patient", "ada")
        monkeypatch.setattr(Notes, "add", added)
    told = "audit-unnoted: " + Busy("audit-unnoted", why="ENOSPC").text("en")
    assert [each.message for each in caplog.records if "unnoted" in each.message] == [told] * 2
    store.settle()
    assert [look.act for look in store.looks(citizen(), "ada")] == ["read"] * 6


def test_a_refusal_leaves_a_receipt_of_nobody_too(store):
    before = len(store.audit)
    with pytest.raises(Exception, match="records-not-found"):
        store.read(clinician(), "Patient", "no-such-person")
    assert len(store.audit) == before + 1
    fields = store.audit.receipt(before)
    assert (fields["decision"], fields["persons"]) == ("deny", [_nobody(store, fields)])


def _nobody(store, fields):
    """A commitment to the empty set under the salt of this line, as whoever is given that salt works it out."""
    salt = salt_of((store.folder / "secret.key").read_bytes(), fields["nonce"])
    return commitment(salt, fields["nonce"], BitMap().serialize())


@pytest.mark.parametrize(
    ("kind", "pairs", "left"),
    [
        ("Patient", [("name", "查無此人")], 1),
        ("Patient", [("gender", "other"), ("_summary", "count")], 1),
        ("Observation", [("code", "none"), ("_total", "accurate")], 1),
        ("Observation", [("patient.name", "查無此人")], 1),
        ("Organization", [("_has:Patient:organization:name", "查無此人")], 1),
        ("Organization", [("_list", "none")], 1),
        ("Organization", [("name", "查無此院"), ("_revinclude", "Patient:organization")], 1),
        ("Library", [("title", "none"), ("_include", "Library:depends-on")], 1),
        ("Organization", [("name", "查無此院")], 0),
        ("PractitionerRole", [("role", "none"), ("_include", "PractitionerRole:practitioner")], 0),
        ("PractitionerRole", [("organization", "none")], 0),
        ("Practitioner", [("_has:PractitionerRole:practitioner:role", "none")], 0),
    ],
)
def test_what_could_tell_of_somebody_leaves_one_receipt_where_it_finds_nobody(store, kind, pairs, left):
    before = len(store.audit)
    assert store.search(clinician(), parse_query(kind, pairs, strict=True)).rows == []
    found = [store.audit.receipt(number) for number in range(before, len(store.audit))]
    assert len(found) == left
    for fields in found:
        assert fields["persons"] == [_nobody(store, fields)]
        assert (fields["types"], fields["decision"], fields["members"]) == ([kind], "permit", None)
        (event,) = audit_events(before, fields, Place("log", "https://x/fhir"), None)
        assert event["meta"]["profile"] == [f"{BALP}.Query"]
        assert [each for each in event["entity"] if "Patient" in str(each.get("what"))] == []
    store.settle()
    assert [store.looks(citizen(name), name) for name in ("ada", "bo")] == [[], []]


def _searched(store, kind, **pairs):
    before = len(store.audit)
    query = parse_query(
        kind, [(name.replace("__", "."), value) for name, value in pairs.items()], strict=True
    )
    store.search(clinician(), query)
    return store.audit.receipt(before)


def _salt(store, patient):
    sql = "SELECT salt FROM person WHERE patient = ?"
    return next(store._connections.writer.execute(sql, (patient,)))[0]


@pytest.mark.parametrize(
    ("kind", "pairs", "places", "named"),
    [
        ("Patient", {"_id": "ada,none,nor-this"}, 3, ["ada"]),
        ("Observation", {"patient": "ada,bo,none"}, 3, ["ada", "bo"]),
        ("Observation", {"patient": "none"}, 1, []),
        ("Observation", {"patient": "ada"}, 1, ["ada"]),
        ("Patient", {"identifier": "A123456780,a123456780"}, 2, ["ada"]),
        ("Patient", {"identifier": "Z999999999,Z999999998"}, 2, []),
    ],
)
def test_a_line_has_a_place_for_each_who_is_asked_for_whoever_is_known(store, kind, pairs, places, named):
    fields = _searched(store, kind, **pairs)
    assert len(fields["persons"]) == len(set(fields["persons"])) == places
    assert {commitment(_salt(store, name), fields["nonce"]) for name in named} <= set(fields["persons"])
    salt = salt_of((store.folder / "secret.key").read_bytes(), fields["nonce"])
    free = [BitMap().serialize() + (number.to_bytes(2) if number else b"") for number in range(places)]
    nobody = {commitment(salt, fields["nonce"], each) for each in free[: places - len(named)]}
    assert nobody <= set(fields["persons"])
    store.settle()
    assert [name for name in ("ada", "bo") if store.looks(citizen(name), name)] == named


def test_who_bears_a_number_beside_others_stands_with_them_in_one_place(store):
    """The line tells that one number was asked for; each of its bearers finds the reading."""
    twice = [patient(name, "王小明", "1950-02-01", "X900000001") for name in ("one", "two", "three")]
    store.write(loading("t"), [Put(each) for each in twice])
    fields = _searched(store, "Observation", patient__identifier="X900000001", code="none")
    numbers = [
        row for (row,) in store._connections.writer.execute("SELECT no FROM person ORDER BY no DESC LIMIT 3")
    ]
    salt = salt_of((store.folder / "secret.key").read_bytes(), fields["nonce"])
    assert fields["persons"] == [commitment(salt, fields["nonce"], BitMap(numbers).serialize())]
    store.settle()
    assert [len(store.looks(citizen(name), name)) for name in ("one", "two", "three")] == [1, 1, 1]


def test_an_act_that_must_not_be_counted_names_a_set(store):
    number = store.leave(clinician(), "export", ["Patient"], [1], counted=False)
    fields = store.audit.receipt(number)
    assert fields["persons"] == []
    assert len(fields["members"]) == 32


def test_a_history_in_which_nothing_is_and_an_act_of_nobody_leave_one_too(store):
    before = len(store.audit)
    assert store.versions(clinician(), Versions("MedicationDispense")).rows == []
    store.attest(clinician(), "match", ["Patient"], [])
    store.leave(clinician(), "export", ["Patient"], ())
    assert len(store.audit) == before + 3
    store.versions(clinician(), Versions("Organization"))
    store.leave(clinician(), "export", ["Organization"], ())
    assert len(store.audit) == before + 3


def test_who_can_reach_nobody_leaves_none(store):
    """Where it is their Access that tells that nobody was read, a receipt would tell no more."""
    nobody = replace(clinician(), persons=frozenset())
    assert store.search(nobody, parse_query("Observation", [], strict=True)).rows == []
    assert len(store.audit) == 0


def test_a_receipt_says_what_was_answered_to_whoever_holds_its_salt(store):
    answered = store.read(clinician(), "Patient", "ada").body
    fields = store.audit.receipt(len(store.audit) - 1)
    salt = salt_of((store.folder / "secret.key").read_bytes(), fields["nonce"])
    assert fields["result"] == salted_digest(salt, [answered])
    assert fields["result"] != salted_digest(salt, [answered + b" "])
    assert (fields["form"], fields["ground"], fields["purposes"]) == (3, "care", ["TREAT"])


def test_no_receipt_holds_a_name_an_identifier_or_a_value(store):
    store.read(clinician(), "Observation", "o1")
    store.settle()
    lines = (store.folder / "audit" / "receipts.log").read_bytes()
    patient = orjson.loads(store.read(clinician(), "Patient", "ada").body)
    for secret in ("ada", patient["name"][0]["text"], patient["identifier"][0]["value"], "8480-6"):
        assert f'"{secret}"'.encode() not in lines


def test_a_clean_end_leaves_nothing_to_be_found_again(store):
    store.read(clinician(), "Patient", "ada")
    store.settle()
    (place,) = next(store._connections.writer.execute("SELECT change FROM place WHERE follower = 'receipts'"))
    assert place == len(store.audit)


@pytest.mark.parametrize("spoilt", [False, True])
def test_what_a_crash_left_unindexed_is_found_again(tmp_path, spoilt):
    """By the notes beside the log; where they are torn, by the salts."""
    store = SQLiteStore(tmp_path)
    store.write(loading("t"), [Put(one) for one in people()])
    for name in ("ada", "bo", "ada"):
        store.read(clinician(), "Patient", name)
    store.settle()
    numbers = [look.receipt for look in store.looks(citizen(), "ada")]
    store.settle()
    lines = [store.audit.entry(number) for number in range(len(store.audit))]
    (who,) = next(store._connections.writer.execute("SELECT no FROM person WHERE patient = 'ada'"))
    store._connections.writer.execute("DELETE FROM look")
    store._connections.writer.execute("UPDATE place SET change = 0 WHERE follower = 'receipts'")
    store.close()
    kept = b"".join(record_of(number, [who], lines[number]) for number in numbers)
    (tmp_path / "looks.pending").write_bytes(b"0" + kept[1:-20] if spoilt else kept)
    again = SQLiteStore(tmp_path)
    assert [look.receipt for look in again.looks(citizen(), "ada")] == numbers
    again.close()


def test_a_receipt_marks_the_choices_without_counting_changes(store):
    for _ in range(2):
        store.read(clinician(), "Patient", "ada")
    store.write(loading("t"), [Put({**people()[0], "language": "zh-TW"})])
    store.read(clinician(), "Patient", "ada")
    one, same, later = (store.audit.receipt(number)["choices"] for number in range(3))
    assert one == same != later
    assert len(one) == len(later) == 20
    assert later == store.mark(store.last_change())


def test_lines_of_the_form_before_are_found_and_checked_by_their_own_digests(tmp_path):
    store = SQLiteStore(tmp_path)
    store.write(loading("t"), [Put(one) for one in people()])
    body = store.read(clinician(), "Patient", "ada").body
    fields, salt, secret = store.audit.receipt(0), _salt(store, "ada"), (tmp_path / "secret.key").read_bytes()
    store.close()
    nonce = fields["nonce"]
    fields |= {
        "form": 2,
        "persons": [commitment(salt, nonce, form=2)],
        "result": salted_digest(salt_of(secret, nonce, 2), [body], 2),
    }
    shutil.rmtree(tmp_path / "audit")
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "receipts.log").write_bytes(orjson.dumps(fields) + b"\n")
    _on_disk_were(tmp_path, 0)
    connection = apsw.Connection(str(tmp_path / "records.sqlite"))
    connection.execute("DELETE FROM look; UPDATE place SET change = 0 WHERE follower = 'receipts'")
    connection.close()
    again = SQLiteStore(tmp_path)
    assert [look.receipt for look in again.looks(citizen(), "ada")] == [0]
    assert again.salt_for(0, [body]) == salt_of(secret, nonce, 2).hex()
    assert again.salt_for(0, [body + b" "]) is None
    again.close()
