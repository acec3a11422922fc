"""Where a fault lies in the text that was sent: line and column beside the FHIRPath."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache

import orjson

from camphora.errors import Faults, Invalid, Place
from camphora.fhir import definitions
from camphora.fhir.tokens import TOKEN, lines_of

LONGEST = 1024 * 1024
"""Longer texts are not searched: their faults keep their path."""
_STEP = re.compile(r"\.(\w+)|\[([0-9]+)\]")
Step = str | int | None


@dataclass(slots=True, eq=False)
class Wanted:
    """A step on the way to what is wanted: the steps after it, and where it was found."""

    after: dict[str | int, Wanted] = field(default_factory=dict)
    spot: int | None = None


@dataclass(slots=True)
class _Open:
    """An object or array that is being read: the wanted steps that it is, its present key or number, and the wanted
    steps that this is (None: not looked at yet)."""

    around: list[Wanted]
    step: Step
    inside: list[Wanted] | None = None


def placed(
    error: Invalid, body: bytes, locate: Callable[[bytes, Sequence[str]], list[tuple[int, int]]]
) -> Invalid:
    """The error with line and column for each of its faults that has a path and no line; unchanged where none can be
    found. `locate` finds paths in the form that the body has."""
    if len(body) > LONGEST:
        return error
    faults = error.faults if isinstance(error, Faults) else [error]
    paths = [
        fault.place.path for fault in faults if fault.place and fault.place.path and not fault.place.line
    ]
    if not paths:
        return error
    spots = dict(zip(paths, locate(body, paths), strict=True))
    found = [_at(fault, spots) for fault in faults]
    return type(error)(found) if isinstance(error, Faults) else found[0]


def _at(fault: Invalid, spots: Mapping[str, tuple[int, int]]) -> Invalid:
    place = fault.place or Place()
    if not place.path or place.line:
        return fault
    found = copy(fault)
    line, column = spots[place.path]
    found.place = replace(place, line=line, column=column)
    return found


def in_json(body: bytes, paths: Sequence[str]) -> list[tuple[int, int]]:
    """What `locate_all` says of the paths in a JSON body."""
    return locate_all(body.decode(errors="replace"), paths)


def locate(text: str, path: str) -> tuple[int, int]:
    """Line and column, from 1, of the element that a path such as `Bundle.entry[3].resource` names in a JSON text;
    of the object around it where it is not there."""
    return locate_all(text, [path])[0]


def locate_all(text: str, paths: Sequence[str]) -> list[tuple[int, int]]:
    """What `locate` says of each path, found in one pass over the text."""
    root = Wanted(spot=len(text) - len(text.lstrip()))
    ways = [way(root, path) for path in paths]
    if root.after:
        _search(text, root)
    spots = [next(step.spot for step in reversed(way) if step.spot is not None) for way in ways]
    lines = lines_of(text, spots)
    return [lines[spot] for spot in spots]


def way(root: Wanted, path: str) -> list[Wanted]:
    """The steps of a path, from the root on."""
    way = [root]
    for name, index in _STEP.findall(path):
        way.append(way[-1].after.setdefault(name or int(index), Wanted()))
    return way


def _search(text: str, root: Wanted) -> None:
    """Note for every wanted step where it is first found."""
    frames = [_Open([], "", [root])]
    for token in TOKEN.finditer(text):
        mark, top = token[0], frames[-1]
        if top.step is None and mark.startswith('"'):
            top.step = orjson.loads(mark)
            top.inside = _found(top.around, top.step, token.start())
            continue
        if top.inside is None and mark not in "]}":
            top.inside = _found(top.around, top.step, token.start())
        _move(frames, mark)


def _move(frames: list[_Open], mark: str) -> None:
    """Follow one token: an object waits for its key (None), an array counts."""
    top = frames[-1]
    if mark in {"{", "["}:
        frames.append(_Open(top.inside or [], None if mark == "{" else 0))
    elif mark in {"}", "]"}:
        frames.pop()
    elif mark == ",":
        top.step = top.step + 1 if isinstance(top.step, int) else None
        top.inside = None


def _found(around: list[Wanted], step: Step, spot: int) -> list[Wanted]:
    """The wanted steps that this one is, each with its place where it had none."""
    names = list(names_of(step)) if around else []
    found = [wanted.after[name] for wanted in around for name in names if name in wanted.after]
    for wanted in found:
        wanted.spot = spot if wanted.spot is None else wanted.spot
    return found


def names_of(step: Step) -> Iterator[str | int]:
    """What a step may be called in a path: `_value` and `valueQuantity` are `value` too."""
    if step is None:
        return
    yield step
    if isinstance(step, str):
        if step.startswith("_"):
            yield step[1:]
        endings, longest = _endings()
        for cut in range(max(1, len(step) - longest), len(step)):
            if step[cut:] in endings:
                yield step[:cut]


@cache
def _endings() -> tuple[frozenset[str], int]:
    """What may follow the name of a choice: the types, beginning with a capital; and the length of the longest."""
    found = frozenset(name[0].upper() + name[1:] for name in definitions.types())
    return found, max(map(len, found))
