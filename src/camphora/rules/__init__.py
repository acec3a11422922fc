"""Statutory figures: dated rows with their source, asked by the day they are in force.

    rules = Rules.load(Path("rules/nurse_ratio.csv"))
    rules.on("2024-03-01").value("nurse_ratio", level="醫學中心", shift="day")   # Decimal("6")

A file has the columns `name, value, unit, valid_from, valid_to, source, source_date, note`; every other column is a
stratum. `valid_to` is the last day in force; empty means until further notice. Two rows of one name and stratum may
leave a gap between them but never overlap.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from camphora.errors import Faults, Invalid, NotFound, Place

COLUMNS = ("name", "value", "unit", "valid_from", "valid_to", "source", "source_date", "note")
Strata = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One figure with its time and source. `place` is the row that says so."""

    name: str
    strata: Mapping[str, str]
    value: Decimal
    unit: str
    valid_from: dt.date
    valid_to: dt.date | None
    source: str
    source_date: dt.date | None = None
    note: str = ""
    place: Place = field(default_factory=Place, compare=False)

    @property
    def key(self) -> tuple[str, Strata]:
        return self.name, frozenset(self.strata.items())

    def holds(self, day: dt.date) -> bool:
        """Whether the figure is in force on the day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def meets(self, other: Rule) -> bool:
        """Whether there is a day on which both are in force."""
        first, second = (self, other) if self.valid_from <= other.valid_from else (other, self)
        return first.valid_to is None or second.valid_from <= first.valid_to


@dataclass(frozen=True, slots=True)
class InForce:
    """The figures of one day."""

    rules: Rules
    day: dt.date

    def find(self, name: str, **strata: str) -> Rule | None:
        """The rule in force, or None; unknown names and strata raise NotFound rules-unknown."""
        return next((rule for rule in self.rules.history(name, **strata) if rule.holds(self.day)), None)

    def rule(self, name: str, **strata: str) -> Rule:
        """The rule in force. Raises NotFound rules-none-in-force on a day within a gap."""
        found = self.find(name, **strata)
        if found is None:
            raise NotFound("rules-none-in-force", name=name, strata=_said(strata), day=self.day.isoformat())
        return found

    def value(self, name: str, **strata: str) -> Decimal:
        """The figure in force; as `rule`."""
        return self.rule(name, **strata).value


class Rules:
    """Dated figures, checked to be without overlap."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_key: dict[tuple[str, Strata], list[Rule]] = {}
        for rule in rules:
            self._by_key.setdefault(rule.key, []).append(rule)
        for found in self._by_key.values():
            found.sort(key=lambda rule: rule.valid_from)
        if faults := list(self._overlaps()):
            raise Faults(faults)

    @classmethod
    def load(cls, *paths: Path) -> Rules:
        """The rules of CSV files. Raises Faults with every fault of all of them, each with its line."""
        rules, faults = [], []
        for path in paths:
            found, bad = read(path.read_text("utf-8-sig"), path.name)
            rules += found
            faults += bad
        if faults:
            raise Faults(faults)
        return cls(rules)

    def __iter__(self) -> Iterator[Rule]:
        return (rule for rules in self._by_key.values() for rule in rules)

    def on(self, day: dt.date | str) -> InForce:
        """The figures of a day (a date or its ISO text)."""
        return InForce(self, dt.date.fromisoformat(day) if isinstance(day, str) else day)

    def history(self, name: str, **strata: str) -> list[Rule]:
        """All rules of a name and stratum, the oldest first. Raises NotFound rules-unknown."""
        found = self._by_key.get((name, frozenset(strata.items())))
        if found is None:
            raise NotFound("rules-unknown", name=name, strata=_said(strata))
        return found

    def _overlaps(self) -> Iterator[Invalid]:
        for (name, strata), rules in self._by_key.items():
            last = rules[0]
            for rule in rules[1:]:
                if last.meets(rule):
                    facts = {"name": name, "strata": _said(dict(strata)), "line": last.place.line}
                    yield Invalid("rules-overlap", place=rule.place, **facts)
                last = max(last, rule, key=lambda one: one.valid_to or dt.date.max)


def read(text: str, file: str) -> tuple[list[Rule], list[Invalid]]:
    """The rules in a CSV text and the faults of the rows that are none."""
    reader = csv.DictReader(io.StringIO(text))
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        return [], [Invalid("rules-column", place=Place(file, 1), column=column) for column in missing]
    rules: list[Rule] = []
    faults: list[Invalid] = []
    for row in reader:
        try:
            rules.append(_rule(row, Place(file, reader.line_num)))
        except Invalid as fault:
            faults.append(fault)
    return rules, faults


def _rule(row: Mapping[str, str], place: Place) -> Rule:
    cells = {key: (cell or "").strip() for key, cell in row.items() if isinstance(key, str)}
    if len(cells) != len(row) or not cells["name"] or not cells["source"]:
        raise Invalid("rules-row", place=place)
    valid_from, valid_to = _day(cells, "valid_from", place), _day(cells, "valid_to", place)
    if valid_from is None or (valid_to is not None and valid_to < valid_from):
        raise Invalid("rules-dates", place=place, column="valid_from")
    return Rule(
        cells["name"],
        {key: cell for key, cell in cells.items() if key not in COLUMNS and cell},
        _number(cells["value"], place),
        cells["unit"],
        valid_from,
        valid_to,
        cells["source"],
        _day(cells, "source_date", place),
        cells["note"],
        place,
    )


def _day(cells: Mapping[str, str], column: str, place: Place) -> dt.date | None:
    try:
        return dt.date.fromisoformat(cells[column]) if cells[column] else None
    except ValueError:
        raise Invalid("rules-dates", place=place, column=column) from None


def _number(text: str, place: Place) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Invalid("rules-value", place=place) from None
    if not value.is_finite():
        raise Invalid("rules-value", place=place)
    return value


def _said(strata: Mapping[str, str]) -> str:
    return "、".join(f"{key}={value}" for key, value in sorted(strata.items())) or "–"
