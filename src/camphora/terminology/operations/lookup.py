"""$lookup and $subsumes: all that is known of one code, and how two codes stand to one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from camphora.errors import NotFound
from camphora.terminology.operations import filters
from camphora.terminology.operations.canonicals import VersionRules, choose
from camphora.terminology.operations.issues import Choices
from camphora.terminology.operations.languages import best, first_wish, names
from camphora.terminology.operations.options import DEFAULT, Options
from camphora.terminology.operations.supplements import Supplemented, supplemented
from camphora.terminology.operations.supplements import named as supplements_named
from camphora.terminology.systems import (
    CodeSystem,
    Coding,
    Concept,
    Designation,
    Library,
    Property,
    PropertyDefinition,
)

RELATIVES = ("parent", "child")
Relation = Literal["equivalent", "subsumes", "subsumed-by", "not-subsumed"]


class Told(NamedTuple):
    """A property with what the code in it means, if it is a code."""

    property: Property
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The answer of $lookup. `display` is in the language asked for; the designations hold every other name."""

    system: CodeSystem
    concept: Concept
    display: str | None
    designations: Sequence[Designation]
    properties: Sequence[Told]
    definitions: Sequence[PropertyDefinition]
    supplements: Sequence[CodeSystem]


def edition(library: Library, url: str, version: str = "", rules: VersionRules | None = None) -> CodeSystem:
    """The code system of a url and a version (or pattern), by the rules of a request.

    Raises NotFound terminology-system-unknown, terminology-version-unknown.
    """
    url, _, inside = url.partition("|")
    wanted, _ = (rules or VersionRules()).wanted(url, version or inside)
    known = library.versions(url)
    chosen = choose(known, wanted)
    system = None if chosen is None else library.code_system(url, chosen)
    if system is not None:
        return system
    if known:
        raise NotFound(
            "terminology-version-unknown", system=url, version=wanted, versions=Choices(reversed(known))
        )
    raise NotFound("terminology-system-unknown", system=url)


def concept_of(system: CodeSystem, code: str) -> Concept:
    """Raises NotFound terminology-code-unknown."""
    concept = system.concept(code)
    if concept is None:
        raise NotFound(
            "terminology-code-unknown", concept=code, system=system.url, version=system.version or "-"
        )
    return concept


def lookup(library: Library, given: Coding, options: Options = DEFAULT) -> Found:
    """What is known of a code.

    Raises NotFound terminology-system-unknown, terminology-version-unknown, terminology-code-unknown,
    terminology-supplement-unknown.
    """
    asked = supplements_named(library, options.supplements)
    plain = edition(library, given.system or "", given.version or "", options.rules)
    system = supplemented(plain, asked)
    concept = concept_of(system, given.code)
    wish = first_wish((options.display_language, options.accept_language))
    every = names(concept, system.language)
    shown = best(every, wish)
    properties = [told for told in _properties(system, concept) if _wanted(told.property, options.properties)]
    used = system.supplements_used if isinstance(system, Supplemented) else ()
    return Found(
        system,
        concept,
        shown.value if shown else None,
        every,
        properties,
        [item for item in system.properties if any(item.code == told.property.code for told in properties)],
        used,
    )


def _wanted(item: Property, asked: Sequence[str]) -> bool:
    return not asked or "*" in asked or item.code in asked


def _properties(system: CodeSystem, concept: Concept) -> Iterator[Told]:
    own = {filters.property_code(system, name) for name in (*RELATIVES, "inactive")} | {
        *RELATIVES,
        "inactive",
    }
    yield Told(Property("inactive", concept.inactive, "boolean"))
    for name, codes in (("parent", system.parents(concept.code)), ("child", system.children(concept.code))):
        for code in codes:
            other = system.concept(code)
            yield Told(Property(name, code, "code"), other.display if other else None)
    for item in concept.properties:
        if item.code not in own:
            yield Told(item)


def subsumes(library: Library, first: Coding, second: Coding, rules: VersionRules | None = None) -> Relation:
    """How code A (`first`) stands to code B (`second`) of the same system.

    Raises NotFound terminology-…-unknown, terminology-systems-differ.
    """
    if first.system != second.system:
        raise NotFound("terminology-systems-differ", first=first.system, second=second.system)
    system = edition(library, first.system or "", first.version or second.version or "", rules)
    one, other = concept_of(system, first.code).code, concept_of(system, second.code).code
    if one == other:
        return "equivalent"
    if system.is_a(other, one):
        return "subsumes"
    return "subsumed-by" if system.is_a(one, other) else "not-subsumed"
