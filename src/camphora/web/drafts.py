"""Forms that arrived after their session had ended by idleness: kept for their own reader, who may send them after
signing in again. They lie in memory alone, for minutes, and nothing is done with them until they are sent again."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

SECONDS = 30 * 60
MOST, LARGEST = 1000, 64_000
"""Readers whose form is kept, and the characters of one form."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A form as it was sent: to which address, from which page, with which fields."""

    path: str
    back: str
    fields: tuple[tuple[str, str], ...]

    @property
    def written(self) -> list[str]:
        """Every value once, so that nothing is sent unseen; sentences before numbers and codes."""
        texts = {value.strip() for _, value in self.fields}
        return sorted(texts - {""}, key=lambda text: (text.isascii(), -len(text), text))


class Drafts:
    """The newest draft of each reader."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[Draft, float]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, reader: str, path: str, back: str, fields: Iterable[tuple[str, str]]) -> bool:
        """Keep a form in place of the reader's earlier one; whether it was small enough to be kept."""
        held = tuple(fields)
        if sum(len(name) + len(value) for name, value in held) > LARGEST:
            return False
        with self._lock:
            self._kept.pop(reader, None)
            self._kept[reader] = (Draft(path, back, held), self._clock() + SECONDS)
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return True

    def of(self, reader: str) -> Draft | None:
        with self._lock:
            draft, until = self._kept.get(reader, (None, 0.0))
            if draft and until <= self._clock():
                del self._kept[reader]
                return None
            return draft

    def forget(self, reader: str, path: str) -> None:
        """The reader's draft to this address has been sent."""
        draft = self.of(reader)
        if draft and draft.path == path:
            self.drop(reader)

    def drop(self, reader: str) -> None:
        with self._lock:
            self._kept.pop(reader, None)
