"""A worker answers as its leader does, and what is the leader's goes to it and back unchanged."""

import gzip
import re

import orjson
import pytest

from camphora.errors import Busy
from workers.places import holder

READS = [
    "/fhir/Patient/ada",
    "/fhir/Patient/bo",
    "/fhir/Patient/nobody",
    "/fhir/Patient/ada?_format=xml",
    "/fhir/Patient/ada?_elements=name",
    "/fhir/Patient/ada?_sort=name",
    "/fhir/Patient/ada/_history",
    "/fhir/Patient/ada/_history/1",
    "/fhir/Patient/ada/_history/2",
    "/fhir/Patient/ada/_history/x",
    "/fhir/Observation/o1",
    "/fhir/Observation/o4",
    "/fhir/Condition/c1",
    "/fhir/Organization/h1",
    "/fhir/Nothing/1",
    "/fhir/Patient/$everything",
    "/fhir/Patient/ada/$everything",
    "/fhir/Patient/ada/$meta",
    "/fhir/Patient/ada/$nothing",
    "/fhir/Patient/ada/Observation?code=8480-6",
    "/fhir/Patient/bo/Observation",
    "/fhir/Patient?identifier=A123456780",
    "/fhir/Patient?identifier=B223456780",
    "/fhir/Patient?_count=1",
    "/fhir/Patient?name=王",
    "/fhir/Patient?nothing=1",
    "/fhir/Observation?patient=ada&code=8480-6&_sort=-date&_include=Observation:patient",
    "/fhir/Observation?patient=bo",
    "/fhir/Observation?patient=ada&_summary=count",
    "/fhir/Observation?date=99",
    "/fhir/Observation?_page=forged",
    "/fhir/Observation?code:in=http://nowhere",
    "/fhir/Condition?patient=ada",
    "/fhir/Consent?patient=bo",
    "/fhir/?_type=Observation,Condition&patient=ada",
    "/fhir?_type=Observation,Condition&patient=ada",
    "/fhir/_history?_count=2",
    "/fhir/Observation/_history?_count=2",
    "/fhir/AuditEvent/receipt-0",
    "/fhir/metadata",
    "/fhir/$versions",
    "/fhir/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender",
    "/fhir/no/such/address/at/all",
    "/fhir/%2e%2e/secret",
    "/health/live",
    "/static/nothing.css",
    "/nowhere",
    "/",
]


def told(answer):
    """What is compared of an answer: without moments, and the tokens of pages, which are sealed anew each time."""
    status, headers, body = answer
    anew = rb'_page=[^"&]+|urn:uuid:[0-9a-f-]+|"timestamp":"[^"]+"|"date":"[^"]+"'
    kept = [
        (name.lower(), value) for name, value in headers if name.lower() not in {"date", "content-length"}
    ]
    body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    return status, sorted(kept), re.sub(anew, b"", body)


@pytest.mark.parametrize("reader", ["lin", "ada", "ana", "root", "nobody's"])
def test_a_worker_answers_as_its_leader_does(served, reader):
    place, tokens = served
    leader, worker = place.both(tokens.get(reader, "cam_wrong"))
    for path in READS:
        asked = path.replace("王", "%E7%8E%8B")
        told_by_leader, told_by_worker = (told(each.ask(asked)) for each in (leader, worker))
        assert told_by_worker == told_by_leader, path


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic eA=="},
        {"Accept": "text/turtle"},
        {"Accept_Language": "en", "Accept": "application/fhir+xml"},
        {"If_None_Match": 'W/"1"'},
        {"Accept_Encoding": "gzip"},
        {"Host": "elsewhere.example"},
        {"Prefer": "handling=strict"},
    ],
)
def test_headers_mean_the_same_to_both(served, headers):
    place, tokens = served
    leader, worker = place.both("" if "Authorization" in headers or not headers else tokens["lin"])
    for path in ("/fhir/Patient/ada", "/fhir/Observation?patient=ada&nothing=1", "/sign-in"):
        by_leader, by_worker = (told(each.ask(path, **headers)) for each in (leader, worker))
        if not path.startswith("/fhir"):
            by_leader, by_worker = by_leader[:2], by_worker[:2]  # its form bears a number of its own
        assert by_worker == by_leader, (path, headers)


