"""The situation room for who is at work: how the signals of their areas stand, and what is overdue."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from starlette.requests import Request

from camphora.pages import Figure, Figures, Table, View
from camphora.policy import Role
from camphora.web import work_forms as forms
from camphora.web.work import WorkPages

STATES = ("taken", "asked", "judged", "sent")
"""States of work that has not ended, in the order of the work."""


def with_states(pages: WorkPages, request: Request, view: View) -> View:
    """The room with the open work of the reader's areas; as it is for who is not at work."""
    reader = pages.site.reader(request)
    if reader.role is not Role.OFFICER:
        return view
    access, naming = pages.site.installation.gate.worker(reader), pages.naming(request)
    words, every = naming.words, pages.ledger.open(access)
    late = [each for each in every if each.overdue(forms.today())]
    number = Counter[str](each.state for each in every)
    overdue_now = Figure(words("room.late"), f"{len(late):,}", tone="alert" if late else "plain")
    figures = [overdue_now, *(Figure(words(f"work.state.{state}"), f"{number[state]:,}") for state in STATES)]
    overdue: list[Figures | Table] = [Figures(figures)]
    if late:
        overdue.append(forms.works_table(naming, "overdue", words("room.overdue", n=len(late)), late))
    return replace(view, blocks=[*view.blocks[:1], *overdue, *view.blocks[1:]])
