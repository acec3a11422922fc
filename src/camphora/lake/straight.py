"""Straight on JSON what views are made of beyond `fhirpath.quick`: keys, texts joined, extensions by address.

It gives what the engine gives; like `quick` it raises `Unfit` for what it does not know and `Slow` for data that it
leaves to the engine.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from camphora.fhir.fhirpath import quick, tree
from camphora.fhir.fhirpath.functions import keys
from camphora.fhir.fhirpath.quick import Slow, Unfit, Values
from camphora.fhir.fhirpath.types import Shape, has, shape


def values(node: tree.Node, context: Shape) -> Values:
    """A function from JSON of the type `context` to the results as JSON. Raises `Unfit`."""
    if isinstance(node, tree.Function) and node.name in {"getReferenceKey", "join"}:
        source = quick.values(_spelt(node.source or tree.Special("this")), context)
        return _reference_key(node, source) if node.name == "getReferenceKey" else _joined(node, source)
    return quick.values(_spelt(node), context)


def _spelt(node: tree.Node) -> tree.Node:
    """The same path with `extension('address')` as `extension.where(url = 'address')`."""
    if not isinstance(node, tree.Member | tree.Function):
        return node
    source = None if node.source is None else _spelt(node.source)
    if not isinstance(node, tree.Function) or node.name != "extension":
        return replace(node, source=source)
    asked = tree.Binary("=", tree.Member(None, "url"), _text(node))
    return tree.Function(tree.Member(source, "extension"), "where", (asked,))


def _text(node: tree.Function) -> tree.Literal:
    """The only argument, a string."""
    (argument,) = node.arguments or (None,)
    if not isinstance(argument, tree.Literal) or argument.type != "String":
        raise Unfit
    return argument


def _joined(node: tree.Function, source: Values) -> Values:
    between = _text(node).text if node.arguments else ""

    def run(item: Any) -> list[str]:
        found = source(item)
        if not all(type(one) is str for one in found):
            raise Slow
        return [between.join(found)]

    return run


def _reference_key(node: tree.Function, source: Values) -> Values:
    (wanted,) = node.arguments or (tree.Member(None, "Resource"),)
    if not isinstance(wanted, tree.Member) or wanted.source is not None or not has(wanted.name):
        raise Unfit
    kind = wanted.name

    def run(item: Any) -> list[str]:
        named = [keys.named(value) for value in source(item)]
        return [one.id for one in named if one is not None and kind in shape(one.type).ancestors]

    return run
