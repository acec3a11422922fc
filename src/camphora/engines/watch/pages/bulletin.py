"""The page of the weekly bulletin: each watch's week in sentences, pictures and tables, to be read and printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import numpy as np

from camphora import __version__
from camphora.engines.watch import bulletin_sentences as say
from camphora.engines.watch.bulletin import (
    Bulletin,
    Late,
    Level,
    bulletin_of,
    neighbours,
    same_week,
    weeks_of,
)
from camphora.engines.watch.narrowing import narrowed
from camphora.engines.watch.pages.nowcast import corrected
from camphora.engines.watch.watching import Watched
from camphora.errors import Invalid, NotFound
from camphora.methods.forecasting.holidays import LUNAR_NEW_YEAR
from camphora.pages import (
    Action,
    Band,
    Bars,
    Block,
    Cell,
    Column,
    CountyMap,
    Event,
    Figure,
    Figures,
    LineChart,
    Link,
    Prose,
    Series,
    Table,
    View,
    dates,
)
from camphora.pages.counties import BY_CODE
from camphora.pages.words import Words

SHOWN = 52
"""Weeks in the picture."""
LISTED = 6
"""Weeks in the table below it."""
BEFORE = 13
"""Weeks before the forecast in its picture."""


def bulletin(watched: Mapping[str, Watched], words: Words, parameters: Mapping[str, str]) -> View:
    """The bulletin of a week (`week`, the last one where empty or `latest`) for the watches of a page, or for the one
    that `watch` names; of one place alone where `area` names it. Errors: Invalid `watch-no-week` where none of them
    knows the week, `watch-no-series` where there is no such place, NotFound `watch-no-signal` where there is no such
    watch."""
    words, area = say.worded(words), parameters.get("area", "")
    taken = _taken(watched, parameters.get("watch", ""))
    if area:
        taken = _narrowed(taken, area)
        name = say.place(area, words)
        now = words.texts["bulletin.level.now_of"].replace("{place}", name)
        own = {"nation": name, "level": {"now": now}, "column": {"rank": words("bulletin.column.rank_of")}}
        words = words.merged({"nation": name, "bulletin": own})
    weeks = weeks_of(taken)
    asked = parameters.get("week", "")
    label = weeks[-1] if asked in ("", "latest") else asked
    if label not in weeks:
        raise Invalid("watch-no-week", first=weeks[0], last=weeks[-1])
    known = {name: each for name, each in taken.items() if label in each.series.label}
    found = {name: bulletin_of(each, label) for name, each in known.items()}
    blocks: list[Block] = [_figures(list(found.values()), words)]
    for name, each in taken.items():
        blocks += (
            _part(each, found[name], parameters, words) if name in found else [_ended(each, label, words)]
        )
    blocks += [*_late(found, words), *_method(found, area, words), *_about(known, found, words)]
    first, title = next(iter(found)), _title(taken, label, area, words)
    return View(
        "bulletin",
        title,
        blocks,
        lead=words("bulletin.lead", span=_span(found[first], words)),
        as_of=_as_of(known, words),
        source=_sources(known, words),
        crumbs=_crumbs(parameters, words),
        actions=_actions(weeks, label, parameters, words),
        downloads=f"{first}_{'weeks' if area else 'counties'}",
        why=words("bulletin.why_page"),
        foot=words("bulletin.foot", title=title, digest=" ".join(one.digest for one in found.values())),
    )


def _taken(watched: Mapping[str, Watched], name: str) -> Mapping[str, Watched]:
    if name and name not in watched:
        raise NotFound("watch-no-signal")
    return {name: watched[name]} if name else watched


def _narrowed(taken: Mapping[str, Watched], area: str) -> Mapping[str, Watched]:
    """Of one place, those that have it; Invalid `watch-no-series` where none does."""
    having = [name for name, each in taken.items() if area in each.choices("area")]
    return {name: narrowed(taken[name], area) for name in having or taken}


def _title(taken: Mapping[str, Watched], label: str, area: str, words: Words) -> str:
    week = say.week(label, words.lang)
    if len(taken) == 1:
        title = next(iter(taken.values())).watch.title[words.lang]
        made = words("bulletin.title_one", title=title, week=week)
    else:
        made = words("bulletin.title", week=week)
    return words("bulletin.title_of", place=say.place(area, words), title=made) if area else made


def _span(found: Bulletin, words: Words) -> str:
    return say.span(found.first, found.until, words.lang)


def _as_of(known: Mapping[str, Watched], words: Words) -> str:
    """The day that the data go to; each of them where watches differ."""
    days = sorted({each.as_of for each in known.values()}, reverse=True)
    return say.listed([dates.day(each, words.lang) for each in days], words)


def _sources(known: Mapping[str, Watched], words: Words) -> str:
    named = (each.source.get(words.lang, "") for each in known.values())
    return say.listed(list(dict.fromkeys(one for one in named if one)), words)


def _crumbs(parameters: Mapping[str, str], words: Words) -> list[Link]:
    system = parameters.get("system", "")
    home = [Link(words("bulletin.above"), f"/systems/{system}")] if system else []
    return [Link(words("bulletin.open"), "/open"), *home]


def _actions(weeks: Sequence[str], label: str, parameters: Mapping[str, str], words: Words) -> list[Action]:
    before, after = neighbours(label, weeks)
    kept = {name: parameters[name] for name in ("watch", "area") if parameters.get(name)}
    found = [(key, each) for key, each in (("before", before), ("after", after)) if each]
    return [
        Action(
            words(f"bulletin.action.{key}"),
            f"?{urlencode({**kept, 'week': each})}",
            note="" if rank else words("bulletin.action.print"),
        )
        for rank, (key, each) in enumerate(found)
    ]


def _figures(found: Sequence[Bulletin], words: Words) -> Figures:
    """Of one watch four, of several one each and how many signals there are."""
    if len(found) == 1:
        one = found[0]
        return Figures(
            [_now(one, words), _years(one, words), _signals_number(found, words), _ahead(one, words)]
        )
    return Figures([*(_now(one, words) for one in found[:3]), _signals_number(found, words)])


def _now(found: Bulletin, words: Words) -> Figure:
    nation, title = found.nation, found.watch.title[words.lang]
    if nation.now is None:
        return Figure(title, words("bulletin.figure.unknown"))
    note = words("bulletin.figure.first") if nation.last is None else _last(nation, words)
    return Figure(title, f"{round(nation.now):,}", note)


def _last(one: Level, words: Words) -> str:
    said = words("bulletin.figure.last", last=f"{round(one.last or 0):,}")
    return f"{said} ({_signed(one.change)})" if one.change is not None else said


def _signed(change: float) -> str:
    sign = "+" if change > 0 else "−" if change < 0 else ""
    return sign + say.share(change)


def _years(found: Bulletin, words: Words) -> Figure:
    nation, label = found.nation, words("bulletin.figure.years")
    if nation.against is None:
        return Figure(label, words("bulletin.figure.few"))
    note = words("bulletin.figure.middle", middle=f"{round(nation.usual or 0):,}")
    return Figure(label, say.times(nation.against), note)


def _signals_number(found: Sequence[Bulletin], words: Words) -> Figure:
    number = sum(len(one.signals) for one in found)
    return Figure(words("bulletin.figure.signals"), f"{number:,}", tone="notice" if number else "plain")


def _ahead(found: Bulletin, words: Words) -> Figure:
    if not found.ahead:
        label = words("bulletin.figure.forecast_any")
        return Figure(
            label, words("bulletin.figure.few" if found.ahead is not None else "bulletin.figure.making")
        )
    last = found.ahead[-1]
    label = words("bulletin.figure.forecast", week=say.week(last.week, words.lang))
    low, high = (f"{round(edge):,}" for edge in last.most)
    return Figure(label, f"{round(last.median):,}", words("bulletin.figure.interval", low=low, high=high))


def _ended(watched: Watched, label: str, words: Words) -> Block:
    """Of a watch that does not know the week."""
    watch, last = watched.watch, str(watched.series.label[-1])
    title = watch.title[words.lang]
    key = "after" if label > last else "early"
    known = last if label > last else str(watched.series.label[0])
    text = words(f"bulletin.level.{key}", title=title, week=say.week(known, words.lang))
    return Prose(words("bulletin.part.summary", title=title), [text], "notice")


def _part(watched: Watched, found: Bulletin, parameters: Mapping[str, str], words: Words) -> list[Block]:
    """All that is said of one watch."""
    if not found.known:
        return [Prose(_heading("summary", found, words), [say.level(found, words)], "notice")]
    blocks: list[Block] = [_summary(found, words), _trend(watched, found, words)]
    if any(one.area in BY_CODE for one in found.areas):
        blocks.append(_map(found, words))
    elif found.areas:
        blocks.append(_counties(found, words))
    if found.groups:
        blocks.append(_ages(found, words))
    if found.signals:
        blocks.append(_signals(found, parameters, words))
    if found.ahead:
        blocks.append(_forecast(watched, found, words))
    nowcast = _name("nowcast", found)
    blocks.append(corrected(watched, found.week, ("", ""), words, nowcast, to_load=False))
    return blocks


def _heading(key: str, found: Bulletin, words: Words) -> str:
    return words(f"bulletin.part.{key}", title=found.watch.title[words.lang])


def _name(key: str, found: Bulletin) -> str:
    return f"{found.watch.name}_{key}"


def _summary(found: Bulletin, words: Words) -> Prose:
    """What stands under no picture; the comparison with earlier years, counties, ages and the forecast stand there."""
    first = [say.level(found, words), say.record(found.nation.high, words), say.trend(found, words)]
    where = [say.highest(found, words), say.rising(found, words), say.absent(found, words)]
    parts = [say.joined(each, words) for each in (first, [say.holiday(found, words)], where)]
    parts.append(
        say.joined([say.signals(found, words), "" if found.ahead else say.forecast(found, words)], words)
    )
    return Prose(_heading("summary", found, words), [one for one in parts if one])


def _trend(watched: Watched, found: Bulletin, words: Words) -> LineChart:
    """The year up to the week, the year before it, and between what the same weeks of earlier years lay."""
    series = watched.series
    at = series.at(found.week)
    span = range(max(at - SHOWN + 1, 0), at + 1)
    past = [[one.count for one in same_week(series, 0, each)] for each in span]
    before = [_before(watched, each) for each in span]
    now = [_number(series.counts[0, each]) for each in span]
    low = [min(some) if some else None for some in past]
    high = [max(some) if some else None for some in past]
    positions = [say.short_week(str(series.label[each]), words.lang) for each in span]
    rows = [_week_row(watched, each, words) for each in reversed(span[-LISTED:])]
    lines = [Series(words("bulletin.line.now"), now)]
    if any(each is not None for each in before):
        lines.append(Series(words("bulletin.line.before"), before))
    return LineChart(
        _name("trend", found),
        _heading("trend", found, words),
        positions,
        lines,
        say.years(found, words),
        _week_table(found, rows, words),
        kind="integer",
        low=0,
        events=_holidays(watched, span, positions, words),
        band=Band(low, high, words("bulletin.line.band")) if any(past) else None,
        point=(0, len(positions) - 1),
    )


def _before(watched: Watched, at: int) -> float | None:
    series = watched.series
    year, number = str(series.label[at]).split("-")
    return next(
        (one.count for one in same_week(series, 0, at) if one.week == f"{int(year) - 1:04d}-{number}"), None
    )


def _holidays(watched: Watched, span: Sequence[int], positions: Sequence[str], words: Words) -> list[Event]:
    """The week of each lunar new year's day in the picture."""
    first = np.datetime64(watched.series.first[span[0]], "D")
    found = []
    for day in LUNAR_NEW_YEAR:
        week = int((np.datetime64(day, "D") - first).astype(np.int64)) // 7
        if 0 <= week < len(positions):
            found.append(Event(positions[week], words("bulletin.line.holiday")))
    return found


