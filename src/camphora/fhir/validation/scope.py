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
    circles end; `depth` is the number of references between the resource in hand and this one."""

    __slots__ = ("depth", "entry", "ids", "outer", "resource", "root", "seen", "tally")

    def __init__(
        self,
        resource: Any,
        root: Any = None,
        outer: Scope | None = None,
        entry: Any = None,
        tally: Tally | None = None,
    ) -> None:
        self.resource = resource
        self.root = resource if root is None else root
        self.outer = outer
        self.entry = entry
        self.tally = tally
        self.depth: int = outer.depth if outer else 0
        self.ids: dict[str, int] = {}
        self.seen: dict[tuple[int, object], bool] = outer.seen if outer else {}

    def unknown(self, what: str, which: str) -> None:
        """Notes that something could not be checked."""
        if self.tally is not None:
            self.tally.unknown[what, which] = None
