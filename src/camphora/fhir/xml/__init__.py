"""FHIR XML and the JSON form, both ways (https://hl7.org/fhir/R4/xml.html).

Nothing is lost between them but what either form does not hold: comments, white space between elements, and in
JSON the order of properties. Elements come in the order of the R4 definitions, decimals with their very digits
(`exact`), narratives as they were written. XML is read without document types, entities of its own, or any look
outside the document, at most `DEEPEST` levels deep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from camphora.errors import Faults, Invalid, Place, TooLarge
from camphora.fhir.xml.reading import Reading
from camphora.fhir.xml.writing import Writing

PART = 256 * 1024
LARGEST_ENTRY = 16 * 1024 * 1024


class Entry(NamedTuple):
    """One entry of a bundle: the line where it begins, its JSON form, and the faults found in it."""

    line: int
    value: dict[str, Any]
    faults: list[Invalid]


class Read(NamedTuple):
    """What could be read, and what of it is not FHIR."""

    resource: dict[str, Any]
    faults: list[Invalid]


def parse(
    data: bytes | bytearray | memoryview, *, file: str | None = None, exact: bool = False
) -> dict[str, Any]:
    """The resource in `data` as `fhir.json.parse` would give it from JSON; `exact`: decimals as `Written`.

    Raises `Faults` with every element, attribute and value that is not FHIR, each with line, column and path;
    Invalid for what is not well-formed, not UTF-8, has a document type or is nested too deep.
    """
    found = read(data, file=file, exact=exact)
    if found.faults:
        raise Faults(found.faults)
    return found.resource


def read(data: bytes | bytearray | memoryview, *, file: str | None = None, exact: bool = False) -> Read:
    """As `parse`, but with the faults beside the resource, in which what is unknown is left out.

    Raises Invalid for what is not well-formed, not UTF-8, has a document type or is nested too deep.
    """
    reading = Reading(file=file, exact=exact)
    reading.feed(bytes(data), last=True)
    return Read(reading.resource, reading.faults)


def write(resource: Mapping[str, Any], *, pretty: bool = False) -> bytes:
    """The resource as an XML document in UTF-8; `pretty`: each element on its line.

    Raises Invalid, with the path, for what R4 does not know or XML cannot hold.
    """
    return Writing(pretty=pretty).of(resource).encode()


def entries(stream: BinaryIO, *, file: str | None = None, exact: bool = False) -> Iterator[Entry]:
    """The entries of a Bundle of any length, one after the other; no more than one part of it is in memory.

    Raises as `parse` does for faults outside the entries, Invalid xml-bundle where the document is no Bundle, and
    TooLarge xml-entry-large for an entry beyond `LARGEST_ENTRY` bytes.
    """
    ready: list[Entry] = []
    reading = Reading(file=file, exact=exact, entry=lambda *entry: ready.append(Entry(*entry)))
    waiting = 0
    while part := stream.read(PART):
        reading.feed(part)
        reading.require_bundle()
        waiting = 0 if ready else waiting + len(part)
        if waiting > LARGEST_ENTRY:
            raise TooLarge("xml-entry-large", place=Place(file), most=LARGEST_ENTRY >> 20)
        yield from ready
        ready.clear()
    reading.feed(b"", last=True)
    yield from ready
    if reading.faults:
        raise Faults(reading.faults)
