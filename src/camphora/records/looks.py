"""Receipts on their way to the log, and the index by which a person finds them again."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

import apsw
import orjson
from pyroaring import BitMap

from camphora.audit import Log, Receipt, commitment
from camphora.audit.receipt import Ruling, from_line, salt_of, salted_digest
from camphora.errors import Busy
from camphora.policy import Access
from camphora.policy.admission import SHARED_TYPES
from camphora.policy.vocabulary import Purpose
from camphora.records.derived import area_range
from camphora.records.judging import PERSONS, policy_of
from camphora.records.keeper import Keeper
from camphora.records.marking import mark
from camphora.records.noting import Notes
from camphora.records.store import Look

told = logging.getLogger("camphora.records")
FEW = 200
"""Up to so many persons a receipt names each by commitment. Above, and always for secondary use, whose lines
anybody may read, it names the set by a salted digest: the number of commitments would tell an exact count."""

UNCOUNTED = FEW + 1
"""The places of an act whose line must not tell how many are known: it names their set."""
INDEXED = "receipts"
"""The place up to which receipts are indexed."""
ON_DISK = "receipts-on-disk"
"""So many receipts were on disk for certain: no power cut takes them back."""
KEPT = 50_000
"""So many persons' salts are kept at hand: a person who was just read is read again."""
EACH = 100_000
"""So many persons are tried, where notes were lost, from one line of progress to the next."""
OPENS = "legal-basis"
"""The reason of a decision that a basis stood before the choices."""
LAST = "(SELECT coalesce(max(no), 0) FROM change)"
"""The number of the newest line of the change log, as a part of a statement."""
DRAWN = 256
"""So many nonces are drawn at once."""
STORES = 16
"""For so many stores of a process nonces lie ready."""
NOBODY = BitMap().serialize()
"""The empty set, of which a receipt of nobody bears a digest."""
INNER = frozenset({"follower", "deciding", "loading"})
"""The grounds of the inner readers, which leave no receipt: what they read reaches nobody but through another
receipted act."""


class Act(NamedTuple):
    """What was done, and what came of it. `result`: the parts of what was answered, in order; `ruling` None: as the
    Access says; `always`: it leaves a receipt of nobody too, whichever its kinds are. `places`: for so many persons the
    line has a place, whoever of those that were named is known; None: for those who were read."""

    name: str
    types: Collection[str]
    result: Iterable[bytes] = ()
    ruling: Ruling | None = None
    always: bool = False
    last: int | None = None
    """The last change that was seen, where the reading told it."""
    places: int | None = None


class Leaf(NamedTuple):
    """A receipt with what only the store knows: its members, and the salt of their digest where they are a set."""

    receipt: Receipt
    members: BitMap
    salt: bytes


GATHERED: ContextVar[list[Leaf] | None] = ContextVar("gathered", default=None)
"""Where set, leaves are gathered there instead of being awaited one by one: whoever set it has them kept, and lets
nothing of the answer out before all are. Here those are gathered for which no more than the write is awaited."""


def is_awaited(leaf: Leaf) -> bool:
    """Whether an answer waits for more than the write of its receipt: in secondary use, and of sets."""
    return leaf.receipt.purpose == Purpose.SECONDARY or leaf.receipt.members is not None


