"""Files that people bring: NDJSON, a Bundle or one resource in JSON or XML, and CSV or Excel of a declared table.

Every fault is located and reported; what is right is kept, unless only a dry run was asked for: of NDJSON every good
line, of a Bundle all or nothing. The faulty lines come back in a file of their own, to be mended and loaded again.
Loading the same file twice doubles nothing. Of FHIR the form is told by what a file holds, not by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from camphora.errors import Busy, CamphoraError, Fault, Faults, Invalid, Lang, Place
from camphora.fhir import forms, json, xml
from camphora.fhir.distinct import require_distinct
from camphora.fhir.references import rewrite
from camphora.fhir.registry import Registry
from camphora.fhir.xml.reading import Reading
from camphora.formats.bad_rows import bad_rows_csv
from camphora.formats.csv_rows import Row
from camphora.formats.limits import Limits, open_limited
from camphora.formats.ndjson import raw_lines
from camphora.installation.arrivals import arrived
from camphora.installation.bad import Bad, RowsApart
from camphora.installation.line_list_file import LineListFile, Taking
from camphora.installation.places import Places, Reached
from camphora.installation.preparing import Outcome, Preparing, Warned, faults_of
from camphora.installation.report import Report
from camphora.installation.table_file import Keeping, TableFile
from camphora.policy.choices import TAIPEI
from camphora.policy.internal import loading
from camphora.records import Prepared
from camphora.records.registering import DECLARING, declares_nothing, with_declared

if TYPE_CHECKING:
    from camphora.installation.installation import Installation

CHUNK, LONG = 500, 4_000
"""Records that share a transaction: while a server writes beside it, and where nobody else does."""
LINES = (".ndjson", ".jsonl")
FHIR = (*LINES, ".json", ".xml")
OF_LINES = Limits(packed=1 << 40, unpacked=1 << 40)
"""Lines are read one by one, so a file of them may be as long as a disk holds."""
Count = Callable[[int], None]
"""Called with the bytes that are done."""


class Brought(NamedTuple):
    """One resource of a file: where it lies, its JSON (empty where there is none), the address of its entry, and
    what is wrong with its form."""

    place: Place
    body: bytes
    address: str | None = None
    faults: tuple[Invalid, ...] = ()


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads files into an installation. `bad`: where faulty lines go, a folder or one file for all (nowhere if None),
    under the next free name where something lies there, unless it `bad_is_own`: nobody else writes there;
    `preparing`: who makes lines ready, this process where None; `places`: where what is reached is noted; with
    `resume` what was reached before is passed over; `chunk`: how many records share a transaction."""

    installation: Installation
    dry_run: bool = False
    bad: Path | None = None
    lang: Lang = "zh-TW"
    preparing: Preparing | None = None
    places: Places | None = None
    resume: bool = False
    stopped: Callable[[], bool] = lambda: False
    bad_is_own: bool = False
    chunk: int | None = None
    as_of: date | None = None
    today: date = field(default_factory=lambda: datetime.now(TAIPEI).date())
    fewer: bool = False
    _bads: dict[Path, Bad] = field(default_factory=dict)
    _would_be: list[Registry] = field(default_factory=list)
    """In a dry run: the search parameters that there would be."""

    def __post_init__(self) -> None:
        self._would_be.append(self.installation.store.registry)

    def load(
        self,
        path: Path,
        table: str | None = None,
        count: Count = lambda _: None,
        *,
        name: str | None = None,
        key: str | None = None,
        into: Report | None = None,
        mapping: Path | None = None,
        line_list: bool = False,
    ) -> Report:
        """Load one file, or the rows of the table that is named. `name`: what is said of it; `key`: by what its place
        is known; `into`: the report of an earlier part of it, to be gone on with; `line_list`: its rows are cases, read
        by `mapping` or one that is remembered."""
        ending = path.name.removesuffix(".gz").lower()
        if not path.is_file():
            raise Invalid("installation-no-file", file=path.name)
        if line_list:
            return self._cases(path, mapping, count, key)
        if table or ending.endswith((".csv", ".xlsx")):
            return self._rows(path, table, count)
        if not ending.endswith(FHIR):
            raise Invalid("installation-unknown-kind", file=path.name)
        report = into or Report(name or path.name)
        reached = self._reached(key)
        report.outstanding = reached.faults
        if reached.ended:
            if self.bad_is_own:
                self._bad(path, reached)
            report.passed_over = True
            return report
        form = _form(path, lines=ending.endswith(LINES))
        if form == "ndjson":
            self._lines(path, report, count, key, reached)
        else:
            self._whole(path, _in_xml(path) if form == "xml" else _in_json(path), report, count)
            if not report.faults and not report.more_faults:
                self._note(key, Reached(report.read, 0, ended=True))
        return report

    def _prepares(self) -> Preparing:
        store = self.installation.store
        return self.preparing or Preparing(self.installation.standard.validator, store.registry, store.rules)

    def _lines(self, path: Path, report: Report, count: Count, key: str | None, reached: Reached) -> None:
        bad = self._bad(path, reached)
        into = str(bad.path.absolute()) if bad else ""
        faults = reached.faults
        read, through = 0, _Through(raw_lines(path, limits=OF_LINES))
        lines = (line for line in through if line[0] > reached.line)
        preparing = self._prepares()
        outcomes = preparing.outcomes(lines, path.name)
        while chunk := list(islice(outcomes, self.chunk or CHUNK)):
            faults += self._chunk(chunk, report, bad)
            read += sum(len(each.raw) + 1 for each in chunk)
            self._note(key, Reached(chunk[-1].number, bad.rows if bad else 0, False, faults, into))
            count(read)
            chunk.clear()
            preparing.rest()
            if self.stopped():
                raise Stopped
        self._note(key, Reached(through.last, bad.rows if bad else 0, True, faults, into))
        count(read)
        if bad and bad.rows and faults:
            report.bad_file = str(bad.path)

    def _chunk(self, chunk: list[Outcome], report: Report, bad: Bad | None) -> int:
        """Keep what is right, then set apart what is not: a place is noted only behind both. How many faults it had."""
        faults = 0
        whole = [number for number, each in enumerate(chunk) if each.ready is not None]
        refused = self._keep([each.ready for each in chunk if each.ready is not None], report)
        for at, error in refused.items():
            number = whole[at]
            chunk[number] = chunk[number]._replace(ready=None, faults=faults_of(error), findings=())
        for each in chunk:
            report.read += 1
            place = Place(report.file, each.number)
            report.warn(each.findings, place)
            report.warn(self._idle(each.ready), place)
            if each.ready is None:
                located = report.fault(each.faults, place)
                faults += len(located)
                if bad:
                    bad.add(each.raw, located)
        return faults

    def _bad(self, path: Path, reached: Reached) -> Bad | None:
        """Where the faulty lines of a file go, behind those of the files before it that share the place, and those
        that an interrupted load has set apart."""
        if self.bad is None:
            return None
        one = not self.bad.is_dir()
        before = Path(reached.into) if reached.into else self.bad if one else None
        if one and self.bad in self._bads and self._bads[self.bad].rows >= reached.bad:
            return self._bads[self.bad]
        if reached.bad and before and self._is_ours(before) and before.exists():
            found = Bad(before, self.lang, kept=reached.bad)
        else:
            found = Bad(self._bad_path(path, ".ndjson"), self.lang)
        self._bads[self.bad if one else found.path] = found
        return found

    def _is_ours(self, before: Path) -> bool:
        """Whether the bad file of an interrupted load lies where this one's go."""
        assert self.bad is not None
        here = self.bad.absolute()
        if self.bad.is_dir():
            return before.parent == here
        number = before.stem.removeprefix(here.stem).removeprefix("-")
        same = before.name == here.name or (before.stem.startswith(f"{here.stem}-") and number.isdecimal())
        return same and before.parent == here.parent

    def _bad_path(self, path: Path, ending: str) -> Path:
        """Under a name that nothing has yet."""
        assert self.bad is not None
        if not self.bad.is_dir() and ending == self.bad.suffix and self.bad_is_own:
            return self.bad
        stem = f"{path.name.split('.')[0].removesuffix('-bad')}-bad"
        wanted = self.bad / f"{stem}{ending}"
        if not self.bad.is_dir():
            same = ending in {".ndjson", self.bad.suffix}
            wanted = self.bad if same else self.bad.with_name(f"{stem}{ending}")
        return _free(wanted)

    def _note(self, key: str | None, reached: Reached) -> None:
        if self.places is not None and key is not None and not self.dry_run:
            self.places.note(key, reached)

    def _whole(self, path: Path, brought: Iterable[Brought], report: Report, count: Count) -> None:
        """All resources of a file, or none of them."""
        ready: list[Prepared] = []
        places: list[Place] = []
        preparing = self._prepares()
        for one in _joined(list(brought)):
            place = replace(one.place, file=report.file)
            report.read += 1
            for fault in one.faults:
                report.fault([fault], Place(report.file))
            if one.body:
                try:
                    prepared, findings = preparing.ready(json.parse(one.body), one.body)
                    ready.append(prepared)
                    places.append(place)
                    report.warn(findings, place)
                except Invalid as error:
                    report.fault(error.faults if isinstance(error, Faults) else [error], place)
        report.together = True
        if not report.faults:
            for at, refused in self._keep(ready, report, together=True).items():
                report.fault(faults_of(refused), places[at])
        if not report.faults:
            for prepared, place in zip(ready, places, strict=True):
                report.warn(self._idle(prepared), place)
        if report.faults:
            self._set_apart(path, report)
        count(path.stat().st_size)

    def _set_apart(self, path: Path, report: Report) -> None:
        """A whole file that was not taken, as it came, and why."""
        if self.bad is None:
            return
        with open_limited(path) as stream:
            data = stream.read()
        ending = ".xml" if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<") else ".json"
        bad = Bad(self._bad_path(path, ending), self.lang)
        bad.add(data.rstrip(b"\n"), report.faults)
        report.bad_file = str(bad.path)

    def _keep(
        self, ready: list[Prepared], report: Report, *, together: bool = False
    ) -> dict[int, CamphoraError]:
        """Write what can be written, `together` all or nothing; why the store refused the others, by their place."""
        if self.dry_run:
            return self._compare(ready, report, together=together)
        refused: dict[int, CamphoraError] = {}
        done, most = 0, len(ready)
        while done < len(ready):
            stop = min(len(ready), done + most)
            try:
                self._write(ready[done:stop], report)
            except CamphoraError as error:
                if error.change is None or isinstance(error, (Busy, Fault)):
                    raise
                stop, most = done + error.change, CHUNK
                refused[stop] = error
                if together:
                    return refused
                if stop > done:
                    self._write(ready[done:stop], report)
                stop += 1
            done = stop
        return refused

    def _write(self, ready: list[Prepared], report: Report) -> None:
        for written in self.installation.store.write(loading("file"), ready):
            report.tell("new" if written.made else "changed" if written.changed else "same")

    def _idle(self, one: Prepared | None) -> list[Warned]:
        """That a SearchParameter declares nothing which was kept, or would be; a warning, so that it is counted."""
        if one is None or one.type != DECLARING:
            return []
        registry = self._would_be[0] if self.dry_run else self.installation.store.registry
        found = declares_nothing(registry, one.put.resource)
        return [Warned(found.code, found.path)] if found else []

    def _compare(self, ready: list[Prepared], report: Report, *, together: bool) -> dict[int, CamphoraError]:
        """What writing would do. A SearchParameter is weighed beside those that lie before it."""
        refused: dict[int, CamphoraError] = {}
        for at, one in enumerate(ready):
            if one.type == DECLARING:
                try:
                    self._would_be[0] = with_declared(self._would_be[0], one.put.resource)
                except Invalid as error:
                    refused[at] = error
        if refused and together:
            return refused
        kept = [one for at, one in enumerate(ready) if at not in refused]
        for state in self.installation.store.compare(loading("file"), kept):
            report.tell(state)
        return refused

    def _rows(self, path: Path, table: str | None, count: Count) -> Report:
        report = Report(path.name)
        brought = TableFile.of(path, self.installation, table)
        with self._arriving(brought, path, report):
            rows = list(_counted(brought.rows(), report))
            count(path.stat().st_size)
            keeping = Keeping(self.installation.store, self.dry_run, self.today, self.as_of, self.fewer)
            brought.keep(rows, keeping, report)
        lines = {fault.place.line for fault in report.faults if fault.place and fault.place.line}
        bad = [row for row in rows if row.line in lines]
        if not report.together:
            self._set_rows_apart(path, bad, report)
        return report

    @contextmanager
    def _arriving(self, brought: TableFile, path: Path, report: Report) -> Iterator[None]:
        """Keeps what came of a file, a refusal too; of a dry run nothing."""
        folder, refused = self.installation.folder, None
        try:
            yield
        except CamphoraError as error:
            refused = error
            raise
        finally:
            if not self.dry_run:
                arrived(folder, brought.table.name, path, report, refused)

    def _cases(self, path: Path, mapping: Path | None, count: Count, key: str | None) -> Report:
        report, reached = Report(path.name), self._reached(key)
        if reached.ended:
            report.passed_over, report.outstanding = True, reached.faults
            return report
        aside = self.bad if self.bad and self.bad.is_dir() else path.parent
        named = partial(self._bad_path, path, ".csv") if self.bad is not None else None
        with RowsApart(named, self.lang) as apart:
            taking = Taking(
                mapping, aside, self.dry_run, self.today, apart, count, reached, partial(self._note, key)
            )
            brought = LineListFile.of(path, self.installation, taking)
            brought.load(self.installation, self._prepares(), taking, report)
        count(path.stat().st_size)
        report.bad_file = str(apart.path) if apart.path else None
        return report

    def _reached(self, key: str | None) -> Reached:
        """How far an earlier load came that is to be gone on with."""
        return self.places.at(key) if self.places and self.resume and key else Reached()

    def _set_rows_apart(self, path: Path, bad: list[Row], report: Report) -> None:
        if bad and self.bad is not None:
            target = self._bad_path(path, ".csv")
            target.write_bytes(bad_rows_csv(bad, report.faults, self.lang).encode("utf-8-sig"))
            report.bad_file = str(target)


