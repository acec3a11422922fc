"""To which records a writer points who may not see them: hidden and absent are alike."""

from __future__ import annotations

from collections.abc import Container, Iterable

import apsw
import orjson

from camphora.policy import Access
from camphora.records.deriving import identities
from camphora.records.visible import EVERYTHING, visible

STANDS = (
    "SELECT r.id, r.person FROM json_each(?) j CROSS JOIN record r"
    " ON r.type = (SELECT no FROM type WHERE name = ?) AND r.id = j.value WHERE {0}"
)


def unseen(connection: apsw.Connection, access: Access, names: Iterable[str]) -> set[str]:
    """Which of these records (`Type/id`) the Access may not see, or are not there."""
    return {name for kind, ids in _by_kind(names).items() for name in _missing(connection, access, kind, ids)}


def doubtful(connection: apsw.Connection, access: Access, person: int | None, names: Iterable[str]) -> bool:
    """Whether any of these may not be seen, or is about somebody else than `person`: who planted a reference to it
    while they could would learn how it is labelled when they no longer can."""
    own = {None, *(identities(connection, person) if person is not None else ())}
    return any(_missing(connection, access, kind, ids, own) for kind, ids in _by_kind(names).items())


def _missing(
    connection: apsw.Connection,
    access: Access,
    kind: str,
    ids: list[str],
    persons: Container[int | None] | None = None,
) -> set[str]:
    """Those of a kind that may not be seen or, where persons are given, are about none of them."""
    seen = visible(access, kind, connection)
    if seen == EVERYTHING:
        return set()
    rows = []
    if access.covers(kind):
        rows = list(
            connection.execute(STANDS.format(seen.sql), (orjson.dumps(ids).decode(), kind, *seen.values))
        )
    there = {name for name, person in rows if persons is None or person in persons}
    return {f"{kind}/{name}" for name in ids if name not in there}


def _by_kind(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in names:
        kind, _, name = each.partition("/")
        found.setdefault(kind, []).append(name)
    return found
