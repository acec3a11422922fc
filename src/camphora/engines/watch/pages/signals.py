"""The week's signals by rank: what wants judgement today, each in a sentence with its figures."""

from __future__ import annotations

from collections.abc import Mapping

from camphora.engines.watch.pages import charts, sentences
from camphora.engines.watch.pages.asked import Asked, Count, asked, known
from camphora.engines.watch.pages.frame import (
    address,
    area_name,
    counted,
    days_text,
    group_name,
    home,
    is_replay,
    place,
    steps,
    view,
    week_text,
)
from camphora.engines.watch.sweep import Signal
from camphora.engines.watch.watching import Watched
from camphora.pages import Action, Cell, Chip, Column, Figure, Figures, Item, Ranked, Table, View, dates
from camphora.pages.words import Words

TREND = 26
"""Weeks of the small line."""


def signals(watched: Mapping[str, Watched], words: Words, parameters: Mapping[str, str]) -> View:
    """The signals of a week, and the nation's course up to it."""
    here = asked(watched, parameters)
    found = here.watched.sweep.signals(here.week)
    ranked = Ranked(
        "ranked",
        words("signals.list"),
        [item(each, here, words) for each in found],
        _table(found, here, words),
        words("signals.none"),
    )
    actions = [
        Action(words("action.counties"), address(here, "public"), primary=True),
        Action(words("action.forecasts"), address(here, "forecasts")),
        Action(words("action.bulletin"), address(here, "bulletin")),
        Action(words("action.room"), address(here, "room", week="")),
        *steps(here, "", words),
    ]
    return view(
        "signals",
        words("signals.title"),
        [_figures(found, here, words), ranked, charts.course(here, words)],
        here,
        words,
        lead=_lead(found, here, words),
        downloads="signals",
        actions=actions,
        above=False,
    )


def _lead(found: tuple[Signal, ...], here: Asked, words: Words) -> str:
    facts = {"title": here.watch.title[words.lang], "week": week_text(here.week, words)}
    first = words("signals.lead", days=days_text(here, words), **facts)
    number = words("signals.number", n=len(found)) if found else words("signals.none")
    replay = words("signals.replay") if is_replay(here) else ""
    ended = here.watch.ended if not replay else None
    last = words("quality.ended", day=dates.day(ended, words.lang)) if ended else ""
    return sentences.joined([first, number, _left_out(found, here, words), replay, last], words)


def _left_out(found: tuple[Signal, ...], here: Asked, words: Words) -> str:
    """How many more the watch alone would have shown."""
    more = len(here.watched.alone.signals(here.week)) - len(found)
    return words("signals.left_out", n=more, most=here.watched.most(here.week)) if more > 0 else ""


def _figures(found: tuple[Signal, ...], here: Asked, words: Words) -> Figures:
    """The nation's count, its change, the signals, and the places that they lie in."""
    nation = here.count(here.row_of("", ""), here.at)
    counts = here.watched.series.counts[here.row_of("", "")]
    before = known(counts[here.at - 1]) if here.at else None
    number = "–" if nation.observed is None else counted(nation.observed, here.watch, words)
    areas = {each.area for each in found if each.area}
    most = here.watched.most(here.week)
    return Figures(
        [
            Figure(words("figure.signals"), str(len(found)), words("figure.budget", n=most)),
            Figure(words("figure.areas"), str(len(areas)), words("figure.of_areas", n=len(here.areas))),
            Figure(words("figure.nation"), number, sentences.change(nation.observed, before, words)),
        ]
    )


def item(signal: Signal, here: Asked, words: Words) -> Item:
    """One signal of the list."""
    row = here.row_of(signal.area, signal.group)
    span = here.watched.series.counts[row, max(0, here.at + 1 - TREND) : here.at + 1]
    name = place(here.watch, signal.area, signal.group, words)
    return Item(
        signal.key,
        signal.rank,
        name,
        f"{home(here)}/signal/{signal.key}",
        sentences.short(_count(signal), signal.alarms, able(signal), here, words),
        [chip(signal, words)],
        [known(each) for each in span],
        words("signals.trend", place=name, n=len(span)),
    )


def chip(signal: Signal, words: Words) -> Chip:
    """Above what was expected by all methods that can tell, or by some of them only."""
    if _count(signal).verdict == "first":
        return Chip(words("state.first"), "notice")
    agreed = signal.alarms == able(signal) > 1
    return Chip(words("state.above"), "alert") if agreed else Chip(words("state.somewhat"), "notice")


def able(signal: Signal) -> int:
    """How many methods can tell."""
    return sum(each.upper is not None for each in signal.said)


def _count(signal: Signal) -> Count:
    return Count(known(signal.observed), known(signal.expected), known(signal.upper))


def _table(found: tuple[Signal, ...], here: Asked, words: Words) -> Table:
    rows: list[dict[str, Cell]] = [
        {
            "rank": each.rank,
            "area": area_name(each.area, words),
            "group": group_name(here.watch, each.group, words),
            "observed": round(each.observed),
            "expected": known(each.expected),
            "upper": known(each.upper),
            "p": sentences.probability(known(each.p)),
            "methods": each.alarms,
            "able": able(each),
            "lasted": each.lasted,
            "key": each.key,
            "href": f"{home(here)}/signal/{each.key}",
        }
        for each in found
    ]
    columns = [
        Column("rank", words("column.rank"), "integer"),
        Column("area", words("column.area")),
        Column("group", words("column.group")),
        Column("observed", words("column.observed"), "integer", here.watch.unit[words.lang]),
        Column("expected", words("column.expected"), "decimal"),
        Column("upper", words("column.upper"), "decimal"),
        Column("p", words("column.p")),
        Column("methods", words("column.methods"), "integer"),
        Column("able", words("column.able"), "integer"),
        Column("lasted", words("column.lasted"), "integer"),
    ]
    return Table("signals", words("signals.table"), columns, rows, {"area": "href"}, folded=True)
