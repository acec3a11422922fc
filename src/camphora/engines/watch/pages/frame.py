"""What all pages of watch share: names of places and weeks, addresses, the head of a view, the step to another week."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from camphora.engines.watch.declaration import Watch
from camphora.engines.watch.pages.asked import Asked, Count, key_of
from camphora.engines.watch.watching import Watched
from camphora.pages import Action, Block, Chip, Link, Tone, View, dates, numbers
from camphora.pages.counties import BY_CODE
from camphora.pages.words import Words


def home(asked: Asked) -> str:
    return f"/systems/{asked.system}"


def address(asked: Asked, page: str, **changes: str) -> str:
    """A page of the same system with the present watch and week, and what is changed; empty values are left out."""
    query = {"watch": asked.watch.name, "week": asked.week, **changes}
    kept = {name: value for name, value in query.items() if value}
    return f"{home(asked)}/{page}".rstrip("/") + (f"?{urlencode(kept)}" if kept else "")


def signal_address(asked: Asked, week: str, area: str, group: str) -> str:
    return f"{home(asked)}/signal/{key_of(asked.watch.name, week, area, group)}"


def week_text(label: str, words: Words) -> str:
    """108 年第 5 週; 2019 week 5."""
    year, number = label.split("-")
    return dates.week(int(year), int(number), words.lang)


def days_text(asked: Asked, words: Words) -> str:
    """The first and the last day of the week."""
    first = dt.date.fromisoformat(str(asked.watched.series.first[asked.at]))
    last = first + dt.timedelta(days=6)
    return words("days", first=dates.month_day(first, words.lang), last=dates.month_day(last, words.lang))


def area_name(area: str, words: Words) -> str:
    if not area:
        return words("nation")
    return BY_CODE[area].name(words.lang) if area in BY_CODE else area


def group_name(watch: Watch, group: str, words: Words) -> str:
    return watch.groups[group][words.lang] if group in watch.groups else words("all_groups")


def place(watch: Watch, area: str, group: str, words: Words) -> str:
    """A place, with its group where it is parted: 金門縣・0–6 歲."""
    name = area_name(area, words)
    return words("mark.part", whole=name, part=group_name(watch, group, words)) if group else name


TONES: Mapping[str, Tone] = {"above": "alert", "first": "notice", "late": "notice"}


def counted(number: float, watch: Watch, words: Words) -> str:
    """A count with its unit: 126 人次, 1 visit. A system's words may say the unit's forms as `counted.WATCH`."""
    key = f"counted.{watch.name}"
    whole = round(number)
    return words(key, n=whole) if key in words else f"{whole:,} {watch.unit[words.lang]}"


def about(number: float) -> str:
    """An expected count: whole from 10 on, below that with one decimal."""
    return numbers.number(number, "integer") if number >= 10 else numbers.number(number, "decimal", 1)


def times(ratio: float) -> str:
    return numbers.number(ratio, "decimal", 1 if ratio < 10 else 0)


def state(count: Count, words: Words) -> Chip:
    """How a count lies to what was expected, in a word."""
    return Chip(words(f"state.{count.verdict}"), TONES.get(count.verdict, "plain"))


def view(
    name: str,
    title: str,
    blocks: Sequence[Block],
    asked: Asked,
    words: Words,
    *,
    lead: str = "",
    downloads: str = "",
    actions: Sequence[Action] = (),
    above: bool = True,
) -> View:
    """A view with the date and source of what is watched, and its crumbs. `above`: the week's signals lie above it."""
    crumbs = [Link(words("open_data"), "/open")]
    if above:
        crumbs.append(Link(words("signals.title"), address(asked, "")))
    return View(
        name,
        title,
        blocks,
        lead=lead,
        as_of=as_of(asked.watched, words),
        source=asked.watched.source[words.lang],
        method=f"{home(asked)}/method" if name != "method" else "",
        why=words("why"),
        crumbs=crumbs,
        actions=actions,
        downloads=downloads,
    )


def as_of(watched: Watched, words: Words) -> str:
    """Up to which day there are data, and whether that was the source's last."""
    day = dates.day(watched.as_of, words.lang)
    return words("as_of.ended", day=day) if watched.watch.ended else day


def steps(asked: Asked, page: str, words: Words, **kept: str) -> list[Action]:
    """The same page of the week before and after."""
    labels = asked.watched.series.label
    found = []
    for key, at in (("action.before", asked.at - 1), ("action.after", asked.at + 1)):
        if 0 <= at < len(labels):
            found.append(Action(words(key), address(asked, page, week=str(labels[at]), **kept)))
    return found


def is_replay(asked: Asked) -> bool:
    """Whether later weeks are known than the one that is shown."""
    return asked.at < len(asked.watched.series.label) - 1