def _free(wanted: Path) -> Path:
    """The path, or with a number behind its name where something lies there."""
    found, number = wanted, 1
    while found.exists():
        number += 1
        found = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
    return found


class Stopped(Exception):
    """The loading was asked to stop; what is written stays, and its place is noted."""


class _Through:
    """Lines on their way, with the number of the last one that passed."""

    def __init__(self, lines: Iterator[tuple[int, bytes]]) -> None:
        self._lines = lines
        self.last = 0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        for number, raw in self._lines:
            self.last = number
            yield number, raw


def _form(path: Path, *, lines: bool) -> forms.Form:
    """The form that the content has. A name that says lines is believed where they may be some, broken or none.
    No size is asked here: how much may be read is known by the form."""
    with open_limited(path, OF_LINES) as stream:
        start = stream.read(forms.START)
    if lines:
        first, second = ([line for line in map(bytes.strip, start.splitlines()) if line] + [b"", b""])[:2]
        if not first.startswith((b"<", b"\xef\xbb\xbf<")) and second[:1] in {b"", b"{"}:
            return "ndjson"
    return forms.form(start, file=path.name)


def _in_json(path: Path) -> Iterator[Brought]:
    """The resource, or those of a Bundle, as the bytes that came."""
    with open_limited(path) as stream:
        data = json.unmarked(stream.read())
    resource = json.parse(data, file=path.name)
    twice = _twice(data, resource)
    if twice or not _is_taken_apart(resource):
        yield Brought(Place(path.name), b"" if twice else data, None, twice)
        return
    for number, entry in enumerate(json.split_bundle(data, file=path.name).entry):
        if body := bytes(entry.resource):
            yield Brought(_entry_place(path, number), body, entry.full_url)


