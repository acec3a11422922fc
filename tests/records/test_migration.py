"""A store of before opens: what it could answer it answers at once, and the rest once all is indexed anew."""

import time

import apsw
import orjson
import pytest

from builders import citizen, clinician, observation, patient, people
from camphora.errors import Busy, Fault, NotFound
from camphora.fhir.search import parse_query
from camphora.policy.internal import following, loading
from camphora.records import Delete, Put, SQLiteStore
from camphora.records.connections import migrate
from camphora.records.indexing import Indexing
from camphora.records.keys import unpacked
from records.old_store import make, without_local_dates
from records.reading_index import index_of, rebuilt

MORE = [
    {"resourceType": "Practitioner", "id": "dr", "name": [{"family": "Brontë", "given": ["Ann"], "text": "臺大 Ann"}]},
    {
        "resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"},
        "subject": {"reference": "Patient/ada"}, "period": {"start": "2026-01-01", "end": "2026-01-02"},
        "participant": [{"individual": {"reference": "Practitioner/dr"}}],
        "identifier": [{"system": "Na/K", "value": "Na/K"}],
    },
    {
        "resourceType": "Specimen", "id": "s1", "subject": {"reference": "Patient/ada"},
        "identifier": [{"value": "Patient/ada"}, {"system": "Patient", "value": "ada"}, {"value": "Specimen/123"}],
    },
]  # fmt: skip
CHANGED = {**observation("o1", "ada", "8480-6", "2026-01-06"), "valueQuantity": {"value": 7, "unit": "mmol"}}
ASKED = [
    ("Patient", {"name": "王小"}, {"ada"}),
    ("Patient", {"name:exact": "王小明"}, {"ada"}),
    ("Patient", {"identifier": "http://www.moi.gov.tw|B223456780"}, {"bo"}),
    ("Practitioner", {"family": "bronte"}, {"dr"}),
    ("Practitioner", {"family:exact": "Brontë"}, {"dr"}),
    ("Practitioner", {"family:exact": "bronte"}, set()),
    ("Practitioner", {"name:contains": "台大"}, {"dr"}),
    ("Observation", {"patient": "ada", "code": "http://loinc.org|8480-6"}, {"o1", "o2"}),
    ("Observation", {"subject": "Patient/bo"}, {"o4"}),
    ("Observation", {"date": "ge2026-03", "patient": "Patient/ada"}, {"o2"}),
    ("Encounter", {"practitioner": "dr", "subject": "ada"}, {"e1"}),
    ("Encounter", {"identifier": "Na/K", "subject": "ada"}, {"e1"}),
    ("Specimen", {"identifier": "Patient/ada"}, {"s1"}),
    ("Specimen", {"identifier": "|Specimen/123"}, {"s1"}),
]


@pytest.fixture
def old(tmp_path):
    """An old store with a second version of o1 and a deleted c2."""
    return make(tmp_path / "old", [*people(), *MORE, CHANGED], frozenset({"c2"}))


def _found(store, record_type, pairs):
    page = store.search(clinician(), parse_query(record_type, [*pairs.items()], strict=True))
    return {row.id for row in page.rows}


def _settled(store):
    deadline = time.monotonic() + 20
    while store.indexing() is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert store.indexing() is None


def test_what_was_indexed_is_found_before_and_after_all_is_indexed_anew(old, monkeypatch):
    monkeypatch.setattr("camphora.records.sqlite.index_anew", lambda *_: None)
    store = SQLiteStore(old)
    before = [(pairs, _found(store, kind, pairs)) for kind, pairs, _ in ASKED]
    monkeypatch.undo()
    store._index_anew()
    _settled(store)
    after = [(pairs, _found(store, kind, pairs)) for kind, pairs, _ in ASKED]
    assert before == after == [(pairs, wanted) for _, pairs, wanted in ASKED]
    store.close()


