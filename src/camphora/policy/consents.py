"""A Consent (FHIR R4) read once into what a decision compares: provisions, spans in milliseconds, sets of codes.

What cannot be read makes a provision `broken`: as a permit it counts for nothing, as a denial it holds without that
criterion (docs/explanation/decision.md, section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

from camphora.fhir.dates import EARLIEST, LATEST, span
from camphora.policy.actors import identified, identifiers_of, literal
from camphora.policy.asking import Facts
from camphora.policy.choices import DATA_CATEGORY, sense_of
from camphora.policy.codes import CONFIDENTIALITY, SENSITIVITY, act_codes
from camphora.policy.labels import SYSTEMS
from camphora.policy.vocabulary import ACT_REASON

CONSENT_ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"
ACTIONS = frozenset({"collect", "access", "use", "disclose", "correct"})
CONFIDENTIALITY_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
ABOUT_RECORDS = frozenset({"securityLabel", "class", "code", "dataPeriod", "data"})
"""The criteria that are about the record itself."""

CRITERIA = ABOUT_RECORDS | {"period", "purpose", "action", "actor"}

Sense = Literal["permit", "deny"]
MEMBERS = {"CareTeam": ("participant", "member"), "Group": ("member", "entity")}
"""Where a team lists its members, and where each of these is named."""
T = TypeVar("T")
Json = Mapping[str, Any]
Test = Callable[[Facts], bool]
OPPOSITE: dict[Sense | None, Sense | None] = {"permit": "deny", "deny": "permit", None: None}


@dataclass(frozen=True, slots=True)
class Actors:
    """Who a provision is about: readers by name, the record's organisation (CST) and its authors (AUT). `texts`: what
    stands in a record that may bear one of the latter; none where only its facts tell."""

    readers: frozenset[str]
    keepers: frozenset[str]
    authors: frozenset[str]
    texts: tuple[bytes, ...]
    permits: bool

    def of_record(self, facts: Facts) -> bool:
        if self.texts and not facts.may_have(self.texts):
            return False
        return self._meet(self.authors, facts.authors) or self._meet(
            self.keepers, facts.organisation_identifiers | {facts.organisation or ""} - {""}
        )

    def _meet(self, named: frozenset[str], borne: frozenset[str]) -> bool:
        """Whether some name is borne. Where the record names them in other ways alone (an identifier and no reference,
        or the reverse) nobody can tell: a denial holds then, and a permit does not."""
        if not named.isdisjoint(borne):
            return True
        ways = {"|" in name for name in borne}
        return not self.permits and bool(borne) and any(("|" in name) not in ways for name in named)


@dataclass(frozen=True, slots=True)
class Provision:
    """One provision. None stands for a criterion that is not stated; `stated` names those that are. `tests`: what is
    left to ask of a record, by the criterion's name."""

    path: str
    sense: Sense | None
    stated: frozenset[str]
    broken: bool
    period: tuple[int, int] | None
    purposes: frozenset[str] | None
    actions: frozenset[str] | None
    actors: Actors | None
    tests: tuple[tuple[str, Test], ...]
    within: tuple[Provision, ...]

    def weighs_records(self) -> bool:
        """Whether it, or a provision in it, says something of one record and not of another."""
        of_record = self.actors is not None and bool(self.actors.keepers or self.actors.authors)
        return bool(self.tests) or of_record or any(each.weighs_records() for each in self.within)

    def named(self) -> Iterator[str]:
        """The readers whom it, or a provision in it, names."""
        if self.actors is not None:
            yield from self.actors.readers
        for each in self.within:
            yield from each.named()

    def moments(self) -> Iterator[int]:
        """The moments at which its period, or that of a provision in it, begins or is over."""
        if self.period is not None:
            yield from (self.period[0], self.period[1] + 1)
        for each in self.within:
            yield from each.moments()


@dataclass(frozen=True, slots=True)
class Consent:
    """A Consent of one person. `date` is its first moment, None where it has none or none that can be read."""

    id: str
    pending: bool
    date: int | None
    dated: bool
    performed: bool
    """Whether it names performers at all; `performers` are those with a literal reference."""
    performers: frozenset[str]
    person: str | None
    verified: bool
    root: Provision


@dataclass(frozen=True, slots=True)
class _Around:
    """What a provision takes from the Consent: by `#id` the identifiers of what is contained, and a team's members; and
    whether something not understood modifies all of it."""

    contained: Mapping[str, tuple[str, ...]]
    members: Mapping[str, Sequence[Json]]
    modified: bool


