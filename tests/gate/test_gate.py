"""Sign-in, sessions and tokens, and how choices change an Access at the next request."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from builders import NOW
from camphora.errors import Busy, Conflict, Forbidden, Invalid
from camphora.gate import Gate, Identity, User
from camphora.policy import Purpose, Reader, Role, choices
from camphora.policy.internal import loading
from camphora.records import Put

GOOD = "camphor leaf chest"


@pytest.fixture
def identity(tmp_path):
    opened = Identity(tmp_path / "gate.sqlite")
    opened.add_user(User("lin", "林醫師", Role.CLINICIAN, organisation="h1"), GOOD)
    yield opened
    opened.close()


def test_a_right_password_opens_a_session_and_a_wrong_one_does_not(identity):
    session = identity.sign_in("lin", GOOD)
    assert identity.session(session.token).user.display == "林醫師"
    assert identity.session("forged") is None
    with pytest.raises(Forbidden, match="gate-sign-in-failed"):
        identity.sign_in("lin", "wrong password")


def test_an_unknown_name_is_refused_in_the_same_words(identity):
    with pytest.raises(Forbidden) as known:
        identity.sign_in("lin", "wrong password")
    with pytest.raises(Forbidden) as unknown:
        identity.sign_in("nobody", "wrong password")
    assert str(known.value) == str(unknown.value)


def test_many_failures_make_one_wait(identity):
    for _ in range(5):
        with pytest.raises(Forbidden):
            identity.sign_in("lin", "wrong password")
    with pytest.raises(Busy, match="gate-too-many-tries"):
        identity.sign_in("lin", GOOD)


def test_signing_out_ends_the_session(identity):
    session = identity.sign_in("lin", GOOD)
    identity.sign_out(session.token)
    assert identity.session(session.token) is None


def test_a_token_lets_a_program_in_until_it_expires(identity):
    token = identity.issue_token("lin", "nightly", days=1)
    assert identity.bearer(token).name == "lin"
    expired = identity.issue_token("lin", "old", days=-1)
    assert identity.bearer(expired) is None


def test_nothing_in_the_file_lets_anybody_in(identity, tmp_path):
    session = identity.sign_in("lin", GOOD)
    token = identity.issue_token("lin", "nightly", days=1)
    held = b"".join(path.read_bytes() for path in tmp_path.glob("gate.sqlite*"))
    for secret in (GOOD, session.token, token):
        assert secret.encode() not in held


def test_bad_accounts_are_refused(identity):
    with pytest.raises(Invalid, match="gate-password-short"):
        identity.add_user(User("x", "x", Role.ANALYST), "short")
    with pytest.raises(Invalid, match="gate-user-name"):
        identity.add_user(User("a b", "x", Role.ANALYST), GOOD)
    with pytest.raises(Conflict, match="gate-user-exists"):
        identity.add_user(User("lin", "x", Role.ANALYST), GOOD)


def test_a_relative_reads_only_while_let_in(identity, loaded, state):
    gate = Gate(identity, loaded, state)
    daughter = Reader("bo", "陳美玲", Role.CITIZEN, person="bo")
    with pytest.raises(Forbidden, match="gate-not-let-in"):
        gate.access(daughter, Purpose.SELF, person="ada")
    consent = {**choices.let_in("ada", "bo", date(2099, 12, 31), NOW), "id": "k1"}
    loaded.write(loading("t"), [Put(consent)])
    access = gate.access(daughter, Purpose.SELF, person="ada")
    assert loaded.read(access, "Patient", "ada").id == "ada"
    loaded.write(loading("t"), [Put(choices.ended(consent))])
    with pytest.raises(Forbidden, match="gate-not-let-in"):
        gate.access(daughter, Purpose.SELF, person="ada")


def test_being_let_in_ends_after_its_last_day(identity, loaded, state):
    gate = Gate(identity, loaded, state)
    daughter = Reader("bo", "陳美玲", Role.CITIZEN, person="bo")
    consent = {**choices.let_in("ada", "bo", date(2020, 1, 1), NOW), "id": "k1"}
    loaded.write(loading("t"), [Put(consent)])
    with pytest.raises(Forbidden, match="gate-not-let-in"):
        gate.access(daughter, Purpose.SELF, person="ada")


@pytest.mark.parametrize("role", [Role.CITIZEN, Role.ANALYST, Role.ADMINISTRATOR, Role.SUPPLY, Role.PUBLIC])
def test_care_is_refused_to_all_who_do_not_give_it(identity, loaded, state, role):
    reader = Reader("x", "x", role, organisation="h1", person="ada")
    with pytest.raises(Forbidden, match="gate-role-lacks-purpose"):
        Gate(identity, loaded, state).access(reader, Purpose.CARE)


def test_guesses_made_at_once_are_counted_before_they_are_checked(identity):
    def guess(number):
        try:
            identity.sign_in("lin", f"wrong password {number}")
        except (Forbidden, Busy) as error:
            return error.code
        return "in"

    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(guess, range(24)))
    assert codes.count("gate-sign-in-failed") == 5
    assert codes.count("gate-too-many-tries") == 19


def test_endless_names_are_neither_checked_nor_remembered(identity):
    with pytest.raises(Forbidden, match="gate-sign-in-failed"):
        identity.sign_in("x" * 1_000_000, "y")
    assert len(identity._by_name) == len(identity._by_place) == 0


def test_what_is_taken_back_lets_nobody_in(identity):
    session = identity.sign_in("lin", GOOD)
    token = identity.issue_token("lin", "nightly", days=1)
    assert identity.revoke_tokens("lin") == 1
    assert identity.bearer(token) is None
    identity.end_sessions()
    assert identity.session(session.token) is None
    identity.remove_user("lin")
    assert identity.user("lin") is None


def test_a_refusal_leaves_a_receipt_of_nobody_and_one_to_anybody_none(identity, loaded, state):
    gate, log = Gate(identity, loaded, state), loaded.audit
    before = len(log)
    with pytest.raises(Forbidden, match="gate-role-lacks-purpose"):
        gate.access(Reader("", "", Role.PUBLIC), Purpose.CARE)
    assert len(log) == before
    with pytest.raises(Forbidden, match="gate-role-lacks-purpose"):
        gate.access(Reader("lin", "林醫師", Role.CLINICIAN, organisation="h1"), Purpose.SECONDARY)
    left = log.receipt(before)
    assert (left["decision"], left["purpose"], left["reader"], left["persons"]) == (
        "deny",
        "secondary",
        "lin",
        [],
    )
    assert len(log) == before + 1
