"""Batches and transactions (https://hl7.org/fhir/R4/http.html#transaction).

A transaction is one write of the store: all of it or nothing. A batch answers each entry for itself.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import orjson

from camphora.errors import CamphoraError, Faults, Invalid, NotFound, Place, TooLarge
from camphora.fhir.json import parse
from camphora.fhir.references import relative, rewrite
from camphora.formats.limits import megabytes
from camphora.records import Delete, Put, Written
from camphora.records.prepare import instant
from camphora.records.store import Expect
from camphora.records.visible import require_type
from camphora.web.fhir import bundles, conditions, interactions, pasts, patching, sweeps
from camphora.web.fhir.call import SIDE_BY_SIDE, Answer, Call, Sent, Unfit, of_written
from camphora.web.fhir.entries import (
    CHANGES,
    ORDER,
    READS,
    Brought,
    Item,
    bring,
    faults_of,
    inside,
    located,
    reading,
)
from camphora.web.fhir.negotiation import JSON_PATCH, XML_PATCH, etag, version_held
from camphora.web.fhir.outcomes import ours, outcome_bytes, status_of
from camphora.web.fhir.resolving import Resolved, exists, resolve

_RESTFUL = re.compile(r"(?P<root>https?://.+/)(?P<local>[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})")


Operate = Callable[[Call, Item], Answer]
"""Does the operation that an entry asks for."""


def process(call: Call, body: bytes, operate: Operate) -> Answer:
    """Carry out a bundle; the answer is a bundle with one entry for each."""
    brought = bring(body, call.base, call.api.most_entries, call.api.require)
    if brought.type == "batch":
        return Answer(200, bundles.answered("batch-response", batch(call, brought, operate)))
    return Answer(200, bundles.answered("transaction-response", transaction(call, brought, operate)))


def batch(call: Call, brought: Brought, operate: Operate) -> list[bytes]:
    """Each entry for itself, those of one method side by side, the methods in R4's order."""
    answers: dict[int, bytes] = {}
    for number, item in enumerate(brought.items):
        if not isinstance(item, Item):
            answers[number] = _refused(call, item)
    for method in (one for one in ORDER if one not in READS):
        same = [item for item in brought.items if isinstance(item, Item) and item.method == method]
        done = call.api.entries.map(lambda item: _alone(call, item, operate), same)
        answers |= {item.number: answer for item, answer in zip(same, done, strict=True)}
    answers |= _gotten(call, [item for item in brought.items if isinstance(item, Item)], operate)
    return [answers[number] for number in range(len(brought.items))]


def _gotten(call: Call, items: list[Item], operate: Operate) -> dict[int, bytes]:
    """The answers of the entries that read, a few side by side, as far as one answer goes: those beyond it are
    refused, in the order of the bundle."""
    left = call.api.largest_answer
    gets = [item for item in items if item.method in READS]
    answers: dict[int, bytes] = {}
    for start in range(0, len(gets), SIDE_BY_SIDE):
        part = gets[start : start + SIDE_BY_SIDE] if left > 0 else []
        for item, answer in zip(
            part, call.api.entries.map(lambda item: _alone(call, item, operate), part), strict=True
        ):
            left -= len(answer)
            if left >= 0:
                answers[item.number] = answer
    long = _refused(call, TooLarge("web-fhir-long-answer", most=megabytes(call.api.largest_answer)))
    return {item.number: answers.get(item.number, long) for item in gets}


def _alone(call: Call, item: Item, operate: Operate) -> bytes:
    try:
        own = _for_entry(call, item)
        answer = operate(own, item) if item.operates else _single(own, item)
        return _entry(call, answer, item)
    except Exception as error:  # noqa: BLE001 - one entry's error is that entry's answer
        return _refused(call, ours(error))


def _for_entry(call: Call, item: Item) -> Call:
    wish = call.wish._replace(
        pairs=item.pairs if item.condition is None else item.condition,
        returns=call.wish.returns or "minimal",
        if_match=item.if_match,
        if_none_match=item.if_none_match,
        if_modified_since=item.if_modified_since,
    )
    return replace(call, wish=wish)


def _single(call: Call, item: Item) -> Answer:
    """One entry as the interaction that it stands for."""
    match item.method:
        case "POST" if item.condition is not None:
            return conditions.create(call, item.type, item.body, item.condition)
        case "POST":
            return interactions.create(call, item.type, item.body).now()
        case "PUT" if item.condition is not None:
            return conditions.update(call, item.type, item.body)
        case "PUT":
            return interactions.update(call, item.type, item.id, item.body).now()
        case "PATCH" if item.condition is not None:
            return patching.patch_matching(call, item.type, _sent(item))
        case "PATCH":
            return patching.patch(call, item.type, item.id, _sent(item))
        case "DELETE" if item.condition is not None:
            return conditions.delete(call, item.type)
        case "DELETE":
            return interactions.delete(call, item.type, item.id)
        case _:
            return _get(call, item)


