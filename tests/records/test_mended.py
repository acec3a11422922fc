"""Faults that a review demonstrated, each with the test that would have found it."""

import contextlib
import subprocess
import sys
import textwrap

import apsw
import pytest

from builders import NOW, analyst, citizen, clinician, condition, observation, patient, people
from camphora.audit import Log, verify, write_secret
from camphora.errors import Busy, Forbidden, Invalid, NotFound
from camphora.fhir.search import parse_query
from camphora.policy import choices
from camphora.policy.internal import loading
from camphora.records import Delete, Put, SQLiteStore

LOAD = loading("t")


def _search(store, access, text):
    kind, _, pairs = text.partition("?")
    return store.search(
        access, parse_query(kind, [tuple(p.split("=", 1)) for p in pairs.split("&")], strict=True)
    )


def test_a_number_that_a_failed_commit_took_back_is_never_given_twice(store):
    """A name added, a job refused, the name found again, then the whole group lost."""
    keeper, interned = store._keeper, store._interned

    def name(patient_id):
        return lambda connection: interned.person(patient_id)

    def refused(connection):
        raise Invalid("records-no-id")

    def breaks(connection):
        raise apsw.FullError

    gate = [keeper.submit(lambda connection: __import__("time").sleep(0.1))]
    lost = [keeper.submit(job) for job in (name("a"), refused, name("a"), breaks)]
    for future in gate + lost:
        assert future.exception() is None or future.exception()
    first, second = keeper.submit(name("b")).result(), keeper.submit(name("a")).result()
    assert first != second


def test_secondary_use_reads_no_record(loaded):
    for asked in (
        lambda: loaded.read(analyst(), "Patient", "ada"),
        lambda: loaded.history(analyst(), "Patient", "ada"),
        lambda: _search(loaded, analyst(), "Patient?_summary=count"),
        lambda: _search(loaded, analyst(), "Consent?patient=ada"),
    ):
        with pytest.raises(Forbidden, match="records-secondary-by-question"):
            asked()


@pytest.mark.parametrize(
    "text", ["Condition?patient=ada&code=F32.9&_summary=count", "Condition?patient=ada&_count=0&_total=accurate",
             "Condition?patient=ada&code=B20", "Condition?subject=Patient/ada&code=B20", "Condition?_summary=count"]
)  # fmt: skip
def test_a_count_and_an_empty_answer_about_a_person_leave_a_receipt(loaded, text):
    _search(loaded, clinician(), text)
    loaded.settle()
    assert [look.act for look in loaded.looks(citizen(), "ada")] == ["search"]


def test_naming_a_hidden_or_an_absent_person_leaves_a_receipt_like_a_found_one(loaded):
    loaded.write(LOAD, [Put(choices.restrict("ada", "h1", NOW))])
    for number, person in enumerate(["ada", "nobody", "bo"]):
        _search(loaded, clinician("h1"), f"Condition?patient={person}&code=B20")
        with contextlib.suppress(NotFound):
            loaded.read(clinician("h1"), "Patient", person)
        assert len(loaded.audit) == 2 * (number + 1)
    loaded.settle()
    assert [look.act for look in loaded.looks(citizen(), "ada")] == ["read", "search"]
    assert [look.act for look in loaded.looks(citizen("bo"), "bo")] == ["read", "search"]


def test_a_look_survives_a_killed_process(tmp_path):
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from builders import clinician, people
        from camphora.policy.internal import loading
        from camphora.records import Put, SQLiteStore
        store = SQLiteStore(Path(sys.argv[1]))
        store.write(loading("t"), [Put(one) for one in people()])
        store.read(clinician(), "Patient", "ada")
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    subprocess.run(
        [sys.executable, "-c", script, tmp_path], env={"PYTHONPATH": ":".join(sys.path)}, check=False
    )
    store = SQLiteStore(tmp_path)
    assert [look.act for look in store.looks(citizen(), "ada")] == ["read"]
    assert store.looks(citizen("bo"), "bo") == []
    store.close()


