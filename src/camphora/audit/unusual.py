"""Unusual reading, found in receipts: pure functions over who read whom when, and over what the store knows of both.

Each finding has a kind, the numbers that it rests on and a weight in bits: how surprising the reading would be if the
reader read as their peers do (the negative binary logarithm of a bound on that chance). Weights of one reader add up,
and readers come ranked by the sum, so that a privacy officer sees a short list and no alarms.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Literal, NamedTuple

Kind = Literal[
    "no-encounter",
    "neighbour",
    "household",
    "well-known",
    "sweep",
    "far-more",
    "emergency",
    "in-vain",
    "trying",
]
TAIPEI = timezone(timedelta(hours=8))
DAY, HOUR = 86_400_000, 3_600_000
AROUND = 90
"""Days before and after an encounter in which reading belongs to it."""
NIGHT = (22, 6)
"""Hours of Taiwan between which reading many persons is a sweep by night."""
SWEEP_LEAST, MORE_LEAST, TRIED_LEAST = 8, 10, 5
"""A sweep has so many persons within an hour, unusually much reading so many within a day, trying ids so many in vain
within an hour; below, nothing is said."""
CAP = 40.0
"""Bits that one kind may add: past one in a million millions more surprise says nothing more."""
LEAST = 8.0
"""Bits below which a reader is not listed."""
PEERS_LEAST = 4
"""With fewer peers in the institution, those of the role everywhere are compared with."""
ONE_IN: Mapping[str, float] = {
    "neighbour": 64.0,
    "household": 1024.0,
    "well-known": 1024.0,
    "emergency": 16.0,
}
"""Of persons read without an encounter one in so many is expected to be near or well known; an emergency is as
surprising as one in so many. By judgement, not by measurement: the judgements that are kept show whether it fits."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where somebody lives: village (縣市鄉鎮村里), full address and family name; empty where it is not known."""

    village: str = ""
    address: str = ""
    family: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a person: home, encounters (institution to days), and whether they are well known."""

    home: Home = Home()
    encounters: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    well_known: bool = False

    def was_at(self, institution: str | None, at: int) -> bool:
        """Whether there is an encounter with this institution around a moment in milliseconds."""
        day = at // DAY
        return any(abs(day - one) <= AROUND for one in self.encounters.get(institution or "", ()))


NOBODY = Known()


class Look(NamedTuple):
    """One act of reading for care: its receipt, when, by whom, and the persons' numbers; none where somebody was asked
    for by id or number who is not there. Of whom, nothing keeps."""

    receipt: int
    at: int
    reader: str
    role: str
    institution: str | None
    persons: tuple[int, ...]
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason to look at a reader's reading. `numbers` fill the sentence of its kind; `bits` is its weight."""

    kind: Kind
    bits: float
    persons: tuple[int, ...]
    receipts: tuple[int, ...]
    numbers: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """All findings about one reader, the weightiest first; `rank` is the sum of their bits."""

    reader: str
    role: str
    institution: str | None
    findings: tuple[Finding, ...]

    @property
    def rank(self) -> float:
        return sum(finding.bits for finding in self.findings)


def unusual(
    looks: Sequence[Look], known: Mapping[int, Known], homes: Mapping[str, Home], most: int = 50
) -> list[Suspicion]:
    """The readers whose reading is unusual, the most surprising first, no more than `most`.

    `known`: by person number; `homes`: those of readers, by id, as far as they are known."""
    readers = _by_reader(looks)
    peers = _Peers(readers, known)
    found = []
    for reader, acts in readers.items():
        findings = [
            *_strangers(acts, known, homes.get(reader, Home()), peers),
            *_sweep(acts, peers),
            *_far_more(acts, peers),
            *_emergencies(acts),
            *_in_vain(acts, peers),
            *_trying(acts, peers),
        ]
        made = Suspicion(
            reader, acts[0].role, acts[0].institution, tuple(sorted(findings, key=lambda one: -one.bits))
        )
        if made.rank >= LEAST:
            found.append(made)
    return sorted(found, key=lambda one: (-one.rank, one.reader))[:most]


def _by_reader(looks: Iterable[Look]) -> dict[str, list[Look]]:
    readers: dict[str, list[Look]] = defaultdict(list)
    for look in sorted(looks, key=lambda one: (one.at, one.receipt)):
        readers[look.reader].append(look)
    return readers


# Chances


def poisson_bits(count: int, mean: float) -> float:
    """Bits of surprise in `count` or more where `mean` are expected (Chernoff's bound of the Poisson tail)."""
    if count <= mean:
        return 0.0
    nats = count * math.log(count / mean) - (count - mean) if mean > 0 else math.inf
    return min(CAP, nats / math.log(2))


