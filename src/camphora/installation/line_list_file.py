"""A line list that came in a file: by which mapping it is read, and its cases written as records, each whole or not.

Mappings that were confirmed lie in the installation's folder `mappings`; a file whose columns one of them knows is read
by it without being told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from camphora.errors import Busy, CamphoraError, Fault, Invalid, NotFound, Place
from camphora.fhir.search import parse_query
from camphora.formats.csv_rows import Row, check_header, csv_header, csv_rows
from camphora.formats.declaration import FAULT_COLUMNS
from camphora.formats.excel import sheet_header, sheet_rows
from camphora.formats.line_list import Case, Found, Ids, Mapping, are_near, proposed, read, resources
from camphora.formats.line_list.cases import Pair
from camphora.formats.line_list.resources import case_id, patient_id
from camphora.installation.preparing import Preparing, faults_of
from camphora.installation.report import Report
from camphora.policy.internal import identifying, loading
from camphora.records import Prepared, SQLiteStore
from camphora.records.gathering import Standing

if TYPE_CHECKING:
    from camphora.installation.installation import Installation

FOLDER = "mappings"
TOGETHER = 200
"""So many cases share a transaction."""
OF_CELLS = "taiwan-"
"""What warns of cells; what warns of the form of a resource is nothing that a row could mend."""
SHOWN = 10
"""So many pairs of lines are named where rows may be doubled; the rest are counted."""


class Taking(NamedTuple):
    """How a file is taken. `mapping`: the file of one that was looked through; `aside`: the folder into which a
    proposed one is put."""

    mapping: Path | None
    aside: Path
    dry_run: bool
    today: date


class _Ready(NamedTuple):
    """The records of one case, ready to be written, and whose it is."""

    case: Case
    records: list[Prepared]
    subject: str


@dataclass(frozen=True, slots=True)
class LineListFile:
    """A file and the mapping by which it is read."""

    path: Path
    mapping: Mapping

    @classmethod
    def of(cls, path: Path, installation: Installation, taking: Taking) -> LineListFile:
        """By the mapping that was given, which is remembered, or by the one remembered that knows the file's columns.
        Raises Invalid `line-list-unmapped` with the name of a proposed mapping where there is none."""
        header = [column for column in _header(path) if column not in FAULT_COLUMNS]
        folder = installation.folder / FOLDER
        if taking.mapping is not None:
            mapping = Mapping.load(taking.mapping)
            _require_fit(path, header, mapping)
            if not taking.dry_run:
                folder.mkdir(mode=0o700, exist_ok=True)
                (folder / f"{mapping.name}.toml").write_bytes(taking.mapping.read_bytes())
            return cls(path, mapping)
        known = [Mapping.load(one) for one in sorted(folder.glob("*.toml"))]
        fitting = [one for one in known if one.fits(header)]
        if len(fitting) > 1:
            names = "、".join(one.name for one in fitting)
            raise Invalid("line-list-which", place=Place(path.name), known=names)
        if not fitting:
            file = _propose(path, header, taking.aside)
            raise Invalid("line-list-unmapped", place=Place(path.name), file=str(file))
        return cls(path, fitting[0])

    def load(
        self, installation: Installation, preparing: Preparing, taking: Taking, report: Report
    ) -> list[Row]:
        """Write the cases of the file; the rows that were at fault, as they came."""
        required = tuple(self.mapping.columns.values())
        rows = sheet_rows if _is_excel(self.path) else csv_rows
        kept = list(rows(self.path, required=required))
        report.read = len(kept)
        found = read(kept, self.mapping, taking.today)
        report.fault(found.faults, Place(report.file))
        report.unchanged += len(found.again)
        _tell(found, report)
        writing = _Writing(installation, preparing, taking, report)
        writing.write(found.cases, self.mapping.name)
        writing.tell()
        lines = {one.place.line for one in report.faults if one.place}
        return [row for row in kept if row.line in lines]


class _Writing:
    """Writes cases, each whole or not at all."""

    def __init__(
        self, installation: Installation, preparing: Preparing, taking: Taking, report: Report
    ) -> None:
        self._store: SQLiteStore = installation.store
        self._preparing, self._taking, self._report = preparing, taking, report
        self._key = (installation.folder / "secret.key").read_bytes()
        self._patients: dict[str, dict[str, Any]] = {}
        self._others = _Others(self._store) if self._store.counts().get("Condition") else None
        self._own: set[str] = set()
        self._known_already: list[tuple[int, str]] = []

    def tell(self) -> None:
        """What may be cases that other lists or a hospital brought before; nothing is merged."""
        if found := self._known_already:
            said = "、".join(f"{line}＝Condition/{other}" for line, other in found[:SHOWN])
            lines = said + ("…" if len(found) > SHOWN else "")
            place = Place(self._report.file)
            self._report.notes.append(Invalid("line-list-known", place=place, n=len(found), lines=lines))

    def write(self, cases: Sequence[Case], name: str) -> None:
        ready = [one for case in cases if (one := self._ready(case, name))]
        for at in range(0, len(ready), TOGETHER):
            self._keep(ready[at : at + TOGETHER])

    def _ready(self, case: Case, name: str) -> _Ready | None:
        ids = Ids(name, self._named)
        try:
            known = self._known(case, ids)
            ids = ids._replace(patient=known if known != patient_id(case, ids) else None)
            made = [self._preparing.ready(one, orjson.dumps(one)) for one in self._new(case, ids)]
        except CamphoraError as error:
            self._report.fault(faults_of(error), case.place)
            return None
        for _, findings in made:
            self._report.warn((one for one in findings if one.code.startswith(OF_CELLS)), case.place)
        self._own.add(case_id(case, ids))
        return _Ready(case, [prepared for prepared, _ in made], ids.patient or patient_id(case, ids))

    def _named(self, text: str) -> str:
        """From words that name a person the end of an id that nobody can turn back."""
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=12, person=b"line list").hexdigest()

    def _new(self, case: Case, ids: Ids) -> Iterator[dict[str, Any]]:
        """The resources of a case; a person of several rows is as the first of them says."""
        for one in resources(case, ids):
            name = one["id"]
            if one["resourceType"] == "Patient":
                if name not in self._patients:
                    self._patients[name] = {**self._stands(name), **one}
                yield self._patients[name]
            else:
                yield one

    def _stands(self, patient: str) -> dict[str, Any]:
        """A Patient as an earlier list wrote it: what this one does not say stays."""
        try:
            body: dict[str, Any] = self._body(patient)
        except NotFound:
            return {}
        body.pop("meta", None)
        return body

    def _body(self, patient: str) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(
            self._store.read(identifying(), "Patient", patient).body or b"{}"
        )
        return found

    def _known(self, case: Case, ids: Ids) -> str | None:
        """Who bears the number already. Raises Invalid `line-list-other-person` where that one was born on another
        day: one of the two numbers is wrong."""
        number = case.national_id
        found = self._store.first_bearer(identifying(), number) if number else None
        if found is None or found == patient_id(case, ids):
            return found
        born = self._body(found).get("birthDate")
        if case.birth_date and born and born != case.birth_date:
            raise Invalid("line-list-other-person", place=case.place)
        return found

    def _keep(self, ready: list[_Ready]) -> None:
        """Write cases in one transaction; what the store refuses is left out with its case, and the rest written."""
        while ready:
            flat = [one for each in ready for one in each.records]
            try:
                told = self._states(flat)
            except CamphoraError as error:
                if error.change is None or isinstance(error, (Busy, Fault)):
                    raise
                refused = next(at for at, each in enumerate(_ends(ready)) if error.change < each)
                self._report.fault(faults_of(error), ready[refused].case.place)
                ready = ready[:refused] + ready[refused + 1 :]
                continue
            self._count(ready, told)
            return

    def _states(self, flat: list[Prepared]) -> list[Standing]:
        if self._taking.dry_run:
            return list(self._store.compare(loading("line list"), flat))
        written = self._store.write(loading("line list"), flat)
        return ["new" if one.made else "changed" if one.changed else "same" for one in written]

    def _count(self, ready: list[_Ready], told: list[Standing]) -> None:
        """A case is new where its Condition is, which is its last record."""
        at = 0
        for each in ready:
            states = told[at : at + len(each.records)]
            at += len(each.records)
            changed: Standing = "changed" if set(states) != {"same"} else "same"
            self._report.tell("new" if states[-1] == "new" else changed)
            if states[-1] == "new" and self._others:
                line = (each.case.place and each.case.place.line) or 0
                others = self._others.of(each.case, each.subject)
                self._known_already += [(line, one) for one in others if one not in self._own]


class _Others:
    """Cases that stood before, of the same person, disease and days."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    def of(self, case: Case, subject: str) -> list[str]:
        """Their ids: of the person who bears the number, and of those of the same name and day of birth."""
        persons = [subject, *(one for one in self._namesakes(case) if one != subject)]
        return [found for person in persons for found in self._cases(person, case)]

    def _cases(self, person: str, case: Case) -> Iterator[str]:
        for body in self._found("Condition", [("patient", person), ("code", case.disease.code)]):
            if are_near(str(body.get("onsetDateTime") or body.get("recordedDate") or "")[:10], case.day):
                yield str(body["id"])

    def _namesakes(self, case: Case) -> Iterator[str]:
        if not (case.name and case.birth_date):
            return
        for body in self._found("Patient", [("birthdate", case.birth_date), ("name", case.name)]):
            names = (str(one.get("text", "")) for one in body.get("name", ()))
            if any(one == case.name for one in names) and body.get("gender") in {None, case.sex}:
                yield str(body["id"])

    def _found(self, kind: str, pairs: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        page = self._store.search(loading("line list"), parse_query(kind, pairs, strict=True))
        return (orjson.loads(row.body or b"{}") for row in page.rows)


def _ends(ready: list[_Ready]) -> Iterator[int]:
    end = 0
    for each in ready:
        end += len(each.records)
        yield end


def _tell(found: Found, report: Report) -> None:
    place = Place(report.file)
    for code, pairs in (("line-list-again", found.again), ("line-list-near", found.near)):
        if pairs:
            report.notes.append(Invalid(code, place=place, n=len(pairs), lines=_said(pairs)))


def _said(pairs: Sequence[Pair]) -> str:
    said = "、".join(f"{one.first}＝{one.second}" for one in pairs[:SHOWN])
    return said + ("…" if len(pairs) > SHOWN else "")


def _is_excel(path: Path) -> bool:
    return path.name.lower().endswith(".xlsx")


def _header(path: Path) -> list[str]:
    return sheet_header(path) if _is_excel(path) else csv_header(path)


def _require_fit(path: Path, header: Sequence[str], mapping: Mapping) -> None:
    """Raise Faults with every column that the mapping names and the file lacks."""
    check_header(header, path.name, tuple(mapping.columns.values()))


def _propose(path: Path, header: Sequence[str], aside: Path) -> Path:
    """Write a mapping to be looked through, under a name that nothing has yet."""
    stem = path.name.split(".")[0]
    name = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in stem.lower()).strip("_")
    found, number = aside / f"{stem}-mapping.toml", 1
    while found.exists():
        number += 1
        found = aside / f"{stem}-mapping-{number}.toml"
    found.write_text(proposed(header, name if name[:1].isalpha() else f"list_{name}".strip("_")), "utf-8")
    return found
