"""The index of a store in names instead of numbers, so that two stores can be compared; and one made anew.

It knows the tables, not the code that fills them: what it says of a store is what lies in the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import orjson

from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from camphora.records.bodies import plain
from camphora.records.keys import unpacked

FIRST = ("Organization", "Patient")
"""Types that others name."""
CHUNK = 500


def index_of(connection: apsw.Connection) -> set[tuple[Any, ...]]:
    """Every index row that a record is found by; of a deleted one there must be none."""

    def named(sql: str) -> dict[int, Any]:
        return dict(connection.execute(sql))

    records = {no: (kind, key) for no, kind, key in connection.execute(
        "SELECT r.no, t.name, r.id FROM record r JOIN type t ON t.no = r.type")}  # fmt: skip
    params = named("SELECT no, code FROM param")
    texts, persons = named("SELECT no, text FROM text"), named("SELECT no, patient FROM person")
    terms: dict[int, Any] = {
        no: (params[param], code, texts[system])
        for no, param, code, system in connection.execute("SELECT no, param, code, system FROM term")
    }
    terms[0] = None
    found: set[tuple[Any, ...]] = set()
    for term, record in connection.execute("SELECT term, record FROM posting"):
        found.add(("posting", records[record], terms[term]))
    for record, param, low, high in connection.execute("SELECT record, param, low, high FROM span"):
        found.add(("span", records[record], params[param], low, high))
    for record, param, unit, low, high in connection.execute("SELECT * FROM amount"):
        found.add(("amount", records[record], params[param], terms[unit], low, high))
    for record, param, first, second, *ends in connection.execute("SELECT * FROM pair"):
        found.add(("pair", records[record], params[param], terms[first], terms[second], *ends))
    for record, param, latitude, longitude in connection.execute("SELECT * FROM position"):
        found.add(("position", records[record], params[param], latitude, longitude))
    for record, person in connection.execute("SELECT record, person FROM also_names"):
        found.add(("also names", records[record], persons[person]))
    sql = (
        "SELECT r.no, r.person, r.main_date, r.main_length, r.labels, c.keys FROM record r"
        " JOIN content c ON c.record = r.no WHERE r.deleted = 0"
    )
    for no, person, date, length, labels, keys in connection.execute(sql):
        kept = unpacked(keys)
        said = (
            frozenset(params[each] for each in kept.params),
            frozenset(terms[each] for each in kept.terms),
        )
        found.add(("record", records[no], persons.get(person), date, length, labels, said))
    return found


def rebuilt(connection: apsw.Connection, folder: Path) -> set[tuple[Any, ...]]:
    """The index that a new store in `folder` makes of the present bodies of this one."""
    sql = (
        "SELECT t.name, c.body FROM record r JOIN type t ON t.no = r.type JOIN content c ON c.record = r.no"
        " WHERE r.deleted = 0 ORDER BY r.no"
    )
    bodies = [(kind, plain(body)) for kind, body in connection.execute(sql)]
    bodies.sort(key=lambda each: FIRST.index(each[0]) if each[0] in FIRST else len(FIRST))
    store = SQLiteStore(folder / "rebuilt")
    try:
        for start in range(0, len(bodies), CHUNK):
            some = bodies[start : start + CHUNK]
            store.write(loading("rebuild"), [Put(orjson.loads(body), body=body) for _, body in some])
        return index_of(store._connections.writer)
    finally:
        store.close()
