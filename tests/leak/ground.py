"""Small worlds, made in a moment: a pair of installations that differ only in what somebody has hidden.

Persons who hide themselves wholly are in one world and never were in the other. Persons who hide a part of their
record have the same choice in both worlds, and the hidden records in one of them only.
"""

import shutil
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.testclient import TestClient

from builders import NOW, condition, observation, patient
from camphora.gate import User
from camphora.installation import Installation
from camphora.policy import Role, choices
from camphora.policy.internal import loading
from camphora.records import Delete, Put
from camphora.web.app import application
from leak.pointed import SHOWN, of_kim

HOSPITAL, OTHER = "h1", "h2"
"""She is treated at the first and has restricted the second."""
ICD, LOINC = "http://hl7.org/fhir/sid/icd-10-cm", "http://loinc.org"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PLAIN = {"accept-language": "zh-TW", "accept-encoding": "identity"}
"""Headers of every client: lengths are those of what is said, whatever a token does to its compression."""
USERS = {
    "other": ("他院醫師", Role.CLINICIAN, OTHER, None),
    "pharmacist": ("他院藥師", Role.PHARMACIST, OTHER, None),
    "welcome": ("主治醫師", Role.CLINICIAN, HOSPITAL, None),
    "stranger": ("路人", Role.CITIZEN, None, "dan"),
    "analyst": ("分析人員", Role.ANALYST, None, None),
    "officer": ("防疫人員", Role.OFFICER, None, None),
    "manager": ("計畫主管", Role.MANAGER, None, None),
    "administrator": ("管理者", Role.ADMINISTRATOR, None, None),
    "ada": ("王小明", Role.CITIZEN, None, "ada"),
}


@dataclass(frozen=True)
class Subject:
    """Somebody who hides, with everything that an attacker might already know. `records`: what is hidden;
    `secrets`: texts that stand in nothing but that."""

    id: str
    name: str
    number: str
    chart: str
    born: str
    code: str
    encounter_date: str
    records: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]
    whole: bool = True


@dataclass
class World:
    """One installation with its application; `client` is signed in as whom the test asks for."""

    installation: Installation
    folder: Path
    app: object = field(init=False)

    def __post_init__(self):
        self.app = application(self.installation)

    def client(self, name):
        identity = self.installation.gate.identity
        session = identity.open_session(identity.user(name))
        return self.with_token(session.token, session.csrf)

    def with_token(self, token, csrf=""):
        made = TestClient(self.app, raise_server_exceptions=False, follow_redirects=False)
        made.cookies.set("camphora_session", token)
        made.headers.update(PLAIN)
        made.csrf = csrf
        return made

    def anybody(self):
        made = TestClient(self.app, raise_server_exceptions=False, follow_redirects=False)
        made.headers.update(PLAIN)
        return made

    def write(self, *resources):
        """As a load does: each a millisecond or more after the one before, so that no order is left to chance."""
        for resource in resources:
            self.installation.store.write(loading("t"), [Put(resource)])
            ended = int(time.time() * 1000)
            while int(time.time() * 1000) <= ended:
                time.sleep(0.0002)

    def remove(self, kind, name):
        self.installation.store.write(loading("t"), [Delete(kind, name)])

    def choose(self, name, consent):
        """Write a choice under this id; the same id again replaces it."""
        self.write({**consent, "id": name})

    def close(self):
        self.installation.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@cache
def template():
    """An empty installation with its tables, to be copied. It lives as long as the process."""
    kept = TemporaryDirectory(prefix="leak")
    made = Installation.open(Path(kept.name) / "template", make=True)
    (made.folder / "demo").touch()
    made.load_tables()
    made.lake.catch_up()
    made.close()
    return kept


def opened(folder):
    """A new installation in a folder that does not exist yet."""
    source = Path(template().name) / "template"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("terminology.sqlite*", "camphora.lock"))
    (folder / "terminology.sqlite").symlink_to(source / "terminology.sqlite")
    return Installation.open(folder)


