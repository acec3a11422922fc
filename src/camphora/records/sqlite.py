"""The store on SQLite: one folder, one keeper, a reading connection per thread."""

from __future__ import annotations

import hashlib
import secrets
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import apsw
import orjson
from pyroaring import BitMap

from camphora.audit import Log, write_secret
from camphora.audit.receipt import Ruling, salt_of, salted_digest
from camphora.audit.unusual import HOUR, Suspicion, unusual
from camphora.errors import CamphoraError, Forbidden, Invalid, NotFound
from camphora.fhir.registry import Registry
from camphora.fhir.search import Query
from camphora.policy import Access, work
from camphora.policy.access import HiddenSet
from camphora.policy.actors import known
from camphora.policy.admission import SHARED_TYPES
from camphora.policy.asking import Asked, Facts, Whom
from camphora.policy.labels import PARTS, Found, Rules
from camphora.policy.labels.pointing import POINTS, targets_in
from camphora.policy.policy import Policy
from camphora.policy.vocabulary import Purpose, Role
from camphora.records import gathering, histories, paging, searching
from camphora.records.bearers import first_bearer
from camphora.records.bodies import plain, plain_or_none
from camphora.records.conditional import Given, require_given
from camphora.records.connections import Connections
from camphora.records.deriving import held
from camphora.records.effects import bring_up
from camphora.records.figures import Working, working
from camphora.records.gathering import Gathered
from camphora.records.histories import Versions
from camphora.records.indexing import Indexing
from camphora.records.indexing import Progress as IndexProgress
from camphora.records.indexing import progress as index_progress
from camphora.records.indexing import run as index_anew
from camphora.records.judging import PERSONS, Judge, has_closed, lets_in, stood_for, whom_of, with_teams
from camphora.records.keeper import Keeper
from camphora.records.labelling import Labelling, Progress, progress, run
from camphora.records.leaving import LAST, UNCOUNTED, Act
from camphora.records.looks import Looks, on_disk
from camphora.records.marking import mark
from camphora.records.planning import Coding, PlanTold, plan, told
from camphora.records.prepare import Prepared, prepare
from camphora.records.registers import READING, StoreRegister
from camphora.records.relay import Reception
from camphora.records.reviewing import Review, care_since, homes_of, known_of
from camphora.records.searching import DEFAULT_COUNT, MOST
from camphora.records.sets import Sets
from camphora.records.store import Batch, Change, Delete, Followed, Look, Page, Put, Version, Written
from camphora.records.terms import Interned, Names
from camphora.records.together import Together
from camphora.records.unseen import unseen
from camphora.records.verifying import Verdict, verify
from camphora.records.visible import in_emergency, of_versions, require_type, shown, visible
from camphora.records.writing import Writer

T = TypeVar("T")
FOLLOWED = (
    "SELECT r.no, t.name, r.id, r.person, r.updated, r.labels, c.body"
    " FROM record r JOIN type t ON t.no = r.type JOIN content c ON c.record = r.no WHERE"
)


