"""Figures of records: loading, reading, searching, counting, writing, size, memory, endurance, kills.

`make bench ONLY=records` runs each once at its usual size; `ARGS="--people 1000,4000,16000 --minutes 10"` makes it
larger. Everything is asked over HTTP of `camphora serve` in a process of its own, by a clinician's token: validation
against the site's policy, law, consent and receipts are on. Beside answers per second of the wall's clock stand those
per processor second of the server, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import orjson

from bench import ROOT, SEED, TODAY, cast, country, foundation, line, population
from bench_records_server import Client, Run, Server, asked, serving
from bench_records_shapes import SHAPES, Sampled, sampled
from bench_records_workers import workers_figures
from camphora.audit import verify
from camphora.gate import User
from camphora.installation import Installation
from camphora.policy import Role
from camphora.policy.internal import following
from camphora.records.verifying import verify_file

SYNC = "FULL"
INDEX = ("posting", "span", "amount", "pair", "position")
BUNDLE = 100_000
"""Bytes of a transaction."""
ENDURING = 0.7
"""Of what the machine gives."""
STALLS = (50, 250, 1000)
"""Milliseconds from which on answers of the endurance run are counted."""
CAST = 1000
"""People whose demonstration characters name the hospital at which is asked."""
Figures = Iterator[dict[str, Any]]
Lines = Iterator[bytes]


def options(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.py --only records", description=__doc__)
    parser.add_argument(
        "--people", default="1000,4000", help="sizes of one installation that grows, ascending"
    )
    parser.add_argument(
        "--place",
        type=Path,
        help="an installation that is there: a copy of it is measured, nothing is loaded",
    )
    parser.add_argument("--whole", type=int, default=0, help="the size at which every row is run; the first")
    parser.add_argument("--observations", type=int, default=0, help="at the end, grow to so many of them")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each row")
    parser.add_argument("--minutes", type=float, default=1.0, help="of the endurance run")
    parser.add_argument(
        "--hours", type=float, default=0.0, help="of the endurance run, in place of --minutes"
    )
    parser.add_argument(
        "--pace",
        type=float,
        default=0.0,
        help="requests a second of the endurance run; 0: 7/10 of what it gives",
    )
    parser.add_argument("--kills", type=int, default=0, help="so many kills under load")
    parser.add_argument("--row", default="", help="only rows whose name begins so")
    return parser.parse_args(given)


def records_figures(given: list[str]) -> Figures:
    asked_for = options(given)
    sizes = [int(each) for each in asked_for.people.split(",")]
    whole = asked_for.whole or sizes[0]
    if asked_for.place:
        yield from _asked_for(_there(asked_for), asked_for)
        return
    with tempfile.TemporaryDirectory(prefix="camphora-bench-") as name:
        place = _Place(Path(name), sizes[-1], asked_for)
        for people in sizes:
            yield from _asked_for(place.figures(place.grown_to(people), whole=people == whole), asked_for)
        if asked_for.observations:
            grown = place.grown_by_observations(asked_for.observations)
            yield from _asked_for(place.figures(grown, whole=False), asked_for)
    if asked_for.kills:
        yield kills(asked_for.kills)


def _there(given: argparse.Namespace) -> Figures:
    """The rows of an installation that is there, asked of a copy beside it; with `--whole` the writing ones too."""
    with tempfile.TemporaryDirectory(prefix="camphora-bench-", dir=given.place.resolve().parent) as name:
        counted = _counted(given.place)
        place = _Place(Path(name), counted["people"], given)
        place.settings = counted
        shutil.copytree(given.place, place.folder)
        yield from place.measured(whole=bool(given.whole))


def _counted(folder: Path) -> dict[str, int]:
    connection = apsw.Connection(str(folder / "records.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    sql = "SELECT count(*) FROM record r JOIN type t ON t.no = r.type WHERE t.name = 'Patient'"
    found = {"people": next(connection.execute(sql))[0]}
    found["records"] = next(connection.execute("SELECT count(*) FROM record"))[0]
    connection.close()
    return found


def _asked_for(rows: Figures, given: argparse.Namespace) -> Figures:
    return (row for row in rows if row["bench"].startswith(f"records.{given.row}"))


class _Place:
    """An installation that grows to so many people, filled from files as anybody would, then served."""

    def __init__(self, folder: Path, most: int, given: argparse.Namespace) -> None:
        self.folder, self.given = folder / "place", given
        self.file = folder / "people.ndjson"
        self.most = most
        self.settings: dict[str, Any] = {"people": 0, "records": 0}
        self._households = population(country(), most, SEED, TODAY)

    def grown_to(self, people: int) -> Lines:
        """The records that are lacking to so many people."""
        if not self.settings["people"]:
            yield from map(orjson.dumps, foundation(country()))
        while self.settings["people"] < people:
            household = next(self._households)
            self.settings["people"] += len(household.people)
            yield from map(orjson.dumps, household.resources())

    def grown_by_observations(self, most: int) -> Lines:
        """Observations of the people who are there, until there are so many."""
        connection = apsw.Connection(str(self.folder / "records.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
        sql = "SELECT count(*) FROM record r JOIN type t ON t.no = r.type WHERE t.name = 'Observation'"
        (there,) = next(connection.execute(sql))
        connection.close()
        chance, sample = random.Random(SEED), sampled(self.folder, most=20_000)
        for number in range(most - there):
            yield orjson.dumps({**_new(chance, sample), "id": f"more-{number}"})

    def figures(self, lines: Lines, *, whole: bool) -> Figures:
        """`whole`: every row; else those that tell how things grow. What `--row` does not ask for is left out, but the
        loading."""
        yield self._load(lines)
        yield from self.measured(whole=whole)

    def measured(self, *, whole: bool) -> Figures:
        """The same rows but the loading, of what is there."""
        yield from self._sizes()
        yield self._parts()
        sample = sampled(self.folder)
        with serving(self.folder, self._token()) as server:
            growing = {
                "read": self._read,
                "search": self._search,
                "shapes": self._shapes,
                "count": self._counts,
            }
            writing = {"creates": self._creates, "bundles": self._bundles}
            for name, rows in {**growing, **(writing if whole else {})}.items():
                if self._wanted(name):
                    yield from rows(server, sample)
            yield self._memory(server)
            if whole and self._wanted("endurance"):
                yield from self._endurance(server, sample)
        if whole and self._wanted("workers"):
            yield from workers_figures(
                self.folder, self._token(), sample, self.given.seconds / 5, **self.settings
            )
        if whole:
            yield self._sound()

    def _wanted(self, name: str) -> bool:
        return name.startswith(self.given.row)

    def _memory(self, server: Server) -> dict[str, Any]:
        most = round(server.most_memory, 1)
        return line("records.memory", server.memory, "MB", most=most, **self.settings)

    def _load(self, lines: Lines) -> dict[str, Any]:
        with self.file.open("wb") as file:
            file.writelines(each + b"\n" for each in lines)
        command = ["load", str(self.file), "--into", str(self.folder), "--json"]
        begun, before = time.perf_counter(), _children()
        done = subprocess.run([sys.executable, "-m", "camphora", *command], capture_output=True, check=True)
        wall, cpu = time.perf_counter() - begun, _children() - before
        self.file.unlink()
        report = orjson.loads(done.stdout.splitlines()[-1])
        self.settings["records"] += report["written"]
        settings = {
            "written": report["written"],
            "per_cpu_second": round(report["written"] / cpu),
            "faults": report["faults"],
            "sync": SYNC,
        }
        return line("records.load", report["written"] / wall, "resources/s", **settings, **self.settings)

    def _token(self) -> str:
        installation = Installation.open(self.folder)
        hospital = cast(country(), SEED, max(self.most, CAST)).hospital
        identity = installation.gate.identity
        if identity.user("bench") is None:
            identity.add_user(User("bench", "bench", Role.CLINICIAN, organisation=hospital), None)
        token = identity.issue_token("bench", "bench", 2)
        installation.close()
        return str(token)

    def _sizes(self) -> Figures:
        connection = apsw.Connection(str(self.folder / "records.sqlite"))
        list(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
        (count,) = next(connection.execute("SELECT count(*) FROM record"))
        rows = {table: next(connection.execute(f"SELECT count(*) FROM {table}"))[0] for table in INDEX}
        (whole,) = next(
            connection.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        )
        words = sum(
            next(connection.execute(f"SELECT coalesce(sum(length({column})), 0) FROM fulltext_{table}"))[0]
            for table, column in (("data", "block"), ("docsize", "sz"))
        )
        (bodies,) = next(connection.execute("SELECT sum(length(body)) FROM content"))
        (free,) = next(
            connection.execute(
                "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size"
            )
        )
        connection.close()
        self.settings["index_rows_per_record"] = round(sum(rows.values()) / count, 1)
        each = {f"{table}_rows": round(number / count, 2) for table, number in rows.items()}
        yield line(
            "records.disk",
            (whole - words) / count,
            "bytes/record",
            body=round(bodies / count),
            full_text_apart=round(words / count),
            with_full_text=round(whole / count),
            of_it_free=round(free / count),
            **each,
            **self.settings,
        )

    def _parts(self) -> dict[str, Any]:
        """What a read by id is made of, each by itself in one thread, in microseconds of its processor."""
        token = self._token()
        installation = Installation.open(self.folder)
        gate, store = installation.gate, installation.store
        found = sampled(self.folder)["Observation"]
        keys = [each["id"] for each in found]
        user = gate.identity.bearer(token)
        assert user is not None
        access = gate.access(user.reader())
        follower = following("bench")
        acts = {
            "token": lambda _: gate.identity.bearer(token),
            "decision": lambda _: gate.access(user.reader()),
            "read": lambda key: store.read(follower, "Observation", key),
            "read_receipted": lambda key: store.read(access, "Observation", key),
            "validation": lambda key: installation.standard.validator.validate(found[keys.index(key)]),
        }
        parts = {}
        for name, act in acts.items():
            for key in keys:
                act(key)
            begun = time.thread_time()
            for key in keys * 3:
                act(key)
            parts[name] = round((time.thread_time() - begun) / (3 * len(keys)) * 1e6, 1)
        installation.close()
        return line("records.parts", sum(parts.values()) - parts["read"] - parts["validation"], "us", **parts)

    def _row(self, name: str, run: Run, clients: int, units: int = 1, **more: Any) -> dict[str, Any]:
        """Rates of answers, `units` in each."""
        good = len(run.times) - run.errors
        settings = {
            "per_cpu_second": round(units * good / max(run.cpu, 0.01)),
            "p99": round(run.at(0.99) * 1000, 3),
            "clients": clients,
            "answers": len(run.times),
            "errors": run.errors,
        }
        unit = "resources/s" if units > 1 else "1/s"
        return line(
            f"records.{name}", units * good / run.wall, unit, run.times, **settings, **more, **self.settings
        )

    def _read(self, server: Server, sample: Sampled) -> Figures:
        paths = [f"/fhir/{kind}/{each['id']}" for kind, found in sample.items() for each in found]

        def make(chance: random.Random) -> bytes:
            return server.get(chance.choice(paths))

        yield self._row("read", asked(server, make, 8, self.given.seconds), 8)

    def _search(self, server: Server, sample: Sampled) -> Figures:
        shape = SHAPES["patient-code-date"]

        def make(chance: random.Random) -> bytes:
            return server.get(f"/fhir/{shape(chance, sample)}")

        yield self._row("search", asked(server, make, 8, self.given.seconds), 8)

    def _shapes(self, server: Server, sample: Sampled) -> Figures:
        """Each shape by one client: a median of its own; the figure is the median over all answers."""
        chance, client = random.Random(SEED), Client(server.port)
        every: list[float] = []
        medians, errors, worst = {}, 0, {}
        for name, shape in SHAPES.items():
            times = []
            for _ in range(20):
                request = server.get(f"/fhir/{shape(chance, sample)}")
                begun = time.perf_counter()
                status, _ = client.ask(request)
                times.append(time.perf_counter() - begun)
                errors += status != 200
            every += times
            medians[name] = round(statistics.median(times) * 1000, 2)
            worst[name] = round(max(times) * 1000, 2)
        client.close()
        slow = sorted(medians, key=lambda name: -medians[name])[:5]
        yield line(
            "records.shapes",
            statistics.median(every) * 1000,
            "ms",
            every,
            p99=round(sorted(every)[int(len(every) * 0.99)] * 1000, 2),
            shapes=len(SHAPES),
            errors=errors,
            slowest={name: [medians[name], worst[name]] for name in slow},
            **self.settings,
        )

    def _counts(self, server: Server, sample: Sampled) -> Figures:
        chance, client = random.Random(SEED), Client(server.port)
        for name, shape in (("count-date", "code-year"), ("count-quantity", "code-quantity")):
            times, totals = [], []
            for _ in range(10):
                path = SHAPES[shape](chance, sample).replace("&_count=20", "&_summary=count")
                begun = time.perf_counter()
                status, body = client.ask(server.get(f"/fhir/{path}"))
                times.append(time.perf_counter() - begun)
                totals.append(orjson.loads(body)["total"] if status == 200 else -1)
            value = statistics.median(times)
            yield line(f"records.{name}", value, "s", times, matches=max(totals), **self.settings)
        client.close()

    def _creates(self, server: Server, sample: Sampled) -> Figures:
        def make(chance: random.Random) -> bytes:
            return server.request("POST", "/fhir/Observation", orjson.dumps(_new(chance, sample)))

        yield self._row("creates", asked(server, make, 64, self.given.seconds), 64, sync=SYNC)

    def _bundles(self, server: Server, sample: Sampled) -> Figures:
        chance, entries, size = random.Random(SEED), 0, 0
        while size < BUNDLE:
            size += len(_entry(chance, sample))
            entries += 1

        def make(chance: random.Random) -> bytes:
            made = b",".join(_entry(chance, sample) for _ in range(entries))
            whole = b'{"resourceType":"Bundle","type":"transaction","entry":[%s]}' % made
            return server.request("POST", "/fhir/", whole)

        run = asked(server, make, 4, self.given.seconds)
        yield self._row("bundles", run, 4, entries, entries=entries, bytes=size, sync=SYNC)

    def _endurance(self, server: Server, sample: Sampled) -> Figures:
        """Reads, searches and writes, first as fast as they are answered, then at seven tenths of that for long; or at
        the pace that is asked for, by which two versions can be compared."""
        names = [name for name in SHAPES if name not in {"born-sorted", "name-contains"}]
        paths = [f"/fhir/{kind}/{each['id']}" for kind, found in sample.items() for each in found]

        def mixed(chance: random.Random) -> bytes:
            die = chance.random()
            if die < 0.6:
                return server.get(chance.choice(paths))
            if die < 0.9:
                return server.get(f"/fhir/{SHAPES[chance.choice(names)](chance, sample)}")
            return server.request("POST", "/fhir/Observation", orjson.dumps(_new(chance, sample)))

        full = asked(server, mixed, 16, self.given.seconds)
        pace = self.given.pace or ENDURING * len(full.times) / full.wall
        minutes = self.given.hours * 60 or self.given.minutes
        parts, memory = [], [server.memory]
        for number in range(10):
            parts.append(asked(server, mixed, 16, minutes * 6, pace=pace, seed=number + 2))
            memory.append(server.memory)
        whole = Run([t for part in parts for t in part.times])
        for part in parts:
            whole.statuses += part.statuses
            whole.wall, whole.cpu = whole.wall + part.wall, whole.cpu + part.cpu
        slope = statistics.linear_regression(
            range(len(memory) // 2, len(memory)), memory[len(memory) // 2 :]
        ).slope
        yield self._row(
            "endurance",
            whole,
            16,
            minutes=minutes,
            pace=round(pace, 1),
            stalls={f"over {limit} ms": sum(t * 1000 > limit for t in whole.times) for limit in STALLS},
            p99_of_each_tenth=[round(part.at(0.99) * 1000, 1) for part in parts],
            memory=[round(each, 1) for each in memory],
            memory_slope_mb_per_hour=round(slope * 10 * 60 / minutes, 1),
        )

    def _sound(self) -> dict[str, Any]:
        """After all that: the index is what the bodies give, and the receipts are sound."""
        begun = time.perf_counter()
        index, receipts = verify_file(self.folder / "records.sqlite"), verify(self.folder / "audit")
        return line(
            "records.sound",
            len(index.differences) + (not receipts.sound),
            "faults",
            receipts=receipts.receipts,
            heads=receipts.heads,
            seconds=round(time.perf_counter() - begun, 1),
            **self.settings,
        )


def _children() -> float:
    """Processor seconds of all processes that were begun here and have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _new(chance: random.Random, sample: Sampled) -> dict[str, Any]:
    """An observation that is not there yet, of a person who is."""
    made = {name: value for name, value in chance.choice(sample["Observation"]).items() if name != "id"}
    return {**made, "note": [{"text": f"{chance.random()}"}]}


def _entry(chance: random.Random, sample: Sampled) -> bytes:
    return orjson.dumps(
        {"resource": _new(chance, sample), "request": {"method": "POST", "url": "Observation"}}
    )


def kills(rounds: int) -> dict[str, Any]:
    """Kills at random moments under load, as the tests do it (tests/records/killing.py)."""
    script = ROOT / "tests" / "records" / "killing.py"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, str(script), folder, str(rounds), str(SEED)],
            capture_output=True,
            check=True,
            env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
        )
    rows = [orjson.loads(each) for each in done.stdout.splitlines()]
    return line(
        "records.kills",
        sum(bool(row["problems"]) for row in rows),
        "stores with a fault",
        kills=len(rows),
        acknowledged=sum(row["acknowledged"] for row in rows),
        under_way=sum(row["under_way"] for row in rows),
        landed=sum(row["landed"] for row in rows),
        problems=[row["problems"] for row in rows if row["problems"]][:3],
    )


if __name__ == "__main__":
    for made in records_figures(sys.argv[1:]):
        sys.stdout.write(orjson.dumps(made).decode() + "\n")
        sys.stdout.flush()