class Looks:
    """Leaves a receipt for each act of reading persons, and answers who looked."""

    def __init__(self, log: Log, keeper: Keeper, secret: bytes) -> None:
        self._log = log
        self._keeper = keeper
        self._secret = secret
        self._order = threading.Lock()
        self._due: deque[tuple[int, Leaf]] = deque()
        self._asked = self._waiting = self._unnoted = False
        self._salts: dict[int, bytes] = {}
        # Whom the receipts name that are not indexed yet: a crash would leave every salt to be tried on them.
        self._beside = Notes(log.folder.parent / "looks.pending")

    def leave(self, access: Access, act: Act, persons: Iterable[int], reader: apsw.Connection) -> int | None:
        """Hand over one receipt before the answer leaves; returns its number, None where the act could tell of nobody
        or where the receipt waits for the log.

        Whether there is one hangs on what was asked and by whom, never on what was found: an act on kinds of record
        that are about persons leaves one of nobody too, so that what is hidden and what is absent cost the same. So
        does all secondary use, and each refusal. Inner readers leave none.
        """
        members = BitMap(persons)
        if access.ground in INNER or not (members or _may_tell(access, act)):
            return None
        return self.keep(self._leaf(access, act, members, reader))

    def keep(self, leaf: Leaf) -> int | None:
        """Keep one leaf, made here or by a worker, and await what its kind waits for; its number, None where it waits
        for the log or is gathered for later. Raises Busy `audit-unwritable` for secondary use."""
        awaited, gathered = is_awaited(leaf), GATHERED.get()
        if gathered is not None and not awaited:
            gathered.append(leaf)
            return None
        try:
            number = self._append(leaf)
        except OSError:
            return self._later(leaf)
        if awaited:
            self._hand_over(patient=False).result()
        elif not self._asked:
            self._hand_over(patient=True)
        self._go_on_replaying()
        if leaf.receipt.purpose == Purpose.SECONDARY:
            self._settle()
        return number

    def keep_all(self, leaves: Sequence[Leaf]) -> int:
        """Keep leaves for which nothing is awaited by one write, all or none; the number of the first. Raises
        OSError."""
        with self._order:
            first = self._log.extend([leaf.receipt for leaf in leaves])
            numbered = list(enumerate(leaves, first))
            self._due.extend(numbered)
            self._note_down(b"".join(_note(number, leaf) for number, leaf in numbered))
        if not self._asked:
            self._hand_over(patient=True)
        self._go_on_replaying()
        return first

    def _go_on_replaying(self) -> None:
        if self._waiting:
            self._waiting = False
            self._keeper.submit(self._replay, patient=True)

    @property
    def due(self) -> int:
        """How many receipts wait to be indexed."""
        return len(self._due)

    def _append(self, leaf: Leaf) -> int:
        """Into the log, and into the line of those to be indexed, which has the same order."""
        with self._order:
            number = self._log.append(leaf.receipt)
            self._due.append((number, leaf))
            self._note_down(_note(number, leaf))
        return number

    def _note_down(self, lines: bytes) -> None:
        """What is not noted is found again by the salts, so that nothing fails here; it is told once until notes can
        be written again."""
        try:
            self._beside.add(lines)
        except OSError as error:
            if not self._unnoted:
                why = errno.errorcode.get(error.errno or 0, "?")
                told.warning("%s", Busy("audit-unnoted", why=why))
            self._unnoted = True
        else:
            self._unnoted = False

    def _settle(self) -> None:
        try:
            self._log.flush()
        except OSError:
            raise Busy("audit-unwritable") from None

    def _later(self, leaf: Leaf) -> int | None:
        """The log cannot be written: secondary use stops; care goes on, first in the space kept for it, then with
        its receipt waiting in the store."""
        if leaf.receipt.purpose == Purpose.SECONDARY:
            raise Busy("audit-unwritable")
        if self._log.give_way():
            try:
                number = self._append(leaf)
            except OSError:
                pass
            else:
                self._hand_over(patient=True)
                return number
        values = (leaf.receipt.line(), leaf.members.serialize(), leaf.salt)
        sql = "INSERT INTO waiting_receipt (receipt, members, salt) VALUES (?, ?, ?)"
        self._keeper.submit(lambda connection: connection.execute(sql, values)).result()
        self._waiting = True
        return None

    # The index

    def _hand_over(self, *, patient: bool) -> Future[int]:
        self._asked = True
        future = self._keeper.submit(self._index_due, patient=patient)
        future.add_done_callback(self._indexed)
        return future

    def catch_up(self) -> None:
        """Wait until every receipt that was left before now is indexed."""
        if self._due:
            self._hand_over(patient=False).result()

    def _index_due(self, connection: apsw.Connection) -> int:
        """Index all that is due by one statement; returns the first number that is not indexed. Runs in the keeper."""
        self._asked = False
        with self._order:
            due = list(self._due)
        if not due:
            return 0
        _index(connection, due)
        _note_place(connection, ON_DISK, self._log.durable)
        return due[-1][0] + 1

    def _indexed(self, done: Future[int]) -> None:
        """What the commit holds is due no more."""
        if done.exception() is None:
            through = done.result()
            with self._order:
                while self._due and self._due[0][0] < through:
                    self._due.popleft()
                if not self._due:
                    self._beside.clear()

    def bring_up(self, connection: apsw.Connection) -> int:
        """Index what a crash left out, then append the receipts that waited; returns how many. Runs in the keeper."""
        self._forget_lost(connection)
        self._index_rest(connection)
        appended = self._replay(connection)
        self.note_on_disk(connection)
        return appended

    def note_on_disk(self, connection: apsw.Connection) -> None:
        """Force the receipts to disk and note how many these are. Runs in the keeper."""
        with suppress(OSError):  # a full disk: what was on it before is noted
            self._log.flush()
        _note_place(connection, ON_DISK, self._log.durable)

    def _replay(self, connection: apsw.Connection) -> int:
        """Append the receipts that waited, in order, as far as the log takes them. Runs in the keeper."""
        sql = "SELECT no, receipt, members, salt FROM waiting_receipt ORDER BY no"
        appended = 0
        for number, line, members, salt in list(connection.execute(sql)):
            try:
                self._append(Leaf(from_line(line), BitMap.deserialize(members), salt))
            except OSError:
                self._waiting = True
                break
            connection.execute("DELETE FROM waiting_receipt WHERE no = ?", (number,))
            appended += 1
        else:
            self._log.keep_space()
        self._index_due(connection)
        return appended

    def _forget_lost(self, connection: apsw.Connection) -> None:
        """A power cut may take receipts whose index was kept: their numbers will be given again, to others."""
        size = len(self._log)
        if _place(connection) > size:
            connection.execute("DELETE FROM look WHERE receipt >= ?", (size,))
            connection.execute("DELETE FROM person_set WHERE receipt >= ?", (size,))
            connection.execute("UPDATE place SET change = ? WHERE follower = ?", (size, INDEXED))

    def _index_rest(self, connection: apsw.Connection) -> None:
        """Find again, by salt and nonce, whom the last receipts before a crash name."""
        rest = range(_place(connection), len(self._log))
        noted = self._noted()
        receipts = []
        for number in rest:
            fields = self._log.receipt(number)
            if (number, fields["nonce"]) in noted:
                looks = ((person, number) for person in noted[number, fields["nonce"]])
                connection.executemany("INSERT OR IGNORE INTO look VALUES (?, ?)", looks)
            else:
                receipts.append((number, fields))
        listed = [
            (number, set(fields["persons"]), fields["nonce"])
            for number, fields in receipts
            if fields["persons"]
        ]
        if listed:
            told.warning(
                "%d receipts are not noted beside the log: every person's salt is tried", len(listed)
            )
            for tried, (person, salt) in enumerate(
                list(connection.execute("SELECT no, salt FROM person")), 1
            ):
                if tried % EACH == 0:
                    told.warning("%d persons' salts tried", tried)
                found = [number for number, names, nonce in listed if commitment(salt, nonce) in names]
                connection.executemany(
                    "INSERT OR IGNORE INTO look VALUES (?, ?)", ((person, number) for number in found)
                )
        if rest:
            _note_indexed(connection, len(self._log))

    def _noted(self) -> dict[tuple[int, str], list[int]]:
        """Whom the last receipts name, as it was noted beside the log, by number and nonce. Torn lines do not count."""
        rows = [line.split() for line in self._beside.read().split(b"\n")]
        return {
            (int(row[0]), row[1].decode()): [int(one) for one in row[3:-1]] for row in rows if _is_whole(row)
        }

    def close(self) -> None:
        self._beside.close()

    # Who looked

    def of(self, person: int, limit: int, reader: apsw.Connection) -> list[Look]:
        """Who looked at a person, newest first, from both kinds of receipts."""
        self.catch_up()
        sql = "SELECT receipt FROM look WHERE person = ? ORDER BY receipt DESC LIMIT ?"
        numbers = {number: False for (number,) in reader.execute(sql, (person, limit))}
        for number, members in reader.execute(
            "SELECT receipt, members FROM person_set ORDER BY receipt DESC"
        ):
            if person in BitMap.deserialize(members):
                numbers[number] = True
        newest = sorted(numbers, reverse=True)[:limit]
        return [_look(self._log, number, among_many=numbers[number]) for number in newest]

    # The leaf

    def _leaf(self, access: Access, act: Act, members: BitMap, reader: apsw.Connection) -> Leaf:
        nonce, own = _drawn(self._secret)
        places = len(members) if act.places is None else act.places
        few = places <= FEW and access.purpose is not Purpose.SECONDARY
        salt = b"" if few else os.urandom(16)
        by = access.reader
        basis, reason = _stands_on(access)
        named: tuple[str, ...] = ()
        if few:
            # A line of nobody must not differ from one of somebody who is hidden and was named in vain.
            most = max(places, 1 if members or act.types else 0)
            named = self._placed(members, most, nonce, own, reader)
        receipt = Receipt(
            at=int(time.time() * 1000),
            reader=by.id,
            name=by.name,
            role=by.role,
            organisation=by.organisation,
            purpose=access.purpose,
            act=act.name,
            types=tuple(act.types) if len(act.types) == 1 else tuple(sorted(set(act.types))),
            persons=named,
            members=None if few else commitment(salt + members.serialize(), nonce),
            nonce=nonce,
            purposes=access.purposes,
            ground=access.ground,
            basis=basis,
            reason=salted_digest(own, [reason.encode()]) if reason else None,
            decision=act.ruling or _ruling(access, members, reader),
            policy=policy_of(reader).version,
            choices=self._choices(access, reader, act.last),
            result=salted_digest(own, act.result),
        )
        return Leaf(receipt, members, salt)

    def _choices(self, access: Access, reader: apsw.Connection, last: int | None) -> str:
        """A mark of the change up to which the choices were weighed at this reading, empty where none weigh: anybody
        may read receipts, and the number itself would count changes."""
        if not (access.hidden or access.closed):
            return ""
        if last is None:
            (last,) = next(reader.execute(f"SELECT {LAST}"))
        return mark(self._secret, int(last))

    def _placed(
        self, members: BitMap, places: int, nonce: str, own: bytes, reader: apsw.Connection
    ) -> tuple[str, ...]:
        """A commitment for each place, in no order that tells: to each person, to nobody where one is free, and where
        there are more persons than places (several bear one number) to the set of the last of them in one."""
        if not places:
            return ()
        if places == len(members) == 1 and (salt := self._salts.get(members[0])):
            return (commitment(salt, nonce),)
        if len(members) > places:
            alone = BitMap(list(members)[: places - 1])
            rest = commitment(own + (members - alone).serialize(), nonce)
            named = [rest, *self._commitments(alone, nonce, reader)]
        else:
            named = self._commitments(members, nonce, reader)
        named += [of_nobody(own, nonce, place) for place in range(places - len(named))]
        return tuple(named if len(named) == 1 else sorted(named))

    def _commitments(self, members: BitMap, nonce: str, reader: apsw.Connection) -> list[str]:
        salts = self._salts
        missing = [person for person in members if person not in salts]
        if missing:
            if len(salts) > KEPT:
                salts.clear()
            marks = ",".join("?" * len(missing))
            salts.update(reader.execute(f"SELECT no, salt FROM person WHERE no IN ({marks})", missing))
        return [commitment(salts[person], nonce) for person in members if person in salts]


