"""Records of work: Tasks and Provenances about nobody, which officers see by the place that their id names.

The place stands in the id because an id never changes: no later version of a record can move it, or what it said
before, to another officer's area (docs/decisions/0011-work-about-nobody.md).
"""

from __future__ import annotations

import re

from camphora.policy.asking import Scope

GROUND = "working"
TYPES = frozenset({"Task", "Provenance"})
PREFIX = "work."
NATION = "tw"
_PLACE = re.compile(r"tw|\d{5}(\d{3})?")


def work_id(place: str, name: str) -> str:
    """The id of a record of work. `place`: `tw`, or the code of a county (5 digits) or a township (8)."""
    if not _PLACE.fullmatch(place):
        raise ValueError(place)
    return f"{PREFIX}{place}.{name}"


def place_of(record_id: str) -> str | None:
    """The place that the id of a record of work names; None where it is not such an id."""
    head, _, rest = record_id.partition(".")
    place, dot, _ = rest.partition(".")
    return place if f"{head}." == PREFIX and dot and _PLACE.fullmatch(place) else None


def is_place(code: str) -> bool:
    """Whether this is `tw`, or written as the code of a county or a township."""
    return _PLACE.fullmatch(code) is not None


def beginnings(scope: Scope) -> list[str]:
    """How the ids begin that a reader of this scope may see; a county's officers see its townships. Who is limited to
    institutions or wards sees none: a place is not in them."""
    if scope.institutions or scope.wards:
        return []
    if not scope.areas:
        return [PREFIX]
    return [f"{PREFIX}{code}" for code in sorted(scope.areas) if _PLACE.fullmatch(code)]


def reaches(scope: Scope, place: str) -> bool:
    """Whether a reader of this scope may see work of this place."""
    return any(f"{PREFIX}{place}".startswith(each) for each in beginnings(scope))
