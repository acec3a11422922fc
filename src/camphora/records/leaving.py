"""A receipt made: the line that an act of reading leaves, and what only the store knows of it."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import apsw
import orjson
from pyroaring import BitMap

from camphora.audit import Receipt, commitment
from camphora.audit.receipt import Ruling, salt_of, salted_digest
from camphora.policy import Access
from camphora.policy.admission import SHARED_TYPES
from camphora.policy.vocabulary import Purpose
from camphora.records.derived import area_range
from camphora.records.judging import PERSONS, policy_of
from camphora.records.marking import mark

FEW = 200
"""Up to so many persons a receipt names each by commitment. Above, and always for secondary use, whose lines
anybody may read, it names the set by a salted digest: the number of commitments would tell an exact count."""

UNCOUNTED = FEW + 1
"""The places of an act whose line must not tell how many are known: it names their set."""
KEPT = 50_000
"""So many persons' salts are kept at hand: a person who was just read is read again."""
OPENS = "legal-basis"
"""The reason of a decision that a basis stood before the choices."""
LAST = "(SELECT coalesce(max(no), 0) FROM change)"
"""The number of the newest line of the change log, as a part of a statement."""
DRAWN = 256
"""So many nonces are drawn at once."""
KINDS = 1_024
"""For so many kinds of act, each under one Access, what their lines share is kept at hand."""
STORES = 16
"""For so many stores of a process nonces lie ready."""
NULL = b"null"
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


Members = BitMap | list[int]
"""Persons, each once; a list where there is one or none, since a set of one takes longer to make than its digest."""


class Leaf(NamedTuple):
    """The line of a receipt with what only the store knows: its members, and the salt of their digest where it names
    their set. `secondary`: left for secondary use."""

    line: bytes
    members: Members
    salt: bytes = b""
    secondary: bool = False


class _Kind(NamedTuple):
    """What all lines of one kind of act under one Access share, and what of them is known beforehand."""

    access: Access
    pattern: bytes
    secondary: bool
    reason: bytes
    plain: bool
    """It stands on no basis and no emergency."""
    weighed: bool
    """Choices may hide something from it."""


class Draft(NamedTuple):
    """A leaf of one person that needs nothing of the store any more: its line is written together with others', where
    the processor has what it takes at hand."""

    kind: _Kind
    at: int
    person: int
    salt: bytes
    ruling: Ruling
    choices: str
    result: Sequence[bytes]


