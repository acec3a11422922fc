"""The compiled decision inside a statement: SQL functions that judge one row, for persons whose Consents say more than
sets can, and that redact the parts of a record.

`judged(judge, person, labels, body)` and `redacted(judge, person, labels, body)` take a `Judge`, which knows the Access
and the moment, as a pointer, and read the person's Consents on the connection that runs the statement: in its snapshot.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import apsw
import orjson

from camphora.fhir import json as fhir_json
from camphora.policy import Access
from camphora.policy.asking import Action, Asked, Asker, Decision, Facts, Span, StandIn, Whom
from camphora.policy.compiling import Compiled
from camphora.policy.compiling import compile as compile_policy
from camphora.policy.facts import FactsOnDemand, facts_of, own_labels, parts_of, without
from camphora.policy.labels import MARKS, NOTIFIABLE, Rules, labels_in
from camphora.policy.lives import Life
from camphora.policy.policy import Policy
from camphora.policy.vocabulary import Purpose, Role
from camphora.records.bodies import plain
from camphora.records.derived import area_code, incapable_of, stand_of
from camphora.records.deriving import identities
from camphora.records.keys import holds, unpacked

KEPT = 4096
"""Compiled policies kept in memory, the ones used last; and as many requests settled by them."""
NEVER = 1 << 62
COARSE = frozenset({"ETH"})
"""Labels whose bit stands for finer ones too (ETHUD, OPIOIDUD): a record with one is labelled again, in full."""
Permits = Callable[[Facts | None], bool]
Json = dict[str, Any]


class Opened(apsw.Connection):
    """A connection of a store that goes by a policy: what is decided on it is decided by that one."""

    policy: Policy


def policy_of(connection: apsw.Connection) -> Policy:
    assert isinstance(connection, Opened)
    return connection.policy


class CompiledPersons:
    """Compiled policies by person and version of the person's choices, for all threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, int, int], Compiled] = OrderedDict()
        self._settled: OrderedDict[tuple[int, Access, Action], _Settled] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, connection: apsw.Connection, person: int) -> Compiled:
        """The compiled policy of a person as the connection's snapshot has it. What the keeper sees is not kept: it may
        be rolled back, and the number of its version given to another change."""
        policy = policy_of(connection)
        if not connection.readonly("main"):
            return compile_policy(whom_of(connection, person), policy)
        (version,) = next(connection.execute("SELECT choices FROM person WHERE no = ?", (person,)))
        key = (connection.filename, person, version, id(policy))
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = compile_policy(whom_of(connection, person), policy)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def permits(self, connection: apsw.Connection, person: int, access: Access, asked: Asked) -> Permits:
        """What an Access may see of a person, settled once for as long as no moment comes at which it may turn out
        otherwise. What stands on a basis or an emergency is settled each time."""
        compiled = self.of(connection, person)
        if access.basis or access.emergency or not connection.readonly("main"):
            return compiled.permits(asked)
        key = (id(compiled), access, asked.action)
        with self._lock:
            found = self._settled.get(key)
            if found is not None and found.since <= asked.at < found.until:
                self._settled.move_to_end(key)
                return found.permits
        moments = compiled.moments()
        after = bisect_right(moments, asked.at)
        until = moments[after] if after < len(moments) else NEVER
        made = _Settled(compiled, asked.at, until, compiled.permits(asked))
        with self._lock:
            self._settled[key] = made
            while len(self._settled) > KEPT:
                self._settled.popitem(last=False)
        return made.permits


class _Settled(NamedTuple):
    """A settled request and from when up to when it holds. It holds its policy, by whose identity it is kept."""

    compiled: Compiled
    since: int
    until: int
    permits: Permits


PERSONS = CompiledPersons()


