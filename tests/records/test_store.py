"""Writing, reading and the change log of the store."""

import subprocess
import sys
import textwrap
import tracemalloc

import orjson
import pytest

from builders import citizen, clinician, observation, patient
from camphora.errors import Conflict, Forbidden, Invalid, NotFound
from camphora.fhir.search import parse_query
from camphora.policy.internal import deciding, following, loading
from camphora.records import Delete, Put, SQLiteStore

LOAD = loading("test")


def _search(store, access, record_type, **pairs):
    query = parse_query(
        record_type, [(key.replace("__", ":"), value) for key, value in pairs.items()], strict=True
    )
    return store.search(access, query)


def _ids(page):
    return [version.id for version in page.rows]


def test_a_record_is_read_back_with_its_version_and_time(loaded):
    found = loaded.read(clinician(), "Patient", "ada")
    body = orjson.loads(found.body)
    assert body["meta"]["versionId"] == "1"
    assert body["name"][0]["text"] == "王小明"


def test_decimals_keep_their_precision(store):
    body = b'{"resourceType":"Observation","id":"x","status":"final","code":{"text":"t"},'
    body += b'"valueQuantity":{"value":1.500}}'
    store.write(LOAD, [Put(orjson.loads(body), body=body)])
    assert b'"value":1.500' in store.read(following("t"), "Observation", "x").body


def test_an_update_makes_a_version_and_keeps_the_one_before(loaded):
    changed = patient("ada", "王大明", "1950-02-01", "A123456780")
    written = loaded.write(clinician(), [Put(changed, expect="present", if_match=1)])[0]
    assert written.version == 2
    versions = loaded.history(clinician(), "Patient", "ada")
    assert [version.version for version in versions] == [2, 1]
    assert "王小明".encode() in loaded.read(clinician(), "Patient", "ada", version=1).body


def test_the_index_follows_an_update(loaded):
    loaded.write(clinician(), [Put(patient("ada", "李四", "1950-02-01", "A123456780"), expect="present")])
    assert _ids(_search(loaded, clinician(), "Patient", name="王小明")) == []
    assert _ids(_search(loaded, clinician(), "Patient", name="李四")) == ["ada"]


def test_the_same_content_again_changes_nothing(loaded):
    before = loaded.last_change()
    again = loaded.write(LOAD, [Put(patient("ada", "王小明", "1950-02-01", "A123456780"))])[0]
    assert (again.changed, again.version, loaded.last_change()) == (False, 1, before)


def test_a_stale_if_match_is_a_conflict_and_nothing_is_written(loaded):
    changed = patient("ada", "王大明", "1950-02-01", "A123456780")
    with pytest.raises(Conflict, match="records-version-conflict"):
        loaded.write(clinician(), [Put(changed, expect="present", if_match=7)])
    assert loaded.read(clinician(), "Patient", "ada").version == 1


def test_all_changes_of_one_write_happen_or_none(loaded):
    changes = [Put(observation("n1", "ada", "8480-6", "2026-05-01")), Delete("Observation", "absent")]
    with pytest.raises(NotFound):
        loaded.write(LOAD, changes)
    with pytest.raises(NotFound):
        loaded.read(clinician(), "Observation", "n1")


def test_a_deleted_record_is_gone_and_leaves_its_history(loaded):
    loaded.write(clinician(), [Delete("Observation", "o1")])
    with pytest.raises(NotFound, match="records-gone"):
        loaded.read(clinician(), "Observation", "o1")
    assert [version.deleted for version in loaded.history(clinician(), "Observation", "o1")] == [True, False]
    assert "o1" not in _ids(_search(loaded, clinician(), "Observation", code="8480-6"))


def test_a_record_of_nobody_is_refused_like_one_of_an_absent_person(loaded):
    with pytest.raises(Invalid, match="records-no-person"):
        loaded.write(clinician(), [Put(observation("x", "nobody", "8480-6", "2026-05-01"), expect="new")])


def test_a_citizen_writes_only_her_own_choices(loaded):
    with pytest.raises(Forbidden, match="records-write-refused"):
        loaded.write(citizen(), [Put(observation("x", "ada", "8480-6", "2026-05-01"), expect="new")])


def test_the_change_log_is_numbered_without_gaps(loaded):
    changes = loaded.changes(following("t"), 0, 100)
    assert [change.no for change in changes] == list(range(1, 11))
    with pytest.raises(Forbidden):
        loaded.changes(clinician(), 0, 10)
    with pytest.raises(Forbidden):
        loaded.changes(deciding("ada"), 0, 10)


def test_every_reading_of_a_person_leaves_a_receipt_that_she_finds(loaded):
    loaded.read(clinician(), "Patient", "ada")
    _search(loaded, clinician("h2"), "Observation", patient="ada")
    loaded.settle()
    looks = loaded.looks(citizen(), "ada")
    assert [(look.act, look.organisation) for look in looks] == [("search", "h2"), ("read", "h1")]
    assert loaded.looks(citizen("bo"), "bo") == []


def test_a_batch_is_kept_once_and_read_back(store):
    rows = [{"code": "01", "value": 3.5}, {"code": "02", "value": None}]
    batch, fresh = store.add_batch(LOAD, "t", rows, source="s", as_of="2024-12", public=True)
    _, again = store.add_batch(LOAD, "t", rows, source="s", as_of="2024-12", public=True)
    assert (fresh, again) == (True, False)
    assert store.batch_rows(citizen(), batch) == rows
    assert len(store.batches(citizen(), "t")) == 1


def test_rows_of_a_batch_take_their_own_room_while_they_are_kept(store):
    """orjson gives short bytes in room for long ones."""
    rows = [{"a": number} for number in range(2_000)]
    tracemalloc.start()
    try:
        store.add_batch(LOAD, "t", rows, source="s", as_of="2024-12", public=True)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2_000_000


def test_a_closed_table_is_refused(store):
    batch, _ = store.add_batch(LOAD, "t", [{"a": 1}], source="s", as_of="2024", public=False)
    assert store.batches(citizen(), "t") == []
    with pytest.raises(Forbidden, match="records-table-refused"):
        store.batch_rows(citizen(), batch)


def test_a_killed_process_loses_nothing_that_was_answered(tmp_path):
    script = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        from camphora.policy.internal import loading
        from camphora.records import Put, SQLiteStore
        store = SQLiteStore(Path(sys.argv[1]))
        for number in range(10_000):
            store.write(loading("t"), [Put({"resourceType": "Patient", "id": f"p{number}"})])
            print(number, flush=True)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if int(line) >= 40:
            process.kill()
            break
    answered = [int(line), *(int(rest) for rest in process.stdout.read().split())]
    process.wait()
    process.stdout.close()
    store = SQLiteStore(tmp_path)
    for number in range(max(answered) + 1):
        assert store.read(following("t"), "Patient", f"p{number}").version == 1
    store.close()


def test_a_store_of_a_newer_version_is_refused(tmp_path):
    SQLiteStore(tmp_path).close()
    import apsw

    connection = apsw.Connection(str(tmp_path / "records.sqlite"))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Exception, match="records-newer-store"):
        SQLiteStore(tmp_path)
