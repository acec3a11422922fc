"""Who is who in this store: the records that say for whom an account reads, and who is in the teams that Consents name.

They are asked on the connection that runs a statement, in its snapshot: what a reader is, and what may be read, are of
one version. What was found is kept for as long as no such record changes, told by the change log.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import apsw
import orjson

from camphora.policy import Access, HiddenSet, Purpose
from camphora.policy.actors import READERS, TEAMS, TYPES, identifiers_of, known
from camphora.policy.asking import Asker
from camphora.policy.choices import RESTRICTED, restricted
from camphora.records.bodies import plain
from camphora.records.derived import stand_ins_linked
from camphora.records.deriving import identities

KEPT = 4096
MOST_CHANGES = 2_000
"""So many changes are looked through for one of these types; after more, it is taken that there was one."""
WEIGHING = frozenset({Purpose.CARE, Purpose.SECONDARY, Purpose.SELF})
"""The purposes for which Consents are weighed."""
BODIES = "JOIN content c ON c.record = r.no WHERE r.deleted = 0"
Json = dict[str, Any]


class StoreRegister:
    """The register of a store, in the snapshot of a connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def record(self, reference: str) -> Json | None:
        kind, _, key = reference.partition("/")
        sql = f"SELECT c.body FROM type t JOIN record r ON r.type = t.no {BODIES} AND t.name = ? AND r.id = ?"
        return next(self._bodies(sql, kind, key), None)

    def bearing(self, identifier: str) -> Iterator[Json]:
        system, _, value = identifier.rpartition("|")
        for kind in sorted(READERS | TEAMS):
            for each in self._indexed(kind, "identifier", system, value):
                if identifier in identifiers_of(each):
                    yield each

    def roles(self, practitioner: str) -> Iterator[Json]:
        yield from self._indexed("PractitionerRole", "practitioner", *practitioner.split("/"))

    def same(self, patient: str) -> Iterator[str]:
        sql = "SELECT no FROM person WHERE patient = ?"
        row = next(self._connection.execute(sql, (patient.removeprefix("Patient/"),)), None)
        persons = identities(self._connection, row[0]) if row else []
        marks = ",".join("?" * len(persons))
        sql = f"SELECT patient FROM person WHERE no IN ({marks})"
        names = {f"Patient/{name}" for (name,) in self._connection.execute(sql, persons)} | {patient}
        for name in sorted(names):
            linked = stand_ins_linked(self.record(name) or {})
            names |= {f"RelatedPerson/{one}" for one in linked}
            sql = "SELECT r.id FROM stand_in s JOIN record r ON r.no = s.record WHERE s.who = ?"
            names |= {f"RelatedPerson/{one}" for (one,) in self._connection.execute(sql, (name,))}
        yield from sorted(names - {patient})

    def _indexed(self, kind: str, code: str, system: str, value: str) -> Iterator[Json]:
        """The records of a type that are found under a term."""
        sql = (
            "SELECT c.body FROM type t JOIN param q ON q.type = t.no AND q.code = ?"
            " JOIN text x ON x.text = ? JOIN term m ON m.param = q.no AND m.code = ? AND m.system = x.no"
            f" JOIN posting p ON p.term = m.no JOIN record r ON r.no = p.record {BODIES} AND t.name = ?"
            " ORDER BY r.no"
        )
        return self._bodies(sql, code, system, value, kind)

    def _bodies(self, sql: str, *values: object) -> Iterator[Json]:
        for (body,) in list(self._connection.execute(sql, values)):
            yield orjson.loads(plain(body))


class _Checked(NamedTuple):
    """Up to which change was looked, and the last one of these types."""

    through: int
    relevant: int


class _Known(NamedTuple):
    """`asked`: the very Access that came, held so that no other takes its place in memory."""

    asked: Access
    access: Access
    version: int
    since: int
    until: int


