"""What a bulletin says, sentence by sentence: one and many, no change, no data, first week, highest, who is missing."""

import datetime as dt
from dataclasses import replace

import pytest

from camphora.engines.watch import bulletin_sentences as say
from camphora.engines.watch.bulletin import Bulletin, High, Late, Level, Past
from camphora.engines.watch.declaration import Budget, Method, Watch
from camphora.engines.watch.forecasts import Ahead
from camphora.engines.watch.sweep import Said, Signal
from camphora.pages.words import Words, missing

ZH, EN = (say.worded(Words(lang)) for lang in ("zh-TW", "en"))
WATCH = Watch(
    name="flu",
    title={"zh-TW": "類流感急診", "en": "Influenza-like illness"},
    unit={"zh-TW": "人次", "en": "visits"},
    table="t",
    count="visits",
    area="county",
    group="age",
    groups={
        "0-6": {"zh-TW": "0–6 歲", "en": "0–6 years"},
        "65+": {"zh-TW": "65 歲以上", "en": "65 and over"},
    },
    weeks="taiwan",
    absent="zero",
    methods=(Method("detection.ears.c2", {"zh-TW": "EARS C2", "en": "EARS C2"}),),
    budget=Budget(20),
)
FIVE = tuple(
    Past(f"{2018 - back}-05", count) for back, count in enumerate([900.0, 1100.0, 1000.0, 1300.0, 700.0])
)


def nation(now=1200.0, last=1000.0, **more):
    return Level("", "", now, last, **{"past": FIVE, **more})


def area(code, now, last=None, past=()):
    return Level(code, "", now, last, tuple(Past("2018-05", each) for each in past))


def bulletin(**changes):
    given = {
        "watch": WATCH,
        "week": "2019-05",
        "first": dt.date(2019, 1, 27),
        "nation": nation(),
        "areas": (),
        "groups": (),
        "signals": (),
        "ahead": (),
        "holiday": False,
        "holiday_past": False,
        "silent": (),
        "last": "2023-26",
        "digest": "d",
    }
    return Bulletin(**{**given, **changes})


def of(level):
    return bulletin(nation=level)


def test_both_languages_have_the_same_words():
    assert missing(say.strings("zh-TW"), say.strings("en")) == []


def test_words_of_a_system_lie_over_those_of_the_bulletin():
    assert (
        say.worded(Words("en", {"bulletin": {"nation": "all islands"}}))("bulletin.nation") == "all islands"
    )


@pytest.mark.parametrize(
    ("level", "zh", "en"),
    [
        (
            nation(1200.0, 1000.0),
            "1,200 人次，較前一週（1,000 人次）增加 20.0%。",
            "1,200 visits nationwide, 20.0% more than the week before (1,000 visits).",
        ),
        (
            nation(500.0, 1000.0),
            "500 人次，較前一週（1,000 人次）減少 50.0%。",
            "500 visits nationwide, 50.0% fewer than the week before (1,000 visits).",
        ),
        (nation(3500.0, 1000.0), "增加 250%。", "250% more than the week before (1,000 visits)."),
        (
            nation(1000.0, 1000.0),
            "1,000 人次，與前一週（1,000 人次）相同。",
            "the same as the week before (1,000 visits).",
        ),
        (
            nation(1010.0, 1000.0),
            "與前一週（1,000 人次）相近。",
            "about as many as the week before (1,000 visits).",
        ),
        (nation(1.0, 0.0), "1 人次，前一週為 0。", ": 1 visit nationwide, after none the week before."),
        (
            nation(0.0, 1.0),
            "0 人次，較前一週（1 人次）減少 100%。",
            "0 visits nationwide, 100% fewer than the week before (1 visit).",
        ),
        (
            nation(0.0, 0.0),
            "0 人次，與前一週（0 人次）相同。",
            "0 visits nationwide, the same as the week before (0 visits).",
        ),
        (
            nation(7.0, None),
            "7 人次，為資料之首週，無前一週可比。",
            "7 visits nationwide, the first week of the data, with none before it.",
        ),
        (nation(None, 5.0), "無類流感急診資料。", ": no data."),
    ],
)
def test_level(level, zh, en):
    assert say.level(of(level), ZH).endswith(zh)
    assert say.level(of(level), EN).endswith(en)


