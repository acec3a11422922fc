"""Legal bases: applied for, approved by somebody else, in force for a period, each use noted."""

import pytest

from camphora.errors import Conflict, Forbidden, Invalid, NotFound
from camphora.gate.bases import DAY, Bases

WHY = "依傳染病防治法第43條辦理疫情調查"


@pytest.fixture
def bases(state, clock):
    return Bases(state)


def applied(bases, clock, applicant="officer", **changes):
    given = {
        "purposes": ["PUBHLTH"], "categories": ["laboratory"], "since": clock.now, "until": clock.now + 10 * DAY,
        "least_reason": 4,
    }  # fmt: skip
    return bases.apply(applicant, "tw-cdc-43", WHY, **(given | changes))


def test_an_application_is_in_force_only_after_somebody_else_approves(bases, clock):
    claim = applied(bases, clock)
    assert claim.state(clock.now) == "requested"
    assert claim.stated().approver is None
    with pytest.raises(Forbidden, match="gate-basis-not-in-force"):
        bases.in_force("officer", claim.no)
    with pytest.raises(Forbidden, match="gate-basis-own"):
        bases.decide(claim.no, "officer", approved=True)
    approved = bases.decide(claim.no, "privacy", approved=True)
    assert approved.state(clock.now) == "in-force"
    assert bases.in_force("officer", claim.no).stated().approver == "privacy"


def test_it_is_decided_once(bases, clock):
    claim = applied(bases, clock)
    assert bases.decide(claim.no, "privacy", approved=False).state(clock.now) == "refused"
    with pytest.raises(Conflict, match="gate-basis-decided"):
        bases.decide(claim.no, "privacy", approved=True)
    with pytest.raises(Forbidden):
        bases.in_force("officer", claim.no)
    assert bases.one(claim.no).stated().approver is None


def test_its_period_bounds_it(bases, clock):
    claim = applied(bases, clock, since=clock.now + DAY, until=clock.now + 2 * DAY)
    bases.decide(claim.no, "privacy", approved=True)
    assert bases.one(claim.no).state(clock.now) == "approved"
    with pytest.raises(Forbidden):
        bases.in_force("officer", claim.no)
    clock.now += DAY
    assert bases.in_force("officer", claim.no).no == claim.no
    clock.now += DAY
    assert bases.one(claim.no).state(clock.now) == "ended"
    with pytest.raises(Forbidden):
        bases.in_force("officer", claim.no)


def test_it_can_be_ended_before_its_time(bases, clock):
    claim = applied(bases, clock)
    bases.decide(claim.no, "privacy", approved=True)
    clock.now += 5
    ended = bases.end(claim.no)
    assert ended.state(clock.now) == "ended"
    assert ended.stated().until == clock.now
    with pytest.raises(Forbidden):
        bases.in_force("officer", claim.no)
    with pytest.raises(NotFound):
        bases.end(claim.no + 1)


def test_another_reader_cannot_use_it_and_each_use_is_counted(bases, clock):
    claim = applied(bases, clock)
    bases.decide(claim.no, "privacy", approved=True)
    with pytest.raises(Forbidden, match="gate-basis-not-in-force"):
        bases.in_force("analyst", claim.no)
    bases.in_force("officer", claim.no)
    assert bases.uses() == {}
    bases.use(claim.no)
    bases.use(claim.no)
    assert bases.uses() == {claim.no: 2}


@pytest.mark.parametrize(
    "changes",
    [{"purposes": []}, {"until": 0}, {"since": 2_000_000_000_000}, {"until": 1_800_000_000_000 + 400 * DAY}],
)
def test_purposes_and_a_period_in_reason_are_needed(bases, clock, changes):
    with pytest.raises(Invalid, match="gate-basis-period"):
        applied(bases, clock, **changes)


def test_a_reason_is_needed(bases, clock):
    with pytest.raises(Invalid, match="gate-basis-reason"):
        applied(bases, clock, least_reason=len(WHY) + 1)
    assert bases.all() == []


def test_an_overdue_application_cannot_be_approved(bases, clock):
    claim = applied(bases, clock)
    clock.now += 11 * DAY
    with pytest.raises(Conflict):
        bases.decide(claim.no, "privacy", approved=True)


def test_it_serves_the_purposes_it_was_asked_for(bases, clock):
    claim = applied(bases, clock, purposes=["PUBHLTH", "HQUALIMP"])
    assert claim.covers(["PUBHLTH"])
    assert not claim.covers(["PUBHLTH", "HRESCH"])
    assert [each.no for each in bases.of("officer")] == [claim.no]
    assert bases.of("analyst") == []