def _may_tell(access: Access, act: Act) -> bool:
    """Whether an act could tell of somebody, by what was asked and by whom alone."""
    if access.purpose is Purpose.SECONDARY or act.ruling == "deny" or act.always:
        return True
    reaches = access.persons is None or bool(access.persons)
    return reaches and not SHARED_TYPES.issuperset(act.types)


def of_nobody(salt: bytes, nonce: str, place: int = 0) -> str:
    """What a receipt bears in a place of nobody: whoever is given the salt of this receipt can show that it is the
    empty set. `place`: how many such places are before it."""
    return commitment(salt + NOBODY + (place.to_bytes(2) if place else b""), nonce)


_DRAWN: dict[bytes, list[tuple[str, bytes]]] = {}
os.register_at_fork(after_in_child=_DRAWN.clear)


def _drawn(secret: bytes) -> tuple[str, bytes]:
    """Eight random bytes that no other receipt bears, in hexadecimal, and the salt that follows from them."""
    while True:
        try:
            return _DRAWN[secret].pop()
        except (KeyError, IndexError):
            if len(_DRAWN) > STORES:
                _DRAWN.clear()
            given = os.urandom(8 * DRAWN).hex()
            nonces = [given[at : at + 16] for at in range(0, len(given), 16)]
            _DRAWN[secret] = [(nonce, salt_of(secret, nonce)) for nonce in nonces]


