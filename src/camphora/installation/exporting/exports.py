"""The exports of an installation: one thread makes the files, page by page, each page under the Access that its reader
has at that moment. What stood on disk when a process ended is gone on with by the next."""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
from pyroaring import BitMap

from camphora.errors import CamphoraError, Conflict, Forbidden, NotFound, TooMany
from camphora.gate import Gate
from camphora.gate.gate import Grounds
from camphora.installation.exporting.asked import Asked, Part, require_exporter
from camphora.installation.exporting.job import File, Job, Told, read, save, write_synced
from camphora.policy import Access, Purpose
from camphora.records import SQLiteStore
from camphora.records.gathering import Gathered

PAGE = 500
LARGEST = 50_000
"""So many records are in one file."""
HOURS = 24
"""After so many hours the files of an export are taken away."""
MOST = 10
"""So many exports may one reader have at a time, finished ones among them."""
WAIT = 600
_ID = re.compile(r"[A-Za-z0-9_-]{20,40}")
log = logging.getLogger("camphora.exports")


class Exports:
    """Takes exports on, makes them, and gives their files."""

    def __init__(self, folder: Path, store: SQLiteStore, gate: Gate, *, hours: float = HOURS) -> None:
        self._folder = folder
        self._store, self._gate = store, gate
        self._lasts = int(hours * 3_600_000)
        self._lock = threading.RLock()
        self._due: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def resume(self) -> None:
        """Go on with what another process began."""
        for job in list(self._jobs()):
            if job.state == "running":
                self._hand_over(job.id)

    def close(self) -> None:
        """Stop after the page that is being read; a later process goes on."""
        self._closing.set()
        self._due.put(None)
        if self._thread is not None:
            self._thread.join()

    def begin(self, access: Access, asked: Asked, basis: int | None = None) -> Job:
        """Take an export on. `basis`: the number of the legal basis on which the Access stands. Raises Forbidden where
        this Access may not, Invalid where a filter cannot be asked, TooMany where the reader has too many already."""
        require_exporter(access, asked)
        for part in asked.parts():
            asked.query(part)
        for owner in asked.patients or () if asked.level == "patient" else ():
            self._store.read(access, "Patient", owner)
        with self._lock:
            self._expire()
            if sum(job.reader == access.reader.id for job in self._jobs()) >= MOST:
                raise TooMany("bulk-too-many", most=MOST, seconds=WAIT)
            number = basis if access.basis is not None else None
            job = Job(
                secrets.token_urlsafe(18), access.reader.id, access.purpose.value, access.purposes, number,
                asked, asked.until, parts=len(asked.parts()),
            )  # fmt: skip
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._of(job.id).mkdir(mode=0o700)
            save(self._of(job.id), job)
        self._hand_over(job.id)
        return job

    def job(self, access: Access, name: str) -> Job:
        """An export of this reader; NotFound for every other, and for what is over."""
        with self._lock:
            self._expire()
            job = read(self._of(name)) if _ID.fullmatch(name) else None
        if job is None or job.reader != access.reader.id:
            raise NotFound("bulk-no-job")
        return job

    def expires(self, job: Job) -> int:
        """When the files are taken away, in milliseconds UTC."""
        return job.ended + self._lasts

    def cancel(self, access: Access, name: str) -> None:
        """End an export and take its files away."""
        with self._lock:
            shutil.rmtree(self._of(self.job(access, name).id), ignore_errors=True)

    def file(self, access: Access, name: str, number: str) -> tuple[File, bytes]:
        """A file with its bytes, and a receipt that names everybody in it. Forbidden where the reader may export no
        more; Conflict `bulk-choices-changed` where something in it may not be seen any more, of whomever."""
        job = self.job(access, name)
        file = next((each for each in job.files if each.name == number), None)
        if file is None or job.state != "done":
            raise NotFound("bulk-no-job")
        require_exporter(access, job.asked)
        told = self._told(name, file)
        narrowed = job.asked.narrowed(access)
        if access.purpose.value != job.purpose or not self._store.still_shown(
            narrowed, file.type, told.numbers, told.parts
        ):
            raise Conflict("bulk-choices-changed")
        data = (self._of(name) / f"{number}.ndjson").read_bytes()
        counted = not job.asked.filters
        self._store.leave(narrowed, "export", [file.type], told.persons, [data], counted=counted)
        return file, data

    # Making files

    def _hand_over(self, name: str) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="exports", daemon=True)
                self._thread.start()
        self._due.put(name)

    def _run(self) -> None:
        while (name := self._due.get()) is not None:
            job = read(self._of(name))
            if job is None or self._closing.is_set():
                continue
            try:
                self._make(job)
            except CamphoraError as error:
                self._fail(job, error.code)
            except FileNotFoundError:  # cancelled between two pages
                shutil.rmtree(self._of(name), ignore_errors=True)
            except Exception as error:  # noqa: BLE001 - the edge of this thread; the next export must be made
                log.error("export: %s", type(error).__name__)  # noqa: TRY400 - a traceback could hold values
                self._fail(job, "bulk-failed")

    def _fail(self, job: Job, code: str) -> None:
        job.state, job.fault, job.ended = "failed", code, _now()
        with self._lock:
            if self._of(job.id).exists():
                save(self._of(job.id), job)

    def _make(self, job: Job) -> None:
        parts = job.asked.parts()
        while job.part < len(parts):
            if not self._part(job, parts[job.part]):
                return
            job.part, job.place = job.part + 1, None
        self._leave(job)
        job.state, job.ended = "done", _now()
        self._keep(job)

    def _leave(self, job: Job) -> None:
        """The receipt of an export at its end: its manifest tells how many were found, also where it is none."""
        persons = BitMap()
        for file in job.files:
            persons |= self._told(job.id, file).persons
        access = job.asked.narrowed(self._access(job))
        digests = (file.digest.encode() for file in job.files)
        counted = not job.asked.filters  # a filter may name somebody who is hidden
        self._store.leave(access, "export", job.asked.types, persons, digests, counted=counted)

    def _part(self, job: Job, part: Part) -> bool:
        """Write the files of one part; False where the installation closes before its end."""
        met = self._met(job, part)
        while True:
            draft = Draft(self._of(job.id) / f"{len(job.files) + 1}.ndjson")
            try:
                ended = self._fill(job, part, draft, met)
                if ended is None:
                    return False
                file = draft.close(str(len(job.files) + 1), part)
            finally:
                draft.drop()
            if file is not None:
                write_synced(draft.path.with_suffix(".told"), draft.told.encoded())
                met |= set(draft.told.numbers)
                job.files.append(file)
                self._keep(job)
            if ended:
                return True

    def _fill(self, job: Job, part: Part, draft: Draft, met: set[int]) -> bool | None:
        """Read pages into a file: True where the part is at its end, None where the installation closes."""
        while draft.count < LARGEST:
            if self._closing.is_set():
                return None
            if not self._of(job.id).exists():
                raise FileNotFoundError
            access = job.asked.narrowed(self._access(job))
            if not access.covers(part.type):
                return True
            self._note(job)
            page = self._page(access, job, part)
            draft.add(page, met, deleted=part.deleted)
            job.place = list(page.next) if page.next is not None else None
            if page.next is None:
                return True
        return False

    def _page(self, access: Access, job: Job, part: Part) -> Gathered:
        if part.deleted:
            after = int(job.place[0] or 0) if job.place else 0
            return self._store.gather_deleted(access, part.type, job.asked.since or 0, after, PAGE)
        return self._store.gather(access, job.asked.query(part), job.place, PAGE)

    def _access(self, job: Job) -> Access:
        """The Access that the reader has now, for what they asked for then."""
        user = self._gate.identity.user(job.reader)
        if user is None:
            raise Forbidden("bulk-no-account")
        grounds = Grounds(job.purposes if job.basis is not None else (), job.basis)
        access = self._gate.access(user.reader(), Purpose(job.purpose), None, grounds)
        require_exporter(access, job.asked)
        return access

    def _note(self, job: Job) -> None:
        """Which choices held for the first page and for the last."""
        mark = self._store.mark(self._store.last_change())
        job.choices = [*job.choices[:1], mark]

    def _met(self, job: Job, part: Part) -> set[int]:
        """What earlier filters of the same type have brought already."""
        if part.filter is None or part.deleted:
            return set()
        found: set[int] = set()
        for file in job.files:
            if file.type == part.type and not file.deleted:
                found |= set(self._told(job.id, file).numbers)
        return found

    def _told(self, name: str, file: File) -> Told:
        return Told.decoded((self._of(name) / f"{file.name}.told").read_bytes())

    def _keep(self, job: Job) -> None:
        with self._lock:
            if not self._of(job.id).exists():
                raise FileNotFoundError
            save(self._of(job.id), job)

    # What is kept

    def _of(self, name: str) -> Path:
        return self._folder / name

    def _jobs(self) -> Iterator[Job]:
        for folder in sorted(self._folder.iterdir()) if self._folder.exists() else ():
            job = read(folder) if _ID.fullmatch(folder.name) else None
            if job is not None:
                yield job

    def _expire(self) -> None:
        now = _now()
        for job in self._jobs():
            if job.state != "running" and self.expires(job) <= now:
                shutil.rmtree(self._of(job.id), ignore_errors=True)