class Readers:
    """Accesses with all names of their readers, for all threads."""

    def __init__(self) -> None:
        self._checked: dict[str, _Checked] = {}
        self._kept: OrderedDict[tuple[str, Access], _Known] = OrderedDict()
        self._near: dict[tuple[str, int], _Known] = {}
        self._lock = threading.Lock()

    def version(self, connection: apsw.Connection, person: str | None, last: int | None = None) -> int | None:
        """The last change that may give a reader another name, or a team another member, in the connection's snapshot;
        for a citizen, whose `person` it is, any change. None where nothing may be kept: in a snapshot older than the
        last one that was looked at. `last`: the snapshot's last change, where it is known."""
        last = _last(connection) if last is None else last
        if person is not None:
            return last
        name = _place(connection)
        held = self._checked.get(name)
        if held is None or held.through > last:
            return None if held else self._check(name, _Checked(last, last))
        if held.through == last:
            return held.relevant
        many = last - held.through > MOST_CHANGES
        found = last if many else _last_of_types(connection, held.through, last)
        return self._check(name, _Checked(last, found or held.relevant))

    def forget(self, connection: apsw.Connection) -> None:
        """What was found in the keeper goes: it rested on changes that are taken back, and others get their numbers."""
        name = _place(connection)
        with self._lock:
            self._checked.pop(name, None)
            self._near.clear()
            for key in [each for each in self._kept if each[0] == name]:
                del self._kept[key]

    def _check(self, name: str, made: _Checked) -> int:
        with self._lock:
            held = self._checked.get(name)
            if held is None or held.through < made.through:
                self._checked[name] = made
        return made.relevant

    def known(self, access: Access, connection: apsw.Connection, now: int, last: int | None = None) -> Access:
        """The Access of a reader with every name that this version of the store gives them, and with the sets of those
        who refuse an organisation of theirs. `last` as in `version`."""
        if access.purpose not in WEIGHING or access.ground in {"deciding", "follower", "loading"}:
            return access
        version = self.version(connection, access.reader.person, last)
        if version is None:
            return _known(access, connection, now)[0]
        name = _place(connection)
        near = self._near.get((name, id(access)))
        if near is not None and near.version == version and near.since <= now < near.until:
            return near.access
        with self._lock:
            held = self._kept.get((name, access))
        if held is None or held.version != version or not held.since <= now < held.until:
            made, until = _known(access, connection, now)
            held = _Known(access, made, version, now, until)
        with self._lock:
            self._kept[name, access] = held
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            if len(self._near) >= KEPT:
                self._near.clear()
            self._near[name, id(access)] = held._replace(asked=access)
        return held.access

    def guessed(self, access: Access, connection: apsw.Connection, now: int) -> _Known | None:
        """What `known` last gave of this Access, without a look at the store: whoever goes by it asks `holds` then."""
        near = self._near.get((_place(connection), id(access)))
        return near if near is not None and near.since <= now < near.until else None

    def holds(self, guess: _Known, connection: apsw.Connection, last: int | None) -> bool:
        """Whether a guess was right in a snapshot whose last change this is; None: in the connection's own."""
        return self.version(connection, guess.asked.reader.person, last) == guess.version


READING = Readers()


def _place(connection: apsw.Connection) -> str:
    """A store's file; apart from it the keeper, who sees what is not committed yet."""
    return connection.filename if connection.readonly("main") else f"keeper of {connection.filename}"


def _last(connection: apsw.Connection) -> int:
    (last,) = next(connection.execute("SELECT coalesce(max(no), 0) FROM change"))
    return int(last)


def _last_of_types(connection: apsw.Connection, after: int, last: int) -> int | None:
    marks = ",".join("?" * len(TYPES))
    sql = (
        "SELECT max(g.no) FROM change g JOIN record r ON r.no = g.subject JOIN type t ON t.no = r.type"
        f" WHERE g.no > ? AND g.no <= ? AND t.name IN ({marks})"
    )
    (found,) = next(connection.execute(sql, (after, last, *sorted(TYPES))))
    return None if found is None else int(found)


def _known(access: Access, connection: apsw.Connection, now: int) -> tuple[Access, int]:
    reader = access.reader
    named = reader.reference is not None or reader.person is not None
    asker, until = known(access.asker, StoreRegister(connection), now, named=named)
    if asker == access.asker:
        return access, until
    told = replace(reader, reference=asker.id, memberships=asker.memberships, identifiers=asker.identifiers)
    return replace(access, reader=told, hidden=_refusing(access, asker)), until


def _refusing(access: Access, asker: Asker) -> tuple[HiddenSet, ...]:
    """The sets of the Access, with those of who refuses an organisation that the store knows the reader to be of."""
    if not any(each.name.startswith(RESTRICTED) for each in access.hidden):
        return access.hidden
    names = sorted(each.partition("/")[2] for each in asker.memberships if each.startswith("Organization/"))
    return tuple(dict.fromkeys([*access.hidden, *(HiddenSet(restricted(name)) for name in names)]))
