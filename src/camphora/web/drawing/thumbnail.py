"""The small wordless picture on a card."""

from __future__ import annotations

from markupsafe import Markup

from camphora.pages import CountyMap, LineChart, Timeline
from camphora.pages.counties import COUNTIES
from camphora.web.drawing.county_map import sheet, steps_of
from camphora.web.drawing.scale import scale
from camphora.web.drawing.svg import EMPTY, runs, steps, tag

WIDTH, HEIGHT, EDGE = 320, 112, 12


def thumbnail(picture: LineChart | CountyMap | Timeline | None) -> Markup:
    """Lines, a map, or the dots of a timeline; hidden from screen readers, for the card's words say the same."""
    match picture:
        case LineChart():
            box, parts = f"0 0 {WIDTH} {HEIGHT}", _lines(picture)
        case CountyMap():
            box, parts = f"0 0 {sheet()['width']} {sheet()['height']}", _map(picture)
        case Timeline():
            box, parts = f"0 0 {WIDTH} {HEIGHT}", _moments(len(picture.moments))
        case None:
            return EMPTY
    return tag("svg", *parts, viewBox=box, class_="thumbnail", aria_hidden="true", focusable="false")


def _lines(chart: LineChart) -> list[Markup]:
    known = [value for series in chart.series for value in series.values if value is not None]
    axis = scale(known, chart.low, chart.high)
    last = max(len(chart.positions) - 1, 1)

    def place(k: int, value: float) -> tuple[float, float]:
        return k / last * WIDTH, HEIGHT - EDGE - axis.share(value) * (HEIGHT - 2 * EDGE)

    parts = [_rule(HEIGHT - EDGE - axis.share(tick) * (HEIGHT - 2 * EDGE)) for tick in axis.ticks]
    for k, series in enumerate(chart.series):
        points = [None if value is None else place(i, value) for i, value in enumerate(series.values)]
        parts += [tag("polyline", points=steps(run), class_=f"line s{k % 6 + 1}") for run in runs(points)]
    return parts


def _rule(y: float) -> Markup:
    return tag("line", x1=0, x2=WIDTH, y1=f"{y:.1f}", y2=f"{y:.1f}", class_="grid")


def _map(chart: CountyMap) -> list[Markup]:
    step = steps_of({county.code: chart.values.get(county.code) for county in COUNTIES})
    return [tag("path", d=path, class_=f"q{step[code]}") for code, path in sheet()["paths"].items()]


def _moments(count: int) -> list[Markup]:
    parts = [tag("line", x1=40, x2=40, y1=0, y2=HEIGHT, class_="grid")]
    for k, width in zip(range(min(count, 3)), (168, 204, 148), strict=False):
        y = 24 + 32 * k
        parts.append(tag("circle", cx=40, cy=y, r=5, class_="dot s1"))
        parts.append(tag("rect", x=60, y=y - 4, width=width, height=8, rx=4, class_="q3"))
    return parts