class Draft:
    """A file that is being written; it counts for nothing until it is closed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.told = Told()
        self._digest = hashlib.sha256()
        self._size = 0
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._closed = False

    def add(self, page: Gathered, met: set[int], *, deleted: bool) -> None:
        """The rows of a page that no earlier filter has brought."""
        for number, row in zip(page.numbers, page.rows, strict=True):
            if number in met or number in self.told.numbers:
                continue
            line = (_deletion(row.type, row.id) if deleted else row.body or b"{}") + b"\n"
            self._file.write(line)
            self._digest.update(line)
            self._size += len(line)
            self.count += 1
            self.told.numbers.add(number)
            if number in page.parts:
                self.told.parts[number] = page.parts[number]
        self.told.persons |= page.persons

    def close(self, name: str, part: Part) -> File | None:
        """The finished file, durable; None where nothing is in it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._closed = self.count > 0
        self._file.close()
        if not self._closed:
            return None
        return File(name, part.type, self.count, self._size, self._digest.hexdigest(), part.deleted)

    def drop(self) -> None:
        """Take away what was not finished."""
        self._file.close()
        if not self._closed:
            self.path.unlink(missing_ok=True)


def _deletion(record_type: str, record_id: str) -> bytes:
    """A line of `deleted`: a transaction that deletes the record (STU2, section 3.3.4)."""
    entry = {"request": {"method": "DELETE", "url": f"{record_type}/{record_id}"}}
    return orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})


def _now() -> int:
    return int(time.time() * 1000)
