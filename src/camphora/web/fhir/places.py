"""Where a fault lies in the text that was sent: line and column beside the FHIRPath."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import cache

import orjson

from camphora.errors import Faults, Invalid
from camphora.fhir import definitions

LONGEST = 1024 * 1024
"""Longer texts are not searched: their faults keep their path."""
_TOKEN = re.compile(r'\s*([{}\[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+)')
_STEP = re.compile(r"\.(\w+)|\[([0-9]+)\]")
Step = str | int | None


def placed(error: Invalid, body: bytes) -> Invalid:
    """The error with line and column for each of its faults that has a path; unchanged where none can be found."""
    if isinstance(error, Faults):
        return Faults([placed(fault, body) for fault in error.faults])
    place = error.place
    if place is None or not place.path or len(body) > LONGEST:
        return error
    line, column = locate(body.decode(errors="replace"), place.path)
    found = copy(error)
    found.place = replace(place, line=line, column=column)
    return found


def locate(text: str, path: str) -> tuple[int, int]:
    """Line and column, from 1, of the element that a path such as `Bundle.entry[3].resource` names in a JSON text;
    of the object around it where it is not there."""
    wanted = [name or int(index) for name, index in _STEP.findall(path)]
    here: list[Step] = []
    deepest, spot = 0, len(text) - len(text.lstrip())
    for token in _TOKEN.finditer(text):
        is_key = bool(here) and here[-1] is None and token[1].startswith('"')
        if is_key:
            here[-1] = orjson.loads(token[1])
        if len(here) > deepest and _leads(here, wanted):
            deepest, spot = len(here), token.start(1)
        if deepest == len(wanted):
            break
        if not is_key:
            _move(here, token[1])
    line = text.count("\n", 0, spot) + 1
    return line, spot - text.rfind("\n", 0, spot)


def _move(here: list[Step], mark: str) -> None:
    """Follow one token: an object waits for its key (None), an array counts."""
    if mark == "{":
        here.append(None)
    elif mark == "[":
        here.append(0)
    elif mark in {"}", "]"}:
        here.pop()
    elif mark == ",":
        last = here[-1]
        here[-1] = last + 1 if isinstance(last, int) else None


def _leads(here: Sequence[Step], wanted: Sequence[Step]) -> bool:
    """Whether a place lies on the way to the one that is wanted; `value` stands for `valueQuantity` too."""
    return len(here) <= len(wanted) and all(
        one == other or (isinstance(one, str) and isinstance(other, str) and _is_choice(one, other))
        for one, other in zip(here, wanted, strict=False)
    )


def _is_choice(key: str, name: str) -> bool:
    return key == f"_{name}" or (key.startswith(name) and key[len(name) :] in _endings())


@cache
def _endings() -> frozenset[str]:
    """What may follow the name of a choice: the types, beginning with a capital."""
    return frozenset(name[0].upper() + name[1:] for name in definitions.types())
