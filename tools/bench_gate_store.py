"""Figures of the gate on the store: what law and consent cost on a search, an officer's county at a million cases,
sets as bitmaps, a choice that reaches another process with the nation's sets loaded.

The stores are fabricated in SQL, in the form that the writer gives them: only the queries are measured.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
from pyroaring import BitMap

from bench import line
from camphora.fhir.search import parse_query
from camphora.policy import Access, Purpose, Reader, Request, Role, choices
from camphora.policy.admission import admit
from camphora.policy.asking import Scope
from camphora.policy.choices import STOPPED
from camphora.policy.internal import following, loading
from camphora.policy.labels import NOTIFIABLE
from camphora.records import Put, SQLiteStore, plan
from camphora.records.visible import Predicate

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
NATION = 23_400_000
STOPPED_NOW = 1_162_980
"""4.97 % of the nation, the share of England that has opted out (BJGP Open 2024.0020)."""
FOLLOWER = following("bench")
COUNTIES = (63000, 65000, 68000, 66000, 67000, 64000, 10002, 10004, 10005, 10007, 10008, 10009, 10010, 10013, 10014,
            10015, 10016, 10017, 10018, 10020, 9007, 9020)  # fmt: skip


class Fabricated:
    """A store of persons with records, in a folder that goes when it is closed."""

    def __init__(self, persons: int, records: int, *, notifiable: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bench-gate-"))
        self.store = SQLiteStore(self.folder)
        self.store.write(loading("bench"), [Put(_condition("first", "p1", "I10"))])
        self.store.close()
        connection = apsw.Connection(str(self.folder / "records.sqlite"))
        connection.execute("PRAGMA synchronous = OFF")
        with connection:
            _fill(connection, persons, records, notifiable=notifiable)
        connection.execute("ANALYZE")
        connection.close()
        self.store = SQLiteStore(self.folder)

    def close(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


def _condition(name: str, person: str, code: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition", "id": name, "subject": {"reference": f"Patient/{person}"},
        "code": {"coding": [{"system": ICD, "code": code, "display": "診斷"}], "text": "診斷"},
        "clinicalStatus": {"coding": [{"code": "active", "system":
            "http://terminology.hl7.org/CodeSystem/condition-clinical"}]},
        "encounter": {"reference": "Encounter/e1"}, "recorder": {"reference": "Practitioner/dr"},
        "onsetDateTime": "2026-03-01", "recordedDate": "2026-03-01T08:00:00+08:00", "note": [{"text": "追蹤" * 60}],
    }  # fmt: skip


def _fill(connection: apsw.Connection, persons: int, records: int, *, notifiable: bool) -> None:
    """Copies of the first record under the persons in turn; every fifth under another code."""
    area = f"(json_extract('{json.dumps(COUNTIES)}', '$[' || (n % {len(COUNTIES)}) || ']')) * 1000 + 100"
    number = "WITH RECURSIVE c (n) AS (VALUES (2) UNION ALL SELECT n + 1 FROM c WHERE n < ?)"
    connection.execute(
        f"{number} INSERT INTO person (no, patient, area) SELECT n, 'p' || n, {area} FROM c", (persons,)
    )
    connection.execute(
        f"{number} INSERT INTO record (no, type, id, version, person, main_date, updated, labels, deleted, digest,"
        " keys, body) SELECT n, f.type, 'c' || n, 1, n % ? + 1, f.main_date, f.updated, ?, 0, f.digest, f.keys, f.body"
        " FROM c, record f WHERE f.no = 1",
        (records, persons, NOTIFIABLE if notifiable else 0),
    )
    connection.execute(
        "INSERT INTO posting SELECT p.term, r.no FROM posting p JOIN term m ON m.no = p.term, record r"
        " WHERE p.record = 1 AND r.no > 1 AND m.code <> 'Patient/p1' ORDER BY 1, 2"
    )
    named = "SELECT DISTINCT param FROM term WHERE code = 'Patient/p1'"
    connection.execute(
        f"INSERT INTO term (param, code, system) SELECT q.param, 'Patient/p' || n.no, '' FROM ({named}) q, person n"
        " WHERE n.no > 1"
    )
    connection.execute(
        "INSERT INTO posting SELECT m.no, r.no FROM record r JOIN term m ON m.code = 'Patient/p' || r.person"
        f" AND m.param IN ({named}) AND m.system = '' WHERE r.no > 1"
    )
    connection.execute("UPDATE person SET area = 63000100 WHERE no = 1")
    if notifiable:
        for county in ("q.area / 1000 * 1000", "q.area"):
            connection.execute(
                f"INSERT INTO local SELECT p.term, {county}, r.no FROM record r JOIN person q ON q.no = r.person"
                " JOIN posting p ON p.record = r.no ORDER BY 1, 2, 3"
            )


def clinician(organisation: str = "h1") -> Access:
    access = admit(
        Request(Reader("dr", "醫師", Role.CLINICIAN, organisation=organisation), Purpose.CARE)
    ).access
    assert access is not None
    return access


def officer(*areas: str) -> Access:
    scope = Scope(areas=frozenset(areas))
    access = admit(Request(Reader("o", "疫情調查", Role.OFFICER, scope=scope), Purpose.SURVEILLANCE)).access
    assert access is not None
    return access


def search(store: SQLiteStore, access: Access, text: str) -> Callable[[], object]:
    kind, _, pairs = text.partition("?")
    named = [(name, value) for name, _, value in (pair.partition("=") for pair in pairs.split("&"))]
    query = parse_query(kind, named, strict=True)
    return lambda: store.search(access, query)


def paired(one: Callable[[], object], two: Callable[[], object], times: int) -> tuple[float, float]:
    """Median CPU seconds of each in this thread, taken in turn, so that what else the machine does falls on both."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(times + 3):
        for act, kept in (
            ((one, taken[0]), (two, taken[1])) if number % 2 else ((two, taken[1]), (one, taken[0]))
        ):
            start = time.thread_time()
            act()
            if number >= 3:
                kept.append(time.thread_time() - start)
    return statistics.median(taken[0]), statistics.median(taken[1])


