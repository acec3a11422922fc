"""Clusters on a map: seen where they are told, closer and with their names where they lie close together."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from camphora.pages import Ring, Spot
from camphora.web.drawing import point_map
from camphora.web.drawing.point_map import place
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
