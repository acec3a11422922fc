"""The server itself: heads, connections, WebSockets, and what it writes while it serves."""

import json
import socket
import time
from collections import Counter

import httpx
import pytest

from camphora.cli.protocol import HEAD_SECONDS, LARGEST_HEAD, LONGEST_ADDRESS, MOST_HEADERS, ONE_READ, bounded
from camphora.cli.serving import KEEP_ALIVE_SECONDS, configured
from camphora.installation.service import Service
from web.serving import NAME, NUMBER, PASSWORD, made, raw, served

END = b"Host: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """(port, bearer token, what was said) of a server that is given up to 20 connections a place."""
    folder = tmp_path_factory.mktemp("served") / "place"
    token = made(folder, "[limits]\nconnections_per_place = 20\n")
    said = folder.parent / "said"
    with served(folder, said) as port:
        yield port, token, said


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


def test_what_a_browser_sends_is_answered(place):
    assert status(raw(place[0], b"GET /health HTTP/1.1\r\n" + END)) == 200


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"GET /health?q=" + b"a" * LONGEST_ADDRESS + b" HTTP/1.1\r\n", 414),
        (b"GET /health HTTP/1.1\r\nX: " + b"a" * LARGEST_HEAD + b"\r\n", 431),
        (b"GET /health HTTP/1.1\r\n" + b"X: a\r\n" * (MOST_HEADERS + 1), 431),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET /health HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400),
        (b"GET /health HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n", 400),
    ],
)
def test_a_head_that_is_too_long_or_no_head_is_refused(place, head, expected):
    assert status(raw(place[0], head + END)) == expected


@pytest.mark.parametrize(
    ("head", "expected", "code"),
    [
        (b"GET /fhir/Patient?name=" + b"a" * LONGEST_ADDRESS + b" HTTP/1.1\r\n", 414, b"web-address-long"),
        (b"GET /fhir/Patient HTTP/1.1\r\nX: " + b"a" * LARGEST_HEAD + b"\r\n", 431, b"web-head-large"),
        (b"GET /fhir/Patient HTTP/1.1\r\nContent-Length: x\r\n", 400, b"web-head-broken"),
    ],
)
def test_the_api_says_in_an_outcome_why_a_head_is_refused(place, head, expected, code):
    answer = raw(place[0], head + END)
    assert status(answer) == expected
    said, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-length: %d\r\n" % len(body) in said
    assert b"OperationOutcome" in body
    assert code in body


@pytest.mark.parametrize("size", [17, 40])
def test_a_refusal_reaches_who_is_still_sending(place, size):
    """A body is sent to its end before the answer is read, as proxies and plain clients do."""
    head = b"POST /fhir/Observation HTTP/1.1\r\nContent-Type: application/fhir+json\r\nAuthorization: Bearer "
    head += place[1].encode() + b"\r\nContent-Length: %d\r\nHost: localhost\r\n\r\n" % (size << 20)
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", place[0]), timeout=30) as connection:
            connection.sendall(head)
            for _ in range(size):
                connection.sendall(b" " * (1 << 20))
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert status(answer) == 413
        assert b"OperationOutcome" in answer


def test_who_goes_on_sending_after_a_refusal_is_let_go(place):
    head = b"POST /fhir/Observation HTTP/1.1\r\nContent-Length: 99999999999\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", place[0]), timeout=300) as connection:
        connection.sendall(head)
        with pytest.raises(ConnectionError):
            go_on_sending(connection)


def go_on_sending(connection):
    """A little at a time, for minutes."""
    for _ in range(10_000):
        connection.sendall(b" " * 1024)
        time.sleep(0.02)


def test_text_in_an_address_needs_no_percent_signs(place):
    head = b"GET /fhir/Patient?name=%s HTTP/1.1\r\nAuthorization: Bearer " + place[1].encode() + b"\r\n"
    plain = raw(place[0], head % "林".encode() + END)
    assert status(plain) == 200
    assert b"?name=%E6%9E%97" in plain
    assert status(raw(place[0], head % b"\xaa\x4c" + END)) == 400


def in_parts(port, *parts):
    """The answer to bytes that reach the server in these pieces."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)
            time.sleep(0.2)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_text_in_an_address_may_be_cut_anywhere_on_its_way(place):
    head = (
        b"GET /fhir/Patient?name=\xe6\x9e\x97 HTTP/1.1\r\nAuthorization: Bearer "
        + place[1].encode()
        + b"\r\n"
        + END
    )
    for at in (10, 24, 25, 26):
        answer = in_parts(place[0], head[:at], head[at:])
        assert status(answer) == 200
        assert b"?name=%E6%9E%97" in answer


