"""What judged signals were, as blocks that are laid over a page for who may know the judgements."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from camphora.engines.watch.judged import FOUND, Alike, Outcome, alike, outcome
from camphora.engines.watch.pages.asked import asked
from camphora.engines.watch.pages.sentences import joined
from camphora.engines.watch.watching import Watched
from camphora.pages import Block, Figure, Figures, Prose, numbers
from camphora.pages.words import Words


def similar(
    watched: Mapping[str, Watched], words: Words, parameters: Mapping[str, str], judgements: Mapping[str, str]
) -> Block:
    """In a sentence what signals like the one that the parameters name turned out to be."""
    here = asked(watched, parameters)
    found = alike(here.watched.sweep, here.row, here.at, judgements)
    return Prose(words("judged.similar"), [said_of(found, words)])


def said_of(found: Alike, words: Words) -> str:
    """How many there were, what they were judged, and of which places they are."""
    if not found.number:
        return words("judged.none_alike")
    first = words("judged.alike", n=found.number, what=listed(found.by, words))
    here, elsewhere = sum(found.here.values()), sum(found.elsewhere.values())
    return joined([first, words("judged.whose", here=here, elsewhere=elsewhere)], words)


def listed(by: Mapping[str, int], words: Words) -> str:
    """2 real, 1 artefact."""
    return words("mark.comma").join(words(f"judged.{name}", n=by[name]) for name in FOUND if by.get(name))


def scored(
    watched: Mapping[str, Watched],
    words: Words,
    parameters: Mapping[str, str],
    judgements: Mapping[str, str],
    areas: Collection[str] | None = None,
) -> list[Block]:
    """How the signals of the areas did by the judgements: fired, right, late, missed; and what that means."""
    here = asked(watched, {**parameters, "week": ""})
    found = outcome(here.watched.sweep, judgements, areas)
    return [_figures(found, words), Prose(words("judged.title"), _told(found, words))]


def _figures(found: Outcome, words: Words) -> Figures:
    share = "–" if found.share is None else numbers.number(found.share, "percent", 0)
    return Figures(
        [
            Figure(words("judged.fired"), f"{found.fired:,}", words("judged.of_these", n=found.judged)),
            Figure(words("judged.right"), f"{found.right:,}", words("judged.share", share=share)),
            Figure(words("judged.late"), f"{found.late:,}", words("judged.weeks", n=found.weeks)),
            Figure(words("judged.missed"), f"{found.missed:,}", words("judged.missed_how")),
        ]
    )


def _told(found: Outcome, words: Words) -> list[str]:
    first = words("judged.were", what=listed(found.by, words)) if found.judged else words("judged.nothing")
    return [joined([first, words("judged.open", n=found.fired - found.judged)], words), words("judged.how")]
