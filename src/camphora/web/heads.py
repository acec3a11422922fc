"""The headers of a request as texts: decoded once, the first of each name. Starlette searches all of them for every
name that is asked for."""

from __future__ import annotations

from starlette.types import Scope

KEPT = "camphora.headers"
ARRIVED = "camphora.arrived"
"""When a request came, by `time.perf_counter`."""
EXTENSIONS, WHOLE = "extensions", "camphora.whole"
"""Under which our own server offers to take an answer whole: `(status, lines of its headers, body)`, True if it did."""


def headers_of(scope: Scope) -> dict[str, str]:
    """The first header of each name, by its name in lower case. Kept with the request: do not change it."""
    found: dict[str, str] | None = scope.get(KEPT)
    if found is None:
        given = reversed(scope["headers"])
        found = {name.decode("latin-1"): value.decode("latin-1") for name, value in given}
        scope[KEPT] = found
    return found
