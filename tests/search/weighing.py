"""A query weighed resource by resource in plain Python: what a store must find, from the index values alone."""

from __future__ import annotations

import math
import re
from typing import Any

from camphora.fhir import definitions
from camphora.fhir.dates import span
from camphora.fhir.extract import extract
from camphora.fhir.folding import fold
from camphora.fhir.search import HIERARCHIES
from camphora.fhir.search.asking import (
    AllClause,
    AnyClause,
    ChainClause,
    CompositeClause,
    DateClause,
    HasClause,
    IdClause,
    ListClause,
    MemberClause,
    MissingClause,
    NearClause,
    NotClause,
    NumberClause,
    QuantityClause,
    Query,
    ReferenceClause,
    StringClause,
    SubsumedClause,
    TextClause,
    TokenClause,
    UpdatedClause,
    UriClause,
)

EARTH = 6_371_008.8
LISTS = {
    "$current-problems": {"46105-3", "11450-4", "problems"},
    "$current-medications": {"57828-6", "10160-0", "medications"},
    "$current-allergies": {"18716-1", "52472-8", "48765-2", "allergies"},
}


class World:
    """The records, each with its index values."""

    def __init__(self, resources: list[dict[str, Any]], updated: str) -> None:
        self.resources = {f"{each['resourceType']}/{each['id']}": each for each in resources}
        self.index = {key: extract(each["resourceType"])(each) for key, each in self.resources.items()}
        self.updated = span(updated)[0]
        self.parents = {
            each["concept"]: each["parent"]
            for resource in resources
            if resource["resourceType"] == "CodeSystem"
            for each in _concepts(resource["url"], resource.get("concept", []), None)
        }

    def found(self, query: Query) -> set[str]:
        """The addresses of what the query finds."""
        types = set(query.types or (query.type,))
        return {
            key
            for key in self.resources
            if key.split("/")[0] in types
            and (query.compartment is None or self._within(key, *query.compartment))
            and all(self.holds(clause, key) for clause in query.clauses)
        }

    def _within(self, key: str, kind: str, name: str) -> bool:
        params = definitions.compartment(kind).get(key.split("/")[0], ())
        return key == f"{kind}/{name}" or any(
            param in params and (of, to) == (kind, name) for param, of, to in self.index[key].references
        )

    def holds(self, clause: Any, key: str) -> bool:
        """Whether a clause holds of one record."""
        index, kind = self.index[key], key.split("/")[0]
        match clause:
            case AllClause():
                return all(self.holds(each, key) for each in clause.clauses)
            case AnyClause():
                return any(self.holds(each, key) for each in clause.clauses)
            case NotClause():
                return not self.holds(clause.clause, key)
            case IdClause():
                return key.split("/")[1] in clause.alternatives
            case UpdatedClause():
                return any(_ranged(*asked, self.updated, self.updated) for asked in clause.alternatives)
            case MissingClause():
                return (clause.param in _present(index)) is not clause.missing
            case ChainClause():
                return any(
                    param == clause.param
                    and of == clause.type
                    and f"{of}/{to}" in self.index
                    and all(self.holds(each, f"{of}/{to}") for each in clause.clauses)
                    for param, of, to in index.references
                )
            case HasClause():
                return any(
                    other.startswith(f"{clause.type}/")
                    and any((param, f"{of}/{to}") == (clause.param, key) for param, of, to in held.references)
                    and all(self.holds(each, other) for each in clause.clauses)
                    for other, held in self.index.items()
                )
            case ListClause():
                return any(self._listed(name, key, clause.patients) for name in clause.alternatives)
            case TextClause():
                text = _text(self.resources[key], clause.param)
                return any(all(_occurs(word, text) for word in way) for way in clause.alternatives)
            case ReferenceClause() if clause.direction:
                return any(self._placed(clause, kind, key, *asked) for asked in clause.alternatives)
            case SubsumedClause() | MemberClause():
                return any(self._coded(clause, *row[1:]) for row in index.tokens if row[0] == clause.param)
            case CompositeClause():
                return any(
                    param == clause.param and all(map(self._part, group, parts))
                    for group in clause.alternatives
                    for param, parts in index.composites
                )
        return any(row[0] == clause.param and self.valued(clause, row[1:]) for row in _rows(clause, index))

    def _part(self, clause: Any, part: tuple[Any, ...]) -> bool:
        return self.valued(clause, part[1:])

    def valued(self, clause: Any, row: tuple[Any, ...]) -> bool:
        """Whether a clause holds of one row of the index, without its parameter."""
        match clause:
            case TokenClause():
                system, code = row
                return any(s in {None, system or ""} and c in {None, code} for s, c in clause.alternatives)
            case ReferenceClause():
                return any(of in {None, row[0]} and to == row[1] for of, to in clause.alternatives)
            case DateClause():
                return any(_ranged(*asked, *row) for asked in clause.alternatives)
            case NumberClause():
                return any(_amount(asked, *row) for asked in clause.alternatives)
            case QuantityClause():
                return any(unit == row[0] and _amount(asked, *row[1:]) for asked, unit in clause.alternatives)
            case StringClause():
                return any(_worded(clause.mode, row[0], text) for text in clause.alternatives)
            case UriClause():
                return any(_addressed(clause.direction, row[1], uri) for uri in clause.alternatives)
            case NearClause():
                return any(_metres(*row, *asked[:2]) <= asked[2] for asked in clause.alternatives)
        raise NotImplementedError(clause)

    def _listed(self, name: str, key: str, patients: tuple[str, ...]) -> bool:
        for address, each in self.resources.items():
            if each["resourceType"] != "List":
                continue
            if name.startswith("$"):
                codes = {coding.get("code") for coding in each.get("code", {}).get("coding", [])}
                kept_up = (each["status"], each["mode"]) == ("current", "working")
                subject = each.get("subject", {}).get("reference", "").removeprefix("Patient/")
                chosen = kept_up and not LISTS[name].isdisjoint(codes) and subject in patients
            else:
                chosen = address == f"List/{name}"
            if chosen and any(
                entry["item"].get("reference") == key and not entry.get("deleted")
                for entry in each.get("entry", [])
            ):
                return True
        return False

    def _placed(self, clause: ReferenceClause, kind: str, key: str, of: str | None, to: str) -> bool:
        held = [(k, v) for param, k, v in self.index[key].references if param == clause.param]
        if not of:
            address, _, version = to.partition("|")
            return any(
                v == to
                or (v.startswith(f"{address}|") and f"{v.partition('|')[2]}.".startswith(f"{version}."))
                or (not version and v.partition("|")[0] == address)
                for k, v in held
                if not k
            )
        near = {f"{of}/{to}"}
        while True:
            more = {
                (f"{k}/{v}" if clause.direction == "above" else place)
                for place, index in self.index.items()
                for param, k, v in index.references
                if place.startswith(f"{of}/")
                and param == HIERARCHIES[of]
                and (place if clause.direction == "above" else f"{k}/{v}") in near
            }
            if more <= near:
                break
            near |= more
        return any(f"{k}/{v}" in near for k, v in held)

    def _coded(self, clause: Any, system: str | None, code: str) -> bool:
        if isinstance(clause, MemberClause):
            return any(self._member(vs, system, code) for vs in clause.value_sets)
        return any(
            s in {None, system or ""}
            and (
                self._under(system, c, code) if clause.direction == "below" else self._under(system, code, c)
            )
            for s, c in clause.alternatives
        )

    def _under(self, system: str | None, top: str, code: str) -> bool:
        if code == top or (code.partition(";")[0] == top and "/" in top):
            return True
        parent = self.parents.get((system, code))
        return parent is not None and self._under(system, top, parent)

    def _member(self, address: str, system: str | None, code: str) -> bool:
        for key, each in self.resources.items():
            if each["resourceType"] == "ValueSet" and address in {key, each.get("url")}:
                (include,) = each["compose"]["include"]
                return include["system"] == system and self._under(
                    system, include["filter"][0]["value"], code
                )
        return False


