"""Receipts on their way to the log, and the index by which a person finds them again."""

from __future__ import annotations

import errno
import logging
import threading
import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from contextvars import ContextVar
from operator import itemgetter
from pathlib import Path

import apsw
import orjson
from pyroaring import BitMap

from camphora.audit import Log, commitment
from camphora.audit.receipt import fields_of
from camphora.errors import Busy
from camphora.policy import Access
from camphora.records.keeper import Keeper
from camphora.records.leaving import Act, Draft, Leaf, Leaves
from camphora.records.noting import Journal, Kept, record_of
from camphora.records.store import Look

told = logging.getLogger("camphora.records")
INDEXED = "receipts"
"""The place up to which receipts are indexed."""
ON_DISK = "receipts-on-disk"
"""So many receipts were on disk for certain: no power cut takes them back."""
INDEX_EVERY = 1.0
"""Seconds that a receipt waits at most until it is handed over to be indexed."""
NOTED_EVERY = 0.25
"""Seconds after which the journal is on disk, so that a power cut too leaves few receipts for which to try salts."""
BEHIND = 32
"""Bits for how far a receipt lies behind the first that is indexed with it; a person has the others."""
EACH = 100_000
"""So many persons are tried, where notes were lost, from one line of progress to the next."""
GATHERED: ContextVar[list[Leaf | Draft] | None] = ContextVar("gathered", default=None)
"""Where set, leaves are gathered there instead of being awaited one by one: whoever set it has them kept, and lets
nothing of the answer out before all are. Here those are gathered for which no more than the write is awaited."""


def is_awaited(leaf: Leaf) -> bool:
    """Whether an answer waits for more than the write of its receipt: in secondary use, and of sets."""
    return bool(leaf.salt)


