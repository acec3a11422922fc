"""The counties that share a border with the one of a signal: whether it rises there too."""

from __future__ import annotations

from camphora.engines.watch.pages.asked import Asked
from camphora.engines.watch.pages.charts import against, compared
from camphora.engines.watch.pages.frame import address, area_name, signal_address
from camphora.engines.watch.sweep import Signal
from camphora.pages import Block, Cell, Column, Prose, Table
from camphora.pages.counties import BY_CODE, neighbours
from camphora.pages.words import Words


def beside(here: Asked, words: Words) -> Block | None:
    """Each neighbour in the same week and group; that there is none, of islands; None of places without an outline."""
    if here.area not in BY_CODE:
        return None
    title = words("beside.title", place=area_name(here.area, words))
    found = [each for each in neighbours(here.area) if each in here.areas]
    if not found:
        return Prose(title, [words("beside.none")])
    signals: dict[str, Signal] = {}
    for each in here.watched.sweep.signals(here.week):
        signals.setdefault(each.area, each)
    rows = [_row(here, area, signals.get(area), words) for area in found]
    columns = [
        Column("area", words("column.area")),
        *against(here, words),
        Column("signal", words("column.signal")),
    ]
    above = sum(here.count(here.row_of(area, here.group), here.at).above for area in found)
    note = words("beside.said", n=len(found), above=above, signals=len(signals.keys() & set(found)))
    links, chips = {"area": "href", "signal": "signal_href"}, {"state": "tone"}
    return Table("beside", title, columns, rows, links, chips, note=note, stacked=True)


def _row(here: Asked, area: str, signal: Signal | None, words: Words) -> dict[str, Cell]:
    """`signal`: the first of the place in the week, of whichever group."""
    count = here.count(here.row_of(area, here.group), here.at)
    return {
        "area": area_name(area, words),
        **compared(count, words),
        "href": address(here, "series", area=area, group=here.group),
        "signal": words("beside.rank", n=signal.rank) if signal else words("beside.no_signal"),
        "signal_href": signal_address(here, here.week, area, signal.group) if signal else None,
    }
