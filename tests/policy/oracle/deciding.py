"""Section 3 of the page: the steps of a decision, in its order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from camphora.policy.asking import Asked, Facts, Part, Whom
from policy.oracle.combining import combined
from policy.oracle.dates import holds, incapable, minor
from policy.oracle.systems import class_of, lineage
from policy.oracle.values import ABOUT_THE_RECORD, Duty, Found, Json, Rules, Told

if TYPE_CHECKING:
    from policy.oracle.giving import Verdict


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
