"""The Access that is kept for a token holds no longer than what it rests on, whoever changes that."""

import subprocess
import sys
import time

import apsw
import pytest

from camphora.errors import Forbidden, NotFound
from camphora.gate import Gate, Identity, User, bearers
from camphora.gate.standing import NOWHERE, Standings
from camphora.gate.state import State
from camphora.policy import Role

ELSEWHERE = """
import sys, apsw
apsw.Connection(sys.argv[1]).execute(sys.argv[2])
"""


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gate(tmp_path, loaded, clock):
    identity = Identity(tmp_path / "gate.sqlite", clock=clock)
    identity.add_user(User("lin", "lin", Role.CLINICIAN, organisation="h1"), None)
    made = Gate(identity, loaded, State(tmp_path / "gate.sqlite"))
    yield made
    made.close()


@pytest.fixture
def token(gate):
    made = gate.identity.issue_token("lin", "t", 1)
    assert gate.of_bearer(made) is gate.of_bearer(made)
    return made


def by_another_process(tmp_path, sql):
    subprocess.run([sys.executable, "-c", ELSEWHERE, str(tmp_path / "gate.sqlite"), sql], check=True)


def test_a_token_that_is_nobodys_gives_nothing(gate):
    assert gate.of_bearer("cam_none") is None


def test_a_token_is_limited_by_what_holds_at_its_moment(gate, token, clock, monkeypatch):
    """Nothing is written when the time of a standing is over: what is kept for a token ends with it by itself."""
    monkeypatch.setattr("camphora.gate.standing.now", lambda: int(clock.now * 1000))
    gate.standings.give("lin", "institution", "h7", by="root", until=int(clock.now * 1000) + 60_000)
    held = gate.of_bearer(token)
    assert (held.scope.institutions, gate.of_bearer(token) is held) == ({"h7"}, True)
    clock.now += 60
    assert gate.of_bearer(token).scope.institutions == {NOWHERE}


def test_a_revoked_token_ends_at_once(gate, token):
    gate.identity.revoke_tokens("lin")
    assert gate.of_bearer(token) is None


def test_a_token_revoked_by_another_process_ends_at_once(gate, token, tmp_path):
    by_another_process(tmp_path, "DELETE FROM token")
    assert gate.of_bearer(token) is None


def test_requests_that_wait_together_are_served_by_one_look(gate, token, monkeypatch):
    """One that comes behind it looks anew."""
    looks, asked = [], bearers._version
    monkeypatch.setattr(bearers, "_version", lambda each: (looks.append(each), asked(each))[1])
    came = time.perf_counter()
    assert gate.of_bearer(token, came) is gate.of_bearer(token, came)
    once = len(looks)
    gate.identity.revoke_tokens("lin")
    assert gate.of_bearer(token, time.perf_counter()) is None
    assert len(looks) == 2 * once > 0


def test_an_account_that_is_taken_away_ends_its_tokens(gate, token):
    gate.identity.remove_user("lin")
    assert gate.of_bearer(token) is None


def test_a_token_ends_by_the_clock(gate, token, clock):
    clock.now += 86_399
    assert gate.of_bearer(token) is not None
    clock.now += 1
    assert gate.of_bearer(token) is None


def test_another_role_holds_at_once(gate, token, tmp_path):
    by_another_process(tmp_path, "UPDATE user SET role = 'pharmacist'")
    assert gate.of_bearer(token).reader.role is Role.PHARMACIST
    by_another_process(tmp_path, "UPDATE user SET organisation = NULL")
    with pytest.raises(Forbidden):
        gate.of_bearer(token)


def test_a_changed_account_holds_at_once_for_tokens_and_sessions(gate, token, tmp_path):
    session = gate.identity.open_session(gate.identity.user("lin"))
    other = Identity(tmp_path / "gate.sqlite")
    other.change_user(User("lin", "lin", Role.PHARMACIST, organisation="h2"))
    for reader in (gate.of_bearer(token).reader, gate.identity.session(session.token).user.reader()):
        assert (reader.role, reader.organisation) == (Role.PHARMACIST, "h2")
    with pytest.raises(NotFound, match="gate-no-user"):
        other.change_user(User("nobody", "", Role.ANALYST))
    other.close()


def test_another_record_and_ward_hold_at_once(gate, token, tmp_path):
    other = State(tmp_path / "gate.sqlite")
    Standings(other).set("lin", "record", ["Practitioner/p7"])
    assert gate.of_bearer(token).asker.id == "Practitioner/p7"
    Standings(other).set("lin", "record", [])
    Standings(other).set("lin", "ward", ["Location/w1"])
    assert gate.of_bearer(token).asker.id == "Practitioner/lin"
    assert gate.of_bearer(token).scope.wards == {"Location/w1"}
    Standings(other).set("lin", "ward", [])
    assert gate.of_bearer(token).scope.wards == frozenset()
    other.close()


def test_another_standing_holds_at_once(gate, token, tmp_path):
    gate.standings.set("lin", "area", ["66000"])
    assert gate.of_bearer(token).scope.areas == {"66000"}
    other = State(tmp_path / "gate.sqlite")
    Standings(other).set("lin", "area", ["10002"])
    assert gate.of_bearer(token).scope.areas == {"10002"}
    Standings(other).set("lin", "area", [])
    assert gate.of_bearer(token).scope.areas == frozenset()
    other.close()


def test_what_is_not_committed_changes_nothing_yet(gate, token, tmp_path):
    other = apsw.Connection(str(tmp_path / "gate.sqlite"))
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM token")
    assert gate.of_bearer(token) is not None
    other.execute("COMMIT")
    assert gate.of_bearer(token) is None
    other.close()


def test_a_change_while_an_access_is_decided_is_not_missed(gate, token, monkeypatch):
    """The Access that was decided before the change is given, and is not kept."""
    gate.standings.set("lin", "area", ["66000"])
    decided = gate._bearers._access

    def slowly(reader):
        access = decided(reader)
        gate.standings.set("lin", "area", ["10002"])
        return access

    monkeypatch.setattr(gate._bearers, "_access", slowly)
    assert gate.of_bearer(token).scope.areas == {"66000"}
    monkeypatch.setattr(gate._bearers, "_access", decided)
    assert gate.of_bearer(token).scope.areas == {"10002"}


def test_a_citizens_access_is_decided_anew_each_time(gate):
    """Whom it reaches hangs on the store, not on the gate's files alone."""
    gate.identity.add_user(User("ada", "ada", Role.CITIZEN, person="ada"), None)
    own = gate.identity.issue_token("ada", "t", 1)
    assert gate.of_bearer(own) is not gate.of_bearer(own)
