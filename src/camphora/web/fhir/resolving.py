"""What the conditions of a transaction come to: which record each entry means, and which reference names which record.

All are resolved by searches of the reader's own before the one write, which rests on them (`records.conditional`). What
the transaction deletes meets none; what it creates under the same condition is meant by it (R4 http.html#trules).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from camphora.errors import CamphoraError, Conflict, Faults, Invalid, Place
from camphora.fhir.extract import extract
from camphora.fhir.search import Query
from camphora.fhir.search.asking import IdClause, TokenClause
from camphora.records import Given, Version
from camphora.records.prepare import new_id
from camphora.web.fhir import conditions
from camphora.web.fhir.call import Call
from camphora.web.fhir.entries import BY_SEARCH, Item, by_search, located, moved
from camphora.web.fhir.interactions import is_kept


@dataclass(slots=True)
class Resolved:
    """By entry: the record that meets its condition and the id under which it is written; by reference, the record
    that it names; and what all this rests on."""

    rows: dict[int, Version | None] = field(default_factory=dict)
    ids: dict[int, str] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    given: list[Given] = field(default_factory=list)

    def stands(self, item: Item) -> bool:
        """Whether a conditional create found what it would create."""
        return item.method == "POST" and self.rows.get(item.number) is not None

    def address(self, item: Item) -> str:
        return f"{item.type}/{self.ids[item.number]}"


def resolve(call: Call, items: list[Item]) -> Resolved:
    """Resolve every condition. Raises what cannot be, located in its entry."""
    resolving = _Resolving(call)
    for item in sorted(items, key=lambda one: one.method != "DELETE"):
        with _within(item):
            resolving.entry(item)
    _require_apart(items, resolving.found, resolving.queries)
    for item in items:
        if item.resource is not None:
            for text in dict.fromkeys(by_search(item.resource, item.body)):
                with _within(item, "resource"):
                    resolving.reference(text, items)
    return resolving.found


class _Resolving:
    def __init__(self, call: Call) -> None:
        self.call = call
        self.found = Resolved()
        self.deleted: set[str] = set()
        self.queries: dict[int, Query] = {}

    def entry(self, item: Item) -> None:
        """The record that an entry means."""
        if item.condition is not None:
            query, rows = self._rows(item.type, conditions.understood(self.call, item.type, item.condition))
            self.queries[item.number] = query
            self.found.rows[item.number] = rows[0] if rows else None
            if rows:
                self.found.ids[item.number] = rows[0].id
            elif item.method in {"POST", "PUT"}:
                self.found.ids[item.number] = new_id()
        elif item.method == "POST":
            self.found.ids[item.number] = new_id()
        elif item.id:
            self.found.ids[item.number] = item.id
        if item.method == "DELETE" and item.number in self.found.ids:
            self.deleted.add(self.found.address(item))

    def _rows(self, kind: str, query: Query) -> tuple[Query, list[Version]]:
        """The at most one record that a condition means, apart from those that this transaction deletes."""
        page = self.call.store.search(self.call.access, replace(query, count=2 + len(self.deleted)))
        rows = [row for row in page.rows if f"{kind}/{row.id}" not in self.deleted]
        self.found.given.append(Given(query, frozenset(row.id for row in page.rows)))
        if len(rows) > 1:
            raise Conflict("web-fhir-many-matches", type=kind)
        return query, rows

    def reference(self, text: str, items: Iterable[Item]) -> None:
        """Which record a reference by search names: one that is here, or one that this transaction creates."""
        named = BY_SEARCH.fullmatch(text)
        if text in self.found.references or named is None:
            return
        kind = named["type"]
        if not is_kept(kind):
            raise Invalid("web-fhir-no-type")
        query = conditions.understood(self.call, kind, conditions.condition_of(named["query"]))
        try:
            _, rows = self._rows(kind, query)
        except Conflict:
            raise Conflict("web-fhir-reference-unresolved", matches=">1") from None
        made = [
            item
            for item in items
            if item.brings
            and item.type == kind
            and not self.found.rows.get(item.number)
            and self._is(item, query)
        ]
        addresses = {f"{kind}/{row.id}" for row in rows} | {self.found.address(item) for item in made}
        if len(addresses) != 1:
            raise Conflict("web-fhir-reference-unresolved", matches=len(addresses))
        self.found.references[text] = addresses.pop()

    def _is(self, item: Item, query: Query) -> bool:
        """Whether an entry's resource meets a condition: one that it bears itself, or one of codes and identifiers."""
        own = self.queries.get(item.number)
        if own is not None and own.clauses == query.clauses:
            return True
        if item.resource is None or not all(isinstance(clause, TokenClause) for clause in query.clauses):
            return False
        tokens = extract(item.type, self.call.store.registry)(item.resource).tokens
        return all(
            any(
                param == clause.param and system in {None, its_system or ""} and code in {None, its_code}
                for param, its_system, its_code in tokens
                for system, code in clause.alternatives
            )
            for clause in query.clauses
            if isinstance(clause, TokenClause)
        )


def _require_apart(items: list[Item], found: Resolved, queries: Mapping[int, Query]) -> None:
    """No two entries write one record, by whatever they name it, and none create under the same condition."""
    meant: dict[object, list[Item]] = {}
    for item in items:
        if (
            item.method in {"POST", "PUT", "PATCH", "DELETE"}
            and item.number in found.ids
            and not found.stands(item)
        ):
            meant.setdefault(found.address(item), []).append(item)
        if item.number in queries and found.rows.get(item.number) is None and item.brings:
            meant.setdefault((item.type, queries[item.number].clauses), []).append(item)
    twice = {item.path: item for several in meant.values() if len(several) > 1 for item in several}
    if twice:
        raise Faults([Invalid("web-fhir-same-record", place=Place(path=path)) for path in twice])


@contextmanager
def _within(item: Item, path: str | None = None) -> Iterator[None]:
    """Locates what is raised inside in an entry, and there at a path where one is given."""
    try:
        yield
    except CamphoraError as error:
        raise located(error if path is None else moved(error, path), item.number) from None


def exists(call: Call, record_type: str, record_id: str) -> bool:
    """Whether a record is there to be seen, asked as a count that reads nobody."""
    query = Query(record_type, (IdClause((record_id,)),), summary="count")
    return bool(call.store.search(call.access, query).total)
