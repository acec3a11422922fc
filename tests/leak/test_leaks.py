"""A restricted hospital learns nothing: every path answers as if she did not exist."""

import argparse
from urllib.parse import unquote_plus

import pytest
from starlette.routing import Mount, Route

from camphora.cli.parser import build
from camphora.policy.paths import declared
from leak import portal_attacks  # noqa: F401 - registers its attacks
from leak.attacks import ATTACKS
from leak.twins import said

PATHS = sorted(ATTACKS)


@pytest.mark.parametrize("name", PATHS)
def test_a_restricted_hospital_finds_what_it_would_find_if_she_did_not_exist(worlds, name):
    answers = []
    for world in worlds:
        client = world.client("other")
        answers.append([said(answer) for attack in ATTACKS[name] for answer in attack(client, world.person)])
    assert len(answers[0]) == len(answers[1]) > 0
    for number, (there, absent) in enumerate(zip(*answers, strict=True)):
        assert there == absent, f"{name}: request {number} tells them apart"


@pytest.mark.parametrize("name", PATHS)
def test_no_answer_to_an_attack_holds_her_name_or_number(worlds, name):
    world = worlds[0]
    client = world.client("other")
    asked = {world.person.number, world.person.name}
    for attack in ATTACKS[name]:
        for answer in attack(client, world.person):
            sent = str(answer.request.url) + (answer.request.content or b"").decode(errors="replace")
            for secret in asked:
                assert secret not in answer.text or secret in unquote_plus(sent), answer.request.url


def test_the_attacks_would_find_her_where_she_has_restricted_nothing(worlds):
    """The same requests by a clinician who may see her do find her: the suite can fail."""
    world = worlds[0]
    session = world.client("welcome")
    found = [
        answer
        for answer in ATTACKS["fhir.search"][0](session, world.person)
        if world.person.id in answer.text
    ]
    assert len(found) > 30


def test_every_path_to_persons_stands_in_the_leak_suite(worlds):
    missing = {path.name for path in declared() if path.reach == "persons"} - set(ATTACKS) - ELSEWHERE.keys()
    assert not missing


ELSEWHERE = {
    "command.backup": "tests/installation/test_backup.py: the choices travel with what they withhold",
    "lake.follower": "tests/lake/test_follower.py: parts are compared with the choices that hold",
}


def test_every_route_is_a_declared_read_path(worlds):
    names = {path.name for path in declared()}
    undeclared = [route for route in _routes(worlds[0].app.routes) if route.name not in names]
    assert not undeclared


def _routes(routes):
    for route in routes:
        if isinstance(route, Mount) and route.name != "static":
            yield from _routes(route.routes)
        elif isinstance(route, Route):
            yield route


def test_every_command_is_a_declared_read_path():
    parser, _ = build([])
    names = {path.name for path in declared() if path.kind == "command"}
    assert {f"command.{name}" for name in _commands(parser)} == names


def _commands(parser, before=""):
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from _commands(below, f"{before}{name}_")
    if parser.get_default("run") is not None:
        yield before[:-1]
