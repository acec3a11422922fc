"""The follower: what it makes is true, survives a death at any point, and is not made twice."""

import threading
from datetime import UTC, datetime

import pytest

from builders import analyst, citizen, cohort, condition, patient
from camphora.lake import Lake, Measure, Question, Rules
from camphora.lake import manifest as lines
from camphora.policy.choices import stop_secondary_use
from camphora.policy.internal import following, loading
from camphora.policy.paths import declared
from camphora.records import Delete, Put

LOAD = loading("test")
EXACT = Rules(least=1, base=1)


def _files(lake):
    return {path.name for path in lake._parts.folder.iterdir()}


def _named(lake):
    return set(lake._follower.snapshot().manifest.files())


def _persons(lake, source="person"):
    ((figure,),) = lake.ask(analyst(), Question(source, Measure("persons"))).rows
    return figure


def test_catching_up_again_changes_nothing(lake, store):
    before = _files(lake)
    again = lake.catch_up()
    assert (again.ranges, again.change) == (0, store.last_change())
    assert _files(lake) == before == _named(lake)


def test_a_replayed_log_makes_nothing_twice(lake, store):
    before = _files(lake)
    store.move(following("lake"), "lake", 0)
    assert lake.catch_up().ranges == 0
    assert _files(lake) == before


def test_a_death_between_writing_parts_and_the_swap_leaves_the_old_manifest_true(
    lake, store, monkeypatch, tmp_path
):
    store.write(LOAD, [Put(patient("new", "李四", "1970-01-01", "A123456780"))])
    before = _named(lake)

    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(store, "move", die)
        with pytest.raises(KeyboardInterrupt):
            lake.catch_up()
    assert _named(lake) == before
    resumed = Lake(tmp_path / "lake", store, rules=EXACT)
    assert _persons(resumed) == 60
    assert (resumed.catch_up().ranges, _persons(resumed)) == (1, 61)


def test_a_swap_that_fails_inside_the_transaction_leaves_the_old_manifest_true(lake, store, monkeypatch):
    store.write(LOAD, [Put(patient("new", "李四", "1970-01-01", "A123456780"))])
    before, true_swap = _named(lake), lines.swap

    def fail(*given, **named):
        true_swap(*given, **named)
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(lines, "swap", fail)
        with pytest.raises(RuntimeError):
            lake.catch_up()
    assert _named(lake) == before
    assert lake.catch_up().ranges == 1


def test_parts_of_dead_processes_are_swept_when_the_lake_is_opened(lake, store, tmp_path, monkeypatch):
    (tmp_path / "lake" / "parts" / "person.0.open.dead.parquet").write_bytes(b"half")
    Lake(tmp_path / "lake", store)
    assert _files(lake) != _named(lake)
    monkeypatch.setattr("camphora.lake.parts.ORPHAN_AGE", -1)
    Lake(tmp_path / "lake", store)
    assert _files(lake) == _named(lake)


def test_a_store_restored_without_its_parts_is_followed_from_the_beginning(lake, store, tmp_path):
    for path in lake._parts.folder.iterdir():
        path.unlink()
    again = Lake(tmp_path / "lake", store, rules=EXACT)
    again.catch_up()
    assert _persons(again) == 60


def test_another_view_makes_all_parts_anew(lake, store, tmp_path):
    view = {
        "name": "name_view", "title": "姓", "resource": "Patient",
        "select": [{"column": [{"name": "family", "path": "name.first().family", "type": "string"}]}],
    }  # fmt: skip
    again = Lake(tmp_path / "lake", store, views=[view], rules=EXACT)
    assert again.catch_up().ranges == 1
    assert _persons(again, "name_view") == 60


def test_deleted_records_leave_the_lake(store, tmp_path):
    store.write(LOAD, [Put(resource) for resource in cohort(20)])
    lake = Lake(tmp_path / "lake", store, rules=EXACT)
    lake.catch_up()
    store.write(LOAD, [Delete("Condition", "pc3"), Delete("Condition", "pc4")])
    lake.catch_up()
    assert _persons(lake, "condition") == 18


def test_a_record_given_to_another_person_leaves_the_first_ones_range(store, tmp_path, monkeypatch):
    monkeypatch.setattr("camphora.lake.follower.SPAN", 8)
    monkeypatch.setattr("camphora.lake.cutting.SPAN", 8)
    store.write(LOAD, [Put(resource) for resource in cohort(20)])
    lake = Lake(tmp_path / "lake", store, rules=EXACT)
    assert lake.catch_up().ranges == 3
    store.write(LOAD, [Put(condition("pc1", "p19", "I10", None))])
    assert lake.catch_up().ranges == 2
    assert _persons(lake, "condition") == 19
    assert lake.open_rows_of("p1", citizen("p1"))["condition"] == 0


