"""The 22 counties in five steps of one colour: a map with the islands set in, and a grid of squares for phones.

Paths come from `counties.json` (tools/distil_map.py). Steps hold about as many counties each; equal values always
share a step. Each county is a link where an address is given, and always bears its name and value.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from camphora.errors import Lang
from camphora.pages import CountyMap
from camphora.pages.counties import BY_CODE, COUNTIES, County
from camphora.pages.numbers import number
from camphora.web.drawing.svg import EMPTY, tag

STEPS = 5
SHOWN = 0.75
"""Pixels of the page per unit of the sheet."""


@cache
def sheet() -> dict[str, Any]:
    """Size, frames of the insets, the coast, and one path per county code."""
    content: dict[str, Any] = json.loads(files(__package__).joinpath("counties.json").read_text("utf-8"))
    return content


def steps_of(values: Mapping[str, float | None]) -> dict[str, int]:
    """The step 1..5 of each county, 0 where its value is not known; one value alone is in the middle."""
    known = sorted({value for value in values.values() if value is not None})
    bounds = _bounds(known, sorted(v for v in values.values() if v is not None))
    return {code: _step(value, known, bounds) for code, value in values.items()}


def _bounds(distinct: Sequence[float], values: Sequence[float]) -> list[float]:
    """Upper ends of the first four steps: each value its own step while they are few, then equal counts."""
    if len(distinct) <= STEPS:
        return list(distinct)
    return [values[round(len(values) * k / STEPS) - 1] for k in range(1, STEPS)]


def _step(value: float | None, distinct: Sequence[float], bounds: Sequence[float]) -> int:
    if value is None:
        return 0
    if len(distinct) == 1:
        return 3
    rank = bisect_left(bounds, value)
    few = len(distinct) <= STEPS
    return 1 + round(rank * (STEPS - 1) / (len(distinct) - 1)) if few else 1 + rank


def county_map(chart: CountyMap, lang: Lang, words: Mapping[str, str]) -> Markup:
    """Map, squares and legend. `words`: `absent` for an unknown value, `low` and `high` for the legend's ends, `steps`
    for what a step stands for."""
    words = {**words, "absent": chart.absent_word or words["absent"]}
    steps = steps_of({county.code: chart.values.get(county.code) for county in COUNTIES})
    picture = _picture(chart, lang, steps, words["absent"])
    squares = _squares(chart, lang, steps, words["absent"])
    return tag("div", picture, squares, _legend(chart, steps, words), class_="county-map")


def _value(chart: CountyMap, code: str, absent: str) -> str:
    value = chart.values.get(code)
    return absent if value is None else number(value, chart.kind, _decimals(chart))


def _decimals(chart: CountyMap) -> int:
    """None where every value is whole in its own unit."""
    unit = 100 if chart.kind == "percent" else 1
    known = (value * unit for value in chart.values.values() if value is not None)
    return 0 if all(abs(value - round(value)) < 1e-9 for value in known) else 1


def _picture(chart: CountyMap, lang: Lang, steps: Mapping[str, int], absent: str) -> Markup:
    width, height = sheet()["width"], sheet()["height"]
    frames = [
        tag("rect", x=x, y=y, width=w, height=h, rx=8, class_="inset") for x, y, w, h in sheet()["frames"]
    ]
    shapes = [_county(chart, BY_CODE[code], lang, steps[code], absent) for code in sheet()["paths"]]
    return tag(
        "svg",
        tag("title", chart.title),
        tag("desc", chart.sentence),
        *frames,
        tag("path", d=sheet()["coast"], class_="coast"),
        tag("g", *shapes),
        viewBox=f"0 0 {width} {height}",
        width=round(width * SHOWN),
        height=round(height * SHOWN),
        role="group" if chart.hrefs else "img",
        aria_label=chart.title,
        class_="map",
    )


def _county(chart: CountyMap, county: County, lang: Lang, step: int, absent: str) -> Markup:
    text = f"{county.name(lang)} {_value(chart, county.code, absent)}"
    shape = tag("path", tag("title", text), d=sheet()["paths"][county.code], class_=f"q{step}")
    href = chart.hrefs.get(county.code)
    return tag("a", shape, href=href, aria_label=text) if href else shape


def _squares(chart: CountyMap, lang: Lang, steps: Mapping[str, int], absent: str) -> Markup:
    return tag(
        "ul",
        *(_square(chart, county, lang, steps[county.code], absent) for county in COUNTIES),
        class_="tiles",
    )


def _square(chart: CountyMap, county: County, lang: Lang, step: int, absent: str) -> Markup:
    column, row = county.tile
    short = county.short(lang)
    rest = county.name(lang).removeprefix(short)
    hidden = tag("span", rest if lang == "zh-TW" else f" {rest}", class_="visually-hidden") if rest else EMPTY
    value = tag("span", _value(chart, county.code, absent), class_="tile-value")
    name = tag("span", short, hidden, class_="tile-name")
    href = chart.hrefs.get(county.code)
    kind = f"tile q{step}"
    inner = (
        tag("a", name, " ", value, href=href, class_=kind)
        if href
        else tag("span", name, " ", value, class_=kind)
    )
    return tag("li", inner, class_=f"c{column} r{row}")


def _legend(chart: CountyMap, steps: Mapping[str, int], words: Mapping[str, str]) -> Markup:
    """Words at both ends, the least and greatest value beside them; that steps are no equal shares of the span; the
    word for unknown where one is."""
    known = [value for value in chart.values.values() if value is not None]
    low, high = chart.low_word or words["low"], chart.high_word or words["high"]
    if known:
        low += f" {number(min(known), chart.kind, _decimals(chart))}"
        high += f" {number(max(known), chart.kind, _decimals(chart))}"
    swatches = [tag("i", " ", class_=f"swatch q{step}") for step in range(1, STEPS + 1)]
    legend = (
        tag("span", low) + tag("span", *swatches, class_="swatches", aria_hidden="true") + tag("span", high)
    )
    if len(set(known)) > STEPS:
        legend += tag("span", words["steps"])
    if 0 in steps.values():
        unknown = tag("i", " ", class_="swatch q0", aria_hidden="true")
        legend += tag("span", unknown, f" {words['absent']}", class_="unknown")
    return tag("p", legend, class_="legend small")
