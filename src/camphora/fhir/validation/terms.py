"""`Terms` from the definitions of guides alone: value sets that list their codes, code systems that are complete.

The pure default; rooms above hand in one that knows the big systems. What a guide's definition does not settle
(filters over systems that are not here, lists left out for their licence) is None: not known here.
Source: https://hl7.org/fhir/R4/valueset.html#compositions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from camphora.fhir.packages import Guides, not_carried

_HIERARCHY = {"is-a", "descendent-of", "is-not-a"}
_HL7 = "http://terminology.hl7.org/CodeSystem/"


class System:
    """A code system as its definition lists it; `complete` where that is all of it."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.complete = definition.get("content") == "complete" and not not_carried(definition)
        self.folds = definition.get("caseSensitive") is False
        self.concepts: dict[str, dict[str, Any]] = {}
        self.parents: dict[str, set[str]] = {}
        self._gather(definition.get("concept", ()), None)

    def _gather(self, rows: Any, parent: str | None) -> None:
        stack = [(row, parent) for row in rows]
        while stack:
            row, above = stack.pop()
            code = str(row.get("code", ""))
            self.concepts[self.key(code)] = row
            parents = self.parents.setdefault(code, set())
            if above is not None:
                parents.add(above)
            parents.update(
                str(one.get("valueCode"))
                for one in row.get("property", ())
                if one.get("code") in {"parent", "subsumedBy"}
            )
            stack.extend((inner, code) for inner in row.get("concept", ()))

    def key(self, code: str) -> str:
        return code.casefold() if self.folds else code

    def has(self, code: str) -> bool | None:
        return True if self.key(code) in self.concepts else False if self.complete else None

    def above(self, code: str) -> set[str]:
        """The code and all that stand above it."""
        found: set[str] = set()
        stack = [code]
        while stack:
            at = stack.pop()
            if at not in found:
                found.add(at)
                stack.extend(self.parents.get(at, ()))
        return found


class GuideTerms:
    """Answers about codes from `guides`."""

    def __init__(self, guides: Guides) -> None:
        self._guides = guides
        self._systems: dict[str, System | None] = {}
        self._sets: dict[str, dict[str, Any] | None] = {}
        self._listed: dict[int, frozenset[str]] = {}

    def system(self, url: str) -> System | None:
        """The code system of an address; None where no guide has it."""
        if url not in self._systems:
            found = self._guides.find(url)
            if found is None or found.get("resourceType") != "CodeSystem":
                return None
            self._systems[url] = System(found)
        return self._systems[url]

    def knows(self, system: str, code: str) -> bool | None:
        """Whether the code system has the code; None: the system, or all of it, is not known here."""
        found = self.system(system)
        has = found.has(code) if found else None
        return None if has is False and self._aged(system) else has

    def _aged(self, system: str) -> bool:
        """HL7 Terminology numbers its systems itself: the copy in base R4 is of 2019 and may lack newer codes."""
        package = self._guides.package_of(system) if system.startswith(_HL7) else None
        return package is not None and package.name == "hl7.fhir.r4.core"

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        return self._contains(value_set, system, code, 0)

    def _contains(self, value_set: str, system: str | None, code: str, depth: int) -> bool | None:
        found = self._set(value_set)
        if found is None or depth > 20:
            return None
        compose = found.get("compose")
        if compose is None:
            return self._expanded(found, system, code)
        inside = _any(self._include(row, system, code, depth) for row in compose.get("include", ()))
        if inside is False:
            return False
        outside = _any(self._include(row, system, code, depth) for row in compose.get("exclude", ()))
        if outside is None:
            return None
        return False if outside else inside

    def _set(self, url: str) -> dict[str, Any] | None:
        if url not in self._sets:
            found = self._guides.find(url)
            if found is None and "|" in url:
                found = self._guides.find(url.partition("|")[0])
            if found is None or found.get("resourceType") != "ValueSet":
                return None
            self._sets[url] = found
        return self._sets[url]

    @staticmethod
    def _expanded(found: dict[str, Any], system: str | None, code: str) -> bool | None:
        rows = (found.get("expansion") or {}).get("contains")
        if not rows:
            return None
        return any(row.get("code") == code and system in {None, row.get("system")} for row in _flat(rows))

    def _include(self, row: dict[str, Any], system: str | None, code: str, depth: int) -> bool | None:
        """Whether one include has the code: its system's part and every value set that it names."""
        own = self._of_system(row, system, code) if "system" in row else True
        if own is False:
            return False
        sets = [self._contains(url, system, code, depth + 1) for url in row.get("valueSet", ())]
        if False in sets:
            return False
        return None if None in sets or own is None else True

    def _of_system(self, row: dict[str, Any], system: str | None, code: str) -> bool | None:
        if system is not None and system != row["system"]:
            return False
        if "concept" in row:
            return self._in_list(row, code)
        if not_carried(row):
            return None
        known = self.system(row["system"])
        has = known.has(code) if known else None
        if not has or known is None:
            return has
        answers = [_filtered(known, one, code) for one in row.get("filter", ())]
        return False if False in answers else None if None in answers else True

    def _in_list(self, row: dict[str, Any], code: str) -> bool:
        listed = self._listed.get(id(row))
        if listed is None:
            listed = self._listed[id(row)] = frozenset(str(one.get("code")) for one in row["concept"])
        return code in listed

    def display(self, system: str, code: str, lang: str) -> str | None:
        found = self.system(system)
        concept = found.concepts.get(found.key(code)) if found else None
        if concept is None:
            return None
        for name in concept.get("designation", ()):
            if str(name.get("language", "")).casefold() == lang.casefold():
                return str(name.get("value"))
        return concept.get("display")

    def displays(self, system: str, code: str) -> tuple[str, ...]:
        found = self.system(system)
        concept = found.concepts.get(found.key(code)) if found else None
        if concept is None:
            return ()
        names = (concept.get("display"), *(one.get("value") for one in concept.get("designation", ())))
        return tuple(str(name) for name in names if name)

    def subsumes(self, system: str, parent: str, child: str) -> bool | None:
        found = self.system(system)
        if found is None or not found.has(parent) or not found.has(child):
            return None
        return parent in found.above(child)


def _flat(rows: Any) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield row
        yield from _flat(row.get("contains", ()))


def _any(answers: Iterator[bool | None]) -> bool | None:
    doubtful = False
    for answer in answers:
        if answer:
            return True
        doubtful = doubtful or answer is None
    return None if doubtful else False


def _filtered(system: System, row: dict[str, Any], code: str) -> bool | None:
    """Whether a code of the system passes a filter; None for filters that definitions alone do not answer."""
    operator, value = row.get("op"), str(row.get("value", ""))
    if row.get("property") in {"concept", "code"} and operator in _HIERARCHY:
        above = system.above(code)
        if operator == "descendent-of":
            return value in above and code != value
        return (value in above) is (operator == "is-a")
    if row.get("property") == "concept" and operator == "in":
        return code in {one.strip() for one in value.split(",")}
    held = [
        _plain(one)
        for one in _concept(system, code).get("property", ())
        if one.get("code") == row.get("property")
    ]
    if operator == "=":
        return value in held
    if operator == "exists":
        return bool(held) is (value == "true")
    return None


def _concept(system: System, code: str) -> dict[str, Any]:
    return system.concepts.get(system.key(code), {})


def _plain(row: dict[str, Any]) -> str:
    value = next((row[name] for name in row if name.startswith("value")), "")
    if isinstance(value, dict):
        return str(value.get("code", ""))
    return str(value).lower() if isinstance(value, bool) else str(value)