def world(folder, *, there=True, chosen=True, parts=None):
    """A small world; `there`: with her who hides wholly; `parts`: with the parts that others hide (as `there`, where it
    is not said). `chosen`: whether she has made her choices yet."""
    parts = there if parts is None else parts
    made = World(opened(folder), folder)
    for name, (display, role, organisation, person) in USERS.items():
        made.installation.gate.identity.add_user(User(name, display, role, organisation, person), None)
    made.write(*institutions(), *bystander())
    if there:
        made.write(*of_ada())
        make_past(made)
    made.write(*of_cyd(there=parts))
    for _, _, shown, hidden in JUDGED:
        made.write(*shown, *(hidden if parts else ()))
    if chosen:
        for name, consent in choices_of_all(there=there):
            made.choose(name, consent)
    made.installation.lake.catch_up()
    return made


def institutions():
    yield {"resourceType": "Organization", "id": HOSPITAL, "name": "仁愛醫院"}
    yield {"resourceType": "Organization", "id": OTHER, "name": "和平醫院"}


def bystander():
    """Two who have chosen nothing."""
    yield patient("bo", "陳美玲", "1990-07-15", "B223456780")
    yield observation("bo-1", "bo", "8480-6", "2026-03-01T08:00:00+08:00")
    yield condition("bo-2", "bo", "I10", None)
    yield visit("bo-3", "bo", "2026-02-03")
    yield {**visit("bo-4", "bo", "2026-02-04"), "partOf": {"reference": "Encounter/ada-part"}}
    yield patient("dan", "張志明", "1985-08-08", "D123456789")
    yield condition("dan-1", "dan", "I10", None)
    yield {
        **observation("bo-of-dan", "bo", "8480-6", "2026-03-03"),
        "performer": [{"reference": "Patient/dan"}],
    }


def visit(name, person, day):
    return {
        "resourceType": "Encounter",
        "id": name,
        "status": "finished",
        "class": {"system": ACT_CODE, "code": "AMB"},
        "subject": {"reference": f"Patient/{person}"},
        "serviceProvider": {"reference": f"Organization/{HOSPITAL}"},
        "period": {"start": day},
    }


def charted(resource, chart):
    """A Patient with a hospital's chart number beside."""
    extra = {"system": f"https://camphora.tw/{HOSPITAL}/chart", "value": chart}
    return {**resource, "identifier": [*resource["identifier"], extra]}


WRITTEN = "敘事祕密"
"""A word that stands only in narratives and attachments of what is hidden."""


def of_ada():
    """She who hides herself wholly, and what of others names her."""
    yield charted(patient("ada", "王小明", "1950-02-01", "A123456789"), "CH-0007731")
    yield visit("ada-visit", "ada", "2026-01-05")
    yield {
        **condition("ada-illness", "ada", "F32.9", "PSY"),
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{WRITTEN}</div>'},
    }
    yield {
        **observation("ada-value", "ada", "4548-4", "2026-01-05"),
        "encounter": {"reference": "Encounter/ada-visit"},
    }
    yield {**visit("ada-part", "ada", "2026-11-20"), "partOf": {"reference": "Encounter/ada-visit"}}
    yield {
        **observation("ada-last", "ada", "8480-6", "2026-11-20"),
        "encounter": {"reference": "Encounter/ada-part"},
    }
    yield {
        "resourceType": "MedicationRequest",
        "id": "ada-medicine",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "N06AB04"}]},
        "subject": {"reference": "Patient/ada"},
        "contained": [{"resourceType": "Medication", "id": "m", "code": {"text": WRITTEN}}],
    }
    yield {
        "resourceType": "AllergyIntolerance",
        "id": "ada-allergy",
        "code": {"text": "盤尼西林"},
        "patient": {"reference": "Patient/ada"},
    }
    yield {
        "resourceType": "DocumentReference",
        "id": "ada-document",
        "status": "current",
        "subject": {"reference": "Patient/ada"},
        "content": [{"attachment": {"title": WRITTEN, "url": "Binary/ada-binary"}}],
    }
    yield {
        "resourceType": "Binary",
        "id": "ada-binary",
        "contentType": "text/plain",
        "data": "546L56W356eY5a+G",
    }
    yield {
        "resourceType": "Composition",
        "id": "ada-summary",
        "status": "final",
        "type": {"text": "出院病摘"},
        "subject": {"reference": "Patient/ada"},
        "date": "2026-01-06",
        "author": [{"reference": "Practitioner/p1"}],
        "title": WRITTEN,
    }
    yield {
        "resourceType": "Group",
        "id": "both",
        "type": "person",
        "actual": True,
        "member": [{"entity": {"reference": "Patient/ada"}}, {"entity": {"reference": "Patient/bo"}}],
    }
    yield {
        "resourceType": "List",
        "id": "listed",
        "status": "current",
        "mode": "working",
        "subject": {"reference": "Patient/bo"},
        "entry": [{"item": {"reference": "Patient/ada"}}],
    }
    yield {
        **observation("bo-of-ada", "bo", "8480-6", "2026-03-02"),
        "performer": [{"reference": "Patient/ada"}],
    }


