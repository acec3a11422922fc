"""How a search is answered, told to implementers: what drives it, what is asked of each row, and SQLite's own plan.

No value that was asked and none of a record stands in it; counts are those of lists to a bound, and of nobody alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from camphora.records.planning.conditions import UNCOUNTED, Condition
from camphora.records.planning.counting import COUNTED
from camphora.records.planning.statement import Part, Plan


@dataclass(frozen=True, slots=True)
class Told:
    """A condition in words, and about how many records it lets through; None where that was not counted, and
    `COUNTED` for that many or more."""

    what: str
    guess: int | None


@dataclass(frozen=True, slots=True)
class PlanTold:
    """How the records of one type are found. `driver`: whose list is gone through, None where all rows of the type are;
    `walk`: the index of the order that is tried first; `lines`: what SQLite says of its plan."""

    type: str
    driver: Told | None
    tests: tuple[Told, ...]
    walk: str | None
    lines: tuple[str, ...]


def told(plan: Plan) -> tuple[PlanTold, ...]:
    """The plan of each type that is searched."""
    return tuple(_part(plan, part) for part in plan.parts)


def _part(plan: Plan, part: Part) -> PlanTold:
    walk = part.walk
    statement = part.walking(walk, None, 20, (None, 0)) if walk else part.statement(part.drive, None, 20)
    rows = plan.work.connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.values)
    return PlanTold(
        part.type,
        _told(part.drive.by) if part.drive.by is not None else None,
        tuple(_told(each) for each in part.drive.tests if each.told),
        part.walk.index if part.walk else None,
        tuple(str(row[-1]) for row in rows),
    )


def _told(condition: Condition) -> Told:
    weight = condition.weight
    return Told(condition.told, None if weight >= UNCOUNTED else min(weight, COUNTED))
