"""Receipts when things go wrong: a log that cannot be written, a disk that is full, a set too large to list."""

import pytest
from pyroaring import BitMap

from builders import analyst, citizen, clinician, patient, people
from camphora.audit import Log, commitment, verify
from camphora.errors import Busy, NotFound
from camphora.policy.internal import following, loading
from camphora.records import Put, SQLiteStore


def _unwritable(monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Log, "append", refuse)


def test_care_goes_on_and_its_receipt_waits_for_the_log(tmp_path, monkeypatch):
    store = SQLiteStore(tmp_path)
    store.write(loading("t"), [Put(one) for one in people()])
    with monkeypatch.context() as patched:
        _unwritable(patched)
        assert store.read(clinician(), "Patient", "ada").id == "ada"
    assert store.looks(citizen(), "ada") == []
    store.close()
    again = SQLiteStore(tmp_path)
    assert [look.act for look in again.looks(citizen(), "ada")] == ["read"]
    again.close()
    assert verify(tmp_path / "audit").sound


def test_secondary_use_stops_while_the_log_cannot_be_written(loaded, monkeypatch):
    with monkeypatch.context() as patched:
        _unwritable(patched)
        with pytest.raises(Busy, match="audit-unwritable"):
            loaded.leave(analyst(), "ask", ["Patient"], [1, 2])


def test_secondary_use_leaves_a_receipt_of_nobody_too(loaded):
    number = loaded.leave(analyst(), "ask", ["Patient"], [])
    fields = loaded.audit.receipt(number)
    assert fields["persons"] == []
    assert len(fields["members"]) == 32


def test_a_salted_set_cannot_be_guessed_from_its_digest(loaded):
    number = loaded.leave(analyst(), "ask", ["Patient"], [1])
    fields = loaded.audit.receipt(number)
    guesses = [commitment(BitMap(members).serialize(), fields["nonce"]) for members in ([], [1], [2], [1, 2])]
    assert fields["members"] not in guesses


def test_a_person_finds_the_sets_that_hold_her(loaded):
    many = [patient(f"p{number}", "某人", "1980-01-01", f"A1{number:08}") for number in range(300)]
    loaded.write(loading("t"), [Put(one) for one in many])
    everybody = [row.person for row in loaded.scan(following("t"), 0, 10_000) if row.type == "Patient"]
    loaded.leave(clinician(), "list", ["Patient"], everybody)
    loaded.settle()
    (look,) = loaded.looks(citizen("p7"), "p7")
    assert (look.act, look.among_many) == ("list", True)


def test_nobody_reads_the_receipts_of_another(loaded):
    with pytest.raises(NotFound):
        loaded.looks(citizen("bo"), "ada")
    with pytest.raises(NotFound):
        loaded.looks(clinician(), "ada")


def test_a_full_disk_is_said_in_words_and_nothing_is_half_done(loaded):
    connection = loaded._connections.writer
    (pages,) = next(connection.execute("PRAGMA page_count"))
    connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    before = loaded.last_change()
    many = [patient(f"p{number}", "某人" * 50, "1980-01-01", f"A1{number:08}") for number in range(500)]
    with pytest.raises(Busy, match="records-disk-full"):
        loaded.write(loading("t"), [Put(one) for one in many])
    assert loaded.last_change() == before
    connection.execute("PRAGMA max_page_count = 1073741823")
    loaded.write(loading("t"), [Put(one) for one in many])
    assert loaded.read(clinician(), "Patient", "p499").version == 1
