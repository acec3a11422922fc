"""The tokens of a JSON text, and where they stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

TOKEN = re.compile(r'[{}\[\],:]|"(?:[^"\\]++|\\.)*+"?|[^\s{}\[\],:"]++')
"""Possessive, and an open string ends with the text: every sign is looked at once, whatever is sent."""


def line_and_column(text: str, spot: int) -> tuple[int, int]:
    """Line and column, from 1, of a place in a text."""
    return lines_of(text, [spot])[spot]


def lines_of(text: str, spots: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Line and column, from 1, of each place in a text."""
    found: dict[int, tuple[int, int]] = {}
    line, begin, before = 1, 0, 0
    for spot in sorted(set(spots)):
        line += text.count("\n", before, spot)
        begin = max(begin, text.rfind("\n", before, spot) + 1)
        found[spot] = (line, spot - begin + 1)
        before = spot
    return found
