"""Clusters on a map: seen where they are told, closer and with their names where they lie close together."""

import csv
from dataclasses import replace
from importlib.resources import files
from xml.etree import ElementTree as ET

import pytest

from camphora.pages import Patch, Ring, Spot
from camphora.web.drawing import point_map
from camphora.web.drawing.point_map import _corners, place, villages
from camphora.web.patterns import Speaker
from camphora.web.patterns import point_map as sample


def drawn(chart):
    """The pictures of a map, whole and closer."""
    return ET.fromstring(str(point_map(chart))).findall("svg")


def framed(picture):
    west, north, width, height = map(float, picture.get("viewBox").split())
    return lambda x, y: west <= x <= west + width and north <= y <= north + height


def circles(picture, kind):
    return [one for one in picture.iter("circle") if kind in one.get("class").split()]


@pytest.fixture
def chart():
    return sample(Speaker("zh-TW"))


def test_every_spot_and_every_ring_is_seen_whole(chart):
    whole, _ = drawn(chart)
    inside = framed(whole)
    assert len(circles(whole, "spot")) == len(chart.spots)
    for one in circles(whole, "ring"):
        x, y, r = (float(one.get(name)) for name in ("cx", "cy", "r"))
        assert all(inside(x + dx * r, y + dy * r) for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)))
    assert [one.find("title").text for one in circles(whole, "ring")] == [each.label for each in chart.rings]


def test_rings_that_lie_close_together_are_drawn_closer_with_their_names(chart):
    whole, near = drawn(chart)
    assert float(near.get("viewBox").split()[2]) < float(whole.get("viewBox").split()[2]) / 1.5
    assert {one.text for one in near.iter("text")} == {each.name for each in chart.rings}
    assert not list(whole.iter("text"))
    assert {near.get("aria-label"), whole.get("aria-label")} == {chart.ring_word, chart.title}
    inside = framed(near)
    kept = circles(near, "spot")
    assert len(kept) == 2
    assert all(inside(float(one.get("cx")), float(one.get("cy"))) for one in kept)


def test_names_of_rings_stand_apart_and_within_the_frame(chart):
    rings = [Ring(23.0 + k / 100, 120.2, 1.0, f"{k}", "一個很長的地名") for k in range(4)]
    (*_, near) = drawn(replace(chart, rings=rings))
    places = [one.get("transform").split("translate(")[1].split(")")[0] for one in near.iter("text")]
    assert len(set(places)) == len(rings)
    inside = framed(near)
    assert all(inside(*map(float, each.split())) for each in places)


def test_without_rings_or_where_they_fill_the_map_there_is_one_picture(chart):
    assert len(drawn(replace(chart, rings=()))) == 1
    assert len(drawn(replace(chart, rings=[Ring(23.0, 120.3, 60.0, "x", "x")]))) == 1
    assert len(drawn(replace(chart, rings=(), spots=()))) == 1


def test_a_spot_with_an_address_is_a_link_with_its_words(chart):
    whole, near = drawn(chart)
    for picture in (whole, near):
        links = list(picture.iter("a"))
        assert {one.get("aria-label") for one in links} == {each.label for each in chart.spots if each.href}
    assert whole.get("role") == "group"
    plain = [Spot(each.latitude, each.longitude, each.value, each.label) for each in chart.spots]
    assert drawn(replace(chart, spots=plain))[0].get("role") == "img"


def test_the_area_of_a_spot_stands_for_its_value(chart):
    whole, _ = drawn(chart)
    found = {one.find("title").text: float(one.get("r")) for one in circles(whole, "spot")}
    big, half = (found[each.label] for each in chart.spots[:2])
    assert half / big == pytest.approx((41 / 82) ** 0.5, rel=0.02)


def test_a_place_lies_where_its_degrees_say():
    x, y = place(23.0, 120.2)
    assert place(23.1, 120.2)[1] < y
    assert place(23.0, 120.3)[0] > x


def test_villages_take_the_place_of_spots_where_the_map_is_drawn_closer(chart):
    """All of their townships, coloured by their cases; one that has no outline today is not drawn elsewhere."""
    township = "67000340"
    own = sorted(villages()[township])
    patches = [
        Patch(township, own[0], 1, "一"),
        Patch(township, own[1].replace("臺", "台"), 9, "九"),
        Patch(township, own[2], 0, "無"),
        Patch(township, "沒有這個里", 50, "不見"),
    ]
    before = drawn(chart)
    whole, near = drawn(replace(chart, patches=patches, patch_word="村里"))
    assert ET.tostring(whole) == ET.tostring(before[0])
    assert circles(before[1], "spot")
    assert not circles(near, "spot")
    assert len(circles(near, "ring")) == len(chart.rings)
    (group,) = (one for one in near.iter("g") if one.get("class") == "villages")
    assert len(group) == len(own)
    said = {one[0].text: one.get("class") for one in group if len(one)}
    assert said == {"一": "q1", "九": "q5", "無": "q0"}
    assert sum(one.get("class") == "q0" for one in group) == len(own) - 2
    assert "村里" in str(point_map(replace(chart, patches=patches, patch_word="村里")))
    assert "村里" not in str(point_map(replace(chart, patch_word="村里")))


def test_the_outlines_of_villages_lie_where_their_township_does():
    """The point of each, made from another file, lies among its villages."""
    points = {one["township"]: one for one in _townships()}
    assert villages().keys() <= points.keys()
    for township, outlines in villages().items():
        x, y = place(float(points[township]["latitude"]), float(points[township]["longitude"]))
        corners = [(a / 10, b / 10) for d in outlines.values() for a, b in _corners(d)]
        for at, each in ((x, 0), (y, 1)):
            assert min(one[each] for one in corners) <= at <= max(one[each] for one in corners), township


def _townships():
    folder = files("camphora") / "systems/smart_epidemic_prevention/data/township_point.csv"
    return list(csv.DictReader(folder.read_text("utf-8").splitlines()))
