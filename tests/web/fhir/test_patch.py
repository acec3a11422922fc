"""PATCH over HTTP: JSON Patch, XML Patch and FHIRPath Patch (R4 http.html#patch)."""

import base64
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from builders import NOW, citizen, clinician
from camphora.policy.choices import restrict
from camphora.policy.internal import loading
from camphora.records import Put
from web.fhir.asking import FHIR, bundle, codes, entry, get, post, statuses

JSON, XML = "application/json-patch+json", "application/xml-patch+xml"
AMENDED = [{"op": "replace", "path": "/status", "value": "amended"}]
DIFF = '<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Observation/f:status/@value">amended</replace></diff>'
PARAMETERS = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "Observation.status"},
                {"name": "value", "valueCode": "amended"},
            ],
        }
    ],
}


def patch(client, path, content, media, **headers):
    body = content if isinstance(content, str | bytes) else orjson.dumps(content)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.patch(f"/fhir{path}", content=body, headers={"content-type": media, **named})


FORMS = [(AMENDED, JSON), (DIFF, XML), (PARAMETERS, FHIR["content-type"])]


@pytest.mark.parametrize(("content", "media"), FORMS)
def test_every_form_of_patch_makes_a_version(doctor, content, media):
    answer = patch(doctor, "/Observation/o1", content, media)
    assert (answer.status_code, answer.json()["status"], answer.headers["etag"]) == (200, "amended", 'W/"2"')
    assert get(doctor, "/Observation/o1").json() == answer.json()


def test_parameters_may_come_as_xml(doctor):
    text = get(doctor, "/Observation/o1?_format=xml").text
    assert "<status" in text
    sent = (
        '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>'
        '<part><name value="type"/><valueCode value="replace"/></part>'
        '<part><name value="path"/><valueString value="Observation.status"/></part>'
        '<part><name value="value"/><valueCode value="amended"/></part></parameter></Parameters>'
    )
    assert patch(doctor, "/Observation/o1", sent, "application/fhir+xml").json()["status"] == "amended"


def test_decimals_that_are_not_patched_keep_their_digits(doctor):
    body = (
        b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/ada"},'
        b'"valueQuantity":{"value":1.50}}'
    )
    made = post(doctor, "/Observation", body).json()["id"]
    for content, media in FORMS:
        assert b'"value":1.50' in patch(doctor, f"/Observation/{made}", content, media).content


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        ([{"op": "test", "path": "/status", "value": "draft"}], JSON, 400),
        ([{"op": "replace", "path": "/id", "value": "o9"}], JSON, 400),
        ([{"op": "replace", "path": "/status", "value": "nonsense"}], JSON, 400),
        ([{"op": "remove", "path": "/code"}], JSON, 400),
        ([{"op": "replace", "path": "/subject/reference", "value": "Patient/bo"}], JSON, 400),
        (b'[{"op":"remove","op":"test","path":"/status"}]', JSON, 400),
        ({}, JSON, 400),
        ("<diff><remove sel='/Nothing'/></diff>", XML, 400),
        (AMENDED, "application/merge-patch+json", 415),
        ({"resourceType": "Patient"}, FHIR["content-type"], 415),
    ],
)
def test_a_patch_that_cannot_be_done_changes_nothing(doctor, loaded, content, media, status):
    before = loaded.last_change()
    refused = patch(doctor, "/Observation/o1", content, media)
    assert (refused.status_code, bool(codes(refused))) == (status, True)
    assert loaded.last_change() == before


def test_a_patch_may_name_the_version_that_it_is_for(doctor):
    stale = patch(doctor, "/Observation/o1", AMENDED, JSON, if_match='W/"2"')
    assert (stale.status_code, codes(stale)) == (412, ["records-version-conflict"])
    assert patch(doctor, "/Observation/o1", AMENDED, JSON, if_match='W/"1"').status_code == 200


def test_a_patch_may_name_a_condition(doctor):
    assert patch(doctor, "/Observation?patient=ada&code=4548-4", AMENDED, JSON).json()["id"] == "o3"
    many = patch(doctor, "/Observation?patient=ada", AMENDED, JSON)
    assert (many.status_code, codes(many)) == (412, ["web-fhir-many-matches"])
    none = patch(doctor, "/Observation?code=nothing", AMENDED, JSON)
    assert (none.status_code, codes(none)) == (404, ["records-not-found"])


def test_patches_at_once_lose_nothing(served, loaded):
    doctor = served(loaded, clinician())
    notes = [[{"op": "add", "path": "/note", "value": [{"text": "begin"}]}]]
    notes += [[{"op": "add", "path": "/note/-", "value": {"text": f"{n}"}}] for n in range(4)]
    assert patch(doctor, "/Observation/o1", notes[0], JSON).status_code == 200
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda one: patch(doctor, "/Observation/o1", one, JSON), notes[1:]))
    assert [one.status_code for one in done] == [200] * 4
    texts = {row["text"] for row in get(doctor, "/Observation/o1").json()["note"]}
    assert texts == {"begin", "0", "1", "2", "3"}


def test_a_hidden_record_is_patched_as_one_that_is_not_there(served, loaded):
    loaded.write(loading("t"), [Put(restrict("ada", "h1", NOW))])
    doctor = served(loaded, clinician())
    hidden, absent = (patch(doctor, f"/Observation/{name}", AMENDED, JSON) for name in ("o1", "never"))
    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)


def test_a_patch_leaves_a_receipt_of_what_it_read(doctor, loaded):
    patch(doctor, "/Observation/o1", AMENDED, JSON, prefer="return=minimal")
    loaded.settle()
    assert [look.act for look in loaded.looks(citizen(), "ada")] == ["read"]


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_entries_patch_by_parameters_and_by_a_binary(doctor, kind):
    sent = base64.b64encode(orjson.dumps(AMENDED)).decode()
    binary = {"resourceType": "Binary", "contentType": JSON, "data": sent}
    done = post(
        doctor,
        "/",
        bundle(
            kind,
            entry("PATCH", "Observation/o1", binary),
            entry("PATCH", "Observation/o2", PARAMETERS),
            entry("PATCH", "Observation?patient=ada&code=4548-4", PARAMETERS),
        ),
    )
    assert statuses(done) == ["200"] * 3
    assert {get(doctor, f"/Observation/o{n}").json()["status"] for n in (1, 2, 3)} == {"amended"}


def test_a_patch_that_fails_in_a_transaction_is_located_and_undoes_it_all(doctor, loaded):
    before = loaded.last_change()
    wrong = {"resourceType": "Binary", "contentType": JSON, "data": base64.b64encode(b"[1]").decode()}
    refused = post(
        doctor,
        "/",
        bundle("transaction", entry("DELETE", "Observation/o2"), entry("PATCH", "Observation/o1", wrong)),
    )
    assert refused.status_code == 400
    assert refused.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
    assert loaded.last_change() == before
