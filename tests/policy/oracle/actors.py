"""Section 4, who is meant: every name of a reader and the teams of a Consent, from a list of R4 resources.

Plain and slow: whatever follows is looked for among all resources again until nothing new is found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from camphora.policy.asking import Asker, Whom
from policy.oracle.dates import Unreadable, holds, period
from policy.oracle.provisions import with_members

Json = Mapping[str, Any]
HERE = re.compile(r"([A-Z][A-Za-z]*/[-.0-9A-Za-z]{1,64})(/_history/[-.0-9A-Za-z]{1,64})?")
ROLE = "https://camphora.tw/role|"


def name_of(resource: Json) -> str:
    return resource["resourceType"] + "/" + resource.get("id", "")


def to(reference: Json | None) -> str | None:
    """`Type/id` of a literal reference."""
    found = HERE.fullmatch((reference or {}).get("reference") or "")
    return found[1] if found else None


def number(identifier: Json | None) -> str | None:
    said = identifier or {}
    return f"{said['system']}|{said['value']}" if said.get("system") and said.get("value") else None


def numbers_of(resource: Json) -> set[str]:
    said = resource.get("identifier", [])
    found = {number(one) for one in (said if isinstance(said, list) else [said])}
    return {one for one in found if one}


def now(said: Json | None, at: int) -> bool | None:
    """Whether a period holds; None for one that cannot be read."""
    try:
        return holds(period(said or {}), at)
    except (Unreadable, TypeError, KeyError):
        return None


def names_of(asker: Asker) -> set[str]:
    own = {asker.id, asker.person, asker.organisation, asker.device}
    return {one for one in own if one} | asker.memberships | asker.identifiers


def place_of(reference: Json | None) -> set[str]:
    """An organisation by its literal reference, or else by number."""
    said = reference or {}
    name = to(said) or number(said.get("identifier"))
    return {name} if name else set()


def organisations(start: set[str], register: Sequence[Json]) -> set[str]:
    """Names of an organisation and of all above it."""
    found = set(start)
    while True:
        here = [one for one in register if one["resourceType"] == "Organization"]
        here = [one for one in here if ({name_of(one)} | numbers_of(one)) & found]
        more = {name_of(one) for one in here}.union(
            *(numbers_of(one) | place_of(one.get("partOf")) for one in here)
        )
        if more <= found:
            return found
        found |= more


KINDS = ("Practitioner", "PractitionerRole", "Organization")


def known(asker: Asker, register: Sequence[Json], at: int) -> Asker:
    """The reader with every name that follows. A number is held with the types of which it may name a record."""
    names = {one for one in names_of(asker) if "|" not in one}
    numbers = {(one, kind) for one in asker.identifiers for kind in KINDS}
    size = -1
    while size != len(names) + len(numbers):
        size = len(names) + len(numbers)
        for one in register:
            _further(one, asker, names, numbers, register, at)
    return replace(
        asker,
        memberships=asker.memberships | (names - names_of(asker)),
        identifiers=asker.identifiers | {one for one, _ in numbers},
    )


def _further(one, asker, names, numbers, register, at):  # noqa: PLR0917
    """Add what one resource says of the reader."""
    kind, name = one["resourceType"], name_of(one)
    if kind in KINDS and {(each, kind) for each in numbers_of(one)} & numbers:
        names.add(name)
    if kind == "PractitionerRole" and one.get("active") is not False and now(one.get("period"), at):
        place = place_of(one.get("organization"))
        if to(one.get("practitioner")) in names and _here(asker, place, names, numbers, register):
            names.add(name)
        if name in names:
            names |= {each for each in (to(one.get("practitioner")), to(one.get("organization"))) if each}
    if name in names and (kind in KINDS or (kind == "Device" and not one.get("patient"))):
        numbers |= {(each, kind) for each in numbers_of(one)}
    if name in names and kind == "Organization":
        for above in place_of(one.get("partOf")):
            if "|" in above:
                numbers.add((above, kind))
            else:
                names.add(above)
    for link in one.get("link", []) if kind == "Patient" else []:
        other = to(link.get("other")) or ""
        same = link.get("type") in ("replaces", "replaced-by") and other.startswith("Patient/")
        if name in names and (same or other.startswith("RelatedPerson/")):
            names.add(other)
        if other in names and same:
            names.add(name)


def _here(asker: Asker, place: set[str], names: set[str], numbers: set, register: Sequence[Json]) -> bool:
    if not place or asker.organisation is None:
        return True
    mine = names | {each for each, kind in numbers if kind == "Organization"}
    return bool(place & mine) or asker.organisation in organisations(place, register)


def teams(asker: Asker, whom: Whom, register: Sequence[Json], at: int) -> Asker:
    """The reader with those teams of the person's Consents in which they are, and with those that nobody can tell."""
    mine = {whom.id} | {(one.get("patient") or {}).get("reference") for one in whom.consents}
    names, within, unresolved = names_of(asker), set(), set()
    for text in sorted(_named(whom)):
        answer = _team(text, names, mine, register, at)
        if answer is None:
            unresolved.add(text)
        elif answer:
            within.add(text)
    return replace(
        asker,
        memberships=asker.memberships | {one for one in within if "|" not in one},
        identifiers=asker.identifiers | {one for one in within if "|" in one},
        unresolved=frozenset(unresolved),
    )


