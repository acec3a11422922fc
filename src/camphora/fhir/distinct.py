"""A name that stands twice in one JSON object: readers would take one value or the other, so that it is refused."""

from __future__ import annotations

import re
from typing import Any

import orjson

from camphora.errors import Invalid, Place
from camphora.fhir.tokens import TOKEN, line_and_column

_SPACED = re.compile(rb'"[ \t\r\n]+:')


def require_distinct(body: bytes, value: Any) -> None:
    """Raises Invalid web-fhir-twice, with line and column of the second, where an object of `body`, which was read as
    `value`, has a name twice."""
    most = body.count(b'":') + len(_SPACED.findall(body))
    if most > _names(value):
        _look(body.decode(errors="replace"))


def _names(value: Any) -> int:
    """At least how many names the objects in a value have: a mark like that of a name has a backslash before it where
    it stands inside a text."""
    try:
        said = orjson.dumps(value)
    except orjson.JSONEncodeError:  # numbers that are longer than 64 bits
        return 0
    return said.count(b'":') - said.count(b'\\":')


def _look(text: str) -> None:
    """Read the tokens once; `names` are those of each open object, None of an array."""
    names: list[set[str] | None] = []
    waits = False
    for token in TOKEN.finditer(text):
        mark = token[0]
        if mark in "{[":
            names.append(set() if mark == "{" else None)
            waits = mark == "{"
        elif mark in "}]":
            names.pop()
        elif mark == ",":
            waits = bool(names) and names[-1] is not None
        elif waits and mark.startswith('"'):
            waits = False
            own, name = names[-1], orjson.loads(mark) if "\\" in mark else mark[1:-1]
            if own is not None and name in own:
                line, column = line_and_column(text, token.start())
                raise Invalid("web-fhir-twice", place=Place(line=line, column=column))
            if own is not None:
                own.add(name)
