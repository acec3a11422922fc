"""`/watches/NAME/retune`: who may decide, what it would have changed, and what is kept of the decision."""

import re

import pytest
from starlette.testclient import TestClient

from camphora.engines.watch.retuning import TABLE
from camphora.gate import User
from camphora.gate.gate import ANYBODY
from camphora.installation import Installation
from camphora.policy import Role
from camphora.policy.internal import loading
from camphora.policy.vocabulary import Purpose
from camphora.web.app import application
from camphora.web.watching import Watches
from watch.test_bulletin import early

HERE = "/watches/ili/retune"
STRICTER = {"setting": "own", "value": "1e-7"}
AREAS = {"nat": [], "ann": ["67000"]}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    opened = Installation.open(tmp_path_factory.mktemp("retuning") / "place", make=True)
    rows = early("2019-20")
    opened.store.add_batch(loading("t"), "ili_visits", rows, source="cdc", as_of="2019-05-20", public=True)
    opened.lake.catch_up()
    for name, areas in AREAS.items():
        opened.gate.identity.add_user(User(name, f"{name} 的姓名", Role.OFFICER), "correct horse battery")
        opened.gate.standings.set(name, "area", areas)
    opened.gate.identity.add_user(User("analyst", "A", Role.ANALYST), "correct horse battery")
    yield opened, application(opened)
    opened.close()


@pytest.fixture
def browser(world):
    installation, app = world

    def opened(name, lang="zh-TW"):
        client, identity = TestClient(app), installation.gate.identity
        session = identity.open_session(identity.user(name))
        client.cookies.set("camphora_session", session.token)
        client.cookies.set("lang", lang)
        client.token = session.csrf
        return client

    return opened


def _decisions(installation):
    access = installation.gate.access(ANYBODY, Purpose.OPEN)
    return (
        []
        if not installation.store.batches(access, TABLE)
        else list(installation.lake.rows(access, TABLE).rows)
    )


def test_only_who_answers_for_all_places_may_decide(browser):
    assert browser("nat").get(HERE).status_code == 200
    assert browser("ann").get(HERE).status_code == 403
    assert browser("analyst").get(HERE).status_code == 403
    posted = browser("ann")
    answer = posted.post(HERE, data={"csrf": posted.token, **STRICTER, "why": "x"})
    assert answer.status_code == 403
    assert browser("nat").get("/watches/nothing/retune").status_code == 404
    assert "轄區未涵蓋全部" in answer.text


def test_what_it_would_have_changed_is_shown_before_and_nothing_is_kept(world, browser):
    page = browser("nat").get(HERE, params=STRICTER).text
    assert "確認決定" in page
    assert re.search(r"不再列出的 \d+ 件訊號", page)
    assert "/systems/smart_epidemic_prevention/signal/ili-2019-" in page or "signal/ili-2018-" in page
    english = browser("nat", "en").get(HERE, params=STRICTER).text
    assert re.search(r"\d+ signals? no longer shown", english)
    assert _decisions(world[0]) == []
    same = browser("nat").get(HERE, params={"setting": "least", "value": "4"}).text
    assert "確認決定" in same


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"value": "much"}, "不是數字"),
        ({"value": "7"}, "不能是這個值"),
        ({"value": "0.01"}, "與目前的值相同"),
        ({"setting": "loudness"}, "沒有設定"),
        ({"week": "2019-20"}, "已有人看過"),
        ({"week": "2099-01"}, "已有人看過"),
        ({"why": ""}, "須有理由"),
        ({"why": "x" * 501}, "須有理由"),
    ],
)
def test_what_cannot_be_decided_is_told_and_not_kept(world, browser, given, said):
    client = browser("nat")
    page = client.post(HERE, data={"csrf": client.token, **STRICTER, "why": "假訊號過多", **given})
    assert page.status_code == 400
    assert said in page.text
    assert _decisions(world[0]) == []


def test_a_decision_is_kept_with_who_and_why_and_counts_from_the_next_week(world, browser):
    installation, _ = world
    client = browser("nat")
    page = client.post(HERE, data={"csrf": client.token, **STRICTER, "week": "2019-21", "why": "假訊號過多"})
    assert page.status_code == 200
    assert "已記錄決定" in page.text
    (row,) = _decisions(installation)
    assert (row["watch"], row["week"], row["setting"], float(row["value"])) == ("ili", "2019-21", "own", 1e-7)
    assert (row["decided_by"], row["why"]) == ("nat 的姓名", "假訊號過多")
    access, system = installation.gate.access(ANYBODY, Purpose.OPEN), "smart_epidemic_prevention"
    found = Watches().of(installation, installation.catalogue.systems[system], access, ["ili"])["ili"]
    assert (found.watch.as_in("2019-20").budget.own, found.watch.as_in("2019-21").budget.own) == (0.01, 1e-7)
    assert "nat 的姓名" in browser("nat").get(HERE).text
