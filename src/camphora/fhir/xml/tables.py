"""Which children and attributes an element of FHIR has in XML, in their order, and what stands for them in JSON."""

from __future__ import annotations

from enum import Enum, auto
from functools import cache

import msgspec

from camphora.fhir import definitions
from camphora.fhir.primitives import INTEGERS

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


class Form(Enum):
    """What an element holds: children, a value, a resource, or a narrative."""

    COMPLEX = auto()
    PRIMITIVE = auto()
    RESOURCE = auto()
    NARRATIVE = auto()


class Field(msgspec.Struct, frozen=True, gc=False):
    """One property: `label` is its name in XML and JSON, `beside` the JSON property of a primitive's id and extensions,
    `said` the name in a FHIRPath, `position` its place in the order, `type` the code of its type, `inside` the type or
    path whose elements it holds. `textual`: its value is a string in JSON."""

    label: str
    beside: str
    said: str
    position: int
    many: bool
    form: Form
    type: str
    inside: str
    textual: bool


class Table(msgspec.Struct, frozen=True):
    """The properties of a type or path: by their full name in XML, and by their name in JSON (`birthDate` and
    `_birthDate` are one). `attributes` are those that XML writes as attributes."""

    owner: str
    children: dict[str, Field]
    properties: dict[str, Field]
    attributes: frozenset[str]


@cache
def table(owner: str) -> Table:
    """The table of a resource, a data type or a path (`Patient.contact`)."""
    fields = [_field(element, name, code, at) for at, element in enumerate(definitions.children(owner))
              for name, code in element.properties]  # fmt: skip
    attributes = _attributes(owner)
    children = {f"{_namespace(f)} {f.label}": f for f in fields if f.label not in attributes}
    beside = {f.beside: f for f in fields if f.form is Form.PRIMITIVE and f.label not in attributes}
    return Table(owner, children, {f.label: f for f in fields} | beside, attributes)


def _field(element: definitions.Element, name: str, code: str, position: int) -> Field:
    form = _form(code)
    return Field(
        label=name,
        beside="_" + name,
        said=element.name.removesuffix("[x]"),
        position=position,
        many=element.many,
        form=form,
        type=code,
        inside=element.content(code),
        textual=form is Form.PRIMITIVE and code not in {"boolean", "decimal", *INTEGERS},
    )


def _form(code: str) -> Form:
    if code == "Resource":
        return Form.RESOURCE
    if code == "xhtml":
        return Form.NARRATIVE
    kind = definitions.types().get(code)
    return Form.PRIMITIVE if kind is not None and kind.kind == "primitive" else Form.COMPLEX


def _namespace(field: Field) -> str:
    return XHTML if field.form is Form.NARRATIVE else FHIR


def _attributes(owner: str) -> frozenset[str]:
    """The id of a data type and the url of an extension; a resource has an element `id`."""
    if owner == "Extension":
        return frozenset({"id", "url"})
    return frozenset() if owner in definitions.resource_types() else frozenset({"id"})
