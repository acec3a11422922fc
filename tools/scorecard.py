"""The scorecard of the forecasts: walked forward week by week on the real county series, scored, by series and horizon.

`.venv/bin/python tools/scorecard.py` writes docs/methods/scorecard.md in a few minutes of one core.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from camphora.methods.forecasting import ensemble, naive, pooled, smoothing  # noqa: E402
from camphora.methods.forecasting.forecast import LEVELS  # noqa: E402
from camphora.methods.scoring.scores import wis  # noqa: E402
from methods.ed_visits import TOPICS, visits  # noqa: E402

PAGE = ROOT / "docs/methods/scorecard.md"
HORIZONS = 4
PERIODS = (("2012–2019", "2012-01-01", "2020-01-01"), ("2020–2023", "2020-01-01", "2024-01-01"))
NAMES = {"ili": "類流感 influenza-like illness", "enterovirus": "腸病毒 enterovirus infection"}
METHODS = ("flat", "seasonal", "damped", "pooled", "ensemble")
BARS = (0.90, 0.50, 0.90, 0.97)


@dataclass(frozen=True)
class Walk:
    """Of one topic and period: `score` by method (counties, origins, horizons), NaN where a forecast or what came is
    missing for any method; `inside` 95 % and 50 % likewise; `weeks` the number of origins."""

    counties: list[str]
    score: dict[str, Any]
    inside: dict[str, Any]
    half: dict[str, Any]
    weeks: int

    def relative(self, method: str, against: str, county: int | None = None) -> Any:
        """By horizon: mean WIS over that of `against`."""
        at = slice(None) if county is None else slice(county, county + 1)
        mine, theirs = self.score[method][at], self.score[against][at]
        return np.nanmean(mine, axis=(0, 1)) / np.nanmean(theirs, axis=(0, 1))

    def share(self, method: str, county: int | None = None, *, half: bool = False) -> Any:
        at = slice(None) if county is None else slice(county, county + 1)
        return np.nanmean((self.half if half else self.inside)[method][at], axis=(0, 1))


def walk(topic: str, first: str, last: str) -> Walk:
    """Each week's forecasts from the data up to it. Targets lie within the period."""
    found = visits(topic)
    weeks = found.between(first, last)
    origins = weeks[:-HORIZONS]
    counts, known = found.counts[:, : weeks[-1] + 1], found.known()[: weeks[-1] + 1 + HORIZONS]
    came = np.stack([counts[:, np.array(origins) + step] for step in range(1, HORIZONS + 1)], axis=2)
    given = {
        "flat": naive.flat(counts, origins=origins),
        "seasonal": naive.seasonal(counts, origins=origins),
        "damped": smoothing.damped(counts, origins=origins),
        "pooled": pooled.autoregression(counts, known, origins=origins),
        "ensemble": ensemble.ensemble(counts, known, origins=origins),
    }
    quantiles = {name: each.quantiles for name, each in given.items()}
    lost = np.isnan(came) | np.any([np.isnan(each).any(axis=-1) for each in quantiles.values()], axis=0)
    return Walk(
        found.counties,
        {name: _kept(wis(came, each, levels=LEVELS).value, lost) for name, each in quantiles.items()},
        {name: _kept(_within(came, each, 1), lost) for name, each in quantiles.items()},
        {name: _kept(_within(came, each, 6), lost) for name, each in quantiles.items()},
        len(origins),
    )


def _kept(value: Any, lost: Any) -> Any:
    return np.where(lost, np.nan, value)


def _within(came: Any, quantiles: Any, at: int) -> Any:
    return ((quantiles[..., at] <= came) & (came <= quantiles[..., -1 - at])).astype(float)


