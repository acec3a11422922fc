"""R4's own invariants over R4's own examples: an application of everything at once."""

import json
import lzma
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from camphora.fhir import fhirpath
from camphora.fhir.fhirpath.items import Item, children, root, value_of
from fhirpath.official import refusal

HERE = Path(__file__).parent
KNOWN = {"ChargeItemDefinition cid-0"}
"""Invariants of R4 that name an element which their type does not have."""


@cache
def rules():
    found = defaultdict(list)
    for path, key, severity, expression in json.loads(
        (HERE / "data" / "r4-invariants.json").read_text("utf-8")
    ):
        found[path].append((key, severity, expression))
    return found


@cache
def examples():
    packed = HERE.parent / "fhir" / "data" / "examples-r4.json.xz"
    return list(json.loads(lzma.decompress(packed.read_bytes())).values())


def elements():
    """Every element of every example with the resource that it is in, and that one's container."""
    for example in examples():
        todo = [(root(example, None), example)]
        while todo:
            item, resource = todo.pop()
            resource = item.value if item.shape.resource else resource
            yield item, resource, example
            todo += [(child, resource) for child in children(item)]


def due(item):
    for name in {item.shape.name, *item.shape.ancestors}:
        yield from rules()[name]


def test_every_invariant_of_r4_compiles_and_fits_its_type():
    misfits = set()
    for path, found in rules().items():
        for key, _, expression in found:
            assert fhirpath.parse(str(fhirpath.parse(expression))) == fhirpath.parse(expression)
            if refusal(lambda e=expression, p=path: fhirpath.compile(e, p, strict=True)):
                misfits.add(f"{path} {key}")
    assert misfits == KNOWN


@pytest.mark.conformance
def test_no_example_of_r4_breaks_an_invariant_of_severity_error():
    count = 0
    for item, resource, example in elements():
        given = (
            fhirpath.Primitive(item.value, item.beside, item.shape.name)
            if item.shape.primitive
            else item.value
        )
        for key, severity, expression in due(item):
            made = fhirpath.compile(expression, item.shape.name)
            count += 1
            held = made.holds(given, resource=resource, root=example)
            assert held is not False or severity != "error", f"{item.path} {key}"
    assert count > 7_000


def test_the_quick_way_and_the_closures_agree_on_every_invariant():
    for item, resource, example in elements():
        if item.shape.primitive:
            continue
        for key, _, expression in due(item):
            made = fhirpath.compile(expression, item.shape.name)
            things = made.things(item.value, resource=resource, root=example)
            values = [value_of(thing) for thing in things]
            slow = None if not values else values[0] if isinstance(values[0], bool) else True
            assert made.holds(item.value, resource=resource, root=example) is slow, f"{item.path} {key}"
            plain = [one.value if isinstance(one, Item) else one for one in things]
            assert made(item.value, resource=resource, root=example) == plain
