"""The JSON form of a resource as FHIR XML: elements in the order of the definitions, values in attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from camphora.errors import CamphoraError, Invalid, Place
from camphora.fhir import definitions
from camphora.fhir.json import DEEPEST, Written
from camphora.fhir.primitives import INTEGERS, wrong_type
from camphora.fhir.xml.narrative import to_xml
from camphora.fhir.xml.tables import FHIR, Field, Form, Table, table

_SPECIAL = re.compile('[&<>"\x00-\x1f\ud800-\udfff\ufffe\uffff]')
_NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
)
_DECIMALS = (int, float, Written, Decimal)


class _Wrong(Exception):
    """A fault on its way up, gathering the path."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts, self.way = code, facts, [""]

    def under(self, step: str) -> _Wrong:
        self.way.append(step)
        return self

    def located(self, root: str) -> Invalid:
        path = ".".join([root, *(step for step in reversed(self.way) if step)])
        return Invalid(self.code, place=Place(path=path), **self.facts)


class Writing:
    """Writes one resource. `pretty` puts each element on a line of its own; the narrative stays as it is."""

    def __init__(self, *, pretty: bool = False) -> None:
        self._pretty = pretty
        self._out: list[str] = []

    def of(self, resource: Mapping[str, Any]) -> str:
        """The document. Raises Invalid with the path of what XML cannot hold or R4 does not know."""
        self._out.append('<?xml version="1.0" encoding="UTF-8"?>')
        try:
            self._resource(resource, 0)
        except _Wrong as wrong:
            kind = resource.get("resourceType") if isinstance(resource, dict) else None
            raise wrong.located(kind if isinstance(kind, str) else "Resource") from None
        if self._pretty:
            self._out.append("\n")
        return "".join(self._out)

    def _resource(self, value: Any, level: int) -> None:
        if type(value) is not dict:
            raise _wrong_type(value, "object")
        kind = value.get("resourceType")
        if not isinstance(kind, str) or kind not in definitions.resource_types():
            raise _Wrong("fhir-resource-type" if "resourceType" in value else "fhir-no-resource-type")
        inside = {name: item for name, item in value.items() if name != "resourceType"}
        self._element(kind, f' xmlns="{FHIR}"' if level == 0 else "", inside, table(kind), level)

    def _element(self, name: str, said: str, value: dict[str, Any], known: Table, level: int) -> None:
        """An element with its attributes (`said`) and, as children, the properties of `value`."""
        if level > DEEPEST:
            raise _Wrong("xml-deep", most=DEEPEST)
        fields = _ordered(value, known)
        if known.attributes:
            said += "".join(_attribute(value, field) for field in fields if field.label in known.attributes)
            fields = [field for field in fields if field.label not in known.attributes]
        indent = self._indent(level)
        if not fields:
            self._out.append(f"{indent}<{name}{said}/>")
            return
        self._out.append(f"{indent}<{name}{said}>")
        for field in fields:
            given = value.get(field.label)
            if (
                field.textual
                and type(given) is str
                and field.beside not in value
                and not _SPECIAL.search(given)
            ):
                self._plain(field, given, level + 1)
                continue
            try:
                self._field(field, value, level + 1)
            except _Wrong as wrong:
                raise (wrong.under(field.said) if not field.many else wrong) from None
        self._out.append(f"{indent}</{name}>")

    def _plain(self, field: Field, value: str, level: int) -> None:
        """A text that needs no escapes."""
        if field.many or not value:
            raise _wrong_type(value, "array" if field.many else "string").under(field.said)
        self._out.append(f'{self._indent(level)}<{field.label} value="{value}"/>')

    def _indent(self, level: int) -> str:
        return "\n" + "  " * level if self._pretty else ""

    def _field(self, field: Field, owner: dict[str, Any], level: int) -> None:
        value = owner.get(field.label)
        beside = owner.get(field.beside) if field.form is Form.PRIMITIVE else None
        if not field.many:
            self._one(field, value, beside, level)
            return
        values, others = _listed(value, field), _listed(beside, field)
        for at, (one, other) in enumerate(zip_longest(values, others)):
            try:
                self._one(field, one, other, level)
            except _Wrong as wrong:
                raise wrong.under(f"{field.said}[{at}]") from None

    def _one(self, field: Field, value: Any, beside: Any, level: int) -> None:
        form = field.form
        if form is Form.PRIMITIVE:
            self._primitive(field, value, beside, level)
        elif form is Form.COMPLEX:
            if type(value) is not dict or not value:
                raise _wrong_type(value, "object")
            self._element(field.label, "", value, table(field.inside), level)
        elif form is Form.RESOURCE:
            indent = self._indent(level)
            self._out.append(f"{indent}<{field.label}>")
            self._resource(value, level + 1)
            self._out.append(f"{indent}</{field.label}>")
        else:
            self._out.append(self._indent(level) + _narrative(value))

    def _primitive(self, field: Field, value: Any, beside: Any, level: int) -> None:
        if beside is None and value is not None:
            self._out.append(f'{self._indent(level)}<{field.label} value="{_text(field.type, value)}"/>')
            return
        if type(beside) is not dict or not beside:
            raise _wrong_type(beside, "object")
        said = "" if value is None else f' value="{_text(field.type, value)}"'
        self._element(field.label, said, beside, table("Element"), level)


def _ordered(value: dict[str, Any], known: Table) -> list[Field]:
    """The fields that an object has, in the order of the definitions, each once."""
    fields: dict[str, Field] = {}
    last, sorted_already = -1, True
    for name in value:
        field = known.properties.get(name)
        if field is None:
            raise _Wrong("fhir-unknown-element", element=str(name)[:64], type=known.owner)
        fields[field.label] = field
        sorted_already = sorted_already and field.position >= last
        last = field.position
    found = list(fields.values())
    return found if sorted_already else sorted(found, key=lambda field: field.position)


def _attribute(owner: dict[str, Any], field: Field) -> str:
    try:
        return f' {field.label}="{_text(field.type, owner[field.label])}"'
    except _Wrong as wrong:
        raise wrong.under(field.said) from None


def _listed(value: Any, field: Field) -> list[Any]:
    if value is None:
        return []
    if type(value) is not list or not value:
        raise _wrong_type(value, "array").under(field.said)
    return value


def _text(code: str, value: Any) -> str:
    """A primitive's value as the text of its attribute; its JSON type must be that of the FHIR type."""
    if type(value) is str:
        if code == "boolean":
            raise _wrong_type(value, "boolean")
        if code == "decimal" or code in INTEGERS:
            raise _wrong_type(value, "number")
        return _escaped(value)
    if code == "boolean":
        if type(value) is not bool:
            raise _wrong_type(value, "boolean")
        return "true" if value else "false"
    if (code == "decimal" and type(value) in _DECIMALS) or (code in INTEGERS and type(value) is int):
        return repr(value) if type(value) is float else str(value)
    raise _wrong_type(value, "number" if code == "decimal" or code in INTEGERS else "string")


def _escaped(value: str) -> str:
    if not value:
        raise _wrong_type(value, "string")
    if not _SPECIAL.search(value):
        return value
    if _NEVER.search(value):
        raise _Wrong("xml-character")
    return value.translate(_ESCAPES)


def _narrative(value: Any) -> str:
    if type(value) is not str:
        raise _wrong_type(value, "string")
    try:
        return to_xml(value)
    except CamphoraError as error:
        raise _Wrong(error.code, **error.facts) from None


def _wrong_type(value: Any, expected: str) -> _Wrong:
    found = wrong_type(value, expected)[0]
    return _Wrong(found.code, **found.facts)
