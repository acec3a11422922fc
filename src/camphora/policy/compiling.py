"""One person's policy, compiled: all that can be settled before a request, and before a record, is settled once.

`compile` reads the person's Consents; `Compiled.judge` settles a request and gives a function from a record's facts to
the decision. The order of the steps is that of docs/explanation/decision.md, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from camphora.policy.actors import ASKED_FOR
from camphora.policy.admission import SHARED_TYPES
from camphora.policy.asking import Asked, Decision, Emergency, Facts, Obligation, Reason, Whom
from camphora.policy.codes import PurposeClass, class_of, is_project
from camphora.policy.consents import Consent, Readings
from camphora.policy.lives import Life
from camphora.policy.policy import Covered, LegalBasis, Policy
from camphora.policy.weighing import (
    NONE,
    ROLES,
    Answers,
    Request,
    Verdict,
    answers,
    silent,
    standing,
    verdicts,
)

HOUR = 3_600_000
COUNTY = 5
NO_REDISCLOSURE = "NORDSCLCD"
Judge = Callable[[Facts | None], Decision]
Before = tuple[Reason, ...]


def compile(whom: Whom | None, policy: Policy) -> Compiled:  # noqa: A001 - the word of the field
    """Compile one person's policy; None: for records that are about nobody."""
    if whom is None:
        return Compiled(policy, None, None, ())
    readings = Readings(policy["labels.unlabelled"], policy["labels.sensitive"])
    read = tuple(found for each in whom.consents if (found := readings.consent(each)) is not None)
    named = frozenset(name for each in read for name in each.root.named() if _hangs_on_the_store(name))
    return Compiled(policy, whom, Life.of(whom), read, named)


def _hangs_on_the_store(name: str) -> bool:
    """Whether only its records can tell if a reader is meant: a team, a role, somebody known by a number."""
    return name.partition("|")[0] != ROLES if "|" in name else name.partition("/")[0] in ASKED_FOR


@dataclass(frozen=True, slots=True)
class Compiled:
    """A person's policy, ready for requests. Pure: it may be kept for as long as the person's `version` holds.

    `named`: the actors of whom the store's other records tell whether they are the reader (`actors.teams`)."""

    policy: Policy
    whom: Whom | None
    life: Life | None
    consents: tuple[Consent, ...]
    named: frozenset[str] = frozenset()

    def judge(self, asked: Asked) -> Judge:
        """From a record (None: may the person be known at all) to the decision, for this request."""
        return self._judge(asked, bare=False)

    def permits(self, asked: Asked) -> Callable[[Facts | None], bool]:
        """The bare yes or no of `judge`, which asks only for those facts on which it hangs."""
        judge = self._judge(asked, bare=True)
        return lambda facts: judge(facts).permitted

    def closes_records(self, asked: Asked) -> bool:
        """Whether a denial about some records, not about all, is in force against this request: told whether or not any
        record falls under it."""
        lines = [self.policy.lineage(purpose) for purpose in asked.purposes]
        return self.whom is not None and any(
            _OnePurpose(self, asked, lineage, named, bare=True).closes_records(self.whom)
            for lineage in lines
            if (named := class_of(lineage))
        )

    def permitting(self, at: int) -> frozenset[str]:
        """The ids of the Consents whose permits count at that moment, by who gave them and when."""
        whom, life = self.whom, self.life
        if whom is None or life is None:
            return frozenset()
        given = ((each.id, standing(each, at, whom, life, self.policy)) for each in self.consents)
        return frozenset(key for key, stands in given if stands and stands.permits)

    def moments(self) -> list[int]:
        """In order, the moments at which an answer may change by time alone: from one up to the next, a settled request
        holds. Not those of a claimed basis or an emergency, which the request itself brings."""
        ages = (self.policy["ages.majority"], self.policy["ages.own_act"])
        found = set(self.life.moments(ages)) if self.life else set()
        for consent in self.consents:
            found |= {*consent.root.moments(), *(() if consent.date is None else (consent.date,))}
        return sorted(found)

    def _judge(self, asked: Asked, *, bare: bool) -> Judge:
        if not asked.purposes:
            return _always(_denied((), self._reason("purpose-missing", permits=False)))
        judges = [self._purpose(asked, purpose, bare=bare) for purpose in asked.purposes]
        return judges[0] if len(judges) == 1 else lambda facts: _joined(judges, facts)

    def _purpose(self, asked: Asked, purpose: str, *, bare: bool) -> Judge:
        lineage = self.policy.lineage(purpose)
        named = class_of(lineage)
        if named is None:
            return _always(_denied((), self._reason("purpose-unknown", permits=False)))
        return _OnePurpose(self, asked, lineage, named, bare).judge()

    def _reason(self, code: str, *, permits: bool) -> Reason:
        return Reason(code, permits, self.policy.source(code))


