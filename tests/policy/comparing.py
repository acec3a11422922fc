"""Decide a case twice and say where the two differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from camphora.policy import Decision, Policy, decide
from policy import oracle
from policy.universes import POLICIES, Case, Universe

_LIVES = {repr(settings): Policy.taiwan().set(settings) for settings in POLICIES}


def policy_of(settings: dict[str, Any]) -> Policy:
    """Our policy with these parameters."""
    found = _LIVES.get(repr(settings))
    return Policy.taiwan().set(settings) if found is None else found


def ours(decision: Decision) -> oracle.Found:
    """Our decision in the oracle's words."""
    return oracle.Found(
        decision.permitted,
        tuple(oracle.Told(one.code, one.permits, one.consent, one.provision) for one in decision.reasons),
        tuple(oracle.Duty(one.kind, one.path, one.labels, one.codes) for one in decision.obligations),
    )


def both(case: Case) -> tuple[oracle.Found, oracle.Found]:
    """What ours says and what the oracle says."""
    decision = decide(case.asked, case.whom, case.facts, policy_of(case.settings))
    told = oracle.decide(case.asked, case.whom, case.facts, oracle.with_settings(case.settings))
    return ours(decision), told


def agree(seed: int, cases: int, seen: Counter[str]) -> Case | None:
    """The first case of a seed on which the two differ, or None; counts every reason and obligation seen."""
    universe = Universe(seed)
    for _ in range(cases):
        case = universe.case()
        mine, told = both(case)
        if mine != told:
            return case
        seen.update({one.code for one in told.reasons} | {f"+{one.kind}" for one in told.obligations})
    return None


def smallest(case: Case) -> Case:
    """A case on which the two differ, made as small as it can be: Consents, parts and grounds are left out in turn."""
    while smaller := next((one for one in _smaller(case) if len(set(both(one))) == 2), None):
        case = smaller
    return case


def _smaller(case: Case) -> Iterator[Case]:
    asked, whom, facts, _ = case
    if whom is not None:
        for consents in _less(list(whom.consents)):
            yield case._replace(whom=replace(whom, consents=tuple(consents)))
        if whom.stand_ins:
            yield case._replace(whom=replace(whom, stand_ins=whom.stand_ins[1:]))
    if facts is not None and facts.parts:
        yield case._replace(facts=replace(facts, parts=facts.parts[1:]))
    for name in ("basis", "emergency"):
        if getattr(asked, name) is not None:
            yield case._replace(asked=replace(asked, **{name: None}))


def _less(value: Any) -> Iterator[Any]:
    """A JSON value with one thing less; what a reference or a Consent is known by stays."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key not in {"resourceType", "id", "reference", "patient", "performer", "meaning", "code"}:
                yield {name: other for name, other in value.items() if name != key}
            yield from ({**value, key: less} for less in _less(one))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield value[:index] + value[index + 1 :]
            yield from ([*value[:index], less, *value[index + 1 :]] for less in _less(one))
