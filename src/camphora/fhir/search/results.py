"""Parameters that say what comes back: the order, what is included, the total, the form (search.html#return)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

from camphora.fhir import definitions
from camphora.fhir.search.asking import Include, Kind, Parameter, Sort, Summary, Total
from camphora.fhir.search.known import Scope
from camphora.fhir.search.naming import Refused, Unknown

UNSORTED: frozenset[Kind] = frozenset({"composite", "special"})
"""Kinds without an order of their own."""
FORMS: dict[str, Callable[[str], object]] = {
    "_count": re.compile(r"[0-9]{1,9}").fullmatch,
    "_page": bool,
    "_total": frozenset(get_args(Total)).__contains__,
    "_summary": frozenset(get_args(Summary)).__contains__,
    "_elements": re.compile(r"[A-Za-z]+(,[A-Za-z]+)*").fullmatch,
}
"""What a value must be like."""


def sort_keys(searched: Scope, value: str) -> tuple[Sort, ...]:
    """The keys of `_sort=status,-date`. ValueError for an empty one, Unknown for one that has no order."""
    return tuple(_key(searched, key.startswith("-"), key.removeprefix("-")) for key in value.split(","))


def _key(searched: Scope, down: bool, code: str) -> Sort:
    if not code:
        raise ValueError("an empty key")
    if code in {"_id", "_lastUpdated"}:
        return Sort(code, "token" if code == "_id" else "date", down)
    parameter = searched.known.get(code)
    if parameter is None or parameter.kind in UNSORTED:
        raise Unknown("fhir-search-sort", searched, "_sort")
    return Sort(code, parameter.kind, down)


def include(searched: Scope, name: str, value: str) -> Include:
    """`Type:parameter`, `Type:parameter:Target`, `Type:*` or `*`. ValueError for another form, Unknown where the type
    has no such reference."""
    code, _, modifier = name.partition(":")
    if modifier not in {"", "iterate", "recurse"}:
        raise Refused("fhir-search-modifier", searched, code, modifier=modifier)
    source, param, target = _named(searched, code, value)
    return Include(source, param, target, iterate=bool(modifier), reverse=code == "_revinclude")


def _named(searched: Scope, code: str, value: str) -> tuple[str | None, str | None, str | None]:
    if value == "*":
        return None, None, None
    source, *rest = value.split(":")
    if len(rest) not in {1, 2} or not all(rest):
        raise ValueError("neither two parts nor three")
    target = rest[1] if len(rest) == 2 else None
    if source not in definitions.resource_types() or (target and target not in definitions.resource_types()):
        raise Unknown("fhir-search-include", searched, code)
    if rest[0] == "*":
        return source, None, target
    found: Parameter | None = searched.of(source).known.get(rest[0])
    if found is None or found.kind != "reference" or (target and target not in found.targets):
        raise Unknown("fhir-search-include", searched, code)
    return source, rest[0], target
