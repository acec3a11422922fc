"""What differs between two versions of a record, element by element.

Items of lists are matched first, so that one which is added in front does not make all others changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, Literal

from camphora.web.reading.elements import leaves

Word = Literal["added", "removed", "changed"]
MISSING = object()
MATCHED = 400
"""Longer lists are compared place by place: matching grows with the square of the length."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One single value that is not the same; `path` is the newer version's, or, of what was removed, the older's."""

    path: str
    word: Word
    before: str
    after: str


def parsed(body: bytes) -> Any:
    """A resource whose decimals keep their digits, as text."""
    return json.loads(body, parse_float=str)


def between(before: Any, after: Any) -> list[Difference]:
    """The differences of two resources, in the order of the newer one; what was removed stands last of its element."""
    return list(_compared(before, after, ""))


def _compared(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if before is MISSING or after is MISSING:
        yield from _whole(before, after, path)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {**after, **before}:
            below = f"{path}.{name}" if path else name
            yield from _compared(before.get(name, MISSING), after.get(name, MISSING), below)
    elif isinstance(before, list) and isinstance(after, list):
        for (_, one), (place, other) in _matched(before, after):
            yield from _compared(one, other, f"{path}[{place}]")
    elif isinstance(before, Mapping | list) or isinstance(after, Mapping | list):
        yield from _whole(before, MISSING, path)
        yield from _whole(MISSING, after, path)
    elif before != after or type(before) is not type(after):
        yield Difference(path, "changed", _text(before), _text(after))


def _whole(before: Any, after: Any, path: str) -> Iterator[Difference]:
    word: Word = "added" if before is MISSING else "removed"
    for at, value in leaves(after if before is MISSING else before, path):
        text = _text(value)
        yield Difference(at, word, "" if word == "added" else text, text if word == "added" else "")


def _matched(
    before: Sequence[Any], after: Sequence[Any]
) -> Iterator[tuple[tuple[int, Any], tuple[int, Any]]]:
    """Pairs of items that are not the same, each with its place; `MISSING` where one has no partner."""
    if max(len(before), len(after)) > MATCHED:
        yield from _side_by_side(before, after, 0, 0)
        return
    old, new = ([json.dumps(each, sort_keys=True) for each in side] for side in (before, after))
    for word, low, high, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if word != "equal":
            yield from _side_by_side(before[low:high], after[first:last], low, first)


def _side_by_side(
    before: Sequence[Any], after: Sequence[Any], low: int, first: int
) -> Iterator[tuple[tuple[int, Any], tuple[int, Any]]]:
    for number, (one, other) in enumerate(zip_longest(before, after, fillvalue=MISSING)):
        place = low + number if other is MISSING else first + number
        yield (low + number, one), (place, other)


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
