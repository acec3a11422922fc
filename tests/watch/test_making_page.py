"""Pages of which a part is still worked out: they say so, look again by themselves, and show no empty table."""

import math
import threading
from importlib import import_module

import pytest
from starlette.testclient import TestClient

from camphora.engines.watch import nation_of
from camphora.engines.watch.forecasts import Score
from camphora.engines.watch.season import followed as of_season
from camphora.engines.watch.season.followed import Followed
from camphora.engines.watch.watching import Watched
from camphora.installation import Installation
from camphora.pages import Prose, Table
from camphora.policy.internal import loading
from camphora.web.app import application
from camphora.web.site import handlers_words
from camphora.web.systems import Found, in_making
from watch.test_bulletin import early
from watch.test_pages import system as watching
from watch.test_pages import view, watched
from watch.test_season import DAY, SOURCE, counts, season
from watch.test_season import view as of_day

SYSTEM = "/systems/smart_epidemic_prevention"


class Busy:
    """A workshop that has not come to it."""

    def is_done(self, kind):
        return False


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Installation.open(tmp_path_factory.mktemp("making") / "place", make=True)
    rows = early("2019-20")
    opened.store.add_batch(loading("t"), "ili_visits", rows, source="cdc", as_of="2019-05-18", public=True)
    opened.lake.catch_up()
    yield TestClient(application(opened))
    opened.close()


def test_a_page_whose_sweeps_are_made_says_so_and_looks_again(browser, monkeypatch):
    monkeypatch.setattr(Watched, "ready", lambda self, day: False)
    page = browser.get(SYSTEM)
    assert page.status_code == 200, page.text
    assert page.headers["refresh"] == "5"
    assert "完成後會自行顯示" in page.text
    assert browser.get(f"{SYSTEM}.csv").status_code == 503
    monkeypatch.undo()
    page = browser.get(SYSTEM)
    assert "refresh" not in page.headers
    assert "完成後會自行顯示" not in page.text


@pytest.mark.parametrize("page", ["forecasts", "scorecard"])
def test_what_is_foreseen_has_no_table_while_it_is_made(page):
    shown = view(page, week="2017-25") if page == "forecasts" else view(page)
    assert shown.making
    assert not [each.name for each in shown.blocks if isinstance(each, Table)]
    assert shown.downloads in {"", "weeks"}


def test_where_no_forecast_can_be_scored_none_is_praised(monkeypatch):
    none = Score(None, None, 0, math.nan, {"flat": math.nan, "seasonal": math.nan}, math.nan, math.nan)
    monkeypatch.setattr(Watched, "foreseen", lambda self: object())
    monkeypatch.setattr(
        import_module("camphora.engines.watch.pages.scorecard"), "_scores", lambda made: (none,)
    )
    shown = view("scorecard", lang="en")
    said = " ".join(text for each in shown.blocks if isinstance(each, Prose) for text in each.paragraphs)
    assert "No forecast can be scored yet" in said
    assert "better than" not in said
    assert not shown.making
    assert not shown.downloads


def test_the_warnings_have_no_table_while_days_are_scanned():
    shown = of_day(
        "dengue_warnings", one=Followed(season(), counts(), "2015-12-31", SOURCE, "d", beforehand=False)
    )
    assert shown.making
    assert not [each for each in shown.blocks if isinstance(each, Table)]
    assert not shown.downloads


def test_a_day_is_scanned_while_its_page_says_so(monkeypatch):
    """The page of a day waits for no workshop: its scan is begun by who asks, once."""
    asked, go, over = [], threading.Event(), threading.Event()

    def scan(declared, counted, at):
        asked.append(at)
        go.wait()
        over.set()
        return (), {}

    monkeypatch.setattr(of_season, "clusters_of", scan)
    one = Followed(season(), counts(), "2015-12-31", SOURCE, "d", Busy())
    at = counts().at(DAY)
    assert not one.ready(DAY)
    assert not one.ready(DAY)
    go.set()
    assert one.clusters(at) == ()
    assert one.ready(DAY)
    assert asked == [at]


def test_a_day_that_is_not_there_waits_for_nothing():
    """Its page says what is wrong with it."""
    assert Followed(season(), counts(), "2015-12-31", SOURCE, "d", Busy()).ready("1999-01-01")


def test_how_far_the_making_is_counts_all_that_share_a_budget(monkeypatch):
    monkeypatch.setattr(Watched, "is_weighed", property(lambda one: one.watch.name == "ili"))
    found = Found(watching(), watching().page("signals"), {})
    said = in_making(found, handlers_words("en"), nation_of(watched())).blocks[0].paragraphs
    assert said[-1] == "1 of 3 parts is done."