class Readings:
    """Reads Consents under the labels that a policy gives to unlabelled and to sensitive records."""

    def __init__(self, unlabelled: str, sensitive: str) -> None:
        self._ranks = _ranks(unlabelled, sensitive)

    def consent(self, resource: Json) -> Consent | None:
        """The Consent, None where it can never count: neither active nor a denial on its way."""
        status = resource.get("status")
        sense = sense_of(dict(resource))
        if not (status == "active" or (status == "proposed" and sense == "deny")):
            return None
        date, readable = None, True
        if "dateTime" in resource:
            date, readable = _moment(resource["dateTime"])
        checks = resource.get("verification") or ()
        around = _Around(_contained(resource), _members(resource), _modified(resource))
        root = self._provision(resource.get("provision") or {}, "provision", sense, around)
        return Consent(
            id=str(resource.get("id", "")),
            pending=status == "proposed",
            date=date,
            dated=readable,
            performed=bool(resource.get("performer")),
            performers=frozenset(_references(resource.get("performer") or ())),
            person=next(_references([resource.get("patient") or {}]), None),
            verified=not checks
            or any(each.get("verified") is True and not _modified(each) for each in checks),
            root=root,
        )

    def _provision(self, given: Json, path: str, sense: Sense | None, around: _Around) -> Provision:
        found: dict[str, Any] = {}
        tests: list[tuple[str, Test]] = []
        modified = around.modified or _modified(given)
        broken = modified or (sense is None and "type" in given)
        for name, value in () if modified else given.items():
            if not value or name not in CRITERIA:
                continue
            try:
                if name in ABOUT_RECORDS:
                    tests.append((name, self._test(name, value, sense)))
                    found[name] = True
                elif name == "actor":
                    told = (
                        value if sense == "permit" else [each for one in value for each in _told(one, around)]
                    )
                    found[name] = _actors(told, sense, around.contained)
                else:
                    found[name] = _READ[name](value, sense)
            except (ValueError, TypeError, AttributeError, KeyError):
                broken = True
        within = tuple(
            self._provision(each, f"{path}.provision[{number}]", _sense(each, OPPOSITE[sense]), around)
            for number, each in enumerate(given.get("provision") or ())
        )
        return Provision(
            path, sense, frozenset(found), broken, found.get("period"), found.get("purpose"), found.get("action"),
            found.get("actor"), tuple(tests), within,
        )  # fmt: skip

    def _test(self, name: str, value: Any, sense: Sense | None) -> Test:
        if name == "securityLabel":
            return self._labels(value, sense)
        if name == "dataPeriod":
            return _data_period(_period(value), sense)
        if name == "code":
            return _code(value, sense)
        return {"class": _class, "data": _data}[name](value, sense)

    def _labels(self, labels: list[Json], sense: Sense | None) -> Test:
        levels = [each["code"] for each in labels if each.get("system") == CONFIDENTIALITY_SYSTEM]
        ranks = [CONFIDENTIALITY.index(level) for level in levels]
        names = [each["code"] for each in labels if each.get("system") != CONFIDENTIALITY_SYSTEM]
        sensitive = frozenset(code for name in names for code in _below(name))
        if not ranks:
            return lambda facts: not sensitive.isdisjoint(facts.labels)
        rank_of = self._ranks
        if sense == "permit":
            most = max(ranks)
            return lambda facts: rank_of(facts.labels) <= most or not sensitive.isdisjoint(facts.labels)
        least = min(ranks)
        return lambda facts: rank_of(facts.labels) >= least or not sensitive.isdisjoint(facts.labels)


@cache
def _ranks(unlabelled: str, sensitive: str) -> Callable[[frozenset[str]], int]:
    """How confidential a record with these labels is; the highest of several."""
    level = {code: rank for rank, code in enumerate(CONFIDENTIALITY)}
    plain, kept = level[unlabelled], level[sensitive]

    def rank(labels: frozenset[str]) -> int:
        own = [level[each] for each in labels if each in level]
        return max(own) if own else kept if any(is_sensitivity(each) for each in labels) else plain

    return rank


def is_sensitivity(code: str) -> bool:
    """Whether a label says what kind of sensitive matter a record holds (v3-ActCode)."""
    return SENSITIVITY in act_codes().get(code, ())


