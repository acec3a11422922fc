"""From a ValueSet resource to its composition: imports resolved, filters checked, supplements found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from camphora.errors import Invalid, NotFound, Place
from camphora.terminology.operations import filters
from camphora.terminology.operations.canonicals import Canonical, VersionRules, canonical, choose
from camphora.terminology.operations.clauses import Budget, Clause
from camphora.terminology.operations.composition import Composition
from camphora.terminology.operations.supplements import named
from camphora.terminology.systems import CodeSystem, Filter, Library

SUPPLEMENT = "http://hl7.org/fhir/StructureDefinition/valueset-supplement"
PARAMETER = "http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter"
MOST_IMPORTS = 100
"""So many value sets may import one another in a chain."""


def compose(
    library: Library,
    resource: Mapping[str, Any],
    rules: VersionRules | None = None,
    supplements: Sequence[str] = (),
    exclude_systems: Sequence[str] = (),
) -> Composition:
    """Compile. Raises Invalid terminology-value-set-circular, terminology-imports-too-deep, terminology-filter…;
    NotFound terminology-import-unknown, terminology-supplement-unknown."""
    return _Composer(
        library, rules or VersionRules(), tuple(supplements), frozenset(exclude_systems)
    ).value_set(resource, ())


class _Around(NamedTuple):
    """The value set that a clause stands in, and the chain of imports that led to it."""

    resource: Mapping[str, Any]
    supplements: tuple[CodeSystem, ...]
    path: tuple[str, ...]
    imported: list[Composition]


class _Composer:
    def __init__(
        self, library: Library, rules: VersionRules, supplements: tuple[str, ...], without: frozenset[str]
    ) -> None:
        self.library = library
        self.rules = rules
        self.asked = supplements
        self.without = without
        self.budget = Budget()
        self.made: dict[int, Composition] = {}

    def value_set(self, resource: Mapping[str, Any], path: tuple[str, ...]) -> Composition:
        compose_ = resource.get("compose") or _as_compose(resource.get("expansion", {}))
        around = _Around(resource, named(self.library, [*_supplements(resource), *self.asked]), path, [])
        clauses = {
            kind: tuple(
                self._clause(row, f"ValueSet.compose.{kind}[{at}]", around)
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
            tuple(around.imported),
        )

    def _left_out(self, row: Mapping[str, Any]) -> bool:
        url = row.get("system", "")
        return bool(url) and (url in self.without or f"{url}|{row.get('version', '')}" in self.without)

    def _clause(self, row: Mapping[str, Any], at: str, around: _Around) -> Clause:
        if not row.get("system") and not row.get("valueSet"):
            raise Invalid("terminology-clause-empty", place=Place(path=at), path=at)
        codes = {item["code"]: item for item in row["concept"]} if "concept" in row else None
        imports = tuple(self._import(around.resource, text, around.path) for text in row.get("valueSet", ()))
        around.imported.extend(imports)
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
            around.supplements,
            self.budget,
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
        if len(chain) > MOST_IMPORTS:
            raise Invalid("terminology-imports-too-deep", canonical=text, most=MOST_IMPORTS)
        if name in chain:
            raise Invalid("terminology-value-set-circular", canonical=text, chain=" → ".join((*chain, name)))
        made = self.made.get(id(found))
        if made is None:
            made = self.value_set(found, chain)
            if not text.startswith("#"):
                self.made[id(found)] = made
        return made


def _identity(resource: Mapping[str, Any]) -> str:
    return str(Canonical(resource.get("url", ""), resource.get("version", "")))


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
        if item.get("url") == SUPPLEMENT and isinstance(item.get("valueCanonical"), str)
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


def find_value_set(library: Library, url: str, version: str = "") -> Mapping[str, Any] | None:
    """The value set of a canonical; the newest of those whose version fits."""
    chosen = choose(library.value_set_versions(url), version)
    return None if chosen is None else library.value_set(url, chosen)
