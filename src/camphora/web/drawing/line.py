"""Lines over time: light grid, few ticks, names at the lines' ends, named events, a soft expected band, one red dot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from markupsafe import Markup

from camphora.errors import Lang
from camphora.pages import Band, Event, LineChart, Series
from camphora.pages.numbers import number
from camphora.web.drawing.scale import Scale, date_ticks, keep_apart, rows, scale
from camphora.web.drawing.svg import EMPTY, ems, runs, share, steps, tag

HEIGHT = 280
GAP = 26
"""Least distance of two labels: a line of the largest print."""
EVENT_ROW = 26
LEAST = 360
"""Least width of the lines on a wide screen, for which event labels are kept apart."""
COLOURS = 6
SHEET = 1000


@dataclass(frozen=True, slots=True)
class End:
    """A line's end: its series, text, height in pixels from the top, and where its label stands."""

    series: int
    text: str
    y: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The measures of one chart, all that its parts need. `sheet`: where each position lies across the sheet."""

    chart: LineChart
    axis: Scale
    height: int
    ends: tuple[End, ...] = ()
    sheet: tuple[float, ...] = ()

    def across(self, position: int) -> float:
        """Share of the width, by time where the chart has times; a single position stands in the middle."""
        last = len(self.chart.positions) - 1
        times = self.chart.times
        if times and times[-1] > times[0]:
            return (times[position] - times[0]) / (times[-1] - times[0])
        return position / last if last > 0 else 0.5

    def down(self, value: float) -> float:
        """Pixels from the top."""
        return (1 - self.axis.share(value)) * self.height


def plan(chart: LineChart) -> Plan:
    """Scale, height and label places of a chart."""
    known = [v for series in chart.series for v in series.values if v is not None]
    for band in _bands(chart):
        known += [v for v in (*band.low, *band.high) if v is not None]
    axis = scale(known, chart.low, chart.high)
    height = max(HEIGHT, GAP * (len(chart.series) + 1))
    bare = Plan(chart, axis, height)
    lasts = [(k, last) for k, series in enumerate(chart.series) if (last := _last(series)) is not None]
    heights = [bare.down(value) for _, value in lasts]
    places = keep_apart(heights, GAP, 8, height - 8)
    ends = tuple(
        End(k, _label(chart, chart.series[k], value), y, place)
        for (k, value), y, place in zip(lasts, heights, places, strict=True)
    )
    sheet = tuple(bare.across(position) * SHEET for position in range(len(chart.positions)))
    return Plan(chart, axis, height, ends, sheet)


def _bands(chart: LineChart) -> list[Band]:
    return [*([chart.band] if chart.band else ()), *chart.fan]


def _last(series: Series) -> float | None:
    return next((value for value in reversed(series.values) if value is not None), None)


def _label(chart: LineChart, series: Series, value: float) -> str:
    if series.label:
        return series.label
    return f"{series.name} {number(value, chart.kind, _decimals(chart, value))}".strip()


def _decimals(chart: LineChart, value: float) -> int:
    return 0 if chart.kind != "decimal" or float(value).is_integer() or abs(value) >= 100 else 1


def line_chart(chart: LineChart, lang: Lang) -> Markup:
    """The picture with, for small screens, a numbered key. Without values: nothing but the axes."""
    drawn = plan(chart)
    strip = _event_rows(drawn)
    top = 12 + EVENT_ROW * (max(strip, default=-1) + 1)
    picture = tag(
        "svg",
        tag("title", chart.title),
        tag("desc", chart.sentence),
        tag("svg", *_parts(drawn, strip), y=top, height=drawn.height, width="100%", class_="plot"),
        role="img",
        aria_label=f"{chart.title}: {chart.sentence}" if lang == "en" else f"{chart.title}：{chart.sentence}",
        width="100%",
        height=top + drawn.height + 32,
    )
    return tag("div", picture, class_=f"line-chart {_margins(drawn)}") + _key(drawn)


def _margins(drawn: Plan) -> str:
    """Classes for the room beside the lines: steps of one em for tick labels, of two for names."""
    left = max((ems(text) for text in map(str, _tick_texts(drawn))), default=2)
    right = max((ems(end.text) for end in drawn.ends), default=0)
    return f"left-{min(round(left + 1.3), 8)} right-{min(2 * round(right / 2 + 0.9), 20)}"


def _parts(drawn: Plan, strip: Sequence[int]) -> list[Markup]:
    chart = drawn.chart
    lines = [_line(drawn, k, series) for k, series in enumerate(chart.series)]
    bands = [_band(drawn, chart.band)] if chart.band else []
    bands += [_band(drawn, each, "band fan") for each in chart.fan]
    stretched = tag(
        "svg",
        *bands,
        *lines,
        viewBox=f"0 0 {SHEET} {drawn.height}",
        preserveAspectRatio="none",
        width="100%",
        height=drawn.height,
        class_="plot",
    )
    events = [_event(drawn, event, row) for event, row in zip(_known_events(drawn), strip, strict=True)]
    return [*_grid(drawn), *_dates(drawn), *events, stretched, *_lone(drawn), *_ends(drawn), _point(drawn)]


def _tick_texts(drawn: Plan) -> list[str]:
    step = drawn.axis.ticks[1] - drawn.axis.ticks[0]
    unit = step * 100 if drawn.chart.kind == "percent" else step
    decimals = next((d for d in range(4) if abs(round(unit, d) - unit) < 1e-9), 4)
    kind = drawn.chart.kind if drawn.chart.kind in ("percent", "ratio") else "decimal"
    return [number(tick, kind, decimals) for tick in drawn.axis.ticks]


def _grid(drawn: Plan) -> list[Markup]:
    parts = []
    for tick, text in zip(drawn.axis.ticks, _tick_texts(drawn), strict=True):
        y = f"{drawn.down(tick):.1f}"
        parts.append(tag("line", x1=0, x2="100%", y1=y, y2=y, class_="grid"))
        parts.append(tag("text", text, x=-10, y=y, dy="0.35em", class_="tick end"))
    return parts


def _dates(drawn: Plan) -> list[Markup]:
    """Labels under the axis: all on a large screen, fewer on a smaller one."""
    positions = drawn.chart.positions
    ticks = _apart(drawn) if drawn.chart.times else date_ticks(len(positions))
    parts = []
    for rank, position in enumerate(ticks):
        kind = f"tick middle {_tier(rank, len(ticks))}".strip()
        x = share(drawn.across(position))
        parts.append(tag("text", positions[position], x=x, y=drawn.height + 24, class_=kind))
    return parts


def _apart(drawn: Plan) -> list[int]:
    """Positions in time whose labels do not touch: the first, then each a seventh of the width behind the last."""
    chosen: list[int] = []
    for position in range(len(drawn.chart.positions)):
        if not chosen or drawn.across(position) - drawn.across(chosen[-1]) >= 1 / 7:
            chosen.append(position)
    return chosen


def _tier(rank: int, count: int) -> str:
    """On which screens a date stands: every fourth on all, every second on wide ones, the others on wider."""
    if rank % 4 == 0 or (count <= 3 and rank == count - 1):
        return ""
    return "wide" if rank % 2 == 0 else "wider"


def _points(drawn: Plan, values: Sequence[float | None]) -> list[tuple[float, float] | None]:
    down = drawn.down
    return [
        None if value is None else (x, down(value)) for x, value in zip(drawn.sheet, values, strict=False)
    ]


def _line(drawn: Plan, k: int, series: Series) -> Markup:
    stretches = [run for run in runs(_points(drawn, series.values)) if len(run) > 1]
    kind = f"line s{k % COLOURS + 1}"
    return EMPTY.join(tag("polyline", points=steps(run), class_=kind) for run in stretches)


def _lone(drawn: Plan) -> list[Markup]:
    """A value between two gaps, which no line shows, as a dot."""
    dots = []
    for k, series in enumerate(drawn.chart.series):
        for run in runs(_points(drawn, series.values)):
            if len(run) == 1:
                x, y = run[0]
                dots.append(
                    tag("circle", cx=share(x / SHEET), cy=f"{y:.1f}", r=4, class_=f"dot s{k % COLOURS + 1}")
                )
    return dots


def _band(drawn: Plan, band: Band, kind: str = "band") -> Markup:
    low, high = _points(drawn, band.low), _points(drawn, band.high)
    both = [None if a is None or b is None else (a, b) for a, b in zip(low, high, strict=True)]
    shapes = []
    for edges in runs_of_pairs(both):
        outline = [b for _, b in edges] + [a for a, _ in reversed(edges)]
        shapes.append(tag("polygon", points=steps(outline), class_=kind))
    return EMPTY.join(shapes)


Pair = tuple[tuple[float, float], tuple[float, float]]


def runs_of_pairs(pairs: Sequence[Pair | None]) -> list[list[Pair]]:
    """The unbroken stretches of a band."""
    stretches: list[list[Pair]] = [[]]
    for pair in pairs:
        if pair is None:
            stretches.append([])
        else:
            stretches[-1].append(pair)
    return [stretch for stretch in stretches if len(stretch) > 1]


def _known_events(drawn: Plan) -> list[Event]:
    return [event for event in drawn.chart.events if event.at in drawn.chart.positions]


def _event_rows(drawn: Plan) -> list[int]:
    """Rows above the lines in which the labels of events keep off one another."""
    spans = []
    for event in _known_events(drawn):
        x = drawn.across(drawn.chart.positions.index(event.at)) * LEAST
        width = ems(_event_text(event)) * 16 + 12
        spans.append((x - width, x) if x > LEAST / 2 else (x, x + width))
    return rows(spans)


def _event_text(event: Event) -> str:
    return f"{event.at} {event.label}"


def _event(drawn: Plan, event: Event, row: int) -> Markup:
    """The marked place with its name; on a small screen with its letter in the key."""
    where = drawn.across(drawn.chart.positions.index(event.at))
    x, above = share(where), -EVENT_ROW * row
    side, kind = (-8, "event end wide") if where > 0.5 else (8, "event wide")
    line = tag("line", x1=x, x2=x, y1=above - 20, y2=drawn.height, class_="event-line")
    name = tag("text", _event_text(event), x=x, dx=side, y=above - 9, class_=kind)
    letter = tag("text", _letter(drawn, event), x=x, dx=8, y=above - 9, class_="event narrow")
    return line + name + letter


def _letter(drawn: Plan, event: Event) -> str:
    return ascii_lowercase[_known_events(drawn).index(event) % 26]


def _ends(drawn: Plan) -> list[Markup]:
    """The name at each line's end; on a small screen its number in the key."""
    parts = []
    for rank, end in enumerate(drawn.ends, 1):
        colour = f"s{end.series % COLOURS + 1}"
        place = {"x": "100%", "y": f"{end.label_y:.1f}", "dy": "0.35em"}
        parts.append(tag("text", end.text, dx=12, class_=f"name wide {colour}", **place))
        parts.append(tag("text", str(rank), dx=8, class_=f"name narrow {colour}", **place))
    return parts


