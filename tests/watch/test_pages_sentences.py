"""Sentences on made-up counts: singular and plural, none, no change, first week, record high; in both languages."""

from functools import cache

import numpy as np
import pytest

from camphora.catalogue.folder import engine_strings
from camphora.engines.watch.forecasts import Score
from camphora.engines.watch.pages import sentences
from camphora.engines.watch.pages.asked import Count
from camphora.engines.watch.pages.scorecard import failures
from camphora.pages.words import Words
from watch.watched import watch

EN, ZH = (Words(lang, engine_strings("watch", lang)) for lang in ("en", "zh-TW"))
LABELS = [f"{2010 + k // 52}-{k % 52 + 1:02}" for k in range(300)]


@pytest.mark.parametrize(
    ("now", "before", "en", "zh"),
    [
        (12, 10, "2 more than the week before (up 20%).", "較前一週多 2（增加 20%）。"),
        (10, 12, "2 fewer than the week before (down 17%).", "較前一週少 2（減少 17%）。"),
        (2100, 1000, "1,100 more than the week before (up 110%).", "較前一週多 1,100（增加 110%）。"),
        (7, 7, "The same as the week before.", "與前一週相同。"),
        (0, 0, "The same as the week before.", "與前一週相同。"),
        (3, 0, "None the week before, 3 now.", "前一週為 0，本週 3。"),
        (3, None, "There are no data of the week before.", "前一週沒有資料。"),
        (None, 3, "", ""),
    ],
)
def test_a_change_is_said_against_the_week_before(now, before, en, zh):
    assert sentences.change(now, before, EN) == en
    assert sentences.change(now, before, ZH) == zh


def test_the_first_week_that_a_place_reports_is_said_to_be_that():
    assert sentences.change(5, None, EN, first=True) == "This is the first week that the place reported."
    assert sentences.change(5, None, ZH, first=True) == "本週是當地開始通報的第一週。"


@pytest.mark.parametrize(
    ("weeks", "en", "zh"),
    [
        (0, "It is not yet above the bound of the leading method.", "尚未超過主要方法的上限。"),
        (1, "This is the first week above the bound.", "本週才超過上限。"),
        (3, "It has been above the bound for 3 weeks in a row.", "連續第 3 週超過上限。"),
    ],
)
def test_how_long_it_has_lasted(weeks, en, zh):
    assert (sentences.lasted(weeks, EN), sentences.lasted(weeks, ZH)) == (en, zh)


@pytest.mark.parametrize(
    ("alarms", "able", "en"),
    [
        (2, 3, "2 of 3 methods find it unusual."),
        (1, 1, "1 of 1 method finds it unusual."),
        (0, 2, "0 of 2 methods find it unusual."),
        (0, 0, "No method can tell."),
    ],
)
def test_how_many_methods_agree(alarms, able, en):
    assert sentences.methods(alarms, able, EN) == en


@pytest.mark.parametrize(
    ("p", "en"),
    [
        (None, ""),
        (0.9999, "a probability of about 100%."),
        (0.98, "a probability of about 98%."),
        (0.04, "a probability of about 4%."),
        (0.0012, "a probability of about 0.12%."),
        (0.00018, "a probability of about 1 in 5,600."),
        (1e-5, "a probability of about 1 in 100,000."),
        (1e-9, "a probability of less than one in a million."),
        (0.0, "a probability of less than one in a million."),
    ],
)
def test_how_improbable_it_is(p, en):
    assert sentences.unusual(p, EN).endswith(en)


@pytest.mark.parametrize(
    ("p", "cell"), [(1.0, "1"), (1.2e-05, "0.000012"), (1e-9, "< 0.000001"), (None, None)]
)
def test_a_probability_in_a_cell(p, cell):
    assert sentences.probability(p) == cell


def test_a_high_is_told_after_a_year_of_counts_and_only_where_it_is_one():
    counts = np.full(300, 5.0)
    counts[10], counts[299] = 50, 40
    assert sentences.record(counts, 299, LABELS, EN) == "The highest since 2010 week 11."
    assert sentences.record(counts, 299, LABELS, ZH) == "為 99 年第 11 週以來最高。"
    counts[299] = 60
    assert sentences.record(counts, 299, LABELS, EN) == "The highest since the data begin in 2010 week 1."
    counts[299] = 50
    assert sentences.record(counts, 299, LABELS, EN) == "The highest since 2010 week 11."
    counts[280] = 70
    assert sentences.record(counts, 299, LABELS, EN) == ""
    assert sentences.record(counts, 10, LABELS, EN) == ""
    counts[299] = 0
    assert sentences.record(counts, 299, LABELS, EN) == ""
    counts[299] = np.nan
    assert sentences.record(counts, 299, LABELS, EN) == ""


