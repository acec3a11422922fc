"""A day of a season as it would have been: clusters on a map, how fast cases grow, R, townships and their villages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np

from camphora.engines.watch.season.counts import COUNTY, Counts, Floats
from camphora.engines.watch.season.declaration import Season
from camphora.engines.watch.season.followed import Followed
from camphora.engines.watch.season.growth import Growth
from camphora.engines.watch.season.scanned import Cluster
from camphora.engines.watch.season.small import hidden
from camphora.engines.watch.season.warned import recent
from camphora.pages import (
    Action,
    Block,
    Cell,
    Column,
    Figure,
    Figures,
    LineChart,
    Link,
    Patch,
    PointMap,
    Prose,
    Ring,
    Series,
    Spot,
    Table,
    View,
    dates,
    numbers,
)
from camphora.pages.counties import BY_CODE
from camphora.pages.words import Words

WEEK, FORTNIGHT = 7, 14
LINE = 90
"""Days of a line."""
VILLAGES = 20
LIMITS = ("vintage", "villages", "points", "interval", "local", "elsewhere", "alpha")


@dataclass(frozen=True, slots=True)
class Day:
    """What an address asks for: a season up to a day, `area` a township's code or empty; `system`: whose page it is."""

    followed: Followed
    at: int
    area: str
    system: str

    @property
    def season(self) -> Season:
        return self.followed.watch

    @property
    def iso(self) -> str:
        return self.followed.counts.days[self.at]

    def cases(self, days: int, *, before: int = 0) -> Floats:
        """Cases of each township in so many days up to the day, or up to some days before it."""
        end = self.at + 1 - before
        found: Floats = self.followed.counts.cases[:, max(0, end - days) : max(0, end)].sum(axis=1)
        return found

    def county(self, code: str, days: int) -> float:
        counted = self.followed.counts.by_county.get(code)
        return 0.0 if counted is None else float(counted[max(0, self.at + 1 - days) : self.at + 1].sum())

    def name(self, place: int, words: Words) -> str:
        """A township with its county."""
        one = self.followed.counts.townships[place]
        county = BY_CODE[one.code[:COUNTY]].name(words.lang)
        if words.lang == "zh-TW":
            return words("mark.part", whole=county, part=one.name)
        return words("mark.part", whole=one.name_en, part=county)

    def said(self, at: int, words: Words) -> str:
        return dates.month_day(dt.date.fromisoformat(self.followed.counts.days[at]), words.lang)

    def address(self, page: str, **changes: str) -> str:
        query = {"day": self.iso, "area": self.area, **changes}
        kept = {name: value for name, value in query.items() if value}
        return f"/systems/{self.system}/{page}" + (f"?{urlencode(kept)}" if kept else "")


def day_of(watched: Mapping[str, Followed], parameters: Mapping[str, str]) -> Day:
    """What the parameters mean: the last day where none is given. Invalid `watch-no-day`, `watch-no-series`."""
    followed = next(iter(watched.values()))
    day, area = parameters.get("day", ""), parameters.get("area", "")
    at = followed.counts.at(day) if day else len(followed.counts.days) - 1
    if area:
        followed.counts.township(area)
    return Day(followed, at, area, parameters.get("system", ""))


def season(watched: Mapping[str, Followed], words: Words, parameters: Mapping[str, str]) -> View:
    """One day."""
    here = day_of(watched, parameters)
    clusters = here.followed.clusters(here.at)
    blocks: list[Block] = [
        _figures(here, clusters, words),
        _map(here, clusters, words),
        _clusters(here, clusters, words),
        _counties(here, words),
        _cases(here, words),
        _transmission(here, words),
        _villages(here, words),
        _limits(here, words),
    ]
    title = words("season.title", title=here.season.title[words.lang], day=dates.day(here.iso, words.lang))
    actions = [
        Action(
            words("season.warnings"),
            here.address(f"{here.season.name}/warnings", day="", area=""),
            primary=True,
        )
    ]
    for key, step in (("before", -1), ("after", 1), ("week_before", -WEEK), ("week_after", WEEK)):
        if 0 <= here.at + step < len(here.followed.counts.days):
            day = here.followed.counts.days[here.at + step]
            actions.append(Action(words(f"season.{key}"), here.address(here.season.name, day=day)))
    return view(here.season.name, title, blocks, here, words, lead=_lead(here, clusters, words), downloads="townships",
                actions=actions)  # fmt: skip