class Judge:
    """One Access at one moment, over records of one type. Made for a statement and dropped with it. `action`: what is
    done with them; where none is named, a question over many is `use` and everything else `access`."""

    def __init__(
        self, access: Access, record_type: str, connection: apsw.Connection, action: Action | None = None
    ) -> None:
        self.access = access
        self.type = record_type
        self.connection = connection
        self.now = int(time.time() * 1000)
        self.action: Action = action or ("use" if access.purpose is Purpose.SECONDARY else "access")
        self._permits: dict[int, Permits] = {}

    @cached_property
    def asked(self) -> Asked:
        return self.access.asked(self.action, self.now)

    def _compiled(self, person: int) -> Compiled:
        return PERSONS.of(self.connection, person)

    def permits(self, person: int, labels: int, body: bytes | None) -> bool:
        found = self._permits.get(person)
        if found is None:
            found = PERSONS.permits(self.connection, person, self.access, self.asked)
            self._permits[person] = found
        return found(self._row(person, labels, body))

    def denies(self, person: int) -> bool:
        """Whether all records of a person are denied alike, whatever they say."""
        found = self._compiled(person)
        by_record = any(each.root.weighs_records() for each in found.consents)
        return not by_record and not found.judge(self.asked)(None).permitted

    def closes(self, person: int) -> bool:
        """Whether a Consent denies this Access some of a person's records."""
        return self._compiled(person).closes_records(self.asked)

    def decide(self, person: int, labels: int, body: bytes | None) -> Decision:
        return self._compiled(person).judge(self.asked)(self.facts(person, labels, body))

    def facts(self, person: int, labels: int, body: bytes | None) -> Facts:
        """The facts of a row. A deleted record has its type and labels still."""
        row = self._row(person, labels, body)
        return facts_of(row.resource, row.labels, notifiable=row.notifiable)

    def _row(self, person: int, labels: int, body: bytes | None) -> FactsOnDemand:
        def notifiable() -> bool:
            if self.type == "Patient":
                return has_notifiable(self.connection, person)
            return bool(labels & NOTIFIABLE)

        said = None if body is None else plain(body)
        return FactsOnDemand(self.type, said, lambda row: _labels(labels, row), notifiable)

    def redacted(self, person: int, labels: int, body: bytes) -> bytes:
        """The body, packed or not, without the parts that the decision takes out or masks."""
        body = plain(body)
        decision = self.decide(person, labels, body)
        taken = [each.path for each in decision.obligations if each.kind in {"redact", "mask"} and each.path]
        paths = taken if decision.permitted else [part.path for part in parts_of(orjson.loads(body))]
        if not paths:
            return body
        return fhir_json.write(without(fhir_json.parse(body, exact=True), paths, named=True))


def _labels(mask: int, row: FactsOnDemand) -> frozenset[str]:
    """All labels of a row. One without any bit has none in its body either."""
    if not mask & ~MARKS:
        return frozenset()
    given = labels_in(mask) | own_labels(row.resource)
    if given & COARSE:
        given |= {one.label for one in Rules.bundled().of(row.resource) if one.label}
    return given


def register(connection: apsw.Connection) -> None:
    """Make the functions known to a connection."""

    def judged(*row: Any) -> bool:
        judge, *values = row
        return bool(judge.permits(*values))

    def redacted(*row: Any) -> bytes:
        judge, *values = row
        return bytes(judge.redacted(*values))

    def held(*row: Any) -> bool:
        keys, param = row
        return holds(keys, param)

    connection.create_scalar_function("judged", judged, 4)
    connection.create_scalar_function("redacted", redacted, 4)
    connection.create_scalar_function("holds", held, 2, deterministic=True)
    connection.create_scalar_function("terms_in", _terms_in, 1, deterministic=True)


def _terms_in(*row: Any) -> str:
    """The numbers of the terms under which a record is found, as a JSON array, from its keys."""
    (keys,) = row
    return orjson.dumps(unpacked(keys).terms).decode()


def has_closed(access: Access, person: int, connection: apsw.Connection) -> bool:
    """Whether something of a person is closed for this Access now: by a set, or by a Consent that is judged."""
    judge = Judge(access, "Patient", connection)
    names = [each.name for each in access.closed]
    rows = "FROM {} WHERE person = ? AND since <= ? AND (until IS NULL OR until > ?)"
    held = (person, judge.now, judge.now)
    named = f"SELECT 1 {rows.format('closed')} AND name IN ({','.join('?' * len(names))})"
    if next(connection.execute(named, (*held, *names)), None) is not None:
        return True
    rules = next(connection.execute(f"SELECT 1 {rows.format('ruled')}", held), None)
    return rules is not None and judge.closes(person)


def has_notifiable(connection: apsw.Connection, person: int) -> bool:
    sql = f"SELECT 1 FROM record WHERE person = ? AND labels >= {NOTIFIABLE} AND deleted = 0 LIMIT 1"
    return next(connection.execute(sql, (person,)), None) is not None


def whom_of(connection: apsw.Connection, person: int) -> Whom:
    """The person as a decision sees them, with the Consents of every identity, in the connection's snapshot."""
    row = next(connection.execute("SELECT patient, area, choices FROM person WHERE no = ?", (person,)))
    own = identities(connection, person)
    bodies = {
        kind: _bodies(connection, own, kind) for kind in ("Patient", "RelatedPerson", "Flag", "Consent")
    }
    patient = next((body for body in bodies["Patient"] if body["id"] == row[0]), {})
    placed = _places(connection, own)
    died = _died(patient)
    return Whom(
        id=f"Patient/{row[0]}",
        identifiers=tuple(dict.fromkeys(i for body in bodies["Patient"] for i in _identifiers(body))),
        born=patient.get("birthDate"),
        died=died,
        area=area_code(row[1]),
        institutions=frozenset(place for place in placed if place.startswith("Organization/")),
        wards=frozenset(place for place in placed if place.startswith("Location/")),
        incapable=tuple(found for flag in bodies["Flag"] if (found := incapable_of(flag))),
        stand_ins=tuple(_stand_ins(connection, bodies["RelatedPerson"])),
        consents=tuple(bodies["Consent"]),
        version=row[2],
    )


