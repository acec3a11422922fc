"""Figures of receipts: leaves written, one read with and without its receipt, syncs in groups, proofs.

`make bench ONLY=gate` prints them; `python tools/bench_audit.py` runs them alone.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import uvicorn

from bench import ROOT, line
from bench_gate_front import WIDE
from camphora.audit import Log, Receipt, commitment
from camphora.audit.merkle import leaf_hash, verify_inclusion
from camphora.cli.serving import config_of
from camphora.fhir.search import parse_query
from camphora.gate import User
from camphora.installation import Installation
from camphora.policy import Access, Purpose, Reader, Request, Role, admit
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from camphora.records.looks import Looks
from camphora.web.app import application

LEAVES, READS, ROUNDS = 100_000, 1_600, 15
FOLDER = Path(tempfile.gettempdir())


def _receipt(number: int) -> Receipt:
    nonce = os.urandom(8).hex()
    return Receipt(
        at=1_780_000_000_000 + number, reader="dr-lin", name="林醫師", role="clinician", organisation="h1",
        purpose="care", act="read", types=("Observation",),
        persons=(commitment(b"0123456789abcdef", nonce),), nonce=nonce,
        purposes=("TREAT",), ground="care", policy=1, choices=7, result=nonce * 2,
    )  # fmt: skip


def leaves() -> Iterator[dict[str, Any]]:
    """Made, serialised, written, hashed into the tree, under a signed head: each by itself, and in groups of 64 by one
    write."""
    for group in (1, 64):
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            log = Log(Path(folder))
            begun = time.process_time()
            for start in range(0, LEAVES, group):
                log.extend([_receipt(number) for number in range(start, start + group)])
            log.sync()
            spent = time.process_time() - begun
            log.close()
        yield line("gate-leaves", LEAVES / spent, "leaves/CPU-s", target=20_000, leaves=LEAVES, group=group)


def proofs() -> Iterator[dict[str, Any]]:
    """An inclusion proof made and checked in a log of many."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        log = Log(Path(folder))
        log.extend([_receipt(number) for number in range(LEAVES)])
        log.sync()
        begun = time.process_time()
        for number in range(0, LEAVES, 50):
            proof = log.proof(number)
        spent = (time.process_time() - begun) / (LEAVES / 50)
        path, root = [bytes.fromhex(node) for node in proof["path"]], bytes.fromhex(proof["root"])
        assert verify_inclusion(leaf_hash(proof["entry"].encode()), proof["index"], proof["size"], path, root)
        log.close()
    yield line("gate-proof", spent * 1e6, "us", leaves=LEAVES, bytes=32 * len(path))


def vectors() -> Iterator[dict[str, Any]]:
    """The published proofs of RFC 6962, as the tests check them: how many hold."""
    sys.path.insert(0, str(ROOT / "tests"))
    from conformance.registry import suite
    from conformance.suite import judge

    verdict = judge(suite("rfc6962"))
    yield line("gate-proof-vectors", verdict.passed, "proofs", of=verdict.total, right=verdict.right)


def _record(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation", "id": f"o{number}", "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
        "subject": {"reference": f"Patient/p{number % 200}"}, "effectiveDateTime": "2026-03-05",
        "valueQuantity": {"value": 120, "unit": "mmHg"},
    }  # fmt: skip


def _care() -> Access:
    access = admit(Request(Reader("dr", "林醫師", Role.CLINICIAN, organisation="h1"), Purpose.CARE)).access
    assert access is not None
    return access


CLIENT = """
import asyncio, statistics, sys, time
port, token, clients = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
waits = []

async def asking(reader, writer, first, count):
    for number in range(first, count, clients):
        begun = time.perf_counter()
        writer.write(f"GET /fhir/Observation/o{number % 2000} HTTP/1.1\\r\\nHost: localhost\\r\\n"
                     f"Authorization: Bearer {token}\\r\\n\\r\\n".encode())
        head = await reader.readuntil(b"\\r\\n\\r\\n")
        assert b" 200 " in head.partition(b"\\r\\n")[0], head
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
        waits.append(time.perf_counter() - begun)

async def main():
    ends = [await asyncio.open_connection("127.0.0.1", port) for _ in range(clients)]
    print("ready", flush=True)
    while said := await asyncio.to_thread(sys.stdin.readline):
        waits.clear()
        begun = time.perf_counter()
        await asyncio.gather(*(asking(*end, at, int(said)) for at, end in enumerate(ends)))
        print("done", time.perf_counter() - begun, statistics.median(waits), flush=True)

asyncio.run(main())
"""
"""Clients in a process of their own, whose processor time is not the server's; what they wait for a read they say."""


class Clock(NamedTuple):
    """Seconds by the clock of a round of reads, and of the read in its middle."""

    whole: float = 0.0
    wait: float = 0.0


class Spent(NamedTuple):
    """Seconds of the processor for one read, and what its client saw."""

    processor: float
    clock: Clock


Asking = Callable[[int], Clock | None]
Pairs = list[tuple[Spent, Spent]]
"""Rounds with receipts, each with its neighbour without."""


