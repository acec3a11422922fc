"""Who meets the three-shift standard. Rows of `nurse_ratio` in, findings out; opens nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from camphora.rules import Rule, Rules
from camphora.systems import Row

SHIFTS = ("day", "evening", "night")
LEVELS = ("醫學中心", "區域醫院", "地區醫院")
RULE = "shift_ratio"


@lru_cache(maxsize=512)
def standard(rules: Rules, level: str, shift: str, month: str) -> Rule:
    """The standard of the month; before the first one, that first one (for reference, 比照)."""
    found = rules.on(f"{month}-01").find(RULE, level=level, shift=shift)
    return found or rules.history(RULE, level=level, shift=shift)[0]


@lru_cache(maxsize=512)
def lines(rules: Rules, level: str, month: str) -> tuple[float, ...]:
    """The standard of each shift, as numbers."""
    return tuple(float(standard(rules, level, shift, month).value) for shift in SHIFTS)


def began(rules: Rules) -> str:
    """The first month with a standard, as ISO text."""
    return min(rule.valid_from for rule in rules if rule.name == RULE).isoformat()[:7]


def in_force(month: str, rules: Rules) -> bool:
    """Whether the month had a standard of its own."""
    return month >= began(rules)


def judged(
    level: str, month: str, *, day: float | None, evening: float | None, night: float | None, rules: Rules
) -> str:
    """`met` when all three shifts are at or under the line, `not_met`, or `not_counted` when the source gives one
    as 0.0 (an empty cell)."""
    met = True
    for ratio, line in zip((day, evening, night), lines(rules, level, month), strict=True):
        if ratio is None:
            return "not_counted"
        met = met and ratio <= line
    return "met" if met else "not_met"


def judge(row: Row, rules: Rules) -> str:
    """As `judged`, of a row."""
    return judged(row["level"], row["month"], rules=rules, **{shift: row[shift] for shift in SHIFTS})


class Tally:
    """How many of some hospital-months meet, do not meet, or are not counted."""

    def __init__(self, states: Iterable[str]) -> None:
        found = Counter(states)
        self.met = found["met"]
        self.counted = found["met"] + found["not_met"]
        self.left_out = found["not_counted"]

    @property
    def rate(self) -> float | None:
        return self.met / self.counted if self.counted else None


def by_level(rows: Sequence[Row], rules: Rules) -> dict[tuple[str, str], Tally]:
    """Tallies by month and level."""
    states: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        states.setdefault((row["month"], row["level"]), []).append(judge(row, rules))
    return {key: Tally(found) for key, found in states.items()}


def of_shift(rows: Iterable[Row], shift: str, rules: Rules) -> Tally:
    """One shift by itself: each hospital with a value for this shift counts."""

    def state(row: Row) -> str:
        if row[shift] is None:
            return "not_counted"
        line = lines(rules, row["level"], row["month"])[SHIFTS.index(shift)]
        return "met" if row[shift] <= line else "not_met"

    return Tally(map(state, rows))


def months(rows: Iterable[Row]) -> list[str]:
    return sorted({row["month"] for row in rows})
