"""A resource as it was kept, made from the bytes that were brought: so that answering a write reads nobody."""

from __future__ import annotations

import msgspec

from camphora.records import Written
from camphora.records.prepare import instant

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def stamped(body: bytes, written: Written) -> bytes:
    """`body` with id, version and time of the version that was written; every other value's bytes stay."""
    fields = _FIELDS.decode(body)
    kept = _FIELDS.decode(fields.pop("meta", msgspec.Raw(b"{}")))
    meta = kept | {"versionId": _raw(str(written.version)), "lastUpdated": _raw(instant(written.updated))}
    head = {"resourceType": _raw(written.type), "id": _raw(written.id), "meta": _raw(meta)}
    rest = {name: value for name, value in fields.items() if name not in head}
    return msgspec.json.encode(head | rest)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
