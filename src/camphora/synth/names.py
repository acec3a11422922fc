"""Names as people in Taiwan bear them: surnames by frequency, given names by sex and decade of birth,
traditional names in indigenous townships, romanised names of foreign spouses and residents.

The lists are ours, made from common characters; frequencies of surnames are rounded from the Ministry of
the Interior's name statistics from memory (assumption of ours). Any likeness to a living person is chance.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from random import Random
from typing import NamedTuple

from camphora.synth.places import rows


class Name(NamedTuple):
    """`text` is the full name as written; `family` and `given` are romanised, as TW Core's examples do."""

    text: str
    family: str
    given: str


class Word(NamedTuple):
    written: str
    roman: str


@dataclass(frozen=True)
class NameLists:
    surnames: tuple[Word, ...]
    weights: list[int]
    decades: dict[str, tuple[tuple[int, tuple[Word, ...], tuple[Word, ...]], ...]]
    others: dict[tuple[str, str], tuple[tuple[Word, ...], tuple[Word, ...]]]
    indigenous: dict[tuple[str, str], str]


def _words(text: str) -> tuple[Word, ...]:
    return tuple(Word(*part.split(" ", 1)) for part in text.split("|"))


@cache
def name_lists() -> NameLists:
    surnames = list(rows("surnames.csv"))
    decades: dict[str, list[tuple[int, tuple[Word, ...], tuple[Word, ...]]]] = {"m": [], "f": []}
    for row in rows("given.csv"):
        decades[row["sex"]].append((int(row["from"]), _words(row["first"]), _words(row["second"])))
    return NameLists(
        tuple(Word(r["surname"], r["roman"]) for r in surnames),
        list(accumulate(int(r["per_mille"]) for r in surnames)),
        {sex: tuple(reversed(lists)) for sex, lists in decades.items()},
        {(r["origin"], r["sex"]): (_words(r["given"]), _words(r["family"])) for r in rows("other_names.csv")},
        {(r["county"], r["town"]): r["people"] for r in rows("indigenous.csv")},
    )


def surname(rng: Random) -> Word:
    lists = name_lists()
    return lists.surnames[bisect(lists.weights, rng.random() * lists.weights[-1])]


def han_name(rng: Random, family: Word, sex: str, born: int) -> Name:
    """A Han name: the family's surname and one or two characters in fashion when the person was born."""
    first, second = next(
        (a, b) for start, a, b in name_lists().decades[sex] if born >= start or start == 1910
    )
    tail = second[int(rng.random() * len(second))]
    if rng.random() < 0.025:
        return Name(family.written + tail.written, family.roman, tail.roman)
    head = first[int(rng.random() * len(first))]
    if head.written == tail.written:
        head = first[(first.index(head) + 1) % len(first)]
    return Name(family.written + head.written + tail.written, family.roman, f"{head.roman} {tail.roman}")


def other_name(rng: Random, origin: str, sex: str) -> Name:
    """A name of another tradition: indigenous (written in characters with a dot) or foreign (romanised)."""
    givens, families = name_lists().others[origin, sex]
    given, family = rng.choice(givens), rng.choice(families)
    if given.written:
        return Name(f"{given.written}‧{family.written}", family.roman, given.roman)
    return Name(f"{family.roman} {given.roman}".upper(), family.roman, given.roman)


def people_of(county: str, town: str) -> str:
    """The indigenous people of a township in the list, else an empty string."""
    return name_lists().indigenous.get((county, town), "")