def test_only_the_ranges_that_changed_are_made_again(store, tmp_path, monkeypatch):
    monkeypatch.setattr("camphora.lake.follower.SPAN", 8)
    monkeypatch.setattr("camphora.lake.cutting.SPAN", 8)
    store.write(LOAD, [Put(resource) for resource in cohort(40)])
    lake = Lake(tmp_path / "lake", store, rules=EXACT)
    seen = []
    lake.catch_up(lambda done, of: seen.append((done, of)))
    store.write(LOAD, [Put(condition("x", "p39", "I10", None))])
    assert (lake.catch_up().ranges, seen) == (1, [(number, 6) for number in range(1, 7)])
    store.write(LOAD, [Put(stop_secondary_use("p1", datetime.now(UTC)), expect="new")])
    assert lake.catch_up().ranges == 0
    assert _persons(lake) == 39


def test_a_part_that_a_question_reads_stays_until_it_is_done(lake, store):
    held = _named(lake)
    with lake._parts.pinned(lake._follower.snapshot, lambda now: now.manifest.files()):
        store.write(LOAD, [Put(condition("x", "p1", "I10", None))])
        lake.catch_up()
        assert held <= _files(lake)
    replaced = held - _named(lake)
    assert {name.split(".")[0] for name in replaced} == {"condition", "person"}
    assert _files(lake) == _named(lake)


def test_a_lake_in_the_background_follows_what_is_written(store, tmp_path):
    lake = Lake(tmp_path / "lake", store, rules=EXACT)
    lake.start()
    store.write(LOAD, [Put(resource) for resource in cohort(12)])
    reached = threading.Event()
    for _ in range(200):
        if store.place("lake") == store.last_change() or reached.wait(0.05):
            break
    counted = _persons(lake)
    lake.close()
    assert (counted, lake.fault) == (12, None)


def test_the_lake_declares_its_read_paths():
    names = {path.name: path.reach for path in declared() if path.name.startswith("lake.")}
    assert names == {
        "lake.follower": "persons", "lake.ask": "persons", "lake.open_rows_of": "persons", "lake.rows": "tables",
        "lake.rows_at": "tables",
    }  # fmt: skip


def test_each_stop_is_obeyed_at_once_while_records_keep_coming(store, tmp_path, monkeypatch):
    """The background follower makes ranges anew all the while; every question right after a stop misses the person."""
    monkeypatch.setattr("camphora.lake.asking.REST", 0.0)
    store.write(LOAD, [Put(resource) for resource in cohort(30)])
    lake = Lake(tmp_path / "lake", store, rules=EXACT)
    lake.catch_up()
    lake.start()
    counts = []
    for number in range(10):
        store.write(LOAD, [Put(condition(f"x{number}", f"p{number + 10}", "I10", None))])
        store.write(LOAD, [Put(stop_secondary_use(f"p{number}", datetime.now(UTC)), expect="new")])
        counts.append((_persons(lake), lake.open_rows_of(f"p{number}", citizen(f"p{number}"))["person"]))
    lake.close()
    assert counts == [(29 - number, 0) for number in range(10)]
    assert lake.fault is None
    assert _files(lake) == _named(lake)


def test_a_lake_that_is_closed_while_writes_come_in_stops(store, tmp_path):
    for number in range(10):
        lake = Lake(tmp_path / "lake", store)
        lake.start()
        store.write(LOAD, [Put(patient(f"c{number}", "李四", "1970-01-01", "A123456780"))])
        lake.close()
        assert not lake._thread.is_alive()


def test_open_parts_hold_nobody_who_has_stopped_and_withheld_parts_nobody_else(lake, store):
    for number in (3, 14, 15):
        store.write(LOAD, [Put(stop_secondary_use(f"p{number}", datetime.now(UTC)), expect="new")])
    lake.catch_up()
    now = lake._follower.snapshot()
    found = {True: set(), False: set()}
    for part in (part for name in lake.tables() for part in now.manifest.of(name)):
        path = str(lake._parts.path(part.file))
        rows = lake._fetch("SELECT person FROM read_parquet($path)", {"path": path})
        assert len(rows) == part.rows > 0
        found[part.open] |= {person for (person,) in rows}
    assert found[False] == set(now.manifest.withheld["person"])
    assert len(found[False]) == 3
    assert len(found[True]) == 57
    assert not found[True] & found[False]
