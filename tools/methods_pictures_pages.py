"""Draws the pictures of docs/methods/{index,national,scorecard}.md and of the nowcast in closed form: plain SVG, the
same each time. Those of the two pages of tables are drawn from the tables that stand there.

python tools/methods_pictures_pages.py
"""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from camphora.methods.detection import farrington  # noqa: E402
from camphora.methods.forecasting.ensemble import ensemble  # noqa: E402
from camphora.methods.nowcast.conjugate import conjugate  # noqa: E402
from camphora.methods.nowcast.triangle import triangle  # noqa: E402
from methods.ed_visits import visits  # noqa: E402
from methods.watch_answers import rows  # noqa: E402
from methods_pictures_safety import INK, LEAF, QUIET, WARM, Chart  # noqa: E402

PAGES = ROOT / "docs" / "methods"
PALE, SAND = "#bcd6c6", "#d9b79c"
COLOURS = {"flat": QUIET, "damped": SAND, "pooled": PALE, "ensemble": LEAF}


def index() -> None:
    """One year of a city: counts, the bound of the improved Farrington, what lies above it, and the weeks to come."""
    found = visits("ili")
    city = found.counties.index("台北市")
    last = found.weeks.index("2019-01-20")
    counts, shown = found.counts[:, : last + 1], np.arange(last - 51, last + 1)
    bounds = farrington.flexible(counts[city], last=52, **farrington.IMPROVED)
    ahead = ensemble(counts, found.known()[: last + 5], origins=[last]).quantiles[city, 0]
    top = 9000
    chart = Chart(
        "類流感急診 臺北 ILI visits, Taipei：上限、警示、預測 bound, alarms, forecast",
        (last - 52, last + 5),
        (0, top),
    )
    chart.ticks(
        [(week, found.weeks[week]) for week in shown[6::12]], [(y, f"{y:,}") for y in range(0, top + 1, 3000)]
    )
    for week, count, alarm in zip(shown, counts[city, shown], bounds.alarm[0], strict=True):
        chart.bar(week, 0, min(count, top), 0.8, WARM if alarm else PALE)
    chart.line(shown, np.minimum(bounds.upper[0], top), INK, 1.5)
    weeks = np.arange(last + 1, last + 5)
    for level, width in ((1, 3.0), (6, 7.0)):
        for week, low, high in zip(weeks, ahead[:, level], ahead[:, -1 - level], strict=True):
            chart.line((week, week), (min(low, top), min(high, top)), LEAF, width)
    chart.line((last, *weeks), np.minimum((counts[city, last], *ahead[:, 11]), top), LEAF, 2)
    for week in weeks:
        chart.dot(week, min(found.counts[city, week], top), INK, 3)
    chart.foot("線：上限 bound；赭：警示 alarms；綠：四週預測與 50 %、95 % foretold；點：後來 what came")
    chart.save("methods")


def national() -> None:
    """What 20 signals a week find, by the mean size of an outbreak."""
    table = _table("national", "1–3 SD", "4–6 SD", "7–10 SD", "偵測率 detected", "精確度 precision")
    heads = _heads("national", "| | 改良 Farrington")
    chosen = [0, 2, next(at for at, head in enumerate(heads) if head == "我們 ours")]
    chart = Chart("全國每週 20 件：偵測率 a nation at 20 signals a week: detected", (0, 5), (0, 100))
    names = ("1–3 SD", "4–6 SD", "7–10 SD", "全部 all", "精確度 precision")
    chart.ticks(
        [(at + 0.5, name) for at, name in enumerate(names)], [(y, f"{y} %") for y in (0, 25, 50, 75, 100)]
    )
    for at, values in enumerate(table):
        for side, (column, colour) in enumerate(zip(chosen, (SAND, QUIET, LEAF), strict=True)):
            x, value = at + 0.25 + 0.25 * side, values[column]
            chart.bar(x, 0, value, 0.22, colour)
            chart.text(x, value, f"{value:.0f}", INK, lower=-4)
    for x, y, said, colour in (
        (0.05, 92, "改良 Farrington，依分數 improved, by score", SAND),
        (0.05, 82, "同上，用我們的規則 by our rules", QUIET),
        (0.05, 72, "我們 ours", LEAF),
    ):
        chart.dot(x + 0.04, y + 1.2, colour, 5)
        chart.text(x + 0.12, y, said, INK, "start")
    chart.foot("疫情平均規模，標準差 mean size of the outbreak, in standard deviations")
    chart.save("national")


