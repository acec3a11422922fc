"""A store as it was made before the index had its present form: bodies as JSON, keys as JSON, words, spellings.

The tables come from the numbered SQL of that time, and the rows are written as the writer of that time wrote them.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import apsw
import orjson

from camphora.fhir.extract import extract

LAST = 10
"""The last numbered SQL file before the new form."""
KINDS = frozenset({"token", "reference", "date", "string", "uri"})
"""The kinds of parameters that were searched then."""
MODIFIED = frozenset({"exact", "identifier"})


def make(folder: Path, resources: list[dict[str, Any]], deleted: frozenset[str] = frozenset()) -> Path:
    """A store in `folder` with these resources, in order: the same id again is a new version; those in `deleted` were
    deleted last."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = apsw.Connection(str(folder / "records.sqlite"))
    steps = sorted(files("camphora.records").joinpath("sql").iterdir(), key=lambda item: item.name)
    with connection:
        for step in steps[:LAST]:
            connection.execute(step.read_text("utf-8"))
        connection.execute(f"PRAGMA user_version = {LAST}")
        writer = _Writer(connection)
        for resource in resources:
            writer.put(resource)
        for name in sorted(deleted):
            writer.delete(name)
    connection.close()
    return folder


def without_local_dates(connection: apsw.Connection) -> None:
    """Take from a store of today what sql/0016-local-dates.sql makes."""
    for kind in ("begun", "changed", "moved"):
        connection.execute(f"DROP TRIGGER local_date_{kind}")
    connection.execute("DROP VIEW home; DROP TABLE local_date")


class _Writer:
    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self.now = 1_760_000_000_000

    def number(self, table: str, **values: Any) -> int:
        where = " AND ".join(f"{name} = ?" for name in values)
        found = next(
            self.connection.execute(f"SELECT no FROM {table} WHERE {where}", [*values.values()]), None
        )
        if found:
            return found[0]
        marks = ", ".join("?" * len(values))
        self.connection.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", [*values.values()]
        )
        return self.connection.last_insert_rowid()

    def put(self, resource: dict[str, Any]) -> None:
        self.now += 1000
        kind = self.number("type", name=resource["resourceType"])
        index = extract(resource["resourceType"])(resource)
        known = extract(resource["resourceType"]).parameters

        def then(name: str) -> bool:
            base, _, modifier = name.partition(":")
            return known[base].type in KINDS and base != "phonetic" and (not modifier or modifier in MODIFIED)

        def param(name: str) -> int:
            return self.number("param", type=kind, code=name)

        terms = {
            self.number("term", param=param(name), code=code, system=system or "")
            for name, system, code in index.tokens
            if then(name)
        }
        terms |= {
            self.number("term", param=param(name), code=f"{to}/{key}" if to else key, system="")
            for name, to, key in index.references
            if "_history" not in key
        }
        spans = sorted({(param(name), low, high) for name, low, high in index.dates})
        words = sorted({(param(name), text) for name, text in index.strings if then(name)})
        keys = orjson.dumps([sorted(terms), spans, words])
        person = self.number("person", patient=index.person[1]) if index.person else None
        self._row(kind, resource, (person, index.main_date, keys))
        self._log(resource["id"])
        (number,) = next(
            self.connection.execute("SELECT no FROM record WHERE type = ? AND id = ?", (kind, resource["id"]))
        )
        many = self.connection.executemany
        many("INSERT INTO posting VALUES (?, ?)", [(term, number) for term in terms])
        many("INSERT INTO span VALUES (?, ?, ?, ?)", [(number, *span) for span in spans])
        many("INSERT INTO word VALUES (?, ?, ?)", [(number, *word) for word in words])

    def delete(self, name: str) -> None:
        self.now += 1000
        (number,) = self._supersede(name)
        self.connection.execute(
            "UPDATE record SET version = version + 1, updated = ?, deleted = 1, main_date = NULL, digest = x'',"
            " keys = '[[],[],[]]', body = NULL WHERE no = ?",
            (self.now, number),
        )
        self._log(name)

    def _log(self, name: str) -> None:
        self.connection.execute(
            "INSERT INTO change (kind, subject, version, person, at) SELECT 'record', no, version, person, updated"
            " FROM record WHERE id = ?",
            (name,),
        )

    def _row(self, kind: int, resource: dict[str, Any], values: tuple[int | None, int | None, bytes]) -> None:
        found = self._supersede(resource["id"])
        version = 1 if found is None else 2
        meta = {**resource.get("meta", {}), "versionId": str(version)}
        body = orjson.dumps({**resource, "meta": meta})
        if found:
            self.connection.execute("DELETE FROM record WHERE no = ?", found)
        self.connection.execute(
            "INSERT INTO record (no, type, id, version, person, main_date, updated, labels, deleted, digest, keys,"
            " body) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, x'00', ?, ?)",
            (
                found and found[0],
                kind,
                resource["id"],
                version,
                values[0],
                values[1],
                self.now,
                values[2],
                body,
            ),
        )

    def _supersede(self, name: str) -> tuple[int] | None:
        row = next(self.connection.execute("SELECT no, keys FROM record WHERE id = ?", (name,)), None)
        if row is None:
            return None
        number, keys = row
        self.connection.execute(
            "INSERT INTO superseded SELECT no, version, person, updated, labels, deleted, body FROM record"
            " WHERE no = ?",
            (number,),
        )
        for term in orjson.loads(keys)[0]:
            self.connection.execute("DELETE FROM posting WHERE term = ? AND record = ?", (term, number))
        for table in ("span", "word"):
            self.connection.execute(f"DELETE FROM {table} WHERE record = ?", (number,))
        return (number,)