def binomial_bits(count: int, of: int, chance: float) -> float:
    """Bits of surprise in `count` or more of `of` where each has this chance (Chernoff's bound)."""
    share = count / of if of else 0.0
    if share <= chance:
        return 0.0
    nats = count * math.log(share / chance)
    if share < 1:
        nats += (of - count) * math.log((1 - share) / (1 - chance))
    return min(CAP, nats / math.log(2))


class _Peers:
    """What is usual: figures of the readers of one role, in the same institution where they are enough."""

    def __init__(self, readers: Mapping[str, Sequence[Look]], known: Mapping[int, Known]) -> None:
        self._of = {reader: (acts[0].role, acts[0].institution) for reader, acts in readers.items()}
        self._busiest = {reader: _busiest_day(acts)[0] for reader, acts in readers.items()}
        self._nightly = {reader: len(_busiest_hour(acts)) for reader, acts in readers.items()}
        self._strange = {reader: len(_without_encounter(acts, known)) for reader, acts in readers.items()}
        self._all = {reader: len(_persons(acts)) for reader, acts in readers.items()}
        self._acts = {reader: len(acts) for reader, acts in readers.items()}
        self._vain = {reader: len(_vain(acts)) for reader, acts in readers.items()}
        self._tried = {reader: len(_tried(acts)) for reader, acts in readers.items()}

    def others(self, reader: str) -> list[str]:
        """The reader's peers without the reader."""
        role, institution = self._of[reader]
        alike = [other for other, (one, _) in self._of.items() if one == role and other != reader]
        near = [other for other in alike if self._of[other][1] == institution]
        return near if len(near) >= PEERS_LEAST else alike

    def usual(self, reader: str, figures: Mapping[str, int]) -> float:
        """What a busy peer does: the median and two robust deviations above. Where all are alike, or there are few, the
        spread of a Poisson count stands for it."""
        found = [figures[other] for other in self.others(reader)]
        if not found:
            return math.inf
        middle = statistics.median(found)
        spread = 1.4826 * statistics.median([abs(one - middle) for one in found])
        return float(middle + 2 * max(spread, math.sqrt(max(middle, 1.0))))

    def busiest_day(self, reader: str) -> float:
        return self.usual(reader, self._busiest)

    def by_night(self, reader: str) -> float:
        return self.usual(reader, self._nightly)

    def tried(self, reader: str) -> float:
        return self.usual(reader, self._tried)

    def share_of_strangers(self, reader: str) -> float:
        """How large a part of those read has no encounter, among peers."""
        return self._share(reader, self._strange, self._all)

    def share_in_vain(self, reader: str) -> float:
        """How large a part of the acts asks for somebody who is not there, among peers."""
        return self._share(reader, self._vain, self._acts)

    def _share(self, reader: str, some: Mapping[str, int], everything: Mapping[str, int]) -> float:
        """One of each kind is added, so that few peers prove little."""
        others = self.others(reader)
        part, whole = (sum(figures[one] for one in others) for figures in (some, everything))
        return (part + 1) / (whole + 2)


# Findings


def _persons(acts: Iterable[Look]) -> set[int]:
    return {person for act in acts for person in act.persons}


def _without_encounter(acts: Iterable[Look], known: Mapping[int, Known]) -> dict[int, list[Look]]:
    """Persons read with no encounter around any of the acts, and those acts."""
    met: set[int] = set()
    read: dict[int, list[Look]] = defaultdict(list)
    for act in acts:
        for person in act.persons:
            read[person].append(act)
            if known.get(person, NOBODY).was_at(act.institution, act.at):
                met.add(person)
    return {person: found for person, found in read.items() if person not in met}


def _strangers(acts: Sequence[Look], known: Mapping[int, Known], home: Home, peers: _Peers) -> list[Finding]:
    """Persons without an encounter: how many against peers, and who among them is near or well known."""
    strange, everybody = _without_encounter(acts, known), len(_persons(acts))
    found = []
    chance = peers.share_of_strangers(acts[0].reader)
    bits = binomial_bits(len(strange), everybody, chance)
    if bits >= 1:
        numbers = {"n": len(strange), "of": everybody, "usual": round(100 * chance, 1)}
        found.append(_finding("no-encounter", bits, strange, numbers))
    tests: dict[Kind, Callable[[Known], bool]] = {
        "household": lambda one: _same(home.address, one.home.address) or _family(home, one.home),
        "neighbour": lambda one: _same(home.village, one.home.village),
        "well-known": lambda one: one.well_known,
    }
    for kind, holds in tests.items():
        some = {person: acts for person, acts in strange.items() if holds(known.get(person, NOBODY))}
        if kind == "neighbour":
            near = tests["household"]
            some = {person: acts for person, acts in some.items() if not near(known.get(person, NOBODY))}
        if some:
            bits = poisson_bits(len(some), len(strange) / ONE_IN[kind])
            found.append(_finding(kind, bits, some, {"n": len(some)}))
    return [one for one in found if one.bits >= 1]


def _same(one: str, other: str) -> bool:
    return bool(one) and one == other


