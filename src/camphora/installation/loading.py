"""Files that people bring: NDJSON, a Bundle or one resource in JSON, and CSV or Excel of a declared table.

Every fault is located and reported; what is right is kept, unless only a dry run was asked for. The faulty lines
come back in a file of their own, to be mended and loaded again. Loading the same file twice doubles nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from camphora.errors import CamphoraError, Faults, Invalid, Lang, Place
from camphora.fhir.json import parse, split_bundle
from camphora.fhir.references import rewrite
from camphora.formats.csv_rows import Row, csv_rows
from camphora.formats.declaration import TableDeclaration, bad_rows_csv
from camphora.formats.excel import sheet_rows
from camphora.formats.limits import open_limited
from camphora.formats.ndjson import ndjson_lines
from camphora.installation.installation import Installation
from camphora.policy.internal import loading
from camphora.records import Prepared, Put, prepare

CHUNK = 500
Count = Callable[[int], None]


@dataclass(slots=True)
class Report:
    """What became of one file. `written` counts new or changed records or rows, `unchanged` those kept before."""

    file: str
    read: int = 0
    written: int = 0
    unchanged: int = 0
    faults: list[Invalid] = field(default_factory=list)
    bad_file: str | None = None

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
        """Load one file by its ending, or as rows of the table that is named."""
        name = path.name.removesuffix(".gz").lower()
        if not path.is_file():
            raise Invalid("installation-no-file", file=path.name)
        if table or name.endswith((".csv", ".xlsx")):
            return self._rows(path, table, count)
        if name.endswith((".ndjson", ".jsonl")):
            return self._lines(path, count)
        if name.endswith(".json"):
            return self._json(path, count)
        raise Invalid("installation-unknown-kind", file=path.name)

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
                yield self._ready(line.value, line.raw)
            except Invalid as error:
                report.fault(error, place)
                bad.append(line.raw)

    def _json(self, path: Path, count: Count) -> Report:
        report = Report(path.name)
        with open_limited(path) as stream:
            data = stream.read()
        resource = parse(data, file=path.name)
        bundled = resource.get("resourceType") == "Bundle" and resource.get("type") != "document"
        bodies = list(_entries(data, path.name)) if bundled else [("", data)]
        ready: list[Prepared] = []
        for spot, body in bodies:
            report.read += 1
            try:
                ready.append(self._ready(parse(body), body))
            except Invalid as error:
                report.fault(error, Place(path.name, path=spot or None))
        if not report.faults:
            self._keep(ready, report)
        count(report.read)
        return report

    def _ready(self, resource: dict[str, Any], body: bytes) -> Prepared:
        """A resource ready to be written. Raises `Faults` with everything in it that the site refuses."""
        prepared = prepare(Put(resource, body=body))
        findings = self.installation.standard.validator.validate(resource)
        refused = [found.fault() for found in findings if found.severity == "error"]
        if refused:
            raise Faults(refused)
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


def _entries(data: bytes, file: str) -> Iterator[tuple[str, bytes]]:
    """The resources of a bundle with their place, references to entries turned into Type/id."""
    entries = split_bundle(data, file=file).entry
    addresses: dict[str, str] = {}
    for entry in entries:
        resource = orjson.loads(bytes(entry.resource)) if bytes(entry.resource) else {}
        if entry.full_url and "id" in resource and "resourceType" in resource:
            addresses[entry.full_url] = f"{resource['resourceType']}/{resource['id']}"
    for number, entry in enumerate(entries):
        body = bytes(entry.resource)
        if body:
            yield f"Bundle.entry[{number}].resource", rewrite(body, addresses)


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
