"""The tree of a FHIRPath expression: a public, immutable contract that other rooms may translate.

Eleven kinds of node, named in the words of the grammar (https://hl7.org/fhirpath/N1/grammar.html). Two trees are
equal when they say the same; `at`, the offset in the text, does not count. `str(node)` writes an expression that
parses to an equal tree.

    Literal     true, 'text', 1, 1.50, @2024-03, @2024-03T10:30, @T10:30       type and text
    Quantity    4.5 'mg', 2 days                                               text, unit, calendar
    Empty       { }
    Special     $this, $index, $total                                          name
    External    %resource, %`vs-name`                                          name
    Member      name, SOURCE.name                                              source (None: the context), name
    Function    exists(), SOURCE.where(…)                                      source, name, arguments
    Indexer     SOURCE[…]                                                      source, index
    Polarity    -SOURCE, +SOURCE                                               sign, operand
    Binary      LEFT and RIGHT, LEFT | RIGHT, …                                operator, left, right
    TypeTest    OPERAND is Type, OPERAND as FHIR.Type                          operator, operand, namespace, name
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal as Of
from typing import Union

LiteralType = Of["Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time"]
Plain = bool | str | int | Decimal

LEVELS: dict[str, int] = {
    "implies": 1, "or": 2, "xor": 2, "and": 3, "in": 4, "contains": 4, "=": 5, "~": 5, "!=": 5, "!~": 5,
    "<": 6, ">": 6, "<=": 6, ">=": 6, "|": 7, "is": 8, "as": 8, "+": 9, "-": 9, "&": 9,
    "*": 10, "/": 10, "div": 10, "mod": 10,
}  # fmt: skip
"""How tightly an operator binds: the larger the tighter. All of them group to the left."""
UNARY, TERM = 11, 12
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
RESERVED = frozenset({"true", "false", "and", "or", "xor", "implies", "div", "mod"})
"""Words that are no identifiers unless they stand between backticks."""
UNITS = {
    unit + ending: unit
    for unit in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
    for ending in ("", "s")
}
"""The words of calendar durations, each with its singular."""
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_IN_BACKTICKS = {**_ESCAPES, "'": "'", "`": "\\`"}


@dataclass(frozen=True, slots=True)
class Literal:
    """`text` is the value as written, a string without quotes and escapes, a date or time without `@`, `@T`."""

    type: LiteralType
    text: str
    at: int = field(default=0, compare=False, repr=False)

    @property
    def value(self) -> Plain:
        """The value as bool, str, int or Decimal; dates and times as their text."""
        if self.type == "Boolean":
            return self.text == "true"
        if self.type == "Integer":
            return int(self.text)
        return Decimal(self.text) if self.type == "Decimal" else self.text

    def __str__(self) -> str:
        if self.type == "String":
            return quoted(self.text)
        sign = {"Date": "@", "DateTime": "@", "Time": "@T"}.get(self.type, "")
        return sign + self.text


@dataclass(frozen=True, slots=True)
class Quantity:
    """`unit` is a UCUM unit, or where `calendar` holds the singular of a calendar duration."""

    text: str
    unit: str
    calendar: bool = False
    at: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.text} {self.unit if self.calendar else quoted(self.unit)}"


@dataclass(frozen=True, slots=True)
class Empty:
    at: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        return "{}"


@dataclass(frozen=True, slots=True)
class Special:
    name: Of["this", "index", "total"]
    at: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        return f"${self.name}"


@dataclass(frozen=True, slots=True)
class External:
    name: str
    at: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        return f"%{_identifier(self.name)}"


@dataclass(frozen=True, slots=True)
class Member:
    source: Node | None
    name: str
    at: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        return _after(self.source, _identifier(self.name))


@dataclass(frozen=True, slots=True)
class Function:
    source: Node | None
    name: str
    arguments: tuple[Node, ...] = ()
    at: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        said = ", ".join(str(argument) for argument in self.arguments)
        return _after(self.source, f"{_identifier(self.name)}({said})")


@dataclass(frozen=True, slots=True)
class Indexer:
    source: Node
    index: Node
    at: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{_within(self.source, TERM)}[{self.index}]"


@dataclass(frozen=True, slots=True)
class Polarity:
    sign: Of["+", "-"]
    operand: Node
    at: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.sign}{_within(self.operand, UNARY)}"


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Node
    right: Node
    at: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        level = LEVELS[self.operator]
        return f"{_within(self.left, level)} {self.operator} {_within(self.right, level + 1)}"


@dataclass(frozen=True, slots=True)
class TypeTest:
    """`namespace` is "" where the expression leaves it out."""

    operator: Of["is", "as"]
    operand: Node
    namespace: str
    name: str
    at: int = field(default=0, compare=False, repr=False)

    def __str__(self) -> str:
        space = f"{_identifier(self.namespace)}." if self.namespace else ""
        operand = _within(self.operand, LEVELS["is"])
        return f"{operand} {self.operator} {space}{_identifier(self.name)}"


Node = Union[  # noqa: UP007 - the classes above refer to it before it is there
    Literal, Quantity, Empty, Special, External, Member, Function, Indexer, Polarity, Binary, TypeTest
]


def quoted(text: str) -> str:
    """A string literal that says `text`."""
    return "'" + "".join(_ESCAPES.get(letter, letter) for letter in text) + "'"


def _identifier(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name) and name not in RESERVED:
        return name
    return "`" + "".join(_IN_BACKTICKS.get(letter, letter) for letter in name) + "`"


def _level(node: Node) -> int:
    if isinstance(node, Binary | TypeTest):
        return LEVELS[node.operator]
    return UNARY if isinstance(node, Polarity) else TERM


def _within(node: Node, level: int) -> str:
    said = str(node)
    return f"({said})" if _level(node) < level else said


def _after(source: Node | None, said: str) -> str:
    return said if source is None else f"{_within(source, TERM)}.{said}"