def test_level_names_the_week_and_its_days():
    assert say.level(bulletin(), ZH).startswith(
        "108 年第 5 週（108 年 1 月 27 日至 2 月 2 日）全國類流感急診"
    )
    assert say.level(bulletin(), EN).startswith(
        "Influenza-like illness, 2019 week 5 (27 Jan to 2 Feb 2019): "
    )
    assert say.span(dt.date(2019, 12, 29), dt.date(2020, 1, 4), "en") == "29 Dec 2019 to 4 Jan 2020"
    assert (
        say.span(dt.date(2019, 12, 29), dt.date(2020, 1, 4), "zh-TW")
        == "108 年 12 月 29 日至 109 年 1 月 4 日"
    )


def test_a_series_that_has_ended_says_since_when():
    ended = bulletin(nation=nation(None, None), watch=replace(WATCH, ended=dt.date(2019, 1, 1)))
    assert say.level(ended, ZH).endswith("發布機關已於 108 年 1 月 1 日起停止更新。")
    assert say.level(ended, EN).endswith("the publisher ended the series on 1 Jan 2019.")


@pytest.mark.parametrize(
    ("level", "zh", "en"),
    [
        (
            nation(1200.0),
            "近 5 年同週為 700 至 1,300，中位數 1,000；本週較中位數多 20.0%。",
            "this week has 20.0% more than the median.",
        ),
        (nation(800.0), "本週較中位數少 20.0%。", "this week has 20.0% fewer than the median."),
        (nation(1000.0), "本週與中位數相同。", "this week has as many as the median."),
        (
            nation(1500.0),
            "本週高於其中任一年，較中位數多 50.0%。",
            "this week is above every one of them, 50.0% over the median.",
        ),
        (
            nation(600.0),
            "本週低於其中任一年，較中位數少 40.0%。",
            "this week is below every one of them, 40.0% under the median.",
        ),
        (
            nation(600.0, past=FIVE[:1]),
            "一年前同週為 900，本週少 33.3%。",
            "The same week of the year before had 900; this week has 33.3% fewer.",
        ),
        (nation(900.0, past=FIVE[:1]), "一年前同週為 900，本週與之相同。", "this week has as many."),
        (
            nation(3.0, past=(Past("2018-05", 0.0),)),
            "一年前同週為 0，本週高於各年。",
            "this week is above every one of them.",
        ),
        (
            nation(7.0, past=(Past("2018-05", 0.0), Past("2017-05", 1.0), Past("2016-05", 2.0))),
            "近 3 年同週為 0 至 2，中位數 1；本週高於各年。",
            "The same week of 3 earlier years had 0 to 2 (median 1); this week is above every one of them.",
        ),
        (
            nation(2.0, past=(Past("2018-05", 0.0), Past("2017-05", 3.0), Past("2016-05", 5.0))),
            "中位數 3；本週低於中位數。",
            "(median 3); this week is below the median.",
        ),
        (
            nation(2.0, past=(Past("2018-05", 1.0),)),
            "一年前同週為 1，本週較多。",
            "had 1; this week has more.",
        ),
        (
            nation(0.0, past=(Past("2018-05", 0.0), Past("2017-05", 0.0))),
            "近 2 年同週均為 0；本週與之相同。",
            "The same week of each of 2 earlier years had 0; this week has as many.",
        ),
        (nation(past=()), "資料中無往年同週可比。", "The data hold no same week of an earlier year."),
        (nation(None), "", ""),
    ],
)
def test_years(level, zh, en):
    assert say.years(of(level), ZH).endswith(zh)
    assert say.years(of(level), EN).endswith(en)
    assert bool(say.years(of(level), ZH)) == bool(zh)