def make_past(made):
    """Two versions of one record, and one that was deleted."""
    made.write({**observation("ada-value", "ada", "4548-4", "2026-01-05"), "note": [{"text": WRITTEN}]})
    made.write(observation("ada-gone", "ada", "4548-4", "2025-01-05"))
    made.remove("Observation", "ada-gone")


ADA = Subject(
    "ada",
    "王小明",
    "A123456789",
    "CH-0007731",
    "1950-02-01",
    "F32.9",
    "2026-01-05",
    (
        ("Patient", "ada"),
        ("Encounter", "ada-visit"),
        ("Encounter", "ada-part"),
        ("Condition", "ada-illness"),
        ("Observation", "ada-last"),
        ("MedicationRequest", "ada-medicine"),
        ("AllergyIntolerance", "ada-allergy"),
        ("DocumentReference", "ada-document"),
        ("Binary", "ada-binary"),
        ("Composition", "ada-summary"),
        ("Group", "both"),
        ("List", "listed"),
        ("Observation", "bo-of-ada"),
        ("Observation", "ada-gone"),
        ("Observation", "ada-value"),
    ),
    ("王小明", "A123456789", "CH-0007731", WRITTEN),
)

SHUT = "封閉祕密"
CYD = Subject(
    "cyd",
    "林淑芬",
    "C223456789",
    "CH-0008812",
    "1970-05-09",
    "F20.0",
    "2026-04-04",
    (
        ("Condition", "cyd-shut"),
        ("Observation", "cyd-shut-value"),
        ("Observation", "cyd-later"),
    ),
    (SHUT,),
    whole=False,
)


def of_cyd(*, there):
    """She who closes a part: what she shows stands in both worlds."""
    yield charted(patient("cyd", CYD.name, CYD.born, CYD.number), CYD.chart)
    yield visit("cyd-visit", "cyd", CYD.encounter_date)
    yield condition("cyd-open", "cyd", "I10", None)
    if there:
        yield {**condition("cyd-shut", "cyd", "F20.0", "PSY"), "note": [{"text": SHUT}]}
        yield labelled(
            {**observation("cyd-shut-value", "cyd", "4548-4", "2026-04-04"), "note": [{"text": SHUT}]}
        )
        yield {**observation("cyd-later", "cyd", "4548-4", "2026-04-05"), "note": [{"text": SHUT}]}
        yield labelled({**observation("cyd-later", "cyd", "4548-4", "2026-04-05"), "note": [{"text": SHUT}]})


def labelled(resource, code="PSY"):
    return {**resource, "meta": {"security": [{"system": ACT_CODE, "code": code}]}}


def judged(name, text, number, born, provision, hidden, shown):  # noqa: PLR0917 - one row of the table below
    """Somebody whose Consent says more than a set can: `hidden` is what it denies, `shown` what it leaves."""
    consent = choices.restrict(name, OTHER, NOW)
    refused = tuple((one["resourceType"], one["id"]) for one in hidden)
    subject = Subject(
        name, text, number, f"CH-{name}", born, "F20.0", "2026-04-04", refused, (RULED,), whole=False
    )
    return (
        subject,
        {**consent, "provision": provision},
        (charted(patient(name, text, born, number), f"CH-{name}"), *shown),
        hidden,
    )