@dataclass(frozen=True, slots=True)
class _OnePurpose:
    """One purpose of one request, step by step. `bare`: without the obligations that parts and labels add."""

    compiled: Compiled
    asked: Asked
    lineage: tuple[str, ...]
    named: PurposeClass
    bare: bool

    def judge(self) -> Judge:
        """Step 1 and, where it denies nothing, the rest."""
        tests: list[tuple[Callable[[Facts], bool], Decision]] = []
        for code in self._policy.denials:
            always, test = self._denial(code)
            if always:
                return _refusing(tests, _always(_denied((), self._no(code))))
            if test is not None:
                tests.append((test, _denied((), self._no(code))))
        whom = self.compiled.whom
        return _refusing(tests, self._about_nobody() if whom is None else self._about(whom))

    def closes_records(self, whom: Whom) -> bool:
        """Whether a Consent that is weighed here denies some records: not for oneself, nor where a guardian, a basis
        or an emergency reads past the Consents."""
        asked = self.asked
        own = self.named == "self" and asked.reader.person == whom.id
        if own or self._stands_in() or self._reads_past(whom):
            return False
        named = "family" if self.named == "self" else self.named
        return any(not each.permits and each.tests for each in self._answers(whom, named).verdicts)

    def _reads_past(self, whom: Whom) -> bool:
        claimed, declared = self.asked.basis, self.asked.emergency
        row = self._policy.bases.get(claimed.id) if claimed else None
        if row and row.overrides and not self._basis_fault(row) and self._basis_reaches(row, whom):
            return True
        return self.named == "care" and declared is not None and not self._emergency_fault(declared, whom)

    # Step 1: statutory denials

    def _denial(self, code: str) -> tuple[bool, Callable[[Facts], bool] | None]:
        """Whether a denial holds for every record, or a test on a record; neither: it cannot hold."""
        reader, whom, care = self.asked.reader, self.compiled.whom, self.named == "care"
        row = self._covered(self.named)
        kinds = self._policy["secondary.refused_organisations"]
        match code:
            case "purpose-refused":
                return self.named == "refused", None
            case "role-lacks-purpose":
                return row is None, None
            case "applicant-not-eligible":
                return self.named == "secondary" and reader.organisation_kind in kinds, None
            case "type-refused":
                return False, _refused_type(row) if row and not self._stands_in() else None
            case "no-organisation":
                return care and not reader.organisation, None
            case "not-notifiable":
                weighs = self.named == "surveillance" and whom is not None
                return False, (lambda facts: not facts.notifiable) if weighs else None
        return whom is not None and _outside(code, self.asked, whom), None

    def _covered(self, named: PurposeClass) -> Covered | None:
        return self._policy.roles[self.asked.reader.role].get(named)

    # Step 2 and 3: nobody, oneself, and those who stand in

    def _about_nobody(self) -> Judge:
        shared = _permitted((), self._yes("shared"))
        unlinked = _denied((), self._no("unlinked"))
        return lambda facts: shared if facts is not None and facts.type in SHARED_TYPES else unlinked

    def _about(self, whom: Whom) -> Judge:
        if self.named == "self" and self.asked.reader.person == whom.id:
            return _always(_permitted((), self._yes("own-record")))
        if self.named in {"self", "family"}:
            return self._family(whom)
        return self._basis(whom)

    def _family(self, whom: Whom) -> Judge:
        acts_as = self._stands_in()
        if acts_as:
            return _always(_permitted((), self._yes(acts_as)))
        found = self._answers(whom, "family")
        refused, lets_in = _denied((), self._no("not-let-in")), self._yes("let-in")
        said = [_permitted((), _of(lets_in, each)) if each.permits else refused for each in found.verdicts]
        weigh, decisions = found.weigh, [*said, refused]
        row = self._covered("family")
        never = [(_refused_type(row), _denied((), self._no("type-refused")))] if row else []
        return _refusing(never, lambda facts: decisions[weigh(facts)])

    def _stands_in(self) -> str:
        """As what the reader acts for the person now, where they ask as family: `guardian`, `proxy` or neither."""
        life, at = self.compiled.life, self.asked.at
        if life is None or self.named not in {"self", "family"}:
            return ""
        names = [each for each in (self.asked.reader.id, self.asked.reader.person) if each]
        unable = life.unable(at)
        minor = life.minor(self._policy["ages.majority"], at)
        if (minor or unable) and life.acting("guardian", names, at):
            return "guardian"
        return "proxy" if unable and life.acting("proxy", names, at) else ""

    # Step 4: a claimed legal basis

    def _basis(self, whom: Whom) -> Judge:
        claimed = self.asked.basis
        if claimed is None:
            return self._emergency(whom, ())
        row = self._policy.bases.get(claimed.id)
        fault = self._basis_fault(row)
        if row is None or fault:
            return self._emergency(whom, (self._no(fault),))
        outside = self._emergency(whom, (self._no("basis-outside"),))
        if not self._basis_reaches(row, whom):
            return outside
        noted = Reason("basis-noted", permits=True, source=row.law)
        holds = self._overridden(row) if row.overrides else self._emergency(whom, (noted,))
        return lambda facts: holds(facts) if _within(row, facts) else outside(facts)

    def _basis_fault(self, row: LegalBasis | None) -> str:
        claimed, at = self.asked.basis, self.asked.at
        if row is None or claimed is None:
            return "basis-unregistered"
        if len(claimed.reason.strip()) < self._policy["basis.least_reason"]:
            return "basis-no-reason"
        if claimed.since is None or claimed.until is None or not claimed.since <= at < claimed.until:
            return "basis-not-in-force"
        if not claimed.approver or claimed.approver in {self.asked.reader.id, self.asked.reader.person}:
            return "basis-no-approver"
        return "" if row.purposes & set(self.lineage) else "basis-other-purpose"

    def _basis_reaches(self, row: LegalBasis, whom: Whom) -> bool:
        reader = self.asked.reader
        stated = ((row.roles, reader.role), (row.organisations, reader.organisation_kind))
        return all(not limit or value in limit for limit, value in stated) and (
            not row.areas or lies_in(whom.area, row.areas)
        )

    def _overridden(self, row: LegalBasis) -> Judge:
        duties = [Obligation("log-override"), *([Obligation("notify")] if row.notify else [])]
        return _always(_permitted((), Reason("legal-basis", permits=True, source=row.law), *duties))

    # Step 5: a declared emergency

    def _emergency(self, whom: Whom, before: Before) -> Judge:
        declared = self.asked.emergency
        breaks = self.lineage[0] == "BTG"
        if self.named != "care":
            return self._consents(whom, (*before, self._no("emergency-not-care")) if declared else before)
        if declared is None:
            rest = _denied(before, self._no("emergency-undeclared"))
            return _always(rest) if breaks else self._consents(whom, before)
        fault = self._emergency_fault(declared, whom)
        if not fault:
            duties = (Obligation("notify"), Obligation("review"))
            return _always(_permitted(before, self._yes("emergency"), *duties))
        if breaks:
            return _always(_denied(before, self._no(fault)))
        return self._consents(whom, (*before, self._no(fault)))

    def _emergency_fault(self, declared: Emergency, whom: Whom) -> str:
        policy, at = self._policy, self.asked.at
        if self.asked.reader.role not in policy["emergency.roles"]:
            return "emergency-role"
        if not _same_identifier(declared.identifier, whom.identifiers):
            return "emergency-identifier"
        if len(declared.reason.strip()) < policy["emergency.least_reason"]:
            return "emergency-no-reason"
        ends = declared.declared + policy["emergency.hours"] * HOUR
        return "" if declared.declared <= at < ends else "emergency-over"

    # Steps 6 and 7: the consents, and the default

    def _consents(self, whom: Whom, before: Before) -> Judge:
        algorithm = self._policy["combining.secondary" if self.named == "secondary" else "combining.care"]
        weighs = self.named in self._policy["consents.classes"]
        found = self._answers(whom, self.named) if weighs else Answers([], lambda _: NONE)
        decisions = [self._said(before, each) for each in found.verdicts]
        silent = self._silent(before, algorithm) if weighs else None
        passes = [*(each.permitted for each in decisions), silent is None or silent.permitted]
        decisions.append(silent or self._default(before))
        weigh, exempt = found.weigh, frozenset[str]()
        if self.named == "secondary" and silent is None and decisions[-1].permitted:
            exempt = frozenset(self._policy["secondary.consent_types"])
        specimen = _denied(before, self._no("specimen-needs-consent"))
        redacted, bare = _Redacting(weigh, passes, weighs=weighs), self.bare

        def judge(facts: Facts | None) -> Decision:
            rank = weigh(facts)
            if facts is None:
                return decisions[rank]
            if exempt and rank == NONE and facts.type in exempt:
                return specimen
            decision = decisions[rank]
            if not bare and decision.permitted and (facts.parts or NO_REDISCLOSURE in facts.labels):
                return redacted(decision, facts)
            return decision

        return judge

    def _answers(self, whom: Whom, named: PurposeClass) -> Answers:
        """The person's consents against this request; none in a class that weighs none."""
        policy, at = self._policy, self.asked.at
        if named not in policy["consents.classes"]:
            return Answers([], lambda _: NONE)
        records = named == "care" and self.asked.action == "collect" and policy["consents.recording"]
        request = Request.of(self.asked, self.lineage, only_named=named == "family", records=records)
        found: list[list[Verdict]] = []
        for consent in self.compiled.consents:
            if silent(consent.root, request):
                continue
            stands = standing(consent, at, whom, self._life, policy)
            said = list(verdicts(consent, stands, request)) if stands else []
            if said:
                found.append(said)
        secondary = named == "secondary"
        algorithm = policy["combining.secondary" if secondary else "combining.care"]
        project = secondary and is_project(self.lineage[0])
        return answers(found, algorithm, policy["combining.siblings"], project=project)

    def _said(self, before: Before, verdict: Verdict) -> Decision:
        if verdict.permits:
            code = "project-consent" if verdict.names_project else "consent-permits"
            return _permitted(before, _of(self._yes(code), verdict))
        code = "part-closed" if verdict.about_records else "restricted"
        return _denied(before, _of(self._no("stopped" if self.named == "secondary" else code), verdict))

    def _silent(self, before: Before, algorithm: str) -> Decision | None:
        """What an algorithm that always decides says where no Consent says anything."""
        if algorithm == "permit-unless-deny":
            return _permitted(before, self._yes("consent-permits"))
        if algorithm == "deny-unless-permit":
            return _denied(before, self._no("stopped" if self.named == "secondary" else "restricted"))
        return None

    def _default(self, before: Before) -> Decision:
        noted = [each for each in before if each.code == "basis-noted"]
        if self.named == "operation" and noted:
            return _permitted(tuple(each for each in before if each not in noted), noted[0])
        if self._policy[f"defaults.{self.named}"] == "deny":
            return _denied(before, self._no("no-default"))
        code = "secondary-by-statute" if self.named == "secondary" else self.named
        return _permitted(before, self._yes(code))

    @property
    def _policy(self) -> Policy:
        return self.compiled.policy

    @property
    def _life(self) -> Life:
        assert self.compiled.life is not None
        return self.compiled.life

    def _yes(self, code: str) -> Reason:
        return Reason(code, permits=True, source=self._policy.source(code))

    def _no(self, code: str) -> Reason:
        return Reason(code, permits=False, source=self._policy.source(code))


