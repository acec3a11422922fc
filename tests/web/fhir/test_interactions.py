"""Read, vread, create, update, delete and history over HTTP (R4 http.html)."""

import orjson
import pytest

from builders import citizen, clinician, observation, patient
from camphora.policy.internal import loading
from web.fhir.asking import codes, get, post, put


def test_a_read_gives_the_stored_bytes_with_version_and_time(doctor, loaded):
    answer = get(doctor, "/Patient/ada")
    stored = loaded.read(clinician(), "Patient", "ada")
    assert (answer.status_code, answer.content) == (200, stored.body)
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    assert answer.headers["last-modified"].endswith("GMT")


def test_a_reader_who_holds_the_version_is_told_so(doctor):
    first = get(doctor, "/Patient/ada")
    by_tag = get(doctor, "/Patient/ada", if_none_match=first.headers["etag"])
    by_time = get(doctor, "/Patient/ada", if_modified_since=first.headers["last-modified"])
    assert [(one.status_code, one.content) for one in (by_tag, by_time)] == [(304, b"")] * 2
    assert get(doctor, "/Patient/ada", if_none_match='W/"7"').status_code == 200


def test_a_create_gives_a_new_id_and_says_where_the_record_lies(doctor):
    made = post(doctor, "/Observation", observation("mine", "ada", "8480-6", "2026-05-01"))
    new = made.json()["id"]
    assert (made.status_code, made.headers["etag"]) == (201, 'W/"1"')
    assert new != "mine"
    assert made.headers["location"] == f"http://camphora.test/fhir/Observation/{new}/_history/1"
    assert get(doctor, f"/Observation/{new}").json() == made.json()


def test_decimals_and_unknown_order_survive_the_way_through(doctor):
    body = (
        b'{"valueQuantity":{"value":1.500},"status":"final","resourceType":"Observation",'
        b'"code":{"text":"x"},"subject":{"reference":"Patient/ada"}}'
    )
    made = post(doctor, "/Observation", body)
    assert b'"value":1.500' in made.content
    assert b'"value":1.500' in get(doctor, f"/Observation/{made.json()['id']}").content


@pytest.mark.parametrize(
    ("wish", "kind"),
    [("minimal", None), ("representation", "Observation"), ("OperationOutcome", "OperationOutcome")],
)
def test_prefer_says_what_a_write_gives_back(doctor, wish, kind):
    made = post(
        doctor, "/Observation", observation("x", "ada", "8480-6", "2026-05-01"), prefer=f"return={wish}"
    )
    assert made.status_code == 201
    assert (orjson.loads(made.content)["resourceType"] if made.content else None) == kind


def test_an_update_needs_the_version_that_if_match_names(doctor):
    changed = patient("ada", "王大明", "1950-02-01", "A123456780")
    first = put(doctor, "/Patient/ada", changed, if_match='W/"1"')
    stale = put(doctor, "/Patient/ada", changed | {"gender": "male"}, if_match='W/"1"')
    assert (first.status_code, first.headers["etag"]) == (200, 'W/"2"')
    assert (stale.status_code, codes(stale)) == (412, ["records-version-conflict"])
    assert codes(put(doctor, "/Patient/ada", changed, if_match="two")) == ["web-fhir-etag"]
    assert get(doctor, "/Patient/ada/_history/1").json()["name"][0]["text"] == "王小明"


def test_an_update_creates_nothing_but_in_a_load(doctor, served, loaded):
    new = observation("given", "ada", "8480-6", "2026-05-01")
    refused = put(doctor, "/Observation/given", new)
    assert (refused.status_code, codes(refused)) == (405, ["web-fhir-update-absent"])
    assert "PUT" not in refused.headers["allow"]
    load = served(loaded, loading("test"))
    assert put(load, "/Observation/given", new).status_code == 201
    assert put(load, "/Observation/given", new).status_code == 200


def test_an_update_names_the_id_and_type_of_its_address(doctor):
    body = patient("ada", "王大明", "1950-02-01", "A123456780")
    assert codes(put(doctor, "/Patient/bo", body)) == ["web-fhir-id-mismatch"]
    assert codes(put(doctor, "/Patient/ada", {"resourceType": "Patient"})) == ["records-no-id"]
    assert codes(post(doctor, "/Observation", body)) == ["web-fhir-type-mismatch"]


def test_a_deleted_record_is_gone_and_deleting_again_changes_nothing(doctor):
    assert [doctor.delete("/fhir/Observation/o1").status_code for _ in range(2)] == [204, 204]
    gone = get(doctor, "/Observation/o1")
    assert (gone.status_code, codes(gone)) == (410, ["records-gone"])
    assert get(doctor, "/Observation/o1/_history/2").status_code == 410
    assert doctor.delete("/fhir/Observation/never").status_code == 204


def test_a_deletion_too_may_name_its_version(doctor):
    stale = doctor.delete("/fhir/Observation/o1", headers={"if-match": 'W/"9"'})
    assert (stale.status_code, codes(stale)) == (412, ["records-version-conflict"])
    assert get(doctor, "/Observation/o1").status_code == 200


def test_history_tells_how_each_version_came_to_be(doctor):
    put(doctor, "/Observation/o1", observation("o1", "ada", "8480-6", "2026-01-06"))
    doctor.delete("/fhir/Observation/o1")
    told = get(doctor, "/Observation/o1/_history").json()
    assert (told["type"], told["total"]) == ("history", 3)
    assert [row["request"]["method"] for row in told["entry"]] == ["DELETE", "PUT", "POST"]
    assert [row["response"]["status"][:3] for row in told["entry"]] == ["204", "200", "201"]
    assert ["resource" in row for row in told["entry"]] == [False, True, True]
    later = told["entry"][1]["response"]["lastModified"]
    assert get(doctor, f"/Observation/o1/_history?_since={later}").json()["total"] == 2


def test_a_head_is_answered_like_a_get(doctor):
    assert doctor.head("/fhir/Patient/ada").headers["etag"] == 'W/"1"'


def test_a_citizen_writes_only_choices(served, loaded):
    her = served(loaded, citizen())
    refused = post(her, "/Observation", observation("x", "ada", "8480-6", "2026-05-01"))
    assert (refused.status_code, codes(refused)) == (403, ["records-write-refused"])
    assert get(her, "/Patient/ada").status_code == 200
    assert get(her, "/Patient/bo").status_code == 404


def test_our_own_full_address_is_a_reference_to_our_own_patient(doctor):
    full = observation("x", "ada", "8480-6", "2026-05-01")
    full["subject"]["reference"] = "http://camphora.test/fhir/Patient/ada"
    made = post(doctor, "/Observation", full)
    assert (made.status_code, made.json()["subject"]["reference"]) == (201, "Patient/ada")


def test_every_reading_leaves_a_receipt(doctor, loaded):
    get(doctor, "/Patient/ada")
    get(doctor, "/Patient/ada/_history")
    get(doctor, "/Observation?patient=ada")
    loaded.settle()
    assert [look.act for look in loaded.looks(citizen(), "ada")] == ["search", "history", "read"]
