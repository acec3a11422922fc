"""Newline-delimited JSON, and a whole JSON body: parsed line by line, faults with line and column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from camphora.errors import Invalid, Place, TooLarge
from camphora.fhir.json import likely_encoding
from camphora.formats.limits import MEGABYTE, Limits, Source, megabytes, name_of, open_limited

LONGEST_LINE = 16 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number, its bytes as they came (without the line end), its value or its fault."""

    number: int
    raw: bytes
    value: Any
    fault: Invalid | None = None


def ndjson_lines(source: Source, *, limits: Limits | None = None, name: str | None = None) -> Iterator[Line]:
    """Every line that is not blank. A line cut off at the end of the file is a fault of that line
    (formats-json-truncated); a line beyond 16 MB raises TooLarge formats-line-too-long."""
    name = name or name_of(source)
    return (read_line(raw, number, name) for number, raw in raw_lines(source, limits=limits, name=name))


def raw_lines(
    source: Source, *, limits: Limits | None = None, name: str | None = None
) -> Iterator[tuple[int, bytes]]:
    """The same lines as numbers and bytes, not parsed yet."""
    name = name or name_of(source)
    with open_limited(source, limits, name) as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise TooLarge(
                    "formats-line-too-long", place=Place(name, number), most=megabytes(LONGEST_LINE)
                )
            raw = line.strip().removeprefix(b"\xef\xbb\xbf")
            if raw:
                yield number, raw


def read_line(raw: bytes, number: int, name: str) -> Line:
    """One line, with its value or its fault."""
    try:
        return Line(number, raw, parse_json(raw, name, number))
    except Invalid as fault:
        return Line(number, raw, None, fault)


def parse_json(data: bytes, name: str = "-", line: int = 1) -> Any:
    """The value of a JSON text that starts at `line` of `name`.

    Raises Invalid formats-json-truncated (it ends too early), formats-json (any other break), with line and column.
    """
    _require_utf8(data, name, line)
    try:
        return orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        place = Place(name, line + error.lineno - 1, error.colno)
        ends_early = error.pos >= len(error.doc.rstrip())
        raise Invalid("formats-json-truncated" if ends_early else "formats-json", place=place) from error


def _require_utf8(data: bytes, name: str, line: int) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        place = Place(name, line + before.count(b"\n"), error.start - before.rfind(b"\n"))
        raise Invalid("fhir-json-encoding", place=place, encoding=likely_encoding(data)) from None
