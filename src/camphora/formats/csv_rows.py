"""CSV (RFC 4180) read row by row with line numbers; nothing of it is kept.

A row that breaks the form comes out with its fault, so that a file is judged whole and the bad rows can be handed
back. Faults of the header stop the reading, all of them together.
"""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TextIO

from camphora.errors import Faults, Invalid, Place
from camphora.formats.encoding import open_text
from camphora.formats.limits import Limits, Source, name_of

LONGEST_CELL = 1 << 20
LOOK = 10
"""Rows among which the column names are looked for, to say where they are; they are read from the first."""
SEPARATORS = {"\t": "Tab", ";": ";", "|": "|"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it starts on, its cells by column name, the cells as they came, and a fault if it has one."""

    line: int
    cells: Mapping[str, str]
    raw: Sequence[str]
    file: str = "-"
    fault: Invalid | None = None


def csv_rows(
    source: Source, *, required: Collection[str] = (), limits: Limits | None = None, name: str | None = None
) -> Iterator[Row]:
    """Every data row of a CSV file in order. Blank lines are passed over.

    Raises Faults with formats-header-missing, -doubled, -empty for the header; a row with too few or too many
    cells, a NUL byte, broken quoting or a cell beyond `LONGEST_CELL` characters carries its fault in `Row.fault`.
    """
    name = name or name_of(source)
    with open_text(source, limits, name) as text:
        yield from _rows(text, name, required)


def csv_header(source: Source, *, limits: Limits | None = None, name: str | None = None) -> list[str]:
    """The column names of a CSV file. Raises Faults with formats-header-empty, -doubled, -blank, -lower, and Invalid
    formats-separator."""
    name = name or name_of(source)
    with open_text(source, limits, name) as text:
        first = list(islice(text, LOOK))
        require_topmost([_cells(line) for line in first], name)
        lines = _Lines(chain(first, text))
        return _header(csv.reader(lines, strict=True), lines, name, ())


def _cells(line: str) -> list[str]:
    """What stands in a line, as far as can be told without the ones around it."""
    try:
        return next(csv.reader([line.replace("\0", "")]), [])
    except csv.Error:
        return []


class _Lines:
    """The lines of a text with the way back: what a broken row took too many of is read again."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._back: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._text)
        self.taken.append(line)
        self.number += 1
        return line

    def give_back_all_but_first(self) -> str:
        """Return the first line since the last row, and put the lines behind it back."""
        first, *rest = self.taken
        self._back.extendleft(reversed(rest))
        self.number -= len(rest)
        self.taken = []
        return first


def _rows(text: TextIO, name: str, required: Collection[str]) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_CELL)
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    header = _header(reader, lines, name, required)
    while True:
        lines.taken.clear()
        line = lines.number + 1
        try:
            raw = next(reader, None)
        except csv.Error:
            raw, fault = _broken(lines.give_back_all_but_first(), Place(name, line))
            yield Row(line, {}, raw, name, fault)
            reader = csv.reader(lines, strict=True)
            continue
        if raw is None:
            return
        if raw:
            yield Row(line, dict(zip(header, raw, strict=False)), raw, name, _form(raw, header, name, line))


def _broken(text: str, place: Place) -> tuple[list[str], Invalid]:
    """What can be made out of a line that cannot be read, and its fault; the next line begins a row of its own."""
    try:
        return next(csv.reader([text.replace("\0", "")]), []), Invalid("formats-quoting", place=place)
    except csv.Error:  # without strictness a cell that is too long is all that is left to complain of
        return [], Invalid("formats-cell-long", place=place, most=LONGEST_CELL)


def _form(raw: Sequence[str], header: Sequence[str], name: str, line: int) -> Invalid | None:
    if len(raw) != len(header):
        place = Place(name, line)
        return Invalid("formats-cell-count", place=place, found=len(raw), expected=len(header))
    for key, cell in zip(header, raw, strict=True):
        if "\0" in cell:
            return Invalid("formats-nul", place=Place(name, line, key))
    return None


def _header(reader: Iterator[list[str]], lines: _Lines, name: str, required: Collection[str]) -> list[str]:
    try:
        header = [cell.strip() for cell in next(reader, [])]
    except csv.Error as error:
        raise _broken(lines.give_back_all_but_first(), Place(name, 1))[1] from error
    if not any(header):
        raise Invalid("formats-header-empty", place=Place(name, 1))
    if len(header) == 1 and (found := next((sign for sign in SEPARATORS if sign in header[0]), None)):
        raise Invalid("formats-separator", place=Place(name, 1), separator=SEPARATORS[found])
    check_header(header, name, required)
    return header


def require_topmost(first: Sequence[Sequence[str]], name: str) -> None:
    """Raise Invalid `formats-header-lower` where titles seem to stand above the column names: what stands in a later
    one of the first rows is more than twice as much."""
    filled = [sum(1 for cell in row if cell.strip()) for row in first]
    most = max(filled, default=0)
    if filled and 2 * filled[0] < most:
        at = next(number for number, count in enumerate(filled, 1) if 2 * count >= most)
        raise Invalid("formats-header-lower", place=Place(name, 1), line=at)


def check_header(header: Sequence[str], name: str, required: Collection[str]) -> None:
    """Raise Faults when a column name is doubled or a required one is missing."""
    doubled = sorted(key for key, count in Counter(header).items() if count > 1)
    missing = [key for key in required if key not in header]
    place = Place(name, 1)
    faults = [
        Invalid("formats-header-doubled", place=place, column=key)
        if key
        else Invalid("formats-header-blank", place=place, column=header.index("") + 1)
        for key in doubled
    ]
    faults += [Invalid("formats-header-missing", place=place, column=key) for key in missing]
    if faults:
        raise Faults(faults)
