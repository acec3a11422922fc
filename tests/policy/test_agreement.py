"""Our decision and the oracle's, on random questions: outcome, obligations, reasons, consent and provision."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from policy.comparing import agree, both, oracles, smallest
from policy.universes import Universe

SEEDS, CASES = range(100), 200
PAGE = Path(__file__).resolve().parents[2] / "docs/explanation/decision.md"
OBLIGATIONS = {"redact", "mask", "notify", "review", "log-override", "no-redisclosure"}


@pytest.fixture(scope="module")
def seen():
    """Every reason and obligation of 20,000 cases, on all of which the two agree."""
    found = Counter()
    for seed in SEEDS:
        if case := agree(seed, CASES, found):
            case = smallest(case)
            mine, told = both(case)
            pytest.fail(f"seed {seed}\n{case}\nours   {mine}\noracle {told}")
    return found


def reason_codes():
    """The reason codes that the page's table of steps names, and those of the denials and bases below it."""
    text = PAGE.read_text("utf-8")
    table = re.findall(r"^\| \d \|.*\| (.+) \|$", text, re.MULTILINE)
    named = {code for row in table for code in re.findall(r"`([a-z][a-z-]*)`", row)}
    denials = re.search(r"\*\*Statutory denials\*\*(.+?)\n\n", text, re.DOTALL)[1]
    bases = set(re.findall(r"`(basis-[a-z-]+)`", text))
    emergencies = set(re.findall(r"`(emergency-[a-z-]+)`", text))
    stated = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", denials))
    return named | stated | bases | emergencies


def test_the_two_agree_on_twenty_thousand_cases(seen):
    assert sum(seen.values()) > len(SEEDS) * CASES


def test_the_cases_reach_every_reason_that_the_page_names(seen):
    codes = reason_codes()
    assert len(codes) > 40
    assert codes - seen.keys() == set()


def test_the_cases_reach_every_obligation(seen):
    assert {name[1:] for name in seen if name.startswith("+")} == OBLIGATIONS


def test_a_seed_gives_the_same_cases():
    first, second = Universe(7), Universe(7)
    assert [first.case() for _ in range(50)] == [second.case() for _ in range(50)]


def test_a_wrong_decision_would_be_seen(monkeypatch):
    """Ours with Consents hidden from it: the comparison must notice."""
    from policy import comparing

    decide = comparing.decide

    def blind(asked, whom, facts, policy):
        return decide(asked, whom and replace(whom, consents=()), facts, policy)

    monkeypatch.setattr(comparing, "decide", blind)
    assert agree(0, 500, Counter()) is not None


@pytest.mark.parametrize("name", ["known", "teams"])
def test_a_reader_who_is_not_known_would_be_seen(monkeypatch, name):
    """Ours without the names that the register gives, or without its teams: the comparison must notice."""
    from camphora.policy import actors

    nothing = {"known": lambda asker, *_: (asker, 0), "teams": lambda *_: actors.NO_TEAMS}
    monkeypatch.setattr(actors, name, nothing[name])
    assert any(agree(seed, 1000, Counter()) for seed in range(12))


def test_the_cases_reach_teams_of_which_nobody_can_tell():
    told = Counter()
    universe = Universe(3)
    for _ in range(1500):
        case = universe.case()
        if case.register is not None and case.whom is not None:
            reader, before = oracles(case).reader, case.asked.reader
            told["unresolved"] += bool(reader.unresolved)
            told["named"] += reader.memberships != before.memberships
            told["numbered"] += reader.identifiers != before.identifiers
    assert min(told[name] for name in ("unresolved", "named", "numbered")) > 20
