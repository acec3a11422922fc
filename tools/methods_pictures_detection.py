"""Draws the pictures of docs/methods/detection.md: plain SVG, seeded, the same each time.

python tools/methods_pictures_detection.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from camphora.methods.detection import farrington

FILE = Path(__file__).resolve().parent.parent / "docs/pictures/methods/detection.svg"
INK, QUIET, LINE, LEAF, WARM = "#1f2a24", "#5b6b62", "#d5ddd8", "#2f6f4f", "#b3541e"
TITLE = "每週病例、預期值與上限 Cases a week, the mean expected and the bound"
WIDE, LEFT, RIGHT, TOP, FOOT = 720, 48, 704, 44, 250


def main() -> None:
    draw = np.random.default_rng(20)
    t = np.arange(430)
    mean = 12 * np.exp(0.5 * np.cos(2 * np.pi * t / 52.18) + 0.001 * t)
    y = draw.negative_binomial(mean, 0.5).astype(float)
    y[[352, 353, 354, 404, 405]] += 25, 45, 30, 30, 35
    found = farrington.flexible(y, last=104, **{**farrington.IMPROVED, "alpha": 0.01})
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(picture(y[found.at], found), encoding="utf-8")


def picture(y: np.ndarray, found: farrington.Farrington) -> str:
    top = float(max(y.max(), found.upper.max())) * 1.05

    def across(week: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * week / len(y), 1)

    def up(count: float) -> float:
        return round(FOOT - (FOOT - TOP) * count / top, 1)

    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} 300" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12"><title>Farrington flexible</title>'
        f'<rect width="{WIDE}" height="300" fill="#ffffff"/>'
        f'<text x="{LEFT}" y="24" font-size="14" fill="{INK}">{TITLE}</text>'
    )
    parts = [head]
    for count in range(0, int(top), 20):
        parts.append(f'<path d="M{LEFT} {up(count)}H{RIGHT}" stroke="{LINE}"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{up(count) + 4}" text-anchor="end" fill="{QUIET}">{count}</text>'
        )
    for week, count in enumerate(y):
        colour = WARM if found.alarm[0, week] else "#a9bdb1"
        wide = across(1) - across(0) - 1
        parts.append(
            f'<rect x="{across(week)}" y="{up(count)}" width="{wide:.1f}" height="{FOOT - up(count):.1f}" '
            f'fill="{colour}"/>'
        )
    for values, colour, dash in (
        (found.expected[0], LEAF, ""),
        (found.upper[0], INK, ' stroke-dasharray="4 3"'),
    ):
        points = " ".join(f"{across(week + 0.5)},{up(value)}" for week, value in enumerate(values))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>')
    key = (("#a9bdb1", "病例 cases"), (WARM, "警示 alarm"), (LEAF, "預期 expected"), (INK, "上限 bound"))
    for place, (colour, name) in enumerate(key):
        x = LEFT + 150 * place
        parts.append(f'<rect x="{x}" y="272" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{x + 18}" y="282" fill="{QUIET}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    main()
