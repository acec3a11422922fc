"""What the keeper does with a Put or a Delete: one record, its index, its effects, one line in the change log."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import apsw
import orjson

from camphora.errors import Conflict, Forbidden, Invalid, NotFound
from camphora.fhir.emit import IndexValues
from camphora.fhir.extract import extract
from camphora.fhir.registry import Registry
from camphora.policy import Access
from camphora.policy.admission import SHARED_TYPES
from camphora.policy.asking import Action
from camphora.policy.choices import effects
from camphora.policy.labels import ALL_CHOSEN, OTHERS, PARTS, Found, Rules
from camphora.policy.labels.pointing import targets_in
from camphora.policy.vocabulary import UNTOLD, Purpose
from camphora.records import effects as effect_rows
from camphora.records import fulltext, index, parting
from camphora.records.acts import check_act
from camphora.records.bodies import packed, plain
from camphora.records.derived import incapable_of, others_linked, stand_ins_linked, stand_of
from camphora.records.deriving import DECIDING, Deriver, identities, mask
from camphora.records.following import BEARING
from camphora.records.indexing import Indexing
from camphora.records.keys import packed as packed_keys
from camphora.records.keys import unpacked
from camphora.records.labelling import Labelling
from camphora.records.pending import New
from camphora.records.prepare import Prepared, prepare
from camphora.records.registering import DECLARING, registry_of, with_declared
from camphora.records.spans import ELSEWHERE
from camphora.records.store import Delete, Put, Written
from camphora.records.terms import Interned
from camphora.records.together import APART, WEIGHED, Together
from camphora.records.unseen import doubtful
from camphora.records.visible import EVERYTHING, shown, visible

DERIVING = frozenset({"Encounter", "Patient", "RelatedPerson"})
"""The types that say something beside their index (`Deriver.keep`)."""
Values = tuple[int, int | None, int | None, int, int, int, int]
"""Of a record's row: version, person, main date and its length, time, labels, whether it is deleted."""
Content = tuple[bytes, bytes, bytes | None]
"""Digest, keys, body."""


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


class Line(NamedTuple):
    """A line of the change log but its kind."""

    subject: int
    version: int
    person: int | None
    at: int


class Pointing(NamedTuple):
    """A new version that points to others: `doubted` are those to which the one before did not."""

    number: int
    person: int | None
    doubted: frozenset[str]


