"""`Terms` from the definitions of guides alone: value sets that list their codes, code systems that are complete.

The pure default; rooms above hand in one that knows the big systems. What a guide's definition does not settle
(filters over systems that are not here, lists left out for their licence) is None: not known here.
Source: https://hl7.org/fhir/R4/valueset.html#compositions.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from camphora.fhir.packages import Guides, not_carried

Json = dict[str, Any]
MOST_IMPORTS = 32
"""So many value sets may import one another in a chain; what lies beyond is not known."""
_HIERARCHY = {"is-a", "descendent-of", "is-not-a"}
_CODE = {"concept", "code"}
_PARTIAL = {
    "http://hl7.org/fhir/StructureDefinition/valueset-toocostly",
    "http://hl7.org/fhir/StructureDefinition/valueset-unclosed",
}
_HL7 = "http://terminology.hl7.org/CodeSystem/"


class Question:
    """What the value sets that were asked on the way have said of one code, by their canonicals; and how many of them
    are being asked. Each is asked once; what imports itself is not known."""

    __slots__ = ("depth", "said")

    def __init__(self, url: str) -> None:
        self.said: dict[str, bool | None] = {url: None}
        self.depth = 0


class System:
    """A code system as its definition lists it; `complete` where that is all of it."""

    def __init__(self, definition: Json) -> None:
        self.complete = definition.get("content") == "complete" and not not_carried(definition)
        self.properties = {one.get("code") for one in definition.get("property", ())}
        self.folds = definition.get("caseSensitive") is False
        self.concepts: dict[str, Json] = {}
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
        self._sets: dict[str, Json | None] = {}
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

    @property
    def state(self) -> Hashable:
        """Guides do not change."""
        return None

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        found = self._set(value_set)
        return None if found is None else self._has(found, system, code, Question(value_set))

    def _imported(self, url: str, system: str | None, code: str, question: Question) -> bool | None:
        said = question.said
        if url in said or question.depth > MOST_IMPORTS:
            return said.get(url)
        said[url] = None
        found = self._set(url)
        if found is not None:
            question.depth += 1
            said[url] = self._has(found, system, code, question)
            question.depth -= 1
        return said[url]

    def _has(self, found: Json, system: str | None, code: str, question: Question) -> bool | None:
        compose = found.get("compose")
        if compose is None:
            codes, rest = listing(found)
            return True if (system, code) in codes else rest
        inside = any_of(self._include(row, system, code, question) for row in compose.get("include", ()))
        if inside is False:
            return False
        outside = any_of(self._include(row, system, code, question) for row in compose.get("exclude", ()))
        if outside is None:
            return None
        return False if outside else inside

    def _set(self, url: str) -> Json | None:
        if url not in self._sets:
            found = self._guides.find(url)
            if found is None or found.get("resourceType") != "ValueSet":
                return None
            self._sets[url] = found if readable(found) else None
        return self._sets[url]

    def _include(self, row: Json, system: str | None, code: str, question: Question) -> bool | None:
        """Whether one include has the code: its system's part and every value set that it names."""
        if "system" not in row and ("concept" in row or "filter" in row or not row.get("valueSet")):
            return None
        own = self._of_system(row, system, code) if "system" in row else True
        if own is False:
            return False
        sets = all_of(self._imported(url, system, code, question) for url in row.get("valueSet", ()))
        return None if sets and own is None else sets

    def _of_system(self, row: Json, system: str | None, code: str) -> bool | None:
        if system is not None and system != row["system"]:
            return False
        if "concept" in row:
            return self._in_list(row, code) if "filter" not in row else None
        if not_carried(row):
            return None
        known = self.system(row["system"])
        has = known.has(code) if known else None
        if not has or known is None:
            return has
        answers = [_filtered(known, one, code) for one in row.get("filter", ())]
        return False if False in answers else None if None in answers else True

    def _in_list(self, row: Json, code: str) -> bool:
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


