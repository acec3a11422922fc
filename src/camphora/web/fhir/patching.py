"""PATCH (R4 http.html#patch): JSON Patch, XML Patch and FHIRPath Patch, by `fhir.patch`.

What is patched is the version that the reader sees, and it is written only as its successor: where another write came
between, the patch is done again on what that one left.
"""

from __future__ import annotations

from collections.abc import Callable

from camphora.errors import Conflict, Invalid, NotFound
from camphora.fhir import xml
from camphora.fhir.distinct import require_distinct
from camphora.fhir.json import parse, parse_list, write
from camphora.fhir.patch import fhirpath_patch, json_patch, xml_patch
from camphora.records import Given, Put, Version
from camphora.web.fhir import conditions, interactions
from camphora.web.fhir.call import Answer, Call, Sent, of_written
from camphora.web.fhir.negotiation import ANY, FHIR_JSON, FHIR_XML, JSON_PATCH, XML_PATCH, version_held

PATCHES = (JSON_PATCH, XML_PATCH, FHIR_JSON, FHIR_XML)


def patch(call: Call, record_type: str, record_id: str, sent: Sent) -> Answer:
    """A new version of one record."""
    interactions.require_record(record_type, record_id)
    return _settled(call, lambda: _written(call, record_type, record_id, sent))


def patch_matching(call: Call, record_type: str, sent: Sent) -> Answer:
    """A new version of the one record that meets the condition of the address."""

    def attempt() -> Answer:
        there = conditions.found(call, record_type, call.wish.pairs)
        if not there.rows:
            raise NotFound("records-not-found", type=record_type)
        return _written(call, record_type, there.rows[0].id, sent, there.given)

    return _settled(call, attempt)


def _settled(call: Call, attempt: Callable[[], Answer]) -> Answer:
    """A named version is tried once: what came between is for the reader to see."""
    return attempt() if version_held(call.wish.if_match) is not None else conditions.settled(attempt)


def _written(call: Call, record_type: str, record_id: str, sent: Sent, *given: Given) -> Answer:
    put = put_for(call, record_type, record_id, sent, call.wish.if_match)
    written = call.store.write(call.access, [put], given)[0]
    return of_written(written, call.base, interactions.written_body(call, written, put.body or b""))


def put_for(call: Call, record_type: str, record_id: str, sent: Sent, if_match: int | None) -> Put:
    """The write that a patch comes to, on the present version; refused where that is not the one named."""
    present = call.store.read(call.access, record_type, record_id)
    if if_match not in {None, ANY, present.version}:
        raise Conflict("records-version-conflict", type=record_type, present=present.version, asked=if_match)
    resource, body = interactions.kept(call, record_type, patched(present, sent))
    return Put(resource, body, "present", present.version)


def patched(present: Version, sent: Sent) -> bytes:
    """The record after a patch, as JSON with the digits that it had."""
    body = present.body or b""
    if sent.media == JSON_PATCH:
        operations = parse_list(sent.body, exact=True)
        require_distinct(sent.body, operations)
        return write(json_patch(parse(body, exact=True), operations))
    if sent.media == XML_PATCH:
        return write(xml.parse(xml_patch(xml.write(parse(body, exact=True)), sent.body), exact=True))
    parameters = parse(sent.body, exact=True)
    require_distinct(sent.body, parameters)
    if parameters.get("resourceType") != "Parameters":
        raise Invalid("web-fhir-media-of-patch", wanted=", ".join(PATCHES))
    return write(fhirpath_patch(parse(body, exact=True), parameters))