@dataclass(slots=True)
class Writer:
    """Applies prepared changes inside the keeper's transaction, for one Access."""

    connection: apsw.Connection
    interned: Interned
    access: Access
    together: Together
    """What it shares with other writers of the transaction."""
    labelling: Labelling = field(default_factory=lambda: Labelling(Rules.bundled()))
    indexing: Indexing = field(default_factory=Indexing)
    declares: bool = field(init=False, default=False)
    """Whether a SearchParameter was written: what the store can be asked by may have changed."""
    declared: Registry | None = field(init=False, default=None)
    """The parameters with those that were written so far; None where they must be read anew."""
    pointing: list[Pointing] = field(default_factory=list)
    """What points to records that its writer must be able to see, if their labels are to follow."""
    _written: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.together.writers.append(self)

    @property
    def deriver(self) -> Deriver:
        return self.together.deriver

    def doubt(self) -> None:
        """Mark what points to records that its writer may not see. Behind the last change, before labels follow."""
        for number, person, doubted in self.pointing:
            if doubtful(self.connection, self.access, person, doubted - self._written):
                self.together.following.unseen(number)
        self.pointing.clear()

    def put(self, prepared: Prepared) -> Written:
        """Write one version. The same content again makes no version."""
        self.together.before(f"{prepared.type}/{prepared.id}")
        type_no = self.interned.type(prepared.type)
        waits = self._may_wait(prepared, (type_no, prepared.id))
        row = None if prepared.put.expect in {"new", "drawn"} else self._row(type_no, prepared.id)
        self._check_put(prepared, row)
        if row and not row.deleted and row.digest == prepared.digest:
            return Written(prepared.type, prepared.id, row.version, row.updated, made=False, changed=False)
        now = _now(row)
        version = row.version + 1 if row else 1
        person = self.interned.person(prepared.patient) if prepared.patient else None
        found_by = self._found_by(prepared, row)
        rows = index.rows_of(self.interned, prepared.type, found_by)
        found, labels = self._labels(prepared, person, waits=waits)
        values = (
            version, person, found_by.main_date, rows.main_length, now, labels, 0,
        )  # fmt: skip
        content = (prepared.digest, packed_keys(*rows.keys), packed(prepared.body(version, now)))
        if row is None and waits:
            return self._wait(prepared, New((type_no, prepared.id), values, content, rows), found)
        if self.together.trusts:
            self.together.settle()
        stood = self._stood_for(prepared.type, row, prepared.put.resource)
        doubted = self._doubted(prepared, row)
        number = row.no if row else self._insert(type_no, prepared.id, values, content)
        if row:
            self._replace(row, values, content)
        index.put(self.connection, number, rows)
        if self.indexing.full_text:
            fulltext.put(self.connection, number, prepared.said, prepared.full_text)
        self._others(number, version, prepared)
        group = self._group(prepared.type, person)
        resource = {**prepared.put.resource, "id": prepared.id}
        self.deriver.keep(number, person, resource, found, new=row is None)
        if doubted:
            self.pointing.append(Pointing(number, person, doubted))
        self._wrote(number, prepared, labels, row.labels if row else 0)
        self.deriver.local(number, person, labels, rows.keys.terms)
        if prepared.type == "Consent":
            effect_rows.put(self.connection, number, person, prepared.effects)
            parting.remember(self.connection, number, self._one_with(person))
        if not (row and not row.deleted) and not self._sees(number, prepared.type, "collect"):
            raise Invalid("records-no-person", type=prepared.type)
        line = Line(number, version, person, now)
        self._log("choice" if prepared.effects else "record", line)
        self._tell(line, prepared.type, group)
        if row and row.person not in {None, person}:
            before = line._replace(person=row.person)
            self._log("choice" if prepared.type == "Consent" else "record", before)
            self._tell(before, prepared.type, [])
        self.deriver.decided(stood)
        return Written(
            prepared.type, prepared.id, version, now, made=row is None or bool(row.deleted), changed=True
        )

    def _may_wait(self, prepared: Prepared, name: tuple[int, str]) -> bool:
        """Whether a record, if it is new, may be put later. What waits is put before somebody asks for it: for what is
        written twice, and for what decides about persons. Each record that its writer is to see is put at once. Whose
        writers are still to be asked about is asked before something is written that may change what they see."""
        together, pending = self.together, self.together.pending
        if pending is None:
            return False
        free = together.standing(self.access).is_free(prepared.type, self.connection)
        weighs = prepared.type in WEIGHED and together.asks
        if name in pending.names or pending.full or weighs or (together.weighs and not free):
            together.settle()
        if prepared.type in (APART if free else WEIGHED) and not (free and self._is_newcomer(prepared)):
            together.settle()
            return False
        return free or together.trusts

    def _is_newcomer(self, prepared: Prepared) -> bool:
        """Whether this is a Patient of whom nothing is known and who is one with nobody: nothing hangs on them yet."""
        pending = self.together.pending
        if prepared.type != "Patient" or pending is None or "link" in prepared.put.resource:
            return False
        person = self.interned.person(str(prepared.patient))
        if person in pending.persons or self._one_with(person):
            return False
        sql = "SELECT 1 FROM record WHERE person = ? LIMIT 1"
        return next(self.connection.execute(sql, (person,)), None) is None

    def _wait(self, prepared: Prepared, new: New, found: tuple[Found, ...]) -> Written:
        """Have a new record wait; what is written beside it is written at once: the line of the change log tells the
        keeper that something was done, should a later change of the same job be refused."""
        together, pending = self.together, self.together.pending
        assert pending is not None
        version, person, _, _, now, labels, _ = new.values
        number = together.number()
        doubted = self._doubted(prepared, None)
        if doubted:
            self.pointing.append(Pointing(number, person, doubted))
        pending.add(number, new)
        together.waits(self.access, prepared.type, number)
        if self.indexing.full_text:
            pending.say(number, prepared.full_text or fulltext.texts(prepared.said))
        self._others(number, version, prepared)
        if found or (person is not None and prepared.type in DERIVING):
            self.deriver.keep(number, person, {**prepared.put.resource, "id": prepared.id}, found, new=True)
        self._wrote(number, prepared, labels)
        self.deriver.local(number, person, labels, new.rows.keys.terms)
        self._log("record", Line(number, version, person, now))
        if person is not None and prepared.type in DECIDING:
            self.deriver.decided(identities(self.connection, person))
        return Written(prepared.type, prepared.id, version, now, made=True, changed=True)

    def delete(self, change: Delete) -> Written:
        """Mark a record deleted; deleting what is already deleted changes nothing."""
        self.together.settle()
        self.together.before(f"{change.type}/{change.id}")
        if not self.access.may_write(change.type) or self._keeps(change.type):
            raise Forbidden("records-write-refused", type=change.type, role=self.access.reader.role)
        type_no = self.interned.type(change.type)
        row = self._row(type_no, change.id)
        if row is None or not self._may_change(row, change.type):
            raise NotFound("records-not-found", type=change.type)
        if self.access.purpose is not Purpose.OPERATION and self._gives_power(row, change.type):
            raise Forbidden("records-write-refused", type=change.type, role=self.access.reader.role)
        self._check_match(change.type, row, change.if_match)
        if row.deleted:
            return Written(change.type, change.id, row.version, row.updated, made=False, changed=False)
        if change.type == "Consent":
            self._check_act(row, None)
        now, version = _now(row), row.version + 1
        stood = self._stood_for(change.type, row)
        group = self._group(change.type, row.person)
        if change.type == DECLARING:
            self.declares, self.declared = True, None
        values = (version, row.person, None, ELSEWHERE, now, row.labels, 1)
        self._replace(row, values, (b"", packed_keys((), ()), None))
        self._names_still(row, version)
        effect_rows.drop(self.connection, row.no)
        self.deriver.forget(row.no)
        line = Line(row.no, version, row.person, now)
        self._log("choice" if change.type == "Consent" else "record", line)
        self._tell(line, change.type, group)
        self.deriver.decided(stood)
        return Written(change.type, change.id, version, now, made=False, changed=True)

    def _found_by(self, prepared: Prepared, row: Row | None) -> IndexValues:
        """The index values by the parameters that the store has now."""
        registry = self.indexing.registry
        if prepared.type == DECLARING:
            self._declare(prepared.put.resource, row)
        if prepared.registry == registry:
            return prepared.index
        return extract(prepared.type, registry)(prepared.said)

    def _declare(self, resource: dict[str, Any], row: Row | None) -> None:
        """Refuse a SearchParameter that cannot be, beside those that this transaction has written before it."""
        if self.declared is None:
            self.declared = registry_of(self.connection) if self.declares else self.indexing.registry
        before = self._present(row) if row else None
        found = with_declared(self.declared, resource, before)
        self.declares = True
        self.declared = found if resource.get("status") == "active" else None

    def _labels(
        self, prepared: Prepared, person: int | None, *, waits: bool
    ) -> tuple[tuple[Found, ...], int]:
        """What came by rule, and the mask to keep. The marks of a person who has chosen are asked once as long as only
        records that may wait are written, which choose nothing."""
        found, labels = prepared.found, prepared.labels
        if prepared.rules is not self.labelling.holding:
            resource = prepared.put.resource
            found = self.labelling.holding.of(resource)
            labels = mask(resource, found)
        known = self.together.chosen
        chosen = known.get(person)
        if chosen is None:
            chosen = self.deriver.chosen(person)
            if waits:
                known[person] = chosen
        return found, labels | (OTHERS if prepared.others else 0) | chosen

    def _doubted(self, prepared: Prepared, row: Row | None) -> frozenset[str]:
        """To which records a version points that the one before did not name, or whose writer could not see all that it
        named. Call before the row is replaced."""
        name = f"{prepared.type}/{prepared.id}"
        self._written.add(name)
        if self.together.standing(self.access).sees_all(self.connection):
            return frozenset()
        before = None if row is None or row.labels & UNTOLD else self._present(row)
        doubted = frozenset(prepared.points) - frozenset(targets_in(before) if before else ())
        if doubted:
            self.together.doubted.add(name)
        return doubted

    def _wrote(self, number: int, prepared: Prepared, labels: int, before: int = 0) -> None:
        """Have those labelled who point to it, and itself by what it points to."""
        if prepared.points or (labels | before) & BEARING:
            name = f"{prepared.type}/{prepared.id}"
            self.together.following.wrote(number, name, prepared.points, labels, before)

    def _group(self, record_type: str, person: int | None) -> list[int]:
        """Whom a Patient is one with, before it changes."""
        return identities(self.connection, person) if person and record_type == "Patient" else []

    def _tell(self, line: Line, record_type: str, group: list[int]) -> None:
        """What decides about a person has changed: for every identity, and for those who were one with them before."""
        person = line.person
        if person is None or record_type not in DECIDING:
            return
        after = identities(self.connection, person)
        if group and group != after:
            self._joined({*group, *after})
        if record_type == "Consent" or (group and group != after):
            for other in sorted({*group, *after} - {person}):
                self._log("choice", line._replace(person=other))
        if record_type in {"Patient", "Flag"}:
            effect_rows.put_agreements(self.connection, {*group, *after})
        self.deriver.decided({*group, *after})
        if set(group) - set(after):
            kept = replace(self, access=replace(self.access, types=None, writes=None, refused=frozenset()))
            for denial in list(parting.parted(self.connection, {*group, *after})):
                kept.put(prepare(Put(denial)))

    def _one_with(self, person: int | None) -> list[int]:
        """The other identities of a person."""
        return identities(self.connection, person)[1:] if person else []

    def _joined(self, persons: set[int]) -> None:
        """Who is one with whom has changed: each of their Consents takes effect for all its identities anew."""
        marks = ",".join("?" * len(persons))
        sql = (
            "SELECT r.no, r.person, c.body FROM record r JOIN type t ON t.no = r.type"
            " JOIN content c ON c.record = r.no"
            f" WHERE t.name = 'Consent' AND r.deleted = 0 AND r.person IN ({marks})"
        )
        for number, person, body in list(self.connection.execute(sql, sorted(persons))):
            effect_rows.put(self.connection, number, person, effects(orjson.loads(plain(body))))

    def _keeps(self, record_type: str) -> bool:
        """A Patient is deleted by operation only: every choice and every receipt of the person hangs on it."""
        return record_type == "Patient" and self.access.purpose is not Purpose.OPERATION

    def _others(self, number: int, version: int, prepared: Prepared) -> None:
        """The patients whom this version names beside the one it is about. Earlier versions name theirs still."""
        rows = [(number, version, self.interned.person(patient)) for patient in sorted(prepared.others)]
        if rows:
            self.connection.executemany("INSERT OR IGNORE INTO also_names VALUES (?, ?, ?)", rows)

    def _names_still(self, row: Row, version: int) -> None:
        """A record that is deleted is as hidden as it was: with whom it named last."""
        sql = (
            "INSERT INTO also_names SELECT record, ?, person FROM also_names WHERE record = ? AND version = ?"
        )
        self.connection.execute(sql, (version, row.no, row.version))

    def _check_put(self, prepared: Prepared, row: Row | None) -> None:
        record_type = prepared.type
        if not self.access.may_write(record_type):
            raise Forbidden("records-write-refused", type=record_type, role=self.access.reader.role)
        if row and not self._may_change(row, record_type):
            raise NotFound("records-not-found", type=record_type)
        if row and self._keeps_a_part(row, record_type):
            raise Forbidden("records-write-refused", type=record_type, role=self.access.reader.role)
        if prepared.put.expect == "present" and (row is None or row.deleted):
            raise NotFound("records-not-found", type=record_type)
        if self.access.purpose is not Purpose.OPERATION and (
            _empowers(prepared) or self._relinks(prepared, row)
        ):
            raise Forbidden("records-write-refused", type=record_type, role=self.access.reader.role)
        if row:
            self._check_match(record_type, row, prepared.put.if_match)
        elif prepared.put.if_match is not None:
            raise NotFound("records-not-found", type=record_type)
        if self.access.purpose is not Purpose.OPERATION and record_type not in SHARED_TYPES | {"Patient"}:
            self._check_patient(prepared)
            if row and row.person != self.interned.person(str(prepared.patient)):
                raise Invalid("records-person-changes", type=record_type)
        if record_type == "Consent":
            self._check_act(row, prepared.put.resource, prepared.patient)

    def _check_act(self, row: Row | None, after: dict[str, Any] | None, patient: str | None = None) -> None:
        person = self.interned.person(patient) if patient else row and row.person
        if person:
            before = self._present(row) if row else None
            check_act(self.connection, self.access, person, before, after)

    def _relinks(self, prepared: Prepared, row: Row | None) -> bool:
        """Whether a write would change who is one with whom, who stands in for whom, or the dates by which a person's
        own choices count; or take a power away that a record gives."""
        if prepared.type != "Patient":
            return row is not None and self._gives_power(row, prepared.type)
        after = prepared.put.resource
        if row is None:
            return bool(others_linked(after) or stand_ins_linked(after))
        before = self._present(row) or {"resourceType": "Patient"}
        return any(life(before) != life(after) for life in (others_linked, stand_ins_linked, _registered))

    def _stood_for(self, record_type: str, row: Row | None, after: dict[str, Any] | None = None) -> set[int]:
        """For whom a Patient stands in by a link to a RelatedPerson, before or after a write: their decision hangs on
        it. Call before the row is replaced."""
        if record_type != "Patient":
            return set()
        before = self._present(row) if row else None
        linked = {one for body in (before, after) if body for one in stand_ins_linked(body)}
        sql = "SELECT r.person FROM record r JOIN type t ON t.no = r.type WHERE t.name = 'RelatedPerson' AND r.id = ?"
        found = (row for one in sorted(linked) for row in self.connection.execute(sql, (one,)))
        return {one for (person,) in found if person for one in identities(self.connection, person)}

    def _present(self, row: Row) -> dict[str, Any] | None:
        """The present body; None where the record is deleted."""
        (body,) = next(self.connection.execute("SELECT body FROM content WHERE record = ?", (row.no,)))
        return None if body is None else orjson.loads(plain(body))

    def _gives_power(self, row: Row, record_type: str) -> bool:
        if record_type == "RelatedPerson":
            sql = "SELECT 1 FROM stand_in WHERE record = ?"
            return next(self.connection.execute(sql, (row.no,)), None) is not None
        if record_type != "Flag":
            return False
        body = self._present(row)
        return body is not None and incapable_of(body) is not None

    def _check_patient(self, prepared: Prepared) -> None:
        """A record must name a patient whom the writer may see: hidden and absent are refused alike."""
        standing = self.together.standing(self.access)
        if prepared.patient in standing.patients:
            return
        found = None
        if prepared.patient:
            predicate = standing.sees_patients(self.connection)
            sql = (
                f"SELECT 1 FROM record r WHERE r.type = ? AND r.id = ? AND r.deleted = 0 AND {predicate.sql}"
            )
            values = (self.interned.type("Patient"), prepared.patient, *predicate.values)
            found = next(self.connection.execute(sql, values), None)
        if found is None:
            raise Invalid("records-no-person", type=prepared.type)
        if self.together.trusts:
            standing.patients.add(str(prepared.patient))

    def _check_match(self, record_type: str, row: Row, asked: int | None) -> None:
        if asked is not None and asked != row.version:
            raise Conflict("records-version-conflict", type=record_type, present=row.version, asked=asked)

    def _may_change(self, row: Row, record_type: str) -> bool:
        """Whether the writer may see a record, and correct it: one refused is as absent as one that is hidden."""
        return self._sees(row.no, record_type) and self._sees(row.no, record_type, "correct")

    def _sees(self, number: int, record_type: str, action: Action | None = None) -> bool:
        predicate = visible(self.access, record_type, self.connection, action)
        if predicate == EVERYTHING:
            return True
        sql = f"SELECT 1 FROM record r WHERE r.no = ? AND {predicate.sql}"
        return next(self.connection.execute(sql, (number, *predicate.values)), None) is not None

    def _keeps_a_part(self, row: Row, record_type: str) -> bool:
        """Whether a part of the record is closed for the writer: a new version would lose it, and whether one is made
        would tell who guesses it right."""
        if not row.labels & PARTS:
            return False
        body = shown(self.access, record_type, self.connection)
        sql = f"SELECT {body.sql}, c.body FROM record r JOIN content c ON c.record = r.no WHERE r.no = ?"
        seen, whole = next(self.connection.execute(sql, (*body.values, row.no)))
        return whole is not None and plain(seen) != plain(whole)

    def _row(self, type_no: int, record_id: str) -> Row | None:
        sql = (
            "SELECT r.no, r.version, r.person, r.updated, r.labels, r.deleted, c.digest, c.keys FROM record r"
            " JOIN content c ON c.record = r.no WHERE r.type = ? AND r.id = ?"
        )
        found = next(self.connection.execute(sql, (type_no, record_id)), None)
        return Row(*found) if found else None

    def _insert(self, type_no: int, record_id: str, values: Values, content: Content) -> int:
        self.connection.execute(
            "INSERT INTO record (no, type, id, version, person, main_date, main_length, updated, labels, deleted)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number := self.together.number() if self.together.pending is not None else None,
                type_no,
                record_id,
                *values,
            ),
        )
        number = number or int(self.connection.last_insert_rowid())
        self.connection.execute("INSERT INTO content VALUES (?, ?, ?, ?)", (number, *content))
        return number

    def _replace(self, row: Row, values: Values, content: Content) -> None:
        self.connection.execute(
            "INSERT INTO superseded SELECT r.no, r.version, r.person, r.updated, r.labels | ?, r.deleted, c.body"
            " FROM record r JOIN content c ON c.record = r.no WHERE r.no = ?",
            (ALL_CHOSEN, row.no),
        )
        self._unindex(row)
        self.connection.execute(
            "UPDATE record SET version = ?, person = ?, main_date = ?, main_length = ?, updated = ?, labels = ?,"
            " deleted = ? WHERE no = ?",
            (*values, row.no),
        )
        sql = "UPDATE content SET digest = ?, keys = ?, body = ? WHERE record = ?"
        self.connection.execute(sql, (*content, row.no))

    def _unindex(self, row: Row) -> None:
        keys = unpacked(row.keys)
        self.deriver.unlocal(row.no, row.person, row.labels, keys.terms)
        index.take(self.connection, row.no, keys)
        if self.indexing.full_text and not row.deleted:
            fulltext.take(self.connection, row.no)

    def _log(self, kind: str, line: Line) -> None:
        self.connection.execute(
            "INSERT INTO change (kind, subject, version, person, at) VALUES (?, ?, ?, ?, ?)", (kind, *line)
        )


def _empowers(prepared: Prepared) -> bool:
    """Whether a record gives somebody power over a person's choices: who may act for them, and that they cannot."""
    if prepared.type not in {"RelatedPerson", "Flag"}:
        return False
    resource = {**prepared.put.resource, "id": prepared.id}
    return (prepared.type == "RelatedPerson" and stand_of(resource) is not None) or (
        prepared.type == "Flag" and incapable_of(resource) is not None
    )


def _registered(patient: dict[str, Any]) -> list[Any]:
    """Birth and death: whether a person was of age, alive or a minor when they chose hangs on them."""
    return [patient.get(name) for name in ("birthDate", "deceasedBoolean", "deceasedDateTime")]


def _now(row: Row | None) -> int:
    """The time of this version, never before the one that it follows."""
    now = int(time.time() * 1000)
    return max(now, row.updated + 1) if row else now
