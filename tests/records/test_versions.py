"""A choice holds at the next read in every process; a crash leaves it wholly before or wholly after; sets follow."""

import random
import subprocess
import sys
import textwrap
import time

import pytest
from pyroaring import BitMap

from builders import NOW, clinician, people
from camphora.errors import Forbidden, Invalid, NotFound
from camphora.fhir.search import parse_query
from camphora.policy import choices
from camphora.policy.access import HiddenSet
from camphora.policy.choices import STOPPED, allowed, restricted
from camphora.policy.internal import following
from camphora.records import Delete, Put, SQLiteStore
from consented import ICD, LOAD, consent, treating

FOLLOWER = following("t")

OTHER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from camphora.policy import choices
from camphora.policy.internal import loading
from camphora.records import Delete, Put, SQLiteStore
from consented import ICD, consent, treating
store = SQLiteStore(Path(sys.argv[1]))
now = datetime.now(UTC)
made = {
    "simple": choices.restrict("ada", "h1", now) | {"id": "s"},
    "ruled": consent("s", "ada", treating(code=[{"coding": [{"system": ICD, "code": "I10"}]}])),
    "stop": choices.stop_secondary_use("ada", now) | {"id": "s"},
}
print("ready", flush=True)
for line in sys.stdin:
    what = line.strip()
    if what == "end":
        store.write(loading("t"), [Delete("Consent", "s")])
    else:
        store.write(loading("t"), [Put(made[what])])
    print("done", flush=True)
"""


@pytest.fixture
def shared(tmp_path):
    """A store, and a second process that writes choices into it on a word."""
    store = SQLiteStore(tmp_path)
    store.write(LOAD, [Put(one) for one in people()])
    child = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(tmp_path)],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "ready\n"

    def tell(what):
        child.stdin.write(what + "\n")
        child.stdin.flush()
        assert child.stdout.readline() == "done\n"

    yield store, tell
    child.stdin.close()
    child.wait()
    child.stdout.close()
    store.close()


def _seen(store, text):
    kind, _, pairs = text.partition("?")
    parsed = [tuple(pair.split("=", 1)) for pair in pairs.split("&")]
    return len(store.search(clinician("h1"), parse_query(kind, parsed, strict=True)).rows)


@pytest.mark.parametrize(("what", "before", "after"), [("simple", 2, 0), ("ruled", 2, 1)])
def test_a_choice_of_another_process_holds_at_the_very_next_read(shared, what, before, after):
    """Simple ones by join, compiled ones by the person's version: no waiting, each of twenty times."""
    store, tell = shared
    for _ in range(20):
        assert _seen(store, "Condition?patient=ada") == before
        tell(what)
        assert _seen(store, "Condition?patient=ada") == after
        tell("end")


def test_a_bitmap_follows_what_another_process_commits(shared):
    store, tell = shared
    assert store.set(FOLLOWER, [STOPPED]) == BitMap()
    for _ in range(5):
        tell("stop")
        assert len(store.set(FOLLOWER, [STOPPED])) == 1
        tell("end")
        assert len(store.set(FOLLOWER, [STOPPED])) == 0


def test_sets_join_and_let_through_who_agreed_to_the_project(loaded):
    project = allowed("https://camphora.tw/project|p1")
    stops = [choices.stop_secondary_use(one, NOW) for one in ("ada", "bo")]
    agreed = choices.agree_to_project(
        "ada", "https://camphora.tw/project|p1", NOW.date().replace(year=2099), NOW
    )
    loaded.write(LOAD, [Put(one) for one in [*stops, agreed, choices.restrict("bo", "h1", NOW)]])
    both = loaded.set(FOLLOWER, [STOPPED])
    assert len(both) == 2
    assert len(loaded.set(FOLLOWER, [HiddenSet(STOPPED, project)])) == 1
    assert loaded.set(FOLLOWER, [restricted("h1"), STOPPED]) == both
    assert loaded.set(FOLLOWER, [HiddenSet(STOPPED, project)]) == loaded.set(FOLLOWER, [restricted("h1")])
    with pytest.raises(Forbidden):
        loaded.set(clinician(), [STOPPED])


def test_a_set_follows_time_where_a_choice_begins_or_ends_by_itself(loaded, monkeypatch):
    made = choices.restrict("ada", "h1", NOW)
    made["provision"]["period"] = {"start": "2030-01-01", "end": "2030-12-31"}
    loaded.write(LOAD, [Put(made), Put(choices.restrict("bo", "h1", NOW))])
    sizes = []
    for year in (2029, 2030, 2031):
        moment = time.mktime((year, 6, 1, 0, 0, 0, 0, 0, 0))
        monkeypatch.setattr("camphora.records.sqlite.time.time", lambda moment=moment: moment)
        sizes.append(len(loaded.set(FOLLOWER, [restricted("h1")])))
    assert sizes == [1, 2, 1]


