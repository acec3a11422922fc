"""The weekly bulletin over the web: a week of all watches or of one, its digest, its file."""

import csv
import io
import re

import pytest

PAGE = "/systems/smart_epidemic_prevention/bulletin"


def test_a_week_of_all_that_is_watched(browser):
    said = browser().said(f"{PAGE}?week=2019-06")
    assert "疫情週報 108 年第 6 週" in said
    assert "全國類流感急診 37,509 人次，較前一週（15,846 人次）增加 137%。" in said
    assert "全國腸病毒急診 674 人次" in said
    assert "本資料目前僅存 1 個版本，無從比較補報。" in said
    assert "真實開放資料" in said


def test_it_says_the_same_digest_in_both_languages(browser):
    zh = re.findall(r"摘要值：([0-9a-f]{24})", browser().said(f"{PAGE}?week=2019-06"))
    en = re.findall(r"data: ([0-9a-f]{24})", browser("en").said(f"{PAGE}?week=2019-06"))
    assert len(zh) == 2
    assert zh == en


def test_all_or_one_is_chosen_in_a_form(browser):
    text = browser("en").get(f"{PAGE}?week=2019-06").text
    assert re.search(r'<option value="" selected>All</option>\s*<option value="ili">', text)
    one = browser("en").said(f"{PAGE}?week=2019-06&watch=enterovirus")
    assert "Enterovirus infection in emergency rooms: weekly bulletin, 2019 week 6" in one
    assert "Influenza-like illness in emergency rooms, 2019 week 6" not in one


def test_its_file_has_every_county(browser):
    answer = browser("en").get(f"{PAGE}.csv?week=2019-06")
    assert answer.status_code == 200
    assert 'filename="smart_epidemic_prevention-bulletin-' in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert len([row for row in rows if row and row[0].endswith((" City", " County"))]) == 22


@pytest.mark.parametrize("query", ["week=1999-01", "watch=plague", "week=2019-06&watch=plague"])
def test_what_is_not_there_is_said(browser, query):
    assert browser().get(f"{PAGE}?{query}").status_code == 404
