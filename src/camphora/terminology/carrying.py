# ruff: noqa: S608 - statements are composed of our own words; values are always bound
"""What was added to a terminology file goes over into one that is built anew.

Bundled tables change with a release of Camphora, and so may the schema: then the file is built again from the
tables, and every edition, value set and map that the old one holds beyond them is copied.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from camphora.terminology.file import SHIFT, query, version_of
from camphora.terminology.words import pairs
from camphora.terminology.writing import (
    Edition,
    EditionWriter,
    announce,
    batches,
    insert,
    plain_entry,
    settle,
)

EDITION = "url, version, family, zh, en, licence, source, language, content, supplements, about, digest"


def carry_over(old: Path, new: apsw.Connection) -> None:
    """Copy what `old` holds and `new` does not; editions that were being loaded are not among it."""
    copy = _BY_VERSION[version_of(old)]
    new.execute("ATTACH ? AS old", (str(old),))
    try:
        with new:
            copy(new)
    finally:
        new.execute("DETACH old")


def _from_unnumbered(new: apsw.Connection) -> None:
    """The file of the first release: one row per concept, its properties as a JSON object."""
    sql = "SELECT id, url, version, zh, en, licence, source FROM old.edition ORDER BY id"
    for number, url, version, *names in query(new, sql):
        if _held(new, url, version):
            continue
        writer = EditionWriter(new, edition := Edition(url, version, *names))
        writer.number = announce(new, edition)
        sql = "SELECT code, zh, en, status, more FROM old.concept WHERE edition = ? ORDER BY code"
        for batch in batches(plain_entry(*row) for row in query(new, sql, (number,))):
            insert(new, writer, batch)
        settle(new, writer.number)
    new.execute("INSERT OR IGNORE INTO alias SELECT * FROM old.alias")


def _from_first(new: apsw.Connection) -> None:
    sql = f"SELECT id, {EDITION} FROM old.edition WHERE ready ORDER BY id"
    for number, url, version, *rest in query(new, sql):
        if not _held(new, url, version):
            _copy(new, number, (url, version, *rest))
    new.execute("INSERT OR IGNORE INTO alias SELECT * FROM old.alias")
    _copy_resources(new)


def _copy(new: apsw.Connection, number: int, line: tuple[object, ...]) -> None:
    """One edition with everything of it, under its number in the new file."""
    marks = ",".join("?" * len(line))
    new.execute(f"INSERT INTO edition ({EDITION}, concepts, tree, ready) VALUES ({marks}, 0, 0, 0)", line)
    own = new.last_insert_rowid()
    step, span = own - number << SHIFT, (number << SHIFT, (number + 1 << SHIFT) - 1)
    new.execute(
        "INSERT INTO concept SELECT id + ?, ?, code, zh, en, display, status, inactive, abstract, NULL, NULL, folded,"
        " more FROM old.concept WHERE id BETWEEN ? AND ?",
        (step, own, *span),
    )
    ours = (own << SHIFT, (own + 1 << SHIFT) - 1)
    new.execute(
        "INSERT INTO trigram (rowid, text) SELECT id, folded FROM concept WHERE id BETWEEN ? AND ?", ours
    )
    rows = query(new, "SELECT id, folded FROM concept WHERE id BETWEEN ? AND ?", ours)
    doubles = ((id_, found) for id_, folded in rows if (found := pairs(folded)))
    new.executemany("INSERT INTO pair (rowid, text) VALUES (?,?)", doubles)
    new.execute("INSERT INTO edge SELECT ?, parent, child FROM old.edge WHERE edition = ?", (own, number))
    for attribute, code in query(new, "SELECT id, code FROM old.attribute WHERE edition = ?", (number,)):
        new.execute("INSERT INTO attribute (edition, code) VALUES (?,?)", (own, code))
        new.execute(
            "INSERT INTO property SELECT ?, value, concept + ? FROM old.property WHERE attribute = ?",
            (new.last_insert_rowid(), step, attribute),
        )
    settle(new, own)


def _copy_resources(new: apsw.Connection) -> None:
    columns = "kind, url, version, source, digest, body"
    for number, *line in query(new, f"SELECT id, {columns} FROM old.resource ORDER BY id"):
        new.execute(f"INSERT OR IGNORE INTO resource ({columns}) VALUES (?,?,?,?,?,?)", line)
        if new.changes():
            own = new.last_insert_rowid()
            new.execute(
                "INSERT INTO mapping SELECT ?, source_system, source_code, target_system, target_code, relationship"
                " FROM old.mapping WHERE map = ?",
                (own, number),
            )


def _held(new: apsw.Connection, url: str, version: str) -> bool:
    sql = "SELECT 1 FROM edition WHERE url = ? AND version = ?"
    return bool(query(new, sql, (url, version)))


_BY_VERSION = {0: _from_unnumbered, 1: _from_first}
