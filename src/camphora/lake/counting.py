"""What a question about persons counts, before anything of it may leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
from pyroaring import BitMap

from camphora.lake import plan
from camphora.lake.disclosure import Cell, Key, Kind, Rules, Value, listed
from camphora.lake.plan import Files, Find, Paths, Plan
from camphora.lake.question import Question

_KINDS: Mapping[str, Kind] = {"persons": "persons", "rows": "rows", "mean": "mean"}


@dataclass(frozen=True, slots=True)
class Counted:
    """The true cells, the values that each dimension lists, and the persons counted."""

    kind: Kind
    cells: Mapping[Key, Cell]
    domains: Sequence[Sequence[Value]]
    members: BitMap


def sources_of(question: Question, find: Find) -> list[str]:
    """The sources that a question reads. Raises Invalid or Forbidden where it cannot be asked."""
    composed = Plan(find, lambda _: Paths())
    composed.base(question)
    return sorted(composed.used)


def count(
    cursor: duckdb.DuckDBPyConnection, find: Find, files: Files, question: Question, rules: Rules
) -> Counted:
    """Count over the rows that may be read. The cursor keeps a temporary table until it is closed."""
    composed = Plan(find, files)
    base = composed.base(question)
    size, kind = len(question.by), _KINDS[question.measure.kind]
    make, read = plan.cells(base, size, measured=kind == "mean")
    cursor.execute(make, composed.values)
    found = {row[:size]: _cell(row[size:]) for row in cursor.execute(read).fetchall()}
    members = BitMap(person for (person,) in cursor.execute("SELECT DISTINCT p FROM cell").fetchall())
    domains = [_domain(cursor, composed, base, at, rules) for at in range(size)]
    return Counted(kind, found, domains, members)


def _domain(
    cursor: duckdb.DuckDBPyConnection, composed: Plan, base: str, at: int, rules: Rules
) -> list[Value]:
    whole = dict(cursor.execute(plan.domain(base, at), composed.values).fetchall())
    answered = dict(cursor.execute(f"SELECT d{at}, count(DISTINCT p) FROM cell GROUP BY d{at}").fetchall())
    return listed(whole, answered, rules)


def _cell(row: tuple[int, int | None, int | None, float | None]) -> Cell:
    persons, rows, most, mean = row
    return Cell(persons, rows or 0, most or 0, mean)
