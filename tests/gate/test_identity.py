"""Tries to sign in: counted where they come from, so that nobody is shut out by a stranger."""

import pytest

from camphora.errors import Forbidden, NotFound, TooMany
from camphora.gate import Identity, User
from camphora.gate.allowance import Allowance, Rate, whole_seconds
from camphora.gate.identity import Tries
from camphora.policy import Role

GOOD, BAD = "camphor leaf chest", "a wrong password"
HERE, THERE = "192.0.2.1", "198.51.100.7"


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def identity(tmp_path):
    opened = Identity(tmp_path / "gate.sqlite")
    for name in ("lin", "wu"):
        opened.add_user(User(name, name, Role.CLINICIAN, organisation="h1"), GOOD)
    yield opened
    opened.close()


def fail(identity, name="lin", place=THERE, device="", times=1):
    """The codes of so many wrong tries."""
    codes = []
    for _ in range(times):
        with pytest.raises((Forbidden, TooMany)) as refused:
            identity.sign_in(name, BAD, place=place, device=device)
        codes.append(refused.value.code)
    return codes


def test_a_stranger_who_guesses_at_a_name_shuts_out_only_himself(identity):
    assert fail(identity, times=6)[-1] == "gate-too-many-tries"
    with pytest.raises(TooMany):
        identity.sign_in("lin", GOOD, place=THERE)
    assert identity.sign_in("lin", GOOD, place=HERE).user.name == "lin"


def test_a_refusal_for_many_tries_is_429_and_says_for_how_long(identity):
    fail(identity, times=5)
    with pytest.raises(TooMany) as refused:
        identity.sign_in("lin", GOOD, place=THERE)
    assert refused.value.status == 429
    assert 1 <= refused.value.facts["seconds"] <= 12


def test_a_known_device_gets_in_from_a_place_that_an_attacker_has_used_up(identity):
    device = identity.sign_in("lin", GOOD, place=HERE).device
    fail(identity, place=HERE, times=40)
    with pytest.raises(TooMany):
        identity.sign_in("lin", GOOD, place=HERE)
    assert identity.sign_in("lin", GOOD, place=HERE, device=device).device == device


def test_a_device_is_known_for_its_own_name_alone(identity):
    device = identity.sign_in("wu", GOOD, place=HERE).device
    fail(identity, "lin", times=5)
    with pytest.raises(TooMany):
        identity.sign_in("lin", GOOD, place=THERE, device=device)


def test_guesses_by_a_stolen_device_are_counted_too(identity):
    device = identity.sign_in("lin", GOOD, place=HERE).device
    codes = fail(identity, place=HERE, device=device, times=11)
    assert codes.count("gate-sign-in-failed") == 10
    assert codes[-1] == "gate-too-many-tries"


def test_one_place_cannot_try_one_password_on_all_names(tmp_path):
    """However long the tries take: one more is let in each hour."""
    identity = Identity(tmp_path / "slow.sqlite", tries=Tries(place=Rate(30, 3600.0)))
    codes = [fail(identity, f"name{number}")[0] for number in range(31)]
    assert codes.count("gate-sign-in-failed") == 30
    assert codes[-1] == "gate-too-many-tries"
    identity.close()


def test_many_who_sign_in_rightly_from_one_place_are_not_counted(identity):
    for _ in range(40):
        assert identity.sign_in("lin", GOOD, place=HERE)


def test_a_name_guessed_at_from_everywhere_leaves_each_new_place_one_try(identity):
    for number in range(50):
        fail(identity, place=f"203.0.113.{number}")
    assert identity.sign_in("lin", GOOD, place=HERE), "the right password still lets in from a new place"
    assert fail(identity, place=THERE, times=2) == ["gate-sign-in-failed", "gate-too-many-tries"]
    assert fail(identity, "wu", place=THERE, times=2) == ["gate-sign-in-failed"] * 2, (
        "another name is as usual"
    )


def test_a_new_password_ends_every_session_and_forgets_every_device(identity):
    session = identity.sign_in("lin", GOOD, place=HERE)
    token = identity.issue_token("lin", "nightly", days=1)
    identity.set_password("lin", "another camphor chest")
    assert identity.session(session.token) is None
    assert identity.bearer(token).name == "lin"
    fail(identity, place=HERE, times=5)
    with pytest.raises(TooMany):
        identity.sign_in("lin", "another camphor chest", place=HERE, device=session.device)
    with pytest.raises(Forbidden):
        identity.sign_in("lin", GOOD, place=THERE)
    assert identity.sign_in("lin", "another camphor chest", place="203.0.113.5")
    with pytest.raises(NotFound):
        identity.set_password("nobody", "another camphor chest")


def test_an_account_has_so_many_devices_and_none_once_it_is_gone(identity):
    first = identity.sign_in("lin", GOOD).device
    identity._connection.execute("UPDATE device SET expires = expires - 100")
    for _ in range(20):
        identity.sign_in("lin", GOOD)
    assert not identity._knows("lin", first)
    assert len(identity._all("SELECT token FROM device")) == 20
    identity.remove_user("lin")
    assert identity._all("SELECT token FROM device") == []


def test_no_device_lies_in_the_file_as_it_was_given(identity, tmp_path):
    device = identity.sign_in("lin", GOOD).device
    assert device.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("gate.sqlite*"))


def test_the_rates_may_be_set(identity):
    identity.allow(Tries(name=Rate(1, 60.0)))
    assert fail(identity, times=2) == ["gate-sign-in-failed", "gate-too-many-tries"]


def test_an_allowance_is_a_burst_and_then_a_rate():
    clock = Clock()
    allowance = Allowance(Rate(3, 10.0), clock=clock)
    assert [allowance.take("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert allowance.take("a") == pytest.approx(10.0)
    assert allowance.take("b") == 0.0, "another key has its own"
    clock.now += 10.0
    assert allowance.take("a") == 0.0
    assert allowance.take("a") > 0, "one only came back"
    clock.now += 1000.0
    assert [allowance.take("a") for _ in range(4)].count(0.0) == 3, "never more than the burst"


def test_what_is_refused_does_not_make_the_wait_longer():
    clock = Clock()
    allowance = Allowance(Rate(1, 10.0), clock=clock)
    allowance.take("a")
    for _ in range(1000):
        assert allowance.take("a") == pytest.approx(10.0)
    clock.now += 10.0
    assert allowance.take("a") == 0.0


def test_endless_keys_take_bounded_memory_and_shut_nobody_out():
    allowance = Allowance(Rate(1, 10.0), most=100, clock=Clock())
    for number in range(10_000):
        assert allowance.take(number) == 0.0
    assert len(allowance) == 100


@pytest.mark.parametrize(("wait", "told"), [(0.01, 1), (1.0, 1), (1.01, 2), (59.5, 60)])
def test_a_wait_is_told_in_whole_seconds(wait, told):
    assert whole_seconds(wait) == told
