"""The ledger: work read and written through an Access, each step one version and one Provenance in one transaction.

Law decides in the store what an Access of work sees (`Gate.worker`); here it is decided what may be done next. Two
officers at once never overwrite each other: a step names the version that its officer saw, and where another step
came between, a Conflict says whose and when.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, get_args

import orjson

from camphora.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from camphora.fhir.search import parse_query
from camphora.fhir.search.asking import IdClause, Query
from camphora.policy import Access, Reader, Role
from camphora.policy import work as places
from camphora.policy.choices import TAIPEI
from camphora.records import Put, SQLiteStore
from camphora.records.conditional import Given
from camphora.records.prepare import instant
from camphora.records.store import Version
from camphora.work import states, tasks
from camphora.work.attachments import MANY, Attached, File, content_of, files_of, named, record
from camphora.work.judgements import Judgements
from camphora.work.states import Act, Actor, Judgement, State
from camphora.work.steps import Step, step_of
from camphora.work.tasks import Person, Work

T = TypeVar("T")
DAYS = 7
"""A signal that is taken is to be judged within so many days: by then the next week's are there."""
LONGEST_TEXT = 4000
MOST_DAYS = 366
PAGE, NAMED = 500, 200
COUNTY = 5
TRIES = 5
"""So often is a step that needs no particular version tried again when another came between."""
FOR: Mapping[states.Who, str] = {
    "owner": "work-for-owner",
    "asker": "work-for-asker",
    "recipient": "work-for-recipient",
}
"""How somebody is refused whose work it is not."""
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class Asking(NamedTuple):
    """What an officer asks: of a township or county, and there of one institution (an Organization id) or of whoever
    is on duty; by which day."""

    place: str
    text: str
    due: date
    organisation: str | None = None


class _Seen(NamedTuple):
    """A Task as it stands: its value and its body."""

    work: Work
    body: dict[str, Any]


class _Doing(NamedTuple):
    """One act, what is written at it, and what it changes of the Task beside its state; None takes it away."""

    act: Act
    text: str = ""
    more: Mapping[str, Any] = MappingProxyType({})


