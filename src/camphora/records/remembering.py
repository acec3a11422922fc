"""What follows from an Access, found again by the very object: requests of one reader bring the same one, and an Access
takes longer to compare than to look at."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from camphora.policy import Access

T = TypeVar("T")
MOST = 2048


class ByAccess(Generic[T]):
    """A function of an Access and more, which remembers its values; it holds each Access, so that no other one can take
    its place in memory."""

    def __init__(self, make: Callable[..., T]) -> None:
        self._make = make
        self._kept: dict[tuple[Hashable, ...], tuple[Access, T]] = {}

    def __call__(self, access: Access, *rest: Any, **named: Any) -> T:
        key = (id(access), *rest, *named.values())
        held = self._kept.get(key)
        if held is not None:
            return held[1]
        made = self._make(access, *rest, **named)
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[key] = access, made
        return made

    def cache_clear(self) -> None:
        self._kept.clear()
        inner = getattr(self._make, "cache_clear", None)
        if inner is not None:
            inner()
