"""Receipts on their way to the log, and the index by which a person finds them again."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable

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
"""Up to so many persons a receipt names each by commitment; above, it names the set by digest."""


class Looks:
    """Leaves a receipt for each act of reading persons, and answers who looked."""

    def __init__(self, log: Log, keeper: Keeper) -> None:
        self._log = log
        self._keeper = keeper

    def leave(
        self, access: Access, act: str, types: Iterable[str], persons: Iterable[int], reader: apsw.Connection
    ) -> int | None:
        """Hand over one receipt before the answer leaves; returns its number, None where no person was read.

        The inner readers leave none: what they read reaches nobody but through another receipted act.
        """
        members = BitMap(persons)
        if not members or access.basis in {"follower", "deciding", "loading"}:
            return None
        receipt = _receipt(access, act, tuple(sorted(set(types))), members, reader)
        try:
            number = self._log.append(receipt)
        except OSError:
            self._later(access, receipt, members)
            return None
        awaited = access.purpose is Purpose.SECONDARY
        job = self._keeper.submit(lambda connection: _index(connection, number, members), patient=not awaited)
        if awaited:
            job.result()
            self._log.sync()
        return number

    def _later(self, access: Access, receipt: Receipt, members: BitMap) -> None:
        """The log cannot be written: secondary use stops, care goes on and its receipt waits in the store."""
        if access.purpose is Purpose.SECONDARY:
            raise Busy("audit-unwritable")
        values = (receipt.line(), members.serialize())
        sql = "INSERT INTO waiting_receipt (receipt, members) VALUES (?, ?)"
        self._keeper.submit(lambda connection: connection.execute(sql, values)).result()

    def bring_up(self, connection: apsw.Connection) -> int:
        """Append the receipts that waited; returns how many. Runs in the keeper."""
        waiting = list(connection.execute("SELECT no, receipt, members FROM waiting_receipt ORDER BY no"))
        for number, line, members in waiting:
            fields = orjson.loads(line)
            receipt = Receipt(
                **{**fields, "types": tuple(fields["types"]), "persons": tuple(fields["persons"])}
            )
            _index(connection, self._log.append(receipt), BitMap.deserialize(members))
            connection.execute("DELETE FROM waiting_receipt WHERE no = ?", (number,))
        return len(waiting)

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


def _receipt(
    access: Access, act: str, types: tuple[str, ...], members: BitMap, reader: apsw.Connection
) -> Receipt:
    nonce = secrets.token_hex(8)
    few = len(members) <= FEW
    by = access.reader
    return Receipt(
        at=int(time.time() * 1000),
        reader=by.id,
        name=by.name,
        role=by.role,
        organisation=by.organisation,
        purpose=access.purpose,
        act=act,
        types=types,
        persons=tuple(_commitments(members, nonce, reader)) if few else (),
        members=None if few else commitment(members.serialize(), nonce),
        nonce=nonce,
    )


def _commitments(members: BitMap, nonce: str, reader: apsw.Connection) -> list[str]:
    marks = ",".join("?" * len(members))
    rows = reader.execute(f"SELECT salt FROM person WHERE no IN ({marks})", tuple(members))
    return sorted(commitment(salt, nonce) for (salt,) in rows)


def _index(connection: apsw.Connection, number: int, members: BitMap) -> None:
    if len(members) <= FEW:
        connection.executemany(
            "INSERT OR IGNORE INTO look VALUES (?, ?)", ((person, number) for person in members)
        )
    else:
        connection.execute("INSERT OR IGNORE INTO person_set VALUES (?, ?)", (number, members.serialize()))


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
