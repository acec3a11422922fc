"""The lake: the columnar copy of records and tables, and the one door through which it is asked.

    lake = Lake(folder, store)
    lake.catch_up()
    answer = lake.ask(access, Question("condition", Measure("persons"), by=(By("code"),)))

One process owns a lake's folder: the one with the store's keeper. Close the lake before the store.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import orjson
from pyroaring import BitMap

from camphora import __version__
from camphora.audit.receipt import Ruling
from camphora.errors import Busy, CamphoraError, Forbidden, Invalid, NotFound
from camphora.formats.declaration import TableDeclaration, base_tables
from camphora.lake import plan
from camphora.lake.counting import Counted, count, sources_of
from camphora.lake.cutting import SPAN
from camphora.lake.disclosure import Certificate, Rules, Value, release
from camphora.lake.duckdb import Engine
from camphora.lake.follower import CaughtUp, Follower, Progress, Snapshot, standing
from camphora.lake.manifest import Part, parts_of
from camphora.lake.parts import PartFolder
from camphora.lake.pauses import Pauses
from camphora.lake.plan import Paths, Plan
from camphora.lake.question import Filter, Question
from camphora.lake.sides import ACCESS, Reach, Sides, rows_of
from camphora.lake.sources import PERSON, Source, base_views, table_source, view_source
from camphora.policy import Access, Policy, Purpose, Role
from camphora.policy.paths import read_path
from camphora.records import Batch, SQLiteStore

T = TypeVar("T")
TRIES = 5
REST, PATIENCE, BETWEEN, SHARE = 0.5, 4.0, 5.0, 2.0
"""In the background everything else goes first: seconds without a write that count as a pause; how many times as long
as the last catching-up the next one waits for such a pause, and how many seconds at least; and how many times as long
as the work itself its pauses take."""
NOTE = {
    "zh-TW": "已停止特定目的外利用者之資料未納入",
    "en": "Data of persons who stopped secondary use are not included",
}

read_path("lake.ask", "download", "persons")
read_path("lake.rows", "download", "tables")
read_path("lake.rows_at", "download", "tables")
read_path("lake.open_rows_of", "download", "persons")


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of dimensions and figure; the figure is None where it is withheld.

    `data_version`: the change up to which records are in the answer; `choices_version`: the change up to which
    choices are, always the newest when it was asked. `withheld_note` stands under every answer about persons,
    whether or not anybody has stopped, so that it says nothing about anybody. `purposes` are those asked for, `basis`
    the id of the legal basis under which it was asked.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    certificate: Certificate
    data_version: int
    choices_version: int
    code_version: str
    withheld_note: Mapping[str, str] | None = None
    purposes: tuple[str, ...] = ()
    basis: str | None = None

    def parts(self) -> Iterator[bytes]:
        """What of it stands in its receipt's digest: the headings and each row as JSON, in order."""
        return map(orjson.dumps, (self.columns, *self.rows))


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows of a table by column key, with the batch that was added last."""

    rows: list[dict[str, Value]]
    batch: Batch | None


class Lake:
    """Follows a store and answers questions. `views` are ViewDefinitions, `tables` declarations, beside the base."""

    def __init__(
        self,
        folder: Path,
        store: SQLiteStore,
        *,
        views: Iterable[Mapping[str, Any]] = (),
        tables: Iterable[TableDeclaration] = (),
        rules: Rules | None = None,
        policy: Policy | None = None,
    ) -> None:
        parts = folder.resolve() / "parts"
        parts.mkdir(parents=True, exist_ok=True)
        made = [view_source(view) for view in (*base_views(), *views)]
        made += [table_source(table) for table in (*base_tables().values(), *tables)]
        self._sources = _by_name(made)
        self._store = store
        self._rules = rules or Rules()
        self._engine = Engine(folder)
        self._parts = PartFolder(parts)
        self._sides = Sides(store, policy or Policy.taiwan())
        self._follower = Follower(store, self._engine, self._parts, self._sources, self._sides)
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._pauses: Pauses | None = None
        self.fault: Exception | None = None
        """What stopped the last catching-up in the background; None while it goes well."""

    # Following

    def catch_up(self, progress: Progress | None = None) -> CaughtUp:
        """Bring the lake up to the store's present version; `progress` hears ranges done and in all."""
        return self._follower.catch_up(progress, self._closing, self._pauses)

    def start(self) -> None:
        """Follow the store in the background from now on, giving way to other threads."""
        self._pauses = Pauses(SHARE)
        self._store.watch(self._wake.set)
        self._wake.set()
        self._thread = threading.Thread(target=self._follow, name="lake", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._wake.set()
        if self._thread:
            self._thread.join()
        self._engine.close()

    def _follow(self) -> None:
        patience = 0.0
        while self._called(patience):
            began = time.monotonic()
            try:
                self.catch_up()
                self.fault = None
            except (CamphoraError, OSError, duckdb.Error) as error:
                self.fault = error
            patience = max(BETWEEN, PATIENCE * (time.monotonic() - began))

    def _called(self, patience: float) -> bool:
        """Wait for a write, then for a pause between writes, but no longer than this; False when the lake closes.

        Closing is looked at after the last clearing, so that no call to close is ever lost.
        """
        self._wake.wait()
        until = time.monotonic() + patience
        while self._wake.is_set() and time.monotonic() < until:
            self._wake.clear()
            self._closing.wait(REST)
        self._wake.clear()
        return not self._closing.is_set()

    # Asking

    def tables(self) -> Mapping[str, Source]:
        """All that can be asked, views and tables alike, by name."""
        return dict(self._sources)

    def ask(self, access: Access, question: Question) -> Answer:
        """The answer, safe to release; the receipt is left before it leaves.

        Every choice up to now holds in it, by the purposes of the Access; a choice that changes what may be read
        before the answer is out has it counted again. Raises Forbidden where the Access is not for this purpose or
        does not reach the table, Invalid for a question that names what is not there, Busy before the lake was first
        filled, while choices change faster than it counts, or while the receipt log cannot be written.
        """
        source = self._source(question.source)
        if not source.about_persons:
            _require_same_purpose(access, question)
            return self._ask_table(access, source, question)
        sources = [self._sources[name] for name in sources_of(question, self._source)]
        kinds = sorted({kind for one in sources for kind in one.types})
        try:
            _require_same_purpose(access, question)
            _require_purpose(access, sources)
            for one in sources:
                self._require_reach(access, one)
            return self._ask_persons(access, sources, kinds, question)
        except Forbidden:
            if access.reader.role is not Role.PUBLIC:
                self._store.leave(access, "ask", kinds, (), ruling="deny")
            raise

    def _ask_persons(
        self, access: Access, sources: Sequence[Source], kinds: Sequence[str], question: Question
    ) -> Answer:
        def read(now: Snapshot, reach: Reach) -> Answer:
            counted, above = self._count(now, reach, question), None in reach.stopped.values()
            released = release(counted.domains, counted.cells, counted.kind, self._rules)
            answer = Answer(
                _headings(question),
                tuple((*key, figure) for key, figure in released.cells.items()),
                released.certificate,
                data_version=now.place,
                choices_version=now.last_change,
                code_version=__version__,
                withheld_note=NOTE,
                purposes=access.purposes,
                basis=access.basis.id if access.basis and above else None,
            )
            # Not by whom was really read: the line is public, and would tell whether anybody of them had stopped.
            ruling: Ruling = "permit" if answer.basis is None else "override"
            self._store.leave(access, "ask", kinds, counted.members, answer.parts(), ruling=ruling)
            return answer

        return self._settled(lambda: self._sides.reach(access, sources), read)[1]

    def rows(
        self, access: Access, table: str, where: Sequence[Filter] = (), columns: Sequence[str] = ()
    ) -> TableRows:
        """The rows of a table that is about no person, in the order of its key."""
        source = self._source(table)
        if source.about_persons:
            raise Forbidden("lake-rows-of-persons", source=table)
        self._require_reach(access, source)
        keys = list(columns) or [column.key for column in source.columns]

        def read(files: plan.Files) -> list[tuple[Value, ...]]:
            composed = Plan(self._source, files)
            return self._fetch(composed.rows(source, keys, where), composed.values)

        found = self._read_table(table, read)
        batches = self._store.batches(access, table)
        return TableRows(
            [dict(zip(keys, row, strict=True)) for row in found], batches[-1] if batches else None
        )

    def rows_at(self, access: Access, table: str, through: int) -> TableRows:
        """The rows of a table that is about no person, as they stood when this batch was the last: a vintage.

        Raises NotFound lake-vintage-unknown where the table has no such batch, Forbidden as `rows` does."""
        source = self._source(table)
        if source.about_persons or source.table is None:
            raise Forbidden("lake-rows-of-persons", source=table)
        self._require_reach(access, source)
        batches = [batch for batch in self._store.batches(access, table) if batch.no <= through]
        if not batches or batches[-1].no != through:
            raise NotFound("lake-vintage-unknown", source=table, batch=through)
        return TableRows(list(standing(self._store, access, source.table, batches)), batches[-1])

    def open_rows_of(self, person: str, access: Access, purposes: Sequence[str] = ()) -> dict[str, int]:
        """By view, how many rows of this person are open to secondary use at this moment: exactly, for herself,
        and for nobody from whom her choices are kept.

        With `purposes` (codes of v3-ActReason or projects) the rows that a question for all of them together reads;
        without, those that no stop touches; a denial of care is none.
        """
        own = access.purpose is Purpose.SELF and access.covers("Consent")
        if not own or access.persons is None or person not in access.persons:
            raise NotFound("records-not-found", type="Patient")
        number = self._follower.numbers({person}).get(person, 0)
        about = [source for source in self._sources.values() if source.about_persons]

        def present() -> Reach:
            sides = self._sides
            return Reach(
                {
                    each.name: sides.unwilling(each, purposes) if purposes else sides.stopped(each)
                    for each in about
                }
            )

        def mine(now: Snapshot, reach: Reach) -> dict[str, int]:
            return {each.name: self._rows_of(now, each, number, reach.stopped[each.name]) for each in about}

        _, counts = self._settled(present, mine)
        kinds = (kind for one in about for kind in one.types)
        self._store.leave(
            access, "open-rows", kinds, [number] if number else [], [orjson.dumps([*counts.items()])]
        )
        return counts

    def _rows_of(self, now: Snapshot, source: Source, person: int, stopped: BitMap | None) -> int:
        parts = parts_of(now.manifest, source.name, person // SPAN * SPAN)
        if not parts or (stopped and person in stopped):
            return 0
        sql = "SELECT count(*) FROM read_parquet($files) WHERE person = $person"
        files = [str(self._parts.path(part.file)) for part in parts]
        return int(self._fetch(sql, {"files": files, "person": person})[0][0] or 0)

    def _ask_table(self, access: Access, source: Source, question: Question) -> Answer:
        self._require_reach(access, source)

        def read(files: plan.Files) -> list[tuple[Value, ...]]:
            composed = Plan(self._source, files)
            base = composed.base(question)
            return self._fetch(plan.plain(base, len(question.by), question.measure.kind), composed.values)

        rows = self._read_table(source.name, read)
        version = self._store.last_change()
        return Answer(_headings(question), tuple(rows), Certificate("none"), version, version, __version__)

    def _count(self, now: Snapshot, reach: Reach, question: Question) -> Counted:
        if now.place == 0 and now.last_change > 0:
            raise Busy("lake-not-ready")
        with self._engine.sets() as named, self._engine.asking() as cursor:
            return count(
                cursor, self._source, lambda name: self._paths(now, reach, name, named), question, self._rules
            )

    def _settled(
        self, present: Callable[[], Reach], read: Callable[[Snapshot, Reach], T]
    ) -> tuple[Snapshot, T]:
        """Read by the choices of this moment; again where they changed before the reading was done."""
        for _ in range(TRIES):
            with self._follower.reading() as now:
                reach = present()
                found = read(now, reach)
                if present() == reach:
                    return now, found
        raise Busy("lake-moving")

    def _read_table(self, name: str, read: Callable[[plan.Files], T]) -> T:
        self._follower.freshen(name)
        with self._follower.reading() as now:
            return read(lambda table: Paths(self._files(now.manifest.of(table))))

    def _paths(
        self, now: Snapshot, reach: Reach, name: str, named: Callable[[BitMap], BitMap | str]
    ) -> Paths:
        """What of a source a question reads, as files and sets of persons."""
        rows = rows_of(self._sources[name], now.manifest, reach.stopped[name])
        limits, homes, areas = reach.limits, list[str](), reach.limits.areas
        if areas is not None and self._sources[name].table:
            homes = self._files(now.manifest.of(PERSON))
            areas = areas if homes else ()
        return Paths(
            self._files(rows.plain),
            self._files(rows.guarded),
            named(rows.left_out) if rows.guarded else "",
            self._files(rows.withheld),
            named(rows.admitted) if rows.withheld else "",
            areas,
            homes,
            None if limits.seen is None else named(limits.seen),
            limits.notifiable,
        )

    def _files(self, parts: Iterable[Part]) -> list[str]:
        return [str(self._parts.path(part.file)) for part in parts]

    def _fetch(self, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with self._engine.asking() as cursor:
            return list(cursor.execute(sql, dict(values)).fetchall())

    def _source(self, name: str) -> Source:
        if name not in self._sources:
            raise NotFound("lake-source-unknown", source=name)
        return self._sources[name]

    def _require_reach(self, access: Access, source: Source) -> None:
        """Whether the Access reaches a view's record type, or every batch of a table."""
        if source.view is not None:
            if not access.covers(source.view.resource):
                raise Forbidden("records-type-refused", type=source.view.resource, role=access.reader.role)
        elif len(self._store.batches(access, source.name)) < len(self._store.batches(ACCESS, source.name)):
            raise Forbidden("records-table-refused", name=source.name)


def _by_name(made: Sequence[Source]) -> dict[str, Source]:
    """Sources by name; the same one may be given twice, two of the same name may not."""
    found: dict[str, Source] = {}
    for source in made:
        if found.setdefault(source.name, source).form != source.form:
            raise Invalid("lake-name-doubled", name=source.name)
    return found


def _require_same_purpose(access: Access, question: Question) -> None:
    if question.purpose is not access.purpose:
        raise Forbidden("lake-purpose", purpose=question.purpose)


def _require_purpose(access: Access, sources: Iterable[Source]) -> None:
    """Rows about persons serve secondary use, and surveillance, which reads notifiable records alone: never tables,
    which are none."""
    secondary = access.purpose is Purpose.SECONDARY
    surveillance = access.purpose is Purpose.SURVEILLANCE and all(source.view for source in sources)
    if not (secondary or surveillance) or access.closed or access.persons is not None or not access.purposes:
        raise Forbidden("lake-purpose", purpose=access.purpose)


def _headings(question: Question) -> tuple[str, ...]:
    return (*(by.column for by in question.by), question.measure.kind)
