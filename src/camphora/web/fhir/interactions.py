"""The interactions on records (https://hl7.org/fhir/R4/http.html): plain calls on the store, run in a thread.

What the reader may not see is absent in all of them: the store refuses both alike, and nothing here asks twice.
"""

from __future__ import annotations

import re
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from camphora.errors import Faults, Invalid, NotFound, Place
from camphora.fhir import definitions, structure
from camphora.fhir.distinct import require_distinct
from camphora.fhir.json import parse, unmarked
from camphora.fhir.references import relative
from camphora.fhir.search import ELSEWHERE, Query, parse_query
from camphora.fhir.search.asking import Ignored
from camphora.records import Delete, Put, Version, Written
from camphora.records.registering import declares_nothing
from camphora.records.searching import MOST
from camphora.web.fhir import bundles, receipts
from camphora.web.fhir.call import Answer, Call, of_version, of_written
from camphora.web.fhir.later import Later
from camphora.web.fhir.negotiation import ANY, Pairs, unmodified, version_held
from camphora.web.fhir.outcomes import done, outcome_bytes
from camphora.web.fhir.stamp import stamped
from camphora.web.fhir.subset import reduced

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
NOT_KEPT = frozenset({"Parameters"})
"""R4 gives Parameters no address of its own."""
DAY = 86_400_000
FORMS = ELSEWHERE | {"_summary", "_elements"}
"""The parameters that every interaction understands (R4 http.html#parameters)."""
TELLING = frozenset({"_include", "_revinclude", "_sort"})
"""Parameters whose values name parameters, and never anybody."""
LONGEST_TOLD = 100


def is_kept(name: str) -> bool:
    """Whether records of this type are kept here."""
    return name in definitions.resource_types() and name not in NOT_KEPT


def require_type(name: str) -> None:
    if not is_kept(name):
        raise NotFound("web-fhir-no-type")


def read(call: Call, record_type: str, record_id: str, version: str | None = None) -> Answer:
    """The present version or the one asked for; 304 where the reader holds it already."""
    require_record(record_type, record_id)
    form = form_of(call, record_type)
    if version is None and (event := receipts.found(call, record_type, record_id)):
        return event
    number = _version_number(record_type, version)
    found = call.store.read(call.access, record_type, record_id, number)
    if version is None and unmodified(call.wish, found.version, found.updated):
        return of_version(found, None, 304)
    return of_version(found, shown(found, form))


class Asked(NamedTuple):
    """A search as it was understood: the query, the parameters without the page, the page, and the day it began."""

    query: Query
    pairs: Pairs
    page: str
    day: int


def asked(call: Call, record_type: str | None, pairs: Pairs, owner: tuple[str, str] | None = None) -> Asked:
    """Read a search's parameters. Page tokens travel as `_page`, with the day against which `ap` is measured before
    them, so that a search which began yesterday goes on as it was. `record_type` None: a search of several types, in
    which every parameter must be known, since one that a type lacks would let all its records through. `owner`: the
    compartment that is searched."""
    if record_type is not None:
        require_type(record_type)
    page = dict(pairs).get("_page", "")
    begun, _, token = page.rpartition(".")
    day = int(begun) if re.fullmatch(r"[0-9]{1,7}", begun) else int(time.time() * 1000) // DAY
    rest = tuple((name, value) for name, value in pairs if name != "_page")
    given = (*rest, ("_page", token)) if page else rest
    strict = call.wish.strict or record_type is None
    query = parse_query(
        record_type,
        given,
        strict=strict,
        base=call.base,
        now=day * DAY,
        compartment=owner,
        registry=call.store.registry,
    )
    return Asked(query, rest, page, day)


