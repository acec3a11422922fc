"""Whether there is anything, and whether all of it holds (https://hl7.org/fhirpath/N1/#existence)."""

from __future__ import annotations

from camphora.fhir.fhirpath.comparing import key
from camphora.fhir.fhirpath.functions.registry import function
from camphora.fhir.fhirpath.functions.taking import boolean, truth
from camphora.fhir.fhirpath.running import Collection, Evaluate, Frame


@function("empty", gives="Boolean")
def empty(_: Frame, source: Collection) -> Collection:
    return [not source]


@function("exists", (0, 1), gives="Boolean", lazy=True)
def exists(frame: Frame, source: Collection, criterion: Evaluate | None = None) -> Collection:
    return [bool(source) if criterion is None else any(_each(frame, source, criterion))]


@function("all", (1, 1), gives="Boolean", lazy=True)
def every(frame: Frame, source: Collection, criterion: Evaluate) -> Collection:
    return [all(_each(frame, source, criterion))]


def _each(frame: Frame, source: Collection, criterion: Evaluate) -> list[bool]:
    """Whether the criterion holds for each thing."""
    inner = frame.inner()
    frame.run.spend(2 * len(source))
    answers = []
    for inner.index, thing in enumerate(source):
        inner.this = [thing]
        answers.append(truth(criterion(inner)) is True)
    return answers


@function("not", gives="Boolean")
def negation(_: Frame, source: Collection) -> Collection:
    found = truth(source)
    return [] if found is None else [not found]


@function("allTrue", gives="Boolean")
def all_true(_: Frame, source: Collection) -> Collection:
    return [all(boolean(source))]


@function("anyTrue", gives="Boolean")
def any_true(_: Frame, source: Collection) -> Collection:
    return [any(boolean(source))]


@function("allFalse", gives="Boolean")
def all_false(_: Frame, source: Collection) -> Collection:
    return [not any(boolean(source))]


@function("anyFalse", gives="Boolean")
def any_false(_: Frame, source: Collection) -> Collection:
    return [not all(boolean(source))]


@function("subsetOf", (1, 1), gives="Boolean")
def subset_of(_: Frame, source: Collection, other: Collection) -> Collection:
    return [{key(thing) for thing in source} <= {key(thing) for thing in other}]


@function("supersetOf", (1, 1), gives="Boolean")
def superset_of(_: Frame, source: Collection, other: Collection) -> Collection:
    return [{key(thing) for thing in source} >= {key(thing) for thing in other}]


@function("count", gives="Integer")
def count(_: Frame, source: Collection) -> Collection:
    return [len(source)]


@function("isDistinct", gives="Boolean")
def is_distinct(_: Frame, source: Collection) -> Collection:
    return [len({key(thing) for thing in source}) == len(source)]