def _week_row(watched: Watched, at: int, words: Words) -> dict[str, Cell]:
    series = watched.series
    past = [one.count for one in same_week(series, 0, at)]
    now, last = _number(series.counts[0, at]), _number(series.counts[0, at - 1]) if at else None
    return {
        "week": say.week(str(series.label[at]), words.lang),
        "now": now,
        "change": (now - last) / last if now is not None and last else None,
        "low": min(past) if past else None,
        "usual": float(np.median(past)) if past else None,
        "high": max(past) if past else None,
    }


def _week_table(found: Bulletin, rows: Sequence[Mapping[str, Cell]], words: Words) -> Table:
    unit = found.watch.unit[words.lang]
    columns = [
        Column("week", words("bulletin.column.week")),
        Column("now", words("bulletin.column.count"), "integer", unit),
        Column("change", words("bulletin.column.change"), "percent"),
        Column("low", words("bulletin.column.low"), "integer"),
        Column("usual", words("bulletin.column.middle_past"), "integer"),
        Column("high", words("bulletin.column.high"), "integer"),
    ]
    return Table(_name("weeks", found), _heading("weeks", found, words), columns, rows, folded=True)


def _map(found: Bulletin, words: Words) -> CountyMap:
    values = {
        one.area: None if one.against is None else round(one.against, 2)
        for one in found.areas
        if one.area in BY_CODE
    }
    return CountyMap(
        _name("map", found),
        _heading("map", found, words),
        values,
        say.unusual(found, words),
        _counties(found, words),
        kind="percent",
        low_word=words("bulletin.map.low"),
        high_word=words("bulletin.map.high"),
        absent_word=words("bulletin.map.absent"),
    )