@pytest.mark.parametrize(
    ("run", "zh", "en"),
    [
        (0, "", ""),
        (1, "", ""),
        (-1, "", ""),
        (2, "已連續 2 週上升。", "It has risen for 2 weeks in a row."),
        (-3, "已連續 3 週下降。", "It has fallen for 3 weeks in a row."),
    ],
)
def test_trend(run, zh, en):
    assert say.trend(of(nation(run=run)), ZH) == zh
    assert say.trend(of(nation(run=run)), EN) == en


@pytest.mark.parametrize(
    ("high", "zh", "en"),
    [
        (None, "", ""),
        (High("2018-11", "2007-01"), "為 107 年第 11 週以來最高。", "This is the most since 2018 week 11."),
        (
            High("", "2007-01"),
            "為 96 年第 1 週有資料以來最高。",
            "This is the most since the data begin in 2007 week 1.",
        ),
    ],
)
def test_record(high, zh, en):
    assert say.record(high, ZH) == zh
    assert say.record(high, EN) == en


def test_holiday():
    assert say.holiday(bulletin(), EN) == ""
    assert "other weeks" in say.holiday(bulletin(holiday=True), EN)
    assert "In an earlier year" in say.holiday(bulletin(holiday_past=True), EN)
    assert "same week every year" in say.holiday(bulletin(holiday=True, holiday_past=True), EN)
    assert say.holiday(bulletin(holiday=True, nation=nation(None)), ZH) == ""


TAIPEI, KINMEN, PENGHU, LIENCHIANG = "63000", "09020", "10016", "09007"


@pytest.mark.parametrize(
    ("areas", "zh", "en"),
    [
        ((area(TAIPEI, 5.0),), "縣市以臺北市（5）最多。", "Most were in Taipei City (5)."),
        (
            (area(TAIPEI, 5.0), area(KINMEN, 1500.0)),
            "縣市以金門縣（1,500）、臺北市（5）最多。",
            "Most were in Kinmen County (1,500) and Taipei City (5).",
        ),
        (
            (area(TAIPEI, 5.0), area(KINMEN, 4.0), area(PENGHU, 3.0), area(LIENCHIANG, 2.0)),
            "縣市以臺北市（5）、金門縣（4）、澎湖縣（3）最多。",
            "Most were in Taipei City (5), Kinmen County (4) and Penghu County (3).",
        ),
        ((area(TAIPEI, 0.0), area(KINMEN, None)), "各縣市均無個案。", "No county had any."),
        ((area("ward-7", 2.0),), "縣市以ward-7（2）最多。", "Most were in ward-7 (2)."),
        ((), "", ""),
    ],
)
def test_highest(areas, zh, en):
    assert say.highest(bulletin(areas=areas), ZH) == zh
    assert say.highest(bulletin(areas=areas), EN) == en


@pytest.mark.parametrize(
    ("areas", "zh", "en"),
    [
        (
            (area(TAIPEI, 109.0, 100.0),),
            "無縣市較前一週明顯增加（10% 且 10 人次以上）。",
            "No county clearly rose on the week before (by 10% and 10 visits or more).",
        ),
        ((area(TAIPEI, 18.0, 9.0),), "無縣市", "No county"),
        (
            (area(TAIPEI, 110.0, 100.0),),
            "1 個縣市較前一週明顯增加（10% 且 10 人次以上）：臺北市（+10，+10.0%）。",
            "1 county clearly rose on the week before (by 10% and 10 visits or more): Taipei City (+10, +10.0%).",
        ),
        (
            (area(TAIPEI, 12.0, 0.0),),
            "1 個縣市較前一週明顯增加（10% 且 10 人次以上）：臺北市（+12，前一週為 0）。",
            "Taipei City (+12, none the week before).",
        ),
        (
            (area(TAIPEI, 130.0, 100.0), area(KINMEN, 150.0, 100.0)),
            "2 個縣市",
            ": Kinmen County (+50, +50.0%) and Taipei City (+30, +30.0%).",
        ),
        (
            (
                area(TAIPEI, 130.0, 100.0),
                area(KINMEN, 150.0, 100.0),
                area(PENGHU, 160.0, 100.0),
                area(LIENCHIANG, 120.0, 100.0),
            ),
            "增加最多為澎湖縣",
            "4 counties clearly rose on the week before (by 10% and 10 visits or more), most of all Penghu County",
        ),
    ],
)
def test_rising(areas, zh, en):
    assert zh in say.rising(bulletin(areas=areas), ZH)
    assert en in say.rising(bulletin(areas=areas), EN)


