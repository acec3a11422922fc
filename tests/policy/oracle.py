"""A second decision, slow and plain, written from docs/explanation/decision.md alone.

It shares no code with `camphora.policy.deciding` and its kin: only the values that go in and the policy's own tables,
read here as plain data. Every function follows one paragraph of the page, in the page's order.
"""

from __future__ import annotations

import csv
import lzma
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import orjson

from camphora.policy.admission import SHARED_TYPES
from camphora.policy.asking import Asked, Facts, Part, Whom

TAIPEI = timezone(timedelta(hours=8))
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
TYPES = "http://hl7.org/fhir/resource-types"
CATEGORIES = "https://camphora.tw/data-category"
ROLES = "https://camphora.tw/role"
PROJECT = "https://camphora.tw/project|"
RISING = "ULMNRV"
STRICTEST = ("refused", "secondary", "operation", "claims", "surveillance", "family", "self", "care")
ABOUT_THE_RECORD = frozenset({"securityLabel", "class", "code", "dataPeriod", "data"})
OPEN = (-(10**18), 10**18)

Json = Mapping[str, Any]


class Told(NamedTuple):
    """A reason, without its source."""

    code: str
    permits: bool
    consent: str | None = None
    provision: str | None = None


class Duty(NamedTuple):
    """An obligation."""

    kind: str
    path: str | None = None
    labels: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """The oracle's answer."""

    permitted: bool
    reasons: tuple[Told, ...]
    obligations: tuple[Duty, ...] = ()


@dataclass(frozen=True)
class Rules:
    """A policy as plain data: `settings` by dotted name, roles' types by class (None: all), bases, shared types."""

    settings: Mapping[str, Any]
    classes: Mapping[str, str]
    roles: Mapping[str, Mapping[str, Any]]
    bases: Mapping[str, Mapping[str, Any]]
    shared: frozenset[str]
    under: Mapping[str, str] = field(default_factory=dict)


# Dates


class Unreadable(ValueError):
    """A text that should be a date and is none."""


WRITTEN = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)


@cache
def moments(text: Any) -> tuple[int, int]:
    """First and last millisecond of an R4 date."""
    found = WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise Unreadable
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        if hour:
            start = datetime(
                int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=_zone(zone)
            )
            first = _milliseconds(start)
            if fraction:
                part = int((fraction[1:] + "000")[:3])
                return first + part, first + part
            return first, first + 999
        start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=TAIPEI)
        if day:
            after = start + timedelta(days=1)
        elif month:
            after = datetime(
                int(year) + (month == "12"), 1 if month == "12" else int(month) + 1, 1, tzinfo=TAIPEI
            )
        else:
            after = datetime(int(year) + 1, 1, 1, tzinfo=TAIPEI)
    except ValueError as wrong:
        raise Unreadable from wrong
    return _milliseconds(start), _milliseconds(after) - 1


