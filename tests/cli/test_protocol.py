"""An answer that goes out by one write is the one that goes out by two messages, byte by byte."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import uvicorn
from uvicorn.server import ServerState

from camphora.cli.protocol import bounded
from camphora.installation.service import Service
from camphora.web.door import _Given
from camphora.web.fhir.routes import Whole
from camphora.web.heads import EXTENSIONS

HEADERS = [(b"etag", b'W/"3"'), (b"last-modified", b"Sun, 22 Nov 2026 10:00:00 GMT")]


class Wire:
    """A transport that keeps what is written."""

    def __init__(self):
        self.sent, self.closed = [], False

    def write(self, data):
        self.sent.append(bytes(data))

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def get_extra_info(self, name):
        return ("192.0.2.1", 5) if name == "peername" else None

    def __getattr__(self, name):
        return lambda *_: None


async def answer(request, *, whole, paused=False):
    """What goes out for the bytes of a request."""

    async def app(scope, receive, send):
        if not whole:
            del scope[EXTENSIONS]
        if paused:
            protocol.flow.write_paused = True
            asyncio.get_running_loop().call_soon(protocol.flow.resume_writing)
        made = Whole(b'{"resourceType":"Patient"}', 200, HEADERS, b"application/fhir+json")
        await _Given(scope, receive, send).compressed(made)

    config = uvicorn.Config(app, lifespan="off", ws="none")
    config.load()
    state, wire = ServerState(), Wire()
    state.default_headers = [(b"date", b"today")]
    protocol = bounded(Service())(config, state, {})
    protocol.connection_made(wire)
    protocol.data_received(request)
    while state.tasks:
        await asyncio.gather(*state.tasks)
    return SimpleNamespace(sent=wire.sent, closed=wire.closed, total=state.total_requests)


def run(coroutine):
    """In a thread of its own: a browser of an earlier test may have left its loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


GET = b"GET /fhir/Patient/a%b HTTP/1.1\r\nhost: x\r\n%b\r\n"
REQUESTS = [
    GET % (b"", b""),
    GET % (b"", b"connection: close\r\n"),
    GET % (b"?lang=en&theme=dark", b""),
    (GET % (b"", b"")).replace(b"GET", b"HEAD"),
    (GET % (b"", b"")).replace(b"1.1", b"1.0"),
    2 * (GET % (b"", b"")),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_what_goes_out_at_once_is_what_goes_out_in_parts(request_):
    at_once, in_parts = (run(answer(request_, whole=each)) for each in (True, False))
    assert b"".join(at_once.sent) == b"".join(in_parts.sent)
    assert (at_once.closed, at_once.total) == (in_parts.closed, in_parts.total)
    assert len(at_once.sent) == at_once.total


def test_who_reads_slowly_is_waited_for():
    at_once, in_parts = (run(answer(GET % (b"", b""), whole=True, paused=each)) for each in (False, True))
    assert b"".join(at_once.sent) == b"".join(in_parts.sent)
    assert (len(at_once.sent), len(in_parts.sent)) == (1, 2)
