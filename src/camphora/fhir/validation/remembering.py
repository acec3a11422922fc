"""What was found in a value is found in it when it comes again: the values of elements, by the bytes of their JSON.

Records say the same again and again: a code, a unit, a reference range, a patient. Where a check asked for nothing
beside the value (`Scope.looked`), what it found is remembered by the value's bytes. An element whose values seldom come
again is given up.
"""

from __future__ import annotations

from typing import Any

import orjson

from camphora.fhir.primitives import Found
from camphora.fhir.protocols import Terms
from camphora.fhir.validation.scope import Check, Scope

ROOM = 32_000_000
"""So many bytes are remembered by one validator; then the memory starts anew."""
LONGEST = 1_000
"""Bytes of a value that is remembered."""
TRIED = 512
"""So many values that were new are enough to give up an element of which fewer came again."""
_AS_IT_IS = (
    orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
)
_OVERHEAD = 200
"""About what Python takes for a key beside its bytes."""
Place = dict[bytes, tuple[Found, ...]]
"""The values of one element and what was found in each."""


class Memory:
    """The room that the elements of one validator share; it holds under one state of the codes that are held."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._state = terms.state
        self._known: list[Place] = []
        self._held = 0

    def place(self) -> Place:
        """Room for the values of one more element."""
        made: Place = {}
        self._known.append(made)
        return made

    def keep(self, place: Place, key: bytes, found: list[Found] | None) -> None:
        if b"null" in key or self._terms.state != self._state:
            return
        self._held += len(key) + _OVERHEAD
        if self._held > ROOM:
            self._held = 0
            for each in self._known:
                each.clear()
        place[bytes(memoryview(key))] = tuple(found or ())  # orjson's own bytes lie in 4 KB each


def remembering(check: Check, memory: Memory) -> Check:
    """The same check, which looks first whether the value came before."""
    known = memory.place()
    hits = misses = 0

    def quick(value: Any, scope: Scope) -> list[Found] | None:
        nonlocal hits, misses
        if scope.outer is not None or scope.tally is not None or (misses > TRIED and hits < misses):
            return check(value, scope)
        try:
            key = orjson.dumps(value, None, _AS_IT_IS)
        except TypeError:
            return check(value, scope)
        before = known.get(key)
        if before is not None:
            hits += 1
            return list(before) if before else None
        misses += 1
        looked, scope.looked = scope.looked, False
        found = check(value, scope)
        if not scope.looked and len(key) <= LONGEST:
            memory.keep(known, key, found)
        scope.looked = scope.looked or looked
        return found

    return quick
