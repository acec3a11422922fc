"""The value sets of labels while an installation is open: a change of its files holds without a restart.

Whoever holds the installation looks at them each second, as a command of another process may have changed them. Records
are then labelled anew in the background (`records.labelling`); a file that is not right changes nothing.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from camphora.errors import CamphoraError
from camphora.policy.labels.own import rules_in, state_of
from camphora.records import SQLiteStore

EVERY = 1.0
"""Seconds between two looks."""
told = logging.getLogger("camphora.installation")


class Sensitivity:
    """Follows the files of `folder` for a store; `close` ends it."""

    def __init__(self, folder: Path, store: SQLiteStore) -> None:
        self._folder = folder
        self._store = store
        self._seen = state_of(folder)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sensitivity", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    def look(self) -> None:
        """Have the store label by the files as they are now, where they have changed."""
        state = state_of(self._folder)
        if state == self._seen:
            return
        self._seen = state
        try:
            self._store.label_by(rules_in(self._folder))
        except CamphoraError as error:
            told.error("value sets of labels are not taken: %s", error.code)
        else:
            told.info("value sets of labels have changed; records are labelled anew")

    def _run(self) -> None:
        while not self._ended.wait(EVERY):
            try:
                self.look()
            except OSError as error:
                told.error("value sets of labels cannot be read: %s", type(error).__name__)
