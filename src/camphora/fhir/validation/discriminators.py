"""Discriminators as closures: does an item belong to a slice?

A discriminator names a place inside the item. The slice's definition says what stands there (a fixed value, a
pattern, a required value set, a type, a profile, or that something stands there at all); the closure looks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from camphora.fhir.validation.bindings import asked
from camphora.fhir.validation.matching import Test, equal, fits, some
from camphora.fhir.validation.parts import BASE, Part
from camphora.fhir.validation.scope import Scope

if TYPE_CHECKING:
    from camphora.fhir.validation.compiler import Compiler

Match = Callable[[Any, Scope], bool]
_STEP = re.compile(r"(?P<name>\$this|\w+(?:\[x\])?)(?:\((?P<argument>[^)]*)\))?\.?")


class Place(NamedTuple):
    """A part of the definition with the type that its value has there."""

    part: Part
    code: str


def discriminator(compiler: Compiler, one: Part, code: str, kind: str, path: str) -> Match:
    """Whether an item fits the slice `one` as this discriminator has it. Never True where the slice says nothing."""
    steps = [(found["name"], (found["argument"] or "").strip("'\" ")) for found in _STEP.finditer(path)]
    places = list(_places(compiler, [Place(one, code)], steps))
    read = _reader(compiler, steps)
    if kind == "exists":
        return _exists(places, read)
    if kind == "type":
        return _type(compiler, places, read)
    if kind == "profile":
        return _profile(compiler, places, read)
    return _value(compiler, places, steps, read)


def _places(compiler: Compiler, at: list[Place], steps: list[tuple[str, str]]) -> Iterator[Place]:
    for name, argument in steps:
        at = [found for place in at for found in _step(compiler, place, name, argument)]
    yield from at


def _step(compiler: Compiler, place: Place, name: str, argument: str) -> Iterator[Place]:
    if name == "$this":
        yield place
    elif name == "resolve":
        for target in place.part.types.get("Reference", {}).get("targetProfile", ()):
            root = compiler.library.root(target)
            if root is not None:
                yield Place(root, root.path)
    elif name == "ofType":
        yield Place(place.part, argument)
    else:
        inner = "extension" if name == "extension" and argument else name
        for owner in _owners(compiler, place):
            yield from _children(compiler, owner, inner, argument)


def _owners(compiler: Compiler, place: Place) -> Iterator[Part]:
    """The parts in which what lies inside a place is defined, the nearest first."""
    yield compiler.library.target(place.part)
    for code, row in place.part.types.items():
        for profile in row.get("profile", ()):
            root = compiler.library.root(profile)
            if root is not None:
                yield root
        if place.code in {"", code} and code not in {"Resource", "BackboneElement", "Element"}:
            base = compiler.library.root(BASE + code)
            if base is not None:
                yield base


def _children(compiler: Compiler, owner: Part, name: str, url: str) -> Iterator[Place]:
    child = owner.children.get(name) or owner.children.get(f"{name}[x]")
    if child is None:
        return
    if url:
        for one in child.slices.values():
            if url in one.types.get("Extension", {}).get("profile", ()):
                root = compiler.library.root(url)
                yield Place(root or one, "Extension")
        return
    yield Place(child, "")
    for one in child.slices.values():
        if one.min or child.name.endswith("[x]"):
            yield Place(one, "")


Reader = Callable[[Any, Scope], list[Any]]


def _reader(compiler: Compiler, steps: list[tuple[str, str]]) -> Reader:
    """What stands at a path in an item: all values, arrays taken apart."""
    names = [name for name, _ in steps if name != "$this"]
    if not names:
        return lambda value, _scope: [value]
    if len(names) == 1 and not steps[-1][1] and names[0] not in {"resolve", "ofType", "value"}:
        return _property(names[0])
    readers = [_read_step(compiler, name, argument) for name, argument in steps if name != "$this"]

    def read(value: Any, scope: Scope) -> list[Any]:
        values = [value]
        for one in readers:
            values = [found for item in values for found in one(item, scope)]
        return values

    return read


def _property(name: str) -> Reader:
    def read(value: Any, _scope: Scope) -> list[Any]:
        found = value.get(name) if type(value) is dict else None
        if type(found) is list:
            return found
        return [] if found is None else [found]

    return read


def _read_step(compiler: Compiler, name: str, argument: str) -> Reader:
    if name == "resolve":
        return compiler.references.resolved
    if name == "ofType":
        return lambda value, _scope: [value]
    if name == "extension" and argument:
        extensions = _property("extension")
        return lambda value, scope: [
            one for one in extensions(value, scope) if type(one) is dict and one.get("url") == argument
        ]
    plain, choice = _property(name), re.compile(rf"{re.escape(name)}[A-Z]\w*", re.ASCII)

    def read(value: Any, scope: Scope) -> list[Any]:
        found = plain(value, scope)
        if found or type(value) is not dict:
            return found
        return [item for key, item in value.items() if choice.fullmatch(key)]

    return read


def _value(compiler: Compiler, places: list[Place], steps: list[tuple[str, str]], read: Reader) -> Match:
    tests = [test for place in places if (test := _wanted(compiler, place.part))]
    if not tests:
        return lambda _value, _scope: False
    one = tests[0]
    if len(tests) > 1:
        return lambda value, scope: all(some(test, read(value, scope)) for test in tests)
    if all(name == "$this" for name, _ in steps):
        return lambda value, _scope: one(value)
    if len(steps) == 1 and _plain_text(places):
        name = steps[0][0]
        return lambda value, _scope: type(value) is dict and one(value.get(name))
    return lambda value, scope: some(one, read(value, scope))


def _plain_text(places: list[Place]) -> bool:
    """Whether JSON has one plain text at these places."""
    return all(not place.part.many and place.part.types.keys() <= _TEXTS for place in places)


_TEXTS = {"uri", "code", "string", "id", "url", "canonical"}


def _wanted(compiler: Compiler, part: Part) -> Test | None:
    """The test that a part's fixed value, pattern, required binding or the fixed values inside it make."""
    for kind, make in (("fixed", equal), ("pattern", fits)):
        asked_for = part.value(kind)
        if asked_for is not None:
            return make(asked_for[1])
    inner = [
        (name, test)
        for name, child in part.children.items()
        if child.min or child.slices
        if (test := _wanted_inside(compiler, child))
    ]
    bound = [values for _, values, severity in asked((part,)) if severity == "error"]
    if inner:
        return lambda value: type(value) is dict and all(test(value.get(name)) for name, test in inner)
    return _in_value_set(compiler, bound[0]) if bound else None


