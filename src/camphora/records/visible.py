"""Law and consent as a predicate: the part of every statement that reads records.

There is one function, so that no path can forget it. It speaks about a row `r` of the present records, with the
columns no, version, person and labels; `of_versions` makes it speak of superseded ones. Persons whose choices are sets
are joined; persons whose Consents say more are judged row by row by the compiled decision, inside the same statement
(docs/decisions/0007-judged-in-the-query.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

import apsw

from camphora.errors import Forbidden
from camphora.policy import Access, notifying, work
from camphora.policy.access import HiddenSet
from camphora.policy.admission import SHARED_TYPES
from camphora.policy.asking import Action, Emergency, Scope
from camphora.policy.choices import RESTRICTED
from camphora.policy.labels import CHOSEN, NOTIFIABLE, OTHERS, PARTS, REFUSING, RULED
from camphora.policy.vocabulary import Purpose
from camphora.records.bearers import first_bearer
from camphora.records.derived import area_range
from camphora.records.deriving import identities
from camphora.records.judging import Judge, policy_of
from camphora.records.remembering import by_access
from camphora.records.terms import Names

NOWHERE = "0"
ROW = re.compile(r"\br\.")
BREAKING = "BTG"
"""The purpose that stands on a declared emergency alone."""
SMALL_SET = 4_096
"""Up to so many rows that say who is hidden or judged are read once for all of a long list."""
WITHIN = "{0}.since <= ? AND ({0}.until IS NULL OR {0}.until > ?)"


class Predicate(NamedTuple):
    """SQL that stands after AND, and its parameters."""

    sql: str
    values: list[object]


EVERYTHING = Predicate("1", [])


def require_type(access: Access, record_type: str) -> None:
    """Refuse a type that the Access does not cover, and secondary use, which asks questions and reads no record.
    It says nothing about any person."""
    if access.purpose is Purpose.SECONDARY:
        raise Forbidden("records-secondary-by-question", role=access.reader.role)
    if not access.covers(record_type):
        raise Forbidden("records-type-refused", type=record_type, role=access.reader.role)


def visible(
    access: Access,
    record_type: str,
    connection: apsw.Connection,
    action: Action | None = None,
    *,
    row: str = "r",
    area: str | None = None,
    many: bool = False,
    judge: Judge | None = None,
) -> Predicate:
    """Which rows of this type the Access may see, at this moment; or, where an action is named, do that with. `row`:
    the alias under which the statement has them; `area`: the column that holds where the row's person lives, where the
    statement has one; `many`: it goes over so many rows that a hidden set of at most `SMALL_SET` is read once for
    all; `judge`: who judges in the other statements of this snapshot."""
    if access.ground == work.GROUND:
        return _of(row, _of_work(access, record_type))
    return _of(row, _visible(access, record_type, connection, action, area, many=many, judge=judge))


def _of_work(access: Access, record_type: str) -> Predicate:
    """Records of work about nobody, of the places that the reader's areas hold; whatever names a patient is not one."""
    starts = work.beginnings(access.scope) if record_type in work.TYPES else []
    tests = " OR ".join("substr(w.id, 1, ?) = ?" for _ in starts) or NOWHERE
    sql = (
        f"r.person IS NULL AND (r.labels & {OTHERS}) = 0 AND (SELECT {tests} FROM record w WHERE w.no = r.no)"
    )
    return Predicate(sql, [value for each in starts for value in (len(each), each)])


def _of(row: str, predicate: Predicate) -> Predicate:
    """The same about rows of another alias: what stands inside has none that is `r`."""
    return predicate if row == "r" else Predicate(ROW.sub(f"{row}.", predicate.sql), predicate.values)


def _visible(
    access: Access,
    record_type: str,
    connection: apsw.Connection,
    action: Action | None,
    area: str | None,
    *,
    many: bool,
    judge: Judge | None,
) -> Predicate:
    if _sees_all(access) or record_type in SHARED_TYPES:
        return EVERYTHING
    judge = judge or Judge(access, record_type, connection, action)
    sql, values = "r.person IS NOT NULL", []
    if access.persons is not None:
        among = _among(Names(connection).persons(access.persons), "r.person")
        sql, values = f"{sql} AND {among.sql}", [*among.values]
    told = judge.known
    if access.emergency is None:
        weighed, read = _weighed(told, connection, action), many and _are_small(told, connection)
        rest = _template(
            weighed, record_type, area, judges_all=judges_all(access, connection), read_once=read
        )
    else:
        opened = in_emergency(connection, access.emergency)
        rest = _Planner(told, record_type, opened, judges_all=judges_all(access, connection)).predicate()
    return Predicate(f"{sql}{rest.sql}", [*values, *_filled(rest.values, judge)])


