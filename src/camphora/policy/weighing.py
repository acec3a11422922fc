"""The person's consents against one request: what is left to ask of a record, and which answer stands.

All that is about the reader, the purpose and the moment is settled once per request. What remains of each Consent is a
short list of (tests on the record, rank): the first that matches is its verdict, and of all verdicts the highest rank
stands. The rank is the combining algorithm, worked out beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from camphora.policy.asking import Asked, Facts, Whom
from camphora.policy.codes import is_project
from camphora.policy.consents import ABOUT_RECORDS, Consent, Provision, Sense, Test
from camphora.policy.lives import Life
from camphora.policy.policy import Policy

ROLES = "https://camphora.tw/role"
NONE = -1
Weigh = Callable[[Facts | None], int]
"""From a record to the rank of the answer that stands, NONE where no Consent says anything."""


class Standing(NamedTuple):
    """What a Consent counts for at a moment, and who gave it: the person themself, or stand-ins."""

    permits: bool
    denies: bool
    own: bool
    givers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one Consent says where its provision matches. `unknown`: whether it matches without a record."""

    consent: Consent
    provision: str
    permits: bool
    depth: int
    specific: int
    about_records: bool
    names_project: bool
    tests: tuple[Test, ...]
    unknown: bool
    standing: Standing


class Answers(NamedTuple):
    """The verdicts by rank, and how to find the rank for a record."""

    verdicts: list[Verdict]
    weigh: Weigh


def standing(consent: Consent, at: int, whom: Whom, life: Life, policy: Policy) -> Standing | None:
    """Who gave it and what it counts for; None where nobody gave it who could (section 4, which are in force)."""
    if consent.pending and not policy["consents.pending_withdrawal"]:
        return None
    given = at if consent.date is None else consent.date
    majority = policy["ages.majority"]
    performers = consent.performers if consent.performed else {whom.id}
    person = {whom.id, consent.person} if consent.person else {whom.id}
    of_age = consent.date is None or life.may_be_of(policy["ages.own_act"], given)
    own = bool(performers & person) and of_age and not life.unable(given) and not life.dead(given)
    minor = life.minor(majority, given)
    for_minors = life.acting("guardian", performers, given) if minor or life.unable(given) else []
    proxies = life.acting("proxy", performers, given) if life.unable(given) else []
    heirs = life.acting("heir", performers, given) if policy["ages.heirs"] and life.dead(given) else []
    if not (own or for_minors or proxies or heirs):
        return None
    lapsed = minor and life.surely_of(majority, at)
    givers = frozenset(each.who for each in (*for_minors, *proxies, *heirs))
    permits = own or bool(proxies) or (bool(for_minors) and not lapsed)
    return Standing(permits and _may_permit(consent, at, life, policy), denies=True, own=own, givers=givers)


def _may_permit(consent: Consent, at: int, life: Life, policy: Policy) -> bool:
    """Whether a permit in this Consent counts now, whoever gave it."""
    return not (
        consent.pending
        or not consent.dated
        or (consent.date is not None and consent.date > at)
        or not (consent.verified or policy["consents.unverified"])
        or (life.dead(at) and policy["consents.death_ends_permits"])
    )


@dataclass(frozen=True, slots=True)
class Request:
    """One purpose of a request, with what stands above it and every name of the reader. `doubted`: names of whom nobody
    can tell whether they are the reader's. `only_named`: a permit counts only where it names this reader. `records`: a
    new record is made by duty, so that a denial of parts counts only where it states the action."""

    asked: Asked
    purpose: str
    lineage: frozenset[str]
    names: frozenset[str]
    doubted: frozenset[str] = frozenset()
    only_named: bool = False
    records: bool = False

    @classmethod
    def of(
        cls, asked: Asked, lineage: Sequence[str], *, only_named: bool = False, records: bool = False
    ) -> Request:
        reader = asked.reader
        own = (reader.id, reader.person, reader.organisation, reader.device)
        role = f"{ROLES}|{reader.role}"
        names = frozenset([role, *(each for each in own if each)]) | reader.memberships | reader.identifiers
        return cls(asked, lineage[0], frozenset(lineage), names, reader.unresolved, only_named, records)


class _Statement(NamedTuple):
    """A criterion of one provision, held against the request: whether it can match, and what is left to ask of a
    record. `named`: whether it names the reader, or the project asked for; `doubted`: whether nobody can tell if it
    does."""

    criterion: str
    holds: bool
    test: Test | None = None
    named: bool = False
    doubted: bool = False


