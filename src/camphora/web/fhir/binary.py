"""Binary (https://hl7.org/fhir/R4/binary.html): raw content in and out by its own type, or as the FHIR resource.

What is given raw is a file to keep and nothing that a browser runs or shows: an attachment, of the type that it says
it has and no other, in a sandbox.
"""

from __future__ import annotations

import base64
import binascii
import re

import orjson

from camphora.errors import Fault, Invalid
from camphora.fhir.json import parse
from camphora.web.fhir.call import Answer, Sent
from camphora.web.fhir.negotiation import FHIR_JSON, FHIR_XML, JSON_TYPES, XML_TYPES, Wish, fhir_asked

TYPE = "Binary"
HEADERS = {
    "content-disposition": "attachment",
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
}
ANY = "application/octet-stream"
_MEDIA = re.compile(
    r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}(?:\s*;\s*charset=[\w-]{1,40})?",
    re.IGNORECASE,
)


def is_raw(record_type: str, media: str) -> bool:
    """Whether a body that is sent to this type is its content, and not a resource."""
    return record_type == TYPE and media not in JSON_TYPES | XML_TYPES


def wrapped(sent: Sent, about: str | None, record_id: str | None = None) -> bytes:
    """Raw content as a Binary; `about`: the reference of X-Security-Context."""
    if not _MEDIA.fullmatch(sent.media):
        raise Invalid("web-fhir-media-type", wanted=f"{FHIR_JSON}, {FHIR_XML}")
    made: dict[str, object] = {"resourceType": TYPE, "contentType": sent.media}
    if record_id is not None:
        made["id"] = record_id
    if about:
        made["securityContext"] = {"reference": about}
    if sent.body:
        made["data"] = base64.b64encode(sent.body).decode()
    return orjson.dumps(made)


def wants_raw(wish: Wish) -> bool:
    """Whether the content is asked for: FHIR's own forms are named by Accept or `_format`."""
    return "_format" not in dict(wish.pairs) and bool(wish.accepted) and not fhir_asked(wish.accepted)


def raw(found: Answer) -> Answer:
    """A Binary that was read, as its content."""
    if found.body is None:
        return found
    resource = parse(found.body)
    media = str(resource.get("contentType", ANY))
    try:
        content = base64.b64decode(resource.get("data", ""), validate=False)
    except (binascii.Error, ValueError):
        raise Fault("web-fhir-fault", number="base64") from None
    return Answer(
        found.status,
        content,
        found.version,
        found.updated,
        address=found.address,
        media=media if _MEDIA.fullmatch(media) else ANY,
    )
