"""The forms in which FHIR comes and goes: JSON inside, JSON or XML at the edge (R4 http.html#mime-type).

XML is made only where it is asked for. Decimals keep their digits both ways.
"""

from __future__ import annotations

import msgspec

from camphora.errors import Invalid
from camphora.fhir import xml
from camphora.fhir.json import parse, write
from camphora.web.fhir import places, places_xml
from camphora.web.fhir.negotiation import FHIR_JSON, FHIR_XML, Form

CONTENT_TYPES: dict[Form, str] = {"json": f"{FHIR_JSON}; charset=utf-8", "xml": f"{FHIR_XML}; charset=utf-8"}


def as_json(body: bytes, form: Form) -> bytes:
    """A body that was sent, as JSON. Raises `Invalid`, with line and column, where XML is not FHIR."""
    return body if form == "json" else write(xml.parse(body, exact=True))


def given(body: bytes, form: Form, *, pretty: bool) -> bytes:
    """FHIR JSON in the form that is wished."""
    if form == "xml":
        return xml.write(parse(body, exact=True), pretty=pretty)
    return msgspec.json.format(body, indent=2) if pretty else body


def placed(error: Invalid, body: bytes, form: Form) -> Invalid:
    """The error with line and column in the body as it was sent."""
    return places.placed(error, body, places.in_json if form == "json" else places_xml.locate_all)
