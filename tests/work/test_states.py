"""Every kind, state and act: what is in the table is what officers agreed on, and nothing else is possible."""

import itertools
from typing import get_args

import pytest

from camphora.work.states import ENDED, TABLE, Act, Actor, Holders, Kind, State, acts, may, step

AGREED = """
signal new take -> taken by area
signal taken ask -> asked by owner
signal taken judge -> judged by owner
signal taken comment -> taken by area
signal taken attach -> taken by area
signal taken hand-over -> taken by area
signal asked ask -> asked by owner
signal asked judge -> judged by owner
signal asked comment -> asked by area
signal asked attach -> asked by area
signal asked hand-over -> asked by area
signal judged ask -> asked by owner
signal judged judge -> judged by owner
signal judged comment -> judged by area
signal judged attach -> judged by area
signal judged hand-over -> judged by area
signal judged close -> closed by owner
signal closed comment -> closed by area
signal closed attach -> closed by area
signal closed reopen -> taken by area
request new send -> sent by asker
request sent take -> taken by recipient
request sent comment -> sent by area
request sent attach -> sent by area
request sent withdraw -> withdrawn by asker
request taken answer -> answered by owner
request taken comment -> taken by area
request taken attach -> taken by area
request taken hand-over -> taken by area
request taken withdraw -> withdrawn by asker
request answered comment -> answered by area
request answered attach -> answered by area
"""


def agreed():
    for line in AGREED.split("\n"):
        if line:
            before, after = line.split(" -> ")
            to, who = after.split(" by ")
            yield tuple(before.split(" ")), (to, who)


@pytest.mark.parametrize("what", list(itertools.product(get_args(Kind), get_args(State), get_args(Act))))
def test_every_combination_is_as_agreed(what):
    assert step(*what) == dict(agreed()).get(what)


def test_nothing_stands_in_the_table_twice():
    assert len(TABLE) == len(list(agreed()))


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_state_is_reached_from_the_beginning_and_leads_to_an_end(kind):
    edges = {(state, found.to) for (of, state, _), found in TABLE.items() if of == kind}
    states = {state for edge in edges for state in edge}
    reached = {"new"}
    ending = states & ENDED
    for _ in states:
        reached |= {to for state, to in edges if state in reached}
        ending |= {state for state, to in edges if to in ending}
    assert reached == states == ending


def test_a_signal_is_closed_only_after_it_was_judged():
    assert {state for (kind, state, act) in TABLE if act == "close"} == {"judged"}


HOLDERS = Holders(owner="ann", asker="bob", organisation="h1")


@pytest.mark.parametrize(
    ("who", "account", "organisation", "lets"),
    [
        ("area", "eve", None, True),
        ("owner", "ann", None, True),
        ("owner", "bob", "h1", False),
        ("asker", "bob", None, True),
        ("asker", "ann", "h1", False),
        ("recipient", "eve", "h1", True),
        ("recipient", "eve", "h2", False),
        ("recipient", "eve", None, False),
        ("recipient", "bob", "h1", False),
    ],
)
def test_who_may(who, account, organisation, lets):
    assert may(who, Actor(account, organisation), HOLDERS) is lets


def test_a_request_of_no_institution_is_for_anybody_there_but_who_asked():
    asked = Holders(asker="bob")
    assert may("recipient", Actor("eve", "h2"), asked)
    assert not may("recipient", Actor("bob"), asked)


def test_what_an_officer_may_do_now():
    owned = Holders(owner="ann")
    assert set(acts("signal", "judged", Actor("ann"), owned)) == {
        "ask", "judge", "comment", "attach", "hand-over", "close",
    }  # fmt: skip
    assert set(acts("signal", "judged", Actor("eve"), owned)) == {"comment", "attach", "hand-over"}
    assert acts("signal", "new", Actor("eve"), Holders()) == ("take",)
    assert acts("request", "withdrawn", Actor("ann"), owned) == ()
