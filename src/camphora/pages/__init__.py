"""What a page says, as immutable values: drawn by web, printed by cli, bound into bulletins.

A `View` names its data's date and source, then holds blocks in reading order. Text in a view is already in
one language; numbers and dates stay typed, so that a download holds what the page shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Badge = Literal["open", "example", "synthetic"]
"""Real open data, a published example, or synthetic (no real person)."""
Cell = str | int | float | bool | None
Kind = Literal["text", "integer", "decimal", "percent", "date", "month", "ratio"]
"""How a value is written. `percent` is a share from 0 to 1; `date` and `month` are ISO text; `ratio` is the number
that stands after 1: (a nurse ratio of 1:8.5 is 8.5)."""
Tone = Literal["plain", "good", "notice", "alert"]


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `key` names it in downloads, `label` on the page, `unit` beside the label."""

    key: str
    label: str
    kind: Kind = "text"
    unit: str = ""
    decimals: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by column key. `link` maps a column key to the key that holds that cell's address, `chip` one to the key
    that holds the tone in which the cell is set as a chip. `absent` is the word for an empty cell. A `stacked` table
    has each row's cells below one another on a narrow screen, each with the name of its column. A `folded` one is
    opened by its title: it repeats what a picture or list above it shows."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Cell]]
    link: Mapping[str, str] = field(default_factory=dict)
    chip: Mapping[str, str] = field(default_factory=dict)
    absent: str = "–"
    note: str = ""
    stacked: bool = False
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One of at most four numbers at the head of a page."""

    label: str
    value: str
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Figures:
    items: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    values: Sequence[float | None]
    label: str = ""
    """What stands at the line's end; the name where empty."""


@dataclass(frozen=True, slots=True)
class Event:
    """A named event that explains a bend, at a position of the axis."""

    at: str
    label: str


@dataclass(frozen=True, slots=True)
class Band:
    """A soft expected range, one pair per position; None where there is none."""

    low: Sequence[float | None]
    high: Sequence[float | None]
    label: str = ""


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines over ordered positions. `sentence` says in words what the picture shows; `table` holds its rows."""

    name: str
    title: str
    positions: Sequence[str]
    series: Sequence[Series]
    sentence: str
    table: Table
    kind: Kind = "decimal"
    low: float | None = None
    high: float | None = None
    unit: str = ""
    events: Sequence[Event] = ()
    band: Band | None = None
    fan: Sequence[Band] = ()
    """Ranges of a forecast, the widest first, each lying over the one before."""
    point: tuple[int, int] | None = None
    """(series, position) in question: the one red dot."""
    times: Sequence[float] = ()
    """When the positions are, in any unit, where they are not evenly apart; empty: they are."""


@dataclass(frozen=True, slots=True)
class Bars:
    name: str
    title: str
    labels: Sequence[str]
    values: Sequence[float | None]
    sentence: str
    table: Table
    kind: Kind = "decimal"
    unit: str = ""
    high: float | None = None


@dataclass(frozen=True, slots=True)
class CountyMap:
    """A value per county code (five digits of the Ministry of the Interior), in five steps. `absent_word`: why a
    county has none, where it is not that nothing is known."""

    name: str
    title: str
    values: Mapping[str, float | None]
    sentence: str
    table: Table
    kind: Kind = "decimal"
    low_word: str = ""
    high_word: str = ""
    hrefs: Mapping[str, str] = field(default_factory=dict)
    absent_word: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of a map: its place in degrees, a value that its area stands for, what it is called with its figures.
    An `alert` one is in question."""

    latitude: float
    longitude: float
    value: float
    label: str
    href: str = ""
    alert: bool = False


@dataclass(frozen=True, slots=True)
class Ring:
    """A circle on a map around a place in degrees, its radius in km; `name` is short and stands beside it where the map
    is drawn closer."""

    latitude: float
    longitude: float
    km: float
    label: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Patch:
    """A village of a map, by its township's code and its name: a value that its colour stands for."""

    township: str
    name: str
    value: float
    label: str


@dataclass(frozen=True, slots=True)
class PointMap:
    """Spots over the outlines of the counties, cut to those that `counties` names; rings lie around what belongs
    together. Where the map is drawn closer, `patches` take the place of the spots. `spot_word`, `ring_word` and
    `patch_word` say what the signs mean."""

    name: str
    title: str
    spots: Sequence[Spot]
    sentence: str
    table: Table
    counties: Sequence[str]
    rings: Sequence[Ring] = ()
    spot_word: str = ""
    ring_word: str = ""
    patches: Sequence[Patch] = ()
    patch_word: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline, in plain words."""

    when: str
    title: str
    place: str = ""
    text: str = ""
    href: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Timeline:
    name: str
    title: str
    moments: Sequence[Moment]
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A state in a word or two."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Item:
    """One of a list by rank: its name, its states, one sentence with the figures, a line as small as a word whose last
    value is in question. `key` names it for who adds a state to it."""

    key: str
    rank: int
    title: str
    href: str
    text: str
    chips: Sequence[Chip] = ()
    trend: Sequence[float | None] = ()
    trend_text: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What wants judgement, the first first. `table` holds its rows; `empty` is said where there is nothing."""

    name: str
    title: str
    items: Sequence[Item]
    table: Table
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs of plain text under a heading; no markup."""

    title: str
    paragraphs: Sequence[str]
    tone: Tone = "plain"


Block = Table | Figures | LineChart | Bars | CountyMap | PointMap | Ranked | Timeline | Prose


@dataclass(frozen=True, slots=True)
class Action:
    """What can be done next. `post` actions carry a form field set and need a CSRF token at the edge."""

    label: str
    href: str
    primary: bool = False
    post: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One page: where am I, what is it, from when and whom, why do I see it, what it says, what is next."""

    name: str
    title: str
    blocks: Sequence[Block]
    lead: str = ""
    badge: Badge | None = None
    as_of: str = ""
    source: str = ""
    method: str = ""
    why: str = ""
    crumbs: Sequence[Link] = ()
    actions: Sequence[Action] = ()
    act: Action | None = None
    """What its reader is to do with it: in the head too, where the page is long."""
    making: bool = False
    """What it is about is still being worked out; it is to be asked for again."""
    foot: str = ""
    """What stands at the foot of each page on paper."""
    downloads: str = ""
    """Name of the block (a Table, or that of a picture or list) that `.csv .xlsx .json .parquet` give; empty: none."""