def _get(call: Call, item: Item) -> Answer:
    match reading(item.steps):
        case "search":
            answer = interactions.search(call, item.type, item.pairs)
        case "search-all":
            answer = interactions.search(call, None, item.pairs)
        case "read" | "vread":
            answer = interactions.read(
                call, item.type, item.id, item.steps[3] if len(item.steps) > 3 else None
            )
        case "history":
            answer = pasts.history(call, item.type, item.id)
        case "history-type":
            answer = pasts.history(call, item.type)
        case "history-all":
            answer = pasts.history(call)
        case _:
            answer = sweeps.search_compartment(call, (item.type, item.id), item.steps[2], item.pairs)
    return answer


def _sent(item: Item) -> Sent:
    """The patch that an entry brings: Parameters, or a Binary with a patch of another form."""
    resource = item.resource or {}
    if resource.get("resourceType") == "Parameters":
        return Sent(item.body)
    try:
        content = base64.b64decode(resource.get("data", ""), validate=True)
    except (ValueError, TypeError):
        raise Invalid("web-fhir-entry-resource", place=Place(path="resource.data")) from None
    media = str(resource.get("contentType", "")).partition(";")[0].strip().lower()
    if media not in {JSON_PATCH, XML_PATCH}:
        raise Invalid(
            "web-fhir-media-of-patch", place=Place(path="resource"), wanted=f"{JSON_PATCH}, {XML_PATCH}"
        )
    return Sent(content, media)


def transaction(call: Call, brought: Brought, operate: Operate) -> list[bytes]:
    """All entries or none: everything that can be refused is refused before the one write."""
    faults = list(faults_of(brought))
    if faults:
        unfit = all(isinstance(item, Item | Unfit) for item in brought.items)
        raise (Unfit if unfit else Faults)(faults)
    items = [item for item in brought.items if isinstance(item, Item)]
    _require_no_operations(items)
    _require_distinct(items)

    def attempt() -> dict[int, bytes]:
        found = resolve(call, items)
        _require_there(call, items)
        return _written(call, sorted(items, key=_turn), found)

    again = any(item.condition is not None or item.method == "PATCH" for item in items)
    answers = conditions.settled(attempt) if again else attempt()
    answers |= _gotten(call, items, operate)
    return [answers[item.number] for item in items]


def _turn(item: Item) -> tuple[int, bool]:
    """R4's order of methods; a patient comes before the records that name them."""
    return ORDER.index(item.method), item.type != "Patient"


def _require_no_operations(items: list[Item]) -> None:
    """Refuse operations by POST: what they do is no part of one write. Those by GET read, as other entries do."""
    found = [item for item in items if item.operates and item.method not in READS]
    if found:
        raise Faults(
            [
                Invalid("web-fhir-entry-operation", place=Place(path=f"{one.path}.request.url"))
                for one in found
            ]
        )


def _require_distinct(items: list[Item]) -> None:
    """No record is written by two entries, and no fullUrl is borne by two (R4 http.html#trules)."""
    written = Counter(item.steps for item in items if item.method in CHANGES and item.condition is None)
    urls = Counter(item.full_url for item in items if item.full_url and item.brings)
    twice = [
        Invalid("web-fhir-same-record", place=Place(path=item.path))
        for item in items
        if (item.method in CHANGES and written[item.steps] > 1) or urls[item.full_url or ""] > 1
    ]
    if twice:
        raise Faults(list(twice))


def _require_there(call: Call, items: list[Item]) -> None:
    """Refuse before the write what would fail after it or could not be located in it: updates and reads of what is
    not there, which is asked as a count that reads nobody, and searches that cannot be understood."""
    put = {item.steps for item in items if item.method == "PUT" and item.condition is None}
    for item in items:
        try:
            _require(call, item, put)
        except CamphoraError as error:
            raise located(error, item.number) from None


def _require(call: Call, item: Item, put: set[tuple[str, ...]]) -> None:
    if item.method == "PUT" and item.condition is None and not call.loads and not _exists(call, item):
        raise NotFound("web-fhir-update-absent", type=item.type)
    if item.method in READS and item.type not in {"", "_history"} and not item.operates:
        require_type(call.access, item.type)
        how = reading(item.steps)
        if how == "search":
            interactions.asked(call, item.type, item.pairs)
        elif how == "read" and item.steps not in put and not _exists(call, item):
            raise NotFound("records-not-found", type=item.type)


def _exists(call: Call, item: Item) -> bool:
    return exists(call, item.type, item.id)


def _written(call: Call, items: list[Item], found: Resolved) -> dict[int, bytes]:
    """Write all entries at once and answer each; a deletion of what is not there asks nothing of the store."""
    address = _addresses(items, found)
    bodies = {
        item.number: relative(rewrite(item.body, address(item)), call.base) for item in items if item.brings
    }
    changes = {item.number: _change(call, item, found, bodies) for item in items if item.method not in READS}
    asked = {number: change for number, change in changes.items() if change is not None}
    try:
        written = call.store.write(call.access, list(asked.values()), found.given)
    except CamphoraError as error:
        raise _where(error, list(asked), bodies) from None
    done = dict(zip(asked, written, strict=True))
    return {
        item.number: _entry(
            call, _answer(call, item, found, done.get(item.number), asked.get(item.number)), item
        )
        for item in items
        if item.method not in READS
    }


