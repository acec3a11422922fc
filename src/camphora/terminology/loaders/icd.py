"""ICD-10-CM and ICD-10-PCS in the layouts in which they are published.

- The order files of CMS and NCHS (`icd10cm_order_2024.txt`, `icd10pcs_order_2024.txt`): fixed width; columns 1-5 the
  order number, 7-13 the code without its dot, 15 a flag (1: may be reported, 0: a heading), 17-76 the short and from
  78 the long description.
- The files of codes alone (`icd10cm_codes_2024.txt`, `icd10pcs_codes_2024.txt`): the code, blanks, the description.
- The NHI's tables in CSV or Excel with Chinese names. Known are the columns ICD-10-CM (or ICD-10-PCS, 代碼), the
  same with 中文名稱 and 英文名稱, USE, 異動日期 and 異動方式 (the last three as TW Core's properties `USE`,
  `updateDate` and `event` name them).

A code stands below the longest code of the file that it begins with. `USE` is 1 for codes that may be reported, 0 for
headings, as the value sets of TW Core ask; where a table does not say it, a code with others below it is a heading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from camphora.errors import Invalid, Place
from camphora.formats import open_text, shape
from camphora.terminology.loaders.kinds import KINDS, Kind
from camphora.terminology.loaders.sources import Asked, Once, Source
from camphora.terminology.loaders.tables import Columns, edition_of, header_of, kind_of, rows_of
from camphora.terminology.writing import Entry

ORDER = re.compile(r"(\d{5}) ([0-9A-Z]{3,7}) {1,5}([01]) (.{60}) (.*)")
CODES = re.compile(r"([0-9A-Z]{3,7}) +(\S.*)")
PROPERTIES = {
    "USE": ("USE",),
    "updateDate": ("updateDate", "異動日期", "更新日期"),
    "event": ("event", "異動方式"),
}


class Line(NamedTuple):
    """What one line of a file says; `use` is None where it does not tell headings from codes."""

    number: int
    code: str
    zh: str
    en: str
    use: bool | None
    short: str = ""
    event: Mapping[str, str] = {}


Lines = Callable[[], Iterator[Line | Invalid]]
Read = tuple[str, bool, str, str]
"""Code, whether it may be reported, short and long description."""


def order_file(path: Path, asked: Asked) -> Source:
    """An order file. Raises Invalid terminology-version."""
    kind = _kind_of_text(path, asked)
    return _source(path, kind, asked, kind.url, lambda: _text_lines(path, kind, _order_line))


def codes_file(path: Path, asked: Asked) -> Source:
    """A file of codes alone. Raises Invalid terminology-version."""
    kind = _kind_of_text(path, asked)
    return _source(path, kind, asked, kind.url, lambda: _text_lines(path, kind, _codes_line))


def nhi_table(path: Path, asked: Asked) -> Source:
    """A table of the NHI with Chinese names. Its system is TW Core's of the edition's year, where `asked.version` or
    the header names one of 2014, 2021 and 2023. Raises Invalid terminology-kind, -columns, -version."""
    kind = kind_of(path, asked)
    header = header_of(path)
    columns = Columns(header, kind, path.name)
    years = kind.years or {}
    said = f"{asked.version} {' '.join(header)} {path.name}"
    year = next((year for year in years if year in said), "")
    url = years.get(year, kind.url)
    return _source(path, kind.of(year), asked, url, lambda: _table_lines(path, kind, columns, header))


def is_order_line(line: str) -> bool:
    return ORDER.fullmatch(line.rstrip("\r\n").ljust(77)) is not None


def is_codes_line(line: str) -> bool:
    return CODES.fullmatch(line.rstrip()) is not None


def _kind_of_text(path: Path, asked: Asked) -> Kind:
    """CM or PCS, as it was named, or as the file's name says."""
    if asked.kind in KINDS:
        return KINDS[asked.kind]
    if "pcs" in path.name.lower():
        return KINDS["icd-10-pcs"]
    return KINDS["icd-10-cm"]