def shown(
    access: Access,
    record_type: str,
    connection: apsw.Connection,
    *,
    row: str = "r",
    judge: Judge | None = None,
) -> Predicate:
    """The expression that gives the body of a visible row: without the parts that are closed for this Access. `judge`
    as in `visible`."""
    if _sees_all(access) or record_type in SHARED_TYPES or _own(access):
        return _of(row, Predicate(PRESENT, []))
    judge = judge or Judge(access, record_type, connection)
    return _of(row, Predicate(REDACTED, [apsw.pyobject(judge)]))


class _Given(Enum):
    """What a template leaves open: the moment, and who judges."""

    NOW = 0
    JUDGE = 1


def _filled(values: list[object], judge: Judge) -> list[object]:
    now, by, at, pointer = _Given.NOW, _Given.JUDGE, judge.now, apsw.pyobject(judge)
    return [at if value is now else pointer if value is by else value for value in values]


@by_access
@lru_cache(maxsize=2048)
def _template(
    access: Access, record_type: str, area: str | None, *, judges_all: bool, read_once: bool
) -> Predicate:
    """The predicate of an Access but for its persons, kept for the next request of an equal one."""
    return _Planner(access, record_type, [], area, judges_all=judges_all, read_once=read_once).predicate()


def _are_small(access: Access, connection: apsw.Connection) -> bool:
    """Whether at most `SMALL_SET` rows say who is judged, and as many of each set who is hidden from the Access."""

    def small(rows: str, *values: str) -> bool:
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {rows} LIMIT {SMALL_SET + 1})"
        return bool(next(connection.execute(sql, values))[0] <= SMALL_SET)

    return small("ruled") and all(small("hidden WHERE name = ?", each.name) for each in access.hidden)


def _weighed(access: Access, connection: apsw.Connection, action: Action | None) -> Access:
    """The Access whose sets weigh for an action: who treats must record, so closed parts keep no record from being
    made (`consents.recording`)."""
    recording = action == "collect" and access.purpose is Purpose.CARE
    if recording and policy_of(connection)["consents.recording"]:
        return _with_nothing_closed(access)
    return access


@by_access
def _with_nothing_closed(access: Access) -> Access:
    """Made once: what follows from an Access is found again by the very object."""
    return replace(access, closed=())


def judges_all(access: Access, connection: apsw.Connection) -> bool:
    """Whether every record is judged, not only those of persons with choices: sets say what is closed, which is all
    only where a policy opens to care what nobody closed, and weighs consents for it."""
    policy = policy_of(connection)
    return access.purpose is Purpose.CARE and (
        policy["defaults.care"] == "deny"
        or policy["combining.care"] == "deny-unless-permit"
        or "care" not in policy["consents.classes"]
    )


