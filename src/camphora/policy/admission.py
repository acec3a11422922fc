"""The admission: whether a reader may ask at all for a purpose, and the Access with which they then read.

It says nothing about one person or record: `decide` does. Choices of many persons are not resolved here: the Access
names the sets that a query must join, so that the same rule holds for one record and for a million.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from camphora.fhir.definitions import resource_types
from camphora.policy.access import Access, ClosedSet, HiddenSet, Reader
from camphora.policy.asking import Reason
from camphora.policy.choices import CLOSED, STOPPED, allowed, restricted
from camphora.policy.codes import class_of, is_project
from camphora.policy.policy import Policy
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
    Role.OFFICER: frozenset({Purpose.OPEN, Purpose.SECONDARY, Purpose.SURVEILLANCE}),
    Role.MANAGER: frozenset({Purpose.OPEN, Purpose.SECONDARY}),
    Role.ANALYST: frozenset({Purpose.OPEN, Purpose.SECONDARY}),
    Role.SUPPLY: frozenset({Purpose.OPEN}),
    Role.ADMINISTRATOR: frozenset({Purpose.OPEN, Purpose.OPERATION}),
    Role.PRIVACY: frozenset({Purpose.OPEN, Purpose.OPERATION}),
}
"""Which purposes a role may name at all. Nothing in a request widens this."""

USUAL: dict[Purpose, str] = {
    Purpose.SELF: "PATRQT",
    Purpose.CARE: "TREAT",
    Purpose.SECONDARY: "HRESCH",
    Purpose.SURVEILLANCE: "PUBHLTH",
    Purpose.OPERATION: "HSYSADMIN",
}
"""The code of use that a purpose stands for where the request names none."""
USUAL_SECONDARY = {Role.OFFICER: "GOV", Role.MANAGER: "HQUALIMP"}
"""For which secondary use a role asks where the request names none; others for research."""

PHARMACY_TYPES = SHARED_TYPES | {
    "Patient",
    "MedicationRequest",
    "MedicationDispense",
    "MedicationStatement",
    "AllergyIntolerance",
}


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, for which purpose and, for SELF, whose record. `lets_in`: persons who let this reader in now.

    `purposes`: codes of v3-ActReason or projects, all of the class of the purpose; the role's usual one where none.
    """

    reader: Reader
    purpose: Purpose
    person: str | None = None
    lets_in: frozenset[str] = frozenset()
    purposes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Admission:
    """`access` is None where the request is denied; `reasons` are in the order in which they were weighed."""

    access: Access | None
    reasons: tuple[Reason, ...]

    @property
    def permitted(self) -> bool:
        return self.access is not None


def admit(request: Request, policy: Policy | None = None) -> Admission:
    """Permit with an Access, or deny, with the reasons in order; by Taiwan's policy where none is given. Never raises
    for a well-formed request."""
    policy = policy or Policy.taiwan()
    reader, purpose = request.reader, request.purpose
    if purpose not in PURPOSES[reader.role]:
        return Admission(
            None, (Reason("role-lacks-purpose", permits=False, source="個人資料保護法第6條、第16條"),)
        )
    if any(class_of(policy.lineage(code)) not in CLASSES[purpose] for code in request.purposes):
        return Admission(None, (Reason("purpose-of-another-class", permits=False),))
    admission = _BY_PURPOSE[purpose](request, policy)
    if admission.access is None:
        return admission
    under = policy.under(admission.access.purposes)
    return replace(admission, access=replace(admission.access, under=under)) if under else admission


def _codes(request: Request) -> tuple[str, ...]:
    usual = USUAL[request.purpose]
    if request.purpose is Purpose.SECONDARY:
        usual = USUAL_SECONDARY.get(request.reader.role, usual)
    return request.purposes or (usual,)


def _open(request: Request, _policy: Policy) -> Admission:
    access = Access(request.reader, Purpose.OPEN, persons=frozenset(), types=frozenset(), ground="open-data")
    return Admission(access, (Reason("open-data", permits=True, source="政府資訊公開法第6條"),))


def _self(request: Request, _policy: Policy) -> Admission:
    reader = request.reader
    person = request.person or reader.person
    if person is None:
        return Admission(None, (Reason("no-person", permits=False),))
    if person == reader.person:
        own = Access(
            reader,
            Purpose.SELF,
            frozenset({person}),
            types=None,
            writes=frozenset({"Consent"}),
            ground="own-record",
            purposes=_codes(request),
        )
        return Admission(own, (Reason("own-record", permits=True, source="個人資料保護法第3條"),))
    if person not in request.lets_in:
        return Admission(None, (Reason("not-let-in", permits=False, source="個人資料保護法第3條"),))
    relative = Access(
        reader,
        Purpose.SELF,
        frozenset({person}),
        types=None,
        refused=frozenset({"Consent"}),
        ground="let-in",
        purposes=request.purposes or ("FAMRQT",),
    )
    return Admission(relative, (Reason("let-in", permits=True, source="當事人之同意"),))


