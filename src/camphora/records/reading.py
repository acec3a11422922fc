"""A store that another process of the same installation holds, opened for reading alone.

It answers by the same statements, in which law and choices are, and leaves the same receipts, through the leader. What
the leader has committed holds at its next read: nothing is kept here but what the store numbers (`registry`, choices,
terms), which is compared each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NoReturn, TypeVar

import apsw

from camphora.errors import Fault
from camphora.fhir.registry import Registry
from camphora.policy import Access
from camphora.policy.labels import Rules
from camphora.policy.policy import Policy
from camphora.records.conditional import Given
from camphora.records.connections import Readers, require_present
from camphora.records.indexing import Indexing
from camphora.records.prepare import Prepared
from camphora.records.relay import Relay, RelayedLooks
from camphora.records.sets import Sets
from camphora.records.sqlite import SQLiteStore
from camphora.records.store import Delete, Put, Written

T = TypeVar("T")


class ReadingStore(SQLiteStore):
    """`read`, `search`, the histories, and what the gate asks. What would write, and what needs the log itself, is the
    leader's: a call of it is a fault of ours."""

    def __init__(self, folder: Path, policy: Policy, relay: Relay) -> None:
        self.folder = folder
        self._connections = Readers(folder / "records.sqlite", policy)  # type: ignore[assignment]
        require_present(self._connections.reader(), self._connections.path)
        self._secret = (folder / "secret.key").read_bytes()
        self._looks = RelayedLooks(relay, self._secret)
        self._keeper = _NoKeeper()  # type: ignore[assignment]
        self.coding = None
        self._sets = Sets()
        self._indexing = Indexing()
        self._digest: str | None = None
        self._labelled_by: tuple[str, Rules] | None = None

    @property
    def registry(self) -> Registry:
        """The search parameters as the store has them now."""
        reader = self._connections.reader()
        present = _digest(reader)
        if present != self._digest:
            with reader:
                present = _digest(reader)
                self._indexing.take_up(reader)
            self._digest = present
        return self._indexing.registry

    @property
    def rules(self) -> Rules:
        """The value sets by which the leader labels now."""
        reader = self._connections.reader()
        newest = "SELECT {} FROM labelling ORDER BY no DESC LIMIT 1"
        (digest,) = next(reader.execute(newest.format("digest")))
        if self._labelled_by is None or self._labelled_by[0] != digest:
            digest, dumped = next(reader.execute(newest.format("digest, rules")))
            self._labelled_by = (digest, Rules.load(dumped))
        return self._labelled_by[1]

    def write(
        self,
        access: Access,  # noqa: ARG002 - as the store's
        changes: Sequence[Put | Prepared | Delete],  # noqa: ARG002
        given: Sequence[Given] = (),  # noqa: ARG002
    ) -> list[Written]:
        _refuse()

    def watch(self, called: Callable[[], None]) -> None:  # noqa: ARG002 - as the store's
        _refuse()

    def close(self) -> None:
        self._looks.close()
        self._connections.close()


def _digest(reader: apsw.Connection) -> str:
    """Of the search parameters that the store goes by, as it was committed with them."""
    ((digest,),) = list(reader.execute("SELECT digest FROM registry"))
    return str(digest)


class _NoKeeper:
    """Stands where the one that writes would."""

    def submit(
        self,
        job: Callable[[apsw.Connection], T],  # noqa: ARG002 - as the keeper's
        *,
        patient: bool = False,  # noqa: ARG002
        repeatable: bool = False,  # noqa: ARG002
    ) -> Future[T]:
        _refuse()


def _refuse() -> NoReturn:
    raise Fault("workers-write")