@cache
def _below(code: str) -> frozenset[str]:
    """A label with all that stands below it in v3-ActCode."""
    return frozenset([code, *(each for each, line in act_codes().items() if code in line)])


def _sense(provision: Json, inherited: Sense | None) -> Sense | None:
    said = provision.get("type", inherited)
    return said if said in {"permit", "deny"} else None


def _moment(text: Any) -> tuple[int | None, bool]:
    try:
        return span(text)[0], True
    except (ValueError, TypeError):
        return None, False


def _readable(given: Iterable[Any], read: Callable[[Any], T | None], sense: Sense | None) -> list[T]:
    """What the alternatives of a criterion say. One that cannot be read may mean anything: a permit does without it, a
    denial then holds without the criterion. ValueError for that, and where none can be read."""
    found = [read(each) for each in given]
    known = [each for each in found if each]
    if not known or (sense != "permit" and len(known) < len(found)):
        raise ValueError
    return known


def _period(given: Json, _: Sense | None = None) -> tuple[int, int]:
    first = span(given["start"])[0] if "start" in given else EARLIEST
    return first, span(given["end"])[1] if "end" in given else LATEST


def _references(given: Any) -> Iterator[str]:
    for each in given:
        if each.get("reference"):
            yield each["reference"]


def _modified(element: Json) -> bool:
    """Whether an extension that changes its meaning stands on it: none is understood here."""
    return bool(element.get("modifierExtension"))


def _contained(resource: Json) -> dict[str, tuple[str, ...]]:
    """The identifiers of each contained resource by `#id`; none of one that something not understood modifies."""
    found: dict[str, tuple[str, ...]] = {}
    for each in resource.get("contained") or ():
        found[f"#{each.get('id', '')}"] = () if _modified(each) else tuple(identifiers_of(each))
    return found


def _members(resource: Json) -> dict[str, Sequence[Json]]:
    """The members whom a contained team lists, by `#id`."""
    found: dict[str, Sequence[Json]] = {}
    for each in resource.get("contained") or ():
        lists, name = MEMBERS.get(each.get("resourceType", ""), ("", ""))
        if lists and not _modified(each):
            listed = each.get(lists) or ()
            found[f"#{each.get('id', '')}"] = [
                {} if _modified(one) else one.get(name) or {} for one in listed
            ]
    return found


def _told(actor: Json, around: _Around) -> Iterator[Json]:
    """An actor of a denial; of a contained team each member too, whatever their time in it."""
    name = str((actor.get("reference") or {}).get("reference") or "")
    members = () if _modified(actor) else around.members.get(name, ())
    if not members or around.contained.get(name):
        yield actor
    for each in members:
        yield {**actor, "reference": each}


