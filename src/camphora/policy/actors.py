"""Who is meant by an actor of a Consent: what the records of the store say of a reader and of the teams that are named.

An account says for which records it stands (a Practitioner, roles, organisations, a device) and by which identifiers it
is known. From these `belonging` follows the records: numbers, practitioner roles, the organisations above. Teams and
groups are followed the other way, from the Consent that names them (`teams`): a reader may be in thousands of them.
The rules are those of docs/explanation/decision.md, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from camphora.fhir.dates import EARLIEST, LATEST, span
from camphora.policy.asking import Asker

Json = Mapping[str, Any]
LITERAL = re.compile(r"([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
"""A reference to a record here, and the name in it. A condition, a `urn:` and an address elsewhere name none."""
NEVER = 1 << 62
READERS = frozenset({"Practitioner", "PractitionerRole", "Organization"})
"""Record types of which an identifier makes a reader one. A Device is named by its account alone: who treats may write
one, and so any number into it."""
TEAMS = frozenset({"CareTeam", "Group"})
ONE = frozenset({"replaces", "replaced-by"})
"""The links by which two Patients are one person."""
ASKED_FOR = (*sorted(TEAMS), "PractitionerRole")
"""Of an actor of these types only the store can tell who is meant."""
TYPES = READERS | TEAMS | {"Device"}
"""The record types on which all of this rests, beside Patient and RelatedPerson."""


class Register(Protocol):
    """The records that say who is who, as they are at one version of the store."""

    def record(self, reference: str) -> Json | None:
        """The record with this local reference; None where there is none, or no more."""

    def bearing(self, identifier: str) -> Iterable[Json]:
        """The records of `READERS` and `TEAMS` that bear `system|value`."""

    def roles(self, practitioner: str) -> Iterable[Json]:
        """The PractitionerRoles that name this Practitioner."""

    def same(self, patient: str) -> Iterable[str]:
        """References of the Patients and RelatedPersons who are this Patient."""


class Belonging(NamedTuple):
    """Every name of a reader: references and `system|value`. It holds up to the moment `until`."""

    references: frozenset[str]
    identifiers: frozenset[str]
    until: int


class Teams(NamedTuple):
    """Of the names in some Consents: those of teams in which the reader is, and those of whom nobody can tell. It holds
    up to the moment `until`."""

    within: frozenset[str]
    unresolved: frozenset[str]
    until: int


NO_TEAMS = Teams(frozenset(), frozenset(), NEVER)


@dataclass(frozen=True, slots=True)
class Listed:
    """A register of a few records, for vectors and tests."""

    records: tuple[Json, ...]

    def record(self, reference: str) -> Json | None:
        return next((each for each in self.records if reference_of(each) == reference), None)

    def bearing(self, identifier: str) -> Iterator[Json]:
        for each in self.records:
            if each["resourceType"] in READERS | TEAMS and identifier in identifiers_of(each):
                yield each

    def roles(self, practitioner: str) -> Iterator[Json]:
        for each in self.records:
            if (
                each["resourceType"] == "PractitionerRole"
                and literal(each.get("practitioner")) == practitioner
            ):
                yield each

    def same(self, patient: str) -> Iterator[str]:
        links = [
            (reference_of(each), link.get("type"), literal(link.get("other")))
            for each in self.records
            if each["resourceType"] == "Patient"
            for link in each.get("link") or ()
        ]
        one = [{mine, other} for mine, kind, other in links if kind in ONE and other.startswith("Patient/")]
        found = {patient}
        while more := set().union(*(pair for pair in one if found & pair)) - found:
            found |= more
        related = {other for mine, _, other in links if mine in found and other.startswith("RelatedPerson/")}
        yield from sorted((found | related) - {patient})


def known(asker: Asker, register: Register, at: int, *, named: bool = True) -> tuple[Asker, int]:
    """The reader with every name that the records give them, and up to when it holds by time alone. `named`: whether
    `asker.id` is the Practitioner for whom the account stands; else one who bears a number of theirs comes in its
    place."""
    if not named:
        numbered = (each for number in sorted(asker.identifiers) for each in register.bearing(number))
        names = sorted(reference_of(each) for each in numbered if each["resourceType"] == "Practitioner")
        asker = replace(asker, id=names[0]) if names else asker
    own = (asker.id, asker.person, asker.organisation, asker.device)
    given = frozenset(each for each in own if each) | asker.memberships | asker.identifiers
    found = _Walk(register, at, asker.organisation).over(given)
    made = replace(
        asker,
        memberships=asker.memberships | (found.references - given),
        identifiers=asker.identifiers | found.identifiers,
    )
    return made, found.until


def teams(
    asker: Asker, named: Collection[str], persons: Collection[str], register: Register, at: int
) -> Teams:
    """Which of the names in some Consents are of a team of the reader, whose names are all `known`, and which cannot be
    told. `persons`: the references of whom the Consents are about."""
    own = (asker.id, asker.person, asker.organisation, asker.device)
    names = frozenset(each for each in own if each) | asker.memberships | asker.identifiers
    members = _Members(names, frozenset(persons), register, at)
    said = {name: members.named(name) for name in sorted(named)}
    within = frozenset(name for name, found in said.items() if found)
    unresolved = frozenset(name for name, found in said.items() if found is None)
    return Teams(within, unresolved, members.until)


def told(asker: Asker, found: Teams) -> Asker:
    """The reader with the teams of some Consents."""
    if not found.within and not found.unresolved:
        return asker
    numbers = frozenset(each for each in found.within if "|" in each)
    return replace(
        asker,
        memberships=asker.memberships | (found.within - numbers),
        identifiers=asker.identifiers | numbers,
        unresolved=found.unresolved,
    )


class _Timed:
    """Whether periods hold at a moment, and up to which moment all answers stay."""

    def __init__(self, register: Register, at: int) -> None:
        self.register = register
        self.at = at
        self.until = NEVER

    def holds(self, period: Any) -> bool | None:
        """Whether a period holds now; None for one that cannot be read."""
        try:
            said = period or {}
            first = span(said["start"])[0] if "start" in said else EARLIEST
            last = span(said["end"])[1] if "end" in said else LATEST
        except (ValueError, TypeError, KeyError):
            return None
        for moment in (first, last + 1):
            if moment > self.at:
                self.until = min(self.until, moment)
        return first <= self.at <= last


class _Walk(_Timed):
    """From the names of an account along the records to all its names. What a number names is of a type: those of an
    account are of every type of `READERS`, those that a record bears of its own alone."""

    def __init__(self, register: Register, at: int, organisation: str | None) -> None:
        super().__init__(register, at)
        self._organisation = organisation
        self._found: set[tuple[str, str]] = set()
        self._roles: list[Json] = []

    def over(self, names: Iterable[str]) -> Belonging:
        todo = [pair for name in sorted(names) for pair in _typed(name, sorted(READERS))]
        while todo:
            self._follow(todo)
            todo = self._roles_within()
        numbers = frozenset(name for name, _ in self._found if "|" in name)
        return Belonging(frozenset(name for name, _ in self._found) - numbers, numbers, self.until)

    def _follow(self, todo: list[tuple[str, str]]) -> None:
        while todo:
            found = todo.pop()
            if found not in self._found:
                self._found.add(found)
                todo += self._numbered(*found) if "|" in found[0] else self._from(*found)

    def _numbered(self, identifier: str, kind: str) -> list[tuple[str, str]]:
        if kind not in READERS:
            return []
        found = (each for each in self.register.bearing(identifier) if each["resourceType"] == kind)
        return [(reference_of(each), kind) for each in found]

    def _from(self, name: str, kind: str) -> list[tuple[str, str]]:
        if kind == "Patient":
            return [pair for each in self.register.same(name) for pair in _typed(each)]
        if kind not in READERS and kind != "Device":
            return []
        record = self.register.record(name)
        if kind == "Practitioner":
            self._roles += self.register.roles(name)
        if record is None or (kind == "Device" and record.get("patient")):
            return []
        numbers = [(each, kind) for each in identifiers_of(record)]
        return [*numbers, *self._beside(kind, record)]

    def _beside(self, kind: str, record: Json) -> list[tuple[str, str]]:
        """What a record that the reader is, or belongs to, names in its turn."""
        if kind == "Organization":
            return _above(record)
        if kind == "PractitionerRole" and self._is_held(record):
            named = (literal(record.get("practitioner")), literal(record.get("organization")))
            return [pair for name in named if name for pair in _typed(name)]
        return []

    def _roles_within(self) -> list[tuple[str, str]]:
        """Roles of the reader's Practitioners, at the organisation for which they read, one in it or one above it."""
        named = [(reference_of(each), each) for each in self._roles]
        new = [(name, each) for name, each in named if (name, "PractitionerRole") not in self._found]
        return [
            (name, "PractitionerRole") for name, each in new if self._is_held(each) and self._is_here(each)
        ]

    def _is_held(self, role: Json) -> bool:
        return role.get("active") is not False and bool(self.holds(role.get("period")))

    def _is_here(self, role: Json) -> bool:
        place = _place(role.get("organization"))
        return (
            not place
            or self._organisation is None
            or not self._found.isdisjoint(place)
            or self._organisation in self._upwards(place)
        )

    def _upwards(self, place: list[tuple[str, str]]) -> set[str]:
        """The names of an organisation and of those above it."""
        todo, found = [name for name, _ in place], set[str]()
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                known = self.register.bearing(name) if "|" in name else [self.register.record(name)]
                for each in known:
                    if each is not None and each["resourceType"] == "Organization":
                        todo += [
                            reference_of(each),
                            *identifiers_of(each),
                            *(above for above, _ in _above(each)),
                        ]
        return found


