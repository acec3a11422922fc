"""FHIR XML as the JSON form, event by event; every fault is gathered with its line, column and path."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.parsers import expat

import msgspec

from camphora.errors import Faults, Invalid, Place
from camphora.fhir import definitions
from camphora.fhir.json import DEEPEST, number
from camphora.fhir.xml import narrative, safe
from camphora.fhir.xml.tables import FHIR, SCHEMA_INSTANCE, XHTML, Field, Form, table

MOST_FAULTS = 100
MOST_NAMESPACES = 100
"""Declarations around one element."""
_SPACE = " \t\r\n"
_NO_CHILDREN: dict[str, Field] = {}
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


class Frame(msgspec.Struct, gc=False):
    """An open element. `into` is the object that it fills; a primitive's `value` waits for its end, and the place of
    a resource is `waiting` for it. `padded`: a null stands in an array. `excused`: what it holds has its own fault."""

    field: Field | None
    into: dict[str, Any]
    children: dict[str, Field]
    owner: str
    said: str
    last: int = -1
    last_label: str = ""
    value: Any = None
    padded: bool = False
    known: bool = True
    waiting: bool = False
    excused: bool = False


class Reading:
    """One document: `feed` its parts, the `last` one too; then `resource` and `faults` are whole. `entry`, where
    given, is called with each entry of a Bundle, its line and its faults, and the bundle keeps none of them."""

    def __init__(
        self,
        *,
        file: str | None = None,
        exact: bool = False,
        entry: Callable[[int, dict[str, Any], list[Invalid]], None] | None = None,
    ) -> None:
        self._file, self._exact, self._entry = file, exact, entry
        self._parser = safe.hardened(namespaces=True, file=file)
        self._frames: list[Frame] = []
        self.faults: list[Invalid] = []
        self._scope: list[tuple[str | None, str | None]] = []
        self._window, self._base = b"", 0
        self._div_start, self._div_level = -1, 0
        self._entry_line = 0
        self._pending: tuple[Field, Any] | None = None
        """A primitive with a value alone, which needs no frame unless something stands inside."""
        self.resource: dict[str, Any] = {}
        self._parser.StartNamespaceDeclHandler = self._declare
        self._parser.EndNamespaceDeclHandler = self._undeclare
        self._outside_narrative()

    def feed(self, part: bytes, *, last: bool = False) -> None:
        """Read on. Raises Invalid where the document is not well-formed or not allowed."""
        self._window += part
        if not self._base:
            safe.require_utf8(self._window, self._file)
        try:
            self._parser.Parse(part, last)
        except expat.ExpatError as error:
            at = self._parser.ErrorByteIndex - self._base
            raise safe.broken(error, self._window, max(at, 0), self._file) from None
        keep = self._div_start if self._div_start >= 0 else self._parser.CurrentByteIndex
        if not last and keep > self._base:
            self._window, self._base = self._window[keep - self._base :], keep

    def require_bundle(self) -> None:
        """Raises Invalid xml-bundle where the resource that has begun is of another type."""
        if self.resource and self.resource["resourceType"] != "Bundle":
            raise Invalid("xml-bundle", place=Place(self._file, path=self.resource["resourceType"]))

    # events

    def _outside_narrative(self) -> None:
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def _start(self, name: str, attributes: list[str]) -> None:
        if self._pending is not None:
            self._open_pending()
        frames = self._frames
        if not frames:
            self._root(name, attributes)
            return
        top = frames[-1]
        field = top.children.get(name)
        if field is None:
            self._other(top, name, attributes)
            return
        if len(frames) >= DEEPEST:
            raise Invalid("xml-deep", place=self._place(), most=DEEPEST)
        if field.position < top.last:
            self._fault("xml-order", element=field.label, before=top.last_label)
        elif field.position > top.last:
            top.last, top.last_label = field.position, field.label
        form = field.form
        if form is Form.PRIMITIVE:
            self._primitive(top, field, attributes)
        elif form is Form.COMPLEX:
            self._complex(top, field, attributes)
        elif form is Form.RESOURCE:
            frames.append(Frame(field, top.into, _NO_CHILDREN, "Resource", field.said, waiting=True))
            self._attributes(attributes, {}, frozenset())
        else:
            self._enter_narrative(field)

    def _root(self, name: str, attributes: list[str]) -> None:
        space, _, kind = name.rpartition(" ")
        if kind not in definitions.resource_types():
            raise Invalid("xml-root", place=safe.place(self._parser, self._file), element=kind[:64])
        if space != FHIR:
            raise Invalid("xml-namespace", place=safe.place(self._parser, self._file), element=kind)
        self.resource = {"resourceType": kind}
        self._open_resource(None, self.resource, kind, kind, attributes)

    def _open_resource(
        self, field: Field | None, into: dict[str, Any], kind: str, said: str, attributes: list[str]
    ) -> None:
        self._frames.append(Frame(field, into, table(kind).children, kind, said))
        self._attributes(attributes, into, frozenset())

    def _complex(self, top: Frame, field: Field, attributes: list[str]) -> None:
        made: dict[str, Any] = {}
        inside = table(field.inside)
        said = self._put(top, field, made)
        frame = Frame(field, made, inside.children, field.inside, said)
        self._frames.append(frame)
        if attributes:
            self._attributes(attributes, made, inside.attributes)
        if self._entry is not None and len(self._frames) == 2 and field.inside == "Bundle.entry":
            self._entry_line = self._parser.CurrentLineNumber

    def _put(self, top: Frame, field: Field, value: Any) -> str:
        """Lay a value into the object above; gives the element's name with its number, as a path says it."""
        label = field.label
        if field.many:
            values = top.into.setdefault(label, [])
            values.append(value)
            return f"{field.said}[{len(values) - 1}]"
        if label in top.into:
            self._fault("xml-repeats", element=label)
        top.into[label] = value
        return field.said

    def _primitive(self, top: Frame, field: Field, attributes: list[str]) -> None:
        if not field.many and (field.label in top.into or field.beside in top.into):
            self._fault("xml-repeats", element=field.label)
        if len(attributes) == 2 and attributes[0] == "value" and attributes[1]:
            self._pending = field, attributes[1]
            if not field.textual:
                self._pending = field, self._value(field.type, attributes[1])
        else:
            self._framed(top, field, attributes)

    def _open_pending(self) -> None:
        """Something stands inside the pending primitive."""
        assert self._pending is not None
        (field, value), self._pending = self._pending, None
        self._framed(self._frames[-1], field, [])
        self._frames[-1].value = value

    def _framed(self, top: Frame, field: Field, attributes: list[str]) -> None:
        said = f"{field.said}[{len(top.into.get(field.label, ()))}]" if field.many else field.said
        frame = Frame(field, {}, table("Element").children, "Element", said)
        self._frames.append(frame)
        if not attributes:
            return
        found: dict[str, Any] = {}
        self._attributes(attributes, found, frozenset({"id", "value"}))
        text = found.pop("value", None)
        frame.into, frame.excused = found, "value" in attributes[::2]
        if text:
            frame.value = text if field.textual else self._value(field.type, text)

    def _value(self, code: str, text: str) -> Any:
        """A boolean or number; as text, and with a fault, where it is none."""
        if code == "boolean":
            value: Any = _BOOLEANS.get(text.strip(_SPACE))
        else:
            value = self._number(_DECIMAL if code == "decimal" else _INTEGER, text.strip(_SPACE))
        if value is None:
            self._fault("xml-value", type=code)
        return text if value is None else value

    def _number(self, pattern: re.Pattern[str], text: str) -> Any:
        if not pattern.fullmatch(text):
            return None
        try:
            return number(text, exact=self._exact)
        except ValueError:
            return None

    def _attributes(self, given: list[str], into: dict[str, Any], allowed: frozenset[str]) -> None:
        for name, value in zip(given[::2], given[1::2], strict=True):
            if name in allowed:
                if not value:
                    self._fault("xml-empty-attribute", attribute=name)
                into[name] = value
            elif not name.startswith(SCHEMA_INSTANCE + " "):
                self._fault("xml-attribute", attribute=name.rpartition(" ")[2][:64])

    def _other(self, top: Frame, name: str, attributes: list[str]) -> None:
        """An element that its parent's table does not list: a resource in its place, or a fault."""
        space, _, local = name.rpartition(" ")
        if len(self._frames) >= DEEPEST:
            raise Invalid("xml-deep", place=self._place(), most=DEEPEST)
        if top.waiting and top.field and space == FHIR and local in definitions.resource_types():
            resource = {"resourceType": local}
            top.said, top.waiting = self._put(top, top.field, resource), False
            self._open_resource(None, resource, local, "", attributes)
            return
        if top.known:
            top.excused = True
            expected = XHTML if f"{XHTML} {local}" in top.children else FHIR
            code = "fhir-unknown-element" if space == expected else "xml-namespace"
            self._fault(code, element=local[:64], type=top.owner)
        self._frames.append(Frame(None, {"": None}, _NO_CHILDREN, "", "", known=False))

    def _end(self, _name: str) -> None:
        if self._pending is not None:
            (pending, value), self._pending = self._pending, None
            self._keep_primitive(self._frames[-1], pending, value, {})
            return
        frame = self._frames.pop()
        field = frame.field
        if field is None:
            if frame.padded:
                _drop_padding(frame.into)
            return
        top = self._frames[-1]
        if field.form is Form.PRIMITIVE:
            if frame.value is None and not frame.into and not frame.excused:
                self._fault("xml-empty", element=field.label)
            self._keep_primitive(top, field, frame.value, frame.into)
            return
        if frame.padded:
            _drop_padding(frame.into)
        if (frame.waiting or not frame.into) and not frame.excused:
            self._frames.append(frame)
            self._fault("xml-empty", element=field.label)
            self._frames.pop()
        if self._entry is not None and len(self._frames) == 1 and field.inside == "Bundle.entry":
            self._give_entry(top, field, frame)

    def _keep_primitive(self, top: Frame, field: Field, value: Any, beside: dict[str, Any]) -> None:
        if field.many:
            values = top.into.setdefault(field.label, [])
            values.append(value)
            if value is None:
                top.padded = True
            if beside or field.beside in top.into:
                others = top.into.setdefault(field.beside, [])
                others.extend([None] * (len(values) - 1 - len(others)))
                others.append(beside or None)
            return
        if value is not None:
            top.into[field.label] = value
        if beside:
            top.into[field.beside] = beside

    def _give_entry(self, top: Frame, field: Field, frame: Frame) -> None:
        assert self._entry is not None
        top.into[field.label][-1] = None
        faults, self.faults = self.faults, []
        self._entry(self._entry_line, frame.into, faults)

    def _text(self, data: str) -> None:
        if data.strip(_SPACE) and self._frames and self._frames[-1].known:
            self._fault("xml-text")

    # the narrative

    def _enter_narrative(self, field: Field) -> None:
        self._div_start, self._div_level = self._parser.CurrentByteIndex, 0
        self._frames.append(Frame(field, {}, _NO_CHILDREN, "xhtml", field.said))
        self._parser.StartElementHandler = self._div_deeper
        self._parser.EndElementHandler = self._div_end
        self._parser.CharacterDataHandler = None

    def _div_deeper(self, _name: str, _attributes: object) -> None:
        self._div_level += 1
        if self._div_level >= narrative.DEEPEST:
            raise Invalid("xml-deep", place=self._place(), most=narrative.DEEPEST)

    def _div_end(self, _name: str) -> None:
        if self._div_level:
            self._div_level -= 1
            return
        start = self._div_start - self._base
        end = narrative.end_of(self._window, start, self._parser.CurrentByteIndex - self._base)
        raw = self._window[start:end]
        field = self._frames.pop().field
        assert field is not None
        self._put(self._frames[-1], field, narrative.to_json(raw, dict(self._scope)))
        self._div_start = -1
        self._outside_narrative()

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        if len(self._scope) >= MOST_NAMESPACES:
            raise Invalid("xml-namespaces", place=self._place(), most=MOST_NAMESPACES)
        self._scope.append((prefix, uri))

    def _undeclare(self, prefix: str | None) -> None:
        for at in range(len(self._scope) - 1, -1, -1):
            if self._scope[at][0] == prefix:
                del self._scope[at]
                return

    # faults

    def _fault(self, code: str, **facts: object) -> None:
        self.faults.append(Invalid(code, place=self._place(), **facts))
        if len(self.faults) >= MOST_FAULTS:
            raise Faults(self.faults)

    def _place(self) -> Place:
        steps = [frame.said for frame in self._frames if frame.said]
        if self._pending is not None:
            field = self._pending[0]
            index = len(self._frames[-1].into.get(field.label, ()))
            steps.append(f"{field.said}[{index}]" if field.many else field.said)
        path = ".".join(steps)
        return safe.place(self._parser, self._file, path or None)


def _drop_padding(into: dict[str, Any]) -> None:
    """A repeating primitive of which no repetition has a value has only its array of extensions."""
    empty = [label for label, value in into.items() if type(value) is list and all(v is None for v in value)]
    for label in empty:
        del into[label]