def _source(path: Path, kind: Kind, asked: Asked, url: str, lines: Lines) -> Source:
    edition = edition_of(path, kind, asked, url)
    return Source(edition, _Hierarchy(path.name, lines).rows)


class _Hierarchy:
    """Gives each code its heading. The codes of the file are read once before."""

    def __init__(self, file: str, lines: Lines) -> None:
        self._file, self._lines = file, lines
        self._headings: dict[str, bool] = {}

    def rows(self) -> Iterator[Entry | Invalid]:
        if not self._headings:
            self._read()
        once = Once(self._file)
        for line in self._lines():
            if isinstance(line, Invalid):
                yield line
            else:
                yield once.fault(line.code, line.number) or self._entry(line)

    def _read(self) -> None:
        self._headings = {line.code: False for line in self._lines() if isinstance(line, Line)}
        for code in self._headings:
            above = self._above(code)
            if above:
                self._headings[above] = True

    def _above(self, code: str) -> str:
        """The longest code of the file that this one begins with."""
        shorter = (code[:length].rstrip(".") for length in range(len(code) - 1, 2, -1))
        return next((one for one in shorter if one in self._headings), "")

    def _entry(self, line: Line) -> Entry:
        use = not self._headings[line.code] if line.use is None else line.use
        above = self._above(line.code)
        said = {"USE": "1" if use else "0", **line.event}
        more: dict[str, object] = {
            "property": [{"code": key, "valueString": value} for key, value in said.items()]
        }
        if line.short and line.short != line.en:
            more["designation"] = [
                {"language": "en", "use": {"display": "short description"}, "value": line.short}
            ]
        return Entry(
            line.code, line.zh, line.en, parents=(above,) if above else (), properties=tuple(said.items()),
            names=line.short, more=json.dumps(more, ensure_ascii=False),
        )  # fmt: skip


def _text_lines(path: Path, kind: Kind, read: Callable[[str], Read | None]) -> Iterator[Line | Invalid]:
    with open_text(path) as text:
        for number, line in enumerate(text, 1):
            if not line.strip():
                continue
            found = read(line.rstrip("\r\n"))
            if found is None:
                yield Invalid(
                    "terminology-order-line", place=Place(path.name, number), found=shape(line.strip())
                )
                continue
            code, use, short, long = found
            dotted = with_dot(code) if kind.name == "icd-10-cm" else code
            if not kind.right(dotted):
                place = Place(path.name, number, 7)
                yield Invalid("terminology-row-code", place=place, found=shape(code), kind=kind.name)
            else:
                yield Line(number, dotted, "", long, use, short)


def _order_line(line: str) -> Read | None:
    found = ORDER.fullmatch(line.ljust(77))
    if found is None:
        return None
    _, code, flag, short, long = found.groups()
    return code, flag == "1", short.strip(), long.strip() or short.strip()


def _codes_line(line: str) -> Read | None:
    found = CODES.fullmatch(line.rstrip())
    return (found[1], True, "", found[2]) if found else None


def _table_lines(path: Path, kind: Kind, columns: Columns, header: list[str]) -> Iterator[Line | Invalid]:
    extra = {key: next((name for name in names if name in header), "") for key, names in PROPERTIES.items()}
    for row in rows_of(path):
        if row.fault:
            yield row.fault
            continue
        code = row.cells[columns.code].strip().upper()
        code = with_dot(code) if kind.name == "icd-10-cm" else code
        if not kind.right(code):
            place = Place(row.file, row.line, columns.code)
            yield Invalid("terminology-row-code", place=place, found=shape(code) or "∅", kind=kind.name)
            continue
        zh = row.cells.get(columns.zh, "").strip()
        en = row.cells.get(columns.en, "").strip()
        said = {
            key: row.cells[name].strip() for key, name in extra.items() if name and row.cells[name].strip()
        }
        use = said.pop("USE", None)
        yield Line(row.line, code, zh, en, None if use is None else use not in {"0", "N"}, event=said)


def with_dot(code: str) -> str:
    """A000 → A00.0; codes of three signs, and those that have their dot, stay."""
    return code if len(code) <= 3 or "." in code else f"{code[:3]}.{code[3:]}"
