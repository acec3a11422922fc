"""What every form of patch keeps: the identity of the resource, bounds on what it may grow to, and how it fails."""

from __future__ import annotations

from typing import Any, NoReturn

from camphora.errors import Invalid, Place, TooLarge
from camphora.fhir.json import DEEPEST
from camphora.fhir.patch.paths import said

MOST_OPERATIONS = 1_000
MOST_GROWTH = 16 * 1024 * 1024
"""What all operations of a patch together may add: characters, and `PER_VALUE` for each value."""
PER_VALUE = 16


def refuse(code: str, at: int, path: str = "", **facts: object) -> NoReturn:
    """Raise Invalid for operation `at`, counted from 0, with its path in which no value is repeated."""
    raise Invalid(code, place=Place(path=f"[{at}]"), operation=at + 1, path=said(path), **facts)


def require_few(count: int) -> None:
    """Raises Invalid patch-many beyond `MOST_OPERATIONS`."""
    if count > MOST_OPERATIONS:
        raise Invalid("patch-many", most=MOST_OPERATIONS)


def require_same(before: Any, after: Any) -> None:
    """Raises Invalid patch-identity where a patch changed `resourceType` or `id`, or left no object."""
    if type(after) is not dict:
        raise Invalid("patch-identity", element="resourceType")
    for name in ("resourceType", "id"):
        if before.get(name) != after.get(name):
            raise Invalid("patch-identity", element=name)


class Growth:
    """What the operations of one patch have added so far."""

    def __init__(self) -> None:
        self._added = 0

    def duplicate(self, value: Any, at: int, level: int) -> Any:
        """A copy of `value` to be put `level` levels deep.

        Raises TooLarge patch-large where the patch has added too much, Invalid patch-deep where it nests too deep.
        """
        if level > DEEPEST:
            refuse("patch-deep", at, most=DEEPEST)
        self._added += PER_VALUE + (len(value) if type(value) is str else 0)
        if self._added > MOST_GROWTH:
            raise TooLarge(
                "patch-large", place=Place(path=f"[{at}]"), operation=at + 1, most=MOST_GROWTH >> 20
            )
        if type(value) is dict:
            return {name: self.duplicate(item, at, level + 1) for name, item in value.items()}
        if type(value) is list:
            return [self.duplicate(item, at, level + 1) for item in value]
        return value


def duplicate(value: Any) -> Any:
    """A copy of a resource that shares no object or array with it."""
    if type(value) is dict:
        return {name: duplicate(item) for name, item in value.items()}
    if type(value) is list:
        return [duplicate(item) for item in value]
    return value
