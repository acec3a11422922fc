"""Search parameters that an operator declares in the store, and indexing anew while it serves."""

import time

import orjson
import pytest

from builders import clinician, observation, people
from camphora.cli import main
from camphora.errors import Busy, Faults, Invalid
from camphora.fhir.search import parse_query
from camphora.policy.internal import following, loading
from camphora.records import Delete, Put, SQLiteStore, prepare

LOAD, FOLLOW = loading("test"), following("test")
URL = "https://example.org/SearchParameter/value-unit"


def _declared(expression="Observation.value.unit", status="active", code="value-unit", url=URL):
    return {
        "resourceType": "SearchParameter", "id": code, "url": url, "name": "ValueUnit", "status": status,
        "description": "the unit of a value", "code": code, "base": ["Observation"], "type": "string",
        "expression": expression,
    }  # fmt: skip


def _settled(store):
    deadline = time.monotonic() + 30
    while store.indexing() is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert store.indexing() is None


def _ids(store, code="value-unit", value="%", kind="Observation"):
    query = parse_query(kind, [(code, value)], strict=True, registry=store.registry)
    return {row.id for row in store.search(clinician(), query).rows}


@pytest.fixture
def waiting(monkeypatch):
    """Nothing is indexed anew by itself: the test takes the steps."""
    monkeypatch.setattr("camphora.records.sqlite.index_anew", lambda *_: None)


def _step(store, size=200):
    job = store._indexing.step
    return store._keeper.submit(lambda connection: job(connection, store._interned, size)).result()


def _through(store):
    while _step(store) is not None:
        pass


def test_a_declared_parameter_finds_what_was_there_before_it(store):
    store.write(LOAD, [Put(one) for one in people()])
    with pytest.raises(Invalid):
        _ids(store)
    store.write(LOAD, [Put(_declared())])
    _settled(store)
    assert _ids(store) == {"o1", "o2", "o3", "o4"}
    assert store.verify_index(FOLLOW).differences == ()


def test_until_it_is_done_it_is_refused_by_name_and_all_else_answers(store, waiting):
    store.write(LOAD, [Put(one) for one in people()])
    store.write(LOAD, [Put(_declared())])
    assert store.indexing().unready == ("Observation.value-unit",)
    with pytest.raises(Busy) as refused:
        _ids(store)
    assert (refused.value.code, refused.value.facts["param"]) == ("records-parameter-unready", "value-unit")
    with pytest.raises(Busy):
        _ids(store, "value-unit:missing", "true")
    with pytest.raises(Busy):
        _ids(store, "_has:Observation:patient:value-unit", "%", "Patient")
    assert _ids(store, "code", "4548-4") == {"o3"}
    _through(store)
    assert _ids(store) == {"o1", "o2", "o3", "o4"}


def test_what_is_written_meanwhile_is_found_too(store, waiting):
    store.write(LOAD, [Put(one) for one in people()])
    late = prepare(Put(observation("late", "ada", "8480-6", "2026-04-01")))
    store.write(LOAD, [Put(_declared())])
    _step(store, 2)
    store.write(
        LOAD, [late, Delete("Observation", "o1"), Put({**observation("o2", "ada", "x", "2026-01-01")})]
    )
    _through(store)
    assert _ids(store) == {"o2", "o3", "o4", "late"}
    assert store.verify_index(FOLLOW).differences == ()


def test_the_place_is_kept_when_the_store_is_closed(tmp_path, waiting):
    store = SQLiteStore(tmp_path)
    store.write(LOAD, [Put(one) for one in people()])
    store.write(LOAD, [Put(_declared())])
    _step(store, 2)
    place = store.indexing()
    store.close()
    again = SQLiteStore(tmp_path)
    assert again.indexing() == place
    _through(again)
    assert _ids(again) == {"o1", "o2", "o3", "o4"}
    again.close()