class _Planner:
    """The conditions for one Access on one type, each over a row `r`. `opened`: persons opened in an emergency; `area`:
    as in `visible`; `judges_all`: whether every record is judged; `read_once`: whether who is hidden is read once for
    all rows and not asked of each."""

    def __init__(
        self,
        access: Access,
        record_type: str,
        opened: list[int],
        area: str | None = None,
        *,
        judges_all: bool = False,
        read_once: bool = False,
    ) -> None:
        self.access = access
        self.judges_all = judges_all
        self.read_once = read_once
        self.type = record_type
        self.opened = opened
        self.area = area

    def predicate(self) -> Predicate:
        """All conditions, each with AND before it."""
        found = list(self.conditions())
        return Predicate(
            "".join(f" AND ({each.sql})" for each in found),
            [value for each in found for value in each.values],
        )

    def conditions(self) -> Iterator[Predicate]:
        if BREAKING in self.access.purposes:
            yield from self._broken()
        yield from self._within(self.access.scope)
        entered = self.access.ground == notifying.GROUND and self.type == "Patient"
        if self.access.purpose is Purpose.SURVEILLANCE and not entered:
            yield self._notifiable()
        if self.judges_all:
            yield Predicate(JUDGED, JUDGES)
            yield from self._naming_others()
        elif not _own(self.access):
            found = _joined([self._consented(), *self._naming_others()])
            if found.sql != "1":
                either = [*self._passing(), Predicate(f"(r.labels & {CHOSEN | OTHERS}) = 0", []), found]
                yield Predicate(
                    " OR ".join(f"({each.sql})" for each in either),
                    [value for each in either for value in each.values],
                )

    def _broken(self) -> Iterator[Predicate]:
        """Breaking the glass opens the person of whom it was declared, while it lasts, and nobody else, whether they
        have chosen or not."""
        yield _among(self.opened, "r.person") if self.access.emergency else Predicate(NOWHERE, [])
        yield Predicate(JUDGED, JUDGES)

    def _passing(self) -> Iterator[Predicate]:
        """Rows with no mark or label on which anything here hangs, whether their persons chose or not: by far the most,
        so that no more is asked of them. Over many rows also those of who refuses institutions, but not the reader's.
        Not in an emergency, which weighs by whose they are."""
        hidden = self.access.hidden_for(self.type)
        restricted = all(each.name.startswith(RESTRICTED) for each in hidden)
        if self.access.emergency is not None or not restricted:
            return
        labels = REFUSING - 1 if self.access.closed else 0
        rest = OTHERS | labels | (RULED if self._weighed() else 0)
        yield Predicate(f"(r.labels & {rest | (REFUSING if hidden else 0)}) = 0", [])
        if self.read_once and hidden:
            members = [self._one_of(each) for each in hidden]
            none = " AND ".join(f"NOT {each.sql}" for each in members)
            yield Predicate(
                f"(r.labels & {rest}) = 0 AND {none}", [v for each in members for v in each.values]
            )

    def _within(self, scope: Scope) -> Iterator[Predicate]:
        if scope.areas:
            ranges = [found for code in sorted(scope.areas) if (found := area_range(code))]
            tests = " OR ".join("q.area BETWEEN ? AND ?" for _ in ranges) or NOWHERE
            sql = (
                f"(SELECT {tests} FROM person q WHERE q.no = r.person)"  # EXISTS would scan all persons first
            )
            if self.area:
                sql = tests.replace("q.area", self.area)
            yield Predicate(sql, [edge for found in ranges for edge in found])
        for kind, names in (("Organization", scope.institutions), ("Location", scope.wards)):
            if names:
                marks = ",".join("?" * len(names))
                sql = f"EXISTS (SELECT 1 FROM seen_at s WHERE s.person = r.person AND s.place IN ({marks}))"
                yield Predicate(sql, [name if "/" in name else f"{kind}/{name}" for name in sorted(names)])

    def _notifiable(self) -> Predicate:
        """A notifiable record; a Patient where the person has one."""
        if self.type != "Patient":
            return Predicate(f"r.labels >= {NOTIFIABLE}", [])
        sql = (
            f"SELECT 1 FROM record n WHERE n.person = r.person AND n.labels >= {NOTIFIABLE} AND n.deleted = 0"
        )
        return Predicate(f"EXISTS ({sql})", [])

    def _consented(self) -> Predicate:
        """What the person's choices leave: judged where they are ruled or opened in an emergency, else by joins."""
        simple = _joined([*self._hidden(), *self._closed()])
        found = simple
        if self._weighed():
            ruled = self._ruled("r.person", once=self.read_once)
            found = Predicate(
                f"CASE WHEN (r.labels & {RULED}) <> 0 AND {ruled.sql} THEN {JUDGED} ELSE ({simple.sql}) END",
                [*ruled.values, *JUDGES, *simple.values],
            )
        if self.access.emergency is not None:
            among = _among(self.opened, "r.person")
            found = Predicate(
                f"CASE WHEN {among.sql} THEN {JUDGED} ELSE ({found.sql}) END",
                [*among.values, *JUDGES, *found.values],
            )
        if self.access.basis is not None:
            found = Predicate(f"({found.sql}) OR {JUDGED}", [*found.values, *JUDGES])
        return found

    def _hidden(self) -> Iterator[Predicate]:
        for hidden in self.access.hidden_for(self.type):
            member = self._one_of(hidden) if self.read_once else self._member(hidden, "r.person")
            unless = f"(r.labels & {REFUSING}) = 0 OR " if hidden.name.startswith(RESTRICTED) else ""
            yield Predicate(f"{unless}NOT {member.sql}", member.values)

    def _closed(self) -> Iterator[Predicate]:
        for closed in self.access.closed:
            sql = (
                f"(r.labels & {REFUSING - 1}) = 0 OR NOT EXISTS"
                " (SELECT 1 FROM closed c WHERE c.name = ? AND c.person = r.person"
                f" AND (c.mask & r.labels) <> 0 AND {WITHIN.format('c')})"
            )
            yield Predicate(sql, [closed.name, _Given.NOW, _Given.NOW])

    def _naming_others(self) -> Iterator[Predicate]:
        """A record that names other patients is hidden with each of them, but for those opened in an emergency."""
        tests: list[Predicate] = []
        members = [self._member(hidden, "a.person") for hidden in self.access.hidden_for(self.type)]
        hidden = Predicate(
            " OR ".join(each.sql for each in members) or NOWHERE, [v for each in members for v in each.values]
        )
        if self._weighed() in {"care", "secondary"}:
            ruled = self._ruled("a.person")
            if self.opened:
                opened = _among(self.opened, "a.person")
                ruled = Predicate(f"{ruled.sql} OR {opened.sql}", [*ruled.values, *opened.values])
            judged = JUDGED.replace("r.person", "a.person")
            found = Predicate(
                f"CASE WHEN {ruled.sql} THEN NOT {judged} ELSE ({hidden.sql}) END",
                [*ruled.values, *JUDGES, *hidden.values],
            )
            tests.append(Predicate(f"NOT {judged}", JUDGES) if self.judges_all else found)
        elif members:
            tests.append(hidden)
        for test in tests:
            sql = (
                f"SELECT 1 FROM also_names a WHERE a.record = r.no AND a.version = r.version AND ({test.sql})"
            )
            yield Predicate(f"(r.labels & {OTHERS}) = 0 OR NOT EXISTS ({sql})", test.values)

    def _member(self, hidden: HiddenSet, person: str) -> Predicate:
        """Whether a person is hidden by a set; not where they agreed to the project that `unless` names."""
        sql = f"EXISTS (SELECT 1 FROM hidden h WHERE h.name = ? AND h.person = {person} AND {WITHIN.format('h')})"
        values: list[object] = [hidden.name, _Given.NOW, _Given.NOW]
        if hidden.unless is None:
            return Predicate(sql, values)
        allowed = f"EXISTS (SELECT 1 FROM allowed w WHERE w.name = ? AND w.person = {person} AND {WITHIN.format('w')})"
        return Predicate(f"({sql} AND NOT {allowed})", [*values, hidden.unless, _Given.NOW, _Given.NOW])

    def _one_of(self, hidden: HiddenSet) -> Predicate:
        """The same of a row's person, by a list that the statement makes when the first row asks for it."""
        if hidden.unless is not None:
            return self._member(hidden, "r.person")
        sql = f"SELECT h.person FROM hidden h WHERE h.name = ? AND {WITHIN.format('h')}"
        return Predicate(f"(r.person IN ({sql}))", [hidden.name, _Given.NOW, _Given.NOW])

    def _weighed(self) -> str | None:
        """The class in which Consents are weighed for this purpose, as the rows of `ruled` call it."""
        return {Purpose.CARE: "care", Purpose.SECONDARY: "secondary", Purpose.SELF: "family"}.get(
            self.access.purpose
        )

    def _ruled(self, person: str, *, once: bool = False) -> Predicate:
        """Whether a person has a Consent that is judged. `once`: read once for all rows."""
        values: list[object] = [self._weighed(), _Given.NOW, _Given.NOW]
        rest = f"instr(u.classes, ?) AND {WITHIN.format('u')}"
        if once:
            return Predicate(f"{person} IN (SELECT u.person FROM ruled u WHERE {rest})", values)
        return Predicate(f"EXISTS (SELECT 1 FROM ruled u WHERE u.person = {person} AND {rest})", values)


