"""`_include` and `_revinclude`: records brought beside those that were found, each once and each under its own law.

Source: https://hl7.org/fhir/R4/search.html#revinclude. What may not be seen is not brought, like what is not there. The
order hangs on no inner number of a name: who first used a name may be hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import orjson

from camphora.fhir.search import parameters
from camphora.fhir.search.asking import Include
from camphora.records.planning.conditions import among
from camphora.records.planning.statement import Row
from camphora.records.planning.work import Level, Work, held

MOST_INCLUDED = 1_000
"""So many records one page brings beside its own."""
DEEPEST = 8
"""So many times `:iterate` goes on from what was brought."""
VERSION = "/_history/"


class Included(NamedTuple):
    """What was brought; `whole`: nothing was left out by the bounds."""

    rows: list[Row]
    whole: bool


def included(work: Work, found: Sequence[Row], asked: Sequence[Include]) -> Included:
    """The records that the found ones name or that name them, as far as the Access may see them."""
    have = {row.no for row in found}
    brought: list[Row] = []
    edge, depth = list(found), 0
    while edge and depth <= DEEPEST:
        fresh: list[Row] = []
        for include in asked:
            if depth and not include.iterate:
                continue
            room = MOST_INCLUDED - len(brought) - len(fresh)
            for row in (_naming if include.reverse else _named)(work, include, edge, room + 1 + len(have)):
                if row.no not in have:
                    if room == 0:
                        return Included([*brought, *fresh], whole=False)
                    have.add(row.no)
                    fresh.append(row)
                    room -= 1
        brought += fresh
        edge = fresh
        depth += 1
    return Included(brought, whole=not (edge and any(one.iterate for one in asked)))


def _of_types(rows: Iterable[Row], kind: str | None) -> dict[str, list[int]]:
    """The numbers of rows by type."""
    found: dict[str, list[int]] = {}
    for row in rows:
        if kind in {None, row.type}:
            found.setdefault(row.type, []).append(row.no)
    return found


def _codes(level: Level, code: str | None) -> tuple[tuple[int, ...], int | None]:
    """Where the references of a parameter lie, or of all where none is said, and to which type alone they lead."""
    names = (
        [code] if code else [one.code for one in parameters(level.type).values() if one.kind == "reference"]
    )
    found = [codes for each in names if (codes := level.codes(each)) is not None]
    numbers = tuple(dict.fromkeys(number for codes in found for number in codes.params))
    return numbers, found[0].kind if len(found) == 1 else None


def _named(work: Work, include: Include, edge: Sequence[Row], most: int) -> Iterator[Row]:
    """What the rows name."""
    for kind, numbers in _of_types(edge, include.source).items():
        there = work.level(kind)
        params, only = _codes(there, include.param)
        if params:
            yield from _read(work, include, there, (numbers, params, only), most)


def _read(
    work: Work, include: Include, there: Level, of: tuple[list[int], tuple[int, ...], int | None], most: int
) -> Iterator[Row]:
    numbers, params, only = of
    marks, given = among(params)
    sql = (
        f"SELECT DISTINCT x.text, t.code FROM json_each(?) j CROSS JOIN record {there.row}"
        f" ON {there.row}.no = j.value CROSS JOIN {held(there.row)} AND t.param IN {marks}"
    ).replace(" WHERE k.record", " CROSS JOIN text x ON x.no = t.system WHERE k.record")
    if only is not None:
        sql, given = f"{sql} AND t.system = ?", (*given, only)
    names: dict[str, dict[str, None]] = {}
    for kind, key in work.connection.execute(sql, (_json(numbers), *given)):
        names.setdefault(kind, {})[key.partition(VERSION)[0]] = None
    addresses = names.pop("", {})
    for kind, keys in sorted(names.items()):
        if include.target in {None, kind}:
            yield from _by_id(work, kind, sorted(keys), most)
    if addresses:
        declared = parameters(there.type)
        reached = [declared[include.param]] if include.param in declared else list(declared.values())
        kinds = {kind for one in reached if one.kind == "reference" for kind in one.targets}
        for kind in sorted(kinds):
            if include.target in {None, kind}:
                yield from _by_address(work, kind, addresses, most)


def _by_id(work: Work, kind: str, keys: Iterable[str], most: int) -> Iterator[Row]:
    if not work.access.covers(kind):
        return
    level = work.level(kind)
    row = level.row
    sql = (
        f"SELECT {row}.no, {row}.person FROM json_each(?) j CROSS JOIN record {row} ON {row}.id = j.value"
        f" WHERE {level.law.sql} LIMIT ?"
    )
    values = (_json(list(keys)), *level.law.values, most)
    yield from (Row(no, person, kind, ()) for no, person in list(work.connection.execute(sql, values)))


def _by_address(work: Work, kind: str, addresses: Iterable[str], most: int) -> Iterator[Row]:
    """What is named by its canonical address, without the version."""
    level = work.level(kind)
    codes = level.codes("url") if work.access.covers(kind) else None
    if codes is not None:
        bare = dict.fromkeys(each.partition("|")[0] for each in addresses)
        marks, params = among(codes.params)
        sql = f"SELECT t.no FROM json_each(?) j CROSS JOIN term t ON t.param IN {marks} AND t.code = j.value"
        terms = [number for (number,) in work.connection.execute(sql, (_json(list(bare)), *params))]
        yield from _holding(work, level, terms, most)


def _naming(work: Work, include: Include, edge: Sequence[Row], most: int) -> Iterator[Row]:
    """What names the rows."""
    sources = [include.source] if include.source else _present(work)
    for kind, numbers in _of_types(edge, include.target).items():
        for source in sources:
            if not work.access.covers(source):
                continue
            level = work.level(source)
            params, only = _codes(level, include.param)
            system = work.names.text(kind)
            if params and system is not None and only in {None, system}:
                marks, given = among(params)
                sql = (
                    "SELECT t.no FROM json_each(?) j CROSS JOIN record q ON q.no = j.value"
                    f" CROSS JOIN term t ON t.param IN {marks} AND t.system = ? AND t.code = q.id"
                )
                rows = work.connection.execute(sql, (_json(numbers), *given, system))
                yield from _holding(work, level, [number for (number,) in rows], most)


def _holding(work: Work, level: Level, terms: Sequence[int], most: int) -> Iterator[Row]:
    """The records that hold one of the terms."""
    row = level.row
    sql = (
        f"SELECT DISTINCT {row}.no, {row}.person FROM json_each(?) j CROSS JOIN posting p ON p.term = j.value"
        f" CROSS JOIN record {row} ON {row}.no = p.record WHERE {level.law.sql} ORDER BY {row}.no LIMIT ?"
    )
    values = (_json(list(terms)), *level.law.values, most)
    found = list(work.connection.execute(sql, values)) if terms else []
    yield from (Row(no, person, level.type, ()) for no, person in found)


def _present(work: Work) -> list[str]:
    """The types of which there are records."""
    return [name for (name,) in work.connection.execute("SELECT name FROM type ORDER BY name")]


def _json(values: list[int] | list[str]) -> str:
    return orjson.dumps(values).decode()