class Ledger:
    """Work on signals in one store. `clock`: milliseconds UTC."""

    def __init__(self, store: SQLiteStore, clock: Callable[[], int] | None = None) -> None:
        self._store = store
        self._clock = clock or (lambda: int(time.time() * 1000))
        self._judgements = Judgements()

    # What stands

    def of(self, access: Access, keys: Iterable[str]) -> dict[str, Work]:
        """The work on these signals that the Access may see, by key; a signal that nobody took, or of another area, is
        not in it."""
        wanted = {tasks.signal_id(key) for key in keys}
        return {one.work.key: one.work for one in self._tasks(access, wanted)}

    def one(self, access: Access, task_id: str) -> Work:
        """One piece of work. NotFound for what is absent or of another area."""
        return self._seen(access, task_id).work

    def open(self, access: Access) -> tuple[Work, ...]:
        """All work of the reader's areas that has not ended: what is overdue first, then by its last day."""
        found = [one.work for one in self._open(access)]
        return tuple(sorted(found, key=lambda one: (one.due or date.max, one.key, one.id)))

    def judgements(self, access: Access) -> Mapping[str, Judgement]:
        """What the signals of the reader's areas were judged, by key; those that are opened again stand without."""
        since = partial(self._since, access)
        return self._judgements.of(access.digest(), self._store.last_change(), since)

    def _since(self, access: Access, at: int) -> Iterator[Work]:
        """All work that was changed since a moment."""
        since = [("_lastUpdated", f"ge{instant(at)}")] if at else []
        pairs = [("identifier", f"{tasks.SIGNAL}|"), *since, ("_count", str(PAGE))]
        return (one.work for one in self._search(access, parse_query("Task", pairs, strict=True)))

    def requests(self, access: Access, work: Work) -> tuple[Work, ...]:
        """What was asked about a signal, the oldest first, as far as the reader's areas reach."""
        found = self._search(access, _part_of(work.id))
        return tuple(sorted((one.work for one in found), key=lambda one: (one.updated, one.id)))

    def history(self, access: Access, work: Work) -> tuple[Step, ...]:
        """Every step, the first first: each version of the Task with who made it. It has as many as the Task has
        versions, whatever was done."""
        found = self._store.history(access, "Task", work.id)
        bodies = {one.version: orjson.loads(one.body) for one in found if one.body is not None}
        ids = {tasks.provenance_id(work.id, version) for version in bodies}
        acts = {str(each["id"]): each for each in self._bodies(access, "Provenance", ids)}
        return tuple(step_of(work.id, version, bodies, acts) for version in sorted(bodies))

    def course(self, access: Access, work: Work) -> tuple[Step, ...]:
        """Every step of a signal and of what was asked about it, in the order of time, as far as the reader's areas
        reach; that a request was sent is told by the signal's own step."""
        asked = self.requests(access, work) if work.kind == "signal" else ()
        theirs = [
            replace(each, of=one)
            for one in asked
            if one.version > 1
            for each in self.history(access, one)
            if each.act != "send"
        ]
        return tuple(sorted([*self.history(access, work), *theirs], key=lambda each: each.at))

    def files(self, access: Access, work: Work) -> tuple[File, ...]:
        """The files beside a piece of work, the oldest first."""
        return files_of(self._seen(access, work.id).body)

    def file(self, access: Access, task_id: str, file_id: str) -> tuple[File, bytes]:
        """A file and what it holds. NotFound for one that is not beside this work, or of another area."""
        found = next((one for one in files_of(self._seen(access, task_id).body) if one.id == file_id), None)
        if found is None:
            raise NotFound("work-not-found")
        return found, content_of(orjson.loads(self._store.read(access, "Task", file_id).body or b"{}"))

    # What is done

    def take(self, access: Access, key: str, text: str = "", due: date | None = None) -> Work:
        """Take a signal (受理): its Task begins and is the reader's. Conflict `work-taken` where somebody has."""
        task_id, now = tasks.signal_id(key), self._clock()
        self._require_place(access, tasks.place_of(key).place)
        who = _person(access.reader)
        last = self._day(due or _day(now) + timedelta(DAYS), now)
        body = tasks.made("signal", task_id, key, who, now)
        body |= {"owner": tasks.reference(who), "restriction": tasks.restricted(last)}
        absent = Given(Query("Task", (IdClause((task_id,)),)), frozenset())
        try:
            changes = _with_act(_moved(body, "taken", who, text, now), "take", who, now)
            self._store.write(access, changes, [absent])
        except Conflict:
            first, when = self._step_of(access, task_id, 1)
            raise Conflict("work-taken", who=first, when=when) from None
        return self.one(access, task_id)

    def ask(self, access: Access, task_id: str, version: int, asked: Asking) -> Work:
        """Ask a township or an institution something (交辦); answers the request. The place must lie in the signal's,
        and the day must be still to come."""
        now, who = self._clock(), _person(access.reader)
        seen = self._at(access, task_id, version)
        self._require(access, seen.work, "ask")
        if not asked.text.strip():
            raise Invalid("work-text-needed")
        self._require_inside(access, seen.work, asked)
        child_id = tasks.request_id(asked.place, task_id, version + 1)
        child = tasks.made("request", child_id, seen.work.key, who, now)
        child |= {
            "partOf": [{"reference": f"Task/{task_id}"}],
            "description": _text(asked.text),
            "restriction": tasks.restricted(self._day(asked.due, now), asked.organisation),
        }
        parent = _moved(seen.body, "asked", who, asked.text, now)
        changes = _with_act(parent, "ask", who, now, version)
        self._write(
            access, task_id, [*changes, *_with_act(_moved(child, "sent", who, "", now), "send", who, now)]
        )
        return self.one(access, child_id)

    def _require_inside(self, access: Access, work: Work, asked: Asking) -> None:
        inside = work.place in {places.NATION, asked.place, asked.place[:COUNTY]}
        named = asked.organisation is None or _ID.fullmatch(asked.organisation)
        if not places.is_place(asked.place) or not inside or not named:
            raise Invalid("work-place-outside")
        self._require_place(access, asked.place)

    def judge(self, access: Access, task_id: str, version: int, judgement: Judgement, text: str = "") -> Work:
        """Judge a signal (研判): real, an artefact of the data, known already, or to be watched."""
        if judgement not in get_args(Judgement):
            raise Invalid("work-judgement")
        return self._do(access, task_id, version, _Doing("judge", text, {"output": tasks.judged(judgement)}))

    def close(self, access: Access, task_id: str, version: int, text: str = "") -> Work:
        """Close a judged signal (結案). Requests that nobody has answered are withdrawn in the same transaction."""
        now, who = self._clock(), _person(access.reader)
        seen = self._at(access, task_id, version)
        self._require(access, seen.work, "close")
        changes = _with_act(_moved(seen.body, "closed", who, text, now), "close", who, now, version)
        for one in self._search(access, _part_of(task_id)):
            if not one.work.ended:
                left = _moved(one.body, "withdrawn", who, "", now)
                changes += _with_act(left, "withdraw", who, now, one.work.version)
        self._write(access, task_id, changes)
        return self.one(access, task_id)

    def reopen(self, access: Access, task_id: str, version: int, text: str = "") -> Work:
        """Open a closed signal again: it is the reader's, and is judged anew."""
        now = self._clock()
        more = {
            "owner": tasks.reference(_person(access.reader)),
            "restriction": tasks.restricted(_day(now) + timedelta(DAYS)),
            "output": None,
        }
        return self._do(access, task_id, version, _Doing("reopen", text, more))

    def receive(self, access: Access, task_id: str, version: int) -> Work:
        """Take a request that was sent to the reader's place or institution."""
        owner = {"owner": tasks.reference(_person(access.reader))}
        return self._do(access, task_id, version, _Doing("take", "", owner))

    def answer(self, access: Access, task_id: str, version: int, text: str) -> Work:
        """Answer a request; an answer says something."""
        if not text.strip():
            raise Invalid("work-text-needed")
        return self._do(access, task_id, version, _Doing("answer", text))

    def withdraw(self, access: Access, task_id: str, version: int, text: str = "") -> Work:
        """Withdraw what the reader asked."""
        return self._do(access, task_id, version, _Doing("withdraw", text))

    def comment(self, access: Access, task_id: str, text: str) -> Work:
        """Write something beside; it overwrites nothing, so that it needs no version."""
        if not text.strip():
            raise Invalid("work-text-needed")
        return self._again(lambda: self._do(access, task_id, None, _Doing("comment", text)))

    def attach(self, access: Access, task_id: str, file: Attached, text: str = "") -> Work:
        """Put a file beside, which stays; like a comment it overwrites nothing. Conflict `work-file-there` where it is
        there already, `work-file-many` where there are `MANY`."""
        return self._again(partial(self._attach, access, task_id, file, text))

    def _attach(self, access: Access, task_id: str, file: Attached, text: str) -> Work:
        now, who = self._clock(), _person(access.reader)
        seen = self._at(access, task_id, None)
        to = self._require(access, seen.work, "attach")
        there = files_of(seen.body)
        if any(one.digest == file.digest for one in there):
            raise Conflict("work-file-there")
        if len(there) >= MANY:
            raise Conflict("work-file-many", most=MANY)
        kept = record(file, seen.work, who, now)
        body = {**seen.body, "input": [*seen.body.get("input", ()), named(file, kept["id"])]}
        said = "\n".join(part for part in (f"{file.name} (SHA-256 {file.digest})", text.strip()) if part)
        body = _moved(body, to, who, said, now)
        self._write(access, task_id, [*_with_act(body, "attach", who, now, seen.work.version), Put(kept)])
        return self.one(access, task_id)

    def hand_over(self, access: Access, task_id: str, version: int, to: Reader, text: str = "") -> Work:
        """Give one piece of work to another officer, or take it over. `to`: with the areas of their account."""
        work = self.one(access, task_id)
        self._require_reach(to, [work])
        owner = {"owner": tasks.reference(_person(to))}
        return self._do(access, task_id, version, _Doing("hand-over", text, owner))

    def hand_over_all(self, access: Access, to: Reader, text: str = "") -> int:
        """Give all open work of the reader to another officer at the end of a shift, all of it or nothing; how much it
        was. Forbidden where the other's areas do not hold all of it."""
        return self._again(partial(self._hand_over_all, access, to, text))

    def _hand_over_all(self, access: Access, to: Reader, text: str) -> int:
        now, who = self._clock(), _person(access.reader)
        mine = [one for one in self._open(access) if _owned_by(one.work, access.reader)]
        self._require_reach(to, [one.work for one in mine])
        changes: list[Put] = []
        for one in mine:
            self._require(access, one.work, "hand-over")
            body = {**one.body, "owner": tasks.reference(_person(to))}
            body = _moved(body, one.work.state, who, text, now)
            changes += _with_act(body, "hand-over", who, now, one.work.version)
        if changes:
            self._write(access, mine[0].work.id, changes)
        return len(mine)

    # How it is done

    def _do(self, access: Access, task_id: str, version: int | None, does: _Doing) -> Work:
        """One step of one Task; without a version, of whichever stands."""
        now, who = self._clock(), _person(access.reader)
        seen = self._at(access, task_id, version)
        to = self._require(access, seen.work, does.act)
        after = {key: value for key, value in {**seen.body, **does.more}.items() if value is not None}
        body = _moved(after, to, who, does.text, now)
        self._write(access, task_id, _with_act(body, does.act, who, now, seen.work.version))
        return self.one(access, task_id)

    def _open(self, access: Access) -> list[_Seen]:
        # By the identifier too: a country's store may hold a million open Tasks of persons.
        pairs = [("identifier", f"{tasks.SIGNAL}|"), ("status", ",".join(tasks.OPEN)), ("_count", str(PAGE))]
        return self._search(access, parse_query("Task", pairs, strict=True))

    def _tasks(self, access: Access, ids: Iterable[str]) -> list[_Seen]:
        return [found for part in _parts(ids) for found in self._search(access, _by_id("Task", part))]

    def _bodies(self, access: Access, record_type: str, ids: Iterable[str]) -> Iterator[dict[str, Any]]:
        for part in _parts(ids):
            for row in self._rows(access, _by_id(record_type, part)):
                yield orjson.loads(row.body or b"{}")

    def _search(self, access: Access, query: Query) -> list[_Seen]:
        found = (_seen(row) for row in self._rows(access, query))
        return [one for one in found if one is not None]

    def _rows(self, access: Access, query: Query) -> Iterator[Version]:
        """All that a query finds, page by page."""
        token: str | None = None
        while True:
            page = self._store.search(access, replace(query, page=token))
            yield from page.rows
            token = page.next
            if token is None:
                return

    def _seen(self, access: Access, task_id: str) -> _Seen:
        try:
            found = _seen(self._store.read(access, "Task", task_id))
        except NotFound:
            found = None
        if found is None:
            raise NotFound("work-not-found")
        return found

    def _at(self, access: Access, task_id: str, version: int | None) -> _Seen:
        """A Task at the version that the officer saw; Conflict where it has moved on."""
        seen = self._seen(access, task_id)
        if version not in {None, seen.work.version}:
            raise self._moved_on(access, task_id)
        return seen

    def _moved_on(self, access: Access, task_id: str) -> Conflict:
        """Whose step came between, and when."""
        work = self._seen(access, task_id).work
        who, when = self._step_of(access, task_id, work.version)
        return Conflict("work-moved-on", who=who, when=when)

    def _step_of(self, access: Access, task_id: str, version: int) -> tuple[str, str]:
        """Who made a version of a Task, and when, as an error tells it."""
        ids = [tasks.provenance_id(task_id, version)]
        for each in self._bodies(access, "Provenance", ids):
            who, at = tasks.agent_of(each), datetime.fromisoformat(each["recorded"])
            return who.name or who.account, at.astimezone(TAIPEI).strftime("%Y-%m-%d %H:%M")
        raise NotFound("work-not-found")

    def _write(self, access: Access, task_id: str, changes: Sequence[Put]) -> None:
        """All changes or none."""
        try:
            self._store.write(access, changes)
        except Conflict:
            raise self._moved_on(access, task_id) from None

    def _again(self, done: Callable[[], T]) -> T:
        """Do what may follow any version, again where another step came between."""
        for _ in range(TRIES - 1):
            try:
                return done()
            except Conflict as error:
                if error.code != "work-moved-on":
                    raise
        return done()

    def _require(self, access: Access, work: Work, act: Act) -> State:
        """To which state an act leads; refuses one that is not done in this state, and who is not one of those who
        may."""
        found = states.step(work.kind, work.state, act)
        if found is None:
            raise Conflict("work-not-now")
        if not states.may(found.who, actor(access.reader), work.holders):
            raise Forbidden(FOR[found.who])
        return found.to

    def _require_place(self, access: Access, place: str) -> None:
        if not places.reaches(access.scope, place):
            raise Forbidden("work-outside-area")

    def _require_reach(self, to: Reader, given: Iterable[Work]) -> None:
        """Refuse to give work to somebody who could not do it."""
        if not all(could_do(to, one) for one in given):
            raise Forbidden("work-receiver-outside")

    def _day(self, due: date, now: int) -> date:
        """A last day that is still to come, and not years away."""
        if not _day(now) <= due <= _day(now) + timedelta(MOST_DAYS):
            raise Invalid("work-due")
        return due


