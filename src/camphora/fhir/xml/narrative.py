"""The XHTML of a narrative: in JSON a string that stands alone, in XML a part of the document.

Its characters stay as they are wherever XML lets them: only line ends become LF, HTML's named entities become
numeric ones on the way to XML, and what was declared outside the narrative is declared inside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.entities import html5
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from camphora.errors import Invalid
from camphora.fhir.xml.safe import hardened
from camphora.fhir.xml.tables import XHTML

DEEPEST = 100
"""Levels of elements inside a narrative."""
_PLAIN_START = f'<div xmlns="{XHTML}"'
_START = re.compile(r"<div(?=[\s/>])")
_TAG_END = re.compile(rb"(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_PREFIXED = re.compile(r"</?[^\s<>/]+:|\s(?!xml:)[^\s=<>\"':]+:[^\s=<>\"':]+\s*=")
_NAMED = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|&([A-Za-z][A-Za-z0-9]*;)", re.DOTALL)
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
"""Elements of HTML that have no end tag: `</br>` would be a second line break."""
_OWN = {"lt;", "gt;", "amp;", "quot;", "apos;"}
_XML_PREFIX = "http://www.w3.org/XML/1998/namespace"


def end_of(window: bytes, start: int, end: int) -> int:
    """Where the element ends whose start tag begins at `start`: at `end` its end tag begins, or its only tag ended."""
    match = _TAG_END.match(window, start) if window[end - 2 : end] == b"/>" else None
    if match and match.end() == end:
        return end
    return window.index(b">", end) + 1


def to_json(raw: bytes, scope: Mapping[str | None, str | None]) -> str:
    """The narrative's source as a string that stands alone; `scope` are the namespaces declared around it."""
    text = raw.decode()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.startswith(_PLAIN_START) and not _PREFIXED.search(text):
        return text
    return text if _root(text) == (XHTML, "div") and text.startswith("<div") else _Rewriting(scope).of(text)


def to_xml(text: str) -> str:
    """The string as a part of an XML document.

    Raises Invalid xml-narrative where it is not one well-formed `div` of XHTML.
    """
    text = _NAMED.sub(_numeric, text.strip(" \t\r\n"))
    root = _root(text)
    if root == ("", "div"):
        text = _START.sub(_PLAIN_START, text, count=1)
    elif root != (XHTML, "div") or text.startswith(("<!", "<?")):
        raise Invalid("xml-narrative")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _numeric(match: re.Match[str]) -> str:
    name = match[1]
    if name is None or name in _OWN or name not in html5:
        return match[0]
    return "".join(f"&#{ord(character)};" for character in html5[name])


def _root(text: str) -> tuple[str, str] | None:
    """The namespace and name of the first element; None where the text is no well-formed element."""
    parser = hardened(namespaces=True)
    found: list[str] = []
    level = 0

    def start(name: str, _: object) -> None:
        nonlocal level
        level += 1
        if level == 1:
            found.append(name)
        if level > DEEPEST:
            raise Invalid("xml-deep", most=DEEPEST)

    def end(_: str) -> None:
        nonlocal level
        level -= 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(text.encode(), True)
    except (expat.ExpatError, UnicodeEncodeError):
        return None
    space, _, name = found[0].rpartition(" ")
    return space, name


class _Rewriting:
    """Writes a narrative anew in which XHTML is the default namespace and every other one is declared where it
    is used."""

    def __init__(self, scope: Mapping[str | None, str | None]) -> None:
        self._scope = scope
        self._out: list[str] = []
        self._spaces: list[str] = []
        self._opened = 0

    def of(self, text: str) -> str:
        parser = hardened(namespaces=True)
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = lambda data: self._out.append(escape(data))
        parser.CommentHandler = lambda data: self._out.append(f"<!--{data}-->")
        declared = "".join(
            f" xmlns{':' + prefix if prefix else ''}={quoteattr(uri or '')}"
            for prefix, uri in self._scope.items()
            if prefix != "xml"
        )
        parser.Parse(f"<around{declared}>{text}</around>".encode(), True)
        return "".join(self._out[1:-1])

    def _start(self, full: str, attributes: list[str]) -> None:
        space, _, name = full.rpartition(" ")
        declared = f" xmlns={quoteattr(space)}" if [space] != self._spaces[-1:] else ""
        self._spaces.append(space if self._spaces else "")  # nothing leans on what `around` declares
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        said = "".join(self._attribute(key, value, at) for at, (key, value) in enumerate(pairs))
        self._out.append(f"<{name}{declared}{said}>")
        self._opened = len(self._out)

    def _attribute(self, full: str, value: str, at: int) -> str:
        space, _, name = full.rpartition(" ")
        quoted = quoteattr(value, {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})
        if not space:
            return f" {name}={quoted}"
        if space == _XML_PREFIX:
            return f" xml:{name}={quoted}"
        return f" xmlns:n{at}={quoteattr(space)} n{at}:{name}={quoted}"

    def _end(self, full: str) -> None:
        space, name = self._spaces.pop(), full.rpartition(" ")[2]
        if space == XHTML and name in _VOID and len(self._out) == self._opened:
            self._out[-1], self._opened = f"{self._out[-1][:-1]}/>", 0
        else:
            self._out.append(f"</{name}>")
