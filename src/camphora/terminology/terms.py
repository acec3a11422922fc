"""Answers about codes for whoever validates: over the terminology file, and the value sets of guides.

A value set is compiled once to a closure; its verdicts are remembered, within a bound. What cannot be known here
(a system that is not held, a list that is not carried) is None, never a guess.
Source: https://hl7.org/fhir/R4/valueset.html#compositions.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from camphora.fhir.packages import Guides, not_carried
from camphora.terminology.file import Freshness
from camphora.terminology.naming import names_in
from camphora.terminology.store import Terminology
from camphora.terminology.stored_library import Holdings
from camphora.terminology.systems import CodeSystem, Filter

MOST_VERDICTS, MOST_SETS = 65_536, 1_024
"""So many answers, and so many compiled value sets, are remembered; then the memory starts anew."""
Row = Mapping[str, Any]
Verdict = bool | None
Member = Callable[[str | None, str], Verdict]
"""Whether a value set has a code of a system; system None where the element implies it."""


class HeldTerms:
    """The `Terms` of an installation (see `fhir.protocols`). Safe to share between threads."""

    def __init__(self, library: Holdings) -> None:
        self.library = library
        self._state: Hashable = None
        self._verdicts: dict[tuple[str, str | None, str], Verdict] = {}
        self._members: dict[str, Member] = {}
        self._systems: dict[str, CodeSystem | None] = {}
        self._fresh = Freshness()

    @classmethod
    def over(cls, terms: Terminology, guides: Guides | None = None) -> HeldTerms:
        """Over a terminology file and these guides; over the bundled ones where none are given."""
        return cls(Holdings.of(terms, guides))

    def contains(self, value_set: str, system: str | None, code: str) -> Verdict:
        """Whether the value set has the code. None: the value set, or what it draws on, is not known here."""
        if self._fresh.passed():
            self._renew()
        key = (value_set, system, code)
        try:
            return self._verdicts[key]
        except KeyError:
            pass
        answer = self._member(value_set)(system, code)
        if len(self._verdicts) >= MOST_VERDICTS:
            self._verdicts.clear()
        self._verdicts[key] = answer
        return answer

    def knows(self, system: str, code: str, version: str | None = None) -> Verdict:
        """Whether the code system has the code, in this version or the newest; None: it, or all of it, is not held."""
        found = self._system(system) if version is None else self.library.code_system(system, version)
        if found is None:
            return None
        if found.passes(code, ()):
            return True
        return None if found.content != "complete" or self.library.aged(system) else False

    def display(self, system: str, code: str, lang: str) -> str | None:
        """The name in a language; in another where there is none in this; None where the code is not known."""
        found = self._system(system)
        concept = found.concept(code) if found else None
        if found is None or concept is None:
            return None
        zh, en = names_in(concept, found.language)
        first = zh if lang.lower().startswith("zh") else en
        return first or concept.display or zh or en or None

    def displays(self, system: str, code: str) -> Sequence[str]:
        """Every name that the code system gives the code, the display first."""
        found = self._system(system)
        concept = found.concept(code) if found else None
        if concept is None:
            return ()
        names = (concept.display, *(item.value for item in concept.designations))
        return tuple(dict.fromkeys(name for name in names if name))

    def subsumes(self, system: str, parent: str, child: str) -> Verdict:
        """Whether `parent` is `child` or stands above it; None where the system or one of the codes is not held."""
        found = self._system(system)
        if found is None or not (found.passes(parent, ()) and found.passes(child, ())):
            return None
        return found.is_a(child, parent)

    def _renew(self) -> None:
        """Forget everything when what is held has changed."""
        state = self.library.stored.state
        if state != self._state:
            self._verdicts, self._members, self._systems, self._state = {}, {}, {}, state

    def _system(self, url: str) -> CodeSystem | None:
        """The newest edition of a code system."""
        if self._fresh.passed():
            self._renew()
        if url not in self._systems:
            if len(self._systems) >= MOST_SETS:
                self._systems.clear()
            self._systems[url] = self.library.code_system(url)
        return self._systems[url]

    def _member(self, url: str) -> Member:
        found = self._members.get(url)
        if found is None:
            if len(self._members) >= MOST_SETS:
                self._members.clear()
            found = self._members[url] = self._compiled(url, frozenset())
        return found

    # Compiling

    def _compiled(self, url: str, above: frozenset[str]) -> Member:
        bare, _, version = url.partition("|")
        found = (self.library.value_set(bare, version) if version else None) or self.library.value_set(bare)
        if found is None or bare in above:
            return _unknown
        compose = found.get("compose")
        if compose is None:
            return _expanded(found)
        within = above | {bare}
        includes = [self._clause(row, within) for row in compose.get("include", ())]
        excludes = [self._clause(row, within) for row in compose.get("exclude", ())]
        if not excludes:
            return (
                includes[0]
                if len(includes) == 1
                else lambda system, code: _any(one(system, code) for one in includes)
            )

        def member(system: str | None, code: str) -> Verdict:
            inside = _any(one(system, code) for one in includes)
            if inside is False:
                return False
            outside = _any(one(system, code) for one in excludes)
            return False if outside else None if outside is None else inside

        return member

    def _clause(self, row: Row, above: frozenset[str]) -> Member:
        """One include or exclude: the part of its system, in every value set that it names."""
        parts = [self._compiled(url, above) for url in row.get("valueSet", ())]
        if "system" in row:
            parts.insert(0, self._of_system(row))
        return (
            parts[0] if len(parts) == 1 else lambda system, code: _all(part(system, code) for part in parts)
        )

    def _of_system(self, row: Row) -> Member:
        url = row["system"]
        if "concept" in row:
            listed = frozenset(str(one.get("code")) for one in row["concept"])
            return lambda system, code: code in listed and system in (None, url)
        held = None if not_carried(row) else self.library.code_system(url, row.get("version"))
        if held is None:
            return lambda system, code: None if system in (None, url) else False  # noqa: ARG005 - a Member
        rules = tuple(
            Filter(one.get("property", ""), one.get("op", ""), str(one.get("value", "")))
            for one in row.get("filter", ())
        )
        absent = None if held.content != "complete" or self.library.aged(url) else False
        return _in_system(held, url, rules, absent)


def _in_system(held: CodeSystem, url: str, rules: tuple[Filter, ...], absent: Verdict) -> Member:
    passes = held.passes

    def member(system: str | None, code: str) -> Verdict:
        if system is not None and system != url:
            return False
        if passes(code, rules):
            return True
        return False if rules and passes(code, ()) else absent

    return member


def _unknown(system: str | None, code: str) -> Verdict:  # noqa: ARG001 - a Member
    return None


def _either(members: Sequence[Member]) -> Member:
    return lambda system, code: _any(one(system, code) for one in members)


def _expanded(found: Row) -> Member:
    """A value set that is only its expansion."""
    codes: set[tuple[str | None, str]] = set()
    waiting = list((found.get("expansion") or {}).get("contains", ()))
    while waiting:
        row = waiting.pop()
        codes |= {(row.get("system"), row.get("code", "")), (None, row.get("code", ""))}
        waiting.extend(row.get("contains", ()))
    return (lambda system, code: (system, code) in codes) if codes else _unknown


def _any(answers: Iterable[Verdict]) -> Verdict:
    doubtful = False
    for answer in answers:
        if answer:
            return True
        doubtful = doubtful or answer is None
    return None if doubtful else False


def _all(answers: Iterable[Verdict]) -> Verdict:
    doubtful = False
    for answer in answers:
        if answer is False:
            return False
        doubtful = doubtful or answer is None
    return None if doubtful else True
