"""A code system together with the supplements that a request or a value set names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from camphora.errors import NotFound
from camphora.formats.fold import fold
from camphora.terminology.operations import filters
from camphora.terminology.operations.canonicals import Canonical, canonical, fits
from camphora.terminology.operations.resources import says
from camphora.terminology.systems import (
    CodeSystem,
    Concept,
    Content,
    Designation,
    Filter,
    Library,
    PropertyDefinition,
)


class Supplemented:
    """The code system's concepts with the designations, properties and extensions that supplements add."""

    def __init__(self, system: CodeSystem, supplements: Sequence[CodeSystem]) -> None:
        self.system = system
        self.supplements_used = tuple(supplements)
        self.url = system.url
        self.version = system.version
        self.language = system.language
        self.case_sensitive = system.case_sensitive
        self.content: Content = system.content
        self.supplements = system.supplements
        self.version_needed = system.version_needed
        self.hierarchy = system.hierarchy

    @property
    def about(self) -> Mapping[str, Any]:
        return self.system.about

    @cached_property
    def properties(self) -> Sequence[PropertyDefinition]:
        each = (self.system, *self.supplements_used)
        return tuple({item.code: item for system in reversed(each) for item in system.properties}.values())

    def concept(self, code: str) -> Concept | None:
        found = self.system.concept(code)
        return found and self._with(found)

    def _with(self, concept: Concept) -> Concept:
        for supplement in self.supplements_used:
            more = supplement.concept(concept.code)
            if more is not None:
                concept = replace(
                    concept,
                    designations=(*concept.designations, *_tagged(more, supplement)),
                    properties=(*concept.properties, *more.properties),
                    extensions=(*concept.extensions, *more.extensions),
                )
        return concept

    def roots(self) -> Iterator[str]:
        return self.system.roots()

    def children(self, code: str) -> Sequence[str]:
        return self.system.children(code)

    def parents(self, code: str) -> Sequence[str]:
        return self.system.parents(code)

    def is_a(self, code: str, ancestor: str) -> bool:
        return self.system.is_a(code, ancestor)

    def __len__(self) -> int:
        return len(self.system)

    def concepts(self, filters_: Sequence[Filter] = (), text: str = "") -> Iterator[Concept]:
        """Every concept is looked at where there are filters or words: a supplement may be what passes them."""
        words = fold(text).split()
        for plain in self.system.concepts():
            concept = self._with(plain)
            if says(concept, words) and all(filters.passes(self, concept, rule) for rule in filters_):
                yield concept

    def count(self, filters_: Sequence[Filter] = (), text: str = "") -> int | None:
        return None if filters_ or text else self.system.count()

    def passes(self, code: str, filters_: Sequence[Filter]) -> bool:
        concept = self.concept(code)
        return concept is not None and all(filters.passes(self, concept, rule) for rule in filters_)


def _tagged(concept: Concept, supplement: CodeSystem) -> Iterator[Designation]:
    """The names that a supplement gives a concept, each with its source."""
    source = str(Canonical(supplement.url, supplement.version))
    for item in concept.designations:
        yield item if item.source else replace(item, source=source)
    if concept.display is not None:
        yield Designation(concept.display, supplement.language, None, source)


def named(library: Library, texts: Sequence[str]) -> tuple[CodeSystem, ...]:
    """The supplements of these canonicals. Raises NotFound terminology-supplement-unknown."""
    found = []
    for text in texts:
        url, version = canonical(text)
        held = [item for item in library.supplements(url) if item.url == url and fits(version, item.version)]
        if not held:
            raise NotFound("terminology-supplement-unknown", canonical=text)
        found.append(held[-1])
    return tuple(found)


def supplemented(system: CodeSystem, supplements: Sequence[CodeSystem]) -> CodeSystem:
    """The code system with those of the supplements that are its own; itself where none is."""
    own = [
        item
        for item in supplements
        if (meant := canonical(item.supplements)).url == system.url and fits(meant.version, system.version)
    ]
    return Supplemented(system, own) if own else system
