"""The decision: a pure function from a request to permit or deny, with its reasons as data.

Order (DESIGN section 5): statutory denial, then what the role and purpose allow, then the person's choices.
Choices about many persons are not resolved here: the decision names the sets that a query must join, so that
the same rule holds for one record and for a million.
"""

from __future__ import annotations

from dataclasses import dataclass

from camphora.fhir.definitions import resource_types
from camphora.policy.access import Access, ClosedSet, HiddenSet, Reader
from camphora.policy.choices import CLOSED, STOPPED, restricted
from camphora.policy.vocabulary import Purpose, Role

SHARED_TYPES = frozenset(
    [
        "ActivityDefinition",
        "CapabilityStatement",
        "CodeSystem",
        "CompartmentDefinition",
        "ConceptMap",
        "Endpoint",
        "EventDefinition",
        "GraphDefinition",
        "HealthcareService",
        "ImplementationGuide",
        "InsurancePlan",
        "Library",
        "Location",
        "Measure",
        "Medication",
        "MedicationKnowledge",
        "MessageDefinition",
        "NamingSystem",
        "OperationDefinition",
        "Organization",
        "OrganizationAffiliation",
        "PlanDefinition",
        "Practitioner",
        "PractitionerRole",
        "Questionnaire",
        "SearchParameter",
        "StructureDefinition",
        "StructureMap",
        "Substance",
        "TerminologyCapabilities",
        "ValueSet",
    ]
)
"""Record types that are about no patient. A record of any other type that names no patient is unlinked: only the
inner readers see it, since no choice of a person could reach it."""

CARE_WRITES = resource_types() - SHARED_TYPES - {"Consent", "Provenance", "AuditEvent"}
"""What a clinician may write: records of persons. Institutions, staff and definitions come by loads."""

PURPOSES: dict[Role, frozenset[Purpose]] = {
    Role.PUBLIC: frozenset({Purpose.OPEN}),
    Role.CITIZEN: frozenset({Purpose.OPEN, Purpose.SELF}),
    Role.CLINICIAN: frozenset({Purpose.OPEN, Purpose.CARE}),
    Role.PHARMACIST: frozenset({Purpose.OPEN, Purpose.CARE}),
    Role.OFFICER: frozenset({Purpose.OPEN, Purpose.SECONDARY}),
    Role.MANAGER: frozenset({Purpose.OPEN, Purpose.SECONDARY}),
    Role.ANALYST: frozenset({Purpose.OPEN, Purpose.SECONDARY}),
    Role.SUPPLY: frozenset({Purpose.OPEN}),
    Role.ADMINISTRATOR: frozenset({Purpose.OPEN, Purpose.OPERATION}),
}
"""Which purposes a role may name at all. Nothing in a request widens this."""

PHARMACY_TYPES = SHARED_TYPES | {
    "Patient",
    "MedicationRequest",
    "MedicationDispense",
    "MedicationStatement",
    "AllergyIntolerance",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of a decision. `code` has a sentence in both languages; `source` names the law or the choice."""

    code: str
    permits: bool
    source: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, for which purpose and, for SELF, whose record. `lets_in`: persons who let this reader in now."""

    reader: Reader
    purpose: Purpose
    person: str | None = None
    lets_in: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """`access` is None where the request is denied; `reasons` are in the order in which they were weighed."""

    access: Access | None
    reasons: tuple[Reason, ...]

    @property
    def permitted(self) -> bool:
        return self.access is not None


def decide(request: Request) -> Decision:
    """Permit with an Access, or deny, with the reasons in order. Never raises for a well-formed request."""
    reader, purpose = request.reader, request.purpose
    if purpose not in PURPOSES[reader.role]:
        return Decision(
            None, (Reason("role-lacks-purpose", permits=False, source="個人資料保護法第6條、第16條"),)
        )
    return _BY_PURPOSE[purpose](request)


def _open(request: Request) -> Decision:
    access = Access(request.reader, Purpose.OPEN, persons=frozenset(), types=frozenset(), basis="open-data")
    return Decision(access, (Reason("open-data", permits=True, source="政府資訊公開法第6條"),))


def _self(request: Request) -> Decision:
    reader = request.reader
    person = request.person or reader.person
    if person is None:
        return Decision(None, (Reason("no-person", permits=False),))
    if person == reader.person:
        own = Access(
            reader,
            Purpose.SELF,
            frozenset({person}),
            types=None,
            writes=frozenset({"Consent"}),
            basis="own-record",
        )
        return Decision(own, (Reason("own-record", permits=True, source="個人資料保護法第3條"),))
    if person not in request.lets_in:
        return Decision(None, (Reason("not-let-in", permits=False, source="個人資料保護法第3條"),))
    relative = Access(
        reader, Purpose.SELF, frozenset({person}), types=None, refused=frozenset({"Consent"}), basis="let-in"
    )
    return Decision(relative, (Reason("let-in", permits=True, source="當事人之同意"),))


def _care(request: Request) -> Decision:
    reader = request.reader
    if reader.organisation is None:
        return Decision(None, (Reason("no-organisation", permits=False, source="醫療法第67條"),))
    access = Access(
        reader,
        Purpose.CARE,
        persons=None,
        types=PHARMACY_TYPES if reader.role is Role.PHARMACIST else None,
        hidden=(HiddenSet(restricted(reader.organisation)),),
        closed=(ClosedSet(CLOSED),),
        refused=frozenset({"Consent"}),
        writes=CARE_WRITES if reader.role is Role.CLINICIAN else frozenset(),
        basis="care",
    )
    reasons = (
        Reason("care", permits=True, source="個人資料保護法第6條第1項第4款、醫療法第67條"),
        Reason("restrictions-apply", permits=True, source="當事人之選擇"),
    )
    return Decision(access, reasons)


def _secondary(request: Request) -> Decision:
    access = Access(
        request.reader,
        Purpose.SECONDARY,
        persons=None,
        types=None,
        hidden=(HiddenSet(STOPPED),),
        basis="secondary",
    )
    reasons = (
        Reason("secondary-by-statute", permits=True, source="全民健康保險資料管理條例"),
        Reason("stops-apply", permits=True, source="當事人停止特定目的外利用"),
    )
    return Decision(access, reasons)


def _operation(request: Request) -> Decision:
    access = Access(
        request.reader,
        Purpose.OPERATION,
        persons=frozenset(),
        types=SHARED_TYPES,
        tables=None,
        basis="operation",
    )
    return Decision(access, (Reason("operation", permits=True, source="個人資料保護法第18條"),))


_BY_PURPOSE = {
    Purpose.OPEN: _open,
    Purpose.SELF: _self,
    Purpose.CARE: _care,
    Purpose.SECONDARY: _secondary,
    Purpose.OPERATION: _operation,
}
