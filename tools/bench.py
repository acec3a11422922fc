"""Figures, each one line of JSON: bench, value, unit, p50, p95, settings, machine.

`make bench` runs all, `make bench ONLY=search` those whose name begins so. Machines differ and are shared: compare
figures of one run. Rates are per CPU-second of the measuring process where the unit says so.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import apsw
import orjson
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from camphora.fhir.search import parse_query
from camphora.policy import Purpose, Reader, Request, Role, admit
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from camphora.synth import Country, cast, foundation, population
from camphora.web.fhir import Api, fhir_routes

TODAY = date(2026, 11, 21)
SEED = 1
CHUNK = 600
Bench = Callable[[], Iterator[dict[str, Any]]]
ROOT = Path(__file__).resolve().parent.parent


def machine() -> str:
    python, sqlite = platform.python_version(), apsw.sqlite_lib_version()
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {python}, SQLite {sqlite}"


def line(
    bench: str, value: float, unit: str, times: list[float] | None = None, **settings: Any
) -> dict[str, Any]:
    """One figure; `times` in seconds give p50 and p95 in milliseconds."""
    row: dict[str, Any] = {"bench": bench, "value": round(value, 3), "unit": unit}
    if times:
        ordered = sorted(times)
        row["p50"] = round(statistics.median(ordered) * 1000, 3)
        row["p95"] = round(ordered[int(len(ordered) * 0.95)] * 1000, 3)
    return {**row, "settings": settings, "machine": machine()}


@cache
def country() -> Country:
    return Country.load()


@contextmanager
def scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="camphora-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def resources(people: int) -> Iterator[dict[str, Any]]:
    for household in population(country(), people, SEED, TODAY):
        yield from household.resources()


def fill(store: SQLiteStore, people: int) -> int:
    pending = [Put(resource) for resource in foundation(country())]
    count = 0
    for resource in resources(people):
        pending.append(Put(resource))
        if len(pending) >= CHUNK:
            store.write(loading("bench"), pending)
            count, pending = count + len(pending), []
    store.write(loading("bench"), pending)
    return count + len(pending)


def timed(act: Callable[[], object], times: int) -> list[float]:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    return taken


def clinician() -> Any:
    reader = Reader("bench", "bench", Role.CLINICIAN, organisation=cast(country(), SEED, 1000).hospital)
    return admit(Request(reader, Purpose.CARE)).access


def generation() -> Iterator[dict[str, Any]]:
    """Synthetic people."""
    start = time.process_time()
    count = sum(1 for _ in resources(2000))
    yield line(
        "generation", count / (time.process_time() - start), "resources/CPU-s", people=2000, resources=count
    )


def creates() -> Iterator[dict[str, Any]]:
    """Durable single creates: each answered after a synced commit; many clients share one sync."""
    observations = [r for r in resources(300) if r["resourceType"] == "Observation"][:4000]
    for clients in (1, 32):
        with scratch() as folder:
            store = SQLiteStore(folder)
            some = observations[: 400 if clients == 1 else 4000]
            taken: list[float] = []

            def one(resource: dict[str, Any], store: SQLiteStore = store, taken: list[float] = taken) -> None:
                start = time.perf_counter()
                store.write(loading("bench"), [Put(resource)])
                taken.append(time.perf_counter() - start)

            cpu, wall = time.process_time(), time.perf_counter()
            with ThreadPoolExecutor(clients) as pool:
                list(pool.map(one, some))
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            settings = {"clients": clients, "synchronous": "FULL", "per_cpu_second": round(len(some) / cpu)}
            yield line("creates", len(some) / wall, "creates/s", taken, **settings)
            store.close()


def load() -> Iterator[dict[str, Any]]:
    """Loading in chunks: structure checked, indexed, change log, durable."""
    ready = list(resources(500))
    size = sum(len(orjson.dumps(resource)) for resource in ready)
    with scratch() as folder:
        store = SQLiteStore(folder)
        cpu, wall = time.process_time(), time.perf_counter()
        for start in range(0, len(ready), CHUNK):
            store.write(loading("bench"), [Put(resource) for resource in ready[start : start + CHUNK]])
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        store.close()
        stored = (folder / "records.sqlite").stat().st_size
        settings = {"resources": len(ready), "chunk": CHUNK, "wall_per_s": round(len(ready) / wall)}
        yield line("load", len(ready) / cpu, "resources/CPU-s", **settings)
        yield line("load.size", stored / len(ready), "bytes/resource", body_bytes=round(size / len(ready)))


def bundle() -> Iterator[dict[str, Any]]:
    """Transaction bundles through the FHIR API in one process: parsed, checked, references joined, durable."""
    households = [list(household.resources()) for household in population(country(), 300, SEED, TODAY)]
    bodies = [orjson.dumps(_transaction(resources[:200])) for resources in households]
    with scratch() as folder:
        store = SQLiteStore(folder)
        api = Api(store=store, access=lambda _: loading("bench"))
        client = TestClient(Starlette(routes=[Mount("/fhir", routes=fhir_routes(api))]))
        taken: list[float] = []
        cpu = time.process_time()
        for body in bodies:
            start = time.perf_counter()
            answer = client.post("/fhir/", content=body, headers={"Content-Type": "application/fhir+json"})
            taken.append(time.perf_counter() - start)
            assert answer.status_code == 200, answer.text[:300]
        cpu = time.process_time() - cpu
        store.close()
    entries = sum(min(len(resources), 200) for resources in households)
    yield line("bundle", entries / cpu, "resources/CPU-s", taken, bundles=len(bodies), entries=entries)


def _transaction(resources: list[dict[str, Any]]) -> dict[str, Any]:
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def search() -> Iterator[dict[str, Any]]:
    """Reads and searches inside the process, law, consent and receipts included."""
    for people in (1000, 10_000):
        with scratch() as folder:
            store = SQLiteStore(folder)
            count = fill(store, people)
            yield from _searches(store, people, count)
            store.close()


def _searches(store: SQLiteStore, people: int, count: int) -> Iterator[dict[str, Any]]:
    access = clinician()
    person = cast(country(), SEED, people).citizen
    asked = {
        "read": None,
        "search.patient-code-date": f"Observation?patient=Patient/{person}&code=http://loinc.org|4548-4&date=ge2024&_sort=-date",
        "search.code-page": "Observation?code=http://loinc.org|85354-9&_count=50",
        "search.name": "Patient?name=陳&_count=20",
        "search.code-total": "Condition?code=I10&_total=accurate&_count=20",
    }
    for name, text in asked.items():
        if text is None:

            def act() -> object:
                return store.read(access, "Patient", person)
        else:
            kind, _, pairs = text.partition("?")
            query = parse_query(kind, [tuple(pair.split("=", 1)) for pair in pairs.split("&")], strict=True)

            def act(query: Any = query) -> object:
                return store.search(access, query)

        act()
        cpu = time.process_time()
        times = timed(act, 200)
        cpu = time.process_time() - cpu
        yield line(name, 200 / cpu, "1/CPU-s", times, people=people, resources=count)


def start() -> Iterator[dict[str, Any]]:
    """The demo, from the command to the first page that answers; then the same on a kept folder."""
    with scratch() as folder:
        for name in ("start.new", "start.kept"):
            begun = time.perf_counter()
            with serving(folder / "kept") as address:
                get(address, "/")
                yield line(name, time.perf_counter() - begun, "s", people=1000)


@contextmanager
def serving(folder: Path, people: int = 1000, wait_for_all: bool = False) -> Iterator[tuple[str, int]]:
    """A demo in a process of its own; yields host and port."""
    command = [sys.executable, "-m", "camphora", "demo", "--people", str(people), "--keep", str(folder)]
    command += ["--port", "0", "--json", "--no-browser", "--lang", "en"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stderr is not None  # noqa: PT018
        ready = json.loads(process.stdout.readline())
        host, port = ready["public"].split("/")[2].split(":")
        if wait_for_all:
            for said in process.stderr:
                if "are there" in said:
                    break
        yield host, int(port)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def get(address: tuple[str, int], path: str, cookie: str = "") -> bytes:
    connection = http.client.HTTPConnection(*address, timeout=30)
    connection.request("GET", path, headers={"Cookie": cookie, "Accept-Language": "zh-TW"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, (path, answer.status)
    return body


def sign_in_as(address: tuple[str, int], person: str) -> str:
    connection = http.client.HTTPConnection(*address, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/sign-in/as", f"person={person}&next=/", headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return (answer.getheader("Set-Cookie") or "").split(";")[0]


def pages() -> Iterator[dict[str, Any]]:
    """Pages over HTTP on loopback, one client, all people loaded."""
    with scratch() as folder, serving(folder / "kept", wait_for_all=True) as address:
        citizen, doctor = sign_in_as(address, "citizen"), sign_in_as(address, "clinician")
        person = cast(country(), SEED, 1000).citizen
        for name, path, cookie in (
            ("home", "/", ""),
            ("catalogue", "/systems", ""),
            ("nurse-ratio", "/systems/nurse_ratio", ""),
            ("population", "/open/population", ""),
            ("my-record", "/me", citizen),
            ("choices", "/me/choices", citizen),
            ("patient", f"/patients/{person}", doctor),
            ("fhir-read", f"/fhir/Patient/{person}", doctor),
            ("fhir-search", f"/fhir/Observation?patient={person}&_count=20", doctor),
        ):
            size = len(get(address, path, cookie))
            times = timed(lambda path=path, cookie=cookie: get(address, path, cookie), 40)
            yield line(f"page.{name}", statistics.median(times) * 1000, "ms", times, people=1000, bytes=size)


def size() -> Iterator[dict[str, Any]]:
    """The wheel, and everything that an installation from it brings."""
    with scratch() as folder:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "build",
                "--wheel",
                "--installer",
                "uv",
                "--outdir",
                str(folder),
                str(ROOT),
            ],
            check=True,
            capture_output=True,
        )
        wheel = next(folder.glob("*.whl"))
        yield line("size.wheel", wheel.stat().st_size / 1e6, "MB")
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "--quiet", folder / "empty"], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", folder / "empty", wheel], check=True)
        held = sum(path.stat().st_size for path in (folder / "empty").rglob("*") if path.is_file())
        yield line("size.installed", held / 1e6, "MB", with_dependencies=True)


def standard() -> Iterator[dict[str, Any]]:
    """FHIRPath, validation and forms, beside their peers."""
    from bench_standard import figures

    yield from figures()


def terminology() -> Iterator[dict[str, Any]]:
    """Codes checked and expanded, the terminology file opened and built."""
    from bench_terminology import terminology_figures

    yield from terminology_figures()


def gate() -> Iterator[dict[str, Any]]:
    """Decisions, choices and receipts."""
    from bench_audit import audit_figures
    from bench_gate import gate_figures

    yield from gate_figures()
    yield from audit_figures()


def records() -> Iterator[dict[str, Any]]:
    """Records over HTTP: every figure of speed, size and endurance."""
    from bench_records import records_figures

    yield from records_figures(ASKED)


def watch() -> Iterator[dict[str, Any]]:
    """The methods of watch, beside their peers."""
    from bench_watch import watch_figures

    yield from watch_figures()


def drawn() -> Iterator[dict[str, Any]]:
    """The pages of the system that watches."""
    from bench_pages import page_figures

    yield from page_figures()


def nationwide() -> Iterator[dict[str, Any]]:
    """A country's watch swept and drawn, its pages, and its line list for a county beside the nation's."""
    from bench_country import figures as watched
    from bench_line_list import figures as listed

    yield from watched()
    yield from listed()


ASKED: list[str] = []
"""What stands behind --only, for the bench that is named."""
BENCHES: tuple[Bench, ...] = (
    generation, load, bundle, creates, search, start, pages, size, standard, terminology, gate, records, watch,
    drawn, nationwide,
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="name of one bench")
    given, rest = parser.parse_known_args()
    if rest and given.only != "records":
        parser.error("only `--only records` takes more: " + " ".join(rest))
    ASKED.extend(rest)
    only = given.only
    for bench in BENCHES:
        if bench.__name__.startswith(only) or (only == "standard" and bench is terminology):
            for row in bench():
                print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
