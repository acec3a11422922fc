"""The compiled decision inside a statement: SQL functions that judge one row, for persons whose Consents say more than
sets can, and that redact the parts of a record.

`judged(judge, person, no, version, labels, body)` and `redacted(judge, person, labels, body)` take a `Judge`, which
knows the Access and the moment, as a pointer, and read the person's Consents on the connection that runs the statement:
in its snapshot. `remembered(judge, person, no, version, labels)` is what `judged` said of a version before, NULL where
it said nothing: a version never changes, and what decides about it is kept by the version of its person's choices.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import apsw
import orjson

from camphora.fhir import json as fhir_json
from camphora.policy import Access
from camphora.policy.actors import known, teams, told
from camphora.policy.asking import Action, Asked, Asker, Decision, Facts, Span, StandIn, Whom
from camphora.policy.compiling import Compiled
from camphora.policy.compiling import compile as compile_policy
from camphora.policy.facts import FactsOnDemand, facts_of, own_labels, parts_of, without
from camphora.policy.labels import MARKS, NOTIFIABLE, Rules, labels_in
from camphora.policy.lives import Life
from camphora.policy.policy import Policy
from camphora.policy.vocabulary import Purpose, Role, label_mask
from camphora.records.bodies import plain
from camphora.records.derived import area_code, incapable_of, stand_of
from camphora.records.deriving import identities
from camphora.records.keys import holds, unpacked
from camphora.records.registers import READING, StoreRegister

KEPT = 4096
"""Compiled policies kept in memory, the ones used last; and as many requests settled by them."""
MOST_SAID = 100_000
"""So many answers about versions are remembered, some 20 MB; then all settled requests are made anew."""
NEVER = 1 << 62
COARSE = frozenset({"ETH"})
"""Labels whose bit stands for finer ones too (ETHUD, OPIOIDUD): of a record with one they are asked in full."""
COARSE_BITS = label_mask((*COARSE, "OTHER"))
Permits = Callable[[Facts | None], bool]
Said = dict[tuple[int, int, int], bool]
"""What was decided about versions: by the number of the record, its own, and its labels."""
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
        self._settled: OrderedDict[tuple[int, Access, Action, int], _Settled] = OrderedDict()
        self._said = 0
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

    def settled(
        self,
        connection: apsw.Connection,
        person: int,
        access: Access,
        asked: Asked,
        last: int | None = None,
    ) -> _Settled:
        """What an Access may see of a person, settled once for as long as no moment comes at which it may turn out
        otherwise, and no team that their Consents name changes. What stands on a basis or an emergency is settled each
        time. `last`: the last change of the connection's snapshot, where it is known."""
        compiled = self.of(connection, person)
        version = READING.version(connection, asked.reader.person, last) if compiled.named else 0
        if access.basis or access.emergency or version is None or not connection.readonly("main"):
            alone, _ = with_teams(connection, compiled, asked)
            return _Settled(compiled, asked.at, asked.at, compiled.permits(alone), None)
        key = (id(compiled), access, asked.action, version)
        with self._lock:
            found = self._settled.get(key)
            if found is not None and found.since <= asked.at < found.until:
                self._settled.move_to_end(key)
                return found
        moments = compiled.moments()
        after = bisect_right(moments, asked.at)
        whole, until = with_teams(connection, compiled, asked)
        until = min(until, moments[after] if after < len(moments) else NEVER)
        made = _Settled(compiled, asked.at, until, compiled.permits(whole), {})
        with self._lock:
            self._settled[key] = made
            while len(self._settled) > KEPT:
                self._settled.popitem(last=False)
        return made

    def said(self, settled: _Settled, version: tuple[int, int, int], answer: bool) -> None:
        """Remember what was decided about a version: its record's number, its own, and its labels."""
        if settled.said is None:
            return
        settled.said[version] = answer
        self._said += 1
        if self._said > MOST_SAID:
            with self._lock:
                self._settled.clear()
                self._said = 0


class _Settled(NamedTuple):
    """A settled request and from when up to when it holds. It holds its policy, by whose identity it is kept. `said`:
    what was decided about versions (`CompiledPersons.said`); None where nothing is remembered."""

    compiled: Compiled
    since: int
    until: int
    permits: Permits
    said: Said | None


PERSONS = CompiledPersons()


def with_teams(connection: apsw.Connection, compiled: Compiled, asked: Asked) -> tuple[Asked, int]:
    """A request about this person, with the teams of their Consents in which its reader is, as the snapshot of the
    connection has them; and up to when they hold by time alone."""
    if not compiled.named or compiled.whom is None:
        return asked, NEVER
    mine = {compiled.whom.id, *(each.person for each in compiled.consents if each.person)}
    found = teams(asked.reader, compiled.named, mine, StoreRegister(connection), asked.at)
    return replace(asked, reader=told(asked.reader, found)), found.until


