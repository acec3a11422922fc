"""The functions by name, each with how many arguments it takes, of what type, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from camphora.fhir.fhirpath.running import Collection

Body = Callable[..., Collection]


@dataclass(frozen=True, slots=True)
class Definition:
    """`run(frame, source, *arguments)`: an argument is a collection, or where `lazy` a closure over a frame.

    `takes` are the System types of which the source may be (empty: any), `gives` the one of the result ("": that
    of the source, "?": not known before it runs). `single`: at most one comes out. `ordered`: it asks for an order
    that its source must have.
    """

    name: str
    run: Body
    least: int
    most: int
    lazy: bool
    takes: frozenset[str]
    gives: str
    single: bool
    ordered: bool


FUNCTIONS: dict[str, Definition] = {}


def function(
    name: str,
    arguments: tuple[int, int] = (0, 0),
    *,
    takes: str = "",
    gives: str = "?",
    lazy: bool = False,
    many: bool = False,
    ordered: bool = False,
) -> Callable[[Body], Body]:
    """Registers the function below under the name that expressions call it by."""

    def registered(body: Body) -> Body:
        least, most = arguments
        FUNCTIONS[name] = Definition(
            name, body, least, most, lazy, frozenset(takes.split()), gives, not many, ordered
        )
        return body

    return registered


def several(table: dict[str, Any], **declared: Any) -> None:
    """Registers bodies that are declared alike."""
    for name, body in table.items():
        function(name, **declared)(body)
