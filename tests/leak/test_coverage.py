"""No path is left out: each that reaches persons suffers every kind of attack that makes sense on it."""

import argparse

from starlette.routing import Mount, Route

from camphora.cli.parser import build
from camphora.policy.paths import declared
from leak import (  # noqa: F401 - they register
    attacks_api,
    attacks_audit,
    attacks_bulk,
    attacks_gate,
    attacks_implementers,
    attacks_planted,
    attacks_pointing,
    attacks_search,
    portal_attacks,
    waiting_attacks,
)
from leak.attacks import ATTACKS
from leak.kinds import ATTACK_KINDS, BY_NAME, GROUPS, group_of, wanted
from leak.scenes import SCENARIOS
from leak.test_work import COVERS

ELSEWHERE = {
    "command.backup": "tests/installation/test_backup.py: the choices travel with what they withhold",
    "command.restore": "tests/installation/test_backup.py: the choices travel with what they withhold",
    "command.drill": "tests/installation/test_drill.py: nothing of a person is in the report",
    "command.persons_duplicates": "tests/identity/test_command.py: no clinical content, and a receipt of its own",
    "command.persons_history": "tests/identity/test_command.py: no clinical content, and a receipt of its own",
    "command.gate_explain": "tests/cli/test_gate.py: no clinical content, and a receipt of its own",
}
"""Paths that only an operator with the disk in hand walks."""


def covered():
    scenes = {(kind, path) for scene in SCENARIOS for kind in scene.kinds for path in scene.paths}
    return set(ATTACKS) | scenes | COVERS


def test_every_path_to_persons_stands_in_a_group(pair):
    missing = {path.name for path in declared() if path.reach == "persons" and group_of(path.name) is None}
    assert missing <= set(ELSEWHERE)


def test_no_group_names_a_path_that_is_not_there(pair):
    known = {path.name for path in declared()}
    assert {path for paths in GROUPS.values() for path in paths} <= known


def test_every_kind_is_tried_on_every_path_where_it_makes_sense():
    assert sorted(wanted() - covered() - waiting()) == []


def waiting():
    """What waits is tried once, against the address that does not exist yet."""
    alone = {kind.name for kind in ATTACK_KINDS if kind.waits}
    return {pair for pair in wanted() if pair[0] in alone and any(kind == pair[0] for kind, _ in covered())}


def test_no_attack_is_of_an_unknown_kind():
    assert {kind for kind, _ in covered()} <= BY_NAME.keys()


def test_a_kind_says_why_it_is_not_tried_elsewhere():
    partly = [
        kind.name
        for kind in ATTACK_KINDS
        if set(kind.on) != set(GROUPS) and not (kind.elsewhere or kind.waits)
    ]
    assert partly == []


def test_every_route_is_a_declared_read_path(pair):
    names = {path.name for path in declared()}
    undeclared = [route for route in _routes(pair[0].app.routes) if route.name not in names]
    assert not undeclared


def _routes(routes):
    for route in routes:
        if isinstance(route, Mount) and route.name != "static":
            yield from _routes(route.routes)
        elif isinstance(route, Route):
            yield route


def test_every_command_is_a_declared_read_path():
    parser, _ = build([])
    names = {path.name.replace("-", "_") for path in declared() if path.kind == "command"}
    assert {f"command.{name}" for name in _commands(parser)} == names


def _commands(parser, before=""):
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from _commands(below, f"{before}{name.replace('-', '_')}_")
    if parser.get_default("run") is not None:
        yield before[:-1]
