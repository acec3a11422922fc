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
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, NamedTuple

import apsw
from pyroaring import BitMap
from starlette.testclient import TestClient

from bench import line, timed
from bench_gate_front import WIDE
from bench_gate_lake import analyst
from camphora.fhir.search import parse_query
from camphora.gate import User
from camphora.installation import Installation
from camphora.lake import Measure, Question
from camphora.lake.disclosure import Rules
from camphora.policy import Access, Purpose, Reader, Request, Role, choices
from camphora.policy.admission import admit
from camphora.policy.asking import Scope
from camphora.policy.choices import STOPPED
from camphora.policy.internal import following, loading
from camphora.policy.labels import NOTIFIABLE
from camphora.records import Put, SQLiteStore, planning
from camphora.records.concealed import Looked
from camphora.records.judging import PERSONS
from camphora.records.planning import plan, told
from camphora.records.visible import shown, visible
from camphora.web.app import application

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
        first = [_patient("p1", "陳怡君"), _patient("p2", "林志明")]
        first += [_condition("first", "p1", "I10"), _condition("second", "p2", "E11.9")]
        self.store.write(loading("bench"), [Put(each) for each in first])
        self.store.close()
        connection = apsw.Connection(str(self.folder / "records.sqlite"))
        connection.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000")
        with connection:
            _fill(connection, persons, records, notifiable=notifiable)
        connection.execute("ANALYZE")
        connection.close()
        self.store = SQLiteStore(self.folder)

    def close(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


def _patient(name: str, called: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient", "id": name, "gender": "female", "birthDate": "1980-05-17",
        "name": [{"use": "official", "text": called, "family": called[0], "given": [called[1:]]}],
        "identifier": [{"system": "http://www.moi.gov.tw", "value": "A200000000"}],
        "address": [{"use": "home", "text": "臺北市大安區", "city": "臺北市", "district": "大安區"}],
    }  # fmt: skip


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
    """Copies of the first Patients, every tenth the one, and of the first records under the persons in turn, every
    fifth the other; each record some seconds before the one made before it."""
    area = f"(json_extract('{json.dumps(COUNTIES)}', '$[' || (n % {len(COUNTIES)}) || ']')) * 1000 + 100"
    number = "WITH RECURSIVE c (n) AS (VALUES (?) UNION ALL SELECT n + 1 FROM c WHERE n < ?)"
    connection.execute("CREATE TEMP TABLE copy (no INTEGER PRIMARY KEY, of INTEGER, person INTEGER)")
    connection.execute(
        f"{number} INSERT INTO person (no, patient, area) SELECT n, 'p' || n, {area} FROM c", (3, persons)
    )
    connection.execute(
        f"{number} INSERT INTO copy SELECT n, iif(n % 10, 2, 1), n - 2 FROM c", (5, persons + 2)
    )
    connection.execute(
        f"{number} INSERT INTO copy SELECT n, iif((n + n / {persons}) % 5, 3, 4), n % {persons} + 1 FROM c",
        (persons + 3, persons + records),
    )
    connection.execute(
        "INSERT INTO record SELECT c.no, f.type, iif(c.of < 3, 'p' || c.person, 'c' || c.no), 1, c.person,"
        " f.main_date - c.no * 10000, f.updated, iif(c.of < 3, f.labels, ?), 0, f.main_length"
        " FROM copy c JOIN record f ON f.no = c.of",
        (NOTIFIABLE if notifiable else 0,),
    )
    connection.execute(
        "INSERT INTO content SELECT c.no, f.digest, f.keys, f.body FROM copy c JOIN content f ON f.record = c.of"
    )
    patient = "(SELECT no FROM text WHERE text = 'Patient')"
    connection.execute(
        "INSERT INTO posting SELECT p.term, c.no FROM copy c JOIN posting p ON p.record = c.of"
        f" JOIN term m ON m.no = p.term WHERE m.system IS NOT {patient} ORDER BY 1, 2"
    )
    named = f"SELECT DISTINCT param FROM term WHERE code = 'p1' AND system = {patient}"
    connection.execute(
        f"INSERT INTO term (param, code, system) SELECT q.param, 'p' || n.no, {patient} FROM ({named}) q, person n"
        " WHERE n.no > 2"
    )
    connection.execute(
        f"INSERT INTO posting SELECT m.no, c.no FROM copy c JOIN term m ON m.code = 'p' || c.person"
        f" AND m.param IN ({named}) AND m.system = {patient} WHERE c.of > 2 ORDER BY 1, 2"
    )
    connection.execute(
        "INSERT INTO span SELECT c.no, s.param, s.low - c.no * 10000, s.high - c.no * 10000"
        " FROM copy c JOIN span s ON s.record = c.of ORDER BY 1, 2"
    )
    connection.execute("UPDATE person SET area = 63000100 WHERE no = 1")
    if notifiable:
        for county in ("q.area / 1000 * 1000", "q.area"):
            connection.execute(
                f"INSERT OR IGNORE INTO local SELECT p.term, {county}, r.no FROM record r"
                " JOIN person q ON q.no = r.person JOIN posting p ON p.record = r.no"
                f" WHERE r.labels >= {NOTIFIABLE} ORDER BY 1, 2, 3"
            )
    connection.execute("DROP TABLE copy")


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


class Pair(NamedTuple):
    """The middle CPU seconds of two acts, and the middle of the ratios of each pair taken together."""

    one: float
    two: float
    ratio: float


def paired(acts: Sequence[tuple[Callable[[], object], Callable[[], object]]], times: int) -> Pair:
    """Each pair of acts taken in turn in this thread, so that what else the machine does falls on both."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(-len(acts), times * len(acts)):
        both = list(zip(acts[number % len(acts)], taken, strict=True))
        for act, kept in both if number % 2 else both[::-1]:
            start = time.thread_time()
            act()
            if number >= 0:
                kept.append(time.thread_time() - start)
    ratios = [first / second for first, second in zip(*taken, strict=True)]
    return Pair(statistics.median(taken[0]), statistics.median(taken[1]), statistics.median(ratios))


CODE = f"Condition?code={ICD}|I10"
QUERIES = {
    "one person's by code and date": f"Condition?patient=%s&code={ICD}|I10&_sort=-onset-date&_count=20",
    "one person's": "Condition?patient=%s&_count=50",
    "by name": "Patient?name=陳&_count=20",
    "page of 20 by code": f"{CODE}&_count=20",
    "page of 200 by code": f"{CODE}&_count=200",
    "total by code": f"{CODE}&_summary=count",
}
TIMES = {"total by code": 15, "page of 200 by code": 100}


def _choose(store: SQLiteStore, persons: int, share: float, ruled: int) -> list[str]:
    """Half of those who choose restrict one of 20 institutions, half close a label; some (`ruled`, returned) have a
    Consent that is judged."""
    now = datetime.now(UTC)
    chosen: list[dict[str, Any]] = []
    for number in range(int(persons * share)):
        name = f"p{(number * 2 + 1) * persons // int(persons * share * 2) + 1}"
        chosen.append(
            choices.restrict(name, f"h{number // 2 % 20}", now)
            if number % 2
            else choices.close_part(name, "PSY", now)
        )
    judged = [f"p{(number * 2 + 1) * persons // (ruled * 2) + 3}" for number in range(ruled)]
    for name in judged:
        made = choices.restrict(name, "h1", now)
        made["provision"] = {"type": "deny", "purpose": made["provision"]["purpose"], "code": [
            {"coding": [{"system": ICD, "code": "B20"}]}]}  # fmt: skip
        chosen.append(made)
    for low in range(0, len(chosen), 500):
        store.write(loading("bench"), [Put(each) for each in chosen[low : low + 500]])
    return judged


def _without_law(asked: Callable[[], object]) -> Callable[[], object]:
    """The same search, the predicate and all that serves it left out: in this measure only."""
    free: dict[str, Callable[..., object]] = {
        "visible": lambda _, *given, **named: visible(FOLLOWER, *given, **named),
        "shown": lambda _, *given, **named: shown(FOLLOWER, *given, **named),
        "concealed": lambda *_: Looked(),
    }

    named = [(module, name) for module in _planning() for name in free if hasattr(module, name)]

    def bare() -> object:
        kept = [getattr(module, name) for module, name in named]
        for module, name in named:
            setattr(module, name, free[name])
        try:
            return asked()
        finally:
            for (module, name), closed in zip(named, kept, strict=True):
                setattr(module, name, closed)

    return bare


@cache
def _planning() -> list[ModuleType]:
    """The modules in which a search is planned."""
    return [import_module(f"{planning.__name__}.{each.name}") for each in iter_modules(planning.__path__)]


def consent_cost(persons: int = 10_000, records: int = 300_000) -> Iterator[dict[str, Any]]:
    """A search with law and consent against the same search without, in turn, where nobody has chosen and where many
    have. One person's search is asked of 40 persons in turn, of whom one in ten has chosen; at last of those who are
    judged record by record."""
    made = Fabricated(persons, records)
    some = [f"p{number * persons // 40 + number % 10 * 2 + 2}" for number in range(40)]
    try:
        for share, ruled in ((0.0, 0), (0.1, persons // 2000), (0.1, persons // 200)):
            judged = _choose(made.store, persons, share, ruled)
            for name, text in QUERIES.items():
                yield _cost(made.store, name, text, some, chosen=share, ruled=ruled)
        name = "one person's by code and date"
        yield _cost(made.store, f"{name}, judged", QUERIES[name], judged, chosen=share, ruled=ruled)
        text = f"{name}, judged, each row for the first time"
        yield _cost(made.store, text, QUERIES[name], judged, _for_the_first_time, chosen=share, ruled=ruled)
        name = "total by code"
        text = f"{name}, each judged row for the first time"
        yield _cost(made.store, text, QUERIES[name], [], _for_the_first_time, chosen=share, ruled=ruled)
    finally:
        made.close()


def _for_the_first_time(asked: Callable[[], object]) -> Callable[[], object]:
    """The same search by somebody who has seen none of the records before: each row is judged by its body."""

    def anew() -> object:
        for settled in PERSONS._settled.values():  # noqa: SLF001 - no program forgets single rows
            if settled.said:
                settled.said.clear()
        return asked()

    return anew


def _cost(
    store: SQLiteStore,
    name: str,
    text: str,
    persons: list[str],
    as_asked: Callable[[Callable[[], object]], Callable[[], object]] = lambda asked: asked,
    **settings: Any,
) -> dict[str, Any]:
    texts = [text % person for person in persons] if "%s" in text else [text]
    asked = [search(store, clinician(), each) for each in texts]
    times = TIMES.get(name.partition(",")[0], 200) if len(asked) == 1 else 10
    with_law, without, ratio = paired([(as_asked(each), _without_law(each)) for each in asked], times)
    return line(
        "gate_search_cost", ratio, "times", what=name, target=1.10, with_law_ms=round(with_law * 1e3, 3),
        without_ms=round(without * 1e3, 3), **settings,
    )  # fmt: skip


def county(cases: int = 1_000_000) -> Iterator[dict[str, Any]]:
    """A county officer's search by code among a million notifiable records, against one of the nation."""
    made = Fabricated(cases // 10, cases, notifiable=True)
    try:
        newest = f"{CODE}&_sort=-onset-date&_count=20"
        for name in ("page of 20 by code", "newest 20 by code", "total by code"):
            text = QUERIES.get(name, newest)
            one, all_ = (search(made.store, officer(*areas), text) for areas in (("10016",), ()))
            county_s, nation_s, ratio = paired([(one, all_)], 9 if "total" in name else 200)
            yield line(
                "gate_county", ratio, "times the nation's", what=name, target=1, cases=cases,
                county_ms=round(county_s * 1e3, 3), nation_ms=round(nation_s * 1e3, 3), plan=_plan(made.store, text),
            )  # fmt: skip
    finally:
        made.close()


def _plan(store: SQLiteStore, text: str) -> list[str]:
    """How SQLite reads the officer's page: the local posting list drives."""
    kind, _, pairs = text.partition("?")
    query = parse_query(kind, [tuple(pair.split("=")) for pair in pairs.split("&")], strict=True)  # type: ignore[misc]
    reader = store._connections.reader()  # noqa: SLF001 - to show the plan of the very statement
    with reader:
        return [one for each in told(plan(query, officer("10016"), reader)) for one in each.lines]


def _nation(folder: Path) -> None:
    """The persons of a nation who stopped, as rows of a store that is there."""
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


WRITER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from camphora.policy import choices
from camphora.policy.internal import loading
from camphora.records import Delete, Put, SQLiteStore
store, now = SQLiteStore(Path(sys.argv[1])), datetime.now(UTC)
made = [Put(choices.stop_secondary_use("p1", now) | {"id": "s"}), Put(choices.restrict("p1", "h1", now) | {"id": "r"})]
print("ready", flush=True)
for word in sys.stdin:
    store.write(loading("t"), made if word.strip() == "stop" else [Delete("Consent", "s"), Delete("Consent", "r")])
    print(time.time(), flush=True)
"""
"""Another process, in which one person stops secondary use and refuses an institution, and ends both again."""
Asked = Callable[[], bool]
"""Asks something that the choice decides; whether the answer is that of who has chosen."""


def _ways(installation: Installation) -> dict[str, Asked]:
    """What a reader asks in this process: the set, a search, a read and a search over HTTP, a question to the lake."""
    store, lake = installation.store, installation.lake
    lake._rules = Rules(least=1, base=1)  # noqa: SLF001 - so that one person is a difference
    question = Question("person", Measure("persons"))
    before, counted = len(store.set(FOLLOWER, [STOPPED])), lake.ask(analyst("HRESCH"), question).rows
    asked = parse_query("Condition", [("patient", "p1")], strict=True)
    client = TestClient(application(installation, service=WIDE))
    client.headers["authorization"] = f"Bearer {installation.gate.identity.issue_token('dr', 'bench', 1)}"
    return {
        "set": lambda: len(store.set(FOLLOWER, [STOPPED])) == before + 1,
        "search": lambda: not store.search(clinician(), asked).rows,
        "HTTP read": lambda: client.get("/fhir/Patient/p1").status_code == 404,
        "HTTP search": lambda: "entry" not in client.get("/fhir/Condition?patient=p1").json(),
        "lake": lambda: lake.ask(analyst("HRESCH"), question).rows != counted,
    }


def _across_processes(installation: Installation, times: int = 100) -> Iterator[dict[str, Any]]:
    """From a choice's commit in one process until another's next read holds it, with the nation's sets loaded: each
    way by which it can be asked in turns. `late`: answers of before; `same_ms`: how long an answer takes where nothing
    has changed."""
    ways = _ways(installation)
    same = {name: statistics.median(timed(asked, 10)) * 1e3 for name, asked in ways.items()}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    late = dict.fromkeys(ways, 0)
    command = [sys.executable, "-c", WRITER, str(installation.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        for number in range(times * len(ways)):
            name = list(ways)[number // 2 % len(ways)]
            child.stdin.write("stop\n" if number % 2 == 0 else "end\n")
            child.stdin.flush()
            committed = float(child.stdout.readline())
            late[name] += ways[name]() != (number % 2 == 0)
            taken[name].append(time.time() - committed)
        child.stdin.close()
    for name, waited in taken.items():
        worst = sorted(waited)[int(len(waited) * 0.99) - 1] * 1e3
        yield line(
            "gate_across_processes", worst, "ms p99", waited, way=name, target=1000, late=late[name],
            same_ms=round(same[name], 3), stopped=STOPPED_NOW,
        )  # fmt: skip


def nation() -> Iterator[dict[str, Any]]:
    """The stopped of a nation: as a bitmap, a cohort of a million met with it, one more choice by another process."""
    folder = Path(tempfile.mkdtemp(prefix="bench-gate-"))
    try:
        installation = Installation.open(folder / "place", make=True)
        people = [_patient(f"p{number}", "陳怡君") for number in range(1, 21)]
        kept = [*people, *(_condition(f"c{number}", f"p{number}", "I10") for number in range(1, 21))]
        installation.store.write(loading("bench"), [Put(each) for each in kept])
        installation.gate.identity.add_user(User("dr", "醫師", Role.CLINICIAN, organisation="h1"), None)
        installation.lake.catch_up()
        installation.close()
        _nation(folder / "place")
        installation = Installation.open(folder / "place")
        yield from _bitmaps(installation.store)
        yield from _across_processes(installation)
        installation.close()
    finally:
        shutil.rmtree(folder)


def _bitmaps(store: SQLiteStore) -> Iterator[dict[str, Any]]:
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


FIGURES = (consent_cost, county, nation)


def store_figures() -> Iterator[dict[str, Any]]:
    for figure in FIGURES:
        yield from figure()


if __name__ == "__main__":
    for figure in FIGURES:
        if len(sys.argv) < 2 or figure.__name__ in sys.argv[1:]:
            for found in figure():
                print(json.dumps(found, ensure_ascii=False), flush=True)
