"""What is made once, by whoever asks first, and waited for or not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from camphora.errors import CamphoraError

Value = TypeVar("Value")


class Once(Generic[Value]):
    """A thing in the making: once, by whoever asks first. The thread holds what `make` holds and nothing else: the
    series, so that it keeps no store open."""

    def __init__(self) -> None:
        self.made: Value | None = None
        self.failed: CamphoraError | None = None
        self._making = threading.Lock()
        self._thread: threading.Thread | None = None

    def waited(self, make: Callable[[], Value]) -> Value:
        with self._making:
            if self.made is None:
                self.made = make()
            return self.made

    def soon(self, make: Callable[[], Value], within: float = 0.0) -> Value | None:
        """It if it is made, or is within so many seconds; else None, and it is being made from now on."""
        if self.made is None and self._thread is None:
            self._thread = threading.Thread(target=self._make, args=(make,), name="watched", daemon=True)
            self._thread.start()
            self._thread.join(within)
        if self.failed:
            raise self.failed
        return self.made

    def _make(self, make: Callable[[], Value]) -> None:
        try:
            self.waited(make)
        except CamphoraError as error:
            self.failed = error