def _bodies(connection: apsw.Connection, persons: list[int], kind: str) -> list[Json]:
    sql = (
        "SELECT c.body FROM record r JOIN type t ON t.no = r.type JOIN content c ON c.record = r.no"
        f" WHERE t.name = ? AND r.deleted = 0 AND r.person IN ({','.join('?' * len(persons))}) ORDER BY r.no"
    )
    return [orjson.loads(plain(body)) for (body,) in connection.execute(sql, (kind, *persons))]


def _places(connection: apsw.Connection, persons: list[int]) -> frozenset[str]:
    sql = f"SELECT DISTINCT place FROM seen_at WHERE person IN ({','.join('?' * len(persons))})"
    return frozenset(place for (place,) in connection.execute(sql, persons))


def _identifiers(patient: Json) -> list[str]:
    found = patient.get("identifier", [])
    return [f"{each.get('system', '')}|{each['value']}" for each in found if "value" in each]


def _died(patient: Json) -> str | None:
    """The date of death; where a record only says that the person died, the day on which it said so."""
    if "deceasedDateTime" in patient:
        return str(patient["deceasedDateTime"])
    return patient["meta"]["lastUpdated"][:10] if patient.get("deceasedBoolean") is True else None


def _stand_ins(connection: apsw.Connection, related: list[Json]) -> list[StandIn]:
    found: list[StandIn] = []
    for body in related:
        stand = stand_of(body)
        if stand is not None:
            span: Span = (stand.since, stand.until)
            found += [StandIn(stand.kind, who, span) for who in _named(connection, body["id"], stand.who)]
    return found


def _named(connection: apsw.Connection, related: str, who: tuple[str, ...]) -> tuple[str, ...]:
    """The references of a stand-in, with the Patient that links to the RelatedPerson as to itself."""
    sql = (
        "SELECT r.id FROM type t JOIN param q ON q.type = t.no AND q.code = 'link' JOIN term m ON m.param = q.no"
        " AND m.code = ? JOIN text x ON x.no = m.system AND x.text = 'RelatedPerson'"
        " JOIN posting p ON p.term = m.no JOIN record r ON r.no = p.record"
        " WHERE t.name = 'Patient' AND r.deleted = 0"
    )
    linked = (f"Patient/{name}" for (name,) in connection.execute(sql, (related,)))
    return tuple(dict.fromkeys((*who, *linked)))


def stood_for(connection: apsw.Connection, who: str, now: int) -> list[str]:
    """The Patient ids of those for whom this reference may read now: minors and the incapable, by their guardian; the
    incapable by their proxy."""
    majority = policy_of(connection)["ages.majority"]
    names = [who, *_links(connection, who)]
    marks = ",".join("?" * len(names))
    sql = (
        "SELECT DISTINCT s.person, p.patient FROM stand_in s JOIN person p ON p.no = s.person"
        f" WHERE s.who IN ({marks})"
    )
    found: list[str] = []
    for person, patient in list(connection.execute(sql, names)):
        life = Life.of(whom_of(connection, person))
        unable = life.unable(now)
        guarded = (unable or life.minor(majority, now)) and life.acting("guardian", names, now)
        if guarded or (unable and life.acting("proxy", names, now)):
            found.append(patient)
    return found


def lets_in(connection: apsw.Connection, person: int, relative: str, now: int) -> bool:
    """Whether a person's Consents let this relative know them now: given by somebody who could, not denied since."""
    reader = Asker(relative, Role.CITIZEN, relative)
    asked = Asked(reader, ("FAMRQT",), "access", now)
    return PERSONS.of(connection, person).judge(asked)(None).permitted


def _links(connection: apsw.Connection, who: str) -> list[str]:
    """The RelatedPersons to whom a Patient links as to themselves."""
    sql = (
        "SELECT c.body FROM record r JOIN type t ON t.no = r.type JOIN content c ON c.record = r.no"
        " WHERE t.name = 'Patient' AND r.id = ? AND r.deleted = 0"
    )
    bodies = connection.execute(sql, (who.removeprefix("Patient/"),))
    named = (
        link.get("other", {}).get("reference", "")
        for (body,) in bodies
        for link in orjson.loads(plain(body)).get("link", ())
    )
    return [name for name in named if name.startswith("RelatedPerson/")]
