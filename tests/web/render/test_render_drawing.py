"""Charts and the map: well-formed, with labels apart, at every edge of the data."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.pages import Band, Bars, Column, CountyMap, Event, LineChart, Series, Table
from camphora.pages.counties import COUNTIES
from camphora.web.drawing import bars, county_map, line_chart, spark
from camphora.web.drawing.county_map import sheet, steps_of
from camphora.web.drawing.line import GAP, plan
from camphora.web.drawing.scale import keep_apart, rows, scale

EMPTY = Table("t", "t", [Column("a", "a")], [])
WORDS = {"absent": "無資料", "low": "低", "high": "高", "steps": "不是等距"}
values = st.one_of(st.none(), st.floats(-1e7, 1e9))


@st.composite
def charts(draw) -> LineChart:
    count = draw(st.integers(0, 40))
    line = st.lists(values, min_size=count, max_size=count)
    series = [Series(draw(st.text(max_size=12)), draw(line)) for _ in range(draw(st.integers(0, 9)))]
    band = Band(draw(line), draw(line), "x") if draw(st.booleans()) else None
    positions = [str(k) for k in range(count)]
    events = [Event(draw(st.sampled_from(positions)), "<名>")] if positions else []
    point = (0, count - 1) if series and count else None
    kind = draw(st.sampled_from(["integer", "decimal", "percent", "ratio"]))
    return LineChart(
        "n", "a & b", positions, series, "<sentence>", EMPTY, kind, events=events, band=band, point=point
    )


def parsed(markup: str) -> ET.Element:
    return ET.fromstring(f"<root>{markup}</root>")


def printable(text: str) -> bool:
    return all(sign.isprintable() for sign in text)


@given(charts().filter(lambda chart: all(printable(series.name) for series in chart.series)))
def test_a_line_chart_is_well_formed_and_says_what_it_shows(chart) -> None:
    for lang in ("zh-TW", "en"):
        root = parsed(line_chart(chart, lang))
        picture = root.find("div/svg")
        assert picture.get("role") == "img"
        assert (picture.find("title").text, picture.find("desc").text) == ("a & b", "<sentence>")


@given(charts())
def test_labels_at_lines_ends_are_apart_and_within_the_picture(chart) -> None:
    drawn = plan(chart)
    places = sorted(end.label_y for end in drawn.ends)
    assert all(b - a >= GAP - 1e-6 for a, b in pairwise(places))
    assert all(-1e-6 <= y <= drawn.height for y in places)
    order = sorted(drawn.ends, key=lambda end: (end.y, end.series))
    assert [end.label_y for end in order] == sorted(end.label_y for end in order)


@given(st.lists(st.floats(0, 500), max_size=12), st.floats(1, 30))
def test_labels_that_have_room_stay_where_they_are(wanted, gap) -> None:
    placed = keep_apart(wanted, gap, -1000, 2000)
    free = [all(abs(a - b) >= 12 * gap for k, b in enumerate(wanted) if k != i) for i, a in enumerate(wanted)]
    assert all(abs(a - b) < 1e-6 for a, b, alone in zip(wanted, placed, free, strict=True) if alone)


@given(st.lists(st.floats(-1e9, 1e9), max_size=30))
def test_a_scale_holds_its_values_between_few_round_ticks(known) -> None:
    axis = scale(known)
    assert 2 <= len(axis.ticks) <= 8
    slack = 1e-6 * (axis.high - axis.low)
    assert all(axis.low - slack <= value <= axis.high + slack for value in known)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 150)), max_size=12))
def test_event_labels_of_one_row_do_not_meet(pairs) -> None:
    spans = [(a, a + width) for a, width in pairs]
    placed = list(zip(spans, rows(spans), strict=True))
    for k, ((a, b), row) in enumerate(placed):
        assert all(row != other or b <= c or d <= a for (c, d), other in placed[k + 1 :])


@pytest.mark.parametrize("line", [[], [5.0], [None, None], [3.0, 3.0, 3.0], [1.0, None, 2.0]])
def test_small_and_gapped_series_are_drawn(line) -> None:
    chart = LineChart("n", "t", [str(k) for k in line], [Series("甲", line)], "s", EMPTY)
    root = parsed(line_chart(chart, "zh-TW"))
    known = [value for value in line if value is not None]
    shown = len(root.findall(".//polyline")) + len(root.findall(".//circle"))
    assert bool(shown) == bool(known)
    assert bool(spark(line, "x")) == bool(known)


@given(st.lists(st.tuples(st.text(max_size=40).filter(printable), values), max_size=12))
def test_bars_have_a_row_for_each_label_and_a_bar_for_each_value(pairs) -> None:
    chart = Bars("n", "t", [a for a, _ in pairs], [b for _, b in pairs], "s", EMPTY)
    root = parsed(bars(chart, "無資料"))
    assert len(root.findall("ul/li")) == len(pairs)
    assert len(root.findall(".//rect[@class='bar']")) == sum(value is not None for _, value in pairs)
    widths = [float(bar.get("width").rstrip("%")) for bar in root.findall(".//rect[@class='bar']")]
    assert all(-1e-6 <= width <= 100.001 for width in widths)


@given(st.dictionaries(st.sampled_from([county.code for county in COUNTIES]), values))
def test_map_steps_rise_with_the_values_and_equal_values_share_one(known) -> None:
    steps = steps_of(known)
    ranked = sorted((value, steps[code]) for code, value in known.items() if value is not None)
    assert all(a[1] <= b[1] and (a[0] != b[0] or a[1] == b[1]) for a, b in pairwise(ranked))
    assert all((steps[code] == 0) == (value is None) for code, value in known.items())


def test_the_map_names_links_and_places_every_county() -> None:
    hrefs = {county.code: f"/c/{county.code}" for county in COUNTIES}
    chart = CountyMap("m", "t", {"63000": 0.5}, "s", EMPTY, "percent", hrefs=hrefs)
    root = parsed(county_map(chart, "zh-TW", WORDS))
    titles = {node.text for node in root.findall(".//a/path/title")}
    assert titles == {f"{county.zh} {'50%' if county.code == '63000' else '無資料'}" for county in COUNTIES}
    assert len(root.findall(".//ul/li/a")) == 22
    assert {node.get("d") for node in root.findall(".//a/path")} == set(sheet()["paths"].values())
    assert all(path.startswith("M") and path.endswith("z") for path in sheet()["paths"].values())


def test_positions_in_time_stand_where_their_time_is():
    table = Table("t", "t", [Column("a", "a")], [])
    chart = LineChart(
        "c", "c", ["1", "2", "3"], [Series("s", [1.0, 2.0, 3.0])], "said", table, times=[0, 300, 400]
    )
    drawn = plan(chart)
    assert [drawn.across(position) for position in range(3)] == [0, 0.75, 1]
    even = plan(LineChart("c", "c", ["1", "2", "3"], [Series("s", [1.0, 2.0, 3.0])], "said", table))
    assert even.across(1) == 0.5
