"""The text of `_filter` as a tree, before anything is known of its parameters.

Grammar: https://hl7.org/fhir/R4/search_filter.html. `and` and `or` bind alike, from left to right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import orjson

DEEPEST = 10
MOST_TESTS = 50
OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le", "ap", "sa", "eb", "pr", "po", "ss", "sb",
             "in", "ni", "re")  # fmt: skip
_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)(?::([A-Za-z]+))?")
_OPERATOR = re.compile(rf"\s+({'|'.join(OPERATORS)})\s+")
_JOIN = re.compile(r"(and|or)(?=[\s(])")
_NOT = re.compile(r"not\s*(?=\()")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TOKEN = re.compile(r"[^\s\])]+")


@dataclass(frozen=True, slots=True)
class Step:
    """A name of a path, the type that its reference is to have, and what is asked of it in brackets."""

    name: str
    type: str = ""
    within: Node | None = None


@dataclass(frozen=True, slots=True)
class Test:
    """A path, an operator and a value; `quoted` where it stood as a JSON string."""

    path: tuple[Step, ...]
    operator: str
    value: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Joined:
    word: Literal["and", "or"]
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negated:
    node: Node


Node = Test | Joined | Negated


class Misread(ValueError):
    """Where a filter cannot be read: `at` counts its characters from 1."""

    def __init__(self, at: int) -> None:
        super().__init__("filter")
        self.at = at + 1


class TooMuch(ValueError):
    """More tests, or deeper ones, than are read."""


def read(text: str) -> Node:
    """The tree of a filter; Misread or TooMuch."""
    return _Reader(text).whole()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = self.depth = self.tests = 0

    def whole(self) -> Node:
        node = self._filter()
        if self.at < len(self.text):
            raise Misread(self.at)
        return node

    def _filter(self) -> Node:
        self._space()
        node = self._term()
        while True:
            self._space()
            found = _JOIN.match(self.text, self.at)
            if not found:
                return node
            self.at = found.end()
            self._space()
            word: Literal["and", "or"] = "and" if found[1] == "and" else "or"
            before = node.nodes if isinstance(node, Joined) and node.word == word else (node,)
            node = Joined(word, (*before, self._term()))

    def _term(self) -> Node:
        found = _NOT.match(self.text, self.at)
        if found:
            self.at = found.end()
            return Negated(self._bracketed("(", ")"))
        return self._bracketed("(", ")") if self._sees("(") else self._test()

    def _bracketed(self, opening: str, closing: str) -> Node:
        self._expect(opening)
        self.depth += 1
        if self.depth > DEEPEST:
            raise TooMuch("deep")
        node = self._filter()
        self._expect(closing)
        self.depth -= 1
        return node

    def _test(self) -> Node:
        self.tests += 1
        path = [self._step()]
        while self._sees("."):
            self.at += 1
            path.append(self._step())
        if self.tests > MOST_TESTS or len(path) > DEEPEST:
            raise TooMuch("many")
        found = _OPERATOR.match(self.text, self.at)
        if not found or path[-1].within is not None:
            raise Misread(self.at)
        self.at = found.end()
        value, quoted = self._value()
        return Test(tuple(path), found[1], value, quoted)

    def _step(self) -> Step:
        found = _NAME.match(self.text, self.at)
        if not found:
            raise Misread(self.at)
        self.at = found.end()
        within = self._bracketed("[", "]") if self._sees("[") else None
        return Step(found[1], found[2] or "", within)

    def _value(self) -> tuple[str, bool]:
        quoted = self._sees('"')
        found = (_STRING if quoted else _TOKEN).match(self.text, self.at)
        if not found:
            raise Misread(self.at)
        start, self.at = self.at, found.end()
        if not quoted:
            return found[0], False
        try:
            return orjson.loads(found[0]), True
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            raise Misread(start) from None

    def _space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _sees(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def _expect(self, mark: str) -> None:
        self._space()
        if not self._sees(mark):
            raise Misread(self.at)
        self.at += 1
