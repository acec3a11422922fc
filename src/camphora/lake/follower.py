"""The lake's follower: keeps the parts true to the change log, and places them by the persons' choices.

Three kinds of work. *Making*: a range of persons is read from the store and cut by all views. *Renewing*: of a range
that was made, the records that changed are cut anew and the rest of its rows taken over, from Parquet to Parquet.
*Moving*: a person with any stop of secondary use that touches a source lies on its withheld side; who stops
or resumes takes the rows of the sources touched from one side to the other. All write new
files first and then swap the manifest's lines in one transaction of the store, so that a process that dies leaves
the old manifest whole; doing any twice changes nothing. No answer depends on the moving: a question weighs the
choices of its own moment against the sides as they are (`camphora.lake.sides`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import orjson
from pyroaring import BitMap

from camphora.errors import Conflict
from camphora.formats.declaration import TableDeclaration
from camphora.lake import manifest
from camphora.lake.cutting import SPAN, Cutting, cut, wide
from camphora.lake.duckdb import Engine, Piece
from camphora.lake.manifest import RECORDS, Manifest, Part, Range, parts_of
from camphora.lake.parts import PartFolder
from camphora.lake.pauses import Pauses
from camphora.lake.sides import ACCESS, Sides, ranges
from camphora.lake.sources import AREA, NOTIFIABLE, PERSON, RECORD, Source, digest
from camphora.lake.touched import Due, Stale, Touched, stale
from camphora.policy import Access
from camphora.policy.labels import NOTIFIABLE as MARK
from camphora.policy.labels import OTHERS
from camphora.policy.paths import read_path
from camphora.records import Batch, Change, Followed, SQLiteStore

NAME, LABELS = "lake", "lake:labels"
LIMIT, TRIES, READ = 10_000, 5, 500
WITHHELD = "person IN (SELECT unnest($persons::BIGINT[]))"
Progress = Callable[[int, int], None]
"""Called with ranges done and ranges in all."""

read_path("lake.follower", "follower", "persons")


class Snapshot(NamedTuple):
    """The manifest, how far the follower has come, and the log's last change."""

    manifest: Manifest
    place: int
    last_change: int


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """What one catching-up did. `skipped`: records that a view could not cut, counted once per view."""

    change: int
    ranges: int = 0
    records: int = 0
    skipped: int = 0


