"""What a broken or hostile request costs: a clear OperationOutcome, bounded memory and time, nothing half written."""

import json
import tracemalloc
import zlib

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from builders import clinician, in_a_loop, observation
from camphora.errors import deadline
from camphora.fhir import definitions
from camphora.fhir.search import parameters
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.web.fhir import Api, fhir_routes
from web.fhir.asking import FHIR, bundle, codes, entry, get, post

LOAD = loading("test")
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


def test_a_body_of_a_gigabyte_is_refused_at_its_head(served, loaded):
    doctor = served(loaded, clinician(), largest_resource=MIB)
    refused = doctor.post(
        "/fhir/Observation", content=b"x", headers=FHIR | {"content-length": str(1024 * MIB)}
    )
    assert (refused.status_code, codes(refused)) == (413, ["web-fhir-too-large"])


def _packed():
    """A gigabyte of spaces as gzip, in pieces that each unpack to a mebibyte."""
    packer = zlib.compressobj(wbits=31)
    for _ in range(1024):
        yield packer.compress(b" " * MIB) + packer.flush(zlib.Z_SYNC_FLUSH)


ENDLESS = {
    "a resource": ("/fhir/Observation", FHIR["content-type"], 16, {}),
    "one in XML": ("/fhir/Observation", XML, 16, {}),
    "a bundle": ("/fhir/", FHIR["content-type"], 64, {}),
    "a form": ("/fhir/Observation/_search", "application/x-www-form-urlencoded", 1, {}),
    "a file": ("/fhir/Binary", "application/pdf", 16, {"x-security-context": "Patient/ada"}),
    "a packed one": ("/fhir/Observation", FHIR["content-type"], 16, {"content-encoding": "gzip"}),
}
"""Bodies without a length, by address, media type, mebibytes that are taken, and further headers."""


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_gigabyte_that_comes_piece_by_piece_takes_no_more_memory_than_what_is_allowed(loaded, kind):
    """Straight at the application: every piece is made when it is asked for, as a socket would give it."""
    path, media, most, more = ENDLESS[kind]
    api = Api(loaded, lambda _: clinician())
    app = Starlette(routes=[Mount("/fhir", routes=fhir_routes(api))])
    headers = {"host": "camphora.test", "content-type": media, "transfer-encoding": "chunked", **more}
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": path,
        "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "client": ("127.0.0.1", 1), "server": ("camphora.test", 80),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    pieces = _packed() if "content-encoding" in more else (b" " * MIB for _ in range(1024))
    asked, said = 0, []

    async def receive():
        nonlocal asked
        asked += 1
        piece = next(pieces, b"")
        return {"type": "http.request", "body": bytearray(piece), "more_body": bool(piece)}

    async def send(message):
        said.append(message)

    async def served():
        await app(scope, receive, send)

    try:
        tracemalloc.start()
        in_a_loop(served())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        api.close()
    assert said[0]["status"] == 413
    assert asked <= most + 2
    assert peak < (most + 4) * MIB


@pytest.mark.parametrize(
    ("body", "media", "code"),
    [
        (DEEP, FHIR["content-type"], "fhir-json-deep"),
        (b"[" * 100_000, FHIR["content-type"], "fhir-json-deep"),
        (BODY[:-1] + b',"status":"draft"}', FHIR["content-type"], "web-fhir-twice"),
        (BODY.replace(b'"final"', b'"fi\\u0000nal"'), FHIR["content-type"], None),
        (BODY.replace(b'"final"', b'"fi\x00nal"'), FHIR["content-type"], "fhir-json-control"),
        (BODY.replace(b'"final"', b'"\\ud800"'), FHIR["content-type"], "fhir-json-surrogate"),
        (BODY[:-1] + b',"valueString":"a\\u0000b"}', FHIR["content-type"], "fhir-character"),
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
    before = loaded.last_change()
    refused = doctor.post("/fhir/Observation", content=body, headers={"content-type": media})
    assert refused.status_code == 400, refused.text
    assert code is None or code in codes(refused)
    issue = refused.json()["issue"][0]
    assert issue["diagnostics"]
    assert loaded.last_change() == before


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


@pytest.mark.parametrize("key", ["code", "-code", "value-string"])
def test_an_order_of_a_whole_type_ends_with_the_time_of_its_request(store, key):
    """No index holds codes or strings in the order of their records: all values are read and sorted, 2,000 here, and a
    type of millions is ended by the clock with an error that says so."""
    people_of = {"resourceType": "Patient", "id": "p", "name": [{"text": "王小明"}]}
    values = [f"值{(number * 7919) % 2000:04d}" for number in range(2000)]
    store.write(LOAD, [Put(people_of)])
    store.write(
        LOAD,
        [
            Put(
                {
                    "resourceType": "Observation", "id": f"o{number}", "status": "final",
                    "code": {"coding": [{"system": "http://camphora.test/codes", "code": f"c{value[1:]}"}]},
                    "subject": {"reference": "Patient/p"}, "valueString": value,
                }
            )
            for number, value in enumerate(values)
        ],
    )  # fmt: skip
    api = Api(store, lambda _: clinician())
    app, seconds = Starlette(routes=[Mount("/fhir", routes=fhir_routes(api))]), [30.0]

    async def limited(scope, receive, send):
        with deadline.within(seconds[0]):
            await app(scope, receive, send)

    client = TestClient(limited, base_url="http://camphora.test")
    found = get(client, f"/Observation?_sort={key}&_count=5").json()["entry"]
    first = sorted(values, reverse=key.startswith("-"))[:5]
    assert [entry["resource"]["valueString"] for entry in found] == first
    seconds[0] = 1e-6
    ended = get(client, f"/Observation?_sort={key}&_count=5", accept_language="en")
    assert (ended.status_code, codes(ended)) == (503, ["service-time-over"])
    assert "retry-after" in ended.headers
    issue = ended.json()["issue"][0]
    assert issue["details"]["text"].startswith("the query took longer than")
    assert issue["diagnostics"] == "narrow what is asked for and try again"
    api.close()
