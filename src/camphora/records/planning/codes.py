"""What the planner asks of the terminology room; `terminology.terms.HeldTerms` answers it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol


class Coding(Protocol):
    """What is asked of the terminology room."""

    @property
    def state(self) -> Hashable:
        """Changes whenever an answer may."""
        ...

    def has_value_set(self, address: str) -> bool:
        """Whether the value set is known and its content can be told."""
        ...

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        """Whether the value set has the code; None where that is not known."""
        ...

    def knows(self, system: str, code: str) -> bool | None:
        """Whether the code system has the code; None where the system is not held."""
        ...

    def subsumes(self, system: str, parent: str, child: str) -> bool | None:
        """Whether `parent` is `child` or stands above it; None where that is not known."""
        ...
