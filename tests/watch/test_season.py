"""A season by day: what each day would have shown, how fast cases grow, and warnings against the plain day."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from camphora.catalogue import Catalogue
from camphora.engines.watch import Season, declared
from camphora.engines.watch.pages.warnings import kind_of
from camphora.engines.watch.season import Cluster, Counts, Scanned, Warned, counts_of, warned
from camphora.engines.watch.season.counts import Township
from camphora.engines.watch.season.followed import Followed
from camphora.engines.watch.season.growth import growth_of
from camphora.engines.watch.season.scanned import clusters_of, warning
from camphora.errors import Faults, Invalid
from camphora.formats.declaration import base_tables
from camphora.methods.reproduction import cori
from camphora.pages import Figures, LineChart, PointMap, Prose, Table
from watch.watched import SYSTEM

SOURCE = {"zh-TW": "疾管署", "en": "Taiwan CDC"}
DAY = "2015-08-20"
NORTH = "67000340"


@cache
def system():
    return Catalogue.scan().systems[SYSTEM.name]


def season():
    return system().watches["dengue"]


@cache
def counts():
    tables = {**base_tables(), **system().own_tables}
    return counts_of(season(), {name: tuple(tables[name].bundled()) for name in season().tables})


@cache
def followed():
    return Followed(season(), counts(), "2015-12-31", SOURCE, "d", beforehand=False)


def view(page="dengue", lang="en", given=None, one=None):
    return system().view(system().page(page), {}, lang, given or {}, {"dengue": one or followed()})


def block(view, kind, name=""):
    return next(
        each for each in view.blocks if isinstance(each, kind) and name in ("", getattr(each, "name", ""))
    )


# The counts


def test_all_cases_of_the_file_are_counted_once():
    found = counts()
    assert len(found.days) == 365
    assert len(found.townships) == 108
    assert found.unknown == 0
    assert found.cases.sum() + found.elsewhere == 43611
    assert found.by_village.sum() == found.cases.sum()
    assert {code: int(row.sum()) for code, row in found.by_county.items() if row.sum() > 400} == {
        "67000": 22755,
        "64000": 19707,
        "10013": 413,
    }


def test_people_are_those_of_the_month_and_points_lie_in_the_south():
    found = counts().townships[counts().township(NORTH)]
    assert (found.name, found.name_en) == ("北區", "North District")
    assert 130_000 < found.people < 135_000
    assert sum(each.people for each in counts().townships) == pytest.approx(5_500_000, rel=0.02)
    assert all(21.8 < each.latitude < 23.5 and 120 < each.longitude < 121.1 for each in counts().townships)


def test_a_day_or_township_that_is_not_there_is_said():
    with pytest.raises(Invalid) as caught:
        counts().at("2016-01-01")
    assert caught.value.code == "watch-no-day"
    assert caught.value.facts["last"] == "2015-12-31"
    with pytest.raises(Invalid):
        counts().township("65000010")


# The scan


def test_a_day_shows_clusters_of_the_days_up_to_it_alone():
    at = counts().at(DAY)
    found, made = clusters_of(season(), counts(), at)
    later = counts().cases.copy()
    later[:, at + 1 :] += 1000
    assert clusters_of(season(), replace(counts(), cases=later), at)[0] == found
    warns = warning(season(), found)
    assert warns
    assert counts().township(NORTH) in warns[0].places
    assert warns[0].cases > 3 * warns[0].expected
    assert warns[0].p == 1 / (season().scan.replicates + 1)
    assert all(at - season().scan.longest < each.begin <= at for each in found)
    assert made["parameters"]["alive"] is True
    assert made["parameters"]["seed"] == at


def test_the_first_weeks_show_none():
    assert clusters_of(season(), counts(), 26) == ((), {})


def test_what_is_probable_or_of_few_cases_warns_of_nothing():
    def cluster(p, cases):
        return Cluster((0,), 1.0, 3, cases, 0.1, p)

    kept = warning(season(), [cluster(0.005, 3), cluster(0.01, 9), cluster(0.015, 90), cluster(0.005, 2)])
    assert [(each.p, each.cases) for each in kept] == [(0.005, 3), (0.01, 9)]


# Warnings


def small(cases):
    """Townships in a row, with these cases by day."""
    cases = np.array(cases, dtype=float)
    places = tuple(
        Township(f"6700034{n}", f"{n}區", f"D{n}", 1000, 23.0, 120 + n / 10) for n in range(len(cases))
    )
    days = tuple(f"2015-01-{n + 1:02}" for n in range(cases.shape[1]))
    return Counts(days, places, cases, (), cases[:0], {"67000": cases.sum(axis=0)}, 0.0, 0.0)


def scanned(days, *found):
    """Clusters by (day, places)."""
    each = [[] for _ in range(days)]
    for day, places in found:
        each[day].append(Cluster(places, 1.0, day, 5.0, 0.5, 0.005))
    return Scanned(tuple(tuple(day) for day in each), {})


def test_each_township_is_first_warned_of_and_plain_on_its_own_day():
    cases = [[0, 5, 5, 0], [4, 0, 0, 9], [0, 0, 0, 0], [1, 0, 0, 0], [9, 9, 0, 0]]
    found = warned(season(), small(cases), scanned(4, (0, (0,)), (3, (1, 2)), (2, (0,)), (3, (4,))))
    assert found == (
        Warned(0, 0, 0.0, 2, 10.0),
        Warned(4, 3, 18.0, 1, 18.0),
        Warned(1, 3, 13.0, 3, 13.0),
        Warned(2, 3, 0.0, None, 0.0),
        Warned(3, None, 0.0, None, 1.0),
    )
    assert [one.lead for one in found] == [2, -2, 0, None, None]
    assert [kind_of(one) for one in found] == ["ahead", "behind", "same", "unfounded", "quiet"]
    assert kind_of(Warned(0, None, 0.0, 2, 10.0)) == "missed"


def test_cases_of_eight_days_ago_make_nothing_plain():
    cases = [[9, 0, 0, 0, 0, 0, 0, 1, 9]]
    assert warned(season(), small(cases), scanned(9))[0].plain == 8


# Growth and R


def test_cases_that_double_in_five_days_are_said_to():
    found = growth_of(np.round(20 * 2 ** (np.arange(14) / 5)))
    assert found.rises
    assert found.doubling()[0] == pytest.approx(5, rel=0.02)
    assert found.doubling()[1] < 5 < found.doubling()[2]


def test_falling_steady_and_few_cases():
    assert growth_of(np.round(400 * 2 ** (-np.arange(14) / 4))).falls
    steady = growth_of(np.array([20, 22, 19, 21, 18, 23, 20, 19, 22, 20, 21, 20, 18, 22.0]))
    assert not steady.rises
    assert not steady.falls
    assert steady.doubling()[2] == np.inf
    assert growth_of(np.array([0, 1, 0, 2, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1.0])) is None


def test_the_interval_of_growth_holds_the_true_rate_as_often_as_it_says():
    random = np.random.default_rng(1)
    mean = 15 * np.exp(0.05 * np.arange(14))
    found = [growth_of(random.poisson(mean).astype(float)) for _ in range(400)]
    held = np.mean([one.low <= 0.05 <= one.high for one in found])
    assert 0.93 <= held <= 0.98


def test_r_is_that_of_cori_with_the_declared_interval_and_none_of_few_cases():
    at, rule = counts().at(DAY), season().reproduction
    days = counts().by_county["67000"][None, : at + 1]
    wanted = cori.certain(days, mean=rule.mean, sd=rule.sd, window=rule.window).quantiles[0, -1]
    assert followed().reproduction("67000", at) == pytest.approx(wanted[[0, 3, 6]])
    assert followed().reproduction("67000", at)[0] > 1
    assert followed().reproduction("10013", counts().at("2015-05-20")) is None


# The pages


def test_a_day_says_its_clusters_map_counties_and_limits():
    found = view(given={"day": DAY})
    assert found.title == "Dengue: 20 Aug 2015"
    assert "Replay: judged from the data up to this day only." in found.lead
    picture = block(found, PointMap)
    assert picture.rings
    assert sum(spot.alert for spot in picture.spots) > 3
    assert max(picture.spots, key=lambda spot: spot.value).label.startswith("North District")
    rows = block(found, Table, "counties").rows
    assert [row["county"] for row in rows] == ["Tainan City", "Kaohsiung City", "Pingtung County"]
    assert rows[0]["growth"].startswith("doubles in")
    assert rows[0]["rt"] > 1
    said = " ".join(block(found, Prose).paragraphs)
    assert "no day of report" in said
    assert "not a published figure" in said
    assert "135 villages" in said
    assert block(found, LineChart, "rt").sentence.count("16 days") >= 1


def test_a_township_lists_all_of_its_villages():
    rows = block(view(given={"day": DAY, "area": NORTH}), Table, "villages").rows
    assert {row["township"] for row in rows} == {"North District, Tainan City"}
    at = counts().at(DAY)
    of = [village for village, (code, _) in enumerate(counts().villages) if code == NORTH]
    total = counts().by_village[of, : at + 1].sum(axis=1)
    assert total.sum() == counts().cases[counts().township(NORTH), : at + 1].sum()
    assert sorted(row["total"] for row in rows if row["total"]) == sorted(total[total >= 3])
    assert len(rows) == (total > 0).sum()
    assert len(block(view(given={"day": DAY}), Table, "villages").rows) == 20


def test_a_quiet_day_says_so_in_both_languages():
    assert "沒有達警示標準" in view(lang="zh-TW", given={"day": "2015-01-20"}).lead
    found = view(given={"day": "2015-01-20"})
    assert block(found, Figures).items[3].value == "0"
    assert block(found, PointMap).rings == []
    assert block(found, Table, "counties").rows[0]["growth"] == "too few cases to tell"


def test_the_135_villages_that_the_page_speaks_of_are_so_many_of_the_cases():
    """The figures of the limit on villages stand in the words; the boundaries are not in the package."""
    text = " ".join(block(view(lang="zh-TW", given={"day": DAY}), Prose).paragraphs)
    assert "5,652 例，約 13%" in text
    assert round(5652 / counts().by_village.sum() * 100) == 13


def test_the_map_has_the_villages_of_the_townships_in_clusters():
    picture = block(view(given={"day": DAY}), PointMap)
    days, at = counts().days, counts().days.index(DAY)
    warned = {counts().townships[place].code for one in followed().clusters(at) for place in one.places}
    assert {one.township for one in picture.patches} == warned
    assert len(days[: at + 1]) > 14
    cases = counts().by_village[:, at - 13 : at + 1].sum(axis=1)
    expected = {key: each for key, each in zip(counts().villages, cases, strict=True) if key[0] in warned}
    shown = {(one.township, one.name): one.value for one in picture.patches}
    hid = {(one.township, one.name) for one in picture.patches if one.label.endswith(": not told")}
    assert {key: shown[key] for key in shown if key not in hid} == {
        key: each for key, each in expected.items() if key not in hid
    }
    assert shown.keys() == expected.keys()
    assert hid == {key for key, each in expected.items() if each in (1, 2)}
    assert max(picture.patches, key=lambda one: one.value).label.endswith(" cases")
    assert picture.patch_word
    assert block(view(given={"day": "2015-01-20"}), PointMap).patches == []


def test_warnings_are_told_of_once_all_days_are_scanned():
    waiting = view("dengue_warnings")
    assert block(waiting, Prose).tone == "notice"
    assert waiting.making
    assert not any(isinstance(each, Table) for each in waiting.blocks)
    kept = Followed(season(), counts(), "2015-12-31", SOURCE, "d")
    kept._whole.made = scanned(365, (100, (3,)), (200, (counts().township(NORTH),)))
    found = view("dengue_warnings", one=kept)
    rows = block(found, Table).rows
    assert rows[0]["first"] == counts().days[100]
    north = next(row for row in rows if row["township"] == "North District, Tainan City")
    assert north["first"] == counts().days[200]
    assert north["lead"] == (np.datetime64(north["plain"]) - np.datetime64(north["first"])).astype(int)
    assert "anybody would notice" in " ".join(found.blocks[-1].paragraphs)


def test_a_page_is_given_what_it_watches_and_no_more():
    """The season comes to no page of signals, and the weekly watches to none of the season."""
    assert system().page("signals").watch == ("ili", "enterovirus", "dengue_weekly")
    found = system().view(
        system().page("dengue"), {}, "en", {"day": DAY}, {"ili": None, "dengue": followed()}
    )
    assert found.title == "Dengue: 20 Aug 2015"


# The declaration


def test_a_declaration_is_read_and_every_fault_has_its_line(tmp_path):
    text = (SYSTEM / "watch" / "dengue.toml").read_text("utf-8")
    file = tmp_path / "dengue.toml"
    file.write_text(text, "utf-8")
    assert isinstance(declared(file), Season)
    file.write_text(
        text.replace("window = 28", 'window = "long"').replace('unit.en = "cases"\n', ""), "utf-8"
    )
    with pytest.raises(Faults) as caught:
        declared(file)
    assert len(caught.value.faults) == 2
    table = system().own_tables["dengue_2015"]
    file.write_text(text.replace('count = "cases"', 'count = "dead"'), "utf-8")
    with pytest.raises(Faults) as caught:
        declared(file, table)
    assert [fault.code for fault in caught.value.faults] == ["watch-column"]


def test_the_clusters_of_a_season_are_kept_to_the_last_digit(tmp_path):
    from camphora.engines.watch import keeping

    made = Scanned((clusters_of(season(), counts(), counts().at(DAY))[0], ()), {"method": "x", "version": 1})
    keeping.keep(tmp_path, "season", "n", made)
    assert keeping.kept_season(tmp_path, "n") == made
