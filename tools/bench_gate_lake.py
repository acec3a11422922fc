# ruff: noqa: SLF001 - it times inner steps of the lake
"""What stops cost the lake: scans beside the same lake without stops, one person's stop, and 23.4 M persons' sets.

The lake is made straight from numbers, without records: so many persons with so many diagnoses each, placed by stops
that lie in the store as Consents would have left them.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import apsw
from pyroaring import BitMap

from bench import line, scratch, timed
from camphora.lake import By, Has, Is, Lake, Measure, Question
from camphora.lake import manifest as lines
from camphora.lake.cutting import SPAN, WIDE
from camphora.lake.manifest import Part, Range
from camphora.lake.sides import ACCESS
from camphora.policy import Access, Purpose, Reader, Request, Role, admit
from camphora.policy.asking import Scope
from camphora.policy.choices import STOPPED, stop_secondary_use, stopped
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore

PERSONS, ROWS, CASES, NATION = 200_000, 12, 1_000_000, 23_400_000
SHARE = 0.05
SEED = 1
QUESTIONS = (
    Question("condition", Measure("persons"), by=(By("code"),)),
    Question("condition", Measure("persons"), where=(Is("code", ("E11.9",)),)),
    Question("condition", Measure("rows"), by=(By("person.sex"),)),
    Question(
        "person", Measure("persons"), by=(By("county"),), where=(Has("condition", (Is("code", ("I10",)),)),)
    ),
)


def analyst(*purposes: str) -> Access:
    reader = Reader("bench", "bench", Role.ANALYST)
    access = admit(Request(reader, Purpose.SECONDARY, purposes=purposes)).access
    assert access is not None
    return access


class Fabricated:
    """A store with persons and stops by number, and a lake of their rows."""

    def __init__(self, folder: Path, persons: int, rows: int, stops: dict[str, BitMap]) -> None:
        self.store = SQLiteStore(folder / "store")
        self.lake = Lake(folder / "lake", self.store)
        self.store.move(ACCESS, "lake", 1, lambda connection: _people(connection, persons, stops))
        self._place(persons, rows)

    def close(self) -> None:
        self.lake.close()
        self.store.close()

    def _place(self, persons: int, rows: int) -> None:
        source = self.lake.tables()
        placed = {name: self.lake._sides.touched(source[name]) for name in ("person", "condition")}
        ranges, parts = [], []
        for low in range(0, persons, SPAN):
            inside = BitMap(range(low, min(low + SPAN, persons)))
            ranges.append(Range("", low, 1, {name: away & inside for name, away in placed.items()}))
            for name, away in placed.items():
                parts += self._part(name, low, inside - away, rows, is_open=True)
        for low in range(0, persons, SPAN * WIDE):
            for name, away in placed.items():
                parts += self._part(
                    name, low, away & BitMap(range(low, low + SPAN * WIDE)), rows, is_open=False
                )

        def job(connection: apsw.Connection) -> None:
            lines.swap(connection, ranges, parts, [])

        self.store.move(ACCESS, "lake:parts", 1, job)

    def _part(self, name: str, low: int, persons: BitMap, rows: int, *, is_open: bool) -> list[Part]:
        if not persons:
            return []
        file = self.lake._parts.new(name, low, is_open=is_open)
        each = rows if name == "condition" else 1
        values = {"persons": list(persons)} | ({"rows": rows} if name == "condition" else {})
        cursor = self.lake._engine.cursor()
        to = self.lake._parts.path(file)
        cursor.execute(f"COPY ({_SELECT[name]}) TO '{to}' (FORMAT parquet, COMPRESSION zstd)", values)
        cursor.close()
        return [Part(file, "", low, name, is_open, len(persons) * each)]


_AREA = "63000000 + p % 22 * 1000000 AS _area"
_SELECT = {
    "person": f"SELECT p AS person, {_AREA}, false AS _notifiable,"
    " CASE WHEN p % 2 = 0 THEN 'male' ELSE 'female' END AS sex, 1930 + p % 90 AS birth_year,"
    " 'C' || hash(p) % 22 AS county, 'T' || hash(p) % 368 AS township, false AS deceased,"
    " NULL::VARCHAR AS deceased_on FROM (SELECT unnest($persons::BIGINT[]) AS p)",
    "condition": f"SELECT p AS person, {_AREA}, i = 0 AS _notifiable,"
    " 'http://hl7.org/fhir/sid/icd-10-cm' AS system,"
    " CASE h % 10 WHEN 0 THEN 'I10' WHEN 1 THEN 'E11.9' ELSE 'X' || h % 400 END AS code,"
    " 'active' AS clinical_status, '2026-01-01' AS onset, NULL::VARCHAR AS abatement,"
    " '20' || (10 + h % 16) || '-03-01' AS recorded"
    " FROM (SELECT p, i, hash(p * 64 + i) AS h FROM (SELECT unnest($persons::BIGINT[]) AS p), range($rows) n(i))",
}


def _people(connection: apsw.Connection, persons: int, stops: dict[str, BitMap]) -> None:
    connection.executemany(
        "INSERT INTO person (no, patient) VALUES (?, ?)",
        ((number, f"p{number}") for number in range(persons)),
    )
    for name, members in stops.items():
        connection.executemany(
            "INSERT INTO hidden VALUES (?, ?, ?, 0, NULL)",
            ((name, person, -person - 1) for person in members),
        )
    connection.execute("INSERT INTO change (at, kind, subject, version) VALUES (0, 'record', 0, 1)")


def _some(share: float, of: int, chance: random.Random) -> BitMap:
    return BitMap(chance.sample(range(of), int(of * share)))


def scans(persons: int = PERSONS, rows: int = ROWS, times: int = 9) -> Iterator[dict[str, Any]]:
    """The same questions beside a lake without stops, one after the other, the middle of each compared."""
    chance = random.Random(SEED)
    whole, some = _some(SHARE, persons, chance), _some(SHARE, persons, chance)
    worlds: dict[str, dict[str, BitMap]] = {
        "none": {},
        "again": {},
        "whole": {STOPPED: whole},
        "part": {STOPPED: whole, stopped("diagnoses", "HQUALIMP"): some},
    }
    with scratch() as folder, ExitStack() as stack:
        made = {name: Fabricated(folder / name, persons, rows, stops) for name, stops in worlds.items()}
        for each in made.values():
            stack.callback(each.close)
        for number, question in enumerate(QUESTIONS):
            taken = _paired({name: _asking(each.lake, question) for name, each in made.items()}, times)
            for name in ("again", "whole", "part"):
                yield _compared(
                    f"gate.lake.scan.{name}", taken, name, "none", question=number, persons=persons
                )
        yield from _one_stop(made["part"], persons)


def areas(persons: int = CASES, rows: int = 1, times: int = 9) -> Iterator[dict[str, Any]]:
    """An officer of one county of 22 beside one of the nation, over so many notifiable cases."""
    with scratch() as folder:
        made = Fabricated(folder, persons, rows, {})
        question = replace(QUESTIONS[0], purpose=Purpose.SURVEILLANCE)
        officers = {name: _officer(codes) for name, codes in (("nation", ()), ("county", ("65000",)))}
        taken = _paired(
            {name: partial(made.lake.ask, access, question) for name, access in officers.items()}, times
        )
        yield _compared("gate.lake.county", taken, "county", "nation", cases=persons * rows)
        made.close()


def nation(persons: int = NATION) -> Iterator[dict[str, Any]]:
    """A store with the stops of a nation and no records: what a question pays for its sets, and after one more stop."""
    chance = random.Random(SEED)
    count = int(persons * SHARE)
    with scratch() as folder:
        store = SQLiteStore(folder / "store")
        stops = {
            STOPPED: _some(SHARE, persons, chance),
            stopped("diagnoses", "HQUALIMP"): _some(0.01, persons, chance),
        }
        store.move(ACCESS, "lake", 1, lambda connection: _people(connection, 1000, stops))
        lake = Lake(folder / "lake", store)
        sources = [lake.tables()[name] for name in ("person", "condition")]
        access = analyst("HRESCH")
        begun = time.perf_counter()
        reach = lake._sides.reach(access, sources)
        first = time.perf_counter() - begun
        again = timed(lambda: lake._sides.reach(access, sources), 50)
        after = []
        for number in range(50):
            store.write(
                loading("bench"), [Put(stop_secondary_use(f"p{number}", datetime.now(UTC)), expect="new")]
            )
            begun = time.perf_counter()
            lake._sides.reach(access, sources)
            after.append(time.perf_counter() - begun)
        settings = {"persons": persons, "stopped": count, "first_ms": round(first * 1000, 1)}
        yield line("gate.lake.sets", statistics.median(again) * 1000, "ms/question", again, **settings)
        yield line("gate.lake.sets.after", statistics.median(after) * 1000, "ms/question", after, **settings)
        stopped_now = reach.stopped["condition"]
        size = len(stopped_now.serialize()) / 1e6 if stopped_now is not None else 0.0
        yield line("gate.lake.sets.size", size, "MB", stopped=count)
        lake.close()
        store.close()


def _one_stop(made: Fabricated, persons: int, times: int = 20) -> Iterator[dict[str, Any]]:
    """One person's stop: until it is durable, until no question reads them, and until their rows lie withheld."""
    chance = random.Random(SEED + 1)
    writing, reading, moving = [], [], []
    number = made.lake.tables()
    for person in chance.sample(range(persons), times):
        consent = stop_secondary_use(f"p{person}", datetime.now(UTC))
        begun = time.perf_counter()
        made.store.write(loading("bench"), [Put(consent, expect="new")])
        written = time.perf_counter()
        reach = made.lake._sides.reach(analyst("HRESCH"), [number["condition"]])
        read = time.perf_counter()
        assert person in (reach.stopped["condition"] or ())
        made.lake._follower.settle()
        writing.append(written - begun)
        reading.append(read - written)
        moving.append(time.perf_counter() - read)
    for name, taken in (("written", writing), ("read", reading), ("moved", moving)):
        p99 = round(sorted(taken)[int(len(taken) * 0.99)] * 1000, 3)
        yield line(
            f"gate.lake.stop.{name}", statistics.median(taken) * 1000, "ms", taken, persons=persons, p99=p99
        )


