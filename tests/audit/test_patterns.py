"""What the lines of one kind of act share is written once: each line is the one that it would be by itself."""

from dataclasses import replace

import apsw
import orjson
import pytest
from pyroaring import BitMap

from audit.leaves import receipt
from builders import clinician, people
from camphora.audit.receipt import VARYING
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore, looks
from camphora.records import leaving as made
from camphora.records.leaving import Leaf
from camphora.records.looks import _index

NAMES = ["林醫師", "50 %", "%b %d %%", '"], "at":%d', "\\", "\u2028\x00\n", "", "🩺", '{"nonce":"%b"}']


@pytest.fixture
def store(tmp_path):
    opened = SQLiteStore(tmp_path)
    opened.write(loading("t"), [Put(one) for one in people()])
    yield opened
    opened.close()


def _filled(one):
    said = orjson.loads(one.line())
    given = {
        name: said[name] if name == "at" else orjson.dumps(said[name]).removeprefix(b"[").removesuffix(b"]")
        for name in VARYING
    }
    given |= {name: str(said[name]).encode() for name in ("nonce", "decision", "choices", "result")}
    return one.pattern() % tuple(given.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_pattern_that_is_filled_in_is_the_line(name):
    more = {"types": (name, "Patient"), "purposes": (name,), "ground": name, "act": name, "result": "ab"}
    for organisation, basis in ((None, name), (name, None)):
        one = receipt(7, reader=name, name=name, organisation=organisation, basis=basis, **more)
        assert _filled(one) == one.line()
        assert _filled(_of_a_set(one, ())) == _of_a_set(one, ()).line()


def _of_a_set(one, persons):
    fields = {name: getattr(one, name) for name in one.__struct_fields__}
    return type(one)(**{**fields, "persons": persons, "members": None if persons else "cd", "reason": "ef"})


def test_no_line_bears_what_another_access_said(store, monkeypatch):
    """Also where what is kept at hand is full again and again, and an Access lies where one lay before."""
    monkeypatch.setattr(made, "KINDS", 3)
    for number in range(40):
        reader = replace(clinician().reader, id=f"dr-{number}", name=NAMES[number % len(NAMES)])
        access = replace(clinician(), reader=reader, ground=f"ground-{number}")
        store.read(access, "Patient", "ada")
        del access
        said = store.audit.receipt(number)
        assert (said["reader"], said["name"], said["ground"]) == (reader.id, reader.name, f"ground-{number}")


def test_what_is_due_is_indexed_whatever_lies_between():
    connection = apsw.Connection(":memory:")
    connection.execute(
        "CREATE TABLE look (person INTEGER, receipt INTEGER, PRIMARY KEY (person, receipt)) WITHOUT ROWID;"
        "CREATE TABLE person_set (receipt INTEGER PRIMARY KEY, members BLOB, salt BLOB);"
        "CREATE TABLE place (follower TEXT PRIMARY KEY, change INTEGER)"
    )
    far = 5_000_000_000
    due = [
        (far, Leaf(b"", [30_000_000])),
        (far + 1, Leaf(b"", [])),
        (far + 3_000_000_000, Leaf(b"", BitMap([1, 2**31 - 1]))),
        (far + 3_000_000_001, Leaf(b"", BitMap([9]), b"salt")),
    ]
    for _ in range(2):
        _index(connection, due)
    said = [(1, far + 3_000_000_000), (30_000_000, far), (2**31 - 1, far + 3_000_000_000)]
    assert list(connection.execute("SELECT person, receipt FROM look ORDER BY person")) == said
    assert list(connection.execute("SELECT receipt FROM person_set")) == [(far + 3_000_000_001,)]
    assert list(connection.execute("SELECT change FROM place")) == [(far + 3_000_000_002,)]


def test_looks_are_indexed_by_one_statement(store, monkeypatch):
    monkeypatch.setattr(looks, "INDEX_EVERY", 1e9)
    ran = []
    for _ in range(50):
        store.read(clinician(), "Patient", "ada")
    store._connections.writer.trace_v2(apsw.SQLITE_TRACE_STMT, ran.append)
    store.settle()
    store._connections.writer.trace_v2(0, None)
    assert len([each for each in ran if "INTO look" in str(each["sql"])]) == 1
