"""The application of a worker: reads of the FHIR API by a bearer token, through the same layers and routes as the
leader's; all else is passed on."""

from __future__ import annotations

import logging
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from camphora.errors import CamphoraError, Forbidden
from camphora.installation.reading import Reading
from camphora.installation.service import Service
from camphora.policy import Access
from camphora.records.relay import Relay
from camphora.web.fhir import Api, fhir_routes
from camphora.web.fhir.addresses import Addresses
from camphora.web.fhir.outcomes import ours
from camphora.web.fhir.receipts import TYPE as RECEIPTS
from camphora.web.fhir.routes import refused
from camphora.web.front import Entrance
from camphora.web.monitoring import Measures
from camphora.web.site import bearer_access
from camphora.web.workers.awaiting import AwaitingDoor, Post
from camphora.web.workers.forwarding import forward

log = logging.getLogger("camphora.web")
BASE = "/fhir"
OWN = frozenset(
    f"fhir.{name}"
    for name in (
        "read",
        "vread",
        "search",
        "search-post",
        "search-all",
        "compartment",
        "history",
        "history-type",
        "history-all",
        "everything",
        "meta",
    )
)
"""The read paths that a worker answers: reading of records, which write nothing but their receipt."""
READING = frozenset({"GET", "HEAD"})


def answering(
    reading: Reading, service: Service, hosts: frozenset[str], measures: Measures, relay: Relay
) -> ASGIApp:
    """The application. Somebody must let the relay hear."""
    api = Api(
        store=reading.store,
        access=_access_of(reading),
        stood_for=reading.gate.stood_for,
        desk=reading.desk,
    )
    addresses = Addresses(fhir_routes(api))
    entrance = Entrance(service, reading.gate.identity, hosts)
    door = AwaitingDoor(addresses, _Errors(), measures, entrance, post=Post(relay))
    return Parted(door, addresses)


def _access_of(reading: Reading) -> Callable[[Request], Access]:
    def access(request: Request) -> Access:
        found = bearer_access(reading.gate, request)
        if found is None:
            raise Forbidden("web-sign-in-needed")
        return found

    return access


class Parted:
    """Parts what is asked into the worker's own and the leader's, by the table of addresses that both have."""

    def __init__(self, own: ASGIApp, addresses: Addresses) -> None:
        self._own, self._addresses = own, addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._own if self._is_own(scope) else forward
        await app(scope, receive, send)

    def _is_own(self, scope: Scope) -> bool:
        if scope["type"] != "http" or not scope["path"].startswith(f"{BASE}/") or not _has_token(scope):
            return False
        inside = {**scope, "root_path": BASE, "path_params": {}}
        route, found = self._addresses.route_of(inside)
        if route.name not in OWN or found.get("path_params", {}).get("type") == RECEIPTS:
            return False
        return scope["method"] in READING or scope["path"].endswith("/_search")


def _has_token(scope: Scope) -> bool:
    """Whether the request brings one bearer token, be it valid or not."""
    said = [value for name, value in scope["headers"] if name == b"authorization"]
    return len(said) == 1 and said[0][:7].lower() == b"bearer " and bool(said[0][7:].strip())


class _Errors:
    """What is said of errors before any handler: as the leader says it of the FHIR API."""

    async def edge(self, request: Request, error: CamphoraError) -> Response:
        return refused(request, error)

    async def unexpected(self, request: Request, error: Exception) -> Response:
        return refused(request, ours(error))