class Judge:
    """One Access at one moment, over records of one type. Made for the statements of one snapshot and dropped with
    them. `action`: what is done with them; where none is named, a question over many is `use` and everything else
    `access`. `last`: the last change of the snapshot, where it is known."""

    def __init__(
        self,
        access: Access,
        record_type: str,
        connection: apsw.Connection,
        action: Action | None = None,
        last: int | None = None,
    ) -> None:
        self.access = access
        self.type = record_type
        self.connection = connection
        self.last = last
        self.now = int(time.time() * 1000)
        self.action: Action = action or ("use" if access.purpose is Purpose.SECONDARY else "access")
        self._settled: dict[int, _Settled] = {}

    @cached_property
    def known(self) -> Access:
        """The Access with every name of its reader, in the snapshot of the statement that judges."""
        return READING.known(self.access, self.connection, self.now, self.last)

    @cached_property
    def asked(self) -> Asked:
        return self.known.asked(self.action, self.now)

    def _compiled(self, person: int) -> Compiled:
        return PERSONS.of(self.connection, person)

    def _asked_of(self, compiled: Compiled) -> Asked:
        return with_teams(self.connection, compiled, self.asked)[0]

    def _settle(self, person: int) -> _Settled:
        found = self._settled.get(person)
        if found is None:
            found = PERSONS.settled(self.connection, person, self.known, self.asked, self.last)
            self._settled[person] = found
        return found

    def said(self, person: int) -> Said | None:
        """What is remembered of a person's records."""
        return (self._settled.get(person) or self._settle(person)).said

    def permits(self, person: int, number: int, version: int, labels: int, body: bytes | None) -> bool:
        settled = self._settle(person)
        answer = settled.permits(self._row(person, labels, body))
        # Whether a Patient is notifiable, and what follows in full, hangs on other records.
        if self.type != "Patient" and not labels & COARSE_BITS:
            PERSONS.said(settled, (number, version, labels), answer)
        return answer

    def denies(self, person: int) -> bool:
        """Whether all records of a person are denied alike, whatever they say."""
        found = self._compiled(person)
        by_record = any(each.root.weighs_records() for each in found.consents)
        return not by_record and not found.judge(self._asked_of(found))(None).permitted

    def closes(self, person: int) -> bool:
        """Whether a Consent denies this Access some of a person's records."""
        compiled = self._compiled(person)
        return compiled.closes_records(self._asked_of(compiled))

    def decide(self, person: int, labels: int, body: bytes | None) -> Decision:
        compiled = self._compiled(person)
        return compiled.judge(self._asked_of(compiled))(self.facts(person, labels, body))

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
        return FactsOnDemand(self.type, said, lambda row: self._labels(labels, row), notifiable)

    def _labels(self, mask: int, row: FactsOnDemand) -> frozenset[str]:
        """All labels of a row. One without any bit has none in its body either."""
        if not mask & ~MARKS:
            return frozenset()
        given = labels_in(mask) | own_labels(row.resource)
        if given & COARSE:
            given |= {one.label for one in Rules.bundled().of(row.resource) if one.label}
        return given | self._by_rule(row.id) if mask & COARSE_BITS else given

    def _by_rule(self, record_id: str) -> frozenset[str]:
        """The labels that are kept beside a record: those that it bears by another one, in full, too."""
        sql = (
            "SELECT u.label FROM type t JOIN record r ON r.type = t.no AND r.id = ?"
            " JOIN labelled l ON l.record = r.no JOIN rule u ON u.no = l.rule WHERE t.name = ?"
        )
        return frozenset(label for (label,) in self.connection.execute(sql, (record_id, self.type)) if label)

    def redacted(self, person: int, labels: int, body: bytes) -> bytes:
        """The body, packed or not, without the parts that the decision takes out or masks."""
        body = plain(body)
        decision = self.decide(person, labels, body)
        taken = [each.path for each in decision.obligations if each.kind in {"redact", "mask"} and each.path]
        paths = taken if decision.permitted else [part.path for part in parts_of(orjson.loads(body))]
        if not paths:
            return body
        return fhir_json.write(without(fhir_json.parse(body, exact=True), paths, named=True))


def register(connection: apsw.Connection) -> None:
    """Make the functions known to a connection."""

    def judged(*row: Any) -> bool:
        judge, *values = row
        return bool(judge.permits(*values))

    def remembered(*row: Any) -> bool | None:
        said: Said | None = row[0].said(row[1])
        return said.get(row[2:]) if said else None

    def redacted(*row: Any) -> bytes:
        judge, *values = row
        return bytes(judge.redacted(*values))

    def held(*row: Any) -> bool:
        keys, param = row
        return holds(keys, param)

    connection.create_scalar_function("judged", judged, 6)
    connection.create_scalar_function("remembered", remembered, 5)
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
    reader, _ = known(Asker(relative, Role.CITIZEN, relative), StoreRegister(connection), now)
    compiled = PERSONS.of(connection, person)
    asked, _ = with_teams(connection, compiled, Asked(reader, ("FAMRQT",), "access", now))
    return compiled.judge(asked)(None).permitted


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
