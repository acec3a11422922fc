"""Conditions over one record row, how many records each lets through, and how to list them.

A condition can be asked in two ways: of a row that something else found (`sql`), or as a list of record numbers
(`listing`), which may drive a statement or stand behind IN. Which of the two is cheaper is a matter of counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from camphora.records.planning.counting import COUNTED

UNCOUNTED = 1 << 40
"""The weight of what was not counted: more than any store holds."""
FEW_TERMS = 200
"""So many numbers are bound one by one; more as one JSON array (a statement takes 32,766 parameters)."""
DEARER = 8
"""How many rows of a list cost as much as one look into what a record holds."""


class Listing(NamedTuple):
    """A SELECT of record numbers, as the column `record`, each once. `exact`: of each that it gives, the condition
    holds; otherwise it gives at least those. `ascending`: in the order of their numbers; `area`: the column `area` says
    where the record's person lives."""

    sql: str
    values: tuple[object, ...] = ()
    exact: bool = True
    ascending: bool = False
    area: bool = False


class Condition(NamedTuple):
    """A test of a record's row and its parameters. `weight`: a guess of how many records it lets through; `looks`: the
    test looks further than indexes by record; `late`: it looks into other records, and stands after the law; `told`:
    in words, without values."""

    sql: str
    values: tuple[object, ...] = ()
    weight: int = UNCOUNTED
    listing: Listing | None = None
    looks: bool = False
    late: bool = False
    person: int | None = None
    """The number of the one person whom all records are about of which it holds; 0 where there is no such person."""
    since: int | None = None
    """Of what it holds and whose main date is no longer than a day, that date begins from this moment on."""
    until: int | None = None
    """Of what it holds and whose own row tells the main date, that date begins up to this moment."""
    told: str = ""

    def test(self, row: str, rows: int = UNCOUNTED) -> Condition:
        """The cheaper test where about so many rows are asked."""
        found = self.listing
        if not self.looks or found is None or not found.exact:
            return self
        if self.weight >= COUNTED or self.weight > DEARER * rows:
            return self
        return self._replace(sql=f"{row}.no IN ({found.sql})", values=found.values)


NEVER = Condition("0", weight=0, listing=Listing("SELECT NULL AS record WHERE 0", ascending=True))
ALWAYS = Condition("1")


def all_of(conditions: Sequence[Condition], row: str) -> Condition:
    """All hold. The rarest lists them, if one does; what it lists is then more than what holds."""
    if len(conditions) == 1:
        return conditions[0]
    if not conditions:
        return ALWAYS
    weight = min(each.weight for each in conditions)
    tests = [each.test(row, weight) for each in conditions]
    listed = sorted((each for each in conditions if each.listing), key=lambda each: each.weight)
    listing = listed[0].listing._replace(exact=False, area=False) if listed and listed[0].listing else None
    return Condition(
        " AND ".join(f"({each.sql})" for each in tests),
        tuple(value for each in tests for value in each.values),
        weight,
        listing,
        any(each.looks for each in conditions),
        any(each.late for each in conditions),
        told=_together("and", conditions),
    )


def any_of(conditions: Sequence[Condition], row: str) -> Condition:
    """One of them holds."""
    if len(conditions) == 1:
        return conditions[0]
    if not conditions:
        return NEVER
    weight = min(UNCOUNTED, sum(each.weight for each in conditions))
    tests = [each.test(row) for each in conditions]
    lists = [each.listing for each in conditions if each.listing]
    listing = None
    if len(lists) == len(conditions):
        listing = Listing(
            " UNION ".join(f"SELECT record FROM ({each.sql})" for each in lists),
            tuple(value for each in lists for value in each.values),
            all(each.exact for each in lists),
        )
    return Condition(
        " OR ".join(f"({each.sql})" for each in tests),
        tuple(value for each in tests for value in each.values),
        weight,
        listing,
        any(each.looks for each in conditions),
        any(each.late for each in conditions),
        told=_together("or", conditions),
    )


def negated(condition: Condition, row: str) -> Condition:
    """It does not hold; so also where there is nothing that it could hold of."""
    test = condition.test(row)
    sql = f"NOT coalesce(({test.sql}), 0)"
    return Condition(sql, test.values, late=condition.late, told=f"not {condition.told}")


def among(numbers: Sequence[object]) -> tuple[str, tuple[object, ...]]:
    """What stands after IN: a list of marks, or one JSON array where there are many."""
    if len(numbers) <= FEW_TERMS:
        return f"({','.join('?' * len(numbers))})", tuple(numbers)
    return "(SELECT value FROM json_each(?))", (orjson.dumps(list(numbers)).decode(),)


def _together(word: str, conditions: Iterable[Condition]) -> str:
    return f"({f' {word} '.join(each.told for each in conditions)})"
