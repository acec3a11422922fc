"""JSON Patch (RFC 6902, with the pointers of RFC 6901) on a parsed resource."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from camphora.fhir.patch.limits import Growth, duplicate, refuse, require_few, require_same

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_BAD_ESCAPE = re.compile(r"~(?![01])")


def json_patch(resource: Mapping[str, Any], operations: Sequence[Any]) -> dict[str, Any]:
    """The resource after all operations; neither argument is changed, and properties keep their order.

    Raises Invalid (patch-…) that names the operation and its path where one cannot be done, where a `test` fails, or
    where `id` or `resourceType` would change; TooLarge patch-large. Source: RFC 6902,
    https://hl7.org/fhir/R4/http.html#patch.
    """
    require_few(len(operations))
    patching = _Patching(duplicate(resource))
    for at, operation in enumerate(operations):
        patching.apply(at, operation)
    require_same(resource, patching.document)
    done: dict[str, Any] = patching.document
    return done


class _Spot(NamedTuple):
    """A place inside the document: its container and the property or index there; None for the document itself."""

    owner: Any
    key: Any
    level: int


class _Patching:
    def __init__(self, document: Any) -> None:
        self.document = document
        self._growth = Growth()
        self._at, self._path = 0, ""

    def apply(self, at: int, operation: Any) -> None:
        self._at, self._path = at, ""
        if type(operation) is not dict:
            refuse("patch-operation", at)
        doings: dict[str, Callable[[dict[str, Any]], None]] = {
            "add": self._add, "remove": self._remove, "replace": self._replace, "move": self._move,
            "copy": self._copy, "test": self._test,
        }  # fmt: skip
        name = operation.get("op")
        if type(name) is not str or name not in doings:
            refuse("patch-operation", at)
        doings[name](operation)

    def _add(self, operation: dict[str, Any]) -> None:
        way = self._way(operation, "path")
        self._put(way, self._growth.duplicate(self._value(operation), self._at, len(way)))

    def _remove(self, operation: dict[str, Any]) -> None:
        self._take(self._way(operation, "path"))

    def _replace(self, operation: dict[str, Any]) -> None:
        way = self._way(operation, "path")
        value = self._growth.duplicate(self._value(operation), self._at, len(way))
        if not way:
            self.document = value
            return
        spot = self._spot(way)
        self._get(spot)
        spot.owner[spot.key] = value

    def _move(self, operation: dict[str, Any]) -> None:
        source, target = self._way(operation, "from"), self._way(operation, "path")
        if source == target:
            self._get(self._spot(source))
            return
        if target[: len(source)] == source:
            refuse("patch-inside", self._at, self._path)
        # what moves may come to lie deeper: it is measured as if it were new
        self._put(target, self._growth.duplicate(self._take(source), self._at, len(target)))

    def _copy(self, operation: dict[str, Any]) -> None:
        source, target = self._way(operation, "from"), self._way(operation, "path")
        self._path = operation["from"]
        value = self._get(self._spot(source))
        self._path = operation["path"]
        self._put(target, self._growth.duplicate(value, self._at, len(target)))

    def _test(self, operation: dict[str, Any]) -> None:
        found = self._get(self._spot(self._way(operation, "path")))
        if not same(found, self._value(operation)):
            refuse("patch-test", self._at, self._path)

    # members and pointers

    def _value(self, operation: dict[str, Any]) -> Any:
        if "value" not in operation:
            refuse("patch-lacks", self._at, member="value")
        return operation["value"]

    def _way(self, operation: dict[str, Any], member: str) -> list[str]:
        """The steps of a pointer."""
        pointer = operation.get(member)
        if type(pointer) is not str:
            refuse("patch-lacks", self._at, member=member)
        self._path = pointer
        if (pointer and not pointer.startswith("/")) or _BAD_ESCAPE.search(pointer):
            refuse("patch-pointer", self._at, pointer)
        return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]

    def _spot(self, way: list[str]) -> _Spot:
        """Where the last step of a way leads; its container must be there."""
        owner: Any = [self.document]
        key: Any = 0
        for step in way:
            owner = self._get(_Spot(owner, key, 0))
            key = self._key(owner, step)
        return _Spot(owner, key, len(way))

    def _key(self, owner: Any, step: str) -> Any:
        if type(owner) is dict:
            return step
        if type(owner) is not list:
            refuse("patch-absent", self._at, self._path)
        if step == "-":
            return len(owner)
        if not _INDEX.fullmatch(step):
            refuse("patch-index", self._at, self._path)
        return int(step)

    def _get(self, spot: _Spot) -> Any:
        present = spot.key in spot.owner if type(spot.owner) is dict else spot.key < len(spot.owner)
        if not present:
            refuse("patch-absent", self._at, self._path)
        return spot.owner[spot.key]

    def _put(self, way: list[str], value: Any) -> None:
        if not way:
            self.document = value
            return
        spot = self._spot(way)
        if type(spot.owner) is dict:
            spot.owner[spot.key] = value
        elif spot.key > len(spot.owner):
            refuse("patch-index", self._at, self._path)
        else:
            spot.owner.insert(spot.key, value)

    def _take(self, way: list[str]) -> Any:
        if not way:
            refuse("patch-identity", self._at, element="resourceType")
        spot = self._spot(way)
        found = self._get(spot)
        del spot.owner[spot.key]
        return found


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal as RFC 6902 says: numbers by value, and no number is a boolean."""
    if type(one) is dict and type(other) is dict:
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if type(one) is list and type(other) is list:
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float | Decimal) and isinstance(other, int | float | Decimal):
        return _decimal(one) == _decimal(other)
    return type(one) is type(other) and bool(one == other)


def _decimal(value: float | Decimal) -> int | Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else value
