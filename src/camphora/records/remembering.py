"""What follows from an Access, found again by the very object: requests of one reader bring the same one, and an Access
takes longer to compare than to look at."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Concatenate, ParamSpec, TypeVar

from camphora.policy import Access

P = ParamSpec("P")
T = TypeVar("T")
MOST = 2048


def by_access(make: Callable[Concatenate[Access, P], T]) -> Callable[Concatenate[Access, P], T]:
    """A function of an Access and more, which remembers its values; it holds each Access, so that no other one can take
    its place in memory. `cache_clear` forgets all, also what the function itself remembers."""
    kept: dict[tuple[Hashable, ...], tuple[Access, T]] = {}

    def found(access: Access, /, *rest: P.args, **named: P.kwargs) -> T:
        key = (id(access), *rest, *named.values())
        held = kept.get(key)
        if held is not None:
            return held[1]
        made = make(access, *rest, **named)
        if len(kept) >= MOST:
            kept.clear()
        kept[key] = access, made
        return made

    def cache_clear() -> None:
        kept.clear()
        inner: Any = getattr(make, "cache_clear", None)
        if inner is not None:
            inner()

    found.cache_clear = cache_clear  # type: ignore[attr-defined]
    return found
