"""What can be seen of an invariant before the engine is asked: from an object's names, or by a quick look at values.

`sight(text)` reads the parsed expression and folds it over the type of a node and the names that an object has: True
where they alone make it hold; else a look, a function that answers True or False for a value where a glance suffices
and None where it does not; None where only the engine can say. A quick answer is always the engine's; the tests hold
the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, get_args

from camphora.errors import CamphoraError
from camphora.fhir import definitions, fhirpath
from camphora.fhir.fhirpath.tree import (
    Binary,
    External,
    Function,
    Literal,
    Member,
    Node,
    Special,
    TypeTest,
)

Look = Callable[[Any], bool | None]
Answer = bool | None | Look
"""True, False, not to be seen, or a look at the object's values."""

_KINDS = get_args(Node)
_KEEPS_EMPTY = frozenset({
    "where", "select", "first", "last", "tail", "skip", "take", "single", "resolve", "as", "ofType", "trace",
    "children", "descendants", "extension", "distinct", "repeat", "toInteger", "toString", "substring", "matches",
    "startsWith", "endsWith", "contains", "replace", "replaceMatches",
})  # fmt: skip
"""Functions that give nothing for nothing."""


class At(NamedTuple):
    """What is known of the context: the type of the node, and which elements an object has."""

    code: str
    labels: frozenset[str] = frozenset()
    primitive: bool = False


class Sight:
    """An expression, and what of it can be seen."""

    __slots__ = ("_tree", "names")

    def __init__(self, tree: Node) -> None:
        self._tree = tree
        self.names = frozenset(_names(tree))
        """The elements of the context that it names."""

    def object(self, code: str, labels: frozenset[str]) -> Answer:
        """Over an object of a type, by the names of the elements that it has."""
        return _truth(self._tree, At(code, labels))

    def primitive(self, code: str) -> Answer:
        """Over a primitive that has a value."""
        return _truth(self._tree, At(code, primitive=True))


@lru_cache(maxsize=2048)
def sight(text: str) -> Sight | None:
    """The sight of an expression; None where it cannot be parsed."""
    try:
        return Sight(fhirpath.parse(text))
    except CamphoraError:
        return None


def _names(node: Node) -> Iterator[str]:
    if isinstance(node, Member) and node.source is None:
        yield node.name
    for inner in (getattr(node, slot) for slot in node.__slots__):
        for one in inner if isinstance(inner, tuple) else (inner,):
            if isinstance(one, _KINDS):
                yield from _names(one)


def _truth(node: Node, at: At) -> Answer:
    if isinstance(node, Binary):
        return _binary(node, at)
    if isinstance(node, Function):
        return _function(node, at)
    if (
        isinstance(node, TypeTest)
        and node.operator == "is"
        and not node.namespace
        and _context(node.operand, at)
    ):
        return _is(at.code, node.name)
    if isinstance(node, Literal) and node.type == "Boolean":
        return node.text == "true"
    return None


def _is(code: str, name: str) -> bool | None:
    """Whether a node of a FHIR type is of another; None for the types of FHIRPath itself."""
    return definitions.is_a(code, name) if name in definitions.types() else None


def _context(node: Node, at: At) -> bool:
    """Whether the expression is the context itself."""
    if isinstance(node, Special):
        return node.name == "this"
    named = isinstance(node, Function) and node.name == "ofType" and len(node.arguments) == 1
    if not named or not isinstance(node, Function) or not (node.source is None or _context(node.source, at)):
        return False
    return str(node.arguments[0]) == at.code


def _function(node: Function, at: At) -> Answer:
    if node.source is None or _context(node.source, at):
        return at.primitive if node.name == "hasValue" else None
    if node.name == "not":
        return _not(_truth(node.source, at))
    if node.name in {"exists", "empty"} and not node.arguments:
        nothing = _empty(node.source, at)
        return _not(nothing) if node.name == "exists" else nothing
    if node.name in {"all", "isDistinct", "exists"} and _empty(node.source, at) is True:
        return node.name != "exists"
    name = _single(node.source, at)
    if not name:
        return None
    if node.name == "hasValue":
        return _plain(name) if name in at.labels else False
    if node.name == "startsWith" and name in at.labels and len(node.arguments) == 1:
        return _starts(name, node.arguments[0])
    return None


def _binary(node: Binary, at: At) -> Answer:
    if node.operator in _JOINED:
        return _JOINED[node.operator](_truth(node.left, at), _truth(node.right, at))
    if node.operator in {"=", "!="}:
        return _equality(node, at)
    if node.operator == ">" and str(node) == "children().count() > id.count()":
        return None if at.primitive else bool(at.labels - {"id", "resourceType"})
    if node.operator == ">=" and at.primitive:
        return _long(node, at)
    if node.operator == "<=":
        return _ordered(node, at)
    return _within(node, at) if node.operator == "in" else None


def _long(node: Binary, at: At) -> Answer:
    """`$this.toString().length() >= N` and `$this.length() >= N` of a text."""
    left = node.left
    if not isinstance(left, Function) or left.name != "length" or not isinstance(node.right, Literal):
        return None
    source = left.source
    if isinstance(source, Function) and source.name == "toString":
        source = source.source
    if source is None or not _context(source, at) or node.right.type != "Integer":
        return None
    least = int(node.right.text)
    return lambda value: len(value) >= least if type(value) is str else None


