"""Figures of receipts: leaves written, one read with and without its receipt, syncs in groups, proofs.

`make bench ONLY=gate` prints them; `python tools/bench_audit.py` runs them alone.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench import ROOT, line
from camphora.audit import Log, Receipt, commitment
from camphora.audit.merkle import leaf_hash, verify_inclusion
from camphora.policy import Access, Purpose, Reader, Request, Role, admit
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from camphora.records.looks import Looks

LEAVES, READS, ROUNDS = 100_000, 500, 28
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
    """Made, serialised, written, hashed into the tree: each by itself, and in groups of 64 by one write."""
    for group in (1, 64):
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            log = Log(Path(folder))
            begun = time.process_time()
            for start in range(0, LEAVES, group):
                log.extend([_receipt(number) for number in range(start, start + group)])
            log.flush()
            spent = time.process_time() - begun
            log.close()
        yield line("gate-leaves", LEAVES / spent, "leaves/CPU-s", leaves=LEAVES, group=group)


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


def read() -> Iterator[dict[str, Any]]:
    """One read of the FHIR API with its receipt against the same without: CPU of the whole process, interleaved."""
    from starlette.testclient import TestClient

    from camphora.gate import User
    from camphora.installation import Installation
    from camphora.web.app import application

    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        installation = Installation.open(Path(folder), make=True)
        store: SQLiteStore = installation.store
        store.write(loading("bench"), [Put({"resourceType": "Patient", "id": f"p{n}"}) for n in range(200)])
        store.write(loading("bench"), [Put(_record(number)) for number in range(2000)])
        identity, access = installation.gate.identity, _care()
        identity.add_user(User("dr", "林醫師", Role.CLINICIAN, organisation="h1"), None)
        client = TestClient(application(installation))
        client.headers["authorization"] = f"Bearer {identity.issue_token('dr', 'bench', 1)}"

        def spent(through_api: bool, with_receipt: bool) -> float:
            without = patch.object(Looks, "leave", lambda *_, **__: None)
            count = 50 if through_api else READS
            with nullcontext() if with_receipt else without:
                begun = time.process_time()
                for number in range(count):
                    if through_api:
                        assert client.get(f"/fhir/Observation/o{number}").status_code == 200
                    else:
                        store.read(access, "Observation", f"o{number % 2000}")
                store.settle()
                return (time.process_time() - begun) / count

        for through_api, name in ((True, "api"), (False, "store")):
            pairs = [(spent(through_api, True), spent(through_api, False)) for _ in range(ROUNDS)]
            added = statistics.median(with_it - without for with_it, without in pairs)
            without = statistics.median(without for _, without in pairs)
            yield line(
                f"gate-receipt-{name}",
                100 * added / without,
                "% of a read",
                added_us=round(added * 1e6, 1),
                read_us=round(without * 1e6, 1),
            )
        installation.close()


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
