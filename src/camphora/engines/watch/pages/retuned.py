"""Thresholds that were changed by decision, as pages tell of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from camphora.engines.watch.pages.frame import week_text
from camphora.engines.watch.retuning import Retuning
from camphora.engines.watch.watching import Watched
from camphora.pages import Block, Column, Prose, Table, dates
from camphora.pages.words import Words


def in_force(decided: Sequence[Retuning], words: Words) -> str:
    """The decisions by which a week is judged, in a sentence."""
    what = words("mark.comma").join(
        words("retuned.one", setting=each.setting, value=f"{each.number:g}", week=week_text(each.week, words))
        for each in decided
    )
    return words("retuned.in_force", n=len(decided), what=what)


def decisions(watched: Mapping[str, Watched], words: Words) -> list[Block]:
    """Every decision on what is watched, the newest first; that there is none."""
    found = [(one.watch, each) for one in watched.values() for each in reversed(one.watch.retunings)]
    if not found:
        return [Prose(words("retuned.title"), [words("retuned.none")])]
    rows = [
        {
            "watch": watch.title[words.lang],
            "week": week_text(each.week, words),
            "setting": each.setting,
            "value": f"{each.number:g}",
            "by": each.by,
            "day": dates.day(each.day, words.lang),
            "why": each.why,
        }
        for watch, each in found
    ]
    columns = [
        Column("watch", words("column.watch")),
        *(Column(key, words(f"retuned.{key}")) for key in ("week", "setting", "value", "by", "day", "why")),
    ]
    table = Table("retuned", words("retuned.table"), columns, rows)
    return [Prose(words("retuned.title"), [words("retuned.note")]), table]
