"""A table of a page as a file: CSV, Excel, JSON, Parquet. All from the same typed rows, all with their origin.

CSV is UTF-8 with a byte-order mark (as Excel expects it) after RFC 4180; kind, date and source of the data stand
in columns of their own, so that every row keeps them when files are sorted and joined. Text that a spreadsheet
would run as a formula gets an apostrophe before it (OWASP, CSV injection); `readable` takes it away again.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from camphora.errors import Lang, NotFound
from camphora.pages import Badge, Bars, Cell, Column, CountyMap, LineChart, PointMap, Ranked, Table, View

MARK = "\ufeff"
RUNS = ("=", "+", "-", "@", "\t", "\r")
"""First signs that make a spreadsheet run a text."""
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
BADGES: Mapping[Badge, Mapping[Lang, str]] = {
    "open": {"zh-TW": "真實開放資料", "en": "real open data"},
    "example": {"zh-TW": "公開範例", "en": "published example"},
    "synthetic": {"zh-TW": "合成資料（非真實個資）", "en": "synthetic data (no real person)"},
}
FACTS: Mapping[str, Mapping[Lang, str]] = {
    "title": {"zh-TW": "標題", "en": "Title"},
    "kind": {"zh-TW": "資料性質", "en": "Kind of data"},
    "as_of": {"zh-TW": "資料截至", "en": "Data as of"},
    "source": {"zh-TW": "來源", "en": "Source"},
    "licence": {"zh-TW": "授權", "en": "Licence"},
    "note": {"zh-TW": "說明", "en": "Note"},
    "address": {"zh-TW": "網址", "en": "Address"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a file says about itself."""

    title: str
    badge: Badge | None = None
    as_of: str = ""
    source: str = ""
    licence: str = ""
    note: str = ""
    address: str = ""

    def facts(self, lang: Lang) -> dict[str, str]:
        """Key and text of what is known, the badge in words, in reading order."""
        kind = BADGES[self.badge][lang] if self.badge else ""
        known = {
            "title": self.title, "kind": kind, "as_of": self.as_of, "source": self.source,
            "licence": self.licence, "note": self.note, "address": self.address,
        }  # fmt: skip
        return {key: text for key, text in known.items() if text}


def named_table(view: View) -> Table:
    """The table that a view offers for download: a block of that name, or the table of such a picture."""
    for block in view.blocks:
        table = block.table if isinstance(block, LineChart | Bars | CountyMap | PointMap | Ranked) else block
        if isinstance(table, Table) and view.downloads in (table.name, getattr(block, "name", None)):
            return table
    raise NotFound("pages-no-such-table", name=view.downloads or view.name)


def origin_of(view: View, table: Table, *, licence: str = "", address: str = "") -> Origin:
    """The origin of a view's table: title, badge, date and source from the view, the note from the table."""
    title = view.title if table.title == view.title else f"{view.title} {table.title}"
    return Origin(
        title=title, badge=view.badge, as_of=view.as_of, source=view.source, licence=licence,
        note=table.note, address=address,
    )  # fmt: skip


def encode(form: str, table: Table, origin: Origin, lang: Lang) -> bytes:
    """The file in form csv, xlsx, json or parquet. Raises NotFound `pages-no-such-form`."""
    if form not in WRITERS:
        raise NotFound("pages-no-such-form", form=form)
    return WRITERS[form](table, origin, lang)


def file_name(table: Table, origin: Origin, form: str) -> str:
    """A plain name that says when data are synthetic: nurse-ratio.csv, visits-synthetic.csv."""
    return f"{table.name}{'-synthetic' if origin.badge == 'synthetic' else ''}.{form}"


