"""For monitors: `/health/live`, `/health/ready` and `/metrics`, in the text form of Prometheus
(https://prometheus.io/docs/instrumenting/exposition_formats/). No patient, reader or parameter stands in them.

`/metrics` is for administrators, or, where `service.toml` says `metrics = "loopback"`, for this machine itself.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camphora import __version__
from camphora.errors import Forbidden
from camphora.installation.service import Service
from camphora.policy import Purpose
from camphora.records.figures import Working
from camphora.web.fhir.routes import CHALLENGE
from camphora.web.site import Site, get

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""The upper ends of the classes of durations."""
UNKNOWN = "unknown"
TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Key(NamedTuple):
    route: str
    method: str
    status: int


class Figures(NamedTuple):
    """What a process has answered: requests by key, and by route the classes and the sum of their seconds."""

    counts: list[tuple[Key, int]]
    classes: dict[str, list[int]]
    sums: dict[str, float]


class Measures:
    """How many requests each route answered by method and status, and how long they took; with those of the other
    processes that answer for the same installation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Key, int] = {}
        self._classes: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}
        self._others: dict[int, Figures] = {}
        self._gone = Figures([], {}, {})

    def figures(self) -> Figures:
        """Those of this process alone."""
        with self._lock:
            classes = {route: list(each) for route, each in self._classes.items()}
            return Figures(list(self._counts.items()), classes, dict(self._sums))

    def take(self, process: int, figures: Figures) -> None:
        """The figures of another process, in place of what it said before."""
        with self._lock:
            self._others[process] = figures

    def forget(self, process: int) -> None:
        """Another process has ended. What it has answered stays counted, with what those before it have: a count
        never goes back."""
        with self._lock:
            figures = self._others.pop(process, None)
            if figures is not None:
                self._gone = _joined((self._gone, figures))

    def _all(self) -> Figures:
        own = self.figures()
        with self._lock:
            return _joined((own, self._gone, *self._others.values()))

    def note(self, key: Key, seconds: float) -> None:
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + 1
            classes = self._classes.setdefault(key.route, [0] * (len(SECONDS) + 1))
            classes[bisect_left(SECONDS, seconds)] += 1
            self._sums[key.route] = self._sums.get(key.route, 0.0) + seconds

    def answered(self, route: str, method: str, status: int | None, seconds: float) -> None:
        """Note a request; one without a status had no answer."""
        known = method if method in METHODS else UNKNOWN
        self.note(Key(route, known, 500 if status is None else status), seconds)

    def lines(self) -> Iterator[str]:
        counts, classes, sums = self._all()
        yield from _head("camphora_requests_total", "counter", "Requests answered.")
        for key, count in counts:
            named = f'route="{key.route}",method="{key.method}",status="{key.status}"'
            yield f"camphora_requests_total{{{named}}} {count}"
        yield from _head(
            "camphora_request_seconds", "histogram", "Time from a request to the end of its answer."
        )
        for route, each in classes.items():
            total = 0
            for end, count in zip((*SECONDS, "+Inf"), each, strict=True):
                total += count
                yield f'camphora_request_seconds_bucket{{route="{route}",le="{end}"}} {total}'
            yield f'camphora_request_seconds_sum{{route="{route}"}} {sums[route]:.6f}'
            yield f'camphora_request_seconds_count{{route="{route}"}} {total}'


def _joined(several: Iterable[Figures]) -> Figures:
    counts: Counter[Key] = Counter()
    sums: dict[str, float] = {}
    classes: dict[str, list[int]] = {}
    for each in several:
        counts.update(dict(each.counts))
        for route, seconds in each.sums.items():
            sums[route] = sums.get(route, 0.0) + seconds
        for route, row in each.classes.items():
            known = classes.get(route, [0] * len(row))
            classes[route] = [one + other for one, other in zip(known, row, strict=True)]
    return Figures(sorted(counts.items()), dict(sorted(classes.items())), sums)


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measured:
    """Notes every request by the name of its route: a path could hold an id, a name never does."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self.app = app
        self.measures = measures
        self._names: dict[int, str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            self.measures.answered(self._name(scope), scope["method"], status, time.perf_counter() - begun)

    def _name(self, scope: Scope) -> str:
        if self._names is None:
            self._names = dict(_names(scope["app"].routes)) if "app" in scope else {}
        return self._names.get(id(scope.get("endpoint")), UNKNOWN)


def _names(routes: Iterable[BaseRoute]) -> Iterator[tuple[int, str]]:
    for route in routes:
        if isinstance(route, Mount):
            yield id(route.app), route.name or UNKNOWN
            yield from _names(route.routes)
        elif isinstance(route, Route):
            yield id(route.endpoint), route.name


def routes(site: Site, service: Service | None, measures: Measures) -> list[BaseRoute]:
    """`/health/live`, `/health/ready`, `/metrics`."""
    monitoring = Monitoring(site, service or Service(), measures)
    return [
        get("/health/live", monitoring.live, "health.live", "nothing"),
        get("/health/ready", monitoring.ready, "health.ready", "nothing"),
        get("/metrics", monitoring.metrics, "metrics", "nothing"),
    ]


class Monitoring:
    def __init__(self, site: Site, service: Service, measures: Measures) -> None:
        self.site = site
        self.service = service
        self.measures = measures

    def live(self, request: Request) -> Response:  # noqa: ARG002
        """200 while the process answers at all."""
        return JSONResponse({"status": "ok", "version": __version__})

    def ready(self, request: Request) -> Response:  # noqa: ARG002
        """200 where the store reads and takes writes, else 503: nothing should be sent here then."""
        ready = self.site.installation.store.working().ready
        return JSONResponse({"status": "ok" if ready else "unready"}, 200 if ready else 503)

    def metrics(self, request: Request) -> Response:
        """The figures of this process, of its workers (of a second ago at most), and of its store."""
        try:
            self._require_operator(request)
        except Forbidden as error:
            if error.code == "web-metrics" or "text/html" in request.headers.get("accept", ""):
                raise
            return self._unauthorized(request, error)
        lines = [*self.measures.lines(), *_of_store(self.site.installation.store.working())]
        return PlainTextResponse("\n".join(lines) + "\n", media_type=TEXT)

    def _unauthorized(self, request: Request, error: Forbidden) -> Response:
        """A monitor is no browser, which could be led to the page of signing in."""
        lang = self.site.lang(request)
        text = f"{error.text(lang)}\n{error.remedy(lang)}\n"
        return PlainTextResponse(text, 401, {"www-authenticate": CHALLENGE})

    def _require_operator(self, request: Request) -> None:
        if self.service.metrics == "loopback" and request.client and _is_loopback(request.client.host):
            return
        if self.site.api_access(request).purpose is not Purpose.OPERATION:
            raise Forbidden("web-metrics")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _of_store(found: Working) -> Iterator[str]:
    gauges = (
        ("camphora_store_bytes", found.database, "Size of the record database."),
        ("camphora_log_bytes", found.log, "Size of the receipt log."),
        ("camphora_receipts_waiting", found.waiting, "Receipts that wait for the log or its index."),
        ("camphora_writes_waiting", found.queued, "Writes that wait for their turn."),
        ("camphora_ready", int(found.ready), "Whether the store takes writes."),
    )
    counters = (
        ("camphora_changes_total", found.changes, "Lines of the change log."),
        ("camphora_receipts_total", found.receipts, "Receipts in the log."),
        ("camphora_commits_total", found.commits, "Groups committed since the start."),
        ("camphora_commit_jobs_total", found.jobs, "Jobs in the groups committed since the start."),
    )
    for kind, rows in (("gauge", gauges), ("counter", counters)):
        for name, value, text in rows:
            yield from (*_head(name, kind, text), f"{name} {value}")


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