def _text(resource: dict[str, Any], param: str) -> str:
    narrative = re.sub("<[^>]*>", " ", resource.get("text", {}).get("div", ""))
    rest = {name: value for name, value in resource.items() if name != "text"}
    return fold(" ".join([narrative, *(_strings(rest) if param == "_content" else [])]))


def _strings(node: Any) -> list[str]:
    if isinstance(node, dict | list):
        return [
            text for each in (node.values() if isinstance(node, dict) else node) for text in _strings(each)
        ]
    return [node] if isinstance(node, str) else []


def _occurs(word: str, text: str) -> bool:
    """Words of letters stand whole; Chinese is not set apart by spaces."""
    return re.search(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word), text) is not None


def _concepts(url: str, rows: list[dict[str, Any]], parent: str | None) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        found += [{"concept": (url, row["code"]), "parent": parent}]
        found += _concepts(url, row.get("concept", []), row["code"])
    return found


def _rows(clause: Any, index: Any) -> list[tuple[Any, ...]]:
    match clause:
        case TokenClause() | UriClause():
            return index.tokens
        case ReferenceClause():
            return index.references
        case DateClause():
            return index.dates
        case NumberClause():
            return index.numbers
        case QuantityClause():
            return index.quantities
        case StringClause():
            return index.strings
        case NearClause():
            return index.positions
    raise NotImplementedError(clause)


def _present(index: Any) -> set[str]:
    lists = (index.tokens, index.references, index.dates, index.strings, index.numbers, index.quantities)
    return {row[0].partition(":")[0] for rows in (*lists, index.positions) for row in rows}


def _ranged(prefix: str, low: int, high: int, start: float, end: float) -> bool:
    within = low <= start and end <= high
    return {
        "eq": within, "ne": not within, "gt": end > high, "lt": start < low, "ge": end > high or within,
        "le": start < low or within, "sa": start > high, "eb": end < low, "ap": start <= high and end >= low,
        "co": start <= low and end >= high,
    }[prefix]  # fmt: skip


def _amount(asked: Any, start: float, end: float) -> bool:
    value, low, high = asked.value, asked.low, asked.high
    within = low <= start and end < high
    return {
        "eq": within, "ne": not within, "gt": end > value, "lt": start < value, "ge": end >= value,
        "le": start <= value, "sa": start > value, "eb": end < value, "ap": start <= high and end >= low,
        "co": start <= value <= end,
    }[asked.prefix]  # fmt: skip


def _worded(mode: str, held: str, text: str) -> bool:
    return {
        "start": held.startswith(text), "contains": text in held, "exact": held == text, "end": held.endswith(text),
        "gt": held > text, "lt": held < text, "ge": held >= text, "le": held <= text,
    }[mode]  # fmt: skip


def _addressed(direction: str | None, held: str, uri: str) -> bool:
    if direction == "below":
        return held.startswith(uri)
    return uri.startswith(held) if direction == "above" else held == uri


def _metres(a: float, b: float, c: float, d: float) -> float:
    first, second = math.radians(a), math.radians(c)
    half = math.sin((second - first) / 2) ** 2
    half += math.cos(first) * math.cos(second) * math.sin(math.radians(d - b) / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(half))