def _care(request: Request, _policy: Policy) -> Admission:
    reader = request.reader
    if reader.organisation is None:
        return Admission(None, (Reason("no-organisation", permits=False, source="醫療法第67條"),))
    access = Access(
        reader,
        Purpose.CARE,
        persons=None,
        types=PHARMACY_TYPES if reader.role is Role.PHARMACIST else None,
        hidden=_restricting(reader),
        closed=(ClosedSet(CLOSED),),
        refused=frozenset({"Consent"}),
        writes=CARE_WRITES if reader.role is Role.CLINICIAN else frozenset(),
        ground="care",
        purposes=_codes(request),
    )
    reasons = (
        Reason("care", permits=True, source="個人資料保護法第6條第1項第4款、醫療法第67條"),
        Reason("restrictions-apply", permits=True, source="當事人之選擇"),
    )
    return Admission(access, reasons)


def _restricting(reader: Reader) -> tuple[HiddenSet, ...]:
    """The sets of those who refuse the reader's institution, or one that stands above it."""
    above = sorted(name.partition("/")[2] for name in reader.memberships if name.startswith("Organization/"))
    names = dict.fromkeys([*([reader.organisation] if reader.organisation else []), *above])
    return tuple(HiddenSet(restricted(name)) for name in names)


def _secondary(request: Request, policy: Policy) -> Admission:
    """Stops apply, and for a secondary use below TREAT what was chosen for care as well."""
    if request.reader.organisation_kind in policy["secondary.refused_organisations"]:
        source = policy.source("applicant-not-eligible")
        return Admission(None, (Reason("applicant-not-eligible", permits=False, source=source),))
    codes = _codes(request)
    treats = any("TREAT" in policy.lineage(code) for code in codes)
    hidden = [_stop(code) for code in codes]
    if treats:
        hidden += _restricting(request.reader)
    access = Access(
        request.reader,
        Purpose.SECONDARY,
        persons=None,
        types=None,
        hidden=tuple(dict.fromkeys(hidden)),
        closed=(ClosedSet(CLOSED),) if treats else (),
        ground="secondary",
        purposes=codes,
    )
    reasons = (
        Reason("secondary-by-statute", permits=True, source="全民健康保險資料管理條例"),
        Reason("stops-apply", permits=True, source="當事人停止特定目的外利用"),
    )
    return Admission(access, reasons)


def _stop(purpose: str) -> HiddenSet:
    return HiddenSet(STOPPED, allowed(purpose) if is_project(purpose) else None)


def _surveillance(request: Request, policy: Policy) -> Admission:
    """Notifiable records only, within the reader's area: the query joins both. No stop applies: it is statutory."""
    if policy["defaults.surveillance"] == "deny":
        source = policy.source("no-default")
        return Admission(None, (Reason("no-default", permits=False, source=source),))
    access = Access(
        request.reader,
        Purpose.SURVEILLANCE,
        persons=None,
        types=None,
        refused=frozenset({"Consent"}),
        ground="surveillance",
        purposes=_codes(request),
    )
    return Admission(access, (Reason("surveillance", permits=True, source="傳染病防治法第39條、第43條"),))


def _operation(request: Request, _policy: Policy) -> Admission:
    access = Access(
        request.reader,
        Purpose.OPERATION,
        persons=frozenset(),
        types=SHARED_TYPES,
        tables=None,
        ground="operation",
        purposes=_codes(request),
    )
    return Admission(access, (Reason("operation", permits=True, source="個人資料保護法第18條"),))


CLASSES: dict[Purpose, frozenset[str]] = {
    Purpose.OPEN: frozenset(),
    Purpose.SELF: frozenset({"self", "family"}),
    Purpose.CARE: frozenset({"care"}),
    Purpose.SECONDARY: frozenset({"secondary"}),
    Purpose.SURVEILLANCE: frozenset({"surveillance"}),
    Purpose.OPERATION: frozenset({"operation", "claims"}),
}
"""The classes of codes that a purpose may name."""

_BY_PURPOSE = {
    Purpose.OPEN: _open,
    Purpose.SELF: _self,
    Purpose.CARE: _care,
    Purpose.SECONDARY: _secondary,
    Purpose.SURVEILLANCE: _surveillance,
    Purpose.OPERATION: _operation,
}