def readable(value_set: Json) -> bool:
    """Whether the composition and the expansion of a ValueSet have the shapes of R4, so that they can be read."""
    compose, expansion = value_set.get("compose", {}), value_set.get("expansion", {})
    if type(compose) is not dict or type(expansion) is not dict:
        return False
    clauses = [compose.get(kind, []) for kind in ("include", "exclude")]
    return all(_rows(found) and all(map(_clause, found)) for found in clauses) and _listed(expansion)


def _rows(found: Any, *texts: str) -> bool:
    """Whether it is a list of objects that have these texts."""
    return type(found) is list and all(
        type(row) is dict and all(type(row.get(text)) is str for text in texts) for row in found
    )


def _clause(row: Json) -> bool:
    urls = row.get("valueSet", [])
    return (
        type(row.get("system", "")) is str
        and type(row.get("version", "")) is str
        and type(urls) is list
        and all(type(url) is str for url in urls)
        and _rows(row.get("concept", []), "code")
        and _rows(row.get("filter", []), "property", "op", "value")
    )


def _listed(expansion: Json) -> bool:
    waiting = [expansion.get("contains", [])]
    while waiting:
        rows = waiting.pop()
        if not _rows(rows):
            return False
        waiting.extend(row["contains"] for row in rows if "contains" in row)
    return _rows(expansion.get("extension", []))


def listing(value_set: Json) -> tuple[frozenset[tuple[str | None, str]], bool | None]:
    """(system, code) of a value set that is only its expansion, each also without its system; and what is to be said
    of other codes: None where the expansion does not list all of them."""
    expansion = value_set.get("expansion", {})
    waiting, codes, number = list(expansion.get("contains", ())), set(), 0
    while waiting:
        row = waiting.pop()
        number += 1
        if "code" in row and not row.get("abstract"):
            codes |= {(row.get("system"), row["code"]), (None, row["code"])}
        waiting.extend(row.get("contains", ()))
    partial = any(one.get("url") in _PARTIAL for one in expansion.get("extension", ()))
    whole = (
        bool(codes) and not partial and not expansion.get("offset") and expansion.get("total", 0) <= number
    )
    return frozenset(codes), False if whole else None


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """True where one is, None where that may be."""
    doubtful = False
    for answer in answers:
        if answer:
            return True
        doubtful = doubtful or answer is None
    return None if doubtful else False


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """False where one is, None where that may be."""
    doubtful = False
    for answer in answers:
        if answer is False:
            return False
        doubtful = doubtful or answer is None
    return None if doubtful else True


def _filtered(system: System, row: Json, code: str) -> bool | None:
    """Whether a code of the system passes a filter; None for filters that definitions alone do not answer."""
    name, operator, value = row["property"], row["op"], row["value"]
    if name in _CODE and operator in _HIERARCHY:
        return _stands(system, operator, value, code)
    if name not in _CODE and name not in system.properties:
        return None
    held = [_plain(one) for one in _concept(system, code).get("property", ()) if one.get("code") == name]
    if name in _CODE:
        held = [code]
    if operator == "=":
        return value in held
    if operator == "in":
        return not {one.strip() for one in value.split(",")}.isdisjoint(held)
    if operator == "exists" and value in {"true", "false"}:
        return bool(held) is (value == "true")
    return None


def _stands(system: System, operator: str, value: str, code: str) -> bool | None:
    if not system.complete and not system.has(value):
        return None
    above = system.above(code)
    if operator == "descendent-of":
        return value in above and code != value
    return (value in above) is (operator == "is-a")


def _concept(system: System, code: str) -> Json:
    return system.concepts.get(system.key(code), {})


def _plain(row: Json) -> str:
    value = next((row[name] for name in row if name.startswith("value")), "")
    if isinstance(value, dict):
        return str(value.get("code", ""))
    return str(value).lower() if isinstance(value, bool) else str(value)
