"""A value set compiled: its clauses bound to code systems, and the two questions asked of it, who is in and is this in.

    composition = compose(library, value_set, rules)
    composition.members(...)        # who is in, in order
    composition.hits(coding)        # the concepts that a code means here

Code systems are bound when first asked for, so that a value set can be checked for a code of one system while another
of its systems is not held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from camphora.errors import Invalid, NotFound, Place
from camphora.formats.fold import fold
from camphora.terminology.operations import filters
from camphora.terminology.operations.canonicals import Canonical, VersionRules, canonical, choose, fits
from camphora.terminology.operations.resources import designation, says
from camphora.terminology.operations.supplements import named, supplemented
from camphora.terminology.systems import CodeSystem, Coding, Concept, Filter, Library

SUPPLEMENT = "http://hl7.org/fhir/StructureDefinition/valueset-supplement"
PARAMETER = "http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter"
MOST_IMPORTS = 100
"""So many value sets may import one another in a chain."""


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
    _editions: dict[str, Edition] = field(default_factory=dict)

    @property
    def nests(self) -> bool:
        """Whether its concepts keep their hierarchy in an expansion: those listed one by one do not."""
        return self.codes is None and not self.imports and bool(self.url)

    def edition(self, preferred: str = "") -> Edition:
        """The code system to use for a code that names the version `preferred` (or none)."""
        found = self._editions.get(preferred)
        if found is None:
            if len(self._editions) > 64:  # noqa: PLR2004 - versions come from requests
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
        return all(other.has(system, concept) for other in self.imports)

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
    """The clause's code system. Raises NotFound terminology-expansion-…-unknown, Invalid terminology-version-refused."""
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
    versions = clause.library.versions(clause.url)
    if not edition.wanted:
        raise NotFound("terminology-expansion-system-unknown", system=clause.url)
    facts = {"system": clause.url, "version": edition.wanted}
    if not versions:
        raise NotFound("terminology-expansion-version-none", **facts)
    from camphora.terminology.operations.issues import Choices

    raise NotFound("terminology-expansion-version-unknown", **facts, versions=Choices(reversed(versions)))


@dataclass(slots=True, eq=False)
class Composition:
    """A compiled value set."""

    resource: Mapping[str, Any]
    includes: tuple[Clause, ...]
    excludes: tuple[Clause, ...]
    active_only: bool
    merges: bool | None
    """Whether editions of one system count as one (parameter `versionsMatch`); None where the value set does not say."""
    parameters: Mapping[str, str]
    """Expansion parameters that the value set itself sets."""
    imported: tuple[Composition, ...] = ()

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
        return self.merges if self.merges is not None else len(self.declared(url, excludes=False)) < 2  # noqa: PLR2004

    def has(self, system: CodeSystem, concept: Concept, *, inactive: bool = False) -> bool:
        """Whether the concept is in, as this edition has it; with `inactive` a concept's inactivity does not count."""
        if self.active_only and concept.inactive and not inactive:
            return False
        taken = any(
            self._reaches(clause, system) and clause.takes(system, concept) for clause in self.includes
        )
        return taken and not self.excluded(system, concept)

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

    def sources(self, url: str) -> Iterator[tuple[Composition, Clause]]:
        """The includes, here or in imported value sets, that are about a code system."""
        for clause in self.includes:
            if clause.url == url:
                yield self, clause
            elif not clause.url:
                for other in clause.imports:
                    yield from other.sources(url)

    def systems(self) -> dict[str, None]:
        """Urls of the code systems that its includes draw on, in order."""
        found: dict[str, None] = {}
        for clause in self.includes:
            if clause.url:
                found[clause.url] = None
            else:
                for other in clause.imports:
                    found |= other.systems()
        return found

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


def compose(
    library: Library,
    resource: Mapping[str, Any],
    rules: VersionRules | None = None,
    supplements: Sequence[str] = (),
    exclude_systems: Sequence[str] = (),
) -> Composition:
    """Compile. Raises Invalid terminology-value-set-circular, terminology-filter…; NotFound terminology-import-unknown,
    terminology-supplement-unknown."""
    return _Composer(
        library, rules or VersionRules(), tuple(supplements), frozenset(exclude_systems)
    ).value_set(resource, ())


