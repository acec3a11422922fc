"""Draws the pictures of docs/methods/{reproduction,nowcast,forecasting}.md: plain SVG, the same each time.

python tools/methods_pictures_forecast.py
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from camphora.methods.forecasting.ensemble import ensemble  # noqa: E402
from camphora.methods.nowcast.bayes import bayes  # noqa: E402
from camphora.methods.nowcast.triangle import triangle  # noqa: E402
from camphora.methods.reproduction import cori  # noqa: E402
from methods.ed_visits import visits  # noqa: E402
from methods.watch_answers import counts, rows  # noqa: E402

FOLDER = ROOT / "docs/pictures/methods"
INK, QUIET, LINE, WARM, LEAF, PALE = "#1f2a24", "#5b6b62", "#d5ddd8", "#b3541e", "#2f6f4f", "#bcd6c6"
WIDE, HIGH = 720, 320
LEFT, RIGHT, TOP, FOOT = 64, 700, 40, 276


class Plot:
    """Two axes; x and y in their own units."""

    def __init__(self, title: str, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.x, self.y = x, y
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="12"><title>{title}</title>'
            f'<rect width="{WIDE}" height="{HIGH}" fill="#ffffff"/>'
            f'<text x="{LEFT}" y="22" font-size="14" fill="{INK}">{title}</text>'
        )
        self.parts = [head]
        for level in np.linspace(y[0], y[1], 5):
            _, down = self.at(x[0], level)
            self.parts.append(f'<path d="M{LEFT} {down}H{RIGHT}" stroke="{LINE}"/>')
            self.parts.append(
                f'<text x="{LEFT - 8}" y="{down + 4}" text-anchor="end" fill="{QUIET}">{level:g}</text>'
            )

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = LEFT + (RIGHT - LEFT) * (x - self.x[0]) / (self.x[1] - self.x[0])
        inside = min(max(y, self.y[0]), self.y[1])
        return round(across, 1), round(
            FOOT - (FOOT - TOP) * (inside - self.y[0]) / (self.y[1] - self.y[0]), 1
        )

    def band(self, xs: Any, low: Any, high: Any, colour: str = PALE) -> None:
        there = [self.at(x, y) for x, y in zip(xs, low, strict=True)]
        back = [self.at(x, y) for x, y in zip(xs, high, strict=True)][::-1]
        points = " ".join(f"{a},{b}" for a, b in there + back)
        self.parts.append(f'<polygon points="{points}" fill="{colour}" fill-opacity="0.7"/>')

    def curve(self, xs: Any, ys: Any, colour: str, width: float = 1.5) -> None:
        points = " ".join(f"{a},{b}" for a, b in (self.at(x, y) for x, y in zip(xs, ys, strict=True)))
        self.parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        )

    def below(self, x: float, said: str) -> None:
        across, _ = self.at(x, self.y[0])
        self.parts.append(
            f'<text x="{across}" y="{FOOT + 18}" text-anchor="middle" fill="{QUIET}">{said}</text>'
        )

    def said(self, words: list[tuple[str, str]]) -> None:
        across = LEFT
        for text, colour in words:
            self.parts.append(f'<rect x="{across}" y="{FOOT + 28}" width="10" height="10" fill="{colour}"/>')
            self.parts.append(f'<text x="{across + 16}" y="{FOOT + 37}" fill="{INK}">{text}</text>')
            across += 200

    def save(self, name: str) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{name}.svg").write_text("".join([*self.parts, "</svg>\n"]), encoding="utf-8")


def reproduction() -> None:
    cases = counts()["dengue_daily_67000"]
    found = cori.certain(cases, mean=16, sd=5, window=14)
    days = found.ends
    shown = (days > 190) & (days < 350)
    plot = Plot("Rt 登革熱 dengue, 臺南 Tainan 2015, 14 days", (190, 350), (0, 8))
    plot.band(days[shown], found.quantiles[0, shown, 0], found.quantiles[0, shown, -1])
    plot.curve(days[shown], found.mean[0, shown], LEAF, 2)
    plot.curve([190, 350], [1, 1], WARM, 1)
    for month, day in (("8", 212), ("9", 243), ("10", 273), ("11", 304), ("12", 334)):
        plot.below(day, f"2015-{month}")
    plot.said([("平均 mean", LEAF), ("95 %", PALE), ("1", WARM)])
    plot.save("reproduction")


def nowcast() -> None:
    start = date(2024, 1, 1).toordinal()
    found = rows("inputs/synthetic_linelist")
    onset, report = (
        np.array([date.fromisoformat(row[name]).toordinal() - start for row in found])
        for name in ("onset", "report")
    )
    now = 69
    seen = triangle(onset, report, now=now, first=0, longest=14).counts
    answer = bayes(seen).quantiles[0]
    days = np.arange(now - 14, now + 1)
    before = np.arange(now - 39, now + 1)
    plot = Plot("通報延遲補正 nowcast, 2024-03-10", (now - 39, now), (0, 40))
    plot.band(days, answer[:, 0], answer[:, -1])
    plot.curve(before, np.bincount(onset, minlength=120)[before], INK, 2)
    plot.curve(before, np.nansum(seen, axis=1)[before], WARM, 1.5)
    plot.curve(days, answer[:, 3], LEAF, 2)
    plot.below(now - 14, "2024-02-25")
    plot.below(now - 35, "2024-02-04")
    plot.said([("已通報 reported", WARM), ("估計 estimate, 95 %", LEAF), ("最終 in the end", INK)])
    plot.save("nowcast")


def forecasting() -> None:
    found = visits("ili")
    city = found.counties.index("台北市")
    first, last = found.between("2018-07-01", "2019-07-01")[0], found.between("2018-07-01", "2019-07-01")[-1]
    origins = list(range(first + 1, last - 4, 7))
    answer = ensemble(found.counts[:, : last + 1], found.known()[: last + 5], origins=origins).quantiles[city]
    weeks = np.arange(first, last + 1)
    plot = Plot("類流感急診 ILI emergency visits, 臺北 Taipei 2018/19", (first, last), (0, 8000))
    for at, origin in enumerate(origins):
        ahead = np.arange(origin, origin + 5)
        here = found.counts[city, origin]
        plot.band(ahead, [here, *answer[at, :, 1]], [here, *answer[at, :, -2]])
        plot.curve(ahead, [here, *answer[at, :, 11]], LEAF, 2)
    plot.curve(weeks, found.counts[city, weeks], INK, 1.5)
    for week in weeks[8::12]:
        plot.below(week, found.weeks[week])
    plot.said([("實際 observed", INK), ("預測中位數 median", LEAF), ("95 %", PALE)])
    plot.save("forecasting")


if __name__ == "__main__":
    reproduction()
    nowcast()
    forecasting()
