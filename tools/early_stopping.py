"""Shows where the converged Farrington fit is further from R's answers than their README says, and why.

python tools/early_stopping.py [--write]    (--write: into docs/methods/detection.md)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from methods.early_stopping import beyond, fitted, whole_bound  # noqa: E402
from methods.test_early_stopping import FIELD  # noqa: E402
from methods.test_farrington import ON_THE_THRESHOLD  # noqa: E402

PAGE = ROOT / "docs/methods/detection.md"
BEGIN, END = "<!-- made by tools/early_stopping.py -->\n", "<!-- end -->\n"
KINDS = (
    ("expected", False, "預期 expected"),
    ("upperbound", False, "delta 上限 bound"),
    ("upperbound", True, "負二項上限 negative binomial bound"),
    ("phi", False, "離散 phi"),
)
HEAD = (
    "",
    "處 places",
    "與 R 之差，最大 ours beside R, largest",
    "重做 R 的停止 / R R's stop made again, beside R",
    "分數方程式殘差，R 停止處 score left at R's stop",
    "同，我們 the same, ours",
    "離散所用權重落後，R weights of the dispersion behind, R",
    "同，我們 ours",
    "由 R 停止處續走 / 我們 on from R's stop, beside ours",
)


def lines() -> Iterator[str]:
    yield "| " + " | ".join(HEAD) + " |"
    yield "|---" * len(HEAD) + "|"
    found = [(place, *fitted(place)) for place in beyond()]
    apart = [each for each in found if (each[0].control, each[0].series, each[0].row + 1) == ON_THE_THRESHOLD]
    held = [each for each in found if all(each is not other for other in apart)]
    for quantity, whole, name in KINDS:
        rows = [each for each in held if each[0].quantity == quantity and whole_bound(each[0]) == whole]
        yield _row(name, rows)
    yield _row("門檻上的一列 the row on the threshold", apart)
    left = sum(stop.score > 1e-10 for _, stop, _, _ in found)
    yield ""
    yield (
        f"殘差以病例數為單位，取兩次迴歸中較大者。R 停止處 {len(found)} 處中 {left} 處大於 1e-10，"
        "每一處的離散都還用上一步的權重；我們的全部小於 1e-12。整數分位數恰在邊界者只比較平均與 phi。\n"
        f"In shares of the cases, the larger of both regressions. At R's stop {left} of {len(found)} are above "
        "1e-10, and in all of them the dispersion has the weights of the step before; all of ours are below 1e-12. "
        "Where a whole quantile lies on an edge, mean and phi are compared."
    )


def _row(name: str, rows: list[Any]) -> str:
    return "| " + " | ".join((name, str(len(rows)), *_told(rows))) + " |"


def _told(rows: list[Any]) -> Iterator[str]:
    yield f"{max(place.away for place, *_ in rows):.1e}"
    again = [
        abs(getattr(stop, FIELD[place.quantity]) / place.theirs - 1)
        for place, stop, _, _ in rows
        if not whole_bound(place)
    ]
    yield f"{max(again):.0e}" if again else "–"
    for at, name in ((1, "score"), (3, "score"), (1, "behind"), (3, "behind")):
        values = [getattr(each[at], name) for each in rows]
        yield f"{min(values):.0e}–{max(values):.0e}" if at == 1 else f"≤ {max(values):.0e}"
    onwards = [
        abs(getattr(on, name) / getattr(ours, name) - 1)
        for place, _, on, ours in rows
        for name in (("expected", "phi") if whole_bound(place) else (FIELD[place.quantity],))
    ]
    yield f"≤ {max(onwards):.0e}"


def main() -> None:
    with np.errstate(all="ignore"):
        table = "\n".join(lines()) + "\n"
    if "--write" not in sys.argv:
        print(table)
        return
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + table + "\n" + END + rest.split(END, 1)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