def search(
    call: Call,
    record_type: str | None,
    pairs: Pairs,
    owner: tuple[str, str] | None = None,
    path: str | None = None,
) -> Answer:
    """A page of matches as a searchset, of one type or of several, in a compartment where one is named."""
    if record_type is not None:
        require_type(record_type)
        if owner is None and (events := receipts.search(call, record_type, pairs)) is not None:
            return events
    given = asked(call, record_type, pairs, owner)
    query = given.query
    counted = query
    if query.ignored or query.count == 0:
        counted = replace(query, ignored=(), summary="count" if query.count == 0 else query.summary)
    found = call.store.search(call.access, counted)
    address = path or record_type or ""
    ways = links(call, given, f"{given.day}.{found.next}" if found.next else None, address)
    form = query if query.elements or query.summary in {"true", "text", "data"} else None
    rows = [(row, shown(row, form)) for row in found.rows]
    beside = [(row, shown(row, form)) for row in found.included]
    told = warning(call, query, whole=found.whole)
    return Answer(200, bundles.searchset(call.base, rows, ways, found.total, told, included=beside))


def create(call: Call, record_type: str, body: bytes) -> Later:
    """A new record under an id of the server's."""
    require_type(record_type)
    resource, own = kept(call, record_type, body)
    put = Put(resource, own, expect="new", held=own == body and call.api.holds_structure)
    written = call.store.hand_in(call.access, [put])
    return Later(written, lambda: _put(call, written, own))


def update(call: Call, record_type: str, record_id: str, body: bytes) -> Later:
    """A new version of a record that is there; only loads write under ids of their own."""
    require_record(record_type, record_id)
    resource, body = kept(call, record_type, body)
    require_id(resource, record_type, record_id)
    put = put_of(call, resource, body, call.wish.if_match)
    written = call.store.hand_in(call.access, [put])

    def answer() -> Answer:
        try:
            return _put(call, written, body)
        except NotFound as error:
            raise absent(error) from None

    return Later(written, answer)


def put_of(
    call: Call, resource: dict[str, Any], body: bytes, if_match: int | None, *, held: bool = False
) -> Put:
    """The write of an update; `If-Match: *` asks that the record is there, also of a load."""
    creates = call.loads and if_match != ANY
    return Put(resource, body, "either" if creates else "present", version_held(if_match), held)


def _put(call: Call, written: Future[list[Written]], body: bytes) -> Answer:
    """The answer to the one record that was handed in."""
    one = written.result()[0]
    return of_written(one, call.base, written_body(call, one, body))


def delete(call: Call, record_type: str, record_id: str) -> Answer:
    """Deletes; what is not there, or not to be seen, is answered as gone (R4 http.html#delete)."""
    require_record(record_type, record_id)
    with suppress(NotFound):
        call.store.write(call.access, [Delete(record_type, record_id, version_held(call.wish.if_match))])
    return Answer(204)


def kept(call: Call, record_type: str, body: bytes) -> tuple[dict[str, Any], bytes]:
    """A resource that was brought and its bytes as they are kept: parsed and checked before anything else is done
    with them, then with this server's own addresses made relative."""
    resource = _sound(call, record_type, body)
    own = relative(unmarked(body), call.base)
    return resource if own == body else parse(own), own


def named(body: bytes) -> Pairs:
    """The plain parameters of a Parameters resource as names and values."""
    sent = parse(body)
    require_distinct(body, sent)
    structure.require(sent)
    if sent["resourceType"] != "Parameters":
        raise Invalid("web-fhir-not-parameters")
    rows = [
        (row["name"], value)
        for row in sent.get("parameter", ())
        for key, value in row.items()
        if key != "name"
    ]
    return tuple((name, str(value)) for name, value in rows if isinstance(value, str | int))


def _sound(call: Call, record_type: str, body: bytes) -> dict[str, Any]:
    """The resource in a body: of the type of its address, and with nothing that is refused here."""
    resource = parse(body)
    require_distinct(body, resource)
    call.api.require(resource)
    if resource["resourceType"] != record_type:
        raise Invalid("web-fhir-type-mismatch", place=Place(path="resourceType"), type=record_type)
    return resource