@contextmanager
def _served(app: Any, token: str, clients: int) -> Iterator[Asking]:
    """The application over HTTP as `camphora serve` has it, in a thread of this process; asks for so many reads."""
    server = uvicorn.Server(config_of(app, WIDE))
    end = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [end]}, daemon=True)
    thread.start()
    command = [sys.executable, "-c", CLIENT, str(end.getsockname()[1]), token, str(clients)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        told, asked = child.stdout, child.stdin

        def ask(count: int) -> Clock:
            asked.write(f"{count}\n")
            asked.flush()
            match told.readline().split():
                case ["done", whole, wait]:
                    return Clock(float(whole), float(wait))
            raise RuntimeError("the clients of the bench have ended")

        told.readline()
        yield ask
        asked.close()
    server.should_exit = True
    thread.join()


def read() -> Iterator[dict[str, Any]]:
    """One read of the FHIR API with its receipt against the same without, interleaved: CPU of the whole process, its
    threads among it, over HTTP from so many clients, and in the store alone, there a search of one person's ten records
    too; and over HTTP by the clock what one client waits for a read, and how many reads many clients are given."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        installation = Installation.open(Path(folder) / "place", make=True)
        store: SQLiteStore = installation.store
        store.write(loading("bench"), [Put({"resourceType": "Patient", "id": f"p{n}"}) for n in range(200)])
        store.write(loading("bench"), [Put(_record(number)) for number in range(2000)])
        identity, access = installation.gate.identity, _care()
        identity.add_user(User("dr", "林醫師", Role.CLINICIAN, organisation="h1"), None)
        token = identity.issue_token("dr", "bench", 1)
        for clients in (1, 8):
            with _served(application(installation, service=WIDE), token, clients) as ask:
                pairs = _with_and_without(store, ask)
            yield _processor("gate-receipt-http", pairs, clients=clients)
            yield _latency(pairs) if clients == 1 else _throughput(pairs, clients)

        def directly(count: int) -> None:
            for number in range(count):
                store.read(access, "Observation", f"o{number % 2000}")

        yield _processor("gate-receipt-store", _with_and_without(store, directly))

        queries = [
            parse_query("Observation", [("patient", f"p{number}")], strict=True) for number in range(200)
        ]

        def searching(count: int) -> None:
            for number in range(count):
                store.search(access, queries[number % 200])

        yield _processor("gate-receipt-search", _with_and_without(store, searching), unit="% of a search")
        installation.close()


def _with_and_without(store: SQLiteStore, ask: Asking) -> Pairs:
    """Pairs of rounds, of which each goes first in turn."""

    def spent(*, with_receipt: bool) -> Spent:
        without = patch.object(Looks, "leave", lambda *_, **__: None)
        with nullcontext() if with_receipt else without:
            begun = time.process_time()
            clock = ask(READS)
            store.settle()
            return Spent((time.process_time() - begun) / READS, clock or Clock())

    spent(with_receipt=True)
    pairs = []
    for number in range(ROUNDS):
        taken = {each: spent(with_receipt=each) for each in ((True, False) if number % 2 else (False, True))}
        pairs.append((taken[True], taken[False]))
    return pairs


def _added(pairs: Pairs, what: Callable[[Spent], float]) -> tuple[float, float, float]:
    """What receipts add: the median over the pairs, the median without, and the least with less the least without; in
    microseconds."""
    taken = [(what(with_it) * 1e6, what(without) * 1e6) for with_it, without in pairs]
    added = statistics.median(with_it - without for with_it, without in taken)
    least = min(with_it for with_it, _ in taken) - min(without for _, without in taken)
    return added, statistics.median(without for _, without in taken), least


def _processor(name: str, pairs: Pairs, unit: str = "% of a read", **settings: Any) -> dict[str, Any]:
    added, without, least = _added(pairs, lambda spent: spent.processor)
    return line(
        name, 100 * added / without, unit, added_us=round(added, 1), read_us=round(without, 1),
        least_us=round(least, 1), target=5, **settings,
    )  # fmt: skip


def _latency(pairs: Pairs) -> dict[str, Any]:
    """What one client waits for a read, in the median of each round."""
    added, without, least = _added(pairs, lambda spent: spent.clock.wait)
    return line(
        "gate-receipt-latency", 100 * added / without, "% of a wait", added_us=round(added, 1),
        wait_us=round(without, 1), least_us=round(least, 1), target=5, clients=1,
    )  # fmt: skip


def _throughput(pairs: Pairs, clients: int) -> dict[str, Any]:
    """By how much longer so many clients need for their reads."""
    added, without, _ = _added(pairs, lambda spent: spent.clock.whole / READS)
    return line(
        "gate-receipt-throughput", 100 * added / without, "% of the time of a round",
        reads_s=round(1e6 / (without + added)), without_s=round(1e6 / without), target=5, clients=clients,
    )  # fmt: skip


def groups() -> Iterator[dict[str, Any]]:
    """From a receipt's write until it is on disk, under a steady load."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        log = Log(Path(folder))
        waited = []
        for number in range(60):
            written = time.monotonic()
            wanted = log.append(_receipt(number)) + 1
            while log.durable < wanted:
                time.sleep(0.0005)
            waited.append((time.monotonic() - written) * 1000)
        log.close()
    yield line(
        "gate-receipt-durable",
        statistics.median(waited),
        "ms",
        p95=round(sorted(waited)[56], 1),
        most=round(max(waited), 1),
    )


def audit_figures() -> Iterator[dict[str, Any]]:
    for figure in (leaves, proofs, vectors, groups, read):
        yield from figure()


if __name__ == "__main__":
    for made in audit_figures():
        sys.stdout.write(json.dumps(made, ensure_ascii=False) + "\n")
