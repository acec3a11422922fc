"""Renewing: a write's work is as large as the write, what comes of it equals the parts made whole, and it gives way."""

import random
from datetime import UTC, datetime

import pytest

from builders import cohort, condition, observation, patient
from camphora.errors import CamphoraError
from camphora.lake import Lake, manifest, pauses
from camphora.lake.pauses import Pauses
from camphora.lake.sides import ACCESS
from camphora.policy.choices import stop_secondary_use
from camphora.policy.internal import loading
from camphora.policy.labels import Row, Rules
from camphora.records import Delete, Put, SQLiteStore

LOAD = loading("test")
TUBERCULOSIS, SPRAIN = "A15.0", "S93.4"
AREAS = (("信義區", "臺北市"), ("西屯區", "臺中市"))


def _rows(lake):
    """All rows of all parts by their source and side; files and the order of rows may differ."""
    now = lake._follower.snapshot().manifest
    found = {}
    for part in (part for name in lake.tables() for part in now.of(name)):
        sql = "SELECT * FROM read_parquet($path)"
        rows = lake._fetch(sql, {"path": str(lake._parts.path(part.file))})
        found.setdefault((part.name, part.open), []).extend(rows)
    return {key: sorted(rows, key=repr) for key, rows in found.items()}


def _made_whole(lake, store):
    """The same after all parts were made anew."""
    follower = lake._follower
    store.move(ACCESS, "lake", 0, lambda connection: manifest.begin_anew(connection, follower._digest))
    lake.catch_up()
    return _rows(lake)


def test_a_write_is_cut_alone_and_not_its_whole_range(lake, store):
    store.write(LOAD, [Put(condition("x", "p1", "I10", None))])
    caught = lake.catch_up()
    assert (caught.ranges, caught.records) == (1, 2)  # the record, and its person's Patient


def test_a_write_leaves_the_parts_of_other_views_as_they_are(lake, store):
    before = {
        name: {part.file for part in lake._follower.snapshot().manifest.of(name)} for name in lake.tables()
    }
    store.write(LOAD, [Put(condition("x", "p1", "I10", None))])
    lake.catch_up()
    after = {
        name: {part.file for part in lake._follower.snapshot().manifest.of(name)} for name in lake.tables()
    }
    assert {name for name in before if before[name] != after[name]} == {"condition", "person"}


def test_who_moves_has_all_rows_cut_anew(lake, store):
    moved = {**patient("p1", "林大同", "1951-01-01", "A123456780")}
    store.write(LOAD, [Put({**moved, "address": [{"use": "home", "city": "西屯區", "district": "臺中市"}]})])
    assert lake.catch_up().records == 3
    assert _rows(lake) == _made_whole(lake, store)


def test_a_notifiable_record_is_told_in_its_persons_rows_and_no_more_once_it_is_gone(lake, store):
    store.write(LOAD, [Put(condition("x", "p1", TUBERCULOSIS, None))])
    lake.catch_up()
    with_it = _rows(lake)
    assert with_it == _made_whole(lake, store)
    store.write(LOAD, [Delete("Condition", "x")])
    lake.catch_up()
    assert _rows(lake) == _made_whole(lake, store)
    assert _rows(lake)["person", True] != with_it["person", True]


def _change(chance, number):
    """One change of many kinds."""
    person = f"p{chance.randrange(26)}"
    match chance.randrange(8):
        case 0:
            return Put(condition(f"new{number}", person, chance.choice((TUBERCULOSIS, SPRAIN)), None))
        case 1:
            return Put(condition(f"pc{chance.randrange(24)}", person, "I10", None))
        case 2:
            return Put(observation(f"po{chance.randrange(24)}", person, "4548-4", "2026-03-02T00:00:00Z"))
        case 3:
            return Delete("Condition", f"pc{chance.randrange(24)}")
        case 4:
            city, district = chance.choice(AREAS)
            home = {"use": "home", "city": city, "district": district}
            return Put({**patient(person, "林大同", "1951-01-01", "A123456780"), "address": [home]})
        case 5:
            return Put(stop_secondary_use(person, datetime.now(UTC)))
        case 6:
            return Put({**stop_secondary_use(person, datetime.now(UTC)), "status": "inactive"})
        case _:
            return Delete("Observation", f"po{chance.randrange(24)}")


