"""What the keeper does with a Put or a Delete: one record, its index, its effects, one line in the change log."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import apsw
import orjson

from camphora.errors import Conflict, Forbidden, Invalid, NotFound
from camphora.policy import Access
from camphora.policy.admission import SHARED_TYPES
from camphora.policy.choices import Allows, Closes, Hides, LetsIn, Ruled
from camphora.policy.vocabulary import Purpose
from camphora.records.prepare import Prepared
from camphora.records.store import Delete, Written
from camphora.records.terms import Interned
from camphora.records.visible import visible


class Row(NamedTuple):
    """The present state of a record in the store."""

    no: int
    version: int
    person: int | None
    updated: int
    labels: int
    deleted: int
    digest: bytes
    keys: bytes


@dataclass(slots=True)
class Writer:
    """Applies prepared changes inside the keeper's transaction, for one Access."""

    connection: apsw.Connection
    interned: Interned
    access: Access

    def put(self, prepared: Prepared) -> Written:
        """Write one version. The same content again makes no version."""
        type_no = self.interned.type(prepared.type)
        row = self._row(type_no, prepared.id)
        self._check_put(prepared, row)
        if row and not row.deleted and row.digest == prepared.digest:
            return Written(prepared.type, prepared.id, row.version, row.updated, made=False, changed=False)
        now = _now(row)
        version = row.version + 1 if row else 1
        person = self.interned.person(prepared.patient) if prepared.patient else None
        keys = self._keys(type_no, prepared)
        values = (
            version, person, prepared.index.main_date, now, prepared.labels, 0,
            prepared.digest, orjson.dumps(keys), prepared.body(version, now),
        )  # fmt: skip
        number = self._replace(row, values) if row else self._insert(type_no, prepared.id, values)
        self._index(number, keys)
        self._others(number, prepared)
        if prepared.type == "Consent":
            self._effects(number, person, prepared)
        self._log("choice" if prepared.effects else "record", number, version, person, now)
        return Written(
            prepared.type, prepared.id, version, now, made=row is None or bool(row.deleted), changed=True
        )

    def delete(self, change: Delete) -> Written:
        """Mark a record deleted; deleting what is already deleted changes nothing."""
        if not self.access.may_write(change.type) or self._keeps(change.type):
            raise Forbidden("records-write-refused", type=change.type, role=self.access.reader.role)
        type_no = self.interned.type(change.type)
        row = self._row(type_no, change.id)
        if row is None or not self._sees(row, change.type):
            raise NotFound("records-not-found", type=change.type)
        self._check_match(change.type, row, change.if_match)
        if row.deleted:
            return Written(change.type, change.id, row.version, row.updated, made=False, changed=False)
        now, version = _now(row), row.version + 1
        empty = orjson.dumps([[], [], []])
        self._replace(row, (version, row.person, None, now, row.labels, 1, b"", empty, None))
        self._forget_effects(row.no)
        self._log("choice" if change.type == "Consent" else "record", row.no, version, row.person, now)
        return Written(change.type, change.id, version, now, made=False, changed=True)

    def _keeps(self, record_type: str) -> bool:
        """A Patient is deleted by operation only: every choice and every receipt of the person hangs on it."""
        return record_type == "Patient" and self.access.purpose is not Purpose.OPERATION

    def _others(self, number: int, prepared: Prepared) -> None:
        """The patients beside the one it is about. Rows of earlier versions stay: they name them still."""
        others = {key for _, kind, key in prepared.index.references if kind == "Patient"} - {prepared.patient}
        rows = ((number, self.interned.person(patient)) for patient in sorted(others))
        self.connection.executemany("INSERT OR IGNORE INTO also_names VALUES (?, ?)", rows)

    def _check_put(self, prepared: Prepared, row: Row | None) -> None:
        record_type = prepared.type
        if not self.access.may_write(record_type):
            raise Forbidden("records-write-refused", type=record_type, role=self.access.reader.role)
        if row and not self._sees(row, record_type):
            raise NotFound("records-not-found", type=record_type)
        if prepared.put.expect == "present" and (row is None or row.deleted):
            raise NotFound("records-not-found", type=record_type)
        if row:
            self._check_match(record_type, row, prepared.put.if_match)
        elif prepared.put.if_match is not None:
            raise NotFound("records-not-found", type=record_type)
        if self.access.purpose is not Purpose.OPERATION and record_type not in SHARED_TYPES | {"Patient"}:
            self._check_patient(prepared)
            if row and row.person != self.interned.person(str(prepared.patient)):
                raise Invalid("records-person-changes", type=record_type)

    def _check_patient(self, prepared: Prepared) -> None:
        """A record must name a patient whom the writer may see: hidden and absent are refused alike."""
        found = None
        if prepared.patient:
            predicate = visible(self.access, "Patient", self.connection)
            sql = (
                f"SELECT 1 FROM record r WHERE r.type = ? AND r.id = ? AND r.deleted = 0 AND {predicate.sql}"
            )
            values = (self.interned.type("Patient"), prepared.patient, *predicate.values)
            found = next(self.connection.execute(sql, values), None)
        if found is None:
            raise Invalid("records-no-person", type=prepared.type)

    def _check_match(self, record_type: str, row: Row, asked: int | None) -> None:
        if asked is not None and asked != row.version:
            raise Conflict("records-version-conflict", type=record_type, present=row.version, asked=asked)

    def _sees(self, row: Row, record_type: str) -> bool:
        predicate = visible(self.access, record_type, self.connection)
        sql = f"SELECT 1 FROM record r WHERE r.no = ? AND {predicate.sql}"
        return next(self.connection.execute(sql, (row.no, *predicate.values)), None) is not None

    def _row(self, type_no: int, record_id: str) -> Row | None:
        sql = "SELECT no, version, person, updated, labels, deleted, digest, keys FROM record WHERE type = ? AND id = ?"
        found = next(self.connection.execute(sql, (type_no, record_id)), None)
        return Row(*found) if found else None

    def _insert(self, type_no: int, record_id: str, values: tuple[Any, ...]) -> int:
        self.connection.execute(
            "INSERT INTO record (type, id, version, person, main_date, updated, labels, deleted, digest, keys, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (type_no, record_id, *values),
        )
        return int(self.connection.last_insert_rowid())

    def _replace(self, row: Row, values: tuple[Any, ...]) -> int:
        self.connection.execute(
            "INSERT INTO superseded SELECT no, version, person, updated, labels, deleted, body"
            " FROM record WHERE no = ?",
            (row.no,),
        )
        self._unindex(row)
        self.connection.execute(
            "UPDATE record SET version = ?, person = ?, main_date = ?, updated = ?, labels = ?, deleted = ?,"
            " digest = ?, keys = ?, body = ? WHERE no = ?",
            (*values, row.no),
        )
        return row.no

    def _keys(self, type_no: int, prepared: Prepared) -> list[list[Any]]:
        """The index rows of a resource in numbers: terms, spans, words. Kept with it, to take them back later."""
        param, term = self.interned.param, self.interned.term
        index = prepared.index
        terms = {term(param(type_no, name), code, system or "") for name, system, code in index.tokens}
        terms |= {
            term(param(type_no, name), f"{kind}/{key}" if kind else key, "")
            for name, kind, key in index.references
        }
        spans = {(param(type_no, name), low, high) for name, low, high in index.dates}
        words = {(param(type_no, name), folded) for name, folded in index.strings}
        return [sorted(terms), sorted(spans), sorted(words)]

    def _index(self, number: int, keys: list[list[Any]]) -> None:
        terms, spans, words = keys
        many = self.connection.executemany
        many("INSERT INTO posting VALUES (?, ?)", ((term, number) for term in terms))
        many("INSERT INTO span VALUES (?, ?, ?, ?)", ((number, *span) for span in spans))
        if words:
            many("INSERT INTO word VALUES (?, ?, ?)", ((number, *word) for word in words))

    def _unindex(self, row: Row) -> None:
        terms, _, _ = orjson.loads(row.keys)
        self.connection.executemany(
            "DELETE FROM posting WHERE term = ? AND record = ?", ((term, row.no) for term in terms)
        )
        self.connection.execute("DELETE FROM span WHERE record = ?", (row.no,))
        self.connection.execute("DELETE FROM word WHERE record = ?", (row.no,))

    def _effects(self, consent: int, person: int | None, prepared: Prepared) -> None:
        self._forget_effects(consent)
        if prepared.effects and person is None:
            raise Invalid("records-no-person", type=prepared.type)
        for effect in prepared.effects:
            span = (effect.since, effect.until)
            match effect:
                case Hides(set_name=name):
                    self.connection.execute(
                        "INSERT INTO hidden VALUES (?, ?, ?, ?, ?)", (name, person, consent, *span)
                    )
                case Closes(set_name=name, mask=mask):
                    self.connection.execute(
                        "INSERT INTO closed VALUES (?, ?, ?, ?, ?, ?)", (name, person, consent, mask, *span)
                    )
                case LetsIn(person=relative):
                    self.connection.execute(
                        "INSERT INTO let_in VALUES (?, ?, ?, ?, ?)", (relative, person, consent, *span)
                    )
                case Allows(set_name=name):
                    self.connection.execute(
                        "INSERT INTO allowed VALUES (?, ?, ?, ?, ?)", (name, person, consent, *span)
                    )
                case Ruled(classes=classes):
                    self.connection.execute(
                        "INSERT INTO ruled VALUES (?, ?, ?, ?, ?)",
                        (person, consent, *span, " ".join(classes)),
                    )

    def _forget_effects(self, consent: int) -> None:
        for table in ("hidden", "closed", "let_in", "allowed", "ruled"):
            self.connection.execute(f"DELETE FROM {table} WHERE consent = ?", (consent,))

    def _log(self, kind: str, subject: int, version: int, person: int | None, now: int) -> None:
        self.connection.execute(
            "INSERT INTO change (at, kind, subject, version, person) VALUES (?, ?, ?, ?, ?)",
            (now, kind, subject, version, person),
        )


def _now(row: Row | None) -> int:
    """The time of this version, never before the one that it follows."""
    now = int(time.time() * 1000)
    return max(now, row.updated + 1) if row else now
