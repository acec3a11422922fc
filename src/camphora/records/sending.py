"""A prepared resource as plain values, for its way between processes: what the other side has is left out, and the
resource itself is read there only where somebody asks for it."""

from __future__ import annotations

from typing import Any

from camphora.fhir.emit import IndexValues
from camphora.fhir.registry import Registry
from camphora.policy.choices import effects
from camphora.policy.labels import Found, Rules
from camphora.records import fulltext
from camphora.records.prepare import Prepared
from camphora.records.store import Unread

Row = tuple[Any, ...]
"""Texts, bytes, numbers, None, and tuples, lists and dictionaries of them."""


def departing(ready: Prepared, beside: Any) -> Row:
    """A resource as it is sent, with something beside it."""
    index = ready.index
    return (
        ready.type,
        beside,
        ready.id,
        ready.patient,
        [getattr(index, name) for name in IndexValues.__slots__],
        tuple(ready.others),
        [tuple(one) for one in ready.found],
        ready.labels,
        ready.digest,
        ready.meta,
        ready.rest,
        ready.open,
        ready.full_text or fulltext.texts(ready.said),
        ready.points,
    )


def arrived(row: Row, body: bytes, registry: Registry, rules: Rules | None = None) -> tuple[Prepared, Any]:
    """The same on the other side, where the resource's bytes are at hand, and what was beside it. `registry`, `rules`:
    those by which it was prepared."""
    kind, beside, name, patient, values, others, found, labels, digest, meta, rest, opened, texts, points = (
        row
    )
    index = IndexValues.__new__(IndexValues)
    for slot, value in zip(IndexValues.__slots__, values, strict=True):
        setattr(index, slot, value)
    put = Unread(body)
    does = effects({**put.resource, "id": name}) if kind == "Consent" else ()
    labelled = tuple(Found(*one) for one in found)
    made = Prepared(
        put,
        kind,
        name,
        patient,
        index,
        frozenset(others),
        labelled,
        labels,
        digest,
        does,
        meta,
        rest,
        opened,
        registry,
        texts,
        tuple(points),
        rules,
    )
    return made, beside
