"""What this room asks of rooms above it: codes and other resources. It never fetches either itself."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol


class Terms(Protocol):
    """Answers about codes; `terminology` gives one that knows the loaded code systems and value sets."""

    @property
    def state(self) -> Hashable:
        """Changes whenever an answer may: what was remembered under another state is to be asked again."""
        ...

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        """Whether the value set has the code; system None where the element implies it. None: not known here."""
        ...

    def knows(self, system: str, code: str) -> bool | None:
        """Whether the code system has the code. None: the system, or all of it, is not known here."""
        ...

    def display(self, system: str, code: str, lang: str) -> str | None:
        """What people call the code in a language; None where the code or its name is not known."""
        ...

    def displays(self, system: str, code: str) -> Sequence[str]:
        """Every name that the code system gives the code, in any language; empty where it is not known."""
        ...

    def subsumes(self, system: str, parent: str, child: str) -> bool | None:
        """Whether `parent` is `child` or stands above it; None where the hierarchy is not known."""
        ...


class Resolver(Protocol):
    """Answers what a reference points to; `records` gives one bound to a reader's Access."""

    def resolve(self, reference: str) -> dict[str, Any] | None:
        """The resource; None where there is none, or none that this reader may see: the two look the same."""
        ...
