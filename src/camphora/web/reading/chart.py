"""One person's record as one Access lets it be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from camphora.fhir.search import MOST_ALTERNATIVES, parse_query
from camphora.policy import Access
from camphora.records import SQLiteStore, Version

Json = dict[str, Any]
NAMED = ("Organization", "Practitioner", "Location")


class Found(NamedTuple):
    """Resources, newest first where that was asked, and the token of the next page."""

    rows: list[Json]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Asks for one person's records. Each `ask` is one search and leaves one receipt."""

    store: SQLiteStore
    access: Access
    person: str

    def ask(self, record_type: str, *pairs: tuple[str, str], count: int = 100, page: str = "") -> Found:
        """Records of a type that are about this person; none where the Access does not cover the type."""
        if not self.access.covers(record_type):
            return Found([])
        given = [
            ("patient", self.person),
            *pairs,
            ("_count", str(count)),
            *([("_page", page)] if page else []),
        ]
        answer = self.store.search(self.access, parse_query(record_type, given, strict=True))
        return Found(parsed(answer.rows), answer.next)

    def every(self, record_type: str, *pairs: tuple[str, str]) -> Iterator[Json]:
        """All records of a type that are about this person, through as many pages as there are."""
        following: str | None = ""
        while following is not None:
            rows, following = self.ask(record_type, *pairs, count=1000, page=following)
            yield from rows

    def patient(self) -> Json:
        """The Patient; NotFound `records-not-found` where absent or hidden."""
        return read(self.store, self.access, "Patient", self.person)

    def names(self, references: Iterable[str]) -> dict[str, str]:
        """Names of institutions, places and staff by reference (`Organization/f1`)."""
        return names(self.store, self.access, references)


def read(store: SQLiteStore, access: Access, record_type: str, record_id: str) -> Json:
    """One resource, parsed."""
    body = store.read(access, record_type, record_id).body
    resource: Json = orjson.loads(body or b"{}")
    return resource


def parsed(rows: Iterable[Version]) -> list[Json]:
    return [orjson.loads(row.body) for row in rows if row.body is not None]


def names(store: SQLiteStore, access: Access, references: Iterable[str]) -> dict[str, str]:
    """Names by reference of what is about no person; one search for each type that is named, and for each so many."""
    wanted: dict[str, set[str]] = {kind: set() for kind in NAMED}
    for reference in references:
        kind, _, key = reference.partition("/")
        if kind in wanted and key:
            wanted[kind].add(key)
    found: dict[str, str] = {}
    for kind, keys in wanted.items():
        if keys and access.covers(kind):
            for row in _of_ids(store, access, kind, sorted(keys)):
                found[f"{kind}/{row['id']}"] = name_of(row)
    return found


def _of_ids(store: SQLiteStore, access: Access, record_type: str, ids: list[str]) -> Iterator[Json]:
    for start in range(0, len(ids), MOST_ALTERNATIVES):
        some = ",".join(ids[start : start + MOST_ALTERNATIVES])
        query = parse_query(record_type, [("_id", some), ("_count", "1000")], strict=True)
        yield from parsed(store.search(access, query).rows)


def name_of(resource: Json) -> str:
    """The name of a person or an institution as its record writes it."""
    name = resource.get("name")
    if isinstance(name, str):
        return name
    for each in name or ():
        parts = [each.get("family", ""), *each.get("given", ())]
        return str(each.get("text") or " ".join(part for part in parts if part))
    return ""
