"""Draws the pictures of docs/methods/{safety,resistance,infection,simulation}.md: plain SVG, the same each time.

python tools/methods_pictures_safety.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from camphora.methods.infection.sir import sir
from camphora.methods.resistance.antibiogram import antibiogram
from camphora.methods.safety import maxsprt, shrinkage
from camphora.methods.simulation import evaluation, outbreaks

FOLDER = Path(__file__).resolve().parent.parent / "docs/pictures/methods"
INK, QUIET, LINE, WARM, GROUND = "#1f2a24", "#5b6b62", "#d5ddd8", "#b3541e", "#ffffff"
LEAF = "#2f6f4f"
WIDE, HIGH = 720, 320
LEFT, RIGHT, TOP, FOOT = 64, 700, 40, 270


class Chart:
    """A plot with two axes; x and y are given in their own units."""

    def __init__(self, title: str, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.x, self.y = x, y
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="12"><title>{title}</title>'
            f'<rect width="{WIDE}" height="{HIGH}" fill="{GROUND}"/>'
            f'<text x="{LEFT}" y="22" font-size="14" fill="{INK}">{title}</text>'
        )
        self.parts = [head]

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = LEFT + (RIGHT - LEFT) * (x - self.x[0]) / (self.x[1] - self.x[0])
        return round(across, 1), round(FOOT - (FOOT - TOP) * (y - self.y[0]) / (self.y[1] - self.y[0]), 1)

    def line(self, xs: object, ys: object, colour: str = LEAF, width: float = 1.5, dash: str = "") -> None:
        points = " ".join(f"{a},{b}" for a, b in (self.at(x, y) for x, y in zip(xs, ys, strict=True)))  # type: ignore[call-overload]
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'
        )

    def dot(self, x: float, y: float, colour: str = LEAF, radius: float = 3) -> None:
        a, b = self.at(x, y)
        self.parts.append(f'<circle cx="{a}" cy="{b}" r="{radius}" fill="{colour}"/>')

    def bar(self, x: float, low: float, high: float, width: float, colour: str) -> None:
        (a, b), (_, c) = self.at(x - width / 2, high), self.at(x, low)
        across = round((RIGHT - LEFT) * width / (self.x[1] - self.x[0]), 1)
        self.parts.append(
            f'<rect x="{a}" y="{b}" width="{across}" height="{max(round(c - b, 1), 0)}" fill="{colour}"/>'
        )

    def text(  # noqa: PLR0917
        self, x: float, y: float, said: str, colour: str = QUIET, anchor: str = "middle", lower: float = 0
    ) -> None:
        a, b = self.at(x, y)
        self.parts.append(
            f'<text x="{a}" y="{b + lower}" fill="{colour}" text-anchor="{anchor}">{said}</text>'
        )

    def ticks(self, xs: list[tuple[float, str]], ys: list[tuple[float, str]]) -> None:
        for y, said in ys:
            self.line(self.x, (y, y), LINE, 1)
            self.text(self.x[0], y, said, anchor="end", lower=4)
        for x, said in xs:
            self.text(x, self.y[0], said, lower=18)

    def foot(self, said: str) -> None:
        self.parts.append(
            f'<text x="{(LEFT + RIGHT) / 2}" y="308" fill="{QUIET}" text-anchor="middle">{said}</text>'
        )

    def save(self, name: str) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{name}.svg").write_text("\n".join([*self.parts, "</svg>"]) + "\n", encoding="utf-8")


def safety() -> None:
    """How far EBGM draws a ratio towards the rest, by the number of reports."""
    theta = (3.2538, 0.3999, 2.0261, 1.9081, 0.0653)
    chart = Chart("同樣是觀察／期望 = 10：報告越少，收縮越多 EBGM where N/E = 10", (0, 5), (0, 14))
    counts = [1, 2, 3, 5, 8, 13, 20, 40, 80, 150]
    places = [np.log10(n) * 2 + 0.3 for n in counts]
    chart.ticks(
        [(x, str(n)) for x, n in zip(places, counts, strict=True)], [(y, str(y)) for y in (0, 2, 5, 10)]
    )
    found = shrinkage.ebgm(counts, [n / 10 for n in counts], theta=theta)
    for at, x in enumerate(places):
        chart.line((x, x), (found.lower[at], min(found.upper[at], 14)), LEAF, 2)
        chart.dot(x, found.ebgm[at], WARM, 4)
    chart.foot("報告數 reports N；點 EBGM，線 EB05–EB95；先驗：CAERS")
    chart.save("safety")


def boundary() -> None:
    """The boundary of MaxSPRT and one path that crosses it."""
    critical = maxsprt.poisson_critical(upper=10)
    chart = Chart("MaxSPRT：累積個案越過界線即為訊號 cases against the boundary", (0, 10), (0, 22))
    chart.ticks([(x, str(x)) for x in (0, 2, 4, 6, 8, 10)], [(y, str(y)) for y in (0, 5, 10, 15, 20)])
    times = np.linspace(0.02, 10, 400)
    cases = np.arange(0, 40.0)
    edge = [
        int(np.argmax(maxsprt.poisson_ratio(cases, np.full(40, t)).value >= critical.value)) for t in times
    ]
    chart.line(times, edge, INK, 1.5, "4 3")
    for risk, colour, seed in ((1.0, LEAF, 4), (2.5, WARM, 5)):
        arrivals = np.cumsum(np.random.default_rng(seed).exponential(1 / risk, 60))
        arrivals = arrivals[arrivals < 10]
        seen = [int((arrivals <= t).sum()) for t in times]
        until = next(
            (at for at, (c, limit) in enumerate(zip(seen, edge, strict=True)) if c >= limit), len(seen) - 1
        )
        chart.line(times[: until + 1], seen[: until + 1], colour, 2)
        chart.dot(times[until], seen[until], colour, 4)
        chart.text(times[until], seen[until], f"RR {risk:g}", colour, lower=-8)
    chart.foot("虛無假設下的期望個案數 expected cases under no harm（T = 10，α = 0.05，臨界值 3.467952）")
    chart.save("safety-maxsprt")


def resistance() -> None:
    """Shares with intervals, and one that is not told."""
    generator = np.random.default_rng(6)
    drugs = ["A", "B", "C", "D", "E"]
    results = np.where(generator.random((120, 5)) < [0.92, 0.75, 0.55, 0.3, 0.8], "S", "R").astype(object)
    results[22:, 4] = ""
    found = antibiogram(results, ["O"] * 120)
    chart = Chart("感受性比例與 95 % 信賴區間（虛構）share susceptible, invented", (0.4, 5.6), (0, 1))
    said = [(at + 1, f"{drug} ({int(found.tested[0, at])})") for at, drug in enumerate(drugs)]
    chart.ticks(said, [(y, f"{round(y * 100)} %") for y in (0, 0.25, 0.5, 0.75, 1)])
    for at in range(5):
        told = bool(found.told[0, at])
        chart.bar(at + 1, 0, found.share[0, at], 0.5, LEAF if told else LINE)
        chart.line((at + 1, at + 1), (found.lower[0, at], found.upper[0, at]), INK, 2)
        if not told:
            chart.text(at + 1, 0.08, "&lt; 30：不報告 not told", QUIET)
    chart.foot("藥物（檢測株數）drug (isolates tested)，Wilson")
    chart.save("resistance")


def infection() -> None:
    """Ratios with mid-P intervals; units with too few predicted are left out."""
    observed, predicted = [0, 2, 4, 9, 26, 1], [2.4, 3.1, 3.3, 5.2, 14.0, 0.7]
    found = sir(observed, predicted)
    chart = Chart("標準化感染比 SIR（虛構）invented units", (0.4, 6.6), (0, 3.6))
    said = [(at + 1, f"{o} / {p}") for at, (o, p) in enumerate(zip(observed, predicted, strict=True))]
    chart.ticks(said, [(y, str(y)) for y in (0, 1, 2, 3)])
    chart.line((0.4, 6.6), (1, 1), QUIET, 1.5, "4 3")
    for at in range(6):
        if found.why[at] != "told":
            chart.text(at + 1, 0.5, "預測 &lt; 1", QUIET)
            chart.text(at + 1, 0.25, "不計算 not told", QUIET)
            continue
        low = found.lower[at] if np.isfinite(found.lower[at]) else 0
        chart.line((at + 1, at + 1), (low, found.upper[at]), LEAF, 2)
        chart.dot(at + 1, found.ratio[at], WARM if found.p[at] <= 0.05 else LEAF, 5)
    chart.foot("觀察 / 預測 observed / predicted，mid-P 95 %；赭色 p ≤ 0.05")
    chart.save("infection")


def simulation() -> None:
    """One series of scenario 12 with its outbreaks."""
    found = outbreaks.noufaily(scenarios=[12], replicates=1, seed=12)
    weeks = np.arange(312, 624)
    chart = Chart("第 12 號情境：基線與疫情（種子 12）scenario 12 with outbreaks", (312, 624), (0, 16))
    chart.ticks(
        [(x, str(x)) for x in (312, 364, 416, 468, 520, 572, 624)], [(y, str(y)) for y in (0, 5, 10, 15, 20)]
    )
    for week in weeks:
        count, cases = found.counts[0, week], found.cases[0, week]
        chart.bar(week, 0, min(count - cases, 16), 0.9, LEAF)
        if cases:
            chart.bar(week, count - cases, min(count, 16), 0.9, WARM)
    chart.line(weeks, found.mean[0, weeks], INK, 1.2)
    chart.line((575, 575), (0, 16), QUIET, 1, "3 3")
    chart.foot("週 week；線為真實平均，赭色為疫情個案；虛線後 49 週受評估 evaluated after the dashed line")
    chart.save("simulation")


def budget() -> None:
    """Detection by the number of signals a week."""
    found = outbreaks.noufaily(replicates=10, seed=2017)
    weeks, last = found.counts.shape[1], found.evaluated
    scores = np.empty((len(found.counts), last))
    for at, week in enumerate(range(weeks - last, weeks)):
        before = found.counts[:, week - 7 : week]
        scores[:, at] = (found.counts[:, week] - before.mean(axis=1)) / np.maximum(
            before.std(axis=1, ddof=1), 0.5
        )
    budgets = [1, 2, 3, 5, 8, 12, 20, 30, 45, 60]
    results = [evaluation.at_budget(found, scores, budget=each) for each in budgets]
    chart = Chart("每週訊號預算與偵測：420 序列，類 EARS detection by weekly budget", (0, 60), (0, 1))
    chart.ticks(
        [(x, str(x)) for x in (1, 5, 12, 20, 30, 45, 60)],
        [(y, f"{round(100 * y)} %") for y in (0, 0.25, 0.5, 0.75, 1)],
    )
    chart.line(budgets, [each.detected for each in results], LEAF, 2)
    chart.line(budgets, [each.precision for each in results], WARM, 2)
    chart.text(60, results[-1].detected, "偵測率 detected", LEAF, "end", -8)
    chart.text(60, results[-1].precision, "精確度 precision", WARM, "end", -8)
    chart.foot("每週訊號數 signals a week")
    chart.save("simulation-budget")


if __name__ == "__main__":
    for draw in (safety, boundary, resistance, infection, simulation, budget):
        draw()
