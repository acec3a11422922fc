"""Files that people bring: NDJSON, a Bundle or one resource in JSON or XML, and CSV or Excel of a declared table.

Every fault is located and reported; what is right is kept, unless only a dry run was asked for: of NDJSON every good
line, of a Bundle all or nothing. The faulty lines come back in a file of their own, to be mended and loaded again.
Loading the same file twice doubles nothing. Of FHIR the form is told by what a file holds, not by its name.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from camphora.errors import Busy, CamphoraError, Fault, Faults, Invalid, Lang, Place
from camphora.fhir import forms, json, xml
from camphora.fhir.distinct import require_distinct
from camphora.fhir.references import rewrite
from camphora.fhir.registry import Registry
from camphora.fhir.validation import Finding
from camphora.fhir.xml.reading import Reading
from camphora.formats.csv_rows import Row, csv_rows
from camphora.formats.declaration import TableDeclaration, bad_rows_csv
from camphora.formats.excel import sheet_rows
from camphora.formats.limits import Limits, open_limited
from camphora.formats.ndjson import raw_lines
from camphora.installation.bad import Bad
from camphora.installation.places import Places, Reached
from camphora.installation.preparing import Outcome, Preparing, faults_of
from camphora.policy.internal import loading
from camphora.records import Prepared
from camphora.records.gathering import Standing
from camphora.records.registering import DECLARING, declares_nothing, with_declared

if TYPE_CHECKING:
    from camphora.installation.installation import Installation

CHUNK = 500
FIRST = 3
"""So many places of each kind of warning are kept; the rest are counted."""
LINES = (".ndjson", ".jsonl")
FHIR = (*LINES, ".json", ".xml")
MOST_FAULTS = 10_000
"""So many faults of a file are kept in memory; the rest are counted."""
OF_LINES = Limits(packed=1 << 40, unpacked=1 << 40)
"""Lines are read one by one, so a file of them may be as long as a disk holds."""
Count = Callable[[int], None]
"""Called with the bytes that are done."""


@dataclass(slots=True)
class Report:
    """What became of one file. `written` counts new and changed records or rows, `changed` those of them that stood
    before with other content, `unchanged` those kept before; `faults` are the first, `more_faults` counts the rest;
    `warnings` what was found in records that were taken all the same, by code, with the first places of each.
    `passed_over`: an earlier load had come to its end; `outstanding` faults it found in what is passed over.
    `together`: a file of which all is kept or nothing."""

    file: str
    read: int = 0
    written: int = 0
    changed: int = 0
    unchanged: int = 0
    faults: list[Invalid] = field(default_factory=list)
    more_faults: int = 0
    bad_file: str | None = None
    warnings: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[Place]] = field(default_factory=dict)
    passed_over: bool = False
    outstanding: int = 0
    together: bool = False

    @property
    def fault_count(self) -> int:
        return len(self.faults) + self.more_faults

    def tell(self, state: Standing) -> None:
        """Count one record."""
        self.written += state != "same"
        self.changed += state == "changed"
        self.unchanged += state == "same"

    def warn(self, findings: Iterable[Finding], place: Place) -> None:
        """Count what only warns."""
        for one in findings:
            if one.severity == "warning":
                self.warnings[one.code] += 1
                first = self.places.setdefault(one.code, [])
                if len(first) < FIRST:
                    first.append(Place(place.file, place.line, place.column, _inside(place.path, one.path)))

    def fault(self, faults: Iterable[CamphoraError], place: Place) -> list[Invalid]:
        """Add faults, each put at its place in the file."""
        located: list[Invalid] = []
        for one in faults:
            at = one.place or Place()
            where = Place(
                place.file, at.line or place.line, at.column or place.column, _inside(place.path, at.path)
            )
            located.append(Invalid(one.code, place=where, **one.facts))
        room = max(0, MOST_FAULTS - len(self.faults))
        self.faults += located[:room]
        self.more_faults += len(located[room:])
        return located


class Brought(NamedTuple):
    """One resource of a file: where it lies, its JSON (empty where there is none), the address of its entry, and
    what is wrong with its form."""

    place: Place
    body: bytes
    address: str | None = None
    faults: tuple[Invalid, ...] = ()


def _inside(outer: str | None, inner: str | None) -> str | None:
    """A path of a resource as it stands in its bundle: Bundle.entry[1].resource and Observation.status."""
    if outer and inner:
        return outer + inner[len(inner.split(".")[0].split("[")[0]) :]
    return inner or outer


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads files into an installation. `bad`: where faulty lines go, a folder or one file for all (nowhere if None),
    under the next free name where something lies there, unless it `bad_is_own`: nobody else writes there;
    `preparing`: who makes lines ready, this process where None; `places`: where what is reached is noted; with
    `resume` what was reached before is passed over."""

    installation: Installation
    dry_run: bool = False
    bad: Path | None = None
    lang: Lang = "zh-TW"
    preparing: Preparing | None = None
    places: Places | None = None
    resume: bool = False
    stopped: Callable[[], bool] = lambda: False
    bad_is_own: bool = False
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
    ) -> Report:
        """Load one file, or the rows of the table that is named. `name`: what is said of it; `key`: by what its place
        is known; `into`: the report of an earlier part of it, to be gone on with."""
        ending = path.name.removesuffix(".gz").lower()
        if not path.is_file():
            raise Invalid("installation-no-file", file=path.name)
        if table or ending.endswith((".csv", ".xlsx")):
            return self._rows(path, table, count)
        if not ending.endswith(FHIR):
            raise Invalid("installation-unknown-kind", file=path.name)
        report = into or Report(name or path.name)
        reached = self.places.at(key) if self.places and self.resume and key else Reached()
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
        return self.preparing or Preparing(
            self.installation.standard.validator, self.installation.store.registry
        )

    def _lines(self, path: Path, report: Report, count: Count, key: str | None, reached: Reached) -> None:
        bad = self._bad(path, reached)
        into = str(bad.path.absolute()) if bad else ""
        faults = reached.faults
        read, through = 0, _Through(raw_lines(path, limits=OF_LINES))
        lines = (line for line in through if line[0] > reached.line)
        outcomes = self._prepares().outcomes(lines, path.name)
        while chunk := list(islice(outcomes, CHUNK)):
            faults += self._chunk(chunk, report, bad)
            read += sum(len(each.raw) + 1 for each in chunk)
            self._note(key, Reached(chunk[-1].number, bad.rows if bad else 0, False, faults, into))
            count(read)
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
        done = 0
        while done < len(ready):
            stop = len(ready)
            try:
                self._write(ready[done:stop], report)
            except CamphoraError as error:
                if error.change is None or isinstance(error, (Busy, Fault)):
                    raise
                stop = done + error.change
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

    def _idle(self, one: Prepared | None) -> list[Finding]:
        """That a SearchParameter declares nothing which was kept, or would be; a warning, so that it is counted."""
        if one is None or one.type != DECLARING:
            return []
        registry = self._would_be[0] if self.dry_run else self.installation.store.registry
        found = declares_nothing(registry, one.put.resource)
        return [replace(found, severity="warning")] if found else []

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
        declared = self._table(path, table)
        report = Report(path.name)
        rows = list(_counted(_sheet(path, declared), report))
        count(path.stat().st_size)
        good, faults = declared.check_rows(rows)
        report.faults = faults
        lines = {fault.place.line for fault in faults if fault.place}
        bad = [row for row in rows if row.line in lines]
        if bad and self.bad is not None:
            target = self._bad_path(path, ".csv")
            target.write_bytes(bad_rows_csv(bad, faults, self.lang).encode("utf-8-sig"))
            report.bad_file = str(target)
        if good:
            self._keep_rows(declared, good, report)
        return report

    def _keep_rows(self, declared: TableDeclaration, rows: list[dict[str, Any]], report: Report) -> None:
        if self.dry_run:
            report.written = len(rows)
            return
        source = declared.source["zh-TW"]
        _, fresh = self.installation.store.add_batch(
            loading("file"),
            declared.name,
            rows,
            source=f"{source}（{report.file}）",
            as_of=str(declared.as_of),
            public=declared.public,
        )
        report.written, report.unchanged = (len(rows), 0) if fresh else (0, len(rows))

    def _table(self, path: Path, table: str | None) -> TableDeclaration:
        """The table that is named, or the only one whose columns the file has."""
        declared = {each.name: each for each in self.installation.tables()}
        if table is not None:
            if table not in declared:
                raise Invalid("installation-no-table", table=table, known="、".join(sorted(declared)))
            return declared[table]
        fitting = [each for each in declared.values() if _fits(path, each)]
        if len(fitting) != 1:
            raise Invalid("installation-which-table", file=path.name, known="、".join(sorted(declared)))
        return fitting[0]


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
    """The form that the content has. A name that says lines is believed where they may be some, broken or none."""
    with open_limited(path) as stream:
        start = stream.read(forms.START)
    if lines:
        first, second = ([line for line in map(bytes.strip, start.splitlines()) if line] + [b"", b""])[:2]
        if not first.startswith((b"<", b"\xef\xbb\xbf<")) and second[:1] in {b"", b"{"}:
            return "ndjson"
    return forms.form(start, file=path.name)


def _in_json(path: Path) -> Iterator[Brought]:
    """The resource, or those of a Bundle, as the bytes that came."""
    with open_limited(path) as stream:
        data = stream.read()
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


def _sheet(path: Path, declared: TableDeclaration) -> Iterator[Row]:
    if path.name.lower().endswith(".xlsx"):
        return sheet_rows(path, required=declared.headers)
    return csv_rows(path, required=declared.headers)


def _counted(rows: Iterator[Row], report: Report) -> Iterator[Row]:
    for row in rows:
        report.read += 1
        yield row


def _fits(path: Path, declared: TableDeclaration) -> bool:
    """Whether the file's first row has this table's columns."""
    with contextlib.suppress(Invalid, StopIteration):
        next(_sheet(path, declared))
        return True
    return False
