"""Scope and memberships of accounts, and projects."""

import apsw
import pytest

from camphora.errors import Conflict, Forbidden, Invalid, NotFound
from camphora.gate.projects import Project, Projects
from camphora.gate.standing import NOWHERE, Standing, Standings
from camphora.gate.state import State
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


DAY = 86_400_000


@pytest.fixture
def at(monkeypatch):
    """The clock by which standings hold."""

    class At:
        now = 1_000 * DAY

    monkeypatch.setattr("camphora.gate.standing.now", lambda: At.now)
    return At


def test_what_is_given_holds_from_its_first_moment_to_its_last(standings, at):
    standings.give("lin", "membership", "CareTeam/t1", by="root", since=at.now + DAY, until=at.now + 2 * DAY)
    assert (standings.of("lin").memberships, standings.of("lin").until) == (frozenset(), at.now + DAY)
    at.now += DAY
    assert (standings.of("lin").memberships, standings.of("lin").until) == ({"CareTeam/t1"}, at.now + DAY)
    at.now += DAY
    assert standings.of("lin") == Standing()


@pytest.mark.parametrize(
    ("kind", "value", "part"),
    [("area", "63000", "areas"), ("institution", "h1", "institutions"), ("ward", "Location/w", "wards")],
)
def test_a_limit_whose_time_is_over_opens_nothing_until_somebody_lifts_it(standings, at, kind, value, part):
    """An officer who stood in for a county sees no whole country when the weeks are over."""
    given = standings.give("lin", kind, value, by="root", since=at.now, until=at.now + DAY)
    assert getattr(standings.of("lin").scope, part) == {value}
    at.now += DAY
    assert getattr(standings.of("lin").scope, part) == {NOWHERE}
    standings.give("lin", kind, f"{value[:-1]}2", by="root")
    assert getattr(standings.of("lin").scope, part) == {f"{value[:-1]}2"}
    for each in standings.all("lin"):
        standings.end(each.no, "root")
    assert standings.of("lin") == Standing()
    assert {(each.no == given.no, each.ender) for each in standings.all("lin")} == {
        (True, "root"),
        (False, "root"),
    }


def test_a_limit_that_has_not_begun_limits_nothing_yet(standings, at):
    standings.give("lin", "area", "63000", by="root", since=at.now + DAY)
    assert standings.of("lin").scope == Scope()


def test_everything_that_was_given_and_taken_back_stays_with_who_did_it(standings, at):
    given = standings.give("lin", "area", "63000", by="root")
    standings.end(given.no, "other")
    standings.end(given.no, "late")
    standings.set("lin", "area", ["65000"])
    told = [(each.value, each.giver, each.ender) for each in standings.all("lin")]
    assert told == [("65000", "", None), ("63000", "root", "other")]
    standings.forget("lin")
    assert standings.of("lin") == Standing()
    assert len(standings.all()) == 2
    with pytest.raises(NotFound, match="gate-no-standing"):
        standings.end(99, "root")


def test_what_cannot_be_given_is_refused(standings, at):
    standings.give("lin", "record", "Practitioner/a", by="root")
    standings.give("lin", "record", "PractitionerRole/a", by="root")
    standings.give("lin", "organisation-kind", "insurer", by="root", until=at.now + DAY)
    for kind, value in (
        ("record", "Practitioner/a"),
        ("record", "Practitioner/b"),
        ("organisation-kind", "hospital"),
    ):
        with pytest.raises(Conflict, match="gate-standing-kept"):
            standings.give("lin", kind, value, by="root")
    for since, until in ((0, at.now), (at.now + DAY, at.now + DAY)):
        with pytest.raises(Invalid, match="gate-standing-time"):
            standings.give("lin", "area", "63000", by="root", since=since, until=until)
    with pytest.raises(Invalid, match="gate-standing"):
        standings.give("lin", "area", "630", by="root")
    at.now += DAY
    assert standings.give("lin", "organisation-kind", "hospital", by="root").value == "hospital"


def test_standings_kept_before_they_had_a_time_stand_as_they_did(tmp_path):
    connection = apsw.Connection(str(tmp_path / "old.sqlite"))
    connection.execute(
        "CREATE TABLE standing (user TEXT, kind TEXT, value TEXT, PRIMARY KEY (user, kind, value))"
    )
    connection.execute(
        "INSERT INTO standing VALUES ('lin', 'area', '63000'), ('lin', 'membership', 'CareTeam/t')"
    )
    connection.close()
    for _ in range(2):
        opened = State(tmp_path / "old.sqlite")
        kept = Standings(opened).of("lin")
        opened.close()
        assert (kept.scope.areas, kept.memberships) == ({"63000"}, {"CareTeam/t"})


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
