"""The privacy officer: unusual reading with its reasons, receipts without content, judgements that stay."""

import pytest

from camphora.gate import User
from camphora.policy import Role


@pytest.fixture
def officer(fresh):
    identity = fresh.installation.gate.identity
    if identity.user("officer-of-privacy") is None:
        identity.add_user(User("officer-of-privacy", "隱私人員", Role.PRIVACY), None)
        identity.add_user(User("curious", "好奇醫師", Role.CLINICIAN, organisation="elsewhere"), None)
    return fresh.browser("officer-of-privacy")


def _number(fresh):
    patient = next(one for one in fresh.rows() if one["resourceType"] == "Patient")
    return patient["identifier"][0]["value"]


def _read_by_the_curious(fresh, officer):
    """A well-known person without an encounter, read by a clinician of another institution."""
    person = fresh.cast.citizen
    officer.submit("/privacy/known/enter", identifier=_number(fresh), why="公眾人物")
    fresh.browser("curious").get(f"/patients/{person}")
    return person


def test_a_well_known_person_read_by_the_curious_is_shown_with_the_reason_and_no_record(fresh, officer):
    person = _read_by_the_curious(fresh, officer)
    assert "好奇醫師" in officer.words("/privacy")
    opened = officer.words("/privacy/readers/curious")
    assert "調閱名冊中之知名人士、且無就醫紀錄者 1 人" in opened
    assert person not in opened
    assert "林美玉" not in opened


def test_a_reader_of_whom_nothing_is_found_is_said_to_be_just_that(fresh, officer):
    for name in ("clinician", "nobody"):
        answer = officer.get(f"/privacy/readers/{name}")
        assert answer.status_code == 404
        assert "目前沒有這位查閱者的異常調閱" in answer.text
        assert "camphora user" not in answer.text


def test_a_judgement_is_kept_and_takes_the_case_off_the_list(fresh, officer):
    _read_by_the_curious(fresh, officer)
    refused = officer.submit("/privacy/judge", reader="curious", verdict="improper", note="")
    assert refused.status_code in {400, 422}
    officer.submit("/privacy/judge", reader="curious", verdict="improper", note="無就醫關係，已請院所說明")
    said = officer.words("/privacy")
    assert "無就醫關係，已請院所說明" in said
    assert "沒有需要檢視的調閱" in said
    kept = fresh.installation.gate.reviews.judged("curious")
    assert [one.verdict for one in kept] == ["improper"]
    with pytest.raises(Exception, match="only added"):
        fresh.installation.gate.state.change(lambda file: file.execute("DELETE FROM reading_judged"))


def test_opening_the_log_leaves_a_receipt_that_the_person_sees(fresh, officer):
    person = _read_by_the_curious(fresh, officer)
    officer.get("/privacy/readers/curious")
    looks = fresh.installation.store.looks(fresh.access("citizen"), person, 50)
    assert any(look.act == "review" and look.role == "privacy" for look in looks)


@pytest.mark.parametrize("name", ["citizen", "clinician", "analyst"])
@pytest.mark.parametrize("path", ["/privacy", "/privacy/readers/curious", "/privacy/known"])
def test_nobody_else_sees_it(fresh, name, path):
    assert fresh.browser(name).get(path).status_code == 403
