"""The index rows of one record: made from its index values, put beside the record, and taken back.

The forms of the rows stand with their tables (sql/0011-form.sql). What another parameter's rows say too is left out
(`records.unions`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple, TypeVar

import apsw

from camphora.fhir.emit import IndexValues
from camphora.fhir.folding import fold
from camphora.records.keys import Keys
from camphora.records.spans import ELSEWHERE, main_length, main_parameter
from camphora.records.terms import Interned
from camphora.records.unions import stored_elsewhere

EXACT, UNIT = ":exact", "#unit"
NAMED = frozenset({"token", "reference", "string"})
"""The kinds of components that are terms; the others are ranges."""
R = TypeVar("R", bound=tuple[Any, ...])
Row = tuple[float, ...]
Group = tuple[Any, ...]
"""A composite's name and its components."""
NONE: frozenset[Row] = frozenset()
TABLES = ("span", "amount", "pair", "position")
"""Where rows are found by their record; postings are found by its keys."""
WIDTHS = {"span": 4, "amount": 5, "pair": 8, "position": 4}
"""Their columns, the record first."""


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
        kept = [one for one in self._kept(self.index.dates) if one[0] != main]
        return length, frozenset((self._param(name), low, high) for name, low, high in kept)

    def _kept(self, rows: Collection[R]) -> Collection[R]:
        """The rows of the parameters that are written. That each has a value is noted either way."""
        names = frozenset([row[0] for row in rows])
        known: tuple[frozenset[int], frozenset[str]] | None = self.known.get(names)
        if known is None:
            known = self.known[names] = frozenset(map(self._param, names)), names & self.elsewhere
        params, elsewhere = known
        self.params |= params
        return [row for row in rows if row[0] not in elsewhere] if elsewhere else rows

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
            (self._param(name), 0, low, high) for name, low, high in self._kept(self.index.numbers)
        }
        for name, unit, low, high in _said_once(self._kept(self.index.quantities)):
            rows.add((self._param(name), self._unit(name, unit), low, high))
        return frozenset(rows)

    def _unit(self, name: str, unit: str) -> int:
        if not unit:
            return 0
        key = (name, UNIT, unit, None)
        number: int | None = self.known.get(key)
        if number is None:
            number = self.known[key] = self._number(f"{name}{UNIT}", unit, "")
        return number

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
        rows: set[Row] = set()
        others, without_unit, given = [], [], set()
        for name, components in self._kept(self.index.composites):
            if len(components) != 2 or components[1][0] != "quantity" or components[0][0] not in NAMED:
                others.append((name, *components))
                continue
            first, (_, unit, low, high) = components
            said = (name, first, low, high)
            if not unit:
                without_unit.append(said)
                continue
            if unit[0] == "|":
                given.add(said)
            rows.add((*self._measured(name, first, unit), low, high, 0.0, 0.0))
        for said in without_unit:
            if said not in given:
                name, first, low, high = said
                rows.add((*self._measured(name, first, ""), low, high, 0.0, 0.0))
        rows.update(self._pair(*group) for group in _groups_said_once(others))
        return frozenset(rows)

    def _measured(self, name: str, first: tuple[Any, ...], unit: str) -> Row:
        """The numbers of a composite, of its first component and of the unit of its second, a quantity."""
        key = (name, first, unit)
        found: Row | None = self.known.get(key)
        if found is None:
            found = self.known[key] = self._pair(name, first, ("quantity", unit, 0.0, 0.0))[:3]
        return found

    def _pair(self, name: str, *components: tuple[Any, ...]) -> Row:
        """Numbers of two terms or units, and two ranges, each in the order in which the components give them."""
        terms, ranges = [0, 0], [0.0] * 4
        at = 0
        for place, one in enumerate(components):
            if one[0] in NAMED:
                terms[place] = self._component(name, place, one)
            else:
                if one[0] == "quantity":
                    terms[place] = self._unit(name, one[1])
                ranges[at : at + 2] = one[-2:]
                at += 2
        return (self._param(name), *terms, *ranges)

    def _component(self, name: str, place: int, one: tuple[Any, ...]) -> int:
        """The number of a component that is a term."""
        number: int | None = self.known.get((name, place, one))
        if number is None:
            system, code = ("", one[1]) if one[0] == "string" else (one[1] or "", one[2])
            number = self.known[name, place, one] = self._number(f"{name}${place + 1}", code, system)
        return number

    def _positions(self) -> frozenset[Row]:
        if not self.index.positions:
            return NONE
        found = self._kept(self.index.positions)
        return frozenset((self._param(name), latitude, longitude) for name, latitude, longitude in found)


def _said_once(rows: Iterable[tuple[str, str, float, float]]) -> Iterable[tuple[str, str, float, float]]:
    """Quantities without those of any unit that are told by one as it was given, under the unit `|TEXT`."""
    all_of = list(rows)
    given = {(name, low, high) for name, unit, low, high in all_of if unit.startswith("|")}
    return (row for row in all_of if row[1] or (row[0], *row[2:]) not in given)


def _groups_said_once(groups: list[Group]) -> list[Group]:
    """Groups without those whose quantity of any unit is told by another one, under the unit `|TEXT`."""
    units = [[one[1] for one in group[1:] if one[0] == "quantity"] for group in groups]
    if not any("" in said for said in units):
        return groups
    given = {
        _bare(group)
        for group, said in zip(groups, units, strict=True)
        if any(unit.startswith("|") for unit in said)
    }
    return [
        group
        for group, said in zip(groups, units, strict=True)
        if "" not in said or _bare(group) not in given
    ]


def _bare(group: Group) -> Group:
    """A group without its units."""
    return tuple((one[0], *one[2:]) if one[0] == "quantity" else one for one in group)
