"""The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0), made from the table of interactions.

Resources are named, not described: their definitions are FHIR's, and `/metadata` says which parameters a type has.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import orjson

from camphora import __version__
from camphora.errors import Lang
from camphora.fhir import definitions
from camphora.web.fhir import export
from camphora.web.fhir.interactions import NOT_KEPT
from camphora.web.fhir.negotiation import FHIR_JSON, FHIR_XML, FORM
from camphora.web.fhir.patching import PATCHES
from camphora.web.fhir.sweeps import in_compartment
from camphora.web.fhir.table import DESCRIBED, Body, Interaction, Step, offered

ID = {"type": "string", "pattern": "^[A-Za-z0-9\\-.]{1,64}$"}
TITLE: dict[Lang, str] = {"zh-TW": "樟 Camphora 的 FHIR 介面", "en": "The FHIR API of Camphora"}
Row = dict[str, Any]
Described = Interaction | Step

HEADERS: dict[str, dict[Lang, str]] = {
    "If-Match": {"zh-TW": '所根據的版本，例如 W/"3"', "en": 'the version that it rests on, as in W/"3"'},
    "If-None-Match": {"zh-TW": "已持有之版本", "en": "the version that is held already"},
    "If-Modified-Since": {"zh-TW": "已持有之時間", "en": "the time of what is held already"},
    "If-None-Exist": {"zh-TW": "條件：已有符合者即不新增", "en": "create only where none meets this"},
    "Prefer": {
        "zh-TW": "return=minimal、representation、OperationOutcome；handling=strict、lenient；respond-async",
        "en": "return=minimal, representation, OperationOutcome; handling=strict, lenient; respond-async",
    },
}
EVERYWHERE: dict[str, Row] = {
    "_format": {"type": "string", "enum": ["json", "xml", FHIR_JSON, FHIR_XML]},
    "_pretty": {"type": "string", "enum": ["true", "false"]},
}
SHAPE: dict[str, Row] = {
    "_summary": {"type": "string", "enum": ["true", "text", "data", "false"]},
    "_elements": {"type": "string"},
}
COUNT: Row = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
PAST: dict[str, Row] = {
    "_count": COUNT,
    "_since": {"type": "string", "format": "date-time"},
    "_at": {"type": "string"},
    "_list": {"type": "string"},
    "_page": {"type": "string"},
}
FOUND: dict[str, Row] = {
    "_count": COUNT,
    "_sort": {"type": "string"},
    "_total": {"type": "string", "enum": ["none", "estimate", "accurate"]},
    "_page": {"type": "string"},
    "_include": {"type": "string"},
    "_revinclude": {"type": "string"},
    "_id": {"type": "string"},
    "_lastUpdated": {"type": "string"},
    "_text": {"type": "string"},
    "_content": {"type": "string"},
    "_list": {"type": "string"},
    "_filter": {"type": "string"},
}
EXPORT: dict[str, Row] = {name: {"type": "string"} for name in sorted(export.KNOWN)}
EVERYTHING: dict[str, Row] = {
    "_since": {"type": "string"},
    "_type": {"type": "string"},
    "_count": {"type": "integer", "minimum": 1},
    "start": {"type": "string"},
    "end": {"type": "string"},
    "_page": {"type": "string"},
}
SUMMARY_OR_COUNT: Row = {"_summary": {"type": "string", "enum": ["true", "text", "data", "count", "false"]}}


def openapi(base: str, lang: Lang, desk: tuple[str, ...]) -> bytes:
    """The document for this address, in one language. `desk`: the operations beside the table, as
    `ValueSet/$expand`; `*/$validate` where resources can be validated."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": TITLE[lang], "version": __version__, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": base}],
        "security": [{"token": []}],
    }
    return orjson.dumps(document)[:-1] + b"," + _rest(lang, desk)[1:]


@cache
def _rest(lang: Lang, desk: tuple[str, ...]) -> bytes:
    paths: dict[str, Row] = {}
    for one in DESCRIBED:
        if offered(one.code.removeprefix("$"), desk):
            paths.setdefault(one.address, {})[one.method.lower()] = _operation(one, lang)
    for name in desk:
        if name[0].isalpha():
            paths[f"/{name}"] = _codes(name)
    for address in ("/metadata", "/$versions", "/openapi.json"):
        paths[address] = {"get": _open(address)}
    return orjson.dumps({"paths": paths, "components": _components()})


def _operation(one: Described, lang: Lang) -> Row:
    made: Row = {
        "operationId": f"{one.reads.name.removeprefix('fhir.')}-{one.level}-{one.method.lower()}",
        "summary": one.text[lang],
        "tags": [one.level],
        "parameters": [*_steps(one), *_queries(one), *_headers(one, lang)],
        "responses": _responses(one),
    }
    if one.body != "nothing":
        made["requestBody"] = {
            "required": one.body in {"resource", "bundle", "patch", "ndjson"},
            "content": _sent(one.body),
        }
    return made


