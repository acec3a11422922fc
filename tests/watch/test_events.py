"""Which rises of one week are one event, in a lattice of places and ages."""

from dataclasses import replace

import numpy as np
import pytest

from camphora.engines.watch.declaration import Budget
from camphora.engines.watch.events import Lattice, Rises
from camphora.engines.watch.series import Series
from camphora.engines.watch.sweep import swept
from watch.watched import sweep, watch

COUNTIES = tuple(f"{number:05d}" for number in range(1, 23))
AGES = ("0-6", "7-12", "13-18", "19-64", "65+")
WEEK = 59


def nation(seed, *rises):
    """Sixty weeks of every county and age, steady; in the last one each `(counties, ages, times)` rises."""
    cells = np.random.default_rng(seed).poisson(40, (22, 5, 60)).astype(float)
    for counties, ages, times in rises:
        for county in counties:
            for age in ages:
                cells[COUNTIES.index(county), AGES.index(age), WEEK] = round(40 * times)
    keys, parent, counts = [("", "")], [-1], [cells.sum((0, 1))]
    keys += [("", age) for age in AGES]
    parent += [0] * 5
    counts += list(cells.sum(0))
    for number, county in enumerate(COUNTIES):
        parent += [0, *[len(keys)] * 5]
        keys += [(county, age) for age in ("", *AGES)]
        counts += [cells[number].sum(0), *cells[number]]
    first = np.datetime64("2020-01-05") + 7 * np.arange(60)
    label = np.array([f"{2020 + at // 52}-{at % 52 + 1:02d}" for at in range(60)])
    return Series(tuple(keys), np.array(parent), np.array(counts), first, label, "cdc")


def made(series, **budget):
    """By EARS over forty weeks, so that the steady ones hardly ever seem to rise."""
    (method,) = watch("ili").methods[1:2]
    method = replace(method, parameters={"alpha": 0.01, "baseline": 40})
    return swept(replace(watch("ili"), methods=(method,), budget=Budget(20, q=1, own=1e-6, **budget)), series)


def told(series):
    found = made(series)
    return [(each.area, each.group) for each in found.signals(str(series.label[WEEK]))]


@pytest.mark.parametrize("seed", range(5))
def test_a_rise_of_one_age_in_all_counties_is_one_event(seed):
    assert told(nation(seed, (COUNTIES, ["65+"], 2.5))) == [("", "65+")]


@pytest.mark.parametrize("seed", range(5))
def test_a_rise_of_one_county_in_all_ages_is_one_event(seed):
    assert told(nation(seed, (["00007"], AGES, 2.5))) == [("00007", "")]


@pytest.mark.parametrize("seed", range(5))
def test_a_rise_of_all_is_one_event(seed):
    assert told(nation(seed, (COUNTIES, AGES, 1.8))) == [("", "")]


@pytest.mark.parametrize("seed", range(5))
def test_two_rises_are_two_events(seed):
    found = told(nation(seed, (COUNTIES, ["65+"], 2.5), (["00007"], ["7-12"], 4)))
    assert sorted(found) == [("", "65+"), ("00007", "7-12")]
    found = told(nation(seed, (["00003"], AGES, 3), (["00007"], AGES, 3)))
    assert sorted(found) == [("00003", ""), ("00007", "")]


@pytest.mark.parametrize("seed", range(5))
def test_a_county_that_rose_beyond_its_share_is_told_beside_the_nation(seed):
    """Whichever of the two has the stronger evidence."""
    found = told(nation(seed, (COUNTIES, ["65+"], 2), (["00007"], ["65+"], 6)))
    assert sorted(found) == [("", "65+"), ("00007", "65+")]


def lattice():
    """The nation, its two ages, two counties with two ages each."""
    parent = np.array([-1, 0, 0, 0, 3, 3, 0, 6, 6])
    across = np.array([-1, -1, -1, -1, 1, 2, -1, 1, 2])
    return Lattice(parent, across)


def test_what_two_places_have_in_common():
    made = lattice()
    assert made.above(4) == {0, 1, 3}
    assert made.common(0, 4) == made.common(4, 0) == 4
    assert made.common(1, 3) == made.common(3, 1) == 4
    assert made.common(2, 6) == 8
    assert made.common(3, 6) is None
    assert made.common(4, 5) is None
    assert made.common(7, 7) == 7


def under(counts, p):
    """By place in the lattice above: what is expected is 40, 20 and 10."""
    expected = np.array([40, 20, 20, 20, 10, 10, 20, 10, 10], dtype=float)[:, None]
    values = np.ones((9, 1))
    values[list(p), 0] = list(p.values())
    order = np.array(sorted(p, key=p.get))
    return Rises(lattice(), np.array(counts, dtype=float)[:, None], expected, values, 0.01).under(0, order)


def test_a_nation_whose_rise_is_one_countys_is_told_under_it():
    found = under(
        [60, 30, 30, 40, 20, 20, 20, 10, 10], {3: 1e-9, 0: 1e-7, 1: 1e-4, 2: 1e-4, 4: 1e-5, 5: 1e-5}
    )
    assert found == {0: 3, 1: 3, 2: 3, 4: 3, 5: 3}


def test_a_nation_all_of_whose_places_rose_is_told_before_them():
    found = under([80, 40, 40, 44, 22, 22, 36, 18, 18], {3: 1e-12, 0: 1e-11, 6: 1e-8})
    assert found == {3: 0, 6: 0}


def test_a_county_both_of_whose_ages_rose_is_told_before_them():
    """The nation's rise is all the county's, and its cells are not taken from it twice."""
    p = {4: 1e-20, 3: 1e-19, 0: 1e-18, 1: 1e-15, 5: 1e-3}
    found = under([94, 44, 50, 74, 34, 40, 20, 10, 10], p)
    assert found == {4: 3, 0: 3, 1: 3, 5: 3}


def test_what_is_silent_still_speaks_for_its_kin():
    series = nation(3, (COUNTIES, ["65+"], 2.5))
    counts = series.counts.copy()
    counts[:, WEEK - 1] = counts[:, WEEK]
    sweep = made(replace(series, counts=counts), silence=2)
    assert [each.group for each in sweep.signals(str(series.label[WEEK - 1]))] == ["65+"]
    assert sweep.signals(str(series.label[WEEK])) == ()


def test_a_rise_of_all_counties_is_the_nations_though_each_county_has_the_stronger_evidence():
    """As at the Lunar New Year, where the nation's own series varies more than the counties'."""
    found = under([80, 40, 40, 41, 20, 20, 39, 20, 19], {3: 1e-12, 6: 1e-11, 4: 1e-8, 0: 1e-4, 1: 1e-3})
    assert found == {3: 0, 6: 0, 4: 0, 1: 0}


def test_the_lunar_new_year_of_2019_is_one_event():
    """Twenty counties' ages stood there, each with the stronger evidence."""
    assert [(each.area, each.group) for each in sweep("ili").signals("2019-06")][:1] == [("", "")]
    assert len(sweep("ili").signals("2019-06")) <= 5
