"""Which route of the API an address has: found by its method, the number of its parts and its fixed words, so that not
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
        self._choices: dict[tuple[str, int], list[Choice]] = {}
        for route in known:
            parts = route.path.split("/")
            words = tuple((at, part) for at, part in enumerate(parts) if not part.startswith("{"))
            for method in route.methods or ():
                self._choices.setdefault((method, len(parts)), []).append(Choice(route, words))

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("router", self)
        route, found = self.route_of(scope)
        scope.update(found)
        await route.handle(scope, receive, send)

    def route_of(self, scope: Scope) -> tuple[Route, Scope]:
        """The route of a request, and what its address says for it."""
        parts = scope["path"].removeprefix(scope.get("root_path", "")).split("/")
        for route, words in self._choices.get((scope["method"], len(parts)), ()):
            if all(parts[at] == word for at, word in words):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    return route, found
        return self._rest, self._rest.matches(scope)[1]
