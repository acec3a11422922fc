"""What officers judged, over the pages of a watch: what similar signals turned out to be, and how signals did.

For who is at work alone, as far as their areas reach; for everybody else a page is as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from starlette.requests import Request

from camphora.catalogue import System
from camphora.pages import Action, Block, Prose, View
from camphora.policy import Role
from camphora.policy import work as places
from camphora.web.retuning import address, may_retune
from camphora.web.work import WorkPages

if TYPE_CHECKING:
    from camphora.engines.watch import Followed, Watched

SIGNAL, SCORECARD = "engine:watch.signal", "engine:watch.scorecard"
LAID = (SIGNAL, SCORECARD)
AFTER_WHY = 3
"""Behind the figures, the picture and why the signal is there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of watch: its function, its system, what it watches, and every parameter."""

    function: str
    system: System
    watched: Mapping[str, Watched | Followed]
    parameters: Mapping[str, str]


def with_judgements(pages: WorkPages, request: Request, view: View, asked: Asked) -> View:
    """A signal with what similar ones were judged, the scorecard with how the signals of the reader's areas did."""
    reader = pages.site.reader(request)
    if reader.role is not Role.OFFICER:
        return view
    from camphora.engines.watch.pages import judged

    access = pages.site.installation.gate.worker(reader)
    judgements, words = pages.ledger.judgements(access), asked.system.words(pages.site.lang(request))
    watched = cast("Mapping[str, Watched]", asked.watched)
    view = replace(view, actions=[*view.actions, *_retuning(pages, request, asked)])
    if asked.function == SIGNAL:
        said = judged.similar(watched, words, asked.parameters, judgements)
        at = next((n for n, each in enumerate(view.blocks, 1) if isinstance(each, Prose)), AFTER_WHY)
        return replace(view, blocks=[*view.blocks[:at], said, *view.blocks[at:]])
    areas = {
        area
        for one in watched.values()
        for area, _ in one.series.keys
        if places.reaches(access.scope, area or places.NATION)
    }
    blocks: list[Block] = judged.scored(watched, words, asked.parameters, judgements, areas)
    return replace(view, blocks=[*blocks, *view.blocks])


def _retuning(pages: WorkPages, request: Request, asked: Asked) -> list[Action]:
    """The way to the decision about a threshold, for who may make it."""
    access = pages.site.installation.gate.worker(pages.site.reader(request))
    name = asked.parameters.get("watch") or asked.parameters.get("key", "").partition("-")[0]
    one = cast("Mapping[str, Watched]", asked.watched).get(name)
    if one is None or not may_retune(access.reader, one):
        return []
    return [Action(pages.site.words(request)("retune.action"), address(name))]