LAST = "SELECT l.body FROM superseded l WHERE l.record = r.no AND l.body IS NOT NULL ORDER BY l.version DESC LIMIT 1"
"""What a deleted record said last: it is as hidden as it was."""
PRESENT = "(SELECT c.body FROM content c WHERE c.record = r.no)"
"""The body of a present record as it is packed: read only where something asks for it."""
JUDGED = (
    "coalesce(remembered(?, r.person, r.no, r.version, r.labels),"
    f" judged(?, r.person, r.no, r.version, r.labels, coalesce({PRESENT}, ({LAST}))))"
)
"""Whether the decision permits a row: by what was decided about this version before, else by its body. It takes
`JUDGES`."""
JUDGES: list[object] = [_Given.JUDGE, _Given.JUDGE]
REDACTED = f"iif(r.labels & {PARTS} AND r.deleted = 0, redacted(?, r.person, r.labels, {PRESENT}), {PRESENT})"


def of_versions(predicate: Predicate) -> Predicate:
    """The same about rows `r` of superseded versions, which hold their own bodies: by each version's own."""
    return Predicate(predicate.sql.replace(PRESENT, "r.body"), predicate.values)


def in_emergency(connection: apsw.Connection, declared: Emergency) -> list[int]:
    """Every identity of the one person whose whole identifier was declared: of who bore it first."""
    first = first_bearer(connection, declared.identifier.rpartition("|")[2])
    return sorted(identities(connection, first[0])) if first else []


def _among(numbers: Iterable[int], person: str) -> Predicate:
    values: list[object] = list(numbers)
    return Predicate(f"{person} IN ({','.join('?' * len(values))})", values)


def _joined(found: Iterable[Predicate]) -> Predicate:
    each = list(found)
    sql = " AND ".join(f"({one.sql})" for one in each) or "1"
    return Predicate(sql, [value for one in each for value in one.values])


def _own(access: Access) -> bool:
    """A person's own reading: nothing of theirs is kept from them."""
    own = frozenset({access.reader.person}) if access.reader.person else frozenset()
    return access.purpose is Purpose.SELF and access.persons == own


def _sees_all(access: Access) -> bool:
    """The inner readers: followers and loads, which must keep every copy true."""
    return access.purpose is Purpose.OPERATION and access.persons is None and not access.hidden
