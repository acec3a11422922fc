"""Late reports foreseen from the editions that were kept: a nowcast from three on, else the reason."""

from dataclasses import replace

import numpy as np
import pytest

from camphora.engines.watch import Watch, Watched, series_of
from camphora.engines.watch.nowcasts import nowcast
from camphora.engines.watch.pages import PAGES
from camphora.engines.watch.pages.nowcast import corrected
from camphora.engines.watch.watching import Edition
from camphora.pages import LineChart, Prose
from watch.test_pages import system
from watch.watched import watch

LATE = (0.7, 0.9, 1.0)
"""What is reported of a week in the week itself, by the next one, and by the one after."""
LAST = 60


def whole(place, week):
    return (1000 if place == "A" else 400) + 10 * (week % 7)


def edition(through):
    """The rows as they stood in a week."""
    return [
        {"year": 2018, "week": 1, "days": week, "county": place, "visits": round(whole(place, week) * share)}
        for place in ("A", "B")
        for week in range(through + 1)
        for share in [LATE[min(through - week, 2)]]
    ]


@pytest.fixture(scope="module")
def declared():
    plain = replace(watch("ili"), methods=watch("ili").methods[1:2], group="", groups={}, year="", week="")
    return replace(plain, day="day", weeks="iso")


def rows(through):
    start = np.datetime64("2018-01-01")
    return [{**row, "day": str(start + 7 * row["days"])} for row in edition(through)]


def kept(declared, *throughs, reads=None):
    def reader(through):
        def read():
            if reads is not None:
                reads.append(through)
            return rows(through)

        return read

    last = series_of(declared, rows(throughs[-1]))
    editions = [Edition(str(each), reader(each)) for each in throughs]
    source = {"zh-TW": "x", "en": "x"}
    return Watched(declared, last, "2019-03-01", source, "v", tuple(editions), beforehand=False)


def label(declared, through):
    return str(series_of(declared, rows(through)).label[-1])


@pytest.mark.parametrize("place", ["", "A"])
def test_with_four_editions_the_weeks_are_what_they_come_to_be(declared, place):
    watched = kept(declared, *range(LAST - 4, LAST + 1))
    found = nowcast(watched.vintages, label(declared, LAST), place)
    assert found.editions == 5
    for back, one in enumerate(reversed(found.weeks)):
        total = sum(whole(each, LAST - back) for each in ("A", "B") if place in ("", each))
        assert one.reported == pytest.approx(total * LATE[min(back, 2)], abs=2)
        assert one.estimate == pytest.approx(total, rel=0.02)
        assert one.reported <= one.lower <= one.estimate <= one.upper
    last = found.weeks[-1]
    assert last.lower <= sum(whole(each, LAST) for each in ("A", "B") if place in ("", each)) <= last.upper
    assert last.upper > last.lower


@pytest.mark.parametrize("throughs", [(LAST,), (LAST - 1, LAST), (LAST, LAST, LAST)])
def test_fewer_than_three_weeks_give_none_and_say_why(declared, throughs):
    watched = kept(declared, *throughs)
    week = label(declared, LAST)
    assert nowcast(watched.vintages, week).weeks == ()
    block = corrected(watched, week, ("", ""), system().words("en"))
    assert isinstance(block, Prose)
    assert "No nowcast" in block.paragraphs[0]
    assert "無法做補報校正" in corrected(watched, week, ("", ""), system().words("zh-TW")).paragraphs[0]


def test_a_past_week_uses_only_the_editions_that_were_there(declared):
    all_of_them = kept(declared, *range(LAST - 6, LAST + 1))
    then = kept(declared, *range(LAST - 6, LAST - 1))
    week = label(declared, LAST - 2)
    assert nowcast(all_of_them.vintages, week) == nowcast(then.vintages, week)
    assert nowcast(all_of_them.vintages, week).editions == 5
    assert nowcast(all_of_them.vintages, label(declared, LAST - 5)).editions == 2


def test_a_week_without_an_edition_and_one_that_takes_back_are_no_fault(declared):
    watched = kept(declared, LAST - 4, LAST - 3, LAST - 1, LAST)
    found = nowcast(watched.vintages, label(declared, LAST))
    assert len(found.weeks) == 5
    assert all(np.isfinite([one.estimate, one.lower, one.upper]).all() for one in found.weeks)
    less = [replace(each, counts=each.counts * (1 - 0.05 * at)) for at, each in enumerate(watched.vintages)]
    taken = nowcast(less, label(declared, LAST))
    assert all(one.estimate >= one.reported for one in taken.weeks)


def test_places_that_differ_in_their_delays_widen_the_interval(declared):
    same = kept(declared, *range(LAST - 3, LAST + 1)).vintages
    plain = nowcast(same, label(declared, LAST))
    uneven = []
    for back, one in zip((3, 2, 1, 0), same, strict=True):
        counts = one.counts.copy()
        row = one.row("B")
        counts[row, LAST - 3 : LAST + 1 - back] *= 0.6 if back else 1.0
        counts[0] = counts[one.row("A")] + counts[row]
        uneven.append(replace(one, counts=counts))
    assert plain.spread == 1.0
    assert nowcast(uneven, label(declared, LAST)).spread > 2


def test_editions_are_read_once_and_not_at_all_where_they_are_too_few(declared):
    reads = []
    watched = kept(declared, *range(LAST - 11, LAST + 1), reads=reads)
    assert len(watched.vintages) == 9
    assert watched.vintages is watched.vintages
    assert reads == list(range(LAST - 8, LAST))
    reads.clear()
    assert kept(declared, LAST - 1, LAST, reads=reads).vintages[0].label[-1]
    assert reads == []


def test_the_signal_and_the_bulletin_draw_it_with_its_interval(declared):
    watched, words = kept(declared, *range(LAST - 3, LAST + 1)), system().words("en")
    week = label(declared, LAST)
    pages = {
        "nowcast": PAGES["signal"]({"ili": watched}, words, {"key": f"ili-{week}-tw-all", "system": "s"}),
        "ili_nowcast": PAGES["bulletin"]({"ili": watched}, words, {"week": week, "system": "s"}),
    }
    for name, view in pages.items():
        (chart,) = (each for each in view.blocks if isinstance(each, LineChart) and each.name == name)
        assert chart.band is not None
        assert chart.series[0].values[-1] < chart.series[1].values[-1]
        assert chart.band.low[-1] <= chart.series[1].values[-1] <= chart.band.high[-1]
        assert "95% interval" in chart.sentence
        assert "4 editions" in chart.sentence
        assert len(chart.table.rows) == 4
    assert isinstance(watched.watch, Watch)
