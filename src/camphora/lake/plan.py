"""From a question to SQL: declared names only, every value bound, each source read through its true parts.

base   one row per row of the source: p (person), d0, d1, … (dimensions), v (value), w (whether the filters hold)
cell   one row per dimensions and person, with its rows and the person's own mean: a temporary table, which
       gives both the answer and the cohort for the receipt
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyroaring import BitMap

from camphora.errors import Forbidden, Invalid
from camphora.lake.duckdb import quoted
from camphora.lake.question import Between, By, Either, Filter, Has, Is, Missing, Not, Question
from camphora.lake.sources import AREA, NOTIFIABLE, PERSON, Kind, Source

Find = Callable[[str], Source]


@dataclass(frozen=True, slots=True)
class Paths:
    """The parts that a question reads of a source, as paths: those as they are, those without some persons, and
    those of some persons alone. Persons are named by a bitmap, or by a table that holds them.

    `areas`: first and last of each to which the reader is limited, None for no limit; `homes`: parts that tell where
    persons live, for a source that does not. `seen`: persons to whom the reader is limited by place. `notifiable`:
    only rows of notifiable records.
    """

    plain: Sequence[str] = ()
    guarded: Sequence[str] = ()
    left_out: BitMap | str = ""
    withheld: Sequence[str] = ()
    admitted: BitMap | str = ""
    areas: Sequence[tuple[int, int]] | None = None
    homes: Sequence[str] = ()
    seen: BitMap | str | None = None
    notifiable: bool = False


Files = Callable[[str], Paths]
"""From a source's name to the parts that are read of it."""

_PYTHON: dict[Kind, tuple[type, ...]] = {
    "text": (str,),
    "date": (str,),
    "integer": (int,),
    "decimal": (int, float),
    "boolean": (bool,),
}
_CUTS = {"": 0, "year": 4, "month": 7}