def test_another_expression_is_another_parameter_and_a_deleted_one_is_none(store):
    store.write(LOAD, [Put(one) for one in people()])
    store.write(LOAD, [Put(_declared())])
    _settled(store)
    store.write(LOAD, [Put(_declared("Observation.status"))])
    _settled(store)
    assert _ids(store) == set()
    assert _ids(store, value="final") == {"o1", "o2", "o3", "o4"}
    store.write(LOAD, [Delete("SearchParameter", "value-unit")])
    _settled(store)
    with pytest.raises(Invalid):
        _ids(store)
    assert store.verify_index(FOLLOW).differences == ()


@pytest.mark.parametrize("expression", ["Observation.nothing", "Observation.(", ""])
def test_one_that_can_index_nothing_is_refused_and_declares_nothing(store, expression):
    with pytest.raises(Faults):
        store.write(LOAD, [Put(_declared(expression))])
    assert not store.registry.of("Observation").keys() & {"value-unit"}


def test_a_draft_and_one_whose_code_is_taken_are_records_like_others(store):
    """Guides say parameters of R4 again."""
    store.write(LOAD, [Put(_declared(status="draft")), Put(_declared(code="status"))])
    store.write(LOAD, [Put({**_declared(code="_id"), "id": "of-fhir"})])
    assert not store.registry.of("Observation").keys() & {"value-unit"}
    assert store.registry.of("Observation")["status"].url != URL
    assert store.indexing() is None


def test_one_may_take_another_address_and_keep_its_code(store):
    store.write(LOAD, [Put(_declared())])
    store.write(LOAD, [Put(_declared(url=f"{URL}-2"))])
    _settled(store)
    assert store.registry.of("Observation")["value-unit"].url == f"{URL}-2"


def test_a_refused_write_declares_nothing(store):
    with pytest.raises(Invalid):
        store.write(LOAD, [Put(_declared()), Put({"resourceType": "Observation", "id": "bad"})])
    assert not store.registry.of("Observation").keys() & {"value-unit"}


def test_full_text_can_be_left_out_and_taken_up_again(tmp_path):
    store = SQLiteStore(tmp_path, full_text=False)
    store.write(LOAD, [Put(one) for one in people()])
    count = "SELECT count(*) FROM fulltext_docsize"
    assert next(store._connections.reader().execute(count)) == (0,)
    store.close()
    store = SQLiteStore(tmp_path, full_text=True)
    _settled(store)
    assert _ids(store, "_content", "和平醫院", "Organization") == {"h2"}
    assert store.verify_index(FOLLOW).differences == ()
    store.close()
    store = SQLiteStore(tmp_path)
    assert next(store._connections.reader().execute(count)) == (len(people()),)
    store.close()


@pytest.mark.parametrize(
    ("damage", "table"),
    [
        ("DELETE FROM posting WHERE record = (SELECT no FROM record WHERE id = 'o1')", "posting"),
        ("INSERT INTO posting SELECT no, 999 FROM term LIMIT 1", "posting"),
        ("UPDATE amount SET low = low + 1", "amount"),
        ("DELETE FROM span", "span"),
        ("UPDATE record SET main_length = -1 WHERE id = 'o1'", "record"),
        ("UPDATE content SET keys = x'0000' WHERE record = 3", "content"),
        ("DELETE FROM fulltext WHERE rowid = 1", "fulltext"),
    ],
)
def test_damage_is_found_by_table(store, damage, table):
    store.write(LOAD, [Put(one) for one in people()])
    assert store.verify_index(FOLLOW) == (len(people()), ())
    store._keeper.submit(lambda connection: connection.execute(damage)).result()
    (found,) = store.verify_index(FOLLOW).differences
    assert found.table == table
    assert found.missing + found.extra > 0


def test_the_command_says_whether_the_index_is_sound(tmp_path, capsys):
    store = SQLiteStore(tmp_path)
    store.write(LOAD, [Put(one) for one in people()])
    assert main(["records", "verify", str(tmp_path), "--json"]) == 0
    assert orjson.loads(capsys.readouterr().out)["records"] == len(people())
    store._keeper.submit(lambda connection: connection.execute("DELETE FROM span")).result()
    store.close()
    assert main(["records", "verify", str(tmp_path), "--lang", "en"]) == Invalid.exit_code
    assert "span: 2 rows are missing" in capsys.readouterr().err
    assert main(["records", "verify", str(tmp_path / "none")]) == Invalid.exit_code
