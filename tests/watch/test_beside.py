"""The neighbours of a signal's county: who shares a border, by the outlines that the maps are drawn from."""

import re
from itertools import pairwise
from math import gcd

import pytest

from camphora.engines.watch import Watched
from camphora.pages import Prose, Table
from camphora.pages.counties import COUNTIES, neighbours
from camphora.web.drawing.county_map import sheet
from watch.test_pages import block, system, view, watched
from watch.watched import series, watch


def steps(path):
    """Every least step of a county's rings, whichever way it is walked."""
    found = set()
    for ring in re.findall(r"M([^z]*)z", path):
        start, _, rest = ring.partition("l")
        points = [tuple(map(int, re.findall(r"-?\d+", start)))]
        moves = list(map(int, re.findall(r"-?\d+", rest)))
        for dx, dy in zip(moves[::2], moves[1::2], strict=True):
            points.append((points[-1][0] + dx, points[-1][1] + dy))
        for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
            if not (parts := gcd(bx - ax, by - ay)):
                continue
            stops = [(ax + (bx - ax) * k // parts, ay + (by - ay) * k // parts) for k in range(parts + 1)]
            found |= {frozenset(pair) for pair in pairwise(stops)}
    return found


def test_neighbours_are_those_whose_outlines_share_a_line():
    lines = {code: steps(path) for code, path in sheet()["paths"].items()}
    assert len(lines) == len(COUNTIES)
    for one in lines:
        assert set(neighbours(one)) == {
            other for other in lines if other != one and lines[one] & lines[other]
        }


def test_a_signal_lists_its_neighbours_and_which_of_them_have_one():
    key = "enterovirus-2019-37-10020-0"
    signals = {each.area: each for each in reversed(watched()["enterovirus"].sweep.signals("2019-37"))}
    for area, group in (("10020", "0"), ("10010", "all")):
        table = block(view("signal", key=key.replace("10020-0", f"{area}-{group}")), Table, "beside")
        rows = {row["area"]: row for row in table.rows}
        assert len(rows) == len(neighbours(area))
        for code in neighbours(area):
            here = signals.get(code)
            row = next(each for each in table.rows if f"area={code}" in each["href"])
            assert row["signal"] == (f"signal {here.rank}" if here else "none")
            assert row["signal_href"] == (f"/systems/{system().name}/signal/{here.key}" if here else None)
            own = watched()["enterovirus"].series
            assert (
                row["observed"]
                == own.counts[own.row(code, "" if group == "all" else group), own.at("2019-37")]
            )


def test_a_county_of_islands_has_no_neighbour_and_says_so():
    shown = view("signal", key="ili-2017-25-09020-all")
    said = next(each for each in shown.blocks if isinstance(each, Prose) and "Neighbours" in each.title)
    assert said.paragraphs == ["A county of islands: it shares no land border with another."]
    assert not any(getattr(each, "name", "") == "beside" for each in shown.blocks)


@pytest.mark.parametrize("key", ["ili-2017-25-tw-all", "ili-2017-25-tw-0-6"])
def test_the_nation_has_no_neighbours(key):
    names = [
        getattr(each, "name", "") or getattr(each, "title", "") for each in view("signal", key=key).blocks
    ]
    assert not [name for name in names if "eighbours" in name or name == "beside"]


def test_places_without_an_outline_tell_of_no_neighbours():
    """Places of an own series are named by its user."""
    own = series("ili")
    keys = tuple((f"school {area}" if area else "", group) for area, group in own.keys)
    named = type(own)(keys, own.parent, own.counts, own.first, own.label, own.system)
    school = Watched(watch("ili"), named, "2023-07-01", {"zh-TW": "x", "en": "x"}, "d", beforehand=False)
    shown = system().view(
        system().page("signal"), {}, "en", {"key": "ili-2017-25-school 09020-all"}, {"ili": school}
    )
    assert not [each for each in shown.blocks if "eighbour" in getattr(each, "title", "")]