def _wanted_inside(compiler: Compiler, part: Part) -> Test | None:
    needed = [one for one in part.slices.values() if one.min]
    tests = [test for one in (part, *needed) if (test := _wanted(compiler, one))]
    if not tests:
        return None
    if not part.many:
        return lambda value: all(test(value) for test in tests)
    return lambda value: type(value) is list and all(any(map(test, value)) for test in tests)


def _in_value_set(compiler: Compiler, values: str) -> Test:
    contains = compiler.terms.contains

    def test(value: Any) -> bool:
        if type(value) is str:
            return bool(contains(values, None, value))
        if type(value) is not dict:
            return False
        if type(value.get("coding")) is list:
            return any(test(coding) for coding in value["coding"])
        system, code = value.get("system"), value.get("code")
        return (
            type(code) is str
            and (system is None or type(system) is str)
            and bool(contains(values, system, code))
        )

    return test


def _exists(places: list[Place], read: Reader) -> Match:
    wanted = any(place.part.min for place in places)
    barred = any(place.part.max == 0 for place in places)
    if not wanted and not barred:
        return lambda _value, _scope: False
    return lambda value, scope: bool(read(value, scope)) is wanted


def _type(compiler: Compiler, places: list[Place], read: Reader) -> Match:
    rows = [(code, row) for place in places for code, row in place.part.types.items()]
    wanted = {code for code, row in rows if not row.get("profile")} or {
        place.code for place in places if not rows
    }
    roots = [compiler.library.root(url) for _, row in rows for url in row.get("profile", ())]
    wanted |= {root.path for root in roots if root}

    def match(value: Any, scope: Scope) -> bool:
        found = read(value, scope)
        return bool(found) and all(_is_of(item, wanted) for item in found)

    return match


_JSON = {"boolean": bool, "integer": int, "decimal": float, "string": str}


def _is_of(value: Any, wanted: set[str]) -> bool:
    if type(value) is dict:
        kind = value.get("resourceType")
        return kind in wanted or "Resource" in wanted or (kind is None and not wanted & _JSON.keys())
    return any(code in wanted and type(value) is kind for code, kind in _JSON.items())


def _profile(compiler: Compiler, places: list[Place], read: Reader) -> Match:
    from camphora.fhir.validation.compiler import fits as conforms

    profiles = [url for p in places for row in p.part.types.values() for url in row.get("profile", ())]
    roots = [root for url in profiles if (root := compiler.library.root(url))] or [
        place.part for place in places if "." not in place.part.path
    ]

    def one(item: Any, scope: Scope) -> bool:
        kind = item.get("resourceType") if type(item) is dict else None
        fitting = [root for root in roots if kind in {None, root.path}]
        inside = scope if kind is None else Scope(item, None, scope)
        checks = [compiler.value((compiler.library.type(root.path), root), root.path) for root in fitting]
        return any(conforms(check, item, inside) for check in checks)

    def match(value: Any, scope: Scope) -> bool:
        found = read(value, scope)
        return bool(found) and all(one(item, scope) for item in found)

    return match