class _Chain(NamedTuple):
    """What has come together on the way from the root to a provision.

    `run` are the statements of the provisions of one sense up to here, each criterion as the innermost states it;
    `outer` those of the provisions that these narrow, all of which match.
    """

    sense: Sense | None = None
    run: Mapping[str, _Statement] = MappingProxyType({})
    outer: tuple[_Statement, ...] = ()
    unknown: bool = True
    stated: frozenset[str] = frozenset()
    broken: bool = False

    def inside(self, provision: Provision, request: Request) -> _Chain | None:
        """The chain down to a provision in this one; None where nothing in it can match any more."""
        run, outer, unknown = self.run, self.outer, self.unknown
        if provision.sense is None or provision.sense != self.sense:
            if not _all_hold(run):
                return None
            unknown = unknown and (self.sense == "permit" or not any(each.test for each in run.values()))
            run, outer = {}, (*outer, *run.values())
        said = dict(_statements(provision, request))
        run = {**run, **said}
        doubted = provision.broken or any(each.doubted for each in said.values())
        stated, broken = self.stated | provision.stated, self.broken or doubted
        return _Chain(provision.sense, run, outer, unknown, stated, broken)

    def verdict(self, consent: Consent, provision: Provision, depth: int, stands: Standing) -> Verdict:
        statements = (*self.outer, *self.run.values())
        tests = tuple(each.test for each in statements if each.test)
        permits = provision.sense == "permit"
        unknown = self.unknown and (permits or not any(each.test for each in self.run.values()))
        return Verdict(
            consent, provision.path, permits, depth, len(self.stated - {"period"}), bool(self.stated & ABOUT_RECORDS),
            self.names("purpose"), tests, unknown, stands,
        )  # fmt: skip

    def names(self, criterion: str) -> bool:
        """Whether a statement of the chain that stands names the reader (actor) or the project asked for (purpose)."""
        return any(each.named and each.criterion == criterion for each in (*self.outer, *self.run.values()))


def _all_hold(run: Mapping[str, _Statement]) -> bool:
    return all(each.holds for each in run.values())


def _statements(provision: Provision, request: Request) -> Iterator[tuple[str, _Statement]]:
    """What a provision states, by the criterion's name."""
    asked, purposes, actors = request.asked, provision.purposes, provision.actors
    if provision.period is not None:
        yield "period", _Statement("period", provision.period[0] <= asked.at <= provision.period[1])
    if purposes is not None:
        named = is_project(request.purpose) and request.purpose in purposes
        yield "purpose", _Statement("purpose", not purposes.isdisjoint(request.lineage), named=named)
    if provision.actions is not None:
        yield "action", _Statement("action", asked.action in provision.actions)
    if actors is not None:
        named = not actors.readers.isdisjoint(request.names)
        doubted = not named and provision.sense != "permit" and not actors.readers.isdisjoint(request.doubted)
        of_record = None if named or doubted or not (actors.keepers or actors.authors) else actors.of_record
        holds = named or doubted or of_record is not None
        yield "actor", _Statement("actor", holds, of_record, named, doubted)
    for name, test in provision.tests:
        yield name, _Statement(name, holds=True, test=test)


def verdicts(consent: Consent, stands: Standing, request: Request) -> Iterator[Verdict]:
    """All that a Consent may say to this request, without order."""

    def below(provision: Provision, around: _Chain, depth: int) -> Iterator[Verdict]:
        here = around.inside(provision, request)
        if here is None:
            return
        if _all_hold(here.run) and _counts(here, stands, request):
            yield here.verdict(consent, provision, depth, stands)
        for each in provision.within:
            yield from below(each, here, depth + 1)

    yield from below(consent.root, _Chain(), 0)


def _counts(chain: _Chain, stands: Standing, request: Request) -> bool:
    if chain.sense == "deny":
        by_duty = request.records and bool(chain.stated & ABOUT_RECORDS) and "action" not in chain.stated
        return stands.denies and not by_duty
    named = not request.only_named or chain.names("actor")
    return chain.sense == "permit" and stands.permits and not chain.broken and named


def silent(root: Provision, request: Request) -> bool:
    """Whether a Consent surely says nothing to this request: its one provision speaks of something else."""
    return not root.within and not all(each.holds for _, each in _statements(root, request))


