"""The pages of watch over the web: parameters in the address, files, what is not there, and nothing made twice."""

import csv
import io
import re
from types import SimpleNamespace

import pytest

from camphora.engines.watch import Watched

HOME = "/systems/smart_epidemic_prevention"
WEEK = f"{HOME}?week=2017-25"
LISTED = re.compile(rf'href="({HOME}/signal/ili-2017-25-[^"]+)"')


def test_the_week_of_the_address_lists_its_signals_and_leads_to_each(browser):
    answer = browser().get(WEEK)
    assert answer.status_code == 200
    listed = set(LISTED.findall(answer.text))
    said = browser().said(WEEK)
    assert f"106 年第 25 週（6 月 18 日至 6 月 24 日）。共 {len(listed)} 件訊號。" in said
    assert re.search(r"\d 人次；預期約 [\d,.]+。3 種方法中 3 種認為異常。", said)
    assert "真實開放資料" in said
    assert "資料截至 112 年 7 月 1 日" in said


def test_the_week_and_the_watch_are_chosen_in_a_form(browser):
    text = browser("en").get(WEEK).text
    assert '<option value="2017-25" selected>2017 week 25</option>' in text
    assert '<option value="2016-25">2016 week 25</option>' in text
    assert '<option value="2016-24">' not in text
    assert '<option value="enterovirus">Enterovirus infection in emergency rooms</option>' in text


def test_a_place_and_group_are_chosen_by_name(browser):
    text = browser("en").get(f"{HOME}/series?area=67000&group=0-6&week=2017-25").text
    assert '<option value="">Taiwan</option>' in text
    assert '<option value="67000" selected>Tainan City</option>' in text
    assert '<option value="0-6" selected>0–6 years</option>' in text


def test_a_signal_opens_at_its_key_in_both_languages(browser):
    page = LISTED.search(browser().get(WEEK).text)[1]
    assert "Why it is here" in browser("en").said(page)
    assert "為什麼列入" in browser().said(page)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{HOME}/signal/nothing", 404),
        (f"{HOME}/signal/ili-2017-25-99999-all", 404),
        (f"{HOME}?week=1999-01", 404),
        (f"{HOME}?watch=plague", 404),
        (f"{HOME}/series?area=99999", 404),
        (f"{HOME}/nothing", 404),
    ],
)
def test_what_is_not_there_is_said_with_a_remedy(browser, path, status):
    assert browser().get(path).status_code == status


def test_the_signals_are_a_file_with_their_date_and_source(browser):
    answer = browser("en").get(f"{HOME}.csv?week=2017-25")
    rows = [row for row in csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))) if len(row) > 5]
    assert [row[0] for row in rows[1:]] == [str(each) for each in range(1, 11)]
    assert "Penghu County" in rows[1]
    assert "2023-07-01" in answer.headers["content-disposition"]
    found = browser("en").get(f"{HOME}/public.json?week=2017-25").json()
    assert len(found["rows"]) == 22
    assert "Open Government Data License" in str(found)


def test_what_is_watched_is_read_once_for_all_pages_and_readers(browser, installation, monkeypatch):
    browser().get(WEEK)
    monkeypatch.setattr(installation.lake, "rows", None)
    for path in (f"{HOME}?week=2016-07", f"{HOME}/series?area=10002", f"{HOME}/method"):
        assert browser("en").get(path).status_code == 200


def test_the_first_page_and_the_list_of_open_data_name_the_system(browser):
    assert HOME in browser().get("/").text
    assert f"{HOME}/public" in browser().get("/open").text


@pytest.mark.parametrize(
    ("path", "week"),
    [
        ("", "week=2017-25"),
        ("/room", "week=2017-25"),
        ("/public", "week=2017-25"),
        ("/bulletin", "week=2017-25"),
        ("/dengue", "day=2015-08-20"),
    ],
)
def test_in_a_demo_a_bare_address_opens_in_the_past_that_it_shows(browser, path, week):
    """Its feeds have ended; the address says which week or day is shown, and what else was asked stays."""
    answer = browser("en").get(f"{HOME}{path}?lang=en")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}{path}?{week}&lang=en")
    assert browser("en").get(f"{HOME}{path}?{week}").status_code == 200


def test_where_the_source_has_ended_the_date_of_the_data_says_so(browser):
    assert "Data as of 1 Jul 2023, the source’s last" in browser("en").said(WEEK)
    said = browser("en").said(f"{HOME}/public?watch=dengue_weekly&week=2015-28")
    assert "Data as of 31 Dec 2015, the source’s last" in said
    assert "source ended on 31 Dec 2015" in said


def test_a_signal_without_a_forecast_says_why(browser, monkeypatch):
    monkeypatch.setattr(Watched, "foreseen", lambda _: SimpleNamespace(ahead=lambda *_: ()))
    said = browser("en").said(f"{HOME}/signal/dengue_weekly-2015-30-67000-all")
    assert "Less than a year of data was known then; nothing is foreseen." in said
    assert "not of age groups" in browser("en").said(f"{HOME}/signal/ili-2017-25-09020-0-6")


def test_the_weeks_of_a_chart_are_those_of_its_sentence(browser):
    said = browser("en").said(f"{HOME}/signal/dengue_weekly-2015-28-67000-all")
    title, sentence = (re.search(f, said)[1] for f in (r"(\d+) weeks? up to", r"these (\d+) weeks"))
    assert title == sentence


def test_how_many_editions_are_kept_is_said_alike(browser):
    assert "of 1 edition kept here" in browser("en").said(f"{HOME}/signal/ili-2017-25-09020-all")
