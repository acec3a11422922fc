"""From a resource to ready rows: everything that can be done before the keeper's thread.

The stored body is the resource as it came, value for value: only `id` and `meta` are set anew, so that decimals
keep their precision (R4 datatypes, decimal).
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
import orjson

from camphora.errors import Invalid, Place
from camphora.fhir.emit import IndexValues
from camphora.fhir.extract import extract
from camphora.fhir.registry import Registry
from camphora.fhir.structure import require
from camphora.policy.choices import Effect, effects, may_be_asked
from camphora.policy.facts import INLINE, has_parts, parts_of, without
from camphora.policy.labels import Found, Rules
from camphora.records.deriving import mask
from camphora.records.saying import sayings
from camphora.records.store import Put

MOST_PROVISIONS, DEEPEST = 500, 20
"""How large a Consent may be: provisions in all, and how deep they lie, the root's the first."""
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_INLINE = INLINE.encode()
_OWN = frozenset({"resourceType", "id", "meta"})
_ENCODE = msgspec.json.Encoder()
_LETTERS = b"abcdefghijkmnpqrstuvwxyz23456789" * 8
DRAWN = 64
"""So many ids are drawn at once: the system's call gives the interpreter's lock away, to be won back."""
_ids: list[str] = []
os.register_at_fork(after_in_child=_ids.clear)


@dataclass(slots=True)
class Prepared:
    """A Put, parsed, indexed and ready for the keeper. Parts that are labelled by themselves are not in the index;
    `others` are the patients that it names beside its own, `found` the labels that came by rule. `open` is the resource
    without such parts, None where it has none; what may be found gave the `index` by the parameters of `registry`."""

    put: Put
    type: str
    id: str
    patient: str | None
    index: IndexValues
    others: frozenset[str]
    found: tuple[Found, ...]
    labels: int
    digest: bytes
    effects: tuple[Effect, ...]
    meta: dict[str, Any]
    rest: bytes
    open: dict[str, Any] | None
    registry: Registry
    full_text: tuple[str, str] | None = None
    """As `fulltext.texts` makes it, where it was made before; otherwise the keeper does."""
    points: tuple[str, ...] = ()
    """The records whose labels follow (`policy.labels.pointing`)."""
    rules: Rules | None = None
    """What gave `found`; None where that is not known, and the keeper asks its own."""

    @property
    def said(self) -> dict[str, Any]:
        """The resource as it may be found."""
        return {**self.put.resource, "id": self.id} if self.open is None else self.open

    def body(self, version: int, updated: int) -> bytes:
        """The bytes to keep: as they came, with id, version and time of this version."""
        meta = {**self.meta, "versionId": str(version), "lastUpdated": instant(updated)}
        head = b'{"resourceType":"%s","id":"%s","meta":%s' % (
            self.type.encode(),
            self.id.encode(),
            orjson.dumps(meta),
        )
        return head + (b"," + self.rest if self.rest else b"") + b"}"


def prepare(put: Put, registry: Registry | None = None, rules: Rules | None = None) -> Prepared:
    """Check, extract and encode one resource, by the search parameters of a registry and the rules of labelling (the
    bundled ones where none are given). Raises `Faults` with every fault of its structure."""
    registry, rules = registry or Registry.bundled(), rules or Rules.bundled()
    resource = put.resource
    if not put.held:
        require(resource)
    record_type = resource["resourceType"]
    if record_type == "Consent":
        _require_weighable(resource)
    meta = {
        key: value
        for key, value in resource.get("meta", {}).items()
        if key not in {"versionId", "lastUpdated"}
    }
    raw = _raw(put)
    rest = _rest(raw)
    record_id = new_id() if put.expect == "new" else resource.get("id") or _content_id(record_type, rest)
    resource = {**resource, "id": record_id}
    says = sayings(record_type, registry, rules).of(resource, raw, len(rest))
    index, whole, texts, opened = says.values, says.values, says.texts, None
    parts = _may_have_parts(rest) and has_parts(resource)
    if parts:
        opened = without(resource, (part.path for part in parts_of(resource)))
        index, texts = extract(record_type, registry)(opened), None
    patient = whole.person[1] if whole.person else None
    others = frozenset(key for _, kind, key in whole.references if kind == "Patient") - {patient}
    found = says.found
    digest = hashlib.blake2b(orjson.dumps(meta) + rest, digest_size=12).digest()
    does = effects(resource) if record_type == "Consent" else ()
    labels = mask(resource, found, parts=parts)
    return Prepared(
        put,
        record_type,
        record_id,
        patient,
        index,
        others,
        found,
        labels,
        digest,
        does,
        meta,
        rest,
        opened,
        registry,
        texts,
        says.points,
        rules,
    )


def _require_weighable(consent: dict[str, Any]) -> None:
    """Refuse a Consent whose provisions are more than a decision may have to weigh for every record."""
    count, path = 0, "Consent.provision"
    level = [(path, consent["provision"])] if "provision" in consent else []
    for depth in range(1, DEEPEST + 2):
        count += len(level)
        if level and (depth > DEEPEST or count > MOST_PROVISIONS):
            path = level[0][0] if depth > DEEPEST else path
            raise Invalid(
                "records-consent-too-large", place=Place(path=path), most=MOST_PROVISIONS, deepest=DEEPEST
            )
        for above, provision in level:
            _require_purpose(above, provision)
        level = [
            (f"{above}.provision[{number}]", inner)
            for above, provision in level
            for number, inner in enumerate(provision.get("provision", ()))
        ]


def _require_purpose(path: str, provision: dict[str, Any]) -> None:
    """Refuse a provision that names only purposes of v3-ActReason which no reader can have: it would never act."""
    said = provision.get("purpose") or ()
    if said and not any(may_be_asked(each) for each in said):
        code = str(said[0].get("code", ""))
        raise Invalid("records-consent-purpose", place=Place(path=f"{path}.purpose[0]"), code_given=code)


def _may_have_parts(rest: bytes) -> bool:
    """False only where no element can be labelled by itself: the address of such a label stands nowhere, as it is or
    escaped: JSON has two escapes for what an address is made of (RFC 8259). Looking at the bytes costs nothing beside
    walking over every element."""
    return _INLINE in rest or b"\\u" in rest or b"\\/" in rest


def _raw(put: Put) -> dict[str, msgspec.Raw]:
    """The bytes of each property."""
    return _FIELDS.decode(put.body if put.body is not None else orjson.dumps(put.resource))


def _rest(raw: dict[str, msgspec.Raw]) -> bytes:
    """All elements but resourceType, id and meta, as bytes without the outer braces."""
    kept = {name: value for name, value in raw.items() if name not in _OWN}
    return _ENCODE.encode(kept)[1:-1]


def new_id() -> str:
    """A server's id: 20 characters, 100 random bits."""
    try:
        return _ids.pop()
    except IndexError:
        drawn = secrets.token_bytes(20 * DRAWN).translate(_LETTERS).decode()
        first, *more = (drawn[at : at + 20] for at in range(0, len(drawn), 20))
        _ids.extend(more)
        return first


def _content_id(record_type: str, rest: bytes) -> str:
    """The id of a resource that came without one in a load: the same content has the same id."""
    return "c" + hashlib.blake2b(record_type.encode() + rest, digest_size=12).hexdigest()


def instant(milliseconds: int) -> str:
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
