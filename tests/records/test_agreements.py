"""An agreement to a project lifts a stop only where the decision would count it, and as long."""

from datetime import date, datetime, timedelta

import pytest

from builders import NOW, patient
from camphora.policy import Policy, choices
from camphora.policy.access import HiddenSet
from camphora.policy.internal import following, loading
from camphora.records import Put, SQLiteStore

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
