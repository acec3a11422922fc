"""Records cut into rows by views, on their way into parts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Self

import orjson

from camphora.errors import Invalid
from camphora.lake.sources import Source, day

SPAN = 1024
"""Persons per range: small enough that moving one takes a moment, large enough for few files."""
WIDE = 64
"""Ranges per withheld part: few persons of a range are withheld, and a small file costs as much as a large one."""

BUFFER = 1 << 18


def wide(low: int) -> int:
    """The first person of the withheld part in which a range lies."""
    return low // (SPAN * WIDE) * (SPAN * WIDE)


class Cutting:
    """Rows on their way into parts: one file of lines per source and side, gone when the cutting is over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = secrets.token_hex(6)
        self._open: dict[tuple[str, bool], tuple[Path, IO[bytes]]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        for path, _lines in self._open.values():
            path.unlink(missing_ok=True)

    def add(
        self, source: Source, inner: Mapping[str, Any], rows: list[dict[str, Any]], *, is_open: bool
    ) -> None:
        """Rows of one person; `inner`: the columns by which they are reached, none where they are about nobody."""
        if rows:
            write = self._file(source.name, is_open=is_open).write
            for row in rows:
                write(orjson.dumps({**inner, **row}) + b"\n")

    def finished(self) -> dict[tuple[str, bool], Path]:
        """The files of lines, closed."""
        self._stack.close()
        return {key: path for key, (path, _) in self._open.items()}

    def _file(self, name: str, *, is_open: bool) -> IO[bytes]:
        if (name, is_open) not in self._open:
            path = self._folder / f"{name}.{is_open:d}.{self._name}.ndjson"
            lines: IO[bytes] = self._stack.enter_context(path.open("wb", buffering=BUFFER))
            self._open[name, is_open] = path, lines
        return self._open[name, is_open][1]


def cut(source: Source, resource: dict[str, Any]) -> list[dict[str, Any]] | None:
    """A record's rows by column, None where it has more values than the view has room for."""
    assert source.view is not None
    try:
        found = source.view.rows(resource)
    except Invalid:
        return None
    rows = [dict(zip((column.key for column in source.columns), row, strict=True)) for row in found]
    for column in source.columns:
        if column.kind == "date":
            for row in rows:
                row[column.key] = row[column.key] and day(row[column.key])
    return rows
