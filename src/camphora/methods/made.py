"""How a result was made, so that it can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from typing import Any

import numpy as np

from camphora.errors import Conflict, Invalid

ROOM = "camphora.methods"


@dataclass(frozen=True, slots=True)
class Made:
    """`method`: the function by its place in this room, `detection.ears.c1`; `version`: rises whenever its numbers
    change; `parameters`: all of them, as plain values that JSON can hold."""

    method: str
    version: int
    parameters: Mapping[str, Any]

    def again(self, *data: Any) -> Any:
        """The result of the same method on these data. Conflict `methods-other-version` where its numbers have changed
        since, Invalid `methods-unknown` where there is no such method."""
        found = function(self.method)
        result = found(*data, **self.parameters)
        now = result.made
        if now.version != self.version:
            raise Conflict("methods-other-version", method=self.method, made=self.version, now=now.version)
        return result

    def plain(self) -> dict[str, Any]:
        """As JSON holds it; `Made(**plain)` is this again."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}


def function(name: str) -> Any:
    """A method by its place in this room. Invalid `methods-unknown`."""
    module, _, last = name.rpartition(".")
    parts = name.split(".")
    if not module or not all(part.isidentifier() and not part.startswith("_") for part in parts):
        raise Invalid("methods-unknown", method=name)
    try:
        found = getattr(import_module(f"{ROOM}.{module}"), last)
    except (ImportError, AttributeError):
        raise Invalid("methods-unknown", method=name) from None
    if not callable(found) or not getattr(found, "__module__", "").startswith(f"{ROOM}."):
        raise Invalid("methods-unknown", method=name)
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value
