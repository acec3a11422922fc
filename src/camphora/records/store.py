"""The contract of the store: what can be asked of it, and the values that come back.

Every call takes an `Access` first. Two implementations share it and one test suite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import orjson

from camphora.audit import Log
from camphora.fhir.search import Query
from camphora.policy import Access

Expect = Literal["new", "drawn", "present", "either"]


@dataclass(frozen=True, slots=True)
class Put:
    """Write one resource. `body` holds its exact bytes where it came as bytes. `expect`: `new` gives it an id of
    the server's, `drawn` writes it under the one that it brings, which was drawn for it, `present` refuses one that
    does not exist, `either` writes it under the id it brings. `held`: a validator that `holds_structure` found no error
    in the resource, so that its structure needs no second look."""

    resource: dict[str, Any]
    body: bytes | None = None
    expect: Expect = "either"
    if_match: int | None = None
    held: bool = False


class Unread(Put):
    """A Put of bytes that are known to be right; they are read only where somebody asks for the resource."""

    __slots__ = ("_read",)
    _read: dict[str, Any] | None

    def __init__(self, body: bytes) -> None:
        for name, value in (
            ("body", body),
            ("expect", "either"),
            ("if_match", None),
            ("held", True),
            ("_read", None),
        ):
            object.__setattr__(self, name, value)

    @property
    def resource(self) -> dict[str, Any]:
        """The resource, read once."""
        found = self._read
        if found is None:
            found = orjson.loads(self.body or b"")
            object.__setattr__(self, "_read", found)
        return found


@dataclass(frozen=True, slots=True)
class Delete:
    type: str
    id: str
    if_match: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one Put or Delete: `made` a new record, `changed` nothing where the same content stood."""

    type: str
    id: str
    version: int
    updated: int
    made: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record; `body` is None where it records a deletion. `updated` in milliseconds UTC. `revived`:
    in a history, the version before it recorded a deletion."""

    type: str
    id: str
    version: int
    updated: int
    body: bytes | None
    revived: bool = False

    @property
    def deleted(self) -> bool:
        return self.body is None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a search: `next` is an opaque signed token, `total` counts all matches where it was asked for;
    `included` are the records that `_include` and `_revinclude` bring beside the rows."""

    rows: Sequence[Version]
    next: str | None = None
    total: int | None = None
    included: Sequence[Version] = ()
    whole: bool = True
    """Whether all that was to be included is: a page brings a thousand records beside its own."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the change log. `kind`: record, choice or batch; `subject` its inner number."""

    no: int
    at: int
    kind: str
    subject: int
    version: int
    person: int | None


@dataclass(frozen=True, slots=True)
class Followed:
    """A present record as a follower sees it; `body` is None where it is deleted."""

    no: int
    type: str
    id: str
    person: int | None
    updated: int
    labels: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A kept batch of a table's rows."""

    no: int
    name: str
    digest: str
    source: str
    as_of: str
    rows: int
    at: int
    public: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """One act of reading a person, as that person may see it."""

    receipt: int
    at: int
    name: str
    role: str
    organisation: str | None
    purpose: str
    act: str
    types: tuple[str, ...] = field(default_factory=tuple)
    among_many: bool = False
    reader: str = ""
    decision: str = "permit"
    basis: str | None = None


class Store(Protocol):
    """Records and tables under law and consent."""

    audit: Log

    def write(self, access: Access, changes: Sequence[Any], given: Sequence[Any] = ()) -> list[Written]:
        """Apply all changes (each a `Put`, one already `Prepared`, or a `Delete`) or none, in order; answers after
        they are durable. `given` (`conditional.Given`): what must still be so, else Conflict records-moved-on."""

    def hand_in(
        self, access: Access, changes: Sequence[Any], given: Sequence[Any] = ()
    ) -> Future[list[Written]]:
        """The same without waiting: what cannot be made ready is refused at once, all else by the future. Do not
        cancel it."""

    def read(self, access: Access, record_type: str, record_id: str, version: int | None = None) -> Version:
        """The present version, or the one asked for. Refuses what is absent and what is hidden alike."""

    def search(self, access: Access, query: Query) -> Page:
        """One page of the records that the query names and the Access may see."""

    def history(self, access: Access, record_type: str, record_id: str) -> list[Version]:
        """The versions of one record that the Access may see, newest first."""

    def versions(self, access: Access, asked: Any) -> Page:
        """A page of the versions that `histories.Versions` asks for and the Access may see, newest first."""

    def changes(self, access: Access, after: int, limit: int) -> list[Change]:
        """The change log from a place on, for followers."""

    def scan(self, access: Access, low: int, high: int) -> Iterator[Followed]:
        """All present records of the persons low to high (exclusive), for followers."""

    def present(self, access: Access, numbers: Sequence[int]) -> list[Followed]:
        """The present ones of some records by their numbers, a few hundred at most, for followers."""

    def add_batch(
        self,
        access: Access,
        name: str,
        rows: list[dict[str, Any]],
        *,
        source: str,
        as_of: str,
        public: bool,
        whole: bool = False,
    ) -> tuple[Batch, bool]:
        """Keep a batch of rows of a table; the same rows again change nothing (False). Of a `whole` table, of which
        the newest batch stands alone, they do where others stand."""

    def batches(self, access: Access, name: str) -> list[Batch]:
        """The batches of a table, oldest first."""

    def batch_rows(self, access: Access, batch: Batch) -> list[dict[str, Any]]:
        """The rows of a batch."""

    def looks(self, access: Access, person: str, limit: int = 100) -> list[Look]:
        """Who looked at this person, newest first."""
