"""An agreement to a project lifts a stop only where the decision would count it, and as long."""

from datetime import date, datetime, timedelta

import pytest

from builders import NOW, patient
from camphora.lake import Lake, Measure, Question, Rules
from camphora.policy import Policy, Purpose, Reader, Request, Role, admit, choices
from camphora.policy.access import HiddenSet
from camphora.policy.internal import deciding, following, loading
from camphora.records import Put, SQLiteStore
from camphora.records.derived import ROLE_CODE

LOAD, ACCESS = loading("test"), following("test")
PROJECT = "https://camphora.tw/project|heart"
SET = HiddenSet(choices.STOPPED, choices.allowed(PROJECT))
INCAPABLE = {"coding": [{"system": "https://camphora.tw/person-status", "code": "incapable"}]}


def _store(folder, policy=None):
    return SQLiteStore(folder, policy)


def _put(store, *resources):
    store.write(LOAD, [Put(each) for each in resources])


def _agrees(store, born="1950-02-01", **more):
    _put(store, {**patient("p", "王小明", born, "A1"), **more})
    _put(store, {**choices.stop_secondary_use("p", NOW - timedelta(days=1)), "id": "stop"})
    _put(store, {**choices.agree_to_project("p", PROJECT, date(2090, 1, 1), NOW), "id": "agreed"})


def _hidden(store):
    return bool(store.set(ACCESS, [SET]))


@pytest.fixture
def store(tmp_path):
    opened = _store(tmp_path)
    yield opened
    opened.close()


def test_who_agreed_of_age_is_not_hidden(store):
    _agrees(store)
    assert not _hidden(store)


@pytest.mark.parametrize(
    "life",
    [{"born": "2016-01-01"}, {"deceasedDateTime": "2020-01-01"}],
    ids=["too young", "dead then"],
)
def test_who_could_not_agree_stays_hidden(store, life):
    _agrees(store, **life)
    assert _hidden(store)


def test_what_is_learnt_later_of_a_life_counts(store):
    _agrees(store)
    flag = {
        "resourceType": "Flag", "id": "f", "status": "active", "code": INCAPABLE,
        "subject": {"reference": "Patient/p"}, "period": {"start": "2020-01-01"},
    }  # fmt: skip
    _put(store, flag)
    assert _hidden(store)
    _put(store, {**flag, "status": "inactive"})
    assert not _hidden(store)
    _put(store, patient("p", "王小明", "2016-01-01", "A1"))
    assert _hidden(store)


def test_an_agreement_dated_in_the_future_lifts_nothing_yet(store):
    _put(store, patient("p", "王小明", "1950-02-01", "A1"))
    _put(store, {**choices.stop_secondary_use("p", NOW), "id": "stop"})
    later = datetime.now(NOW.tzinfo) + timedelta(days=30)
    _put(store, {**choices.agree_to_project("p", PROJECT, date(2090, 1, 1), later), "id": "agreed"})
    assert _hidden(store)


def test_other_parameters_weigh_what_is_kept_anew(tmp_path):
    store = _store(tmp_path)
    _agrees(store, "2013-06-01", deceasedDateTime="2026-11-21T23:00:00+08:00")
    assert _hidden(store)
    store.close()
    for settings, hidden in (({"ages.own_act": 12}, False), ({}, True)):
        store = _store(tmp_path, Policy.taiwan().set(settings))
        assert _hidden(store) is hidden
        store.close()


def test_death_ends_an_agreement_where_the_policy_says_so(tmp_path):
    store = _store(tmp_path, Policy.taiwan().set({"consents.death_ends_permits": True}))
    _agrees(store)
    assert not _hidden(store)
    died = (datetime.now(NOW.tzinfo) - timedelta(minutes=1)).isoformat(timespec="seconds")
    _put(store, {**patient("p", "王小明", "1950-02-01", "A1"), "deceasedDateTime": died})
    assert _hidden(store)
    store.close()


def _mother():
    return {
        "resourceType": "RelatedPerson",
        "id": "m",
        "patient": {"reference": "Patient/p"},
        "relationship": [{"coding": [{"system": ROLE_CODE, "code": "GUARD"}]}],
    }


@pytest.mark.parametrize("born", ["2016-01-01", "1990-01-01"], ids=["a minor", "of age since"])
def test_what_a_guardian_agreed_to_opens_nothing_to_sets(store, born):
    """A child's records are decided one by one; once the child is of age the guardian's permits have lapsed."""
    _put(store, patient("p", "王小明", born, "A1"), _mother())
    _put(store, {**choices.stop_secondary_use("p", NOW), "id": "stop"})
    agreed = choices.agree_to_project("p", PROJECT, date(2090, 1, 1), datetime(2000, 1, 1, tzinfo=NOW.tzinfo))
    _put(store, {**choices.given_by(agreed, "RelatedPerson/m"), "id": "agreed"})
    let = choices.let_in("p", "q", date(2090, 1, 1), datetime(2000, 1, 1, tzinfo=NOW.tzinfo))
    _put(store, patient("q", "林大同", "1960-01-01", "B1"))
    _put(store, {**choices.given_by(let, "RelatedPerson/m"), "id": "let"})
    assert _hidden(store)
    assert store.letting_in(deciding("q"), "q") == frozenset()


@pytest.mark.parametrize(("ends", "reading"), [(False, {"p"}), (True, set())])
def test_who_was_let_in_reads_after_death_where_the_policy_keeps_permits(tmp_path, ends, reading):
    store = _store(tmp_path, Policy.taiwan().set({"consents.death_ends_permits": ends}))
    _put(store, patient("p", "王小明", "1950-02-01", "A1"), patient("q", "林大同", "1960-01-01", "B1"))
    _put(store, {**choices.let_in("p", "q", date(2090, 1, 1), NOW), "id": "let"})
    assert store.letting_in(deciding("q"), "q") == {"p"}
    died = (datetime.now(NOW.tzinfo) - timedelta(minutes=1)).isoformat(timespec="seconds")
    _put(store, {**patient("p", "王小明", "1950-02-01", "A1"), "deceasedDateTime": died})
    assert store.letting_in(deciding("q"), "q") == reading
    store.close()


def test_questions_in_the_lake_leave_out_who_was_too_young_to_agree(store, tmp_path):
    for name, born in (("old", "1950-02-01"), ("kid", "2016-01-01")):
        _put(store, patient(name, "王小明", born, name))
        _put(store, {**choices.stop_secondary_use(name, NOW), "id": f"s{name}"})
        _put(store, {**choices.agree_to_project(name, PROJECT, date(2090, 1, 1), NOW), "id": f"a{name}"})
    lake = Lake(tmp_path / "lake", store, rules=Rules(least=1, base=1))
    try:
        lake.catch_up()
        reader = Reader("analyst", "分析人員", Role.ANALYST)
        access = admit(Request(reader, Purpose.SECONDARY, purposes=(PROJECT,))).access
        ((figure,),) = lake.ask(access, Question("person", Measure("persons"))).rows
        assert figure == 1
    finally:
        lake.close()
