"""The situation room for who is at work: how the signals of their areas stand, those that nobody took too, and what is
overdue."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from starlette.requests import Request

from camphora.pages import Figure, Figures, Ranked, Table, View
from camphora.policy import Access, Role
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
    untaken = _untaken(pages, access, view)
    figures = [
        Figure(words("room.late"), f"{len(late):,}", words("room.weeks"), "alert" if late else "plain"),
        Figure(words("work.state.new"), f"{untaken:,}", words("room.week"), "alert" if untaken else "plain"),
        *(Figure(words(f"work.state.{one}"), f"{number[one]:,}", words("room.weeks")) for one in STATES),
    ]
    overdue: list[Figures | Table] = [Figures(figures)]
    if late:
        overdue.append(forms.works_table(naming, "overdue", words("room.overdue", n=len(late)), late))
    return replace(view, blocks=[*view.blocks[:1], *overdue, *view.blocks[1:]])


def _untaken(pages: WorkPages, access: Access, view: View) -> int:
    """How many signals of the week lie in the reader's areas and are nobody's yet."""
    listed = (block.table for block in view.blocks if isinstance(block, Ranked))
    keys = [str(row["key"]) for table in listed for row in table.rows]
    own = {key for key in keys if pages.is_own(access, key)}
    return len(own - pages.ledger.of(access, own).keys())
