"""Any series: a place and group, its counts against what was to be expected, to look at and to take away."""

from __future__ import annotations

from collections.abc import Mapping

from camphora.engines.watch.pages import charts, sentences
from camphora.engines.watch.pages.asked import Asked, asked, known
from camphora.engines.watch.pages.frame import (
    about,
    address,
    counted,
    place,
    signal_address,
    state,
    steps,
    view,
    week_text,
)
from camphora.engines.watch.watching import Watched
from camphora.pages import Action, Block, Figure, Figures, View
from camphora.pages.words import Words

SPANS = {"1": 52, "2": 104, "5": 261}
"""Weeks by the years that an address asks for; any other text: all."""


def series(watched: Mapping[str, Watched], words: Words, parameters: Mapping[str, str]) -> View:
    """One series up to a week."""
    here = asked(watched, parameters)
    weeks = SPANS.get(parameters.get("years", "2"), len(here.counts))
    blocks: list[Block] = [_figures(here, words), charts.course(here, words, weeks=weeks)]
    if ages := charts.groups(here, words):
        blocks.append(ages)
    count = here.count(here.row, here.at)
    before = known(here.counts[here.at - 1]) if here.at else None
    lead = sentences.joined(
        [sentences.level(count, here, words), sentences.change(count.observed, before, words)], words
    )
    kept = {"area": here.area, "group": here.group}
    actions = [*steps(here, "series", words, **kept), Action(words("action.list"), address(here, ""))]
    if count.observed is not None:
        href = signal_address(here, here.week, here.area, here.group)
        actions.insert(0, Action(words("action.signal"), href, primary=True))
    name = place(here.watch, here.area, here.group, words)
    title = words("series.title", place=name, title=here.watch.title[words.lang])
    return view("series", title, blocks, here, words, lead=lead, downloads="weeks", actions=actions)


def _figures(here: Asked, words: Words) -> Figures:
    count = here.count(here.row, here.at)
    chip = state(count, words)
    number = "–" if count.observed is None else counted(count.observed, here.watch, words)
    expected = "–" if count.expected is None else about(count.expected)
    upper = "" if count.upper is None else words("figure.upper", upper=about(count.upper))
    return Figures(
        [
            Figure(words("column.observed"), number, week_text(here.week, words)),
            Figure(words("column.expected"), expected, upper),
            Figure(words("figure.level"), chip.text, tone=chip.tone),
            Figure(words("figure.trend"), words(f"trend.{sentences.trend(here.counts, here.at)}")),
        ]
    )
