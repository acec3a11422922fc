"""Part of a resource: `_summary` and `_elements` (https://hl7.org/fhir/R4/search.html#summary).

Works on bytes, so that the numbers that stay keep their precision. What was cut is tagged SUBSETTED.
"""

from __future__ import annotations

from functools import cache

import msgspec

from camphora.fhir import definitions
from camphora.fhir.definitions import Element
from camphora.fhir.search import Summary

ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules"})
SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
_Fields = dict[str, msgspec.Raw]
_FIELDS = msgspec.json.Decoder(_Fields)
_MANY = msgspec.json.Decoder(list[msgspec.Raw])


def reduced(body: bytes, resource_type: str, summary: Summary, elements: tuple[str, ...]) -> bytes:
    """The resource with what was asked for and what no reader may miss."""
    fields = _FIELDS.decode(body)
    if elements or summary == "text":
        wanted = _with_needed(resource_type, elements)
        kept = {name: value for name, value in fields.items() if name.removeprefix("_") in wanted}
    elif summary == "data":
        kept = {name: value for name, value in fields.items() if name != "text"}
    else:
        kept = _summarised(fields, resource_type)
    kept["meta"] = _tagged(fields.get("meta", msgspec.Raw(b"{}")))
    return msgspec.json.encode(kept)


@cache
def _with_needed(resource_type: str, elements: tuple[str, ...]) -> frozenset[str]:
    """The JSON properties of these elements (a choice by its name without [x]) and of those always given; without
    any element those of a summary's text, which holds what is mandatory but not every modifier."""
    rows = definitions.children(resource_type)
    asked = elements or ("text",)
    chosen = (e for e in rows if e.min or (e.modifier and elements) or e.name.removesuffix("[x]") in asked)
    return ALWAYS | {name for element in chosen for name, _ in element.properties}


@cache
def _summary_elements(owner: str) -> dict[str, Element]:
    """The summary elements directly inside a type or path, by JSON property."""
    return {name: e for e in definitions.children(owner) if e.summary for name, _ in e.properties}


def _summarised(fields: _Fields, owner: str) -> _Fields:
    """The summary elements of an object, and inside its backbone elements theirs."""
    known = _summary_elements(owner)
    kept: _Fields = {}
    for name, value in fields.items():
        element = known.get(name.removeprefix("_"))
        if element is not None:
            kept[name] = _inside(value, element)
        elif name in ALWAYS:
            kept[name] = value
    return kept


def _inside(value: msgspec.Raw, element: Element) -> msgspec.Raw:
    path = element.content("BackboneElement")
    if element.types != ("BackboneElement",) or not _summary_elements(path):
        return value
    objects = [_FIELDS.decode(item) for item in (_MANY.decode(value) if element.many else [value])]
    cut = [_summarised(fields, path) for fields in objects]
    return msgspec.Raw(msgspec.json.encode(cut if element.many else cut[0]))


def _tagged(meta: msgspec.Raw) -> msgspec.Raw:
    fields = _FIELDS.decode(meta)
    tags = [*_MANY.decode(fields.get("tag", msgspec.Raw(b"[]"))), SUBSETTED]
    return msgspec.Raw(msgspec.json.encode({**fields, "tag": tags}))