def _zone(zone: str | None) -> timezone:
    if zone is None:
        return TAIPEI
    if zone == "Z":
        return UTC
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    return timezone((1 if zone[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def period(said: Json) -> tuple[int, int]:
    """A partial start counts from its first moment, a partial end to its last."""
    start = moments(said["start"])[0] if said.get("start") is not None else OPEN[0]
    end = moments(said["end"])[1] if said.get("end") is not None else OPEN[1]
    return start, end


def holds(span: tuple[int | None, int | None], at: int) -> bool:
    first, last = span
    return (first is None or first <= at) and (last is None or at <= last)


def birthday(day: date, years: int) -> int:
    """The first moment of the day on which somebody born on `day` reaches an age."""
    year = day.year + years
    try:
        reached = day.replace(year=year)
    except ValueError:
        reached = date(year, 3, 1)
    return moments(reached.isoformat())[0]


def _day(moment: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).astimezone(TAIPEI).date()


def minor(whom: Whom, at: int, rules: Rules) -> bool:
    if whom.born is None:
        return False
    first, last = moments(whom.born)
    return first <= at < birthday(_day(last), rules.settings["ages.majority"])


def old_enough(whom: Whom, at: int, rules: Rules) -> bool:
    if whom.born is None:
        return True
    return at >= birthday(_day(moments(whom.born)[0]), rules.settings["ages.own_act"])


def incapable(whom: Whom, at: int) -> bool:
    return any(holds(span, at) for span in whom.incapable)


def dead(whom: Whom, at: int) -> bool:
    return whom.died is not None and at > moments(whom.died)[1]


# Code systems


@cache
def parents(system: str) -> dict[str, frozenset[str]]:
    """Each code of a code system of R4 with the codes directly above it."""
    above: dict[str, set[str]] = {}

    def walk(concepts: Sequence[Json], over: str | None) -> None:
        for concept in concepts:
            above.setdefault(concept["code"], set()).update({over} if over else set())
            walk(concept.get("concept", ()), concept["code"])

    with lzma.open(str(files("camphora.fhir") / "definitions/hl7.fhir.r4.core.ndjson.xz")) as lines:
        for line in lines:
            if system.encode() in line:
                resource = orjson.loads(line)
                if resource.get("url") == system and "concept" in resource:
                    walk(resource["concept"], None)
    return {code: frozenset(over) for code, over in above.items()}


@cache
def upwards(system: str, code: str) -> frozenset[str]:
    """A code and all above it."""
    found = {code}
    for over in parents(system).get(code, ()):
        found |= upwards(system, over)
    return frozenset(found)


@cache
def sensitive(code: str) -> bool:
    return "_InformationSensitivityPolicy" in upwards(ACT_CODE, code)


def above_of(purpose: str, rules: Rules) -> tuple[str, ...]:
    """What stands directly above a purpose."""
    if purpose in rules.under:
        return (rules.under[purpose],)
    if purpose.startswith(PROJECT):
        return ("HRESCH",)
    return tuple(sorted(parents(ACT_REASON).get(purpose, ())))


def lineage(purpose: str, rules: Rules) -> set[str]:
    """A purpose and its ancestors."""
    found = {purpose}
    for over in above_of(purpose, rules):
        found |= lineage(over, rules)
    return found


def class_of(purpose: str, rules: Rules) -> str | None:
    """The class of a purpose; None where it is unknown."""
    if "PurposeOfUse" not in lineage(purpose, rules) - {purpose}:
        return None
    return _class(purpose, rules)


def _class(purpose: str, rules: Rules) -> str | None:
    if purpose in rules.classes:
        return rules.classes[purpose]
    found = {_class(over, rules) for over in above_of(purpose, rules)} - {None}
    return next((one for one in STRICTEST if one in found), None)


# The decision


def decide(asked: Asked, whom: Whom | None, facts: Facts | None, rules: Rules) -> Found:
    """Each purpose by itself; the first that is denied denies all."""
    if not asked.purposes:
        return Found(permitted=False, reasons=(Told("purpose-missing", permits=False),))
    reasons: list[Told] = []
    duties: list[Duty] = []
    for purpose in asked.purposes:
        one = One(asked, purpose, whom, facts, rules).decide()
        if not one.permitted:
            return one
        reasons += [reason for reason in one.reasons if reason not in reasons]
        duties += [duty for duty in one.obligations if duty not in duties]
    return Found(permitted=True, reasons=tuple(reasons), obligations=tuple(duties))


class One:
    """The decision for one purpose."""

    def __init__(self, asked: Asked, purpose: str, whom: Whom | None, facts: Facts | None, rules: Rules):
        self.asked, self.purpose, self.whom, self.facts, self.rules = asked, purpose, whom, facts, rules
        self.settings = rules.settings
        self.cls = class_of(purpose, rules) or ""
        self.before: list[Told] = []

    def decide(self) -> Found:
        if not self.cls:
            return self.deny("purpose-unknown")
        if code := self.statute():
            return self.deny(code)
        if self.whom is None:
            shared = self.facts is not None and self.facts.type in self.rules.shared
            return self.permit("shared") if shared else self.deny("unlinked")
        if self.cls in ("self", "family"):
            return self.close(self.whom)
        noted = False
        if self.asked.basis is not None:
            row = self.rules.bases.get(self.asked.basis.id)
            if wrong := self.basis_wrong(self.whom, row):
                self.before.append(Told(wrong, permits=False))
            elif row and row.get("overrides"):
                duties = (Duty("log-override"), Duty("notify"))[: 2 if row.get("notify") else 1]
                return self.permit("legal-basis", duties)
            else:
                noted = True
                self.before.append(Told("basis-noted", permits=True))
        if found := self.emergency(self.whom):
            return found
        if self.cls in self.settings["consents.classes"] and (
            verdict := combined(self, self.whom, self.facts)
        ):
            return self.with_duties(self.by_consent(verdict))
        return self.with_duties(self.default(noted=noted))

    def deny(self, code: str) -> Found:
        return Found(permitted=False, reasons=(*self.before, Told(code, permits=False)))

    def permit(self, code: str, duties: tuple[Duty, ...] = ()) -> Found:
        return Found(permitted=True, reasons=(*self.before, Told(code, permits=True)), obligations=duties)

    # Step 1

    def statute(self) -> str | None:
        reader, whom, facts = self.asked.reader, self.whom, self.facts
        row = self.rules.roles.get(str(reader.role), {})
        if self.cls == "refused":
            return "purpose-refused"
        if self.cls not in row:
            return "role-lacks-purpose"
        if (
            self.cls == "secondary"
            and reader.organisation_kind in self.settings["secondary.refused_organisations"]
        ):
            return "applicant-not-eligible"
        if (
            facts is not None
            and not covers(row[self.cls], facts.type, self.rules.shared)
            and not self.acting()
        ):
            return "type-refused"
        if self.cls == "care" and reader.organisation is None:
            return "no-organisation"
        if whom is None:
            return None
        if self.cls == "surveillance" and facts is not None and not facts.notifiable:
            return "not-notifiable"
        scope = reader.scope
        if scope.areas and not lies_in(whom.area, scope.areas):
            return "outside-area"
        if scope.institutions and not scope.institutions & whom.institutions:
            return "outside-institution"
        if scope.wards and not scope.wards & whom.wards:
            return "outside-ward"
        return None

    # Step 3

    def close(self, whom: Whom) -> Found:
        if self.cls == "self" and self.asked.reader.person == whom.id:
            return self.permit("own-record")
        if kind := self.acting():
            return self.permit(kind)
        if self.facts is not None and self.facts.type == "Consent":
            return self.deny("type-refused")
        if "family" in self.settings["consents.classes"]:
            verdict = combined(self, whom, self.facts)
            if verdict and verdict.permits and verdict.provision:
                return Found(permitted=True, reasons=(*self.before, verdict.told("let-in")))
        return self.deny("not-let-in")

    def acting(self) -> str | None:
        """As what the reader stands in for the person now, asking as family."""
        reader, at, whom = self.asked.reader, self.asked.at, self.whom
        if whom is None or self.cls not in ("self", "family"):
            return None
        kinds = {
            one.kind
            for one in whom.stand_ins
            if one.who in (reader.id, reader.person) and holds(one.period, at)
        }
        unable = incapable(whom, at)
        if "guardian" in kinds and (minor(whom, at, self.rules) or unable):
            return "guardian"
        return "proxy" if "proxy" in kinds and unable else None

    # Step 4

    def basis_wrong(self, whom: Whom, row: Json | None) -> str | None:
        basis, asked = self.asked.basis, self.asked
        assert basis
        if row is None:
            return "basis-unregistered"
        if len(basis.reason.strip()) < self.settings["basis.least_reason"]:
            return "basis-no-reason"
        if basis.since is None or basis.until is None or not basis.since <= asked.at < basis.until:
            return "basis-not-in-force"
        if not basis.approver or basis.approver in (asked.reader.id, asked.reader.person):
            return "basis-no-approver"
        if not set(row["purposes"]) & lineage(self.purpose, self.rules):
            return "basis-other-purpose"
        stated = [
            ("roles", str(asked.reader.role)),
            ("organisations", asked.reader.organisation_kind),
        ]
        if self.facts is not None:
            stated += [("categories", self.facts.category), ("types", self.facts.type)]
        if any(row.get(name) and value not in row[name] for name, value in stated):
            return "basis-outside"
        if row.get("areas") and not lies_in(whom.area, row["areas"]):
            return "basis-outside"
        return None

    # Step 5

    def emergency(self, whom: Whom) -> Found | None:
        declared, role = self.asked.emergency, str(self.asked.reader.role)
        if declared is None:
            return self.deny("emergency-undeclared") if self.purpose == "BTG" else None
        if self.cls != "care":
            self.before.append(Told("emergency-not-care", permits=False))
            return None
        known = {one.lower() for one in whom.identifiers}
        known |= {one.split("|", 1)[-1].lower() for one in whom.identifiers}
        hours = self.settings["emergency.hours"] * 3_600_000
        if role not in self.settings["emergency.roles"]:
            wrong = "emergency-role"
        elif declared.identifier.lower() not in known:
            wrong = "emergency-identifier"
        elif len(declared.reason.strip()) < self.settings["emergency.least_reason"]:
            wrong = "emergency-no-reason"
        elif not declared.declared <= self.asked.at < declared.declared + hours:
            wrong = "emergency-over"
        else:
            return self.permit("emergency", (Duty("notify"), Duty("review")))
        if self.purpose == "BTG":
            return self.deny(wrong)
        self.before.append(Told(wrong, permits=False))
        return None

    # Step 6, said of a verdict

    def by_consent(self, verdict: Verdict) -> Found:
        if verdict.permits:
            code = "project-consent" if verdict.project_decided else "consent-permits"
        elif self.cls == "secondary":
            code = "stopped"
        else:
            code = "part-closed" if verdict.criteria & ABOUT_THE_RECORD else "restricted"
        return Found(permitted=verdict.permits, reasons=(*self.before, verdict.told(code)))

    # Step 7

    def default(self, *, noted: bool) -> Found:
        if self.cls == "operation" and noted:
            self.before = [told for told in self.before if told.code != "basis-noted"]
            return self.permit("basis-noted")
        if self.settings[f"defaults.{self.cls}"] != "permit":
            return self.deny("no-default")
        if self.cls == "secondary":
            if self.facts is not None and self.facts.type in self.settings["secondary.consent_types"]:
                return self.deny("specimen-needs-consent")
            return self.permit("secondary-by-statute")
        return self.permit(self.cls)

    def with_duties(self, found: Found) -> Found:
        facts, whom = self.facts, self.whom
        if not found.permitted or facts is None or whom is None:
            return found
        duties = []
        for part in facts.parts:
            if self.cls not in self.settings["consents.classes"]:
                break
            verdict = combined(self, whom, as_part(facts, part))
            if verdict and not verdict.permits:
                masks = bool(part.codes) and not part.labels
                duty = (
                    Duty("mask", part.path, codes=part.codes)
                    if masks
                    else Duty("redact", part.path, part.labels)
                )
                duties.append(duty)
        if "NORDSCLCD" in facts.labels:
            duties.append(Duty("no-redisclosure"))
        return Found(found.permitted, found.reasons, tuple(duties))


def covers(row: Json, kind: str, shared: frozenset[str]) -> bool:
    """Whether a role's row reaches a type: all, or those named (`shared`: all about nobody), but for some."""
    if kind in row.get("but", ()):
        return False
    types = row.get("types")
    return types is None or kind in types or ("shared" in types and kind in shared)


def lies_in(area: str | None, codes: Collection[str]) -> bool:
    """A county's code has five digits and covers the townships that begin with it; a township's covers itself."""
    if area is None:
        return False
    return any(code == area or (len(code) == 5 and area.startswith(code)) for code in codes)


def as_part(facts: Facts, part: Part) -> Facts:
    return replace(facts, labels=facts.labels | part.labels, codes=facts.codes | part.codes, parts=())


# Section 4


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


@dataclass(frozen=True)
class Node:
    """One provision that matched: its sense, where it stands, how deep, what its chain states."""

    permits: bool
    path: str
    depth: int
    criteria: frozenset[str]
    names_project: bool


def root_sense(consent: Json) -> bool | None:
    root = consent.get("provision") or {}
    if "type" in root:
        return {"permit": True, "deny": False}.get(root["type"])
    codes = {coding.get("code") for coding in (consent.get("policyRule") or {}).get("coding", ())}
    if codes & {"OPTOUT", "OPTOUTE"}:
        return False
    return True if codes & {"OPTIN", "OPTINR"} else None


class Link(NamedTuple):
    """A provision on the way down from the root, with its sense."""

    provision: Json
    sense: bool | None


def matched(question: Question, consent: Json, *, for_permits: bool) -> list[Node]:
    """The provisions of one sense whose chain matches, in document order."""
    if not isinstance(consent.get("provision"), Mapping) and root_sense(consent) is None:
        return []
    ways = list(ways_down([Link(consent.get("provision") or {}, root_sense(consent))], "provision"))
    found = (_node(question, way, path) for path, way in ways if way[-1].sense is for_permits)
    return [node for node in found if node and not (recorded_by_duty(question, node) and not for_permits)]


def recorded_by_duty(question: Question, node: Node) -> bool:
    """A new record in care: a denial about records that does not state the action does not count."""
    duty = question.one.rules.settings["consents.recording"] and question.one.cls == "care"
    about = node.criteria & {"securityLabel", "class", "code", "dataPeriod", "data"}
    return bool(duty and question.asked.action == "collect" and about and "action" not in node.criteria)


def ways_down(way: list[Link], path: str) -> Iterator[tuple[str, list[Link]]]:
    """Every provision of a tree as the way that leads to it."""
    yield path, way
    provision, sense = way[-1]
    for index, child in enumerate(provision.get("provision", ())):
        opposite = None if sense is None else not sense
        inner = {"permit": True, "deny": False}.get(child["type"]) if child.get("type") else opposite
        yield from ways_down([*way, Link(child, inner)], f"{path}.provision[{index}]")


def _node(question: Question, way: list[Link], path: str) -> Node | None:
    """The last provision of a way, where all that is said on the way and is not said anew matches.

    What cannot be read makes a permit count for nothing and leaves a denial without that criterion.
    """
    permits = bool(way[-1].sense)
    said: list[dict[str, bool]] = []
    for provision, sense in way:
        direction = permits if sense is None else sense
        if permits and provision.get("type") not in (None, "permit", "deny"):
            return None
        answers: dict[str, bool] = {}
        for name in CRITERIA:
            if provision.get(name):
                try:
                    all_read(name, provision[name], permit=sense is True)
                    answers[name] = question.matches(name, provision[name], permit=direction)
                except Unreadable:
                    if permits:
                        return None
        said.append(answers)
    standing = [
        (way[number].provision, name, answer)
        for number, answers in enumerate(said)
        for name, answer in answers.items()
        if not _said_anew(way, said, number, name)
    ]
    if not all(answer for _, _, answer in standing):
        return None
    names_project = any(name == "purpose" and question.names_project(on) for on, name, _ in standing)
    if permits and question.one.cls in ("self", "family"):
        actors = [actor for on, name, _ in standing if name == "actor" for actor in on["actor"]]
        if not any(question.is_reader(actor) for actor in actors):
            return None
    criteria = frozenset(name for answers in said for name in answers)
    return Node(permits, path, len(way) - 1, criteria, names_project)


def _said_anew(way: list[Link], said: list[dict[str, bool]], number: int, name: str) -> bool:
    """Whether a provision further in says this criterion anew, with nothing of another sense between."""
    for further in range(number + 1, len(way)):
        if way[further].sense is None or way[further].sense is not way[number].sense:
            return False
        if name in said[further]:
            return True
    return False


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
        return self.one.purpose in {_coded(coding) for coding in provision.get("purpose", ())}

    def matches(self, name: str, said: Any, *, permit: bool) -> bool:
        if self.facts is None and name in ABOUT_THE_RECORD:
            _readable(name, said)
            return permit
        if self.facts is not None and self.facts.type == "Patient" and name in ("code", "dataPeriod"):
            _readable(name, said)
            return permit
        method = getattr(self, f"_{name}")
        return bool(method(said, permit=permit))

    def _period(self, said: Json, *, permit: bool) -> bool:
        return holds(period(said), self.asked.at)

    def _purpose(self, said: Sequence[Json], *, permit: bool) -> bool:
        return bool({_coded(coding) for coding in said} & lineage(self.one.purpose, self.one.rules))

    def _action(self, said: Sequence[Json], *, permit: bool) -> bool:
        return any(
            coding.get("code") == self.asked.action for one in said for coding in one.get("coding", ())
        )

    def _actor(self, said: Sequence[Json], *, permit: bool) -> bool:
        return any(self._one_actor(actor, permit=permit) for actor in said)

    def _one_actor(self, actor: Json, *, permit: bool) -> bool:
        facts = self.facts
        roles = _roles(actor)
        if roles & {"CST", "AUT"}:
            if facts is None:
                return permit
            of_record = {facts.organisation} if "CST" in roles else set()
            of_record |= facts.authors if "AUT" in roles else set()
            return _unversioned(actor) is not None and _unversioned(actor) in of_record
        return self.is_reader(actor)

    def is_reader(self, actor: Json) -> bool:
        """Whether an actor is the reader, not the keeper or author of a record."""
        if _roles(actor) & {"CST", "AUT"}:
            return False
        reader, target = self.asked.reader, actor.get("reference") or {}
        if _unversioned(actor) is not None:
            names = {reader.id, reader.person, reader.organisation, reader.device, *reader.memberships}
            if _unversioned(actor) in names:
                return True
        identifier = target.get("identifier")
        if not identifier:
            return False
        if identifier.get("system") == ROLES and identifier.get("value") == str(reader.role):
            return True
        return f"{identifier.get('system')}|{identifier.get('value')}" in reader.identifiers

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
        _readable("data", said)
        record = f"{facts.type}/{facts.id}"
        found = False
        for one in said:
            target = _unversioned(one)
            meaning = one["meaning"]
            found |= meaning in ("instance", "related") and target == record
            found |= meaning in ("related", "dependents") and target in facts.references
            found |= meaning == "authoredby" and target in facts.authors
        return found


def _roles(actor: Json) -> set[str]:
    return {coding.get("code") for coding in (actor.get("role") or {}).get("coding", ())}


def all_read(name: str, said: Any, *, permit: bool) -> None:
    """Alternatives of a criterion that cannot be read: a permit does without them as long as there is another; else the
    whole criterion is unread."""
    telling = {
        "purpose": lambda one: one.get("system") and one.get("code"),
        "action": lambda one: any(
            c.get("system") == ACTION_SYSTEM and c.get("code") in KNOWN_ACTIONS for c in one.get("coding", ())
        ),
        "actor": lambda one: (
            _unversioned(one) or ((one.get("reference") or {}).get("identifier") or {}).get("value")
        ),
        "class": lambda one: one.get("system") in (TYPES, CATEGORIES) and one.get("code"),
        "code": lambda one: any(c.get("code") for c in one.get("coding", ())),
        "data": _unversioned,
    }
    if name in telling:
        told = [bool(telling[name](one)) for one in said]
        if not any(told) or not (permit or all(told)):
            raise Unreadable


def _unversioned(one: Json) -> str | None:
    """The literal reference of an actor or of data, without the version that it may name."""
    literal = (one.get("reference") or {}).get("reference")
    return literal.split("/_history/")[0] if literal else None


def _readable(name: str, said: Any) -> None:
    if name == "dataPeriod":
        period(said)
    if name == "data" and any(
        one.get("meaning") not in ("instance", "related", "dependents", "authoredby") for one in said
    ):
        raise Unreadable


def _coded(coding: Json) -> str:
    system = coding.get("system")
    return str(coding.get("code")) if system == ACT_REASON else f"{system}|{coding.get('code')}"


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
        one.get("verified") is True for one in consent["verification"]
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


# The policy's tables, read as plain data


@cache
def taiwan() -> Rules:
    """Taiwan's policy, from its files."""
    room = files("camphora.policy")
    law = tomllib.loads(room.joinpath("taiwan.toml").read_text("utf-8"))
    roles = tomllib.loads(room.joinpath("roles.toml").read_text("utf-8"))
    rows = csv.DictReader(room.joinpath("purposes.csv").read_text("utf-8").splitlines())
    settings = {name: row["value"] for name, row in law["parameters"].items()}
    return Rules(
        settings,
        {row["code"]: row["class"] for row in rows},
        {role: dict(classes) for role, classes in roles.items()},
        {row["id"]: row for row in law["basis"]},
        SHARED_TYPES,
        settings["purposes.under"],
    )


@cache
def _with(settings: bytes) -> Rules:
    rules = taiwan()
    changed = {**rules.settings, **orjson.loads(settings)}
    return replace(rules, settings=changed, under=changed["purposes.under"])


def with_settings(settings: Mapping[str, Any]) -> Rules:
    """Taiwan's policy with other parameters."""
    return _with(orjson.dumps(settings, option=orjson.OPT_SORT_KEYS)) if settings else taiwan()