def summary(walks: dict[tuple[str, str], Walk]) -> Iterator[str]:
    yield (
        "| 疾病 series | 期間 period | 方法 method | h=1 | h=2 | h=3 | h=4 "
        "| 平均 mean / flat | 平均 mean / seasonal | 50 % | 95 % |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for (topic, period), found in walks.items():
        for method in METHODS:
            ratio = found.relative(method, "flat")
            cells = [NAMES[topic], period, method, *(f"{each:.3f}" for each in ratio), f"{ratio.mean():.3f}"]
            cells += [
                f"{found.relative(method, 'seasonal').mean():.3f}",
                f"{found.share(method, half=True).mean():.3f}",
                f"{found.share(method).mean():.3f}",
            ]
            yield f"| {' | '.join(cells)} |"


def by_series(found: Walk) -> Iterator[str]:
    yield "| 縣市 county | h=1 | h=2 | h=3 | h=4 | mean / flat | mean / seasonal | 95 % | 未達 missed |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for at, county in enumerate(found.counties):
        flat, seasonal = found.relative("ensemble", "flat", at), found.relative("ensemble", "seasonal", at)
        cover = found.share("ensemble", at).mean()
        missed = failures(flat.mean(), seasonal.mean(), cover)
        cells = [county, *(f"{each:.3f}" for each in flat), f"{flat.mean():.3f}", f"{seasonal.mean():.3f}"]
        yield f"| {' | '.join([*cells, f'{cover:.3f}', missed])} |"


def failures(flat: float, seasonal: float, cover: float) -> str:
    """Which of the goals a series misses, in words."""
    missed = [
        name
        for name, bad in (
            ("flat", flat > BARS[0]),
            ("seasonal", seasonal > BARS[1]),
            ("coverage", not BARS[2] <= cover <= BARS[3]),
        )
        if bad
    ]
    return ", ".join(missed) or "–"


HEAD = """# 預測成績單 Scorecard of the forecasts

本頁由 `.venv/bin/python tools/scorecard.py` 產生。每週只用當週為止的資料預測其後 1–4 週各縣市急診就診人次，
以 23 個分位的加權區間分數（WIS）評分，除以基準的平均 WIS。目標：2012–2019 年第 1–4 週平均，
對「不變」基準 ≤ 0.90、對「去年同週」基準 ≤ 0.50，95 % 區間涵蓋率 0.90–0.97。
資料只有一個版本（日後修正過的數字），不是當時所見的數字，成績因此可能偏好。
疫情期間（2020–2023）分開列出。

Written by `.venv/bin/python tools/scorecard.py`. Each week forecasts the next 1 to 4 weeks of emergency visits by
county from the data up to that week; 23 quantiles are scored by the weighted interval score (WIS) and divided by a
baseline's mean WIS.
Goals for 2012–2019, mean of horizons 1–4: at most 0.90 of the flat baseline, at most 0.50 of seasonal-naive, 95 %
coverage between 0.90 and 0.97. **Only one vintage of the data exists**: the numbers as revised later, not as seen on
the day, so that these scores may flatter. The years of the pandemic, 2020–2023, stand apart (enterovirus ends in
2021 week 22). The rules of the methods were chosen with 2012–2019 in view; 2020–2023 was looked at only afterwards.
Weeks and counties that any method could not forecast (a county's first years) are left out for all.

"""


# drawn from this page by tools/methods_pictures_pages.py
PICTURE = "![各週數的相對分數 Relative scores by weeks ahead](../pictures/methods/scorecard.svg)\n\n"


def page(walks: dict[tuple[str, str], Walk]) -> str:
    parts = [HEAD, PICTURE, "## 總表 All series\n\n", "\n".join(summary(walks)), "\n"]
    for (topic, period), found in walks.items():
        parts += [f"\n## {NAMES[topic]}, {period}, ensemble: {found.weeks} weeks\n\n"]
        parts += ["\n".join(by_series(found)), "\n"]
    return "".join(parts)


def main() -> None:
    walks = {(topic, period): walk(topic, first, last) for period, first, last in PERIODS for topic in TOPICS}
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(walks), encoding="utf-8")
    print("\n".join(summary(walks)))


if __name__ == "__main__":
    main()