def answers(found: list[list[Verdict]], algorithm: str, siblings: str, *, project: bool) -> Answers:
    """Rank the verdicts of each Consent. `project`: whether one that names the project asked for stands first."""
    key = _KEYS[algorithm]

    def rank_of(verdict: Verdict) -> tuple[object, ...]:
        named = project and verdict.names_project
        return (verdict.standing.own, named, named and not verdict.permits, *key(verdict))

    ordered = sorted((each for said in reversed(found) for each in reversed(said)), key=rank_of)
    ranks = {id(verdict): rank for rank, verdict in enumerate(ordered)}
    lists = []
    for said in found:
        inside = sorted(said, key=lambda each: _inside(each, siblings))
        lists.append([(each.tests, ranks[id(each)], each.unknown) for each in inside])
    weigh = _weigh([[(tests, rank) for tests, rank, _ in each] for each in lists])
    without = max(
        (next((rank for _, rank, unknown in each if unknown), NONE) for each in lists), default=NONE
    )
    givers = {each.standing.givers for each in ordered if not each.standing.own}
    if len(givers) > 1:
        return Answers(ordered, _agreeing(lists, ordered))
    return Answers(ordered, lambda facts: without if facts is None else weigh(facts))


def _inside(verdict: Verdict, siblings: str) -> tuple[int, bool, int]:
    """The order inside one Consent: the deepest, then the sense that stands, then the most specific, then as given."""
    preferred = verdict.permits == (siblings == "permit-overrides")
    return (-verdict.depth, not preferred, -verdict.specific)


def _weigh(lists: list[list[tuple[tuple[Test, ...], int]]]) -> Callable[[Facts], int]:
    """The highest rank among the first matches of each list."""
    floor = max((each[0][1] for each in lists if each and not each[0][0]), default=NONE)
    open_ = [(max(rank for _, rank in each), each) for each in lists if each and each[0][0]]
    left = [(most, each) for most, each in sorted(open_, key=lambda pair: -pair[0]) if most > floor]
    if not left:
        return lambda _: floor

    def weigh(facts: Facts) -> int:
        best = floor
        for most, each in left:
            if most <= best:
                break
            for tests, rank in each:
                for test in tests:
                    if not test(facts):
                        break
                else:
                    best = max(best, rank)
                    break
        return best

    return weigh


def _agreeing(lists: list[list[tuple[tuple[Test, ...], int, bool]]], ordered: list[Verdict]) -> Weigh:
    """As `_weigh`, where stand-ins may differ: a denial stands where one who did not give it permits."""

    def weigh(facts: Facts | None) -> int:
        firsts = (
            next((rank for tests, rank, unknown in each if _matches(tests, facts, unknown=unknown)), NONE)
            for each in lists
        )
        found = [rank for rank in firsts if rank != NONE]
        best = max(found, default=NONE)
        if best == NONE or ordered[best].standing.own:
            return best
        denials = [rank for rank in found if not ordered[rank].permits]
        differ = any(
            ordered[one].standing.givers.isdisjoint(ordered[other].standing.givers)
            for one in denials
            for other in set(found) - set(denials)
        )
        if not differ:
            return best
        return max(denials, key=lambda rank: (ordered[rank].specific, _recent(ordered[rank]), rank))

    return weigh


def _matches(tests: tuple[Test, ...], facts: Facts | None, *, unknown: bool) -> bool:
    return unknown if facts is None else all(test(facts) for test in tests)


def _recent(verdict: Verdict) -> int:
    return -(10**18) if verdict.consent.date is None else verdict.consent.date


_KEYS: dict[str, Callable[[Verdict], tuple[object, ...]]] = {
    "deny-overrides": lambda each: (not each.permits, each.specific, _recent(each)),
    "permit-overrides": lambda each: (each.permits, each.specific, _recent(each)),
    "most-recent": lambda each: (_recent(each), not each.permits, each.specific),
    "specific-then-recent": lambda each: (each.specific, _recent(each), not each.permits),
    "deny-unless-permit": lambda each: (each.permits, each.specific, _recent(each)),
    "permit-unless-deny": lambda each: (not each.permits, each.specific, _recent(each)),
}
"""What stands higher, by algorithm; of verdicts that are alike in it the first given stands."""