def _asking(lake: Lake, question: Question) -> Callable[[], object]:
    return partial(lake.ask, analyst("HRESCH"), question)


def _officer(codes: Sequence[str]) -> Access:
    scope = Scope(areas=frozenset(codes))
    access = admit(
        Request(Reader("officer", "officer", Role.OFFICER, scope=scope), Purpose.SURVEILLANCE)
    ).access
    assert access is not None
    return access


def _paired(acts: Mapping[str, Callable[[], object]], times: int) -> dict[str, list[float]]:
    """CPU-seconds of all threads, each act in turn so many times: what else the machine does falls on all alike."""
    taken: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(times):
        for name, act in acts.items():
            begun = time.process_time()
            act()
            taken[name].append(time.process_time() - begun)
    return taken


def _compared(
    bench: str, taken: Mapping[str, list[float]], name: str, beside: str, **settings: Any
) -> dict[str, Any]:
    """The middle of one act's times beside that of another; also the shortest beside the shortest."""
    ratio = statistics.median(taken[name]) / statistics.median(taken[beside])
    least = round(min(taken[name]) / min(taken[beside]), 3)
    return line(bench, ratio, f"of {beside}", taken[name], **settings, least=least)


def lake_figures() -> Iterator[dict[str, Any]]:
    """What stops, areas and a nation's sets cost the lake."""
    yield from scans()
    yield from areas()
    yield from nation()


if __name__ == "__main__":
    import json
    import sys

    for row in globals()[sys.argv[1]](*map(int, sys.argv[2:])):
        print(json.dumps(row, ensure_ascii=False), flush=True)
