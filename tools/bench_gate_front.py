"""What stands before the handlers (web/front.py) costs a request, in one run with and without it.

The requests are given to the ASGI application itself, without a socket, as CPU time; the two applications take turns,
so that what else the machine does falls on both.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench import line
from camphora.gate import User
from camphora.installation import Installation
from camphora.installation.service import Service
from camphora.policy import Role
from camphora.web.app import application
from camphora.web.site import COOKIE

ROUNDS, EACH = 30, 50
WIDE = Service.read(
    "[limits]\nreader_burst = 1000000\nreader_per_second = 1000000\nplace_burst = 1000000\n"
    "place_per_second = 1000000"
)
"""Limits that this many requests do not reach; counting costs the same."""
Asked = Callable[[], Awaitable[None]]


def front_figures() -> Iterator[dict[str, Any]]:
    """Of a small answer of nobody, and of a page of a signed-in reader: milliseconds of CPU for the front alone, and
    the share of the whole request."""
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation.open(Path(folder) / "place", make=True)
        try:
            identity = installation.gate.identity
            identity.add_user(User("lin", "lin", Role.CLINICIAN, organisation="h1"), None)
            session = identity.open_session(identity.users()[0])
            bare = application(installation)
            whole = application(installation, service=WIDE, hosts=frozenset({"bench.example"}))
            cookie = f"{COOKIE}={session.token}"
            for name, path, sent in (("health", "/health", ""), ("page", "/patients", cookie)):
                without, with_it = asyncio.run(_by_turns(_asked(bare, path, sent), _asked(whole, path, sent)))
                yield line(
                    "gate_front", with_it - without, "CPU-ms/request", request=name, whole=round(with_it, 3),
                    without=round(without, 3), share=round(1 - without / with_it, 3), rounds=ROUNDS, each=EACH,
                )  # fmt: skip
        finally:
            installation.close()


async def _by_turns(*asked: Asked) -> list[float]:
    """Of each, the median over the rounds of the CPU milliseconds of one request."""
    taken: list[list[float]] = [[] for _ in asked]
    for one in asked:
        await one()
    for _ in range(ROUNDS):
        for one, times in zip(asked, taken, strict=True):
            start = time.process_time()
            for _ in range(EACH):
                await one()
            times.append((time.process_time() - start) / EACH * 1000)
    return [median(times) for times in taken]


def _asked(app: Any, path: str, cookie: str) -> Asked:
    headers = [(b"host", b"bench.example"), *([(b"cookie", cookie.encode())] if cookie else [])]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"", "headers": headers,
        "client": ("192.0.2.1", 50_000), "server": ("bench.example", 80),
    }  # fmt: skip

    async def received() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def sent(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise RuntimeError(f"{path} answered {message['status']}")

    async def one() -> None:
        await app(dict(scope), received, sent)

    return one