@dataclass(frozen=True, slots=True)
class _Redacting:
    """The obligations that a record's parts and labels add to a permit by the consents or by default."""

    weigh: Callable[[Facts | None], int]
    passes: list[bool]
    """By rank; the last is where no Consent says anything."""
    weighs: bool

    def __call__(self, decision: Decision, facts: Facts) -> Decision:
        duties = list(decision.obligations)
        duties += self._parts(facts) if self.weighs else []
        if NO_REDISCLOSURE in facts.labels:
            duties.append(Obligation("no-redisclosure"))
        return replace(decision, obligations=tuple(dict.fromkeys(duties)))

    def _parts(self, facts: Facts) -> Iterator[Obligation]:
        for part in facts.parts:
            as_record = replace(
                facts, labels=facts.labels | part.labels, codes=facts.codes | part.codes, parts=()
            )
            if not self.passes[self.weigh(as_record)]:
                if part.codes and not part.labels:
                    yield Obligation("mask", part.path, codes=part.codes)
                else:
                    yield Obligation("redact", part.path, labels=part.labels)


def _always(decision: Decision) -> Judge:
    return lambda _: decision


def _permitted(before: Before, reason: Reason, *duties: Obligation) -> Decision:
    return Decision(permitted=True, reasons=(*before, reason), obligations=duties)


