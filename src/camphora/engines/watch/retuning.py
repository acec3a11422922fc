"""A threshold changed by a recorded decision: which setting, its new value, from which week on, by whom, when and why.

Decisions are rows of the table `retuning`, which anybody may read and to which is only ever added. One counts from the
first week that nobody had seen when it was made, so that every older signal is made again as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from camphora.errors import Invalid

TABLE = "retuning"
OF_BUDGET: Mapping[str, tuple[float, float]] = {
    "weekly": (0, 10_000),
    "silence": (0, 520),
    "q": (1e-9, 1),
    "own": (1e-12, 1),
    "least": (0, 1_000_000),
}
"""The settings of a budget and the values they may have."""
WHOLE = ("weekly", "silence", "least")


@dataclass(frozen=True, slots=True)
class Retuning:
    """One decision. `setting`: one of the budget's, or METHOD.PARAMETER, as detection.ears.c2.alpha; `week`: the first
    that is judged by it, as "2019-20"; `day`: of the decision; `by`: the office or account that decided."""

    watch: str
    week: str
    setting: str
    value: float
    by: str
    day: str
    why: str

    @property
    def of_budget(self) -> bool:
        return self.setting in OF_BUDGET

    @property
    def method(self) -> str:
        """The method whose parameter is set; empty for the budget's."""
        return "" if self.of_budget else self.setting.rpartition(".")[0]

    @property
    def parameter(self) -> str:
        return self.setting.rpartition(".")[2]

    @property
    def number(self) -> float | int:
        """The value; a whole number where it is one."""
        return int(self.value) if self.value == int(self.value) else self.value


def retunings_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Retuning, ...]:
    """The decisions in the rows of the table."""
    return tuple(
        Retuning(
            str(row["watch"]),
            str(row["week"]),
            str(row["setting"]),
            float(row["value"]),
            str(row["decided_by"]),
            str(row["decided"]),
            str(row["why"]),
        )
        for row in rows
    )


def row_of(made: Retuning) -> dict[str, str]:
    """A decision as a row of the table."""
    return {
        "watch": made.watch,
        "week": made.week,
        "setting": made.setting,
        "value": f"{made.value:.12f}".rstrip("0").rstrip("."),
        "decided_by": made.by,
        "decided": made.day,
        "why": made.why,
    }


def require_ahead(made: Retuning, following: str) -> None:
    """Refuse a decision on weeks that somebody has seen. `following`: the first that nobody has. Invalid
    `watch-retune-past`."""
    if made.week < following:
        raise Invalid("watch-retune-past", week=made.week, first=following)


def require_known(made: Retuning, methods: Collection[str]) -> None:
    """Refuse a setting that the watch does not have, or a value that it cannot take. Invalid `watch-setting`,
    `watch-setting-value`; values of a method's parameter are judged by the method itself."""
    if not made.of_budget:
        if made.method not in methods:
            known = "、".join([*OF_BUDGET, *(f"{each}.alpha" for each in methods)])
            raise Invalid("watch-setting", setting=made.setting, known=known)
        return
    low, high = OF_BUDGET[made.setting]
    if not low <= made.value <= high or (made.setting in WHOLE and made.value != int(made.value)):
        raise Invalid("watch-setting-value", setting=made.setting, low=f"{low:g}", high=f"{high:g}")
