"""The drill: a backup is made and put back, and what came back is held against the original, with a report.

Nothing of a person stands in the report: counts, digests, numbers of receipts and times.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import apsw
import msgspec
import orjson

from camphora.audit import Tree, check_proof, is_vouched_for, verify
from camphora.audit.heads import public_keys
from camphora.audit.merkle import leaf_hash
from camphora.errors import Invalid
from camphora.installation.backup import Backup, Progress, backup, holds, restore
from camphora.installation.installation import Installation
from camphora.records.bodies import plain
from camphora.records.verifying import verify_file

T = TypeVar("T")
PROOFS = 50
"""So many receipts, spread over the whole log, are proven one by one."""


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at: whether it holds, and figures that say what was seen."""

    name: str
    holds: bool
    seen: dict[str, Any]


class Report(msgspec.Struct, frozen=True):
    """What a drill found. Seconds of each part in `seconds`; `list_sha256` names the list of the backup by which every
    file was held to its digest."""

    made_by: str
    at: str
    installation: str
    seconds: dict[str, float]
    files: int
    size: int
    list_sha256: str
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        return all(each.holds for each in self.checks)

    def text(self) -> bytes:
        """The report as JSON, one line for each thing."""
        made = {**msgspec.to_builtins(self), "holds": self.holds}
        return msgspec.json.format(orjson.dumps(made)) + b"\n"


def drill(folder: Path, place: Path | None = None, progress: Progress = lambda _done, _total: None) -> Report:
    """Back up the installation in `folder`, also while it serves, restore it into a passing folder in `place` (beside
    the installation where none is given), and weigh what came back. The passing folder is taken away at the end."""
    if not (folder / "records.sqlite").exists():
        raise Invalid("installation-none", folder=folder.name or str(folder))
    within = Path(tempfile.mkdtemp(prefix=".camphora-drill-", dir=place or folder.resolve().parent))
    try:
        begun = time.monotonic()
        made = backup(folder, within / "backup", progress)
        copied = time.monotonic()
        listed = hashlib.sha256((within / "backup" / "backup.json").read_bytes()).hexdigest()
        restore(within / "backup", within / "restored", progress)
        restored = time.monotonic()
        checks = tuple(_checks(folder, within / "restored", made))
        seconds = {
            "backup": round(copied - begun, 3),
            "restore": round(restored - copied, 3),
            "checks": round(time.monotonic() - restored, 3),
        }
        return Report(
            made.made_by, made.at, folder.resolve().name, seconds, len(made.files), made.bytes, listed, checks
        )
    finally:
        shutil.rmtree(within, ignore_errors=True)


def _checks(folder: Path, restored: Path, made: Backup) -> Iterator[Check]:
    yield _same_counts(restored, made)
    yield from _files(restored)
    yield _bodies(restored)
    yield _changes(folder, restored, made)
    yield _index(restored)
    yield _opened(restored)
    yield _receipts(folder, restored, made)


def _same_counts(restored: Path, made: Backup) -> Check:
    found = holds(restored)
    return Check("counts", found == made.holds, msgspec.to_builtins(found))


def _files(restored: Path) -> Iterator[Check]:
    for path in sorted(restored.glob("*.sqlite")):
        said = _with(path, lambda connection: connection.pragma("integrity_check"))
        yield Check(
            f"file {path.name}", said == "ok", {"integrity_check": "ok" if said == "ok" else "broken"}
        )


def _bodies(restored: Path) -> Check:
    """Every version there is can be unpacked and read, and says the type and id under which it lies."""

    def read(connection: apsw.Connection) -> tuple[int, int]:
        sql = (
            "SELECT t.name, r.id, b.body FROM record r JOIN type t ON t.no = r.type JOIN"
            " (SELECT record, body FROM content UNION ALL SELECT record, body FROM superseded) b"
            " ON b.record = r.no WHERE b.body IS NOT NULL"
        )
        count = wrong = 0
        for kind, key, body in connection.execute(sql):
            count += 1
            try:
                resource = orjson.loads(plain(body))
                wrong += (resource["resourceType"], resource["id"]) != (kind, key)
            except Exception:  # noqa: BLE001 - whatever is wrong with a body, it is counted
                wrong += 1
        return count, wrong

    count, wrong = _with(restored / "records.sqlite", read)
    return Check("bodies", wrong == 0, {"versions": count, "unreadable": wrong})


def _changes(folder: Path, restored: Path, made: Backup) -> Check:
    """The change log has no gap, and up to the last change it is, line for line, the original's."""

    def said(connection: apsw.Connection) -> tuple[int, str]:
        sql = "SELECT no, at, kind, subject, version, person FROM change WHERE no <= ? ORDER BY no"
        made_of, count = hashlib.sha256(), 0
        for row in connection.execute(sql, (made.holds.change,)):
            made_of.update(orjson.dumps(row))
            count += 1
        return count, made_of.hexdigest()

    original = _with(folder / "records.sqlite", said)
    copied = _with(restored / "records.sqlite", said)
    whole = copied[0] == made.holds.change
    seen = {"changes": copied[0], "gaps": made.holds.change - copied[0], "sha256": copied[1]}
    return Check("change log", original == copied and whole, seen)


def _index(restored: Path) -> Check:
    verdict = verify_file(restored / "records.sqlite")
    seen = {
        "records": verdict.records,
        "differences": [[each.table, each.missing, each.extra] for each in verdict.differences],
    }
    return Check("index", not verdict.differences, seen)


def _receipts(folder: Path, restored: Path, made: Backup) -> Check:
    """The log is sound, every head in it is signed by its keys, and it is the beginning of the original's."""
    verdict = verify(restored / "audit")
    tree = Tree()
    with (folder / "audit" / "receipts.log").open("rb") as lines:
        for line, _ in zip(lines, range(made.holds.receipts), strict=False):
            tree.append(leaf_hash(line.rstrip(b"\n")))
    same = len(tree) == made.holds.receipts and tree.root(len(tree)).hex() == made.holds.root
    seen = {
        "receipts": verdict.receipts, "heads": verdict.heads, "root": made.holds.root,
        "faults": len(verdict.faults), "begins_as_original": same,
    }  # fmt: skip
    return Check("receipts", verdict.sound and same, seen)


def _opened(restored: Path) -> Check:
    """The copy opens as an installation, and receipts spread over its log are proven under the keys beside it."""
    trusted = public_keys(restored / "audit")
    opened = Installation.open(restored)
    try:
        log = opened.store.audit
        count = len(log)
        numbers = sorted({count * each // PROOFS for each in range(PROOFS)} | {count - 1}) if count else []
        proofs = [log.proof(number) for number in numbers]
        proven = sum(
            check_proof(proof) and any(is_vouched_for(proof, key) for key in trusted) for proof in proofs
        )
    finally:
        opened.close()
    return Check("proofs", proven == len(numbers), {"tried": len(numbers), "proven": proven})


def _with(path: Path, act: Callable[[apsw.Connection], T]) -> T:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(5000)
        return act(connection)
    finally:
        connection.close()
