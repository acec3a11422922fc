"""A restricted hospital learns nothing: every path answers as if she did not exist."""

import argparse
from urllib.parse import unquote_plus

import pytest
from starlette.routing import Mount, Route

from camphora.cli.parser import build
from camphora.policy.paths import declared
from leak import portal_attacks  # noqa: F401 - registers its attacks
from leak.attacks import ATTACKS, SECONDARY
from leak.twins import said

PATHS = sorted(ATTACKS)
DISTINCT = sorted(
    {one for several in ATTACKS.values() for one in several}, key=lambda one: (one[1].__name__, one[0])
)


@pytest.mark.parametrize(("by", "attack"), DISTINCT, ids=lambda part: getattr(part, "__name__", part))
def test_the_answer_is_what_it_would_be_if_she_did_not_exist(worlds, by, attack):
    answers = [list(attack(world.client(by), world.person)) for world in worlds]
    assert len(answers[0]) == len(answers[1]) > 0
    for there, absent in zip(*answers, strict=True):
        assert said(there) == said(absent), f"tells them apart: {there.request.method} {there.request.url}"
    _hold_no_secret(answers[0], worlds[0].person)
    if by in SECONDARY and attack.__module__ == "leak.attacks":
        _opens_no_record(answers[0])


def _opens_no_record(answers):
    """Secondary use is refused every request at /fhir that is not malformed; in a batch each entry."""
    found = {status for answer in answers for status in _statuses(answer)}
    assert {403} <= found <= {400, 403}


def _hold_no_secret(answers, her):
    """No answer holds her name or number, unless the question did."""
    for answer in answers:
        asked = unquote_plus(
            str(answer.request.url) + (answer.request.content or b"").decode(errors="replace")
        )
        for secret in (her.number, her.name):
            assert secret not in answer.text or secret in asked, answer.request.url


def _statuses(answer):
    if answer.status_code != 200:
        return {answer.status_code}
    return {int(entry["response"]["status"][:3]) for entry in answer.json()["entry"]}


@pytest.mark.parametrize(
    ("name", "least"), [("fhir.search", 30), ("fhir.read", 30), ("clinic.patient", 1), ("clinic.record", 5)]
)
def test_the_attacks_would_find_her_where_she_has_restricted_nothing(open_world, name, least):
    """The same requests by a clinician who may see her do find her: the suite can fail."""
    _, attack = ATTACKS[name][0]
    answers = attack(open_world.client("welcome"), open_world.person)
    found = [
        answer for answer in answers if answer.status_code == 200 and open_world.person.id in answer.text
    ]
    assert len(found) >= least


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
