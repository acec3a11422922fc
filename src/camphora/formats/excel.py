"""One sheet of an Excel workbook (xlsx) as rows with line numbers, like a CSV file.

Excel keeps numbers without their leading zeros; a column's declared pattern finds the codes that lost theirs.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from camphora.errors import CamphoraError, Invalid, NotFound, Place, TooLarge
from camphora.formats.csv_rows import LOOK, Row, check_header, require_topmost
from camphora.formats.limits import Limits, Source, megabytes, name_of, require_no_old_excel

PART, LONGEST_FORMULA = 1 << 20, 20_000
"""Bytes of a sheet that are looked through at once, and more than one cell with a formula takes."""
UNSOLVED = re.compile(
    rb'<c r="([A-Z]+)([0-9]+)"(?![^>]*t="str")[^>]*><f(?:[^>]*/>|[^>]*>[^<]*</f>)(?:<v ?/>|<v></v>)?</c>'
)
"""A cell with a formula and without its result."""


def sheet_rows(
    source: Source,
    sheet: str | None = None,
    *,
    required: Collection[str] = (),
    limits: Limits | None = None,
    name: str | None = None,
) -> Iterator[Row]:
    """The rows of `sheet` (the first one where none is named); its first row is the header. Empty rows are left out.

    Raises TooLarge formats-swells, Invalid formats-excel-broken, formats-excel-old, formats-excel-formula, NotFound
    formats-excel-sheet, Faults for the header.
    """
    name = name or name_of(source)
    _weigh(source, limits or Limits(), name)
    try:
        yield from _sheet(source, sheet, name, required)
    except (CamphoraError, MemoryError):
        raise
    except Exception as error:
        raise Invalid("formats-excel-broken", place=Place(name)) from error


def sheet_header(
    source: Source, sheet: str | None = None, *, limits: Limits | None = None, name: str | None = None
) -> list[str]:
    """The column names of a sheet; errors as of `sheet_rows`."""
    name = name or name_of(source)
    _weigh(source, limits or Limits(), name)
    try:
        with _page(source, sheet, name) as page:
            first = list(islice(page.iter_rows(values_only=True), LOOK))
            require_topmost([[_text(cell) for cell in row] for row in first], name)
            return _header(iter(first), name, ())
    except (CamphoraError, MemoryError):
        raise
    except Exception as error:
        raise Invalid("formats-excel-broken", place=Place(name)) from error


def _sheet(source: Source, sheet: str | None, name: str, required: Collection[str]) -> Iterator[Row]:
    with _page(source, sheet, name) as page:
        _require_results(page, name)
        yield from _rows(page.iter_rows(values_only=True), name, required)


@contextmanager
def _page(source: Source, sheet: str | None, name: str) -> Iterator[Any]:
    from camphora.formats.excel_strings import (
        Reader,
    )  # openpyxl, a third of a second that most starts can spare

    reader = Reader(source, read_only=True, data_only=True)
    reader.read()
    book = reader.wb
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise NotFound(
                "formats-excel-sheet", place=Place(name), sheet=sheet, sheets="、".join(book.sheetnames)
            )
        yield book[sheet] if sheet is not None else book.worksheets[0]
    finally:
        book.close()


def _require_results(page: Any, name: str) -> None:
    """Refuse formulas whose results no program has put into the file: they would be read as empty cells."""
    with page._get_source() as stream:  # noqa: SLF001 - the sheet as it lies in the workbook
        rest = b""
        while part := stream.read(PART):
            if found := UNSOLVED.search(rest + part):
                row, column = found[2].decode(), found[1].decode()
                raise Invalid("formats-excel-formula", place=Place(name, int(row), column))
            rest = (rest + part)[-LONGEST_FORMULA:]


def _header(lines: Iterator[tuple[Any, ...]], name: str, required: Collection[str]) -> list[str]:
    header = [_text(cell).strip() for cell in next(lines, ())]
    while header and not header[-1]:
        header.pop()
    if not header:
        raise Invalid("formats-header-empty", place=Place(name, 1))
    check_header(header, name, required)
    return header


def _rows(lines: Iterator[tuple[Any, ...]], name: str, required: Collection[str]) -> Iterator[Row]:
    header = _header(lines, name, required)
    for line, cells in enumerate(lines, start=2):
        raw = [_text(cell) for cell in cells[: len(header)]]
        if any(cell.strip() for cell in raw):
            raw += [""] * (len(header) - len(raw))
            yield Row(line, dict(zip(header, raw, strict=True)), raw, name)


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat()
    return str(cell)


def _weigh(source: Source, limits: Limits, name: str) -> None:
    """Refuse a workbook that would swell; a workbook is a zip whose parts say how large they are."""
    try:
        with zipfile.ZipFile(source) as archive:
            packed = sum(item.compress_size for item in archive.infolist())
            unpacked = sum(item.file_size for item in archive.infolist())
            if "xl/workbook.xml" not in archive.namelist():
                raise Invalid("formats-excel-broken", place=Place(name))
    except (zipfile.BadZipFile, OSError) as error:
        require_no_old_excel(source, name)
        raise Invalid("formats-excel-broken", place=Place(name)) from error
    most = min(limits.unpacked, max(limits.free, packed * limits.ratio))
    if packed > limits.packed:
        raise TooLarge("formats-too-large", place=Place(name), most=megabytes(limits.packed))
    if unpacked > most:
        raise TooLarge("formats-swells", place=Place(name), most=megabytes(most))