def test_what_was_not_indexed_says_so_until_all_is_done(old, monkeypatch):
    monkeypatch.setattr("camphora.records.sqlite.index_anew", lambda *_: None)
    store = SQLiteStore(old)
    asked = {"patient": "ada", "value-quantity": "7.0"}
    with pytest.raises(Busy, match="value-quantity") as refused:
        _found(store, "Observation", asked)
    assert refused.value.code == "records-parameter-unready"
    assert "Observation.value-quantity" in store.indexing().unready
    assert "Observation.code" not in store.indexing().unready
    monkeypatch.undo()
    store._index_anew()
    _settled(store)
    assert _found(store, "Observation", asked) == {"o1"}
    store.close()


def test_the_index_is_then_that_of_a_store_made_today(old, tmp_path):
    store = SQLiteStore(old)
    _settled(store)
    connection = store._connections.reader()
    assert index_of(connection) == rebuilt(connection, tmp_path)
    assert store.verify_index(following("t")).differences == ()
    store.close()


def test_bodies_are_read_as_they_were_and_packed_on_the_way(old):
    store = SQLiteStore(old)
    _settled(store)
    assert [version.version for version in store.history(clinician(), "Observation", "o1")] == [2, 1]
    first = orjson.loads(store.read(clinician(), "Observation", "o1", 1).body)
    assert first == {**observation("o1", "ada", "8480-6", "2026-01-05"), "meta": {"versionId": "1"}}
    starts = store._connections.reader().execute(
        "SELECT DISTINCT substr(body, 1, 1) FROM (SELECT body FROM content UNION ALL SELECT body FROM superseded)"
        " WHERE length(body) > 1"
    )
    assert [*starts] == [(b"\x01",)]
    store.close()


def test_a_record_of_before_is_changed_before_its_turn_comes(old, monkeypatch):
    monkeypatch.setattr("camphora.records.sqlite.index_anew", lambda *_: None)
    store = SQLiteStore(old)
    renamed = patient("ada", "李四", "1950-02-01", "A123456780")
    store.write(loading("t"), [Put(renamed)])
    assert _found(store, "Patient", {"name": "王小明"}) == set()
    assert _found(store, "Patient", {"name": "李四"}) == {"ada"}
    store.close()


def test_keys_of_before_hold_terms_and_parameters(old):
    connection = apsw.Connection(str(old / "records.sqlite"))
    migrate(connection, old / "records.sqlite")
    sql = "SELECT c.keys FROM record r JOIN content c ON c.record = r.no WHERE r.id = ?"
    keys = unpacked(next(connection.execute(sql, ("ada",)))[0])
    named = "SELECT code FROM param WHERE no IN (SELECT value FROM json_each(?))"
    codes = {code for (code,) in connection.execute(named, (orjson.dumps(keys.params).decode(),))}
    assert {"name", "birthdate", "gender", "identifier"} <= codes
    assert not any(code.endswith(":exact") for code in codes)
    postings = {term for (term,) in connection.execute(
        "SELECT term FROM posting WHERE record = (SELECT no FROM record WHERE id = 'ada')")}  # fmt: skip
    assert postings == set(keys.terms)
    assert unpacked(next(connection.execute(sql, ("c2",)))[0]) == ((), ())
    connection.close()


def test_indexing_goes_on_where_a_crash_left_it(old, monkeypatch):
    monkeypatch.setattr("camphora.records.sqlite.index_anew", lambda *_: None)
    store = SQLiteStore(old)
    job = store._indexing.step
    store._keeper.submit(lambda connection: job(connection, store._interned, 3)).result()
    place = store.indexing().through
    assert place > 0
    store.close()
    again = SQLiteStore(old)
    assert again.indexing().through == place
    monkeypatch.undo()
    again._index_anew()
    _settled(again)
    assert again.verify_index(following("t")).differences == ()
    again.close()


def test_a_gap_in_the_numbers_is_no_loss_and_a_newer_store_is_refused(tmp_path):
    file = tmp_path / "records.sqlite"
    connection = apsw.Connection(str(file))
    migrate(connection, file)
    (present,) = next(connection.execute("PRAGMA user_version"))
    migrate(connection, file)
    assert next(connection.execute("PRAGMA user_version")) == (present,)
    connection.execute(f"PRAGMA user_version = {present + 1}")
    with pytest.raises(Fault) as refused:
        migrate(connection, file)
    assert refused.value.code == "records-newer-store"
    connection.close()


