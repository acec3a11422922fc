"""The pages of the engine on the real series: what they say and where they lead."""

from functools import cache

import numpy as np
import pytest

from camphora.catalogue import Catalogue
from camphora.engines.watch import Watched
from camphora.engines.watch.pages import PAGES
from camphora.engines.watch.pages.asked import asked
from camphora.errors import Invalid, NotFound
from camphora.pages import CountyMap, Figures, LineChart, Ranked, Table, words
from camphora.pages.counties import BY_CODE
from watch.watched import SYSTEM, series, watch

NAME = SYSTEM.name
WEEK, KEY = "2017-25", "ili-2017-25-09020-all"
LANGS = ("zh-TW", "en")


@cache
def watched():
    return {
        name: Watched(
            watch(name),
            series(name),
            "2023-07-01",
            {"zh-TW": "疾管署", "en": "Taiwan CDC"},
            "d1",
            beforehand=False,
        )
        for name in ("ili", "enterovirus", "dengue_weekly")
    }


@cache
def system():
    return Catalogue.scan().systems[NAME]


SIGNAL = "ili-2023-05-10014-all"
"""One that its week shows first."""


def view(page, lang="en", **given):
    return system().view(system().page(page), {}, lang, given, watched())


def block(view, kind, name=""):
    return next(
        each for each in view.blocks if isinstance(each, kind) and name in ("", getattr(each, "name", ""))
    )


def test_the_folder_holds_no_code_and_names_pages_of_the_engine():
    assert not list(SYSTEM.glob("*.py"))
    assert {page.function for page in system().pages} >= {f"engine:watch.{name}" for name in PAGES}


def test_the_week_lists_its_signals_by_rank_with_a_sentence_and_a_small_line():
    found = block(view("signals", week="2023-05"), Ranked)
    expected = watched()["ili"].sweep.signals("2023-05")
    assert [item.key for item in found.items] == [signal.key for signal in expected]
    assert [item.rank for item in found.items] == list(range(1, 15))
    first = found.items[0]
    assert first.title == "Taitung County"
    assert first.text == "289 visits; about 91 expected. 3 of 3 methods find it unusual."
    assert [chip.text for chip in first.chips] == ["above expected"]
    assert first.href == f"/systems/{NAME}/signal/{SIGNAL}"
    assert len(first.trend) == 26
    assert first.trend[-1] == 289
    assert [row["key"] for row in found.table.rows] == [item.key for item in found.items]


def test_what_some_methods_only_find_unusual_is_somewhat_high():
    for item in (*items("ili", "2022-26"), *items("ili", "2023-05")):
        (chip,) = item.chips
        every = "3 of 3 methods" in item.text
        assert chip.text == ("above expected" if every else "somewhat high"), item.text


def items(name, week):
    return block(view("signals", watch=name, week=week), Ranked).items


def test_a_week_without_signals_says_so_in_both_languages():
    for lang, said in (("zh-TW", "本週沒有異常訊號。"), ("en", "There is no signal this week.")):
        shown = view("signals", lang, week="2019-05")
        ranked = block(shown, Ranked)
        assert not ranked.items
        assert ranked.empty == said
        assert said in shown.lead


def test_an_old_week_is_said_to_be_a_replay_and_the_last_one_is_not():
    assert "Replay" in view("signals", week=WEEK).lead
    last = view("signals")
    assert "2023 week 26" in last.lead
    assert "Replay" not in last.lead
    assert last.lead.endswith("The source ended on 1 Jul 2023.")
    assert "ended" not in view("signals", week=WEEK).lead
    assert last.as_of == "1 Jul 2023, the source’s last"


def test_a_signal_says_why_it_is_there_and_what_each_method_says():
    shown = view("signal", key=SIGNAL)
    why = next(each for each in shown.blocks if getattr(each, "title", "") == "Why it is here")
    assert why.paragraphs[0].startswith(
        "Taitung County, 2023 week 5: 289 visits; about 91 expected, the bound is "
    )
    assert "the bound for" in why.paragraphs[0] or "this week for the first time" in why.paragraphs[0]
    assert "than the week before" in why.paragraphs[1]
    assert why.paragraphs[2].startswith("3 of 3 methods find it unusual. If nothing were unusual")
    methods = block(shown, Table, "methods")
    assert [row["method"] for row in methods.rows] == ["improved Farrington", "EARS C2", "moving percentile"]
    assert "alpha=0.01" in methods.rows[0]["parameters"]
    assert shown.downloads == "methods"


def test_a_signals_chart_has_two_years_the_expected_range_and_the_week_in_question():
    chart = block(view("signal", key=KEY), LineChart)
    assert len(chart.positions) == 104
    assert chart.point == (0, 103)
    assert chart.series[0].values[103] == 354
    assert round(chart.band.low[103]) == 47
    assert round(chart.band.high[103]) == 109
    assert "above the bound" in chart.sentence
    assert chart.table.rows[0]["week"] == "2017 week 25"


