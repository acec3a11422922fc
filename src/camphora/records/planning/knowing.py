"""Names that a reading connection has looked up before: a number that was committed is that name's for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from weakref import WeakKeyDictionary

import apsw

from camphora.records.terms import Names

MOST_KNOWN = 20_000
"""So many names are remembered for a connection; then its memory starts anew."""
_KNOWN: WeakKeyDictionary[apsw.Connection, dict[tuple[object, ...], int]] = WeakKeyDictionary()


class KnownNames(Names):
    """`Names` with a memory of types, parameters and systems. What is not there is asked again each time, and so is
    everything where the connection may write, since what it has written may be rolled back."""

    def __init__(self, connection: apsw.Connection) -> None:
        super().__init__(connection)
        kept = connection.readonly("main")
        self._known: dict[tuple[object, ...], int] = _KNOWN.setdefault(connection, {}) if kept else {}
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        self._persons: dict[str, int | None] = {}

    def type(self, name: str) -> int | None:
        return self._remembered(("type", name), super().type, name)

    def param(self, type_no: int, code: str) -> int | None:
        return self._remembered(("param", type_no, code), super().param, type_no, code)

    def text(self, text: str) -> int | None:
        return self._remembered(("text", text), super().text, text)

    def persons(self, patients: Iterable[str]) -> list[int]:
        """Asked once for one query, whether they are there or not; never kept for the next, whose time would tell."""
        asked = sorted(patients)
        for patient in asked:
            if patient not in self._persons:
                self._persons[patient] = next(iter(super().persons([patient])), None)
        return [number for patient in asked if (number := self._persons[patient]) is not None]

    def know(self, patients: Iterable[str], numbers: Mapping[str, int]) -> None:
        """Who was looked up by another statement of this query: these, of whom those who are there have numbers."""
        self._persons.update((patient, numbers.get(patient)) for patient in patients)

    def _remembered(
        self, key: tuple[object, ...], look: Callable[..., int | None], *asked: object
    ) -> int | None:
        found = self._known.get(key)
        if found is None:
            found = look(*asked)
            if found is not None:
                self._known[key] = found
        return found