def _counties(found: Bulletin, words: Words) -> Table:
    """Every place, most first; those without a count last."""
    ordered = sorted(found.areas, key=lambda one: (one.now is None, -(one.now or 0.0)))
    rows: list[dict[str, Cell]] = [
        {"place": say.place(one.area, words), **_level_row(one), "against": one.against} for one in ordered
    ]
    columns = [
        Column("place", words("bulletin.column.place")),
        *_level_columns(found, words),
        Column("against", words("bulletin.column.against"), "percent", decimals=0),
    ]
    note = words("bulletin.map.note")
    return Table(_name("counties", found), _heading("counties", found, words), columns, rows, note=note)


def _level_row(one: Level) -> dict[str, Cell]:
    return {"now": one.now, "last": one.last, "change": one.change, "usual": one.usual}


def _level_columns(found: Bulletin, words: Words) -> list[Column]:
    unit = found.watch.unit[words.lang]
    return [
        Column("now", words("bulletin.column.now"), "integer", unit),
        Column("last", words("bulletin.column.last"), "integer"),
        Column("change", words("bulletin.column.change"), "percent"),
        Column("usual", words("bulletin.column.usual"), "integer"),
    ]


def _ages(found: Bulletin, words: Words) -> Bars:
    total = sum(one.now or 0.0 for one in found.groups)
    names = [say.group(found.watch, one.group, words) for one in found.groups]
    rows: list[dict[str, Cell]] = [
        {
            "group": name,
            **_level_row(one),
            "share": one.now / total if one.now is not None and total else None,
        }
        for name, one in zip(names, found.groups, strict=True)
    ]
    columns = [
        Column("group", words("bulletin.column.group")),
        *_level_columns(found, words),
        Column("share", words("bulletin.column.share"), "percent"),
    ]
    return Bars(
        _name("ages", found),
        _heading("ages", found, words),
        names,
        [one.now for one in found.groups],
        say.ages(found, words),
        Table(_name("age_rows", found), _heading("ages", found, words), columns, rows, folded=True),
        kind="integer",
    )


