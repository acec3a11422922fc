"""What the absence of a version, of a Group and of a file tells, and to whom (docs/rulings.md)."""

import pytest

from builders import NOW, clinician, condition
from camphora.policy.choices import close_part, restrict
from camphora.policy.internal import loading
from camphora.records import Put
from web.fhir.asking import get, ids

LOAD = loading("test")
PDF = {"content-type": "application/pdf"}


def _versions(answer):
    return [entry["resource"]["meta"]["versionId"] for entry in answer.json().get("entry", ())]


@pytest.fixture
def moments(loaded, monkeypatch):
    """A condition of Ada's whose second version alone is of a part that she closes."""
    begun = 1_700_000_000_000
    for step, label in enumerate((None, "PSY", None)):
        monkeypatch.setattr("camphora.records.writing._now", lambda _, at=begun + step * 86_400_000: at)
        loaded.write(LOAD, [Put(condition("c9", "ada", "I10", label) | {"note": [{"text": str(step)}]})])
    loaded.write(LOAD, [Put(close_part("ada", "PSY", NOW))])
    return ["2023-11-15T07:00:00+08:00", "2023-11-16T07:00:00+08:00", "2023-11-17T07:00:00+08:00"]


def test_a_withheld_version_leaves_a_gap_and_nothing_else(doctor, moments):
    assert _versions(get(doctor, "/Condition/c9/_history")) == ["3", "1"]
    assert get(doctor, "/Condition/c9/_history/2").json() == get(doctor, "/Condition/c9/_history/7").json()
    at = [_versions(get(doctor, "/Condition/c9/_history", _at=each)) for each in moments]
    told = [_versions(doctor.get("/fhir/Condition/c9/_history", params={"_at": each})) for each in moments]
    assert at[0] == ["3", "1"]
    assert told == [["1"], [], ["3"]]


def test_who_may_not_see_the_record_now_learns_of_no_gap(served, loaded, moments):
    loaded.write(LOAD, [Put(restrict("ada", "h1", NOW))])
    client = served(loaded, clinician())
    for path in ("/Condition/c9/_history", "/Condition/c9/_history/1", "/Condition/c9/_history?_at=2023"):
        assert get(client, path).status_code == 404
        assert get(client, path).json() == get(client, path.replace("c9", "c99")).json()


def test_a_group_with_a_hidden_member_is_as_none(served, loaded):
    group = {
        "resourceType": "Group", "id": "g", "type": "person", "actual": True, "quantity": 2,
        "member": [{"entity": {"reference": f"Patient/{name}"}} for name in ("bo", "ada")],
    }  # fmt: skip
    loaded.write(LOAD, [Put(group)])
    client = served(loaded, clinician())
    assert ids(get(client, "/Group?_id=g")) == ["g"]
    loaded.write(LOAD, [Put(restrict("ada", "h1", NOW))])
    assert get(client, "/Group/g").json() == get(client, "/Group/none").json()
    assert get(client, "/Group?_summary=count").json()["total"] == 0


def test_a_file_of_a_person_is_brought_with_whose_it_is_and_hidden_with_them(doctor, loaded):
    refused = doctor.post("/fhir/Binary", content=b"%PDF", headers=PDF | {"accept-language": "en"})
    assert "X-Security-Context" in refused.text
    made = doctor.post("/fhir/Binary", content=b"%PDF", headers=PDF | {"x-security-context": "Patient/ada"})
    assert made.status_code == 201, made.text
    address = f"/Binary/{made.json()['id']}"
    assert get(doctor, address).status_code == 200
    loaded.write(LOAD, [Put(restrict("ada", "h1", NOW))])
    assert get(doctor, address).status_code == 404
