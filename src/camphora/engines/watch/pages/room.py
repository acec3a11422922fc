"""The situation room: one page for a large screen, of what is known to everybody; who is at work sees the work too."""

from __future__ import annotations

from collections.abc import Mapping

from camphora.engines.watch.pages import charts, sentences
from camphora.engines.watch.pages.asked import Asked, asked
from camphora.engines.watch.pages.frame import address, counted, days_text, is_replay, state, view, week_text
from camphora.engines.watch.pages.signals import item
from camphora.engines.watch.watching import Watched
from camphora.pages import Action, Block, Cell, Column, Figure, Figures, Ranked, Table, View, dates
from camphora.pages.words import Words

MOST, WEEKS = 8, 78
"""Signals that are listed, and weeks of the line: what a screen across the room can show."""


def room(watched: Mapping[str, Watched], words: Words, parameters: Mapping[str, str]) -> View:
    """Of each watch how it stands; of the chosen one the signals, the counties, the forecast; and how fresh all is."""
    here = asked(watched, parameters)
    made = here.watched.foreseen()
    ahead = made.ahead(here.area, here.week) if made else ()
    found = here.watched.sweep.signals(here.week)
    items = [item(each, here, words) for each in found]
    rows: list[dict[str, Cell]] = [
        {"rank": each.rank, "area": each.title, "said": each.text, "href": each.href, "key": each.key}
        for each in items
    ]
    columns = [
        Column("rank", words("column.rank"), "integer"),
        Column("area", words("column.area")),
        Column("said", words("room.said")),
    ]
    table = Table("signals", words("signals.table"), columns, rows, {"area": "href"}, folded=True)
    blocks: list[Block] = [
        Figures([_figure(one, parameters, words) for one in watched.values()]),
        charts.counties(here, words, folded=True),
        Ranked("ranked", _title(here, len(items), words), items[:MOST], table, words("signals.none")),
        charts.course(here, words, weeks=WEEKS, ahead=ahead),
        _fresh(watched, words),
    ]
    lead = sentences.joined(
        [
            words(
                "signals.lead",
                title=here.watch.title[words.lang],
                week=week_text(here.week, words),
                days=days_text(here, words),
            ),
            words("signals.replay") if is_replay(here) else "",
            words("room.making") if made is None else "" if ahead else words("ahead.too_early"),
        ],
        words,
    )
    actions = [Action(words("action.list"), address(here, ""), primary=True)]
    return view(
        "room", words("room.title"), blocks, here, words, lead=lead, downloads="signals", actions=actions
    )


def _title(here: Asked, number: int, words: Words) -> str:
    """How many signals there are, and where that is not all, how many are listed."""
    every = words("room.signals", title=here.watch.title[words.lang], n=number)
    return words("room.shown", all=every, n=MOST, more=number - MOST) if number > MOST else every


def _figure(one: Watched, parameters: Mapping[str, str], words: Words) -> Figure:
    """How the nation stands in one watch: in the asked week where it has it, else in its last."""
    week = parameters.get("week", "")
    known = week if week in one.choices("week") else ""
    here: Asked = asked({one.watch.name: one}, {"week": known, "system": parameters.get("system", "")})
    count = here.count(here.row, here.at)
    number = "–" if count.observed is None else counted(count.observed, here.watch, words)
    note = words("room.nation", week=week_text(here.week, words), state=state(count, words).text)
    return Figure(here.watch.title[words.lang], number, note, "alert" if count.above else "plain")


def _fresh(watched: Mapping[str, Watched], words: Words) -> Table:
    """Up to which day each watch has data, and since when there are none."""
    rows: list[dict[str, Cell]] = []
    for one in watched.values():
        ended = one.watch.ended
        rows.append(
            {
                "watch": one.watch.title[words.lang],
                "as_of": dates.day(one.as_of, words.lang),
                "state": words("room.ended" if ended else "room.coming"),
                "tone": "notice" if ended else "good",
                "last": _last_load(one, words),
            }
        )
    columns = [
        Column("watch", words("column.watch")),
        Column("as_of", words("room.as_of")),
        Column("state", words("room.state")),
        Column("last", words("room.last")),
    ]
    return Table("fresh", words("room.fresh"), columns, rows, chip={"state": "tone"}, stacked=True)


def _last_load(one: Watched, words: Words) -> str:
    """Whether the last edition changed what the one before it held."""
    edition = words("room.edition", n=len(one.editions) or 1)
    if len(one.editions) < 2:
        return edition
    changes = one.revised()
    if changes is None:
        said = words("room.comparing")
    else:
        said = words("room.changed", n=changes) if changes else words("room.unchanged")
    return words("room.load", one=edition, two=said)
