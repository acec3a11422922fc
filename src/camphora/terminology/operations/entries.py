"""One concept as an expansion shows it: its name in the reader's language, its other names, its properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from camphora.terminology.operations import filters
from camphora.terminology.operations.clauses import Member, designations_of
from camphora.terminology.operations.composition import Composition
from camphora.terminology.operations.languages import DEPRECATED, PREFERRED, STATUS, Languages, best, names
from camphora.terminology.operations.options import Options
from camphora.terminology.systems import (
    CodeSystem,
    Concept,
    Designation,
    Property,
    PropertyKind,
    PropertyValue,
)

BASE = "http://hl7.org/fhir/StructureDefinition/"
FROM_EXTENSION: dict[str, tuple[str, str]] = {
    BASE + "codesystem-conceptOrder": ("order", URI_ORDER := filters.URI + "order"),
    BASE + "valueset-conceptOrder": ("order", URI_ORDER),
    BASE + "codesystem-label": ("label", URI_LABEL := filters.URI + "label"),
    BASE + "valueset-label": ("label", URI_LABEL),
    BASE + "itemWeight": ("weight", filters.URI + "itemWeight"),
}
"""Extensions of a concept that are a property of its place in an expansion."""
ECHOED = {BASE + "rendering-style", BASE + "rendering-xhtml"}
ECHOED_OF_VALUE_SET = ECHOED | {DEPRECATED, BASE + "valueset-concept-definition", STATUS}
DESIGNATION_EXTENSIONS = {BASE + "coding-sctdescid", STATUS}
BCP_47 = "urn:ietf:bcp:47"


@dataclass(slots=True)
class Entry:
    """One concept of an expansion. `version` is empty where the value set names one edition of the system only."""

    system: str
    version: str
    code: str
    display: str | None
    abstract: bool = False
    inactive: bool = False
    designations: list[Designation] = field(default_factory=list)
    properties: list[Property] = field(default_factory=list)
    extensions: list[Mapping[str, Any]] = field(default_factory=list)
    children: list[Entry] = field(default_factory=list)


class Entries:
    """Makes the entries of one expansion; `uris` are the properties that they turned out to carry."""

    def __init__(self, composition: Composition, options: Options, wish: Languages | None) -> None:
        self.composition = composition
        self.options = options
        self.wish = wish
        self.uses = [text.rpartition("|") for text in options.designations]
        self.versioned = composition.in_several_versions()
        self.uris: dict[str, str] = {}

    def of(self, member: Member) -> Entry:
        """The entry of a member of the value set."""
        system, concept, _, row = member
        entry = Entry(
            system.url,
            system.version if system.url in self.versioned else "",
            concept.code,
            None,
            concept.abstract,
            concept.inactive,
        )
        self._name(entry, member)
        self._describe(entry, member)
        entry.extensions = _echo(
            concept.extensions, ECHOED, (row or {}).get("extension", ()), ECHOED_OF_VALUE_SET
        )
        return entry

    def _name(self, entry: Entry, member: Member) -> None:
        system, concept, _, row = member
        given = names(concept, system.language)
        if row and "display" in row:
            language = self.composition.resource.get("language", "") or system.language
            given = [Designation(row["display"], language, PREFERRED), *concept.designations]
        given += designations_of(row)
        shown = best(given, self.wish)
        entry.display = shown.value if shown else None
        if self.options.include_designations or (self.uses and self.options.include_designations is None):
            entry.designations = [_plain(item) for item in given if item is not shown and self._wants(item)]

    def _wants(self, item: Designation) -> bool:
        if not self.uses:
            return True
        use = (item.use.system or "", item.use.code) if item.use else ("", "")
        return any(
            code == item.language if system == BCP_47 else (system, code) == use
            for system, _, code in self.uses
        )

    def _describe(self, entry: Entry, member: Member) -> None:
        system, concept, _, row = member
        found: dict[str, Property] = {}
        for item in (*concept.extensions, *(row or {}).get("extension", ())):
            if item.get("url") in FROM_EXTENSION:
                code, uri = FROM_EXTENSION[item["url"]]
                found[code] = _from_extension(code, item)
                self.uris[code] = uri
        status = concept.status or ("inactive" if concept.inactive else "")
        if status and status != "active":
            found["status"] = Property("status", status, "code")
            self.uris["status"] = filters.URI + "status"
        entry.properties = [*found.values(), *self._asked_for(system, concept, found)]

    def _asked_for(
        self, system: CodeSystem, concept: Concept, found: Mapping[str, Property]
    ) -> list[Property]:
        wanted = self.options.properties
        result: list[Property] = []
        if "definition" in wanted and concept.definition is not None:
            result.append(Property("definition", concept.definition))
            self.uris["definition"] = filters.URI + "definition"
        declared = {item.code: item.uri for item in system.properties}
        for item in concept.properties:
            if item.code not in found and ("*" in wanted or item.code in wanted):
                result.append(item)
                self.uris[item.code] = declared.get(item.code, "")
        return result


def _plain(item: Designation) -> Designation:
    """The designation with those of its extensions that mean something to a reader of the expansion."""
    kept = tuple(one for one in item.extensions if one.get("url") in DESIGNATION_EXTENSIONS)
    return item if len(kept) == len(item.extensions) else replace(item, extensions=kept)


def _from_extension(code: str, item: Mapping[str, Any]) -> Property:
    value: PropertyValue = next(each for key, each in item.items() if key.startswith("value"))
    kind: PropertyKind = "string" if code == "label" else "decimal"
    return Property(code, Decimal(str(value)) if kind == "decimal" else str(value), kind)


def _echo(
    of_concept: Iterable[Mapping[str, Any]],
    known: set[str],
    of_row: Iterable[Mapping[str, Any]],
    more: set[str],
) -> list[Mapping[str, Any]]:
    """The extensions that an entry carries on; what the value set says counts more."""
    found = {item["url"]: item for item in of_concept if item.get("url") in known}
    found |= {item["url"]: item for item in of_row if item.get("url") in more}
    return list(found.values())