def _signals(found: Bulletin, parameters: Mapping[str, str], words: Words) -> Table:
    """The week's signals by rank, each with the sentence that says why it is there."""
    title = _heading("signals", found, words)
    system = parameters.get("system", "")
    rows: list[dict[str, Cell]] = [
        {
            "rank": one.rank,
            "who": words(
                "bulletin.who",
                place=say.place(one.area, words),
                group=say.group(found.watch, one.group, words),
            ),
            "why": say.why(one, found.watch, words),
            "href": f"/systems/{system}/signal/{one.key}" if system else None,
        }
        for one in found.signals
    ]
    columns = [
        Column("rank", words("bulletin.column.rank"), "integer"),
        Column("who", words("bulletin.column.who")),
        Column("why", words("bulletin.column.why")),
    ]
    note = say.signals(found, words)
    return Table(_name("signals", found), title, columns, rows, {"who": "href"}, note=note, stacked=True)


def _forecast(watched: Watched, found: Bulletin, words: Words) -> LineChart:
    """The last weeks and the four to come; the forecast begins at the week itself."""
    series, ahead = watched.series, found.ahead or ()
    at = series.at(found.week)
    span = range(max(at - BEFORE + 1, 0), at + 1)
    known = [_number(series.counts[0, each]) for each in span]
    gap: list[float | None] = [None] * (len(known) - 1)
    now = found.nation.now
    labels = [str(series.label[each]) for each in span] + [one.week for one in ahead]
    low = [*gap, now, *(one.most[0] for one in ahead)]
    high = [*gap, now, *(one.most[1] for one in ahead)]
    return LineChart(
        _name("forecast", found),
        _heading("forecast", found, words),
        [say.short_week(each, words.lang) for each in labels],
        [
            Series(words("bulletin.line.seen"), [*known, *([None] * len(ahead))], _seen(found, words)),
            Series(words("bulletin.line.ahead"), [*gap, now, *(one.median for one in ahead)]),
        ],
        say.forecast(found, words),
        _forecast_table(found, words),
        kind="integer",
        low=0,
        band=Band(low, high, words("bulletin.line.interval")),
        point=(0, len(known) - 1),
    )