class SQLiteStore:
    """Records and tables in `folder`, receipts in its `audit/`. See `Store` for the contract of each call."""

    def __init__(
        self,
        folder: Path,
        policy: Policy | None = None,
        *,
        full_text: bool | None = None,
        rules: Rules | None = None,
    ) -> None:
        """`policy`: by which persons' choices are weighed; Taiwan's where none is given. `full_text`: whether the words
        of records are kept for `_text` and `_content`; None leaves it as the store has it, kept in a new one. `rules`:
        by which records are labelled; the bundled ones where none are given."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._connections = Connections(folder / "records.sqlite", policy or Policy.taiwan())
        self.audit = Log(folder / "audit", known=on_disk(self._connections.writer))
        self._interned = Interned(self._connections.writer)
        self._secret = _secret(folder)
        self._watchers: list[Callable[[], None]] = []
        self._count_lock = threading.Lock()
        self._declared = False
        self._together: Together | None = None
        self._keeper = Keeper(
            self._connections.writer,
            self._committed,
            self._forget,
            self._settled,
            self._connections.moving.look,
        )
        self._looks = Looks(self.audit, self._keeper, self._secret)
        self.coding: Coding | None = None
        """Answers what is asked by value set or hierarchy; the installation gives it."""
        self._review = Review(self.audit)
        self._keeper.submit(self._looks.bring_up).result()
        self._looks.forget_kept()
        self._keeper.submit(bring_up).result()
        self._sets = Sets()
        self._labelling = Labelling(rules or Rules.bundled())
        self._keeper.submit(self._labelling.begin).result()
        self._label_anew()
        self._indexing = Indexing(full_text)
        self._keeper.submit(self._indexing.begin).result()
        self._keeper.submit(self._indexing.take_up).result()
        self._index_anew()

    def _label_anew(self) -> None:
        """Go on with what is to be labelled anew; two at once do the same work in turns."""
        if self._labelling.running:
            work = (self._labelling, self._keeper, self._interned)
            threading.Thread(target=run, args=work, name="labelling", daemon=True).start()

    def label_by(self, rules: Rules) -> None:
        """Label by other value sets from now on: at once what is written, in the background what stands (`labelling`
        says how far). Until that is done, whatever the sets of before say holds still."""
        self._keeper.submit(lambda connection: self._labelling.change(connection, rules)).result()
        self._label_anew()

    def _index_anew(self) -> None:
        """Go on with what is to be indexed anew; two at once do the same work in turns."""
        if index_progress(self._connections.reader()) is not None:
            work = (self._indexing, self._keeper, self._interned)
            threading.Thread(target=index_anew, args=work, name="indexing", daemon=True).start()

    def close(self) -> None:
        with suppress(Exception):  # it must close, whatever ails it
            self._looks.catch_up()
            self._keeper.submit(self._looks.note_on_disk).result()
        self._keeper.close()
        self._looks.close()
        self.audit.close()
        self._connections.close()

    def _forget(self) -> None:
        """A job was rolled back: what was remembered of it goes."""
        self._together = None
        self._interned.forget()
        READING.forget(self._connections.writer)

    def watch(self, called: Callable[[], None]) -> None:
        """Call back after each commit: a follower's cue to look at the change log."""
        self._watchers.append(called)

    # Records

    def write(
        self, access: Access, changes: Sequence[Put | Prepared | Delete], given: Sequence[Given] = ()
    ) -> list[Written]:
        return self.hand_in(access, changes, given).result()

    def hand_in(
        self, access: Access, changes: Sequence[Put | Prepared | Delete], given: Sequence[Given] = ()
    ) -> Future[list[Written]]:
        registry, rules = self._indexing.registry, self.rules
        ready = [_ready(number, change, registry, rules) for number, change in enumerate(changes)]
        if access.ground == work.GROUND:
            _require_work(access, ready)

        def job(connection: apsw.Connection) -> list[Written]:
            together = self._shared(connection, gathers=access.ground == "loading" and len(ready) > 1)
            if given:
                together.settle()
                require_given(connection, access, given, self.coding)
            writer = Writer(connection, self._interned, access, together, self._labelling, self._indexing)
            written: list[Written] = []
            for item in ready:
                try:
                    written.append(writer.delete(item) if isinstance(item, Delete) else writer.put(item))
                except CamphoraError as error:
                    error.change = len(written)
                    raise
            if together is not self._together:
                together.finish()
            if writer.declares:
                self._indexing.begin(connection)
                self._declared = True
            return written

        return self._keeper.submit(job, repeatable=True)

    def _shared(self, connection: apsw.Connection, *, gathers: bool) -> Together:
        """What a write shares with all others of its commit; with none where each of them is done by itself."""
        given = connection, self._interned, self._labelling
        if not self._keeper.as_one:
            return Together(*given, gathers=gathers)
        if self._together is None:
            self._together = Together(*given, trusts=True)
        return self._together

    def _settled(self) -> None:
        """The last of those that are done as one is done."""
        if self._together is not None:
            self._together.finish()
            self._together = None

    def read(self, access: Access, record_type: str, record_id: str, version: int | None = None) -> Version:
        require_type(access, record_type)
        reader = self._connections.reader()
        rows = _versions(reader, access, record_type, record_id, older=version is not None)
        found = next((row for row in rows if version in (None, row[0].version)), None)
        if found is None:
            raise self._absent(access, "read", record_type, record_id)
        if found[0].deleted:
            raise NotFound("records-gone", type=record_type)
        act = Act("read", [record_type], _bodies([found[0]]), last=found.last)
        self._looks.leave(access, act, _numbers([found]), reader)
        return found[0]

    def history(self, access: Access, record_type: str, record_id: str) -> list[Version]:
        require_type(access, record_type)
        reader = self._connections.reader()
        rows = _versions(reader, access, record_type, record_id, older=True)
        if not rows:
            raise self._absent(access, "history", record_type, record_id)
        versions = [row.version for row in rows]
        self._looks.leave(access, Act("history", [record_type], _bodies(versions)), _numbers(rows), reader)
        return versions

    def versions(self, access: Access, asked: Versions) -> Page:
        if asked.type is not None or access.purpose is Purpose.SECONDARY:
            require_type(access, asked.type or "*")
        reader = self._connections.reader()
        after = paging.redeem(self._secret, access, asked, asked.page) if asked.page else None
        limit = min(DEFAULT_COUNT if asked.count is None else asked.count, MOST)
        with reader:
            named = histories.listed(reader, access, asked)
            place = cast("histories.Place | None", after)
            rows = histories.found(reader, access, asked, place, most=limit + 1, named=named)
        if not rows and asked.type and asked.id:
            self._require_seen(reader, access, asked.type, asked.id)
        found = rows[:limit]
        page = [one.version for one in found]
        persons = {*_persons(one.person for one in found), *(named.persons if named else ())}
        act = Act("history", {one.type for one in page} or [asked.type or "*"], _bodies(page))
        self._looks.leave(access, act, persons, reader)
        more = len(rows) > limit > 0
        return Page(page, paging.issue(self._secret, access, asked, list(found[-1].place)) if more else None)

    def _require_seen(
        self, reader: apsw.Connection, access: Access, record_type: str, record_id: str
    ) -> None:
        """A history in which nothing is left is empty only of what may be seen."""
        if not _versions(reader, access, record_type, record_id, older=False):
            raise self._absent(access, "history", record_type, record_id)

    def _absent(self, access: Access, act: str, record_type: str, record_id: str) -> NotFound:
        """What is hidden and what is absent is refused alike and leaves a receipt alike; who hid finds it."""
        reader = self._connections.reader()
        sql = "SELECT r.person FROM record r JOIN type t ON t.no = r.type WHERE t.name = ? AND r.id = ?"
        persons = _persons(person for (person,) in reader.execute(sql, (record_type, record_id)))
        if record_type not in SHARED_TYPES:
            self._looks.leave(access, Act(act, [record_type], ruling="deny"), persons, reader)
        return NotFound("records-not-found", type=record_type)

    def search(self, access: Access, query: Query) -> Page:
        types = [kind for kind in query.types if access.covers(kind)] or [query.type]
        for kind in types:
            require_type(access, kind)
        asked = replace(query, types=tuple(types)) if query.types else query
        reader = self._connections.reader()
        place = paging.redeem(self._secret, access, query, query.page) if query.page else None
        with reader:
            found = searching.search(access, asked, reader, self.coding, place)
        ruling: Ruling | None = None if found.seen else "deny"
        shown = [*found.rows, *found.included]
        kinds = {*types, *(one.type for one in found.included)}
        always = found.about_persons and access.persons != frozenset()
        act = Act("search", kinds, _bodies(shown), ruling, always, found.last, found.places)
        self._looks.leave(access, act, found.persons, reader)
        token = paging.issue(self._secret, access, query, found.next) if found.next else None
        return Page(found.rows, token, found.total, found.included, whole=found.whole)

    # For files of many records; whoever gives one leaves the receipt (`leave`)

    def gather(self, access: Access, query: Query, place: gathering.Place | None, limit: int) -> Gathered:
        """So many of the records that a query names and the Access may see now, after a place."""
        require_type(access, query.type)
        reader = self._connections.reader()
        with reader:
            found = gathering.gather(access, query, reader, self.coding, place, limit=limit)
        return found  # noqa: RET504 - the connection is typed as one that may swallow errors

    def gather_deleted(
        self, access: Access, record_type: str, since: int, after: int, limit: int
    ) -> Gathered:
        """The same of records deleted since a moment, after one inner number."""
        require_type(access, record_type)
        reader = self._connections.reader()
        with reader:
            found = gathering.gather_deleted(access, record_type, since, reader, after=after, limit=limit)
        return found  # noqa: RET504 - as above

    def still_shown(
        self, access: Access, record_type: str, numbers: BitMap, parts: Mapping[int, str]
    ) -> bool:
        """Whether all of what a file gathered may be seen by this Access now, and as it was shown."""
        reader = self._connections.reader()
        with reader:
            same = access.covers(record_type) and gathering.still_shown(
                access, record_type, numbers, dict(parts), reader
            )
        return same  # noqa: RET504 - as above

    def compare(self, access: Access, ready: Sequence[Prepared]) -> list[gathering.Standing]:
        """What writing each of these would do now; for a load alone."""
        if access.ground != "loading":
            raise Forbidden("records-not-a-follower")
        reader = self._connections.reader()
        with reader:
            found = gathering.compare(ready, reader)
        return found  # noqa: RET504 - as above

    def explain(self, access: Access, query: Query) -> tuple[PlanTold, ...]:
        require_type(access, query.type)
        reader = self._connections.reader()
        with reader:
            found = told(plan(query, access, reader, self.coding))
        return found  # noqa: RET504 - the connection is typed as one that may swallow errors

    # For followers and the gate

    def changes(self, access: Access, after: int, limit: int) -> list[Change]:
        _require_follower(access)
        sql = "SELECT no, at, kind, subject, version, person FROM change WHERE no > ? ORDER BY no LIMIT ?"
        return [Change(*row) for row in self._connections.reader().execute(sql, (after, limit))]

    def scan(self, access: Access, low: int, high: int) -> Iterator[Followed]:
        _require_follower(access)
        sql = f"{FOLLOWED} r.person >= ? AND r.person < ? AND r.deleted = 0 ORDER BY r.person, r.type, r.no"
        for row in self._connections.reader().execute(sql, (low, high)):
            yield _followed(row)

    def present(self, access: Access, numbers: Sequence[int]) -> list[Followed]:
        """The records of these numbers that are there, by person and type, for followers. All are read at once."""
        _require_follower(access)
        found = ",".join("?" * len(numbers))
        sql = f"{FOLLOWED} r.no IN ({found}) AND r.deleted = 0 ORDER BY r.person, r.type, r.no"
        rows = self._connections.reader().execute(sql, tuple(numbers)).fetchall()
        return [_followed(row) for row in rows]

    def hidden_persons(self, access: Access, name: str) -> list[int]:
        """The person numbers in a hidden set now, for followers that place parts."""
        _require_follower(access)
        now = int(time.time() * 1000)
        sql = (
            "SELECT DISTINCT person FROM hidden WHERE name = ? AND since <= ? AND (until IS NULL OR until > ?)"
            " ORDER BY person"
        )
        return [int(person) for (person,) in self._connections.reader().execute(sql, (name, now, now))]

    def set(self, access: Access, names: Iterable[HiddenSet | str]) -> BitMap:
        """The persons whom these sets hide now (of a name: its members), as a bitmap; for followers that place parts
        and intersect cohorts. It is shared and kept between calls: do not change it."""
        _require_follower(access)
        sets = [HiddenSet(each) if isinstance(each, str) else each for each in names]
        reader = self._connections.reader()
        with reader:
            found = self._sets.hidden(reader, sets, int(time.time() * 1000))
        return found  # noqa: RET504 - the connection is typed as one that may swallow errors

    def letting_in(self, access: Access, patient: str) -> frozenset[str]:
        """The Patient ids of those for whom this patient reads now: who let them in, and those whom they stand in for,
        a guardian for a minor or an incapable person, a proxy for an incapable one. For the gate."""
        if access.ground != "deciding":
            raise Forbidden("records-not-a-follower")
        now = int(time.time() * 1000)
        reader = self._connections.reader()
        with reader:
            same = (
                each.removeprefix("Patient/") for each in StoreRegister(reader).same(f"Patient/{patient}")
            )
            names = [patient, *same]
            sql = (
                "SELECT DISTINCT p.patient, p.no FROM let_in l JOIN person p ON p.no = l.person"
                f" WHERE l.patient IN ({','.join('?' * len(names))})"
                " AND l.since <= ? AND (l.until IS NULL OR l.until > ?)"
            )
            let_in = list(reader.execute(sql, (*names, now, now)))
            found = {name for name, person in let_in if lets_in(reader, person, f"Patient/{patient}", now)}
            found |= set(stood_for(reader, f"Patient/{patient}", now))
        return frozenset(found)

    def whom(self, access: Access, patient: str) -> Whom:
        """A person as a decision weighs them: life, stand-ins, places, Consents of every identity. For the gate, for
        the person themselves and for those who read for them; NotFound for every other Access."""
        reader = self._connections.reader()
        numbers = Names(reader).persons([patient])
        if access.persons is None or patient not in access.persons or not numbers:
            raise NotFound("records-not-found", type="Patient")
        with reader:
            found = whom_of(reader, numbers[0])
        return found  # noqa: RET504 - as above

    def known(self, access: Access, asked: Asked, patient: str | None = None, *, named: bool = True) -> Asked:
        """A request with every name that the store gives its reader now, the teams of this person's Consents among
        them; for the gate alone. `named` as in `actors.known`."""
        if access.ground != "deciding":
            raise Forbidden("records-not-a-follower")
        reader = self._connections.reader()
        with reader:
            asker, _ = known(asked.reader, StoreRegister(reader), asked.at, named=named)
            found = replace(asked, reader=asker)
            for person in Names(reader).persons([patient] if patient else []):
                found, _ = with_teams(reader, PERSONS.of(reader, person), found)
        return found

    def first_bearer(self, access: Access, identifier: str) -> str | None:
        """The Patient id of who was the first to bear this whole identifier; None where nobody does. For the gate
        alone."""
        if access.ground != "deciding":
            raise NotFound("records-not-found", type="Patient")
        reader = self._connections.reader()
        with reader:
            found = first_bearer(reader, identifier)
        return found[1] if found else None

    def explained(self, access: Access, record_type: str, record_id: str) -> tuple[str | None, Facts]:
        """Whose a record is (None: nobody's) and its facts as a decision weighs them. For the gate alone; the record
        itself is not given."""
        if access.ground != "deciding":
            raise Forbidden("records-not-a-follower")
        sql = (
            "SELECT r.person, p.patient, r.labels, c.body FROM record r JOIN type t ON t.no = r.type"
            " JOIN content c ON c.record = r.no"
            " LEFT JOIN person p ON p.no = r.person WHERE t.name = ? AND r.id = ? AND r.deleted = 0"
        )
        reader = self._connections.reader()
        with reader:
            row = next(reader.execute(sql, (record_type, record_id)), None)
            if row is None:
                raise NotFound("records-not-found", type=record_type)
            number, patient, labels, body = row
            facts = Judge(access, record_type, reader).facts(number, labels, body)
        return patient, facts

    def rules_of(self, access: Access, record_type: str, record_id: str) -> list[Found]:
        """The labels that a record bears by rule, each with the rule's name, in the order of labels; of a record that
        the Access may see. What it bears by another record is told to who may see that one. Where a part of it is
        closed, what follows from the rest alone: the others would tell what the part says."""
        reader = self._connections.reader()
        seen, body = visible(access, record_type, reader), shown(access, record_type, reader)
        sql = (
            f"SELECT r.no, r.labels & {PARTS}, {body.sql} FROM record r JOIN type t ON t.no = r.type"
            f" WHERE t.name = ? AND r.id = ? AND r.deleted = 0 AND {seen.sql}"
        )
        values = (*body.values, record_type, record_id, *seen.values)
        with reader:
            row = next(reader.execute(sql, values), None)
            found = held(reader, row[0]) if row else []
            said = orjson.loads(plain(row[2])) if row else {}
            untold = {f"{POINTS}{target}" for target in unseen(reader, access, targets_in(said))}
        if row and row[1]:
            told = {one.rule for one in self.rules.of(said)}
            told.update(f"{POINTS}{target}" for target in targets_in(said))
            found = [each for each in found if each.rule in told]
        return sorted(each for each in found if each.rule not in untold)

    @property
    def rules(self) -> Rules:
        """The value sets by which records are labelled here."""
        return self._labelling.rules

    @property
    def registry(self) -> Registry:
        """The search parameters by which records are found, beside R4's own: also those declared in the store."""
        return self._indexing.registry

    def indexing(self) -> IndexProgress | None:
        """How far records are indexed anew after the search parameters changed; None where all are."""
        return index_progress(self._connections.reader())

    def verify_index(self, access: Access) -> Verdict:
        """Whether the index says what the bodies say, by a rebuild in one snapshot; for followers, who see every
        record. While records are indexed anew (`indexing`), those that wait differ."""
        _require_follower(access)
        reader = self._connections.reader()
        with reader:
            verdict = verify(reader, self._indexing.registry)
        return verdict  # noqa: RET504 - as above

    def labelling(self) -> Progress | None:
        """How far the records are labelled anew after the rules changed; None where all are."""
        return progress(self._connections.reader())

    def has_closed_part(self, access: Access, patient: str) -> bool:
        """Whether this person has closed a part for this Access, as a kind, one record or by whatever a Consent says:
        named as closed, whether or not anything is in it. False where the person may not be known."""
        reader = self._connections.reader()
        with reader:
            seen = visible(access, "Patient", reader)
            sql = (
                "SELECT p.no FROM person p JOIN record r ON r.person = p.no AND r.id = p.patient"
                " JOIN type t ON t.no = r.type AND t.name = 'Patient'"
                f" WHERE p.patient = ? AND r.deleted = 0 AND {seen.sql}"
            )
            row = next(reader.execute(sql, (patient, *seen.values)), None)
            opened = in_emergency(reader, access.emergency) if access.emergency else ()
            closed = row is not None and row[0] not in opened and has_closed(access, row[0], reader)
        return closed  # noqa: RET504 - as above

    def place(self, follower: str) -> int:
        """How far a follower has come in the change log."""
        row = next(
            self._connections.reader().execute("SELECT change FROM place WHERE follower = ?", (follower,)),
            None,
        )
        return int(row[0]) if row else 0

    def move(
        self, access: Access, follower: str, change: int, job: Callable[[apsw.Connection], None] | None = None
    ) -> None:
        """Set a follower's place, with what it keeps in the store, in one transaction."""
        _require_follower(access)

        def moved(connection: apsw.Connection) -> None:
            if job is not None:
                job(connection)
            connection.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", (follower, change))

        self._keeper.submit(moved).result()

    def kept(self, access: Access, read: Callable[[apsw.Connection], T]) -> T:
        """What a follower keeps in the store, read in one read transaction."""
        _require_follower(access)
        reader = self._connections.reader()
        with reader:
            found = read(reader)
        return found  # noqa: RET504 - the connection is typed as one that may swallow errors

    def last_change(self) -> int:
        """The number of the newest line of the change log."""
        (last,) = next(self._connections.reader().execute("SELECT coalesce(max(no), 0) FROM change"))
        return int(last)

    def mark(self, *versions: int) -> str:
        """A mark of versions that may be shown: equal for equal ones, and telling nothing else of how many changes
        there were. An operator who holds the installation can find the versions again."""
        return mark(self._secret, *versions)

    def working(self) -> Working:
        """Sizes and counts of work, for the operator's monitor."""
        return working(self.folder, self.audit, self._keeper, self._looks, self._connections.reader())

    def counts(self) -> dict[str, int]:
        """Records per type, for the operator's page: totals only, no person."""
        sql = "SELECT t.name, count(*) FROM record r JOIN type t ON t.no = r.type WHERE r.deleted = 0 GROUP BY t.name"
        return dict(self._connections.reader().execute(sql))

    # Tables

    def add_batch(
        self,
        access: Access,
        name: str,
        rows: list[dict[str, Any]],
        *,
        source: str,
        as_of: str,
        public: bool,
        whole: bool = False,
    ) -> tuple[Batch, bool]:
        if access.writes is not None or access.tables is not None:
            raise Forbidden("records-write-refused", type=name, role=access.reader.role)
        body = bytearray()  # not all rows at once in orjson's own bytes, which lie in 4 KB each
        for row in rows:
            body += (b"\n" if body else b"") + orjson.dumps(row)
        digest = hashlib.sha256(body).hexdigest()
        packed, now = zlib.compress(body, 6), int(time.time() * 1000)

        def job(connection: apsw.Connection) -> tuple[Batch, bool]:
            kept = {one.digest: one for one in _kept_batches(connection, name)}
            said = _edition(digest, list(kept), whole=whole)
            if said in kept:
                return kept[said], False
            connection.execute(
                "INSERT INTO batch (name, digest, public, source, as_of, rows, at, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (name, said, public, source, as_of, len(rows), now, packed),
            )
            number = int(connection.last_insert_rowid())
            connection.execute(
                "INSERT INTO change (at, kind, subject, version) VALUES (?, 'batch', ?, 1)", (now, number)
            )
            return Batch(number, name, said, source, as_of, len(rows), now, public), True

        return self._keeper.submit(job).result()

    def batches(self, access: Access, name: str) -> list[Batch]:
        found = _kept_batches(self._connections.reader(), name)
        return [batch for batch in found if _may_read(access, batch)]

    def batch_rows(self, access: Access, batch: Batch) -> list[dict[str, Any]]:
        row = next(
            self._connections.reader().execute(f"SELECT body, {BATCH} FROM batch WHERE no = ?", (batch.no,)),
            None,
        )
        if row is None or not _may_read(access, Batch(*row[1:])):
            raise Forbidden("records-table-refused", name=batch.name)
        return [orjson.loads(line) for line in zlib.decompress(row[0]).split(b"\n") if line]

    # Receipts

    def looks(self, access: Access, person: str, limit: int = 100) -> list[Look]:
        if access.persons is None or person not in access.persons:
            raise NotFound("records-not-found", type="Patient")
        reader = self._connections.reader()
        numbers = Names(reader).persons([person])
        return self._looks.of(numbers[0], limit, reader) if numbers else []

    def leave(
        self,
        access: Access,
        act: str,
        types: Iterable[str],
        persons: Iterable[int],
        result: Iterable[bytes] = (),
        *,
        ruling: Ruling | None = None,
        always: bool = False,
        counted: bool = True,
    ) -> int | None:
        """Leave a receipt for an act of reading outside this store's own calls: the lake's, and what the gate refused.
        `result`: the parts of what is answered, of which the receipt keeps a salted digest. `ruling`: how it was
        decided, None as the Access says. What could tell of persons leaves one of nobody too, and `always` whichever
        the kinds are: so where the log itself is read. `counted`: whether its line may tell how many persons are
        known; where not it names the set of them."""
        made = Act(act, frozenset(types), result, ruling, always, places=None if counted else UNCOUNTED)
        return self._looks.leave(access, made, persons, self._connections.reader())

    def attest(
        self,
        access: Access,
        act: str,
        types: Iterable[str],
        patients: Iterable[str],
        result: Iterable[bytes] = (),
    ) -> int | None:
        """Leave a receipt for an act about these persons that is no reading of records: a choice made, a decision
        explained. It is left of nobody too. Its number, None where the log waits."""
        reader = self._connections.reader()
        made = Act(act, frozenset(types), result, always=True)
        return self._looks.leave(access, made, Names(reader).persons(patients), reader)

    def salt_for(self, number: int, parts: Sequence[bytes]) -> str | None:
        """The salt (hexadecimal) by which anybody can check that a receipt was left over these parts; None where it was
        not. It opens no other receipt."""
        fields = self.audit.receipt(number)
        form = fields["form"]
        salt = salt_of(self._secret, fields["nonce"], form)
        return salt.hex() if salted_digest(salt, parts, form) == fields["result"] else None

    def unusual(
        self, access: Access, since: int, well_known: Iterable[str], readers: Mapping[str, str]
    ) -> list[Suspicion]:
        """Readers whose reading for care since a moment is unusual, for the privacy officer alone. `well_known`:
        Patient ids; `readers`: the Patient id of each reader who is one. Persons are named by inner numbers."""
        if access.reader.role is not Role.PRIVACY or access.purpose is not Purpose.OPERATION:
            raise Forbidden("gate-role-lacks-purpose", role=access.reader.role)
        famous = sorted(well_known)

        def look() -> list[Suspicion]:
            self._looks.catch_up()
            connection = self._connections.reader()
            with connection:
                looks = care_since(self.audit, connection, since)
                known = known_of(connection, (person for look in looks for person in look.persons), famous)
                homes = homes_of(connection, readers)
            return unusual(looks, known, homes)

        rests_on = (self.last_change(), since // HOUR, famous, sorted(readers.items()))
        return self._review.found(rests_on, look)

    @property
    def keeping(self) -> Looks:
        """Where leaves are kept that were gathered (`looks.GATHERED`)."""
        return self._looks

    def reception(self, end: socket.socket) -> Reception:
        """What keeps the receipts that a worker sends over this socket."""
        return Reception(self._looks, end)

    def settle(self) -> None:
        """Wait until everything handed to the keeper before now is durable, receipts included."""
        self._looks.catch_up()
        self._keeper.submit(lambda _: None).result()
        self.audit.sync()

    def _committed(self) -> None:
        self._interned.keep()
        if self._declared:
            self._declared = False
            self._indexing.take_up(self._connections.writer)
            self._index_anew()
        for called in self._watchers:
            called()


def _ready(
    number: int, change: Put | Prepared | Delete, registry: Registry, rules: Rules
) -> Prepared | Delete:
    if not isinstance(change, Put):
        return change
    try:
        return prepare(change, registry, rules)
    except CamphoraError as error:
        error.change = number
        raise


def _require_work(access: Access, ready: Sequence[Prepared | Delete]) -> None:
    """Who is at work writes about nobody, at places of theirs, and deletes nothing: the history is the ledger."""
    for change in ready:
        if isinstance(change, Delete):
            raise Forbidden("records-write-refused", type=change.type, role=access.reader.role)
        place = work.place_of(change.id)
        if place is None or not work.reaches(access.scope, place):
            raise Forbidden("records-write-refused", type=change.type, role=access.reader.role)
        if change.patient is not None or change.others:
            raise Invalid("records-work-names-patient", type=change.type)


class _Seen(NamedTuple):
    """A version that may be seen, whose it is, and the last change of the snapshot in which it was seen."""

    version: Version
    person: int | None
    last: int


BATCH = "no, name, digest, source, as_of, rows, at, public"


def _kept_batches(connection: apsw.Connection, name: str) -> list[Batch]:
    sql = f"SELECT {BATCH} FROM batch WHERE name = ? ORDER BY no"
    return [Batch(*row) for row in connection.execute(sql, (name,))]


def _edition(digest: str, kept: Sequence[str], *, whole: bool) -> str:
    """The digest under which rows are kept: their own; where a whole table comes back to earlier rows after others,
    one that names these others too. Rows that stand have the digest under which they stand."""
    if not whole or digest not in kept or digest == kept[-1]:
        return digest
    again = [hashlib.sha256(f"{digest} after {before}".encode()).hexdigest() for before in kept[-2:]]
    return again[0] if again[0] == kept[-1] else again[-1]


def _versions(
    reader: apsw.Connection, access: Access, record_type: str, record_id: str, *, older: bool
) -> list[_Seen]:
    """The versions that the Access may see, newest first. Each is judged by its own person and labels, and all of
    them by the present ones: what is hidden now has no history. What the reader was last known to be is taken first:
    the statement tells whether that still holds."""
    judge = Judge(access, record_type, reader)
    guess = READING.guessed(access, reader, judge.now)
    if guess is not None:
        judge.known = guess.access
        found = _judged(judge, record_id, older=older)
        if READING.holds(guess, reader, found[0].last if found else None):
            return found
        judge = Judge(access, record_type, reader)
    return _judged(judge, record_id, older=older)


def _judged(judge: Judge, record_id: str, *, older: bool) -> list[_Seen]:
    access, record_type, reader = judge.access, judge.type, judge.connection
    seen = visible(access, record_type, reader, judge=judge)
    body = shown(access, record_type, reader, judge=judge)
    present = (
        f"SELECT r.no, {LAST}, r.person, r.version, r.updated, {body.sql} FROM record r JOIN type t ON t.no = r.type"
        f" WHERE t.name = ? AND r.id = ? AND {seen.sql}"
    )
    values = (*body.values, record_type, record_id, *seen.values)
    row = next(reader.execute(present, values), None)
    if row is None:
        return []
    number, last, *rest = row
    found = [rest]
    if older:
        sql = (
            f"SELECT r.person, r.version, r.updated, {of_versions(body).sql}"
            " FROM (SELECT record AS no, * FROM superseded) r"
            f" WHERE r.no = ? AND {of_versions(seen).sql} ORDER BY r.version DESC"
        )
        found += reader.execute(sql, (*body.values, number, *seen.values))
    return [
        _Seen(Version(record_type, record_id, version, updated, plain_or_none(stored)), person, last)
        for person, version, updated, stored in found
    ]


def _bodies(versions: Iterable[Version]) -> list[bytes]:
    """What was answered, as it stands in the receipt's digest."""
    return [version.body or b"" for version in versions]


def _numbers(rows: Iterable[_Seen]) -> list[int]:
    return _persons(row.person for row in rows)


def _persons(numbers: Iterable[int | None]) -> list[int]:
    return [number for number in numbers if number is not None]


def _may_read(access: Access, batch: Batch) -> bool:
    return bool(batch.public) or access.tables is None or batch.name in access.tables


def _followed(row: tuple[Any, ...]) -> Followed:
    """A line of `FOLLOWED`."""
    return Followed(row[0], row[1], row[2], row[3], row[4], row[5], plain_or_none(row[6]))


def _require_follower(access: Access) -> None:
    """Neither its purpose nor that it reaches everybody makes a follower: a registrar has both."""
    if access.ground != "follower":
        raise Forbidden("records-not-a-follower")


def _secret(folder: Path) -> bytes:
    """The key that signs page tokens: made once, readable by the owner only."""
    path = folder / "secret.key"
    if not path.exists():
        write_secret(path, secrets.token_bytes(32))
    return path.read_bytes()
