"""The index rows of one record: made from its index values, put beside the record, and taken back.

The forms of the rows stand with their tables (sql/0011-form.sql). What another parameter's rows say too is left out
(`records.unions`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import apsw

from camphora.fhir.emit import IndexValues
from camphora.fhir.folding import fold
from camphora.records.keys import Keys
from camphora.records.spans import ELSEWHERE, main_length, main_parameter
from camphora.records.terms import Interned
from camphora.records.unions import stored_elsewhere

EXACT = ":exact"
Row = tuple[float, ...]
NONE: frozenset[Row] = frozenset()
TABLES = ("span", "amount", "pair", "position")
"""Where rows are found by their record; postings are found by its keys."""


class Rows(NamedTuple):
    """All of a record's index, in numbers. `spans` (param, low, high), `amounts` (param, unit, low, high), `pairs`
    (param, first, second, low, high, third_low, third_high), `positions` (param, latitude, longitude)."""

    keys: Keys
    main_length: int = ELSEWHERE
    spans: frozenset[Row] = frozenset()
    amounts: frozenset[Row] = frozenset()
    pairs: frozenset[Row] = frozenset()
    positions: frozenset[Row] = frozenset()


def rows_of(interned: Interned, resource_type: str, index: IndexValues) -> Rows:
    """The rows of a resource. Names that the store lacks are interned, so this runs in the keeper."""
    return _Making(interned, resource_type, index).rows()


def put(connection: apsw.Connection, number: int, rows: Rows) -> None:
    """Write the rows of a record that has none."""
    many = connection.executemany
    many("INSERT INTO posting VALUES (?, ?)", [(term, number) for term in rows.keys.terms])
    for table, found in zip(TABLES, rows[2:], strict=True):
        if found:
            marks = "?, " * len(next(iter(found)))
            many(f"INSERT INTO {table} VALUES ({marks}?)", [(number, *row) for row in found])


def take(connection: apsw.Connection, number: int, keys: Keys) -> None:
    """Take back all that a record was found by."""
    connection.executemany(
        "DELETE FROM posting WHERE term = ? AND record = ?", [(term, number) for term in keys.terms]
    )
    for table in TABLES:
        connection.execute(f"DELETE FROM {table} WHERE record = ?", (number,))


class _Making:
    """Rows in the making, for one resource. A row of the index that came before is remembered with its numbers."""

    def __init__(self, interned: Interned, resource_type: str, index: IndexValues) -> None:
        self.interned = interned
        self.type = resource_type
        self.type_no = interned.type(resource_type)
        self.index = index
        self.elsewhere = stored_elsewhere(resource_type)
        self.params: set[int] = set()
        self.known: dict[Any, Any] = interned.of_type(resource_type)

    def rows(self) -> Rows:
        terms = self._terms()
        length, spans = self._spans()
        amounts, pairs, positions = self._amounts(), self._pairs(), self._positions()
        return Rows(Keys(tuple(self.params), tuple(terms)), length, spans, amounts, pairs, positions)

    def _spans(self) -> tuple[int, frozenset[Row]]:
        """The main date's length, and the spans that the record's row does not tell."""
        if not self.index.dates:
            return ELSEWHERE, NONE
        length = main_length(self.type, self.index)
        main = main_parameter(self.type) if length != ELSEWHERE else None
        kept = [one for one in self.index.dates if self._kept(one[0]) and one[0] != main]
        return length, frozenset((self._param(name), low, high) for name, low, high in kept)

    def _kept(self, name: str) -> bool:
        """Whether rows of a parameter are written. That it has a value is noted either way."""
        self.params.add(self._param(name))
        return name not in self.elsewhere

    def _param(self, name: str) -> int:
        number: int | None = self.known.get(name)
        if number is None:
            number = self.known[name] = self.interned.param(self.type_no, name)
        return number

    def _terms(self) -> set[int]:
        index, known = self.index, self.known
        found = [known.get(row) or self._remembered(row, self._token(*row)) for row in index.tokens]
        found += [known.get(row) or self._remembered(row, self._reference(*row)) for row in index.references]
        if index.strings:
            exact = [one for one in index.tokens if one[0].endswith(EXACT)]
            spelled = {(name[: -len(EXACT)], fold(code)) for name, _, code in exact}
            texts = [text for text in index.strings if text not in spelled]
            found += [known.get(text) or self._remembered(text, self._term(*text, "")) for text in texts]
        self.params.update(param for param, _ in found)
        return {term for _, term in found if term is not None}

    def _remembered(self, row: Any, made: tuple[int, int | None]) -> tuple[int, int | None]:
        self.known[row] = made
        return made

    def _token(self, name: str, system: str | None, code: str) -> tuple[int, int | None]:
        if name.endswith(EXACT):
            folded = fold(code)
            return self._term(name.removesuffix(EXACT), folded, "" if folded == code else code)
        return self._term(name, code, system or "")

    def _reference(self, name: str, kind: str, key: str) -> tuple[int, int | None]:
        return self._term(name, key, kind)

    def _term(self, name: str, code: str, system: str) -> tuple[int, int | None]:
        """The number of the parameter that has a value, and of the term; no term where another parameter's tells it.
        `combo-code:text` is kept where `combo-code` is, but `patient:identifier` though `patient` is not, since a
        reference to an identifier says its type apart."""
        base, _, modifier = name.partition(":")
        has = self._param(base)
        if base in self.elsewhere and modifier in {"", "text"}:
            return has, None
        return has, self.interned.term(self._param(name), code, system)

    def _amounts(self) -> frozenset[Row]:
        if not self.index.numbers and not self.index.quantities:
            return NONE
        rows: set[Row] = {
            (self._param(name), 0, low, high) for name, low, high in self.index.numbers if self._kept(name)
        }
        asked = [one for one in self.index.quantities if self._kept(one[0])]
        for name, unit, low, high in _said_once(asked):
            rows.add((self._param(name), self._unit(name, unit), low, high))
        return frozenset(rows)

    def _unit(self, name: str, unit: str) -> int:
        return self._number(f"{name}#unit", unit, "") if unit else 0

    def _number(self, name: str, code: str, system: str) -> int:
        """The number of a term that no posting names."""
        row = (name, code, system, "")
        number: int | None = self.known.get(row)
        if number is None:
            number = self.known[row] = self.interned.term(self._param(name), code, system)
        return number

    def _pairs(self) -> frozenset[Row]:
        if not self.index.composites:
            return NONE
        groups = [(name, *components) for name, components in self.index.composites if self._kept(name)]
        return frozenset(self._pair(*group) for group in _groups_said_once(groups))

    def _pair(self, name: str, *components: tuple[Any, ...]) -> Row:
        """Numbers of two terms or units, and two ranges, each in the order in which the components give them."""
        terms, ranges = [0, 0], [0.0] * 4
        at = 0
        for place, (kind, *said) in enumerate(components):
            match kind:
                case "token":
                    terms[place] = self._component(name, place, said[1], said[0] or "")
                case "reference":
                    terms[place] = self._component(name, place, said[1], said[0])
                case "string":
                    terms[place] = self._component(name, place, said[0], "")
                case _:
                    if kind == "quantity":
                        terms[place] = self._unit(name, said[0])
                    ranges[at : at + 2] = said[-2:]
                    at += 2
        return (self._param(name), *terms, *ranges)

    def _component(self, name: str, place: int, code: str, system: str) -> int:
        return self._number(f"{name}${place + 1}", code, system)

    def _positions(self) -> frozenset[Row]:
        if not self.index.positions:
            return NONE
        found = [one for one in self.index.positions if self._kept(one[0])]
        return frozenset((self._param(name), latitude, longitude) for name, latitude, longitude in found)


def _said_once(rows: Iterable[tuple[str, str, float, float]]) -> Iterable[tuple[str, str, float, float]]:
    """Quantities without those of any unit that are told by one as it was given, under the unit `|TEXT`."""
    all_of = list(rows)
    given = {(name, low, high) for name, unit, low, high in all_of if unit.startswith("|")}
    return (row for row in all_of if row[1] or (row[0], *row[2:]) not in given)


def _groups_said_once(groups: list[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    """Groups without those whose quantity of any unit is told by another one, under the unit `|TEXT`."""

    def bare(group: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple((one[0], *one[2:]) if one[0] == "quantity" else one for one in group)

    def units(group: tuple[Any, ...]) -> list[str]:
        return [one[1] for one in group[1:] if one[0] == "quantity"]

    given = {bare(group) for group in groups if any(unit.startswith("|") for unit in units(group))}
    return (group for group in groups if "" not in units(group) or bare(group) not in given)
