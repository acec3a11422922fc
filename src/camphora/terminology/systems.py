"""What the operations ask of a code system and of a library of them.

Two kinds of code system answer: small ones read from FHIR resources into memory, and editions kept in the
terminology file. The operations never ask for all of a system at once: they look up one code, walk one step of the
hierarchy, or take an iterator that they may leave at any time.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Protocol

Content = Literal["complete", "fragment", "example", "supplement", "not-present"]
"""How much of a system's concepts is held (FHIR CodeSystem.content)."""


class Coding(NamedTuple):
    """A code of a system, perhaps of a named version, perhaps with the name it was written with."""

    system: str | None
    code: str
    version: str | None = None
    display: str | None = None


@dataclass(frozen=True, slots=True)
class Designation:
    """A further name of a concept. `language` is a BCP-47 tag or empty; `source` is the canonical of the supplement
    that brought it, or empty; `extensions` are FHIR extensions as parsed JSON."""

    value: str
    language: str = ""
    use: Coding | None = None
    source: str = ""
    extensions: tuple[Mapping[str, Any], ...] = ()


PropertyValue = str | bool | int | Decimal | Coding
PropertyKind = Literal["code", "Coding", "string", "integer", "boolean", "dateTime", "decimal"]


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a concept; `kind` is the FHIR type of its value, so that `value{Kind}` names its element."""

    code: str
    value: PropertyValue
    kind: PropertyKind = "string"
    source: str = ""


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    """A property that a system declares: `uri` says what it means (CodeSystem.property.uri)."""

    code: str
    uri: str = ""
    kind: PropertyKind = "string"
    description: str = ""


class Filter(NamedTuple):
    """A rule over concepts (ValueSet.compose.include.filter). `op` is a code of http://hl7.org/fhir/filter-operator."""

    property: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept as its system gives it. `extensions` are FHIR extensions as parsed JSON."""

    code: str
    display: str | None = None
    definition: str | None = None
    designations: tuple[Designation, ...] = ()
    properties: tuple[Property, ...] = ()
    extensions: tuple[Mapping[str, Any], ...] = ()
    abstract: bool = False
    """A grouper that may not be chosen (property notSelectable)."""
    inactive: bool = False
    status: str = ""
    """The word of the system's own status property (`retired`, `deprecated`, …), or empty."""


class CodeSystem(Protocol):
    """One edition of a code system, or a supplement to one."""

    @property
    def url(self) -> str: ...

    @property
    def version(self) -> str:
        """Empty where the edition has none."""
        ...

    @property
    def language(self) -> str:
        """BCP-47 tag of the displays, or empty."""
        ...

    @property
    def case_sensitive(self) -> bool: ...

    @property
    def content(self) -> Content: ...

    @property
    def supplements(self) -> str:
        """The canonical (url or url|version) that a supplement supplements; else empty."""
        ...

    @property
    def version_needed(self) -> bool:
        """Whether editions are not compatible, so that one must be named (CodeSystem.versionNeeded)."""
        ...

    @property
    def hierarchy(self) -> str:
        """CodeSystem.hierarchyMeaning (`is-a`, `part-of`, `grouped-by`, `classified-with`); empty where not said."""
        ...

    @property
    def about(self) -> Mapping[str, Any]:
        """The rest of the resource's head: name, title, status, experimental, extension, copyright …; no concepts."""
        ...

    @property
    def properties(self) -> Sequence[PropertyDefinition]: ...

    def concept(self, code: str) -> Concept | None:
        """The concept, found without regard to case where the system says so; its `code` is the system's spelling."""
        ...

    def roots(self) -> Iterator[str]:
        """Codes without a parent, in the system's order."""
        ...

    def children(self, code: str) -> Sequence[str]: ...

    def parents(self, code: str) -> Sequence[str]: ...

    def is_a(self, code: str, ancestor: str) -> bool:
        """Whether `ancestor` is `code` or stands above it."""
        ...

    def __len__(self) -> int: ...

    def concepts(self, filters: Sequence[Filter] = (), text: str = "") -> Iterator[Concept]:
        """Concepts that pass every filter and whose names have every word of `text`; depth first, in the system's
        order (with `text`: best first is allowed). Raises Invalid terminology-filter for a filter it cannot hold."""
        ...

    def count(self, filters: Sequence[Filter] = (), text: str = "") -> int | None:
        """How many `concepts` would give; None where counting costs as much as taking them."""
        ...

    def passes(self, code: str, filters: Sequence[Filter]) -> bool:
        """Whether the concept is there and passes every filter; as quick as a look-up."""
        ...


class Mapped(NamedTuple):
    """One answer of a map. `relationship` is of http://hl7.org/fhir/concept-map-relationship (R5), or `not-related-to`
    with an empty target where the map says that there is none. `origin` is the canonical of the map."""

    source: Coding
    target: Coding
    relationship: str
    origin: str
    comment: str = ""
    products: tuple[tuple[str, Coding], ...] = ()
    depends_on: tuple[tuple[str, Coding], ...] = ()


class ConceptMap(Protocol):
    @property
    def url(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def about(self) -> Mapping[str, Any]:
        """The head of the resource: scopes, name, status; no groups."""
        ...

    @property
    def systems(self) -> Sequence[tuple[str, str]]:
        """(source system, target system) of each group."""
        ...

    def forward(self, system: str, code: str) -> Sequence[Mapped]: ...

    def backward(self, system: str, code: str) -> Sequence[Mapped]: ...


class Library(Protocol):
    """What a server holds. Nothing here is about a request: resources sent along lie in a library laid over this."""

    @property
    def state(self) -> Hashable:
        """Changes whenever any content changes: what was compiled under another state is compiled again."""
        ...

    def versions(self, url: str) -> Sequence[str]:
        """Versions of a code system held, the newest first; supplements are not among them."""
        ...

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        """The edition with exactly this version; the newest where None."""
        ...

    def supplements(self, url: str, version: str | None = None) -> Sequence[CodeSystem]:
        """Supplements whose own url is `url`, or that supplement the code system `url`."""
        ...

    def value_set_versions(self, url: str) -> Sequence[str]:
        """Versions held, the newest first; an empty one where a value set has none."""
        ...

    def value_set(self, url: str, version: str | None = None) -> Mapping[str, Any] | None:
        """The ValueSet resource as parsed JSON, of exactly this version; the newest where None."""
        ...

    def concept_maps(self, url: str | None = None) -> Sequence[ConceptMap]:
        """Every map held, or those of a canonical."""
        ...

    def code_systems(self) -> Iterator[tuple[str, Sequence[str]]]:
        """(url, versions) of all code systems, for the statement of capabilities."""
        ...
