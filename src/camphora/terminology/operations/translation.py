"""$translate: what a code of one system is in another, by the concept maps that are held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from camphora.errors import NotFound
from camphora.terminology.operations.canonicals import canonical, fits
from camphora.terminology.systems import Coding, ConceptMap, Library, Mapped

NO_MATCH = "not-related-to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to translate: `source` forward to `target_system`, or `target` backward to `source_system`. The scopes are
    canonicals of value sets, `map` that of one concept map; empty where not said."""

    source: Coding | None = None
    target: Coding | None = None
    source_system: str = ""
    target_system: str = ""
    source_scope: str = ""
    target_scope: str = ""
    map: str = ""


@dataclass(frozen=True, slots=True)
class Translation:
    """The answer: every match, those that say “not related” among them; `result`: whether there is a real one."""

    matches: Sequence[Mapped]
    backward: bool

    @property
    def result(self) -> bool:
        return any(match.relationship != NO_MATCH for match in self.matches)


def translate(library: Library, question: Question) -> Translation:
    """Raises NotFound terminology-map-unknown where the question names a map that is not held."""
    question = _filled(question)
    backward = question.source is None
    found = dict.fromkeys(_matches(_maps(library, question), question))
    return Translation(tuple(found), backward)


def _filled(question: Question) -> Question:
    if question.source and not question.source.system:
        question = replace(question, source=question.source._replace(system=question.source_system))
    if question.target and not question.target.system:
        question = replace(question, target=question.target._replace(system=question.target_system))
    return question


def _maps(library: Library, question: Question) -> list[ConceptMap]:
    if question.map:
        url, version = canonical(question.map)
        held = [item for item in library.concept_maps(url) if fits(version, item.version)]
        if not held:
            raise NotFound("terminology-map-unknown", canonical=question.map)
        return held
    return [item for item in library.concept_maps() if _scoped(item, question)]


def _scoped(item: ConceptMap, question: Question) -> bool:
    for asked, names in (
        (question.source_scope, ("sourceScopeUri", "sourceScopeCanonical", "sourceUri", "sourceCanonical")),
        (question.target_scope, ("targetScopeUri", "targetScopeCanonical", "targetUri", "targetCanonical")),
    ):
        given = next((item.about[name] for name in names if name in item.about), "")
        if asked and canonical(given).url != canonical(asked).url:
            return False
    return True


def _matches(maps: Sequence[ConceptMap], question: Question) -> Iterator[Mapped]:
    for item in maps:
        if question.source is not None:
            for match in item.forward(question.source.system or "", question.source.code):
                if question.target_system in ("", match.target.system):
                    yield match
        elif question.target is not None:
            for match in item.backward(question.target.system or "", question.target.code):
                if question.source_system in ("", match.source.system):
                    yield match
