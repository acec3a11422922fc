"""A value set compiled, and the two questions asked of it: who is in, and is this in.

composition = compose(library, value_set, rules)
composition.members(...)        # who is in, in order
composition.hits(coding)        # the concepts that a code means here
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from camphora.terminology.operations.canonicals import Canonical, fits
from camphora.terminology.operations.clauses import Clause, Member
from camphora.terminology.systems import CodeSystem, Coding, Concept

MOST_VERDICTS = 4_096
"""Value sets that import others remember so many verdicts: what is imported on many ways is asked once."""


@dataclass(eq=False)
class Composition:
    """A compiled value set."""

    resource: Mapping[str, Any]
    includes: tuple[Clause, ...]
    excludes: tuple[Clause, ...]
    active_only: bool
    merges: bool | None
    """Whether editions of one system count as one (parameter `versionsMatch`); None: the value set does not say."""
    parameters: Mapping[str, str]
    """Expansion parameters that the value set itself sets."""
    imported: tuple[Composition, ...] = ()
    _verdicts: dict[tuple[str, str, str], bool] = field(default_factory=dict)

    @property
    def canonical(self) -> Canonical:
        return Canonical(self.resource.get("url", ""), self.resource.get("version", ""))

    @property
    def name(self) -> str:
        return str(self.canonical) or "(unidentified)"

    def clauses(self) -> Iterator[Clause]:
        yield from self.includes
        yield from self.excludes

    def declared(self, url: str, *, excludes: bool = True) -> set[str]:
        """The versions in which its clauses name a code system."""
        clauses = self.clauses() if excludes else self.includes
        return {clause.declared for clause in clauses if clause.url == url}

    def merges_versions(self, url: str) -> bool:
        """Whether codes of two editions of a system are the same here: what the value set says; else, if it includes
        several editions, each is itself, and a single one loses what is excluded of any other."""
        return self.merges if self.merges is not None else len(self.declared(url, excludes=False)) < 2

    def has(self, system: CodeSystem, concept: Concept, *, inactive: bool = False) -> bool:
        """Whether the concept is in, as this edition has it; with `inactive` a concept's inactivity does not count."""
        if self.active_only and concept.inactive and not inactive:
            return False
        if not self.imported:
            return self._has(system, concept)
        key = (system.url, system.version, concept.code)
        found = self._verdicts.get(key)
        if found is None:
            if len(self._verdicts) >= MOST_VERDICTS:
                self._verdicts.clear()
            found = self._verdicts[key] = self._has(system, concept)
        return found

    def _has(self, system: CodeSystem, concept: Concept) -> bool:
        reached = (clause for clause in self.includes if self._reaches(clause, system))
        return any(clause.takes(system, concept) for clause in reached) and not self.excluded(system, concept)

    def _reaches(self, clause: Clause, system: CodeSystem) -> bool:
        if clause.url != system.url:
            return not clause.url
        edition = clause.edition(system.version)
        return edition.system is not None and edition.system.version == system.version

    def excluded(self, system: CodeSystem, concept: Concept) -> bool:
        return any(self._excludes(clause, system, concept) for clause in self.excludes)

    def _excludes(self, clause: Clause, system: CodeSystem, concept: Concept) -> bool:
        if self._reaches(clause, system):
            return clause.takes(system, concept)
        if clause.url != system.url or not self.merges_versions(system.url):
            return False
        other = clause.edition().system
        same = other and other.concept(concept.code)
        return bool(other and same and clause.takes(other, same))

    def in_several_versions(self) -> set[str]:
        """Code systems that it names in several versions."""
        urls = {clause.url for clause in self.clauses()} - {""}
        return {url for url in urls if len(self.declared(url)) > 1}

    def _feeding(self) -> Iterator[Composition]:
        """Itself and the value sets whose members its includes take over, each once."""
        seen: dict[int, Composition] = {}
        waiting = [self]
        while waiting:
            now = waiting.pop(0)
            if id(now) not in seen:
                seen[id(now)] = now
                waiting.extend(other for clause in now.includes if not clause.url for other in clause.imports)
        return iter(seen.values())

    @cached_property
    def _sources(self) -> dict[str, list[tuple[Composition, Clause]]]:
        found: dict[str, list[tuple[Composition, Clause]]] = {}
        for one in self._feeding():
            for clause in one.includes:
                if clause.url:
                    found.setdefault(clause.url, []).append((one, clause))
        return found

    def sources(self, url: str) -> Sequence[tuple[Composition, Clause]]:
        """The includes, here or in imported value sets, that are about a code system."""
        return self._sources.get(url, ())

    def systems(self) -> Sequence[str]:
        """Urls of the code systems that its includes draw on, in order."""
        return tuple(self._sources)

    def members(self, text: str = "") -> Iterator[Member]:
        """Its concepts in order, each once. Raises NotFound terminology-expansion-…-unknown."""
        found = self._members(text)
        if len(self.includes) > 1:
            found = _once(found)
        return _merged(found) if self.merges and self.in_several_versions() else found

    def _members(self, text: str) -> Iterator[Member]:
        for clause in self.includes:
            for member in clause.members(text):
                left_out = self.active_only and member.concept.inactive
                if not left_out and not self.excluded(member.system, member.concept):
                    yield member

    def everything(self) -> Iterator[Composition]:
        """Itself and all that it imports, each once."""
        seen: dict[int, Composition] = {}
        waiting = [self]
        while waiting:
            now = waiting.pop(0)
            if id(now) not in seen:
                seen[id(now)] = now
                waiting.extend(now.imported)
        return iter(seen.values())

    def hits(self, coding: Coding, *, inactive: bool = False) -> list[Member]:
        """The concepts that a code means here, one for each edition that has it."""
        found: dict[str, Member] = {}
        for owner, clause in self.sources(coding.system or ""):
            system = clause.edition(coding.version or "").system
            if system is None or (coding.version and not fits(coding.version, system.version)):
                continue
            concept = system.concept(coding.code)
            if concept is not None and _in_all((owner, self), system, concept, inactive):
                found.setdefault(
                    system.version, Member(system, concept, clause, clause.reference(system, concept))
                )
        return list(found.values())


def _once(members: Iterable[Member]) -> Iterator[Member]:
    seen: set[tuple[str, str, str]] = set()
    for member in members:
        key = (member.system.url, member.system.version, member.concept.code)
        if key not in seen:
            seen.add(key)
            yield member


def _merged(members: Iterable[Member]) -> Iterator[Member]:
    """Of the editions of a code the later clause's, in the place of the first."""
    return iter({(member.system.url, member.concept.code): member for member in members}.values())


def _in_all(
    compositions: Sequence[Composition], system: CodeSystem, concept: Concept, inactive: bool
) -> bool:
    return all(one.has(system, concept, inactive=inactive) for one in compositions)