def _stands_on(access: Access) -> tuple[str | None, str]:
    """The legal basis or the emergency by which the Access was opened, and what was written for it."""
    if access.emergency is not None:
        return f"emergency:{access.emergency.declared}", access.emergency.reason
    if access.basis is not None:
        return access.basis.id, access.basis.reason
    return None, ""


def _ruling(access: Access, members: BitMap, reader: apsw.Connection) -> Ruling:
    """How an act that found something was decided. A basis that does not stand before choices is noted, and permits no
    more than there was; one that does so within some areas is told where it reached somebody of those read, with a
    choice or without: the line must not tell which."""
    if access.emergency is not None:
        return "emergency"
    if access.basis is None:
        return "permit"
    if access.ground == "legal-basis":
        return "override"
    row = policy_of(reader).bases.get(access.basis.id)
    limits = row.areas if row and row.overrides and access.purpose is not Purpose.SECONDARY else ()
    person = _living_in(limits, members, reader)
    if person is None:
        return "permit"
    asked = access.asked("access", int(time.time() * 1000))
    return "override" if PERSONS.of(reader, person).judge(asked)(None).reasons[-1].code == OPENS else "permit"


def _living_in(limits: Collection[str], members: BitMap, reader: apsw.Connection) -> int | None:
    """One of the members who lives in one of these areas."""
    ranges = [found for code in sorted(limits) if (found := area_range(code))]
    if not ranges:
        return None
    tests = " OR ".join("area BETWEEN ? AND ?" for _ in ranges)
    sql = f"SELECT no FROM person WHERE no IN (SELECT value FROM json_each(?)) AND ({tests}) LIMIT 1"
    numbers = orjson.dumps(members.to_array().tolist()).decode()
    edges = [edge for found in ranges for edge in found]
    return next((int(no) for (no,) in reader.execute(sql, (numbers, *edges))), None)


