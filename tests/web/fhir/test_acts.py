"""No door of the interface takes a Consent in another's name."""

import pytest

from builders import citizen, patient
from camphora.records import Put
from consented import LOAD, consent, treating


@pytest.fixture
def teen(served, loaded):
    """A minor of the age for choices of their own, whose guardian has given one Consent; served to themselves."""
    mother = {
        "resourceType": "RelatedPerson",
        "id": "mother",
        "patient": {"reference": "Patient/teen"},
        "relationship": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}]}
        ],
    }
    loaded.write(
        LOAD, [Put(each) for each in (patient("teen", "林小明", "2010-06-01", "C1"), mother, _given("g"))]
    )
    return served(loaded, citizen("teen"))


def _given(name, status="active"):
    given = consent(
        name, "teen", treating(), performer=[{"reference": "RelatedPerson/mother"}], status=status
    )
    return given if name else {key: value for key, value in given.items() if key != "id"}


def _bundle(method, url, **more):
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"request": {"method": method, "url": url}, **more}],
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/fhir/Consent", _given(None)),
        ("PUT", "/fhir/Consent/g", _given("g", "inactive")),
        ("DELETE", "/fhir/Consent/g", None),
        ("POST", "/fhir", _bundle("POST", "Consent", resource=_given(None))),
        ("POST", "/fhir", _bundle("PUT", "Consent/g", resource=_given("g", "inactive"))),
        ("POST", "/fhir", _bundle("DELETE", "Consent/g")),
    ],
)
def test_every_door_refuses_it(teen, method, path, body):
    answer = teen.request(method, path, json=body)
    assert answer.status_code == 403
    assert "records-act-of-another" in answer.text
    found = teen.get("/fhir/Consent").json()["entry"]
    assert [(each["resource"]["id"], each["resource"]["status"]) for each in found] == [("g", "active")]
