"""Random records as R4 JSON, far odder than life: each element that says something to a decision, in every form in
which R4 lets it be said."""

from __future__ import annotations

from random import Random
from typing import Any

from policy.universes import BROKEN, CODES, DATES, LEVELS, NUMBERED, SENSITIVE, TERMS

Json = dict[str, Any]
INLINE = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"
ICD = ("http://hl7.org/fhir/sid/icd-10-cm|F32", "http://unitsofmeasure.org|mg")
WHO = (
    "Practitioner/a", "Practitioner/b", "Organization/x", "Organization/y", "Patient/p", "PractitionerRole/r",
    "Practitioner/a/_history/2", "https://elsewhere.tw/fhir/Practitioner/b", "#in", "#none", "urn:uuid:0c3151bd",
    "Observation/1", "Encounter/1",
)  # fmt: skip
CONCEPTS = {
    "Observation": ("code", "category*", "valueCodeableConcept", "interpretation*", "bodySite", "method"),
    "Condition": ("code", "category*", "severity", "bodySite*", "clinicalStatus"),
    "AllergyIntolerance": ("code", "clinicalStatus"),
    "MedicationRequest": ("medicationCodeableConcept", "category*", "reasonCode*"),
    "Procedure": ("code", "reasonCode*", "category", "outcome"),
    "DocumentReference": ("type", "category*"),
    "Composition": ("type", "category*"),
    "Appointment": ("reasonCode*", "serviceType*"),
    "Task": ("code", "reasonCode"),
    "Claim": ("type",),
    "Specimen": ("type",),
    "Encounter": ("type*", "reasonCode*"),
}
DATED = {
    "Observation": ("effectiveDateTime", "effectivePeriod", "effectiveTiming", "issued"),
    "Condition": (
        "onsetDateTime", "onsetPeriod", "abatementDateTime", "abatementPeriod", "abatementString", "recordedDate",
    ),
    "AllergyIntolerance": ("onsetDateTime", "recordedDate", "lastOccurrence"),
    "MedicationRequest": ("authoredOn",),
    "Procedure": ("performedDateTime", "performedPeriod"),
    "DocumentReference": ("date",),
    "Composition": ("date",),
    "Appointment": ("start", "end", "created"),
    "Task": ("executionPeriod", "authoredOn"),
    "Claim": ("billablePeriod", "created"),
    "Specimen": ("receivedTime",),
    "Encounter": ("period",),
}  # fmt: skip
PEOPLE = {
    "Observation": ("performer*", "subject", "derivedFrom*"),
    "Condition": ("asserter", "recorder", "subject"),
    "AllergyIntolerance": ("asserter", "recorder", "patient"),
    "MedicationRequest": ("requester", "performer", "recorder"),
    "Procedure": ("asserter", "recorder", "reasonReference*"),
    "DocumentReference": ("author*", "authenticator", "custodian"),
    "Composition": ("author*", "custodian"),
    "Appointment": ("reasonReference*",),
    "Task": ("requester", "owner", "focus"),
    "Claim": ("provider", "enterer", "patient"),
    "Specimen": ("parent*",),
    "Encounter": ("serviceProvider", "subject"),
}


