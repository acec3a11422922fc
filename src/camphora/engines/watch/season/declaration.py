"""What a system follows by day and place (`watch/*.toml` with `form = "season"`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camphora.errors import Faults, Invalid
from camphora.formats.declaration import TableDeclaration
from camphora.formats.toml_lines import Document, Key, check_shape, read_toml

_NAME = r"[a-z][a-z0-9_]*"
FORM = "season"
SCAN_KEYS = {
    "window": Key("integer", means="days that a scan looks at"),
    "longest": Key("integer", means="days that a cluster lasts at most"),
    "most": Key("number", means="share of the people that a cluster holds at most"),
    "replicates": Key("integer", means="drawn worlds that it is ranked among"),
    "alpha": Key("number", means="a cluster less probable than this warns"),
    "least": Key("integer", means="a cluster with fewer cases warns of nothing"),
}
PLAIN_KEYS = {
    "cases": Key("integer", means="so many of a township"),
    "days": Key("integer", means="in so many days make it plain"),
}
GROWTH_KEYS = {"days": Key("integer", means="days that growth is fitted over")}
REPRODUCTION_KEYS = {
    "mean": Key("number", means="of the serial interval, in days"),
    "sd": Key("number", means="its standard deviation"),
    "window": Key("integer", means="days that one R stands for"),
    "source": Key("texts", means="of the serial interval"),
}
SUPPRESSION_KEYS = {
    "least": Key("integer", means="fewer cases of a village are not told; 1: all are"),
}
SEASON_KEYS = {
    "form": Key(choices=(FORM,), means="followed by day and place; left out, a watch by week"),
    "name": Key(pattern=_NAME, means="equal to the file's name"),
    "title": Key("texts"),
    "unit": Key("texts", means="what is counted"),
    "table": Key(pattern=_NAME, means="whose rows are counted"),
    "day": Key(pattern=_NAME, means="the column with the day"),
    "count": Key(pattern=_NAME, means="the column with the count"),
    "place": Key(pattern=_NAME, means="the column with the village"),
    "places": Key(pattern=_NAME, means="the table of villages"),
    "place_key": Key(pattern=_NAME, means="its column that `place` holds"),
    "people": Key(pattern=_NAME, means="the table of people by township"),
    "points": Key(pattern=_NAME, means="the table of a point for each township"),
    "counties": Key("list", means="codes of the counties that the scan looks at"),
    "scan": Key("table", keys=SCAN_KEYS),
    "plain": Key("table", keys=PLAIN_KEYS, means="when the counts alone make it plain"),
    "growth": Key("table", keys=GROWTH_KEYS),
    "reproduction": Key("table", keys=REPRODUCTION_KEYS),
    "suppression": Key("table", required=False, keys=SUPPRESSION_KEYS, means="of small numbers; 3 cases"),
}
LEAST = 3


@dataclass(frozen=True, slots=True)
class Scan:
    window: int
    longest: int
    most: float
    replicates: int
    alpha: float
    least: int


@dataclass(frozen=True, slots=True)
class Plain:
    cases: int
    days: int


@dataclass(frozen=True, slots=True)
class Interval:
    """The serial interval, and over how many days one R is estimated."""

    mean: float
    sd: float
    window: int
    source: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Season:
    """One declared season. `growth`: days that it is fitted over; `least`: fewer cases of a village are not told."""

    name: str
    title: Mapping[str, str]
    unit: Mapping[str, str]
    table: str
    day: str
    count: str
    place: str
    places: str
    place_key: str
    people: str
    points: str
    counties: tuple[str, ...]
    scan: Scan
    plain: Plain
    growth: int
    reproduction: Interval
    least: int = LEAST

    @classmethod
    def load(cls, path: Path, table: TableDeclaration | None = None) -> Season:
        """The declaration in a TOML file. Raises Faults with every fault of it, each with its line."""
        document = read_toml(path)
        if faults := check_season(document, path.stem, table):
            raise Faults(faults)
        return cls.of(document.data)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Season:
        made = {
            "counties": tuple(data["counties"]),
            "scan": Scan(**data["scan"]),
            "plain": Plain(**data["plain"]),
            "growth": int(data["growth"]["days"]),
            "reproduction": Interval(**data["reproduction"]),
            "least": int(data.get("suppression", {}).get("least", LEAST)),
        }
        return cls(**{key: value for key, value in data.items() if key not in ("form", "suppression")} | made)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables whose rows it stands on, its own first."""
        return self.table, self.places, self.people, self.points

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its own table that it reads."""
        return self.day, self.place, self.count


def check_season(document: Document, name: str, table: TableDeclaration | None = None) -> list[Invalid]:
    """Every fault of a declaration."""
    faults = check_shape(document, SEASON_KEYS)
    return faults or [*_named(document, name), *_columns(document, table)]


def _named(document: Document, name: str) -> Iterator[Invalid]:
    if document.data["name"] != name:
        yield Invalid("watch-name", place=document.place("name"), name=document.data["name"], file=name)


def _columns(document: Document, table: TableDeclaration | None) -> Iterator[Invalid]:
    known = {column.key for column in table.columns} if table else set()
    for key in ("day", "count", "place"):
        if known and document.data[key] not in known:
            place = document.place(key)
            yield Invalid(
                "watch-column", place=place, column=document.data[key], table=table.name if table else ""
            )
