"""The marks of records whose persons have chosen: what a statement asks about a row hangs on them."""

from importlib.resources import files

import apsw
import pytest

from builders import NOW
from camphora.policy import choices
from camphora.policy.choices import CLOSED, STOPPED, restricted
from camphora.policy.labels import ALL_CHOSEN, CHOSEN, REFUSING, RULED
from camphora.records import Put
from camphora.records.connections import migrate
from consented import LOAD, consent, treating

SYSTOLIC = [{"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}]
JUDGED = consent("k", "ada", treating(code=SYSTOLIC))


def _marks(store, person, table="record"):
    sql = f"SELECT r.labels FROM {table} r JOIN person p ON p.no = r.person WHERE p.patient = ?"
    reader = store._connections.reader()
    return {labels & ALL_CHOSEN for (labels,) in reader.execute(sql, (person,))}


@pytest.mark.parametrize(
    ("made", "marks"),
    [
        (JUDGED, CHOSEN | RULED),
        (choices.restrict("ada", "h2", NOW), CHOSEN | REFUSING),
        (choices.close_part("ada", "PSY", NOW), CHOSEN),
        (choices.stop_secondary_use("ada", NOW), CHOSEN),
    ],
    ids=["judged", "restricted", "closed", "stopped"],
)
def test_a_choice_marks_the_records_of_its_person_by_its_kind(loaded, made, marks):
    before = _marks(loaded, "bo")
    loaded.write(LOAD, [Put(made)])
    assert _marks(loaded, "ada") == {marks}
    assert _marks(loaded, "bo") == before


def test_choices_of_two_kinds_give_both_marks(loaded):
    loaded.write(LOAD, [Put(choices.restrict("ada", "h2", NOW)), Put(JUDGED)])
    assert _marks(loaded, "ada") == {ALL_CHOSEN}


def test_a_later_record_bears_them_and_each_version_of_before_bears_all(loaded):
    loaded.write(LOAD, [Put(JUDGED)])
    made = {"resourceType": "Observation", "id": "later", "status": "final", "code": {"text": "x"}}
    made["subject"] = {"reference": "Patient/ada"}
    loaded.write(LOAD, [Put(made)])
    loaded.write(LOAD, [Put({**made, "status": "amended"})])
    assert _marks(loaded, "ada") == {CHOSEN | RULED}
    assert _marks(loaded, "ada", "superseded") == {ALL_CHOSEN}


@pytest.fixture
def old(tmp_path):
    """A store of the form before the marks by kind: one whose records are judged (1), one with a closed label (2), one
    who refuses an institution (3), one without choices (4)."""
    connection = apsw.Connection(str(tmp_path / "records.sqlite"))
    steps = sorted(item.name for item in files("camphora.records").joinpath("sql").iterdir())
    before = steps[: steps.index("0010-marks.sql")]
    for name in before:
        connection.execute(files("camphora.records").joinpath("sql", name).read_text("utf-8"))
    connection.execute(f"PRAGMA user_version = {len(before)}")
    for person in (1, 2, 3, 4):
        connection.execute("INSERT INTO person (no, patient) VALUES (?, ?)", (person, f"p{person}"))
        record = (person, f"r{person}", person, b"[[],[],[]]", b"{}")
        connection.execute("INSERT INTO record VALUES (?, 1, ?, 2, ?, 0, 0, 5, 0, x'', ?, ?)", record)
        connection.execute("INSERT INTO superseded VALUES (?, 1, ?, 0, ?, 0, x'')", (person, person, CHOSEN))
    connection.execute("INSERT INTO ruled VALUES (1, 9, 0, NULL, 'care')")
    connection.execute("INSERT INTO closed VALUES (?, 2, 8, 1, 0, NULL)", (CLOSED,))
    connection.execute("INSERT INTO hidden VALUES (?, 3, 7, 0, NULL)", (restricted("h1"),))
    yield connection, tmp_path
    connection.close()


def _labels(connection, table="record"):
    return [labels for (labels,) in connection.execute(f"SELECT labels FROM {table}")]


def test_an_old_store_is_marked_as_it_is_opened(old):
    connection, path = old
    migrate(connection, path)
    assert _labels(connection) == [5 | CHOSEN | RULED, 5 | CHOSEN, 5 | CHOSEN | REFUSING, 5]
    assert set(_labels(connection, "superseded")) == {ALL_CHOSEN}


def test_in_an_old_store_who_chooses_later_is_marked_then(old):
    connection, path = old
    migrate(connection, path)
    connection.execute("INSERT INTO ruled VALUES (2, 6, 0, NULL, 'care')")
    connection.execute("INSERT INTO hidden VALUES (?, 2, 5, 0, NULL)", (restricted("h1"),))
    connection.execute("INSERT INTO hidden VALUES (?, 4, 4, 0, NULL)", (STOPPED,))
    assert _labels(connection) == [5 | CHOSEN | RULED, 5 | ALL_CHOSEN, 5 | CHOSEN | REFUSING, 5 | CHOSEN]
