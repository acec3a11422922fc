"""Bodies that are too large, swell, lie or break: refused where it shows, with the place."""

import asyncio
import gzip

import orjson
import pytest
from starlette.requests import Request

from builders import clinician, in_a_loop, observation, patient
from camphora.errors import Busy, Invalid, TooLarge
from camphora.web.fhir.bodies import Bodies, read_body
from web.fhir.asking import FHIR, bundle, codes, entry, post, put, statuses

MIB = 1024 * 1024


def _issue(answer):
    assert answer.status_code == 400
    return answer.json()["issue"][0]


def test_what_declares_itself_too_large_is_refused_unread():
    pulled = []

    async def receive():
        pulled.append(1)
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "headers": [(b"content-length", b"200000000")]}
    with pytest.raises(TooLarge, match="web-fhir-too-large"):
        in_a_loop(read_body(Request(scope, receive), 16 * MIB, Bodies(1 << 40)))
    assert pulled == []


def test_what_hides_its_size_is_refused_at_the_limit():
    pulled = []

    async def receive():
        pulled.append(1)
        return {"type": "http.request", "body": bytes(MIB), "more_body": True}

    with pytest.raises(TooLarge, match="web-fhir-too-large"):
        in_a_loop(read_body(Request({"type": "http", "headers": []}, receive), 16 * MIB, Bodies(1 << 40)))
    assert len(pulled) == 17


def test_a_lost_connection_writes_nothing():
    async def receive():
        return {"type": "http.disconnect"}

    with pytest.raises(Invalid, match="web-fhir-cut-off"):
        in_a_loop(read_body(Request({"type": "http", "headers": []}, receive), MIB, Bodies(1 << 40)))


def test_a_large_body_is_refused_over_http(served, loaded):
    client = served(loaded, clinician(), largest_resource=1000, largest_bundle=5000)
    answer = post(client, "/Patient", b" " * 1001)
    assert (answer.status_code, codes(answer), answer.headers["connection"]) == (
        413,
        ["web-fhir-too-large"],
        "close",
    )
    assert post(client, "/", b" " * 1001).status_code == 400
    assert post(client, "/", b" " * 5001).status_code == 413


def test_a_gzip_body_is_unpacked(doctor):
    packed = gzip.compress(b'{"resourceType":"Patient","name":[{"text":"%s"}]}' % ("院" * 9000).encode())
    made = post(doctor, "/Patient", packed, content_encoding="gzip")
    assert (made.status_code, len(made.json()["name"][0]["text"])) == (201, 9000)


def test_a_zip_bomb_is_refused_long_before_its_size(doctor):
    bomb = gzip.compress(bytes(12 * MIB))
    answer = post(doctor, "/Patient", bomb, content_encoding="gzip")
    assert (answer.status_code, codes(answer)) == (413, ["web-fhir-swells"])


def test_unpacked_bytes_count_against_the_limit(served, loaded):
    client = served(loaded, clinician(), largest_resource=1000)
    answer = post(client, "/Patient", gzip.compress(b" " * 5000), content_encoding="gzip")
    assert (answer.status_code, codes(answer)) == (413, ["web-fhir-too-large"])


@pytest.mark.parametrize(
    "spoil", [lambda b: b[:-9], lambda b: b + b"more", lambda b: b"\x1f\x8b" + bytes(20)]
)
def test_a_broken_gzip_body_is_refused(doctor, spoil):
    packed = spoil(gzip.compress(b'{"resourceType":"Patient"}'))
    assert codes(post(doctor, "/Patient", packed, content_encoding="gzip")) == ["web-fhir-gzip"]


def test_another_encoding_is_refused(doctor):
    answer = post(doctor, "/Patient", b"x", content_encoding="br")
    assert (answer.status_code, codes(answer)) == (415, ["web-fhir-encoding"])


@pytest.mark.parametrize(
    ("body", "code", "line", "column"),
    [
        (b'{"resourceType":"Patient",\n "active":tru}', "fhir-json-broken", 2, None),
        (b'{"resourceType":"Patient",\n "active":', "fhir-json-truncated", 2, None),
        ('{"resourceType":"Patient",\n"name":[{"text":"王'.encode("big5"), "fhir-json-encoding", 2, 18),
        (b"[1]", "fhir-json-object", 1, 1),
    ],
)
def test_json_faults_carry_line_and_column(doctor, body, code, line, column):
    answer = post(doctor, "/Patient", body)
    places = {row["url"].rpartition("-")[2]: row["valueInteger"] for row in _issue(answer)["extension"]}
    assert codes(answer) == [code]
    assert places["line"] == line
    assert column is None or places["col"] == column


