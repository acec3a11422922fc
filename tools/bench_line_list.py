"""The line list among a million notifiable cases: what a county's officer waits for, beside one of the whole nation.

The queries are those of the pages: the list of a disease, that behind a signal (its diseases, its place and its week),
and how many there are. Both readers are asked in turn in one run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from bench import line
from bench_gate_store import Fabricated, officer, paired, search
from camphora.web.duties.line_list import CASES, WEEK, Asked

COUNTY, NAME = "63000", "臺北市"
CODE = "I10"
"""That of most cases of the fabricated store, all of which are labelled as notifiable."""
CASES_IN_ALL = 1_000_000
PAGES, TOTALS = 100, 5
FIRST = date(2026, 1, 12)
"""The first day of the week behind the signal; the cases lie in the four months before March."""


def figures() -> Iterator[dict[str, Any]]:
    made = Fabricated(CASES_IN_ALL // 10, CASES_IN_ALL, notifiable=True)
    try:
        for name, (asked, names, total) in _lists().items():
            pairs = [*asked.query(names, ""), *([("_total", "accurate")] if total else [])]
            text = f"{CASES}?" + "&".join(f"{key}={value}" for key, value in pairs)
            one, all_ = (search(made.store, officer(*areas), text) for areas in ((COUNTY,), ()))
            found = [len(act().rows) for act in (one, all_)]  # type: ignore[attr-defined]
            county, nation, ratio = paired([(one, all_)], TOTALS if total else PAGES)
            yield line(
                f"nationwide: line list of a county beside the nation's, {name}",
                ratio,
                "times the nation's",
                target=1,
                cases=CASES_IN_ALL,
                county_ms=round(county * 1e3, 3),
                nation_ms=round(nation * 1e3, 3),
                rows=found,
            )
    finally:
        made.close()


def _lists() -> dict[str, tuple[Asked, tuple[str, ...], bool]]:
    """By name what is asked, the names of places, and whether they are counted."""
    until = (FIRST + WEEK).isoformat()
    week = Asked((CODE,), "", FIRST.isoformat(), until)
    season = Asked((CODE,), "", (FIRST - timedelta(days=60)).isoformat(), until)
    return {
        "newest of all": (Asked(), (), False),
        "newest of a disease": (Asked((CODE,)), (), False),
        "a season of a disease": (season, (), False),
        "behind a signal of the nation": (week, (), False),
        "behind a signal of the county": (week, (NAME,), False),
        "counted, a disease": (Asked((CODE,)), (), True),
        "counted, behind a signal of the nation": (week, (), True),
        "counted, behind a signal of the county": (week, (NAME,), True),
    }
