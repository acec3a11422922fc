"""Every clause of a search weighed record by record, from what each record can be found by: slow, and plain.

It knows nothing of tables or plans. `Oracle.holds` says of one record whether a clause holds; other records are looked
at only where the reader may see them.
"""

import math

from camphora.fhir.extract import extract
from camphora.fhir.references import parse_reference
from camphora.fhir.search.asking import (
    AllClause,
    AnyClause,
    ChainClause,
    CompositeClause,
    DateClause,
    HasClause,
    IdClause,
    ListClause,
    MissingClause,
    NearClause,
    NotClause,
    NumberClause,
    QuantityClause,
    ReferenceClause,
    StringClause,
    TokenClause,
    UriClause,
)
from camphora.fhir.search.known import HIERARCHIES

EARTH = 6_371_008.8


class Oracle:
    """`resources` are all that are present; `seen(resource, index)` says which of them the reader may see."""

    def __init__(self, resources, seen):
        self.rows = {}
        for resource in resources:
            kind = resource["resourceType"]
            index = extract(kind)(resource)
            self.rows[kind, resource["id"]] = (resource, index, seen(resource, index))

    def found(self, query):
        """The addresses of the records that a query names and the reader may see."""
        types = query.types or (query.type,)
        return {
            (kind, name)
            for (kind, name), (_, _, seen) in self.rows.items()
            if seen and kind in types and all(self.holds(clause, kind, name) for clause in query.clauses)
        }

    def holds(self, clause, kind, name):
        index = self.rows[kind, name][1]
        match clause:
            case IdClause():
                return name in clause.alternatives
            case NotClause():
                return not self.holds(clause.clause, kind, name)
            case AnyClause():
                return any(self.holds(each, kind, name) for each in clause.clauses)
            case AllClause():
                return all(self.holds(each, kind, name) for each in clause.clauses)
            case ChainClause():
                named = {
                    key for code, to, key in index.references if code == clause.param and to == clause.type
                }
                return any(self._all(clause, (clause.type, key)) for key in named)
            case HasClause():
                sources = [at for at in self.rows if at[0] == clause.type]
                return any(
                    (clause.param, kind, name) in self.rows[at][1].references and self._all(clause, at)
                    for at in sources
                )
            case ListClause():
                return any(f"{kind}/{name}" in self._entries(each) for each in clause.alternatives)
            case ReferenceClause(direction=str()):
                reached = {at for one in clause.alternatives for at in self._hierarchy(one, clause.direction)}
                return any((to, key) in reached for code, to, key in index.references if code == clause.param)
            case _:
                return of_index(clause, index)

    def _all(self, clause, at):
        row = self.rows.get(at)
        return row is not None and row[2] and all(self.holds(each, *at) for each in clause.clauses)

    def _entries(self, name):
        row = self.rows.get(("List", name))
        entries = row[0].get("entry", []) if row and row[2] else []
        return {
            parse_reference(each["item"]["reference"]).local
            for each in entries
            if each.get("deleted") is not True
        }

    def _hierarchy(self, start, direction):
        kind, _ = start
        found, rest = {start}, [start]
        while rest:
            at = rest.pop()
            for other, (_, index, seen) in self.rows.items():
                if other[0] != kind or not seen:
                    continue
                upper = {(to, key) for code, to, key in index.references if code == HIERARCHIES[kind]}
                if direction == "below" and at in upper:
                    reached = {other}
                elif direction == "above" and other == at:
                    reached = upper
                else:
                    continue
                rest += reached - found
                found |= reached
        return found