def test_a_commit_stays_answered_when_the_log_fails_behind_it(loaded, monkeypatch):
    def refuse(_):
        raise OSError(28, "full")

    monkeypatch.setattr(Log, "flush", refuse)
    written = loaded.write(clinician(), [Put(observation("x", "ada", "8480-6", "2026-01-01"), expect="new")])[
        0
    ]
    assert loaded.read(clinician(), "Observation", written.id).version == 1
    with pytest.raises(Busy, match="audit-unwritable"):
        loaded.leave(analyst(), "ask", ["Patient"], [1])
    monkeypatch.undo()


def test_half_a_head_is_cut_off(tmp_path):
    for _ in range(2):
        store = SQLiteStore(tmp_path)
        store.write(LOAD, [Put(one) for one in people()])
        store.read(clinician(), "Patient", "ada")
        store.close()
        with (tmp_path / "audit/heads.log").open("ab") as heads:
            heads.write(b'{"head":{"si')
    store = SQLiteStore(tmp_path)
    assert [look.act for look in store.looks(citizen(), "ada")] == ["read", "read"]
    store.close()
    verdict = verify(tmp_path / "audit")
    assert (verdict.sound, verdict.receipts) == (True, 2)


def test_a_record_naming_several_patients_is_hidden_with_each(loaded):
    both = [{"actor": {"reference": f"Patient/{one}"}, "status": "accepted"} for one in ("bo", "ada")]
    appointment = {"resourceType": "Appointment", "id": "a1", "status": "booked", "participant": both}
    loaded.write(LOAD, [Put(appointment), Put(choices.restrict("ada", "h1", NOW))])
    assert len(_search(loaded, clinician("h2"), "Appointment?actor=Patient/bo").rows) == 1
    assert _search(loaded, clinician("h1"), "Appointment?actor=Patient/bo").rows == []
    with pytest.raises(NotFound):
        loaded.read(clinician("h1"), "Appointment", "a1")


def test_an_update_moves_no_record_to_another_patient(loaded):
    moved = observation("o1", "bo", "8480-6", "2026-01-05")
    with pytest.raises(Invalid, match="records-person-changes"):
        loaded.write(clinician(), [Put(moved, expect="present")])


def test_clinicians_change_no_institution_and_delete_no_person(loaded):
    with pytest.raises(Forbidden, match="records-write-refused"):
        loaded.write(
            clinician(), [Put({"resourceType": "Organization", "id": "h1", "name": "x"}, expect="present")]
        )
    for change in (Delete("Organization", "h1"), Delete("Patient", "ada"), Delete("Practitioner", "x")):
        with pytest.raises(Forbidden, match="records-write-refused"):
            loaded.write(clinician(), [change])


def test_which_change_was_refused_is_said(loaded):
    changes = [
        Put(condition("n1", "ada", "I10", None)),
        Put(patient("z", "某人", "1980-01-01", "A1")),
        Delete("Group", "no"),
    ]
    with pytest.raises(NotFound) as refused:
        loaded.write(LOAD, changes)
    assert refused.value.change == 2


def test_a_choice_of_nobody_is_refused(loaded):
    consent = {**choices.restrict("ada", "h1", NOW), "patient": {"identifier": {"value": "A123456780"}}}
    with pytest.raises(Invalid, match="records-no-person"):
        loaded.write(LOAD, [Put(consent)])


def test_a_secret_is_written_whole_and_what_a_killed_process_left_is_no_hindrance(tmp_path):
    (tmp_path / "k.key.new").write_bytes(b"half")
    write_secret(tmp_path / "k.key", b"whole")
    assert (tmp_path / "k.key").read_bytes() == b"whole"
    assert (tmp_path / "k.key").stat().st_mode & 0o077 == 0
    assert not (tmp_path / "k.key.new").exists()