def view(
    name: str,
    title: str,
    blocks: Sequence[Block],
    here: Day,
    words: Words,
    *,
    lead: str,
    downloads: str,
    actions: Sequence[Action],
) -> View:
    """A view with the date and source of the season."""
    home = f"/systems/{here.system}"
    return View(
        name,
        title,
        blocks,
        lead=lead,
        as_of=dates.day(here.followed.as_of, words.lang),
        source=here.followed.source[words.lang],
        why=words("why"),
        crumbs=[Link(words("open_data"), "/open"), Link(words("signals.title"), home)],
        actions=actions,
        downloads=downloads,
    )


def cases_text(number: float, words: Words) -> str:
    return words("season.cases", n=round(number))


def _lead(here: Day, clusters: Sequence[Cluster], words: Words) -> str:
    week, before = here.cases(WEEK).sum(), here.cases(WEEK, before=WEEK).sum()
    first = words("season.lead", n=round(week), before=cases_text(before, words))
    said = words("season.clusters_n", n=len(clusters)) if clusters else words("season.no_cluster")
    gap = "" if words.lang == "zh-TW" else " "
    return gap.join([first, said, words("season.replay")])


def _figures(here: Day, clusters: Sequence[Cluster], words: Words) -> Figures:
    total = here.followed.counts.cases[:, : here.at + 1].sum()
    today, week = here.cases(1).sum(), here.cases(WEEK).sum()
    where = int((here.cases(WEEK) > 0).sum())
    return Figures(
        [
            Figure(words("season.week"), cases_text(week, words), words("season.today", n=round(today))),
            Figure(
                words("season.total"),
                cases_text(total, words),
                words("season.since", day=here.said(0, words)),
            ),
            Figure(
                words("season.places"), str(where), words("season.of", n=len(here.followed.counts.townships))
            ),
            Figure(
                words("season.clusters"),
                str(len(clusters)),
                words("season.alpha", p=f"{here.season.scan.alpha:g}"),
                "alert" if clusters else "plain",
            ),
        ]
    )


def _map(here: Day, clusters: Sequence[Cluster], words: Words) -> PointMap:
    """Townships by the cases of the last week, with a ring around each cluster."""
    week, warned = here.cases(WEEK), {place for each in clusters for place in each.places}
    counts = here.followed.counts
    spots = [
        Spot(
            one.latitude,
            one.longitude,
            float(week[place]),
            words("season.spot", place=here.name(place, words), number=cases_text(week[place], words)),
            here.address(here.season.name, area=one.code) + "#table-villages",
            place in warned,
        )
        for place, one in enumerate(counts.townships)
        if week[place] > 0
    ]
    rings = []
    for each in clusters:
        centre = counts.townships[each.places[0]]
        said, name = _cluster_text(each, here, words), _short(each.places[0], here, words)
        rings.append(Ring(centre.latitude, centre.longitude, each.radius, said, name))
    order = np.argsort(-week, kind="stable")
    rows: list[dict[str, Cell]] = [
        {
            "township": here.name(int(place), words),
            "week": round(week[place]),
            "fortnight": round(here.cases(FORTNIGHT)[place]),
            "total": round(counts.cases[place, : here.at + 1].sum()),
            "rate": float(week[place]) / counts.townships[place].people * 100_000,
            "state": words("season.inside") if place in warned else None,
            "tone": "alert",
            "href": here.address(here.season.name, area=counts.townships[place].code) + "#table-villages",
        }
        for place in order
        if counts.cases[place, : here.at + 1].sum() > 0
    ]
    columns = [
        Column("township", words("season.township")),
        Column("week", words("season.week"), "integer"),
        Column("fortnight", words("season.fortnight"), "integer"),
        Column("rate", words("season.rate"), "decimal"),
        Column("total", words("season.total"), "integer"),
        Column("state", words("column.state")),
    ]
    table = Table("townships", words("season.townships"), columns, rows, {"township": "href"}, {"state": "tone"},
                  folded=True)  # fmt: skip
    told = [_cluster_text(each, here, words) for each in clusters[:2]] or [words("season.no_cluster")]
    return PointMap(
        "clusters",
        words("season.map", day=here.said(here.at, words)),
        spots,
        ("" if words.lang == "zh-TW" else " ").join(told),
        table,
        here.season.counties,
        rings,
        words("season.spot_word"),
        words("season.ring_word"),
        _patches(here, warned, words),
        words("season.patch_word"),
    )


def _patches(here: Day, warned: Collection[int], words: Words) -> list[Patch]:
    """The villages of the townships that lie in clusters, by the cases of a fortnight."""
    counts, least = here.followed.counts, here.season.least
    names = {counts.townships[place].code: here.name(place, words) for place in warned}
    fortnight = recent(counts.by_village, FORTNIGHT)[:, here.at]
    told = _veiled(fortnight, counts, least)
    return [
        Patch(
            code,
            name,
            float(least - 1) if np.isnan(number) else number,
            words("season.patch", place=names[code], village=name, number=_told(number, words)),
        )
        for (code, name), number in zip(counts.villages, told.tolist(), strict=True)
        if code in names
    ]


