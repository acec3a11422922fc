"""What came of each file with rows of a table: when, which, what was new, what it changed, what was wrong with it.

One line of JSON a file, only ever added to. It holds counts and codes of faults, and no row.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from camphora.errors import CamphoraError
from camphora.installation.report import Report

FILE = "arrivals.jsonl"
PIECE = 1 << 20
Kind = Literal["first", "twice", "broken", "older", "changed", "gone", "doubled", "stopped"]
STOPPED = ("installation-feed-stopped", "installation-feed-old")


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """One file. `at`: UTC, RFC 3339; `digest`: of its bytes; `as_of`: the last day that its rows speak of, empty where
    none was kept; `new`, `changed`, `same`: rows beside those that stood, `gone`: that stood and are in it no more;
    `doubled`: rows of a key that had come, added to the first; `faults`: how many, `codes`: of which kinds; `notes`:
    codes of what was told of a file that was kept; `kinds`: what is to be known of it, in a word each."""

    at: str
    table: str
    file: str
    digest: str
    as_of: str = ""
    read: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    doubled: int = 0
    faults: int = 0
    codes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()


def arrivals(folder: Path, table: str = "") -> tuple[Arrival, ...]:
    """What came into an installation, the oldest first; of one table where it is named. A line that a crash cut short
    is passed over."""
    return tuple(each for each in _read(folder) if table in {"", each.table})


def arrived(
    folder: Path, table: str, path: Path, report: Report, refused: CamphoraError | None = None
) -> Arrival:
    """Keep what came of a file: as its report says, or that it was refused as a whole."""
    faults = [*report.faults, *([refused] if refused else [])]
    kept = not faults or (not report.together and bool(report.written or report.unchanged))
    made = Arrival(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        table=table,
        file=report.file,
        digest=_digest(path),
        as_of=report.as_of if kept else "",
        read=report.read,
        new=report.written - report.changed if kept else 0,
        changed=report.changed if kept else 0,
        same=report.unchanged if kept else 0,
        gone=report.gone if kept else 0,
        doubled=report.doubled,
        faults=report.fault_count + bool(refused),
        codes=tuple(sorted({each.code for each in faults})),
        notes=tuple(each.code for each in report.notes),
    )
    made = msgspec.structs.replace(made, kinds=tuple(_kinds(made, arrivals(folder, table))))
    _add(folder, made)
    return made


def _kinds(made: Arrival, before: Iterable[Arrival]) -> Iterator[Kind]:
    stood = [each for each in before if not each.codes]
    if made.codes:
        yield "broken"
        return
    if not stood:
        yield "first"
    if any(each.digest == made.digest for each in stood):
        yield "twice"
    for kind, holds in (
        ("older", "installation-older" in made.notes),
        ("changed", made.changed),
        ("gone", made.gone),
        ("doubled", made.doubled),
        ("stopped", not set(made.notes).isdisjoint(STOPPED)),
    ):
        if holds:
            yield kind  # type: ignore[misc]


def _read(folder: Path) -> Iterator[Arrival]:
    path = folder / FILE
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            yield msgspec.json.decode(line, type=Arrival)
        except msgspec.DecodeError:
            continue


def _add(folder: Path, made: Arrival) -> None:
    """One write of one line, behind a break, so that a line that was cut short spoils no other."""
    handle = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, b"\n" + msgspec.json.encode(made) + b"\n")
    finally:
        os.close(handle)


def _digest(path: Path) -> str:
    found = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            found.update(piece)
    return found.hexdigest()
