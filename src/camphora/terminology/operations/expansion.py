"""$expand: the concepts of a value set, as one list or as the trees that they stand in."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from camphora.errors import NotFound, TooLarge
from camphora.terminology.operations.canonicals import Canonical
from camphora.terminology.operations.clauses import Clause, Member, held
from camphora.terminology.operations.compiling import compose, find_value_set
from camphora.terminology.operations.composition import Composition
from camphora.terminology.operations.entries import Entries, Entry
from camphora.terminology.operations.languages import (
    Languages,
    first_wish,
)
from camphora.terminology.operations.options import DEFAULT, Options
from camphora.terminology.operations.standing import standings
from camphora.terminology.operations.supplements import Supplemented
from camphora.terminology.systems import (
    CodeSystem,
    Library,
)

DEEPEST = 100
"""Trees of more levels come as one list: readers of JSON do not follow deeper ones."""
COUNTED = 200
"""So many concepts behind a page are counted one by one for the total; where there are more, none is given."""
ParameterValue = bool | int | str


@dataclass(frozen=True, slots=True)
class Expansion:
    """The answer of $expand. `total` is None where counting would cost too much; `parameters` are (name, FHIR type of
    the value, value); `properties` (code, uri) of what the entries carry; `unclosed` says why codes may be missing."""

    value_set: Mapping[str, Any]
    entries: Sequence[Entry]
    total: int | None
    offset: int | None
    parameters: Sequence[tuple[str, str, ParameterValue]]
    properties: Sequence[tuple[str, str]]
    unclosed: Sequence[str] = ()
    with_definition: bool = False
    identifier: str = field(default_factory=lambda: f"urn:uuid:{uuid.uuid4()}")
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))


def expand(library: Library, value_set: Mapping[str, Any], options: Options = DEFAULT) -> Expansion:
    """Expand a ValueSet resource.

    Raises NotFound terminology-…-unknown (a code system, value set or supplement), Invalid terminology-…, TooLarge
    terminology-too-costly where more than `options.limit` concepts would come without paging.
    """
    composition = compose(library, value_set, options.rules, options.supplements, options.exclude_systems)
    return Expander(composition, options).expansion()


class Expander:
    """Expands one compiled value set."""

    def __init__(self, composition: Composition, options: Options) -> None:
        self.composition = composition
        self.options = options
        resource = composition.resource
        own = composition.parameters.get("displayLanguage", "")
        texts = (options.display_language, options.accept_language, own, resource.get("language", ""))
        self.asked = next((text for text in texts[:3] if text), "")
        self.wish: Languages | None = first_wish(texts)
        self.entries = Entries(composition, options, self.wish)

    def expansion(self) -> Expansion:
        page, total = self._page()
        paged = self.options.count is not None or self.options.offset is not None
        nested = not self.options.exclude_nested and not paged
        pairs = [(member, self.entries.of(member)) for member in page]
        unclosed = [
            str(system.url) for system in self._systems() if system.content in ("fragment", "example")
        ]
        return Expansion(
            self.composition.resource,
            self._trees(pairs) if nested else [entry for _, entry in pairs],
            total,
            self.options.offset,
            self._parameters(),
            sorted(self.entries.uris.items()),
            unclosed,
            bool(self.options.include_definition),
        )

    def _members(self) -> Iterator[Member]:
        members = self.composition.members(self.options.text)
        if self.options.active_only:
            members = (member for member in members if not member.concept.inactive)
        return members

    def _page(self) -> tuple[list[Member], int | None]:
        options = self.options
        members = self._members()
        if options.count is None and options.offset is None:
            found = list(islice(members, options.limit + 1))
            if len(found) > options.limit:
                raise TooLarge("terminology-too-costly", value_set=self.composition.name, most=options.limit)
            return found, len(found)
        start = max(options.offset or 0, 0)
        size = options.limit if options.count is None else min(max(options.count, 0), options.limit)
        total = self._counted()
        page = list(islice(members, start, start + size))
        if total is None:
            rest = sum(1 for _ in islice(members, COUNTED + 1))
            passed = start if page else min(start, sum(1 for _ in islice(self._members(), start)))
            total = None if rest > COUNTED else passed + len(page) + rest
        return page, total

    def _counted(self) -> int | None:
        """The total, where it follows from the code system without going through the concepts."""
        includes = self.composition.includes
        plain = len(includes) == 1 and not self.composition.excludes
        if not plain or self.composition.active_only or self.options.active_only:
            return None
        return includes[0].count(self.options.text)

    def _trees(self, pairs: Sequence[tuple[Member, Entry]]) -> list[Entry]:
        """Entries under the nearest ancestor that is in the expansion too; those listed one by one stand alone. Where
        a concept stands in several places, which no tree can show, or the trees are too deep, all stay in one list."""
        if any(len(member.system.parents(member.concept.code)) > 1 for member, _ in pairs):
            return [entry for _, entry in pairs]
        placed = {
            (entry.system, member.system.version, entry.code): entry
            for member, entry in pairs
            if self._nests(member)
        }
        roots: list[Entry] = []
        parents: dict[int, Entry] = {}
        for member, entry in pairs:
            above = self._above(member, placed) if self._nests(member) else None
            if above is None or _stands_above(entry, above, parents):
                roots.append(entry)
            else:
                parents[id(entry)] = above
                above.children.append(entry)
        if not _deep(roots):
            return roots
        for _, entry in pairs:
            entry.children.clear()
        return [entry for _, entry in pairs]

    def _nests(self, member: Member) -> bool:
        whole = not member.clause.filters
        return member.clause.nests and not (whole and self.options.text)

    def _above(self, member: Member, placed: Mapping[tuple[str, str, str], Entry]) -> Entry | None:
        system = member.system
        seen = {member.concept.code}
        waiting = list(system.parents(member.concept.code))
        while waiting:
            code = waiting.pop(0)
            if code in seen:
                continue
            seen.add(code)
            entry = placed.get((system.url, system.version, code))
            if entry is not None:
                return entry
            waiting.extend(system.parents(code))
        return None

    def _clauses(self) -> Iterator[Clause]:
        for one in self.composition.everything():
            yield from (clause for clause in one.clauses() if clause.url)

    def _systems(self) -> list[CodeSystem]:
        """Every edition drawn on, also by what is excluded, each once."""
        found: dict[tuple[str, str], CodeSystem] = {}
        for clause in self._clauses():
            system = held(clause)
            found.setdefault((system.url, system.version), system)
        return list(found.values())

    def _parameters(self) -> list[tuple[str, str, ParameterValue]]:
        systems = self._systems()
        used = [("used-codesystem", _canonical(system)) for system in systems]
        used += [("used-valueset", str(one.canonical)) for one in self._imported()]
        used += [("used-supplement", _canonical(item)) for item in _supplements(systems)]
        used += [
            ("used-fragment", _canonical(item)) for item in systems if item.content in ("fragment", "example")
        ]
        used += [(f"warning-{word}", str(name)) for word, _, name in standings(self.composition, systems)]
        return [*self._asked(), *((name, "Uri", text) for name, text in dict.fromkeys(used))]

    def _imported(self) -> Iterable[Composition]:
        contained = {item.get("url") for item in self.composition.resource.get("contained", ())}
        own = {*contained, self.composition.resource.get("url"), "", None}
        return [one for one in self.composition.everything() if one.canonical.url not in own]

    def _asked(self) -> list[tuple[str, str, ParameterValue]]:
        options = self.options
        given: list[tuple[str, str, ParameterValue | None]] = [
            ("activeOnly", "Boolean", options.active_only),
            ("count", "Integer", options.count),
            *(("designation", "String", text) for text in options.designations),
            ("displayLanguage", "Code", self.asked or None),
            ("excludeNested", "Boolean", options.exclude_nested),
            *(("exclude-system", "Uri", text) for text in options.exclude_systems),
            ("filter", "String", options.text or None),
            ("includeDefinition", "Boolean", options.include_definition),
            ("includeDesignations", "Boolean", options.include_designations),
            ("offset", "Integer", options.offset),
            *self._rules(),
        ]
        return [(name, kind, value) for name, kind, value in given if value is not None]

    def _rules(self) -> Iterator[tuple[str, str, ParameterValue]]:
        """The parameters over versions that had a say."""
        said: dict[tuple[str, str], None] = {}
        for clause in self._clauses():
            edition = clause.edition()
            if edition.rule:
                said[(edition.rule, f"{clause.url}|{edition.wanted}")] = None
        yield from ((name, "Uri", text) for name, text in said)
        pinned = self.options.rules.value_sets
        for one in self._imported():
            if pinned.get(one.canonical.url) == one.canonical.version:
                yield "default-valueset-version", "Uri", str(one.canonical)
        if any(self.composition.merges_versions(url) for url in self.entries.versioned):
            yield "versionsMatch", "Boolean", True


def _stands_above(entry: Entry, other: Entry, parents: Mapping[int, Entry]) -> bool:
    """Whether `entry` is already above `other`: in a hierarchy with a circle."""
    at: Entry | None = other
    while at is not None and at is not entry:
        at = parents.get(id(at))
    return at is entry


def _deep(roots: Sequence[Entry]) -> bool:
    """Whether trees have more levels than an answer may have."""
    level: Sequence[Entry] = roots
    for _ in range(DEEPEST):
        level = [child for entry in level for child in entry.children]
    return bool(level)


def _canonical(system: CodeSystem) -> str:
    return str(Canonical(system.url, system.version))


def _supplements(systems: Iterable[CodeSystem]) -> Iterator[CodeSystem]:
    for system in systems:
        if isinstance(system, Supplemented):
            yield from system.supplements_used


def requested(library: Library, url: str, version: str, options: Options) -> Mapping[str, Any]:
    """The value set of a request. Raises NotFound terminology-value-set-unknown."""
    url, _, inside = url.partition("|")
    wanted = version or inside or options.rules.value_sets.get(url, "")
    found = find_value_set(library, url, wanted)
    if found is None:
        raise NotFound("terminology-value-set-unknown", canonical=str(Canonical(url, wanted)))
    return found
