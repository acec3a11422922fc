"""The words of `_text` and `_content`: `(bone OR liver) and metastases` (search.html#text).

Words beside each other all occur; "quotes" hold a phrase; AND, OR, NOT (in any case) and brackets join them.
"""

from __future__ import annotations

import itertools
import re
from typing import Literal

from camphora.fhir.folding import fold
from camphora.fhir.search.asking import AllClause, AnyClause, Clause, NotClause, TextClause

MOST_WAYS, DEEPEST = 200, 10
_PIECE = re.compile(r'\s*(?:"([^"]*)"|([()])|([^\s()"]+))')
Ways = list[dict[str, bool]]
"""Any of these ways; in each, the words and whether they occur."""


def text_clause(param: Literal["_text", "_content"], texts: list[str]) -> Clause:
    """Any of the texts. ValueError where one has no words, or its brackets do not close."""
    ways = [way for text in texts for way in _Words(text).whole()]
    plain = tuple(tuple(way) for way in ways if all(way.values()))
    clauses: list[Clause] = [TextClause(param, plain)] if plain else []
    clauses += [_mixed(param, way) for way in ways if not all(way.values())]
    return clauses[0] if len(clauses) == 1 else AnyClause(tuple(clauses))


def _mixed(param: Literal["_text", "_content"], way: dict[str, bool]) -> Clause:
    there = tuple(word for word, occurs in way.items() if occurs)
    absent: list[Clause] = [
        NotClause(TextClause(param, ((word,),))) for word, occurs in way.items() if not occurs
    ]
    return AllClause((*([TextClause(param, (there,))] if there else []), *absent))


class _Words:
    def __init__(self, text: str) -> None:
        self.pieces: list[tuple[str, str]] = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            found = _PIECE.match(text, at)
            if not found:
                raise ValueError("a quotation that does not close")
            at = found.end()
            phrase, mark, word = found.groups()
            if mark:
                self.pieces.append((mark, ""))
            elif phrase is None and word.upper() in {"AND", "OR", "NOT"}:
                self.pieces.append((word.upper(), ""))
            else:
                self.pieces.append(("word", fold(word if phrase is None else phrase)))
        self.at = self.depth = 0

    def whole(self) -> Ways:
        ways = self._either(occurs=True)
        if self.at < len(self.pieces):
            raise ValueError("a bracket too many")
        return ways

    def _next(self) -> str:
        return self.pieces[self.at][0] if self.at < len(self.pieces) else ""

    def _taken(self, kind: str) -> bool:
        taken = self._next() == kind
        self.at += taken
        return taken

    def _either(self, *, occurs: bool) -> Ways:
        parts = [self._all(occurs=occurs)]
        while self._taken("OR"):
            parts.append(self._all(occurs=occurs))
        return _any(parts) if occurs else _every(parts)

    def _all(self, *, occurs: bool) -> Ways:
        parts = [self._one(occurs=occurs)]
        while self._taken("AND") or self._next() in {"word", "(", "NOT"}:
            parts.append(self._one(occurs=occurs))
        return _every(parts) if occurs else _any(parts)

    def _one(self, *, occurs: bool) -> Ways:
        if self._taken("NOT"):
            self._deeper()
            found = self._one(occurs=not occurs)
        elif self._taken("("):
            self._deeper()
            found = self._either(occurs=occurs)
            if not self._taken(")"):
                raise ValueError("a bracket that does not close")
        else:
            word = self.pieces[self.at][1] if self._next() == "word" else ""
            if not any(letter.isalnum() for letter in word):
                raise ValueError("a word is missing")
            self.at += 1
            return [{word: occurs}]
        self.depth -= 1
        return found

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError("too deep")


def _any(parts: list[Ways]) -> Ways:
    ways = [way for part in parts for way in part]
    if len(ways) > MOST_WAYS:
        raise ValueError("too many ways")
    return ways


def _every(parts: list[Ways]) -> Ways:
    ways: Ways = [{}]
    for part in parts:
        if len(ways) * len(part) > MOST_WAYS:
            raise ValueError("too many ways")
        ways = [
            way | more
            for way, more in itertools.product(ways, part)
            if not any(way.get(word, occurs) != occurs for word, occurs in more.items())
        ]
    return ways