class Things:
    """Records by the dice of a universe."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice

    def chance(self, of: float) -> bool:
        return self.dice.random() < of

    def record(self) -> Json:
        kind = "Observation" if self.chance(0.2) else self.dice.choice(tuple(CONCEPTS))
        made: Json = {"resourceType": kind, "id": "1"}
        for pool, make in ((CONCEPTS[kind], self.concept), (PEOPLE[kind], self.reference)):
            for text in pool:
                if self.chance(0.45):
                    several = [make() for _ in range(self.dice.randint(1, 2))]
                    made[text.rstrip("*")] = several if text.endswith("*") else several[0]
        made |= {name: self.moment(name) for name in DATED[kind] if self.chance(0.45)}
        made |= self.inside(kind)
        if self.chance(0.3):
            made["meta"] = {"security": [self.label() for _ in range(self.dice.randint(1, 2))]}
        if self.chance(0.4):
            made["contained"] = [self.contained()]
        if self.chance(0.2):
            value = (
                {"valueCodeableConcept": self.concept()}
                if self.chance(0.5)
                else {"valueReference": self.reference()}
            )
            made["extension"] = [{"url": "urn:x", **value}]
        return made

    def inside(self, kind: str) -> Json:
        """What lies deeper in some types."""
        made: Json = {}
        if kind == "Observation" and self.chance(0.5):
            made["component"] = [self.component() for _ in range(self.dice.randint(1, 2))]
        if kind == "Observation" and self.chance(0.4) and "valueCodeableConcept" not in made:
            made["referenceRange"] = [{"low": self.quantity(), "type": self.concept()}]
        if kind == "DocumentReference" and self.chance(0.6):
            made["context"] = {"period": self.moment("period"), "event": [self.concept()]}
        if kind == "Composition" and self.chance(0.6):
            made["event"] = [{"period": self.moment("period"), "code": [self.concept()]}]
            made["attester"] = [{"mode": "legal", "party": self.reference()}]
        if kind in ("Appointment", "Encounter") and self.chance(0.6):
            name = "actor" if kind == "Appointment" else "individual"
            made["participant"] = [{"type": [self.concept()], name: self.reference()}]
        if kind == "Procedure" and self.chance(0.6):
            made["performer"] = [{"function": self.concept(), "actor": self.reference()}]
        if kind == "Claim" and self.chance(0.6):
            served = (
                {"servicedDate": self.date()}
                if self.chance(0.5)
                else {"servicedPeriod": self.moment("period")}
            )
            made["item"] = [{"sequence": 1, "productOrService": self.concept(), **served}]
        if kind == "Specimen" and self.chance(0.6):
            taken = (
                {"collectedDateTime": self.date()}
                if self.chance(0.5)
                else {"collectedPeriod": self.moment("period")}
            )
            made["collection"] = {"collector": self.reference(), "quantity": self.quantity(), **taken}
        if kind == "MedicationRequest" and self.chance(0.5):
            made["dosageInstruction"] = [
                {"timing": {"code": self.concept()}, "asNeededCodeableConcept": self.concept()}
            ]
        return made

    def component(self) -> Json:
        made: Json = {"code": self.concept()}
        kind = self.dice.choice(("concept", "quantity", "text"))
        if kind == "text":
            made["valueString"] = "陽性"
            if self.chance(0.5):
                made["_valueString"] = {"extension": [self.inline()]}
        else:
            value = self.concept() if kind == "concept" else self.quantity()
            if self.chance(0.3):
                value = {"extension": [self.inline()], **value}
            made["valueCodeableConcept" if kind == "concept" else "valueQuantity"] = value
        return {"extension": [self.inline()], **made} if self.chance(0.3) else made

    def inline(self) -> Json:
        return {"url": INLINE, "valueCoding": self.label()}

    def label(self) -> Json:
        if self.chance(0.1):
            return {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
                "code": "TRSTACCRD",
            }
        level = self.chance(0.4)
        code = self.dice.choice(LEVELS if level else SENSITIVE)
        return {"system": TERMS + ("v3-Confidentiality" if level else "v3-ActCode"), "code": code}

    def quantity(self) -> Json:
        made: Json = {"system": "http://unitsofmeasure.org", "code": "mg", "unit": "mg", "value": 1}
        return {name: one for name, one in made.items() if self.chance(0.7)} or made

    def concept(self) -> Json:
        if self.chance(0.08):
            return {"text": "憂鬱症"}
        said = {"coding": [self.coding() for _ in range(self.dice.randint(1, 2))]}
        return {"extension": [self.inline()], **said} if self.chance(0.08) else said

    def coding(self) -> Json:
        system, code = self.dice.choice((*CODES, *ICD)).rsplit("|", 1)
        made: Json = {"system": system, "code": code}
        if self.chance(0.1):
            del made["system"]
        if self.chance(0.05):
            del made["code"]
        extra: tuple[Json, ...] = (
            {"display": "憂鬱症"}, {"version": "2023"}, {"userSelected": True}, {"_display": {"id": "d"}},
            {"_system": {"id": "s"}}, {"_version": {"extension": [{"url": "urn:x", "valueString": "x"}]}},
            {"_userSelected": {"id": "u"}}, {"extension": [{"url": "urn:x", "valueCode": "x"}]}, {"id": "c"},
        )  # fmt: skip
        for one in extra:
            if self.chance(0.06):
                made |= one
        return made

    def reference(self) -> Json:
        made: Json = {}
        if self.chance(0.7):
            made["reference"] = self.dice.choice(WHO)
        if self.chance(0.35):
            system, value = self.dice.choice(NUMBERED).rsplit("|", 1)
            made["identifier"] = {"system": system, "value": value} if self.chance(0.85) else {"value": value}
        if self.chance(0.3):
            made["type"] = self.dice.choice(("Practitioner", "Organization"))
        return made or {"display": "林醫師"}

    def contained(self) -> Json:
        numbers = [
            dict(zip(("system", "value"), one.rsplit("|", 1), strict=True))
            for one in NUMBERED
            if self.chance(0.5)
        ]
        if self.chance(0.3):
            return {
                "resourceType": "Observation",
                "id": "in",
                "code": self.concept(),
                "subject": self.reference(),
            }
        kind = self.dice.choice(("Practitioner", "Organization"))
        return {"resourceType": kind, "id": "in", **({"identifier": numbers} if numbers else {})}

    def date(self) -> str:
        return self.dice.choice(BROKEN if self.chance(0.05) else DATES)

    def moment(self, name: str) -> Any:
        """A value for an element of this name, by its type."""
        if name.endswith("String"):
            return "許久以前"
        if name.endswith("Timing"):
            repeat = {"repeat": {"boundsPeriod": self.moment("period")}} if self.chance(0.5) else {}
            events = (
                {"event": [self.date() for _ in range(self.dice.randint(1, 2))]} if self.chance(0.7) else {}
            )
            return {**repeat, **events} or {"event": [self.date()]}
        if name.lower().endswith("period"):
            both = {"start": self.date(), "end": self.date()}
            return {key: one for key, one in both.items() if self.chance(0.7)} or both
        return self.date()
