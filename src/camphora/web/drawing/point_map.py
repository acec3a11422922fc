"""Spots and rings over the outlines of some counties: the sheet of the county map, cut to them.

The area of a spot stands for its value. Rings lie under the spots, the spots in question last and so on top.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from markupsafe import Markup

from camphora.pages import Patch, PointMap, Ring, Spot
from camphora.web.drawing.county_map import sheet, steps_of
from camphora.web.drawing.svg import EMPTY, ems, tag

LARGEST, SMALLEST = 14.0, 2.2
"""Radii of spots in pixels of the page."""
MARGIN = 0.08
LEAST = 60.0
"""Units of the sheet, about a county's breadth."""
WIDTH, HEIGHT = 392, 520
"""The page's room for it, which it fills one way."""
NEAR_WIDTH, NEAR_HEIGHT = 392, 360
NEAR_LEAST = 24.0
CLOSER = 0.4
"""What the rings take of the whole map, below which they are drawn closer as well."""
NAME_SIZE = 14.0
"""Pixels of the page of a ring's name."""
KM = 111.195
"""Of a degree of latitude."""
Box = tuple[float, float, float, float]


def point_map(chart: PointMap) -> Markup:
    """The map with its legend; where the rings lie close together in it, beside it the same closer, with their
    names."""
    whole, near = _box(chart.spots, chart.rings, chart.counties), _near(chart)
    parts = [_picture(chart, whole, HEIGHT)]
    if near and _area(near) < CLOSER * _area(whole):
        parts.append(_picture(chart, near, NEAR_HEIGHT, closer=True))
    return tag("div", *parts, _legend(chart), class_="county-map point-map")


def _picture(chart: PointMap, box: Box, most_height: int, *, closer: bool = False) -> Markup:
    west, north, width, height = box
    per = max(width / (NEAR_WIDTH if closer else WIDTH), height / most_height)
    shapes = [
        tag("path", d=d, class_="land" + (" of" if code in chart.counties else ""))
        for code, d in sheet()["paths"].items()
    ]
    most = max((each.value for each in chart.spots), default=1.0) or 1.0
    ordered = sorted(chart.spots, key=lambda each: (each.alert, -each.value))
    title = chart.ring_word or chart.title if closer else chart.title
    patched = closer and bool(chart.patches)
    return tag(
        "svg",
        tag("title", title),
        tag("desc", chart.sentence),
        tag("g", *shapes),
        *([_villages(chart.patches)] if patched else []),
        tag("g", *(_ring(each) for each in chart.rings)),
        *(
            []
            if patched
            else [tag("g", *(_spot(each, most, per) for each in ordered if not closer or _inside(each, box)))]
        ),
        *([tag("g", *_names(chart.rings, box, per))] if closer else []),
        viewBox=f"{west:.1f} {north:.1f} {width:.1f} {height:.1f}",
        width=round(width / per),
        height=round(height / per),
        role="group" if any(each.href for each in chart.spots) else "img",
        aria_label=title,
        class_="points near" if closer else "points",
    )


@cache
def villages() -> dict[str, dict[str, str]]:
    """By township and name the path of each village, in tenths of the sheet's unit (tools/distil_villages.py)."""
    body = files(__package__).joinpath("villages.json.gz").read_bytes()
    found: dict[str, dict[str, str]] = json.loads(gzip.decompress(body))
    return found


def _villages(patches: Sequence[Patch]) -> Markup:
    """Every village of their townships, in five steps of one colour; without colour where nothing is said of it."""
    said = {(each.township, each.name.replace("台", "臺")): each for each in patches}
    drawn = {key: each for key, each in said.items() if key[1] in villages().get(key[0], {})}
    steps = steps_of({"".join(key): each.value for key, each in drawn.items() if each.value > 0})
    shapes = []
    for township in sorted({each.township for each in patches}):
        for name, d in villages().get(township, {}).items():
            told = said.get((township, name))
            label = [tag("title", told.label)] if told else []
            shapes.append(tag("path", *label, d=d, class_=f"q{steps.get(township + name, 0)}"))
    line = {"stroke": "currentColor", "stroke_opacity": 0.3, "stroke_width": 0.8}
    return tag("g", *shapes, transform="scale(0.1)", class_="villages", **line)


def _near(chart: PointMap) -> Box | None:
    """The box of the rings alone."""
    return _box((), chart.rings, (), NEAR_LEAST) if chart.rings else None


def _area(box: Box) -> float:
    return box[2] * box[3]


def _inside(spot: Spot, box: Box) -> bool:
    """Whether a spot lies in a box: what is not seen is not reached by the keyboard either."""
    x, y = place(spot.latitude, spot.longitude)
    west, north, width, height = box
    return west <= x <= west + width and north <= y <= north + height


