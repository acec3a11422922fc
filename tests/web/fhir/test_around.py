"""Compartments, `$everything`, `$meta`, searches over several types, and Binary."""

import base64

import pytest

from builders import NOW, citizen, clinician, condition, observation
from camphora.policy.choices import restrict
from camphora.policy.internal import loading
from camphora.records import Put
from web.fhir.asking import codes, get, ids, links, post

LOAD = loading("t")
ENCOUNTER = {
    "resourceType": "Encounter",
    "id": "e1",
    "status": "finished",
    "class": {"code": "AMB"},
    "subject": {"reference": "Patient/ada"},
    "serviceProvider": {"reference": "Organization/h1"},
    "period": {"start": "2026-01-05", "end": "2026-01-05"},
}
INSIDE = observation("o9", "ada", "1", "2026-01-05") | {"encounter": {"reference": "Encounter/e1"}}
ABOUT_ADA = {"Patient/ada", "Observation/o1", "Observation/o2", "Observation/o3", "Observation/o9", "Condition/c1",
             "Condition/c2", "Encounter/e1"}  # fmt: skip


@pytest.fixture
def doctor(served, loaded):
    loaded.write(LOAD, [Put(ENCOUNTER), Put(INSIDE)])
    return served(loaded, clinician())


def _addresses(answer, mode="match"):
    rows = answer.json().get("entry", [])
    return [row["fullUrl"].split("/fhir/")[1] for row in rows if row["search"]["mode"] == mode]


def _all(client, path):
    found, answer = [], get(client, path)
    while True:
        found += _addresses(answer)
        following = links(answer).get("next")
        if following is None:
            return found
        answer = client.get(following)


# Compartments and several types


def test_a_compartment_holds_what_names_its_owner(doctor):
    assert set(ids(get(doctor, "/Patient/ada/Observation"))) == {"o1", "o2", "o3", "o9"}
    assert ids(get(doctor, "/Patient/ada/Observation?code=4548-4")) == ["o3"]
    assert ids(get(doctor, "/Encounter/e1/Observation")) == ["o9"]
    assert ABOUT_ADA - {"Patient/ada"} <= set(_all(doctor, "/Patient/ada/*?_count=2"))
    assert not any("bo" in one or "o4" in one for one in _all(doctor, "/Patient/ada/*?_count=100"))
    assert links(get(doctor, "/Patient/ada/Observation"))["self"].endswith("/fhir/Patient/ada/Observation")


def test_a_compartment_is_searched_by_a_form(doctor):
    form = {"content-type": "application/x-www-form-urlencoded"}
    posted = doctor.post("/fhir/Patient/ada/Observation/_search", content="code=4548-4", headers=form)
    assert (posted.status_code, ids(posted)) == (200, ["o3"])
    assert links(posted)["self"].endswith("/fhir/Patient/ada/Observation?code=4548-4")
    both = doctor.post("/fhir/Patient/ada/*/_search?_type=Observation", content="_count=200", headers=form)
    assert {one.split("/")[0] for one in _addresses(both)} == {"Observation"}
    assert set(ids(doctor.post("/fhir/Patient/ada/Observation/_search"))) == {"o1", "o2", "o3", "o9"}
    for path in ("Patient/ada/Organization", "Organization/o/Patient", "Patient/ada/_history"):
        assert doctor.post(f"/fhir/{path}/_search", content="_count=1", headers=form).status_code in {
            404,
            405,
        }
    assert get(doctor, "/Patient/ada/Observation/_search").status_code == 405


def test_types_are_searched_together(doctor):
    found = set(_all(doctor, "/?_type=Observation,Condition&patient=ada&_count=3"))
    assert found == {one for one in ABOUT_ADA if one.startswith(("Observation", "Condition"))}
    assert get(doctor, "/?_type=Patient,Observation&_summary=count").json()["total"] == 7
    form = {"content-type": "application/x-www-form-urlencoded"}
    posted = doctor.post("/fhir/_search", content="_type=Observation&code=4548-4", headers=form)
    assert _addresses(posted) == ["Observation/o3"]


def test_a_parameter_that_one_of_the_types_lacks_is_refused(doctor):
    assert get(doctor, "/?_type=Patient,Observation&code=1").status_code == 400
    assert get(doctor, "/?_type=Nothing").status_code == 400


# $everything


@pytest.mark.parametrize("count", [1, 3, 500])
def test_everything_of_a_patient_is_there_once(doctor, count):
    found = _all(doctor, f"/Patient/ada/$everything?_count={count}")
    assert found[0] == "Patient/ada"
    assert sorted(found) == sorted(ABOUT_ADA)


def test_what_the_records_name_comes_with_them(doctor):
    assert "Organization/h1" in _addresses(get(doctor, "/Patient/ada/$everything?_count=500"), "include")


def test_everything_of_an_encounter(doctor):
    assert set(_all(doctor, "/Encounter/e1/$everything")) == {"Encounter/e1", "Observation/o9"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("_type=Condition", {"Condition/c1", "Condition/c2"}),
        ("_type=Patient", {"Patient/ada"}),
        ("_since=2099-01-01", set()),
        ("start=2026-03-01&_type=Observation", {"Observation/o2"}),
        ("end=2026-01-31&_type=Observation", {"Observation/o1", "Observation/o9"}),
        ("start=2026-02-01&end=2026-02-28&_type=Observation", {"Observation/o3"}),
    ],
)
def test_everything_may_be_narrowed(doctor, asked, found):
    assert set(_all(doctor, f"/Patient/ada/$everything?{asked}")) == found


