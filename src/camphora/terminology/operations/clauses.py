"""An include or exclude of a value set, bound to the editions of the code system that it is about.

Code systems are bound when first asked for, so that a value set can be checked for a code of one system while another
of its systems is not held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from camphora.errors import Invalid, NotFound, TooLarge
from camphora.formats.fold import fold
from camphora.terminology.operations.canonicals import VersionRules, choose, fits
from camphora.terminology.operations.issues import Choices
from camphora.terminology.operations.resources import designation, says
from camphora.terminology.operations.supplements import supplemented
from camphora.terminology.systems import CodeSystem, Concept, Designation, Filter, Library

if TYPE_CHECKING:
    from camphora.terminology.operations.composition import Composition

MOST_STEPS = 1_000_000
KEPT_EDITIONS = 64
"""Versions come from requests: so many are remembered with the code system that each means."""


class Edition(NamedTuple):
    """The code system that a clause is about: None where it is not held. `wanted` is the version or pattern that
    decided, `rule` the request's parameter that gave it."""

    system: CodeSystem | None
    wanted: str
    rule: str


class Member(NamedTuple):
    """A concept of a value set; `reference` is what the value set itself says of it (display, designations …)."""

    system: CodeSystem
    concept: Concept
    clause: Clause
    reference: Mapping[str, Any] | None = None


class Budget:
    """How many concepts an expansion may look at: value sets that import others over and over ask for too many."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self.left = steps

    def spend(self) -> None:
        """Raises TooLarge terminology-too-many-steps."""
        self.left -= 1
        if self.left < 0:
            raise TooLarge("terminology-too-many-steps", most=MOST_STEPS)


@dataclass(slots=True, eq=False)
class Clause:
    """An include or exclude."""

    url: str
    declared: str
    codes: dict[str, Mapping[str, Any]] | None
    filters: tuple[Filter, ...]
    imports: tuple[Composition, ...]
    library: Library
    rules: VersionRules
    supplements: tuple[CodeSystem, ...]
    budget: Budget
    _editions: dict[str, Edition] = field(default_factory=dict)

    @property
    def nests(self) -> bool:
        """Whether its concepts keep their hierarchy in an expansion: those listed one by one do not."""
        return self.codes is None and not self.imports and bool(self.url)

    def edition(self, preferred: str = "") -> Edition:
        """The code system to use for a code that names the version `preferred` (or none)."""
        found = self._editions.get(preferred)
        if found is None:
            if len(self._editions) > KEPT_EDITIONS:
                self._editions.clear()
            found = self._editions[preferred] = self._bind(preferred)
        return found

    def _bind(self, preferred: str) -> Edition:
        wanted, rule = self.rules.wanted(self.url, self.declared)
        version = choose(self.library.versions(self.url), wanted, preferred)
        system = None if version is None else self.library.code_system(self.url, version)
        if system is None or system.content == "not-present":
            return Edition(None, wanted, rule)
        return Edition(supplemented(system, self.supplements), wanted, rule)

    def reference(self, system: CodeSystem, concept: Concept) -> Mapping[str, Any] | None:
        """What the clause says of a concept that it lists."""
        if self.codes is None:
            return None
        found = self.codes.get(concept.code)
        if found is None and not system.case_sensitive:
            folded = concept.code.lower()
            found = next((row for code, row in self.codes.items() if code.lower() == folded), None)
        return found

    def takes(self, system: CodeSystem, concept: Concept) -> bool:
        """Whether the clause is about this concept of this code system; its version is not looked at."""
        if self.url and self.url != system.url:
            return False
        if self.codes is not None and self.reference(system, concept) is None:
            return False
        if self.filters and not system.passes(concept.code, self.filters):
            return False
        return not self.imports or all(other.has(system, concept) for other in self.imports)

    def members(self, text: str = "") -> Iterator[Member]:
        """Its concepts in order. Raises NotFound terminology-expansion-…-unknown."""
        if not self.url:
            first, *others = self.imports
            for member in first.members(text):
                if all(other.has(member.system, member.concept) for other in others):
                    yield Member(member.system, member.concept, self, member.reference)
            return
        system = held(self)
        for concept, row in (
            self._listed(system, text) if self.codes is not None else self._found(system, text)
        ):
            self.budget.spend()
            if all(other.has(system, concept) for other in self.imports):
                yield Member(system, concept, self, row)

    def _found(self, system: CodeSystem, text: str) -> Iterator[tuple[Concept, None]]:
        return ((concept, None) for concept in system.concepts(self.filters, text))

    def _listed(self, system: CodeSystem, text: str) -> Iterator[tuple[Concept, Mapping[str, Any]]]:
        words = fold(text).split()
        for code, row in (self.codes or {}).items():
            concept = system.concept(code)
            if concept is None or (self.filters and not system.passes(concept.code, self.filters)):
                continue
            if says(concept, words) or _row_says(row, words):
                yield concept, row

    def count(self, text: str) -> int | None:
        """How many `members` would give, where that is known without giving them."""
        if self.codes is not None or self.imports or not self.url:
            return None
        return held(self).count(self.filters, text)


def _row_says(row: Mapping[str, Any], words: Sequence[str]) -> bool:
    texts = [row.get("display", ""), *(item.get("value", "") for item in row.get("designation", ()))]
    whole = fold("\n".join(texts))
    return all(word in whole for word in words)


def held(clause: Clause) -> CodeSystem:
    """The clause's code system.

    Raises NotFound terminology-expansion-…-unknown, Invalid terminology-version-refused.
    """
    edition = clause.edition()
    if edition.system is not None:
        refused = clause.rules.check.get(clause.url, "")
        if not fits(refused, edition.system.version):
            raise Invalid(
                "terminology-version-refused",
                version=edition.system.version,
                system=clause.url,
                required=refused,
            )
        return edition.system
    known, url, wanted = clause.library.versions(clause.url), clause.url, edition.wanted
    if not wanted:
        raise NotFound("terminology-expansion-system-unknown", system=url)
    if not known:
        raise NotFound("terminology-expansion-version-none", system=url, version=wanted)
    versions = Choices(reversed(known))
    raise NotFound("terminology-expansion-version-unknown", system=url, version=wanted, versions=versions)


def designations_of(row: Mapping[str, Any] | None) -> list[Designation]:
    """Designations that a value set gives a code that it lists."""
    return [designation(item) for item in (row or {}).get("designation", ())]
