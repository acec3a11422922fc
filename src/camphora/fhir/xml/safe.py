"""An expat parser that reads no document type, expands no entity and opens nothing; its faults are located.

Expat is what Python brings: written for untrusted input, it knows the byte, line and column of each event, and
works on parts of a document. Without a document type there are no entities but XML's own five.
"""

from __future__ import annotations

import re
from typing import NoReturn
from xml.parsers import expat

from camphora.errors import Invalid, Place
from camphora.fhir.json import likely_encoding

ENCODINGS = {"utf-8", "utf8", "us-ascii", "ascii"}
_CUT = {3, 5, 6, 20}
"""Expat's codes for a document that ends too early: no element, unclosed token, partial character, CDATA."""
_ENTITY, _PREFIX = 11, 27
_NAME = re.compile(rb"&([^;\s&<]{1,40});")


def hardened(*, namespaces: bool, file: str | None = None) -> expat.XMLParserType:
    """A parser for UTF-8. With `namespaces` names come as `address name`, else as they are written.

    Its handlers raise Invalid xml-doctype for a document type and xml-encoding where another encoding is declared.
    """
    parser = expat.ParserCreate("utf-8", " " if namespaces else None)
    parser.buffer_text = True
    parser.buffer_size = 65_536
    parser.ordered_attributes = True

    def doctype(*_: object) -> NoReturn:
        raise Invalid("xml-doctype", place=place(parser, file))

    def declared(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ENCODINGS:
            raise Invalid("xml-encoding", place=place(parser, file), encoding=encoding[:40])

    parser.StartDoctypeDeclHandler = doctype
    parser.XmlDeclHandler = declared
    return parser


def require_utf8(start: bytes, file: str | None) -> None:
    """Raises Invalid xml-encoding where a document begins as UTF-16 or UTF-32 does, which expat would read."""
    if start.startswith((b"\xff", b"\xfe")) or b"\0" in start[:4]:
        raise Invalid("xml-encoding", place=Place(file, 1, 1), encoding="UTF-16")


def place(parser: expat.XMLParserType, file: str | None, path: str | None = None) -> Place:
    """Where the parser stands."""
    return Place(file, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1, path)


def broken(error: expat.ExpatError, window: bytes, at: int, file: str | None) -> Invalid:
    """What expat's error means; `window` are the bytes around it, `at` the position in them."""
    where = Place(file, error.lineno, error.offset + 1)
    if error.code == 3 and not window.strip():
        return Invalid("xml-nothing", place=Place(file))
    if (other := _other_encoding(window)) is not None:
        return Invalid("xml-encoding", place=where, encoding=other)
    if error.code in _CUT:
        return Invalid("xml-truncated", place=where)
    if error.code == _ENTITY:
        name = _NAME.match(window, at) or _NAME.search(window, at)
        return Invalid("xml-entity", place=where, name=name[1].decode(errors="replace") if name else "?")
    if error.code == _PREFIX:
        return Invalid("xml-prefix", place=where)
    return Invalid("xml-broken", place=where, reason=expat.ErrorString(error.code))


def _other_encoding(window: bytes) -> str | None:
    """The likely encoding of bytes that are not UTF-8; a character cut at the end of the window is no sign."""
    try:
        window.decode()
    except UnicodeDecodeError as error:
        return None if error.reason == "unexpected end of data" else likely_encoding(window)
    return None
