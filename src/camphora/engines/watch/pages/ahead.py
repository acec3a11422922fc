"""What was foreseen in a week for the four weeks after it, and what came to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from camphora.engines.watch.forecasts import Ahead
from camphora.engines.watch.pages import charts, sentences
from camphora.engines.watch.pages.asked import Asked, asked
from camphora.engines.watch.pages.frame import address, area_name, steps, view, week_text
from camphora.engines.watch.watching import Watched
from camphora.pages import Action, Block, Cell, Column, Prose, Table, View
from camphora.pages.words import Words

WEEKS = 52


def forecasts(watched: Mapping[str, Watched], words: Words, parameters: Mapping[str, str]) -> View:
    """One to four weeks ahead of a week, with the 50 % and 95 % intervals."""
    here = asked(watched, parameters)
    made = here.watched.foreseen()
    ahead = made.ahead(here.area, here.week) if made else ()
    blocks: list[Block] = []
    if made is None:
        blocks.append(Prose(words("ahead.title"), [words("ahead.making")], "notice"))
    elif not ahead:
        blocks.append(Prose(words("ahead.title"), [words("ahead.too_early")], "notice"))
    blocks.append(charts.course(here, words, weeks=WEEKS, ahead=ahead, came=True))
    if ahead:
        blocks.append(_table(ahead, here, words))
    name = area_name(here.area, words)
    actions = [
        Action(words("action.scorecard"), address(here, "scorecard"), primary=True),
        *steps(here, "forecasts", words, area=here.area),
    ]
    title = words("ahead.page", place=name, title=here.watch.title[words.lang])
    shown = view(
        "forecasts",
        title,
        blocks,
        here,
        words,
        lead=sentences.joined(
            [words("ahead.lead", week=week_text(here.week, words)), _held(ahead, words)], words
        ),
        downloads="ahead" if ahead else "weeks",
        actions=actions,
    )
    return replace(shown, making=made is None)


def _held(ahead: Sequence[Ahead], words: Words) -> str:
    """How many of the weeks that have come lay within the 95 % interval."""
    known = [each for each in ahead if each.came is not None]
    if not known:
        return ""
    held = sum(each.most[0] <= (each.came or 0) <= each.most[1] for each in known)
    return words("ahead.held", n=len(known), held=held)


def _table(ahead: Sequence[Ahead], here: Asked, words: Words) -> Table:
    rows: list[dict[str, Cell]] = [
        {
            "week": week_text(each.week, words),
            "horizon": each.horizon,
            "median": each.median,
            "half_low": each.half[0],
            "half_high": each.half[1],
            "most_low": each.most[0],
            "most_high": each.most[1],
            "came": None if each.came is None else round(each.came),
        }
        for each in ahead
    ]
    columns = [
        Column("week", words("column.week")),
        Column("horizon", words("column.horizon"), "integer", words("column.weeks")),
        Column("median", words("column.median"), "integer", here.watch.unit[words.lang]),
        *(
            Column(key, words(f"column.{key}"), "integer")
            for key in ("half_low", "half_high", "most_low", "most_high")
        ),
        Column("came", words("column.came"), "integer"),
    ]
    return Table("ahead", words("ahead.table"), columns, rows)
