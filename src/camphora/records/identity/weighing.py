"""How much speaks for two Patients being one person: rules first, then the weights of Fellegi and Sunter.

A field comes out at one of its levels; a level weighs log2(m/u), where m is how often it comes out so for one person
and u how often for two who have nothing to do with each other (Fellegi and Sunter 1969, doi:10.1080/01621459.1969.
10501049; levels as in Winkler 1990). Weights of fields are added to those of the prior odds. The m and u are stated in
`FIELDS` and not estimated from the store: what is hidden from a reader must not move a score that is shown to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log2
from typing import Literal, NamedTuple

from camphora.records.identity.traits import PARENT, Traits, years_between

Grade = Literal["certain", "probable", "possible", "certainly-not"]
"""The codes of http://terminology.hl7.org/CodeSystem/match-grade."""
PRIOR = log2(1 / 23_400_000)
"""Whoever is compared is one among the people of Taiwan, as far as nothing is known of them."""
PROBABLE, POSSIBLE = 0.9, 0.5


class Chances(NamedTuple):
    m: float
    u: float


FIELDS: Mapping[str, Mapping[str, Chances]] = {
    "number": {"same": Chances(0.95, 1e-7), "differ": Chances(0.05, 1 - 1e-7)},
    "name": {"same": Chances(0.92, 1e-4), "close": Chances(0.05, 1e-3), "differ": Chances(0.03, 0.9989)},
    "birth": {"same": Chances(0.97, 4e-5), "close": Chances(0.02, 4e-3), "differ": Chances(0.01, 0.99596)},
    "sex": {"same": Chances(0.995, 0.5), "differ": Chances(0.005, 0.5)},
    "contact": {"same": Chances(0.7, 1e-6), "differ": Chances(0.3, 1 - 1e-6)},
}
"""The levels of each field. docs/rulings.md says where each figure is from and what is assumed."""


class Evidence(NamedTuple):
    """One field of two Patients: the level, `unknown` where one of them does not say, and its weight in bits."""

    field: str
    level: str
    bits: float


class Weighed(NamedTuple):
    """Two Patients compared. `rule`: the rule that decided before any weight, else empty; `bits` with the prior."""

    grade: Grade
    score: float
    bits: float
    evidence: tuple[Evidence, ...]
    rule: str


def weigh(one: Traits, other: Traits) -> Weighed:
    """How two Patients compare, whichever comes first."""
    evidence = tuple(_evidence(field, level) for field, level in levels(one, other).items())
    bits = PRIOR + sum(each.bits for each in evidence)
    found = {each.field: each.level for each in evidence}
    rule = _apart(one, other, found)
    if rule:
        return Weighed("certainly-not", 0.0, bits, evidence, rule)
    if found["number"] == "same" and (found["birth"] == "same" or found["name"] == found["sex"] == "same"):
        return Weighed("certain", 1.0, bits, evidence, "same-number")
    score = probability(bits)
    grade: Grade = "probable" if score >= PROBABLE else "possible" if score >= POSSIBLE else "certainly-not"
    return Weighed(grade, score, bits, evidence, "")


def weight(chances: Chances) -> float:
    """Bits by which a level moves the odds."""
    return log2(chances.m / chances.u)


def probability(bits: float) -> float:
    """The probability at odds of 2 to the power of `bits`."""
    return 1 / (1 + 2 ** min(-bits, 1000))


def percent(score: float) -> str:
    """A score as it is shown; never certain, which only a rule is."""
    return f"{min(score, 0.999):.1%}"


def levels(one: Traits, other: Traits) -> dict[str, str]:
    """The level of each field."""
    return {
        "number": _numbers(one, other),
        "name": _names(*_spellings(one, other)),
        "birth": _births(one.birth, other.birth),
        "sex": _known(one.sex, other.sex),
        "contact": _contacts(one, other),
    }


def _evidence(field: str, level: str) -> Evidence:
    return Evidence(field, level, weight(FIELDS[field][level]) if level in FIELDS[field] else 0.0)


def _apart(one: Traits, other: Traits, found: Mapping[str, str]) -> str:
    """The rule by which two are certainly not one, else empty."""
    years = years_between(one.birth, other.birth)
    if years is not None and years >= PARENT:
        return "parent-and-child"
    if (one.multiple or other.multiple) and found["number"] != "same":
        return "multiple-birth"
    if _national(one, other) and (found["name"], found["birth"]) != ("same", "same"):
        return "two-national-numbers"
    return ""


def _national(one: Traits, other: Traits) -> bool:
    """Whether each has a national number and none is of both."""
    mine, theirs = ({each for each in who.numbers if each.kind == "national-id"} for who in (one, other))
    return bool(mine and theirs) and not mine & theirs


def _numbers(one: Traits, other: Traits) -> str:
    if one.numbers & other.numbers:
        return "same"
    return "differ" if _national(one, other) else "unknown"


def _known(one: str, other: str) -> str:
    if not one or not other or "unknown" in {one, other}:
        return "unknown"
    return "same" if one == other else "differ"


def _spellings(one: Traits, other: Traits) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names as written, where both have one: many names are spelled alike in Latin letters."""
    if one.names and other.names:
        return one.names, other.names
    return one.names + one.spelled, other.names + other.spelled


def _names(one: tuple[str, ...], other: tuple[str, ...]) -> str:
    if not one or not other:
        return "unknown"
    if set(one) & set(other):
        return "same"
    return "close" if any(_is_close(mine, theirs) for mine in one for theirs in other) else "differ"


def _is_close(one: str, other: str) -> bool:
    """Whether one sign behind the first differs, is added or left out; names of one sign are never close."""
    if min(len(one), len(other)) < 2 or one[0] != other[0] or abs(len(one) - len(other)) > 1:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    a, b = one[start:], other[start:]
    return (len(a) == len(b) and a[1:] == b[1:]) or a == b[1:] or a[1:] == b


def _births(one: str, other: str) -> str:
    """Close is a date with month and day exchanged, or one of year, month and day different."""
    if one == other:
        return "same" if len(one) == 10 else "unknown"
    if one.startswith(other) or other.startswith(one):
        return "unknown"
    mine, theirs = one.split("-"), other.split("-")
    if len(mine) != 3 or len(theirs) != 3:
        return "differ"
    agreeing = sum(a == b for a, b in zip(mine, theirs, strict=True))
    exchanged = mine[0] == theirs[0] and mine[1:] == theirs[:0:-1]
    return "close" if agreeing == 2 or exchanged else "differ"


def _contacts(one: Traits, other: Traits) -> str:
    if not one.contacts or not other.contacts:
        return "unknown"
    return "same" if one.contacts & other.contacts else "differ"