def test_nothing_rises_in_a_first_week():
    first = bulletin(nation=nation(5.0, None), areas=(area(TAIPEI, 50.0, None),))
    assert say.rising(first, ZH) == say.rising(first, EN) == ""


@pytest.mark.parametrize(
    ("areas", "zh", "en"),
    [
        (
            (area(TAIPEI, 9.0, 0.0, [9.0]),),
            "各縣市往年同週不足 10 人次或無資料，不作比較。",
            "No county is compared",
        ),
        ((area(TAIPEI, None, 0.0, [90.0]),), "不作比較", "No county is compared"),
        (
            (area(TAIPEI, 20.0, 0.0, [20.0]),),
            "可比之 1 個縣市均未高於往年同週中位數。",
            "The 1 county that can be compared is not above",
        ),
        (
            (area(TAIPEI, 10.0, 0.0, [20.0]), area(KINMEN, 1.0, 0.0, [20.0])),
            "可比之 2 個縣市均未",
            "None of the 2 counties that can be compared is above",
        ),
        (
            (area(TAIPEI, 30.0, 0.0, [20.0]),),
            "可比之 1 個縣市中，1 個高於往年同週中位數，相對最高為臺北市（150%）。",
            "1 is above the median of the same week of earlier years: Taipei City (150%).",
        ),
        (
            (area(TAIPEI, 30.0, 0.0, [20.0]), area(KINMEN, 50.0, 0.0, [20.0])),
            "相對最高為金門縣（250%）、臺北市（150%）。",
            "All 2 counties that can be compared are above the median of the same week of earlier years, furthest",
        ),
    ],
)
def test_unusual(areas, zh, en):
    assert zh in say.unusual(bulletin(areas=areas), ZH)
    assert en in say.unusual(bulletin(areas=areas), EN)


def test_counties_that_did_not_report_are_named():
    one = bulletin(areas=(area(TAIPEI, 5.0), area(KINMEN, None)))
    assert say.absent(one, ZH) == "1 個縣市無本週資料：金門縣；全國數字未含。"
    assert say.absent(one, EN) == (
        "1 county has no data for this week and is not in the national figure: Kinmen County."
    )
    two = bulletin(areas=(area(PENGHU, None), area(KINMEN, None)), silent=(TAIPEI,))
    assert say.absent(two, EN) == (
        "2 counties have no data for this week and are not in the national figure: Penghu County and Kinmen"
        " County. 1 county has none this week after many in the weeks before, and has perhaps not reported yet:"
        " Taipei City."
    )
    assert say.absent(bulletin(areas=(area(TAIPEI, 5.0),)), ZH) == ""


def test_ages():
    groups = (Level("", "0-6", 60.0, 40.0), Level("", "65+", 40.0, 39.0))
    assert say.ages(bulletin(groups=groups), ZH) == (
        "各年齡中，0–6 歲最多，計 60，占 60.0%。較前一週增幅最大者：0–6 歲，增加 50.0%。"
    )
    assert say.ages(bulletin(groups=groups[1:]), EN) == "Most were in the group 65 and over: 40, or 100%."
    assert say.ages(bulletin(groups=(Level("", "0-6", 0.0, 0.0),)), EN) == ""
    assert say.ages(bulletin(groups=(Level("", "0-6", None, None),)), ZH) == ""


