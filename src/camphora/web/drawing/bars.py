"""Bars that lie: the label stands above its bar and may be long, the value at the bar's end."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from camphora.errors import Lang
from camphora.pages import Bars
from camphora.pages.numbers import number
from camphora.web.drawing.svg import ems, share, tag

LINE, BAR, SPACE = 24, 14, 14
NARROWEST = 15
"""Ems that a label may take on the smallest screen before it goes on in a second line."""


def wrapped(text: str, most: float = NARROWEST) -> list[str]:
    """Lines of at most `most` ems, broken at spaces where there are any, otherwise between signs."""
    lines = [""]
    for piece in _pieces(text):
        if lines[-1] and ems(lines[-1] + piece) > most:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]


def _pieces(text: str) -> list[str]:
    """Words with the space before them; full-width signs one by one."""
    pieces: list[str] = []
    for sign in text:
        joins = pieces and ord(sign) <= 0x2E7F and sign != " " and ord(pieces[-1][-1]) <= 0x2E7F
        if joins and ems(pieces[-1]) < NARROWEST - 1:
            pieces[-1] += sign
        else:
            pieces.append(sign)
    return pieces


def bars(chart: Bars, lang: Lang, absent: str) -> Markup:
    """The picture; a value that is not known has its word instead of a bar."""
    known = [value for value in chart.values if value is not None]
    low = min([0.0, *known])
    high = max([chart.high or 0.0, *known, low + 1e-9])
    rows: list[Markup] = []
    y = 0
    for label, value in zip(chart.labels, chart.values, strict=True):
        part, height = _row(label, value, _text(chart, value, absent), y, (low, high))
        rows.append(part)
        y += height
    colon = ": " if lang == "en" else "："
    picture = tag(
        "svg",
        tag("title", chart.title),
        tag("desc", chart.sentence),
        *rows,
        role="img",
        aria_label=f"{chart.title}{colon}{chart.sentence}",
        width="100%",
        height=max(y, 1),
    )
    widest = max((ems(_text(chart, value, absent)) for value in chart.values), default=0)
    return tag("div", picture, class_=f"bar-chart right-{min(2 * round(widest / 2 + 0.9), 20)}")


def _text(chart: Bars, value: float | None, absent: str) -> str:
    if value is None:
        return absent
    decimals = 0 if float(value).is_integer() and chart.kind == "decimal" else 1
    return f"{number(value, chart.kind, decimals)}{chart.unit and ' ' + chart.unit}"


def _row(label: str, value: float | None, text: str, y: int, span: tuple[float, float]) -> tuple[Markup, int]:
    """One label and its bar from the zero line, with the height they take."""
    lines = wrapped(label)
    top = y + LINE * len(lines)
    low, high = span
    start, end = sorted([(0 - low) / (high - low), ((value or 0) - low) / (high - low)])
    parts = _lines(lines, y)
    parts.append(tag("rect", x=0, y=top, width="100%", height=BAR, rx=3, class_="track"))
    if value is not None:
        parts.append(
            tag("rect", x=share(start), y=top, width=share(end - start), height=BAR, rx=3, class_="bar")
        )
    parts.append(tag("text", text, x="100%", dx=10, y=top + BAR / 2, dy="0.35em", class_="value"))
    return tag("g", *parts), LINE * len(lines) + BAR + SPACE


def _lines(lines: Sequence[str], y: int) -> list[Markup]:
    return [tag("text", line, x=0, y=y + 17 + LINE * k, class_="label") for k, line in enumerate(lines)]
