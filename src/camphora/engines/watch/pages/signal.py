"""One signal: why it is there, what each method says, where else it rises, what came of earlier ones, how to make it
again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from camphora.engines.watch.forecasts import Forecasts
from camphora.engines.watch.pages import charts, nowcast, retuned, sentences
from camphora.engines.watch.pages.asked import Asked, Count, asked, known
from camphora.engines.watch.pages.beside import beside
from camphora.engines.watch.pages.frame import (
    about,
    address,
    counted,
    group_name,
    is_replay,
    place,
    signal_address,
    times,
    view,
    week_text,
)
from camphora.engines.watch.pages.signals import able
from camphora.engines.watch.sweep import Said, Signal
from camphora.engines.watch.watching import Watched
from camphora.errors import NotFound
from camphora.methods.forecasting.holidays import by_week
from camphora.pages import Action, Block, Cell, Column, Figure, Figures, Prose, Table, View, dates
from camphora.pages.words import Words

EARLIER = 12
FEW = 10
"""Below so many expected cases one case more moves the share a lot."""
USUAL = 8


def signal(watched: Mapping[str, Watched], words: Words, parameters: Mapping[str, str]) -> View:
    """One count that is unusual, whether the week showed it or not. NotFound `watch-no-signal` where nothing was
    counted."""
    here = asked(watched, parameters)
    if known(here.counts[here.at]) is None:
        raise NotFound("watch-no-signal")
    found = here.watched.sweep.signal(here.row, here.at)
    forecasts = None if here.group else here.watched.foreseen()
    ahead = forecasts.ahead(here.area, here.week) if forecasts else ()
    blocks: list[Block] = [
        _figures(found, here, words),
        charts.course(here, words, ahead=ahead),
        Prose(words(_why(here)), [each for each in sentences.why(found, here, words) if each]),
        _methods(found, words),
    ]
    if not ahead:
        blocks.append(Prose(words("ahead.title"), [words(_why_no_forecast(here, forecasts))], "notice"))
    ages = charts.groups(here, words)
    counties = charts.counties(here, words, group=here.group, folded=True)
    blocks += [block for block in (ages, counties, beside(here, words)) if block]
    blocks.append(nowcast.corrected(here.watched, here.week, (here.area, here.group), words))
    blocks += [_earlier(here, words), _quality(here, words), _again(found, here, words)]
    name, title = place(here.watch, here.area, here.group, words), here.watch.title[words.lang]
    actions = [
        Action(
            words("action.series"), address(here, "series", area=here.area, group=here.group), primary=True
        ),
        Action(words("action.list"), address(here, "")),
    ]
    return view(
        "signal",
        words("signal.title", title=title, place=name, week=week_text(here.week, words)),
        blocks,
        here,
        words,
        lead=_lead(found, here, words),
        downloads="methods",
        actions=actions,
    )


def _lead(found: Signal, here: Asked, words: Words) -> str:
    place_in = words("signal.rank", n=found.rank) if _shown(here) else words("signal.not_shown")
    replay = words("signals.replay") if is_replay(here) else ""
    return sentences.joined([place_in, replay], words)


def _shown(here: Asked) -> bool:
    """Whether the week's signals hold it."""
    return bool(here.watched.sweep.shown.shown[here.row, here.at])


def _why(here: Asked) -> str:
    """The heading of the reasons: a count that is not among the signals has none to be there."""
    return "signal.why" if _shown(here) else "signal.said"


def _why_no_forecast(here: Asked, forecasts: Forecasts | None) -> str:
    if here.group:
        return "ahead.of_all_groups"
    return "ahead.making" if forecasts is None else "ahead.too_early"


def _figures(found: Signal, here: Asked, words: Words) -> Figures:
    count = Count(known(found.observed), known(found.expected), known(found.upper))
    expected = "–" if count.expected is None else about(count.expected)
    upper = "" if count.upper is None else words("figure.upper", upper=about(count.upper))
    ratio = "–" if count.ratio is None else words("figure.times", times=times(count.ratio))
    said = words("figure.of_methods", alarms=found.alarms, able=able(found))
    return Figures(
        [
            Figure(
                words("column.observed"),
                counted(found.observed, here.watch, words),
                tone="alert" if count.above else "plain",
            ),
            Figure(words("column.expected"), expected, upper),
            Figure(words("figure.ratio"), ratio),
            Figure(words("figure.methods"), said, _lasted(found, words)),
        ]
    )


def _lasted(found: Signal, words: Words) -> str:
    return words("figure.lasted", n=found.lasted) if found.lasted else words("figure.lasted_none")


def _methods(found: Signal, words: Words) -> Table:
    """What each method says, with every parameter."""
    rows = [
        {
            "method": each.label[words.lang],
            "expected": each.expected,
            "upper": each.upper,
            "p": sentences.probability(each.p),
            "finding": words(_finding(each)),
            "tone": "alert" if each.alarm else "plain",
            "parameters": parameters_text(each.made),
        }
        for each in found.said
    ]
    columns = [
        Column("method", words("column.method")),
        Column("expected", words("column.expected"), "decimal"),
        Column("upper", words("column.upper"), "decimal"),
        Column("p", words("column.p")),
        Column("finding", words("column.finding")),
        Column("parameters", words("column.parameters")),
    ]
    return Table("methods", words("signal.methods"), columns, rows, chip={"finding": "tone"}, stacked=True)


