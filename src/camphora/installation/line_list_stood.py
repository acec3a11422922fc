"""What stood before a line list came: cases of the same persons, proposed as the same and never merged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from camphora.errors import Invalid, Place
from camphora.fhir.search import parse_query
from camphora.formats.aside import Aside
from camphora.formats.line_list import Case, are_near
from camphora.formats.line_list.cases import SHOWN
from camphora.installation.report import Report
from camphora.policy.internal import loading
from camphora.records import SQLiteStore

SCHEMA = """
CREATE TABLE patient (name BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE own (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE other (line INTEGER, id TEXT)"""


class Stood(Aside):
    """What stood before a list and may be cases of it, and whom it has written itself."""

    def __init__(self, store: SQLiteStore) -> None:
        super().__init__(SCHEMA)
        self._others = _Others(store) if store.counts().get("Condition") else None

    def has_written(self, patient: str) -> bool:
        sql = "SELECT 1 FROM patient WHERE name = ?"
        return self.disk.execute(sql, (self.name(patient),)).fetchone() is not None

    def wrote(self, patient: str) -> None:
        self.disk.execute("INSERT OR IGNORE INTO patient VALUES (?)", (self.name(patient),))

    def own(self, case: str) -> None:
        """A case that the list names, which is not to be told as another's."""
        if self._others:
            self.disk.execute("INSERT OR IGNORE INTO own VALUES (?)", (case,))

    def look(self, case: Case, subject: str, *, newcomer: bool) -> None:
        """Note what stands and may be this new case. `subject`: whose it is; `newcomer`: who did not stand before."""
        if self._others:
            others = self._others.of(case, subject, newcomer=newcomer)
            found = [(case.place.line or 0, one, one) for one in others]
            sql = "INSERT INTO other SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM own WHERE id = ?)"
            self.disk.executemany(sql, found)

    def tell(self, report: Report) -> None:
        """What may be cases that other lists or a hospital brought before; nothing is merged."""
        others = "FROM other WHERE id NOT IN (SELECT id FROM own)"
        (number,) = next(self.disk.execute(f"SELECT count(*) {others}"))
        if number:
            first = self.disk.execute(f"SELECT line, id {others} ORDER BY line, rowid LIMIT {SHOWN}")
            said = "、".join(f"{line}＝Condition/{other}" for line, other in first)
            lines = said + ("…" if number > SHOWN else "")
            place = Place(report.file)
            report.notes.append(Invalid("line-list-known", place=place, n=number, lines=lines))


class _Others:
    """Cases that stood before, of the same person, disease and days."""

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    def of(self, case: Case, subject: str, *, newcomer: bool) -> list[str]:
        """Their ids: of the person who bears the number, and of those of the same name and day of birth."""
        persons = [] if newcomer else [subject]
        persons += [one for one in self._namesakes(case) if one != subject]
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
