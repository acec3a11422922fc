"""One export as it stands on disk: a folder with the job, its files, and beside each file whom and what it tells of."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
from pyroaring import BitMap

from camphora.installation.exporting.asked import Asked

State = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class File:
    """A finished file. `deleted`: it tells of deletions; `digest` is the SHA-256 of its bytes, in hexadecimal."""

    name: str
    type: str
    count: int
    size: int
    digest: str
    deleted: bool = False


@dataclass(slots=True)
class Job:
    """`reader` and what they read by; `asked`; then how far it has come: the part, the place inside it, the files.

    Times in milliseconds UTC. `choices`: marks of the choices that held for the first and for the last page."""

    id: str
    reader: str
    purpose: str
    purposes: tuple[str, ...]
    basis: int | None
    asked: Asked
    begun: int
    state: State = "running"
    part: int = 0
    parts: int = 0
    place: list[int | float | str | None] | None = None
    files: list[File] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    ended: int = 0
    fault: str = ""
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Told:
    """Whom and what a file tells of, by inner numbers; `parts` as in `Gathered`."""

    numbers: BitMap = field(default_factory=BitMap)
    persons: BitMap = field(default_factory=BitMap)
    parts: dict[int, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        return msgspec.msgpack.encode((self.numbers.serialize(), self.persons.serialize(), self.parts))

    @staticmethod
    def decoded(data: bytes) -> Told:
        numbers, persons, parts = msgspec.msgpack.decode(data, type=tuple[bytes, bytes, dict[int, str]])
        return Told(BitMap.deserialize(numbers), BitMap.deserialize(persons), parts)


def save(folder: Path, job: Job) -> None:
    """Keep the job, whole or as it was before."""
    write_synced(folder / "job.new", msgspec.json.encode(job))
    (folder / "job.new").replace(folder / "job.json")


def read(folder: Path) -> Job | None:
    """The job of a folder; None where it was never kept whole."""
    file = folder / "job.json"
    return msgspec.json.decode(file.read_bytes(), type=Job) if file.exists() else None


def write_synced(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
