"""Which form a file of FHIR has, told from its content, and its resources whatever the form: JSON, XML, NDJSON.

form(b'<Patient xmlns="http://hl7.org/fhir"/>')   → "xml"
for piece in pieces(stream, file="a.ndjson"): …   each resource with its place and its faults
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal, NamedTuple

from camphora.errors import Invalid, Place, TooLarge
from camphora.fhir import json, xml

Form = Literal["json", "xml", "ndjson"]
LONGEST_LINE = 16 * 1024 * 1024
START = 1024 * 1024
"""So many bytes of a file are looked at before it is read."""
_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")


class Piece(NamedTuple):
    """One resource: where it begins, its JSON form where it could be read, and what is wrong with its form."""

    place: Place
    resource: dict[str, Any] | None
    faults: list[Invalid]


def form(start: bytes, *, file: str | None = None) -> Form:
    """The form of a file that begins with `start` (best 1 MB of it, or all).

    NDJSON is told by a first line that is an object of its own with something after it. Raises Invalid: no content,
    UTF-16 (fhir-json-encoding), or none of the three (fhir-form-unknown).
    """
    if start.startswith(_WIDE) or b"\0" in start[:4]:
        raise Invalid("fhir-json-encoding", place=Place(file, 1, 1), encoding="UTF-16")
    text = start.removeprefix(_BOM).lstrip()
    if not text:
        raise Invalid("fhir-json-empty", place=Place(file))
    if text.startswith(b"<"):
        return "xml"
    if not text.startswith((b"{", b"[")):
        raise Invalid("fhir-form-unknown", place=Place(file, 1, 1))
    line, _, rest = text.partition(b"\n")
    return "ndjson" if rest.strip() and _is_object(line) else "json"


def pieces(stream: BinaryIO, *, file: str | None = None, exact: bool = False) -> Iterator[Piece]:
    """Every resource of a file: one of JSON or XML (a Bundle is one), one per line of NDJSON, which is read as it goes.

    What a resource cannot be read for is among its faults. Raises Invalid as `form` does, and TooLarge for a line
    beyond `LONGEST_LINE` bytes.
    """
    start = stream.read(START)
    kind = form(start, file=file)
    if kind == "ndjson":
        yield from _lines(_Continued(start, stream), file, exact)
        return
    data = start + stream.read()
    if kind == "xml":
        yield _xml(data, Place(file, 1), exact)
    elif form(data, file=file) == "ndjson":  # its first line was longer than the start
        yield from _lines(io.BytesIO(data), file, exact)
    else:
        yield _json(data, Place(file, 1), exact)


class _Continued:
    """The lines of a stream of which the start has been read."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self._start, self._stream = io.BytesIO(start), stream

    def readline(self, most: int) -> bytes:
        line = self._start.readline(most)
        if line.endswith(b"\n") or len(line) == most:
            return line
        return line + self._stream.readline(most - len(line))


def _is_object(line: bytes) -> bool:
    try:
        json.parse(line)
    except Invalid as error:
        return error.code == "fhir-json-deep"
    return True


def _lines(stream: BinaryIO | _Continued, file: str | None, exact: bool) -> Iterator[Piece]:
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise TooLarge("fhir-line-large", place=Place(file, number), most=LONGEST_LINE >> 20)
        if line.strip():
            yield _json(line.strip(), Place(file, number), exact)


def _json(data: bytes, place: Place, exact: bool) -> Piece:
    try:
        return Piece(place, json.parse(data, exact=exact), [])
    except Invalid as error:
        at = error.place or Place()
        line = (place.line or 1) + (at.line or 1) - 1
        return Piece(
            place, None, [Invalid(error.code, place=Place(place.file, line, at.column), **error.facts)]
        )


def _xml(data: bytes, place: Place, exact: bool) -> Piece:
    try:
        found = xml.read(data, file=place.file, exact=exact)
    except Invalid as error:
        return Piece(place, None, [error])
    return Piece(place, found.resource, found.faults)
