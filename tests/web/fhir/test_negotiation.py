"""Formats, languages and errors said as OperationOutcomes."""

import asyncio
import logging
import threading

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.routing import Mount

from builders import clinician, in_a_loop, patient
from camphora.records import SQLiteStore
from camphora.web.fhir import Api, fhir_routes
from web.fhir.asking import FHIR, codes, get, post

BASE = "application/fhir+json"


@pytest.mark.parametrize(
    "accept",
    [
        BASE,
        "application/json",
        "*/*",
        "text/html,*/*;q=0.8",
        f"{BASE}; fhirVersion=4.0",
        "text/xml;q=0.1,text/json",
    ],
)
def test_what_allows_json_gets_json(doctor, accept):
    answer = get(doctor, "/Patient/ada", accept=accept)
    assert answer.headers["content-type"] == f"{BASE}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "text/turtle", f"{BASE};q=0", f"{BASE}; fhirVersion=5.0"])
def test_what_allows_none_of_our_formats_is_refused(doctor, accept):
    answer = get(doctor, "/Patient/ada", accept=accept)
    assert (answer.status_code, codes(answer)) == (406, ["web-fhir-format"])


def test_format_in_the_address_stands_above_accept(doctor):
    assert get(doctor, "/Patient/ada?_format=ttl").status_code == 406
    assert (
        get(doctor, "/Patient/ada?_format=xml", accept=BASE)
        .headers["content-type"]
        .startswith("application/fhir+xml")
    )
    assert get(doctor, "/Patient/ada?_format=application/fhir+json", accept="text/xml").status_code == 200
    assert get(doctor, "/Patient/ada?_format=json&_pretty=true").text.startswith('{\n  "resourceType"')


@pytest.mark.parametrize("sent", ["text/plain", f"{BASE}; charset=big5", f"{BASE}; fhirVersion=3.0", ""])
def test_a_body_of_another_kind_is_refused(doctor, sent):
    answer = doctor.post("/fhir/Patient", content=b"{}", headers={"content-type": sent})
    assert (answer.status_code, codes(answer)) == (415, ["web-fhir-media-type"])


@pytest.mark.parametrize("sent", [BASE, "application/json", f"{BASE};charset=UTF-8;fhirVersion=4.0"])
def test_a_json_body_is_taken(doctor, sent):
    made = post(doctor, "/Patient", patient("x", "林小美", "2000-01-01", "A1"), content_type=sent)
    assert made.status_code == 201


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("", "查無此病人"),
        ("en-GB,en;q=0.9", "there is no such patient"),
        ("fr, zh-Hant;q=0.5, en;q=0.4", "查無此病人"),
    ],
)
def test_errors_speak_the_readers_language(doctor, asked, text):
    answer = get(doctor, "/Patient/nobody", accept_language=asked)
    assert (answer.status_code, answer.json()["issue"][0]["details"]["text"]) == (404, text)
    assert answer.headers["content-language"] in {"zh-TW", "en"}


@pytest.mark.parametrize("path", ["/Patient/ada", "/Observation", "/Patient/ada/_history", "/nothing/at/all"])
def test_nobody_reads_without_signing_in(served, loaded, path):
    anyone = served(loaded)
    answer = get(anyone, path)
    assert (answer.status_code, codes(answer)) == (401, ["web-sign-in-needed"])
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["issue"][0]["code"] == "login"
    assert get(anyone, "/metadata").status_code == 200


def test_nobody_writes_without_signing_in(served, loaded):
    anyone = served(loaded)
    sent = [
        anyone.post(f"/fhir{path}", content=b"{}", headers=FHIR)
        for path in ("/", "/Patient", "/Patient/_search")
    ]
    sent += [anyone.put("/fhir/Patient/ada", content=b"{}"), anyone.delete("/fhir/Patient/ada")]
    assert [codes(one) for one in sent] == [["web-sign-in-needed"]] * 5


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/Nothing", "web-fhir-no-type"),
        ("/Nothing/1", "web-fhir-no-type"),
        ("/Parameters/1", "web-fhir-no-type"),
        ("/Patient/ada/Basic/1", "web-fhir-no-route"),
        ("/Organization/h1/Observation", "web-fhir-no-route"),
        ("/Patient/ada/Organization", "web-fhir-no-route"),
        ("/Patient/$match", "web-fhir-no-route"),
        ("/Nothing/_history", "web-fhir-no-type"),
        ("/Patient/ada/Nothing", "web-fhir-no-type"),
        ("/Patient/ada/$nosuch", "web-fhir-no-route"),
        ("/foo/bar/baz", "web-fhir-no-route"),
        ("/Patient/a b", "records-not-found"),
        ("/Patient/ada/_history/x", "records-not-found"),
    ],
)
def test_what_is_not_there_is_said_so(doctor, path, code):
    answer = get(doctor, path)
    assert (answer.status_code, codes(answer)) == (404, [code])


def test_a_method_that_is_not_given_is_refused_with_those_that_are(doctor):
    answer = doctor.post("/fhir/Patient/ada", content=b"[]")
    assert (answer.status_code, codes(answer)) == (405, ["web-fhir-method"])
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PATCH, PUT"
    assert doctor.post("/fhir/_history").headers["allow"] == "GET, HEAD"


def test_a_mistake_of_ours_is_a_number_and_no_value(doctor, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("王小明 A123456780")

    monkeypatch.setattr(SQLiteStore, "read", broken)
    with caplog.at_level(logging.ERROR):
        answer = get(doctor, "/Patient/ada")
    assert (answer.status_code, codes(answer)) == (500, ["web-fhir-fault"])
    assert "RuntimeError" in caplog.text
    assert not any("A123456780" in text or "王小明" in text for text in (answer.text, caplog.text))
    assert "Traceback" not in caplog.text


def test_a_slow_read_keeps_nobody_else_waiting(loaded, monkeypatch):
    """The read ends only after another answer has come: on the event loop itself it never would."""
    answered, read = threading.Event(), SQLiteStore.read

    def waiting(*given):
        assert answered.wait(20)
        return read(*given)

    async def ask():
        app = Starlette(routes=[Mount("/fhir", routes=fhir_routes(Api(loaded, lambda _: clinician())))])
        async with AsyncClient(transport=ASGITransport(app), base_url="http://x.test/fhir") as client:
            slow = asyncio.create_task(client.get("/Patient/ada"))
            other = await client.get("/Patient?_summary=count")
            answered.set()
            return other.status_code, (await slow).status_code

    monkeypatch.setattr(SQLiteStore, "read", waiting)
    assert in_a_loop(ask()) == (200, 200)


def test_parameters_that_a_read_does_not_know_are_refused(doctor):
    assert codes(get(doctor, "/Patient/ada?_include=x")) == ["web-fhir-parameter"]
    assert get(doctor, "/Patient/ada?lang=en").status_code == 200
    assert codes(get(doctor, "/Patient/ada?lang=en", prefer="handling=strict")) == ["web-fhir-parameter"]


def test_a_query_string_that_is_not_utf8_is_refused(doctor):
    assert codes(doctor.get("/fhir/Patient?name=%A4%FD")) == ["web-fhir-query"]
    assert codes(doctor.get("/fhir/Patient?" + "&".join(["name=a"] * 300))) == ["web-fhir-query"]
