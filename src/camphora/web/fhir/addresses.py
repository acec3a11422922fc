"""Which route of the API an address has: found by its method, the number of its parts and the last of them, so that not
every route is tried for every request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from starlette.routing import Match, Route, Router
from starlette.types import Receive, Scope, Send


class Choice(NamedTuple):
    """A route, and the parts of its address that are fixed, by their places."""

    route: Route
    words: tuple[tuple[int, str], ...]


class Addresses(Router):
    """The first of these routes that an address and its method meet; the last one meets all.

    No route but the last may take a part that holds a slash."""

    def __init__(self, routes: Sequence[Route]) -> None:
        super().__init__(routes)
        *known, self._rest = routes
        self._last_words = {_parts(route)[-1] for route in known if not _is_open(_parts(route)[-1])}
        self._choices: dict[tuple[str, int, str], list[Choice]] = {}
        for route in known:
            parts = _parts(route)
            choice = Choice(route, tuple((at, part) for at, part in enumerate(parts) if not _is_open(part)))
            for method in route.methods or ():
                for last in {*self._last_words, ""} if _is_open(parts[-1]) else {parts[-1]}:
                    self._choices.setdefault((method, len(parts), last), []).append(choice)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("router", self)
        route, found = self.route_of(scope)
        scope.update(found)
        await route.handle(scope, receive, send)

    def route_of(self, scope: Scope) -> tuple[Route, Scope]:
        """The route of a request, and what its address says for it."""
        parts = scope["path"].removeprefix(scope.get("root_path", "")).split("/")
        last = parts[-1] if parts[-1] in self._last_words else ""
        for route, words in self._choices.get((scope["method"], len(parts), last), ()):
            if all(parts[at] == word for at, word in words):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    return route, found
        return self._rest, self._rest.matches(scope)[1]


def _parts(route: Route) -> list[str]:
    return route.path.split("/")


def _is_open(part: str) -> bool:
    """Whether a part of a route's address stands for any."""
    return part.startswith("{")
