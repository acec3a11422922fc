"""Faults of shape: JSON types, names, counts, choices, emptiness."""

from __future__ import annotations

from collections.abc import Iterator

from mutation.engine import Fault, Specimen, drop, kind, put
from mutation.tree import Node

EXAMPLES = {
    "boolean": True, "integer": 3, "string": "text", "dateTime": "2024-03-01", "Period": {"start": "2024-03-01"},
    "Quantity": {"value": 3}, "CodeableConcept": {"text": "text"}, "Reference": {"display": "text"},
    "Range": {"low": {"value": 1}}, "uri": "urn:x", "date": "2024-03-01", "Age": None, "code": "x",
    "decimal": 1.5, "Money": {"value": 1}, "Attachment": {"title": "text"}, "Identifier": {"value": "1"},
    "positiveInt": 3, "Ratio": None, "time": "08:00:00", "canonical": "urn:x", "instant": "2024-03-01T00:00:00Z",
}  # fmt: skip
WRONG = {bool: "true", int: "12", float: "1.5", str: 7, dict: "text"}


def objects(specimen: Specimen) -> list[Node]:
    """The nodes that are objects of a data type or backbone, no resources."""
    return [n for n in specimen.nodes if isinstance(n.value, dict) and n.code not in {"Resource", "xhtml"}]


@kind("unknown-element")
def unknown_element(specimen: Specimen) -> Iterator[Fault]:
    """A name that the type does not have: told there, or at the element that holds it."""
    yield Fault((f"{specimen.kind}.camphora", specimen.kind), put(("camphora",), "x"))
    for node in objects(specimen):
        yield Fault((f"{node.path}.camphora", node.path), put((*node.keys, "camphora"), "x"))


@kind("missing-required")
def missing_required(specimen: Specimen) -> Iterator[Fault]:
    """What R4 demands is taken out: told at the element that lacks, or at its owner."""
    for node in specimen.nodes:
        alone = isinstance(node.keys[-1], int) and _count(specimen, node) > 1
        if node.element.least and not alone and _owned(specimen, node) > 1 and node.code != "xhtml":
            keys = node.keys[:-1] if isinstance(node.keys[-1], int) else node.keys
            place = f"{node.parent}.{node.element.label}"
            if isinstance(keys[-1], str) and not keys[-1].startswith("_"):
                yield Fault((place, node.parent), drop(keys))


def _count(specimen: Specimen, node: Node) -> int:
    return sum(other.keys[:-1] == node.keys[:-1] for other in specimen.nodes)


def _owned(specimen: Specimen, node: Node) -> int:
    """How many elements the owner has."""
    return len({n.element.name for n in specimen.nodes if n.parent == node.parent})


@kind("too-many")
def too_many(specimen: Specimen) -> Iterator[Fault]:
    """An element that stands once is written as a list of two."""
    for node in specimen.nodes:
        if not node.element.many and not str(node.keys[-1]).startswith("_"):
            places = (node.path, f"{node.path}[0]", f"{node.path}[1]")
            yield Fault(places, put(node.keys, [node.value, node.value]))


@kind("not-a-list")
def not_a_list(specimen: Specimen) -> Iterator[Fault]:
    """A repeating element is written without its list."""
    for node in specimen.nodes:
        if node.element.many and node.keys[-1] == 0 and not str(node.keys[-2]).startswith("_"):
            place = node.path.removesuffix("[0]")
            yield Fault((place, node.path), put(node.keys[:-1], node.value))


@kind("json-type", 120)
def json_type(specimen: Specimen) -> Iterator[Fault]:
    """A value of another JSON type."""
    for node in specimen.nodes:
        if type(node.value) in WRONG and not str(node.keys[-1]).startswith("_"):
            yield Fault((node.path,), put(node.keys, WRONG[type(node.value)]))


@kind("two-choices")
def two_choices(specimen: Specimen) -> Iterator[Fault]:
    """A second value beside the first of value[x]."""
    for node in specimen.nodes:
        for code in node.element.types if node.element.choice else ():
            if code != node.code and EXAMPLES.get(code) is not None:
                yield Fault((node.path,), put((*node.keys[:-1], node.element.key(code)), EXAMPLES[code]))
                break


