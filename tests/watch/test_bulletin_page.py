"""The bulletin as a page: what it shows of each watch, its pictures and tables, and how it lies on paper."""

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import camphora
from camphora.engines.watch.forecasts import Forecasts
from camphora.engines.watch.pages import PAGES
from camphora.engines.watch.series import series_of
from camphora.engines.watch.watching import Watched
from camphora.errors import Invalid, NotFound
from camphora.methods.forecasting.forecast import LEVELS
from camphora.pages import CountyMap, Figures, LineChart, Prose, Table
from camphora.pages.words import Words
from camphora.web.drawing.county_map import county_map
from camphora.web.render import Chrome, Renderer
from watch.test_bulletin import early, kept
from watch.watched import series, sweep, table, watch

STATIC = Path(camphora.__file__).parent / "web" / "static"


def foreseen(given):
    """Twice the present count for each of four weeks, in place of a forecast that takes half a minute."""
    rows = [row for row, (_, group) in enumerate(given.keys) if not group]
    spread = np.array(LEVELS) + 1.5
    quantiles = given.counts[rows][:, :, None, None] * np.ones((1, 1, 4, 1)) * spread
    quantiles[:, :52] = np.nan
    came = np.full(quantiles.shape[:3], np.nan)
    areas = tuple(given.keys[row][0] for row in rows)
    return Forecasts(areas, given.labels(4), quantiles, came, {}, {})


@dataclass(frozen=True)
class Told(Watched):
    """Whose forecasts are as given; none: still being made; an error: what came of making them."""

    told: Forecasts | Invalid | None = None

    def foreseen(self):
        if isinstance(self.told, Invalid):
            raise self.told
        return self.told


def told(name, given=None, forecast=None):
    declared = table(watch(name).table)
    kept = given or series(name)
    found = Told(watch(name), kept, str(declared.as_of), declared.source, "v", told=forecast)
    found._swept.made = sweep(name)
    return found


@cache
def watched(name):
    return told(name, forecast=foreseen(series(name)))


def both():
    return {name: watched(name) for name in ("ili", "enterovirus")}


def bulletin(lang="en", only="", given=None, **parameters):
    taken = given or both()
    return PAGES["bulletin"](taken, Words(lang), {"system": "s", "watch": only, **parameters})


def blocks(view, sort):
    return [each for each in view.blocks if isinstance(each, sort)]


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_a_week_of_two_watches(lang):
    view = bulletin(lang, week="2019-06")
    assert {"zh-TW": "疫情週報 108 年第 6 週", "en": "Weekly bulletin, 2019 week 6"}[lang] == view.title
    names = [each.name for each in blocks(view, LineChart | CountyMap | Table)]
    assert len(names) == len(set(names))
    assert {"ili_trend", "ili_map", "ili_forecast", "ili_signals", "enterovirus_map"} <= set(names)
    assert len(blocks(view, Figures)[0].items) == 3
    assert view.downloads == "ili_counties"
    assert not re.search(r"\bnan\b|None|\{", str([each.paragraphs for each in blocks(view, Prose)]))


def test_one_watch_alone_has_four_figures_and_its_name():
    view = bulletin(only="ili", week="2019-06")
    assert view.title == "Influenza-like illness in emergency rooms: weekly bulletin, 2019 week 6"
    labels = [each.label for each in blocks(view, Figures)[0].items]
    assert labels[1:] == ["Against the same week of earlier years", "Signals", "Forecast for 2019 week 10"]
    assert [each.href for each in view.actions] == ["?watch=ili&week=2019-05", "?watch=ili&week=2019-07"]


def test_the_latest_week_is_that_of_the_watch_that_goes_furthest():
    view = bulletin(week="latest")
    assert view.title.endswith("2023 week 26")
    assert "the data end with 2021 week 22" in str(view.blocks)
    assert [each.label for each in view.actions] == ["Week before"]
    assert view.as_of == "1 Jul 2023"


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_a_county_has_its_own_and_its_links_stay_with_it(lang):
    """One county's counts, signals and digest, its table for download, and no word of another place."""
    view = bulletin(lang, week="2017-25", area="09020")
    name = {"zh-TW": "金門縣", "en": "Kinmen County"}[lang]
    said = str([each.paragraphs for each in blocks(view, Prose)])
    assert view.title.startswith(name)
    assert name in said
    assert view.actions[0].href == "?area=09020&week=2017-24"
    assert not blocks(view, CountyMap)
    assert view.downloads == "ili_weeks"
    trend = next(each for each in blocks(view, LineChart) if each.name == "ili_trend")
    assert trend.table.name == "ili_weeks"
    row = series("ili").row("09020")
    assert trend.series[0].values[-1] == series("ili").counts[row, series("ili").at("2017-25")]
    assert {"zh-TW": "不再遮蔽", "en": "nothing more is hidden"}[lang] in said
    assert len(_digests(said)) == 2
    assert _digests(said).isdisjoint(_digests(str(bulletin(lang, week="2017-25").blocks)))
    assert said == str([b.paragraphs for b in blocks(bulletin(lang, week="2017-25", area="09020"), Prose)])


def test_a_watch_without_the_county_is_left_out_and_nowhere_is_refused():
    kinmen = replace(
        series("ili"), keys=tuple(("1" if a == "09020" else a, g) for a, g in series("ili").keys)
    )
    given = {"enterovirus": watched("enterovirus"), "ili": told("ili", kinmen, foreseen(kinmen))}
    view = bulletin(given=given, week="2017-25", area="09020")
    assert "ili_trend" not in {each.name for each in blocks(view, LineChart)}
    with pytest.raises(Invalid, match="watch-no-series"):
        bulletin(week="2017-25", area="99999")


