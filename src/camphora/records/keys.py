"""What a record is found under, packed small: the parameters that have a value, and the terms of its postings.

It is kept with the record, to take its postings back when it changes and to answer `:missing`. Two ascending lists of
numbers, each its length, its first number and the steps between, as variable-length integers (seven bits a byte, the
least first). A store of before holds the two lists as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

import orjson


class Keys(NamedTuple):
    """Numbers of parameters and terms, each ascending and once."""

    params: tuple[int, ...] = ()
    terms: tuple[int, ...] = ()


def packed(params: Iterable[int], terms: Iterable[int]) -> bytes:
    """Both lists as bytes; their order and repetitions do not matter."""
    return _packed_params(frozenset(params)) + _list_of(sorted(set(terms)))


def unpacked(stored: bytes | str) -> Keys:
    """The inverse of `packed`."""
    if stored[:1] in {b"[", "["}:
        params, terms = orjson.loads(stored)
        return Keys(tuple(params), tuple(sorted(terms)))
    assert isinstance(stored, bytes)
    params, at = _list(stored, 0)
    terms, _ = _list(stored, at)
    return Keys(tuple(params), tuple(terms))


def holds(stored: bytes | str, param: int) -> bool:
    """Whether the parameter has a value in this record."""
    return param in unpacked(stored).params


@lru_cache(maxsize=1024)
def _packed_params(params: frozenset[int]) -> bytes:
    """Records of a type have values of the same parameters again and again."""
    return _list_of(sorted(params))


def _list_of(numbers: list[int]) -> bytes:
    out: list[int] = []
    put = out.append
    before = 0
    _put(put, len(numbers))
    for number in numbers:
        step, before = number - before, number
        if step < 128:
            put(step)
        elif step < 16_384:
            put(step & 127 | 128)
            put(step >> 7)
        else:
            _put(put, step)
    return bytes(out)


def _put(put: Callable[[int], None], number: int) -> None:
    while number > 127:
        put(number & 127 | 128)
        number >>= 7
    put(number)


def _list(stored: bytes, at: int) -> tuple[list[int], int]:
    """The list that begins at a place, and the place behind it."""
    count, at = _number(stored, at)
    numbers: list[int] = []
    before = 0
    for _ in range(count):
        step, at = _number(stored, at)
        before += step
        numbers.append(before)
    return numbers, at


def _number(stored: bytes, at: int) -> tuple[int, int]:
    found, shift = 0, 0
    while (byte := stored[at]) > 127:
        found |= (byte & 127) << shift
        shift += 7
        at += 1
    return found | byte << shift, at + 1
