"""Answers about codes for whoever validates: over the terminology file, and the value sets of guides.

Verdicts are remembered, within a bound, for as long as what is held does not change. What cannot be known here is None,
never a guess.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from camphora.fhir.packages import Guides
from camphora.terminology.membership import Members, Verdict
from camphora.terminology.naming import names_in
from camphora.terminology.operations.canonicals import canonical
from camphora.terminology.operations.compiling import find_value_set
from camphora.terminology.store import Terminology
from camphora.terminology.stored_library import Holdings
from camphora.terminology.systems import CodeSystem

MOST_VERDICTS, MOST_SYSTEMS, KEPT_STATES = 65_536, 1_024, 2
"""So many answers and code systems are remembered, then the memory starts anew; of so many states of what is held,
for threads see a change within a second of one another."""

UNASKED = object()


class _Known:
    """What was worked out under one state of what is held."""

    __slots__ = ("members", "systems", "verdicts")

    def __init__(self, library: Holdings) -> None:
        self.members = Members(library)
        self.systems: dict[str, CodeSystem | None] = {}
        self.verdicts: dict[tuple[str, str | None, str], Verdict] = {}


class HeldTerms:
    """The `Terms` of an installation (see `fhir.protocols`). Safe to share between threads."""

    def __init__(self, library: Holdings) -> None:
        self.library = library
        self._readers = library.stored.readers
        self._states: dict[int, _Known] = {}

    @classmethod
    def over(cls, terms: Terminology, guides: Guides | None = None) -> HeldTerms:
        """Over a terminology file and these guides; over the bundled ones where none are given."""
        return cls(Holdings.of(terms, guides))

    @property
    def state(self) -> Hashable:
        return self._readers.state

    def contains(self, value_set: str, system: str | None, code: str) -> Verdict:
        """Whether the value set has the code. None: the value set, or what it draws on, is not known here."""
        key = (value_set, system, code)
        seen = self._states.get(self._readers.state)
        if seen is not None and (said := seen.verdicts.get(key, UNASKED)) is not UNASKED:
            return said  # type: ignore[return-value]
        with self._readers.steady() as state:
            known = self._known(state)
            answer = known.members.contains(value_set, system, code)
        if len(known.verdicts) >= MOST_VERDICTS:
            known.verdicts.clear()
        known.verdicts[key] = answer
        return answer

    def has_value_set(self, address: str) -> bool:
        """Whether the value set is held; of one that is not, nothing can be said to lie in it or not."""
        bare, version = canonical(address)
        return self.library.value_set(bare, version or None) is not None or isinstance(
            find_value_set(self.library, bare, version), dict
        )

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

    def _system(self, url: str) -> CodeSystem | None:
        """The newest edition of a code system."""
        systems = self._known(self._readers.state).systems
        if url not in systems:
            with self._readers.steady() as state:
                systems = self._known(state).systems
                if len(systems) >= MOST_SYSTEMS:
                    systems.clear()
                return systems.setdefault(url, self.library.code_system(url))
        return systems[url]

    def _known(self, state: int) -> _Known:
        """What was worked out under a state; threads may see different ones."""
        known = self._states.get(state)
        if known is None:
            known = self._states.setdefault(state, _Known(self.library))
            for old in sorted(self._states)[:-KEPT_STATES]:
                self._states.pop(old, None)
        return known
