"""The situation room, the season by day, and what is said while figures are being worked out."""

import re
import threading
import time

import pytest
from starlette.applications import Starlette

from camphora.catalogue import Catalogue
from camphora.engines.watch.workshop import Workshop
from camphora.errors import CamphoraError, Invalid
from camphora.web import systems
from camphora.web.app import Errors
from camphora.web.render import Renderer
from camphora.web.site import Site
from camphora.web.watching import Watches
from web.public.conftest import Browser

HOME, WEEK = "/systems/smart_epidemic_prevention", "week=2017-25"


def test_the_room_is_one_page_that_looks_for_news_by_itself(browser):
    text = browser("en").get(f"{HOME}/room?week=2017-25").text
    assert 'data-room="60"' in text
    assert text.count('class="room-part ') == 5
    said = re.search(r"emergency rooms: (\d+) signals, the first 8 shown; the other (\d+) are", text)
    assert int(said[1]) == 8 + int(said[2])
    assert text.count('class="rank"') == 8
    assert "Data as of 1 Jul 2023, the source’s last" in text
    assert text.count("source ended") == 3
    assert "<script>" not in text
    assert "Overdue work" not in text
    assert 'class="room"' in text


def test_the_room_shows_the_last_week_of_each_watch_that_has_not_the_asked_one(browser):
    said = browser("en").said(f"{HOME}/room?week=2023-20")
    assert "2023 week 20" in said
    assert "2021 week 22" in said


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_a_day_of_the_season_is_chosen_by_its_address(browser, lang):
    text = browser(lang).get(f"{HOME}/dengue?day=2015-08-20&area=67000340").text
    assert '<option value="2015-08-20" selected>' in text
    assert '<option value="2015-08-01">' in text
    assert '<option value="2015-07-02">' not in text
    assert 'class="points"' in text
    assert text.count('class="ring"') == text.count("<circle") - text.count('class="spot')
    assert browser(lang).get(f"{HOME}/dengue?day=2016-01-01").status_code == 404


def test_the_townships_of_a_day_are_a_file(browser):
    found = browser("en").get(f"{HOME}/dengue.json?day=2015-08-20").json()
    assert found["rows"][0]["township"] == "North District, Tainan City"


@pytest.fixture
def waiting(installation, tmp_path, monkeypatch):
    """An application whose workshop never begins."""
    monkeypatch.setattr(Workshop, "ask", lambda *_: None)
    site = Site(installation, Renderer(), watching=Watches(tmp_path / "watched"))
    errors = Errors(site)
    made = Starlette(routes=systems.routes(site), exception_handlers={CamphoraError: errors.ours})
    browser = Browser(made, installation, "en")
    browser.site = site
    return browser


def test_while_it_is_worked_out_a_page_says_so_and_files_are_to_be_asked_for_again(waiting):
    answer = waiting.get(f"{HOME}?week=2017-25")
    assert answer.status_code == 200
    assert "This page is being worked out" in answer.text
    assert "<table" not in answer.text
    assert waiting.get(f"{HOME}/room?week=2017-25").status_code == 200
    assert waiting.get(f"{HOME}/dengue?day=2015-08-20").text.count('class="points"') == 1


def test_a_file_that_is_being_worked_out_is_busy(waiting):
    answer = waiting.get(f"{HOME}.csv")
    assert answer.status_code == 503
    assert "watch-making" in answer.text


def test_while_serving_no_page_waits_for_rows_to_be_read(waiting, installation, monkeypatch):
    """Whoever asks right after the start, or after new rows, is told at once; the rows are read beside."""
    watches, read, may_begin = waiting.site.watching, [], threading.Event()
    of, begin = Watches.of, Watches.begin
    monkeypatch.setattr(
        Watches, "of", lambda *given: read.append(threading.current_thread().name) or of(*given)
    )
    monkeypatch.setattr(Watches, "begin", lambda *given: may_begin.wait() and begin(*given))
    system = installation.catalogue.systems["smart_epidemic_prevention"]
    with watches.beforehand(installation):
        try:
            pages = [
                waiting.get(path)
                for path in (f"{HOME}?{WEEK}", f"{HOME}/room?{WEEK}", f"{HOME}/dengue?day=2015-08-20")
            ]
            file = waiting.get(f"{HOME}.csv")
            waited = list(read)
        finally:
            may_begin.set()
        while not watches.is_read(installation, system, waiting.site.open_access(), system.watches):
            time.sleep(0.05)
        assert waiting.get(f"{HOME}/dengue?day=2015-08-20").text.count('class="points"') == 1
    assert all("This page is being worked out" in page.text for page in pages)
    assert (file.status_code, waited) == (503, [])
    assert "watching" in read


def test_rows_that_cannot_be_watched_hold_up_no_other_system(installation, tmp_path, monkeypatch):
    def refuses(_self, _installation, _system, _access, names):
        raise Invalid("watch-no-rows", table=names[0])

    monkeypatch.setattr(Watches, "of", refuses)
    watches = Watches(tmp_path / "watched")
    watches.begin(installation)
    watches._looking = True
    system = installation.catalogue.systems["smart_epidemic_prevention"]
    access = Site(installation, Renderer(), watching=watches).open_access()
    assert watches.is_read(installation, system, access, system.watches)


def test_all_that_public_systems_watch_is_begun_the_weekly_first(installation, tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(Workshop, "ask", lambda _, kind, job: begun.append(kind))
    Watches(tmp_path / "watched").begin(installation)
    assert sorted(begun) == [*3 * ["forecasts"], "season", *3 * ["sweep"]]
    assert begun[-1] == "season"
    assert Catalogue.scan().systems["smart_epidemic_prevention"].weekly.keys() == {
        "ili",
        "enterovirus",
        "dengue_weekly",
    }
