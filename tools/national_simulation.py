"""A simulated nation under a budget of signals: improved Farrington cut to the budget by score, and ours.

`.venv/bin/python tools/national_simulation.py --write` makes the tables of docs/methods/national.md; without --write it
prints them. Seeds 1 to 3 were those on which the ranking was chosen; the page reports others.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camphora.engines.watch.events import Lattice, Rises
from camphora.methods.detection import farrington, many
from camphora.methods.detection.lasting import lasting
from camphora.methods.simulation.evaluation import highest
from camphora.methods.simulation.nation import Found, Nation, found_by, nation

PAGE = Path(__file__).resolve().parent.parent / "docs" / "methods" / "national.md"
SEEDS = (11, 12, 13, 14, 15)
ALPHA = 0.01
SIZES = ((1, 3), (4, 6), (7, 10))
MEASURES = (
    ("偵測率 detected", "detected", 100),
    ("鄉鎮疫情 of a township", "local", 100),
    ("縣市疫情 of a county", "wide", 100),
    ("首週 first week", "at_once", 100),
    ("延遲（週）delay, weeks", "delay", 1),
    ("timeliness（低者早 lower is earlier）", "timeliness", 1),
    ("精確度 precision", "precision", 100),
    ("每件訊號找到的疫情 outbreaks per signal", "outbreaks_per_signal", 1),
    ("每週訊號 signals a week", "signals_a_week", 1),
)
Flags = NDArray[np.bool_]
CUT, OURS = "改良 Farrington，依分數取 20 improved, cut by score", "我們 ours"
SAME_RULES = "改良 Farrington，依分數，同我們的規則 improved, by score, by our rules"
SHARE, SILENCE, LOUDER = 0.5, 2, 0.6
OWN = 0.01
"""What a count must be in the watches that come with Camphora."""


def detectors(truth: Nation, budget: int) -> Iterator[tuple[str, Flags]]:
    """By name, what each shows in the evaluated weeks."""
    found = farrington.flexible(truth.counts, last=truth.evaluated + 1, alpha=ALPHA, **farrington.IMPROVED)
    enough = found.enough[:, 1:]
    score = np.where(enough, found.score[:, 1:], np.nan)
    township = (truth.level == 2)[:, None]
    yield CUT, highest(score, budget)
    yield "同上，只看鄉鎮 the same, townships only", highest(np.where(township, score, np.nan), budget)
    by_score = np.where(np.isnan(score), 1.0, 0.0)  # all alike, so that the score alone gives the order
    alone = np.where(enough & ~np.isnan(found.p[:, 1:]), found.p[:, 1:], 1.0)
    mean = np.where(np.isfinite(found.bound_mean), found.bound_mean, np.nan)
    either = lasting(truth.counts[:, found.at], mean, found.phi, share=SHARE).p[:, 1:]
    either = np.where(enough & ~np.isnan(either), either, 1.0)
    for p, q, silence, louder, name in (
        (by_score, 1.0, SILENCE, LOUDER, SAME_RULES),
        (by_score, 1.0, SILENCE, None, "Farrington 分數，不重疊、靜默不破 by score, apart, silence unbroken"),
        (alone, 1.0, SILENCE, LOUDER, "當週 p，同我們的規則 this week's p, by our rules"),
        (either, 1.0, SILENCE, LOUDER, OURS),
        (either, 1.0, SILENCE, None, "我們，靜默不破 ours, silence unbroken"),
        (either, 1.0, 0, None, "我們，不靜默 ours, never silent"),
        (either, 0.5, SILENCE, LOUDER, "我們，q = 0.5 ours"),
        (either, 0.05, SILENCE, LOUDER, "我們，q = 0.05 ours"),
    ):
        made = many.signals(
            p, score, truth.parent, q=q, silence=silence, louder=louder, budget=budget, apart=True
        )
        yield name, made.shown
    rising = np.where(score > 0, either, 1.0)
    expected, none = found.expected[:, 1:], np.full(len(truth.parent), -1)
    events = Rises(Lattice(truth.parent, none), truth.counts[:, found.at][:, 1:], expected, either, OWN)
    for q, name in ((1.0, "隨附的監測 as the watches that come with it"), (0.05, "同上，q = 0.05 the same")):
        made = many.signals(
            rising, score, truth.parent, q=q, silence=SILENCE, budget=budget, apart=events.apart, own=OWN
        )
        yield name, made.shown


def measures(truth: Nation, found: Found) -> dict[str, float]:
    seen, township = found.waits >= 0, truth.level[truth.place] == 2
    held = {each: float(getattr(found, each)) for _, each, _ in MEASURES if each not in {"local", "wide"}}
    held |= {"local": _mean(seen[township]), "wide": _mean(seen[~township])}
    for low, high in SIZES:
        held[f"{low}–{high}"] = _mean(seen[(truth.times >= low) & (truth.times <= high)])
    return held


def _mean(flags: Flags) -> float:
    return float(flags.mean()) if flags.size else float("nan")


def table(rows: dict[str, list[dict[str, float]]]) -> list[str]:
    names = [*MEASURES, *((f"{low}–{high} SD", f"{low}–{high}", 100) for low, high in SIZES)]
    lines = ["| | " + " | ".join(rows) + " |", "|---" * (len(rows) + 1) + "|"]
    for title, key, times in names:
        values = [np.mean([each[key] for each in found]) * times for found in rows.values()]
        cells = [f"{value:.1f} %" if times == 100 else f"{value:.3g}" for value in values]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def by_seed(rows: dict[str, list[dict[str, float]]], seeds: list[int]) -> list[str]:
    names = (CUT, SAME_RULES, OURS)
    lines = [
        "| 種子 seed | " + " | ".join(f"{name}：偵測、精確 detected, precision" for name in names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for seed, *each in zip(seeds, *(rows[name] for name in names), strict=True):
        cells = [f"{one['detected'] * 100:.1f} %、{one['precision'] * 100:.1f} %" for one in each]
        lines.append(f"| {seed} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--weeks", type=int, default=52, help="evaluated weeks")
    parser.add_argument("--diseases", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6, 7])
    parser.add_argument("--townships", type=int, default=368)
    parser.add_argument(
        "--share", type=float, default=0.1, help="townships with an outbreak, of each disease"
    )
    parser.add_argument("--wide", type=int, default=8, help="outbreaks of a county, of each disease")
    parser.add_argument("--budget", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="put the tables into the page")
    given = parser.parse_args()
    rows: dict[str, list[dict[str, float]]] = {}
    begun = time.process_time()
    for seed in given.seeds:
        truth = nation(
            sets=given.diseases, townships=given.townships, share=given.share, wide=given.wide,
            evaluated=given.weeks, seed=seed,
        )  # fmt: skip
        for name, shown in detectors(truth, given.budget):
            rows.setdefault(name, []).append(measures(truth, found_by(truth, shown)))
    spent = time.process_time() - begun
    setting = (
        f"{len(truth.counts):,} 序列 series、{len(truth.place)} 次疫情 outbreaks、{given.weeks} 週 weeks，"
        f"種子 seeds {', '.join(map(str, given.seeds))} 的平均 mean；{spent:.0f} CPU 秒 CPU-seconds in all."
    )
    lines = [setting, "", *table(rows), "", *by_seed(rows, given.seeds)]
    text = "\n".join(lines)
    if given.write:
        put(text)
    print(text)


def put(text: str) -> None:
    """Between the marks of the page."""
    before = PAGE.read_text(encoding="utf-8")
    marks = re.compile(r"(<!-- made by tools/national_simulation\.py -->\n).*?(\n<!-- end -->)", re.DOTALL)
    PAGE.write_text(
        marks.sub(lambda found: found[1] + "\n" + text + "\n" + found[2], before), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