def test_no_page_of_a_week_knows_what_came_later():
    """What is shown of a week is the same where later weeks are not known."""
    at = series("ili").at(WEEK)
    full = series("ili")
    cut = type(full)(
        full.keys,
        full.parent,
        full.counts[:, : at + 1],
        full.first[: at + 1],
        full.label[: at + 1],
        full.system,
    )
    then = {"ili": Watched(watch("ili"), cut, "2017-06-24", {"en": "x"}, "d0", beforehand=False)}
    for page, given in (("signals", {"week": WEEK}), ("signal", {"key": KEY}), ("public", {"week": WEEK})):
        now = PAGES[page](watched(), system().words("en"), {**given, "system": NAME})
        past = PAGES[page](then, system().words("en"), {**given, "system": NAME})
        for kind in (LineChart, CountyMap, Ranked):
            pairs = zip(of(now, kind), of(past, kind), strict=True)
            assert all(one == other for one, other in pairs), (page, kind)


def of(view, kind):
    return [each for each in view.blocks if isinstance(each, kind)]


def test_earlier_signals_are_told_with_what_came_of_them():
    shown = block(view("signal", key=KEY), Table, "earlier")
    weeks = [row["week"] for row in shown.rows]
    assert weeks == sorted(weeks, key=lambda text: [int(part) for part in text.split(" week ")], reverse=True)
    assert 0 < len(weeks) <= 12
    assert "2017 week 25" not in weeks
    assert "earlier signals here" in shown.note
    assert all(row["after"] in (0, 1, 2, 3, 4) for row in shown.rows if row["after"] is not None)


def test_the_lunar_new_year_is_noted_in_its_week_only():
    for week, noted in (("2019-06", True), ("2019-10", False)):
        shown = view("signal", key=f"ili-{week}-65000-all")
        text = str(
            next(
                each.paragraphs
                for each in shown.blocks
                if getattr(each, "title", "") == "Quality of the data"
            )
        )
        assert ("Lunar New Year" in text) is noted


def test_what_was_never_counted_is_no_signal():
    for key in ("ili-2007-20-09007-all", "ili", "nothing-2017-25-09020-all", "ili-2017-25-99999-all"):
        with pytest.raises(NotFound, match="watch-no-signal"):
            view("signal", key=key)
    with pytest.raises(Invalid, match="watch-no-week"):
        view("signal", key="ili-1999-01-09020-all")


def test_every_series_is_found_by_its_key():
    sweep = watched()["ili"].sweep
    for row, (area, group) in enumerate(series("ili").keys):
        key = sweep.signal(row, series("ili").at(WEEK)).key
        assert asked(watched(), {"key": key}).row == row, (area, group)


def test_the_map_holds_every_county_and_leads_to_each():
    shown = view("public", week=WEEK)
    found = block(shown, CountyMap)
    assert found.values.keys() == BY_CODE.keys()
    assert found.values["09020"] == pytest.approx(354 / 46.7, rel=0.02)
    assert found.hrefs["67000"] == f"/systems/{NAME}/series?watch=ili&week={WEEK}&area=67000"
    assert shown.downloads == "counties"
    assert "7 counties are above their bounds." in found.sentence
    assert "Furthest above what was expected is Kinmen County, 7.6 times." in found.sentence


def test_a_place_before_it_reported_has_no_data_and_says_so():
    shown = view("series", area="09007", week="2008-10")
    assert "no data" in shown.lead
    assert block(shown, Figures).items[0].value == "–"
    assert block(shown, LineChart).sentence == "No data."


def test_a_series_can_be_taken_away_whole():
    shown = view("series", area="67000", group="0-6", years="all", week="2019-50")
    rows = block(shown, LineChart).table.rows
    assert len(rows) == series("ili").at("2019-50") + 1
    row = series("ili").row("67000", "0-6")
    assert rows[0]["observed"] == series("ili").counts[row, series("ili").at("2019-50")]
    assert rows[0]["first"] == "2019-12-08"


@pytest.mark.parametrize("lang", LANGS)
def test_forecasts_that_are_not_made_yet_are_said_to_be_in_the_making(lang):
    for page in ("forecasts", "scorecard"):
        shown = view(page, lang)
        text = system().words(lang)("ahead.making")
        assert any(text in getattr(each, "paragraphs", ()) for each in shown.blocks)
        assert shown.making


def test_the_words_of_the_engine_are_whole_in_both_languages():
    from camphora.catalogue.folder import engine_strings

    assert words.missing(engine_strings("watch", "zh-TW"), engine_strings("watch", "en")) == []


def test_a_systems_words_lie_over_those_of_the_engine():
    assert system().words("en")("counted.ili", n=1) == "1 visit"
    assert system().words("en")("signals.title") == "This week's signals"


def test_weeks_are_chosen_among_those_that_are_known():
    week = next(one for one in system().page("signals").parameters if one.kind == "week")
    assert week.options({}, watched()["enterovirus"])[-1] == "2021-22"
    assert system().parameters(system().page("signals"), {}, {"watch": "enterovirus"}, watched()) == {
        "watch": "enterovirus",
        "week": "2021-22",
    }
    with pytest.raises(NotFound, match="catalogue-no-such-choice"):
        view("signals", week="2031-01")
    assert not np.isnan(series("enterovirus").counts[0, -1])