def safe(value: Cell) -> Cell:
    """A cell that no spreadsheet runs: text that begins like a formula, or with an apostrophe, gets one before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith((*RUNS, "'")) else value


def readable(text: str) -> str:
    """What `safe` was given."""
    return text.removeprefix("'")


def as_csv(table: Table, origin: Origin, lang: Lang) -> bytes:
    """One header row of labels, then the rows, each with what is known of its origin."""
    facts = {key: text for key, text in origin.facts(lang).items() if key in ("kind", "as_of", "source")}
    tail = [safe(text) for text in facts.values()]
    sheet = StringIO(newline="")
    writer = csv.writer(sheet, lineterminator="\r\n")
    writer.writerow([*(safe(column.label) for column in table.columns), *(FACTS[key][lang] for key in facts)])
    for row in table.rows:
        writer.writerow([*(_plain(row.get(column.key)) for column in table.columns), *tail])
    return (MARK + sheet.getvalue()).encode()


def _plain(value: Cell) -> Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    return safe(value)


def as_json(table: Table, origin: Origin, lang: Lang) -> bytes:
    """{"about": {...}, "columns": [...], "rows": [...]}: rows by column key, values typed."""
    columns = [{"key": c.key, "label": c.label, "kind": c.kind, "unit": c.unit} for c in table.columns]
    rows = [{c.key: row.get(c.key) for c in table.columns} for row in table.rows]
    body = {"about": origin.facts(lang), "columns": columns, "rows": rows}
    return json.dumps(body, ensure_ascii=False, indent=1).encode()


FORMATS = {
    "integer": "#,##0",
    "percent": "0.0%",
    "date": "yyyy-mm-dd",
    "decimal": "#,##0.0##",
    "ratio": '"1:"0.##',
}


def as_excel(table: Table, origin: Origin, lang: Lang) -> bytes:
    """A sheet of typed cells with a header that stays, and a sheet 說明 (About) with the origin."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "資料" if lang == "zh-TW" else "Data"
    _fill(sheet, table)
    about = book.create_sheet("說明" if lang == "zh-TW" else "About")
    for number, (key, text) in enumerate(origin.facts(lang).items(), 1):
        _put(about, number, 1, FACTS[key][lang])
        _put(about, number, 2, text)
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 16, 72
    book.properties.title = origin.title
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def _fill(sheet: Worksheet, table: Table) -> None:
    ground, letters = PatternFill("solid", fgColor="E4EFE9"), Font(bold=True, color="1D5C49")
    for k, column in enumerate(table.columns, 1):
        _put(sheet, 1, k, f"{column.label} ({column.unit})" if column.unit else column.label)
        head = sheet.cell(1, k)
        head.fill, head.font = ground, letters
        head.alignment = Alignment(vertical="center", wrap_text=True)
        sheet.column_dimensions[get_column_letter(k)].width = _width(table, column)
    for number, row in enumerate(table.rows, 2):
        for k, column in enumerate(table.columns, 1):
            _put(sheet, number, k, _typed(row.get(column.key), column))
            sheet.cell(number, k).number_format = FORMATS.get(column.kind, "General")
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _put(sheet: Worksheet, row: int, column: int, value: Any) -> None:
    """Text is always text: a value that begins with = is no formula."""
    cell = sheet.cell(row, column)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"


def _width(table: Table, column: Column) -> int:
    longest = max((len(str(row.get(column.key) or "")) for row in table.rows), default=0)
    return min(max(10, longest + 4, 2 * len(column.label) + 4), 48)


def _typed(value: Cell, column: Column) -> Any:
    """A whole ISO date as a date; every other value as it is."""
    if column.kind == "date" and isinstance(value, str) and len(value) == 10:
        return date.fromisoformat(value)
    return value


SQL_TYPES = {"integer": "BIGINT", "decimal": "DOUBLE", "percent": "DOUBLE", "ratio": "DOUBLE", "date": "DATE"}


def as_parquet(table: Table, origin: Origin, lang: Lang) -> bytes:
    """Typed columns by key; the origin as key-value metadata of the file."""
    types = [_sql_type(table, column) for column in table.columns]
    names = [_quoted(column.key) for column in table.columns]
    declared = ", ".join(f"{name} {kind}" for name, kind in zip(names, types, strict=True))
    about = ", ".join(f"{key}: {_literal(text)}" for key, text in origin.facts(lang).items())
    rows = [[_typed(row.get(c.key), c) for c in table.columns] for row in table.rows]
    with TemporaryDirectory() as folder, duckdb.connect() as link:
        path = Path(folder) / "table.parquet"
        link.execute(f"CREATE TABLE answer ({declared})")
        if rows:
            link.executemany(f"INSERT INTO answer VALUES ({', '.join('?' * len(names))})", rows)  # noqa: S608
        target = _literal(str(path))
        link.execute(f"COPY answer TO {target} (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{about}}})")
        return path.read_bytes()


def _sql_type(table: Table, column: Column) -> str:
    """The type of the column's kind where every value fits it; otherwise text."""
    known = [row[column.key] for row in table.rows if row.get(column.key) is not None]
    if known and all(isinstance(value, bool) for value in known):
        return "BOOLEAN"
    fits: dict[str, type | tuple[type, ...]] = {"BIGINT": int, "DOUBLE": (int, float), "DATE": str}
    kind = SQL_TYPES.get(column.kind, "VARCHAR")
    if kind == "DATE" and any(len(str(value)) != 10 for value in known):
        return "VARCHAR"
    return kind if kind == "VARCHAR" or all(isinstance(value, fits[kind]) for value in known) else "VARCHAR"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


WRITERS: Mapping[str, Callable[[Table, Origin, Lang], bytes]] = {
    "csv": as_csv,
    "xlsx": as_excel,
    "json": as_json,
    "parquet": as_parquet,
}
