"""Code tables in CSV or Excel, in UTF-8 or Big5: the NHI's lists and those of its guides.

A row is a code with its names; nothing else of a file is taken but a status and the day from which it counts.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from camphora.errors import Invalid, Place
from camphora.formats import Row, csv_rows, open_text, shape
from camphora.formats.excel import sheet_rows
from camphora.terminology.loaders import kinds
from camphora.terminology.loaders.kinds import KINDS, Kind
from camphora.terminology.loaders.sources import Asked, Once, Source, digest_of
from camphora.terminology.naming import names_of
from camphora.terminology.writing import Edition, Entry

ACTIVE = {"", "active", "acitve", "使用中", "有效", "生效", "1", "Y"}
"""As published; one guide writes `acitve`."""
INACTIVE = {"inactive", "retired", "deprecated", "停用", "失效", "刪除", "0", "N"}


class Columns:
    """Which column of a table holds what."""

    def __init__(self, header: Sequence[str], kind: Kind, file: str) -> None:
        self.code = _found(header, (*kind.code, *kinds.CODE))
        self.zh = _found(header, (*kind.zh_names, *kinds.ZH))
        self.en = _found(header, (*kind.en_names, *kinds.EN))
        self.name = _found(header, kinds.NAME)
        self.status = _found(header, kinds.STATUS)
        self.since = _found(header, kinds.SINCE)
        if not self.code or not (self.zh or self.en or self.name):
            place = Place(file, 1)
            wanted = "、".join((*kind.code, *kinds.CODE))
            raise Invalid("terminology-columns", place=place, kind=kind.name, wanted=wanted)


def _found(header: Sequence[str], names: Sequence[str]) -> str:
    """The first column of one of these names, without regard to case and blanks around."""
    by_name = {column.strip().casefold(): column for column in reversed(header)}
    return next((by_name[name.casefold()] for name in names if name.casefold() in by_name), "")


def header_of(path: Path) -> list[str]:
    """The names of the columns; empty where the file is no table."""
    if is_excel(path):
        return next((list(row.cells) for row in sheet_rows(path)), [])
    with open_text(path) as text:
        try:
            return [cell.strip() for cell in next(csv.reader(text), [])]
        except csv.Error:
            return []


def is_excel(path: Path) -> bool:
    return path.suffix.lower() in {".xlsx", ".xlsm"}


def rows_of(path: Path) -> Iterator[Row]:
    return sheet_rows(path) if is_excel(path) else csv_rows(path)


def kind_of(path: Path, asked: Asked) -> Kind:
    """The kind of table that was named, or that its column of codes names. Raises Invalid terminology-kind."""
    if asked.kind in KINDS:
        return KINDS[asked.kind]
    header = header_of(path)
    fits = [kind for kind in KINDS.values() if _found(header, kind.code)] if not asked.kind else []
    if len(fits) == 1:
        return fits[0]
    raise Invalid("terminology-kind", place=Place(path.name), kinds=", ".join(KINDS))


def table(path: Path, asked: Asked) -> Source:
    """A list of codes without a hierarchy. Raises Invalid terminology-kind, -columns, -version."""
    kind = kind_of(path, asked)
    columns = Columns(header_of(path), kind, path.name)
    return Source(edition_of(path, kind, asked), lambda: _entries(path, kind, columns))


def edition_of(path: Path, kind: Kind, asked: Asked, url: str = "") -> Edition:
    """The edition that a table is, as its kind and whoever loads it say."""
    if not asked.version:
        raise Invalid("terminology-version", place=Place(path.name))
    url = asked.system or url or kind.url
    aliases = kind.aliases if url == kind.url else ()
    return Edition(
        url, asked.version, asked.title or kind.zh, asked.title or kind.en, asked.licence, asked.source or path.name,
        aliases, path.name, 0, kind.family, digest=digest_of(path, kind.name, url, asked.version),
    )  # fmt: skip


def _entries(path: Path, kind: Kind, columns: Columns) -> Iterator[Entry | Invalid]:
    once = Once(path.name, columns.code)
    seen = dict[str, Entry]()
    for row in rows_of(path):
        made = row.fault or _entry(row, kind, columns)
        if isinstance(made, Invalid):
            yield made
        elif seen.get(made.code) != made:  # the same row again says nothing new
            seen.setdefault(made.code, made)
            yield once.fault(made.code, row.line) or made


def _entry(row: Row, kind: Kind, columns: Columns) -> Entry | Invalid:
    cells = row.cells
    code = cells[columns.code].strip()
    if not kind.right(code):
        place = Place(row.file, row.line, columns.code)
        return Invalid("terminology-row-code", place=place, found=shape(code) or "∅", kind=kind.name)
    said = cells[columns.status].strip() if columns.status else ""
    if said not in ACTIVE | INACTIVE:
        return Invalid(
            "terminology-row-status", place=Place(row.file, row.line, columns.status), found=shape(said)
        )
    zh, en = names_of(cells.get(columns.zh, ""), cells.get(columns.en, ""), cells.get(columns.name, ""))
    since = cells[columns.since].strip() if columns.since else ""
    more = _since(since)
    return Entry(
        code, zh, en, status="inactive" if said in INACTIVE else "", inactive=said in INACTIVE, more=more
    )


def _since(day: str) -> str:
    if not day:
        return ""
    return json.dumps({"property": [{"code": "effectiveDate", "valueDateTime": day}]}, ensure_ascii=False)
