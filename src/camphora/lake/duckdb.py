"""DuckDB in memory over the Parquet parts: shut in the lake's folder, with no downloaded extension."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from pyroaring import BitMap

from camphora.errors import deadline

THREADS, MEMORY = 2, "1GB"
FEW, KEPT = 4096, 8
"""Up to so many persons stand in a statement itself; larger sets are tables, of which so many are kept for later."""
Piece = tuple["Sequence[Path] | tuple[Path, Mapping[str, str]]", str]
"""Parts, or a file of lines with its declared columns; and the condition that its rows fulfil."""
_FORMAT = "(FORMAT parquet, COMPRESSION zstd)"


class Engine:
    """One locked DuckDB; every call works on a cursor of its own, so threads may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        settings: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "threads": str(THREADS),
            "memory_limit": MEMORY,
            "temp_directory": str(self.folder / "spill"),
        }
        self._connection = duckdb.connect(":memory:", config=settings)
        allowed = str(self.folder).replace("'", "''")
        self._connection.execute(f"SET allowed_directories = ['{allowed}/']")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")
        self._sets: dict[str, None] = {}
        self._used: Counter[str] = Counter()
        self._lock = threading.Lock()

    def close(self) -> None:
        self._connection.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor with temporary tables of its own; the caller closes it."""
        return self._connection.cursor()

    @contextmanager
    def sets(self) -> Iterator[Callable[[BitMap], BitMap | str]]:
        """Makes large sets of persons into tables, each once, which stay while the context is open."""
        mine: list[str] = []

        def named(persons: BitMap) -> BitMap | str:
            if len(persons) <= FEW:
                return persons
            name = "set_" + hashlib.blake2b(persons.serialize(), digest_size=16).hexdigest()
            with self._lock:
                self._used[name] += 1
                mine.append(name)
                self._keep(name, persons)
            return name

        try:
            yield named
        finally:
            with self._lock:
                self._used.subtract(mine)

    def _keep(self, name: str, persons: BitMap) -> None:
        """Make a set's table unless it is there, and drop the one that was used longest ago."""
        if name not in self._sets:
            # An array is taken as it lies in memory; a bound list goes over value by value, forty times as long.
            given = {"person": np.frombuffer(persons.to_array(), dtype=np.uint32)}
            with self.cursor() as cursor:
                cursor.register("given", given)
                cursor.execute(f"CREATE TABLE {quoted(name)} AS SELECT person::BIGINT AS person FROM given")
        self._sets[name] = self._sets.pop(name, None)
        for old in [old for old in self._sets if self._used[old] <= 0][: max(0, len(self._sets) - KEPT)]:
            self._connection.execute(f"DROP TABLE {quoted(old)}")
            del self._sets[old], self._used[old]

    @contextmanager
    def asking(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor that is closed behind; what it does ends with the time of the request (`Busy`)."""
        cursor, left = self.cursor(), deadline.remaining()
        timer = threading.Timer(left, cursor.interrupt) if left is not None else None
        try:
            deadline.check()
            if timer:
                timer.daemon = True
                timer.start()
            yield cursor
        except duckdb.InterruptException:
            raise deadline.over() from None
        finally:
            if timer:
                timer.cancel()
            cursor.close()

    def pack(self, lines: Path, columns: Mapping[str, str], to: Path) -> int:
        """NDJSON with declared columns as one durable Parquet file; returns its rows."""
        return self._copy(f"SELECT * FROM {_lines('lines', columns)}", {"lines": str(lines)}, to)

    def gather(self, pieces: Sequence[Piece], values: Mapping[str, list[int]], to: Path) -> int:
        """The rows of some parts for which a condition holds, all together by person, as one durable Parquet file.

        `values`: lists of numbers that conditions name. Returns its rows; with none no file is left.
        """
        bound: dict[str, Any] = dict(values)
        taken = []
        for number, (parts, condition) in enumerate(pieces):
            name = f"parts{number}"
            if isinstance(parts, tuple):
                bound[name], rows = str(parts[0]), _lines(name, parts[1])
            else:
                bound[name], rows = [str(part) for part in parts], f"read_parquet(${name})"
            taken.append(f"SELECT * FROM {rows} WHERE {condition}")
        return self._copy(f"SELECT * FROM ({' UNION ALL '.join(taken)}) ORDER BY person", bound, to)

    def _copy(self, select: str, values: dict[str, Any], to: Path) -> int:
        half = to.with_suffix(".tmp")
        cursor = self.cursor()
        try:
            row = cursor.execute(
                f"COPY ({select}) TO $half {_FORMAT}", {**values, "half": str(half)}
            ).fetchone()
        finally:
            cursor.close()
        count = int(row[0]) if row else 0
        if count:
            _settle(half, to)
        else:
            half.unlink(missing_ok=True)
        return count


def _lines(name: str, columns: Mapping[str, str]) -> str:
    """NDJSON of the file that is bound under this name, as a relation."""
    shape = ", ".join(f"{quoted(key)}: '{kind}'" for key, kind in columns.items())
    return f"read_json(${name}, format = 'newline_delimited', columns = {{{shape}}})"


def quoted(name: str) -> str:
    """A declared name inside a statement."""
    return '"' + name.replace('"', '""') + '"'


def _settle(half: Path, to: Path) -> None:
    """Put a finished file in its place, so that it is whole there or not there at all."""
    _sync(half)
    half.rename(to)
    _sync(to.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
