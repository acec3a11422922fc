"""The review of reading counts again only where something is new, and finds receipts by their number."""

import pytest

from builders import clinician, patient
from camphora.errors import NotFound
from camphora.fhir.search import parse_query
from camphora.policy import Purpose, Reader, Request, Role, admit
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore, sqlite
from camphora.records.reviewing import since_days


@pytest.fixture
def store(tmp_path):
    opened = SQLiteStore(tmp_path / "store")
    opened.write(loading("t"), [Put(patient("ada", "王小明", "1950-02-01", "A123456789"))])
    yield opened
    opened.close()


@pytest.fixture
def review(store, monkeypatch):
    """Reviews, and says how often the log was looked through."""
    looked, real = [], sqlite.care_since
    monkeypatch.setattr(sqlite, "care_since", lambda *given: looked.append(1) or real(*given))
    officer = Reader("privacy", "個資保護", Role.PRIVACY)
    access = admit(Request(officer, Purpose.OPERATION)).access

    def reviewed(known=()):
        found = store.unusual(access, since_days(30), known, {})
        store.leave(access, "review", ["AuditEvent"], (), always=True)
        return len(looked), found

    return reviewed


def test_nothing_is_counted_again_while_nothing_is_new(store, review):
    store.read(clinician(), "Patient", "ada")
    assert [review()[0] for _ in range(3)] == [1, 1, 1]
    store.read(clinician(), "Patient", "ada")
    assert [review()[0] for _ in range(2)] == [2, 2]
    assert review(("ada",))[0] == 3
    store.write(loading("t"), [Put(patient("bo", "陳美玲", "1990-07-15", "B223456780"))])
    assert review(("ada",))[0] == 4


@pytest.mark.parametrize("way", ["read", "by id", "by number"])
def test_a_sweep_of_who_is_not_there_shows_up(store, review, way):
    for number in range(12):
        if way == "read":
            with pytest.raises(NotFound):
                store.read(clinician(), "Patient", f"nobody-{number}")
        else:
            asked = (
                ("identifier", f"A20000000{number}") if way == "by number" else ("_id", f"nobody-{number}")
            )
            store.search(clinician(), parse_query("Patient", [asked], strict=True))
    (found,) = review()[1]
    assert found.reader == clinician().reader.id
    assert [(one.kind, one.persons, len(one.receipts)) for one in found.findings] == [("in-vain", (), 12)]


def test_what_finds_nobody_without_asking_for_somebody_is_no_try(store, review):
    for number in range(20):
        store.search(
            clinician(), parse_query("Patient", [("birthdate", f"19{number + 10}-01-01")], strict=True)
        )
    assert review()[1] == []


def test_a_look_is_found_by_its_receipt(store):
    plan = store._connections.reader().execute(
        "EXPLAIN QUERY PLAN SELECT receipt, person FROM look WHERE receipt >= 7"
    )
    assert any("look_receipt" in row[3] for row in plan)
