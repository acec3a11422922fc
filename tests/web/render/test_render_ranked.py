"""A list by rank, a folded table and a fan of forecasts: drawn, and taken away as files."""

import re

import pytest

from camphora.pages import Band, Chip, Column, Item, LineChart, Ranked, Series, Table, View
from camphora.web import drawing
from camphora.web.downloads import named_table
from camphora.web.render import Chrome, Renderer, arranged

TABLE = Table("t", "Rows", [Column("a", "A")], [{"a": "x"}], folded=True)
ITEMS = [
    Item(
        "k-1", 1, "金門縣 <b>", "/one", "126 & more", [Chip("高於預期", "alert")], [1, None, 3], "the last 3"
    ),
    Item("k-2", 2, "新竹市", "/two", "one sentence"),
]
RANKED = Ranked("r", "Signals", ITEMS, TABLE, "none")


@pytest.fixture(scope="module")
def renderer():
    return Renderer()


def drawn(renderer, *blocks):
    return renderer.view(View("v", "V", blocks, downloads="t"), Chrome(lang="en"))


def test_a_list_by_rank_leads_to_each_with_its_states_sentence_and_line(renderer):
    page = drawn(renderer, RANKED)
    assert [int(rank) for rank in re.findall(r'class="rank" aria-hidden="true">(\d+)<', page)] == [1, 2]
    assert '<li id="k-1">' in page
    assert '<a href="/one"><span lang="zh-Hant">金門縣</span> &lt;b&gt;</a>' in page
    assert '<span class="chip alert"><span lang="zh-Hant">高於預期</span></span>' in page
    assert "126 &amp; more" in page
    assert page.count('class="spark"') == 1
    assert "<title>the last 3</title>" in page


def test_nothing_to_judge_is_said(renderer):
    page = drawn(renderer, Ranked("r", "Signals", [], TABLE, "Nothing this week."))
    assert "Nothing this week." in page
    assert 'class="ranked"' not in page


def test_a_list_brings_its_table_which_is_folded_and_can_be_taken_away(renderer):
    assert arranged([RANKED]) == [RANKED, TABLE]
    assert '<details class="panel folded">' in drawn(renderer, RANKED)
    assert named_table(View("v", "V", [RANKED], downloads="t")) is TABLE


def test_a_fan_lies_behind_the_line_and_is_named_and_counted_in_the_scale():
    fan = [Band([None, 3, 1], [None, 3, 90], "95%"), Band([None, 3, 2], [None, 3, 5], "50%")]
    chart = LineChart("c", "C", ["1", "2", "3"], [Series("s", [1, 3, None])], "said", TABLE, fan=fan)
    picture = str(drawing.line_chart(chart, "en"))
    assert picture.count('class="band fan"') == 2
    assert picture.index('class="band fan"') < picture.index("<polyline")
    assert re.findall(r'class="(band-swatch fan-\d)"', picture) == ["band-swatch fan-1", "band-swatch fan-2"]
    assert ">100</text>" in picture
