"""Receipts on their way to the log, and the index by which a person finds them again."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass

import apsw
import orjson
from pyroaring import BitMap

from camphora.audit import Log, Receipt, commitment
from camphora.errors import Busy
from camphora.policy import Access
from camphora.policy.vocabulary import Purpose
from camphora.records.keeper import Keeper
from camphora.records.store import Look

FEW = 200
"""Up to so many persons a receipt names each by commitment. Above, and always for secondary use, whose lines
anybody may read, it names the set by a salted digest: the number of commitments would tell an exact count."""

INDEXED, REACH = "receipts", 256
"""The place up to which receipts are indexed, and how far behind it one may still be missing: jobs come in the order
in which threads hand them in, not in that of the log."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A receipt with what only the store knows: its members, and the salt of their digest where they are a set."""

    receipt: Receipt
    members: BitMap
    salt: bytes


class Looks:
    """Leaves a receipt for each act of reading persons, and answers who looked."""

    def __init__(self, log: Log, keeper: Keeper) -> None:
        self._log = log
        self._keeper = keeper

    def leave(
        self, access: Access, act: str, types: Iterable[str], persons: Iterable[int], reader: apsw.Connection
    ) -> int | None:
        """Hand over one receipt before the answer leaves; returns its number, None where nothing of a person was read.

        Secondary use always leaves one, an answer over nobody too. The inner readers leave none: what they read
        reaches nobody but through another receipted act.
        """
        members = BitMap(persons)
        secondary = access.purpose is Purpose.SECONDARY
        if access.basis in {"follower", "deciding", "loading"} or not (members or secondary):
            return None
        leaf = _leaf(access, act, tuple(sorted(set(types))), members, reader)
        try:
            number = self._log.append(leaf.receipt)
        except OSError:
            self._later(access, leaf)
            return None
        awaited = secondary or leaf.receipt.members is not None
        job = self._keeper.submit(lambda connection: _index(connection, number, leaf), patient=not awaited)
        if awaited:
            job.result()
        if secondary:
            self._sync()
        return number

    def _sync(self) -> None:
        try:
            self._log.sync()
        except OSError:
            raise Busy("audit-unwritable") from None

    def _later(self, access: Access, leaf: Leaf) -> None:
        """The log cannot be written: secondary use stops, care goes on and its receipt waits in the store."""
        if access.purpose is Purpose.SECONDARY:
            raise Busy("audit-unwritable")
        values = (leaf.receipt.line(), leaf.members.serialize(), leaf.salt)
        sql = "INSERT INTO waiting_receipt (receipt, members, salt) VALUES (?, ?, ?)"
        self._keeper.submit(lambda connection: connection.execute(sql, values)).result()

    def bring_up(self, connection: apsw.Connection) -> int:
        """Index what a crash left out, then append the receipts that waited; returns how many. Runs in the keeper."""
        self._index_rest(connection)
        waiting = list(
            connection.execute("SELECT no, receipt, members, salt FROM waiting_receipt ORDER BY no")
        )
        for number, line, members, salt in waiting:
            fields = orjson.loads(line)
            kept = {**fields, "types": tuple(fields["types"]), "persons": tuple(fields["persons"])}
            leaf = Leaf(Receipt(**kept), BitMap.deserialize(members), salt)
            _index(connection, self._log.append(leaf.receipt), leaf)
            connection.execute("DELETE FROM waiting_receipt WHERE no = ?", (number,))
        return len(waiting)

    def _index_rest(self, connection: apsw.Connection) -> None:
        """Find again, by salt and nonce, whom the last receipts before a crash name."""
        row = next(connection.execute("SELECT change FROM place WHERE follower = ?", (INDEXED,)), None)
        rest = range(max(0, (row[0] if row else 0) - REACH), len(self._log))
        receipts = [(number, self._log.receipt(number)) for number in rest]
        listed = [
            (number, set(fields["persons"]), fields["nonce"])
            for number, fields in receipts
            if fields["persons"]
        ]
        if not listed:
            return
        for person, salt in list(connection.execute("SELECT no, salt FROM person")):
            found = [number for number, names, nonce in listed if commitment(salt, nonce) in names]
            connection.executemany(
                "INSERT OR IGNORE INTO look VALUES (?, ?)", ((person, number) for number in found)
            )
        _note_indexed(connection, len(self._log) - 1)

    def of(self, person: int, limit: int, reader: apsw.Connection) -> list[Look]:
        """Who looked at a person, newest first, from both kinds of receipts."""
        sql = "SELECT receipt FROM look WHERE person = ? ORDER BY receipt DESC LIMIT ?"
        numbers = {number: False for (number,) in reader.execute(sql, (person, limit))}
        for number, members in reader.execute(
            "SELECT receipt, members FROM person_set ORDER BY receipt DESC"
        ):
            if person in BitMap.deserialize(members):
                numbers[number] = True
        newest = sorted(numbers, reverse=True)[:limit]
        return [_look(self._log, number, among_many=numbers[number]) for number in newest]


def _leaf(access: Access, act: str, types: tuple[str, ...], members: BitMap, reader: apsw.Connection) -> Leaf:
    nonce = secrets.token_hex(8)
    few = len(members) <= FEW and access.purpose is not Purpose.SECONDARY
    salt = b"" if few else secrets.token_bytes(16)
    by = access.reader
    receipt = Receipt(
        at=int(time.time() * 1000),
        reader=by.id,
        name=by.name,
        role=by.role,
        organisation=by.organisation,
        purpose=access.purpose,
        act=act,
        types=types,
        persons=tuple(_commitments(members, nonce, reader)) if few else (),
        members=None if few else commitment(salt + members.serialize(), nonce),
        nonce=nonce,
    )
    return Leaf(receipt, members, salt)


def _commitments(members: BitMap, nonce: str, reader: apsw.Connection) -> list[str]:
    marks = ",".join("?" * len(members))
    rows = reader.execute(f"SELECT salt FROM person WHERE no IN ({marks})", tuple(members))
    return sorted(commitment(salt, nonce) for (salt,) in rows)


def _note_indexed(connection: apsw.Connection, number: int) -> None:
    sql = "INSERT INTO place VALUES (?, ?) ON CONFLICT (follower) DO UPDATE SET change = max(change, excluded.change)"
    connection.execute(sql, (INDEXED, number + 1))


def _index(connection: apsw.Connection, number: int, leaf: Leaf) -> None:
    _note_indexed(connection, number)
    if leaf.receipt.members is None:
        connection.executemany(
            "INSERT OR IGNORE INTO look VALUES (?, ?)", ((one, number) for one in leaf.members)
        )
    else:
        values = (number, leaf.members.serialize(), leaf.salt)
        connection.execute("INSERT OR IGNORE INTO person_set VALUES (?, ?, ?)", values)


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
    )
