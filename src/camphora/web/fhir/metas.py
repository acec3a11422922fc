"""`$meta`, `$meta-add` and `$meta-delete` of one record
(https://hl7.org/fhir/R4/resource-operation-meta.html): its profiles, security labels and tags.

What a record bears by the rules of sensitivity is no part of it: it is told beside, as `derived`.
"""

from __future__ import annotations

from typing import Any

import orjson

from camphora.errors import Invalid, Place
from camphora.fhir import structure
from camphora.fhir.distinct import require_distinct
from camphora.fhir.json import parse, write
from camphora.policy.facts import CONFIDENTIALITY
from camphora.policy.vocabulary import ACT_CODE, EVERY
from camphora.records import Put
from camphora.web.fhir import conditions, interactions
from camphora.web.fhir.call import Answer, Call

LISTS = ("profile", "security", "tag")


def meta(call: Call, record_type: str, record_id: str) -> Answer:
    """The meta of a record, and the labels that it bears by rule, each with the rule's name."""
    interactions.require_record(record_type, record_id)
    interactions.form_of(call, record_type)
    found = call.store.read(call.access, record_type, record_id)
    by_rule = call.store.rules_of(call.access, record_type, record_id)
    rows = [{"name": "return", "valueMeta": _meta_of(found.body or b"")}]
    derived = [
        {
            "name": "derived",
            "part": [
                {"name": "security", "valueCoding": _label(one.label)},
                {"name": "rule", "valueString": one.rule},
            ],
        }
        for one in by_rule
    ]
    return Answer(200, orjson.dumps({"resourceType": "Parameters", "parameter": [*rows, *derived]}))


def add(call: Call, record_type: str, record_id: str, body: bytes) -> Answer:
    """Adds profiles, labels and tags that the record does not bear yet."""
    return _changed(call, record_type, record_id, body, _added)


def delete(call: Call, record_type: str, record_id: str, body: bytes) -> Answer:
    """Takes profiles, labels and tags away, as the same system and code, or the same address."""
    return _changed(call, record_type, record_id, body, _without)


def _changed(call: Call, record_type: str, record_id: str, body: bytes, change: Any) -> Answer:
    interactions.require_record(record_type, record_id)
    brought = _brought(body)

    def attempt() -> Answer:
        present = call.store.read(call.access, record_type, record_id)
        resource = parse(present.body or b"", exact=True)
        own = resource.get("meta", {})
        lists = {name: change(own.get(name, []), brought.get(name, [])) for name in LISTS}
        kept = {name: value for name, value in own.items() if name not in LISTS}
        new = {**resource, "meta": kept | {name: value for name, value in lists.items() if value}}
        sound, bytes_ = interactions.kept(call, record_type, write(new))
        call.store.write(call.access, [Put(sound, bytes_, "present", present.version)])
        told = {"resourceType": "Parameters", "parameter": [{"name": "return", "valueMeta": new["meta"]}]}
        return Answer(200, write(told))

    return conditions.settled(attempt)


def _brought(body: bytes) -> dict[str, Any]:
    sent = parse(body)
    require_distinct(body, sent)
    structure.require(sent)
    rows = sent.get("parameter") or [] if sent["resourceType"] == "Parameters" else []
    found = next((row["valueMeta"] for row in rows if row["name"] == "meta" and "valueMeta" in row), None)
    if found is None:
        raise Invalid("web-fhir-not-parameters", place=Place(path="Parameters.parameter"))
    named: dict[str, Any] = found
    return named


def _meta_of(body: bytes) -> Any:
    return parse(body).get("meta", {})


def _label(code: str) -> dict[str, str]:
    """A label as a Coding; one that stands for every kind as the highest confidentiality."""
    if code == EVERY:
        return {"system": CONFIDENTIALITY, "code": "V"}
    return {"system": ACT_CODE, "code": code}


def _key(value: Any) -> object:
    """What makes two labels one: system and code; of an address, itself."""
    return (value.get("system"), value.get("code")) if isinstance(value, dict) else value


def _added(own: list[Any], more: list[Any]) -> list[Any]:
    held = {_key(value) for value in own}
    return [*own, *(value for value in more if _key(value) not in held)]


def _without(own: list[Any], less: list[Any]) -> list[Any]:
    gone = {_key(value) for value in less}
    return [value for value in own if _key(value) not in gone]
