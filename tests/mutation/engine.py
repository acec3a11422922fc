"""Single faults put into valid examples: the same seed gives the same faults.

A *kind* looks at a specimen and names the faults that it could put in: each a `Fault` with the places at which a right
report lies, and the change itself. `mutants()` draws among them, so that no element and no specimen dominates.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from mutation.tree import Json, Node, nodes

SEED = 3
QUOTA = 60
"""So many faults of each kind, where the specimens allow it."""
PER_ELEMENT = 4
PER_SPECIMEN = 2


class Specimen:
    """A valid resource with its profiles and its nodes."""

    def __init__(self, name: str, resource: Json) -> None:
        self.name = name
        self.resource = resource
        self.kind: str = resource["resourceType"]
        self.profiles: tuple[str, ...] = tuple(resource.get("meta", {}).get("profile", ()))
        self.nodes: list[Node] = nodes(resource)


class Fault(NamedTuple):
    """A change and the FHIRPaths at which it may be told; `about` is the element, for variety."""

    places: tuple[str, ...]
    change: Callable[[Json], object]
    about: str = ""


Making = Callable[[Specimen], Iterable[Fault]]


class Mutant(NamedTuple):
    kind: str
    number: int
    specimen: Specimen
    resource: Json
    places: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.kind} {self.number}: {self.specimen.name} at {self.places[0]}"


class Kind(NamedTuple):
    """A kind of fault: how its faults are made, how many are drawn, and how many of one specimen at most."""

    made: Making
    quota: int
    each: int


KINDS: dict[str, Kind] = {}


def kind(name: str, quota: int = QUOTA, each: int = PER_SPECIMEN) -> Callable[[Making], Making]:
    def add(made: Making) -> Making:
        assert name not in KINDS, name
        KINDS[name] = Kind(made, quota, each)
        return made

    return add


def mutants(specimens: Iterable[Specimen], names: Iterable[str] = ()) -> Iterator[Mutant]:
    """The mutants of the kinds named, or of all."""
    pool = list(specimens)
    for name in names or KINDS:
        yield from _of_kind(name, pool)


def _of_kind(name: str, specimens: list[Specimen]) -> Iterator[Mutant]:
    made, quota, each = KINDS[name]
    draw = random.Random(f"{SEED} {name}")
    seen: Counter[str] = Counter()
    for specimen in draw.sample(specimens, len(specimens)):
        faults = list(made(specimen))
        draw.shuffle(faults)
        taken = 0
        for fault in faults:
            about = fault.about or _generic(fault.places[0])
            if taken == each or seen.total() == quota:
                break
            if seen[about] < PER_ELEMENT:
                seen[about] += 1
                taken += 1
                yield Mutant(name, seen.total(), specimen, _changed(specimen, fault), fault.places)


def _changed(specimen: Specimen, fault: Fault) -> Json:
    resource = copy.deepcopy(specimen.resource)
    fault.change(resource)
    assert json.dumps(resource) != json.dumps(specimen.resource), fault.places
    return resource


def _generic(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path)


def put(keys: tuple[Any, ...], value: Any) -> Callable[[Json], object]:
    """Set what lies at these keys."""

    def change(resource: Json) -> None:
        owner: Any = resource
        for key in keys[:-1]:
            owner = owner[key]
        owner[keys[-1]] = copy.deepcopy(value)

    return change


def drop(keys: tuple[Any, ...]) -> Callable[[Json], object]:
    """Take out what lies at these keys."""

    def change(resource: Json) -> None:
        owner: Any = resource
        for key in keys[:-1]:
            owner = owner[key]
        del owner[keys[-1]]

    return change


def append(keys: tuple[Any, ...], value: Any) -> Callable[[Json], object]:
    """Add an item to the list at these keys, which may not be there yet."""

    def change(resource: Json) -> None:
        owner: Any = resource
        for key in keys[:-1]:
            owner = owner[key]
        owner.setdefault(keys[-1], []).append(copy.deepcopy(value))

    return change