def _digests(said):
    return set(re.findall(r"[0-9a-f]{24}", said))


def test_a_week_that_no_watch_knows_is_refused():
    with pytest.raises(Invalid, match="watch-no-week"):
        bulletin(week="2031-01")
    with pytest.raises(NotFound, match="watch-no-signal"):
        bulletin(only="plague")


def test_a_first_week_is_told_without_what_came_before():
    view = bulletin(only="ili", week="2007-01")
    assert "the first week of the data" in str(view.blocks)
    assert [each.name for each in blocks(view, LineChart)] == ["ili_trend"]
    chart = blocks(view, LineChart)[0]
    assert chart.band is None
    assert len(chart.positions) == 1


def test_a_week_without_data_says_so_and_draws_nothing():
    counts = series("ili").counts.copy()
    counts[:, series("ili").at("2019-06")] = np.nan
    bare = told("ili", replace(series("ili"), counts=counts))
    view = bulletin(given={"ili": bare}, week="2019-06")
    assert "no data." in str(view.blocks)
    assert not blocks(view, LineChart | CountyMap | Table)
    assert blocks(view, Figures)[0].items[0].value == "no data"


def test_a_forecast_that_is_not_made_yet_is_told():
    view = bulletin(given={"ili": told("ili")}, week="2019-06")
    assert "half a minute" in str(view.blocks)
    assert blocks(view, Figures)[0].items[3].value == "being made"


def test_a_forecast_that_cannot_be_made_is_left_out():
    short = told("ili", forecast=Invalid("methods-short", argument="counts", least=2, found=1))
    view = bulletin(given={"ili": short}, week="2019-06")
    assert "nothing is forecast" in str(view.blocks)
    assert blocks(view, Figures)[0].items[3].value == "too little is known"


def test_the_chart_holds_a_year_and_the_range_of_the_years_before():
    chart = blocks(bulletin(only="ili", week="2019-06"), LineChart)[0]
    counts, at = series("ili").counts[0], series("ili").at("2019-06")
    assert list(chart.series[0].values) == counts[at - 51 : at + 1].tolist()
    assert chart.point == (0, 51)
    same = [counts[series("ili").at(f"{year}-06")] for year in range(2014, 2019)]
    assert (chart.band.low[-1], chart.band.high[-1]) == (min(same), max(same))
    assert chart.series[1].values[-1] == same[-1]
    assert [each.at for each in chart.events] == ["2018-W07", "2019-W06"]


def test_the_map_holds_each_county_against_its_own_years():
    view = bulletin(only="ili", week="2019-06")
    chart = blocks(view, CountyMap)[0]
    assert len(chart.values) == len(chart.table.rows) == 22
    row = next(each for each in chart.table.rows if each["place"] == "Taipei City")
    assert chart.values["63000"] == round(row["now"] / row["usual"], 2)
    legend = {key: key for key in ("absent", "low", "high", "steps")}
    assert "least 182%" in county_map(chart, "en", legend)


def test_signals_lead_to_their_pages():
    found = next(each for each in blocks(bulletin(week="2019-06"), Table) if each.name == "ili_signals")
    assert len(found.rows) == 1
    assert found.rows[0]["href"].startswith("/systems/s/signal/ili-2019-06-")
    assert "beyond the bound" in found.rows[0]["why"]


def test_late_reports_stand_in_a_table():
    newest = early("2019-07")
    before = early("2019-06", {(2019, 6, "65000", "0-6"): 7})
    given = series_of(watch("ili"), newest)
    late = Watched(watch("ili"), given, "2019-02-16", {}, "", kept(before, newest), beforehand=False)
    view = bulletin(given={"ili": late}, week="2019-06")
    found = next(each for each in blocks(view, Table) if each.name == "ili_late")
    assert [(row["where"], row["more"]) for row in found.rows] == [
        ("2019 week 6", 7.0),
        ("New Taipei City", 7.0),
    ]
    assert "7 visits came late" in str(view.blocks)


def test_the_same_data_give_the_same_page_with_its_digest():
    first, again = bulletin(week="2019-06"), bulletin(week="2019-06")
    assert first == again
    assert len(set(re.findall(r"issue's data: ([0-9a-f]{24})\.", str(first.blocks)))) == 2


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_on_paper_it_is_a_few_whole_pages(lang, tmp_path, chromium):
    page = Renderer().view(bulletin(lang, week="2019-06"), Chrome(lang=lang, path="/x"))
    file = tmp_path / "bulletin.html"
    file.write_text(page.replace("/static/", f"{STATIC.as_uri()}/"), "utf-8")
    shown = chromium.new_page(viewport={"width": 688, "height": 1000})
    shown.goto(file.as_uri())
    paper = shown.pdf(prefer_css_page_size=True)
    shown.emulate_media(media="print")
    wide = shown.evaluate("document.documentElement.scrollWidth")
    cut = shown.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
    )
    whole = shown.evaluate(
        "[...document.querySelectorAll('.panel')].every(e => e.getBoundingClientRect().height < 1000"
        " && getComputedStyle(e).breakInside === 'avoid')"
    )
    hidden = shown.evaluate(
        "[...document.querySelectorAll('.head, .actions, .crumbs')].every(e => !e.offsetParent)"
    )
    shown.close()
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 10
    assert re.search(rb"/MediaBox\s*\[0 0 594\.\d+ 841\.\d+\]", paper)
    assert wide <= 688
    assert cut == 0
    assert whole
    assert hidden
