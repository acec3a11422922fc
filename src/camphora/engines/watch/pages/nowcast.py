"""The last weeks as they will be once all is reported: a picture with its interval, or why there is none."""

from __future__ import annotations

from camphora.engines.watch import bulletin_sentences as say
from camphora.engines.watch.nowcasts import LEAST, Nowcast, nowcast
from camphora.engines.watch.pages.frame import week_text
from camphora.engines.watch.watching import Watched
from camphora.pages import Band, Block, Cell, Column, LineChart, Prose, Series, Table, numbers
from camphora.pages.words import Words


def corrected(
    watched: Watched,
    week: str,
    where: tuple[str, str],
    words: Words,
    name: str = "nowcast",
    *,
    to_load: bool = True,
) -> Block:
    """Of a place and group (`where`), as known in a week. `to_load`: for who can load a week's file."""
    words = say.worded(words)
    found = nowcast(watched.vintages, week, *where)
    return (
        _drawn(found, watched, words, name)
        if found.weeks
        else _why_not(found, watched, words, to_load=to_load)
    )


def _why_not(found: Nowcast, watched: Watched, words: Words, *, to_load: bool) -> Prose:
    key = "few" if found.editions < LEAST else "not_of_it"
    facts = {"n": found.editions, "all": len(watched.editions) or 1, "least": LEAST}
    said = [words(f"nowcast.{key}", **facts), words("nowcast.load") if to_load and key == "few" else ""]
    return Prose(words("nowcast.title"), [say.joined(said, words)])


def _drawn(found: Nowcast, watched: Watched, words: Words, name: str) -> LineChart:
    unit = watched.watch.unit[words.lang]
    rows: list[dict[str, Cell]] = [
        {
            "week": week_text(one.week, words),
            "reported": round(one.reported),
            "estimate": round(one.estimate),
            "interval": f"{one.lower:,.0f}–{one.upper:,.0f}",
        }
        for one in reversed(found.weeks)
    ]
    columns = [
        Column("week", words("nowcast.week")),
        Column("reported", words("nowcast.reported"), "integer", unit),
        Column("estimate", words("nowcast.estimate"), "integer", unit),
        Column("interval", words("nowcast.interval")),
    ]
    table = Table(name, words("nowcast.table"), columns, rows, folded=True)
    return LineChart(
        name,
        words("nowcast.title"),
        [say.short_week(each.week, words.lang) for each in found.weeks],
        [
            Series(words("nowcast.reported"), [each.reported for each in found.weeks]),
            Series(words("nowcast.estimate"), [each.estimate for each in found.weeks]),
        ],
        said(found, words),
        table,
        kind="integer",
        low=0,
        band=Band(
            [each.lower for each in found.weeks],
            [each.upper for each in found.weeks],
            words("nowcast.interval"),
        ),
    )


def said(found: Nowcast, words: Words) -> str:
    """The week itself in a sentence, and from what it is known."""
    last = found.weeks[-1]
    return words(
        "nowcast.said",
        week=week_text(last.week, words),
        reported=numbers.number(last.reported, "integer"),
        estimate=numbers.number(last.estimate, "integer"),
        low=numbers.number(last.lower, "integer"),
        high=numbers.number(last.upper, "integer"),
        n=found.editions,
        longest=len(found.weeks) - 1,
    )
