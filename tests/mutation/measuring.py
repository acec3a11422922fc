"""How many of the faults a validator finds at the right element."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from camphora.fhir.validation import Validator
from mutation import own
from mutation.engine import Mutant, mutants
from mutation.kinds import KINDS
from mutation.specimens import specimens
from mutation.tree import Json

Judge = Callable[[Json], set[tuple[str, str]]]
"""The errors of a resource: each its place and its code."""


class Outcome(NamedTuple):
    """One mutant by its kind and name, where it may be told, and the places of the errors that it brought."""

    kind: str
    name: str
    places: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def found(self) -> bool:
        return not set(self.new).isdisjoint(self.places)


def camphora() -> Judge:
    validator = Validator(own.guides())

    def judge(resource: Json) -> set[tuple[str, str]]:
        found = validator.validate(resource)
        return {(one.path, f"{one.code} {one.rule}") for one in found if one.severity == "error"}

    return judge


def outcomes(judge: Judge, every: Iterable[Mutant]) -> Iterator[Outcome]:
    """What a validator says of each mutant, less what it says of the specimen itself."""
    before: dict[str, set[tuple[str, str]]] = {}
    for mutant in every:
        specimen = mutant.specimen
        if specimen.name not in before:
            before[specimen.name] = judge(specimen.resource)
        new = judge(mutant.resource) - before[specimen.name]
        places = tuple(sorted({path for path, _ in new}))
        yield Outcome(mutant.kind, mutant.name, mutant.places, places)


@cache
def measured() -> tuple[Outcome, ...]:
    """Camphora's own validator on every mutant."""
    return tuple(outcomes(camphora(), mutants(specimens())))


def by_kind(found: Iterable[Outcome]) -> dict[str, tuple[int, int]]:
    """Found and total of each kind."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for outcome in found:
        total[outcome.kind] += 1
        right[outcome.kind] += outcome.found
    return {name: (right[name], total[name]) for name in KINDS}


def blind(_: Json) -> set[tuple[str, str]]:
    """A validator that sees nothing."""
    return set()


def blunt(resource: Json) -> set[tuple[str, str]]:
    """A validator that says of any resource that something is wrong, not where."""
    return {(resource["resourceType"], str(hash(repr(resource))))}
