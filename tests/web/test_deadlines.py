"""The time that a request may take is its own, also where it comes behind another on the same connection."""

import asyncio
import re
import threading
import time

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from camphora.cli.serving import config_of, listen
from camphora.errors import deadline
from camphora.gate import Identity
from camphora.installation.service import Service
from camphora.web.front import Bounded, Entrance
from web.serving import raw

PAUSE = 0.3


async def _left(scope, receive, send):
    await Request(scope, receive).body()
    left = deadline.remaining()
    await asyncio.sleep(PAUSE)
    await PlainTextResponse(f"<{left:.2f}>")(scope, receive, send)


@pytest.fixture(params=["uvloop", "asyncio"])
def port(request, tmp_path):
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    service, identity = Service(), Identity(tmp_path / "gate.sqlite")
    config = config_of(Bounded(_left, Entrance(service, identity, frozenset())), service)
    config.loop = request.param
    server, listening = uvicorn.Server(config), listen(0)
    server.install_signal_handlers = lambda: None
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()
    identity.close()


def remaining(port, request):
    """What was left to each of three requests, sent at once."""
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    return [float(each) for each in re.findall(rb"<([\d.]+)>", raw(port, request, request, last))]


def test_requests_one_behind_another_each_have_all_their_time(port):
    found = remaining(port, b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert len(found) == 3
    assert max(found) - min(found) < PAUSE / 2


def test_a_large_body_leaves_its_time_to_nobody(port):
    body = b"x" * 300_000
    head = b"POST /fhir/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    found = remaining(port, head + body)
    assert len(found) == 3
    assert max(found) - min(found) < PAUSE / 2