def of_index(clause, index):
    """A clause that a record's own values answer."""
    match clause:
        case TokenClause():
            held = [(system or "", code) for name, system, code in index.tokens if name == clause.param]
            return any(tokens(one, has) for one in clause.alternatives for has in held)
        case ReferenceClause():
            held = [(kind, key) for name, kind, key in index.references if name == clause.param]
            return any(
                kind in {None, has} and key == value
                for kind, key in clause.alternatives
                for has, value in held
            )
        case DateClause():
            held = [(low, high) for name, low, high in index.dates if name == clause.param]
            return any(dated(*one, *span) for one in clause.alternatives for span in held)
        case NumberClause():
            held = [(low, high) for name, low, high in index.numbers if name == clause.param]
            return any(measured(one, *ends) for one in clause.alternatives for ends in held)
        case QuantityClause():
            held = [row[1:] for row in index.quantities if row[0] == clause.param]
            return any(quantity(one, row) for one in clause.alternatives for row in held)
        case StringClause():
            held = [text for name, text in index.strings if name == clause.param]
            return any(worded(clause.mode, one, text) for one in clause.alternatives for text in held)
        case UriClause():
            held = [code for name, _, code in index.tokens if name == clause.param]
            return any(addressed(clause.direction, one, has) for one in clause.alternatives for has in held)
        case NearClause():
            held = [row[1:] for row in index.positions if row[0] == clause.param]
            return any(metres(one[:2], place) <= one[2] for one in clause.alternatives for place in held)
        case CompositeClause():
            held = [components for name, components in index.composites if name == clause.param]
            return any(
                all(component(each, part) for each, part in zip(group, parts, strict=True))
                for group in clause.alternatives
                for parts in held
            )
        case MissingClause():
            lists = (
                index.tokens,
                index.references,
                index.dates,
                index.strings,
                index.numbers,
                index.quantities,
            )
            rows = [row for rows in (*lists, index.positions, index.composites) for row in rows]
            # a code of which only words are given is not missing
            return any(row[0].partition(":")[0] == clause.param for row in rows) is not clause.missing
    raise NotImplementedError(clause)


def tokens(asked, held):
    (system, code), (has, value) = asked, held
    return (system is None or system == has) and (not code or code == value)


def dated(prefix, low, high, start, end):
    equal = low <= start and end <= high
    return {
        "eq": equal,
        "ne": not equal,
        "gt": end > high,
        "lt": start < low,
        "ge": end > high or equal,
        "le": start < low or equal,
        "sa": start > high,
        "eb": end < low,
        "ap": start <= high and end >= low,
        "co": start <= low and end >= high,
    }[prefix]


def measured(asked, low, high):
    equal = asked.low <= low and high < asked.high
    return {
        "eq": equal,
        "ne": not equal,
        "gt": high > asked.value,
        "lt": low < asked.value,
        "ge": high >= asked.value,
        "le": low <= asked.value,
        "sa": low > asked.value,
        "eb": high < asked.value,
        "ap": low <= asked.high and high >= asked.low,
        "co": low <= asked.value <= high,
    }[asked.prefix]


def quantity(asked, row):
    (amount, unit), (held, low, high) = asked, row
    return unit == held and measured(amount, low, high)


def worded(mode, asked, text):
    return {
        "start": text.startswith(asked),
        "exact": text == asked,
        "contains": asked in text,
        "end": text.endswith(asked),
        "gt": text > asked,
        "lt": text < asked,
        "ge": text >= asked,
        "le": text <= asked,
    }[mode]


def addressed(direction, asked, held):
    if direction is None:
        return asked == held
    return held.startswith(asked) if direction == "below" else asked.startswith(held)


def metres(one, other):
    (a, b), (c, d) = ([math.radians(each) for each in place] for place in (one, other))
    chord = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(chord)))


def component(clause, part):
    """A component's clause against its value in one element."""
    kind, *said = part
    match clause:
        case TokenClause():
            return any(tokens(one, (said[0] or "", said[1])) for one in clause.alternatives)
        case ReferenceClause():
            return any(to in {None, said[0]} and key == said[1] for to, key in clause.alternatives)
        case StringClause():
            return any(worded(clause.mode, one, said[0]) for one in clause.alternatives)
        case DateClause():
            return any(dated(*one, *said) for one in clause.alternatives)
        case NumberClause():
            return any(measured(one, *said) for one in clause.alternatives)
        case QuantityClause():
            return any(quantity(one, said) for one in clause.alternatives)
    raise NotImplementedError(kind)
