"""What the lines of one kind of act share is written once: each line is the one that it would be by itself."""

from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace

import apsw
import orjson
import pytest
from pyroaring import BitMap

from audit.leaves import receipt
from builders import citizen, clinician, people
from camphora.audit.receipt import VARYING
from camphora.errors import NotFound
from camphora.fhir.search import parse_query
from camphora.policy.asking import Basis, Emergency
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore, looks
from camphora.records import leaving as made
from camphora.records.leaving import Draft, Leaf
from camphora.records.looks import GATHERED, _index

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


def _gathered(store, access, *names):
    """What acts leave where somebody gathers it, and nothing of which is in the log yet."""
    left = []
    context = copy_context()
    context.run(GATHERED.set, left)
    for name in names:
        with suppress(NotFound):
            context.run(store.read, access, "Patient", name)
    assert len(store.audit) == 0
    return left


def test_a_leaf_that_is_drafted_says_what_one_says_that_is_made_at_once(store):
    first, *drafted = _gathered(store, clinician(), "ada", "ada", "ada")
    assert [type(each) for each in (first, *drafted)] == [Leaf, Draft, Draft]
    found = store.read(citizen(), "Patient", "ada")
    store.keeping.keep_all([first, *drafted])
    made = [store.audit.receipt(number) for number in range(1, 4)]
    assert [looked.receipt for looked in store.looks(citizen(), "ada")] == [3, 2, 1, 0]
    for number, said in enumerate(made, 1):
        assert store.audit.entry(number) == orjson.dumps(said)
        assert store.salt_for(number, [found.body])
    same = {"at", "nonce", "persons", "result"}
    shared = [{name: value for name, value in said.items() if name not in same} for said in made]
    assert shared[0] == shared[1] == shared[2]
    assert len({said["nonce"] for said in made}) == 3


def test_a_search_of_one_known_person_is_drafted_too(store):
    query = parse_query("Patient", [("_id", "ada")], strict=True)
    store.search(clinician(), query)
    left = []
    context = copy_context()
    context.run(GATHERED.set, left)
    found = context.run(store.search, clinician(), query)
    assert [type(each) for each in left] == [Draft]
    store.keeping.keep_all(left)
    first, second = (store.audit.receipt(number) for number in (0, 1))
    same = {"at", "nonce", "persons", "result"}
    assert {name: first[name] for name in first if name not in same} == {
        name: second[name] for name in second if name not in same
    }
    assert store.salt_for(1, [row.body for row in found.rows])
    assert [looked.receipt for looked in store.looks(citizen(), "ada")] == [1, 0]


def test_what_the_store_must_say_is_no_draft(store):
    """Of nobody, in an emergency, on a basis, and of whom no salt is at hand."""
    for access, name in (
        (clinician(), "nobody"),
        (clinician(), "ada"),
        (replace(clinician(), emergency=Emergency("e1", "reason", 1_700_000_000_000)), "ada"),
        (replace(clinician(), basis=Basis("law", "reason", None, None, None)), "ada"),
    ):
        (left,) = _gathered(store, access, name)
        assert type(left) is Leaf
