"""What a check knows beside its value: the resource in hand and what lies around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from camphora.fhir.primitives import Found

Check = Callable[[Any, "Scope"], list[Found] | None]
"""The faults of a value in its scope; None where it is right."""


class Tally:
    """What a validation that counts has done. `unknown` are the things that could not be checked: what, and which."""

    def __init__(self) -> None:
        self.nodes = 0
        self.invariants = 0
        self.unknown: dict[tuple[str, str], None] = {}


class Scope:
    """One resource being checked. `resource` is it, `root` the one that contains it (or itself), `outer` the scope
    of the bundle around it; `ids` are those of elements met so far, each with the object that bears it; `seen` are
    the targets of references followed so far and whether they are right: while one is followed it is, so that
    circles end; `depth` is the number of references between the resource in hand and this one. `looked`: whether a
    check asked for any of these: what it said then hangs on more than its value."""

    __slots__ = ("_entry", "_ids", "_resource", "_root", "_seen", "depth", "looked", "outer", "tally")

    def __init__(
        self,
        resource: Any,
        root: Any = None,
        outer: Scope | None = None,
        entry: Any = None,
        tally: Tally | None = None,
    ) -> None:
        self._resource = resource
        self._root = resource if root is None else root
        self.outer = outer
        self._entry = entry
        self.tally = tally
        self.depth: int = outer.depth if outer else 0
        self.looked = False
        self._ids: dict[str, int] | None = None
        self._seen: dict[tuple[int, object], bool] | None = outer.seen if outer else None

    @property
    def resource(self) -> Any:
        self.looked = True
        return self._resource

    @property
    def root(self) -> Any:
        self.looked = True
        return self._root

    @property
    def entry(self) -> Any:
        self.looked = True
        return self._entry

    @entry.setter
    def entry(self, entry: Any) -> None:
        self._entry = entry

    @property
    def ids(self) -> dict[str, int]:
        self.looked = True
        if self._ids is None:
            self._ids = {}
        return self._ids

    @property
    def seen(self) -> dict[tuple[int, object], bool]:
        self.looked = True
        if self._seen is None:
            self._seen = {}
        return self._seen

    def unknown(self, what: str, which: str) -> None:
        """Notes that something could not be checked."""
        if self.tally is not None:
            self.tally.unknown[what, which] = None
