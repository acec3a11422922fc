"""`$validate` of a type and of a record (https://hl7.org/fhir/R4/resource-operation-validate.html): nothing is kept.

References to records here are not followed, so that the answer tells nothing of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from camphora.errors import Forbidden, Invalid, NotFound, Place
from camphora.fhir import structure
from camphora.fhir.distinct import require_distinct
from camphora.fhir.json import parse
from camphora.fhir.validation import Validator
from camphora.web.fhir import interactions
from camphora.web.fhir.call import Answer, Call
from camphora.web.fhir.outcomes import done, outcome_bytes, validated

STAND_IN = {"resourceType": "Basic", "code": {"text": "validated"}}
"""Stands for the resource while the Parameters around it are checked: the resource itself is what is validated."""
OF_RECORDS = frozenset({"update", "delete", "profile"})
"""The modes that are of a record which is there."""


class Asked(NamedTuple):
    """What is to be validated (None: nothing was sent), by which profiles, and as what."""

    resource: Any = None
    profiles: tuple[str, ...] = ()
    mode: str | None = None


def of_type(call: Call, record_type: str, body: bytes) -> Answer:
    """What the validator finds in the resource that is sent: the resource itself, or Parameters with `resource` and
    `profile`; as one to be created."""
    interactions.require_type(record_type)
    validator, asked = _validator(call), _asked(call, body)
    if asked.mode not in {None, "create"}:
        raise Invalid("web-fhir-value", param="mode")
    _require(asked.resource, record_type)
    return Answer(200, validated(validator.report(asked.resource, asked.profiles), call.wish.lang))


def of_record(call: Call, record_type: str, record_id: str, body: bytes) -> Answer:
    """What the validator finds in a record as the reader may see it (`profile`), in what is sent in its place
    (`update`), or whether it may be deleted. Without a mode: an update where a resource is sent."""
    interactions.require_record(record_type, record_id)
    validator, asked = _validator(call), _asked(call, body)
    mode = asked.mode or ("profile" if asked.resource is None else "update")
    if mode not in OF_RECORDS or (mode == "profile" and asked.resource is not None):
        raise Invalid("web-fhir-value", param="mode")
    if mode == "update":
        _require(asked.resource, record_type)
        interactions.require_id(asked.resource, record_type, record_id)
    present = call.store.read(call.access, record_type, record_id)
    if mode != "profile" and not call.access.may_write(record_type):
        refused = Forbidden("records-write-refused", type=record_type, role=call.access.reader.role)
        return Answer(200, outcome_bytes(refused, call.wish.lang))
    if mode == "delete":
        return Answer(200, done(call.wish.lang))
    resource = parse(present.body or b"") if mode == "profile" else asked.resource
    return Answer(200, validated(validator.report(resource, asked.profiles), call.wish.lang))


def _validator(call: Call) -> Validator:
    if call.api.validator is None:
        raise NotFound("web-fhir-no-route")
    return call.api.validator


def _require(resource: Any, record_type: str) -> None:
    if not isinstance(resource, dict) or resource.get("resourceType") != record_type:
        raise Invalid("web-fhir-type-mismatch", place=Place(path="resourceType"), type=record_type)


def _asked(call: Call, body: bytes) -> Asked:
    """What the body and the address ask together."""
    brought = _brought(body) if body else Asked()
    profiles = [value for name, value in call.wish.pairs if name == "profile"]
    mode = next((value for name, value in call.wish.pairs if name == "mode"), brought.mode)
    return Asked(brought.resource, (*brought.profiles, *profiles), mode)


def _brought(body: bytes) -> Asked:
    sent = parse(body)
    require_distinct(body, sent)
    if sent.get("resourceType") != "Parameters":
        return Asked(sent)
    rows = [row for row in sent.get("parameter") or () if isinstance(row, dict)]
    resource = next((row.get("resource") for row in rows if row.get("name") == "resource"), None)
    stand_in = [{**row, "resource": STAND_IN} if "resource" in row else row for row in rows]
    structure.require({**sent, "parameter": stand_in} if "parameter" in sent else sent)
    texts = [row.get("valueUri", row.get("valueCanonical")) for row in rows if row["name"] == "profile"]
    modes = [row.get("valueCode", row.get("valueString")) for row in rows if row["name"] == "mode"]
    return Asked(resource, tuple(text for text in texts if text is not None), next(iter(modes), None))
