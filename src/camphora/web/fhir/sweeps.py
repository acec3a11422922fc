"""What lies in a compartment (`Patient/1/Observation`, `Patient/1/*`; R4 http.html#vsearch), and the types of one swept
page by page under conditions of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from camphora.errors import Invalid, NotFound
from camphora.fhir import definitions
from camphora.records import Version
from camphora.web.fhir import interactions
from camphora.web.fhir.call import Answer, Call
from camphora.web.fhir.negotiation import Pairs

COMPARTMENTS = ("Patient", "Encounter", "RelatedPerson", "Practitioner", "Device")
Owner = tuple[str, str]
_PLACE = re.compile(r"(?P<type>[A-Z][A-Za-z]+)\.(?P<count>[0-9]{1,4})\.(?P<token>.*)")


class Swept(NamedTuple):
    """A page over several types: its rows, and where the next one begins."""

    rows: list[Version]
    next: str | None


def search_compartment(call: Call, owner: Owner, kind: str, pairs: Pairs) -> Answer:
    """`GET Patient/1/Observation?…`: what lies in a compartment, of one type or, for `*`, of each that it holds."""
    if not all(name[:1].isupper() for name in (owner[0], kind) if name != "*"):
        raise NotFound("web-fhir-no-route")
    interactions.require_record(*owner)
    if owner[0] not in COMPARTMENTS:
        raise NotFound("web-fhir-no-route")
    if kind != "*":
        interactions.require_type(kind)
        if kind not in in_compartment(owner[0]):
            raise NotFound("web-fhir-no-route")
    return interactions.search(call, None if kind == "*" else kind, pairs, owner, "/".join((*owner, kind)))


def in_compartment(owner: str) -> list[str]:
    """The types that may lie in a compartment, in order of name."""
    members = definitions.compartment(owner)
    return sorted(name for name, params in members.items() if params and interactions.is_kept(name))


def sweep(call: Call, owner: Owner, conditions: Mapping[str, Pairs], count: int, page: str) -> Swept:
    """A page of what lies in a compartment of these types, one after the other, each under its own conditions. Where
    a page ends inside a type, the next goes on there."""
    types = list(conditions)
    place = _PLACE.fullmatch(page)
    if page and (place is None or place["type"] not in types):
        raise Invalid("web-fhir-page")
    start, left, token = (
        (types.index(place["type"]), int(place["count"]), place["token"]) if place else (0, count, "")
    )
    rows: list[Version] = []
    for number, name in enumerate(types[start:], start):
        query = interactions.asked(call, name, conditions[name], owner).query
        found = call.store.search(call.access, replace(query, count=left, page=token or None))
        rows += found.rows
        if found.next:
            return Swept(rows, f"{name}.{left}.{found.next}")
        left, token = count - len(rows), ""
        if left <= 0 and number + 1 < len(types):
            return Swept(rows, f"{types[number + 1]}.{count}.")
    return Swept(rows, None)
