"""What anybody may want to know of a week: how high, rising or falling, what would be usual, where, and how it is
known."""

from __future__ import annotations

from collections.abc import Mapping

from camphora.engines.watch.pages import charts, sentences
from camphora.engines.watch.pages.asked import Asked, asked, known
from camphora.engines.watch.pages.frame import (
    about,
    address,
    counted,
    days_text,
    is_replay,
    state,
    steps,
    view,
)
from camphora.engines.watch.watching import Watched
from camphora.pages import Action, Block, Figure, Figures, Prose, View, dates
from camphora.pages.words import Words


def public(watched: Mapping[str, Watched], words: Words, parameters: Mapping[str, str]) -> View:
    """The nation and its places in a week."""
    here = asked(watched, parameters)
    title = here.watch.title[words.lang]
    blocks: list[Block] = [
        _figures(here, words),
        charts.course(here, words),
        charts.counties(here, words),
        _facts(here, words),
    ]
    count = here.count(here.row, here.at)
    before = known(here.counts[here.at - 1]) if here.at else None
    lead = sentences.joined(
        [
            sentences.level(count, here, words),
            sentences.change(count.observed, before, words),
            words("public.lead", days=days_text(here, words)),
            words("signals.replay") if is_replay(here) else "",
        ],
        words,
    )
    actions = [
        Action(words("action.forecasts"), address(here, "forecasts"), primary=True),
        *steps(here, "public", words),
    ]
    return view(
        "public",
        words("public.title", title=title),
        blocks,
        here,
        words,
        lead=lead,
        downloads="counties",
        actions=actions,
    )


def _figures(here: Asked, words: Words) -> Figures:
    count = here.count(here.row, here.at)
    chip = state(count, words)
    number = "–" if count.observed is None else counted(count.observed, here.watch, words)
    within = "–"
    if count.expected is not None and count.upper is not None:
        within = words("figure.range", low=about(count.expected), high=about(count.upper))
    return Figures(
        [
            Figure(words("column.observed"), number, words("nation")),
            Figure(words("figure.level"), chip.text, tone=chip.tone),
            Figure(words("figure.trend"), words(f"trend.{sentences.trend(here.counts, here.at)}")),
            Figure(words("figure.within"), within),
        ]
    )


def _facts(here: Asked, words: Words) -> Prose:
    """Definition, who is counted, when it was brought up to date, and small numbers."""
    name = here.watch.name
    defined = f"definition.{name}" if f"definition.{name}" in words else "definition.any"
    counted_in = f"population.{name}" if f"population.{name}" in words else "population.any"
    ended = here.watch.ended
    update = (
        words("public.ended", day=dates.day(ended, words.lang))
        if ended
        else words("public.updated", day=dates.day(here.watched.as_of, words.lang))
    )
    terms = [words(defined), words(counted_in), words("public.level"), words("public.trend")]
    return Prose(words("public.facts"), [*terms, update, words("public.small")])
