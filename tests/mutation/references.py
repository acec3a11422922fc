"""References and contained resources."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from mutation.engine import Fault, Specimen, append, kind, put
from mutation.tree import Node

INSIDE = {"resourceType": "Patient", "id": "camphora-inside", "active": True}
STRANGERS = ("Patient", "Medication", "ValueSet", "Slot")


def references(specimen: Specimen) -> list[Node]:
    return [node for node in specimen.nodes if node.code == "Reference"]


def holds_resources(specimen: Specimen) -> bool:
    return specimen.kind in {"Bundle", "Parameters", "Binary"}


@kind("reference-target")
def target(specimen: Specimen) -> Iterator[Fault]:
    """A reference to a type that the element does not name: told at the reference or its text."""
    for node in references(specimen):
        wrong = [name for name in STRANGERS if name not in node.element.targets]
        if wrong and node.element.targets and "Resource" not in node.element.targets:
            yield Fault(
                (node.path, f"{node.path}.reference"), put(node.keys, {"reference": f"{wrong[0]}/camphora"})
            )


@kind("reference-target-type", 40)
def target_type(specimen: Specimen) -> Iterator[Fault]:
    """Reference.type names a type that the element does not allow: told at the reference or its type."""
    for node in references(specimen):
        wrong = [name for name in STRANGERS if name not in node.element.targets]
        if wrong and node.element.targets and "Resource" not in node.element.targets:
            row = {"type": wrong[0], "identifier": {"value": "1"}}
            yield Fault((node.path, f"{node.path}.type"), put(node.keys, row))


@kind("reference-empty", 20)
def empty_local(specimen: Specimen) -> Iterator[Fault]:
    """ref-1: `#x` must name a contained resource: told at the reference or its text."""
    if not holds_resources(specimen):
        for node in references(specimen):
            if "contained" not in node.keys:
                places = (node.path, f"{node.path}.reference")
                yield Fault(places, put(node.keys, {"reference": "#camphora-nowhere"}))


@kind("contained-target", 40)
def contained_target(specimen: Specimen) -> Iterator[Fault]:
    """`#x` names a contained resource of a type that the element does not allow."""
    if holds_resources(specimen):
        return
    for node in references(specimen):
        allowed = node.element.targets
        if (
            allowed
            and "Patient" not in allowed
            and "Resource" not in allowed
            and "contained" not in node.keys
        ):
            yield Fault((node.path, f"{node.path}.reference"), _pointed(node))


def _pointed(node: Node):
    def change(resource):
        append(("contained",), INSIDE)(resource)
        put(node.keys, {"reference": "#camphora-inside"})(resource)

    return change


def _contained(specimen: Specimen, value: dict) -> Fault:
    place = f"{specimen.kind}.contained"
    count = len(specimen.resource.get("contained", ()))
    places = (f"{place}[{count}]", place, specimen.kind)
    return Fault(places, append(("contained",), value), specimen.kind)


@kind("contained-not-referenced")
def not_referenced(specimen: Specimen) -> Iterator[Fault]:
    """dom-3: told at the contained resource or at the resource."""
    if not holds_resources(specimen):
        yield _contained(specimen, INSIDE)


@kind("contained-nested")
def nested(specimen: Specimen) -> Iterator[Fault]:
    """dom-2: told at the inner list, at the contained resource or at the resource."""
    if not holds_resources(specimen):
        fault = _contained(specimen, INSIDE | {"contained": [INSIDE | {"id": "deeper"}]})
        yield fault._replace(places=(f"{fault.places[0]}.contained", *fault.places))


@kind("contained-meta")
def contained_meta(specimen: Specimen) -> Iterator[Fault]:
    """dom-4 and dom-5: a contained resource has no version and no security label of its own."""
    for name, value in (
        ("versionId", "1"),
        ("lastUpdated", "2024-03-01T00:00:00Z"),
        ("security", [{"code": "x"}]),
    ):
        for n, row in enumerate(specimen.resource.get("contained", ())):
            place = f"{specimen.kind}.contained[{n}]"
            places = (f"{place}.meta.{name}", f"{place}.meta", place, specimen.kind)
            change = put(("contained", n, "meta"), row.get("meta", {}) | {name: value})
            yield Fault(places, change, f"{specimen.kind} {name}")


@kind("contained-without-id")
def contained_without_id(specimen: Specimen) -> Iterator[Fault]:
    """Nothing can refer to it (references.html#contained, dom-3)."""
    if not holds_resources(specimen):
        row = {name: value for name, value in INSIDE.items() if name != "id"}
        fault = _contained(specimen, row)
        yield fault._replace(places=(*fault.places, f"{fault.places[0]}.id"))


@kind("contained-same-id", 40)
def contained_same_id(specimen: Specimen) -> Iterator[Fault]:
    """Two contained resources with one id: told at either, at its id, at the list or at the resource."""
    rows = specimen.resource.get("contained", ())
    for n, row in enumerate(rows):
        place = f"{specimen.kind}.contained"
        both = [f"{place}[{i}]" for i in (n, len(rows))]
        places = (*both, *(f"{one}.id" for one in both), place, specimen.kind)
        if "id" in row:
            yield Fault(places, append(("contained",), row), specimen.kind)


@kind("element-same-id", 40)
def element_same_id(specimen: Specimen) -> Iterator[Fault]:
    """Ids of elements are unique in a resource (element.html): told at either element or at its id."""
    plain = [
        n
        for n in specimen.nodes
        if isinstance(n.value, dict) and n.code != "Resource" and "id" not in n.value
    ]
    own = [n for n in plain if "contained" not in n.keys and "resource" not in n.keys]
    for one, two in itertools.pairwise(own):
        places = (one.path, two.path, f"{one.path}.id", f"{two.path}.id")
        if one.keys != two.keys[: len(one.keys)]:
            yield Fault(places, _same(one, two))


def _same(one: Node, two: Node):
    def change(resource):
        put((*one.keys, "id"), "camphora")(resource)
        put((*two.keys, "id"), "camphora")(resource)

    return change
