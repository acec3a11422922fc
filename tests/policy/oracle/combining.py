"""Section 4: the verdict of one Consent, and of all together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from camphora.policy.asking import Facts, Whom
from policy.oracle.criteria import Question
from policy.oracle.dates import Unreadable, dead, minor, moments
from policy.oracle.giving import Given, Verdict, givers
from policy.oracle.provisions import Node, matched, root_sense
from policy.oracle.values import OPEN, Json, Rules

if TYPE_CHECKING:
    from policy.oracle.deciding import One


def verdict_of(question: Question, whom: Whom, consent: Json) -> Verdict | None:
    """The verdict of one Consent that counts, or None."""
    rules, at = question.one.rules, question.asked.at
    settings = rules.settings
    broken = False
    dated: int | None = None
    if consent.get("dateTime") is not None:
        try:
            dated = moments(consent["dateTime"])[0]
        except Unreadable:
            broken = True
    status = consent.get("status")
    pending = (
        status == "proposed" and root_sense(consent) is False and settings["consents.pending_withdrawal"]
    )
    if status != "active" and not pending:
        return None
    given = givers(consent, whom, dated, at, rules)
    if not given:
        return None
    unverified = bool(consent.get("verification")) and not any(
        one.get("verified") is True and not one.get("modifierExtension") for one in consent["verification"]
    )
    permit_counts = not (
        broken
        or pending
        or (dated is not None and dated > at)
        or (unverified and not settings["consents.unverified"])
        or (dead(whom, at) and settings["consents.death_ends_permits"])
    )
    permits_by = [one for one in given if _may_permit(one, whom, dated, at, rules)] if permit_counts else []
    denies = matched(question, consent, for_permits=False)
    permits = matched(question, consent, for_permits=True)
    node = _deepest(denies, permits, settings["combining.siblings"])
    if node is None:
        return None
    if node.permits and not permits_by:
        node = _deepest(denies, [], settings["combining.siblings"])
        if node is None:
            return None
    by = permits_by if node.permits else given
    return Verdict(
        node.permits,
        consent.get("id"),
        node.path,
        node.criteria,
        OPEN[0] if dated is None else dated,
        by[0].kind == "own",
        frozenset(one.who for one in by),
        node.names_project,
    )


def _may_permit(given: Given, whom: Whom, dated: int | None, at: int, rules: Rules) -> bool:
    if given.kind == "heir":
        return False
    then = at if dated is None else dated
    lapsed = given.kind == "guardian" and minor(whom, then, rules) and not minor(whom, at, rules)
    return not lapsed


def _deepest(denies: list[Node], permits: list[Node], siblings: str) -> Node | None:
    everything = denies + permits
    if not everything:
        return None
    depth = max(node.depth for node in everything)
    denying = [node for node in denies if node.depth == depth]
    permitting = [node for node in permits if node.depth == depth]
    standing, other = (permitting, denying) if siblings == "permit-overrides" else (denying, permitting)
    return max(standing or other, key=lambda node: len(node.criteria - {"period"}))


def combined(one: One, whom: Whom, facts: Facts | None) -> Verdict | None:
    """What all Consents of the person say together; None where they say nothing."""
    question = Question(one, facts)
    verdicts = [found for consent in whom.consents if (found := verdict_of(question, whom, consent))]
    own = [verdict for verdict in verdicts if verdict.own]
    if own:
        verdicts = own
    elif differing := _differing(verdicts):
        return differing
    secondary = one.cls == "secondary"
    if secondary and (named := [verdict for verdict in verdicts if verdict.names_project]):
        standing = _deny_overrides(named)
        assert standing
        return replace(standing, project_decided=standing.permits)
    algorithm = one.settings["combining.secondary" if secondary else "combining.care"]
    return ALGORITHMS[algorithm](verdicts)


def _differing(verdicts: list[Verdict]) -> Verdict | None:
    """The denial of a stand-in, where another one permits: no stand-in gave both."""
    pairs = (
        (denial, other) for denial in verdicts for other in verdicts if other.permits and not denial.permits
    )
    if any(not denial.givers & other.givers for denial, other in pairs):
        return _first(verdicts, permits=False)
    return None


def _first(verdicts: list[Verdict], *, permits: bool) -> Verdict | None:
    """Of one sense the verdict that is named: the most specific, then the latest, then the first given."""
    of_sense = [verdict for verdict in verdicts if verdict.permits is permits]
    return max(of_sense, key=lambda verdict: (verdict.specificity, verdict.dated), default=None)


def _deny_overrides(verdicts: list[Verdict]) -> Verdict | None:
    return _first(verdicts, permits=False) or _first(verdicts, permits=True)


def _permit_overrides(verdicts: list[Verdict]) -> Verdict | None:
    return _first(verdicts, permits=True) or _first(verdicts, permits=False)


def _most_recent(verdicts: list[Verdict]) -> Verdict | None:
    latest = max((verdict.dated for verdict in verdicts), default=0)
    return _deny_overrides([verdict for verdict in verdicts if verdict.dated == latest])


def _specific_then_recent(verdicts: list[Verdict]) -> Verdict | None:
    most = max((verdict.specificity for verdict in verdicts), default=0)
    return _most_recent([verdict for verdict in verdicts if verdict.specificity == most])


NOBODY = Verdict(
    permits=False,
    consent=None,
    provision=None,
    criteria=frozenset(),
    dated=0,
    own=False,
    givers=frozenset(),
    names_project=False,
)


def _deny_unless_permit(verdicts: list[Verdict]) -> Verdict:
    return _permit_overrides(verdicts) or NOBODY


def _permit_unless_deny(verdicts: list[Verdict]) -> Verdict:
    return _deny_overrides(verdicts) or replace(NOBODY, permits=True)


ALGORITHMS = {
    "deny-overrides": _deny_overrides,
    "permit-overrides": _permit_overrides,
    "most-recent": _most_recent,
    "specific-then-recent": _specific_then_recent,
    "deny-unless-permit": _deny_unless_permit,
    "permit-unless-deny": _permit_unless_deny,
}
