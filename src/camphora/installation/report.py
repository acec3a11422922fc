"""What became of a file that was loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from camphora.errors import CamphoraError, Invalid, Place
from camphora.installation.preparing import Warned
from camphora.records.gathering import Standing

FIRST = 3
"""So many places of each kind of warning are kept; the rest are counted."""
MOST_FAULTS = 10_000
"""So many faults of a file are kept in memory; the rest are counted."""


@dataclass(slots=True)
class Report:
    """What became of one file. `written` counts new and changed records or rows, `changed` those of them that stood
    before with other content, `unchanged` those kept before; `faults` are the first, `more_faults` counts the rest;
    `warnings` what was found in records that were taken all the same, by code, with the first places of each.
    `passed_over`: an earlier load had come to its end; `outstanding` faults it found in what is passed over.
    `together`: a file of which all is kept or nothing."""

    file: str
    read: int = 0
    written: int = 0
    changed: int = 0
    unchanged: int = 0
    faults: list[Invalid] = field(default_factory=list)
    more_faults: int = 0
    bad_file: str | None = None
    warnings: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[Place]] = field(default_factory=dict)
    passed_over: bool = False
    outstanding: int = 0
    together: bool = False
    gone: int = 0
    doubled: int = 0
    as_of: str = ""
    """Of rows of a table: how many stood and are in the file no more, how many were added to the first of their key,
    and the last day that they speak of."""
    notes: list[Invalid] = field(default_factory=list)
    """What is told of a file that was taken: that rows are gone, that it says nothing new."""

    @property
    def fault_count(self) -> int:
        return len(self.faults) + self.more_faults

    def tell(self, state: Standing) -> None:
        """Count one record."""
        self.written += state != "same"
        self.changed += state == "changed"
        self.unchanged += state == "same"

    def warn(self, findings: Iterable[Warned], place: Place) -> None:
        """Count what only warns."""
        for one in findings:
            self.warnings[one.code] += 1
            first = self.places.setdefault(one.code, [])
            if len(first) < FIRST:
                first.append(Place(place.file, place.line, place.column, _inside(place.path, one.path)))

    def fault(self, faults: Iterable[CamphoraError], place: Place) -> list[Invalid]:
        """Add faults, each put at its place in the file."""
        located: list[Invalid] = []
        for one in faults:
            at = one.place or Place()
            where = Place(
                place.file, at.line or place.line, at.column or place.column, _inside(place.path, at.path)
            )
            located.append(Invalid(one.code, place=where, **one.facts))
        room = max(0, MOST_FAULTS - len(self.faults))
        self.faults += located[:room]
        self.more_faults += len(located[room:])
        return located


def _inside(outer: str | None, inner: str | None) -> str | None:
    """A path of a resource as it stands in its bundle: Bundle.entry[1].resource and Observation.status."""
    if outer and inner:
        return outer + inner[len(inner.split(".")[0].split("[")[0]) :]
    return inner or outer
