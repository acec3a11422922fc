"""Probable duplicates among many Patients: proposals for a human, never a merge.

Only pairs within a block are compared: those who share a number, or a name with birth, with the year of birth or with
a contact, or a birth with a contact. A block of too many says nothing of one person; it is passed over and counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from camphora.records.identity.traits import PARENT, Number, Traits, years_between
from camphora.records.identity.weighing import Weighed, weigh

CROWD = 60
"""A block of more Patients than this is passed over."""
Pair = tuple[str, str]


class Proposal(NamedTuple):
    """Two Patients who may be one person, with the evidence; `one` has the lesser id."""

    one: Traits
    other: Traits
    weighed: Weighed


class Borrowed(NamedTuple):
    """A Patient who bears the number of somebody at least a parent's age older, as a newborn does who is treated by
    the card of a parent: the number is not theirs, and their records are not the holder's."""

    child: Traits
    holder: Traits
    number: Number


class Duplicates(NamedTuple):
    """`proposals`, the weightiest first; `borrowed`; how many Patients were read; how many blocks were passed over."""

    proposals: tuple[Proposal, ...]
    borrowed: tuple[Borrowed, ...]
    read: int
    crowded: int


def pair_of(one: str, other: str) -> Pair:
    return (one, other) if one <= other else (other, one)


def find(persons: Iterable[Traits], decided: Collection[Pair] = ()) -> Duplicates:
    """The proposals among these. `decided`: pairs that a human found to be different persons; they are not proposed
    again, and neither are those who are linked as one already."""
    known = list(persons)
    borrowed = list(_borrowed(known))
    lent: dict[str, set[Number]] = defaultdict(set)
    for each in borrowed:
        lent[each.child.id].add(each.number)
    own = [one._replace(numbers=one.numbers - lent[one.id]) if one.id in lent else one for one in known]
    one_with, passed, seen = _groups(own), 0, set(decided)
    found = []
    for block in _blocks(own):
        if len(block) > CROWD:
            passed += 1
            continue
        for one, other in combinations(sorted(block, key=lambda each: each.id), 2):
            pair = pair_of(one.id, other.id)
            if pair in seen or one_with.get(one.id, one.id) == one_with.get(other.id, other.id):
                continue
            seen.add(pair)
            weighed = weigh(one, other)
            if weighed.grade != "certainly-not":
                found.append(Proposal(one, other, weighed))
    found.sort(key=lambda each: (-each.weighed.score, -each.weighed.bits, each.one.id, each.other.id))
    return Duplicates(tuple(found), tuple(borrowed), len(known), passed)


def _blocks(persons: Sequence[Traits]) -> Iterator[list[Traits]]:
    blocks: dict[tuple[object, ...], list[Traits]] = defaultdict(list)
    for one in persons:
        for key in set(_keys(one)):
            blocks[key].append(one)
    return (block for block in blocks.values() if len(block) > 1)


def _keys(one: Traits) -> Iterator[tuple[object, ...]]:
    for number in one.numbers:
        yield ("number", number)
    for name in one.names or one.spelled:
        if one.birth:
            yield ("name", name, one.birth)
            yield ("year", name, one.birth[:4], one.sex)
        for contact in one.contacts:
            yield ("reached", name, contact)
    if one.birth:
        for contact in one.contacts:
            yield ("home", one.birth, contact)


def _borrowed(persons: Sequence[Traits]) -> Iterator[Borrowed]:
    holders: dict[Number, list[Traits]] = defaultdict(list)
    for one in persons:
        for number in one.numbers:
            holders[number].append(one)
    for number, several in sorted(holders.items()):
        if len(several) < 2:
            continue
        oldest = min(several, key=lambda each: (each.birth or "9", each.id))
        for one in sorted(several, key=lambda each: each.id):
            if is_borrowed(one, oldest):
                yield Borrowed(one, oldest, number)


def is_borrowed(child: Traits, holder: Traits) -> bool:
    """Whether one is so much younger than another bearer of their number that it can only be a parent's."""
    years = years_between(child.birth, holder.birth)
    return years is not None and years >= PARENT and child.birth > holder.birth


def _groups(persons: Sequence[Traits]) -> dict[str, str]:
    """For each who is linked, one id that stands for all who are one with them, over any way."""
    above: dict[str, str] = {}

    def top(name: str) -> str:
        while (upper := above.get(name, name)) != name:
            name = upper
        return name

    for one in persons:
        for other in one.linked:
            low, high = sorted((top(one.id), top(other)))
            above[high] = low
    return {name: top(name) for name in above}
