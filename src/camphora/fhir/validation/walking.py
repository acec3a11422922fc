"""The closures that walk JSON: objects by their shape, arrays, and a value with further checks.

An object's *shape* is the tuple of its property names. All that hangs on names alone (required and unknown
properties, one choice of `value[x]`, invariants over what exists) is decided once per shape; what is left to do for
an object is to look up its shape and check its values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from camphora.fhir.primitives import Found, wrong_type
from camphora.fhir.validation.scope import Check, Scope

MOST_SHAPES = 512
"""So many shapes of one node are kept; further ones are checked all the same, only slower."""


MOST_REMEMBERED = 4096


class Shape(NamedTuple):
    """What to check in an object with these names: per property its label in paths and its check, then the rules
    over the whole object, and the faults that the names alone make."""

    steps: tuple[tuple[str, Check], ...]
    rules: tuple[Check, ...]
    faults: tuple[Found, ...]


def object_check(shape_of: Callable[[tuple[str, ...]], Shape]) -> Check:
    """The check of an object."""
    shapes: dict[tuple[str, ...], Shape] = {}

    def check(value: Any, scope: Scope) -> list[Found] | None:
        if type(value) is not dict or not value:
            return wrong_type(value, "object")
        names = tuple(value)
        shape = shapes.get(names)
        if shape is None:
            shape = shape_of(names)
            if not shape.faults and len(shapes) < MOST_SHAPES:
                shapes[names] = shape
        found: list[Found] | None = None
        for (label, one), item in zip(shape.steps, value.values()):  # noqa: B905 - the keyword costs a third
            faults = one(item, scope)
            if faults is not None:
                found = _under(found, label, faults, item, value)
        for rule in shape.rules:
            faults = rule(value, scope)
            if faults is not None:
                found = [*(found or ()), *faults]
        if shape.faults:
            found = [*(found or ()), *shape.faults]
        return found or None

    return check


def _under(
    found: list[Found] | None, label: str, faults: list[Found], item: Any, owner: dict[str, Any]
) -> list[Found]:
    """The faults of a property under its label, without those of nulls that the array beside it fills."""
    found = [] if found is None else found
    beside = owner.get(f"_{label}") if owner.get(f"_{label}") is not item else owner.get(label)
    for fault in faults:
        if fault.code == "fhir-null" and _filled(beside, fault.path):
            continue
        if fault.path == "" and fault.code == "fhir-type" and type(item) is list:
            found.append(Found(f".{label}", "fhir-too-many", {"most": 1}))
        else:
            found.append(fault._replace(path=f".{label}{fault.path}"))
    return found


def _filled(beside: Any, path: str) -> bool:
    index = path[1:-1]
    if not isinstance(beside, list) or not index.isdecimal():
        return False
    return int(index) < len(beside) and beside[int(index)] is not None


def array_check(one: Check, least: int, most: int | None, limits: Callable[[int], list[Found]]) -> Check:
    """The check of an array whose items all have one check; `limits` says what is wrong with a number of items."""

    def check(value: Any, scope: Scope) -> list[Found] | None:
        if type(value) is not list or not value:
            return no_array(value)
        found: list[Found] | None = None
        for index, item in enumerate(value):
            faults = one(item, scope)
            if faults is not None:
                found = [] if found is None else found
                found += [fault._replace(path=f"[{index}]{fault.path}") for fault in faults]
        if len(value) < least or (most is not None and len(value) > most):
            found = [*(found or ()), *limits(len(value))]
        return found

    return check


def no_array(value: Any) -> list[Found]:
    """What is said where an array should stand."""
    if isinstance(value, list) or value is None:
        return wrong_type(value, "array")
    return [Found("", "fhir-not-array", {})]


def pair_rule(name: str) -> Check:
    """A repeating primitive and the array of its ids and extensions have the same length."""

    def rule(value: Any, _scope: Scope) -> list[Found] | None:
        values, beside = value[name], value[f"_{name}"]
        if type(values) is not list or type(beside) is not list or len(values) == len(beside):
            return None
        return [Found(f".{name}", "fhir-pair", {"element": name})]

    return rule


def remembered(check: Check) -> Check:
    """The check of small objects that come again and again, codings: one found right is right when it comes again.

    Only objects of texts are remembered (in Python `True == 1`), and only so many."""
    good: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()

    def quick(value: Any, scope: Scope) -> list[Found] | None:
        if type(value) is not dict or scope.tally is not None or "id" in value:
            return check(value, scope)
        values = tuple(value.values())
        key = (tuple(value), values)
        try:
            if key in good:
                return None
        except TypeError:
            return check(value, scope)
        found = check(value, scope)
        if found is None and all(type(one) is str for one in values):
            if len(good) >= MOST_REMEMBERED:
                good.clear()
            good.add(key)
        return found

    return quick


def right(_value: Any, _scope: Scope) -> None:
    """The check of what needs none."""
    return


def both(content: Check, more: list[Check]) -> Check:
    """A value's own check and, where it is right so far as they need it, the further ones."""
    if not more:
        return content
    if len(more) == 1:
        return _two(content, more[0])
    checks = tuple(more)

    def check(value: Any, scope: Scope) -> list[Found] | None:
        found = content(value, scope)
        for one in checks:
            faults = one(value, scope)
            if faults is not None:
                found = [*(found or ()), *faults]
        return found

    return check


def _two(first: Check, second: Check) -> Check:
    def check(value: Any, scope: Scope) -> list[Found] | None:
        found = first(value, scope)
        faults = second(value, scope)
        if faults is None:
            return found
        return faults if found is None else [*found, *faults]

    return check


def safe(name: str) -> str:
    """A property's name as far as it can be one: text of another kind may be a person's."""
    return name if len(name) <= 64 and name.isascii() and name.lstrip("_").isalnum() else "?"