def test_a_new_store_has_nothing_to_index_anew(tmp_path):
    store = SQLiteStore(tmp_path)
    assert store.indexing() is None
    assert Indexing().wanted is None
    store.close()


def _guarded(record_id, patient="ada", **more):
    context = {"securityContext": {"reference": f"Patient/{patient}"}} if patient else {}
    return {"resourceType": "Binary", "id": record_id, "contentType": "text/plain", **context, **more}


def _whose(store):
    sql = (
        "SELECT r.id, p.patient, r.labels FROM record r JOIN type t ON t.no = r.type AND t.name = 'Binary'"
        " LEFT JOIN person p ON p.no = r.person ORDER BY r.id"
    )
    return [*store._connections.reader().execute(sql)]


def _as_before(folder, version=13):
    """The store as one that did not read a Binary's securityContext had it."""
    connection = apsw.Connection(str(folder / "records.sqlite"))
    binaries = "IN (SELECT r.no FROM record r JOIN type t ON t.no = r.type AND t.name = 'Binary')"
    connection.execute(f"UPDATE record SET person = NULL, labels = 0 WHERE no {binaries}")
    connection.execute(f"UPDATE superseded SET person = NULL WHERE record {binaries}")
    connection.execute(f"UPDATE change SET person = NULL WHERE subject {binaries}")
    without_local_dates(connection)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


def test_binaries_of_before_are_those_of_whom_guards_them(tmp_path):
    store = SQLiteStore(tmp_path)
    refusing = {
        "resourceType": "Consent", "id": "c9", "status": "active", "patient": {"reference": "Patient/ada"},
        "scope": {"coding": [{"code": "patient-privacy"}]}, "dateTime": "2026-01-01",
        "category": [{"coding": [{"code": "INFA"}]}],
        "provision": {"type": "deny", "data": [{"meaning": "instance", "reference": {"reference": "Binary/b1"}}]},
    }  # fmt: skip
    made = [
        _guarded("b1"),
        _guarded("b2", "bo"),
        _guarded("b3", None),
        _guarded("b4"),
        _guarded("b5", "later"),
    ]
    store.write(
        loading("t"), [Put(one) for one in [*people(), refusing, *made, _guarded("b2", "bo", data="QQ==")]]
    )
    store.write(loading("t"), [Delete("Binary", "b4")])
    last, wanted = store.last_change(), _whose(store)
    assert [(key, whose) for key, whose, _ in wanted] == [
        ("b1", "ada"), ("b2", "bo"), ("b3", None), ("b4", "ada"), ("b5", "later"),
    ]  # fmt: skip
    sql = "SELECT record, version, person FROM superseded ORDER BY 1, 2"
    before = [*store._connections.reader().execute(sql)]
    assert wanted[0][2] > 0, "marked, as she has chosen"
    store.close()
    _as_before(tmp_path)
    store = SQLiteStore(tmp_path)
    assert [row[:2] for row in _whose(store)] == [row[:2] for row in wanted]
    assert [row[2] for row in _whose(store)][:3] == [row[2] for row in wanted][:3]
    assert [*store._connections.reader().execute(sql)] == before
    assert store.last_change() == last + 4, "followers are told of each"
    assert {row.id for row in store.history(citizen(), "Binary", "b1")} == {"b1"}
    with pytest.raises(NotFound):
        store.read(citizen("bo"), "Binary", "b1")
    store.close()


def test_binaries_of_the_oldest_form_are_guarded_too(tmp_path):
    folder = make(tmp_path / "old", [*people(), _guarded("b1"), _guarded("b3", None)])
    connection = apsw.Connection(str(folder / "records.sqlite"))
    connection.execute("UPDATE record SET person = NULL WHERE id = 'b1'")
    connection.close()
    store = SQLiteStore(folder)
    _settled(store)
    assert [row[:2] for row in _whose(store)] == [("b1", "ada"), ("b3", None)]
    store.close()
