"""What a broken or hostile request costs: a clear OperationOutcome, bounded memory and time, nothing half written."""

import json
import time
import tracemalloc

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import clinician, observation
from camphora.fhir import definitions
from camphora.fhir.search import parameters
from web.fhir.asking import FHIR, bundle, codes, entry, get, post

XML = "application/fhir+xml"
MIB = 1024 * 1024
BODY = orjson.dumps(observation("x", "ada", "1", "2026-05-01"))
DEEP = b'{"resourceType":"Observation","a":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(12)
    )
    + b']><Patient xmlns="http://hl7.org/fhir"><id value="&m;"/></Patient>'
)  # fmt: skip


def test_a_body_of_a_gigabyte_is_refused_at_its_head_and_while_it_comes(served, loaded):
    doctor = served(loaded, clinician(), largest_resource=MIB)
    refused = doctor.post(
        "/fhir/Observation", content=b"x", headers=FHIR | {"content-length": str(1024 * MIB)}
    )
    assert (refused.status_code, codes(refused)) == (413, ["web-fhir-too-large"])
    sent = 0

    def endless():
        nonlocal sent
        for _ in range(1024):
            sent += MIB
            yield b" " * MIB

    tracemalloc.start()
    refused = doctor.post("/fhir/Observation", content=endless(), headers=FHIR)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (refused.status_code, codes(refused)) == (413, ["web-fhir-too-large"])
    assert peak < 3 * 1024 * MIB


@pytest.mark.parametrize(
    ("body", "media", "code"),
    [
        (DEEP, FHIR["content-type"], "fhir-json-deep"),
        (b"[" * 100_000, FHIR["content-type"], "fhir-json-deep"),
        (BODY[:-1] + b',"status":"draft"}', FHIR["content-type"], "web-fhir-twice"),
        (BODY.replace(b'"final"', b'"fi\\u0000nal"'), FHIR["content-type"], None),
        (BODY.replace(b'"final"', b'"fi\x00nal"'), FHIR["content-type"], "fhir-json-broken"),
        (BODY.replace(b'"final"', b'"\\ud800"'), FHIR["content-type"], None),
        (BODY.replace(b'"final"', b'"\xed\xa0\x80"'), FHIR["content-type"], "fhir-json-encoding"),
        (BODY.replace(b'"final"', b"NaN"), FHIR["content-type"], "fhir-json-broken"),
        (b"", FHIR["content-type"], "fhir-json-empty"),
        (BOMB, XML, "xml-doctype"),
        (b"<Patient", XML, None),
        (b'<Patient xmlns="http://hl7.org/fhir">' + b"<a>" * 10_000, XML, "xml-deep"),
        (b'<Patient xmlns="http://hl7.org/fhir"><id value="&#0;"/></Patient>', XML, None),
        (b"\xff\xfe<\x00", XML, "xml-encoding"),
    ],
)
def test_a_broken_body_is_refused_with_code_place_and_remedy(doctor, loaded, body, media, code):
    before, begun = loaded.last_change(), time.monotonic()
    refused = doctor.post("/fhir/Observation", content=body, headers={"content-type": media})
    assert refused.status_code == 400, refused.text
    assert code is None or code in codes(refused)
    issue = refused.json()["issue"][0]
    assert issue["diagnostics"]
    assert loaded.last_change() == before
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"resourceType":"Patient",\n "gender":"male",\n "gender":"female"}', 3, 2),
        ('{"resourceType":"Patient",\n "name":[{"text":"a"},\n{"text":"b" , "text" : "c"}]}', 3, 15),
        ('{"resourceType":"Patient","name":[{"text":"\\":"}],"name":[]}', 1, 51),
    ],
)
def test_a_name_that_stands_twice_is_located(doctor, text, line, column):
    refused = post(doctor, "/Patient", text.encode())
    assert codes(refused) == ["web-fhir-twice"]
    spots = [row["valueInteger"] for row in refused.json()["issue"][0]["extension"]]
    assert spots == [line, column]


