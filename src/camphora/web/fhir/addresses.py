"""Which route of the API an address has: found by its method, the number of its parts and the last of them, so that not
every route is tried for every request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send


class TypeName(StringConvertor):
    """What may be the name of a type in an address: letters alone, so that `_history` is none."""

    regex = "[A-Za-z]+"


KIND = "{type:kind}"
"""The name of a type as a part of a route's address."""
register_url_convertor("kind", TypeName())


class Choice(NamedTuple):
    """A route, and the parts of its address by their places: those that are fixed, and those that stand for any, with
    their names and whether they are of letters alone."""

    route: Route
    words: tuple[tuple[int, str], ...]
    open: tuple[tuple[int, str, bool], ...]

    def params(self, parts: Sequence[str]) -> dict[str, Any] | None:
        """What the parts of an address say for this route; None where they do not meet it."""
        for at, word in self.words:
            if parts[at] != word:
                return None
        found = {}
        for at, name, of_letters in self.open:
            part = parts[at]
            if not part or (of_letters and not (part.isascii() and part.isalpha())):
                return None
            found[name] = part
        return found


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
            choice = _choice(route)
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
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        parts = path.split("/")
        last = parts[-1] if parts[-1] in self._last_words else ""
        for choice in self._choices.get((scope["method"], len(parts), last), ()):
            found = choice.params(parts)
            if found is not None:
                params = {**scope.get("path_params", {}), **found}
                return choice.route, {"endpoint": choice.route.endpoint, "path_params": params}
        params = {**scope.get("path_params", {}), "path": path.removeprefix("/")}
        return self._rest, {"endpoint": self._rest.endpoint, "path_params": params}


def _choice(route: Route) -> Choice:
    """A route's address as Starlette compiled it, with the kinds of its parts."""
    words, several = [], []
    for at, part in enumerate(route.path_format.split("/")):
        if _is_open(part):
            name = part[1:-1]
            several.append((at, name, isinstance(route.param_convertors[name], TypeName)))
        else:
            words.append((at, part))
    return Choice(route, tuple(words), tuple(several))


def _parts(route: Route) -> list[str]:
    return route.path.split("/")


def _is_open(part: str) -> bool:
    """Whether a part of a route's address stands for any."""
    return part.startswith("{")
