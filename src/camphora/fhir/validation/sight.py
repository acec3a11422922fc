"""What can be seen of an invariant before the engine is asked: from an object's names, or by a quick look at values.

`sight(text)` reads the parsed expression. `given` folds it over the names that an object has: True where they alone
make it hold, else a `Sight` whose `look` answers True or False for an object where a glance suffices, None where it
does not. A quick answer is always the engine's; the tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from camphora.errors import CamphoraError
from camphora.fhir import fhirpath
from camphora.fhir.fhirpath.tree import Binary, External, Function, Literal, Member, Node

Look = Callable[[dict[str, Any]], bool | None]
Answer = bool | None | Look
"""True, False, not to be seen, or a look at the object's values."""

_KEEPS_EMPTY = frozenset(
    """where select first last tail skip take single resolve as ofType trace children descendants extension distinct
    repeat toInteger toString substring matches startsWith endsWith contains replace replaceMatches""".split()
)
"""Functions that give nothing for nothing."""


class Sight:
    """An expression folded over what is known of an object; `look` is None where nothing is to be seen."""

    __slots__ = ("_tree", "look")

    def __init__(self, tree: Node, look: Look | None = None) -> None:
        self._tree = tree
        self.look = look

    def given(self, labels: frozenset[str]) -> bool | Sight | None:
        """Over an object with these elements: True where it holds, None where only the engine can say."""
        answer = _truth(self._tree, labels)
        if answer is True:
            return True
        return Sight(self._tree, answer) if callable(answer) else None

    def primitive(self) -> bool:
        """Whether it holds for every primitive that has a value."""
        return _truth(self._tree, frozenset(), primitive=True) is True


@lru_cache(maxsize=2048)
def sight(text: str) -> Sight | None:
    """The sight of an expression; None where it cannot be parsed."""
    try:
        return Sight(fhirpath.parse(text))
    except CamphoraError:
        return None


def _truth(node: Node, labels: frozenset[str], *, primitive: bool = False) -> Answer:
    if isinstance(node, Binary):
        return _binary(node, labels, primitive=primitive)
    if isinstance(node, Function):
        return _function(node, labels, primitive=primitive)
    if isinstance(node, Literal) and node.type == "Boolean":
        return node.text == "true"
    return None


def _function(node: Function, labels: frozenset[str], *, primitive: bool) -> Answer:
    if node.source is None:
        return primitive if node.name == "hasValue" else None
    if node.name == "not":
        return _not(_truth(node.source, labels, primitive=primitive))
    if node.name in {"exists", "empty"} and not node.arguments:
        nothing = _empty(node.source, labels)
        return _not(nothing) if node.name == "exists" else nothing
    if node.name in {"all", "isDistinct", "exists"} and _empty(node.source, labels) is True:
        return node.name != "exists"
    name = _single(node.source)
    if not name:
        return None
    if node.name == "hasValue":
        return _plain(name) if name in labels else False
    if node.name == "startsWith" and name in labels and len(node.arguments) == 1:
        return _starts(name, node.arguments[0])
    return None


def _binary(node: Binary, labels: frozenset[str], *, primitive: bool) -> Answer:
    if node.operator in {"or", "and", "implies", "xor"}:
        left = _truth(node.left, labels, primitive=primitive)
        right = _truth(node.right, labels, primitive=primitive)
        return _JOINED[node.operator](left, right)
    if node.operator in {"=", "!="}:
        return _equality(node, labels)
    if node.operator == ">" and str(node) == "children().count() > id.count()":
        return None if primitive else bool(labels - {"id", "resourceType"})
    if node.operator == "<=":
        return _ordered(node, labels)
    if node.operator == "in":
        return _within(node, labels)
    return None


def _equality(node: Binary, labels: frozenset[str]) -> Answer:
    name = _single(node.left)
    if name and isinstance(node.right, Literal) and node.right.type == "String":
        wanted, same = node.right.text, node.operator == "="
        return _compared(name, lambda text: (text == wanted) is same) if name in labels else None
    left, right = _truth(node.left, labels), _truth(node.right, labels)
    if isinstance(left, bool) and isinstance(right, bool):
        return (left is right) is (node.operator == "=")
    return None


def _ordered(node: Binary, labels: frozenset[str]) -> Answer:
    low, high = _single(node.left), _single(node.right)
    if not low or not high or not {low, high} <= labels:
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


def _within(node: Binary, labels: frozenset[str]) -> Answer:
    name, words = _single(node.left), _words(node.right)
    return _compared(name, words.__contains__) if name in labels and words else None


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


def _empty(node: Node, labels: frozenset[str]) -> Answer:
    """Whether a path leads nowhere."""
    name = _single(node)
    if name:
        return name not in labels
    if isinstance(node, Member) and node.source is not None:
        return _empty_step(node, labels)
    if isinstance(node, Function) and node.name in _KEEPS_EMPTY and node.source is not None:
        return True if _empty(node.source, labels) is True else None
    if isinstance(node, Binary) and node.operator == "|":
        left, right = _empty(node.left, labels), _empty(node.right, labels)
        return _JOINED["and"](left, right)
    return None


def _empty_step(node: Member, labels: frozenset[str]) -> Answer:
    assert node.source is not None
    if isinstance(node.source, External):
        return None
    if _empty(node.source, labels) is True:
        return True
    first, name = _single(node.source), node.name
    if not first:
        return None

    def look(value: dict[str, Any]) -> bool | None:
        inner = value.get(first)
        items = inner if type(inner) is list else [inner]
        if any(type(item) is not dict for item in items):
            return None
        return None if any(key.lstrip("_").startswith(name) for item in items for key in item) else True

    return look


def _single(node: Node) -> str:
    """The name, where the expression is nothing but one of the context's elements."""
    if isinstance(node, Member) and node.source is None and not node.name[:1].isupper():
        return node.name
    return ""


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