def test_everything_is_asked_by_parameters_too(doctor):
    sent = {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueString": "Condition"}]}
    answer = post(doctor, "/Patient/ada/$everything", sent)
    assert set(_addresses(answer)) == {"Condition/c1", "Condition/c2"}
    assert doctor.post("/fhir/Patient/ada/$everything").status_code == 200


def test_everything_of_somebody_hidden_is_everything_of_nobody(served, loaded, doctor):
    loaded.write(LOAD, [Put(restrict("ada", "h1", NOW))])
    hidden, absent = (get(doctor, f"/Patient/{name}/$everything") for name in ("ada", "never"))
    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)
    assert codes(get(doctor, "/Observation/o1/$everything")) == ["web-fhir-no-route"]


def test_everything_leaves_receipts(doctor, loaded):
    get(doctor, "/Patient/ada/$everything")
    loaded.settle()
    acts = [look.act for look in loaded.looks(citizen(), "ada")]
    assert "read" in acts
    assert "search" in acts


# $meta


def _tagged(code):
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": code}]}}],
    }


def test_labels_are_read_added_and_taken_away(doctor):
    added = post(doctor, "/Observation/o1/$meta-add", _tagged("t"))
    assert added.json()["parameter"][0]["valueMeta"]["tag"] == [{"code": "t"}]
    post(doctor, "/Observation/o1/$meta-add", _tagged("t"))
    assert get(doctor, "/Observation/o1/$meta").json()["parameter"][0]["valueMeta"]["tag"] == [{"code": "t"}]
    assert get(doctor, "/Observation/o1").headers["etag"] == 'W/"2"'
    taken = post(doctor, "/Observation/o1/$meta-delete", _tagged("t"))
    assert "tag" not in taken.json()["parameter"][0]["valueMeta"]
    assert "tag" not in get(doctor, "/Observation/o1").json()["meta"]


def test_labels_by_rule_are_told_beside(doctor, loaded):
    loaded.write(LOAD, [Put(condition("d", "ada", "F33.1", None))])
    rows = get(doctor, "/Condition/d/$meta").json()["parameter"]
    assert [row["name"] for row in rows] == ["return", "derived"]
    assert "security" not in rows[0]["valueMeta"]
    assert rows[1]["part"][0]["valueCoding"]["code"] == "PSY"


@pytest.mark.parametrize(
    "sent", [{"resourceType": "Parameters"}, {"resourceType": "Patient"}, {"resourceType": "Nothing"}]
)
def test_labels_that_are_not_sent_change_nothing(doctor, loaded, sent):
    before = loaded.last_change()
    assert post(doctor, "/Observation/o1/$meta-add", sent).status_code == 400
    assert loaded.last_change() == before


# Binary

PDF = b"%PDF-1.4 \x00\xff"


@pytest.fixture
def load(served, loaded):
    return served(loaded, LOAD)


def test_content_goes_in_and_out_raw(load):
    made = load.post("/fhir/Binary", content=PDF, headers={"content-type": "application/pdf"})
    assert (made.status_code, made.json()["contentType"]) == (201, "application/pdf")
    address = f"/fhir/Binary/{made.json()['id']}"
    raw = load.get(address, headers={"accept": "application/pdf"})
    assert (raw.content, raw.headers["content-type"], raw.headers["etag"]) == (
        PDF,
        "application/pdf",
        'W/"1"',
    )
    assert raw.headers["content-disposition"] == "attachment"
    assert raw.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in raw.headers["content-security-policy"]
    as_fhir = load.get(address, headers={"accept": "application/fhir+json"}).json()
    assert base64.b64decode(as_fhir["data"]) == PDF
    assert "<Binary" in load.get(address, headers={"accept": "application/fhir+xml"}).text
    assert load.get(f"{address}?_format=json", headers={"accept": "*/*"}).json() == as_fhir
    assert load.get(f"{address}/_history/1", headers={"accept": "application/pdf"}).content == PDF


def test_content_is_changed_raw(load):
    load.post("/fhir/Binary", content=b"one", headers={"content-type": "text/plain"})
    made = load.put("/fhir/Binary/b1", content=b"two", headers={"content-type": "text/plain; charset=utf-8"})
    assert made.status_code == 201
    assert load.get("/fhir/Binary/b1", headers={"accept": "text/plain"}).content == b"two"


def test_what_a_browser_would_run_is_given_as_a_file(load):
    script = b"<script>alert(1)</script>"
    made = load.post("/fhir/Binary", content=script, headers={"content-type": "text/html"})
    raw = load.get(f"/fhir/Binary/{made.json()['id']}", headers={"accept": "text/html,*/*"})
    assert raw.headers["content-disposition"] == "attachment"
    assert "sandbox" in raw.headers["content-security-policy"]


@pytest.mark.parametrize("media", ["text/html\r\nx: y", "nonsense", ""])
def test_content_of_no_type_is_refused(load, media):
    assert (
        load.post(
            "/fhir/Binary", content=b"x", headers={"content-type": media.replace("\r\n", " ")}
        ).status_code
        == 415
    )


def test_content_has_an_end(served, loaded):
    small = served(loaded, LOAD, largest_resource=1000)
    refused = small.post("/fhir/Binary", content=b"x" * 2000, headers={"content-type": "application/pdf"})
    assert (refused.status_code, codes(refused)) == (413, ["web-fhir-too-large"])


def test_content_that_names_nobody_is_not_brought_by_a_clinician(doctor):
    made = doctor.post("/fhir/Binary", content=PDF, headers={"content-type": "application/pdf"})
    assert (made.status_code, codes(made)) == (422, ["records-no-person"])
