"""Decision vectors: what a decision weighs, and what it must answer. Data for ours and for anybody's (decision.md 5).

Every file beside this one holds one dimension; `schema.json` is the JSON Schema of such a file, and of all in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, get_args

import orjson

from camphora.fhir.dates import span
from camphora.policy import actors, codes
from camphora.policy.actors import Listed
from camphora.policy.admission import SHARED_TYPES
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
from camphora.policy.compiling import compile as compile_policy
from camphora.policy.policy import Covered, LegalBasis, Policy
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
    """The JSON Schema (2020-12) of all vectors in one file, and of a dimension's file."""
    return _file("schema.json")


def rules_schema() -> Json:
    """The JSON Schema (2020-12) of `rules`."""
    return _file("rules_schema.json")


def _file(name: str) -> Json:
    found: Json = orjson.loads(files("camphora.policy.vectors").joinpath(name).read_bytes())
    return found


def rules() -> Json:
    """What somebody else's evaluator needs beside the vectors: the policy `taiwan` as plain data, with the purposes
    and sensitivity labels of HL7 Terminology that it rests on."""
    policy = Policy.taiwan()
    return {
        "policy": policy.id,
        "version": policy.version,
        "roles": {
            str(role): {str(named): _reach(covered) for named, covered in row.items()}
            for role, row in policy.roles.items()
        },
        "purposes": [_purpose(code, line) for code, line in codes.purposes().items()],
        "strictest": list(get_args(codes.PurposeClass)),
        "parameters": {
            name: {"value": _plain(each.value), "why": dict(each.why)}
            for name, each in policy.parameters.items()
        },
        "bases": [_legal_basis(each) for each in policy.bases.values()],
        "denials": list(policy.denials),
        "sources": dict(policy.sources),
        "shared_types": sorted(SHARED_TYPES),
        "categories": codes.categories(),
        "confidentiality": list(codes.CONFIDENTIALITY),
        "sensitivity": {
            code: list(line[1:]) for code, line in codes.act_codes().items() if codes.SENSITIVITY in line[1:]
        },
    }


def _reach(covered: Covered) -> Json:
    said = {"but": sorted(covered.but)} if covered.but else {}
    return said if covered.types is None else {"types": sorted(covered.types), **said}


def _purpose(code: str, line: tuple[str, ...]) -> Json:
    named = codes.class_of(line)
    return {"code": code, "above": list(line[1:]), **({"class": named} if named else {})}


def _legal_basis(row: LegalBasis) -> Json:
    said = {"id": row.id, "title": dict(row.title), "law": row.law, "purposes": sorted(row.purposes)}
    flags = {"overrides": row.overrides, "notify": row.notify, "established": row.established}
    limits = {name: getattr(row, name) for name in ("roles", "organisations", "categories", "types", "areas")}
    return {**said, **flags, **{name: sorted(values) for name, values in limits.items() if values}}


def _plain(value: Any) -> Any:
    """A parameter's value as JSON has it."""
    if isinstance(value, Mapping):
        return dict(value)
    return sorted(value) if isinstance(value, set | frozenset) else value


def settings(vector: Json) -> Mapping[str, Any]:
    """The parameters in which a vector's policy differs from Taiwan's."""
    policy = vector["policy"]
    return {} if policy == "taiwan" else dict(policy["set"])


def asked(vector: Json) -> Asked:
    """Who asks, for what, with every name that the vector's register gives the reader."""
    said, register = stated(vector), vector.get("register")
    if register is None:
        return said
    listed = Listed(tuple(register))
    reader, _ = actors.known(said.reader, listed, said.at)
    person = whom(vector)
    if person is not None:
        compiled = compile_policy(person, Policy.taiwan())
        mine = {person.id, *(each.person for each in compiled.consents if each.person)}
        reader = actors.told(reader, actors.teams(reader, compiled.named, mine, listed, said.at))
    return replace(said, reader=reader)


def stated(vector: Json) -> Asked:
    """Who asks, for what, as the vector states it."""
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
        _set(said, "organisation_identifiers"),
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
