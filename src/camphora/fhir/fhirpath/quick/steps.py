"""The steps of the quick way: closures over JSON that give values or a truth, or give up with `Slow`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from camphora.fhir.fhirpath.types import Field, Option, Shape

Values = Callable[[Any], list[Any]]
Truth = Callable[[Any], bool | None]


class Slow(Exception):
    """The data are none for this way."""


class Path(NamedTuple):
    """JSON values from the context; `shape` None where they may have several. `only`: the context itself."""

    run: Values
    shape: Shape | None
    only: bool = False
    key: str = ""
    """The property, where the path is one element of the context that occurs once."""
    beside: str = ""


def itself(item: Any) -> list[Any]:
    return [item]


def of_one(option: Option) -> Values:
    key, beside = option.key, option.beside

    def run(item: Any) -> list[Any]:
        if type(item) is not dict:
            raise Slow
        value = item.get(key)
        if value is None:
            if beside in item:
                raise Slow
            return []
        if type(value) is list:
            raise Slow
        return [value]

    return run


def of_each(source: Values, option: Option) -> Values:
    key, beside = option.key, option.beside

    def run(item: Any) -> list[Any]:
        found = []
        for each in source(item):
            if type(each) is not dict:
                raise Slow
            value = each.get(key)
            if value is None:
                if beside in each:
                    raise Slow
            elif type(value) is list:
                raise Slow
            else:
                found.append(value)
        return found

    return run


def of_many(option: Option) -> Values:
    key, beside = option.key, option.beside

    def run(item: Any) -> list[Any]:
        if type(item) is not dict:
            raise Slow
        value = item.get(key)
        if value is None and beside not in item:
            return []
        if type(value) is not list or None in value:
            raise Slow
        return value

    return run


def of_choice(field: Field) -> Values:
    keys = frozenset(key for option in field.options for key in (option.key, option.beside) if key)

    def run(item: Any) -> list[Any]:
        if type(item) is not dict:
            raise Slow
        found = [key for key in item if key in keys]
        if not found:
            return []
        value = item[found[0]]
        if len(found) > 1 or found[0][0] == "_" or type(value) is list or value is None:
            raise Slow
        return [value]

    return run


def over(source: Path, step: Values) -> Values:
    """`step` on the context itself, or on each thing that the source gives."""
    if source.only:
        return step
    run = source.run
    return lambda item: [value for each in run(item) for value in step(each)]


def nothing_or_slow(run: Values) -> Values:
    def empty(item: Any) -> list[Any]:
        if run(item):
            raise Slow
        return []

    return empty


def at_most_one(run: Values) -> Values:
    def one(item: Any) -> list[Any]:
        found = run(item)
        if len(found) > 1:
            raise Slow
        return found

    return one


def children(item: Any) -> int:
    if type(item) is not dict:
        raise Slow
    count = 0
    for key, value in item.items():
        if key[:1] == "_" or value is None:
            raise Slow
        if type(value) is list:
            count += len(value)
        elif key != "resourceType":
            count += 1
    return count


def slow(_: Any) -> bool | None:
    raise Slow


def both(left: Truth, right: Truth, compare: Callable[[Any, Any], bool]) -> Truth:
    def run(item: Any) -> bool | None:
        a, b = left(item), right(item)
        return None if a is None or b is None else compare(a, b)

    return run


def _and(left: Truth, right: Truth) -> Truth:
    def run(item: Any) -> bool | None:
        a = left(item)
        if a is False:
            return False
        b = right(item)
        return False if b is False else True if a and b else None

    return run


def _or(left: Truth, right: Truth) -> Truth:
    def run(item: Any) -> bool | None:
        a = left(item)
        if a:
            return True
        b = right(item)
        return True if b else False if a is False and b is False else None

    return run


def _implies(left: Truth, right: Truth) -> Truth:
    def run(item: Any) -> bool | None:
        a = left(item)
        if a is False:
            return True
        b = right(item)
        return True if b else False if a and b is False else None

    return run


def _xor(left: Truth, right: Truth) -> Truth:
    return both(left, right, operator.is_not)


LOGIC: dict[str, Callable[[Truth, Truth], Truth]] = {"and": _and, "or": _or, "implies": _implies, "xor": _xor}
