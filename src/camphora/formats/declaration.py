"""A table's declaration (`tables/*.toml`): its columns, key, licence, source, date and readers; and rows held to it.

    declaration = TableDeclaration.load(Path("tables/nurse_ratio.toml"))
    rows, faults = declaration.check_rows(csv_rows(Path("ratios.csv"), required=declaration.headers))

A batch is judged whole: each bad row is located with line, column, code and remedy, and `bad_rows_csv` gives
those rows back as they came, to be mended and loaded again.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from camphora.errors import Faults, Invalid, Place
from camphora.fhir.taiwan import places
from camphora.formats import roc
from camphora.formats.csv_rows import Row, csv_rows
from camphora.formats.limits import Limits, Source
from camphora.formats.shape import shape
from camphora.formats.times import Times
from camphora.formats.toml_lines import Document, Key, check_shape, read_toml
from camphora.pages.counties import BY_CODE, COUNTIES

Kind = Literal["text", "integer", "decimal", "date", "month", "county"]
Value = str | int | float | None
MOST_KNOWN = 4096

_NAME = r"[a-z][a-z0-9_]*"
COLUMN_KEYS = {
    "key": Key(pattern=_NAME, means="the column's name in rows, views and downloads"),
    "label": Key("texts", means="what stands above the column"),
    "kind": Key(
        choices=("text", "integer", "decimal", "date", "month", "county"),
        means="dates and months are kept as ISO text, a county by its code (台北市, 臺北市 and 63000 are one)",
    ),
    "unit": Key("texts", required=False, means="beside the label"),
    "required": Key("boolean", required=False, means="an empty cell is a fault; false where it is left out"),
    "pattern": Key(required=False, means="a regular expression that the whole cell must match"),
    "choices": Key("list", required=False, means="the only values allowed"),
    "low": Key("integer", required=False, means="the smallest number allowed"),
    "empty": Key("texts", required=False, means="what an empty cell means, in words"),
    "source": Key(
        required=False, means="the column's name in the source's file; the key where it is left out"
    ),
}
TABLE_KEYS = {
    "name": Key(pattern=_NAME, means="equal to the file's name"),
    "title": Key("texts"),
    "note": Key("texts", required=False, means="limits and defects that a reader must know"),
    "key": Key("list", means="the columns that name a row; no two rows share them"),
    "adds": Key(
        required=False,
        pattern=_NAME,
        means="a column of whole numbers that is added up where rows of one file share the key; a fault otherwise",
    ),
    "whole": Key(
        "boolean",
        required=False,
        means="each file holds all rows there are, so that the newest stands alone; false where it is left out",
    ),
    "time": Key(
        "list",
        required=False,
        means="the column with the day or the month, or those with the year and the week: each file then speaks of "
        "its own last day, week or month that has ended",
    ),
    "weeks": Key(required=False, choices=("iso", "cdc", "taiwan"), means="how its weeks are numbered"),
    "person": Key(required=False, means="the column with the person, if rows are about persons"),
    "licence": Key(means="under which the data may be used"),
    "source": Key("texts", means="who published it"),
    "as_of": Key("date", means="the last day that the data which come with it speak of"),
    "readers": Key("list", means="`public`, or the roles that may read it"),
    "badge": Key(
        choices=("open", "example", "synthetic"), means="real open data, published example, or synthetic"
    ),
    "data": Key(required=False, means="the file that comes with it (CSV, may be gzipped)"),
    "columns": Key("tables", keys=COLUMN_KEYS),
}


@dataclass(frozen=True, slots=True)
class TableColumn:
    key: str
    label: Mapping[str, str]
    kind: Kind
    unit: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    pattern: str = ""
    choices: tuple[str, ...] = ()
    low: int | None = None
    empty: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    @property
    def header(self) -> str:
        """The column's name in the source's file."""
        return self.source or self.key

    def value(self, text: str, place: Place) -> Value:
        """The typed value of a cell, None for an empty one. Raises Invalid at `place`."""
        text = text.strip()
        if not text:
            if self.required:
                raise Invalid("formats-cell-empty", place=place, column=self.header)
            return None
        if (self.pattern and not re.fullmatch(self.pattern, text)) or (
            self.choices and text not in self.choices
        ):
            form = self.pattern or "、".join(self.choices)
            raise Invalid("formats-cell-form", place=place, column=self.header, shape=shape(text), form=form)
        return self._typed(text, place)

    def _typed(self, text: str, place: Place) -> Value:
        try:
            value: Value = _READ[self.kind](text)
        except Invalid as fault:
            raise Invalid(fault.code, place=place, **fault.facts) from None
        except ValueError:
            facts = {"column": self.header, "kind": self.kind, "shape": shape(text)}
            raise Invalid("formats-cell-kind", place=place, **facts) from None
        if self.low is not None and isinstance(value, (int, float)) and value < self.low:
            raise Invalid("formats-cell-low", place=place, column=self.header, low=self.low)
        return value


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?(\d+|\d{1,3}(,\d{3})+)", text, re.ASCII):
        raise ValueError
    return int(text.replace(",", ""))


def _decimal(text: str) -> float:
    if not re.fullmatch(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?", text, re.ASCII):
        raise ValueError
    return float(text.replace(",", ""))


def county(text: str) -> str:
    """The code of a county by its name of today or of before, with 臺 or 台, or by its code. Raises ValueError."""
    codes = _counties()
    if text not in codes:
        raise ValueError
    return codes[text]


@functools.cache
def _counties() -> Mapping[str, str]:
    today = {one.zh: one.code for one in COUNTIES}
    return {name: today[now] for name, now in places.counties().items()} | {code: code for code in BY_CODE}


_READ: Mapping[str, Any] = {
    "text": str,
    "integer": _integer,
    "decimal": _decimal,
    "date": roc.date,
    "month": roc.month,
    "county": county,
}


Known = list[tuple[TableColumn, str, str, dict[str, Value]]]
"""Column, its key, its header, and the values already read by their text."""


@dataclass(frozen=True, slots=True)
class TableDeclaration:
    """One kind of rows. `folder` is where the declaration lies and its data file is sought."""

    name: str
    title: Mapping[str, str]
    columns: tuple[TableColumn, ...]
    key: tuple[str, ...]
    licence: str
    source: Mapping[str, str]
    as_of: dt.date
    readers: tuple[str, ...]
    badge: Literal["open", "example", "synthetic"]
    person: str | None = None
    adds: str | None = None
    whole: bool = False
    time: tuple[str, ...] = ()
    weeks: str = ""
    note: Mapping[str, str] = field(default_factory=dict)
    data: str | None = None
    folder: Path = Path()

    @classmethod
    def load(cls, path: Path) -> TableDeclaration:
        """The declaration in a TOML file. Raises Faults with every fault of it, each with its line."""
        document = read_toml(path)
        if faults := check_declaration(document, path.stem):
            raise Faults(faults)
        return cls.of(document.data, path.parent)

    @classmethod
    def of(cls, data: Mapping[str, Any], folder: Path) -> TableDeclaration:
        plain = {key: value for key, value in data.items() if key != "columns"}
        columns = tuple(TableColumn(**_tuples(column)) for column in data["columns"])
        return cls(**_tuples(plain), columns=columns, folder=folder)

    @property
    def headers(self) -> tuple[str, ...]:
        """The column names that a file of this table must have."""
        return tuple(column.header for column in self.columns)

    @property
    def public(self) -> bool:
        return "public" in self.readers

    def column(self, key: str) -> TableColumn:
        return next(column for column in self.columns if column.key == key)

    def times(self) -> Times | None:
        """Which time its rows are about; None where it does not say."""
        if not self.time:
            return None
        return Times(self.time, [self.column(key).header for key in self.time], self.weeks)

    def through(self, rows: Iterable[Mapping[str, Value]], today: dt.date) -> dt.date:
        """The last day that rows speak of: of their last day, week or month that has ended before today; the
        declaration's where it names no time or none has ended."""
        times = self.times()
        return (times.through(rows, today) if times else None) or self.as_of

    def check(self, row: Row, known: Known | None = None) -> tuple[dict[str, Value], list[Invalid]]:
        """One row, typed by column key, and its faults; with faults the row is incomplete.

        `known` is kept from row to row: values already read once are not read again."""
        if row.fault:
            return {}, [row.fault]
        known = self._known() if known is None else known
        typed: dict[str, Value] = {}
        faults: list[Invalid] = []
        for column, key, header, values in known:
            text = row.cells[header]
            if text not in values:
                try:
                    value = column.value(text, Place(row.file, row.line, header))
                except Invalid as fault:
                    faults.append(fault)
                    continue
                if len(values) == MOST_KNOWN:
                    values.clear()
                values[text] = value
            typed[key] = values[text]
        return typed, faults

    def _known(self) -> Known:
        return [(column, column.key, column.header, {}) for column in self.columns]

    def check_rows(
        self, rows: Iterable[Row], today: dt.date | None = None
    ) -> tuple[list[dict[str, Value]], list[Invalid]]:
        """The good rows, typed, in order; and every fault. A key that came before is a fault unless the table `adds`
        such rows up; no rows at all are one. With `today` so is a time that has not come, or a week that is none."""
        good: dict[tuple[Value, ...], tuple[int, dict[str, Value]]] = {}
        faults: list[Invalid] = []
        file, known = self.name, self._known()
        times = self.times() if today else None
        for row in rows:
            file = row.file
            typed, bad = self.check(row, known)
            if times and today and not bad and (late := times.fault(typed, today, Place(row.file, row.line))):
                bad = [late]
            faults += bad
            if bad:
                continue
            key = tuple(typed[name] for name in self.key)
            first = good.setdefault(key, (row.line, typed))
            if first[1] is not typed:
                faults += self._doubled(first, typed, row)
        if not good and not faults:
            faults = [Invalid("formats-no-rows", place=Place(file), table=self.name)]
        return [typed for _, typed in good.values()], faults

    def _doubled(
        self, first: tuple[int, dict[str, Value]], typed: Mapping[str, Value], row: Row
    ) -> list[Invalid]:
        """Add a row to the first of its key; a fault where that may not be."""
        line, standing = first
        if self.adds is not None:
            standing[self.adds] = _sum(standing[self.adds], typed[self.adds])
            return []
        place = Place(row.file, row.line)
        return [Invalid("formats-row-doubled", place=place, key="、".join(self.key), first=line)]

    def read(self, source: Source, limits: Limits | None = None) -> Iterator[Row]:
        """The rows of a CSV file of this table, unchecked; columns beyond the declared ones are passed over."""
        return csv_rows(source, required=self.headers, limits=limits)

    def bundled(self) -> list[dict[str, Value]]:
        """The rows of the data file that comes with the declaration. Raises Faults if it breaks the declaration."""
        if self.data is None:
            return []
        good, faults = self.check_rows(self.read(self.folder / self.data))
        if faults:
            raise Faults(faults)
        return good


