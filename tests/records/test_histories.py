"""Pages of a history come in the order of time, whichever way its earlier versions are found; and what a page costs
does not grow with the versions there are."""

import random

import pytest

from builders import NOW, citizen, clinician, observation, patient
from camphora.policy import choices
from camphora.records import Delete, Put, Versions, histories
from consented import LOAD

PEOPLE = 6


@pytest.fixture
def moving(store, monkeypatch):
    """Records of two types with several versions, written at few moments, one person of them hidden."""
    clock = iter(range(1_700_000_000_000, 1_800_000_000_000))
    moment = [next(clock)]
    monkeypatch.setattr("camphora.records.writing._now", lambda _: moment[0])
    rng = random.Random(5)
    people = [patient(f"p{n}", "王小明", "1950-02-01", f"A12345{n:04d}") for n in range(PEOPLE)]
    store.write(LOAD, [Put(each) for each in people])
    alive = set()
    for step in range(120):
        moment[0] = next(clock) if step % 3 == 0 else moment[0]
        name = f"o{rng.randrange(12)}"
        if name in alive and rng.random() < 0.1:
            store.write(LOAD, [Delete("Observation", name)])
            alive.discard(name)
        elif rng.random() < 0.2:
            store.write(LOAD, [Put(rng.choice(people) | {"active": bool(step % 2)})])
        else:
            about = f"p{int(name[1:]) % PEOPLE}"
            store.write(LOAD, [Put(observation(name, about, "8480-6", f"2026-01-{1 + step % 28:02d}"))])
            alive.add(name)
    store.write(LOAD, [Put(choices.restrict("p1", "h1", NOW))])
    return store


def _all(store, access, asked):
    """Every version by pages of three."""
    found, page = [], None
    while True:
        one = store.versions(access, Versions(asked.type, asked.id, asked.since, asked.at, 3, page))
        found += [(row.updated, row.type, row.id, row.version) for row in one.rows]
        page = one.next
        if page is None:
            return found


ASKED = [
    Versions("Observation"),
    Versions(),
    Versions("Patient"),
    Versions("Observation", "o2"),
    Versions("Observation", since=1_700_000_000_010),
    Versions("Observation", at=(1_700_000_000_005, 1_700_000_000_020)),
]


@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize("access", [LOAD, clinician(), citizen("p2")], ids=["load", "clinician", "citizen"])
def test_every_way_gives_the_same_pages(moving, monkeypatch, asked, access):
    told = []
    for windows in ((), (1, 2), (1, 10, 100), (1, 1_000)):
        monkeypatch.setattr(histories, "WINDOWS", windows)
        told.append(_all(moving, access, asked))
    assert told[0] == told[1] == told[2] == told[3]
    assert len(told[0]) == len(set(told[0])) > 0
    assert [row[0] for row in told[0]] == sorted((row[0] for row in told[0]), reverse=True)


def test_who_is_hidden_has_no_history_in_any_of_them(moving, monkeypatch):
    monkeypatch.setattr(histories, "WINDOWS", (1, 2, 1_000))
    hers = {f"o{n}" for n in range(12) if n % PEOPLE == 1}
    seen = {row[2] for row in _all(moving, clinician(), Versions("Observation"))}
    assert hers.isdisjoint(seen)
    assert hers & {row[2] for row in _all(moving, LOAD, Versions("Observation"))}


def _steps(store, asked):
    """The steps of SQLite's machine for a page, in hundreds."""
    reader, counted = store._connections.reader(), [0]

    def count():
        counted[0] += 1
        return False

    reader.set_progress_handler(count, 100)
    try:
        assert store.versions(clinician(), asked).rows
    finally:
        reader.set_progress_handler(None)
    return counted[0]


@pytest.mark.parametrize("asked", [Versions("Observation", count=5), Versions("Observation", "o7", count=5)])
def test_a_page_costs_the_same_of_few_records_and_of_many(store, asked):
    """Three versions of each record; a page of a type, and the history of one record."""

    def grown(first, last):
        for version in range(3):
            store.write(
                LOAD,
                [
                    Put(observation(f"o{n}", "p0", "8480-6", f"2026-01-0{version + 1}"))
                    for n in range(first, last)
                ],
            )

    store.write(LOAD, [Put(patient("p0", "王小明", "1950-02-01", "A123456789"))])
    grown(0, 2_100)
    few = _steps(store, asked)
    grown(2_100, 4_200)
    assert _steps(store, asked) < few * 1.3 + 10
