"""Codes asked by value set or hierarchy: which of the parameter's terms here the terminology room lets through.

Only codes that some record has are asked about, so that a value set of 100,000 codes costs what the store holds. What
was found is kept for as long as the terminology does not change; terms that came later are asked when they come.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

import apsw
import orjson

from camphora.errors import Invalid
from camphora.fhir.search.asking import Direction, MemberClause, SubsumedClause
from camphora.records.bodies import plain
from camphora.records.planning.codes import Coding
from camphora.records.planning.conditions import NEVER, Condition, among
from camphora.records.planning.work import Codes, Level
from camphora.records.visible import shown

KEPT_QUESTIONS = 512
"""So many questions are remembered with their terms, the ones asked last."""
MIME = "urn:ietf:bcp:13"


class _Kept(NamedTuple):
    state: Hashable
    through: int
    """The greatest number of a term that was asked about."""
    terms: tuple[int, ...]


class _Terms:
    """The terms that a question lets through, for all threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self,
        connection: apsw.Connection,
        codes: Codes,
        question: tuple[object, ...],
        state: Hashable,
        test: Callable[[str, str], bool],
    ) -> tuple[int, ...]:
        key = (connection.filename, codes.params, *question)
        kept = self._kept.get(key)
        if kept is None or kept.state != state:
            kept = _Kept(state, 0, ())
        params, numbers = among(codes.params)
        sql = (
            "SELECT t.no, x.text, t.code FROM term t JOIN text x ON x.no = t.system"
            f" WHERE t.param IN {params} AND t.no > ? ORDER BY t.no"
        )
        newer = list(connection.execute(sql, (*numbers, kept.through)))
        if newer:
            found = tuple(number for number, system, code in newer if test(system, code))
            kept = _Kept(state, newer[-1][0], (*kept.terms, *found))
        if not connection.readonly("main"):
            return kept.terms  # a writer's newest terms may be taken back, and their numbers given to others
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT_QUESTIONS:
                self._kept.popitem(last=False)
        return kept.terms


TERMS = _Terms()


def members(level: Level, clause: MemberClause) -> Condition:
    """Raises Invalid where a value set is not known here: an empty answer would be a wrong one."""
    told = f"{clause.param} in value set"
    coding = _coding(level)
    sets = [_address(level, each) for each in clause.value_sets]
    for address in sets:
        if not coding.has_value_set(address):
            raise Invalid("records-value-set-unknown", param=clause.param)
    codes = level.codes(clause.param)
    if codes is None:
        return NEVER._replace(told=told)

    def held(system: str, code: str) -> bool:
        return any(coding.contains(address, system or None, code) is True for address in sets)

    return level.postings(TERMS.of(level.work.connection, codes, ("in", *sets), coding.state, held), told)


def _address(level: Level, value_set: str) -> str:
    """The canonical address of a value set; of `ValueSet/id` that which the record of this server says."""
    kind, _, name = value_set.partition("/")
    if kind != "ValueSet":
        return value_set
    there = level.work.level("ValueSet")
    if level.work.access.covers("ValueSet"):
        body = shown(level.work.access, "ValueSet", level.work.connection, row=there.row)
        sql = f"SELECT {body.sql} FROM record {there.row} WHERE {there.row}.id = ? AND {there.law.sql}"
        row = next(level.work.connection.execute(sql, (*body.values, name, *there.law.values)), None)
        if row is not None and "url" in (found := orjson.loads(plain(row[0]))):
            return str(found["url"])
    return value_set


def subsumed(level: Level, clause: SubsumedClause) -> Condition:
    """Raises Invalid where the hierarchy of a code that is asked is not known here."""
    told = f"{clause.param} {clause.direction}"
    coding = _coding(level)
    for system, code in clause.alternatives:
        if system and system != MIME and coding.knows(system, code) is None:
            raise Invalid("records-code-system-unknown", param=clause.param)
    codes = level.codes(clause.param)
    if codes is None:
        return NEVER._replace(told=told)

    def stands(system: str, code: str) -> bool:
        return any(_stands(coding, clause.direction, one, (system, code)) for one in clause.alternatives)

    question = (clause.direction, *clause.alternatives)
    return level.postings(TERMS.of(level.work.connection, codes, question, coding.state, stands), told)


def _stands(
    coding: Coding, direction: Direction, asked: tuple[str | None, str], held: tuple[str, str]
) -> bool:
    """Whether a code that is held is the asked one, or stands above or below it."""
    (system, code), (own, given) = asked, held
    if system not in {None, own}:
        return False
    if code == given:
        return True
    upper, lower = (code, given) if direction == "below" else (given, code)
    if own == MIME or (not own and "/" in code):
        return lower.partition(";")[0].rstrip() == upper
    return bool(own) and coding.subsumes(own, upper, lower) is True


def _coding(level: Level) -> Coding:
    if level.work.coding is None:
        raise Invalid("records-no-terminology")
    return level.work.coding
