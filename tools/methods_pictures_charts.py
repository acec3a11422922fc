"""Draws the pictures of docs/methods/{control-charts,hhh4,scan}.md: plain SVG, the same each time.

python tools/methods_pictures_charts.py (the stored series of tests/methods are read)
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camphora.methods.detection.bayes import bayes
from camphora.methods.detection.glr import glr
from camphora.methods.detection.hhh4 import hhh4
from camphora.methods.scan.kulldorff import space_time

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs/pictures/methods"
INK, LEAF, WARM, QUIET = "#1f2a24", "#2f6f4f", "#b3541e", "#b8c4bd"
WIDE, HIGH = 720, 320
Floats = NDArray[np.float64]


def counts(name: str) -> Floats:
    with gzip.open(
        ROOT / "tests/methods/data/watch/inputs/weekly_enterovirus.csv.gz", "rt", newline=""
    ) as file:
        return np.array([float(row["count"]) for row in csv.DictReader(file) if row["series_id"] == name])


def picture(name: str, title: str, parts: list[str]) -> None:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12"><title>{title}</title>'
        f'<rect width="{WIDE}" height="{HIGH}" fill="#ffffff"/>'
        f'<text x="20" y="22" font-size="14" fill="{INK}">{title}</text>'
    )
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.svg").write_text(head + "".join(parts) + "</svg>\n", "utf-8")


def line(values: Floats, top: float, colour: str, low: float = 290, high: float = 40) -> str:
    across = np.linspace(40, 700, len(values))
    points = " ".join(
        f"{x:.1f},{low - (low - high) * min(y, top) / top:.1f}"
        for x, y in zip(across, values, strict=True)
        if not np.isnan(y)
    )
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def legend(entries: list[tuple[str, str]]) -> str:
    return "".join(
        f'<rect x="{430}" y="{30 + 18 * n}" width="12" height="12" fill="{colour}"/>'
        f'<text x="{448}" y="{40 + 18 * n}" fill="{INK}">{text}</text>'
        for n, (text, colour) in enumerate(entries)
    )


def charts() -> None:
    y = counts("ev_10002")
    bound, ratio = bayes(y, b=2, w=4, current=False, last=104), glr(y, last=104)
    top = float(max(y[-104:].max(), np.nanmax(bound.upper)) * 1.05)
    parts = [
        line(bound.upper[0], top, WARM, low=190),
        line(ratio.mean[0], top, QUIET, low=190),
        line(y[-104:], top, LEAF, low=190),
        line(ratio.statistic[0], 12, INK, high=210),
        f'<line x1="40" x2="700" y1="{290 - 80 * 5 / 12:.1f}" y2="{290 - 80 * 5 / 12:.1f}" stroke="{WARM}"/>',
        legend(
            [
                ("每週就診 visits", LEAF),
                ("貝氏上限 Bayes bound", WARM),
                ("基準 baseline", QUIET),
                ("GLR（下 below）", INK),
            ]
        ),
    ]
    picture("control-charts", "宜蘭縣腸病毒急診，最後 104 週 Enterovirus visits, Yilan", parts)


def parts_of_the_mean() -> None:
    y = counts("ev_63000")
    fit = hhh4(y[-261:], trend=True)
    top = float(y[-260:].max() * 1.05)
    parts = [
        line(y[-260:], top, QUIET),
        line(fit.mean[0], top, LEAF),
        line(fit.endemic[0], top, WARM),
        legend([("每週就診 visits", QUIET), ("模式 model", LEAF), ("地方性部分 endemic part", WARM)]),
    ]
    picture("hhh4", "臺北市腸病毒急診與 hhh4 Enterovirus visits, Taipei", parts)


def map_of_a_cluster() -> None:
    random = np.random.default_rng(4)
    at, people = random.uniform(0, 1, (150, 2)), random.lognormal(3, 0.6, 150)
    cases = random.poisson(people[:, None] / 30, (150, 20)).astype(float)
    near = np.hypot(*(at - [0.65, 0.4]).T) < 0.13
    cases[near, 16:] += random.poisson(people[near, None] / 15, (near.sum(), 4))
    found = space_time(cases, people, at, replicates=99)
    inside = set(found.places[0])
    dots = [
        f'<circle cx="{40 + 380 * x:.1f}" cy="{40 + 260 * y:.1f}" r="{1 + people[n] ** 0.5 / 2:.1f}" '
        f'fill="{WARM if n in inside else QUIET}"/>'
        for n, (x, y) in enumerate(at)
    ]
    said = [
        f"第 {found.begin[0] + 1} 至 {found.end[0] + 1} 期 periods",
        f"{found.cases[0]:.0f} 例 cases，期望 expected {found.expected[0]:.1f}",
        f"LLR {found.ratio[0]:.1f}，p = {found.p[0]:.2f}",
    ]
    text = [f'<text x="460" y="{120 + 24 * n}" fill="{INK}">{each}</text>' for n, each in enumerate(said)]
    picture("scan", "時空掃描：最可能的聚集（模擬）Most likely cluster, simulated", dots + text)


if __name__ == "__main__":
    charts()
    parts_of_the_mean()
    map_of_a_cluster()