def _seen(found: Bulletin, words: Words) -> str:
    """The count with its week, since its label stands where the forecast ends."""
    return words(
        "bulletin.line.seen_in",
        week=say.short_week(found.week, words.lang),
        n=f"{round(found.nation.now or 0):,}",
    )


def _forecast_table(found: Bulletin, words: Words) -> Table:
    rows: list[dict[str, Cell]] = [
        {
            "week": say.week(one.week, words.lang),
            "middle": one.median,
            "half": _between(one.half),
            "most": _between(one.most),
        }
        for one in found.ahead or ()
    ]
    columns = [
        Column("week", words("bulletin.column.week")),
        Column("middle", words("bulletin.column.middle"), "integer", found.watch.unit[words.lang]),
        Column("half", words("bulletin.column.half")),
        Column("most", words("bulletin.column.most")),
    ]
    title = _heading("forecast", found, words)
    return Table(_name("forecast_rows", found), title, columns, rows)


def _between(edges: tuple[float, float]) -> str:
    return f"{round(edges[0]):,}–{round(edges[1]):,}"


def _late(found: Mapping[str, Bulletin], words: Words) -> list[Block]:
    """What late reports and corrections have changed since the week was first held; a table where they have."""
    said = [
        words(
            "bulletin.about.named",
            title=one.watch.title[words.lang],
            text=say.late(one.late, one.watch, words),
        )
        for one in found.values()
        if one.known
    ]
    tables = [_late_table(one, one.late, words) for one in found.values() if one.late and one.late.changed]
    return [Prose(words("bulletin.part.late_title"), said), *tables] if said else []


def _late_table(found: Bulletin, late: Late, words: Words) -> Table:
    named = [(say.week(week, words.lang), then, now) for week, then, now in late.weeks]
    named += [(say.place(area, words), then, now) for area, then, now in late.areas]
    rows: list[dict[str, Cell]] = [
        {"where": where, "then": then, "known": now, "more": _difference(then, now)}
        for where, then, now in named
    ]
    columns = [
        Column("where", words("bulletin.column.where")),
        Column("then", words("bulletin.column.then"), "integer", found.watch.unit[words.lang]),
        Column("known", words("bulletin.column.known"), "integer"),
        Column("more", words("bulletin.column.more"), "integer"),
    ]
    return Table(_name("late", found), _heading("late", found, words), columns, rows)


def _difference(then: float | None, now: float | None) -> float | None:
    return None if then is None or now is None else now - then


def _method(found: Mapping[str, Bulletin], area: str, words: Words) -> list[Block]:
    """How it was made, once for watches that are made alike; of one place also how its small numbers are read."""
    told: dict[str, None] = {}
    for one in found.values():
        told.update(dict.fromkeys(say.method(one.watch, words)))
    small = [words("bulletin.about.small")] if area else []
    return [Prose(words("bulletin.part.method"), [*told, *small])]


def _about(known: Mapping[str, Watched], found: Mapping[str, Bulletin], words: Words) -> list[Block]:
    """Source, date and digest of each watch's data."""
    paragraphs = []
    for name, one in found.items():
        day = dates.day(known[name].as_of, words.lang)
        source = known[name].source.get(words.lang, "")
        last = say.week(one.last, words.lang)
        facts = {"source": source, "day": day, "digest": one.digest, "version": __version__}
        said = [
            words("bulletin.about.source" if source else "bulletin.about.none_source", **facts),
            words("bulletin.about.known", week=last),
            words("bulletin.about.digest", **facts),
        ]
        title = one.watch.title[words.lang]
        paragraphs.append(words("bulletin.about.named", title=title, text=say.joined(said, words)))
    return [Prose(words("bulletin.part.about"), paragraphs)]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
