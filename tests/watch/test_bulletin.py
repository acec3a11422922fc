"""The figures of a week's bulletin: from the counts up to it alone, the same again, and their digest."""

from dataclasses import replace

import numpy as np
import pytest

from camphora import __version__
from camphora.engines.watch import bulletin as made
from camphora.engines.watch.bulletin import Bulletin, bulletin_of, digest_of, high, late_of, level, run
from camphora.engines.watch.series import Series, series_of
from camphora.engines.watch.watching import Edition, Watched
from camphora.errors import Invalid
from watch.watched import rows, series, sweep, table, watch

NATION = 0


def watched(name="ili", counts=None, editions=()):
    """A watch of the package without its forecasts, which take half a minute; signals are those of the real counts."""
    given, declared = series(name), table(watch(name).table)
    kept = given if counts is None else replace(given, counts=counts)
    found = Watched(
        watch(name), kept, str(declared.as_of), declared.source, "v", tuple(editions), beforehand=False
    )
    found._swept.made = sweep(name)
    return found


def until(given, at):
    cut = slice(0, at + 1)
    return Series(
        given.keys, given.parent, given.counts[:, cut], given.first[cut], given.label[cut], given.system
    )


def test_a_real_week():
    found = bulletin_of(watched(), "2019-05")
    counts, at = series("ili").counts[NATION], series("ili").at("2019-05")
    assert (found.nation.now, found.nation.last) == (counts[at], counts[at - 1])
    assert (str(found.first), str(found.until)) == ("2019-01-27", "2019-02-02")
    assert [each.week for each in found.nation.past] == [f"{year}-05" for year in range(2018, 2013, -1)]
    assert found.nation.usual == np.median(
        [counts[series("ili").at(f"{year}-05")] for year in range(2014, 2019)]
    )
    assert len(found.areas) == 22
    assert len(found.groups) == 5
    assert sum(one.now for one in found.groups) == sum(one.now for one in found.areas) == found.nation.now
    assert found.highest[0].now == max(one.now for one in found.areas)
    assert not found.holiday
    assert found.holiday_past
    assert found.ahead is None
    assert found.last == "2023-26"


@pytest.mark.parametrize("week", ["2012-30", "2019-06", "2020-53"])
def test_a_week_knows_nothing_of_what_came_later(week):
    whole = bulletin_of(watched(), week)
    then = watched()
    cut = Watched(then.watch, until(then.series, then.series.at(week)), "", {}, "", beforehand=False)
    cut._swept.made = sweep("ili")
    again = bulletin_of(cut, week)
    assert again.digest == whole.digest
    assert replace(again, last=whole.last) == whole


def test_signals_are_those_of_the_sweep():
    found = bulletin_of(watched(), "2017-25")
    assert len(found.signals) == 10
    assert [one.rank for one in found.signals] == list(range(1, 11))


def test_a_digest_names_counts_declaration_and_code(monkeypatch):
    given, at = series("ili"), series("ili").at("2019-05")
    said = digest_of(watch("ili"), given, at)
    assert said == digest_of(watch("ili"), given, at)
    later, sooner = given.counts.copy(), given.counts.copy()
    later[NATION, at + 1] += 1
    sooner[NATION, at - 300] += 1
    assert digest_of(watch("ili"), replace(given, counts=later), at) == said
    assert digest_of(watch("ili"), replace(given, counts=sooner), at) != said
    assert digest_of(replace(watch("ili"), methods=watch("ili").methods[:1]), given, at) != said
    assert digest_of(watch("ili"), given, at + 1) != said
    monkeypatch.setattr(made, "__version__", __version__ + ".1")
    assert digest_of(watch("ili"), given, at) != said


def test_a_count_not_known_is_none_and_no_zero():
    given = series("ili")
    assert level(given, given.row("09007"), 0).now is None
    early = bulletin_of(watched(), "2007-01")
    assert {"09007", "09020", "10016"} <= set(early.missing)
    assert early.nation.last is None
    assert early.nation.past == ()
    assert early.nation.high is None


def test_week_53_is_held_against_the_years_that_have_one():
    assert [each.week for each in bulletin_of(watched(), "2020-53").nation.past] == []
    assert [each.week for each in bulletin_of(watched(), "2014-53").nation.past] == ["2009-53"]


def test_a_week_that_is_not_there_is_refused():
    with pytest.raises(Invalid, match="watch-no-week"):
        bulletin_of(watched(), "2031-01")


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([5], 0),
        ([5, 5], 0),
        ([4, 5], 1),
        ([5, 4], -1),
        ([9, 3, 4, 5], 2),
        ([1, 2, 3], 2),
        ([3, 2, 2, 1], -1),
        ([np.nan, 2, 3], 1),
        ([3, np.nan], 0),
        ([np.nan, 3], 0),
    ],
)
def test_weeks_in_one_direction(counts, expected):
    assert run(np.array(counts, dtype=float)) == expected


