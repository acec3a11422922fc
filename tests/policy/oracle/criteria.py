"""Section 4: the nine criteria, each held against a question."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from camphora.policy.asking import Facts
from policy.oracle.dates import Unreadable, holds, period
from policy.oracle.systems import lineage, sensitive, upwards
from policy.oracle.values import (
    ABOUT_THE_RECORD,
    ACT_CODE,
    ACT_REASON,
    CATEGORIES,
    CONFIDENTIALITY,
    PROJECT,
    RISING,
    ROLES,
    TYPES,
    Json,
)

if TYPE_CHECKING:
    from policy.oracle.deciding import One


OF_HERE = re.compile(r"(?P<name>[A-Z][A-Za-z]*/[-.0-9A-Za-z]{1,64})(/_history/[-.0-9A-Za-z]{1,64})?")
ACTION_SYSTEM = "http://terminology.hl7.org/CodeSystem/consentaction"
KNOWN_ACTIONS = ("collect", "access", "use", "disclose", "correct")
ONE_SYSTEM = {
    "http://hl7.org/fhir/sid/icd-10": "icd",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2014-tw": "icd",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2021-tw": "icd",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw": "icd",
    "http://www.whocc.no/atc": "atc",
    "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medcation-atc-tw": "atc",
}


def _coding(coding: Json) -> str:
    return f"{coding.get('system')}|{coding.get('code')}"


def _one_system(code: str) -> str:
    system, _, value = code.rpartition("|")
    return f"{ONE_SYSTEM.get(system, system)}|{value}"


CRITERIA = ("period", "purpose", "action", "actor", "securityLabel", "class", "code", "dataPeriod", "data")


class Question:
    """What a provision's criteria are held against."""

    def __init__(self, one: One, facts: Facts | None):
        self.one, self.asked, self.facts = one, one.asked, facts

    def names_project(self, provision: Json) -> bool:
        if not self.one.purpose.startswith(PROJECT):
            return False
        return self.one.purpose in {coded(coding) for coding in provision.get("purpose", ())}

    def matches(self, name: str, said: Any, *, permit: bool) -> bool:
        if self.facts is None and name in ABOUT_THE_RECORD:
            readable(name, said)
            return permit
        if self.facts is not None and self.facts.type == "Patient" and name in ("code", "dataPeriod"):
            readable(name, said)
            return permit
        method = getattr(self, f"_{name}")
        return bool(method(said, permit=permit))

    def _period(self, said: Json, *, permit: bool) -> bool:
        return holds(period(said), self.asked.at)

    def _purpose(self, said: Sequence[Json], *, permit: bool) -> bool:
        return bool({coded(coding) for coding in said} & lineage(self.one.purpose, self.one.rules))

    def _action(self, said: Sequence[Json], *, permit: bool) -> bool:
        wanted = (ACTION_SYSTEM, self.asked.action)
        return any((c.get("system"), c.get("code")) == wanted for one in said for c in one.get("coding", ()))

    def _actor(self, said: Sequence[Json], *, permit: bool) -> bool:
        """An actor whom nothing names is left out: a permit does without them."""
        told = [actor for actor in said if unversioned(actor) or numbers(actor)]
        return any(self._one_actor(actor, permit=permit) for actor in told)

    def _one_actor(self, actor: Json, *, permit: bool) -> bool:
        facts = self.facts
        roles = roles_of(actor)
        if roles & {"CST", "AUT"}:
            if facts is None:
                return permit
            keepers = {one for one in (facts.organisation, *facts.organisation_identifiers) if one}
            return ("CST" in roles and _is_one_of(actor, keepers, permit=permit)) or (
                "AUT" in roles and _is_one_of(actor, facts.authors, permit=permit)
            )
        return self.is_reader(actor)

    def doubts(self, actors: Sequence[Json]) -> bool:
        """Whether of one of the actors nobody can tell if the reader is in that team, and none is the reader."""
        if any(self.is_reader(actor) for actor in actors):
            return False
        meant = [actor for actor in actors if not roles_of(actor) & {"CST", "AUT"}]
        return any({unversioned(one), *numbers(one)} & self.asked.reader.unresolved for one in meant)

    def is_reader(self, actor: Json) -> bool:
        """Whether an actor is the reader, not the keeper or author of a record."""
        if roles_of(actor) & {"CST", "AUT"}:
            return False
        reader = self.asked.reader
        if unversioned(actor) is not None:
            names = {reader.id, reader.person, reader.organisation, reader.device, *reader.memberships}
            if unversioned(actor) in names:
                return True
        return bool(set(numbers(actor)) & {*reader.identifiers, f"{ROLES}|{reader.role}"})

    def _securityLabel(self, said: Sequence[Json], *, permit: bool) -> bool:
        labels = self.labels()
        level = max(
            (RISING.index(code) for code in labels if len(code) == 1 and code in RISING), default=None
        )
        for coding in said:
            if coding.get("system") == CONFIDENTIALITY and coding["code"] in RISING:
                asked = RISING.index(coding["code"])
                if level is not None and (level <= asked if permit else level >= asked):
                    return True
            elif any(coding["code"] in upwards(ACT_CODE, label) for label in labels):
                return True
        return False

    def labels(self) -> frozenset[str]:
        assert self.facts
        labels, settings = self.facts.labels, self.one.settings
        if any(code in RISING for code in labels if len(code) == 1):
            return labels
        default = "labels.sensitive" if any(sensitive(code) for code in labels) else "labels.unlabelled"
        given = settings[default]
        return labels | frozenset([given] if isinstance(given, str) else given)

    def _class(self, said: Sequence[Json], *, permit: bool) -> bool:
        assert self.facts
        mine = {(TYPES, self.facts.type), (CATEGORIES, self.facts.category)}
        return any((coding.get("system"), coding.get("code")) in mine for coding in said)

    def _code(self, said: Sequence[Json], *, permit: bool) -> bool:
        assert self.facts
        codes = {_one_system(_coding(c)) for one in said for c in one.get("coding", ())}
        return bool(codes & {_one_system(code) for code in self.facts.codes})

    def _dataPeriod(self, said: Json, *, permit: bool) -> bool:
        assert self.facts
        first, last = period(said)
        if self.facts.period is None:
            return not permit
        begins, ends = self.facts.period
        return (first <= begins and ends <= last) if permit else (begins <= last and first <= ends)

    def _data(self, said: Sequence[Json], *, permit: bool) -> bool:
        facts = self.facts
        assert facts
        readable("data", said)
        record = f"{facts.type}/{facts.id}"
        found = False
        for one in said:
            target = unversioned(one)
            meaning = one["meaning"]
            found |= meaning in ("instance", "related") and target == record
            found |= meaning in ("related", "dependents") and target in facts.references
            found |= meaning == "authoredby" and target in facts.authors
        return found


