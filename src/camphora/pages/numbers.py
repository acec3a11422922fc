"""Numbers as a page writes them: thousands separated, one sign for a share, 1:10 for a ratio."""

from __future__ import annotations

from camphora.errors import Lang
from camphora.pages import Cell, Column, Kind, dates

TRUTH = {"zh-TW": ("否", "是"), "en": ("no", "yes")}


def cell(value: Cell, column: Column, lang: Lang, absent: str = "–") -> str:
    """The text of one cell of a table; `absent` for None."""
    return absent if value is None else written(value, column.kind, lang, column.decimals)


def written(value: str | float | bool, kind: Kind, lang: Lang, decimals: int = 1) -> str:
    """A value in the form of its kind. A share (`percent`) runs from 0 to 1; a ratio is what stands after 1:."""
    if isinstance(value, bool):
        return TRUTH[lang][value]
    if isinstance(value, str):
        return dates.short(value, lang) if kind in ("date", "month") else value
    return number(value, kind, decimals)


def number(value: float, kind: Kind = "decimal", decimals: int = 1) -> str:
    """1,234 · 1,234.5 · 34.5% · 1:10. A true minus sign stands before what is below zero."""
    match kind:
        case "integer":
            text = f"{value:,.0f}"
        case "percent":
            text = f"{value * 100:,.{decimals}f}%"
        case "ratio":
            return f"1:{value:g}"
        case "decimal":
            text = f"{value:,.{decimals}f}"
        case _:
            text = f"{value:g}"
    return text.replace("-", "−")


def points(change: float, decimals: int = 0) -> str:
    """A change of a share in percentage points with its sign: +2, −1.5, 0."""
    text = f"{change * 100:+.{decimals}f}"
    return "0" if float(text) == 0 else text.replace("-", "−")