def _note(number: int, leaf: Leaf) -> bytes:
    """The persons of a leaf that names each, in one line; nobody where it names a set, whose index is awaited."""
    persons = () if leaf.receipt.members is not None else leaf.members
    if len(persons) == 1:
        return f"{number} {leaf.receipt.nonce} 1 {leaf.members[0]} .\n".encode()
    named = "".join([f" {person}" for person in persons])
    return f"{number} {leaf.receipt.nonce} {len(persons)}{named} .\n".encode()


def _is_whole(row: list[bytes]) -> bool:
    """Whether a line of notes has its end and as many persons as it says."""
    if len(row) < 4 or row[-1] != b"." or not row[1].isalnum():
        return False
    figures = [row[0], row[2], *row[3:-1]]
    return all(one.isdigit() for one in figures) and int(row[2]) == len(row) - 4


def on_disk(connection: apsw.Connection) -> int:
    """How many receipts the store knows to have been on disk for certain."""
    return _place(connection, ON_DISK)


def known_on_disk(folder: Path) -> int:
    """The same of a store on disk, which is only read; 0 where there is none that can be read."""
    path = folder / "records.sqlite"
    if not path.exists():
        return 0
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return on_disk(connection)
        finally:
            connection.close()
    except apsw.Error:
        return 0


def _place(connection: apsw.Connection, name: str = INDEXED) -> int:
    row = next(connection.execute("SELECT change FROM place WHERE follower = ?", (name,)), None)
    return int(row[0]) if row else 0


def _note_indexed(connection: apsw.Connection, through: int) -> None:
    _note_place(connection, INDEXED, through)


def _note_place(connection: apsw.Connection, name: str, through: int) -> None:
    sql = "INSERT INTO place VALUES (?, ?) ON CONFLICT (follower) DO UPDATE SET change = max(change, excluded.change)"
    connection.execute(sql, (name, through))


def _index(connection: apsw.Connection, due: Iterable[tuple[int, Leaf]]) -> None:
    looks: list[tuple[int, int]] = []
    sets: list[tuple[int, bytes, bytes]] = []
    through = 0
    for number, leaf in due:
        through = number + 1
        if leaf.receipt.members is None:
            looks += ((person, number) for person in leaf.members)
        else:
            sets.append((number, leaf.members.serialize(), leaf.salt))
    connection.executemany("INSERT OR IGNORE INTO look VALUES (?, ?)", looks)
    connection.executemany("INSERT OR IGNORE INTO person_set VALUES (?, ?, ?)", sets)
    _note_indexed(connection, through)


def _look(log: Log, number: int, *, among_many: bool) -> Look:
    fields = log.receipt(number)
    return Look(
        receipt=number,
        at=fields["at"],
        name=fields["name"],
        role=fields["role"],
        organisation=fields["organisation"],
        purpose=fields["purpose"],
        act=fields["act"],
        types=tuple(fields["types"]),
        among_many=among_many,
        reader=fields["reader"],
        decision=fields["decision"],
        basis=fields["basis"],
    )