QUERIES = {
    "page of 20 by code": f"Condition?code={ICD}|I10&_count=20",
    "page of 200 by code": f"Condition?code={ICD}|I10&_count=200",
    "one person's": "Condition?patient=p77&_count=50",
    "total by code": f"Condition?code={ICD}|I10&_summary=count",
}


def _choose(store: SQLiteStore, persons: int, ruled: int) -> None:
    """5 % restrict the institution, 5 % close a label, some have Consents that are judged."""
    now = datetime.now(UTC)
    chosen: list[dict[str, Any]] = []
    for number in range(20, persons, 20):
        chosen += [
            choices.restrict(f"p{number}", "h1", now),
            choices.close_part(f"p{number + 5}", "PSY", now),
        ]
    for number in range(1, ruled + 1):
        made = choices.restrict(f"p{number * (persons // ruled - 1) + 11}", "h1", now)
        made["provision"] = {"type": "deny", "purpose": made["provision"]["purpose"], "code": [
            {"coding": [{"system": ICD, "code": "B20"}]}]}  # fmt: skip
        chosen.append(made)
    for low in range(0, len(chosen), 500):
        store.write(loading("bench"), [Put(each) for each in chosen[low : low + 500]])


def consent_cost(persons: int = 40_000, records: int = 200_000, ruled: int = 20) -> Iterator[dict[str, Any]]:
    """A search with law and consent against the same search without: the predicate left out, in this measure only."""
    made = Fabricated(persons, records)
    try:
        _choose(made.store, persons, ruled)
        for name, text in QUERIES.items():
            asked = search(made.store, clinician(), text)
            times = 15 if "total" in name else 200

            def bare(asked: Callable[[], object] = asked) -> object:
                kept = plan.visible, plan.shown
                plan.visible, plan.shown = (
                    (lambda *_: Predicate("1", [])),
                    (lambda *_: Predicate("r.body", [])),
                )
                try:
                    return asked()
                finally:
                    plan.visible, plan.shown = kept

            with_law, without = paired(asked, bare, times)
            yield line(
                "gate_search_cost", with_law / without, "times", what=name, target=1.10,
                with_law_ms=round(with_law * 1e3, 3), without_ms=round(without * 1e3, 3), records=records, ruled=ruled,
            )  # fmt: skip
    finally:
        made.close()


