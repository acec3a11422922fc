"""What one interaction is handed, and what it answers; shared by routes and by the entries of bundles."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from starlette.requests import Request

from camphora.errors import Faults
from camphora.fhir import structure
from camphora.fhir.validation import Finding, Validator
from camphora.installation.exporting import Exports
from camphora.installation.importing import Imports
from camphora.policy import Access, Reader
from camphora.records import SQLiteStore, Version, Written
from camphora.terminology.operations.requests import Desk
from camphora.web.fhir.bodies import Bodies
from camphora.web.fhir.hands import Hands
from camphora.web.fhir.negotiation import FHIR_JSON, Wish
from camphora.web.heads import headers_of

MIB = 1024 * 1024
SIDE_BY_SIDE = 8
"""Interactions at once, and entries of batches at once: threads that stay, each with its reading connection."""


class Unfit(Faults):
    """A resource that is right in structure and breaks a profile or a rule (R4 http.html#create)."""

    status = 422


@dataclass(frozen=True)
class Api:
    """The store that is served, and how a request becomes an Access.

    `access` returns the Access of the signed-in reader or raises `Forbidden("web-sign-in-needed")`; it may block.
    `stood_for` gives the Accesses of a reader for those for whom they act, as guardian or proxy.
    `base` is this server's own address for links, taken from the request where it is None. `largest_resource` and
    `largest_bundle` are bytes, after unpacking, `bodies` those of all requests at once; `most_entries` is for one
    bundle, `largest_answer` the bytes that all reading entries of one bundle may answer together. Without a `desk`
    there are no terminology operations; without a `validator` what is written is held to the structure of R4 alone.
    """

    store: SQLiteStore
    access: Callable[[Request], Access]
    stood_for: Callable[[Reader], Sequence[Access]] = lambda _: ()
    base: str | None = None
    desk: Desk | None = None
    validator: Validator | None = None
    exports: Exports | None = None
    imports: Imports | None = None
    largest_resource: int = 16 * MIB
    largest_bundle: int = 64 * MIB
    bodies: Bodies = field(default_factory=lambda: Bodies(sys.maxsize), repr=False)
    most_entries: int = 5_000
    largest_answer: int = 32 * MIB
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    calls: Hands = field(init=False, repr=False)
    entries: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="fhir-entry"), repr=False
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "calls", Hands(SIDE_BY_SIDE, "fhir", self.store.keeping))

    def close(self) -> None:
        """Let the interactions that run end, and take no more."""
        self.calls.shutdown()
        self.entries.shutdown()

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations that hang on what is served: `ValueSet/$expand`, `*/$validate` for every type, `$export`."""
        have = {"*/$validate": self.validator, "$export": self.exports, "$import": self.imports}
        found = (name for name, served in have.items() if served is not None)
        return (*found, *(self.desk.operations if self.desk else ()))

    def require(self, resource: Any) -> None:
        """Raises `Faults` with every fault that refuses a resource which is brought, each with its FHIRPath; `Unfit`
        where the resource is right in structure and breaks a profile or a rule."""
        if self.validator is None:
            structure.require(resource)
            return
        errors = [found for found in self.findings(resource) if found.severity == "error"]
        if errors:
            kind = Faults if structure.check(resource) else Unfit
            raise kind([found.fault() for found in errors])

    @property
    def holds_structure(self) -> bool:
        """Whether what `require` lets pass is right in structure, however the site's policy softens its rules."""
        return self.validator is None or self.validator.holds_structure

    def findings(self, resource: Any, profiles: Sequence[str] = ()) -> list[Finding]:
        """What the validator finds, warnings among it; nothing where there is none."""
        return [] if self.validator is None else self.validator.validate(resource, profiles)

    def base_of(self, request: Request) -> str:
        """The address under which this API is reached, without a slash at its end."""
        if self.base is not None:
            return self.base.rstrip("/")
        scope, host = request.scope, headers_of(request.scope).get("host", "localhost")
        return f"{scope['scheme']}://{host}{scope.get('root_path', '')}"


@dataclass(frozen=True, slots=True)
class Call:
    """One interaction: by whom, at which address, and what is wished of the answer."""

    api: Api
    access: Access
    base: str
    wish: Wish

    @property
    def store(self) -> SQLiteStore:
        return self.api.store

    @property
    def loads(self) -> bool:
        """An administrator's load or the demo's seeding, which writes under the ids that it brings."""
        return self.access.ground == "loading"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an interaction answers; `body` is FHIR JSON, or of the type `media` where that is given. `location` is where
    the record lies after a write."""

    status: int
    body: bytes | None = None
    version: int | None = None
    updated: int | None = None
    location: str | None = None
    address: str | None = None
    """`Type/id` of the record that was read or written."""
    media: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """More headers of its own."""


class Sent(NamedTuple):
    """A body as an interaction takes it: FHIR as JSON, anything else as it came, with its media type."""

    body: bytes = b""
    media: str = FHIR_JSON


def of_version(found: Version, body: bytes | None, status: int = 200) -> Answer:
    return Answer(status, body, found.version, found.updated, address=f"{found.type}/{found.id}")


def of_written(written: Written, base: str, body: bytes | None) -> Answer:
    """The answer to a create or update. Location names the version (R4 http.html#create)."""
    address = f"{written.type}/{written.id}"
    location = f"{base}/{address}/_history/{written.version}"
    status = 201 if written.made else 200
    return Answer(status, body, written.version, written.updated, location, address)