def _equality(node: Binary, at: At) -> Answer:
    name = _single(node.left, at)
    if name and isinstance(node.right, Literal) and node.right.type == "String":
        wanted, same = node.right.text, node.operator == "="
        return _compared(name, lambda text: (text == wanted) is same) if name in at.labels else None
    left, right = _truth(node.left, at), _truth(node.right, at)
    if isinstance(left, bool) and isinstance(right, bool):
        return (left is right) is (node.operator == "=")
    return None


def _ordered(node: Binary, at: At) -> Answer:
    low, high = _single(node.left, at), _single(node.right, at)
    if not low or not high or not {low, high} <= at.labels:
        return None

    def look(value: dict[str, Any]) -> bool | None:
        first, last = value.get(low), value.get(high)
        if type(first) is not str or type(last) is not str or len(first) != len(last):
            return None
        return True if _same_form(first, last) and first <= last else None

    return look


def _same_form(first: str, last: str) -> bool:
    """Two dates, or two instants to the second in one zone, whose order is that of their text."""
    if len(first) == 10:
        return True
    return len(first) >= 20 and first[19] != "." and first[19:] == last[19:] and first[10] == "T"


def _within(node: Binary, at: At) -> Answer:
    name, words = _single(node.left, at), _words(node.right)
    return _compared(name, words.__contains__) if name in at.labels and words else None


def _words(node: Node) -> frozenset[str]:
    """The strings of a union of literals."""
    if isinstance(node, Literal) and node.type == "String":
        return frozenset({node.text})
    if isinstance(node, Binary) and node.operator == "|":
        left, right = _words(node.left), _words(node.right)
        return left | right if left and right else frozenset()
    return frozenset()


def _compared(name: str, test: Callable[[str], bool]) -> Look:
    def look(value: dict[str, Any]) -> bool | None:
        text = value.get(name)
        return test(text) if type(text) is str else None

    return look


def _starts(name: str, argument: Node) -> Answer:
    if not isinstance(argument, Literal) or argument.type != "String":
        return None
    start = argument.text
    return _compared(name, lambda text: text.startswith(start))


def _plain(name: str) -> Look:
    return lambda value: True if type(value.get(name)) in {str, int, float, bool} else None


def _empty(node: Node, at: At) -> Answer:
    """Whether a path leads nowhere."""
    name = _single(node, at)
    if name:
        return name not in at.labels
    if _other(node, at):
        return True
    if isinstance(node, Member) and node.source is not None:
        return _empty_step(node, at)
    if isinstance(node, Function) and node.name in _KEEPS_EMPTY and node.source is not None:
        return True if _empty(node.source, at) is True else None
    if isinstance(node, Binary) and node.operator == "|":
        left, right = _empty(node.left, at), _empty(node.right, at)
        return _JOINED["and"](left, right)
    return None


def _other(node: Node, at: At) -> bool:
    """Whether the expression asks the context for a type that it is not of."""
    if not isinstance(node, Function) or node.name != "ofType" or len(node.arguments) != 1:
        return False
    if node.source is not None and not _context(node.source, at):
        return False
    name = str(node.arguments[0])
    return _is(at.code, name) is False and _is(name, at.code) is False


def _empty_step(node: Member, at: At) -> Answer:
    assert node.source is not None
    if isinstance(node.source, External):
        return None
    if _empty(node.source, at) is True:
        return True
    first, name = _single(node.source, at), node.name
    if not first:
        return None

    def look(value: dict[str, Any]) -> bool | None:
        inner = value.get(first)
        items: list[Any] = inner if type(inner) is list else [inner]
        if any(type(item) is not dict for item in items):
            return None
        return None if any(key.lstrip("_").startswith(name) for item in items for key in item) else True

    return look


def _single(node: Node, at: At) -> str:
    """The name, where the expression is nothing but one of the context's elements."""
    if not isinstance(node, Member) or at.primitive or node.name[:1].isupper():
        return ""
    return node.name if node.source is None or _context(node.source, at) else ""


def _not(answer: Answer) -> Answer:
    if not callable(answer):
        return None if answer is None else not answer
    look = answer

    def flipped(value: dict[str, Any]) -> bool | None:
        seen = look(value)
        return None if seen is None else not seen

    return flipped


def _or(left: Answer, right: Answer) -> Answer:
    if left is True or right is True:
        return True
    if left is False or right is False:
        return right if left is False else left
    looks = [one for one in (left, right) if callable(one)]
    if not looks:
        return None
    certain = len(looks) == 2

    def look(value: dict[str, Any]) -> bool | None:
        seen = [one(value) for one in looks]
        if True in seen:
            return True
        return False if certain and None not in seen else None

    return look


def _and(left: Answer, right: Answer) -> Answer:
    return _not(_or(_not(left), _not(right)))


def _implies(left: Answer, right: Answer) -> Answer:
    return _or(_not(left), right)


def _xor(left: Answer, right: Answer) -> Answer:
    return left is not right if isinstance(left, bool) and isinstance(right, bool) else None


_JOINED: dict[str, Callable[[Answer, Answer], Answer]] = {
    "or": _or, "and": _and, "implies": _implies, "xor": _xor,
}  # fmt: skip
