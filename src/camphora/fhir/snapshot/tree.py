"""The elements of a structure definition as a tree, and back to the flat list that FHIR writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Step = tuple[str, str]
"""The name of an element and of its slice; the latter empty where there is none."""


@dataclass(slots=True)
class Node:
    """One element with what lies below it. `slices` are those of the element itself, each a node of the same name;
    the reslice `a/b` of a slice `a` stands behind it. `element` is shared between copies and never changed."""

    name: str
    slice: str = ""
    element: Json = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    slices: list[Node] = field(default_factory=list)

    @property
    def is_choice(self) -> bool:
        return self.name.endswith("[x]")

    def child(self, name: str) -> Node | None:
        return next((node for node in self.children if node.name == name), None)

    def sliced(self, name: str) -> Node | None:
        return next((node for node in self.slices if node.slice == name), None)

    def size(self) -> int:
        """How many elements it is with all below it."""
        return 1 + sum(node.size() for node in (*self.children, *self.slices))

    def copy(self) -> Node:
        """The node with all below it, its elements shared."""
        below = [node.copy() for node in self.children]
        return Node(self.name, self.slice, self.element, below, [node.copy() for node in self.slices])

    def flat(self, path: str = "", id_: str = "") -> Iterator[Json]:
        """The elements in the order of a snapshot, each with the path and id of its place."""
        own_path = f"{path}.{self.name}" if path else self.name
        own_id = f"{id_}.{self.name}" if id_ else self.name
        if self.slice:
            own_id += f":{self.slice}"
        placed = {"id": own_id, "path": own_path} | ({"sliceName": self.slice} if self.slice else {})
        yield placed | {key: value for key, value in self.element.items() if key not in _PLACE}
        for node in self.children:
            yield from node.flat(own_path, own_id)
        for node in self.slices:
            yield from node.flat(path, id_)


_PLACE = frozenset({"id", "path", "sliceName"})


def grow(elements: Sequence[Json]) -> Node:
    """The tree of these elements, its root the first path's first step; elements that are only passed on the way
    are empty. Raises ValueError where they have not one root."""
    roots = {str(element["path"]).partition(".")[0] for element in elements}
    if len(roots) != 1:
        raise ValueError
    root = Node(roots.pop())
    for element, steps in zip(elements, _steps(elements), strict=True):
        _at(root, steps).element = element
    return root


def _at(root: Node, steps: Iterable[Step]) -> Node:
    node = root
    for name, slice_ in steps:
        found = node.child(name)
        if found is None:
            found = Node(name)
            node.children.append(found)
        node = found
        if slice_:
            part = node.sliced(slice_)
            if part is None:
                part = Node(name, slice_)
                node.slices.append(part)
            node = part
    return node


def _steps(elements: Sequence[Json]) -> Iterator[list[Step]]:
    """The steps of each element below the root: from its id where that agrees with its path, and otherwise from its
    path, slices being those that were named last on the way."""
    named: dict[tuple[str, ...], str] = {}
    for element in elements:
        names = str(element["path"]).split(".")
        slices = _slices_of_id(str(element.get("id", "")), names)
        if slices is None:
            slices = [named.get(tuple(names[: n + 1]), "") for n in range(len(names) - 1)]
            slices.append(str(element.get("sliceName", "")))
        for key in [key for key in named if key[: len(names)] == tuple(names)]:
            del named[key]
        named[tuple(names)] = slices[-1]
        yield list(zip(names[1:], slices[1:], strict=True))


def _slices_of_id(id_: str, names: list[str]) -> list[str] | None:
    parts = [part.partition(":") for part in id_.split(".")]
    return [part[2] for part in parts] if [part[0] for part in parts] == names else None
