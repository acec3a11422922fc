"""New rows of a table put by few statements, many rows in each.

A statement for each row would give the interpreter's lock away as often, to be won back from whoever else wants it, and
push all others out of the connection's memory of statements. Rows that were put stay where a later one of the statement
fails (`OR FAIL`): whoever calls takes all back then. Otherwise SQLite copies each page that it changes, to take back
this statement alone.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import apsw

SIZES = (64, 16, 4, 1)
"""So many rows a statement takes: few texts, since each is made ready once and remembered."""


def insert(connection: apsw.Connection, table: str, width: int, values: list[Any]) -> None:
    """Put rows into a table (with its columns in brackets, or all). `values`: those of all rows, one after another, of
    which each has `width`."""
    at, end = 0, len(values)
    for size in SIZES:
        step = size * width
        while end - at >= step:
            connection.execute(_statement(table, width, size), values[at : at + step])
            at += step


@cache
def _statement(table: str, width: int, size: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"INSERT OR FAIL INTO {table} VALUES {', '.join([row] * size)}"