def _sum(one: Value, other: Value) -> Value:
    """Of two figures, of which an empty one adds nothing."""
    if isinstance(one, int) and isinstance(other, int):
        return one + other
    return one if other is None else other


def _tuples(column: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in column.items()}


def check_declaration(document: Document, name: str) -> list[Invalid]:
    """Every fault of a table's declaration: keys, translations, and names of columns that do not exist."""
    faults = check_shape(document, TABLE_KEYS)
    if faults:
        return faults
    data = document.data
    keys = [column["key"] for column in data["columns"]]
    if data["name"] != name:
        faults.append(
            Invalid("formats-table-name", place=document.place("name"), name=data["name"], file=name)
        )
    if len(data.get("time", ())) == 2 and "weeks" not in data:
        faults.append(Invalid("formats-key-missing", place=document.place("time"), key="weeks"))
    named = (data[name] for name in ("person", "adds") if name in data)
    for key in [*data["key"], *data.get("time", ()), *named]:
        if key not in keys:
            faults.append(Invalid("formats-column-unknown", place=document.place("key"), column=key))
    for index, key in enumerate(keys):
        if key in keys[:index]:
            faults.append(
                Invalid("formats-header-doubled", place=document.place("columns", index), column=key)
            )
    return faults


@functools.cache
def base_tables() -> Mapping[str, TableDeclaration]:
    """The tables that come with Camphora for every installation, by name: population and village codes."""
    folder = Path(str(files("camphora"))) / "tables"
    loaded = [TableDeclaration.load(path) for path in sorted(folder.glob("*.toml"))]
    return {table.name: table for table in loaded}