@kind("choice-not-allowed")
def choice_not_allowed(specimen: Specimen) -> Iterator[Fault]:
    """value[x] with a type that R4 does not allow there: told at the element, its JSON name, or its owner."""
    for node in specimen.nodes:
        others = [
            c for c in ("Money", "Age", "instant") if node.element.choice and c not in node.element.types
        ]
        if others and node.keys[-1] == node.element.key(node.code):
            key = node.element.key(others[0])
            yield Fault((node.path, f"{node.parent}.{key}", node.parent), _renamed(node, key))


def _renamed(node: Node, key: str):
    def change(resource):
        drop(node.keys)(resource)
        put((*node.keys[:-1], key), node.value)(resource)

    return change


@kind("empty-object")
def empty_object(specimen: Specimen) -> Iterator[Fault]:
    for node in objects(specimen):
        yield Fault((node.path,), put(node.keys, {}))


@kind("empty-list")
def empty_list(specimen: Specimen) -> Iterator[Fault]:
    for node in specimen.nodes:
        if node.keys[-1] == 0:
            yield Fault((node.path.removesuffix("[0]"),), put(node.keys[:-1], []))


@kind("null")
def null(specimen: Specimen) -> Iterator[Fault]:
    for node in specimen.nodes:
        yield Fault((node.path,), put(node.keys, None))


@kind("null-in-list")
def null_in_list(specimen: Specimen) -> Iterator[Fault]:
    """A null that no extension explains at the end of a list."""
    for node in specimen.nodes:
        if isinstance(node.keys[-1], int) and not str(node.keys[-2]).startswith("_"):
            values = [n.value for n in specimen.nodes if n.keys[:-1] == node.keys[:-1]]
            place = f"{node.path.rpartition('[')[0]}"
            yield Fault((f"{place}[{len(values)}]", place), put(node.keys[:-1], [*values, None]))


@kind("empty-text")
def empty_text(specimen: Specimen) -> Iterator[Fault]:
    for node in specimen.nodes:
        if isinstance(node.value, str) and node.code != "xhtml":
            yield Fault((node.path,), put(node.keys, ""))


@kind("beside-unpaired", 30)
def beside_unpaired(specimen: Specimen) -> Iterator[Fault]:
    """The list of extensions of a repeating primitive is longer than the list of its values."""
    for node in specimen.nodes:
        if node.primitive and node.keys[-1] == 0 and not str(node.keys[-2]).startswith("_"):
            place = node.path.removesuffix("[0]")
            count = sum(n.keys[:-1] == node.keys[:-1] for n in specimen.nodes)
            extra = [None] * (count + 1) + [{"id": "x"}]
            places = (place, *(f"{place}[{n}]" for n in range(count, count + 2)))
            yield Fault(places, put((*node.keys[:-2], f"_{node.keys[-2]}"), extra))


@kind("beside-not-object", 30)
def beside_not_object(specimen: Specimen) -> Iterator[Fault]:
    """Text where the extensions of a primitive stand."""
    for node in specimen.nodes:
        if node.primitive and isinstance(node.keys[-1], str) and not node.keys[-1].startswith("_"):
            yield Fault((node.path,), put((*node.keys[:-1], f"_{node.keys[-1]}"), "text"))


@kind("resource-type", 30)
def resource_type(specimen: Specimen) -> Iterator[Fault]:
    """A resource inside another has no type, or one that R4 does not have."""
    for node in specimen.nodes:
        if node.code == "Resource":
            places = (node.path, f"{node.path}.resourceType")
            yield Fault(places, put((*node.keys, "resourceType"), "Camphora"))
            yield Fault(places, drop((*node.keys, "resourceType")))


@kind("prohibited-by-type", 30)
def quantity_comparator(specimen: Specimen) -> Iterator[Fault]:
    """SimpleQuantity has no comparator (sqty-1); R4 names the type by a profile of Quantity."""
    for node in specimen.nodes:
        simple = any(
            "SimpleQuantity" in url for t in node.element.row.get("type", ()) for url in t.get("profile", ())
        )
        if simple and node.code == "Quantity":
            yield Fault((node.path, f"{node.path}.comparator"), put((*node.keys, "comparator"), "<"))
