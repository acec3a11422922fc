"""Serving an installation on a port until Ctrl-C, with one clear line for each thing that can go wrong."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

from camphora.cli.beside import answering
from camphora.cli.collecting import set_apart, take_back
from camphora.errors import Busy, Invalid, Lang
from camphora.installation import Installation
from camphora.installation.secrecy import require_private
from camphora.installation.service import Service
from camphora.web.app import application
from camphora.web.front import LOOPBACK_NAMES
from camphora.web.monitoring import Measures
from camphora.web.watching import FOLDER, Watches

LOOPBACK = "127.0.0.1"
KEEP_ALIVE_SECONDS, SHUTDOWN_SECONDS = 15, 10
OWN_FILES = 2_048
"""Files beside connections: databases, each opened by every thread that reads it, and the lake's parts."""
LARGEST_H11 = 32 * 1024


def listen(port: int, host: str = LOOPBACK) -> socket.socket:
    """A listening socket, opened before anything slow is done. Raises `Busy cli-port-taken`."""
    if not 0 <= port <= 65535:
        raise Invalid("cli-port", port=port)
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            raise Busy("cli-port-taken", port=port) from error
        if error.errno == errno.EACCES:
            raise Invalid("cli-port-refused", port=port) from error
        raise Invalid("cli-port", port=port) from error
    made.listen(128)
    return made


def serve(
    installation: Installation,
    listening: socket.socket,
    lang: Lang,
    ready: Callable[[], None],
    workers: int | None = None,
) -> None:
    """Answer requests until the process is asked to stop; `ready` is called once answers can be given. `workers`: how
    many processes read; of one, this process does all. None: as `service.toml` says.

    No access log is written: addresses hold names and numbers of persons. Raises `Invalid` where `service.toml` is
    not right, a key is open to others, or several processes are asked for where they cannot be."""
    require_private(installation.folder)
    service = Service.of(installation.folder)
    allow_files(service.limits.connections)
    readers, host = workers or service.workers, listening.getsockname()[0]
    watches = Watches(installation.folder / FOLDER)
    if readers > 1:
        from camphora.cli.workers import Leader

        server: Server = Leader(
            installation, service, readers, host=host, lang=lang, ready=ready, watches=watches
        )
    else:
        server = Server(configured(installation, service, host, lang, watches=watches), ready)
    with watches.beforehand(installation), answering(installation):
        set_apart()
        try:
            server.run(sockets=[listening])
        finally:
            take_back()


def allow_files(connections: int) -> None:
    """See to it that so many connections may be open beside our own files, as far as the system lets a process say so:
    many systems begin with 1,024 files in all."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OWN_FILES
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def hosts_of(service: Service, host: str) -> frozenset[str]:
    """The host names that are answered, of a server that listens there."""
    return service.hosts | LOOPBACK_NAMES if host.startswith("127.") else service.hosts


def configured(  # noqa: PLR0917 - what serves, for whom, and what it counts and keeps
    installation: Installation,
    service: Service,
    host: str,
    lang: Lang,
    measures: Measures | None = None,
    watches: Watches | None = None,
) -> uvicorn.Config:
    """How uvicorn serves the whole application."""
    hosts = hosts_of(service, host)
    made = application(
        installation, lang=lang, service=service, hosts=hosts, measures=measures, watches=watches
    )
    return config_of(made, service)


def config_of(app: ASGIApp, service: Service) -> uvicorn.Config:
    """How uvicorn serves: every bound set, no WebSocket, and forwarded addresses left to `web.front`."""
    return uvicorn.Config(
        app,
        http=_protocol(service),
        ws="none",
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=service.limits.connections,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        h11_max_incomplete_event_size=LARGEST_H11,
    )


def _protocol(service: Service) -> type[asyncio.Protocol] | Literal["h11"]:
    """Ours over httptools, which Windows has not."""
    if find_spec("httptools") is None:
        return "h11"
    from camphora.cli.protocol import bounded

    return bounded(service)


class Server(uvicorn.Server):
    """uvicorn's, which says when it answers and ends in order."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM end serving in order. They are not raised again, so that what was opened is closed and
        the exit code is 0."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def open_browser(address: str) -> None:
    """Open the address where there is somebody with a screen to see it."""
    screen = (
        sys.platform in {"darwin", "win32"} or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    if screen and sys.stderr.isatty():
        webbrowser.open(address)
