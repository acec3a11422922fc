"""One step of the ledger: what a version of a Task and its Provenance tell together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from camphora.work import tasks
from camphora.work.states import Act, Judgement, State
from camphora.work.tasks import Person, Work


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ledger: `at` in milliseconds UTC; `text` what was written, `owner` whose it was after it; `of`
    the request that it is a step of, None where it is the signal's own."""

    version: int
    at: int
    who: Person
    act: Act
    state: State
    text: str = ""
    judgement: Judgement | None = None
    owner: Person | None = None
    of: Work | None = None


def step_of(
    task_id: str,
    version: int,
    bodies: Mapping[int, dict[str, Any]],
    acts: Mapping[str, dict[str, Any]],
) -> Step:
    """The step that made a version of a Task, from its versions and the Provenance of each."""
    body, before = bodies[version], bodies.get(version - 1, {})
    made = acts[tasks.provenance_id(task_id, version)]
    at = int(datetime.fromisoformat(made["recorded"]).timestamp() * 1000)
    value, notes = tasks.read(body, version, at), body.get("note", ())
    text = notes[-1]["text"] if len(notes) > len(before.get("note", ())) else ""
    judged = value.judgement if tasks.act_of(made) == "judge" else None
    return Step(version, at, tasks.agent_of(made), tasks.act_of(made), value.state, text, judged, value.owner)