def _typed(name: str, kinds: Iterable[str] = ()) -> list[tuple[str, str]]:
    """A name with its type: that of a reference, of a number each of these."""
    return [(name, kind) for kind in kinds] if "|" in name else [(name, name.partition("/")[0])]


def _above(organisation: Json) -> list[tuple[str, str]]:
    """The organisation of which this one is a part."""
    return _place(organisation.get("partOf"))


def _place(reference: Any) -> list[tuple[str, str]]:
    """An organisation by its reference, or else by the number that it bears."""
    said = reference or {}
    name = literal(said) or identified(said.get("identifier") or {})
    return [(name, "Organization")] if name else []


class _Members(_Timed):
    """Who is in a team, for one reader: yes, no, or nobody can tell (None)."""

    def __init__(self, names: frozenset[str], persons: frozenset[str], register: Register, at: int) -> None:
        super().__init__(register, at)
        self._names = names
        self._persons = persons
        self._seen: set[str] = set()

    def named(self, name: str) -> bool | None:
        """Whether the reader is in what an actor names."""
        if name in self._names:
            return True
        self._seen.clear()
        if "|" in name:
            borne = [each for each in self.register.bearing(name) if each["resourceType"] in TEAMS]
            return _any(self._in(each) for each in borne)
        record = self.register.record(name)
        if record is None:
            return None
        return self._in(record) if record["resourceType"] in TEAMS else False

    def _in(self, team: Json) -> bool | None:
        """Whether the reader is in a team. That of another person says nothing for a permit: who treats that other may
        write it."""
        name = reference_of(team)
        if name in self._seen:
            return False
        self._seen.add(name)
        found = self._of_group(team) if team["resourceType"] == "Group" else self._of_team(team)
        subject = literal(team.get("subject"))
        foreign = subject.startswith("Patient/") and subject not in self._persons
        return None if found and foreign else found

    def _of_team(self, team: Json) -> bool | None:
        if team.get("status", "active") != "active":
            return False
        listed = [(each.get("member"), each.get("period"), each) for each in team.get("participant") or ()]
        return self._among(listed, team, self.holds(team.get("period")))

    def _of_group(self, group: Json) -> bool | None:
        if group.get("active") is False:
            return False
        members = [each for each in group.get("member") or () if each.get("inactive") is not True]
        listed = [(each.get("entity"), each.get("period"), each) for each in members]
        if group.get("actual") is False or not group.get("member"):
            return None
        return self._among(listed, group, True) if listed else False

    def _among(self, listed: list[tuple[Any, Any, Json]], team: Json, holds: bool | None) -> bool | None:
        if holds is False:
            return False
        if holds is None or team.get("modifierExtension") or not listed:
            return None
        inside = {f"#{each.get('id', '')}": each for each in team.get("contained") or ()}
        return _any(self._one(*each, inside) for each in listed)

    def _one(self, member: Any, period: Any, around: Json, inside: Mapping[str, Json]) -> bool | None:
        holds = self.holds(period)
        if holds is False:
            return False
        reference = member or {}
        if holds is None or around.get("modifierExtension"):
            return None
        contained = inside.get(str(reference.get("reference") or ""), {})
        numbers = [identified(reference.get("identifier") or {}), *identifiers_of(contained)]
        names = [name for name in (literal(reference), *numbers) if name]
        if not self._names.isdisjoint(names):
            return True
        nested = names[0] if names and names[0].partition("/")[0] in TEAMS else ""
        if nested:
            record = self.register.record(nested)
            return None if record is None else self._in(record)
        return False if names else None


def _any(said: Iterable[bool | None]) -> bool | None:
    """True where one is; else None where one is not known."""
    found = list(said)
    return True if True in found else None if None in found else False


def reference_of(record: Json) -> str:
    """`Type/id` of a record."""
    return f"{record['resourceType']}/{record.get('id', '')}"


def literal(reference: Any) -> str:
    """The literal reference, whichever version it names; empty where there is none to a record here."""
    found = LITERAL.fullmatch(str((reference or {}).get("reference") or ""))
    return found[1] if found else ""


def identified(identifier: Json) -> str:
    """`system|value`; empty where either is missing, which names nobody."""
    system, value = identifier.get("system"), identifier.get("value")
    return f"{system}|{value}" if system and value else ""


def identifiers_of(record: Json) -> list[str]:
    """The identifiers of a record as `system|value`."""
    given = record.get("identifier") or ()
    several = given if isinstance(given, list | tuple) else (given,)
    return [name for each in several if (name := identified(each))]
