"""Scope and memberships of accounts, and projects."""

import pytest

from camphora.errors import Conflict, Forbidden, Invalid, NotFound
from camphora.gate.projects import Project, Projects
from camphora.gate.standing import Standing, Standings
from camphora.policy.asking import Scope


@pytest.fixture
def standings(state):
    return Standings(state)


@pytest.fixture
def projects(state, clock):
    return Projects(state)


def test_nothing_kept_is_no_limit(standings):
    assert standings.of("lin") == Standing()


def test_each_kind_is_replaced_wholly(standings):
    standings.set("lin", "area", ["63000", "65000"])
    standings.set("lin", "ward", ["Location/w1"])
    standings.set("lin", "membership", ["CareTeam/t1"])
    standings.set("lin", "identifier", ["https://x|1"])
    standings.set("wang", "area", ["64000"])
    standings.set("lin", "area", ["63000"])
    assert standings.of("lin") == Standing(
        Scope(frozenset({"63000"}), frozenset(), frozenset({"Location/w1"})),
        frozenset({"CareTeam/t1"}), frozenset({"https://x|1"}),
    )  # fmt: skip
    standings.set("lin", "area", [])
    assert standings.of("lin").scope.areas == frozenset()
    standings.forget("lin")
    assert standings.of("lin") == Standing()
    assert standings.of("wang").scope.areas == {"64000"}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("area", "臺北市"), ("area", "630"), ("ward", "w1"), ("membership", "Patient/p1"), ("identifier", "1"),
     ("organisation-kind", "Insurer Ltd"), ("color", "red"), ("record", "Patient/p1"), ("record", "p1"),
     ("record", "CareTeam/t1")],
)  # fmt: skip
def test_a_value_that_is_no_such_thing_is_refused(standings, kind, value):
    standings.set("lin", "area", ["63000"])
    with pytest.raises(Invalid, match="gate-standing"):
        standings.set("lin", kind, [value])
    assert standings.of("lin").scope.areas == {"63000"}


def test_an_account_stands_for_its_records(standings):
    standings.set(
        "lin", "record", ["Practitioner/p7", "PractitionerRole/r1", "PractitionerRole/r2", "Device/d"]
    )
    kept = standings.of("lin")
    assert (kept.practitioner, kept.device) == ("Practitioner/p7", "Device/d")
    assert kept.records - {kept.practitioner, kept.device} == {"PractitionerRole/r1", "PractitionerRole/r2"}
    standings.set("lin", "record", ["PractitionerRole/r1"])
    assert (standings.of("lin").practitioner, standings.of("lin").device) == (None, None)


@pytest.mark.parametrize("kind", ["Practitioner", "Device"])
def test_an_account_is_one_practitioner_and_one_device(standings, kind):
    with pytest.raises(Invalid, match="gate-standing"):
        standings.set("lin", "record", [f"{kind}/a", f"{kind}/b"])


def test_an_organisation_has_one_kind(standings):
    standings.set("lin", "organisation-kind", ["insurer"])
    assert standings.of("lin").organisation_kind == "insurer"
    with pytest.raises(Invalid):
        standings.set("lin", "organisation-kind", ["insurer", "hospital"])


def project(clock, **changes):
    given = {
        "id": "p-1", "title": "糖尿病照護研究", "purpose": "HRESCH", "approver": "irb", "since": clock.now,
        "until": clock.now + 1000,
    }  # fmt: skip
    return Project(**(given | changes))


def test_a_member_asks_in_a_projects_name_within_its_period(projects, clock):
    projects.add(project(clock), ["analyst"])
    assert projects.one_of("analyst", "p-1").code == "https://camphora.tw/project|p-1"
    with pytest.raises(Forbidden, match="gate-project-not-yours"):
        projects.one_of("officer", "p-1")
    clock.now += 1000
    assert projects.of("analyst") == []


def test_an_ended_project_is_nobodys(projects, clock):
    projects.add(project(clock), ["analyst"])
    projects.end("p-1")
    assert projects.of("analyst") == []
    assert projects.all()[0].ended == clock.now
    with pytest.raises(NotFound):
        projects.end("p-2")


def test_an_approver_stands_outside_and_an_id_is_taken_once(projects, clock):
    with pytest.raises(Forbidden, match="gate-project-own"):
        projects.add(project(clock), ["irb"])
    projects.add(project(clock), ["analyst"])
    with pytest.raises(Conflict):
        projects.add(project(clock), [])
    for changes in ({"id": "計畫"}, {"title": " "}, {"until": 0}):
        with pytest.raises(Invalid):
            projects.add(project(clock, **{"id": "p-2", **changes}), [])
    assert projects.members("p-1") == ["analyst"]