def _where(error: CamphoraError, asked: list[int], bodies: Mapping[int, bytes]) -> CamphoraError:
    """What the store refused, located in its entry."""
    if error.change is None:
        return error
    number = asked[error.change]
    return located(inside(error) if number in bodies and error.place else error, number)


def _change(call: Call, item: Item, found: Resolved, bodies: dict[int, bytes]) -> Put | Delete | None:
    """What an entry asks of the store; None where nothing is to be done."""
    if item.method == "DELETE":
        return _deletion(call, item, found)
    if found.stands(item):
        return None
    if item.method == "PATCH":
        return _patched(call, item, found, bodies)
    assert item.resource is not None
    body = bodies[item.number]
    same = body == item.body
    resource = item.resource if same else parse(body)
    held = same and call.api.holds_structure
    try:
        if item.method == "PUT" and item.condition is not None:
            row = found.rows[item.number]
            put = conditions.put_for(
                call, item.type, resource, body, (row,) if row else (), if_match=item.if_match
            )
            return replace(put, resource={**resource, "id": found.ids[item.number]}, expect=_expected(put))
    except CamphoraError as error:
        raise located(inside(error) if error.place else error, item.number) from None
    if item.method == "POST":
        return Put({**resource, "id": found.ids[item.number]}, body, "drawn", held=held)
    return interactions.put_of(call, resource, body, item.if_match, held=held)


def _expected(put: Put) -> Expect:
    """A new record's id was given when its entry was resolved, so that references could name it."""
    return "either" if put.expect == "new" else put.expect


def _deletion(call: Call, item: Item, found: Resolved) -> Delete | None:
    if item.condition is not None:
        row = found.rows[item.number]
        return Delete(item.type, row.id, version_held(item.if_match)) if row else None
    there = not call.access.may_write(item.type) or _exists(call, item)
    return Delete(item.type, item.id, version_held(item.if_match)) if there else None


def _patched(call: Call, item: Item, found: Resolved, bodies: dict[int, bytes]) -> Put:
    try:
        if item.number not in found.ids:
            raise NotFound("records-not-found", type=item.type)
        put = patching.put_for(call, item.type, found.ids[item.number], _sent(item), item.if_match)
    except CamphoraError as error:
        raise located(error, item.number) from None
    bodies[item.number] = put.body or b""
    return put


def _answer(
    call: Call, item: Item, found: Resolved, written: Written | None, change: Put | Delete | None
) -> Answer:
    row = found.rows.get(item.number)
    if row is not None and found.stands(item):
        return conditions.standing(call, row, "minimal")
    if written is None or not isinstance(change, Put):
        return Answer(204)
    body = interactions.written_body(call, written, change.body or b"", "minimal")
    return of_written(written, call.base, body)


def _addresses(items: list[Item], found: Resolved) -> Callable[[Item], Mapping[str, str]]:
    """By entry: which text of a reference becomes which address. A fullUrl stands for its entry's record; where it
    has a server's form, so does `Type/id` in the entries under the same root (R4 bundle.html#references). A
    reference by search stands for what it found."""
    absolute: dict[str, str] = dict(found.references)
    relative: dict[str, dict[str, str]] = {}
    for item in items:
        if item.full_url and item.brings:
            new = found.address(item)
            absolute[item.full_url] = new
            if named := _RESTFUL.fullmatch(item.full_url):
                relative.setdefault(named["root"], {})[named["local"]] = new

    def address(item: Item) -> Mapping[str, str]:
        named = _RESTFUL.fullmatch(item.full_url or "")
        return {**absolute, **relative.get(named["root"], {})} if named else absolute

    return address


def _entry(call: Call, answer: Answer, item: Item) -> bytes:
    """One entry of the response bundle."""
    body = None if item.method == "HEAD" else answer.body
    response: dict[str, str] = {"status": bundles.status_line(answer.status)}
    if answer.location:
        response["location"] = answer.location
    if answer.version is not None and answer.updated is not None:
        response |= {"etag": etag(answer.version), "lastModified": instant(answer.updated)}
    head = [b'"fullUrl":' + orjson.dumps(f"{call.base}/{answer.address}")] if answer.address else []
    said = orjson.dumps(response)
    if body and item.method not in READS and not item.operates and call.wish.returns == "OperationOutcome":
        said = said[:-1] + b',"outcome":' + body + b"}"
    elif body:
        head.append(b'"resource":' + body)
    return b"{" + b",".join([*head, b'"response":' + said]) + b"}"


def _refused(call: Call, error: CamphoraError) -> bytes:
    said = {"status": bundles.status_line(status_of(error))}
    return b'{"response":%s,"outcome":%s}}' % (
        orjson.dumps(said)[:-1],
        outcome_bytes(error, call.wish.lang),
    )
