"""A session ends without requests, on the server's side, by a clock that the test sets."""

import apsw
import pytest

from camphora.gate import Identity, User
from camphora.gate.identity import SECONDS_OF_TOUCH, SESSION_HOURS, Idleness
from camphora.policy import Role

MINUTE = 60
ROLES = {"lin": Role.CLINICIAN, "mei": Role.CITIZEN, "root": Role.ADMINISTRATOR}


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def identity(tmp_path, clock):
    opened = Identity(tmp_path / "gate.sqlite", clock=clock)
    for name, role in ROLES.items():
        opened.add_user(User(name, name, role), None)
    yield opened
    opened.close()


def opened(identity, name):
    return identity.open_session(identity.user(name))


@pytest.mark.parametrize(("name", "minutes"), [("lin", 15), ("root", 15), ("mei", 30)])
def test_a_session_lasts_until_its_minutes_are_over_and_not_a_second_more(identity, clock, name, minutes):
    session = opened(identity, name)
    assert session.idle == minutes * MINUTE
    clock.now += minutes * MINUTE - 1
    assert identity.session(session.token).user.name == name
    clock.now += minutes * MINUTE
    assert identity.session(session.token) is None
    assert identity.session(session.token) is None, "to ask for it does not bring it back"


def test_each_use_puts_the_end_off_but_never_beyond_the_hours_of_a_session(identity, clock):
    session = opened(identity, "lin")
    begun = clock.now
    while clock.now < begun + SESSION_HOURS * 3600 - 10 * MINUTE:
        clock.now += 10 * MINUTE
        assert (identity.session(session.token) is None) == (clock.now >= begun + SESSION_HOURS * 3600)
    clock.now = begun + SESSION_HOURS * 3600
    assert identity.session(session.token) is None
    assert identity.lapsed(session.token) is None, "its hours ended it, and not idleness"


def test_uses_in_quick_succession_are_not_all_written(identity, clock):
    session = opened(identity, "lin")
    clock.now += SECONDS_OF_TOUCH - 1
    identity.session(session.token)
    clock.now += 15 * MINUTE - SECONDS_OF_TOUCH
    assert identity.session(session.token), "sooner by less than the interval of writing"
    clock.now += 15 * MINUTE
    assert identity.session(session.token) is None


def test_one_idle_session_does_not_end_another_of_the_same_reader(identity, clock):
    left, used = opened(identity, "lin"), opened(identity, "lin")
    clock.now += 10 * MINUTE
    assert identity.session(used.token)
    clock.now += 10 * MINUTE
    assert identity.session(used.token)
    assert identity.session(left.token) is None


def test_what_lapsed_is_known_until_it_is_signed_out(identity, clock):
    session = opened(identity, "lin")
    assert identity.lapsed(session.token) is None
    clock.now += 15 * MINUTE
    lapsed = identity.lapsed(session.token)
    assert (lapsed.reader, lapsed.csrf) == ("lin", session.csrf)
    identity.sign_out(session.token)
    assert identity.lapsed(session.token) is None
    assert identity.lapsed("nothing") is None


def test_longer_minutes_do_not_bring_a_lapsed_session_back(identity, clock):
    session = opened(identity, "lin")
    clock.now += 15 * MINUTE
    identity.idleness = Idleness(staff=60)
    assert identity.session(session.token) is None


def test_a_clock_that_is_set_back_does_not_lengthen_a_session(identity, clock):
    session = opened(identity, "lin")
    clock.now -= 60 * MINUTE
    assert identity.session(session.token)
    clock.now += 75 * MINUTE
    assert identity.session(session.token) is None


def test_sessions_of_a_version_without_an_end_by_idleness_are_dropped(tmp_path):
    old = apsw.Connection(str(tmp_path / "gate.sqlite"))
    old.execute(
        "CREATE TABLE session (token BLOB PRIMARY KEY, csrf TEXT, user TEXT, expires INTEGER) WITHOUT ROWID"
    )
    old.execute("INSERT INTO session VALUES (x'00', 'c', 'lin', 9999999999)")
    old.close()
    made = Identity(tmp_path / "gate.sqlite")
    made.add_user(User("lin", "lin", Role.CLINICIAN), None)
    assert made.session(made.open_session(made.user("lin")).token)
    made.close()


def test_a_page_that_asks_by_itself_puts_no_end_off(identity, clock):
    session = opened(identity, "lin")
    for _ in range(14):
        clock.now += MINUTE
        assert identity.session(session.token, use=False).user.name == "lin"
    clock.now += MINUTE
    assert identity.session(session.token, use=False) is None
    assert identity.lapsed(session.token).reader == "lin"
