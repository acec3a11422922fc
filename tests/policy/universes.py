"""Random questions, far odder than life: a seed gives the same question everywhere.

Small pools make things meet: few persons, codes and dates, so that most criteria match about as often as not.
"""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from camphora.policy.asking import Asked, Asker, Basis, Emergency, Facts, Part, Scope, Span, StandIn, Whom
from camphora.policy.vocabulary import Role

TERMS = "http://terminology.hl7.org/CodeSystem/"
PROJECT = "https://camphora.tw/project|"
FOREIGN = "http://example.org/purpose|FooBar"
DAY = 86_400_000
NOW = 1_773_104_400_000  # 2026-03-10T09:00:00+08:00
Json = dict[str, Any]

PURPOSES = {
    "clinician": ("TREAT", "TREAT", "ETREAT", "BTG", "CAREMGT", "COC", "HRESCH"),
    "pharmacist": ("TREAT", "ETREAT", "COC"),
    "officer": ("PUBHLTH", "DISASTER", "GOV", "HRESCH", "HPAYMT", "ELIGVER", "TRAIN"),
    "manager": ("GOV", "HQUALIMP", "HPAYMT", "PERFMSR"),
    "analyst": ("HRESCH", "CLINTRCH", PROJECT + "a", PROJECT + "a", PROJECT + "b", "GOV", "POPHLTH"),
    "administrator": ("HOPERAT", "HSYSADMIN", "FRAUD"),
    "citizen": ("PATRQT", "PATRQT", "FAMRQT", "FAMRQT", "PWATRNY", "SUPNWK"),
    "supply": ("TREAT", "HRESCH"),
    "public": ("HRESCH", "PATRQT"),
}
ODD_PURPOSES = (FOREIGN, "HMARKT", "DONAT", "FOOBAR", "PurposeOfUse", "TREAT", "HRESCH", "RESCH")
SAID_PURPOSES = (
    "TREAT", "ETREAT", "BTG", "HRESCH", "CLINTRCH", "GOV", "PATRQT", "FAMRQT", "PUBHLTH", "HPAYMT", "HOPERAT",
    "PurposeOfUse", PROJECT + "a", PROJECT + "b", FOREIGN,
)  # fmt: skip
TYPES = (
    "Observation", "Observation", "Condition", "MedicationRequest", "Patient", "Consent", "Specimen", "Claim",
    "ImagingStudy", "MolecularSequence", "Organization",
)  # fmt: skip
CATEGORIES = ("laboratory", "diagnoses", "imaging", "genetic", "person", "claims", None)
SENSITIVE = ("PSY", "HIV", "SUD", "ETHUD", "SDV", "BH", "COGN", "GDIS")
LEVELS = "ULMNRV"
CODES = ("http://loinc.org|1", "http://loinc.org|2", "http://icd|1")
PEOPLE = ("Patient/p", "Patient/q", "Patient/r")
STANDING = ("RelatedPerson/m", "RelatedPerson/f", "Patient/q")
READERS = ("Practitioner/a", "Practitioner/b")
ORGANISATIONS = ("Organization/x", "Organization/y")
GROUPS = ("Group/g", "CareTeam/t", "Organization/z")
ROLES = ("PractitionerRole/r", "PractitionerRole/s")
REFERENCES = ("Observation/1", "Encounter/1", "Encounter/2", "Practitioner/a", "Practitioner/b", "Patient/q")
NUMBERED = ("urn:n|1", "urn:n|2", "urn:m|1")
DATES = (
    "2007", "2008-02-29", "2008-03-10", "2012-03", "2012-03-10", "2015-01-01", "2020", "2024-02-29", "2025-01-01",
    "2025-06", "2025-12-31T23:59:59+08:00", "2025-12-31T23:59:59Z", "2026", "2026-02-28", "2026-03", "2026-03-09",
    "2026-03-10", "2026-03-10T09:00:00+08:00", "2026-03-10T01:00:00Z", "2026-03-10T09:00:00",
    "2026-03-10T08:59:59.999+08:00",    "2026-03-11", "2026-12-31", "2030-01-01T00:00:00-05:00",
)  # fmt: skip
BROKEN = ("2026-02-30", "2026-13", "sometime", "2025-06-31T00:00:00Z")
ALGORITHMS = (
    "deny-overrides", "permit-overrides", "most-recent", "specific-then-recent", "deny-unless-permit",
    "permit-unless-deny",
)  # fmt: skip
OFTEN = (
    "clinician", "clinician", "clinician", "clinician", "analyst", "analyst", "analyst", "citizen", "citizen",
    "officer", "officer", "manager", "administrator", "pharmacist",
)  # fmt: skip
BASES = (
    "communicable-disease-investigation", "medical-care-referral", "legal-duty-to-provide", "urgent-danger",
    "system-repair", "biobank-use", "no-such-basis",
)  # fmt: skip


