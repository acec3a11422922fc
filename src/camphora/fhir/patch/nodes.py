"""An XML document as a small tree that keeps comments, prefixes, white space and the order of attributes. Elements that
no change has touched are written with their very bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

from camphora.errors import Invalid
from camphora.fhir.xml import safe
from camphora.fhir.xml.narrative import end_of

DEEPEST = 164
"""Levels of elements: those of FHIR and those of a narrative inside."""
XML = "http://www.w3.org/XML/1998/namespace"
_ATTRIBUTE = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


@dataclass(frozen=True, slots=True)
class Name:
    """An expanded name, and the prefix that it was written with."""

    space: str
    local: str
    prefix: str = field(default="", compare=False)


@dataclass(slots=True)
class Text:
    data: str


@dataclass(slots=True)
class Comment:
    data: str


@dataclass(slots=True)
class Instruction:
    target: str
    data: str


@dataclass(slots=True)
class Element:
    """`declared` are the namespaces that its tag declares, by prefix; `source` its bytes as they were read, empty
    where it, or something in it, has been touched."""

    name: Name
    attributes: dict[Name, str]
    declared: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    source: memoryview = field(default_factory=lambda: memoryview(b""), compare=False, repr=False)

    @property
    def elements(self) -> Iterator[Element]:
        return (child for child in self.children if isinstance(child, Element))


Node = Element | Text | Comment | Instruction


def parse(data: bytes, *, file: str | None = None) -> Element:
    """The document as an element without a name that holds the outermost one and what stands beside it.

    Raises Invalid (xml-…) as `fhir.xml.parse` does for what is not well-formed or not allowed.
    """
    return _Building(file).of(data)


class _Building:
    def __init__(self, file: str | None) -> None:
        self._file = file
        self._document = Element(Name("", ""), {})
        self._open = [self._document]
        self._starts: list[int] = []
        self._data = b""
        self._declared: dict[str, str] = {}
        self._parser = safe.hardened(namespaces=True, file=file)
        self._parser.namespace_prefixes = True
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.CommentHandler = lambda data: self._open[-1].children.append(Comment(data))
        self._parser.ProcessingInstructionHandler = lambda target, data: self._open[-1].children.append(
            Instruction(target, data)
        )
        self._parser.StartNamespaceDeclHandler = self._declare

    def of(self, data: bytes) -> Element:
        safe.require_utf8(data, self._file)
        self._data = data
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            raise safe.broken(error, data, self._parser.ErrorByteIndex, self._file) from None
        return self._document

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self._declared[prefix or ""] = uri or ""

    def _start(self, name: str, attributes: list[str]) -> None:
        if len(self._open) > DEEPEST:
            raise Invalid("xml-deep", place=safe.place(self._parser, self._file), most=DEEPEST)
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        made = Element(_name(name), {_name(key): value for key, value in pairs}, self._declared)
        self._declared = {}
        self._open[-1].children.append(made)
        self._open.append(made)
        self._starts.append(self._parser.CurrentByteIndex)

    def _end(self, _name: str) -> None:
        start = self._starts.pop()
        end = end_of(self._data, start, self._parser.CurrentByteIndex)
        self._open.pop().source = memoryview(self._data)[start:end]

    def _text(self, data: str) -> None:
        add_text(self._open[-1].children, data)


def _name(full: str) -> Name:
    """Expat's name: `local`, `address local` or `address local prefix`."""
    parts = full.rsplit(" ", 2) if full.count(" ") > 1 else full.rsplit(" ", 1)
    if len(parts) == 1:
        return Name("", parts[0])
    return Name(*parts)


def add_text(children: list[Node], data: str) -> None:
    """Text at the end, joined with text that is there."""
    last = children[-1] if children else None
    if isinstance(last, Text):
        last.data += data
    else:
        children.append(Text(data))


def joined(children: list[Node]) -> list[Node]:
    """The same nodes, neighbouring texts as one and no empty one, as XPath counts them."""
    found: list[Node] = []
    for child in children:
        if isinstance(child, Text):
            if child.data:
                add_text(found, child.data)
        else:
            found.append(child)
    return found


def copied(node: Node) -> Node:
    """The node with all that it holds, to be changed apart from it."""
    if isinstance(node, Text):
        return Text(node.data)
    if not isinstance(node, Element):
        return node
    return Element(
        node.name, dict(node.attributes), dict(node.declared), [copied(child) for child in node.children]
    )


def touch(document: Element, element: Element) -> bool:
    """Say that an element has been changed: it and all around it are written anew. Gives whether it was found."""
    if document is not element and not any(touch(child, element) for child in document.elements):
        return False
    document.source = memoryview(b"")
    return True


def forget(element: Element) -> None:
    """Write an element and all inside anew, since the prefixes around them may mean something else now."""
    element.source = memoryview(b"")
    for child in element.elements:
        forget(child)


def write(document: Element) -> bytes:
    """The document in UTF-8; namespaces are declared where they were, and where a moved node needs them."""
    out = ['<?xml version="1.0" encoding="UTF-8"?>']
    for child in document.children:
        _write(child, {"xml": XML}, out)
    return "".join(out).encode()


def _write(node: Node, scope: dict[str, str], out: list[str]) -> None:
    if isinstance(node, Text):
        out.append(escape(node.data, {"\r": "&#13;"}))
    elif isinstance(node, Comment):
        out.append(f"<!--{node.data}-->")
    elif isinstance(node, Instruction):
        out.append(f"<?{node.target} {node.data}?>" if node.data else f"<?{node.target}?>")
    elif node.source:
        out.append(str(node.source, "utf-8"))
    else:
        _write_element(node, scope, out)


def _write_element(node: Element, scope: dict[str, str], out: list[str]) -> None:
    declared = dict(node.declared)
    scope = scope | declared
    for name in (node.name, *node.attributes):
        if scope.get(name.prefix, "") != name.space and (name.prefix or name is node.name):
            scope[name.prefix] = declared[name.prefix] = name.space
    said = _said(node.name) + "".join(
        f' xmlns{":" + prefix if prefix else ""}="{escape(uri, _ATTRIBUTE)}"'
        for prefix, uri in declared.items()
    )
    said += "".join(
        f' {_said(name)}="{escape(value, _ATTRIBUTE)}"' for name, value in node.attributes.items()
    )
    if not node.children:
        out.append(f"<{said}/>")
        return
    out.append(f"<{said}>")
    for child in node.children:
        _write(child, scope, out)
    out.append(f"</{_said(node.name)}>")


def _said(name: Name) -> str:
    return f"{name.prefix}:{name.local}" if name.prefix else name.local
