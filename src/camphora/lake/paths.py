"""FHIRPath for ViewDefinitions: the subset that SQL on FHIR v2 asks of a runner, compiled to closures.

The room `fhir` gets a full FHIRPath engine; it will then take the place of this file behind the same `compile_path`.
Here: members, choices by `ofType`, indexers, `where`, `exists`, `empty`, `first`, `last`, `count`, `join`,
`extension`, `not`, `toString`, `toInteger`, `substring`, `getResourceKey`, `getReferenceKey`, constants,
`%rowIndex`, three-valued `and`/`or`, comparison and arithmetic. Dates are equal as text and are not ordered;
extensions of primitive elements are not reached. Anything else is refused when the path is compiled.
Source: https://hl7.org/fhirpath/N1, https://sql-on-fhir.org (ViewDefinition, Required FHIRPath Expressions).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import cache, reduce
from typing import Any, NamedTuple

from camphora.errors import Invalid
from camphora.fhir import definitions

Items = list[Any]
Evaluate = Callable[[Any, int], Items]
"""From the item in question (`$this`) and its `%rowIndex` to a collection."""
Step = Callable[[Items, int], Items]

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)
      |(?P<string>'(?:[^'\\]|\\.)*')
      |(?P<constant>%\w+)
      |(?P<name>\$this\b|[A-Za-z_]\w*)
      |(?P<mark><=|>=|!=|[().,\[\]=<>+\-*/&]))""",
    re.VERBOSE,
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",),
    ("and",),
    ("=", "!="),
    ("<", ">", "<=", ">="),
    ("+", "-", "&"),
    ("*", "/"),
)
_ORDER = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
_SUM = {"+": operator.add, "-": operator.sub, "*": operator.mul}


class _Token(NamedTuple):
    kind: str
    text: str


def compile_path(text: str, constants: Mapping[str, Any] | None = None) -> Evaluate:
    """A path as a function. Raises Invalid where it is not FHIRPath, or not of this subset."""
    parser = _Parser(text, constants or {})
    compiled = parser.expression(0)
    if parser.ahead().kind != "end":
        raise parser.fault()
    return compiled


def truth(items: Items) -> bool | None:
    """A collection as a condition: empty is unknown, one item that is no Boolean is true (FHIRPath 4.5)."""
    if not items:
        return None
    if len(items) > 1:
        raise Invalid("lake-path-many", count=len(items))
    return items[0] if isinstance(items[0], bool) else True


