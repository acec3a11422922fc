"""The faulty rows of a load in a file of their own, with the reason of each in another beside it, in the same order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import orjson

from camphora.errors import Invalid, Lang
from camphora.formats.bad_rows import BadRows
from camphora.formats.csv_rows import Row


class Bad:
    """Rows are added as they come, so that none waits in memory. Nothing is made where nothing is bad."""

    def __init__(self, path: Path, lang: Lang, *, kept: int = 0) -> None:
        """`kept`: so many rows of an interrupted load stay in the file; later ones are written after them."""
        self.path = path
        self.reasons = path.with_name(f"{path.name}.reasons")
        self.rows = 0
        self._lang = lang
        if kept:
            for file in (path, self.reasons):
                self._cut(file, kept)
            self.rows = kept
        self._begun = bool(kept)

    def add(self, raw: bytes, faults: Sequence[Invalid]) -> None:
        """A row as it came, and why it was not taken."""
        mode = "ab" if self._begun else "wb"
        self._begun = True
        with self.path.open(mode) as rows, self.reasons.open(mode) as reasons:
            rows.write(raw + b"\n")
            self.rows += 1
            told = [
                {
                    "code": fault.code,
                    "place": str(fault.place or ""),
                    "text": fault.text(self._lang),
                    "remedy": fault.remedy(self._lang),
                }
                for fault in faults
            ]
            reasons.write(orjson.dumps({"row": self.rows, "faults": told}) + b"\n")

    def _cut(self, file: Path, rows: int) -> None:
        """Keep the first rows; what an interruption left behind them is written anew."""
        if not file.exists():
            file.touch()
            return
        with file.open("r+b") as stream:
            for _ in range(rows):
                stream.readline()
            stream.truncate(stream.tell())


class RowsApart:
    """Faulty rows of a table in a CSV, added as they come. Nothing is made where nothing is bad, or where they are to
    go nowhere."""

    def __init__(self, named: Callable[[], Path] | None, lang: Lang) -> None:
        """`named`: the file, asked for when the first row comes."""
        self.path: Path | None = None
        self._named, self._lang = named, lang
        self._stream: TextIO | None = None
        self._rows: BadRows | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream:
            self._stream.close()

    def add(self, header: Sequence[str], row: Row, faults: Sequence[Invalid]) -> None:
        """A row of a file with this header, as it came, and why it was not taken."""
        if self._named is None:
            return
        if self._rows is None:
            self.path = self._named()
            self._stream = self.path.open("w", encoding="utf-8-sig", newline="")
            self._rows = BadRows(self._stream, header, self._lang)
        self._rows.add(row, faults)
