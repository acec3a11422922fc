"""A line list that came in a file: by which mapping it is read, and its cases written as records, each whole or not.

Mappings that were confirmed lie in the installation's folder `mappings`; a file whose columns one of them knows is read
by it without being told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import orjson

from camphora.errors import Busy, CamphoraError, Fault, Invalid, NotFound, Place
from camphora.formats.bad_rows import FAULT_COLUMNS
from camphora.formats.csv_rows import Row, check_header, csv_header, csv_rows
from camphora.formats.excel import sheet_header, sheet_rows
from camphora.formats.limits import Limits
from camphora.formats.line_list import Case, Cases, Ids, Mapping, Taken, proposed, resources
from camphora.formats.line_list.resources import case_id, patient_id
from camphora.installation.bad import RowsApart
from camphora.installation.line_list_stood import Stood
from camphora.installation.places import Reached
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
OF_ROWS = Limits(packed=1 << 40, unpacked=1 << 40)
"""Rows are read one by one, so a list may be as long as a disk holds."""


class Taking(NamedTuple):
    """How a file is taken. `mapping`: the file of one that was looked through; `aside`: the folder into which a
    proposed one is put; `apart`: where rows at fault go; `progress`: told of the bytes that are done; `reached`: how
    far an earlier load came, and `note`: told how far this one is."""

    mapping: Path | None
    aside: Path
    dry_run: bool
    today: date
    apart: RowsApart
    progress: Callable[[int], None] = lambda _: None
    reached: Reached = Reached()
    note: Callable[[Reached], None] = lambda _: None


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

    def load(self, installation: Installation, preparing: Preparing, taking: Taking, report: Report) -> None:
        """Write the cases of the file part by part, and set the rows at fault apart: of a list of any length no more
        than one part is in memory."""
        cases = Cases(self.mapping, taking.today)
        header = _header(self.path)
        with self.path.open("rb") as stream, Stood(installation.store) as stood:
            writing = _Writing(installation, preparing, taking, report, stood)
            taken = cases.read(self._rows(stream))
            while part := list(islice(taken, TOGETHER)):
                for row, faults in writing.write(part, self.mapping.name):
                    taking.apart.add(header, row, faults)
                taking.note(Reached(part[-1].row.line, faults=writing.refused))
                taking.progress(stream.tell())
            taking.note(Reached(ended=True, faults=report.outstanding + report.fault_count))
            _tell(cases, report)
            stood.tell(report)

    def _rows(self, stream: BinaryIO) -> Iterator[Row]:
        read = sheet_rows if _is_excel(self.path) else csv_rows
        required = tuple(self.mapping.columns.values())
        rows = read(stream, required=required, limits=OF_ROWS, name=self.path.name)
        return (row for row in rows if row.fault or any(cell.strip() for cell in row.raw))


class _Writing:
    """Writes cases, each whole or not at all."""

    def __init__(
        self,
        installation: Installation,
        preparing: Preparing,
        taking: Taking,
        report: Report,
        stood: Stood,
    ) -> None:
        self._store: SQLiteStore = installation.store
        self._preparing, self._taking, self._report = preparing, taking, report
        self._key = (installation.folder / "secret.key").read_bytes()
        self._stood = stood
        self._patients: dict[str, dict[str, Any]] = {}
        self._faults: dict[int, list[Invalid]] = {}
        self.refused = report.outstanding = taking.reached.faults
        """The faults that reading the rows again would not find."""

    def write(self, part: Sequence[Taken], name: str) -> list[tuple[Row, list[Invalid]]]:
        """Write the cases of these rows; the rows at fault, with why."""
        self._patients, self._faults = {}, {}
        for one in part:
            self._report.read += 1
            self._report.unchanged += one.case is None and not one.faults
            self._fault(one.faults, Place(self._report.file, one.row.line))
        before = self._report.fault_count
        new = [one.case for one in part if one.case and not self._was_taken(one.case, Ids(name, self._named))]
        self._keep([found for case in new if (found := self._ready(case, name))])
        self.refused += self._report.fault_count - before
        return [(one.row, faults) for one in part if (faults := self._faults.get(one.row.line))]

    def _was_taken(self, case: Case, ids: Ids) -> bool:
        """Whether the row lies before the place that an earlier load reached: then all that is done is to know it."""
        if (case.place.line or 0) > self._taking.reached.line:
            return False
        self._stood.own(case_id(case, ids))
        self._stood.wrote(patient_id(case, ids))
        self._report.unchanged += 1
        return True

    def _fault(self, faults: Sequence[CamphoraError], place: Place) -> None:
        if faults:
            self._faults.setdefault(place.line or 0, []).extend(self._report.fault(faults, place))

    def _ready(self, case: Case, name: str) -> _Ready | None:
        ids = Ids(name, self._named)
        try:
            known = self._known(case, ids)
            ids = ids._replace(patient=known if known != patient_id(case, ids) else None)
            made = [self._preparing.ready(one, orjson.dumps(one)) for one in self._new(case, ids)]
        except CamphoraError as error:
            self._fault(faults_of(error), case.place)
            return None
        for _, findings in made:
            self._report.warn((one for one in findings if one.code.startswith(OF_CELLS)), case.place)
        self._stood.own(case_id(case, ids))
        return _Ready(case, [prepared for prepared, _ in made], ids.patient or patient_id(case, ids))

    def _named(self, text: str) -> str:
        """From words that name a person the end of an id that nobody can turn back."""
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=12, person=b"line list").hexdigest()

    def _new(self, case: Case, ids: Ids) -> Iterator[dict[str, Any]]:
        """The resources of a case; a person of several rows is as the first of them says, and written with it."""
        for one in resources(case, ids):
            name = one["id"]
            if one["resourceType"] == "Patient":
                if self._stood.has_written(name):
                    continue
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
                self._fault(faults_of(error), ready[refused].case.place)
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
            if states[-1] == "new":
                newcomer = each.records[0].type == "Patient" and states[0] == "new"
                self._stood.look(each.case, each.subject, newcomer=newcomer)
            if each.subject in self._patients:
                self._stood.wrote(each.subject)


def _ends(ready: list[_Ready]) -> Iterator[int]:
    end = 0
    for each in ready:
        end += len(each.records)
        yield end


def _tell(cases: Cases, report: Report) -> None:
    place = Place(report.file)
    for code, pairs in (("line-list-again", cases.again), ("line-list-near", cases.near)):
        if pairs.number:
            said = "、".join(f"{one.first}＝{one.second}" for one in pairs.first)
            lines = said + ("…" if pairs.number > len(pairs.first) else "")
            report.notes.append(Invalid(code, place=place, n=pairs.number, lines=lines))


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