def _twice(data: bytes, resource: dict[str, Any]) -> tuple[Invalid, ...]:
    """The fault of a name that stands twice in an object: what the file says is not known then."""
    try:
        require_distinct(data, resource)
    except Invalid as error:
        return (error,)
    return ()


def _in_xml(path: Path) -> Iterator[Brought]:
    """The same in the JSON form, decimals as they were written; a Bundle is read entry by entry."""
    with open_limited(path) as stream:
        head = Reading(file=path.name, entry=lambda *_: None)
        head.feed(stream.read(forms.START))
    with open_limited(path) as stream:
        if not _is_taken_apart(head.resource):
            found = xml.read(stream.read(), file=path.name, exact=True)
            yield Brought(Place(path.name, 1), json.write(found.resource), None, tuple(found.faults))
            return
        for number, entry in enumerate(xml.entries(stream, file=path.name, exact=True)):
            resource = entry.value.get("resource")
            if resource or entry.faults:
                body = json.write(resource) if resource else b""
                place = _entry_place(path, number, entry.line)
                yield Brought(place, body, entry.value.get("fullUrl"), tuple(entry.faults))


def _is_taken_apart(resource: dict[str, Any]) -> bool:
    """A document stays whole; any other Bundle brings its entries."""
    return resource.get("resourceType") == "Bundle" and resource.get("type") != "document"


def _entry_place(path: Path, number: int, line: int | None = None) -> Place:
    return Place(path.name, line, path=f"Bundle.entry[{number}].resource")


def _joined(brought: list[Brought]) -> Iterator[Brought]:
    """The resources, references to addresses of entries turned into Type/id."""
    addresses: dict[str, str] = {}
    for one in brought:
        resource = orjson.loads(one.body) if one.address and one.body else {}
        if one.address and "id" in resource and "resourceType" in resource:
            addresses[one.address] = f"{resource['resourceType']}/{resource['id']}"
    return (one._replace(body=rewrite(one.body, addresses)) if addresses else one for one in brought)


def _counted(rows: Iterator[Row], report: Report) -> Iterator[Row]:
    for row in rows:
        report.read += 1
        yield row