def _steps(one: Described) -> list[Row]:
    """The parts of the address that are asked for."""
    names = re.findall(r"\{(\w+)\}", one.address)
    return [{"name": name, "in": "path", "required": True, "schema": _step(one, name)} for name in names]


def _step(one: Described, name: str) -> Row:
    if name == "type":
        return {"type": "string", "enum": list(one.types or kept_types())}
    if name == "version":
        return {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}
    if name == "inside":
        members = {kind for owner in one.types or () for kind in in_compartment(owner)}
        return {"type": "string", "enum": ["*", *sorted(members)]}
    return ID


@cache
def kept_types() -> tuple[str, ...]:
    """The resource types of which records are kept."""
    return tuple(sorted(definitions.resource_types() - NOT_KEPT))


def _queries(one: Described) -> list[Row]:
    shape: dict[str, Row] = {}
    if isinstance(one, Step):
        return []
    if one.code.startswith("history"):
        shape = SHAPE | PAST
    elif one.code.startswith("search"):
        shape = SHAPE | FOUND | SUMMARY_OR_COUNT
    elif one.code in {"read", "vread"}:
        shape = SHAPE
    elif one.code == "$everything":
        shape = EVERYTHING
    elif one.code == "$export":
        shape = EXPORT
    if one.code == "search-system":
        shape = {**shape, "_type": {"type": "string"}}
    elif one.level == "type" and one.code in {"update", "patch", "delete"}:
        shape = {"_id": {"type": "string"}, "_lastUpdated": {"type": "string"}}
    rows = [{"name": name, "in": "query", "schema": schema} for name, schema in (shape | EVERYWHERE).items()]
    return rows if one.body != "form" else rows[:0]


def _headers(one: Described, lang: Lang) -> list[Row]:
    names = ["Prefer"]
    if one.code == "read":
        names += ["If-None-Match", "If-Modified-Since"]
    if one.code in {"update", "patch", "delete"}:
        names.append("If-Match")
    if one.code == "create":
        names.append("If-None-Exist")
    return [
        {"name": name, "in": "header", "schema": {"type": "string"}, "description": HEADERS[name][lang]}
        for name in names
    ]


def _sent(body: Body) -> Row:
    resource = {"schema": {"$ref": "#/components/schemas/Resource"}}
    if body == "form":
        return {FORM: {"schema": {"type": "object", "properties": FOUND}}}
    if body == "ndjson":
        return {export.NDJSON: {"schema": {"type": "string"}}, FHIR_JSON: resource}
    if body == "patch":
        patches = {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/JsonPatch"}}}
        return {PATCHES[0]: patches, PATCHES[1]: {"schema": {"type": "string"}}, FHIR_JSON: resource}
    return {FHIR_JSON: resource, FHIR_XML: {"schema": {"type": "string"}}}


def _responses(one: Described) -> Row:
    given = _content()
    if one.code in {"$export", "$import"}:
        given = {"4XX": given, "503": given}
        done = (
            {"description": "OK", "content": {one.gives: {}}} if isinstance(one, Step) and one.gives else None
        )
        return ({"200": done} if done else {}) | {"202": {"description": "Accepted"}} | given
    created = {"201": given} if one.code in {"create", "update"} else {}
    empty = {"204": {"description": "No Content"}} if one.code == "delete" else {}
    held = {"304": {"description": "Not Modified"}} if one.code == "read" else {}
    return {"200": given, **created, **empty, **held, "4XX": given, "503": given}


def _content() -> Row:
    resource = {"schema": {"$ref": "#/components/schemas/Resource"}}
    return {"description": "FHIR", "content": {FHIR_JSON: resource, FHIR_XML: {"schema": {"type": "string"}}}}


def _codes(name: str) -> Row:
    """A terminology operation."""
    asked = {"responses": {"200": _content(), "4XX": _content(), "503": _content()}, "tags": ["type"]}
    url = {"name": "url", "in": "query", "schema": {"type": "string"}}
    key = name.replace("/$", "-").lower()
    return {
        "get": {**asked, "operationId": f"{key}-get", "parameters": [url]},
        "post": {
            **asked,
            "operationId": f"{key}-post",
            "requestBody": {"required": True, "content": _sent("parameters")},
        },
    }


def _open(address: str) -> Row:
    """What anybody may ask."""
    return {
        "operationId": address.strip("/$").replace(".", "-"),
        "security": [],
        "responses": {"200": _content()},
    }


def _components() -> Row:
    resource = {
        "type": "object",
        "required": ["resourceType"],
        "properties": {"resourceType": {"type": "string"}},
    }
    patch = {
        "type": "object",
        "required": ["op", "path"],
        "properties": {
            "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
            "path": {"type": "string"},
            "from": {"type": "string"},
            "value": {},
        },
    }
    return {
        "schemas": {"Resource": resource, "JsonPatch": patch},
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    }
