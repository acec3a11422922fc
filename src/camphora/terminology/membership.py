"""Whether a value set has a code: every value set that is asked for is compiled once to a closure.

What cannot be known here (a system that is not held, a list that is not carried, a value set that is not understood)
is None, never a guess. Source: https://hl7.org/fhir/R4/valueset.html#compositions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from camphora.errors import Invalid
from camphora.fhir.packages import not_carried
from camphora.fhir.validation.terms import MOST_IMPORTS, Question, all_of, any_of, listing, readable
from camphora.terminology.operations.canonicals import canonical
from camphora.terminology.operations.compiling import find_value_set
from camphora.terminology.operations.filters import HIERARCHY, INHERENT, checked
from camphora.terminology.stored_library import Holdings
from camphora.terminology.systems import CodeSystem, Filter

MOST_SETS = 1_024
"""So many compiled value sets are remembered; then the memory starts anew."""
Row = dict[str, Any]
Verdict = bool | None
Member = Callable[[str | None, str, Question], Verdict]
"""Whether a value set has a code of a system; system None where the element implies it."""


class Members:
    """The compiled value sets of one state of a library."""

    def __init__(self, library: Holdings) -> None:
        self._library = library
        self._made: dict[str, Member] = {}

    def contains(self, url: str, system: str | None, code: str) -> Verdict:
        """Whether the value set of a canonical has the code."""
        return self._member(url)(system, code, Question(url))

    def _asked(self, url: str, system: str | None, code: str, question: Question) -> Verdict:
        said = question.said
        if url in said or question.depth > MOST_IMPORTS:
            return said.get(url)
        said[url] = None
        question.depth += 1
        answer = said[url] = self._member(url)(system, code, question)
        question.depth -= 1
        return answer

    def _member(self, url: str) -> Member:
        found = self._made.get(url)
        if found is None:
            if len(self._made) >= MOST_SETS:
                self._made.clear()
            found = self._made[url] = self._compiled(url)
        return found

    def _compiled(self, url: str) -> Member:
        bare, version = canonical(url)
        found = self._library.value_set(bare, version or None) or find_value_set(self._library, bare, version)
        if not isinstance(found, dict) or not readable(found):
            return _unknown
        compose = found.get("compose")
        if compose is None:
            return _expanded(found)
        includes = [self._clause(row) for row in compose.get("include", ())]
        excludes = [self._clause(row) for row in compose.get("exclude", ())]
        return _without(_either(includes), _either(excludes)) if excludes else _either(includes)

    def _clause(self, row: Row) -> Member:
        """One include or exclude: the part of its system, in every value set that it names."""
        parts = [self._imported(url) for url in row.get("valueSet", ())]
        if "system" in row:
            parts.insert(0, self._of_system(row))
        elif not parts or "concept" in row or "filter" in row:
            return _unknown
        if len(parts) == 1:
            return parts[0]
        return lambda system, code, question: all_of(part(system, code, question) for part in parts)

    def _imported(self, url: str) -> Member:
        return lambda system, code, question: self._asked(url, system, code, question)

    def _of_system(self, row: Row) -> Member:
        url = row["system"]
        if "concept" in row:
            listed = frozenset(one["code"] for one in row["concept"])
            return _listed(url, listed) if "filter" not in row else _doubtful(url)
        held = None if not_carried(row) else self._library.code_system(url, row.get("version"))
        if held is None:
            return _doubtful(url)
        absent = None if held.content != "complete" or self._library.aged(url) else False
        rules = tuple(Filter(one["property"], one["op"], one["value"]) for one in row.get("filter", ()))
        if all(_understood(held, rule, absent) for rule in rules):
            return _in_system(held, url, rules, absent)
        return _in_part(held, url, absent)


def _understood(held: CodeSystem, rule: Filter, absent: Verdict) -> bool:
    """Whether the filter can be held here: its form is right, the system has such a property, and, where not all of
    the system is here, the code that it starts from."""
    try:
        checked(rule)
    except Invalid:
        return False
    if not rule.value or (rule.op in HIERARCHY and absent is None and not held.passes(rule.value, ())):
        return False
    return rule.property in INHERENT or any(one.code == rule.property for one in held.properties)


def _in_system(held: CodeSystem, url: str, rules: tuple[Filter, ...], absent: Verdict) -> Member:
    passes = held.passes

    def member(system: str | None, code: str, question: Question) -> Verdict:  # noqa: ARG001 - a Member
        if system is not None and system != url:
            return False
        if passes(code, rules):
            return True
        return False if rules and passes(code, ()) else absent

    return member


def _in_part(held: CodeSystem, url: str, absent: Verdict) -> Member:
    """Codes of a system that a filter chooses which is not understood."""

    def member(system: str | None, code: str, question: Question) -> Verdict:  # noqa: ARG001 - a Member
        if system is not None and system != url:
            return False
        return None if held.passes(code, ()) else absent

    return member


def _listed(url: str, codes: frozenset[str]) -> Member:
    return lambda system, code, question: code in codes and system in (None, url)  # noqa: ARG005 - a Member


def _doubtful(url: str) -> Member:
    """Codes of a system of which nothing is known."""
    return lambda system, code, question: None if system in (None, url) else False  # noqa: ARG005 - a Member


def _unknown(system: str | None, code: str, question: Question) -> Verdict:  # noqa: ARG001 - a Member
    return None


def _expanded(found: Row) -> Member:
    """A value set that is only its expansion."""
    codes, rest = listing(found)
    return lambda system, code, question: True if (system, code) in codes else rest  # noqa: ARG005 - a Member


def _either(members: list[Member]) -> Member:
    if len(members) == 1:
        return members[0]
    return lambda system, code, question: any_of(one(system, code, question) for one in members)


def _without(includes: Member, excludes: Member) -> Member:
    def member(system: str | None, code: str, question: Question) -> Verdict:
        inside = includes(system, code, question)
        if inside is False:
            return False
        outside = excludes(system, code, question)
        return False if outside else None if outside is None else inside

    return member
