"""Small requests, persons and Consents for the tests of the decision."""

from dataclasses import replace

from camphora.fhir.dates import span
from camphora.policy import Facts, Role, Whom
from camphora.policy.asking import Asked, Asker, Basis, Emergency, Scope
from camphora.policy.vocabulary import ACT_CODE, ACT_REASON

AT = "2026-11-21T10:00:00+08:00"
PROJECT = "https://camphora.tw/project|p1"
ADA = Whom(
    "Patient/ada", ("http://www.moi.gov.tw|A123456780",), born="1980-05-17", area="67000",
    institutions=frozenset({"Organization/h1"}), wards=frozenset({"Location/w1"}),
)  # fmt: skip
TEST = Facts("Observation", "o1", "laboratory", period=span("2026-01-05"))
HOUSE = {
    Role.CLINICIAN: "TREAT", Role.PHARMACIST: "TREAT", Role.ANALYST: "HRESCH", Role.OFFICER: "PUBHLTH",
    Role.MANAGER: "HPAYMT", Role.ADMINISTRATOR: "HOPERAT", Role.CITIZEN: "PATRQT",
}  # fmt: skip


def ms(text=AT):
    return span(text)[0]


def asked(role=Role.CLINICIAN, *purposes, at=AT, action="access", basis=None, emergency=None, **reader):
    """A reader in a role, of Organization/h1, for the role's usual purpose."""
    given = {"id": "Practitioner/lin", "organisation": "Organization/h1", **reader}
    return Asked(Asker(role=role, **given), purposes or (HOUSE[role],), action, ms(at), basis, emergency)


def citizen(person, *purposes, at=AT):
    return asked(Role.CITIZEN, *(purposes or ("FAMRQT",)), id=person, person=person, organisation=None, at=at)


def limited(**scope):
    return Scope(**{name: frozenset(values) for name, values in scope.items()})


def basis(name, reason="依法辦理調查", since="2026-11-01", until="2026-12-01", approver="Practitioner/wu"):
    return Basis(name, reason, since and ms(since), until and ms(until), approver)


def emergency(identifier="A123456780", reason="昏迷送醫無法表達意思", declared="2026-11-21T09:00:00+08:00"):
    return Emergency(identifier, reason, ms(declared))


def reason(code):
    system, _, name = code.rpartition("|")
    return {"system": system or ACT_REASON, "code": name}


def label(code):
    return {"system": ACT_CODE, "code": code}


def who(reference):
    return {"reference": {"reference": reference}}


def consent(sense=None, purposes=(), *, name="c1", date="2026-06-01", by=None, status="active", **criteria):
    """A Consent of Patient/ada; `criteria` stand in the root provision, `within` for its nested ones."""
    provision = {"type": sense} if sense else {}
    if purposes:
        provision["purpose"] = [reason(each) for each in purposes]
    within = criteria.pop("within", None)
    provision |= {"class" if key == "class_" else key: value for key, value in criteria.items()}
    if within:
        provision["provision"] = within
    made = {
        "resourceType": "Consent", "id": name, "status": status, "patient": {"reference": "Patient/ada"},
        "provision": provision,
    }  # fmt: skip
    if date:
        made["dateTime"] = date
    if by:
        made["performer"] = [{"reference": by}]
    return made


def with_consents(*consents, whom=ADA, **fields):
    return replace(whom, consents=consents, **fields)
