"""The XHTML of a narrative (https://hl7.org/fhir/R4/narrative.html#xhtml; invariants txt-1 and txt-2).

Only the formatting elements and attributes that FHIR lists, no scripts, no forms, no outside styles; and some
content that is not white space. Parsed as XML without a document type, so that no entity can grow.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html.entities import html5
from xml.parsers import expat

XHTML = "http://www.w3.org/1999/xhtml"
_ELEMENTS = frozenset({
    "a", "abbr", "acronym", "b", "big", "blockquote", "br", "caption", "cite", "code", "col", "colgroup",
    "dd", "dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "li", "ol",
    "p", "pre", "q", "samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "tt", "ul", "var",
})  # fmt: skip
_ATTRIBUTES = frozenset({
    "abbr", "accesskey", "align", "alt", "axis", "bgcolor", "border", "cellhalign", "cellpadding",
    "cellspacing", "cellvalign", "char", "charoff", "charset", "cite", "class", "colspan", "compact",
    "coords", "dir", "frame", "headers", "height", "href", "hreflang", "hspace", "id", "lang", "longdesc",
    "name", "nowrap", "rel", "rev", "rowspan", "rules", "scope", "shape", "span", "src", "start", "style",
    "summary", "tabindex", "title", "type", "valign", "value", "vspace", "width",
})  # fmt: skip
_ACTIVE = ("javascript:", "vbscript:")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})


def wrong(text: str) -> str | None:
    """What is wrong with a narrative's `div`: one of `xml`, `element`, `attribute`, `empty`; None where it is right."""
    return _wrong(text) if len(text) < 20_000 else _wrong.__wrapped__(text)


@lru_cache(maxsize=256)
def _wrong(text: str) -> str | None:
    reading = _Reading()
    try:
        reading.parser.Parse(_ENTITY.sub(_plain, text), True)
    except expat.ExpatError:
        return "xml"
    return reading.fault or (None if reading.content else "empty")


def _plain(found: re.Match[str]) -> str:
    """XHTML's named entities as characters; XML knows only five."""
    return found[0] if found[1] in _XML else html5.get(f"{found[1]};", found[0])


class _Reading:
    """One pass over the text: the first fault, and whether there is content."""

    def __init__(self) -> None:
        self.fault: str | None = None
        self.content = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if space != XHTML or local not in _ELEMENTS:
            self.fault = self.fault or "element"
        if local == "img":
            self.content = True
        for attribute, value in attributes.items():
            known = " " in attribute or attribute in _ATTRIBUTES
            if not known or value.strip().casefold().startswith(_ACTIVE):
                self.fault = self.fault or "attribute"

    def _text(self, data: str) -> None:
        if not self.content and data.strip():
            self.content = True

    def _doctype(self, *_: object) -> None:
        self.fault = "xml"