def _told(number: float, words: Words) -> str:
    return words("season.not_told") if np.isnan(number) else cases_text(number, words)


def _townships(counts: Counts) -> list[str]:
    """Of each village the township."""
    return [code for code, _ in counts.villages]


def _cluster_text(cluster: Cluster, here: Day, words: Words) -> str:
    return words(
        "season.cluster",
        place=here.name(cluster.places[0], words),
        n=len(cluster.places),
        day=here.said(cluster.begin, words),
        number=cases_text(cluster.cases, words),
        expected=numbers.number(cluster.expected, "decimal", 1),
    )


def _clusters(here: Day, clusters: Sequence[Cluster], words: Words) -> Table:
    rows: list[dict[str, Cell]] = [
        {
            "centre": here.name(each.places[0], words),
            "townships": words("mark.comma").join(_short(place, here, words) for place in each.places),
            "radius": each.radius,
            "begin": here.followed.counts.days[each.begin],
            "observed": round(each.cases),
            "expected": each.expected,
            "ratio": each.ratio,
            "p": each.p,
        }
        for each in clusters
    ]
    columns = [
        Column("centre", words("season.centre")),
        Column("townships", words("season.townships_of")),
        Column("begin", words("season.begin"), "date"),
        Column("observed", words("column.observed"), "integer", here.season.unit[words.lang]),
        Column("expected", words("column.expected"), "decimal"),
        Column("ratio", words("column.ratio"), "decimal"),
        Column("radius", words("season.radius"), "decimal", "km"),
        Column("p", words("season.p"), "decimal", decimals=3),
    ]
    note = words("season.p_note", replicates=here.season.scan.replicates)
    return Table("clusters", words("season.table"), columns, rows, note=note, stacked=True)


def _short(place: int, here: Day, words: Words) -> str:
    one = here.followed.counts.townships[place]
    return (
        one.name if words.lang == "zh-TW" else one.name_en.removesuffix(" District").removesuffix(" Township")
    )


def _counties(here: Day, words: Words) -> Table:
    """The counties that are scanned: cases, growth, R."""
    rows: list[dict[str, Cell]] = []
    for code in here.season.counties:
        week = here.county(code, WEEK)
        spread = here.followed.reproduction(code, here.at)
        rows.append(
            {
                "county": BY_CODE[code].name(words.lang),
                "week": round(week),
                "before": round(here.county(code, FORTNIGHT) - week),
                "growth": growth_text(here.followed.growth(code, here.at), words),
                "rt": None if spread is None else float(spread[1]),
                "between": ""
                if spread is None
                else words("season.between", low=_two(spread[0]), high=_two(spread[2])),
            }
        )
    columns = [
        Column("county", words("season.county")),
        Column("week", words("season.week"), "integer"),
        Column("before", words("season.week_earlier"), "integer"),
        Column("growth", words("season.growth", n=here.season.growth)),
        Column("rt", "R", "decimal", decimals=2),
        Column("between", words("season.rt_between")),
    ]
    note = words("season.rt_note", window=here.season.reproduction.window)
    return Table("counties", words("season.counties"), columns, rows, note=note, stacked=True)


def growth_text(growth: Growth | None, words: Words) -> str:
    """Doubles in so many days, halves, neither, or too few to say."""
    if growth is None:
        return words("season.too_few")
    if not (growth.rises or growth.falls):
        return words("season.unsure")
    middle, low, high = (numbers.number(each, "decimal", 1) for each in growth.doubling())
    return words("season.doubles" if growth.rises else "season.halves", days=middle, low=low, high=high)


def _two(value: float) -> str:
    return numbers.number(float(value), "decimal", 2)


def _cases(here: Day, words: Words) -> LineChart:
    """Cases by day of each county."""
    first, last = max(0, here.at + 1 - LINE), here.at + 1
    days = here.followed.counts.days[first:last]
    zero = np.zeros(len(here.followed.counts.days))
    found = {
        code: here.followed.counts.by_county.get(code, zero)[first:last] for code in here.season.counties
    }
    series = [
        Series(BY_CODE[code].name(words.lang), [float(each) for each in row]) for code, row in found.items()
    ]
    most = max(found, key=lambda code: float(found[code].max()))
    peak = int(np.argmax(found[most]))
    said = words(
        "season.most",
        place=BY_CODE[most].name(words.lang),
        day=here.said(first + peak, words),
        number=cases_text(found[most][peak], words),
    )
    rows: list[dict[str, Cell]] = [
        {"day": day, **{code: round(float(found[code][k])) for code in found}} for k, day in enumerate(days)
    ]
    columns = [
        Column("day", words("season.day"), "date"),
        *(Column(code, BY_CODE[code].name(words.lang), "integer") for code in found),
    ]
    table = Table("days", words("season.days"), columns, rows[::-1], folded=True)
    axis = [here.said(first + k, words) for k in range(len(days))]
    title = words("season.course", n=len(days))
    return LineChart("cases", title, axis, series, said, table, low=0, kind="integer",
                     unit=here.season.unit[words.lang])  # fmt: skip


