"""What the value of one property says: index values, labels by rule, words.

Records say the same again and again: a code, a unit, a reference range, a patient. What such a value gives is worked
out once and remembered by the value's bytes; only what hangs on several properties is worked out for each record. A
property whose values seldom come again is given up.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from camphora.fhir.emit import IndexValues
from camphora.fhir.extract import extract
from camphora.fhir.folding import fold
from camphora.fhir.registry import Registry
from camphora.fhir.words import narrative, said_in, telling
from camphora.policy.facts import UNREAD
from camphora.policy.labels import Found, Rules
from camphora.policy.labels.pointing import UNFOLLOWED, targets_of
from camphora.records.fulltext import spaced

LONGEST = 1_000
"""Bytes of a value that is remembered."""
ROOM = 8_000_000
"""So many bytes are remembered for one type of records; then the memory starts anew."""
TRIED = 512
"""So many values that were new are enough to give up a property of which fewer came again."""
WORDS = 25_000
"""Bytes of a resource whose words are gathered here; those of a longer one may be more than are kept
(`fhir.words.LONGEST`)."""
_OVERHEAD = 1_000
"""About what Python takes for what is remembered of a value."""
_ROWS = (
    "tokens", "references", "dates", "strings", "numbers", "quantities", "composites", "positions",
)  # fmt: skip
_INNER = frozenset({dict, list})
_MAKING = threading.Lock()


class Said(NamedTuple):
    """What a value gives: rows by the list of the index that they go to, labels, lines of the full text as they are
    kept, those of the narrative, and the records whose labels follow."""

    rows: tuple[tuple[str, tuple[Any, ...]], ...]
    found: frozenset[Found]
    lines: tuple[str, ...]
    narrative: str
    points: tuple[str, ...]


class Whole(NamedTuple):
    """What a resource gives. `texts`: narrative and content as `fulltext.texts` makes them; None where it is long."""

    values: IndexValues
    found: tuple[Found, ...]
    texts: tuple[str, str] | None
    points: tuple[str, ...]


class _Place:
    """The values of one property that are remembered."""

    __slots__ = ("hits", "known", "misses")

    def __init__(self) -> None:
        self.known: dict[bytes, Said] = {}
        self.hits = self.misses = 0


class Sayings:
    """What resources of one type say, by the parameters of a registry and the rules of labelling."""

    def __init__(self, resource_type: str, registry: Registry, rules: Rules) -> None:
        self._type = resource_type
        self._extractor = extract(resource_type, registry)
        self.rules = rules
        self._always = rules.of_type(resource_type)
        self._may_point = resource_type not in UNFOLLOWED
        self._places: dict[str, _Place] = {}
        self._telling = telling(resource_type)
        self._held = 0

    def of(self, resource: dict[str, Any], raw: Mapping[str, Any], size: int) -> Whole:
        """What a resource gives that `structure.check` found right. `raw`: the bytes of its properties, `size` of all
        of them together."""
        visit, places = self._extractor.visit, self._places
        out = IndexValues()
        found = self._always
        own: list[str] = []
        inner: list[str] = []
        narrated = ""
        points: tuple[str, ...] = ()
        for name, value in resource.items():
            if type(value) not in _INNER:
                emit = visit.get(name)
                if emit is not None:
                    emit(value, out)
                if name in self._telling and (folded := fold(value)):
                    own.append(spaced(folded))
                continue
            place = places.get(name)
            if place is None:
                place = places[name] = _Place()
            said = self._said(place, name, value, raw.get(name))
            for kind, rows in said.rows:
                getattr(out, kind).extend(rows)
            if said.found:
                found = found | said.found
            if said.points:
                points += said.points
            if type(value) is list and type(value[0]) is not dict:
                own += said.lines
            else:
                inner += said.lines
            if name == "text":
                narrated = said.narrative
        texts = (narrated, "\n".join(dict.fromkeys(own + inner))) if size <= WORDS else None
        index = self._extractor.whole(resource, out)
        if points:
            itself = f"{self._type}/{resource.get('id')}"
            points = tuple(dict.fromkeys(target for target in points if target != itself))
        return Whole(index, tuple(sorted(found)) if found else (), texts, points)

    def _said(self, place: _Place, name: str, value: Any, raw: Any) -> Said:
        if raw is None or len(raw) > LONGEST or (place.misses > TRIED and place.hits < place.misses):
            return self._made(name, value, None if raw is None else bytes(raw))
        key = bytes(raw)
        said = place.known.get(key)
        if said is not None:
            place.hits += 1
            return said
        place.misses += 1
        said = self._made(name, value, key)
        self._held += len(key) + _OVERHEAD
        if self._held > ROOM:
            self._held = 0
            for each in list(self._places.values()):
                each.known.clear()
        place.known[key] = said
        return said

    def _made(self, name: str, value: Any, raw: bytes | None) -> Said:
        out = IndexValues()
        emit = self._extractor.visit.get(name)
        if emit is not None:
            emit(value, out)
        rows = tuple((kind, tuple(made)) for kind in _ROWS if (made := getattr(out, kind)))
        coded = raw is None or b'"code"' in raw or b"\\" in raw
        reads = coded and name not in UNREAD and name[0] != "_"
        found = self.rules.of_part(value) if reads else frozenset[Found]()
        told = narrative(value.get("div", "")) if name == "text" else ""
        lines = _lines(self._type, name, value)
        points = targets_of(name, value, raw) if self._may_point else ()
        return Said(rows, found, lines, spaced(fold(told)), points)


def sayings(resource_type: str, registry: Registry, rules: Rules) -> Sayings:
    """What resources of a type say, by these rules; KeyError for a type that R4 lacks."""
    held = _held(resource_type, registry)
    found = held[0] if held else None
    return found if found is not None and found.rules is rules else _made(resource_type, registry, rules)


def _made(resource_type: str, registry: Registry, rules: Rules) -> Sayings:
    """The same, made where it is not there yet: by one thread, for which the others wait, since it takes long."""
    with _MAKING:
        held = _held(resource_type, registry)
        if not held or held[0].rules is not rules:
            held[:] = [Sayings(resource_type, registry, rules)]
        return held[0]


@lru_cache(maxsize=1024)
def _held(_resource_type: str, _registry: Registry) -> list[Sayings]:
    return []


def _lines(resource_type: str, name: str, value: Any) -> tuple[str, ...]:
    """The lines of the full text that a value gives, each once."""
    texts = dict.fromkeys(said_in(resource_type, name, value))
    return tuple(dict.fromkeys(spaced(folded) for text in texts if (folded := fold(text))))