class _Composer:
    def __init__(
        self, library: Library, rules: VersionRules, supplements: tuple[str, ...], without: frozenset[str]
    ) -> None:
        self.library = library
        self.rules = rules
        self.asked = supplements
        self.without = without

    def value_set(self, resource: Mapping[str, Any], path: tuple[str, ...]) -> Composition:
        compose_ = resource.get("compose") or _as_compose(resource.get("expansion", {}))
        supplements = named(self.library, [*_supplements(resource), *self.asked])
        imported: list[Composition] = []
        clauses = {
            kind: tuple(
                self._clause(resource, row, f"ValueSet.compose.{kind}[{at}]", supplements, path, imported)
                for at, row in enumerate(compose_.get(kind, ()))
                if not self._left_out(row)
            )
            for kind in ("include", "exclude")
        }
        parameters = _parameters(compose_)
        merges = parameters.get("versionsMatch")
        return Composition(
            resource,
            clauses["include"],
            clauses["exclude"],
            compose_.get("inactive") is False,
            None if merges is None else merges == "true",
            parameters,
            tuple(imported),
        )

    def _left_out(self, row: Mapping[str, Any]) -> bool:
        url = row.get("system", "")
        return bool(url) and (url in self.without or f"{url}|{row.get('version', '')}" in self.without)

    def _clause(
        self,
        resource: Mapping[str, Any],
        row: Mapping[str, Any],
        at: str,
        supplements: tuple[CodeSystem, ...],
        path: tuple[str, ...],
        imported: list[Composition],
    ) -> Clause:
        codes = {item["code"]: item for item in row["concept"]} if "concept" in row else None
        imports = tuple(self._import(resource, text, path) for text in row.get("valueSet", ()))
        imported.extend(imports)
        return Clause(
            row.get("system", ""),
            row.get("version", ""),
            codes,
            tuple(
                _filter(row.get("system", ""), item, f"{at}.filter[{place}]")
                for place, item in enumerate(row.get("filter", ()))
            ),
            imports,
            self.library,
            self.rules,
            supplements,
        )

    def _import(self, resource: Mapping[str, Any], text: str, path: tuple[str, ...]) -> Composition:
        url, version = canonical(text)
        here = str(Canonical(resource.get("url", ""), resource.get("version", "")))
        if text.startswith("#"):
            inside = (item for item in resource.get("contained", ()) if item.get("id") == text[1:])
            found: Mapping[str, Any] | None = next(inside, None)
            if found is not None:
                found = {"contained": resource.get("contained", ()), **found}
        else:
            pinned = "" if version else self.rules.value_sets.get(url, "")
            found = find_value_set(self.library, url, version or pinned)
            if found is None and pinned:
                raise NotFound("terminology-import-pinned-unknown", canonical=url, version=pinned)
        if found is None:
            raise NotFound("terminology-import-unknown", canonical=text)
        name = f"{here} {text}" if text.startswith("#") else _identity(found)
        chain = (*path, _identity(resource))
        if name in chain or len(chain) > MOST_IMPORTS:
            raise Invalid("terminology-value-set-circular", canonical=text, chain=" → ".join((*chain, name)))
        return self.value_set(found, chain)


def _identity(resource: Mapping[str, Any]) -> str:
    return str(Canonical(resource.get("url", ""), resource.get("version", "")))


def find_value_set(library: Library, url: str, version: str = "") -> Mapping[str, Any] | None:
    """The value set of a canonical; the newest of those whose version fits."""
    chosen = choose(library.value_set_versions(url), version)
    return None if chosen is None else library.value_set(url, chosen)


def _filter(system: str, item: Mapping[str, Any], at: str) -> Filter:
    rule = Filter(item.get("property", ""), item.get("op", ""), item.get("value", ""))
    if not rule.value:
        raise Invalid(
            "terminology-filter-without-value",
            place=Place(path=at),
            system=system,
            property=rule.property,
            op=rule.op,
        )
    return filters.checked(rule)


def _supplements(resource: Mapping[str, Any]) -> list[str]:
    return [
        item["valueCanonical"]
        for item in resource.get("extension", ())
        if item.get("url") == SUPPLEMENT and "valueCanonical" in item
    ]


def _parameters(compose_: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in compose_.get("extension", ()):
        if item.get("url") == PARAMETER:
            parts = {part.get("url"): part for part in item.get("extension", ())}
            value = parts.get("value", {})
            text = next((each for key, each in value.items() if key.startswith("value")), None)
            name = next((each for key, each in parts.get("name", {}).items() if key.startswith("value")), "")
            if text is not None:
                found[str(name)] = str(text).lower() if isinstance(text, bool) else str(text)
    return found


def _as_compose(expansion: Mapping[str, Any]) -> dict[str, Any]:
    """An expansion that came without its composition, as lists of codes."""
    lists: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    waiting = list(reversed(expansion.get("contains", ())))
    while waiting:
        row = waiting.pop()
        waiting.extend(reversed(row.get("contains", ())))
        if row.get("code") and not row.get("abstract"):
            lists.setdefault((row.get("system", ""), row.get("version", "")), []).append(row)
    include = [
        {"system": system, **({"version": version} if version else {}), "concept": rows}
        for (system, version), rows in lists.items()
    ]
    return {"include": include}


def designations_of(row: Mapping[str, Any] | None) -> list[Any]:
    """Designations that a value set gives a code that it lists."""
    return [designation(item) for item in (row or {}).get("designation", ())]
