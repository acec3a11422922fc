"""Who brings one feed alone has the pages of it, though the system watches others too."""

from dataclasses import replace
from datetime import date

import pytest
from starlette.testclient import TestClient

from camphora.engines.watch.watching import Watched
from camphora.gate import User
from camphora.installation import Installation
from camphora.pages import View
from camphora.policy import Role
from camphora.policy.internal import loading
from camphora.web.app import application
from camphora.web.freshness import with_freshness
from camphora.web.site import handlers_words
from watch.test_bulletin import early
from watch.watched import series, watch

SYSTEM = "/systems/smart_epidemic_prevention"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Installation.open(tmp_path_factory.mktemp("one-feed") / "place", make=True)
    rows = early("2019-20")
    opened.store.add_batch(loading("t"), "ili_visits", rows, source="cdc", as_of="2019-05-18", public=True)
    opened.lake.catch_up()
    opened.gate.identity.add_user(User("nat", "Nat", Role.OFFICER), "correct horse battery")
    client = TestClient(application(opened))
    client.cookies.set(
        "camphora_session", opened.gate.identity.open_session(opened.gate.identity.user("nat")).token
    )
    yield client
    opened.close()


@pytest.mark.parametrize(
    "path",
    [
        *("", "/room", "/method", "/public", "/series?area=67000", "/signal/ili-2019-20-67000-all"),
        *("/bulletin", "/bulletin?area=67000", "/bulletin.csv?area=67000"),
    ],
)
def test_pages_of_the_feed_that_is_there_open(browser, path):
    answer = browser.get(f"{SYSTEM}{path}")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ["", "/room", "/signal/ili-2019-20-67000-all", "/bulletin"])
def test_a_feed_that_stopped_before_its_end_is_told_of(browser, path):
    """The publisher ended it in 2023; what was loaded goes to May 2019."""
    page = browser.get(f"{SYSTEM}{path}").text
    assert "資料沒有更新" in page
    assert "108 年 5 月 18 日，之後已逾 21 天" in page


@pytest.mark.parametrize("path", ["?watch=enterovirus", "/bulletin?watch=enterovirus", "/dengue"])
def test_a_feed_that_is_not_there_is_told(browser, path):
    assert browser.get(f"{SYSTEM}{path}").status_code == 404


@pytest.mark.parametrize(
    ("as_of", "today", "told"),
    [
        ("2019-05-18", "2019-06-08", False),
        ("2019-05-18", "2019-06-09", True),
        ("2023-07-01", "2026-01-01", False),
    ],
)
def test_a_feed_is_silent_after_three_weeks_and_never_after_its_end(as_of, today, told):
    one = replace(_watched(), as_of=as_of)
    view = View("v", "t", [])
    found = with_freshness(view, handlers_words("en"), {"ili": one}, {}, date.fromisoformat(today))
    assert bool(found.blocks) is told


def _watched():
    return Watched(watch("ili"), series("ili"), "", {}, "")


def test_an_officers_day_begins_at_the_signals(browser):
    form = {"name": "nat", "password": "correct horse battery", "next": ""}
    answer = TestClient(browser.app).post("/sign-in", data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, SYSTEM)
