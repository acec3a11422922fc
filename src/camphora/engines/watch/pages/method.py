"""How signals are found, ranked and foreseen: what an officer must know to trust or doubt them."""

from __future__ import annotations

from collections.abc import Mapping

from camphora.engines.watch.pages.asked import asked
from camphora.engines.watch.pages.frame import address, view
from camphora.engines.watch.pages.retuned import decisions
from camphora.engines.watch.pages.signal import parameters_text
from camphora.engines.watch.watching import Watched
from camphora.pages import Action, Column, Prose, Table, View
from camphora.pages.words import Words

PARTS = {
    "series": ("what", "weeks", "absent"),
    "found": ("methods", "rank", "tree", "budget"),
    "ahead": ("members", "scored"),
    "limits": ("ended", "late", "unusual", "judged"),
}


def method(watched: Mapping[str, Watched], words: Words, parameters: Mapping[str, str]) -> View:
    """Definition and method, and each declared method with its parameters."""
    here = asked(watched, parameters)
    budget = here.watch.as_in(here.week).budget
    facts = {
        "weekly": here.watched.most(here.week),
        "silence": budget.silence,
        "least": budget.least,
        "q": f"{budget.q:g}",
        "own": f"{budget.own:g}",
    }
    blocks = [
        Prose(words(f"method.{part}"), [words(f"method.{part}_{each}", **facts) for each in paragraphs])
        for part, paragraphs in PARTS.items()
    ]
    table = _table(watched, words)
    actions = [Action(words("action.scorecard"), address(here, "scorecard"), primary=True)]
    return view(
        "method",
        words("method.title"),
        [*blocks, table, *decisions(watched, words)],
        here,
        words,
        downloads="methods",
        actions=actions,
    )


def _table(watched: Mapping[str, Watched], words: Words) -> Table:
    """Every method of every watch with its parameters, as it was called."""
    rows = [
        {
            "watch": found.watch.title[words.lang],
            "method": declared.label[words.lang],
            "name": declared.name,
            "parameters": parameters_text(made.made),
        }
        for found in watched.values()
        for declared, made in zip(found.watch.methods, found.sweep.evidence, strict=True)
    ]
    columns = [
        Column("watch", words("column.watch")),
        Column("method", words("column.method")),
        Column("name", words("column.name")),
        Column("parameters", words("column.parameters")),
    ]
    return Table("methods", words("method.table"), columns, rows)
