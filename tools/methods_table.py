"""The manual's table of all methods of watch: equal to what, and how fast beside whom.

`make bench ONLY=watch > docs/methods/figures.jsonl` makes the figures anew, `.venv/bin/python tools/bench_watch.py
TOPIC` one topic's; `.venv/bin/python tools/methods_table.py` puts the file given (docs/methods/figures.jsonl) into
docs/methods/index.md.
What a method is equal to is held by the tests named on its page; a figure of no method here is an error.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "methods"
PEERS = (
    ("statsmodels", "statsmodels", "ratio"),
    ("statsmodels_damped", "statsmodels", "ratio"),
    ("numpy", "numpy", "ratio"),
    ("numpy_and_scipy", "numpy, scipy", "ratio"),
    ("scoringrules_numpy", "scoringrules", "ratio"),
    ("scoringrules_numba", "scoringrules, numba", "ratio_to_compiled"),
    ("r", "R", "ratio_to_r"),
)
SHOWN = ("mean_count", "search", "interval", "upper")
R = "R surveillance 1.20.3"


@dataclass(frozen=True, slots=True)
class Method:
    """`benches`: how the names of its figures begin; none where its speed is not measured."""

    name: str
    page: str
    topic: str
    reference: str
    difference: str
    benches: tuple[str, ...] = ()


METHODS = (
    Method("EARS C1–C3", "detection", "detection", R, "< 1e-9", ("watch: EARS",)),
    Method(
        "Farrington flexible", "detection", "detection", f"{R}，15 組設定 controls", "4e-9",
        ("watch: Farrington flexible",),
    ),
    Method(
        "Farrington 1996", "detection", "detection", f"{R}，5 組設定 controls", "7e-13", ("watch: Farrington 1996",),
    ),
    Method(
        "許多數列 many series", "detection", "detection", "照定義遞迴 the definition, by recursion", "相同 identical",
        ("watch: a national week",),
    ),
    Method("Bayes", "control-charts", "charts", R, "< 1e-12", ("watch: bayes",)),
    Method("RKI", "control-charts", "charts", R, "< 1e-12", ("watch: rki",)),
    Method("CUSUM", "control-charts", "charts", R, "< 1e-9", ("watch: cusum",)),
    Method("GLR", "control-charts", "charts", R, "2.3e-7", ("watch: glr",)),
    Method(
        "移動百分位、EWMA moving percentile, EWMA", "control-charts", "charts", "照定義 the definition", "1e-10",
        ("watch: moving", "watch: ewma"),
    ),
    Method("hhh4", "hhh4", "charts", f"{R}，24 個與 22 縣市 all 24 fits, 22 counties", "5.3e-7", ("watch: hhh4",)),
    Method("掃描 scans", "scan", "scan", "逐一列舉 enumeration", "< 1e-9", ("watch: scan",)),
    Method(
        "Lawless", "nowcast", "reproduction", f"{R}，45 個數 numbers", "0", ("watch: Lawless",)
    ),
    Method(
        "貝氏即時預報 Bayesian nowcast", "nowcast", "reproduction", "閉式解 the closed form",
        "≤ 1 例，最後一日 ≤ 4 case, last day ≤ 4",
        ("watch: Bayesian",),
    ),
    Method(
        "閉式即時預報 nowcast in closed form", "nowcast", "reproduction",
        f"{R}，bayes.trunc、bayes.notrunc（Monte Carlo），90 個數 numbers",
        "87 個相同，3 個差 1 例 87 equal, 3 by 1 case",
        ("watch: nowcast in closed form",),
    ),
    Method(
        "Cori Rt，已知間隔 certain", "reproduction", "reproduction", "EpiEstim 2.2-4", "2.3e-12",
        ("watch: Cori's Rt, certain",),
    ),
    Method(
        "Cori Rt，不確定間隔 uncertain", "reproduction", "reproduction", "EpiEstim 2.2-4（Monte Carlo）",
        "0.34 % 平均 mean、1.3 % 分位 quantiles", ("watch: Cori's Rt, uncertain",),
    ),
    Method("Wallinga–Teunis", "reproduction", "reproduction", "逐例定義 the definition, case by case", "1e-12",
           ("watch: Wallinga",)),
    Method(
        "預測 forecasts", "forecasting", "forecasting", "[成績單 scorecard](scorecard.md)", "–",
        ("watch: forecast",),
    ),
    Method(
        "分數 scores", "forecasting", "forecasting", "scoringrules 0.10.0", "1e-9",
        ("watch: weighted", "watch: CRPS", "watch: log score", "watch: pinball", "watch: interval", "watch: coverage"),
    ),
    Method("PRR、ROR", "safety", "safety", "scipy, statsmodels", "1e-10", ("watch_ror",)),
    Method(
        "EBGM", "safety", "safety", "openEBGM 0.9.1（θ 四位 four digits）；數值積分 integration", "2e-5；1e-6",
        ("watch_ebgm",),
    ),
    Method(
        "對數 pairs of reports", "safety", "safety", "逐一計數 counted one by one", "相同 identical", ("watch_pairs",)
    ),
    Method("MaxSPRT", "safety", "safety", "Kulldorff 2011, tables 1–3", "< 2e-6", ("watch_maxsprt",)),
    Method(
        "首株 first isolates", "resistance", "safety", "照定義 the definition", "相同 identical", ("watch_first",)
    ),
    Method("比例區間 intervals of shares", "resistance", "safety", "scipy, statsmodels", "1e-10", ("watch_prop",)),
    Method("SIR", "infection", "safety", "scipy（mid-P 求根 roots）", "1e-9", ("watch_sir",)),
    Method(
        "模擬與評估 simulator", "simulation", "safety", "Bédubourg & Le Strat 2017", "範圍內 within the ranges",
        ("watch_simulated", "watch_evaluated"),
    ),
)  # fmt: skip
IGNORED = ("watch_safety_peer_R",)  # a note that R is not here


def lines(figures: list[dict[str, Any]]) -> Iterator[str]:
    """The table. KeyError for a figure of no method."""
    yield "| 方法 method | 參考 reference | 最大差 largest difference | 我們 ours | 對手 peer | 比 ratio | 重跑 rerun |"
    yield "|---|---|---|---|---|---|---|"
    left = [each for each in figures if each["bench"] not in IGNORED]
    for method in METHODS:
        own = [each for each in left if each["bench"].startswith(method.benches or "-")]
        left = [each for each in left if each not in own]
        first = f"[{method.name}]({method.page}.md) | {method.reference} | {method.difference}"
        for figure in own or [{}]:
            yield f"| {first} | {speed(figure, method.topic)} |"
            first = "〃 | 〃 | 〃"
    if left:
        raise KeyError(left[0]["bench"])


def speed(figure: dict[str, Any], topic: str) -> str:
    if not figure:
        return "– | – | – | –"
    settings = figure["settings"]
    name = re.sub(r"^watch(: |_)", "", figure["bench"])
    name += "".join(f"，{settings[key]}" for key in SHOWN if key in settings)
    peers = [
        (label, settings[key], settings[ratio])
        for key, label, ratio in PEERS
        if ratio in settings and key in settings
    ]
    if isinstance(settings.get("peer"), int | float):
        peers.append((settings["peer_name"], settings["peer"], settings["ratio"]))
    stored = str(settings.get("r_is", "")).startswith("stored")
    marked = [
        (f"{label}*" if label == "R" and stored else label, value, ratio) for label, value, ratio in peers
    ]
    peer = "；".join(f"{label} {number(value)}" for label, value, _ in marked) or "–"
    ratios = "；".join(number(ratio) for *_, ratio in marked) or "–"
    unit = re.sub(r"CPU-seconds?", "CPU-s", figure["unit"]).replace(" per ", "/")
    rerun = f"`.venv/bin/python tools/bench_watch.py {topic}`"
    return f"{name}: {number(figure['value'])} {unit} | {peer} | {ratios} | {rerun}"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "figures",
        nargs="?",
        type=Path,
        default=FOLDER / "figures.jsonl",
        help="JSON lines as bench_watch.py prints",
    )
    source = parser.parse_args().figures
    rows = [json.loads(row) for row in source.read_text(encoding="utf-8").splitlines() if row.startswith("{")]
    page = FOLDER / "index.md"
    text = page.read_text(encoding="utf-8")
    marks = re.compile(r"(<!-- made by tools/methods_table\.py -->\n).*?(\n<!-- end -->)", re.DOTALL)
    table = "\n".join([*lines(rows), "", f"{rows[0]['machine']}."])
    page.write_text(marks.sub(lambda found: f"{found[1]}\n{table}\n{found[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    main()
