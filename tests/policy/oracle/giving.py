"""Section 4, which are in force: by whom a Consent was given."""

from __future__ import annotations

from dataclasses import dataclass

from camphora.policy.asking import Whom
from policy.oracle.dates import dead, holds, incapable, minor, old_enough
from policy.oracle.values import Json, Rules, Told


@dataclass(frozen=True)
class Verdict:
    """What one Consent says of one question."""

    permits: bool
    consent: str | None
    provision: str | None
    criteria: frozenset[str]
    dated: int
    own: bool
    givers: frozenset[str]
    names_project: bool
    project_decided: bool = False

    @property
    def specificity(self) -> int:
        return len(self.criteria - {"period"})

    def told(self, code: str) -> Told:
        return Told(code, self.permits, self.consent, self.provision)


@dataclass(frozen=True)
class Given:
    """By whom a Consent was given: the own act, or a stand-in of a kind."""

    kind: str
    who: str


def givers(consent: Json, whom: Whom, when: int | None, at: int, rules: Rules) -> list[Given]:
    """Who gave it and could; the own act first."""
    moment = at if when is None else when
    performers = [one["reference"] for one in consent.get("performer", ()) if one.get("reference")]
    person = {whom.id, (consent.get("patient") or {}).get("reference")}
    own = not consent.get("performer") or bool(set(performers) & person)
    found = []
    able = not incapable(whom, moment) and not dead(whom, moment)
    if own and able and (when is None or old_enough(whom, when, rules)):
        found.append(Given("own", whom.id))
    for who in performers:
        if who.split("/")[0] not in ("RelatedPerson", "Patient"):
            continue
        for one in whom.stand_ins:
            if one.who != who:
                continue
            within = holds(one.period, moment)
            if one.kind == "guardian" and within and (minor(whom, moment, rules) or incapable(whom, moment)):
                found.append(Given("guardian", who))
            if one.kind == "proxy" and within and incapable(whom, moment):
                found.append(Given("proxy", who))
            if one.kind == "heir" and rules.settings["ages.heirs"] and dead(whom, moment):
                found.append(Given("heir", who))
    return found