def test_structural_faults_are_told_all_at_once_with_their_paths(doctor):
    wrong = observation("x", "ada", "8480-6", "2026-13-01") | {"statuss": "final", "code": []}
    answer = post(doctor, "/Observation", wrong)
    paths = [issue["expression"][0] for issue in answer.json()["issue"]]
    assert answer.status_code == 400
    assert set(paths) == {"Observation.statuss", "Observation.code", "Observation.effective"}


def test_no_error_repeats_a_value(doctor):
    wrong = patient("x", "王小明", "不詳的生日", "A123456780") | {"gender": "王小明", "contact": "0912345678"}
    answer = post(doctor, "/Patient", wrong)
    assert answer.status_code == 400
    assert not any(value in answer.text for value in ("王小明", "不詳的生日", "A123456780", "0912345678"))


def test_a_form_is_limited_too(doctor):
    answer = doctor.post(
        "/fhir/Patient/_search",
        content=b"name=" + b"a" * 2 * MIB,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413
    assert doctor.post("/fhir/Patient/_search", content=b"{}", headers=FHIR).status_code == 415


@pytest.mark.parametrize("text", [b'"\\q"', b'"\xff"', b'"\\ud800"', b'"\\ud800\\u0041"', b'"\n"'])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/Observation"), ("PUT", "/Observation/o1"), ("POST", "/")]
)
def test_a_reference_that_is_no_json_is_refused_with_its_place(doctor, method, path, text):
    body = b'{"resourceType":"Observation",\n"subject":{"reference":' + text + b"}}"
    refused = doctor.request(method, f"/fhir{path}", content=body, headers=FHIR)
    place = [row["valueInteger"] for row in _issue(refused)["extension"]]
    assert place[0] in {2, 3}
    assert codes(refused)[0].startswith("fhir-json-")


def test_a_thousand_large_bodies_at_once_are_held_up_to_the_bound_and_room_comes_back():
    """As many connections as there may be, each with a bundle of 100 MB under way: what is held stays bounded."""
    bodies, open_, part = Bodies(8 * MIB), asyncio.Event(), bytes(MIB // 4)
    paused = 0

    async def one():
        came = 0

        async def receive():
            nonlocal came, paused
            came += 1
            if came > 3:
                paused += 1
                await open_.wait()
            else:
                await asyncio.sleep(0)
            return {"type": "http.request", "body": part, "more_body": came < 400}

        request = Request({"type": "http", "headers": []}, receive)
        try:
            await read_body(request, 100 * MIB, bodies)
        finally:
            bodies.give_back(request)

    async def all_of_them():
        asked = [asyncio.create_task(one()) for _ in range(1000)]
        while paused + sum(each.done() for each in asked) < len(asked):  # noqa: ASYNC110 - tasks tell a loop nothing
            await asyncio.sleep(0)
        done, waiting = await asyncio.wait(asked, timeout=0)
        assert bodies.held <= bodies.most
        assert len(waiting) * 3 * len(part) <= bodies.most < 1000 * len(part)
        assert {each.exception().code for each in done} == {"web-fhir-bodies-full"}
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert bodies.held == 0

    in_a_loop(all_of_them())


def test_what_has_no_room_is_refused_for_now_and_what_is_answered_makes_room(served, loaded):
    bodies = Bodies(2000)
    client = served(loaded, clinician(), bodies=bodies)
    for _ in range(20):
        assert (
            post(client, "/Observation", observation("o9", "ada", "8480-6", "2026-02-01")).status_code == 201
        )
        assert bodies.held == 0
    large = {**patient("x", "x", "1990-01-01", "A1"), "contact": [{"name": {"text": "x" * 3000}}]}
    refused = post(client, "/Patient", large)
    assert (refused.status_code, bodies.held) == (503, 0)
    assert refused.json()["issue"][0]["details"]["coding"][0]["code"] == "web-fhir-bodies-full"
    assert refused.headers["retry-after"]
    assert Busy("web-fhir-bodies-full").remedy("en")


def test_a_byte_order_mark_is_passed_over(doctor):
    sent = b"\xef\xbb\xbf" + orjson.dumps(observation("x", "ada", "8480-6", "2026-01-05"))
    made = post(doctor, "/Observation", sent)
    assert (made.status_code, made.json()["subject"]) == (201, {"reference": "Patient/ada"})
    changed = b"\xef\xbb\xbf" + orjson.dumps({**made.json(), "status": "amended"})
    answer = put(doctor, f"/Observation/{made.json()['id']}", changed)
    assert (answer.status_code, answer.json()["status"]) == (200, "amended")
    entries = [entry("POST", "Observation", observation("x", "ada", "8480-6", "2026-01-05"))]
    answer = post(doctor, "/", b"\xef\xbb\xbf" + orjson.dumps(bundle("transaction", *entries)))
    assert statuses(answer) == ["201"]
