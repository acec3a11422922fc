"""`$import`: NDJSON that an administrator sends, or has laid into the installation's `inbox`, loaded behind.

It is the loader of `camphora load` under another door: the same checks, the same places, so that what a process left is
gone on with by the next, and what was imported before is not doubled.
"""

from __future__ import annotations

import logging
import queue
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from camphora.errors import CamphoraError, Forbidden, Invalid, NotFound, TooMany
from camphora.installation.exporting.job import write_synced
from camphora.installation.loading import Loader, Stopped
from camphora.installation.places import Places
from camphora.installation.report import FIRST, Report
from camphora.policy import Access, Purpose, Role

if TYPE_CHECKING:
    from camphora.installation.installation import Installation

MOST, HOURS, WAIT = 20, 72, 600
"""So many imports are kept at a time, finished ones for so many hours."""
TOLD = 1_000
"""So many faults of a file are kept to be told; all bad rows are in a file of their own."""
INBOX = "inbox"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}\.ndjson(\.gz)?")
_ID = re.compile(r"[A-Za-z0-9_-]{20,40}")
log = logging.getLogger("camphora.imports")
State = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Told:
    """A fault, where it lies, its sentence and what to do, in both languages."""

    code: str
    place: str
    zh: str
    en: str
    remedy_zh: str = ""
    remedy_en: str = ""


@dataclass(slots=True)
class Warned:
    """What was found in records that were taken all the same: how often, and the first places."""

    count: int = 0
    places: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Input:
    """One file: its name, whether it lies in the inbox or was sent, and what became of it."""

    name: str
    inbox: bool
    read: int = 0
    written: int = 0
    unchanged: int = 0
    faults: int = 0
    told: list[Told] = field(default_factory=list)
    warned: dict[str, Warned] = field(default_factory=dict)
    """By code."""
    done: bool = False


@dataclass(slots=True)
class Import:
    """One import; times in milliseconds UTC."""

    id: str
    reader: str
    begun: int
    inputs: list[Input]
    state: State = "running"
    ended: int = 0
    fault: str = ""


