# ruff: noqa: S608 - statements are composed of our own words; values are always bound
"""Code systems of the terminology file, as the operations ask for them. Nothing is held in memory but a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, cast

import orjson

from camphora.terminology.file import Readers
from camphora.terminology.operations.canonicals import Canonical
from camphora.terminology.operations.filters import passes
from camphora.terminology.operations.resources import KINDS, coding, designation
from camphora.terminology.stored_filters import QUICK, Conditions, Span
from camphora.terminology.systems import (
    Concept,
    Content,
    Designation,
    Filter,
    Property,
    PropertyDefinition,
)
from camphora.terminology.words import Range, Sql, Wanted, id_range
from camphora.terminology.writing import Edition

PAGE, KEPT_FILTERS = 256, 256
"""Concepts read at once, and sets of filters whose condition is kept."""
HAS = "SELECT 1 FROM concept WHERE code = ? COLLATE NOCASE AND edition = ? AND code = ?"
COLUMNS = "code, zh, en, display, status, inactive, abstract, more"


class StoredSystem:
    """One edition in the terminology file (see `systems.CodeSystem`); `url` is the address it was asked by."""

    def __init__(self, readers: Readers, number: int, edition: Edition, url: str = "") -> None:
        self._readers = readers
        self._number = number
        self.edition = edition
        self.url = url or edition.url
        self._ids: Range = id_range([number])
        self._single = lru_cache(KEPT_FILTERS)(self._single_condition)
        self._source = str(Canonical(edition.url, edition.version)) if edition.supplements else ""

    @property
    def version(self) -> str:
        return self.edition.version

    @property
    def language(self) -> str:
        return self.edition.language

    @property
    def content(self) -> Content:
        return cast("Content", self.edition.content)

    @property
    def supplements(self) -> str:
        return self.edition.supplements

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """The head as it was loaded; for a plain table, one made from the edition's line."""
        if self.edition.about:
            found: Mapping[str, Any] = orjson.loads(self.edition.about)
            return found
        edition = self.edition
        return {
            "resourceType": "CodeSystem",
            "url": edition.url,
            **({"version": edition.version} if edition.version else {}),
            "title": edition.zh or edition.en,
            "status": "active",
            "caseSensitive": True,
            "content": edition.content,
        }

    @cached_property
    def case_sensitive(self) -> bool:
        return bool(self.about.get("caseSensitive", True))

    @property
    def version_needed(self) -> bool:
        return bool(self.about.get("versionNeeded", False))

    @property
    def hierarchy(self) -> str:
        return str(self.about.get("hierarchyMeaning", ""))

    @cached_property
    def properties(self) -> Sequence[PropertyDefinition]:
        """Those of the head; of a plain table, every property that a concept has, as text."""
        declared = self.about.get("property")
        if declared is None:
            return tuple(PropertyDefinition(code) for code in self._attributes)
        return tuple(
            PropertyDefinition(
                one["code"], one.get("uri", ""), one.get("type", "string"), one.get("description", "")
            )
            for one in declared
        )

    def __len__(self) -> int:
        return self.edition.count

    # One concept

    def concept(self, code: str) -> Concept | None:
        found = self._row(COLUMNS, code)
        return None if found is None else concept_of(found, self._source)

    def _row(self, columns: str, code: str) -> Sequence[Any] | None:
        """Of the concept with exactly this code, or, where case does not count, with this code in another case."""
        sql = f"SELECT {columns}, code = ? FROM concept WHERE code = ? COLLATE NOCASE AND edition = ?"
        found = self._readers.rows(sql, (code, code, self._number))
        exact = next((row for row in found if row[-1]), None)
        return exact or (found[0] if found and not self.case_sensitive else None)

    def _spelling(self, code: str) -> str:
        if self.case_sensitive:
            return code
        found = self._row("code", code)
        return str(found[0]) if found else code

    # The hierarchy

    def roots(self) -> Iterator[str]:
        has_parent = "EXISTS (SELECT 1 FROM edge WHERE edition = concept.edition AND child = concept.code)"
        for _, code in self._pages(
            "id, code", ("1 = 1", []) if not self.edition.tree else (f"NOT {has_parent}", [])
        ):
            yield code

    def children(self, code: str) -> Sequence[str]:
        sql = (
            "SELECT concept.code FROM edge JOIN concept ON concept.edition = edge.edition"
            " AND concept.code = edge.child COLLATE NOCASE AND concept.code = edge.child"
            " WHERE edge.edition = ? AND edge.parent = ? ORDER BY concept.low"
        )
        return [row[0] for row in self._readers.rows(sql, (self._number, self._spelling(code)))]

    def parents(self, code: str) -> Sequence[str]:
        sql = "SELECT parent FROM edge WHERE edition = ? AND child = ?"
        return [row[0] for row in self._readers.rows(sql, (self._number, self._spelling(code)))]

    def is_a(self, code: str, ancestor: str) -> bool:
        below, above = self._row("id, low", code), self._row("id, low, high", ancestor)
        if below is None or above is None:
            return False
        if below[0] == above[0]:
            return True
        if below[1] is None:
            return False
        if above[1] <= below[1] <= above[2]:
            return True
        return bool(
            self._readers.rows("SELECT 1 FROM beyond WHERE upper = ? AND lower = ?", (above[0], below[0]))
        )

    # Many concepts

    def concepts(self, filters: Sequence[Filter] = (), text: str = "") -> Iterator[Concept]:
        condition = self._conditions.all(filters)
        wanted = Wanted.of(text)
        if wanted.words:
            rows = self._best(condition, wanted)
        else:
            rows = self._pages(f"id, {COLUMNS}", condition, self._conditions.start(filters))
        return (concept_of(row[1:], self._source) for row in rows)

    def count(self, filters: Sequence[Filter] = (), text: str = "") -> int | None:
        if any(one.op == "regex" for one in filters):
            return None
        if not filters and not text:
            return len(self)
        wanted = Wanted.of(text)
        sql, values = _and(wanted.condition(self._ids), self._conditions.all(filters))
        return int(self._readers.rows(f"SELECT count(*) FROM {wanted.source} WHERE {sql}", values)[0][0])

    def passes(self, code: str, filters: Sequence[Filter]) -> bool:
        if not filters and self.case_sensitive:
            return self._readers.any(HAS, (code, self._number, code))
        spelt = self._spelling(code)
        if any(one.op not in QUICK for one in filters):
            concept = self.concept(spelt)
            return concept is not None and all(passes(self, concept, one) for one in filters)
        sql, values = self._single(tuple(filters))
        return self._readers.any(sql, (spelt, self._number, spelt, *values))

    def _single_condition(self, filters: tuple[Filter, ...]) -> Sql:
        sql, values = self._conditions.all(filters, single=True)
        return f"{HAS} AND {sql}", values

    def _pages(self, columns: str, condition: Sql, last: int = 0) -> Iterator[Sequence[Any]]:
        """Rows in the system's order behind a place, read page by page; the first column is the id."""
        place = "low" if self.edition.tree else "id"
        sql = (
            f"SELECT {columns}, {place} FROM concept WHERE edition = ? AND {place} > ? AND id BETWEEN ? AND ?"
            f" AND {condition[0]} ORDER BY {place} LIMIT {PAGE}"
        )
        while True:
            rows = self._readers.rows(sql, (self._number, last, *self._ids, *condition[1]))
            yield from (row[:-1] for row in rows)
            if len(rows) < PAGE:
                return
            last = rows[-1][-1]

    def _best(self, condition: Sql, wanted: Wanted) -> Iterator[Sequence[Any]]:
        """Rows of a search, best first: a page, and where that does not do, the ids of all the others."""
        sql, values = _and(wanted.condition(self._ids), condition)
        ranked, ranks = wanted.order()
        asked = f"FROM {wanted.source} WHERE {sql} ORDER BY {ranked} LIMIT ? OFFSET ?"
        first = self._readers.rows(f"SELECT id, {COLUMNS} {asked}", (*values, *ranks, PAGE, 0))
        yield from first
        if len(first) < PAGE:
            return
        ids = [row[0] for row in self._readers.rows(f"SELECT id {asked}", (*values, *ranks, -1, PAGE))]
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            marks = ",".join("?" * len(page))
            rows = self._readers.rows(f"SELECT id, {COLUMNS} FROM concept WHERE id IN ({marks})", page)
            by_id = {row[0]: row for row in rows}
            yield from (by_id[id_] for id_ in page if id_ in by_id)

    @cached_property
    def _attributes(self) -> dict[str, int]:
        sql = "SELECT code, id FROM attribute WHERE edition = ? ORDER BY id"
        return dict(self._readers.rows(sql, (self._number,)))

    @cached_property
    def _conditions(self) -> Conditions:
        return Conditions(self._number, self._attributes, self._span)

    def _span(self, code: str) -> Span | None:
        """Where a code stands, spelt as the system spells it."""
        sql = (
            "SELECT id, low, high, EXISTS (SELECT 1 FROM beyond WHERE upper = id) FROM concept"
            " WHERE code = ? COLLATE NOCASE AND edition = ? AND code = ?"
        )
        found = self._readers.rows(sql, (code, self._number, code))
        return Span(*found[0]) if found else None


def _and(*parts: Sql) -> Sql:
    return " AND ".join(sql for sql, _ in parts), [value for _, values in parts for value in values]


def concept_of(row: Sequence[Any], source: str = "") -> Concept:
    """The concept of a row of `COLUMNS`; `source` is the canonical of the supplement that it stands in, or empty."""
    code, zh, en, display, status, inactive, abstract, more = row[:8]
    shown = display if display is not None else zh or en or None
    rest = orjson.loads(more) if more else {}
    names = tuple(designation(one, source) for one in rest.get("designation", ()))
    if zh and en and not names:
        names = (Designation(en, "en", None, source),)
    properties = tuple(_property(one, source) for one in rest.get("property", ()))
    return Concept(
        code, shown, rest.get("definition"), names, properties, tuple(rest.get("extension", ())),
        bool(abstract), bool(inactive), status,
    )  # fmt: skip


def _property(one: Mapping[str, Any], source: str) -> Property:
    key = next((key for key in KINDS if key in one), "valueString")
    value = one.get(key, "")
    if isinstance(value, dict):
        value = coding(value)
    elif isinstance(value, float):
        value = Decimal(str(value))
    return Property(one.get("code", ""), value, KINDS[key], source)