def scorecard() -> None:
    """The mean score beside the flat baseline's, by horizon, 2012 to 2019."""
    chart = Chart("WIS／「不變」基準 beside the flat baseline, 2012–2019", (0, 8.6), (0.4, 1.1))
    chart.ticks([], [(y, f"{y:.1f}") for y in (0.4, 0.6, 0.8, 1.0)])
    found = _scores()
    for block, topic in enumerate(("類流感", "腸病毒")):
        for h in range(4):
            chart.text(block * 4.4 + h + 0.5, 0.4, f"h={h + 1}", lower=18)
        for name, colour in COLOURS.items():
            values = found[topic, name]
            xs = [block * 4.4 + h + 0.5 for h in range(4)]
            chart.line(xs, values, colour, 3 if name == "ensemble" else 2)
            for x, value in zip(xs, values, strict=True):
                chart.dot(x, value, colour, 4)
        chart.text(block * 4.4 + 2, 1.1, f"{topic} {('ILI', 'enterovirus')[block]}", INK, lower=14)
    chart.line((0, 8.6), (0.9, 0.9), WARM, 1.2, "5 4")
    chart.text(8.6, 0.9, "目標 goal 0.90", WARM, "end", -5)
    for at, (name, colour) in enumerate(COLOURS.items()):
        chart.dot(0.2 + 2.1 * at, 0.435, colour, 5)
        chart.text(0.34 + 2.1 * at, 0.43, name, INK, "start")
    chart.foot("預測幾週後 weeks ahead；低者好 lower is better")
    chart.save("scorecard")


def closed_form() -> None:
    """The same days with long delays reckoned with, and not."""
    start = date(2024, 1, 1).toordinal()
    onset, report = (
        np.array(
            [date.fromisoformat(row[name]).toordinal() - start for row in rows("inputs/synthetic_linelist")]
        )
        for name in ("onset", "report")
    )
    now, longest = 69, 14
    seen = triangle(onset, report, now=now, first=0, longest=longest).counts
    days = np.arange(now - longest, now + 1)
    chart = Chart("閉式補正 nowcast in closed form, 2024-03-10", (now - longest - 0.7, now + 0.7), (0, 60))
    chart.ticks([(day, date.fromordinal(start + int(day)).isoformat()[5:]) for day in days[::3]],
                [(y, str(y)) for y in (0, 20, 40, 60)])  # fmt: skip
    reported = np.nansum(seen, axis=1)[days]
    for day, count in zip(days, reported, strict=True):
        chart.bar(day, 0, count, 0.8, PALE)
    for delays, colour, aside in (("truncated", LEAF, -0.12), ("whole", WARM, 0.12)):
        answer = conjugate(seen, delays=delays)
        for day, low, high in zip(days, answer.quantiles[0, :, 0], answer.quantiles[0, :, -1], strict=True):
            chart.line((day + aside, day + aside), (low, min(high, 60)), colour, 2)
        for day, mean in zip(days, answer.mean[0], strict=True):
            chart.dot(day + aside, mean, colour, 3.5)
    chart.line(days, np.bincount(onset, minlength=120)[days], INK, 1.5)
    chart.foot("綠：計入截尾 truncated；赭：不計入 whole，95 %；柱：已通報 reported；線：最終 in the end")
    chart.save("nowcast-conjugate")


def _table(page: str, *names: str) -> list[list[float]]:
    """The numbers of the rows of a page's table that begin so, in per cent."""
    lines = (PAGES / f"{page}.md").read_text(encoding="utf-8").splitlines()
    found = []
    for name in names:
        line = next(each for each in lines if each.startswith(f"| {name} |"))
        found.append([float(each) for each in re.findall(r"([\d.]+) %", line)])
    return found


def _heads(page: str, begins: str) -> list[str]:
    lines = (PAGES / f"{page}.md").read_text(encoding="utf-8").splitlines()
    line = next(each for each in lines if each.startswith(begins))
    return [each.strip() for each in line.strip("|").split("|")][1:]


def _scores() -> dict[tuple[str, str], list[float]]:
    """By topic and method, the four horizons of 2012 to 2019."""
    found = {}
    for line in (PAGES / "scorecard.md").read_text(encoding="utf-8").splitlines():
        cells = [each.strip() for each in line.strip("|").split("|")]
        if len(cells) == 11 and cells[1] == "2012–2019":
            found[cells[0].split(" ")[0], cells[2]] = [float(each) for each in cells[3:7]]
    return found


if __name__ == "__main__":
    for draw in (index, national, scorecard, closed_form):
        draw()
