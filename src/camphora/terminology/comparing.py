"""A code across editions and systems: what changed from one edition to the next, and what other systems call it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from camphora.errors import Lang
from camphora.terminology.naming import names_in
from camphora.terminology.store import Term, Terminology
from camphora.terminology.stored_library import Holdings
from camphora.terminology.systems import Coding, Mapped
from camphora.terminology.writing import Edition

Change = Literal["first", "same", "new", "absent", "zh", "en", "status"]
CONVERSE = {
    "source-is-narrower-than-target": "source-is-broader-than-target",
    "source-is-broader-than-target": "source-is-narrower-than-target",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """The code in one edition (None: it is not there) and what is different from the edition before it; `first`
    where there is none before, `same` where nothing is."""

    edition: Edition
    term: Term | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another code: above or below this one, or what a map leads to; then `origin` is the map's canonical and
    `relationship` is said of this code (http://hl7.org/fhir/concept-map-relationship)."""

    system: str
    code: str
    zh: str = ""
    en: str = ""
    relationship: str = ""
    origin: str = ""

    def name(self, lang: Lang) -> str:
        """The name in a language, or in the other."""
        return (self.zh or self.en) if lang == "zh-TW" else (self.en or self.zh)


@dataclass(frozen=True, slots=True)
class Across:
    term: Term
    editions: Sequence[Compared]
    maps: Sequence[Neighbour]
    parents: Sequence[Neighbour]
    children: Sequence[Neighbour]


def compared(terms: Terminology, library: Holdings, term: Term, most: int) -> Across:
    """Everything about a code that other editions and systems tell; at most so many neighbours of a kind."""
    system = library.code_system(term.system, term.version)
    parents = system.parents(term.code) if system else ()
    children = system.children(term.code) if system else ()
    return Across(
        term,
        editions(terms, term),
        list(islice(mapped(library, term), most)),
        _neighbours(terms, term, parents[:most]),
        _neighbours(terms, term, children[:most]),
    )


def editions(terms: Terminology, term: Term) -> list[Compared]:
    """The code in every edition of its system and of the systems of the same family, the newest first; editions older
    than the first that has it are left out."""
    every = [(one, terms.lookup(one.url, term.code, one.version)) for one in terms.family(term.system)]
    while every and every[-1][1] is None:
        every.pop()
    found = [each for _, each in every]
    return [
        Compared(edition, one, changes(one, found[place + 1 :])) for place, (edition, one) in enumerate(every)
    ]


def changes(now: Term | None, older: Sequence[Term | None]) -> tuple[Change, ...]:
    """What is different from the edition before (`older`, the newest first). A name is held against the last edition
    that gives one in its language: an English edition between two Chinese ones changes no Chinese name."""
    if not older:
        return ("first",)
    if now is None or older[0] is None:
        return ("same",) if now is older[0] else ("absent",) if now is None else ("new",)
    before = [one for one in older if one]
    zh, en = (next((name for one in before if (name := getattr(one, lang))), "") for lang in ("zh", "en"))
    differ: dict[Change, bool] = {
        "zh": bool(now.zh and zh) and now.zh != zh,
        "en": bool(now.en and en) and now.en != en,
        "status": (now.status, now.active) != (before[0].status, before[0].active),
    }
    return tuple(name for name, is_so in differ.items() if is_so) or ("same",)


def mapped(library: Holdings, term: Term) -> Iterator[Neighbour]:
    """What the maps say of a code, from it and to it, each target once per map."""
    seen = set[tuple[str, str, str]]()
    for address in library.addresses(term.system):
        for found, backward in library.mapped(address, term.code):
            other = found.source if backward else found.target
            key = (other.system or "", other.code, found.origin)
            if other.code and key not in seen:
                seen.add(key)
                relationship = (
                    CONVERSE.get(found.relationship, found.relationship) if backward else found.relationship
                )
                yield _named(library, other, relationship, found)


def _named(library: Holdings, other: Coding, relationship: str, found: Mapped) -> Neighbour:
    system = library.code_system(other.system) if other.system else None
    concept = system.concept(other.code) if system else None
    zh, en = names_in(concept, system.language) if concept and system else ("", other.display or "")
    return Neighbour(other.system or "", other.code, zh, en, relationship, found.origin)


def _neighbours(terms: Terminology, term: Term, codes: Iterable[str]) -> list[Neighbour]:
    found = (terms.lookup(term.system, code, term.version) for code in codes)
    return [Neighbour(one.system, one.code, one.zh, one.en) for one in found if one]
