"""The expressions of R4 itself, each with the records and elements that it is meant for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from camphora.fhir import definitions
from mutation.engine import Mutant, Specimen, mutants
from mutation.invariants import RULES
from mutation.specimens import specimens
from mutation.tree import GUIDES, Json, nodes, structure

RECORDS = 3
"""Records of each type."""
ELEMENTS = 3
"""Elements of a type on which an invariant is tried."""


class Trial(NamedTuple):
    """An expression on an element: `type` is the element's type or path; `resource` the record that holds it."""

    key: str
    text: str
    type: str
    item: Any
    resource: Json
    about: str


@cache
def records() -> dict[str, tuple[Specimen, ...]]:
    """Some records of each type, R4's own."""
    chosen: dict[str, list[Specimen]] = {}
    for specimen in specimens():
        rows = chosen.setdefault(specimen.kind, [])
        if len(rows) < RECORDS:
            rows.append(specimen)
    return {kind: tuple(rows) for kind, rows in chosen.items()}


def searches() -> Iterator[Trial]:
    """Every search parameter on records of each of its types."""
    for row in definitions._search().parameters:
        for kind in row.base if row.expression else ():
            for specimen in records().get(kind, ()):
                resource = specimen.resource
                yield Trial(f"{kind} {row.code}", row.expression, kind, resource, resource, specimen.name)


def invariants() -> Iterator[Trial]:
    """Every invariant of R4 on elements that bear it."""
    seen: Counter[tuple[str, str]] = Counter()
    for specimen in chain.from_iterable(records().values()):
        for path, item in _bearers(specimen):
            for row in constraints(path):
                seen[row["key"], path] += 1
                if seen[row["key"], path] <= ELEMENTS:
                    yield Trial(row["key"], row["expression"], path, item, specimen.resource, specimen.name)


def _bearers(specimen: Specimen) -> Iterator[tuple[str, Json]]:
    yield specimen.kind, specimen.resource
    for node in specimen.nodes:
        if isinstance(node.value, dict) and not {"contained", "resource"} & set(node.keys):
            yield node.inner, node.value


@cache
def constraints(path: str) -> tuple[Json, ...]:
    """The invariants at the head of a type or at a path of one."""
    definition = structure(path.partition(".")[0]) or GUIDES.find(path)
    rows = definition["snapshot"]["element"] if definition else ()
    own = next((row for row in rows if row["path"] == path), {})
    return tuple(row for row in own.get("constraint", ()) if row.get("expression"))


def broken() -> Iterator[Trial]:
    """Invariants on elements where they were broken, so that both answers of an invariant are compared."""
    for rule in RULES:
        for mutant in mutants(specimens(), [f"{rule.key} {rule.bearer.partition('.')[0]}"]):
            path, item = _broken(mutant)
            for row in constraints(path):
                yield Trial(row["key"], row["expression"], path, item, mutant.resource, mutant.name)


def _broken(mutant: Mutant) -> tuple[str, Json]:
    """The type and the value of the element that bears the broken invariant."""
    place = mutant.places[0]
    if place == mutant.specimen.kind:
        return place, mutant.resource
    node = next(node for node in nodes(mutant.resource) if node.path == place)
    return node.inner, node.value
