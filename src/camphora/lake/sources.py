"""What can be asked: views over records and declared tables, under one kind of name with typed columns."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import orjson

from camphora.errors import Invalid
from camphora.fhir.dates import ZONE, span
from camphora.formats.declaration import TableDeclaration
from camphora.lake.view import View

Kind = Literal["text", "integer", "decimal", "boolean", "date"]
"""Dates are ISO text of the precision that they came with, as the calendar day in Taiwan."""
PERSON = "person"
"""The column with the dense person number, in each source about persons; it is never exported."""
AREA, NOTIFIABLE = "_area", "_notifiable"
"""Columns of each view by which rows are reached and which no question names: where the person lives now, as the store
numbers areas, and whether the row's record is a notifiable one (of a Patient: whether any of the person's is)."""
RECORD = "_record"
"""The column of each view with the number of the row's record, by which its rows are found when it changes."""
FORM = 3
"""Grows with the inner columns of parts."""

SQL: Mapping[Kind, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "VARCHAR",
}
_FHIR: Mapping[str, Kind] = {
    "boolean": "boolean",
    "integer": "integer",
    "positiveInt": "integer",
    "unsignedInt": "integer",
    "integer64": "integer",
    "decimal": "decimal",
    "date": "date",
    "dateTime": "date",
    "instant": "date",
}
_TABLE: Mapping[str, Kind] = {
    "text": "text",
    "integer": "integer",
    "decimal": "decimal",
    "date": "date",
    "month": "date",
    "county": "text",
}
_EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class SourceColumn:
    key: str
    kind: Kind
    label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Source:
    """A view or a table. `types` are the record types that it shows, the table's name where it is a table;
    `about_persons` where its rows carry the person number; `form` changes whenever its parts must be remade."""

    name: str
    title: Mapping[str, str]
    columns: tuple[SourceColumn, ...]
    about_persons: bool
    form: str
    view: View | None = None
    table: TableDeclaration | None = None

    @property
    def types(self) -> tuple[str, ...]:
        return (self.view.resource if self.view else self.name,)

    @property
    def declared(self) -> dict[str, str]:
        """The columns of its parts with their SQL types, the inner ones first."""
        own = {column.key: SQL[column.kind] for column in self.columns}
        inner = {PERSON: "BIGINT"}
        if self.view:
            inner |= {RECORD: "BIGINT", AREA: "BIGINT", NOTIFIABLE: "BOOLEAN"}
        return inner | own if self.about_persons else own

    def column(self, key: str) -> SourceColumn:
        for column in self.columns:
            if column.key == key:
                return column
        raise Invalid("lake-column-unknown", column=key, source=self.name)


def view_source(definition: Mapping[str, Any]) -> Source:
    """A ViewDefinition as a source. Columns that hold lists, or that take the person's name, are refused."""
    view = View.of(definition)
    if any(column.collection or column.name == PERSON for column in view.columns):
        raise Invalid("lake-view-columns", view=view.name)
    columns = tuple(
        SourceColumn(column.name, _FHIR.get(column.type, "text"), column.label) for column in view.columns
    )
    form = orjson.dumps(definition, option=orjson.OPT_SORT_KEYS).decode()
    return Source(view.name, view.title, columns, about_persons=True, form=form, view=view)


def table_source(table: TableDeclaration) -> Source:
    """A declared table as a source; the column that names the person gives way to the person number."""
    columns = tuple(
        SourceColumn(column.key, _TABLE[column.kind], column.label)
        for column in table.columns
        if column.key != table.person
    )
    named = [(column.key, column.kind) for column in columns]
    form = repr((table.name, named, table.key, table.person, *(["whole"] if table.whole else [])))
    return Source(table.name, table.title, columns, table.person is not None, form, table=table)


@cache
def base_views() -> tuple[Mapping[str, Any], ...]:
    """The ViewDefinitions that come with Camphora, by name."""
    folder = files("camphora.lake") / "views"
    found = [orjson.loads(item.read_bytes()) for item in folder.iterdir() if item.name.endswith(".json")]
    return tuple(sorted(found, key=lambda definition: str(definition["name"])))


def digest(sources: Iterable[Source], span_of_range: int) -> str:
    """Names the whole form of the parts: other views, tables or ranges have another digest."""
    forms = sorted(source.form for source in sources)
    return hashlib.blake2b(repr((FORM, span_of_range, forms)).encode(), digest_size=12).hexdigest()


def day(text: str) -> str:
    """A FHIR date, dateTime or instant as the day in Taiwan; a partial date stays partial."""
    if len(text) <= 10:
        return text
    if text.endswith("+08:00"):
        return text[:10]
    return (_EPOCH + dt.timedelta(milliseconds=span(text)[0] + ZONE)).isoformat()
