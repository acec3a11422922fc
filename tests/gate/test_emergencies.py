"""Declaring an emergency, its end, its judgement."""

import multiprocessing

import pytest

from camphora.errors import Busy, Conflict, Forbidden, Invalid, NotFound
from camphora.gate.emergencies import HOUR, MOST_WRONG, Emergencies, EmergencyRules
from camphora.gate.state import State
from camphora.policy import Role

WHY = "昏迷送醫，需查過敏與用藥"
RULES = EmergencyRules(frozenset({Role.CLINICIAN}), hours=4, least_reason=8)
NUMBER = "http://www.moi.gov.tw|A123456789"


@pytest.fixture
def emergencies(state, clock):
    return Emergencies(state, RULES)


def declare(emergencies, reader="lin", person="p1", number=NUMBER, reason=WHY):
    return emergencies.declare(reader, person, number, reason)


def test_a_declaration_opens_one_person_for_its_reader_until_its_hours_are_over(emergencies, clock):
    made = declare(emergencies)
    assert emergencies.open_of("lin", "p1") == [made]
    assert emergencies.open_of("lin", "p2") == []
    assert emergencies.open_of("wang", "p1") == []
    clock.now += 4 * HOUR - 1
    assert emergencies.open_of("lin") == [made]
    clock.now += 1
    assert emergencies.open_of("lin") == []


def test_a_clock_set_back_before_the_declaration_opens_nothing(emergencies, clock):
    declare(emergencies)
    clock.now -= 1
    assert emergencies.open_of("lin") == []


def test_the_reader_ends_it_earlier_and_nobody_else_does(emergencies, clock):
    made = declare(emergencies)
    with pytest.raises(NotFound):
        emergencies.end(made.no, "wang")
    assert emergencies.open_of("lin") == [made]
    clock.now += HOUR
    emergencies.end(made.no, "lin")
    assert emergencies.open_of("lin") == []
    clock.now += HOUR
    emergencies.end(made.no, "lin")
    assert emergencies.one(made.no).over == made.declared + HOUR


@pytest.mark.parametrize("reason", ["", "急診", "   急診病人   ", "長" * 1001])
def test_a_reason_is_needed(emergencies, reason):
    with pytest.raises(Invalid, match="gate-emergency-reason"):
        declare(emergencies, reason=reason)
    assert emergencies.to_review() == []


def test_a_wrong_identifier_is_kept_for_review_without_what_was_typed(emergencies):
    made = declare(emergencies, person=None)
    assert made.identifier == ""
    assert emergencies.open_of("lin") == []
    assert [each.no for each in emergencies.to_review()] == [made.no]


def test_guessing_numbers_makes_only_the_guesser_wait(emergencies, clock):
    for _ in range(MOST_WRONG):
        declare(emergencies, person=None)
    with pytest.raises(Busy, match="gate-emergency-wait"):
        declare(emergencies)
    assert declare(emergencies, reader="wang").person == "p1"
    clock.now += HOUR
    assert declare(emergencies).person == "p1"


def test_a_judgement_is_kept_and_stays(emergencies):
    made = declare(emergencies)
    judged = emergencies.judge(made.no, "privacy", "further", "請主治醫師說明")
    assert judged.judgement == "further"
    assert [each.no for each in emergencies.to_review()] == [made.no]
    emergencies.judge(made.no, "privacy", "justified")
    assert emergencies.to_review() == []
    with pytest.raises(Conflict, match="gate-emergency-judged"):
        emergencies.judge(made.no, "other", "unjustified")
    assert [(each.judgement, each.reviewer) for each in emergencies.reviewed()] == [("justified", "privacy")]


def test_nobody_judges_their_own(emergencies):
    made = declare(emergencies)
    with pytest.raises(Forbidden, match="gate-emergency-own"):
        emergencies.judge(made.no, "lin", "justified")
    with pytest.raises(Invalid, match="gate-emergency-judgement"):
        emergencies.judge(made.no, "privacy", "fine")
    with pytest.raises(NotFound):
        emergencies.judge(made.no + 1, "privacy", "justified")


def _declare_ten(path):
    state = State(path)
    made = Emergencies(state, RULES)
    for _ in range(10):
        made.declare("lin", "p1", NUMBER, WHY)
    state.close()


def test_several_processes_declare_at_once_and_none_is_lost(tmp_path):
    path = tmp_path / "gate.sqlite"
    State(path).close()
    several = [
        multiprocessing.get_context("spawn").Process(target=_declare_ten, args=(path,)) for _ in range(3)
    ]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert [each.exitcode for each in several] == [0, 0, 0]
    state = State(path)
    assert len(Emergencies(state, RULES).to_review()) == 30
    state.close()


def test_a_change_that_fails_leaves_nothing(state, emergencies):
    def broken(connection):
        connection.execute("DELETE FROM emergency")
        raise RuntimeError

    declare(emergencies)
    with pytest.raises(RuntimeError):
        state.change(broken)
    assert len(emergencies.to_review()) == 1
    assert declare(emergencies).no > 1