class _Parser:
    """Reads one path by precedence; each method returns the closure of what it read."""

    def __init__(self, text: str, constants: Mapping[str, Any]) -> None:
        self.text = text
        self.constants = constants
        self.tokens = self._split(text)
        self.at = 0

    def _split(self, text: str) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if not found:
                raise Invalid("lake-path-syntax", path=text, at=at + 1)
            tokens.append(_Token(str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()
        return [*tokens, _Token("end", "")]

    def fault(self) -> Invalid:
        return Invalid("lake-path-syntax", path=self.text, at=self.at + 1)

    def ahead(self, by: int = 0) -> _Token:
        return self.tokens[min(self.at + by, len(self.tokens) - 1)]

    def take(self) -> _Token:
        token = self.ahead()
        self.at += 1
        return token

    def met(self, text: str) -> bool:
        """Take the next token if it is this mark."""
        found = self.ahead().kind == "mark" and self.ahead().text == text
        self.at += found
        return found

    def require(self, text: str) -> None:
        if not self.met(text):
            raise self.fault()

    def expression(self, level: int) -> Evaluate:
        if level == len(_LEVELS):
            return self._signed()
        left = self.expression(level + 1)
        while self.ahead().kind in {"mark", "name"} and self.ahead().text in _LEVELS[level]:
            left = _binary(self.take().text, left, self.expression(level + 1))
        return left

    def _signed(self) -> Evaluate:
        if self.met("-"):
            return _binary("-", _literal(0), self._signed())
        return self._chain()

    def _chain(self) -> Evaluate:
        start, steps = self._start()
        while True:
            if self.met("."):
                steps.append(self._invocation())
            elif self.met("["):
                steps.append(_index(self.expression(0)))
                self.require("]")
            else:
                return _chained(start, steps)

    def _start(self) -> tuple[Evaluate | None, list[Step]]:
        """What a chain begins with: a literal or group, or None for `$this`, with the first steps."""
        kind, text = self.ahead()
        if self.met("("):
            inner = self.expression(0)
            self.require(")")
            return inner, []
        if kind == "name" and text not in {"true", "false"}:
            return None, [self._invocation(first=True)]
        self.take()
        if kind == "constant":
            return self._constant(text[1:]), []
        if kind == "number":
            return _literal(float(text) if "." in text else int(text)), []
        if kind == "string":
            return _literal(re.sub(r"\\(.)", r"\1", text[1:-1])), []
        if kind == "name":
            return _literal(text == "true"), []
        self.at -= 1
        raise self.fault()

    def _constant(self, name: str) -> Evaluate:
        if name == "rowIndex":
            return lambda _, row: [row]
        if name not in self.constants:
            raise Invalid("lake-path-constant", path=self.text, name=name)
        return _literal(self.constants[name])

    def _invocation(self, *, first: bool = False) -> Step:
        kind, name = self.take()
        if kind != "name":
            self.at -= 1
            raise self.fault()
        if name == "$this":
            return lambda items, _: items
        if self.met("("):
            return self._function(name)
        if first and name[0].isupper():
            return lambda items, _: [item for item in items if item.get("resourceType") == name]
        return self._member(name)

    def _member(self, name: str) -> Step:
        """A member; a choice followed by `ofType` is one step, since JSON holds the type in the name."""
        cast = [self.ahead(by).text for by in range(5)]
        if cast[:1] == ["."] and cast[1] in {"ofType", "as"} and cast[2] == "(" and cast[4] == ")":
            self.at += 5
            return _member(name + cast[3][:1].upper() + cast[3][1:])
        return _choice(name) if name in _choices() else _member(name)

    def _function(self, name: str) -> Step:
        if name == "getReferenceKey":
            target = "" if self.ahead().text == ")" else self.take().text
            self.require(")")
            return _reference_key(target)
        arguments: list[Evaluate] = []
        while not self.met(")"):
            arguments.append(self.expression(0))
            if self.ahead().text != ")":
                self.require(",")
        low, high, make = _FUNCTIONS.get(name, (0, -1, _exists))
        if not low <= len(arguments) <= high:
            raise Invalid("lake-path-function", path=self.text, name=name)
        return make(*arguments)


def _literal(value: Any) -> Evaluate:
    return lambda *_: [value]


def _chained(start: Evaluate | None, steps: list[Step]) -> Evaluate:
    def evaluate(item: Any, row: int) -> Items:
        items = start(item, row) if start else [] if item is None else [item]
        return reduce(lambda found, step: step(found, row), steps, items)

    if start is None and len(steps) == 1:
        (only,) = steps
        return lambda item, row: only([item], row) if item is not None else []
    return evaluate


@cache
def _choices() -> frozenset[str]:
    """The names of all R4 elements that have a choice of types: value, onset, deceased, …"""
    every = (element.name for definition in definitions.types().values() for element in definition.elements)
    return frozenset(name.removesuffix("[x]") for name in every if name.endswith("[x]"))


def _member(name: str) -> Step:
    def step(items: Items, _: int) -> Items:
        out: Items = []
        for item in items:
            value = item.get(name) if type(item) is dict else None
            if type(value) is list:
                out.extend(inner for inner in value if inner is not None)
            elif value is not None:
                out.append(value)
        return out

    return step


def _choice(name: str) -> Step:
    """A member that may have any of several types: `value` finds `valueQuantity`."""
    plain = _member(name)
    size = len(name)

    def step(items: Items, row: int) -> Items:
        found = plain(items, row)
        for item in items:
            if type(item) is dict and name not in item:
                found += [
                    v for key, v in item.items() if key.startswith(name) and key[size : size + 1].isupper()
                ]
        return found

    return step


def _index(at: Evaluate) -> Step:
    def step(items: Items, row: int) -> Items:
        number = at(None, row)[0]
        return items[number : number + 1]

    return step


def _where(criteria: Evaluate) -> Step:
    return lambda items, row: [item for item in items if truth(criteria(item, row))]


def _exists(criteria: Evaluate | None = None) -> Step:
    if criteria is None:
        return lambda items, _: [bool(items)]
    return lambda items, row: [any(truth(criteria(item, row)) for item in items)]


def _not() -> Step:
    return lambda items, _: [] if (value := truth(items)) is None else [not value]


def _join(separator: Evaluate | None = None) -> Step:
    between = separator(None, 0)[0] if separator else ""
    return lambda items, _: [between.join(items)]


def _extension(url: Evaluate) -> Step:
    (wanted,) = url(None, 0)
    inner = _member("extension")
    return lambda items, row: [found for found in inner(items, row) if found.get("url") == wanted]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _substring(start: Evaluate, length: Evaluate | None = None) -> Step:
    (low,) = start(None, 0)
    high = low + length(None, 0)[0] if length else None
    return lambda items, _: [item[low:high] for item in items if low < len(item)]


def _integer(items: Items, _: int) -> Items:
    return [int(item) for item in items if re.fullmatch(r"[+-]?\d+", _text(item))]


def _reference_key(target: str) -> Step:
    """The key of what a Reference names, of `target` only; it equals `getResourceKey` of that resource."""

    def step(items: Items, _: int) -> Items:
        parts = [str(item.get("reference", "")).split("/_history/")[0].rpartition("/") for item in items]
        kinds = [(kind.rpartition("/")[2], key) for kind, _, key in parts]
        return [key for kind, key in kinds if key and target in {"", kind}]

    return step


_FUNCTIONS: dict[str, tuple[int, int, Callable[..., Step]]] = {
    "where": (1, 1, _where),
    "exists": (0, 1, _exists),
    "empty": (0, 0, lambda: lambda items, _: [not items]),
    "not": (0, 0, _not),
    "first": (0, 0, lambda: lambda items, _: items[:1]),
    "last": (0, 0, lambda: lambda items, _: items[-1:]),
    "count": (0, 0, lambda: lambda items, _: [len(items)]),
    "join": (0, 1, _join),
    "extension": (1, 1, _extension),
    "toString": (0, 0, lambda: lambda items, _: [_text(item) for item in items]),
    "toInteger": (0, 0, lambda: _integer),
    "substring": (1, 2, _substring),
    "getResourceKey": (0, 0, lambda: _member("id")),
}
"""By name: the least and most arguments, and what makes the step of them."""


def _binary(sign: str, left: Evaluate, right: Evaluate) -> Evaluate:
    if sign in {"and", "or"}:
        return _logic(left, right, absorbing=sign == "or")
    if sign in {"=", "!="}:
        return _equality(left, right, wanted=sign == "=")
    if sign in _ORDER:
        return _scalar(left, right, lambda a, b: [_ORDER[sign](*_numbers(a, b))])
    if sign == "/":
        return _scalar(left, right, lambda a, b: [a / b] if all(_numbers(a, b)[1:]) else [])
    if sign == "&":
        return lambda item, row: ["".join(str(part) for f in (left, right) for part in f(item, row))]
    return _scalar(left, right, lambda a, b: [_SUM[sign](a, b)])


def _logic(left: Evaluate, right: Evaluate, *, absorbing: bool) -> Evaluate:
    """Three-valued: the absorbing value wins over unknown, unknown over the other."""

    def evaluate(item: Any, row: int) -> Items:
        values = (truth(left(item, row)), truth(right(item, row)))
        if absorbing in values:
            return [absorbing]
        return [] if None in values else [not absorbing]

    return evaluate


def _equality(left: Evaluate, right: Evaluate, *, wanted: bool) -> Evaluate:
    def evaluate(item: Any, row: int) -> Items:
        one, other = left(item, row), right(item, row)
        if not one or not other:
            return []
        same = len(one) == len(other) and all(
            a == b and isinstance(a, bool) == isinstance(b, bool) for a, b in zip(one, other, strict=True)
        )
        return [same is wanted]

    return evaluate


def _scalar(left: Evaluate, right: Evaluate, apply: Callable[[Any, Any], Items]) -> Evaluate:
    def evaluate(item: Any, row: int) -> Items:
        one, other = left(item, row), right(item, row)
        if len(one) > 1 or len(other) > 1:
            raise Invalid("lake-path-many", count=max(len(one), len(other)))
        return apply(one[0], other[0]) if one and other else []

    return evaluate


def _numbers(*values: Any) -> tuple[Any, ...]:
    for value in values:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Invalid("lake-path-order", kind=type(value).__name__)
    return values
