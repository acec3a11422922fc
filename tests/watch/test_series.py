"""Series of the published files, against the same series as others made them from the same files."""

import csv
import gzip
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from camphora.engines.watch import series_of
from camphora.errors import Invalid
from watch.watched import rows, series, watch

INPUTS = Path(__file__).parents[1] / "methods" / "data" / "watch" / "inputs"


def expected(name):
    """By county code: (dates, the source's year-week, counts), as the folder of R's answers has them."""
    found = defaultdict(lambda: ([], [], []))
    with gzip.open(INPUTS / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for kept, key in zip(
                found[row["series_id"][-5:]], ("date", "source_label", "count"), strict=True
            ):
                kept.append(row[key])
    return found


@pytest.mark.parametrize(("name", "file"), [("ili", "weekly_ili"), ("enterovirus", "weekly_enterovirus")])
def test_counties_are_those_of_the_published_inputs(name, file):
    made, answers = series(name), expected(file)
    assert len(answers) == 11
    for county, (dates, weeks, counts) in answers.items():
        assert list(map(str, made.first)) == dates
        assert list(made.label) == weeks
        found = made.counts[made.row(county)]
        assert np.nan_to_num(found).tolist() == [float(count) for count in counts]


def test_weeks_before_a_county_reported_are_missing_and_not_zero():
    made = series("ili")
    for county, weeks in {"09007": 229, "09020": 25, "10016": 15}.items():
        counts = made.counts[made.row(county)]
        assert np.isnan(counts[:weeks]).all()
        assert not np.isnan(counts[weeks:]).any()


@pytest.mark.parametrize("name", ["ili", "enterovirus"])
def test_each_series_is_the_sum_of_those_below_it(name):
    made = series(name)
    assert made.keys[0] == ("", "")
    assert made.parent[0] == -1
    for row, (area, group) in enumerate(made.keys):
        below = np.flatnonzero(made.parent == row)
        places = [each for each in below if made.keys[each][0] != area]
        parts = [each for each in below if made.keys[each][0] == area]
        for part in (places, parts):
            if part:
                assert np.array_equal(np.nansum(made.counts[part], axis=0), np.nan_to_num(made.counts[row]))
        if not area and group:
            same = [each for each, key in enumerate(made.keys) if key[0] and key[1] == group]
            assert np.array_equal(np.nansum(made.counts[same], axis=0), np.nan_to_num(made.counts[row]))


def test_weeks_without_a_row_may_be_missing():
    declared = replace(watch("ili"), absent="missing")
    some = [row for row in rows("ili_visits") if row["year"] == 2019 and row["week"] not in {7, 8}]
    made = series_of(declared, some)
    assert np.isnan(made.counts[:, made.at("2019-07")]).all()
    zero = series_of(watch("ili"), some)
    assert (zero.counts[:, zero.at("2019-07")] == 0).all()


def test_what_cannot_be_watched_is_refused():
    with pytest.raises(Invalid, match="watch-no-rows"):
        series_of(watch("ili"), [])
    with pytest.raises(Invalid, match="watch-group"):
        series_of(watch("ili"), [{"year": 2019, "week": 1, "age": "70+", "county": "63000", "visits": 1}])
    with pytest.raises(Invalid, match="methods-week"):
        series_of(watch("ili"), [{"year": 2018, "week": 53, "age": "65+", "county": "63000", "visits": 1}])
    with pytest.raises(Invalid, match="watch-no-series"):
        series("ili").row("99999")
    with pytest.raises(Invalid, match="watch-no-week"):
        series("ili").at("2031-01")