def _point(drawn: Plan) -> Markup:
    if drawn.chart.point is None:
        return EMPTY
    k, position = drawn.chart.point
    value = drawn.chart.series[k].values[position]
    if value is None:
        return EMPTY
    return tag(
        "circle", cx=share(drawn.across(position)), cy=f"{drawn.down(value):.1f}", r=6, class_="question"
    )


def _key(drawn: Plan) -> Markup:
    """The numbered key of the small screen, and the name of the band on all screens."""
    items = [
        tag("li", tag("b", str(rank), class_=f"s{end.series % COLOURS + 1}"), f" {end.text}")
        for rank, end in enumerate(drawn.ends, 1)
    ]
    items += [
        tag("li", tag("b", _letter(drawn, event)), f" {_event_text(event)}") for event in _known_events(drawn)
    ]
    key = tag("ol", *items, class_="key", aria_hidden="true") if items else EMPTY
    return key + EMPTY.join(_swatch(band, kind) for band, kind in _named_bands(drawn.chart))


def _named_bands(chart: LineChart) -> list[tuple[Band, str]]:
    """Each band that has a name, with how its colour is shown: the inner ranges of a fan are the darker."""
    named = [(chart.band, "band-swatch")] if chart.band else []
    named += [(band, f"band-swatch fan-{min(rank, 2)}") for rank, band in enumerate(chart.fan, 1)]
    return [(band, kind) for band, kind in named if band.label]


def _swatch(band: Band, kind: str) -> Markup:
    return tag("p", tag("span", " ", class_=kind), f" {band.label}", class_="small muted band-key")