def _names(rings: Sequence[Ring], box: Box, per: float) -> Iterable[Markup]:
    """The name of each ring on its upper edge, or on its lower one or beside where another stands there already."""
    taken: list[Box] = []
    for ring in sorted(rings, key=lambda each: -each.km):
        x, y = place(ring.latitude, ring.longitude)
        reach, wide, high = _radius(ring), ems(ring.name) * NAME_SIZE * per, NAME_SIZE * per
        spots = ((x, y - reach), (x, y + reach + high), (x + reach + wide / 2, y), (x - reach - wide / 2, y))
        framed = [_framed(at, wide, high, box) for at in spots]
        at = next((each for each in framed if not any(_meet(each, other) for other in taken)), framed[0])
        taken.append(at)
        placed = f"translate({at[0] + wide / 2:.1f} {at[1] + high * 0.85:.1f}) scale({per:.4f})"
        yield tag("text", ring.name, transform=placed, text_anchor="middle", class_="ring-name")


def _framed(at: tuple[float, float], wide: float, high: float, box: Box) -> Box:
    """The room of a text whose foot's middle is there, moved into the frame."""
    west, north, width, height = box
    left = min(max(at[0] - wide / 2, west), west + width - wide)
    return left, min(max(at[1] - high, north), north + height - high), wide, high


def _meet(one: Box, other: Box) -> bool:
    across = one[0] < other[0] + other[2] and other[0] < one[0] + one[2]
    return across and one[1] < other[1] + other[3] and other[1] < one[1] + one[3]


def place(latitude: float, longitude: float) -> tuple[float, float]:
    """Where a place of the main island lies on the sheet."""
    main = sheet()["main"]
    across = main["left"] + (longitude - main["west"]) * main["across"]
    return across, main["top"] + (main["north"] - latitude) * main["down"]


def _box(spots: Sequence[Spot], rings: Sequence[Ring], counties: Sequence[str], least: float = LEAST) -> Box:
    """Left, top, width and height around all spots and rings, and not less than a county's breadth; around the
    counties where there are none."""
    reach = [(place(each.latitude, each.longitude), 0.0) for each in spots]
    reach += [(place(each.latitude, each.longitude), _radius(each)) for each in rings]
    if not reach:
        reach = [(point, 0.0) for code in counties for point in _corners(sheet()["paths"].get(code, ""))]
    west, east = (pick(x + side * r for (x, _), r in reach) for pick, side in ((min, -1), (max, 1)))
    north, south = (pick(y + side * r for (_, y), r in reach) for pick, side in ((min, -1), (max, 1)))
    width, height = max(east - west, least), max(south - north, least)
    edge = MARGIN * max(width, height)
    left, top = (west + east - width) / 2, (north + south - height) / 2
    return left - edge, top - edge, width + 2 * edge, height + 2 * edge


def _corners(path: str) -> Iterable[tuple[float, float]]:
    """Every point that the relative steps of a path come to."""
    for part in path.split("M")[1:]:
        start, _, steps = part.partition("l")
        x, y = (float(each) for each in start.split())
        yield x, y
        numbers = [float(each) for each in re.findall(r"-?[\d.]+", steps)]
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=False):
            x, y = x + dx, y + dy
            yield x, y


def _radius(ring: Ring) -> float:
    """On the sheet, a little more than it reaches, so that a ring of one place is seen."""
    radius: float = ring.km / KM * sheet()["main"]["down"]
    return max(radius, 2.0) + 1.0


def _ring(ring: Ring) -> Markup:
    x, y = place(ring.latitude, ring.longitude)
    radius = _radius(ring)
    return tag(
        "circle", tag("title", ring.label), cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{radius:.1f}", class_="ring"
    )


def _spot(spot: Spot, most: float, per: float) -> Markup:
    x, y = place(spot.latitude, spot.longitude)
    radius = max(SMALLEST, LARGEST * math.sqrt(spot.value / most)) * per
    kind = "spot alert" if spot.alert else "spot"
    shape = tag(
        "circle", tag("title", spot.label), cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{radius:.2f}", class_=kind
    )
    return tag("a", shape, href=spot.href, aria_label=spot.label) if spot.href else shape


def _legend(chart: PointMap) -> Markup:
    signs: Sequence[tuple[str, str]] = (
        ("spot", chart.spot_word),
        ("ring", chart.ring_word if chart.rings else ""),
        ("swatch q4", chart.patch_word if chart.patches else ""),
    )
    parts = [
        tag(
            "span",
            tag("i", " ", class_=kind if "swatch" in kind else f"sign {kind}", aria_hidden="true"),
            f" {word}",
            class_="unknown",
        )
        for kind, word in signs
        if word
    ]
    return tag("p", *parts, class_="legend small") if parts else EMPTY
