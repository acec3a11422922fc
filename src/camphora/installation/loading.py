"""Files that people bring: NDJSON, a Bundle or one resource in JSON or XML, and CSV or Excel of a declared table.

Every fault is located and reported; what is right is kept, unless only a dry run was asked for: of NDJSON every good
line, of a Bundle all or nothing. The faulty lines come back in a file of their own, to be mended and loaded again.
Loading the same file twice doubles nothing. Of FHIR the form is told by what a file holds, not by its name.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from camphora.errors import CamphoraError, Faults, Invalid, Lang, Place
from camphora.fhir import forms, json, xml
from camphora.fhir.references import rewrite
from camphora.fhir.validation import Finding
from camphora.fhir.xml.reading import Reading
from camphora.formats.csv_rows import Row, csv_rows
from camphora.formats.declaration import TableDeclaration, bad_rows_csv
from camphora.formats.excel import sheet_rows
from camphora.formats.limits import open_limited
from camphora.formats.ndjson import ndjson_lines
from camphora.installation.installation import Installation
from camphora.policy.internal import loading
from camphora.records import Prepared, Put, prepare

CHUNK = 500
FIRST = 3
"""So many places of each kind of warning are kept; the rest are counted."""
LINES = (".ndjson", ".jsonl")
FHIR = (*LINES, ".json", ".xml")
Count = Callable[[int], None]


@dataclass(slots=True)
class Report:
    """What became of one file. `written` counts new or changed records or rows, `unchanged` those kept before;
    `warnings` what was found in records that were taken all the same, by code, with the first places of each."""

    file: str
    read: int = 0
    written: int = 0
    unchanged: int = 0
    faults: list[Invalid] = field(default_factory=list)
    bad_file: str | None = None
    warnings: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[Place]] = field(default_factory=dict)

    def warn(self, findings: Iterable[Finding], place: Place) -> None:
        """Count what only warns."""
        for one in findings:
            if one.severity == "warning":
                self.warnings[one.code] += 1
                first = self.places.setdefault(one.code, [])
                if len(first) < FIRST:
                    first.append(Place(place.file, place.line, place.column, _inside(place.path, one.path)))

    def fault(self, error: CamphoraError, place: Place) -> None:
        """Add an error's faults, each put at its place in the file."""
        inner = error.faults if isinstance(error, Faults) else [error]
        for one in inner:
            at = one.place or Place()
            where = Place(
                place.file, at.line or place.line, at.column or place.column, _inside(place.path, at.path)
            )
            located = Invalid(one.code, place=where, **one.facts)
            self.faults.append(located)


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
    """Loads files into an installation. `bad_folder`: where files of faulty lines go (beside nothing if None)."""

    installation: Installation
    dry_run: bool = False
    bad_folder: Path | None = None
    lang: Lang = "zh-TW"

    def load(self, path: Path, table: str | None = None, count: Count = lambda _: None) -> Report:
        """Load one file, or the rows of the table that is named."""
        name = path.name.removesuffix(".gz").lower()
        if not path.is_file():
            raise Invalid("installation-no-file", file=path.name)
        if table or name.endswith((".csv", ".xlsx")):
            return self._rows(path, table, count)
        if not name.endswith(FHIR):
            raise Invalid("installation-unknown-kind", file=path.name)
        form = _form(path, lines=name.endswith(LINES))
        if form == "ndjson":
            return self._lines(path, count)
        return self._whole(path, _in_xml(path) if form == "xml" else _in_json(path), count)

    def _lines(self, path: Path, count: Count) -> Report:
        report = Report(path.name)
        bad: list[bytes] = []
        ready = self._good_lines(path, report, bad)
        while chunk := list(islice(ready, CHUNK)):
            self._keep(chunk, report)
            count(report.read)
        count(report.read)
        if bad:
            report.bad_file = self._write_bad(path, ".ndjson", b"\n".join(bad) + b"\n")
        return report

    def _good_lines(self, path: Path, report: Report, bad: list[bytes]) -> Iterator[Prepared]:
        for line in ndjson_lines(path):
            report.read += 1
            place = Place(path.name, line.number)
            if line.fault is not None:
                report.fault(line.fault, place)
                bad.append(line.raw)
                continue
            try:
                yield self._ready(line.value, line.raw, report, place)
            except Invalid as error:
                report.fault(error, place)
                bad.append(line.raw)

    def _whole(self, path: Path, brought: Iterable[Brought], count: Count) -> Report:
        """All resources of a file, or none of them."""
        report = Report(path.name)
        ready: list[Prepared] = []
        for one in _joined(list(brought)):
            report.read += 1
            for fault in one.faults:
                report.fault(fault, Place(path.name))
            if one.body:
                try:
                    ready.append(self._ready(json.parse(one.body), one.body, report, one.place))
                except Invalid as error:
                    report.fault(error, one.place)
        if not report.faults:
            self._keep(ready, report)
        count(report.read)
        return report

    def _ready(self, resource: dict[str, Any], body: bytes, report: Report, place: Place) -> Prepared:
        """A resource ready to be written, what only warns told to the report. Raises `Faults` with everything in it
        that the site refuses."""
        prepared = prepare(Put(resource, body=body))
        findings = self.installation.standard.validator.validate(resource)
        refused = [found.fault() for found in findings if found.severity == "error"]
        if refused:
            raise Faults(refused)
        report.warn(findings, place)
        return prepared

    def _keep(self, ready: list[Prepared], report: Report) -> None:
        if self.dry_run:
            report.written += len(ready)
            return
        for written in self.installation.store.write(loading("file"), ready):
            report.written += written.changed
            report.unchanged += not written.changed

    def _rows(self, path: Path, table: str | None, count: Count) -> Report:
        declared = self._table(path, table)
        report = Report(path.name)
        rows = list(_counted(_sheet(path, declared), report, count))
        good, faults = declared.check_rows(rows)
        report.faults = faults
        lines = {fault.place.line for fault in faults if fault.place}
        bad = [row for row in rows if row.line in lines]
        if bad:
            text = bad_rows_csv(bad, faults, self.lang)
            report.bad_file = self._write_bad(path, ".csv", text.encode("utf-8-sig"))
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

    def _write_bad(self, path: Path, ending: str, content: bytes) -> str | None:
        if self.bad_folder is None:
            return None
        stem = path.name.split(".")[0].removesuffix("-bad")
        target = self.bad_folder / f"{stem}-bad{ending}"
        target.write_bytes(content)
        return str(target)


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
    if not _is_taken_apart(json.parse(data, file=path.name)):
        yield Brought(Place(path.name), data)
        return
    for number, entry in enumerate(json.split_bundle(data, file=path.name).entry):
        if body := bytes(entry.resource):
            yield Brought(_entry_place(path, number), body, entry.full_url)


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


def _counted(rows: Iterator[Row], report: Report, count: Count) -> Iterator[Row]:
    for row in rows:
        report.read += 1
        if report.read % CHUNK == 0:
            count(report.read)
        yield row


def _fits(path: Path, declared: TableDeclaration) -> bool:
    """Whether the file's first row has this table's columns."""
    with contextlib.suppress(Invalid, StopIteration):
        next(_sheet(path, declared))
        return True
    return False
