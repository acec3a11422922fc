"""Every read path declares itself: route, command, follower or download.

A path that reaches persons must stand in the leak suite under its name; a test walks the application and
fails where a route, command or follower is not declared, or where a declared one has no leak test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PathKind = Literal["route", "command", "follower", "download"]
Reach = Literal["persons", "tables", "nothing"]


@dataclass(frozen=True, slots=True)
class ReadPath:
    """One way by which data can leave. `reach` says the most that it can show."""

    name: str
    kind: PathKind
    reach: Reach


_declared: dict[str, ReadPath] = {}


def read_path(name: str, kind: PathKind, reach: Reach) -> ReadPath:
    """Declare a path and return it. The same name may be declared again only with the same facts."""
    path = ReadPath(name, kind, reach)
    if _declared.setdefault(name, path) != path:
        raise ValueError(name)
    return path


def declared() -> tuple[ReadPath, ...]:
    """All paths declared by the modules imported so far, by name."""
    return tuple(_declared[name] for name in sorted(_declared))