def signal(**changes):
    said = Said("detection.ears.c2", {}, 66.0, 94.0, 0.001, True, {})
    given = {
        "watch": "flu",
        "area": KINMEN,
        "group": "",
        "week": "2019-05",
        "rank": 1,
        "observed": 126.0,
        "expected": 66.0,
        "upper": 94.0,
        "p": 0.001,
        "lasted": 1,
        "said": (said, replace(said, alarm=False)),
        "data": "d",
    }
    return Signal(**{**given, **changes})


def test_signals():
    assert say.signals(bulletin(), ZH) == "本週無新列之異常訊號；近 2 週列過者不再列，無訊號不等於無疫情。"
    assert say.signals(bulletin(), EN).startswith(
        "The week shows no new signal; what was shown in the 2 weeks"
    )
    assert say.signals(bulletin(signals=(signal(),)), EN).startswith("The week shows 1 signal; ")
    assert say.signals(bulletin(signals=(signal(), signal())), EN).startswith("The week shows 2 signals; ")
    assert say.signals(bulletin(signals=(signal(),)), ZH) == "本週有 1 件異常訊號；訊號須經研判，不等於疫情。"


def test_why_a_signal_is_there():
    assert say.why(signal(), WATCH, ZH) == "126 人次，預期約 66，超出上限 94。2 種方法中 1 種認為異常。"
    assert say.why(signal(lasted=3), WATCH, EN) == (
        "126 visits where about 66 were expected, beyond the bound of 94. 1 of 2 methods finds it unusual."
        " For 3 weeks in a row."
    )
    assert "within one week's bound of 94" in say.why(signal(observed=90.0), WATCH, EN)
    silent = replace(signal(), said=(replace(signal().said[0], upper=None, alarm=False), signal().said[0]))
    assert "1 種方法中 1 種認為異常" in say.why(silent, WATCH, ZH)


def ahead(median, half, step=1):
    return Ahead(f"2019-{5 + step:02d}", step, median, half, (half[0] - 100, half[1] + 100), None)


def test_forecast():
    rise = (ahead(1500.0, (1400.0, 1600.0)), ahead(1100.0, (900.0, 1300.0), 4))
    assert say.forecast(bulletin(ahead=rise), ZH) == (
        "依當週所知，預測次週約 1,500 人次（95% 預測區間 1,300 至 1,700），可能多於本週；"
        "108 年第 9 週約 1,100（800 至 1,400）。"
    )
    assert say.forecast(bulletin(ahead=rise), EN) == (
        "From what was known in that week, the next is forecast to have about 1,500 visits (95% interval 1,300 to"
        " 1,700), probably more than this week; 2019 week 9 about 1,100 (800 to 1,400)."
    )
    assert "資料未滿一年" in say.forecast(bulletin(ahead=()), ZH)
    assert "half a minute" in say.forecast(bulletin(ahead=None), EN)
    assert say.forecast(bulletin(ahead=rise, nation=nation(None)), ZH) == ""
    one = (ahead(1.2, (0.0, 3.0)),)
    assert "about 1 visit (" in say.forecast(bulletin(ahead=one), EN)


@pytest.mark.parametrize(
    ("half", "way"), [((1201.0, 1300.0), "up"), ((1100.0, 1199.0), "down"), ((1100.0, 1300.0), "open")]
)
def test_direction_is_said_only_where_half_lies_on_one_side(half, way):
    assert say.direction(ahead(1200.0, half), 1200.0) == way