class Follower:
    """Makes and moves parts. Any thread may call `settle`; `catch_up` runs one at a time."""

    def __init__(
        self,
        store: SQLiteStore,
        engine: Engine,
        parts: PartFolder,
        sources: Mapping[str, Source],
        sides: Sides,
    ) -> None:
        self._store = store
        self._sides = sides
        self._engine = engine
        self._parts = parts
        self._sources = sources
        self._digest = digest(sources.values(), SPAN)
        self._views: dict[str, list[Source]] = {}
        for source in sources.values():
            if source.view:
                self._views.setdefault(source.view.resource, []).append(source)
        self._manifest = manifest.Kept()
        self._making = threading.Lock()
        self._pauses = Pauses(0.0)
        self._tabling = threading.Lock()
        self._form()

    def snapshot(self) -> Snapshot:
        """All that a question must know, read in one transaction."""

        def read(connection: apsw.Connection) -> Snapshot:
            return Snapshot(
                self._manifest.present(connection), self._store.place(NAME), self._store.last_change()
            )

        return self._store.kept(ACCESS, read)

    # Making

    def catch_up(
        self,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
        pauses: Pauses | None = None,
    ) -> CaughtUp:
        """Bring all parts up to the change log's end; with `stop` set it ends early and resumes another time. With
        `pauses` it gives way to other threads all the while."""
        with self._making:
            self._pauses = pauses or Pauses(0.0)
            self.settle()
            after = place = self._store.place(NAME)
            touched, tables = Touched(choices="Consent" in self._views), set[int]()
            while changes := self._store.changes(ACCESS, after, LIMIT):
                touched.add(changes, self._earlier_persons(changes))
                tables |= {change.subject for change in changes if change.kind == "batch"}
                after = changes[-1].no
            labels = self._relabelled(touched)
            if after == place and not touched.ranges:
                return CaughtUp(place)
            done = self._make_ranges(touched, after, progress, stop)
            if stop and stop.is_set():
                return CaughtUp(place, *done)
            for name in self._named(tables):
                self.freshen(name)
            self._store.move(ACCESS, NAME, after)
            if labels is not None:
                self._store.move(ACCESS, LABELS, labels)
            return CaughtUp(after, *done)

    def _relabelled(self, touched: Touched) -> int | None:
        """All ranges are due where records were labelled by other rules since; the number of the labelling."""
        labels = self._store.kept(ACCESS, _labelling)
        if labels is None or labels == self._store.place(LABELS):
            return None
        present = self.snapshot()
        touched.add_all(
            (low for source, low in present.manifest.through if source == RECORDS), present.last_change
        )
        return labels

    def _make_ranges(
        self, touched: Touched, through: int, progress: Progress | None, stop: threading.Event | None
    ) -> tuple[int, int, int]:
        made = self.snapshot().manifest.through
        due = [
            (low, each)
            for low, each in sorted(touched.ranges.items())
            if each.whole or made.get((RECORDS, low), -1) < each.change
        ]
        records = skipped = 0
        for number, (low, each) in enumerate(due, 1):
            if stop and stop.is_set():
                return number - 1, records, skipped
            is_new = each.records is None or (RECORDS, low) not in made
            read, left = self._make(low) if is_new else self._renew(low, each, through)
            records, skipped = records + read, skipped + left
            if progress:
                progress(number, len(due))
        return len(due), records, skipped

    def _make(self, low: int) -> tuple[int, int]:
        """Cut one range of persons anew by all views; returns records read and records that a view could not cut."""
        through = self._store.last_change()
        names = [source.name for views in self._views.values() for source in views]
        withheld = {name: self._wanted(name, low) for name in names}
        residents, notified = self._store.kept(ACCESS, lambda connection: _range(connection, low))
        records = skipped = 0
        with Cutting(self._parts.folder) as cutting:
            for followed in self._store.scan(ACCESS, low, low + SPAN):
                records += 1
                for source, rows in self._rows(followed):
                    skipped += rows is None
                    is_open = (followed.person or 0) not in withheld[source.name]
                    inner = _inner(followed, residents, notified)
                    cutting.add(source, inner, rows or [], is_open=is_open)
                self._pauses.pause()
            self._place(cutting, Range(RECORDS, low, through, withheld))
        return records, skipped

    def _rows(self, followed: Followed) -> Iterator[tuple[Source, list[dict[str, Any]] | None]]:
        """What each view makes of a record, None where it could not cut it."""
        views = self._views.get(followed.type)
        if views and followed.body is not None and followed.person is not None and _alone(followed):
            resource = orjson.loads(followed.body)
            for source in views:
                yield source, cut(source, resource)

    # Renewing

    def _renew(self, low: int, due: Due, through: int) -> tuple[int, int]:
        """Cut the records of a range anew that changed up to `through`; returns as `_make` does."""
        found = self._store.kept(ACCESS, lambda connection: stale(connection, due))
        records = skipped = 0
        with Cutting(self._parts.folder) as cutting:
            for followed in self._present(found, low):
                records += 1
                for source, rows in self._rows(followed):
                    skipped += rows is None
                    inner = _inner(followed, found.residents, found.notified)
                    cutting.add(source, inner, rows or [], is_open=True)
                self._pauses.pause()
            fresh = {name: lines for (name, _), lines in cutting.finished().items()}
            names = [each.name for kind in sorted(found.types) for each in self._views.get(kind, ())]
            for name in names:
                self._join(name, low, through, sorted(found.records), fresh.get(name))
        return records, skipped

    def _present(self, found: Stale, low: int) -> Iterator[Followed]:
        """The records of a range among these, a few at a time, so that no transaction stays open."""
        numbers = sorted(found.records)
        for at in range(0, len(numbers), READ):
            for followed in self._store.present(ACCESS, numbers[at : at + READ]):
                if followed.person is not None and low <= followed.person < low + SPAN:
                    yield followed

    def _join(self, name: str, low: int, through: int, changed: list[int], fresh: Path | None) -> None:
        """Put the fresh rows of a range beside those of the records that did not change, each on its side."""
        for left in reversed(range(TRIES)):
            with self.reading() as now:
                made = Range(RECORDS, low, through, {name: self._wanted(name, low)})
                old = parts_of(now.manifest, name, low)
                new = self._joined(made, name, old, changed, fresh)
                try:
                    self._swap([made], new, old)
                except Conflict:
                    self._parts.drop(part.file for part in new)
                    if not left:
                        raise
                else:
                    return

    def _joined(
        self, made: Range, name: str, old: Sequence[Part], changed: list[int], fresh: Path | None
    ) -> list[Part]:
        files, low = [self._parts.path(part.file) for part in old], made.low
        lines = (fresh, self._sources[name].declared) if fresh else None
        values = {"persons": list(made.withheld[name])} | ({"changed": changed} if files else {})
        inside = f"person BETWEEN {low} AND {low + SPAN - 1}"
        same = f"{inside} AND {RECORD} NOT IN (SELECT unnest($changed::BIGINT[]))"
        sides = [(True, low, f"{same} AND NOT {WITHHELD}", f"NOT {WITHHELD}")]
        if values["persons"] or any(not part.open for part in old):
            sides.append((False, wide(low), f"NOT ({inside}) OR {same} AND {WITHHELD}", WITHHELD))
        new: list[Part] = []
        for is_open, place, kept, added in sides:
            pieces: list[Piece] = [(files, kept)] if files else []
            pieces += [(lines, added)] if lines else []
            if pieces:
                new += self._gathered(name, RECORDS, place, pieces, values, is_open=is_open)
        return new

    def _wanted(self, name: str, low: int) -> BitMap:
        """Who of a range is to lie on the withheld side of a source."""
        return self._sides.placed(self._sources[name]) & BitMap(range(low, low + SPAN))

    def _place(self, cutting: Cutting, made: Range) -> None:
        """Put a range's rows in the place of its old ones; those of others in its withheld parts stay."""
        fresh = self._packed(cutting, made.source, made.low)
        late = [part for part in fresh if not part.open]
        for left in reversed(range(TRIES)):
            with self.reading() as now:
                old = [part for name in made.withheld for part in parts_of(now.manifest, name, made.low)]
                shared = self._shared(made, old, late)
                try:
                    self._swap([made], [*(part for part in fresh if part.open), *shared], old)
                    break
                except Conflict:
                    self._parts.drop(part.file for part in (*shared, *(() if left else fresh)))
                    if not left:
                        raise
        self._parts.drop(part.file for part in late)

    def _shared(self, made: Range, old: Sequence[Part], late: Sequence[Part]) -> list[Part]:
        """The withheld parts of a range anew: what they hold of other ranges, and this one's fresh rows."""
        found = []
        others = f"person NOT BETWEEN {made.low} AND {made.low + SPAN - 1}"
        withheld = [part for part in old if not part.open]
        for name in sorted({part.name for part in (*withheld, *late)}):
            pieces: list[Piece] = [
                ([self._parts.path(part.file) for part in parts if part.name == name], where)
                for parts, where in ((withheld, others), (late, "true"))
            ]
            some = [piece for piece in pieces if piece[0]]
            found += self._gathered(name, made.source, wide(made.low), some, {}, is_open=False)
        return found

    def _packed(self, cutting: Cutting, source: str, low: int) -> list[Part]:
        parts = []
        for (name, is_open), lines in cutting.finished().items():
            file = self._parts.new(name, low, is_open=is_open)
            rows = self._engine.pack(lines, self._sources[name].declared, self._parts.path(file))
            parts.append(Part(file, source, low, name, is_open, rows))
        return parts

    def _gathered(
        self,
        name: str,
        source: str,
        low: int,
        pieces: Sequence[Piece],
        values: Mapping[str, list[int]],
        *,
        is_open: bool,
    ) -> list[Part]:
        """One part of rows from others, none where there are none."""
        file = self._parts.new(name, low, is_open=is_open)
        rows = self._engine.gather(pieces, values, self._parts.path(file))
        return [Part(file, source, low, name, is_open, rows)] if rows else []

    # Moving

    def settle(self) -> None:
        """Put every person's rows on the side where the person's choices have them now."""
        while self._moved():
            pass

    def _moved(self) -> bool:
        """Move what is on the wrong side now; whether there was anything. The parts read stay until they are read."""
        stale = self._stale(self.snapshot().manifest)
        for source, name, lows in stale:
            with self.reading() as now:
                self._move(now.manifest, source, name, lows)
        return bool(stale)

    def reading(self) -> AbstractContextManager[Snapshot]:
        """The present snapshot, with the files of its parts kept in place while the context is open."""
        return self._parts.pinned(self.snapshot, lambda now: now.manifest.files())

    def _stale(self, present: Manifest) -> list[tuple[str, str, list[int]]]:
        """By source and name the ranges whose sides are not those of the present choices, together where they share a
        withheld part."""
        found: dict[tuple[str, str, int], list[int]] = {}
        for source in self._sources.values():
            if source.about_persons:
                group = RECORDS if source.view else source.name
                wrong = self._sides.placed(source) ^ present.withheld.get(source.name, BitMap())
                for low in ranges(wrong):
                    if (group, low) in present.through:
                        found.setdefault((group, source.name, wide(low)), []).append(low)
        return [(group, name, lows) for (group, name, _), lows in found.items()]

    def _move(self, present: Manifest, source: str, name: str, lows: list[int]) -> None:
        """Split the parts of ranges anew by side, unless they were remade meanwhile: then the next round does."""
        made = [
            Range(source, low, present.through[source, low], {name: self._wanted(name, low)}) for low in lows
        ]
        old = list({part.file: part for low in lows for part in parts_of(present, name, low)}.values())
        files = [self._parts.path(part.file) for part in old]
        values = {"lows": lows, "persons": [person for each in made for person in each.withheld[name]]}
        new: list[Part] = []
        if files:
            for each in made:
                inside = f"person BETWEEN {each.low} AND {each.low + SPAN - 1} AND NOT {WITHHELD}"
                new += self._gathered(
                    name, source, each.low, [(files, inside)], {"persons": values["persons"]}, is_open=True
                )
            others = f"person // {SPAN} * {SPAN} NOT IN (SELECT unnest($lows::BIGINT[])) OR {WITHHELD}"
            new += self._gathered(name, source, wide(lows[0]), [(files, others)], values, is_open=False)
        try:
            self._swap(made, new, old)
        except Conflict:
            self._parts.drop(part.file for part in new)

    def _swap(self, made: Sequence[Range], parts: Sequence[Part], instead_of: Sequence[Part]) -> None:
        def job(connection: apsw.Connection) -> None:
            self._manifest.swap(connection, made, parts, instead_of)

        self._store.move(ACCESS, f"{NAME}:parts", made[-1].through, job)
        self._parts.drop(part.file for part in instead_of)

    # Tables

    def freshen(self, name: str) -> None:
        """Bring a table's parts up to its latest batch: of rows with the same key the latest wins, and of a table of
        which each file is the whole the latest file."""
        source = self._sources[name]
        with self._tabling:
            batches = self._store.batches(ACCESS, name)
            made = {key: done for key, done in self.snapshot().manifest.through.items() if key[0] == name}
            latest = batches[-1].no if batches else 0
            if source.table is None or not batches or any(done >= latest for done in made.values()):
                return
            by_range = self._by_range(source, standing(self._store, ACCESS, source.table, batches))
            for low in sorted(by_range.keys() | {low for _, low in made}):
                self._make_table(source, low, by_range.get(low, []), latest)

    def _by_range(
        self, source: Source, rows: Iterable[dict[str, Any]]
    ) -> dict[int, list[tuple[int, dict[str, Any]]]]:
        """Rows by range with their person's number; a person whom the store does not know has no rows here."""
        if source.table is None or source.table.person is None:
            return {0: [(0, row) for row in rows]}
        column, sorted_rows = source.table.person, list(rows)
        numbers = self.numbers({str(row[column]) for row in sorted_rows})
        found: dict[int, list[tuple[int, dict[str, Any]]]] = {}
        for row in sorted_rows:
            number = numbers.get(str(row[column]))
            if number is not None:
                found.setdefault(number // SPAN * SPAN, []).append((number, row))
        return found

    def _make_table(
        self, source: Source, low: int, rows: list[tuple[int, dict[str, Any]]], through: int
    ) -> None:
        withheld = self._wanted(source.name, low) if source.about_persons else BitMap()
        keys = [column.key for column in source.columns]
        with Cutting(self._parts.folder) as cutting:
            for number, row in sorted(rows, key=lambda pair: pair[0]):
                values = {key: row.get(key) for key in keys}
                inner = {PERSON: number} if source.about_persons else {}
                cutting.add(source, inner, [values], is_open=number not in withheld)
            self._place(cutting, Range(source.name, low, through, {source.name: withheld}))

    # What the store knows beside the change log

    def _form(self) -> None:
        """Begin anew where views, tables or ranges have another form than the parts, or a part is lost."""
        files = list(self.snapshot().manifest.files())
        lost = any(not self._parts.path(file).exists() for file in files)
        if lost or self._store.kept(ACCESS, manifest.form) != self._digest:
            self._store.move(
                ACCESS, NAME, 0, lambda connection: manifest.begin_anew(connection, self._digest)
            )
            self._parts.drop(files)
        self._parts.sweep(self.snapshot().manifest.files())

    def _earlier_persons(self, changes: list[Change]) -> dict[int, int]:
        """By change number, whom a record was about before: a corrected record leaves the wrong person's range."""
        sql = "SELECT person FROM superseded WHERE record = ? AND version = ? AND person IS NOT ?"

        def read(connection: apsw.Connection) -> dict[int, int]:
            found: dict[int, int] = {}
            for change in changes:
                if change.version > 1 and change.kind != "batch":
                    row = next(
                        connection.execute(sql, (change.subject, change.version - 1, change.person)), None
                    )
                    if row and row[0] is not None:
                        found[change.no] = int(row[0])
            return found

        return self._store.kept(ACCESS, read)

    def _named(self, batches: set[int]) -> list[str]:
        sql = "SELECT name FROM batch WHERE no = ?"

        def read(connection: apsw.Connection) -> list[str]:
            return [name for batch in sorted(batches) for (name,) in connection.execute(sql, (batch,))]

        found = dict.fromkeys(self._store.kept(ACCESS, read))
        return [name for name in found if name in self._sources and self._sources[name].table]

    def numbers(self, patients: set[str]) -> dict[str, int]:
        sql = "SELECT patient, no FROM person WHERE patient = ?"
        return self._store.kept(
            ACCESS,
            lambda connection: {
                name: int(no)
                for patient in sorted(patients)
                for name, no in connection.execute(sql, (patient,))
            },
        )


def standing(
    store: SQLiteStore, access: Access, table: TableDeclaration, batches: Sequence[Batch]
) -> Iterable[dict[str, Any]]:
    """The rows of a table as they stand after these batches, of which the last wins."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for batch in batches[-1:] if table.whole else batches:
        for row in store.batch_rows(access, batch):
            rows[tuple(row.get(key) for key in table.key)] = row
    return rows.values()


def _range(connection: apsw.Connection, low: int) -> tuple[dict[int, int | None], set[int]]:
    """Where each person of a range lives, and who of them has a notifiable record."""
    residents = connection.execute("SELECT no, area FROM person WHERE no >= ? AND no < ?", (low, low + SPAN))
    sql = f"SELECT DISTINCT person FROM record WHERE labels >= {MARK} AND deleted = 0 AND person >= ? AND person < ?"
    return dict(residents), {person for (person,) in connection.execute(sql, (low, low + SPAN))}


def _alone(followed: Followed) -> bool:
    """Whether a record is about one person only. Another who is named in it could stop what this one does not, so
    that it has no rows here at all; links between a person's own Patients do not count."""
    return followed.type == "Patient" or not followed.labels & OTHERS


def _inner(followed: Followed, residents: Mapping[int, int | None], notified: set[int]) -> dict[str, Any]:
    """The columns by which the rows of a record are reached."""
    person = followed.person or 0
    notifiable = person in notified if followed.type == "Patient" else followed.labels >= MARK
    return {PERSON: person, RECORD: followed.no, AREA: residents.get(person), NOTIFIABLE: notifiable}


def _labelling(connection: apsw.Connection) -> int | None:
    """The number of the rules by which all records are labelled; None while they are labelled anew."""
    row = next(connection.execute("SELECT no, phase FROM labelling ORDER BY no DESC LIMIT 1"), None)
    return int(row[0]) if row and row[1] == 0 else None