def _denied(before: Before, reason: Reason) -> Decision:
    return Decision(permitted=False, reasons=(*before, reason))


def _of(reason: Reason, verdict: Verdict) -> Reason:
    return replace(reason, consent=verdict.consent.id, provision=verdict.provision)


def _refusing(tests: list[tuple[Callable[[Facts], bool], Decision]], rest: Judge) -> Judge:
    if not tests:
        return rest

    def judge(facts: Facts | None) -> Decision:
        if facts is not None:
            for test, refused in tests:
                if test(facts):
                    return refused
        return rest(facts)

    return judge


def _refused_type(row: Covered) -> Callable[[Facts], bool]:
    if row.types is None:
        but = row.but
        return lambda facts: facts.type in but
    types = row.types - row.but
    return lambda facts: facts.type not in types


def _outside(code: str, asked: Asked, whom: Whom) -> bool:
    scope = asked.reader.scope
    match code:
        case "outside-area":
            return bool(scope.areas) and not lies_in(whom.area, scope.areas)
        case "outside-institution":
            return bool(scope.institutions) and scope.institutions.isdisjoint(whom.institutions)
    return bool(scope.wards) and scope.wards.isdisjoint(whom.wards)


def lies_in(area: str | None, limits: frozenset[str]) -> bool:
    """Whether an area is one of these or in one: a township's code begins with the five digits of its county's."""
    return area is not None and (area in limits or area[:COUNTY] in limits)


def _within(row: LegalBasis, facts: Facts | None) -> bool:
    """Whether a basis reaches this record; the person as such is within every one."""
    if facts is None:
        return True
    return (not row.types or facts.type in row.types) and (
        not row.categories or facts.category in row.categories
    )


def _same_identifier(declared: str, identifiers: tuple[str, ...]) -> bool:
    """Wholly, letters in either case; with or without its system."""
    wanted = declared.upper()
    return bool(wanted) and any(
        wanted in {each.upper(), each.upper().partition("|")[2]} for each in identifiers
    )


def _joined(judges: list[Judge], facts: Facts | None) -> Decision:
    """Every purpose must pass; the first that is denied denies all."""
    reasons: list[Reason] = []
    duties: list[Obligation] = []
    for judge in judges:
        decision = judge(facts)
        if not decision.permitted:
            return decision
        reasons += decision.reasons
        duties += decision.obligations
    return Decision(
        permitted=True, reasons=tuple(dict.fromkeys(reasons)), obligations=tuple(dict.fromkeys(duties))
    )
