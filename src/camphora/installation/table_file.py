"""Rows of a declared table that came in a file: which table's they are, what they change, and that half a file never
takes the place of a whole one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from camphora.errors import Invalid, Place
from camphora.formats.csv_rows import Row, check_header, csv_header, csv_rows
from camphora.formats.declaration import TableDeclaration
from camphora.formats.excel import sheet_header, sheet_rows
from camphora.installation.report import Report
from camphora.policy.internal import loading
from camphora.records import SQLiteStore

if TYPE_CHECKING:
    from camphora.installation.installation import Installation

LOST = 10
"""A file is taken for a part of one where it lacks more than one in so many of the rows that stand."""
SILENT = 21
"""Days after which a file by weeks or days that says nothing new is told as one of a feed that has stopped."""
Rows = Sequence[Mapping[str, Any]]


class Keeping(NamedTuple):
    """Where rows are kept and how. `as_of`: the last day that they speak of, where it is known; `fewer`: a whole table
    may lose rows."""

    store: SQLiteStore
    dry_run: bool
    today: date
    as_of: date | None = None
    fewer: bool = False


class _Differing(NamedTuple):
    """How many rows are new, stood with other values, stood as they are, and stood but are in the file no more."""

    new: int
    changed: int
    same: int
    gone: int


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file with rows of a table."""

    path: Path
    table: TableDeclaration

    @classmethod
    def of(cls, path: Path, installation: Installation, name: str | None) -> TableFile:
        """Of the table that is named, or of the only one whose columns the file has. Raises the fault of the header
        where it is nearly one table's."""
        declared = {each.name: each for each in installation.tables()}
        if name is not None:
            if name not in declared:
                raise Invalid("installation-no-table", table=name, known="、".join(sorted(declared)))
            return cls(path, declared[name])
        header = set(_header(path))
        fitting = [each for each in declared.values() if header.issuperset(each.headers)]
        if not fitting:
            _say_what_is_missing(path, header, declared.values())
        if len(fitting) != 1:
            raise Invalid("installation-which-table", file=path.name, known="、".join(sorted(declared)))
        return cls(path, fitting[0])

    def rows(self) -> Iterator[Row]:
        """The rows of the file, unchecked. Raises Faults for its header."""
        if _is_excel(self.path):
            return sheet_rows(self.path, required=self.table.headers)
        return csv_rows(self.path, required=self.table.headers)

    def keep(self, rows: Sequence[Row], keeping: Keeping, report: Report) -> None:
        """Keep what is right; of a table of which each file is the whole all or nothing. Raises Invalid
        `installation-as-of`, and `installation-rows-fewer` for a file that seems to be a part of one."""
        as_of = keeping.as_of
        if as_of is not None and as_of > keeping.today:
            raise Invalid("installation-as-of", place=Place(report.file), today=keeping.today.isoformat())
        good, report.faults = self.table.check_rows(rows, keeping.today)
        report.together = self.table.whole
        if not good or (self.table.whole and report.faults):
            return
        as_of = as_of or self.table.through(good, keeping.today)
        report.as_of = as_of.isoformat()
        report.doubled = len(rows) - len(good) if not report.faults else 0
        if self.table.whole:
            self._keep_whole(good, as_of, keeping, report)
        else:
            self._keep_part(good, as_of, keeping, report)

    def _keep_part(self, good: list[dict[str, Any]], as_of: date, keeping: Keeping, report: Report) -> None:
        fresh = keeping.dry_run or self._add(good, as_of, keeping, report)
        report.written, report.unchanged = (len(good), 0) if fresh else (0, len(good))

    def _keep_whole(self, good: list[dict[str, Any]], as_of: date, keeping: Keeping, report: Report) -> None:
        store, access = keeping.store, loading("file")
        batches = store.batches(access, self.table.name)
        stood = store.batch_rows(access, batches[-1]) if batches else []
        found = _differing(stood, good, self.table.key)
        if not keeping.fewer and found.gone * LOST > len(stood):
            facts = {"gone": found.gone, "rows": len(stood), "table": self.table.name}
            raise Invalid("installation-rows-fewer", place=Place(report.file), **facts)
        report.written, report.changed = found.new + found.changed, found.changed
        report.unchanged, report.gone = found.same, found.gone
        self._tell(found, as_of, batches[-1].as_of if batches else None, keeping, report)
        if not keeping.dry_run:
            self._add(good, as_of, keeping, report)

    def _tell(
        self, found: _Differing, as_of: date, stood: str | None, keeping: Keeping, report: Report
    ) -> None:
        place = Place(report.file)
        if found.gone:
            report.notes.append(Invalid("installation-rows-gone", place=place, gone=found.gone))
        facts = {"as_of": as_of.isoformat(), "stood": stood}
        days = (keeping.today - as_of).days
        if stood is None:
            if self.table.time and days > SILENT:
                report.notes.append(Invalid("installation-feed-old", place=place, days=days, **facts))
        elif as_of.isoformat() < stood:
            report.notes.append(Invalid("installation-older", place=place, **facts))
        elif as_of.isoformat() == stood and self.table.time and days > SILENT:
            report.notes.append(Invalid("installation-feed-stopped", place=place, days=days, **facts))

    def _add(self, good: list[dict[str, Any]], as_of: date, keeping: Keeping, report: Report) -> bool:
        _, fresh = keeping.store.add_batch(
            loading("file"),
            self.table.name,
            good,
            source=f"{self.table.source['zh-TW']}（{report.file}）",
            as_of=as_of.isoformat(),
            public=self.table.public,
            whole=self.table.whole,
        )
        return fresh


def _differing(stood: Rows, good: Rows, key: Sequence[str]) -> _Differing:
    before = {tuple(row[name] for name in key): row for row in stood}
    new = changed = same = 0
    for row in good:
        earlier = before.pop(tuple(row[name] for name in key), None)
        new += earlier is None
        same += earlier == row
        changed += earlier is not None and earlier != row
    return _Differing(new, changed, same, len(before))


def _is_excel(path: Path) -> bool:
    return path.name.lower().endswith(".xlsx")


def _header(path: Path) -> list[str]:
    return sheet_header(path) if _is_excel(path) else csv_header(path)


def _say_what_is_missing(path: Path, header: set[str], declared: Iterable[TableDeclaration]) -> None:
    """Raise the fault of the header where it has more than half of the columns of one table, more than of any other."""
    shares = sorted(
        ((len(header & set(each.headers)) / len(each.headers), each) for each in declared),
        key=lambda pair: pair[0],
    )
    (second, _), (most, nearest) = shares[-2:]
    if most > max(second, 0.5):
        check_header(sorted(header), path.name, nearest.headers)
