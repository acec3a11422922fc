"""Decide a case twice and say where the two differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from camphora.policy import Decision, Policy, actors, compiling, decide
from camphora.policy.actors import Listed
from camphora.policy.asking import Asked, Facts
from camphora.policy.facts import facts_of
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
    mine, theirs = facts_by(case, facts_of), facts_by(case, oracle.facts)
    decision = decide(asked_of(case), case.whom, mine, policy_of(case.settings))
    told = oracle.decide(oracles(case), case.whom, theirs, oracle.with_settings(case.settings))
    return ours(decision), told


def facts_by(case: Case, read: Any) -> Facts | None:
    """The record's facts, by a reader of JSON where the case has a record."""
    given = case.facts
    if case.record is None or given is None:
        return given
    found: Facts = read(case.record, given.labels, notifiable=given.notifiable)
    return found


def asked_of(case: Case) -> Asked:
    """The question with the names that we find for its reader."""
    asked = case.asked
    if case.register is None:
        return asked
    register = Listed(case.register)
    asker, _ = actors.known(asked.reader, register, asked.at)
    if case.whom is not None:
        compiled = compiling.compile(case.whom, policy_of(case.settings))
        mine = {case.whom.id, *(each.person for each in compiled.consents if each.person)}
        asker = actors.told(asker, actors.teams(asker, compiled.named, mine, register, asked.at))
    return replace(asked, reader=asker)


def known_alike(case: Case) -> bool:
    """Whether the reader has the same names by ours and by the oracle, whether or not a Consent asks for them."""
    if case.register is None:
        return True
    reader, at = case.asked.reader, case.asked.at
    return actors.known(reader, Listed(case.register), at)[0] == oracle.known(reader, case.register, at)


def oracles(case: Case) -> Asked:
    """The question with the names that the oracle finds."""
    asked = case.asked
    if case.register is None:
        return asked
    asker = oracle.known(asked.reader, case.register, asked.at)
    if case.whom is not None:
        asker = oracle.teams(asker, case.whom, case.register, asked.at)
    return replace(asked, reader=asker)


def agree(seed: int, cases: int, seen: Counter[str]) -> Case | None:
    """The first case of a seed on which the two differ, or None; counts every reason and obligation seen."""
    universe = Universe(seed)
    for _ in range(cases):
        case = universe.case()
        mine, told = both(case)
        if mine != told or not known_alike(case):
            return case
        seen.update({one.code for one in told.reasons} | {f"+{one.kind}" for one in told.obligations})
    return None


def smallest(case: Case) -> Case:
    """A case on which the two differ, made as small as it can be: Consents, parts and grounds are left out in turn."""
    if len(set(both(case))) == 1:
        return case
    while smaller := next((one for one in _smaller(case) if len(set(both(one))) == 2), None):
        case = smaller
    return case


def _smaller(case: Case) -> Iterator[Case]:
    asked, whom, facts, *_ = case
    if case.record is not None:
        for less in _less(case.record):
            yield case._replace(record=less)
    for at in range(len(case.register or ())):
        yield case._replace(register=(*case.register[:at], *case.register[at + 1 :]))
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
