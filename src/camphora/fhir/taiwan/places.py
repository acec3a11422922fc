"""Counties, townships and villages of Taiwan: the 368 townships of today with their postcodes, and names of before.

`places.csv.gz` is distilled by `tools/distil_places.py`; `changes.csv` lists what was renamed or merged, and when.
Names are kept in their official form (臺); every look-up also takes 台.
"""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple


@dataclass(frozen=True, slots=True, eq=False)
class Town:
    """A township of today. `villages` are its 村里, those of 2026-06 first."""

    county: str
    name: str
    postcode: str
    villages: tuple[str, ...]

    @property
    def stem(self) -> str:
        """The name without 鄉, 鎮, 市 or 區, where two characters of it are left: 板橋 of 板橋區."""
        return self.name[:-1] if len(self.name) > 2 else self.name


class Change(NamedTuple):
    """A county or county and township that has another name since `day` (ISO)."""

    before: str
    after: str
    day: str
    source: str


def official(name: str) -> str:
    """A place name in its official form: 台北市 → 臺北市."""
    return name.replace("台", "臺")


@cache
def towns() -> dict[str, tuple[Town, ...]]:
    """The townships of each county, by the county's name of today."""
    text = gzip.decompress(files(__package__).joinpath("places.csv.gz").read_bytes()).decode()
    found: dict[str, list[Town]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        town = Town(row["county"], row["town"], row["postcode"], tuple(row["villages"].split()))
        found.setdefault(town.county, []).append(town)
    return {county: tuple(rows) for county, rows in found.items()}


@cache
def changes() -> tuple[Change, ...]:
    """What was renamed or merged, with the day and the source."""
    text = files(__package__).joinpath("changes.csv").read_text("utf-8")
    return tuple(Change(**row) for row in csv.DictReader(text.splitlines()))


@cache
def counties() -> dict[str, str]:
    """Every name of a county that an address may bear, with its name of today: 臺北縣 → 新北市."""
    before = {change.before: change.after for change in changes() if len(change.before) == 3}
    names = {county: county for county in towns()} | before
    return names | {name.replace("臺", "台"): today for name, today in names.items()}


@cache
def named(county: str) -> dict[str, Town]:
    """Every name that a township of the county may bear: its own, that of before a merger, 台 for 臺."""
    today = {town.name: town for town in towns()[county]}
    names = {town.stem + kind: town for town in towns()[county] for kind in "鄉鎮市區" if len(town.name) > 2}
    names |= {
        change.before[3:]: today[change.after[3:]]
        for change in changes()
        if len(change.before) > 3 and change.after[:3] == county
    }
    names |= today
    return names | {name.replace("臺", "台"): town for name, town in names.items()}


@cache
def by_name() -> dict[str, Town]:
    """The townships whose name no other county has: 板橋區, but not 中正區."""
    rows = [town for county in towns().values() for town in county]
    names = [town.name for town in rows]
    return {town.name: town for town in rows if names.count(town.name) == 1}