def could_do(reader: Reader, work: Work) -> bool:
    """Whether work may go to this reader: an officer whose areas hold its place, of the institution that is asked."""
    of_it = work.organisation in {None, reader.organisation}
    return reader.role is Role.OFFICER and of_it and places.reaches(reader.scope, work.place)


def actor(reader: Reader) -> Actor:
    """A reader as the table of states sees them."""
    return Actor(reader.id, reader.organisation)


def _person(reader: Reader) -> Person:
    return Person(reader.id, reader.name)


def _owned_by(work: Work, reader: Reader) -> bool:
    return work.owner is not None and work.owner.account == reader.id


def _moved(body: Mapping[str, Any], to: State, who: Person, text: str, now: int) -> dict[str, Any]:
    """A Task in its next state, with what was written at the step."""
    return tasks.noted(tasks.in_state(body, to, now), _text(text), who, now)


def _with_act(
    body: Mapping[str, Any], act: Act, who: Person, now: int, stands: int | None = None
) -> list[Put]:
    """A Task and the Provenance of its step. `stands`: the version that it follows; None where it is new."""
    made = tasks.provenance(body["id"], (stands or 0) + 1, act, who, now)
    return [Put(dict(body), if_match=stands), Put(made)]


def _seen(row: Version) -> _Seen | None:
    """A Task as the ledger writes it; None where somebody loaded another under an id of work."""
    body = orjson.loads(row.body or b"{}")
    body.pop("meta", None)
    try:
        return _Seen(tasks.read(body, row.version, row.updated), body)
    except (LookupError, TypeError, ValueError):
        return None


def _by_id(record_type: str, ids: Sequence[str]) -> Query:
    return Query(record_type, (IdClause(tuple(ids)),), count=len(ids))


def _part_of(task_id: str) -> Query:
    pairs = [("part-of", f"Task/{task_id}"), ("_count", str(PAGE))]
    return parse_query("Task", pairs, strict=True)


def _parts(ids: Iterable[str]) -> Iterator[list[str]]:
    every = sorted(set(ids))
    return (every[at : at + NAMED] for at in range(0, len(every), NAMED))


def _text(text: str) -> str:
    said = text.strip()
    if len(said) > LONGEST_TEXT:
        raise TooLarge("work-text-long", most=LONGEST_TEXT)
    return said


def _day(now: int) -> date:
    return datetime.fromtimestamp(now / 1000, TAIPEI).date()
