"""Decision vectors: what a decision weighs, and what it must answer. Data for ours and for anybody's (decision.md 5).

Every file beside this one holds one dimension; `schema.json` is the JSON Schema of such a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from camphora.fhir.dates import span
from camphora.policy.asking import (
    Asked,
    Asker,
    Basis,
    Emergency,
    Facts,
    Part,
    Scope,
    Span,
    StandIn,
    Whom,
)
from camphora.policy.vocabulary import Role

Json = Mapping[str, Any]
ORDER = (
    "purpose", "actor", "action", "category", "label", "unlabelled", "parts", "known", "time", "status", "nesting",
    "combining", "stops", "statute", "scope", "surveillance", "claims", "bases", "emergency", "family", "minors",
    "incapacity", "death", "merges", "relatives", "providers", "revocation", "retroactivity", "law", "leap",
    "hl7_policies", "ihe_pcf",
)  # fmt: skip
"""The dimensions in the order in which they are read."""


@cache
def dimensions() -> tuple[Json, ...]:
    """Every dimension with its `title` in both languages and its `vectors`."""
    room = files("camphora.policy.vectors")
    return tuple(orjson.loads(room.joinpath(f"{name}.json").read_bytes()) for name in ORDER)


def vectors() -> tuple[Json, ...]:
    """All vectors, dimension by dimension."""
    return tuple(vector for dimension in dimensions() for vector in dimension["vectors"])


def schema() -> Json:
    """The JSON Schema (2020-12) of a dimension's file."""
    found: Json = orjson.loads(files("camphora.policy.vectors").joinpath("schema.json").read_bytes())
    return found


def settings(vector: Json) -> Mapping[str, Any]:
    """The parameters in which a vector's policy differs from Taiwan's."""
    policy = vector["policy"]
    return {} if policy == "taiwan" else dict(policy["set"])


def asked(vector: Json) -> Asked:
    """Who asks, for what."""
    said = vector["asked"]
    basis, emergency = said.get("basis"), said.get("emergency")
    return Asked(
        _reader(said["reader"]),
        tuple(said["purposes"]),
        said["action"],
        _first(said["at"]),
        basis and _basis(basis),
        emergency and Emergency(emergency["identifier"], emergency["reason"], _first(emergency["declared"])),
    )


def whom(vector: Json) -> Whom | None:
    """The person; None where the record is about nobody."""
    said = vector.get("whom")
    if said is None:
        return None
    return Whom(
        said["id"],
        tuple(said.get("identifiers", ())),
        said.get("born"),
        said.get("died"),
        said.get("area"),
        _set(said, "institutions"),
        _set(said, "wards"),
        tuple(_span(one) for one in said.get("incapable", ())),
        tuple(
            StandIn(one["kind"], one["who"], _span(one.get("period", {})))
            for one in said.get("stand_ins", ())
        ),
        tuple(said.get("consents", ())),
        said.get("version", 0),
    )


def facts(vector: Json) -> Facts | None:
    """The record; None where the question is whether the person may be known at all."""
    said = vector.get("facts")
    if said is None:
        return None
    period = said.get("period")
    return Facts(
        said["type"],
        said.get("id", ""),
        said.get("category"),
        _set(said, "labels"),
        _set(said, "codes"),
        _set(said, "authors"),
        said.get("organisation"),
        period and (span(period["start"])[0], span(period["end"])[1]),
        _set(said, "references"),
        tuple(Part(one["path"], _set(one, "labels"), _set(one, "codes")) for one in said.get("parts", ())),
        said.get("notifiable", False),
    )


def _reader(said: Json) -> Asker:
    scope = said.get("scope", {})
    return Asker(
        said["id"],
        Role(said["role"]),
        said.get("person"),
        said.get("organisation"),
        said.get("device"),
        _set(said, "memberships"),
        _set(said, "identifiers"),
        said.get("organisation_kind"),
        Scope(*(_set(scope, name) for name in ("areas", "institutions", "wards"))),
    )


def _basis(said: Json) -> Basis:
    since, until = (_first(said[name]) if name in said else None for name in ("since", "until"))
    return Basis(said["id"], said["reason"], since, until, said.get("approver"))


def _first(text: str) -> int:
    return span(text)[0]


def _span(said: Json) -> Span:
    first = span(said["start"])[0] if "start" in said else None
    return first, span(said["end"])[1] if "end" in said else None


def _set(said: Json, name: str) -> frozenset[str]:
    return frozenset(said.get(name, ()))
