"""The time that a record is about, where it lasts: a denial of a period holds where any of it falls in, a permit where
all of it does."""

import pytest

from camphora.fhir.dates import EARLIEST, LATEST, span
from camphora.policy import Policy, Role
from camphora.policy.asking import Asked, Asker, Whom
from camphora.policy.compiling import compile as compile_policy
from camphora.policy.facts import facts_of

NOW = 1_780_000_000_000
LIN = Asker("Practitioner/lin", Role.CLINICIAN, organisation="Organization/h1")


def _between(start, end):
    return (span(start)[0] if start else EARLIEST, span(end)[1] if end else LATEST)


def _status(code):
    return {"clinicalStatus": {"coding": [{"code": code}]}}


ABOUT = {
    "document by its context": (
        "DocumentReference",
        {"date": "2025-08-01T00:00:00Z", "context": {"period": {"start": "2023-01-01", "end": "2023-01-02"}}},
        ("2023-01-01", "2023-01-02"),
    ),
    "document without one": ("DocumentReference", {"date": "2025-08-01T00:00:00+08:00"}, None),
    "composition by its events": (
        "Composition",
        {"date": "2025-08-01", "event": [{"period": {"start": "2023", "end": "2023-02"}}, {"code": []},
                                        {"period": {"start": "2022-05", "end": "2022-06"}}]},
        ("2022-05", "2023-02"),
    ),
    "illness that is over": (
        "Condition", {"onsetDateTime": "2020-03", "abatementDateTime": "2024-05-01", **_status("resolved")},
        ("2020-03", "2024-05-01"),
    ),
    "illness whose end is a period": (
        "Condition",
        {
            "onsetPeriod": {"start": "2020-03", "end": "2020-04"},
            "abatementPeriod": {"start": "2024", "end": "2025"},
        },
        ("2020-03", "2025"),
    ),
    "illness that goes on": ("Condition", {"onsetDateTime": "2020-03", **_status("active")}, ("2020-03", None)),
    "illness over without a date": (
        "Condition", {"onsetDateTime": "2020-03", **_status("resolved")}, ("2020-03", "2020-03"),
    ),
    "illness of which only the end is dated": (
        "Condition", {"recordedDate": "2024-04-02", "abatementDateTime": "2024-03-01"},
        ("2024-03-01", "2024-04-02"),
    ),
    "illness told in words": ("Condition", {"onsetString": "小時候", "recordedDate": "2024"}, ("2024", "2024")),
    "allergy to its last reaction": (
        "AllergyIntolerance", {"onsetDateTime": "2001", "lastOccurrence": "2024-05", **_status("inactive")},
        ("2001", "2024-05"),
    ),
    "several moments": (
        "Observation", {"effectiveTiming": {"event": ["2025-06-01", "2024-01-02"]}}, ("2024-01-02", "2025-06-01"),
    ),
    "within bounds": (
        "ServiceRequest",
        {"authoredOn": "2020", "occurrenceTiming": {"repeat": {"boundsPeriod": {"start": "2024", "end": "2025"}}}},
        ("2024", "2025"),
    ),
    "appointment, not its booking": (
        "Appointment", {"created": "2020", "start": "2025-01-01T09:00:00+08:00", "end": "2025-01-01T10:00:00+08:00"},
        ("2025-01-01T09:00:00+08:00", "2025-01-01T10:00:00+08:00"),
    ),
    "task by when it was done": (
        "Task", {"authoredOn": "2020", "executionPeriod": {"start": "2024", "end": "2025"}}, ("2024", "2025"),
    ),
    "account": ("Account", {"servicePeriod": {"start": "2024-02"}}, ("2024-02", None)),
    "bill by what was done": (
        "Claim",
        {"created": "2025", "item": [{"servicedDate": "2024-02-01"},
                                     {"servicedPeriod": {"start": "2024-03-01", "end": "2024-03-05"}}]},
        ("2024-02-01", "2024-03-05"),
    ),
    "none": ("Observation", {"effectiveTiming": {"code": {"text": "BID"}}}, None),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "fields", "wanted"), ABOUT.values(), ids=ABOUT)
def test_the_time_that_a_record_is_about(kind, fields, wanted):
    found = facts_of({"resourceType": kind, "id": "x", **fields}).period
    if wanted is None:
        assert found == (span(fields["date"]) if "date" in fields else None)
    else:
        assert found == _between(*wanted)


LASTING = {"resourceType": "Condition", "id": "x", "onsetDateTime": "2020", "abatementDateTime": "2024"}


@pytest.mark.parametrize(
    ("period", "denied", "allowed"),
    [
        ({"start": "2022", "end": "2022"}, True, False),
        ({"start": "2024-12-31"}, True, False),
        ({"end": "2020-01-01"}, True, False),
        ({"start": "2025"}, False, False),
        ({"start": "2020", "end": "2024"}, True, True),
    ],
)
def test_a_denial_touches_and_a_permit_surrounds(period, denied, allowed):
    assert permitted("deny", period, "permit") is not denied
    assert permitted("permit", period, "deny") is allowed


def permitted(kind, period, default):
    consent = {
        "resourceType": "Consent", "id": "c", "status": "active", "patient": {"reference": "Patient/ada"},
        "provision": {"type": kind, "dataPeriod": period},
    }  # fmt: skip
    compiled = compile_policy(
        Whom("Patient/ada", consents=(consent,)), Policy.taiwan().set({"defaults.care": default})
    )
    return compiled.permits(Asked(LIN, ("TREAT",), "access", NOW))(facts_of(LASTING))
