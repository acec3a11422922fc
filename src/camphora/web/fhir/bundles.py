"""Bundles of what was found, joined from stored bytes (https://hl7.org/fhir/R4/bundle.html)."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from itertools import pairwise
from urllib.parse import urlencode

import orjson

from camphora.records import Version
from camphora.records.prepare import instant
from camphora.web.fhir.negotiation import Pairs, etag


def searchset(
    base: str,
    rows: Iterable[tuple[Version, bytes]],
    links: Iterable[tuple[str, str]],
    total: int | None,
    warning: bytes | None,
) -> bytes:
    """A searchset of matches with their bodies; `warning` is an OperationOutcome about the search itself."""
    start = _text(base)
    entries = [
        b'{"fullUrl":"%s/%s/%s","resource":%s,"search":{"mode":"match"}}'
        % (start, row.type.encode(), row.id.encode(), body)
        for row, body in rows
    ]
    if warning is not None:
        entries.append(b'{"resource":%s,"search":{"mode":"outcome"}}' % warning)
    return _bundle("searchset", links, total, entries)


def link(base: str, path: str, pairs: Pairs) -> str:
    return f"{base}/{path}" + (f"?{urlencode(pairs)}" if pairs else "")


def history(
    base: str, address: str, versions: list[Version], present: list[Version], self_link: str
) -> bytes:
    """The versions of one record, newest first; `present` are those to be shown. R4 http.html#history."""
    how = _methods(versions)
    entries = [_past(base, address, row, how[row.version]) for row in present]
    return _bundle("history", [("self", self_link)], len(present), entries)


def _methods(versions: list[Version]) -> dict[int, tuple[str, int]]:
    """By version: the method and status with which it came to be."""
    found: dict[int, tuple[str, int]] = {}
    oldest = versions[-1]
    found[oldest.version] = ("DELETE", 204) if oldest.deleted else ("POST", 201)
    for newer, older in pairwise(versions):
        found[newer.version] = ("DELETE", 204) if newer.deleted else ("PUT", 201 if older.deleted else 200)
    return found


def _past(base: str, address: str, row: Version, how: tuple[str, int]) -> bytes:
    method, status = how
    response = {
        "status": status_line(status),
        "etag": etag(row.version),
        "lastModified": instant(row.updated),
    }
    tail = {
        "request": {"method": method, "url": row.type if method == "POST" else address},
        "response": response,
    }
    resource = b'"resource":%s,' % row.body if row.body is not None else b""
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