def test_head_and_forms_are_answered_alike(served):
    place, tokens = served
    leader, worker = place.both(tokens["lin"])
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    for asked in (
        {"path": "/fhir/Patient/ada", "method": "HEAD"},
        {"path": "/", "method": "HEAD"},
        {"path": "/fhir/Observation/_search", "method": "POST", "body": b"patient=ada&code=8480-6", **form},
        {"path": "/fhir/Observation/_search", "method": "POST", "body": b"{}", "Content_Type": "text/plain"},
        {"path": "/fhir/_search", "method": "POST", "body": b"_type=Observation&patient=ada", **form},
        {"path": "/fhir/Observation", "method": "DELETE"},
        {"path": "/fhir/Observation", "method": "POST", "body": b"{"},
        {"path": "/fhir/Patient/ada", "method": "OPTIONS"},
    ):
        assert told(worker.ask(**asked)) == told(leader.ask(**asked)), asked


def test_a_page_goes_on_with_either(served):
    place, tokens = served
    clients = place.both(tokens["lin"])
    for first, second in (clients, clients[::-1]):
        path, seen, turn = "/fhir/Observation?patient=ada&_count=7&_sort=date", [], 0
        while path:
            status, _, body = (first, second)[turn % 2].ask(path)
            assert status == 200, body
            found = orjson.loads(body)
            seen += [each["resource"]["id"] for each in found["entry"]]
            following = next((each["url"] for each in found["link"] if each["relation"] == "next"), None)
            path, turn = (
                following and following.partition("/fhir")[1] + following.partition("/fhir")[2],
                turn + 1,
            )
        assert len(seen) == len(set(seen)) == 33


def test_what_is_written_through_a_worker_is_read_by_both(served):
    place, tokens = served
    leader, worker = place.both(tokens["lin"])
    made = {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
            "subject": {"reference": "Patient/ada"}, "note": [{"text": "長" * 200_000}]}  # fmt: skip
    status, headers, body = worker.ask("/fhir/Observation", "POST", made)
    assert status == 201, body
    name = orjson.loads(body)["id"]
    assert dict(headers)["location"].endswith(f"/fhir/Observation/{name}/_history/1")
    body = body.replace(b'"final"', b'"amended"')
    pieces = iter([body[:1000], body[1000:300_000], body[300_000:]])
    status, _, said = worker.ask(
        f"/fhir/Observation/{name}", "PUT", pieces, Content_Type="application/fhir+json"
    )
    assert status == 200, said[:300]
    for client in (worker, leader):
        status, headers, _ = client.ask(f"/fhir/Observation/{name}")
        assert (status, dict(headers)["etag"]) == (200, 'W/"2"')
    assert worker.ask(f"/fhir/Observation/{name}", "DELETE")[0] == 204
    assert [each.ask(f"/fhir/Observation/{name}")[0] for each in (worker, leader)] == [410, 410]


def test_a_refused_body_closes_only_its_own_connection(served):
    place, tokens = served
    _, worker = place.both(tokens["lin"])
    many = b"x" * (17 * 1024 * 1024)
    try:
        status, headers, _ = worker.ask(
            "/fhir/Observation", "POST", many, Content_Type="application/fhir+json"
        )
    except (BrokenPipeError, ConnectionResetError):
        status, headers = 413, []
    assert (status, dict(headers).get("connection", "close")) == (413, "close")
    again = place.both(tokens["lin"])[1]
    assert again.ask("/fhir/Patient/ada")[0] == 200
    assert holder(again, place.workers)


def test_every_code_of_workers_is_said_in_both_languages():
    for code in ("workers-leader-gone", "workers-write", "workers-only-linux"):
        error = Busy(code)
        assert all(error.text(lang) and error.remedy(lang) for lang in ("zh-TW", "en"))