RULED = "判斷祕密"


def secret(resource):
    return {**resource, "note": [{"text": RULED}]}


def _coding(system, code):
    return {"coding": [{"system": system, "code": code}]}


def _treat(kind, **criteria):
    reason = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}
    return {"type": kind, "purpose": [reason], **criteria}


def _actor(role, reference):
    system = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
    return {"role": _coding(system, role), "reference": {"reference": reference}}


JUDGED = (
    judged(
        "eva",
        "鄭雅文",
        "A234567893",
        "1977-01-01",
        _treat("deny", code=[_coding(LOINC, "4548-4")]),
        (secret(observation("eva-value", "eva", "4548-4", "2026-01-01")),),
        (observation("eva-open", "eva", "8480-6", "2026-01-02"),),
    ),
    judged(
        "fay",
        "周美惠",
        "B234567890",
        "1978-01-01",
        _treat("deny", dataPeriod={"start": "2026-01-01", "end": "2026-01-31"}),
        (
            secret(observation("fay-january", "fay", "8480-6", "2026-01-15")),
            secret(observation("fay-edge", "fay", "8480-6", "2026-01")),
        ),
        (observation("fay-open", "fay", "8480-6", "2026-02-02"),),
    ),
    judged(
        "gus",
        "吳建宏",
        "C134567898",
        "1979-01-01",
        _treat("deny", actor=[_actor("AUT", "Practitioner/p1")]),
        (
            secret(
                {
                    **observation("gus-by-p1", "gus", "8480-6", "2026-01-15"),
                    "performer": [{"reference": "Practitioner/p1"}],
                }
            ),
        ),
        (
            {
                **observation("gus-open", "gus", "8480-6", "2026-02-02"),
                "performer": [{"reference": "Practitioner/p2"}],
            },
        ),
    ),
    judged(
        "hal",
        "許志豪",
        "D134567891",
        "1980-01-01",
        _treat("deny", data=[{"meaning": "instance", "reference": {"reference": "Observation/hal-one"}}]),
        (secret(observation("hal-one", "hal", "8480-6", "2026-01-15")),),
        (observation("hal-open", "hal", "8480-6", "2026-02-02"),),
    ),
    judged(
        "ida",
        "蔡宜君",
        "E234567896",
        "1982-01-01",
        _treat(
            "deny",
            **{"class": [{"system": "http://hl7.org/fhir/resource-types", "code": "AllergyIntolerance"}]},
        ),
        (
            secret(
                {
                    "resourceType": "AllergyIntolerance",
                    "id": "ida-allergy",
                    "code": {"text": RULED},
                    "patient": {"reference": "Patient/ida"},
                }
            ),
        ),
        (observation("ida-open", "ida", "8480-6", "2026-02-02"),),
    ),
    judged(
        "jan",
        "楊淑惠",
        "F234567890",
        "1983-01-01",
        _treat("deny", provision=[_treat("permit", code=[_coding(LOINC, "8480-6")])]),
        (secret(observation("jan-value", "jan", "4548-4", "2026-01-01")),),
        (observation("jan-open", "jan", "8480-6", "2026-01-02"),),
    ),
    judged(
        "kim",
        "趙心怡",
        "G234567891",
        "1984-01-01",
        choices.close_part("kim", "HIV", NOW)["provision"],
        of_kim(RULED),
        SHOWN,
    ),
)
"""By code, by date, by author, by instance, by class, all but one code (a permit inside a denial), and by label, with
what points to a record that bears it."""


def choices_of_all(*, there):
    if there:
        yield "ada-restricts", choices.restrict("ada", OTHER, NOW)
        yield "ada-stops", choices.stop_secondary_use("ada", NOW)
    yield "cyd-closes", choices.close_part("cyd", "PSY", NOW)
    for subject, consent, _, _ in JUDGED:
        yield f"{subject.id}-says", consent