class Looks:
    """Leaves a receipt for each act of reading persons, and answers who looked."""

    def __init__(self, log: Log, keeper: Keeper, secret: bytes) -> None:
        self._log = log
        self._keeper = keeper
        self._leaves = Leaves(secret)
        self._order = threading.Lock()
        self._due: list[tuple[int, Leaf]] = []
        self._asked = self._waiting = self._unnoted = False
        self._journal = Journal(log.folder.parent)
        self._passing = 0
        """Before this number stands what passes in the journal."""
        self._indexing = self._noted = time.monotonic()
        log.after_group = self._go_on

    def leave(self, access: Access, act: Act, persons: Iterable[int], reader: apsw.Connection) -> int | None:
        """Hand over one receipt before the answer leaves (`Leaves.of` says of which acts); returns its number, None
        where there is none to leave, or where it waits for the log."""
        gathered = GATHERED.get()
        if gathered is not None and (draft := self._leaves.draft(access, act, persons, reader)):
            gathered.append(draft)
            return None
        leaf = self._leaves.of(access, act, persons, reader)
        return None if leaf is None else self.keep(leaf)

    def keep(self, left: Leaf | Draft) -> int | None:
        """Keep one leaf, made here or by a worker, and await what its kind waits for; its number, None where it waits
        for the log or is gathered for later. Raises Busy `audit-unwritable` for secondary use."""
        gathered, leaf = GATHERED.get(), self._finished(left)
        if is_awaited(leaf):
            return self._keep_awaited(leaf)
        if gathered is not None:
            gathered.append(leaf)
            return None
        try:
            return self.keep_all([leaf])
        except OSError:
            return self._later(leaf)

    def _finished(self, left: Leaf | Draft) -> Leaf:
        return self._leaves.finished(left) if isinstance(left, Draft) else left

    def keep_all(self, left: Sequence[Leaf | Draft]) -> int:
        """Keep leaves for which nothing is awaited, all or none; the number of the first. Raises OSError.

        They are copied to the journal, which a killed process leaves, and written to the log with their group."""
        leaves = [self._finished(each) for each in left]
        with self._order:
            first = self._take(leaves)
            self._due.extend(enumerate(leaves, first))
        if self._waiting:
            self._go_on_replaying()
        return first

    def _take(self, leaves: Sequence[Leaf]) -> int:
        """Where no journal can be written, or the log has failed of late, they are written to the log at once."""
        lines = [leaf.line for leaf in leaves]
        if not self._log.failing:
            try:
                numbered = enumerate(leaves, self._log.next)
                self._journal.add(b"".join([record_of(no, leaf.members, leaf.line) for no, leaf in numbered]))
            except OSError as error:
                self._tell_unnoted(error)
            else:
                self._unnoted = False
                return self._log.take(lines)
        return self._log.write(lines)

    def _keep_awaited(self, leaf: Leaf) -> int | None:
        try:
            number = self._append(leaf)
        except OSError:
            return self._later(leaf)
        self._hand_over(patient=False).result()
        self._go_on_replaying()
        if leaf.secondary:
            self._settle()
        return number

    def _go_on_replaying(self) -> None:
        if self._waiting:
            self._waiting = False
            self._keeper.submit(self._replay, patient=True)

    @property
    def due(self) -> int:
        """How many receipts wait to be indexed."""
        return len(self._due)

    def _append(self, leaf: Leaf) -> int:
        """Into the log at once, and into the line of those to be indexed, which has the same order."""
        with self._order:
            number = self._log.write([leaf.line])
            self._due.append((number, leaf))
        return number

    def _tell_unnoted(self, error: OSError) -> None:
        """What is not noted is found again by the salts, so that nothing fails here; it is told once until notes can
        be written again."""
        if not self._unnoted:
            why = errno.errorcode.get(error.errno or 0, "?")
            told.warning("%s", Busy("audit-unnoted", why=why))
        self._unnoted = True

    def _settle(self) -> None:
        try:
            self._log.flush()
        except OSError:
            raise Busy("audit-unwritable") from None

    def _later(self, leaf: Leaf) -> int | None:
        """The log cannot be written: secondary use stops; care goes on, first in the space kept for it, then with
        its receipt waiting in the store."""
        if leaf.secondary:
            raise Busy("audit-unwritable")
        if self._log.give_way():
            try:
                number = self._append(leaf)
            except OSError:
                pass
            else:
                self._hand_over(patient=True)
                return number
        self._keeper.submit(lambda connection: _wait(connection, leaf)).result()
        self._waiting = True
        return None

    # The index

    def _go_on(self) -> None:
        """Called while receipts come: now and then the journal is forced to disk, and what is due is indexed."""
        now = time.monotonic()
        if self._due and now - self._noted >= NOTED_EVERY:
            self._noted = now
            self._journal.flush()
        if self._due and not self._asked and now - self._indexing >= INDEX_EVERY:
            self._indexing = now
            with suppress(Busy):  # the store is closing, and indexes what is left
                self._hand_over(patient=True)

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
            if self._journal.turn():
                self._passing = self._log.next
        written = len(self._log)
        with self._order:
            due = self._due[: _before(written, self._due)]
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
                del self._due[: _before(through, self._due)]
                if self._passing <= through:
                    self._journal.forget_passing()

    def bring_up(self, connection: apsw.Connection) -> int:
        """Take up what a crash left in the journal, index what it left out, then append the receipts that waited;
        returns how many. Runs in the keeper; behind the commit the journal is to be cleared (`forget_kept`)."""
        self._forget_lost(connection)
        kept = self._journal.read()
        self._index_rest(connection, kept)
        self._restore(connection, kept)
        appended = self._replay(connection)
        self.note_on_disk(connection)
        return appended

    def forget_kept(self) -> None:
        """What the journal held of a crash is committed."""
        with self._order:
            self._journal.clear()

    def _restore(self, connection: apsw.Connection, kept: Sequence[Kept]) -> None:
        """Receipts of the journal that are not in the log wait for it; those that waited and are in it, because a crash
        came between, wait no more."""
        waiting = list(connection.execute("SELECT no, receipt, members, salt FROM waiting_receipt"))
        lines = {each.line for each in kept} | {row[1] for row in waiting}
        numbers = self._log.numbers(lines) if lines else {}
        for no, line, members, salt in waiting:
            if line in numbers:
                _index(connection, [(numbers[line], Leaf(line, BitMap.deserialize(members), salt))])
                connection.execute("DELETE FROM waiting_receipt WHERE no = ?", (no,))
        for each in kept:
            if each.line not in numbers:
                _wait(connection, Leaf(each.line, BitMap(each.persons)))

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
                self._append(Leaf(line, BitMap.deserialize(members), salt))
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

    def _index_rest(self, connection: apsw.Connection, kept: Sequence[Kept]) -> None:
        """Find again, by salt and nonce, whom the last receipts before a crash name."""
        rest = range(_place(connection), len(self._log))
        noted = {each.line: each.persons for each in kept}
        receipts = []
        for number in rest:
            line = self._log.entry(number)
            if line in noted:
                looks = ((person, number) for person in noted[line])
                connection.executemany("INSERT OR IGNORE INTO look VALUES (?, ?)", looks)
            else:
                receipts.append((number, fields_of(line)))
        listed = [
            (number, set(fields["persons"]), fields["nonce"], fields["form"])
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
                found = [
                    number
                    for number, names, nonce, form in listed
                    if commitment(salt, nonce, form=form) in names
                ]
                connection.executemany(
                    "INSERT OR IGNORE INTO look VALUES (?, ?)", ((person, number) for number in found)
                )
        if rest:
            _note_indexed(connection, len(self._log))

    def close(self) -> None:
        self._log.after_group = lambda: None
        self._journal.close()

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


def _wait(connection: apsw.Connection, leaf: Leaf) -> None:
    """Keep a leaf until the log can be written."""
    values = (leaf.line, BitMap(leaf.members).serialize(), leaf.salt)
    connection.execute("INSERT INTO waiting_receipt (receipt, members, salt) VALUES (?, ?, ?)", values)


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


def _before(number: int, due: Sequence[tuple[int, Leaf]]) -> int:
    """How many of those that are due stand before a number."""
    return bisect_left(due, number, key=itemgetter(0))


def _index(connection: apsw.Connection, due: Sequence[tuple[int, Leaf]]) -> None:
    _index_looks(connection, due)
    sets = [(number, BitMap(leaf.members).serialize(), leaf.salt) for number, leaf in due if leaf.salt]
    connection.executemany("INSERT OR IGNORE INTO person_set VALUES (?, ?, ?)", sets)
    _note_indexed(connection, due[-1][0] + 1)


def _index_looks(connection: apsw.Connection, due: Sequence[tuple[int, Leaf]]) -> None:
    """By one statement: at each step the interpreter's lock is given away, and must be won back from a busy loop."""
    first = due[0][0]
    looks = [
        person << BEHIND | number - first for number, leaf in due if not leaf.salt for person in leaf.members
    ]
    sql = f"INSERT OR IGNORE INTO look SELECT value >> {BEHIND}, ? + (value & {(1 << BEHIND) - 1}) FROM json_each(?)"
    connection.execute(sql, (first, orjson.dumps(looks).decode()))


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
