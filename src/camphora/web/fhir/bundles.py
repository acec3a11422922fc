"""Bundles of what was found, joined from stored bytes (https://hl7.org/fhir/R4/bundle.html)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import quote_plus

import orjson

from camphora.records import Version
from camphora.records.prepare import instant
from camphora.web.fhir.negotiation import LONGEST_REMEMBERED, Pairs, etag

PLAIN = re.compile(r"[A-Za-z0-9_.~-]*", re.ASCII)
"""What stands in an address as it is."""


def searchset(
    base: str,
    rows: Iterable[tuple[Version, bytes]],
    links: Iterable[tuple[str, str]],
    total: int | None,
    warning: bytes | None,
    *,
    included: Iterable[tuple[Version, bytes]] = (),
) -> bytes:
    """A searchset of matches with their bodies, and of what is included with them; `warning` is an OperationOutcome
    about the search itself."""
    modes = [(b"match", rows), (b"include", included)]
    here = _text(base)
    entries = [_found(here, row, body, mode) for mode, several in modes for row, body in several]
    if warning is not None:
        entries.append(b'{"resource":%s,"search":{"mode":"outcome"}}' % warning)
    return _bundle("searchset", links, total, entries)


def _found(base: bytes, row: Version, body: bytes, mode: bytes) -> bytes:
    address = row.type.encode(), row.id.encode()
    return b'{"fullUrl":"%s/%s/%s","resource":%s,"search":{"mode":"%s"}}' % (
        base,
        *address,
        body,
        mode,
    )


def link(base: str, path: str, pairs: Pairs) -> str:
    return (f"{base}/{path}" if path else base) + (f"?{_encoded(pairs)}" if pairs else "")


def _encoded(pairs: Pairs) -> str:
    """As `urllib.parse.urlencode` has it."""
    return "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in pairs])


def _quoted(text: str) -> str:
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else quote_plus(text)


@lru_cache(4096)
def _remembered(text: str) -> str:
    return text if PLAIN.fullmatch(text) else quote_plus(text)


def paged(base: str, path: str, here: Pairs, first: Pairs, following: str | None) -> list[tuple[str, str]]:
    """The links of a page: itself, the first page where it is not that, and the one after."""
    links = [("self", link(base, path, here))]
    if here != first:
        links.append(("first", link(base, path, first)))
    if following is not None:
        links.append(("next", link(base, path, (*first, ("_page", following)))))
    return links


def history(
    base: str,
    rows: Iterable[tuple[Version, bytes | None]],
    links: Iterable[tuple[str, str]],
    total: int | None,
) -> bytes:
    """Versions, newest first, each with its body as it is to be shown; None where it records a deletion. R4
    http.html#history."""
    entries = [_past(base, row, body) for row, body in rows]
    return _bundle("history", links, total, entries)


def _method(row: Version) -> tuple[str, int]:
    """The method and status with which a version came to be."""
    if row.deleted:
        return "DELETE", 204
    if row.version == 1:
        return "POST", 201
    return "PUT", 201 if row.revived else 200


def _past(base: str, row: Version, body: bytes | None) -> bytes:
    (method, status), address = _method(row), f"{row.type}/{row.id}"
    response = {
        "status": status_line(status),
        "etag": etag(row.version),
        "lastModified": instant(row.updated),
    }
    tail = {
        "request": {"method": method, "url": row.type if method == "POST" else address},
        "response": response,
    }
    resource = b'"resource":%s,' % body if body is not None else b""
    return b'{"fullUrl":"%s/%s",%s%s' % (_text(base), address.encode(), resource, orjson.dumps(tail)[1:])


def answered(kind: str, entries: list[bytes]) -> bytes:
    """A batch-response or transaction-response."""
    return _bundle(kind, (), None, entries)


def status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def _bundle(kind: str, links: Iterable[tuple[str, str]], total: int | None, entries: list[bytes]) -> bytes:
    head: dict[str, object] = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        head["total"] = total
    named = [{"relation": relation, "url": url} for relation, url in links]
    if named:
        head["link"] = named
    tail = b',"entry":[%s]}' % b",".join(entries) if entries else b"}"
    return orjson.dumps(head)[:-1] + tail


def _text(base: str) -> bytes:
    """An address as the inside of a JSON string."""
    return orjson.dumps(base)[1:-1]
