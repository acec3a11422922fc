"""A feed from which nothing new has come is told of on the pages that an officer works by, whatever week they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from camphora.pages import Block, Prose, Table, View, dates
from camphora.pages.words import Words

if TYPE_CHECKING:
    from camphora.engines.watch import Followed, Watched

SILENT = 21
"""Days without news after which a weekly feed has stopped; a load says so after as many."""
FRESH = "fresh"
"""The situation room's table of feeds."""
TOLD = tuple(f"engine:watch.{name}" for name in ("signals", "signal", "room", "bulletin"))


def with_freshness(
    view: View, words: Words, watched: Mapping[str, Watched | Followed], given: Mapping[str, str], today: date
) -> View:
    """The page with a note for each feed of it that has stopped before its declared end."""
    key = given.get("key", "").partition("-")[0] or given.get("watch", "")
    named = {key: watched[key]} if key in watched else watched
    silent = [one for one in named.values() if _silent(one, today)]
    if not silent:
        return view
    said = [
        words("freshness.stopped", what=one.watch.title[words.lang], day=dates.day(one.as_of, words.lang))
        for one in silent
    ]
    titles = {one.watch.title[words.lang] for one in silent}
    blocks = [_told(block, titles, words) for block in view.blocks]
    return replace(view, blocks=[Prose(words("freshness.title"), said, "notice"), *blocks])


def _told(block: Block, titles: set[str], words: Words) -> Block:
    """The table of how fresh feeds are, with those that have stopped."""
    if not (isinstance(block, Table) and block.name == FRESH):
        return block
    state = {"state": words("freshness.silent", n=SILENT), "tone": "alert"}
    return replace(block, rows=[{**row, **(state if row["watch"] in titles else {})} for row in block.rows])


def _silent(one: Watched | Followed, today: date) -> bool:
    ended = getattr(one.watch, "ended", None)
    return (min(today, ended or today) - date.fromisoformat(one.as_of)).days > SILENT