def _named(whom: Whom) -> set[str]:
    """What the Consents' actors name of which the register must tell."""
    found: set[str] = set()

    def walk(provision: Json, contained: Sequence[Json]) -> None:
        for actor in provision.get("actor", ()):
            for one in [actor, *with_members(actor, contained)]:
                reference = one.get("reference") or {}
                inside = [x for x in contained if reference.get("reference") == "#" + x.get("id", "")]
                found.update(filter(None, [to(reference), number(reference.get("identifier"))]))
                found.update(*(numbers_of(x) for x in inside))
        for child in provision.get("provision", ()):
            walk(child, contained)

    for consent in whom.consents:
        walk(consent.get("provision") or {}, consent.get("contained", ()))
    kinds = ("CareTeam", "Group", "PractitionerRole")
    return {one for one in found if ("|" in one and not one.startswith(ROLE)) or one.split("/")[0] in kinds}


def _team(text: str, names: set[str], mine: set[str], register: Sequence[Json], at: int) -> bool | None:
    if text in names:
        return True
    if "|" in text:
        borne = [
            one
            for one in register
            if text in numbers_of(one) and one["resourceType"] in ("CareTeam", "Group")
        ]
        return _either([_in(one, names, mine, register, at, set()) for one in borne])
    found = [one for one in register if name_of(one) == text]
    if not found:
        return None
    return False if text.startswith("PractitionerRole/") else _in(found[0], names, mine, register, at, set())


def _either(answers: list[bool | None]) -> bool | None:
    return True if True in answers else None if None in answers else False


def _in(  # noqa: PLR0917 - what it hangs on
    team: Json, names: set[str], mine: set[str], register: Sequence[Json], at: int, passed: set[str]
) -> bool | None:
    if name_of(team) in passed:
        return False
    passed.add(name_of(team))
    if team["resourceType"] == "Group":
        if team.get("active") is False:
            return False
        if team.get("actual") is False or not team.get("member"):
            return None
        members = [(one, one.get("entity")) for one in team["member"] if one.get("inactive") is not True]
        if not members:
            return False
    else:
        if team.get("status", "active") != "active" or now(team.get("period"), at) is False:
            return False
        members = [(one, one.get("member")) for one in team.get("participant", ())]
        if not members or now(team.get("period"), at) is None:
            return None
    if team.get("modifierExtension"):
        return None
    found = _either([_is(one, who, team, names, mine, register, at, passed) for one, who in members])
    subject = to(team.get("subject")) or ""
    return None if found and subject.startswith("Patient/") and subject not in mine else found


def _is(one, who, team, names, mine, register, at, passed):  # noqa: PLR0917
    """Whether one member is the reader."""
    held = now(one.get("period"), at)
    if held is False:
        return False
    if held is None or one.get("modifierExtension"):
        return None
    reference = who or {}
    inside = [x for x in team.get("contained", ()) if reference.get("reference") == "#" + x.get("id", "")]
    said = {to(reference), number(reference.get("identifier"))}.union(*(numbers_of(x) for x in inside)) - {
        None
    }
    if said & names:
        return True
    literal = to(reference) or ""
    if literal.split("/")[0] in ("CareTeam", "Group"):
        other = [x for x in register if name_of(x) == literal]
        return _in(other[0], names, mine, register, at, passed) if other else None
    return False if said else None
