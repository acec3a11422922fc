"""The FHIR API's own door: one layer for all that the portal's stack does in nested ones, since reads are many.

It is asked before the stack and does the same duties by the same functions: whom a proxy speaks for, host names and
counts, the time of the work, errors in words, compression, headers, measures. A test holds both to the same answers.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from camphora.errors import CamphoraError, deadline
from camphora.web.compressing import Compressed, as_it_is
from camphora.web.fhir.addresses import Addresses
from camphora.web.fhir.routes import Whole
from camphora.web.front import Entrance, arrive
from camphora.web.heads import ARRIVED, EXTENSIONS, WHOLE
from camphora.web.monitoring import UNKNOWN, Measures
from camphora.web.securing import Headers, on_the_wire, secured

PATH, NAME = "/fhir", "camphora.route"
INSIDE = f"{PATH}/"
SMALLEST_COMPRESSED = 1000


class Telling(Protocol):
    """Errors as answers, in words."""

    async def edge(self, request: Request, error: CamphoraError) -> Response: ...

    async def unexpected(self, request: Request, error: Exception) -> Response: ...


class Application(Starlette):
    """The portal's stack, with a door for the FHIR API before it."""

    door: Door | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self.door
        if door is not None and door.is_for(scope):
            scope["app"] = self
            await door(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class Door:
    """What stands at an address inside the API, for every method."""

    def __init__(
        self, addresses: Addresses, errors: Telling, measures: Measures, entrance: Entrance | None = None
    ) -> None:
        self.addresses = addresses
        self.errors = errors
        self.measures = measures
        self.entrance = entrance

    def is_for(self, scope: Scope) -> bool:
        path = scope["path"] if scope["type"] == "http" and not scope.get("root_path") else ""
        return path.startswith(INSIDE) or path == PATH

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = scope[ARRIVED] = time.perf_counter()
        given = _Given(scope, receive, send)
        try:
            if self.entrance is not None:
                arrive(scope, self.entrance.service)
            try:
                await self._answer(scope, receive, given)
            except CamphoraError as error:
                await given.instead(await self.errors.edge(Request(scope), error))
            except Exception as error:  # noqa: BLE001 - the edge: nothing passes it unsaid
                await given.instead(await self.errors.unexpected(Request(scope), error))
        finally:
            route = scope.get(NAME, UNKNOWN)
            self.measures.answered(route, scope["method"], given.status, time.perf_counter() - begun)

    async def _answer(self, scope: Scope, receive: Receive, given: _Given) -> None:
        entrance = self.entrance
        if entrance is None:
            await given.compressed(await self._routed(scope, receive))
            return
        await entrance.admit(scope)
        with deadline.within(entrance.seconds(scope), anew=True):
            await given.compressed(await self._routed(scope, entrance.body(scope, receive)))

    async def _routed(self, scope: Scope, receive: Receive) -> Response:
        """The answer of the route that the address has. No error passes it: routes tell theirs."""
        scope["app_root_path"], scope["root_path"], scope["router"] = "", PATH, self.addresses
        if scope["path"] == PATH:
            scope["path"] = INSIDE
        route, found = self.addresses.route_of(scope)
        scope.update(found)
        scope[NAME] = route.name
        answer: Response = await route.endpoint(Request(scope, receive))
        return answer


class _Given:
    """The answer on its way out: with the headers of every answer; `status` once it is begun."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self.status: int | None = None

    async def compressed(self, answer: Response) -> None:
        plain = not isinstance(answer, StreamingResponse | FileResponse) and answer.background is None
        headers = as_it_is(answer, self._scope, SMALLEST_COMPRESSED) if plain else None
        if headers is None:
            pressed = Compressed(answer, minimum_size=SMALLEST_COMPRESSED)
            await Headers(pressed)(self._scope, self._receive, self._noted)
        else:
            await self._whole(answer, headers)

    async def instead(self, answer: Response) -> None:
        """An error's answer, unless another is begun: of that nothing can be taken back."""
        if self.status is None:
            await self._whole(answer, answer.raw_headers)

    async def _whole(self, answer: Response, headers: Iterable[tuple[bytes, bytes]]) -> None:
        scope = self._scope
        self.status = answer.status_code
        if type(answer) is Whole and (at_once := scope.get(EXTENSIONS, {}).get(WHOLE)):
            lines = on_the_wire(headers, scope["query_string"], secure=scope["scheme"] == "https")
            if at_once(self.status, lines, answer.body):
                return
        made = secured(headers, scope["query_string"], secure=scope["scheme"] == "https")
        await self._send({"type": "http.response.start", "status": self.status, "headers": made})
        await self._send({"type": "http.response.body", "body": answer.body})

    async def _noted(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)