@dataclass(slots=True)
class Plan:
    """Composes statements for one question; `values` are what they bind, `used` the sources that they read."""

    find: Find
    files: Files
    values: dict[str, Any] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    attributes: bool = False

    def base(self, question: Question) -> str:
        """The statement of `base`."""
        source = self.find(question.source)
        wanted = self.all_of(question.where, source)
        dimensions = [f"{self._dimension(by, source)} AS d{at}" for at, by in enumerate(question.by)]
        value = f"{self._measured(question, source)} AS v"
        person = f"s.{PERSON} AS p" if source.about_persons else "NULL::BIGINT AS p"
        columns = ", ".join([person, *dimensions, value, f"coalesce({wanted}, false) AS w"])
        return f"SELECT {columns} FROM {self._joined(source)}"

    def rows(self, source: Source, columns: Sequence[str], where: Sequence[Filter]) -> str:
        """The rows of a table that is about no person, in the order of its key."""
        chosen = ", ".join(f"s.{quoted(source.column(key).key)}" for key in columns)
        condition = self.all_of(where, source)
        order = ", ".join(f"s.{quoted(key)}" for key in (source.table.key if source.table else ()))
        return f"SELECT {chosen} FROM {self._parts(source)} s WHERE {condition} ORDER BY {order or 1}"

    def all_of(self, filters: Sequence[Filter], source: Source) -> str:
        return " AND ".join(self._filter(item, source) for item in filters) or "true"

    def _joined(self, source: Source) -> str:
        """The source's rows as s, with their persons' attributes as a where a column asks for them."""
        rows = f"{self._parts(source)} s"
        if self.attributes:
            rows += f" LEFT JOIN {self._parts(self.find(PERSON))} a ON a.{PERSON} = s.{PERSON}"
        return rows

    def _parts(self, source: Source) -> str:
        """The rows of a source that may be read, as a relation: law and choice stand here, inside the statement."""
        self.used.add(source.name)
        paths = self.files(source.name)
        limits = self._limits(paths)
        sides = [
            (paths.plain, []),
            (paths.guarded, [f"{PERSON} NOT IN ({self._persons(paths.left_out)})"] if paths.guarded else []),
            (paths.withheld, [f"{PERSON} IN ({self._persons(paths.admitted)})"] if paths.withheld else []),
        ]
        found = [self._read(files) + _where([*limits, *own]) for files, own in sides if files]
        if not found:
            empty = ", ".join(f"NULL::{kind} AS {quoted(name)}" for name, kind in source.declared.items())
            found.append(f"SELECT {empty} WHERE false")
        return f"({' UNION ALL '.join(found)})"

    def _limits(self, paths: Paths) -> list[str]:
        """To which rows the reader is limited by duty."""
        found = []
        if paths.areas is not None:
            areas = " OR ".join(f"{AREA} BETWEEN {int(low)} AND {int(high)}" for low, high in paths.areas)
            within = f"({areas or 'false'})"
            living = f"SELECT {PERSON} FROM ({self._read(paths.homes)}) WHERE {within}" if paths.homes else ""
            found.append(f"{PERSON} IN ({living})" if living else within)
        if paths.seen is not None:
            found.append(f"{PERSON} IN ({self._persons(paths.seen)})")
        if paths.notifiable:
            found.append(NOTIFIABLE)
        return found

    def _read(self, paths: Iterable[str]) -> str:
        return f"SELECT * FROM read_parquet({self._bind(list(paths))})"

    def _persons(self, persons: BitMap | str) -> str:
        if isinstance(persons, str):
            return f"SELECT {PERSON} FROM {quoted(persons)}"
        return f"SELECT unnest({self._bind(list(persons))}::BIGINT[])"

    def _bind(self, value: Any) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"${name}"

    def _column(self, name: str, source: Source) -> tuple[str, Kind]:
        """A column as SQL, with its kind."""
        prefix, _, key = name.rpartition(".")
        if not prefix:
            return f"s.{quoted(key)}", source.column(key).kind
        if prefix != PERSON or not source.about_persons:
            raise Invalid("lake-column-unknown", column=name, source=source.name)
        kind = self.find(PERSON).column(key).kind
        self.attributes = self.attributes or source.name != PERSON
        return f"{'s' if source.name == PERSON else 'a'}.{quoted(key)}", kind

    def _dimension(self, by: By, source: Source) -> str:
        column, kind = self._column(by.column, source)
        if by.cut:
            if kind != "date":
                raise Invalid("lake-cut", column=by.column, kind=kind)
            return f"left({column}, {_CUTS[by.cut]})"
        if by.band:
            if kind not in {"integer", "decimal"} or by.band < 1:
                raise Invalid("lake-cut", column=by.column, kind=kind)
            return f"TRY_CAST(floor({column} / {int(by.band)}) * {int(by.band)} AS BIGINT)"
        return column

    def _measured(self, question: Question, source: Source) -> str:
        measure = question.measure
        if measure.kind == "total" and source.about_persons:
            raise Forbidden("lake-total-of-persons", source=source.name)
        if measure.kind == "persons" and not source.about_persons:
            raise Invalid("lake-no-persons", source=source.name)
        if measure.kind in {"persons", "rows"}:
            return "NULL::DOUBLE"
        column, kind = self._column(measure.column, source)
        if kind not in {"integer", "decimal"}:
            raise Invalid("lake-measure", column=measure.column, kind=kind)
        return column

    def _filter(self, item: Filter, source: Source) -> str:
        match item:
            case Is(name, values):
                column = self._compared(name, source, values)
                return f"list_contains({self._bind(list(values))}, {column})" if values else "false"
            case Between(name, low, high):
                return self._between(name, source, low, high)
            case Missing(name):
                return f"{self._column(name, source)[0]} IS NULL"
            case Has(name, where):
                return self._has(name, where, source)
            case Not(inner):
                return f"NOT coalesce({self._filter(inner, source)}, false)"
            case Either(of):
                return "(" + (" OR ".join(self._filter(inner, source) for inner in of) or "false") + ")"

    def _compared(self, name: str, source: Source, values: Sequence[object]) -> str:
        column, kind = self._column(name, source)
        for value in values:
            if not isinstance(value, _PYTHON[kind]) or (isinstance(value, bool) and kind != "boolean"):
                raise Invalid("lake-filter-kind", column=name, kind=kind)
        return column

    def _between(self, name: str, source: Source, low: Any, high: Any) -> str:
        column = self._compared(name, source, [value for value in (low, high) if value is not None])
        sides = []
        if low is not None:
            sides.append(f"{column} >= {self._bind(low)}")
        if high is not None:
            end = f"left({column}, {len(high)})" if isinstance(high, str) else column
            sides.append(f"{end} <= {self._bind(high)}")
        return "(" + (" AND ".join(sides) or "true") + ")"

    def _has(self, name: str, where: Sequence[Filter], source: Source) -> str:
        inner = self.find(name)
        if not (source.about_persons and inner.about_persons):
            raise Invalid("lake-no-persons", source=name if source.about_persons else source.name)
        if any("." in column for column in _names(where)):
            raise Invalid("lake-column-unknown", column="person.", source=name)
        rows = Plan(self.find, self.files, self.values, self.used)
        condition = rows.all_of(where, inner)
        return f"s.{PERSON} IN (SELECT s.{PERSON} FROM {rows._parts(inner)} s WHERE {condition})"


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _names(filters: Sequence[Filter]) -> list[str]:
    """The columns that filters name, those inside Not and Either too."""
    found: list[str] = []
    for item in filters:
        match item:
            case Is(name) | Between(name) | Missing(name):
                found.append(name)
            case Not(inner):
                found += _names([inner])
            case Either(of):
                found += _names(of)
            case Has():
                pass
    return found


def cells(base: str, dimensions: int, *, measured: bool) -> tuple[str, str]:
    """The statements of the temporary table `cell`, and of the answer's cells over it."""
    keys = [f"d{at}" for at in range(dimensions)]
    inner = ", ".join([*keys, "p", "count(*) AS rows", "avg(v) AS mean"])
    wanted = "w AND v IS NOT NULL" if measured else "w"
    per_person = f"CREATE TEMP TABLE cell AS SELECT {inner} FROM ({base}) WHERE {wanted} GROUP BY ALL"
    outer = ", ".join([*keys, "count(*)", "sum(rows)::BIGINT", "max(rows)", "avg(mean)"])
    return per_person, f"SELECT {outer} FROM cell{_grouped(keys)}"


def plain(base: str, dimensions: int, kind: str) -> str:
    """The statement of the answer itself, over a source without persons."""
    keys = [f"d{at}" for at in range(dimensions)]
    measure = {"rows": "count(*)", "mean": "avg(v)", "total": "sum(v)"}[kind]
    order = f" ORDER BY {', '.join(keys)}" if keys else ""
    return f"SELECT {', '.join([*keys, measure])} FROM ({base}) WHERE w{_grouped(keys)}{order}"


def domain(base: str, at: int) -> str:
    """The values of a dimension with the persons who have them, whatever the filters say."""
    return f"SELECT d{at}, count(DISTINCT p) FROM ({base}) GROUP BY d{at}"


def _grouped(keys: Sequence[str]) -> str:
    return f" GROUP BY {', '.join(keys)}" if keys else ""