def require_id(resource: dict[str, Any], record_type: str, record_id: str) -> None:
    place = Place(path=f"{record_type}.id")
    if "id" not in resource:
        raise Invalid("records-no-id", place=place)
    if resource["id"] != record_id:
        raise Invalid("web-fhir-id-mismatch", place=place, type=record_type)


def absent(error: NotFound) -> NotFound:
    """An update of what is not there, said as R4 has it."""
    if error.code != "records-not-found":
        return error
    return NotFound("web-fhir-update-absent", type=error.facts["type"])


def written_body(call: Call, written: Written, body: bytes, usual: str = "representation") -> bytes | None:
    """What Prefer asks to be returned of a write: made from the writer's own bytes, so that nothing is read."""
    match call.wish.returns or usual:
        case "representation":
            return stamped(body, written)
        case "OperationOutcome":
            resource = parse(body)
            idle = declares_nothing(call.store.registry, resource)
            return done(call.wish.lang, [*call.api.findings(resource), *([idle] if idle else [])])
        case _:
            return None


def require_record(record_type: str, record_id: str) -> None:
    require_type(record_type)
    if record_id.startswith(("_", "$")):
        raise NotFound("web-fhir-no-route")
    if not ID.fullmatch(record_id):
        raise NotFound("records-not-found", type=record_type)


def _version_number(record_type: str, version: str | None) -> int | None:
    """An id of a version that no record of ours can have is absent."""
    if version is not None and not re.fullmatch(r"[1-9][0-9]{0,17}", version):
        raise NotFound("records-not-found", type=record_type)
    return None if version is None else int(version)


def form_of(call: Call, record_type: str, known: frozenset[str] = FORMS) -> Query | None:
    """The part of a resource that is asked for, None for all; parameters that are not known are refused where
    handling is strict, and where they would have made the answer smaller."""
    pairs = call.wish.pairs
    for name, _ in pairs:
        if name not in known and (call.wish.strict or name.startswith("_")):
            raise Invalid("web-fhir-parameter", param=name)
    parts = [(name, value) for name, value in pairs if name in {"_summary", "_elements"}]
    query = parse_query(record_type, parts, strict=True) if parts else None
    if query is not None and query.summary == "count":
        raise Invalid("web-fhir-value", param="_summary")
    return query if query is not None and (query.elements or query.summary != "false") else None


def shown(found: Version, form: Query | None) -> bytes:
    body = found.body or b""
    return body if form is None else reduced(body, found.type, form.summary, form.elements)


def links(call: Call, given: Asked, following: str | None, path: str) -> list[tuple[str, str]]:
    """The links of a searchset: what was applied, as it was applied, the first page, and the page after."""
    query = given.query
    left = {(each.name, each.value) for each in query.ignored}
    applied = tuple(
        (name, str(min(int(value), MOST)) if name == "_count" else value)
        for name, value in given.pairs
        if (name, value) not in left
    )
    here = (*applied, ("_page", given.page)) if given.page else applied
    return bundles.paged(call.base, path, here, applied, following)


def warning(call: Call, query: Query, *, whole: bool) -> bytes | None:
    """An OperationOutcome that names the parameters which were left out, and says where not all that should be
    included was."""
    said = [_left_out(each) for each in dict.fromkeys(query.ignored)]
    if not whole:
        said.append(Invalid("web-fhir-included-in-part"))
    return outcome_bytes(Faults(said), call.wish.lang, "warning") if said else None


def _left_out(one: Ignored) -> Invalid:
    """What is told of a parameter that was left out; values of those that may bear a person's are not repeated."""
    if not one.value:
        return Invalid("web-fhir-no-value", param=one.name)
    if one.name.partition(":")[0] in TELLING:
        return Invalid("web-fhir-ignored", param=f"{one.name}={one.value[:LONGEST_TOLD]}")
    within = f"{one.name}: {one.part}" if one.name == "_filter" else one.name
    return Invalid("web-fhir-ignored", param=within)
