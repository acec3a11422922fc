"""A published suite as cases that anybody can run: pytest, and `make conformance`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

EXCUSED = Path(__file__).parent / "excused"


class Case(NamedTuple):
    """One case. `wrong` runs it: None where the answer is right, else what is wrong, in a line."""

    name: str
    wrong: Callable[[], str | None]


class Suite(NamedTuple):
    """A suite: what it is, in zh-TW and in English, where it comes from, and its cases.

    `total` is the number of its cases, so that none is lost; `share` the part that must pass where a suite is measured
    rather than settled case by case.
    """

    name: str
    zh: str
    en: str
    source: str
    total: int
    cases: Callable[[], Iterable[Case]]
    share: float | None = None


class Verdict(NamedTuple):
    """How a suite came out. `wrong` are the failed cases without an excuse, `stale` the excuses of cases that pass or
    are not there."""

    suite: Suite
    total: int
    passed: int
    excused: int
    seconds: float
    wrong: dict[str, str]
    stale: tuple[str, ...]

    @property
    def right(self) -> bool:
        if self.total != self.suite.total or self.stale:
            return False
        if self.suite.share is not None:
            return self.passed + self.excused >= self.suite.share * self.total
        return self.passed + self.excused == self.total


class Excuse(NamedTuple):
    """Why a case need not pass, in both languages."""

    zh: str
    en: str


def excuses(suite: Suite) -> dict[str, Excuse]:
    """The reasons by case, from `excused/SUITE.tsv`; a suite without the file has none."""
    path = EXCUSED / f"{suite.name}.tsv"
    lines = path.read_text("utf-8").splitlines()[1:] if path.exists() else ()
    rows = (line.split("\t") for line in lines)
    return {case: Excuse(zh, en) for case, zh, en in rows}


def named(cases: Iterable[Case]) -> Iterator[tuple[str, Case]]:
    """Each case by its name; those of one name are numbered."""
    seen: Counter[str] = Counter()
    for case in cases:
        seen[case.name] += 1
        yield case.name if seen[case.name] == 1 else f"{case.name} ({seen[case.name]})", case


def judge(suite: Suite) -> Verdict:
    """Run every case, the excused ones too."""
    began = time.perf_counter()
    reasons = excuses(suite)
    answers = {name: _answer(case) for name, case in named(suite.cases())}
    failed = {name: answer for name, answer in answers.items() if answer is not None}
    return Verdict(
        suite,
        total=len(answers),
        passed=len(answers) - len(failed),
        excused=len(failed.keys() & reasons.keys()),
        seconds=time.perf_counter() - began,
        wrong={name: answer for name, answer in failed.items() if name not in reasons},
        stale=tuple(name for name in reasons if name not in failed),
    )


def _answer(case: Case) -> str | None:
    try:
        return case.wrong()
    except Exception as error:  # noqa: BLE001 (a case that breaks the engine has failed, whatever it raised)
        return f"{type(error).__name__}: {error}"[:300]
