"""The faulty rows of a file as a CSV, as they came, with two columns more: the codes and what to do.

Once mended it is loaded like the first file; the two columns are passed over.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TextIO

from camphora.errors import CamphoraError, Lang
from camphora.formats.csv_rows import Row

FAULT_COLUMNS = ("錯誤代碼", "說明")
"""Added to a file of bad rows and passed over when it comes back."""


class BadRows:
    """Writes rows as they come, so that none waits in memory."""

    def __init__(self, out: TextIO, header: Sequence[str], lang: Lang) -> None:
        self._writer, self._lang = csv.writer(out), lang
        self._header = [key for key in header if key not in FAULT_COLUMNS]
        self._writer.writerow([*self._header, *FAULT_COLUMNS])

    def add(self, row: Row, faults: Sequence[CamphoraError]) -> None:
        """A row as it came, and why it was not taken."""
        self._writer.writerow([*self._as_came(row), *_explained(faults, self._lang)])

    def _as_came(self, row: Row) -> list[str]:
        if row.fault:
            return [*row.raw, *[""] * (len(self._header) - len(row.raw))]
        return [row.cells[key] for key in self._header]


def bad_rows_csv(rows: Iterable[Row], faults: Sequence[CamphoraError], lang: Lang = "zh-TW") -> str:
    """A CSV of only the rows that have faults."""
    by_line: dict[int, list[CamphoraError]] = {}
    for fault in faults:
        if fault.place and fault.place.line:
            by_line.setdefault(fault.place.line, []).append(fault)
    out = io.StringIO()
    bad = [row for row in rows if row.line in by_line]
    written = BadRows(out, next((list(row.cells) for row in bad if row.cells), []), lang)
    for row in bad:
        written.add(row, by_line[row.line])
    return out.getvalue()


def _explained(faults: Sequence[CamphoraError], lang: Lang) -> tuple[str, str]:
    said = "; ".join(f"{fault.text(lang)}。{fault.remedy(lang)}" for fault in faults)
    return " ".join(fault.code for fault in faults), said
