"""Conditional create, update, delete and patch (R4 http.html#cond-update): what a search finds decides what is written.

The search is one of the reader's own, so that whoever is hidden matches nothing, and the store asks again inside the
write (`records.conditional`): two at once make one. Every parameter must be understood, and there must be one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, TypeVar

from camphora.errors import Conflict, Invalid, NotFound, Place
from camphora.fhir.search import ELSEWHERE, RESULT_NAMES, Query, parse_query
from camphora.records import Delete, Given, Put, Version
from camphora.web.fhir import interactions
from camphora.web.fhir.call import Answer, Call, of_written
from camphora.web.fhir.negotiation import Pairs, decode_pairs, version_held
from camphora.web.fhir.outcomes import done

T = TypeVar("T")
TRIES = 5
MOVED = frozenset({"records-moved-on", "records-version-conflict"})


class Found(NamedTuple):
    """A condition as it was understood, and the record that meets it, if any."""

    query: Query
    rows: tuple[Version, ...]

    @property
    def given(self) -> Given:
        """What a write that rests on this says to the store."""
        return Given(self.query, frozenset(row.id for row in self.rows))


def found(call: Call, record_type: str, pairs: Pairs) -> Found:
    """The one record that meets a condition, or none. Raises Conflict where there are more."""
    query = understood(call, record_type, pairs)
    page = call.store.search(call.access, replace(query, count=2))
    if len(page.rows) > 1:
        raise Conflict("web-fhir-many-matches", type=record_type)
    return Found(query, tuple(page.rows))


def understood(call: Call, record_type: str, pairs: Pairs) -> Query:
    """A condition as a query: strictly read, of at least one clause and no empty parameter, without what shapes an
    answer."""
    own = [(name, value) for name, value in pairs if name.partition(":")[0] not in ELSEWHERE | RESULT_NAMES]
    query = parse_query(record_type, own, strict=True, base=call.base, registry=call.store.registry)
    if not query.clauses or query.ignored:
        raise Invalid("web-fhir-conditional")
    return replace(query, includes=())


def condition_of(text: str) -> Pairs:
    """The parameters of a condition in a resource or in an entry of a bundle."""
    return decode_pairs(text.lstrip("?").encode())


def condition_of_header(text: str) -> Pairs:
    """The parameters of an If-None-Exist header, whose bytes came as Latin-1."""
    return decode_pairs(text.lstrip("?").encode("latin-1"))


def settled(attempt: Callable[[], T]) -> T:
    """Do what rests on something read before, and again where another write came between."""
    for _ in range(TRIES - 1):
        try:
            return attempt()
        except Conflict as error:
            if error.code not in MOVED:
                raise
    return attempt()


def create(call: Call, record_type: str, body: bytes, condition: Pairs) -> Answer:
    """A new record, unless one meets the condition: that is answered as it is."""
    resource, kept = interactions.kept(call, record_type, body)

    def attempt() -> Answer:
        there = found(call, record_type, condition)
        if there.rows:
            return standing(call, there.rows[0])
        written = call.store.write(call.access, [Put(resource, kept, expect="new")], [there.given])[0]
        return of_written(written, call.base, interactions.written_body(call, written, kept))

    return settled(attempt)


def standing(call: Call, row: Version, usual: str = "representation") -> Answer:
    """The record that stands already, in place of the one that was to be created."""
    address = f"{row.type}/{row.id}"
    wish = call.wish.returns or usual
    body = (
        row.body if wish == "representation" else done(call.wish.lang) if wish == "OperationOutcome" else None
    )
    return Answer(
        200, body, row.version, row.updated, f"{call.base}/{address}/_history/{row.version}", address
    )


def update(call: Call, record_type: str, body: bytes) -> Answer:
    """A new version of the record that meets the condition of the address, or a new record where none does."""
    resource, kept = interactions.kept(call, record_type, body)

    def attempt() -> Answer:
        there = found(call, record_type, call.wish.pairs)
        put = put_for(call, record_type, resource, kept, there.rows, if_match=call.wish.if_match)
        written = call.store.write(call.access, [put], [there.given])[0]
        return of_written(written, call.base, interactions.written_body(call, written, kept))

    return attempt() if version_held(call.wish.if_match) is not None else settled(attempt)


def put_for(
    call: Call,
    record_type: str,
    resource: dict[str, object],
    body: bytes,
    rows: tuple[Version, ...],
    *,
    if_match: int | None,
) -> Put:
    """The write of a conditional update: people choose no ids, so that a resource which brings one needs a match."""
    brought = resource.get("id")
    if rows:
        if brought not in {None, rows[0].id}:
            raise Invalid("web-fhir-id-mismatch", place=Place(path=f"{record_type}.id"), type=record_type)
        return Put({**resource, "id": rows[0].id}, body, "present", version_held(if_match))
    if if_match is not None:
        raise Conflict("web-fhir-nothing-matched", type=record_type)
    if brought is not None and not call.loads:
        raise NotFound("web-fhir-update-absent", type=record_type)
    return Put(resource, body, "new" if brought is None else "either")


def delete(call: Call, record_type: str) -> Answer:
    """Deletes the one record that meets the condition; nothing where none does."""

    def attempt() -> Answer:
        there = found(call, record_type, call.wish.pairs)
        deletes = [Delete(row.type, row.id, version_held(call.wish.if_match)) for row in there.rows]
        call.store.write(call.access, deletes, [there.given])
        return Answer(204)

    return attempt() if version_held(call.wish.if_match) is not None else settled(attempt)