VAGUE: dict[str, tuple[Json, ...]] = {
    "purpose": ({"code": "TREAT"}, {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason"}),
    "action": (
        {"text": "讀取"},
        {"coding": [{"code": "access"}]},
        {"coding": [{"system": "urn:x", "code": "use"}]},
    ),
    "actor": (
        {"reference": {"display": "林醫師"}},
        {"role": {"text": "醫師"}, "reference": {}},
        {"reference": {"reference": "#nobody"}},
        {"reference": {"reference": "Practitioner?identifier=urn:n|1"}},
        {"reference": {"reference": "https://elsewhere.tw/fhir/Practitioner/a"}},
        {"reference": {"identifier": {"value": "1"}}},
        {"modifierExtension": [{"url": "urn:x"}], "reference": {"reference": "Practitioner/b"}},
    ),
    "class": ({"code": "Observation"}, {"system": "urn:x", "code": "Observation"}),
    "code": ({"text": "憂鬱症"}, {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm"}]}),
    "data": (
        {"meaning": "instance", "reference": {"display": "那次看診"}},
        {"meaning": "related", "reference": {"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}},
        {"meaning": "dependents", "reference": {"reference": "https://elsewhere.tw/fhir/Encounter/1"}},
        {
            "modifierExtension": [{"url": "urn:x"}],
            "meaning": "instance",
            "reference": {"reference": "Observation/2"},
        },
    ),
}
"""Alternatives of a criterion that say nothing that can be compared."""


class Case(NamedTuple):
    """One question, and the parameters in which its policy differs from Taiwan's. `register`: the R4 resources that say
    who is who, None where the reader is known as they are; `record`: the R4 resource whose facts are read beside the
    labels and the notifiability of `facts`, None where the facts are given."""

    asked: Asked
    whom: Whom | None
    facts: Facts | None
    settings: dict[str, Any]
    register: tuple[Json, ...] | None = None
    record: Json | None = None


def policies() -> tuple[dict[str, Any], ...]:
    """The policies among which cases choose: Taiwan's, and each open parameter the other way."""
    one = [
        {"consents.pending_withdrawal": False}, {"consents.unverified": True}, {"ages.heirs": True},
        {"consents.death_ends_permits": True}, {"consents.recording": False}, {"labels.unlabelled": "R"},
        {"labels.sensitive": "V"},
        {"combining.siblings": "permit-overrides"}, {"consents.classes": ["care"]}, {"ages.own_act": 12},
        {"consents.classes": ["care", "secondary", "family", "claims", "surveillance", "operation"]},
        {"defaults.care": "deny", "defaults.secondary": "deny"}, {"emergency.hours": 1},
        {"defaults.claims": "deny", "defaults.surveillance": "deny"}, {"secondary.consent_types": []},
        {"emergency.roles": ["clinician", "pharmacist"]}, {"ages.majority": 20},
        {"defaults.operation": "permit"}, {"emergency.least_reason": 2},
    ]  # fmt: skip
    one += [{"combining.care": algorithm} for algorithm in ALGORITHMS]
    one += [{"combining.secondary": algorithm} for algorithm in ALGORITHMS]
    under = {"purposes.under": {FOREIGN: "HRESCH"}}
    return ({}, under, *one, *({**settings, **under} for settings in one[::3]))


POLICIES = policies()


class Universe:
    """The cases of one seed."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)

    def chance(self, of: float) -> bool:
        return self.dice.random() < of

    def some(self, pool: tuple[str, ...] | str, most: int = 2) -> list[str]:
        return self.dice.sample(pool, self.dice.randint(1, min(most, len(pool))))

    def maybe(self, pool: tuple[str, ...], of: float = 0.5, most: int = 2) -> frozenset[str]:
        return frozenset(self.some(pool, most)) if self.chance(of) else frozenset()

    def case(self) -> Case:
        settings = {} if self.chance(0.5) else self.dice.choice(POLICIES)
        asked = self.asked(foreign="purposes.under" in settings)
        whom = None if self.chance(0.02) else self.whom()
        facts = None if whom is not None and self.chance(0.06) else self.facts()
        register = self.register() if self.chance(0.4) else None
        from policy.things import Things

        record = Things(self.dice).record() if facts is not None and self.chance(0.5) else None
        return Case(asked, whom, facts, settings, register, record)

    # Who asks

    def asked(self, *, foreign: bool) -> Asked:
        role = self.dice.choice(OFTEN) if self.chance(0.97) else self.dice.choice(tuple(Role))
        pool = PURPOSES.get(str(role), ODD_PURPOSES)
        purposes = [FOREIGN if foreign and self.chance(0.5) else self.dice.choice(pool)]
        if self.chance(0.15):
            purposes.append(self.dice.choice(pool))
        if self.chance(0.05):
            purposes.insert(self.dice.randint(0, 1), self.dice.choice(ODD_PURPOSES))
        if self.chance(0.01):
            purposes = []
        at = NOW + self.dice.choice((0, 0, 0, -1, 1, DAY, -DAY, 300 * DAY, -400 * DAY, 3000 * DAY))
        action = self.dice.choice(("access", "access", "use", "disclose", "collect", "correct"))
        basis = self.basis(at) if self.chance(0.12) else None
        emergency = self.declared(at) if self.chance(0.12) else None
        return Asked(self.reader(Role(role)), tuple(purposes), action, at, basis, emergency)

    def reader(self, role: Role) -> Asker:
        scope = Scope()
        if self.chance(0.15):
            scope = Scope(
                self.maybe(("67000", "67000220", "63000"), 0.4),
                self.maybe(ORGANISATIONS, 0.4),
                self.maybe(("Location/1", "Location/2"), 0.3),
            )
        return Asker(
            self.dice.choice(READERS),
            role,
            self.dice.choice((*PEOPLE, *STANDING)) if role is Role.CITIZEN or self.chance(0.2) else None,
            None if self.chance(0.02) else self.dice.choice(ORGANISATIONS),
            "Device/d" if self.chance(0.2) else None,
            self.maybe(GROUPS),
            self.maybe(("urn:n|1", "urn:n|2", "urn:m|1")),
            self.dice.choice((None, "government", "government", "academic", "academic", "commercial")),
            scope,
        )

    def basis(self, at: int) -> Basis:
        since = self.dice.choice((at - DAY, at - DAY, at - DAY, at, at, at + 1, None))
        until = self.dice.choice((at + DAY, at + DAY, at + DAY, at + 1, at + 1, at, None))
        reason = self.dice.choice(
            ("依法辦理統計", "依法辦理統計", "依法辦理", "依法辦理", "依法辦", "      ")
        )
        approver = self.dice.choice(
            ("Practitioner/boss", "Practitioner/boss", "Practitioner/boss", "Practitioner/a", "", None)
        )
        return Basis(self.dice.choice(BASES), reason, since, until, approver)

    def declared(self, at: int) -> Emergency:
        identifier = self.dice.choice(("urn:id|A1", "A1", "a1", "B2", "A", ""))
        reason = self.dice.choice(("車禍昏迷送醫急救", "車禍昏迷送醫急救", "急救", "  急救  "))
        hour = 3_600_000
        return Emergency(
            identifier, reason, at - self.dice.choice((0, hour - 1, hour, 4 * hour - 1, 4 * hour, -1))
        )

    # The person

    def whom(self) -> Whom:
        return Whom(
            "Patient/p",
            self.dice.choice((("urn:id|A1",), ("urn:id|A1", "urn:old|B2"), ())),
            self.dice.choice(
                (None, "1980-05-17", "2008", "2008-02-29", "2008-03-10", "2008-03", "2012-03-10", "2015")
            ),
            self.dice.choice((None, None, None, "2025", "2025-06", "2026-03-10", "2026-03-09")),
            self.dice.choice((None, "67000", "67000220", "67000230", "63000")),
            self.maybe(ORGANISATIONS, 0.7),
            self.maybe(("Location/1", "Location/2"), 0.7),
            tuple(self.spread() for _ in range(self.dice.choice((0, 0, 1, 2)))),
            tuple(self.stand_in() for _ in range(self.dice.choice((0, 1, 1, 2, 3)))),
            tuple(self.consent(number) for number in range(self.dice.choice((0, 1, 1, 1, 2, 2, 3, 4)))),
        )

    def spread(self) -> Span:
        first = self.dice.choice((None, NOW - 3000 * DAY, NOW - 400 * DAY, NOW - DAY, NOW))
        last = self.dice.choice((None, NOW - 300 * DAY, NOW - 1, NOW, NOW + DAY))
        return first, last

    def stand_in(self) -> StandIn:
        kind = self.dice.choice(("guardian", "guardian", "proxy", "heir"))
        period = (None, None) if kind == "heir" or self.chance(0.5) else self.spread()
        return StandIn(kind, self.dice.choice(STANDING), period)

    # Who is who

    def register(self) -> tuple[Json, ...]:
        """Practitioners, roles, organisations, teams and groups that name one another, in circles too."""
        made = [
            *(self.bearer("Practitioner", one) for one in ("a", "b")),
            *(self.organisation(one) for one in ("x", "y", "z")),
            *(self.role(one) for one in ("r", "s")),
            *(self.team("CareTeam", one) for one in ("t", "u")),
            self.team("Group", "g"),
            self.bearer("Device", "d", patient={"reference": "Patient/p"} if self.chance(0.3) else None),
            *(self.patient(one) for one in ("p", "q", "r")),
        ]
        return tuple(one for one in made if self.chance(0.75))

    def bearer(self, kind: str, key: str, **more: Any) -> Json:
        made: Json = {"resourceType": kind, "id": key, **{name: one for name, one in more.items() if one}}
        if self.chance(0.5):
            given = [
                dict(zip(("system", "value"), one.rsplit("|", 1), strict=True)) for one in self.some(NUMBERED)
            ]
            made["identifier"] = [*given, {"value": "1"}] if self.chance(0.2) else given
        return made

    def organisation(self, key: str) -> Json:
        above = self.member((*ORGANISATIONS, "Organization/z")) if self.chance(0.5) else None
        return self.bearer("Organization", key, partOf=above)

    def role(self, key: str) -> Json:
        made = self.bearer(
            "PractitionerRole",
            key,
            practitioner=self.member(READERS),
            organization=self.member((*ORGANISATIONS, "Organization/z")) if self.chance(0.8) else None,
            period=self._period() if self.chance(0.2) else None,
        )
        return {**made, "active": self.chance(0.7)} if self.chance(0.3) else made

    def patient(self, key: str) -> Json:
        others = ("Patient/p", "Patient/q", "Patient/r", "RelatedPerson/m")
        links = [
            {
                "type": self.dice.choice(("replaces", "replaced-by", "seealso", "refer")),
                "other": self.member(others),
            }
            for _ in range(self.dice.choice((0, 0, 1)))
        ]
        return {"resourceType": "Patient", "id": key, **({"link": links} if links else {})}

    def team(self, kind: str, key: str) -> Json:
        """A team or a group, of somebody, with members of every kind, some over and some told in words alone."""
        field, name = ("member", "entity") if kind == "Group" else ("participant", "member")
        members = []
        for _ in range(self.dice.choice((0, 1, 1, 2, 3))):
            one: Json = {
                name: self.member(
                    (*READERS, *ORGANISATIONS, *GROUPS, *PEOPLE, *ROLES, "CareTeam/u", "Device/d")
                )
            }
            if self.chance(0.15):
                one["period"] = self._period()
            if kind == "Group" and self.chance(0.2):
                one["inactive"] = self.chance(0.6)
            if self.chance(0.04):
                one["modifierExtension"] = [{"url": "urn:x"}]
            members.append(one)
        made = self.bearer(kind, key, **{field: members})
        if self.chance(0.2):
            made["subject"] = {"reference": self.dice.choice(PEOPLE)}
        if kind == "Group":
            return {**made, "actual": self.chance(0.9), **({"active": False} if self.chance(0.1) else {})}
        if self.chance(0.15):
            made["period"] = self._period()
        if self.chance(0.4):
            made["status"] = self.dice.choice(("active", "active", "active", "inactive", "suspended"))
        return made

    def member(self, pool: tuple[str, ...]) -> Json:
        """A reference, by record, version, number, or in words alone."""
        text = self.dice.choice(pool)
        if self.chance(0.8):
            return {"reference": f"{text}/_history/3" if self.chance(0.1) else text}
        if self.chance(0.6):
            return {
                "identifier": dict(
                    zip(("system", "value"), self.dice.choice(NUMBERED).rsplit("|", 1), strict=True)
                )
            }
        return {"display": "王護理師"}

    # Consents

    def consent(self, number: int) -> Json:
        consent: Json = {"resourceType": "Consent", "id": f"c{number}", "patient": {"reference": "Patient/p"}}
        if self.chance(0.1):
            consent["patient"] = {"reference": "Patient/r"}
        odd = ("draft", "proposed", "proposed", "rejected", "inactive", "entered-in-error")
        consent["status"] = "active" if self.chance(0.85) else self.dice.choice(odd)
        if self.chance(0.9):
            consent["dateTime"] = self.date()
        if self.chance(0.4):
            pool = ("Patient/p", "Patient/p", "Patient/r", "Organization/x", *STANDING, *STANDING)
            consent["performer"] = [{"reference": one} for one in self.some(pool)]
        if self.chance(0.05):
            unnamed = self.dice.choice(({"display": "陳小姐"}, {"identifier": {"value": "A1"}}))
            consent["performer"] = [*consent.get("performer", ())[: self.dice.randint(0, 1)], unnamed]
        if self.chance(0.15):
            consent["verification"] = [{"verified": self.chance(0.4)} for _ in range(self.dice.randint(1, 2))]
        if self.chance(0.1):
            code = self.dice.choice(("OPTIN", "OPTINR", "OPTOUT", "OPTOUTE", "OTHER"))
            consent["policyRule"] = {"coding": [{"code": code}]}
        kind = (
            self.dice.choice(("permit", "deny")) if self.chance(0.93) else self.dice.choice((None, "maybe"))
        )
        if self.chance(0.97):
            consent["provision"] = self.provision(kind, 0)
        if self.chance(0.1):
            consent["contained"] = [self.contained()]
        if self.chance(0.02):
            consent["modifierExtension"] = [{"url": "urn:x"}]
        return consent

    def contained(self) -> Json:
        """Somebody who is known by numbers alone, or not even by these."""
        system, value = self.dice.choice(NUMBERED).rsplit("|", 1)
        named = [{"system": system, "value": value}] if self.chance(0.8) else []
        if self.chance(0.5):
            return {"resourceType": "Practitioner", "id": "in", "identifier": named}
        kind, listed, who = self.dice.choice(
            (("CareTeam", "participant", "member"), ("Group", "member", "entity"))
        )
        members = [{who: self._actor()[0]["reference"]} for _ in range(self.dice.randint(0, 2))]
        if members and self.chance(0.05):
            members[0] = self.dice.choice(
                ({who: {"display": "x"}}, {**members[0], "modifierExtension": [{"url": "urn:x"}]})
            )
        return {"resourceType": kind, "id": "in", "identifier": named, listed: members}

    def provision(self, kind: str | None, depth: int) -> Json:
        """A provision and those inside it, to depth 4. Without a sense it states nothing that has a direction."""
        provision: Json = {"type": kind} if kind else {}
        clear = kind in ("permit", "deny")
        names = (
            "period",
            "purpose",
            "action",
            "actor",
            "class",
            "code",
            "data",
            "securityLabel",
            "dataPeriod",
        )
        for name in names if clear else names[:3]:
            if self.chance(0.16 if name in ("purpose", "actor") else 0.07):
                provision[name] = getattr(self, f"_{name}")()
                if name in VAGUE and self.chance(0.05):
                    self.blurred(provision[name], self.dice.choice(VAGUE[name]))
        if self.chance(0.01):
            provision["modifierExtension"] = [{"url": "urn:x"}]
        if depth < 4 and self.chance(0.5 - 0.08 * depth):
            inner = [
                self.dice.choice(("permit", "deny", kind if clear else "deny", None if clear else "permit"))
                for _ in range(self.dice.randint(1, 2))
            ]
            provision["provision"] = [self.inner(one, depth + 1) for one in inner]
        return provision

    def blurred(self, said: list[Json], vague: Json) -> None:
        """Beside what can be read, or in place of it, something that cannot; a reference may name a version."""
        at = self.dice.randrange(len(said))
        reference = said[at].get("reference", {})
        if "reference" in reference and self.chance(0.4):
            said[at] = {**said[at], "reference": {"reference": f"{reference['reference']}/_history/2"}}
        elif self.chance(0.5):
            said.append(vague)
        else:
            said[at] = vague

    def inner(self, kind: str | None, depth: int) -> Json:
        provision = self.provision(kind or "deny", depth)
        if kind is None:
            del provision["type"]
        return provision

    def date(self) -> str:
        return self.dice.choice(BROKEN if self.chance(0.03) else DATES)

    def _period(self) -> Json:
        both = {"start": self.date(), "end": self.date()}
        return {name: text for name, text in both.items() if self.chance(0.7)} or both

    _dataPeriod = _period

    def _purpose(self) -> list[Json]:
        return [_coding(one, TERMS + "v3-ActReason") for one in self.some(SAID_PURPOSES, 3)]

    def _action(self) -> list[Json]:
        codes = self.some(("access", "use", "disclose", "collect", "correct"))
        return [{"coding": [{"system": TERMS + "consentaction", "code": one}]} for one in codes]

    def _actor(self) -> list[Json]:
        return [self._one_actor() for _ in range(self.dice.randint(1, 2))]

    def _one_actor(self) -> Json:
        role = self.dice.choice(("IRCP", "IRCP", "IRCP", "CST", "AUT"))
        actor: Json = {"role": {"coding": [{"system": TERMS + "v3-ParticipationType", "code": role}]}}
        if self.chance(0.05):
            return {**actor, "reference": {"reference": "#in"}}
        if role != "IRCP" and self.chance(0.25):
            system, value = self.dice.choice(NUMBERED).rsplit("|", 1)
            return {**actor, "reference": {"identifier": {"system": system, "value": value}}}
        if role == "IRCP" and self.chance(0.25):
            named = self.dice.choice(
                (
                    "urn:n|1",
                    "urn:m|1",
                    "https://camphora.tw/role|clinician",
                    "https://camphora.tw/role|analyst",
                )
            )
            system, value = named.rsplit("|", 1)
            return {**actor, "reference": {"identifier": {"system": system, "value": value}}}
        pool = (
            *READERS,
            *ORGANISATIONS,
            *GROUPS,
            *PEOPLE,
            *ROLES,
            "CareTeam/u",
            "Device/d",
            "RelatedPerson/m",
        )
        return {**actor, "reference": {"reference": self.dice.choice(pool)}}

    def _class(self) -> list[Json]:
        types = [{"system": "http://hl7.org/fhir/resource-types", "code": one} for one in self.some(TYPES)]
        named = [one for one in CATEGORIES if one]
        kinds = [
            {"system": "https://camphora.tw/data-category", "code": one} for one in self.some(tuple(named), 3)
        ]
        return types if self.chance(0.5) else kinds

    def _code(self) -> list[Json]:
        return [{"coding": [_coding(one, "")]} for one in self.some(CODES)]

    def _data(self) -> list[Json]:
        found = []
        for target in self.some(REFERENCES):
            meaning = self.dice.choice(("instance", "related", "dependents", "authoredby"))
            if self.chance(0.02):
                meaning = "unheard-of"
            found.append({"meaning": meaning, "reference": {"reference": target}})
        return found

    def _securityLabel(self) -> list[Json]:
        found = []
        for _ in range(self.dice.randint(1, 2)):
            if self.chance(0.4):
                found.append({"system": TERMS + "v3-Confidentiality", "code": self.dice.choice(LEVELS)})
            else:
                found.append({"system": TERMS + "v3-ActCode", "code": self.dice.choice(SENSITIVE)})
        return found

    # The record

    def labels(self) -> frozenset[str]:
        found = set(self.maybe(SENSITIVE, 0.4)) | set(self.maybe(tuple(LEVELS), 0.4))
        return frozenset(found | ({"NORDSCLCD"} if self.chance(0.05) else set()))

    def facts(self) -> Facts:
        parts = []
        for number in range(self.dice.choice((0, 0, 0, 1, 2, 3))):
            labels = self.labels() - {"NORDSCLCD"} if self.chance(0.7) else frozenset()
            parts.append(Part(f"part[{number}]", labels, self.maybe(CODES, 0.4)))
        first = NOW + self.dice.choice((-3000, -400, -70, -1, 0)) * DAY
        period = None if self.chance(0.2) else (first, first + self.dice.choice((0, 1, 30, 400)) * DAY)
        return Facts(
            self.dice.choice(TYPES),
            "1",
            self.dice.choice(CATEGORIES),
            self.labels(),
            self.maybe(CODES),
            self.maybe(("Practitioner/a", "Practitioner/b", "Patient/p", *NUMBERED)),
            self.dice.choice((None, *ORGANISATIONS)),
            period,
            self.maybe(REFERENCES),
            tuple(parts),
            self.chance(0.4),
            self.maybe(NUMBERED, 0.3),
        )


def _coding(text: str, system: str) -> Json:
    named, _, code = text.rpartition("|")
    return {"system": named or system, "code": code}