def county(cases: int = 1_000_000) -> Iterator[dict[str, Any]]:
    """A county officer's search by code among a million notifiable records, against one of the nation."""
    made = Fabricated(cases // 2, cases, notifiable=True)
    try:
        for name in ("page of 20 by code", "total by code"):
            text = QUERIES[name]
            one, all_ = (search(made.store, officer(*areas), text) for areas in (("10016",), ()))
            county_s, nation_s = paired(one, all_, 5 if "total" in name else 100)
            yield line(
                "gate_county", county_s / nation_s, "times the nation's", what=name, target=1, cases=cases,
                county_ms=round(county_s * 1e3, 3), nation_ms=round(nation_s * 1e3, 3), plan=_plan(made.store, text),
            )  # fmt: skip
    finally:
        made.close()


def _plan(store: SQLiteStore, text: str) -> list[str]:
    """How SQLite reads the officer's page: the local posting list drives."""
    kind, _, pairs = text.partition("?")
    query = parse_query(kind, [tuple(pair.split("=")) for pair in pairs.split("&")], strict=True)  # type: ignore[misc]
    reader = store._connections.reader()  # noqa: SLF001 - to show the plan of the very statement
    sql, values = plan.plan(query, officer("10016"), reader).select("r.no", None, 20)
    return [row[-1] for row in reader.execute("EXPLAIN QUERY PLAN " + sql, values)]


def _nation(folder: Path) -> None:
    """The persons of a nation who stopped, as rows."""
    SQLiteStore(folder).close()
    connection = apsw.Connection(str(folder / "records.sqlite"))
    connection.execute("PRAGMA synchronous = OFF")
    step = NATION // STOPPED_NOW
    with connection:
        connection.execute(
            "WITH RECURSIVE c (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < ?)"
            f" INSERT INTO hidden SELECT ?, n * {step} + (n * 7919) % {step}, -n, 0, NULL FROM c",
            (STOPPED_NOW, STOPPED),
        )
    connection.close()


def bitmaps() -> Iterator[dict[str, Any]]:
    """The stopped of a nation as a bitmap, and a cohort of a million met with it."""
    folder = Path(tempfile.mkdtemp(prefix="bench-gate-"))
    try:
        _nation(folder)
        store = SQLiteStore(folder)
        start = time.perf_counter()
        stopped = store.set(FOLLOWER, [STOPPED])
        loaded = time.perf_counter() - start
        size = len(stopped.serialize()) / 1e6
        yield line(
            "gate_bitmap", size, "MB", target=10, persons=len(stopped), of=NATION, loaded_s=round(loaded, 2)
        )
        cohort = BitMap(range(0, NATION, 23))
        taken = []
        for _ in range(50):
            start = time.perf_counter()
            kept = cohort - store.set(FOLLOWER, [STOPPED])
            taken.append(time.perf_counter() - start)
        median = statistics.median(taken) * 1e3
        yield line("gate_cohort", median, "ms", taken, target=2, persons=len(cohort), kept=len(kept))
        store.close()
    finally:
        shutil.rmtree(folder)


WRITER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from camphora.policy import choices
from camphora.policy.internal import loading
from camphora.records import Delete, Put, SQLiteStore
store = SQLiteStore(Path(sys.argv[1]))
store.write(loading("t"), [Put({"resourceType": "Patient", "id": "ada"})])
made = choices.stop_secondary_use("ada", datetime.now(UTC)) | {"id": "s"}
print("ready", flush=True)
for word in sys.stdin:
    store.write(loading("t"), [Put(made) if word.strip() == "stop" else Delete("Consent", "s")])
    print(time.time(), flush=True)
"""


def across_processes(times: int = 100) -> Iterator[dict[str, Any]]:
    """From a choice's commit in one process until another's next read holds it, with the nation's sets loaded."""
    folder = Path(tempfile.mkdtemp(prefix="bench-gate-"))
    try:
        _nation(folder)
        store = SQLiteStore(folder)
        before = len(store.set(FOLLOWER, [STOPPED]))
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdout.readline()
            taken, late = [], 0
            for number in range(times):
                child.stdin.write("stop\n" if number % 2 == 0 else "end\n")
                child.stdin.flush()
                committed = float(child.stdout.readline())
                late += len(store.set(FOLLOWER, [STOPPED])) != before + (number % 2 == 0)
                taken.append(time.time() - committed)
            child.stdin.close()
        worst = sorted(taken)[int(times * 0.99) - 1] * 1e3
        yield line(
            "gate_across_processes", worst, "ms p99", taken, target=1000, late=late, stopped=STOPPED_NOW
        )
        store.close()
    finally:
        shutil.rmtree(folder)


FIGURES = (consent_cost, county, bitmaps, across_processes)


def store_figures() -> Iterator[dict[str, Any]]:
    for figure in FIGURES:
        yield from figure()


if __name__ == "__main__":
    for figure in FIGURES:
        if len(sys.argv) < 2 or figure.__name__ in sys.argv[1:]:
            for found in figure():
                print(json.dumps(found, ensure_ascii=False), flush=True)