def _names(reference: Json, contained: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Every name of a reference: the literal one and `system|value`, its own and those of what is contained."""
    named = identified(reference.get("identifier") or {})
    inside = contained.get(str(reference.get("reference") or ""), ())
    return tuple(each for each in (literal(reference), named, *inside) if each)


def _codes(concept: Json) -> frozenset[str]:
    """The codes of one concept; none where it is told in words alone."""
    found = concept.get("coding", ())
    return frozenset(f"{coding.get('system', '')}|{coding['code']}" for coding in found if coding.get("code"))


def _purposes(codings: list[Json], sense: Sense | None) -> frozenset[str]:
    return frozenset(_readable(codings, _purpose, sense))


def _purpose(coding: Json) -> str | None:
    system, code = coding.get("system"), coding.get("code")
    if not system or not code:
        return None
    return str(code) if system == ACT_REASON else f"{system}|{code}"


def _actions(concepts: list[Json], sense: Sense | None) -> frozenset[str]:
    return frozenset[str]().union(*_readable(concepts, _action, sense))


def _action(concept: Json) -> frozenset[str]:
    head = CONSENT_ACTION + "|"
    return frozenset(code.removeprefix(head) for code in _codes(concept) if code.startswith(head)) & ACTIONS


def _actors(actors: list[Json], sense: Sense | None, contained: Mapping[str, tuple[str, ...]]) -> Actors:
    named: dict[str, set[str]] = {"": set(), "CST": set(), "AUT": set()}
    for roles, names in _readable(actors, lambda each: _actor(each, contained), sense):
        for role in roles:
            named[role].update(names)
    of_record = named["CST"] | named["AUT"]
    by_identifier = any("|" in name for name in of_record)
    texts = () if by_identifier else (*(name.encode() for name in of_record), b'"identifier"')
    return Actors(
        frozenset(named[""]), frozenset(named["CST"]), frozenset(named["AUT"]), texts, sense == "permit"
    )


def _actor(
    actor: Json, contained: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """In which roles, and by which names; None for one whom nothing names that can be compared."""
    codes = {coding.get("code") for coding in (actor.get("role") or {}).get("coding", ())}
    roles = tuple(each for each in ("CST", "AUT") if each in codes) or ("",)
    names = () if _modified(actor) else _names(actor.get("reference") or {}, contained)
    return (roles, names) if names else None


def _class(codings: list[Json], sense: Sense | None) -> Test:
    named = _readable(codings, _kind, sense)
    types = frozenset(code for system, code in named if system == RESOURCE_TYPES)
    categories = frozenset(code for system, code in named if system == DATA_CATEGORY)
    return lambda facts: facts.type in types or facts.category in categories


def _kind(coding: Json) -> tuple[str, str] | None:
    system, code = coding.get("system"), coding.get("code")
    return (system, code) if system in {RESOURCE_TYPES, DATA_CATEGORY} and code else None


def _code(concepts: list[Json], sense: Sense | None) -> Test:
    told = frozenset[str]().union(*_readable(concepts, _codes, sense))
    codes = frozenset(one for code in told for one in _spellings(code))
    values = tuple({f'"{one.rpartition("|")[2]}"'.encode() for one in codes})
    return _of_person(sense, lambda facts: facts.may_have(values) and not codes.isdisjoint(facts.codes))


@cache
def _spellings(code: str) -> tuple[str, ...]:
    """A code under every address that its code system goes by here."""
    system, _, value = code.rpartition("|")
    short = SYSTEMS.get(system)
    same = (each for each, name in SYSTEMS.items() if name == short) if short else ()
    return (code, *(f"{each}|{value}" for each in same))


def _data_period(period: tuple[int, int], sense: Sense | None) -> Test:
    """Wholly within for a permit, touched for a denial; a record without a date: no, and yes."""
    low, high = period
    if sense == "permit":
        return _of_person(
            sense,
            lambda facts: facts.period is not None and low <= facts.period[0] and facts.period[1] <= high,
        )
    return _of_person(
        sense, lambda facts: facts.period is None or (facts.period[0] <= high and low <= facts.period[1])
    )


def _of_person(sense: Sense | None, test: Test) -> Test:
    """A Patient has neither date nor code of its own: it is known where the person may be, as without a record."""
    permits = sense == "permit"
    return lambda facts: permits if facts.type == "Patient" else test(facts)


def _data(given: list[Json], sense: Sense | None) -> Test:
    """Which records are meant, by name (R4 consent-data-meaning)."""
    named: dict[str, set[str]] = {
        "instance": set(),
        "related": set(),
        "dependents": set(),
        "authoredby": set(),
    }
    for meaning, name in _readable(given, _datum, sense):
        named[meaning].add(name)
    itself = frozenset(named["instance"] | named["related"])
    types = frozenset(name.partition("/")[0] for name in itself)
    ids = tuple(f'"{name.partition("/")[2]}"'.encode() for name in itself)
    others, are_named = _mentioned(named["related"] | named["dependents"])
    authors, are_authors = _mentioned(named["authoredby"])
    return lambda facts: (
        (facts.type in types and facts.may_have(ids) and f"{facts.type}/{facts.id}" in itself)
        or (are_named(facts) and not others.isdisjoint(facts.references))
        or (are_authors(facts) and not authors.isdisjoint(facts.authors))
    )


def _datum(each: Json) -> tuple[str, str] | None:
    name = "" if _modified(each) else literal(each.get("reference") or {})
    return (each["meaning"], name) if name else None


def _mentioned(names: Iterable[str]) -> tuple[frozenset[str], Test]:
    """Some references, and whether a record may hold one of them: told from its bytes, before it is read."""
    wanted = frozenset(names)
    texts = tuple(name.encode() for name in wanted)
    return wanted, lambda facts: bool(texts) and facts.may_have(texts)


_READ: dict[str, Callable[[Any, Sense | None], Any]] = {
    "period": _period, "purpose": _purposes, "action": _actions,
}  # fmt: skip
