"""Bars that lie, one per line: labels are text of the page and may be long, the value stands at the bar's end."""

from __future__ import annotations

from markupsafe import Markup

from camphora.pages import Bars
from camphora.pages.numbers import number
from camphora.web.drawing.svg import share, tag

HEIGHT = 14


def bars(chart: Bars, absent: str) -> Markup:
    """A list of label, bar and value; a value that is not known has its word and no bar."""
    known = [value for value in chart.values if value is not None]
    low = min([0.0, *known])
    high = max([chart.high or 0.0, *known, low + 1e-9])
    rows = [
        tag(
            "li",
            tag("span", label, class_="bar-label"),
            _bar(value, low, high),
            tag("span", _text(chart, value, absent), class_="bar-value"),
        )
        for label, value in zip(chart.labels, chart.values, strict=True)
    ]
    return tag("ul", *rows, class_="bars", aria_label=chart.title)


def _text(chart: Bars, value: float | None, absent: str) -> str:
    if value is None:
        return absent
    decimals = 0 if float(value).is_integer() and chart.kind == "decimal" else 1
    return f"{number(value, chart.kind, decimals)} {chart.unit}".strip()


def _bar(value: float | None, low: float, high: float) -> Markup:
    """The bar from the zero line on a track; for the eye only, since the value stands beside it."""
    parts = [tag("rect", width="100%", height=HEIGHT, rx=3, class_="track")]
    if value is not None:
        start, end = sorted([-low / (high - low), (value - low) / (high - low)])
        parts.append(tag("rect", x=share(start), width=share(end - start), height=HEIGHT, rx=3, class_="bar"))
    return tag("svg", *parts, width="100%", height=HEIGHT, aria_hidden="true", focusable="false")
