"""Every past forecast, scored by what came to be: by place and by weeks ahead, the failures among them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from camphora.engines.watch.forecasts import Forecasts, Score
from camphora.engines.watch.pages.asked import Asked, asked
from camphora.engines.watch.pages.frame import address, area_name, view, week_text
from camphora.engines.watch.pages.sentences import AFTER, joined
from camphora.engines.watch.watching import Watched
from camphora.pages import Action, Block, Cell, Column, Figure, Figures, Prose, Table, View, numbers
from camphora.pages.words import Words

WORSE = 1.0
"""A score above that of the forecast that does nothing."""
HELD = 0.05
"""An interval that holds by so much less often than it says fails."""


def scorecard(watched: Mapping[str, Watched], words: Words, parameters: Mapping[str, str]) -> View:
    """The scores of all forecasts whose four weeks have come."""
    here = asked(watched, {**parameters, "week": ""})
    made = here.watched.foreseen()
    scores = [*_scores(made)] if made else []
    if not any(each.number for each in scores):
        scores = []
    blocks: list[Block] = [*_told(scores, here, words)] if scores else []
    if made is None:
        blocks.append(Prose(words("ahead.title"), [words("ahead.making")], "notice"))
    elif not scores:
        blocks.append(Prose(words("ahead.title"), [words("score.none")], "notice"))
    if scores:
        blocks.append(_table(scores, words))
    blocks.append(Prose(words("judged.all_title"), [_signals(here, words)]))
    blocks.append(
        Prose(words("score.how"), [words("score.wis"), words("score.against"), words("score.held")])
    )
    title = words("score.title", title=here.watch.title[words.lang])
    actions = [Action(words("action.forecasts"), address(here, "forecasts"), primary=True)]
    shown = view(
        "scorecard",
        title,
        blocks,
        here,
        words,
        lead=words("score.lead"),
        downloads="scores" if scores else "",
        actions=actions,
    )
    return replace(shown, making=made is None)


def _signals(here: Asked, words: Words) -> str:
    """How many signals were shown, and in how many the bound was exceeded again in the weeks that followed."""
    sweep = here.watched.sweep
    upper = np.choose(sweep.by, [one.upper for one in sweep.evidence])
    with np.errstate(invalid="ignore"):
        above = sweep.series.counts > upper
    shown, weeks = sweep.shown.shown, above.shape[1]
    known = shown[:, : max(0, weeks - AFTER)]
    later = [above[:, step : step + known.shape[1]] for step in range(1, AFTER + 1)]
    stayed = int((known & np.logical_or.reduce(later)).sum())
    return words("judged.all_fired", n=int(shown.sum()), stayed=stayed, of=int(known.sum()))


def _scores(made: Forecasts) -> Sequence[Score]:
    weeks = [str(label) for label in made.label[: made.quantiles.shape[1]]]
    return made.scores(weeks[0], weeks[-1])


def _told(scores: Sequence[Score], here: Asked, words: Words) -> list[Block]:
    """The whole in four figures, then what fails."""
    whole = scores[0]
    figures = Figures(
        [
            Figure(words("score.number"), f"{whole.number:,}", _span(here, words)),
            Figure(words("score.flat"), _ratio(whole.against["flat"]), words("score.less")),
            Figure(words("score.half"), _share(whole.half), words("score.wanted", share="50%")),
            Figure(words("score.most"), _share(whole.most), words("score.wanted", share="95%")),
        ]
    )
    return [figures, Prose(words("score.failures"), failures(scores, words))]


def _span(here: Asked, words: Words) -> str:
    labels = here.watched.series.label
    return words("score.span", first=week_text(str(labels[0]), words), last=week_text(str(labels[-1]), words))


def failures(scores: Sequence[Score], words: Words) -> list[str]:
    """Where the forecasts are worse than doing nothing, and where their intervals hold too seldom."""
    single = [each for each in scores if each.area is not None and each.horizon is not None and each.number]
    worse = [each for each in single if each.against["flat"] > WORSE]
    seldom = [each for each in single if each.most < 0.95 - HELD]
    told = []
    for key, found in (("worse", worse), ("seldom", seldom)):
        if found:
            said = words(f"score.{key}", n=len(found), of=len(single))
            told.append(joined([said, words("score.which", which=_named(found, words))], words))
        else:
            told.append(words(f"score.{key}_none", n=len(single)))
    return told


def _named(found: Sequence[Score], words: Words, most: int = 8) -> str:
    """The first of them by name."""
    names = [
        words("score.pair", place=area_name(each.area or "", words), n=each.horizon or 0)
        for each in found[:most]
    ]
    more = [words("score.more", n=len(found) - most)] if len(found) > most else []
    return words("mark.comma").join([*names, *more])


def _table(scores: Sequence[Score], words: Words) -> Table:
    rows = [_row(each, words) for each in scores]
    columns = [
        Column("area", words("column.area")),
        Column("horizon", words("column.horizon")),
        Column("number", words("score.number"), "integer"),
        Column("wis", words("column.wis"), "decimal"),
        Column("flat", words("column.flat"), "decimal", decimals=2),
        Column("seasonal", words("column.seasonal"), "decimal", decimals=2),
        Column("half", words("score.half"), "percent", decimals=0),
        Column("most", words("score.most"), "percent", decimals=0),
        Column("finding", words("column.finding")),
    ]
    return Table("scores", words("score.table"), columns, rows, chip={"finding": "tone"})


def _row(score: Score, words: Words) -> dict[str, Cell]:
    ratio = _known(score.against["flat"])
    fails = ratio is not None and ratio > WORSE
    finding = "" if ratio is None else words("score.bad" if fails else "score.good")
    return {
        "area": words("score.all") if score.area is None else area_name(score.area, words),
        "horizon": words("score.any") if score.horizon is None else str(score.horizon),
        "number": score.number,
        "wis": _known(score.wis),
        "flat": ratio,
        "seasonal": _known(score.against["seasonal"]),
        "half": _known(score.half),
        "most": _known(score.most),
        "finding": finding or None,
        "tone": "notice" if fails else "good",
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _ratio(value: float) -> str:
    return "–" if math.isnan(value) else numbers.number(value, "decimal", 2)


def _share(value: float) -> str:
    return "–" if math.isnan(value) else numbers.number(value, "percent", 0)
