"""What may be done with a piece of work, in which state, by whom: one table, and nothing beside it.

A *signal* is taken (受理), asked about (交辦), judged (研判) and closed (結案) by the officer who owns it. A *request*
is what that officer asks of a township or an institution: it is sent, taken and answered there, or withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

Kind = Literal["signal", "request"]
State = Literal["new", "taken", "asked", "judged", "closed", "sent", "answered", "withdrawn"]
Act = Literal[
    "take", "ask", "judge", "comment", "attach", "close", "hand-over", "reopen", "send", "answer", "withdraw"
]
Judgement = Literal["real", "artefact", "known", "watch"]
Who = Literal["area", "owner", "recipient", "asker"]
"""Who may: whoever's areas hold the place; the owner alone; whom a request is for, and not who asked; who asked."""

ENDED: frozenset[State] = frozenset({"closed", "answered", "withdrawn"})


class Step(NamedTuple):
    """Where an act leads, and who may do it."""

    to: State
    who: Who


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts on work that they may see: account and institution."""

    account: str
    organisation: str | None = None


@dataclass(frozen=True, slots=True)
class Holders:
    """Accounts that a piece of work names; `organisation`: the institution that is asked, where one is."""

    owner: str | None = None
    asker: str | None = None
    organisation: str | None = None


def _signal() -> dict[tuple[Kind, State, Act], Step]:
    table: dict[tuple[Kind, State, Act], Step] = {
        ("signal", "new", "take"): Step("taken", "area"),
        ("signal", "judged", "close"): Step("closed", "owner"),
        ("signal", "closed", "reopen"): Step("taken", "area"),
        ("signal", "closed", "comment"): Step("closed", "area"),
        ("signal", "closed", "attach"): Step("closed", "area"),
    }
    for state in ("taken", "asked", "judged"):
        table["signal", state, "ask"] = Step("asked", "owner")
        table["signal", state, "judge"] = Step("judged", "owner")
        table["signal", state, "comment"] = Step(state, "area")
        table["signal", state, "attach"] = Step(state, "area")
        table["signal", state, "hand-over"] = Step(state, "area")
    return table


def _request() -> dict[tuple[Kind, State, Act], Step]:
    table: dict[tuple[Kind, State, Act], Step] = {
        ("request", "new", "send"): Step("sent", "asker"),
        ("request", "sent", "take"): Step("taken", "recipient"),
        ("request", "taken", "answer"): Step("answered", "owner"),
        ("request", "taken", "hand-over"): Step("taken", "area"),
        ("request", "answered", "comment"): Step("answered", "area"),
        ("request", "answered", "attach"): Step("answered", "area"),
    }
    for state in ("sent", "taken"):
        table["request", state, "comment"] = Step(state, "area")
        table["request", state, "attach"] = Step(state, "area")
        table["request", state, "withdraw"] = Step("withdrawn", "asker")
    return table


TABLE: Mapping[tuple[Kind, State, Act], Step] = MappingProxyType({**_signal(), **_request()})


def step(kind: Kind, state: State, act: Act) -> Step | None:
    """Where an act leads from a state; None where it is not done there."""
    return TABLE.get((kind, state, act))


def may(who: Who, actor: Actor, holders: Holders) -> bool:
    """Whether somebody who sees the work is one of those who may."""
    match who:
        case "area":
            return True
        case "owner":
            return actor.account == holders.owner
        case "asker":
            return actor.account == holders.asker
        case "recipient":
            asked = holders.organisation
            return actor.account != holders.asker and asked in {None, actor.organisation}


def acts(kind: Kind, state: State, actor: Actor, holders: Holders) -> tuple[Act, ...]:
    """What this actor may do now, in the table's order."""
    found = (act for (of, at, act), one in TABLE.items() if (of, at) == (kind, state))
    return tuple(act for act in found if may(TABLE[kind, state, act].who, actor, holders))