def _transmission(here: Day, words: Words) -> LineChart:
    """R by day of each county, the middle of its posterior."""
    first = max(0, here.at + 1 - LINE)
    span = range(first, here.at + 1)
    found = {code: [here.followed.reproduction(code, at) for at in span] for code in here.season.counties}
    series = [
        Series(BY_CODE[code].name(words.lang), [None if each is None else float(each[1]) for each in row])
        for code, row in found.items()
        if any(each is not None for each in row)
    ]
    series.append(Series(words("season.one"), [1.0] * len(span)))
    rows: list[dict[str, Cell]] = [
        {
            "day": here.followed.counts.days[at],
            **{code: _spread(row[at - first], words) for code, row in found.items()},
        }
        for at in reversed(span)
    ]
    columns = [
        Column("day", words("season.day"), "date"),
        *(Column(code, BY_CODE[code].name(words.lang)) for code in found),
    ]
    rule = here.season.reproduction
    said = words("season.rt_said", mean=f"{rule.mean:g}", sd=f"{rule.sd:g}", source=rule.source[words.lang])
    table = Table("reproduction", words("season.rt_table"), columns, rows, folded=True)
    axis = [here.said(at, words) for at in span]
    return LineChart("rt", words("season.rt"), axis, series, said, table, low=0)


def _spread(found: Floats | None, words: Words) -> str | None:
    """R with its interval."""
    if found is None:
        return None
    return words("season.r", mid=_two(found[1]), low=_two(found[0]), high=_two(found[2]))


def _villages(here: Day, words: Words) -> Table:
    """Villages of the township that the address names, of all where it names none, by the cases of a fortnight."""
    counts = here.followed.counts
    fortnight = recent(counts.by_village, FORTNIGHT)[:, here.at]
    total = counts.by_village[:, : here.at + 1].sum(axis=1)
    names = {one.code: here.name(place, words) for place, one in enumerate(counts.townships)}
    lately, ever = (_veiled(each, counts, here.season.least) for each in (fortnight, total))
    # The order tells no more than the numbers do: what is not told stands last, by name.
    order = [int(at) for at in np.lexsort((-np.nan_to_num(ever), -np.nan_to_num(lately))) if total[at]]
    found = [at for at in order if here.area in {"", counts.villages[at][0]}]
    rows: list[dict[str, Cell]] = [
        {
            "village": counts.villages[at][1],
            "township": names[counts.villages[at][0]],
            "fortnight": None if np.isnan(lately[at]) else round(float(lately[at])),
            "total": None if np.isnan(ever[at]) else round(float(ever[at])),
        }
        for at in (found if here.area else found[:VILLAGES])
    ]
    columns = [
        Column("village", words("season.village")),
        Column("township", words("season.township")),
        Column("fortnight", words("season.fortnight"), "integer"),
        Column("total", words("season.total"), "integer"),
    ]
    title = (
        words("season.villages_of", place=names[here.area])
        if here.area
        else words("season.villages", n=VILLAGES)
    )
    note = words("season.villages_note", least=here.season.least)
    return Table("villages", title, columns, rows, note=note)


def _veiled(numbers: Floats, counts: Counts, least: int) -> Floats:
    """Counts of villages as they are told: NaN where they are too small."""
    return np.where(hidden(numbers, _townships(counts), least), np.nan, numbers)


def _limits(here: Day, words: Words) -> Prose:
    counts, rule = here.followed.counts, here.season.scan
    facts = {
        "source": here.season.reproduction.source[words.lang],
        "elsewhere": cases_text(counts.elsewhere, words),
        "window": rule.window,
        "longest": rule.longest,
        "most": numbers.number(rule.most, "percent", 0),
        "false": numbers.number(365 * rule.alpha, "decimal", 1),
        "p": f"{rule.alpha:g}",
        "least": rule.least,
    }
    return Prose(words("season.limits"), [words(f"season.limit.{each}", **facts) for each in LIMITS])