def test_random_moves_leave_the_bitmap_as_the_rows_have_it(loaded):
    chance = random.Random(4)
    for number in range(60):
        person = chance.choice(["ada", "bo"])
        made = {**choices.restrict(person, "h1", NOW), "id": f"k{chance.randrange(6)}"}
        loaded.write(
            LOAD, [Put(made) if chance.random() < 0.6 else Delete("Consent", _present(loaded, made["id"]))]
        )
        if number % 3 == 0:
            rows = loaded.hidden_persons(FOLLOWER, restricted("h1"))
            assert list(loaded.set(FOLLOWER, [restricted("h1")])) == rows


def _present(store, name):
    if next(store._connections.reader().execute("SELECT 1 FROM record WHERE id = ?", (name,)), None) is None:
        store.write(LOAD, [Put({**choices.restrict("ada", "h1", NOW), "id": name})])
    return name


def test_a_killed_process_leaves_a_choice_wholly_before_or_wholly_after(tmp_path):
    """Killed at random moments of writing: Consent, its effects, its line of the log and its set's version are one."""
    SQLiteStore(tmp_path).close()
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from builders import NOW, patient
        from camphora.policy import choices
        from camphora.policy.internal import loading
        from camphora.records import Put, SQLiteStore
        store = SQLiteStore(Path(sys.argv[1]))
        print("ready", flush=True)
        for number in range(int(sys.argv[2]), 100_000):
            name = f"p{number}"
            made = [patient(name, "林大同", "1980-01-01", f"A{number:09}"), choices.restrict(name, "h1", NOW)]
            store.write(loading("t"), [Put(each) for each in made])
            print("wrote", flush=True)
        """
    )
    chance, number = random.Random(7), 0
    for _ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), str(number)],
            env={"PYTHONPATH": ":".join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout.readline() == "ready\n"
        for _ in range(chance.randrange(1, 5)):
            assert child.stdout.readline() == "wrote\n"
        time.sleep(chance.uniform(0, 0.02))
        child.kill()
        child.wait()
        child.stdout.close()
        store = SQLiteStore(tmp_path)
        number = _whole(store)
        store.close()
    assert number > 0


def _whole(store):
    """Every person in the store has the Consent, its effect, its lines; returns how many there are."""
    rows = store._connections.reader()
    (patients,) = next(
        rows.execute("SELECT count(*) FROM record r JOIN type t ON t.no = r.type WHERE t.name = 'Patient'")
    )
    (consents,) = next(
        rows.execute("SELECT count(*) FROM record r JOIN type t ON t.no = r.type WHERE t.name = 'Consent'")
    )
    (hidden,) = next(rows.execute("SELECT count(*) FROM hidden"))
    (logged,) = next(rows.execute("SELECT count(*) FROM change WHERE kind = 'choice'"))
    (moved,) = next(rows.execute("SELECT count(*) FROM moved"))
    (decided,) = next(rows.execute("SELECT count(*) FROM person WHERE choices > 0"))
    assert patients == consents == hidden == logged == moved == decided
    return patients


def test_a_page_goes_on_under_the_choices_of_its_own_moment(loaded):
    """A token is bound to reader, purpose, scope, policy and query, not to the choices: each page is read by the
    choices of its moment, so what was hidden between two pages is on neither the second nor any later one."""
    query = parse_query("Observation", [("_count", "1")], strict=True)
    first = loaded.search(clinician("h1"), query)
    loaded.write(LOAD, [Put(choices.restrict("ada", "h1", NOW))])
    token = parse_query("Observation", [("_count", "1"), ("_page", first.next)], strict=True)
    assert [row.id for row in loaded.search(clinician("h1"), token).rows] == ["o4"]
    with pytest.raises(Invalid, match="records-page-token"):
        loaded.search(clinician("h2"), token)


def test_a_compiled_policy_is_not_used_after_its_person_changed(loaded):
    closed = treating(code=[{"coding": [{"system": ICD, "code": "I10"}]}])
    for _ in range(3):
        loaded.write(LOAD, [Put(consent("k", "ada", closed))])
        with pytest.raises(NotFound):
            loaded.read(clinician(), "Condition", "c2")
        loaded.write(LOAD, [Delete("Consent", "k")])
        assert loaded.read(clinician(), "Condition", "c2").id == "c2"