def test_data_begin_where_a_place_first_reported():
    counts = np.full(300, 5.0)
    counts[:100], counts[299] = np.nan, 60
    assert sentences.record(counts, 299, LABELS, EN).endswith("begin in 2011 week 49.")


@pytest.mark.parametrize(
    ("past", "now", "said"),
    [
        ([10, 10, 10, 10], 11, "rising"),
        ([10, 10, 10, 10], 10.9, "steady"),
        ([10, 10, 10, 10], 9.1, "steady"),
        ([10, 10, 10, 10], 8, "falling"),
        ([0, 0, 0, 0], 3, "rising"),
        ([0, 0, 0, 0], 0, "steady"),
        ([10, np.nan, 10, 10], 30, "unknown"),
        ([10, 10, 10, 10], np.nan, "unknown"),
        ([10, 10], 30, "unknown"),
    ],
)
def test_a_trend_is_against_the_four_weeks_before(past, now, said):
    counts = np.array([*past, now], dtype=float)
    assert sentences.trend(counts, len(past)) == said


def test_places_are_told_with_the_one_that_is_furthest():
    two = [("63000", Count(20, 10, 15)), ("65000", Count(40, 10, 30)), ("67000", Count(5, 10, 15))]
    assert sentences.counties(two, EN) == (
        "2 counties are above their bounds. Furthest above what was expected is New Taipei City, 4.0 times."
    )
    assert sentences.counties(two[:1], EN).startswith("1 county is above its bound.")
    assert sentences.counties(two[2:], ZH).startswith("沒有縣市高於上限。")
    assert sentences.counties([("63000", Count(None, None, None))], EN) == "No county is above its bound."


def test_what_came_of_earlier_signals():
    assert sentences.outcome(0, 0, EN) == "No earlier signal here is 4 weeks old."
    assert (
        sentences.outcome(3, 7, EN)
        == "Of 7 earlier signals here, 3 were above the bound again within 4 weeks."
    )
    assert sentences.outcome(3, 7, ZH) == "當地過去 7 件訊號中，3 件在之後 4 週內再度高於上限。"


@cache
def score(area, horizon, flat, most, number=100):
    return Score(area, horizon, number, 1.0, {"flat": flat, "seasonal": 0.5}, 0.5, most)


def test_the_scorecard_names_its_failures_and_says_where_there_are_none():
    good = [score(None, None, 0.8, 0.95), score("63000", 1, 0.8, 0.95), score("", 2, 0.9, 0.91)]
    assert failures(good, EN) == [
        "In all 2 pairs of place and weeks ahead it does better than taking this week's number.",
        "In all 2 pairs of place and weeks ahead the 95% interval held 90% of the time or more.",
    ]
    bad = [*good, score("09007", 4, 1.2, 0.8)]
    assert failures(bad, EN) == [
        (
            "Of 3 pairs of place and weeks ahead, 1 does worse than taking this week's number. "
            "Among them: Lienchiang County (4 weeks)."
        ),
        (
            "Of 3 pairs, 1 has a 95% interval that held less than 90% of the time. "
            "Among them: Lienchiang County (4 weeks)."
        ),
    ]
    many = [score(area, 1, 1.5, 0.95) for area in ("63000", "64000", "65000", "66000", "67000", "68000")]
    many += [score("10002", step, 1.5, 0.95) for step in (1, 2, 3, 4)]
    assert failures(many, EN)[0].endswith("Yilan County (1 week), Yilan County (2 weeks), 2 more.")


def test_counts_bear_their_unit():
    from camphora.engines.watch.pages.frame import about, counted

    assert counted(
        1, watch("ili"), Words("en", {"counted": {"ili": {"one": "{n} visit", "other": "{n} visits"}}})
    ) == ("1 visit")
    assert counted(1234, watch("ili"), ZH) == "1,234 人次"
    assert [about(each) for each in (0.04, 9.94, 9.96, 10.4, 12345.6)] == [
        "0.0",
        "9.9",
        "10.0",
        "10",
        "12,346",
    ]