class Imports:
    """Takes imports on and makes them, one after the other."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._folder = installation.folder / "imports"
        self._lock = threading.RLock()
        self._due: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        """Stop after the chunk that is being written; a later process goes on."""
        self._closing.set()
        self._due.put(None)
        if self._thread is not None:
            self._thread.join()

    def resume(self) -> None:
        """Go on with what another process began."""
        for one in list(self._all()):
            if one.state == "running":
                self._hand_over(one.id)

    def begin(self, access: Access, inputs: Sequence[Input], sent: bytes | None = None) -> Import:
        """Take an import on, of files of the inbox or of one that was sent. Raises Forbidden for all but an
        administrator, Invalid bulk-input for a name that is none of the inbox."""
        require_importer(access)
        for each in inputs:
            if each.inbox and not (_NAME.fullmatch(each.name) and self._inbox(each.name).is_file()):
                raise Invalid("bulk-input", name=each.name[:200])
        with self._lock:
            self._expire()
            if sum(1 for _ in self._all()) >= MOST:
                raise TooMany("bulk-too-many", most=MOST, seconds=WAIT)
            one = Import(secrets.token_urlsafe(18), access.reader.id, _now(), list(inputs))
            self._of(one.id).mkdir(mode=0o700, parents=True)
            if sent is not None:
                write_synced(self._of(one.id) / inputs[0].name, sent)
            self._save(one)
        self._hand_over(one.id)
        return one

    def one(self, access: Access, name: str) -> Import:
        """An import of this reader; NotFound for every other."""
        require_importer(access)
        with self._lock:
            self._expire()
            found = self._read(name) if _ID.fullmatch(name) else None
        if found is None or found.reader != access.reader.id:
            raise NotFound("bulk-no-job")
        return found

    def cancel(self, access: Access, name: str) -> None:
        """End an import. What is written stays; the rest is not begun."""
        with self._lock:
            shutil.rmtree(self._of(self.one(access, name).id), ignore_errors=True)

    def bad(self, access: Access, name: str) -> bytes:
        """The bad rows of an import, as they came; nothing where there are none."""
        file = self._of(self.one(access, name).id) / "bad.ndjson"
        return file.read_bytes() if file.exists() else b""

    # Loading

    def _hand_over(self, name: str) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="imports", daemon=True)
                self._thread.start()
        self._due.put(name)

    def _run(self) -> None:
        while (name := self._due.get()) is not None:
            one = self._read(name)
            if one is None or self._closing.is_set():
                continue
            try:
                self._load(one)
            except (Stopped, FileNotFoundError):  # closing, or cancelled between two chunks
                continue
            except CamphoraError as error:
                self._end(one, "failed", error.code)
            except Exception as error:  # noqa: BLE001 - the edge of this thread; the next import must be made
                log.error("import: %s", type(error).__name__)  # noqa: TRY400 - a traceback could hold values
                self._end(one, "failed", "bulk-failed")

    def _load(self, one: Import) -> None:
        folder = self._of(one.id)
        places = Places.of(folder)
        loader = Loader(
            self._installation,
            bad=folder / "bad.ndjson",
            bad_is_own=True,
            places=places,
            resume=True,
            stopped=lambda: self._closing.is_set() or not folder.exists(),
        )
        for number, each in enumerate(one.inputs):
            if each.done:
                continue
            path = self._inbox(each.name) if each.inbox else folder / each.name
            report = Report(each.name)
            report.read, report.written, report.unchanged = each.read, each.written, each.unchanged
            loader.load(
                path,
                count=lambda _, number=number, report=report: self._tell(one, number, report),  # type: ignore[misc]
                key=f"{number}",
                into=report,
            )
            each.done = True
            self._tell(one, number, report)
        self._end(one, "done", "")

    def _tell(self, one: Import, number: int, report: Report) -> None:
        """Keep how far a file has come, so that it can be asked."""
        each = one.inputs[number]
        each.read, each.written, each.unchanged = report.read, report.written, report.unchanged
        fresh = report.faults[: TOLD - len(each.told)]
        each.told += [_told(fault) for fault in fresh]
        each.faults += report.fault_count
        report.faults.clear()
        report.more_faults = 0
        for code, count in report.warnings.items():
            warned = each.warned.setdefault(code, Warned())
            warned.count += count
            warned.places += [str(place) for place in report.places[code]][: FIRST - len(warned.places)]
        report.warnings.clear()
        report.places.clear()
        self._save(one)

    def _end(self, one: Import, state: State, fault: str) -> None:
        one.state, one.fault, one.ended = state, fault, _now()
        self._save(one)

    # What is kept

    def _of(self, name: str) -> Path:
        return self._folder / name

    def _inbox(self, name: str) -> Path:
        return self._installation.folder / INBOX / name

    def _save(self, one: Import) -> None:
        with self._lock:
            folder = self._of(one.id)
            if folder.exists():
                write_synced(folder / "import.new", msgspec.json.encode(one))
                (folder / "import.new").replace(folder / "import.json")

    def _read(self, name: str) -> Import | None:
        file = self._of(name) / "import.json"
        return msgspec.json.decode(file.read_bytes(), type=Import) if file.exists() else None

    def _all(self) -> Iterator[Import]:
        for folder in sorted(self._folder.iterdir()) if self._folder.exists() else ():
            one = self._read(folder.name)
            if one is not None:
                yield one

    def _expire(self) -> None:
        before = _now() - HOURS * 3_600_000
        for one in list(self._all()):
            if one.state != "running" and one.ended <= before:
                shutil.rmtree(self._of(one.id), ignore_errors=True)


def require_importer(access: Access) -> None:
    """Forbidden for everybody but an administrator: an import writes whole records under the ids that they bring."""
    if access.reader.role is not Role.ADMINISTRATOR or access.purpose is not Purpose.OPERATION:
        raise Forbidden("bulk-importer", role=access.reader.role)


def _told(fault: Invalid) -> Told:
    texts, remedies = ([say(lang) for lang in ("zh-TW", "en")] for say in (fault.text, fault.remedy))
    return Told(fault.code, str(fault.place or ""), *texts, *remedies)


def _now() -> int:
    return int(time.time() * 1000)
