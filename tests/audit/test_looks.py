"""Receipts and the index of them: they agree after a power cut; waiting receipts are appended while running."""

import os

import orjson
import pytest

from builders import analyst, citizen, clinician, people
from camphora.audit import Log, verify
from camphora.audit.receipt import salt_of, salted_digest
from camphora.errors import Busy
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore


def _full(*_):
    raise OSError(28, "No space left on device")


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
    again = SQLiteStore(tmp_path)
    assert again.looks(citizen(), "ada") == []
    again.read(clinician(), "Patient", "bo")
    again.settle()
    assert again.looks(citizen(), "ada") == []
    assert len(again.looks(citizen("bo"), "bo")) == 2
    again.close()
    assert verify(tmp_path / "audit").sound


def test_waiting_receipts_are_appended_while_running(store, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Log, "append", _full)
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
    written, beside = os.write, store._looks._beside

    def refused(descriptor, data):
        return _full() if descriptor == beside else written(descriptor, data)

    for reading in range(3):
        if reading != 1:
            monkeypatch.setattr(os, "write", refused)
        store.read(clinician(), "Patient", "ada")
        store.read(clinician(), "Patient", "ada")
        monkeypatch.setattr(os, "write", written)
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
    assert (fields["decision"], fields["persons"]) == ("deny", [])


def test_a_receipt_says_what_was_answered_to_whoever_holds_its_salt(store):
    answered = store.read(clinician(), "Patient", "ada").body
    fields = store.audit.receipt(len(store.audit) - 1)
    salt = salt_of((store.folder / "secret.key").read_bytes(), fields["nonce"])
    assert fields["result"] == salted_digest(salt, [answered])
    assert fields["result"] != salted_digest(salt, [answered + b" "])
    assert (fields["form"], fields["ground"], fields["purposes"]) == (2, "care", ["TREAT"])


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
    nonces = [store.audit.receipt(number)["nonce"] for number in range(len(store.audit))]
    store.settle()
    (who,) = next(store._connections.writer.execute("SELECT no FROM person WHERE patient = 'ada'"))
    store._connections.writer.execute("DELETE FROM look")
    store._connections.writer.execute("UPDATE place SET change = 0 WHERE follower = 'receipts'")
    store.close()
    notes = "".join(f"{number} {nonces[number]} 1 {who} .\n" for number in numbers)
    (tmp_path / "looks.pending").write_text(f"0 {nonces[0]} 1 99" if spoilt else notes)
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