def numbers(actor: Json) -> list[str]:
    """The identifiers by which an actor is named."""
    found: list[str] = (actor.get("reference") or {}).get("identifiers", [])
    return found


def _is_one_of(actor: Json, borne: Collection[str], *, permit: bool) -> bool:
    """Whether an actor is among those of a record; who is named in a way in which none of these is may be one of them,
    as far as anybody can tell."""
    literal, borne_by = unversioned(actor), numbers(actor)
    if literal in borne or set(borne_by) & set(borne):
        return True
    numbered = [one for one in borne if "|" in one]
    if permit or not borne:
        return False
    return (literal is not None and len(numbered) == len(borne)) or (bool(borne_by) and not numbered)


def roles_of(actor: Json) -> set[str]:
    return {coding.get("code") for coding in (actor.get("role") or {}).get("coding", ())}


def all_read(name: str, said: Any, *, permit: bool) -> None:
    """Alternatives of a criterion that cannot be read: a permit does without them as long as there is another; else the
    whole criterion is unread."""
    telling = {
        "purpose": lambda one: one.get("system") and one.get("code"),
        "action": lambda one: any(
            c.get("system") == ACTION_SYSTEM and c.get("code") in KNOWN_ACTIONS for c in one.get("coding", ())
        ),
        "actor": lambda one: unversioned(one) or numbers(one),
        "class": lambda one: one.get("system") in (TYPES, CATEGORIES) and one.get("code"),
        "code": lambda one: any(c.get("code") for c in one.get("coding", ())),
        "data": unversioned,
    }
    if name in telling:
        told = [bool(telling[name](one)) for one in said]
        if not any(told) or not (permit or all(told)):
            raise Unreadable


def unversioned(one: Json) -> str | None:
    """The literal reference of an actor or of data, without the version that it may name; None for one that is not of
    the form Type/id."""
    found = OF_HERE.fullmatch((one.get("reference") or {}).get("reference") or "")
    return found.group("name") if found else None


def readable(name: str, said: Any) -> None:
    if name == "dataPeriod":
        period(said)
    if name == "data" and any(
        one.get("meaning") not in ("instance", "related", "dependents", "authoredby") for one in said
    ):
        raise Unreadable


def coded(coding: Json) -> str:
    system = coding.get("system")
    return str(coding.get("code")) if system == ACT_REASON else f"{system}|{coding.get('code')}"