class Leaves:
    """Makes the leaf of each act."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._salts: dict[int, bytes] = {}
        self._kinds: dict[tuple[int, str, str | tuple[str, ...], int], _Kind] = {}

    def of(self, access: Access, act: Act, persons: Iterable[int], reader: apsw.Connection) -> Leaf | None:
        """The leaf of an act; None where it could tell of nobody.

        Whether there is one hangs on what was asked and by whom, never on what was found: an act on kinds of record
        that are about persons leaves one of nobody too, so that what is hidden and what is absent cost the same. So
        does all secondary use, and each refusal. Inner readers leave none.
        """
        members = _members(persons)
        if access.ground in INNER or not (members or _may_tell(access, act)):
            return None
        return self._leaf(access, act, members, reader)

    def draft(
        self, access: Access, act: Act, persons: Iterable[int], reader: apsw.Connection
    ) -> Draft | None:
        """The leaf of an act as far as the store must say it; None where it has to be made at once, by `of`: of others
        than one known person, or where more than the Access weighs."""
        if not (isinstance(persons, list | BitMap) and isinstance(act.result, list)) or act.last is None:
            return None
        if not len(persons) == 1 == (act.places or 1) or access.ground in INNER:
            return None
        person = persons[0]
        kind, salt = self._kind(access, act, policy_of(reader).version), self._salts.get(person)
        if salt is None or not kind.plain or kind.secondary:
            return None
        choices = self._choices(reader, act.last) if kind.weighed else ""
        at = int(time.time() * 1000)
        return Draft(kind, at, person, salt, act.ruling or "permit", choices, act.result)

    def finished(self, draft: Draft) -> Leaf:
        kind, at, person, salt, ruling, choices, result = draft
        nonce, own = _drawn(self._secret)
        line = kind.pattern % (
            at,
            b'"%b"' % commitment(salt, nonce).encode(),
            NULL,
            nonce.encode(),
            NULL,
            ruling.encode(),
            choices.encode(),
            salted_digest(own, result).encode(),
        )
        return Leaf(line, [person])

    def _leaf(self, access: Access, act: Act, members: Members, reader: apsw.Connection) -> Leaf:
        kind = self._kind(access, act, policy_of(reader).version)
        nonce, own = _drawn(self._secret)
        places = len(members) if act.places is None else act.places
        few = places <= FEW and not kind.secondary
        salt = b"" if few else os.urandom(16)
        named: tuple[str, ...] = ()
        if few:
            # A line of nobody must not differ from one of somebody who is hidden and was named in vain.
            most = max(places, 1 if members or act.types else 0)
            named = self._placed(members, most, nonce, own, reader)
        line = kind.pattern % (
            int(time.time() * 1000),
            b'"%b"' % '","'.join(named).encode() if named else b"",
            NULL if few else b'"%b"' % commitment(salt, nonce, BitMap(members).serialize()).encode(),
            nonce.encode(),
            b'"%b"' % salted_digest(own, [kind.reason]).encode() if kind.reason else NULL,
            (act.ruling or ("permit" if kind.plain else _ruling(access, members, reader))).encode(),
            self._choices(reader, act.last).encode() if kind.weighed else b"",
            salted_digest(own, act.result).encode(),
        )
        return Leaf(line, members, salt, kind.secondary)

    def _kind(self, access: Access, act: Act, policy: int) -> _Kind:
        """What the lines of such acts under an Access share. It is found by the very object, which `_Kind` holds: so no
        other can have come to its place."""
        types = next(iter(act.types)) if len(act.types) == 1 else tuple(sorted(set(act.types)))
        key = (id(access), act.name, types, policy)
        kind = self._kinds.get(key)
        if kind is None:
            if len(self._kinds) >= KINDS:
                self._kinds.clear()
            named = types if isinstance(types, tuple) else (types,)
            kind = self._kinds[key] = _kind_of(access, act.name, named, policy)
        return kind

    def _choices(self, reader: apsw.Connection, last: int | None) -> str:
        """A mark of the change up to which the choices were weighed at this reading: anybody may read receipts, and the
        number itself would count changes."""
        if last is None:
            (last,) = next(reader.execute(f"SELECT {LAST}"))
        return mark(self._secret, int(last))

    def _placed(
        self, members: Members, places: int, nonce: str, own: bytes, reader: apsw.Connection
    ) -> tuple[str, ...]:
        """A commitment for each place, in no order that tells: to each person, to nobody where one is free, and where
        there are more persons than places (several bear one number) to the set of the last of them in one."""
        if not places:
            return ()
        if places == len(members) == 1 and (salt := self._salts.get(members[0])):
            return (commitment(salt, nonce),)
        if len(members) > places:
            alone = BitMap(list(members)[: places - 1])
            rest = commitment(own, nonce, (BitMap(members) - alone).serialize())
            named = [rest, *self._commitments(alone, nonce, reader)]
        else:
            named = self._commitments(members, nonce, reader)
        named += [of_nobody(own, nonce, place) for place in range(places - len(named))]
        return tuple(named if len(named) == 1 else sorted(named))

    def _commitments(self, members: Members, nonce: str, reader: apsw.Connection) -> list[str]:
        salts = self._salts
        missing = [person for person in members if person not in salts]
        if missing:
            if len(salts) > KEPT:
                salts.clear()
            marks = ",".join("?" * len(missing))
            salts.update(reader.execute(f"SELECT no, salt FROM person WHERE no IN ({marks})", missing))
        return [commitment(salts[person], nonce) for person in members if person in salts]


def _kind_of(access: Access, act: str, types: tuple[str, ...], policy: int) -> _Kind:
    by = access.reader
    basis, reason = _stands_on(access)
    pattern = Receipt(
        at=0, reader=by.id, name=by.name, role=by.role, organisation=by.organisation, purpose=access.purpose, act=act,
        types=types, purposes=access.purposes, ground=access.ground, basis=basis, policy=policy,
    ).pattern()  # fmt: skip
    plain = access.basis is None and access.emergency is None
    secondary = access.purpose is Purpose.SECONDARY
    return _Kind(access, pattern, secondary, reason.encode(), plain, bool(access.hidden or access.closed))


def _members(persons: Iterable[int]) -> Members:
    found = persons if isinstance(persons, list | BitMap) else BitMap(persons)
    return list(found) if len(found) < 2 else BitMap(found)


def _may_tell(access: Access, act: Act) -> bool:
    """Whether an act could tell of somebody, by what was asked and by whom alone."""
    if access.purpose is Purpose.SECONDARY or act.ruling == "deny" or act.always:
        return True
    reaches = access.persons is None or bool(access.persons)
    return reaches and not SHARED_TYPES.issuperset(act.types)


def of_nobody(salt: bytes, nonce: str, place: int = 0) -> str:
    """What a receipt bears in a place of nobody: whoever is given the salt of this receipt can show that it is the
    empty set. `place`: how many such places are before it."""
    return commitment(salt, nonce, NOBODY + (place.to_bytes(2) if place else b""))


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


def _ruling(access: Access, members: Members, reader: apsw.Connection) -> Ruling:
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


def _living_in(limits: Collection[str], members: Members, reader: apsw.Connection) -> int | None:
    """One of the members who lives in one of these areas."""
    ranges = [found for code in sorted(limits) if (found := area_range(code))]
    if not ranges:
        return None
    tests = " OR ".join("area BETWEEN ? AND ?" for _ in ranges)
    sql = f"SELECT no FROM person WHERE no IN (SELECT value FROM json_each(?)) AND ({tests}) LIMIT 1"
    numbers = orjson.dumps(list(members)).decode()
    edges = [edge for found in ranges for edge in found]
    return next((int(no) for (no,) in reader.execute(sql, (numbers, *edges))), None)