def _finding(said: Said) -> str:
    if said.upper is None:
        return "state.unknown"
    return "state.unusual" if said.alarm else "state.usual"


def parameters_text(made: Mapping[str, object]) -> str:
    """The parameters of a method as it was called: b=5, alpha=0.01."""
    given = made.get("parameters")
    pairs = given.items() if isinstance(given, Mapping) else ()
    plain = [
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in pairs
        if value is not None and not isinstance(value, list | tuple | dict)
    ]
    return ", ".join(plain)


def _earlier(here: Asked, words: Words) -> Table:
    """The signals of the place before, and whether the bound was exceeded again in the weeks that followed them."""
    sweep, series = here.watched.sweep, here.watched.series
    own = np.array([row for row, (area, _) in enumerate(series.keys) if area == here.area])
    where, weeks = np.nonzero(sweep.shown.shown[own, : here.at])
    found = sorted(((int(at), int(own[row])) for row, at in zip(where, weeks, strict=True)), reverse=True)
    after = {(at, row): _after(here, row, at) for at, row in found}
    rows = [_earlier_row(here, at, row, after[at, row], words) for at, row in found[:EARLIER]]
    judged = [each for each in after.values() if each is not None]
    note = sentences.outcome(sum(each > 0 for each in judged), len(judged), words)
    columns = [
        Column("week", words("column.week")),
        Column("group", words("column.group")),
        Column("observed", words("column.observed"), "integer", here.watch.unit[words.lang]),
        Column("expected", words("column.expected"), "decimal"),
        Column("after", words("column.after"), "integer", words("column.weeks")),
    ]
    return Table("earlier", words("signal.earlier"), columns, rows, {"week": "href"}, note=note, stacked=True)


def _earlier_row(here: Asked, at: int, row: int, after: int | None, words: Words) -> dict[str, Cell]:
    area, group = here.watched.series.keys[row]
    week, count = str(here.watched.series.label[at]), here.count(row, at)
    return {
        "week": week_text(week, words),
        "group": group_name(here.watch, group, words),
        "observed": None if count.observed is None else round(count.observed),
        "expected": count.expected,
        "after": after,
        "href": signal_address(here, week, area, group),
    }


def _after(here: Asked, row: int, at: int) -> int | None:
    """In how many of the four weeks after it the bound was exceeded; None where these are not all known by the week
    that is shown."""
    last = at + sentences.AFTER
    if last > here.at:
        return None
    return sum(here.count(row, each).above for each in range(at + 1, last + 1))


def _quality(here: Asked, words: Words) -> Prose:
    """What a reader must know of the data."""
    notes = [*quality(here, words)]
    return Prose(words("signal.quality"), notes or [words("quality.none")])


def quality(here: Asked, words: Words) -> list[str]:
    """Notes on the data of the week: places without any count, a feed that has ended, few cases, the last week."""
    notes = []
    silent = _silent(here)
    if silent:
        names = words("mark.comma").join(place(here.watch, area, "", words) for area in silent)
        notes.append(words("quality.silent", places=names))
    if _is_new_year(here):
        notes.append(words("quality.holiday"))
    expected = here.count(here.row, here.at).expected
    if expected is not None and expected < FEW:
        notes.append(words("quality.few", n=FEW))
    if not is_replay(here):
        notes.append(words("quality.last"))
    if here.watch.ended:
        notes.append(words("quality.ended", day=dates.day(here.watch.ended, words.lang)))
    return notes


def _is_new_year(here: Asked) -> bool:
    """Whether the Lunar New Year or the days off around it fall in the week."""
    return bool(by_week(start=str(here.watched.series.first[here.at]), weeks=1).known[0, 0] > 0)


def _silent(here: Asked) -> Sequence[str]:
    """Places without one case in the week, though the weeks before had several: perhaps they did not report."""
    counts, found = here.watched.series.counts, []
    for area in here.areas:
        row = here.row_of(area, "")
        past = counts[row, max(0, here.at - USUAL) : here.at]
        usual = float(np.nanmedian(past)) if np.isfinite(past).any() else 0.0
        if not counts[row, here.at] > 0 and usual >= FEW:
            found.append(area)
    return found


def _again(found: Signal, here: Asked, words: Words) -> Prose:
    """With what it can be made again."""
    facts = {"data": found.data, "code": found.code, "name": found.key}
    paragraphs = [words("again.text"), words("again.names", **facts)]
    if here.watched.version:
        paragraphs.append(words("again.version", version=here.watched.version))
    if decided := here.watch.decided(here.week):
        paragraphs.append(retuned.in_force(decided, words))
    return Prose(words("again.title"), paragraphs)
