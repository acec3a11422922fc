"""What signals were judged, kept for each Access, so that a page reads only the steps that came since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from camphora.work.states import Judgement
from camphora.work.tasks import Work

READERS = 64
"""Of so many Accesses they are kept."""
OVERLAP = 60_000
"""So many milliseconds are read again, since clocks are set back."""


class _Read(NamedTuple):
    """Up to which change they were read, and the moment of the latest step."""

    change: int
    at: int
    found: Mapping[str, Judgement]


NOTHING = _Read(-1, 0, MappingProxyType({}))


class Judgements:
    """Right as long as no work is taken away, which the ledger never does."""

    def __init__(self) -> None:
        self._kept: dict[str, _Read] = {}

    def of(self, access: str, change: int, read: Callable[[int], Iterable[Work]]) -> Mapping[str, Judgement]:
        """Those of an Access, by its digest, by signal. `change`: the newest of the store, known before `read` gives
        all work that was changed since a moment (0: all)."""
        held = self._kept.get(access, NOTHING)
        if held.change == change:
            return held.found
        found, at = dict(held.found), held.at
        for work in read(max(held.at - OVERLAP, 0)):
            at = max(at, work.updated)
            if work.kind == "signal":
                found.pop(work.key, None)
                found.update({work.key: work.judgement} if work.judgement else {})
        if len(self._kept) >= READERS:
            self._kept.clear()
        self._kept[access] = _Read(change, at, found)
        return found