@pytest.mark.parametrize(
    ("late", "zh", "en"),
    [
        (None, "未提供歷次版本", "Earlier editions of the data are not told of"),
        (
            Late(1, "2019-05", 0, True, 5.0, 5.0),
            "本資料目前僅存 1 個版本，無從比較補報。",
            "Only one edition of these data is kept, so late reports cannot be shown.",
        ),
        (
            Late(1, "2023-26", 230, True, 5.0, 5.0),
            "含本週之最早版本收錄至 112 年第 26 週，晚於本週 230 週",
            "goes to 2023 week 26, 230 weeks after it",
        ),
        (
            Late(3, "2019-05", 0, True, 5.0, 5.0),
            "所存 3 個版本中，僅最新者含本週",
            "Of 3 editions kept only the newest holds this week",
        ),
        (Late(3, "2019-06", 1, False, 5.0, 5.0), "自首次收錄後未曾變動", "2019 week 6, 1 week after it"),
        (
            Late(2, "2019-05", 0, False, 100.0, 101.0, ((TAIPEI, 10.0, 11.0),)),
            "首次收錄為 100 人次，現為 101 人次，補報 1 人次（1.0%）。1 個縣市之本週數字有變動。",
            "now 101 visits: 1 visit came late (1.0%). The week's figure changed in 1 county.",
        ),
        (
            Late(2, "2019-05", 0, False, 1.0, 3.0, ((TAIPEI, 0.0, 1.0), (KINMEN, 0.0, 1.0))),
            "補報 2 人次（200%）",
            "First kept as 1 visit, now 3 visits: 2 visits came late (200%). The week's figure changed in 2 counties.",
        ),
        (
            Late(2, "2019-05", 0, False, 0.0, 3.0, ((TAIPEI, 0.0, 3.0),)),
            "首次收錄為 0 人次，現為 3 人次，補報 3 人次。",
            "First kept as 0 visits, now 3 visits: 3 visits came late. ",
        ),
        (
            Late(2, "2019-05", 0, False, 100.0, 90.0, ((TAIPEI, 20.0, 10.0),)),
            "更正減少 10 人次（10.0%）",
            "corrected down by 10 visits (10.0%)",
        ),
        (
            Late(2, "2019-05", 0, False, 9.0, 9.0, ((TAIPEI, 4.0, 5.0), (KINMEN, 5.0, 4.0))),
            "全國總數未變（9 人次），但分布已修正。",
            "The national figure stands (9 visits), but its parts have been corrected.",
        ),
    ],
)
def test_late(late, zh, en):
    assert zh in say.late(late, WATCH, ZH)
    assert en in say.late(late, WATCH, EN)


def test_method_names_the_methods_and_how_weeks_are_numbered():
    said = " ".join(say.method(WATCH, EN))
    assert "what 1 method expects (EARS C2)" in said
    assert "at most 20 a week" in said
    assert "as in the files of Taiwan CDC" in said
    assert "taken as unknown" in " ".join(say.method(replace(WATCH, absent="missing", weeks="iso"), EN))


def test_units_that_are_not_known_stay_as_declared():
    other = replace(WATCH, unit={"zh-TW": "隻", "en": "mosquitoes"})
    assert say.counted(1, other, EN) == "1 mosquitoes"
    assert say.counted(1, WATCH, EN) == "1 visit"
    assert say.counted(1234.4, WATCH, ZH) == "1,234 人次"


def test_of_counties_that_all_lie_above_it_is_said_so():
    """Neither language says that 8 of 8 are; one alone and some of several keep their own sentence."""
    above = [area(code, 40.0, past=[20.0]) for code in ("65000", "67000")]
    assert "可比之 2 個縣市全部高於" in say.unusual(bulletin(areas=tuple(above)), ZH)
    assert "All 2 counties that can be compared are above" in say.unusual(bulletin(areas=tuple(above)), EN)
    below = area("64000", 10.0, past=[20.0])
    assert "Of 3 counties" in say.unusual(bulletin(areas=(*above, below)), EN)
    assert "Of 1 counties" not in say.unusual(bulletin(areas=(above[0],)), EN)


def test_a_week_that_no_method_can_judge_is_not_said_to_be_without_signals():
    assert say.signals(bulletin(judged=False), ZH) == "此時資料尚短，各方法均無從估計預期值，本週不判讀異常。"
    assert "no signal is sought" in say.signals(bulletin(judged=False), EN)
    assert "no new signal" in say.signals(bulletin(), EN)