def alone(counts):
    labels = np.array([f"{2010 + week // 52}-{week % 52 + 1:02d}" for week in range(len(counts))])
    first = np.datetime64("2010-01-03") + 7 * np.arange(len(counts))
    return Series((("", ""),), np.array([-1]), np.array([counts], dtype=float), first, labels, "cdc")


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([9, *[1] * 26, 9], ("2010-01", "2010-01")),
        ([9, *[1] * 25, 9], None),
        ([*[1] * 52, 9], ("", "2010-01")),
        ([*[1] * 51, 9], None),
        ([np.nan, *[1] * 52, 9], ("", "2010-02")),
        ([*[0] * 60, 0], None),
        ([*[1] * 60, np.nan], None),
        ([*[1] * 60, 1], None),
    ],
)
def test_a_high_is_one_of_half_a_year_or_of_all_time(counts, expected):
    found = high(alone(counts), 0, len(counts) - 1)
    assert (found and (found.since, found.first)) == expected


def test_a_county_that_falls_silent_is_told():
    counts = series("ili").counts.copy()
    row, at = series("ili").row("65000"), series("ili").at("2019-05")
    counts[row, at] = 0
    assert bulletin_of(watched(counts=counts), "2019-05").silent == ("65000",)
    assert bulletin_of(watched(), "2019-05").silent == ()


def early(last, changed=()):
    """The rows that were known in a week; `changed`: (place, what was not yet reported)."""
    year, week = map(int, last.split("-"))
    late = dict(changed)
    return [
        {**row, "visits": row["visits"] - late.get((row["year"], row["week"], row["county"], row["age"]), 0)}
        for row in rows("ili_visits")
        if (2018, 1) <= (row["year"], row["week"]) <= (year, week)
    ]


def kept(*lists, reads=None):
    def reader(number, one):
        def read():
            if reads is not None:
                reads.append(number)
            return one

        return read

    return tuple(Edition(str(number), reader(number, one)) for number, one in enumerate(lists))


def now_and_then(editions, last):
    return Watched(watch("ili"), series_of(watch("ili"), last), "", {}, "", editions)


def test_late_reports_are_what_the_first_edition_with_the_week_did_not_have():
    missed = {(2019, 5, "65000", "0-6"): 7, (2019, 5, "09020", "65+"): 1, (2019, 4, "63000", "0-6"): 2}
    newest = early("2019-07")
    lists = [early("2019-04"), early("2019-05", missed), early("2019-06"), newest]
    found = late_of(now_and_then(kept(*lists), newest), "2019-05")
    assert (found.editions, found.through, found.behind, found.latest) == (4, "2019-05", 0, False)
    assert found.now - found.then == 8
    assert {area: after - before for area, before, after in found.areas} == {"65000": 7, "09020": 1}
    assert [(week, after - before) for week, before, after in found.weeks] == [("2019-04", 2), ("2019-05", 8)]


def test_one_edition_can_show_no_late_reports():
    newest = early("2019-06")
    found = late_of(now_and_then(kept(newest), newest), "2019-05")
    assert (found.editions, found.through, found.behind) == (1, "2019-06", 1)
    assert not found.changed
    assert late_of(now_and_then((), newest), "2019-05") is None


def test_a_week_that_only_the_newest_edition_has():
    newest = early("2019-05")
    found = late_of(now_and_then(kept(early("2019-03"), early("2019-04"), newest), newest), "2019-05")
    assert found.latest
    assert not found.changed


def test_the_first_edition_with_a_week_is_found_by_halves():
    reads = []
    newest = early("2019-08")
    lists = [early(f"2019-{week:02d}") for week in range(1, 8)]
    found = late_of(now_and_then(kept(*lists, newest, reads=reads), newest), "2019-03")
    assert found.through == "2019-03"
    assert len(reads) <= 3


def test_an_edition_without_rows_holds_no_week():
    newest = early("2019-05")
    assert late_of(now_and_then(kept([], newest), newest), "2019-05").latest


def test_levels_are_told_only_of_what_is_known():
    found = bulletin_of(watched(), "2019-05")
    assert isinstance(found, Bulletin)
    bare = replace(found.nation, past=(), last=None)
    assert (bare.usual, bare.more, bare.change, bare.against) == (None, None, None, None)
    assert not bare.rising
    assert replace(found.nation, now=None).against is None