def test_names_in_texts_are_no_names(doctor):
    odd = observation("x", "ada", "1", "2026-05-01") | {"note": [{"text": '{"a":1,"a":2} "a":"a": \\" : "'}]}
    assert post(doctor, "/Observation", odd).status_code == 201


@pytest.mark.parametrize("path", ["/", "/Bundle"])
def test_names_are_looked_at_in_bundles_too(doctor, path):
    text = orjson.dumps(bundle("batch", entry("POST", "Observation", json.loads(BODY))))
    twice = text.replace(b'"status":"final"', b'"status":"final","status":"draft"')
    refused = post(doctor, path, twice)
    assert (refused.status_code, codes(refused)) == (400, ["web-fhir-twice"])


def test_a_bundle_of_a_million_entries_is_refused_before_any_is_looked_at(doctor, loaded):
    before = loaded.last_change()
    many = b'{"resourceType":"Bundle","type":"batch","entry":[' + b"{}," * 999_999 + b"{}]}"
    refused = post(doctor, "/", many)
    assert (refused.status_code, codes(refused)) == (413, ["web-fhir-many-entries"])
    assert loaded.last_change() == before


def test_a_search_of_ten_thousand_values_is_refused(doctor):
    values = ",".join(f"c{number}" for number in range(10_000))
    form = {"content-type": "application/x-www-form-urlencoded"}
    refused = doctor.post("/fhir/Observation/_search", content=f"code={values}", headers=form)
    assert (refused.status_code, codes(refused)) == (400, ["fhir-search-many"])


KINDS = (
    "Patient",
    "Observation",
    "Condition",
    "Encounter",
    "MedicationRequest",
    "MolecularSequence",
    "Location",
)
WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "a|b", "|", "ge2020", "2020-02-30", "1.5|u|c", "5e999", "-90|181|1|km", "Patient/ada", "x$y",
        "true", "\\,", "%",
         "ap", "lt", "9" * 400, "http://x|1", "*", "_id eq a", "((", "id eq 'x", "Patient:name:Patient",
         "\ud800".encode("utf-8", "replace").decode()]
    ),
)  # fmt: skip
NAMES = st.sampled_from(
    [
        *sorted({code for kind in KINDS for code in parameters(kind)}),
        *("_id", "_lastUpdated", "_sort", "_count", "_total", "_summary", "_elements", "_include",
            "_revinclude", "_has",
          "_filter", "_text", "_content", "_list", "_type", "_page", "_contained", "_format", "_pretty"),
        *("_has:Observation:patient:code", "_has:Observation:patient:_has:Encounter:subject:date", "subject.name",
          "subject:Patient.birthdate", "patient.general-practitioner.name", "_include:iterate"),
    ]
)  # fmt: skip
MODIFIERS = st.sampled_from(["", "", "", ":exact", ":missing", ":not", ":in", ":below", ":above", ":text",
    ":of-type", ":identifier", ":Patient", ":x"])  # fmt: skip
PAIRS = st.lists(st.tuples(st.builds(str.__add__, NAMES, MODIFIERS), WORDS), min_size=1, max_size=4)


@settings(
    max_examples=150, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(st.sampled_from(KINDS), PAIRS)
def test_no_search_is_a_fault_of_ours(doctor, kind, pairs):
    answer = doctor.get(f"/fhir/{kind}", params=pairs)
    assert answer.status_code < 500, (kind, pairs, answer.text)
    assert b"resourceType" in answer.content or b"<" in answer.content


def test_a_method_at_every_address_is_answered_with_reasons(doctor):
    for path in (
        "",
        "/",
        "/Patient",
        "/Patient/ada",
        "/Patient/ada/_history",
        "/_history",
        "/Patient/ada/$everything",
        "/x/y/z/w",
    ):
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            assert doctor.request(method, f"/fhir{path}").status_code < 500
    assert len(definitions.resource_types()) > 140
    assert get(doctor, "/Patient/ada").status_code in {200, 410}