def _family(one: Home, other: Home) -> bool:
    """The same family name in the same lane: what stands before the house number."""
    return _same(one.family, other.family) and _same(_lane(one.address), _lane(other.address))


def _lane(address: str) -> str:
    return address.rstrip("0123456789-之樓號 ").rstrip()


def _finding(
    kind: Kind,
    bits: float,
    read: Mapping[int, Sequence[Look]],
    numbers: Mapping[str, float],
    vain: Iterable[Look] = (),
) -> Finding:
    receipts = sorted({act.receipt for acts in (*read.values(), vain) for act in acts})
    return Finding(kind, bits, tuple(sorted(read)), tuple(receipts), numbers)


def _busiest_day(acts: Sequence[Look]) -> tuple[int, list[Look]]:
    """Most different persons on one day of Taiwan, with the acts of that day."""
    days: dict[object, list[Look]] = defaultdict(list)
    for act in acts:
        days[_local(act.at).date()].append(act)
    best = max(days.values(), key=lambda found: len(_persons(found)))
    return len(_persons(best)), best


def _busiest_hour(acts: Sequence[Look]) -> list[Look]:
    """The acts within one hour of a night that reach most persons; one act of each person."""
    night = [act for act in acts if _local(act.at).hour >= NIGHT[0] or _local(act.at).hour < NIGHT[1]]
    best: list[Look] = []
    inside: Counter[int] = Counter()
    first = 0
    for place, act in enumerate(night):
        inside.update(act.persons)
        while act.at - night[first].at > HOUR:
            inside.subtract(night[first].persons)
            first += 1
        if sum(count > 0 for count in inside.values()) > len(_persons(best)):
            best = night[first : place + 1]
    return _first_of_each(best)


def _first_of_each(acts: Sequence[Look]) -> list[Look]:
    seen: set[int] = set()
    kept = []
    for act in acts:
        if new := set(act.persons) - seen:
            seen |= new
            kept.append(act)
    return kept


def _sweep(acts: Sequence[Look], peers: _Peers) -> list[Finding]:
    swept = _busiest_hour(acts)
    count, usual = len(_persons(swept)), peers.by_night(acts[0].reader)
    if count < SWEEP_LEAST:
        return []
    bits = poisson_bits(count, usual)
    numbers = {"n": count, "usual": round(usual, 1), "at": swept[0].at}
    return [_finding("sweep", bits, _read(swept), numbers)] if bits >= 1 else []


def _far_more(acts: Sequence[Look], peers: _Peers) -> list[Finding]:
    count, day = _busiest_day(acts)
    usual = peers.busiest_day(acts[0].reader)
    if count < MORE_LEAST:
        return []
    bits = poisson_bits(count, usual)
    numbers = {"n": count, "usual": round(usual, 1), "at": day[0].at}
    return [_finding("far-more", bits, _read(day), numbers)] if bits >= 1 else []


def _emergencies(acts: Sequence[Look]) -> list[Finding]:
    urgent = _read([act for act in acts if act.emergency])
    if not urgent:
        return []
    bits = min(CAP, math.log2(ONE_IN["emergency"]) * len(urgent))
    return [_finding("emergency", bits, urgent, {"n": len(urgent)})]


def _vain(acts: Iterable[Look]) -> list[Look]:
    """The acts that asked for somebody who is not there."""
    return [act for act in acts if not act.persons]


def _tried(acts: Iterable[Look]) -> list[Look]:
    """The most of them within one hour, of the day or of the night."""
    vain, best, first = _vain(acts), range(0), 0
    for place, act in enumerate(vain):
        while act.at - vain[first].at > HOUR:
            first += 1
        best = max(best, range(first, place + 1), key=len)
    return [vain[place] for place in best]


def _in_vain(acts: Sequence[Look], peers: _Peers) -> list[Finding]:
    """How many acts asked for somebody who is not there, against peers: guessing, or a number tried again and again."""
    vain, usual = _vain(acts), peers.share_in_vain(acts[0].reader)
    bits = binomial_bits(len(vain), len(acts), usual)
    numbers = {"n": len(vain), "of": len(acts), "usual": round(100 * usual, 1)}
    return [_finding("in-vain", bits, {}, numbers, vain)] if bits >= 1 else []


def _trying(acts: Sequence[Look], peers: _Peers) -> list[Finding]:
    tried, usual = _tried(acts), peers.tried(acts[0].reader)
    bits = poisson_bits(len(tried), usual) if len(tried) >= TRIED_LEAST else 0.0
    numbers = {"n": len(tried), "usual": round(usual, 1), "at": tried[0].at if tried else 0}
    return [_finding("trying", bits, {}, numbers, tried)] if bits >= 1 else []


def _read(acts: Sequence[Look]) -> dict[int, list[Look]]:
    read: dict[int, list[Look]] = defaultdict(list)
    for act in acts:
        for person in act.persons:
            read[person].append(act)
    return read


def _local(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, TAIPEI)
