"""The tree of paths of a resource type: by property the elements below, and what is emitted at each.

All parameters of a type are laid into one tree, so that a resource pays only for the elements that it has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from camphora.fhir.definitions import Element
from camphora.fhir.emit import EMITTERS, Emit, IndexValues, Leaf, emitter
from camphora.fhir.paths import Path, reached


@dataclass(slots=True)
class Node:
    """A place in the tree: by property and condition the nodes below, and what is emitted here."""

    below: dict[tuple[str, bool, tuple[str, str] | None], Node] = field(default_factory=dict)
    leaves: dict[tuple[str, str, str], list[Leaf]] = field(default_factory=dict)


def ends(path: Path, owner: str) -> list[tuple[Element, str]]:
    """The elements to which a path leads from a type, each with a data type; none where it leads nowhere."""
    found: list[tuple[Element, str]] = []
    owners = [owner]
    for step in path.steps:
        found = [(element, code) for each in owners for _, element, code in reached(each, step)]
        owners = [element.content(code) for element, code in found]
    return found


def lay(path: Path, param: str, kind: str, owner: str, root: Node) -> list[tuple[str, ...]]:
    """Lay a path into the tree; of each element that has an index form, the types that it may refer to."""
    places = [(root, owner)]
    found: list[tuple[Node, Element, str]] = []
    for step in path.steps:
        found = [
            (node.below.setdefault((name, element.many, step.where), Node()), element, code)
            for node, above in places
            for name, element, code in reached(above, step)
        ]
        places = [(node, element.content(code)) for node, element, code in found]
    target = path.steps[-1].target
    laid = [row for row in found if (kind, row[2]) in EMITTERS]
    for node, element, code in laid:
        key = (kind, code, (element.system or "") if code == "code" else "")
        node.leaves.setdefault(key, []).append(Leaf(param, target))
    return [(target,) if target else element.targets for _, element, _ in laid]


def properties(node: Node) -> dict[str, Emit]:
    """By property of the JSON the function that takes its value."""
    grouped: dict[str, list[Emit]] = {}
    for (name, many, where), below in node.below.items():
        emit = _item(below)
        emit = _guarded(emit, *where) if where else emit
        grouped.setdefault(name, []).append(_each(emit) if many else emit)
    return {name: _all(emits) for name, emits in grouped.items()}


def _item(node: Node) -> Emit:
    emits = [emitter(*key, leaves) for key, leaves in node.leaves.items()]
    if node.below:
        emits.append(_inner(tuple(properties(node).items())))
    return _all(emits)


def _inner(entries: tuple[tuple[str, Emit], ...]) -> Emit:
    def visit(value: Any, out: IndexValues) -> None:
        for name, emit in entries:
            item = value.get(name)
            if item is not None:
                emit(item, out)

    return visit


def _each(emit: Emit) -> Emit:
    def visit(values: Any, out: IndexValues) -> None:
        for value in values:
            if value is not None:
                emit(value, out)

    return visit


def _all(emits: list[Emit]) -> Emit:
    if len(emits) == 1:
        return emits[0]

    def visit(value: Any, out: IndexValues) -> None:
        for emit in emits:
            emit(value, out)

    return visit


def _guarded(emit: Emit, name: str, literal: str) -> Emit:
    def visit(value: Any, out: IndexValues) -> None:
        if value.get(name) == literal:
            emit(value, out)

    return visit