@pytest.mark.parametrize("seed", range(3))
def test_what_is_renewed_equals_what_is_made_whole(store, tmp_path, monkeypatch, seed):
    """Over ranges of eight, of which sixteen share a withheld part."""
    for place in ("follower", "cutting", "sides", "asking"):
        monkeypatch.setattr(f"camphora.lake.{place}.SPAN", 8)
    monkeypatch.setattr("camphora.lake.cutting.WIDE", 2)
    chance = random.Random(seed)
    store.write(LOAD, [Put(resource) for resource in cohort(24)])
    lake = Lake(tmp_path / "lake", store)
    lake.catch_up()
    for part in range(3):
        for number in range(12):
            _try(store, _change(chance, part * 100 + number))
        lake.catch_up()
        renewed = _rows(lake)
        assert renewed == _made_whole(lake, store)
    assert any(not is_open for _, is_open in renewed)
    lake.close()


def _try(store, change):
    """A change, unless what it deletes is gone already."""
    try:
        store.write(LOAD, [change])
    except CamphoraError:
        return


def test_more_changes_than_are_worth_telling_apart_have_their_range_made_whole(lake, store, monkeypatch):
    monkeypatch.setattr("camphora.lake.touched.MANY", 1)
    store.write(LOAD, [Put(condition(name, "p1", "I10", None)) for name in ("x", "y")])
    assert lake.catch_up().records == 182
    assert _rows(lake) == _made_whole(lake, store)


def test_records_labelled_by_other_rules_are_all_cut_anew(tmp_path, monkeypatch):
    monkeypatch.setattr("camphora.records.sqlite.run", lambda *_: None)
    none = Row("a", ("PSY",), "icd-10-cm", "F32", "under")
    monkeypatch.setattr(Rules, "bundled", classmethod(lambda _: Rules((none,))))
    store = SQLiteStore(tmp_path / "store")
    store.write(LOAD, [Put(resource) for resource in [*cohort(4), condition("x", "p1", TUBERCULOSIS, None)]])
    lake = Lake(tmp_path / "lake", store)
    lake.catch_up()
    before = _rows(lake)
    lake.close()
    store.close()
    notifiable = Row("b", (), "icd-10-cm", "A15", "under")
    monkeypatch.setattr(Rules, "bundled", classmethod(lambda _: Rules((none, notifiable))))
    store = SQLiteStore(tmp_path / "store")
    lake = Lake(tmp_path / "lake", store)
    assert lake.catch_up().ranges == 0
    while store._keeper.submit(lambda c: store._labelling.step(c, store._interned, 100)).result():
        pass
    assert lake.catch_up().ranges == 1
    assert _rows(lake)["condition", True] != before["condition", True]
    assert lake.catch_up().ranges == 0
    lake.close()
    store.close()


class _Clock:
    """Clocks that work and sleep move. `others`: what other threads take of the processor for each second."""

    def __init__(self, others):
        self.now, self.worked, self.slept, self.others = 1.0, 0.0, [], others

    def work(self, seconds):
        self.now += seconds
        self.worked += seconds

    def monotonic(self):
        return self.now

    def thread_time(self):
        return self.worked

    def process_time(self):
        return self.worked + self.others * self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def _worked(monkeypatch, others, steps=100, step=0.0025):
    clock = _Clock(others)
    monkeypatch.setattr(pauses, "time", clock)
    work = Pauses(2.0)
    work.pause()
    for _ in range(steps):
        clock.work(step)
        work.pause()
    return clock.slept


def test_work_gives_way_after_each_slice_for_as_long_as_it_is_told(monkeypatch):
    slept = _worked(monkeypatch, others=0.5)
    assert {round(seconds, 6) for seconds in slept} == {0.005}
    assert len(slept) == 100


def test_work_that_disturbs_nobody_goes_on(monkeypatch):
    assert _worked(monkeypatch, others=0.001, steps=10_000) == []


def test_one_long_step_is_followed_by_a_pause_that_is_bounded(monkeypatch):
    assert _worked(monkeypatch, others=0.5, steps=1, step=60) == [pauses.MOST]


def test_a_lake_in_the_background_gives_way_at_each_record_and_one_that_is_waited_for_does_not(
    store, tmp_path, monkeypatch
):
    paused = []
    monkeypatch.setattr(pauses, "SLICE", 0.0)
    monkeypatch.setattr(pauses, "STIR", -1.0)
    monkeypatch.setattr(pauses.time, "sleep", paused.append)
    store.write(LOAD, [Put(resource) for resource in cohort(12)])
    lake = Lake(tmp_path / "lake", store)
    lake.catch_up()
    assert paused == []
    lake._pauses = Pauses(2.0)
    store.write(LOAD, [Put(condition(f"x{number}", f"p{number}", "I10", None)) for number in range(12)])
    lake.catch_up()
    assert len(paused) == 23
    lake.close()
