"""The plain part of the language straight on JSON, for a context whose type is known.

Paths, `where` with simple conditions, `exists`, `empty`, comparisons with literals: what most invariants and search
parameters are made of. It gives what the closures of `compiler` give (the tests hold the two against each other);
what it does not know raises `Unfit` when it is built, and what it meets in the data and leaves to the closures
(extensions on primitives, several things where one may be, dates of unlike form) raises `Slow` when it runs.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from camphora.fhir.fhirpath import patterns, tree
from camphora.fhir.fhirpath.compiler import CONSTANTS
from camphora.fhir.fhirpath.quick.steps import (
    LOGIC,
    Path,
    Slow,
    Truth,
    Values,
    at_most_one,
    both,
    children,
    itself,
    nothing_or_slow,
    of_choice,
    of_each,
    of_many,
    of_one,
    over,
    slow,
)
from camphora.fhir.fhirpath.tree import Node
from camphora.fhir.fhirpath.types import Field, Shape, shape

__all__ = ["Slow", "Truth", "Unfit", "Values", "truth", "values"]
STRING = shape("string")
EMPTY_STAYS = frozenset(
    {"where", "select", "first", "last", "tail", "extension", "trace", "resolve", "as", "ofType"}
)
"""Functions that make nothing of nothing, without a look at their arguments that could fail."""

ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge, "=": operator.eq, "!=": operator.ne
}  # fmt: skip
TESTS: dict[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith, "endsWith": str.endswith, "contains": operator.contains
}  # fmt: skip


class Unfit(Exception):
    """The expression is none for this way."""


def values(node: Node, context: Shape) -> Values:
    """A function from JSON of the type `context` to the results as JSON. Raises `Unfit`."""
    return path(node, context).run


def path(node: Node, this: Shape) -> Path:
    if isinstance(node, tree.Special) and node.name == "this":
        return Path(itself, this, only=True)
    if isinstance(node, tree.Member):
        if node.source is None and node.name in this.ancestors:
            return Path(itself, this, only=True)
        return _after(node.source, this, lambda source: _member(source, node.name))
    if isinstance(node, tree.TypeTest) and node.operator == "as":
        return _typed(node.operand, this, node.name, single=True)
    if isinstance(node, tree.Binary) and node.operator == "|":
        return _union(path(node.left, this), path(node.right, this))
    if isinstance(node, tree.Function) and node.name in EMPTY_STAYS:
        return _of_function(node, this)
    raise Unfit


def _after(node: Node | None, this: Shape, step: Callable[[Path], Path]) -> Path:
    """A step after a source. Where the step is unfit, nothing still comes of nothing."""
    source = Path(itself, this, only=True) if node is None else path(node, this)
    try:
        return step(source)
    except Unfit:
        if source.only:
            raise
        return Path(nothing_or_slow(source.run), None)


def _of_function(node: tree.Function, this: Shape) -> Path:
    name, arguments = node.name, node.arguments
    if name in {"as", "ofType"} and len(arguments) == 1 and node.source is not None:
        named = arguments[0]
        if isinstance(named, tree.Member) and isinstance(node.source, tree.Member):
            try:
                return _typed(node.source, this, named.name, single=name == "as")
            except Unfit:
                pass

    def step(source: Path) -> Path:
        if name == "where" and len(arguments) == 1:
            return _where(source, arguments[0])
        if name == "select" and len(arguments) == 1:
            return _select(source, arguments[0])
        if name == "first" and not arguments:
            return Path(lambda item: source.run(item)[:1], source.shape)
        raise Unfit

    return _after(node.source, this, step)


def _typed(node: Node, this: Shape, name: str, *, single: bool) -> Path:
    """A choice cut down to the options that `as` and `ofType` let pass."""
    if not isinstance(node, tree.Member) or (node.source is None and node.name in this.ancestors):
        raise Unfit
    source = Path(itself, this, only=True) if node.source is None else path(node.source, this)
    field = source.shape.fields.get(node.name) if source.shape is not None else None
    if field is None or len(field.options) < 2:
        raise Unfit
    kept = [
        o for o in field.options if (name == o.shape.code if o.shape.primitive else name in o.shape.ancestors)
    ]
    if len(kept) != 1:
        raise Unfit
    found = _of_field(source, Field(field.name, field.many, tuple(kept)))
    return found._replace(run=at_most_one(found.run)) if single and not source.only else found


def _union(left: Path, right: Path) -> Path:
    """Texts of two paths, each once."""
    shapes = (left.shape, right.shape)
    if any(shape is None or shape.carries != "String" for shape in shapes):
        raise Unfit
    first, second = left.run, right.run

    def run(item: Any) -> list[Any]:
        found = [*first(item), *second(item)]
        if any(type(value) is not str for value in found):
            raise Slow
        return list(dict.fromkeys(found))

    return Path(run, left.shape if left.shape is right.shape else STRING)


def _select(source: Path, projection: Node) -> Path:
    if source.shape is None:
        raise Unfit
    inner = path(projection, source.shape)
    return Path(over(source, inner.run), inner.shape)


def _member(source: Path, name: str) -> Path:
    field = source.shape.fields.get(name) if source.shape is not None and not source.shape.primitive else None
    if field is None:
        raise Unfit
    return _of_field(source, field)


def _of_field(source: Path, field: Field) -> Path:
    if len(field.options) > 1:
        return Path(over(source, of_choice(field)), None)
    option = field.options[0]
    shape = None if option.shape.name == "Resource" else option.shape
    if field.many:
        return Path(over(source, of_many(option)), shape)
    if source.only:
        return Path(of_one(option), shape, key=option.key, beside=option.beside)
    return Path(of_each(source.run, option), shape)


def _where(source: Path, criterion: Node) -> Path:
    if source.shape is None:
        raise Unfit
    holds, run = truth(criterion, source.shape), source.run
    return Path(lambda item: [each for each in run(item) if holds(each)], source.shape)


def truth(node: Node, this: Shape) -> Truth:
    """A function from JSON to true, false or None. Raises `Unfit`."""
    if isinstance(node, tree.Literal) and node.type == "Boolean":
        answer = node.text == "true"
        return lambda _: answer
    if isinstance(node, tree.Binary):
        return _binary(node, this)
    if isinstance(node, tree.Function):
        return _function(node, this)
    return _single(path(node, this))


def _single(source: Path) -> Truth:
    """The only value as a condition."""
    run, boolean = source.run, source.shape is not None and source.shape.carries == "Boolean"

    def one(item: Any) -> bool | None:
        found = run(item)
        if not found:
            return None
        if len(found) > 1 or (type(found[0]) is bool) is not boolean:
            raise Slow
        return found[0] if boolean else True

    if source.shape is None:
        raise Unfit
    return one


def _binary(node: tree.Binary, this: Shape) -> Truth:
    if node.operator in {"and", "or", "implies", "xor"}:
        return LOGIC[node.operator](truth(node.left, this), _truth_or_slow(node.right, this))
    if node.operator in {"in", "contains"}:
        return _in(node, this)
    if node.operator not in ORDER:
        raise Unfit
    literal = _text(node.right)
    if literal is not None:
        return _with_text(node, path(node.left, this), literal)
    if _is_truth(node.left) and _is_truth(node.right) and node.operator in {"=", "!="}:
        return both(truth(node.left, this), truth(node.right, this), ORDER[node.operator])
    if _is_count(node.left) and _is_count(node.right):
        left, right, compare = number(node.left, this), number(node.right, this), ORDER[node.operator]
        return lambda item: compare(left(item), right(item))
    if isinstance(node.right, tree.Literal):
        return _with_literal(path(node.left, this), node.right, ORDER[node.operator])
    return _dates(path(node.left, this), path(node.right, this), node.operator)


def _with_text(node: tree.Binary, source: Path, literal: str) -> Truth:
    """A path compared with a string."""
    if source.shape is None or source.shape.carries != "String" or node.operator not in {"=", "!="}:
        raise Unfit
    run, same, key, beside = source.run, node.operator == "=", source.key, source.beside

    def once(item: Any) -> bool | None:
        value = item.get(key) if type(item) is dict else None
        if type(value) is str:
            return (value == literal) is same
        return compare(item)

    def compare(item: Any) -> bool | None:
        found = run(item)
        if not found:
            return None
        return (len(found) == 1 and found[0] == literal) is same

    return once if key and beside else compare


def _truth_or_slow(node: Node, this: Shape) -> Truth:
    """A right side that is not always asked."""
    try:
        return truth(node, this)
    except Unfit:
        return slow


def _with_literal(source: Path, literal: tree.Literal, compare: Callable[[Any, Any], bool]) -> Truth:
    """A path compared with a boolean or a number."""
    carries = None if source.shape is None else source.shape.carries
    if literal.type == "Boolean" and carries == "Boolean" and compare in {operator.eq, operator.ne}:
        kinds: tuple[type, ...] = (bool,)
    elif literal.type in {"Integer", "Decimal"} and carries in {"Integer", "Decimal"}:
        kinds = (int, float)
    else:
        raise Unfit
    run, value = source.run, literal.value

    def one(item: Any) -> bool | None:
        found = run(item)
        if not found:
            return None
        if len(found) > 1 or type(found[0]) not in kinds:
            raise Slow
        known = found[0]
        return compare(Decimal(repr(known)) if type(known) is float else known, value)

    return one


def _dates(left: Path, right: Path, sign: str) -> Truth:
    """Two dates of one form, compared as they are written; the form without a zone."""
    shapes = (left.shape, right.shape)
    if any(shape is None or shape.carries not in {"Date", "DateTime"} for shape in shapes):
        raise Unfit
    first, second, compare = left.run, right.run, ORDER[sign]

    def run(item: Any) -> bool | None:
        a, b = first(item), second(item)
        if not a or not b:
            return None
        if len(a) != 1 or len(b) != 1 or type(a[0]) is not str or type(b[0]) is not str:
            raise Slow
        if len(a[0]) != 10 or len(b[0]) != 10:
            raise Slow
        return compare(a[0], b[0])

    return run


def _text(node: Node) -> str | None:
    if isinstance(node, tree.External):
        return CONSTANTS.get(node.name)
    return node.text if isinstance(node, tree.Literal) and node.type == "String" else None


def _is_truth(node: Node) -> bool:
    named = isinstance(node, tree.Function) and node.name in {"exists", "empty", "not", "hasValue", "all"}
    return named or (isinstance(node, tree.Literal) and node.type == "Boolean")


def _is_count(node: Node) -> bool:
    if isinstance(node, tree.Binary) and node.operator == "+":
        return _is_count(node.left) and _is_count(node.right)
    counted = isinstance(node, tree.Function) and node.name == "count"
    return counted or (isinstance(node, tree.Literal) and node.type in {"Integer", "Decimal"})


def number(node: Node, this: Shape) -> Callable[[Any], int | Decimal]:
    """Counts, numbers and their sums."""
    if isinstance(node, tree.Literal):
        found = Decimal(node.text)
        return lambda _: found
    if isinstance(node, tree.Binary):
        left, right = number(node.left, this), number(node.right, this)
        return lambda item: left(item) + right(item)
    if not isinstance(node, tree.Function) or node.source is None or node.arguments:
        raise Unfit
    inner = node.source
    if isinstance(inner, tree.Function) and inner.name == "children" and inner.source is None:
        return children
    run = path(inner, this).run
    return lambda item: len(run(item))


def _in(node: tree.Binary, this: Shape) -> Truth:
    """A path among several strings."""
    thing, among = (node.left, node.right) if node.operator == "in" else (node.right, node.left)
    source, texts = path(thing, this), _texts(among)
    if source.shape is None or source.shape.carries != "String":
        raise Unfit
    run = source.run

    def found_in(item: Any) -> bool | None:
        found = run(item)
        if not found:
            return None
        if len(found) > 1 or type(found[0]) is not str:
            raise Slow
        return found[0] in texts

    return found_in


def _texts(node: Node) -> frozenset[str]:
    if isinstance(node, tree.Binary) and node.operator == "|":
        return _texts(node.left) | _texts(node.right)
    text = _text(node)
    if text is None:
        raise Unfit
    return frozenset({text})


def _function(node: tree.Function, this: Shape) -> Truth:
    name, arguments = node.name, node.arguments
    if name == "not" and not arguments and node.source is not None:
        inner = truth(node.source, this)
        return lambda item: None if (found := inner(item)) is None else not found
    source = Path(itself, this, only=True) if node.source is None else None
    if name == "isDistinct" and not arguments:
        return _distinct(path(_given(node), this).run)
    if name in {"exists", "empty", "all", "hasValue"}:
        source = source or path(_given(node), this)
        return _of_path(source, name, arguments)
    if name in {*TESTS, "matches"} and len(arguments) == 1:
        return _tested(source or path(_given(node), this), name, _text(arguments[0]))
    return _single(path(node, this))


def _distinct(run: Values) -> Truth:
    """Whether texts differ."""

    def differ(item: Any) -> bool:
        found = run(item)
        if any(type(value) is not str for value in found):
            raise Slow
        return len(set(found)) == len(found)

    return differ


def _given(node: tree.Function) -> Node:
    if node.source is None:
        raise Unfit
    return node.source


def _of_path(source: Path, name: str, arguments: tuple[Node, ...]) -> Truth:
    run = source.run
    if name == "hasValue":
        if source.shape is None or arguments or not (source.shape.primitive or source.only):
            raise Unfit
        if not source.shape.primitive:
            return lambda _: False
        return _has_value(run, only=source.only)
    if not arguments and name != "all":
        if source.only:
            raise Unfit
        wanted = name == "exists"
        return lambda item: bool(run(item)) is wanted
    if len(arguments) != 1 or source.shape is None or name == "empty":
        raise Unfit
    holds = truth(arguments[0], source.shape)
    # every condition is asked, as the closures do, so that both meet the same faults
    gathered = any if name == "exists" else all
    return lambda item: gathered([holds(each) is True for each in run(item)])


def _has_value(run: Values, *, only: bool) -> Truth:
    def one(item: Any) -> bool:
        found = run(item)
        if only and type(item) in {dict, list, type(None)}:
            raise Slow
        return len(found) == 1

    return one


def _tested(source: Path, name: str, literal: str | None) -> Truth:
    """A string function with a literal."""
    if literal is None or source.shape is None or source.shape.carries != "String":
        raise Unfit
    run, test = source.run, TESTS.get(name)

    def one(item: Any) -> bool | None:
        found = run(item)
        if not found:
            return None
        if len(found) > 1 or type(found[0]) is not str or len(found[0]) > 10_000:
            raise Slow
        return test(found[0], literal) if test else patterns.compiled(literal).found_in(found[0], _free)

    return one


def _free(_: int) -> None:
    """Short texts cost nothing that needs to be counted."""