def test_a_body_that_follows_another_request_is_left_as_it_is(place):
    first = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    body = '{"resourceType": "Basic", "code": {"text": "樟"}}'.encode()
    head = b"POST /fhir/Basic/$validate HTTP/1.1\r\nContent-Type: application/fhir+json\r\nAuthorization: Bearer "
    head += place[1].encode() + b"\r\nContent-Length: %d\r\n" % len(body) + END
    answer = in_parts(place[0], first + head, body)
    assert answer.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize(
    "address", [b"/fhir/Patient?name=", b"/fhir/Patient/", b"/fhir/", b"/patients?q=", b"/"]
)
@pytest.mark.parametrize(
    "odd", [b"%E6%9E", b"%E6", b"%", b"%zz", b"\xe6\x9e", b"\xaa\x4c", b"%00", b"\x01", b"a b"]
)
def test_every_400_says_why_in_words(place, address, odd):
    head = b"GET " + address + odd + b" HTTP/1.1\r\nAuthorization: Bearer " + place[1].encode() + b"\r\n"
    says_why(raw(place[0], head + END), address.startswith(b"/fhir"))


@pytest.mark.parametrize(
    "head",
    [
        b"GET /fhir/Patient HTTP/9.9\r\n",
        b"G\xc3T /fhir/Patient HTTP/1.1\r\n",
        b"\r\nNONE /fhir/Patient HTTP/1.1\r\n",
        b"/fhir/Patient\r\n",
        b"GET /patients HTTP/9.9\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_a_first_line_that_is_none_is_refused_in_words(place, head):
    answer = raw(place[0], head + END)
    assert status(answer) == 400
    says_why(answer, b"/fhir" in head)


def says_why(answer, of_api):
    """A refusal is an OperationOutcome of the API, and elsewhere a page or text, both languages where none is known."""
    said, _, body = answer.partition(b"\r\n\r\n")
    assert status(answer) in {200, 303, 400, 403, 404}
    if of_api and status(answer) >= 400:
        assert b"application/fhir+json" in said
        assert json.loads(body)["issue"][0]["details"]["text"]
    elif status(answer) == 400:
        assert b"text/html" in said or ("請" in body.decode() and b"head" in body)


def test_a_header_without_an_end_is_refused_while_it_comes(place):
    part = b"a" * 65_536
    answer = raw(
        place[0], b"GET /health HTTP/1.1\r\nX: ", *[part] * ((LARGEST_HEAD + ONE_READ) // len(part) + 20)
    )
    assert status(answer) in {431, None}, "refused, or cut off while more was still being sent"
    assert status(raw(place[0], b"GET /health HTTP/1.1\r\n" + END)) == 200


def test_no_web_socket_is_spoken(place):
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n"
    answer = raw(place[0], b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + upgrade + b"\r\n", timeout=3)
    assert status(answer) != 101


def test_one_place_holds_only_so_many_connections_and_gets_them_back(place):
    held = [socket.create_connection(("127.0.0.1", place[0])) for _ in range(20)]
    assert answered_at_last(place[0], None)
    for one in held:
        one.close()
    assert answered_at_last(place[0], 200)


def answered_at_last(port, wanted):
    """Whether a request is answered by this status, None for by nothing, once the server has seen what came before."""
    until = time.monotonic() + 60
    while (
        told := status(raw(port, b"GET /health HTTP/1.1\r\n" + END))
    ) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    return told == wanted


def test_other_hosts_are_refused_by_a_server_on_loopback(place):
    assert (
        status(raw(place[0], b"GET /sign-in HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n"))
        == 421
    )


def test_without_settings_no_forwarded_address_is_believed(place):
    head = b"GET /sign-in HTTP/1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.1\r\n"
    assert b"strict-transport-security" not in raw(place[0], head + END).lower()


def test_what_is_written_while_serving_names_nobody(place):
    """A run of right and wrong requests with names, numbers, passwords and tokens in every place they can stand in."""
    port, token, said = place
    headers = {"authorization": f"Bearer {token}", "host": "localhost"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        asked = [
            client.get("/fhir/Patient", params={"identifier": NUMBER}),
            client.get("/fhir/Patient", params={"name": NAME, "unknown": NUMBER}),
            client.get("/fhir/Patient/p-secret-1"),
            client.get("/patients", params={"q": NUMBER}),
            client.get(f"/{NUMBER}"),
            client.get("/codes", params={"q": NUMBER}),
            client.post("/fhir/Patient", content=f'{{"resourceType":"Patient","id":"{NUMBER}",',
                        headers={"content-type": "application/fhir+json"}),
            client.put("/fhir/Patient/p-secret-1", json={"resourceType": "Patient", "id": "p-secret-1", "x": NUMBER},
                       headers={"content-type": "application/fhir+json"}),
            client.post("/fhir", content=NUMBER * 10, headers={"content-type": "application/fhir+json"}),
            client.post("/sign-in", data={"name": "lin", "password": PASSWORD}),
            client.post("/sign-in", data={"name": NUMBER, "password": NUMBER}),
        ]  # fmt: skip
    assert {one.status_code for one in asked} >= {200, 303, 400, 403}
    assert asked[2].json()["identifier"][0]["value"] == NUMBER, "the person was really read"
    raw(port, f"GET /{NUMBER} HTTP/9.9\r\nX-Number: {NUMBER}\r\n\r\n".encode(), timeout=3)
    raw(port, b"GET /?q=" + NUMBER.encode() * 2000 + b" HTTP/1.1\r\n" + END, timeout=3)
    written = said.read_text()
    for secret in (NUMBER, NAME, "p-secret-1", PASSWORD, token, "127.0.0.1 "):
        assert secret not in written
    assert "Traceback" not in written


def test_each_server_has_counts_of_its_own():
    protocol = bounded(Service())
    assert protocol.held == Counter()
    assert protocol.head_seconds == HEAD_SECONDS <= 30
    assert bounded(Service()).held is not protocol.held


def test_a_head_that_comes_too_slowly_is_refused(tmp_path, monkeypatch):
    """The same server in this process, with less patience."""
    import asyncio
    import threading

    import uvicorn

    from camphora.cli.protocol import BoundedProtocol
    from camphora.cli.serving import listen
    from camphora.installation import Installation

    monkeypatch.setattr(BoundedProtocol, "head_seconds", 0.5)
    made(tmp_path / "place")
    installation = Installation.open(tmp_path / "place")
    listening = listen(0)
    config = configured(installation, Service(), "127.0.0.1", "en")
    assert (config.ws, config.proxy_headers, config.access_log) == ("none", False, False)
    assert config.limit_concurrency
    assert config.timeout_keep_alive == KEEP_ALIVE_SECONDS
    server = uvicorn.Server(config)
    running = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    running.start()
    try:
        port = listening.getsockname()[1]
        for begun in (b"", b"GET /health HTTP/1.1\r\nX: a"):
            assert status(raw(port, begun, timeout=60)) == 408
    finally:
        server.should_exit = True
        running.join()
        listening.close()
        installation.close()
