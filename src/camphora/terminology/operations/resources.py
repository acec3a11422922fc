"""Code systems, value sets and maps from FHIR resources (R4 or R5), held in memory; for small ones.

library = ResourceLibrary(resources)
Layered(upper, lower)          # what was sent along with a request, over what the server holds
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import count
from typing import Any

from camphora.formats.fold import fold
from camphora.terminology.operations import filters
from camphora.terminology.operations.canonicals import Canonical, canonical, newest
from camphora.terminology.operations.languages import STATUS
from camphora.terminology.operations.mapping import ResourceConceptMap
from camphora.terminology.systems import (
    CodeSystem,
    Coding,
    Concept,
    ConceptMap,
    Content,
    Designation,
    Filter,
    Library,
    Property,
    PropertyDefinition,
    PropertyKind,
    PropertyValue,
)

KINDS: dict[str, PropertyKind] = {
    "valueCode": "code",
    "valueCoding": "Coding",
    "valueString": "string",
    "valueInteger": "integer",
    "valueBoolean": "boolean",
    "valueDateTime": "dateTime",
    "valueDecimal": "decimal",
}
_numbers = count(1)


def coding(item: Mapping[str, Any]) -> Coding:
    """A Coding as parsed JSON."""
    return Coding(item.get("system"), item.get("code", ""), item.get("version"), item.get("display"))


def designation(item: Mapping[str, Any], source: str = "") -> Designation:
    """A designation of a concept, of a code system or of a value set."""
    use = coding(item["use"]) if "use" in item else None
    extensions = tuple(item.get("extension", ()))
    return Designation(item.get("value", ""), item.get("language", ""), use, source, extensions)


def _property(item: Mapping[str, Any], source: str) -> Property:
    for key, kind in KINDS.items():
        if key in item:
            value: PropertyValue = coding(item[key]) if kind == "Coding" else item[key]
            if kind == "decimal":
                value = Decimal(str(value))
            return Property(item.get("code", ""), value, kind, source)
    return Property(item.get("code", ""), "", "string", source)


class ResourceCodeSystem:
    """A CodeSystem resource. Concepts are made when first asked for and kept."""

    def __init__(self, resource: Mapping[str, Any]) -> None:
        self.resource = resource
        self.url: str = resource.get("url", "")
        self.version: str = resource.get("version", "")
        self.language: str = resource.get("language", "")
        self.case_sensitive: bool = resource.get("caseSensitive", True)
        self.content: Content = resource.get("content", "complete")
        self.supplements: str = resource.get("supplements", "")
        self.version_needed: bool = resource.get("versionNeeded", False)
        self.hierarchy: str = resource.get("hierarchyMeaning", "")
        self.properties: Sequence[PropertyDefinition] = tuple(
            PropertyDefinition(
                row["code"], row.get("uri", ""), row.get("type", "string"), row.get("description", "")
            )
            for row in resource.get("property", ())
        )
        self._source = str(Canonical(self.url, self.version)) if self.supplements else ""
        self._raw: dict[str, Mapping[str, Any]] = {}
        self._parents: dict[str, list[str]] = {}
        self._children: dict[str, list[str]] = {}
        self._made: dict[str, Concept] = {}
        self._read()

    @property
    def about(self) -> Mapping[str, Any]:
        return self.resource

    def _read(self) -> None:
        waiting = [(row, "") for row in reversed(self.resource.get("concept", ()))]
        while waiting:
            row, parent = waiting.pop()
            code = row["code"]
            self._raw.setdefault(code, row)
            if parent:
                self._link(parent, code)
            waiting.extend((child, code) for child in reversed(row.get("concept", ())))
        upward = {filters.property_code(self, "parent"), "parent", "subsumedBy"}
        downward = {filters.property_code(self, "child"), "child"}
        for code, row in self._raw.items():
            for item in row.get("property", ()):
                if item.get("code") in upward and "valueCode" in item:
                    self._link(item["valueCode"], code)
                elif item.get("code") in downward and "valueCode" in item:
                    self._link(code, item["valueCode"])

    def _link(self, parent: str, child: str) -> None:
        if child not in self._children.setdefault(parent, []):
            self._children[parent].append(child)
            self._parents.setdefault(child, []).append(parent)

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {code.lower(): code for code in reversed(self._raw)}

    def __len__(self) -> int:
        return len(self._raw)

    def concept(self, code: str) -> Concept | None:
        made = self._made.get(code)
        if made is not None:
            return made
        row = self._raw.get(code)
        if row is None and not self.case_sensitive and (own := self._folded.get(code.lower())):
            code, row = own, self._raw[own]
        return None if row is None else self._made.setdefault(code, self._make(row))

    def _make(self, row: Mapping[str, Any]) -> Concept:
        properties = tuple(_property(item, self._source) for item in row.get("property", ()))
        abstract, inactive, status = filters.status_of(self, properties)
        marks = (item.get("valueCode") for item in row.get("extension", ()) if item.get("url") == STATUS)
        word = status or next((mark for mark in marks if mark), "")
        return Concept(
            row["code"],
            row.get("display"),
            row.get("definition"),
            tuple(designation(item, self._source) for item in row.get("designation", ())),
            properties,
            tuple(row.get("extension", ())),
            abstract,
            inactive or word == "withdrawn",
            word,
        )

    def roots(self) -> Iterator[str]:
        return (code for code in self._raw if code not in self._parents)

    def children(self, code: str) -> Sequence[str]:
        return self._children.get(code, ())

    def parents(self, code: str) -> Sequence[str]:
        return self._parents.get(code, ())

    def is_a(self, code: str, ancestor: str) -> bool:
        if code == ancestor:
            return code in self._raw
        above = self._parents.get(code)
        if not above:
            return False
        seen: set[str] = set()
        waiting = list(above)
        while waiting:
            now = waiting.pop()
            if now == ancestor:
                return True
            if now not in seen:
                seen.add(now)
                waiting.extend(self._parents.get(now, ()))
        return False

    def passes(self, code: str, filters_: Sequence[Filter]) -> bool:
        concept = self.concept(code)
        return concept is not None and all(filters.passes(self, concept, rule) for rule in filters_)

    def concepts(self, filters_: Sequence[Filter] = (), text: str = "") -> Iterator[Concept]:
        words = fold(text).split()
        for code in filters.drive(self, filters_) or iter(self._raw):
            concept = self.concept(code)
            if (
                concept is not None
                and all(filters.passes(self, concept, rule) for rule in filters_)
                and says(concept, words)
            ):
                yield concept

    def count(self, filters_: Sequence[Filter] = (), text: str = "") -> int | None:
        return None if filters_ or text else len(self)


def says(concept: Concept, words: Sequence[str]) -> bool:
    """Whether the code, the display or a designation contains each of the (folded) words."""
    if not words:
        return True
    texts = [concept.code, concept.display or "", *(item.value for item in concept.designations)]
    whole = fold("\n".join(texts))
    return all(word in whole for word in words)


class ResourceLibrary:
    """A library of resources; those of other types are left out. Of two alike the later counts."""

    def __init__(self, resources: Iterable[Mapping[str, Any]] = ()) -> None:
        self.state: Hashable = next(_numbers)
        self._systems: dict[str, dict[str, ResourceCodeSystem]] = {}
        self._supplements: list[ResourceCodeSystem] = []
        self._value_sets: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._maps: list[ResourceConceptMap] = []
        for resource in resources:
            self._add(resource)

    def _add(self, resource: Mapping[str, Any]) -> None:
        kind, url, version = (
            resource.get("resourceType"),
            resource.get("url", ""),
            resource.get("version", ""),
        )
        if kind == "CodeSystem":
            system = ResourceCodeSystem(resource)
            if system.content == "supplement":
                self._supplements.append(system)
            else:
                self._systems.setdefault(url, {})[version] = system
        elif kind == "ValueSet":
            self._value_sets.setdefault(url, {})[version] = resource
        elif kind == "ConceptMap":
            self._maps.append(ResourceConceptMap(resource))

    def versions(self, url: str) -> Sequence[str]:
        return newest(self._systems.get(url, ()))

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        editions = self._systems.get(url)
        if not editions:
            return None
        return editions.get(newest(editions)[0] if version is None else version)

    def supplements(self, url: str, version: str | None = None) -> Sequence[CodeSystem]:
        return [
            item
            for item in self._supplements
            if (item.url == url and version in (None, "", item.version))
            or canonical(item.supplements).url == url
        ]

    def value_set_versions(self, url: str) -> Sequence[str]:
        return newest(self._value_sets.get(url, ()))

    def value_set(self, url: str, version: str | None = None) -> Mapping[str, Any] | None:
        editions = self._value_sets.get(url)
        if not editions:
            return None
        return editions.get(newest(editions)[0] if version is None else version)

    def concept_maps(self, url: str | None = None) -> Sequence[ConceptMap]:
        return [item for item in self._maps if url in (None, item.url)]

    def code_systems(self) -> Iterator[tuple[str, Sequence[str]]]:
        return ((url, newest(editions)) for url, editions in self._systems.items())


class Layered:
    """One library over another: what the upper has of a url and version hides the lower's."""

    def __init__(self, upper: Library, lower: Library) -> None:
        self.upper = upper
        self.lower = lower

    @property
    def state(self) -> Hashable:
        return (self.upper.state, self.lower.state)

    def versions(self, url: str) -> Sequence[str]:
        return newest({*self.upper.versions(url), *self.lower.versions(url)})

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        if version is None:
            known = self.versions(url)
            if not known:
                return None
            version = known[0]
        return self.upper.code_system(url, version) or self.lower.code_system(url, version)

    def supplements(self, url: str, version: str | None = None) -> Sequence[CodeSystem]:
        found = [*self.lower.supplements(url, version), *self.upper.supplements(url, version)]
        return list({(item.url, item.version): item for item in found}.values())

    def value_set_versions(self, url: str) -> Sequence[str]:
        return newest({*self.upper.value_set_versions(url), *self.lower.value_set_versions(url)})

    def value_set(self, url: str, version: str | None = None) -> Mapping[str, Any] | None:
        if version is None:
            known = self.value_set_versions(url)
            if not known:
                return None
            version = known[0]
        return self.upper.value_set(url, version) or self.lower.value_set(url, version)

    def concept_maps(self, url: str | None = None) -> Sequence[ConceptMap]:
        upper = self.upper.concept_maps(url)
        hidden = {(item.url, item.version) for item in upper}
        lower = self.lower.concept_maps(url)
        return [*upper, *(item for item in lower if (item.url, item.version) not in hidden)]

    def code_systems(self) -> Iterator[tuple[str, Sequence[str]]]:
        urls = dict.fromkeys(url for library in (self.upper, self.lower) for url, _ in library.code_systems())
        return ((url, self.versions(url)) for url in urls)
