"""Sets of things (https://hl7.org/fhirpath/N1/#combining)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from camphora.fhir.fhirpath.comparing import key
from camphora.fhir.fhirpath.functions.registry import function
from camphora.fhir.fhirpath.items import Thing
from camphora.fhir.fhirpath.running import Collection, Frame


def distinct_of(things: Iterable[Thing]) -> Collection:
    """Each thing once, in the order in which they first appear."""
    found: dict[Hashable, Thing] = {}
    for thing in things:
        found.setdefault(key(thing), thing)
    return list(found.values())


@function("distinct", gives="", many=True)
def distinct(frame: Frame, source: Collection) -> Collection:
    frame.run.spend(len(source))
    return distinct_of(source)


@function("union", (1, 1), many=True)
def union(frame: Frame, source: Collection, other: Collection) -> Collection:
    frame.run.spend(len(source) + len(other))
    return distinct_of([*source, *other])


@function("combine", (1, 1), many=True)
def combine(frame: Frame, source: Collection, other: Collection) -> Collection:
    frame.run.spend(len(source) + len(other))
    return source + other


@function("intersect", (1, 1), gives="", many=True)
def intersect(frame: Frame, source: Collection, other: Collection) -> Collection:
    frame.run.spend(len(source) + len(other))
    keys = {key(thing) for thing in other}
    return distinct_of(thing for thing in source if key(thing) in keys)


@function("exclude", (1, 1), gives="", many=True)
def exclude(frame: Frame, source: Collection, other: Collection) -> Collection:
    frame.run.spend(len(source) + len(other))
    keys = {key(thing) for thing in other}
    return [thing for thing in source if key(thing) not in keys]
